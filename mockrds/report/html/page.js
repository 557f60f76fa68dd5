"use strict";
// Draws the report. What the records say goes into the page as text only, never as markup.
addEventListener("error", (event) => { document.documentElement.dataset.error = event.message; });

const { mockrds: release, records } = JSON.parse(document.getElementById("data").textContent);
const SEVERITIES = ["error", "warning", "note"];
const WORDS = {
  ok: "answered", refused: "refused", damaged: "answer cut or damaged", lost: "no answer", open: "under way",
};

// Making elements

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat(9).filter((child) => child != null && child !== false && child !== ""));
  return element;
}
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const byId = (id) => document.getElementById(id);
const many = (n, one, more = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : more}`;

function span(seconds) {
  if (seconds < 0.00005) return seconds > 0 ? "<0.1 ms" : "0";
  if (seconds < 0.00095) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${+seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => seconds >= size);
  const whole = Math.floor(seconds / parts[first][0]);
  const next = parts[first + 1];
  const rest = next ? Math.round((seconds - whole * parts[first][0]) / next[0]) : 0;
  return `${whole} ${parts[first][1]}` + (rest ? ` ${rest} ${next[1]}` : "");
}

// What is known of a record at once

const rank = (finding) => (SEVERITIES.indexOf(finding.severity) + 4) % 4;
const began = (entry) => entry.began ?? entry.arrived;
const done = (entry) => Math.max(began(entry), entry.done ?? entry.finished ?? began(entry));

function outcome(entry, attempt) {
  if (attempt) return attempt.outcome;
  if (entry.done === null) return "open";
  return entry.status === null ? "lost" : entry.status >= 400 ? "refused" : "ok";
}

const tests = records.map((record, place) => {
  const { verdict } = record;
  const findings = [...verdict.findings].sort((a, b) => rank(a) - rank(b));
  const attempts = new Map(verdict.operations.flatMap((logical) => logical.attempts.map((each) => [each.number, each])));
  return {
    record, place, verdict, findings, attempts, id: `t${place + 1}`,
    name: record.test || record.project.name || record.project.id,
    entries: new Map(record.entries.map((entry) => [entry.number, entry])),
    outcome: (entry) => outcome(entry, attempts.get(entry.number)),
    worst: findings.length ? rank(findings[0]) : 3,
    failed: record.outcome === "failed" || record.outcome === "error",
    retries: verdict.operations.reduce((sum, logical) => sum + Math.max(0, logical.attempts.length - 1), 0),
  };
});
const standing = (test) => (test.failed ? 0 : test.worst);
tests.sort((a, b) => standing(a) - standing(b) || a.worst - b.worst || a.place - b.place);

// The timeline

const CHARACTER = 6.1; // the usual width of one, in pixels
const ROWS = 16; // of backups, at most

/** Return what maps a moment to a place. Longer times are wider, though less than in proportion; long pauses are cut short. */
function scale(entries, width) {
  const moments = [...new Set(entries.flatMap((entry) => [began(entry), done(entry)]))].sort((a, b) => a - b);
  const starts = new Set(entries.map(began));
  const busy = moments.slice(1).map(() => false);
  const place = new Map(moments.map((moment, i) => [moment, i]));
  for (const entry of entries) busy.fill(true, place.get(began(entry)), place.get(done(entry)));
  const lengths = moments.slice(1).map((moment, i) => moment - moments[i]);
  const notable = lengths.filter((length) => length > 0.02).sort((a, b) => a - b);
  const most = notable.length ? notable[Math.floor(0.75 * (notable.length - 1))] * 8 : Infinity;
  const least = lengths.map((length, i) => (length > most ? 54 : busy[i] ? 7 : length > 0.02 && lengths.length < 60 ? 36 : starts.has(moments[i + 1]) ? 9 : 3));
  const shown = lengths.map((length) => Math.sqrt(Math.min(length, most)));
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  const left = 14;
  const room = Math.max(width - left - 70 - sum(least), 0);
  const each = room / (sum(shown) || 1);
  const places = [left];
  lengths.forEach((_, i) => places.push(places[i] + least[i] + shown[i] * each));
  const at = (moment) => {
    let i = moments.findIndex((each) => each >= moment);
    if (i < 0) return places[places.length - 1];
    if (i === 0 || moments[i] === moment) return places[i];
    return places[i - 1] + ((moment - moments[i - 1]) / lengths[i - 1]) * (places[i] - places[i - 1]);
  };
  const pauses = lengths.flatMap((length, i) => (length > most ? [{ from: places[i], to: places[i + 1], length }] : []));
  const end = places[places.length - 1];
  return { at, pauses, width: Math.max(width, end + 70), end, first: moments[0], starts: [...starts].sort((a, b) => a - b) };
}

/** Find the first row in which there is room from one place to another. */
function pack(rows, from, to) {
  let row = rows.findIndex((end) => end <= from);
  if (row < 0) row = rows.push(0) - 1;
  rows[row] = to;
  return row;
}

function lanes(test) {
  const { record, verdict } = test;
  const polled = new Set(verdict.polling.map((poll) => `${poll.operation} ${poll.target}`));
  const byKey = new Map();
  const lane = (name, polls) => {
    const key = `${name} ${polls}`;
    if (!byKey.has(key)) byKey.set(key, { name, polls, calls: [] });
    return byKey.get(key);
  };
  const seen = new Set();
  for (const logical of verdict.operations) {
    const attempts = logical.attempts.filter((attempt) => test.entries.has(attempt.number));
    if (!attempts.length) continue;
    attempts.forEach((attempt) => seen.add(attempt.number));
    const polls = polled.has(`${logical.operation} ${logical.target}`);
    lane(logical.operation, polls).calls.push({ logical, attempts });
  }
  for (const entry of record.entries) {
    if (seen.has(entry.number)) continue;
    lane(entry.operation, false).calls.push({ logical: null, attempts: [{ number: entry.number, wait: null }] });
  }
  const start = (call) => began(test.entries.get(call.attempts[0].number));
  for (const each of byKey.values()) each.calls.sort((a, b) => start(a) - start(b));
  return [...byKey.values()].sort((a, b) => start(a.calls[0]) - start(b.calls[0]));
}

function describe(test, entry) {
  const what = test.outcome(entry);
  const status = entry.error || entry.status || "";
  const took = entry.done === null ? "" : `, took ${span(done(entry) - began(entry))}`;
  const fault = entry.fault ? `, fault: ${entry.fault}` : "";
  return `Call ${entry.number}: ${entry.operation}, ${WORDS[what]}${status ? ` (${status})` : ""}${took}${fault}`;
}

function bar(test, entry, x, y, attempt, slim) {
  const what = test.outcome(entry);
  const wide = slim ? 4 : Math.max(7, x(done(entry)) - x(began(entry)));
  const from = x(began(entry));
  const marks = [s("title", {}, describe(test, entry)),
    s("rect", { x: from, y, width: wide, height: 16, rx: slim ? 2 : 3.5, class: what + (attempt.silent ? " silent" : "") })];
  if (what === "lost") {
    const at = from + wide + 5;
    marks.push(s("path", { class: "cross", d: `M${at} ${y + 4.5}l7 7m0 -7l-7 7` }));
  }
  return s("a", { href: `#${test.id}c${entry.number}`, "aria-label": describe(test, entry) }, marks);
}

