"""Logical operations: what a client wanted once, and the attempts that it took."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, pairwise
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

import orjson

from mockrds.journal import Entry
from mockrds.verdict.backoff import Backoff, classify, seconds
from mockrds.verdict.kinds import Outcome, calls
from mockrds.verdict.name_stems import stem
from mockrds.verdict.retry_advice import GONE, advice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence

BACK_FOR_MORE: Final = 900.0
"""Seconds after which a client is back for it, rather than still at it; more, if it was told or used to wait longer."""
_UNHEARD_OF: Final = 23 * 3600.0
"""Seconds in which another name for a backup that was made unheard of is no new wish; the next day's job is one."""
_USED_TO: Final = 4
_STALE: Final = 0.1
"""Within how many seconds an HTTP stack repeats what it sent over a connection that had died."""
_BEHIND: Final = 0.05
"""Seconds by which the server may notice late that a client hung up."""
_BUSY: Final = 1.0
"""Seconds that a machine may be too busy for a client that means not to wait."""
_REFUSED: Final = 400
_FREE: Final = frozenset({"name", "description"})
"""What a client may make up anew for each attempt, and still want the same thing."""
CREATE: Final = "create_manual_backup"
"""The one operation that makes backups."""
_FIRST: Final = 8
_LAST: Final = 4
_SHOWN: Final = 15
"""How many attempts are shown one by one; of more, only the first and the last ones."""
_SAFE: Final = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")


class _Stack(NamedTuple):
    """An HTTP stack that repeats by itself what it sent over a connection that died without a byte of answer."""

    agent: str
    name: str
    methods: tuple[str, ...] = _SAFE
    fresh: bool = False
    """Whether it does so on a fresh connection, too: once a call."""


_STACKS: Final = (
    _Stack("aiohttp/", "aiohttp", fresh=True),
    _Stack("Go-http-client", "Go's net/http", ("GET", "HEAD", "OPTIONS")),
    _Stack("okhttp/", "OkHttp", (*_SAFE, "POST")),
    _Stack("Java/", "Java's HttpURLConnection", (*_SAFE, "POST"), fresh=True),
    _Stack("python-requests/", "urllib3"),
    _Stack("python-urllib3/", "urllib3"),
)
_OTHER: Final = _Stack("", "the HTTP stack")


def _stack(entry: Entry) -> _Stack:
    """Tell which HTTP stack sent a request, by its User-Agent."""
    agent = entry.headers.get("user-agent", "")
    return next((stack for stack in _STACKS if stack.agent in agent), _OTHER)


