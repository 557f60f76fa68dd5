"""The report for a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from mockrds.verdict.kinds import SEVERITIES, describe_calls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MOST: Final = 50
"""How many tests with findings are shown one by one."""


def text(records: Sequence[Mapping[str, Any]]) -> str:
    """Tell what was found, test by test, and the totals."""
    return "\n".join(lines(records))


def lines(records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Give the lines of the report: the findings of each test that has some, then the totals."""
    if not records:
        yield "no project was asked anything"
        return
    found = [record for record in records if record["verdict"]["findings"]]
    for record in sorted(found, key=severity)[:_MOST]:
        yield title(record)
        for finding in sorted(record["verdict"]["findings"], key=lambda finding: _rank(finding["severity"])):
            first, *more = printable(finding["message"]).splitlines() or [""]
            yield f"  {finding['severity']:<7}  {finding['kind']}: {first}{calls(finding)}"
            yield from (f"           {line}" for line in more)
    if len(found) > _MOST:
        yield f"... and {len(found) - _MOST} more with findings"
    if found:
        yield ""
    yield from _totals(records, len(found))


def calls(finding: Mapping[str, Any]) -> str:
    """Name the calls that a finding is about, in brackets; nothing if it is about none."""
    named = describe_calls(finding["entries"])
    return f" ({named})" if named else ""


def title(record: Mapping[str, Any]) -> str:
    """Name a record: its test, or its project where there is none, and what became of it."""
    name = record["test"] or f"project {record['project']['name'] or record['project']['id']}"
    outcome = record.get("chaos", {}).get("cell") or record["outcome"]
    return printable(name + (f" ({outcome})" if outcome else ""))


def severity(record: Mapping[str, Any]) -> int:
    """Tell how bad the worst finding of a record is: 0 is the worst, without one it is 3."""
    return min((_rank(finding["severity"]) for finding in record["verdict"]["findings"]), default=len(SEVERITIES))


def printable(text: str) -> str:
    """Give *text* without what would steer a terminal, or what XML can't hold; line breaks stay."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def _rank(name: str) -> int:
    return SEVERITIES.index(name) if name in SEVERITIES else len(SEVERITIES)


def _missed(fault: Mapping[str, Any]) -> bool:
    """Tell whether somebody who armed a fault will miss it: it never fired, though not for chance or a scenario."""
    return not (fault["fired"] or fault["by_chance"] or fault["from_scenario"])


def _totals(records: Sequence[Mapping[str, Any]], found: int) -> Iterator[str]:
    verdicts = [record["verdict"] for record in records]
    attempts = [attempt for verdict in verdicts for logical in verdict["operations"] for attempt in logical["attempts"]]
    retries = sum(len(logical["attempts"]) - 1 for verdict in verdicts for logical in verdict["operations"])
    silent = sum(attempt["silent"] for attempt in attempts)
    kinds = Counter(verdict["backoff"]["kind"] for verdict in verdicts)
    backoffs = ", ".join(f"{kind} {n}" for kind, n in kinds.most_common() if kind != "unseen")
    opened, reused = (sum(verdict["connections"][key] for verdict in verdicts) for key in ("opened", "reused"))
    duplicates = sum(len(group) - 1 for verdict in verdicts for group in verdict["duplicates"])
    orphans = sum(len(verdict["orphans"]) for verdict in verdicts)
    faults = [fault for record in records for fault in record["faults"]]
    idle = Counter(f"{fault['name']} ({fault['source']})" for fault in faults if _missed(fault))
    named = "tests" if any(record["test"] for record in records) else "projects"
    yield f"{found} of {len(records)} {named} with findings"
    yield (
        f"calls {sum(record['total'] for record in records)}, retries {retries}"
        f"{f' ({silent} by the HTTP stack itself)' if silent else ''}, backoff: {backoffs or 'none seen'}"
    )
    yield f"duplicate backups {duplicates}, orphans {orphans}, connections opened {opened}, reused {reused}"
    if faults:
        yield f"faults fired {sum(fault['fired'] > 0 for fault in faults)} of {len(faults)}"
    for fault, n in sorted(idle.items()):
        yield f"  never fired: {printable(fault)}{f' ({n} times)' if n > 1 else ''}"