function drawLane(test, lane, scaled, top, parts, heights) {
  const x = scaled.at;
  const rows = [];
  const words = [];
  const word = (row, above, middle, text, kind) => {
    const half = (text.length * CHARACTER) / 2 + 2;
    const at = Math.min(Math.max(middle, half), scaled.width - half);
    if (text) words.push({ y: top + row * 46 + (above ? 10 : 41), at, half, text, kind });
  };
  for (const { logical, attempts } of lane.calls) {
    const entries = attempts.map((attempt) => test.entries.get(attempt.number));
    const [from, to] = [x(began(entries[0])), Math.max(...entries.map((entry) => x(done(entry)) + 8))];
    const row = pack(rows, from, to);
    const y = top + row * 46 + 14;
    if (entries.length > 1) parts.push(s("line", { class: "track", x1: from + 8, x2: x(began(entries.at(-1))), y1: y + 8, y2: y + 8 }));
    entries.forEach((entry, i) => {
      const what = test.outcome(entry);
      heights.set(entry.number, y);
      parts.push(bar(test, entry, x, y, attempts[i], lane.polls && entries.length === 1));
      const wait = attempts[i].wait;
      if (i && wait != null) {
        const demand = entries[i - 1].retry_after;
        const early = demand != null && wait < demand - 0.05;
        const text = early ? `${span(wait)}, asked: ${span(demand)}` : span(wait);
        word(row, true, (x(done(entries[i - 1])) + 7 + x(began(entry))) / 2, text, early ? "early" : "wait");
      }
      if (what !== "ok") {
        const middle = (x(began(entry)) + Math.max(x(began(entry)) + 7, x(done(entry)))) / 2;
        word(row, false, middle, String(entry.error || entry.status || (entry.ended === "aborted" ? "client left" : entry.ended) || ""), `result-${what}`);
      }
    });
    if (logical && logical.gave_up) word(row, true, to + 30, "gave up", "early");
  }
  const placed = [];
  for (const each of words.sort((a, b) => (b.kind === "early") - (a.kind === "early"))) { // the important ones first
    if (placed.some((other) => other.y === each.y && Math.abs(other.at - each.at) < other.half + each.half)) continue;
    placed.push(each);
    parts.push(s("text", { x: each.at, y: each.y, "text-anchor": "middle", class: each.kind }, each.text));
  }
  return Math.max(1, rows.length) * 46;
}