@dataclass(frozen=True, repr=False)
class Attempt:
    """One call of a logical operation."""

    entry: Entry
    """What the journal says of it."""
    outcome: Outcome
    """What the client got: ``ok``, ``refused`` (a status of 400 or more), ``damaged`` (an answer that a fault damaged
    or cut), ``lost`` (no answer), or ``open`` (it is still under way)."""
    wait: float | None = None
    """Seconds on the client's time since the attempt before was over; None for the first."""
    silent: bool = False
    """Whether the HTTP stack repeated it by itself, over a new connection, because the old one had died."""
    renewed: bool = False
    """Whether it came after a 401, as one comes back with a new token."""
    late: bool = False
    """Whether the client was back for it after a long pause, as one is who had left it for the time being."""
    moved: bool = False
    """Whether it came by the other API than the attempt before."""
    name: str = ""
    """The name that it asks for, if it asks for one."""

    @property
    def retryable(self) -> bool:
        """Whether the same request may have more luck later."""
        if self.outcome == "refused":
            return advice(self.entry.status or 0, self.entry.error).kind == "again"
        return self.outcome in ("lost", "damaged")

    @property
    def judged(self) -> bool:
        """Whether its wait tells how the client backs off.

        It does not if the stack repeated it, a new token came, or it is more than a repetition.
        """
        return self.wait is not None and not (self.silent or self.renewed or self.anew)

    @property
    def anew(self) -> bool:
        """Whether it is more than a repetition: much later, or by the other API."""
        return self.late or self.moved

    @property
    def stack(self) -> str:
        """What repeated it silently, by its User-Agent."""
        return _stack(self.entry).name

    def as_json(self) -> dict[str, Any]:
        """Give the attempt as the control API shows it."""
        return {
            "number": self.entry.number,
            "outcome": self.outcome,
            "wait": None if self.wait is None else round(self.wait, 6),
            "silent": self.silent,
            "retryable": self.retryable,
        }

    def __str__(self) -> str:
        entry = self.entry
        came = {"open": "still under way", "lost": "the client hung up" if entry.ended == "aborted" else "no answer"}
        text = came.get(self.outcome) or str(entry.status or entry.ended)
        text += f" {entry.error}" if entry.error and self.outcome == "refused" else ""
        text += ", damaged" if self.outcome == "damaged" else ""
        text += f" (Retry-After {entry.retry_after:g})" if entry.retry_after is not None else ""
        if entry.operation.endswith(CREATE) and entry.backup_ids:
            text += f", made backup {', '.join(entry.backup_ids)}"
        how = {
            f" (by {entry.operation})": self.moved,
            " (repeated by the HTTP stack)": self.silent,
            " (with a new token)": self.renewed,
            " (came back for it)": self.late,
        }
        why = next((text for text, is_so in how.items() if is_so), "")
        waited = "" if self.wait is None else f" after {seconds(self.wait)}{why}"
        return f"#{entry.number}{waited} -> {text}" + (f" [{entry.fault}]" if entry.fault else "")

    def __repr__(self) -> str:
        return f"<Attempt {self}>"


def outcome(entry: Entry) -> Outcome:
    """Tell what the client got."""
    if entry.done is None:
        return "open"
    if entry.status is None or (entry.ended == "aborted" and not entry.sent):
        return "lost"
    if entry.status >= _REFUSED:
        return "refused"
    return "damaged" if entry.damaged else "ok"


def left_open(entry: Entry) -> bool:
    """Tell whether an answer left its connection open, or closed it only because the client wants it so."""
    return not entry.ended or (entry.ended == "FIN" and entry.headers.get("connection", "").lower() == "close")


def readable(entry: Entry) -> bool:
    """Tell whether a client could make something of an answer: it is good, or damaged but whole JSON."""
    got = outcome(entry)
    if got != "damaged" or not left_open(entry):
        return got == "ok"
    try:
        orjson.loads(entry.response)
    except orjson.JSONDecodeError:
        return False
    return True