function drawFaults(test, scaled, top, parts, poles) {
  const rows = [];
  for (const entry of test.record.entries.filter((each) => each.fault)) {
    const at = scaled.at(began(entry)) + 3;
    const text = entry.fault.length > 40 ? `${entry.fault.slice(0, 39)}…` : entry.fault;
    const row = pack(rows, at - 4, at + 16 + text.length * CHARACTER);
    if (row > 5) continue; // the bars tell it, too
    const y = top + row * 16 + 4;
    poles.push([entry.number, s("line", { class: "pole", x1: at, x2: at, y1: y + 9 })]);
    parts.push(s("path", { class: "flag", d: `M${at} ${y}v9l8 -4.5z` }, s("title", {}, `${entry.fault}, call ${entry.number}`)));
    parts.push(s("text", { x: at + 11, y: y + 8.5 }, text));
  }
  return Math.min(6, rows.length) * 16 + 6;
}

function drawBackups(test, scaled, top, parts) {
  const { record, verdict } = test;
  const status = new Map(record.backups.map((backup) => [backup.id, backup.status]));
  const twice = new Set(verdict.duplicates.flat());
  const orphans = new Set(verdict.orphans);
  let more = 0;
  const at = (number, moment) => (test.entries.has(number) ? scaled.at(moment(test.entries.get(number))) : null);
  const rows = [];
  for (const backup of verdict.backups) {
    const made = at(backup.made_by, done);
    const seen = at(backup.seen_end_by, began);
    const deleted = at(backup.deleted_by, began);
    if (made === null && seen === null && deleted === null) continue;
    const from = made ?? 2;
    const to = Math.max(deleted ?? scaled.end + 24, from + 8);
    const words = [backup.name || backup.id];
    if (twice.has(backup.id)) words.push("duplicate");
    if (orphans.has(backup.id)) words.push("never seen to end, never deleted");
    else if (status.get(backup.id) === "FAILED") words.push("failed");
    const text = words.join(" · ");
    const row = pack(rows, from, Math.max(to, from + text.length * CHARACTER + 12) + 6);
    if (row >= ROWS) { more += 1; continue; }
    const y = top + row * 22 + 3;
    const classes = (orphans.has(backup.id) ? "orphan" : "backup") + (twice.has(backup.id) ? " duplicate" : "");
    const whole = `${backup.name} ${backup.id}: made by ${backup.made_by ? `call ${backup.made_by}` : "nobody here"}, ` +
      `${backup.seen_end_by ? `seen to end by call ${backup.seen_end_by}` : "never seen to end"}, ` +
      `${backup.deleted_by ? `deleted by call ${backup.deleted_by}` : "not deleted"}`;
    parts.push(s("g", {}, s("title", {}, whole),
      seen !== null && s("rect", { class: "seen", x: from, y, width: Math.max(2, to - from), height: 16, rx: 3 }),
      s("rect", { class: classes, x: from, y, width: Math.max(6, (seen ?? to) - from), height: 16, rx: 3 }),
      s("text", { class: "inbar", x: from + 6, y: y + 12 }, text)));
  }
  const height = Math.min(ROWS, rows.length) * 22 + (rows.length ? 4 : 0);
  if (more) parts.push(s("text", { x: 14, y: top + height + 12 }, `and ${more} more, in the list below`));
  return height + (more ? 18 : 0);
}

function timeline(test, room) {
  const entries = test.record.entries;
  if (!entries.length) return h("p", { class: "soft" }, "Nothing was asked.");
  const gutter = room < 760 ? 120 : 200;
  const scaled = scale(entries, room - gutter - 2);
  const [shapes, labels, bands, flags, poles, heights] = [[], [], [], [], [], new Map()];
  let top = 26;
  const label = (text, height, small) => {
    if (bands.length % 2) bands.push(s("rect", { class: "band", x: 0, y: top, width: scaled.width, height }));
    else bands.push("");
    const most = Math.floor((gutter - 20) / 6.6);
    labels.push(s("text", { class: "lane", x: 14, y: top + (small ? 15 : 27) },
      text.length > most ? `${text.slice(0, most - 1)}…` : text, s("title", {}, text)));
    top += height;
  };
  const lanesDrawn = lanes(test);
  if (entries.some((entry) => entry.fault)) label("faults", drawFaults(test, scaled, top, flags, poles), true);
  for (const lane of lanesDrawn) {
    const calls = lane.calls.length;
    label(lane.name.replace(/^(v[\d.]+|trove|iam|version)\./, "") + (lane.polls ? ` ×${calls}` : ""), drawLane(test, lane, scaled, top, shapes, heights));
  }
  const backups = drawBackups(test, scaled, top, shapes);
  if (backups) label("backups", backups, true);
  for (const [number, pole] of poles) pole.setAttribute("y2", heights.get(number));
  const axis = [];
  let [taken, last] = [-Infinity, ""];
  for (const moment of scaled.starts) {
    const at = scaled.at(moment);
    const text = moment === scaled.first ? "0" : `+${span(moment - scaled.first)}`;
    if (at < taken || text === last) continue;
    last = text;
    taken = at + text.length * CHARACTER + 22;
    axis.push(s("line", { class: "grid", x1: at, x2: at, y1: 20, y2: top }), s("text", { x: at + 3, y: 15 }, text));
  }
  const pauses = scaled.pauses.map(({ from, to, length }) => {
    const middle = (from + to) / 2;
    const teeth = Array.from({ length: Math.ceil((top - 20) / 8) }, (_, i) => `l${i % 2 ? 4 : -4} 8`).join("");
    return s("g", {}, s("title", {}, `A pause of ${span(length)}, cut short here`),
      s("rect", { class: "pause", x: middle - 5, y: 20, width: 10, height: top - 20 }),
      s("path", { class: "tear", d: `M${middle - 3} 20${teeth}M${middle + 7} 20${teeth}` }));
  });
  const height = top + 6;
  const plot = s("svg", { class: "timeline", width: scaled.width, height, role: "img",
    "aria-label": `Timeline of ${many(entries.length, "call")}` }, bands, axis, pauses, poles.map(([, pole]) => pole), flags, shapes);
  const key = (kind, text) => h("span", {}, h("i", { style: `background:var(--${kind})` }), text);
  const legend = [...new Set(entries.map(test.outcome))].map((kind) => key(kind, WORDS[kind]));
  if (entries.some((entry) => test.attempts.get(entry.number)?.silent)) legend.push(h("span", {}, "pale: repeated by the HTTP stack itself"));
  if (entries.some((entry) => entry.fault)) legend.push(key("fault", "fault"));
  if (backups) legend.push(key("backup", "backup under way, as far as the client knows"), key("backup-seen", "seen to end"));
  legend.push(h("span", {}, "longer times are wider, but not in proportion"));
  if (scaled.pauses.length) legend.push(h("span", {}, "torn: a long pause, cut short"));
  return h("figure", {}, h("div", { class: "picture" },
    s("svg", { width: gutter, height, "aria-hidden": "true" }, bands.map((band) => band && band.cloneNode()), labels),
    h("div", { class: "plot", tabindex: scaled.width > room - gutter ? "0" : null, role: "group", "aria-label": "Timeline" }, plot)),
    h("figcaption", {}, legend));
}

// What stands around it