class LogicalOperation:
    """What a client wanted once: one call, and the calls that repeat it because it failed.

    Args:
        attempts: The calls, in order; at least one.
    """

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self.attempts: tuple[Attempt, ...] = _on_its_clock(attempts)
        """The calls, in order."""
        self.seen = False
        """Whether another answer showed the client that it was done, though its own answer did not."""

    @property
    def first(self) -> Entry:
        """The first call."""
        return self.attempts[0].entry

    @property
    def last(self) -> Attempt:
        """The last call."""
        return self.attempts[-1]

    @property
    def operation(self) -> str:
        """The operation of the API reference, such as ``v1.create_manual_backup``."""
        return self.first.operation

    @cached_property
    def target(self) -> str:
        """What it is about: the name of what is to be created, or what stands in the path after the project."""
        return target(self.first)

    @property
    def retries(self) -> int:
        """How often the client tried again; what its HTTP stack repeated does not count."""
        return sum(not attempt.silent for attempt in self.attempts) - 1

    @cached_property
    def waits(self) -> tuple[float, ...]:
        """Seconds between its attempts, where the client chose them."""
        return tuple(a.wait for a in self.attempts if a.judged and a.wait is not None)

    @cached_property
    def rows(self) -> tuple[tuple[float | None, ...], ...]:
        """The waits to judge its backoff by, each in its place; None where the server's Retry-After decided.

        Who comes back for it late begins a new row.
        """
        found: list[list[float | None]] = [[]]
        for before, attempt in pairwise(self.attempts):
            if attempt.anew:
                found.append([])
            if attempt.judged:
                asked = before.entry.retry_after
                told = asked is not None and attempt.wait is not None and abs(attempt.wait - asked) <= _slack(asked)
                found[-1].append(None if told else attempt.wait)
        return tuple(tuple(row) for row in found if row)

    @property
    def backoff(self) -> Backoff:
        """How the client waits between its attempts."""
        return classify(*self.rows)

    @property
    def succeeded(self) -> bool:
        """Whether the client knows that it worked: by an answer, by one that says it is done already, or by looking."""
        if self.last.outcome == "ok" or self.seen:
            return True
        return self.first.method == "DELETE" and len(self.attempts) > 1 and self.last.entry.error in GONE

    @property
    def gave_up(self) -> bool:
        """Whether the client left it at a failure that might have passed."""
        settled = (
            self.last.outcome == "damaged" and self.last.entry.status is not None and self.last.entry.ended != "aborted"
        )
        return self.last.retryable and not self.succeeded and not settled

    @cached_property
    def body_changed(self) -> bool:
        """Whether a later attempt asked for something else, where the one before it was not at fault."""
        return any(
            before.entry.body != attempt.entry.body
            and not (before.outcome == "refused" and _corrects(before.entry))
            and not (attempt.moved and before.name == attempt.name)
            for before, attempt in pairwise(self.attempts)
        )

    @property
    def as_names(self) -> str:
        """The names that it was asked for by, as the rest of a sentence; empty if there is only one."""
        names = list(dict.fromkeys(attempt.name for attempt in self.attempts))
        if len(names) < 2:
            return ""
        shown = [repr(name) for name in (names if len(names) <= 3 else names[:2])]
        return f", as {', then '.join(shown)}" + (f", ... then {names[-1]!r}" if len(names) > 3 else "")

    @cached_property
    def backup_ids(self) -> tuple[str, ...]:
        """The backups that it made, lost answers included."""
        if not self.operation.endswith(f".{CREATE}"):
            return ()
        return tuple(dict.fromkeys(key for attempt in self.attempts for key in attempt.entry.backup_ids))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its entries."""
        return tuple(attempt.entry.number for attempt in self.attempts)

    def as_json(self) -> dict[str, Any]:
        """Give the operation as the control API shows it."""
        return {
            "operation": self.operation,
            "target": self.target,
            "attempts": [attempt.as_json() for attempt in self.attempts],
            "succeeded": self.succeeded,
            "gave_up": self.gave_up,
            "body_changed": self.body_changed,
            "backup_ids": list(self.backup_ids),
            "backoff": self.backoff.as_json(),
        }

    def __str__(self) -> str:
        count = len(self.attempts)
        lines = [f"{self.operation} {self.target}: {count} attempt{'s' if count > 1 else ''}"]
        return "\n".join([*lines, *abridged([f"  {attempt}" for attempt in self.attempts], self.numbers)])

    def __repr__(self) -> str:
        runs = [(got, len(list(run))) for got, run in groupby(attempt.outcome for attempt in self.attempts)]
        shown = [got if count == 1 else f"{got} x {count}" for got, count in runs]
        if len(shown) > _FIRST:
            shown = [*shown[:_LAST], "...", *shown[-_LAST:]]
        return f"<{self.operation} {self.target}: {', '.join(shown)}>"


def abridged(lines: Sequence[str], numbers: Sequence[int]) -> list[str]:
    """Leave out the middle of many lines, of which each is about the call with the number in its place."""
    if len(lines) <= _SHOWN:
        return list(lines)
    return [*lines[:_FIRST], f"  ... {calls(numbers[_FIRST:-_LAST])} ...", *lines[-_LAST:]]


def _slack(asked: float) -> float:
    return 0.05 + 0.02 * asked


def _corrects(entry: Entry) -> bool:
    """Tell whether a refusal asks for another body."""
    return advice(entry.status or 0, entry.error).kind == "other"


def target(entry: Entry) -> str:
    """Tell what a call is about, for people."""
    name = _leaves(entry).get("name") if entry.method == "POST" else None
    if isinstance(name, str) and name:
        return name
    url = urlsplit(entry.shown_path)
    parts = url.path.split("/")
    place = next((i for i, part in enumerate(parts) if len(part) == 32 and part.isalnum()), 0)
    path = "/" + "/".join(parts[place + 1 :])
    return f"{path}?{url.query}" if url.query and entry.method == "GET" else path


def _key(entry: Entry, leaves: Mapping[str, Any], instances: Mapping[str, str]) -> Hashable:
    """Give what calls have in common that want the same thing: all but what a client may make up anew.

    A backup may be asked for by either API: one names the instance, the other one its node.
    """
    path = entry.path if entry.method == "GET" else entry.path.partition("?")[0]
    fixed = frozenset((key, value) for key, value in leaves.items() if key not in _FREE)
    asked = leaves.get("instance") or leaves.get("instance_id")
    if asked in instances and entry.operation.endswith(f".{CREATE}"):
        return CREATE, instances[str(asked)], frozenset(pair for pair in fixed if pair[1] != asked)
    return entry.operation, entry.method, path, fixed or entry.body


def _leaves(entry: Entry) -> dict[str, Any]:
    """Give the values of a JSON body by their keys, however deep; none of what is no JSON object."""
    try:
        content = orjson.loads(entry.body)
    except orjson.JSONDecodeError:
        return {}
    found: dict[str, Any] = {}
    rest: list[tuple[str, Any]] = [("", content)] if isinstance(content, dict) else []
    while rest:
        key, value = rest.pop()
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        rest.extend((f"{key}.{name}" if isinstance(value, list) else str(name), item) for name, item in inner)
        if not isinstance(value, dict | list):
            found[key] = value
    return found


def pause(before: Entry, entry: Entry) -> float:
    """Give the seconds that a client let pass between the end of one call and the next one.

    Where it advanced the project's clock instead of sleeping, that is what it meant; the rest is the machine's time.
    """
    advanced = entry.advanced - before.advanced
    return advanced if advanced > 0 else max(0.0, entry.began - (before.began if before.done is None else before.done))


def _on_its_clock(attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """Take for nothing what a busy machine added between attempts of a client that sleeps on the project's clock."""
    pairs = list(pairwise(attempts))
    slept = sum(attempt.entry.advanced > before.entry.advanced for before, attempt in pairs)
    if not slept or slept * 2 < len(pairs):
        return tuple(attempts)
    still = {id(attempt) for before, attempt in pairs if attempt.entry.advanced <= before.entry.advanced}
    return tuple(
        replace(attempt, wait=0.0) if id(attempt) in still and (attempt.wait or 0.0) < _BUSY else attempt
        for attempt in attempts
    )


class OpenOperation:
    """A logical operation while its attempts are being gathered."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.settled = inf
        """The number of the entry from which on the client knew what became of it."""
        self.heard = 0.0
        """Before which entry the client did not even know of what it had made."""
        self._bodies: set[bytes] = set()
        self._stems: set[str] = set()

    def unlikeness(self, entry: Entry, name: str) -> int:
        """Tell how far *entry* is from the attempts so far; 0: it is the same."""
        if entry.body in self._bodies:
            return 0
        return 1 if name == self.attempts[-1].name else 2

    def open_for(self, entry: Entry, name_stem: str) -> bool:
        """Tell whether the client may come back for it with *entry*, whose name has the stem *name_stem*."""
        last = self.attempts[-1]
        if last.outcome in ("ok", "open") or entry.number >= self.settled or _at_once(last.entry, entry):
            return False
        if entry.body in self._bodies:
            return True
        unheard = _UNHEARD_OF if entry.number < self.heard else 0.0
        return name_stem in self._stems and self._since(entry) <= max(self._patience, unheard)

    @property
    def _patience(self) -> float:
        last = self.attempts[-1]
        used_to = _USED_TO * (last.wait or 0.0) if last.judged else 0.0
        return max(BACK_FOR_MORE, used_to, BACK_FOR_MORE + (last.entry.retry_after or 0.0))

    def _since(self, entry: Entry) -> float:
        last = self.attempts[-1].entry
        return entry.began - (last.began if last.done is None else last.done)

    def add(self, entry: Entry, name: str, name_stem: str) -> None:
        """Count *entry* as one more attempt."""
        if self.attempts:
            before = self.attempts[-1]
            wait = pause(before.entry, entry)
            silent = _silent(before, entry, wait)
            renewed = before.outcome == "refused" and before.entry.status == 401 and not before.renewed
            late = self._since(entry) > self._patience
            moved = before.entry.operation != entry.operation
            self.attempts.append(Attempt(entry, outcome(entry), wait, silent, renewed, late, moved, name))
        else:
            self.attempts.append(Attempt(entry, outcome(entry), name=name))
        self._bodies.add(entry.body)
        self._stems.add(name_stem)


def _at_once(before: Entry, entry: Entry) -> bool:
    """Tell whether a call came before the one *before* it was over, on the machine's time."""
    if before.done is None:
        return True
    late = _BEHIND if before.ended == "aborted" else 0.0
    return (entry.began - entry.advanced) - (before.done - before.advanced) < -late