function links(test, numbers) {
  const kept = numbers.filter((number) => test.entries.has(number));
  if (!kept.length) return "";
  const anchors = kept.slice(0, 20).flatMap((number, i) => [i ? ", " : "", h("a", { href: `#${test.id}c${number}` }, String(number))]);
  return [kept.length === 1 ? "call " : "calls ", anchors, kept.length > 20 ? ", …" : ""];
}

function findings(test) {
  if (!test.findings.length) return h("ul", { class: "findings" }, h("li", { class: "none" }, "Nothing to find fault with."));
  return h("ul", { class: "findings" }, test.findings.map((finding) =>
    h("li", { class: finding.severity },
      h("b", {}, `${finding.severity}: ${finding.kind.replaceAll("-", " ")}`), h("span", {}, links(test, finding.entries)),
      h("div", { style: "grid-column: 1 / -1" }, finding.message))));
}

function table(title, heads, rows) {
  if (!rows.length) return "";
  return h("section", {}, h("h2", {}, title), h("table", {},
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}

function facts(test) {
  const { record, verdict } = test;
  const { opened, reused } = verdict.connections;
  const rows = [
    ["Project", `${record.project.name} (${record.project.id})`], ["Scenario", `${record.scenario}, seed ${record.seed}`],
    ["Clock", `${record.clock.mode}, at the end ${record.clock.now}`],
    ["Backoff", verdict.backoff.kind + (verdict.backoff.waits?.length ? `: ${verdict.backoff.waits.map(span).join(", ")}` : "")],
    ["Connections", `${opened} opened, ${reused} times reused`],
    record.total > record.entries.length && ["Calls", `${record.total}, of which the last ${record.entries.length} are kept`],
    record.in_flight > 0 && ["Still waiting", many(record.in_flight, "request")],
    ["Replay", h("code", { class: "replay", title: "MOCKRDS_REPLAY; a click selects all of it" }, record.replay)],
  ];
  return h("section", {}, h("h2", {}, "Project"), h("dl", {}, rows.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

function snippet(title, text) {
  return text ? h("div", {}, h("span", { class: "soft" }, title), h("pre", { tabindex: "0" }, pretty(text))) : "";
}

function callRow(test, entry) {
  const what = test.outcome(entry);
  const code = [entry.status ?? "", entry.error ?? ""].join(" ").trim() || WORDS[what];
  const row = h("details", { class: "call", id: `${test.id}c${entry.number}` }, h("summary", {},
    h("span", { class: "number soft" }, String(entry.number)),
    h("span", { class: "number minor" }, `+${span(began(entry) - began(test.record.entries[0]))}`),
    h("span", { class: "cut mono" }, `${entry.method} ${entry.operation}`),
    h("span", {}, h("span", { class: `chip ${what}` }, code)),
    h("span", { class: "number soft minor" }, entry.done === null ? "" : span(done(entry) - began(entry))),
    h("span", { class: "cut soft minor" }, entry.fault ? `⚑ ${entry.fault}` : "")));
  row.addEventListener("toggle", () => {
    if (!row.open || row.children.length > 1) return;
    const details = [
      entry.hint && `hint: ${entry.hint}`, entry.fault && `fault: ${entry.fault}`, entry.retry_after != null && `Retry-After: ${entry.retry_after} s`,
      entry.ended && `the connection ended: ${entry.ended}`, entry.connection && `from ${entry.connection.join(":")}${entry.reused ? ", reused" : ", new"}`,
      `${entry.sent} bytes sent`, entry.request_id && `request id ${entry.request_id}`,
    ];
    row.append(h("div", { class: "more" }, h("div", { class: "wide mono" }, `${entry.method} ${entry.path}`),
      snippet("Request", entry.body), snippet("Answer", entry.response), h("div", { class: "wide soft" }, details.filter(Boolean).join(" · "))));
  });
  return row;
}

function once(details, draw) {
  details.addEventListener("toggle", () => {
    if (details.open && !details.dataset.drawn) { details.dataset.drawn = "yes"; details.append(draw()); }
  });
}

function inside(test) {
  const { record, verdict } = test;
  const calls = h("details", { class: "calls" }, h("summary", {}, many(record.entries.length, "call")));
  once(calls, () => h("div", {}, record.entries.map((entry) => callRow(test, entry))));
  const status = new Map(record.backups.map((backup) => [backup.id, backup.status]));
  const number = (n) => (n ? h("a", { href: `#${test.id}c${n}` }, String(n)) : "–");
  const known = verdict.backups.map((backup) => [backup.name || backup.id, status.get(backup.id) ?? "gone",
    number(backup.made_by), number(backup.seen_end_by), number(backup.deleted_by)]);
  const armed = record.faults.map((fault) => [fault.name, fault.source, `${fault.fired} of ${many(fault.calls, "call")}`]);
  const box = h("div", { class: "inside" });
  const picture = () => {
    box.querySelector("figure")?.remove();
    box.querySelector("h2").after(timeline(test, box.clientWidth - 42 || 1100));
  };
  box.append(record.message ? h("pre", { class: "message", tabindex: "0" }, record.message) : "",
    findings(test), h("h2", {}, "Timeline"),
    record.internal_errors.length ? h("pre", { class: "message" }, record.internal_errors.join("\n")) : "",
    h("div", { class: "columns" }, facts(test),
      h("div", {}, table("Backups", ["name", "status", "made by", "seen to end by", "deleted by"], known),
        table("Faults", ["name", "armed at", "fired"], armed))),
    calls);
  return { box, picture };
}

function strip(test) {
  const paths = new Map();
  const all = test.record.entries;
  const step = Math.min(8, 188 / Math.max(1, all.length));
  all.forEach((entry, i) => {
    const kind = test.outcome(entry);
    const tall = kind === "ok" ? 8 : 14;
    paths.set(kind, (paths.get(kind) ?? "") + `M${(i * step + 1).toFixed(1)} ${15 - tall}h${Math.max(0.8, step - 2).toFixed(1)}v${tall}h-${Math.max(0.8, step - 2).toFixed(1)}z`);
  });
  return s("svg", { class: "strip", viewBox: "0 0 190 16", "aria-hidden": "true" }, [...paths].map(([kind, d]) => s("path", { class: kind, d })));
}

const drawn = new Map();

function row(test) {
  const [file, ...rest] = test.name.split("::");
  const called = rest.length ? rest.join("::") : test.name;
  const which = called.indexOf("[");  // what tells the tests of one function apart is never cut off
  const name = [rest.length > 0 && h("span", { class: "file" }, `${file}::`), h("span", {}, which < 0 ? called : called.slice(0, which)),
    which >= 0 && h("span", { class: "which" }, called.slice(which))];
  const kinds = [...new Map(test.findings.map((finding) => [finding.kind, finding])).values()];
  const details = h("details", { class: "test", id: test.id }, h("summary", {},
    h("span", { class: `dot ${SEVERITIES[standing(test)] ?? ""}`, role: "img", "aria-label": SEVERITIES[test.worst] ?? "no findings" }),
    h("span", { class: "name", title: test.name }, name), strip(test),
    h("span", { class: "chips" }, kinds.slice(0, 2).map((finding) => h("span", { class: `chip ${finding.severity}` }, finding.kind.replaceAll("-", " "))),
      kinds.length > 2 && h("span", { class: "chip" }, `+${kinds.length - 2}`)),
    h("span", { class: "number" }, test.record.total), h("span", { class: "number" }, test.retries),
    h("span", {}, test.record.outcome && h("span", { class: `chip ${test.failed ? "failed" : test.record.outcome}` }, test.record.outcome))));
  details.addEventListener("toggle", () => open(test, details));
  return details;
}

function open(test, details) {
  if (!details.open || drawn.has(test.id)) return;
  const { box, picture } = inside(test);
  details.append(box);
  picture();
  drawn.set(test.id, picture);
  document.documentElement.dataset.drawn = drawn.size;
}

function tiles() {
  const sum = (of) => tests.reduce((total, test) => total + of(test), 0);
  const worst = (severity) => sum((test) => test.findings.filter((finding) => finding.severity === severity).length);
  const faults = records.flatMap((record) => record.faults);
  const fired = faults.filter((fault) => fault.fired).length;
  const missed = faults.some((fault) => !fault.fired && !fault.by_chance && !fault.from_scenario);
  const failed = tests.filter((test) => test.failed).length;
  const named = records.some((record) => record.test);
  const duplicates = sum((test) => test.verdict.duplicates.reduce((n, group) => n + group.length - 1, 0));
  const orphans = sum((test) => test.verdict.orphans.length);
  const tile = (value, text, bad) => h("div", { class: bad ? "tile bad" : "tile" }, h("b", {}, value.toLocaleString("en")), h("span", {}, text));
  if (!named) byId("head").children[1].textContent = "Project";
  byId("tiles").append(
    tile(tests.length, (named ? "tests" : "projects") + (failed ? `, ${failed} failed` : "")),
    tile(worst("error"), `error${worst("error") === 1 ? "" : "s"}, ${many(worst("warning"), "warning")}, ${many(worst("note"), "note")}`, worst("error") > 0),
    tile(sum((test) => test.record.total), `calls, ${sum((test) => test.retries)} of them retries`),
    tile(duplicates, "duplicate backups", duplicates > 0), tile(orphans, "orphaned backups", orphans > 0),
    tile(sum((test) => test.verdict.connections.opened), `connections, ${sum((test) => test.verdict.connections.reused)} times reused`),
    faults.length ? tile(fired, `of ${many(faults.length, "fault")} fired`, missed) : "");
}

// Finding one's way

function haystack(test) {
  test.text ??= [test.name, test.record.scenario, test.record.project.id, test.record.message, ...test.findings.flatMap((each) => [each.kind, each.kind.replaceAll("-", " "), each.message]),
    ...test.record.entries.flatMap((entry) => [entry.operation, entry.error, entry.fault]),
    ...test.record.faults.map((fault) => fault.name)].join("\n").toLowerCase();
  return test.text;
}

const rowsById = new Map();

function sift() {
  const which = document.querySelector("#filter input:checked").value;
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = tests.filter((test) => {
    const fits = (which === "all" || (which === "failed" ? test.failed : test.findings.length > 0)) &&
      (!words.length || words.every((word) => haystack(test).includes(word)));
    rowsById.get(test.id).hidden = !fits;
    return fits;
  });
  tests.forEach((test) => rowsById.get(test.id).classList.remove("first", "last"));
  if (shown.length) {
    rowsById.get(shown[0].id).classList.add("first");
    rowsById.get(shown.at(-1).id).classList.add("last");
  }
  byId("count").value = shown.length === tests.length ? "" : `${shown.length} of ${tests.length}`;
  byId("nothing").hidden = shown.length > 0;
}

/** Show the test, or the call of one, that the address names. */
function visit() {
  const [, id, call] = /^#(t\d+)(?:c(\d+))?$/.exec(location.hash) ?? [];
  const test = tests.find((each) => each.id === id);
  if (!test) return;
  const details = rowsById.get(id);
  details.hidden = false;
  details.open = true;
  open(test, details);
  let target = details;
  if (call) {
    const calls = details.querySelector(".calls");
    if (!calls.dataset.drawn) { calls.dataset.drawn = "yes"; calls.append(h("div", {}, test.record.entries.map((entry) => callRow(test, entry)))); }
    calls.open = true;
    target = byId(`${id}c${call}`) ?? details;
    document.querySelector(".shown")?.classList.remove("shown");
    target.classList.add("shown");
    target.open = true;
  }
  target.scrollIntoView({ block: "center" });
  target.querySelector("summary").focus({ preventScroll: true });
}

byId("about").textContent = `As seen by mockrds ${release}: the worst first. A row opens with a click or with Enter; / begins a search.`;
document.body.append(s("svg", { width: 0, height: 0, style: "position:absolute", "aria-hidden": "true" }, s("defs", {},
  s("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    s("rect", { width: 6, height: 6, style: "fill:var(--warning-ground)" }), s("rect", { width: 2, height: 6, style: "fill:var(--refused);fill-opacity:.45" })))));
tiles();
for (const test of tests) rowsById.set(test.id, row(test));
byId("list").append(...rowsById.values(), h("p", { class: "empty", id: "nothing", hidden: true }, tests.length ? "None is like that." : "No client has sent a request."));
byId("filter").addEventListener("input", sift);
byId("filter").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", visit);
addEventListener("click", (event) => { // the same address again
  const link = event.target.closest?.("a[href^='#']");
  if (link && link.getAttribute("href") === location.hash) visit();
});
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input")) return;
  event.preventDefault();
  byId("search").focus();
});
let resizing;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => drawn.forEach((picture, id) => { if (rowsById.get(id).open) picture(); }), 120);
});
sift();
if (location.hash) visit();
else if (tests.length && (tests[0].findings.length || tests.length === 1)) rowsById.get(tests[0].id).open = true;