def _silent(last: Attempt, entry: Entry, wait: float) -> bool:
    """Tell whether an HTTP stack repeated the *last* attempt by itself, because its connection had died."""
    before = last.entry
    same = (before.method, before.path, before.body) == (entry.method, entry.path, entry.body)
    died = not before.sent and before.ended in ("FIN", "RST") and before.status is None
    if not (same and died and wait <= _STALE) or last.silent:
        return False
    stack = _stack(entry)
    return entry.method in stack.methods and (before.reused or stack.fresh)


class Known(NamedTuple):
    """From which entries on a client knew of a backup; infinity: from none."""

    settled: float = inf
    """What became of it."""
    heard: float = inf
    """That it is there."""


def group_attempts(
    entries: Iterable[Entry], known: Callable[[str, Outcome], Known], instances: Mapping[str, str]
) -> tuple[LogicalOperation, ...]:
    """Put each call to the logical operation that it is an attempt of.

    Args:
        entries: The calls, in order; none of the identity service.
        known: Tells, for the id of a backup and what became of the call that made it, when the client knew: what it
            asks for after the matter was settled is another wish.
        instances: By the id of an instance or of one of its nodes: the id of the instance.
    """
    by_key: dict[Hashable, list[OpenOperation]] = defaultdict(list)
    wishes: list[OpenOperation] = []
    for entry in entries:
        leaves = _leaves(entry)
        name = str(leaves.get("name") or "")
        name_stem = stem(name)
        waiting = by_key[_key(entry, leaves, instances)]
        fitting = [wish for wish in waiting if wish.open_for(entry, name_stem)]
        if fitting:
            wish = min(fitting, key=lambda wish: wish.unlikeness(entry, name))
        else:
            wish = OpenOperation()
            wishes.append(wish)
            waiting.append(wish)
        wish.add(entry, name, name_stem)
        if wish.attempts[-1].outcome == "ok" or (entry.method == "GET" and readable(entry)):
            waiting.remove(wish)
        made = entry.backup_ids if entry.operation.endswith(f".{CREATE}") else ()
        for told in (known(key, outcome(entry)) for key in made):
            wish.settled, wish.heard = min(wish.settled, told.settled), max(wish.heard, told.heard)
    return tuple(LogicalOperation(wish.attempts) for wish in wishes)


def named(operations: Collection[LogicalOperation], operation: str) -> list[LogicalOperation]:
    """Give those of one operation of the API, named with or without its family."""
    return [
        op
        for op in operations
        if any(operation in (a.entry.operation, a.entry.operation.rpartition(".")[2]) for a in op.attempts)
    ]
