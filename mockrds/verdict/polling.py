"""Polling: the same question asked again and again, until what the client waits for is at its end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from mockrds.verdict.backoff import Backoff, classify, seconds
from mockrds.verdict.backup_history import DELETES, ENDS, LISTS, ids_in, is_cut, key, name_of, statuses
from mockrds.verdict.operations import CREATE, LogicalOperation, pause, readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mockrds.journal import Entry

_KINDS: Final = dict.fromkeys(LISTS, "backup") | {
    "get_job": "job",
    "get_instance": "instance",
    "list_instances": "instance",
}
"""What a client waits for with a question."""
_UNDER_WAY: Final = frozenset({
    "building", "deleting", "running", "pending", "waiting", "build", "creating", "modifying", "rebooting", "resizing",
    "restoring", "backing up", "switchover", "migrating", "backup",
})  # fmt: skip
"""Statuses that pass by themselves, in lower case."""
_FILTERS: Final = ("id", "backup_id", "instance_id")
_JOB_FIELDS: Final = ("job_id", "jobId", "workflowId")
_JOBS: Final = re.compile(r'"jobs"\s*:\s*\[([^\]]*)')
_QUOTED: Final = re.compile(r'"([^"]{8,})"')
_GOOD: Final = 400
_LATER: Final = 60.0
"""After more seconds than this, and than ever between two looks before, a look is another matter."""


@dataclass(frozen=True, repr=False)
class Polling:
    """One wait for something, by the same question."""

    operation: str
    """The operation that asks, such as ``v1.list_manual_backups``."""
    target: str
    """What is asked about: path and query after the project."""
    asked: tuple[LogicalOperation, ...]
    """The questions, each with its attempts."""
    after_end: int
    """How many of them came after an answer had shown the end of all that was waited for."""
    intervals: tuple[float, ...]
    """Seconds on the client's time from each answer to the next question."""

    @property
    def count(self) -> int:
        """How often it was asked."""
        return len(self.asked)

    @property
    def shortest(self) -> float | None:
        """The shortest interval, in seconds; None if there was only one question."""
        return min(self.intervals, default=None)

    @property
    def median(self) -> float | None:
        """The median of the intervals, in seconds."""
        return median(self.intervals) if self.intervals else None

    @property
    def longest(self) -> float | None:
        """The longest interval, in seconds."""
        return max(self.intervals, default=None)

    @property
    def backoff(self) -> Backoff:
        """How the intervals grow."""
        return classify(self.intervals)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its entries."""
        return tuple(number for asked in self.asked for number in asked.numbers)

    def as_json(self) -> dict[str, Any]:
        """Give the polling as the control API shows it."""
        intervals = {name: getattr(self, name) for name in ("shortest", "median", "longest")}
        return {
            "operation": self.operation,
            "target": self.target,
            "count": self.count,
            **{name: None if value is None else round(value, 6) for name, value in intervals.items()},
            "after_end": self.after_end,
            "backoff": self.backoff.as_json(),
        }

    def __str__(self) -> str:
        late = f", {self.after_end} times after the end" if self.after_end else ""
        return f"{self.operation} {self.target}: {self.count} times, every {seconds(self.median)} (median){late}"

    def __repr__(self) -> str:
        return f"<{self}>"


@dataclass
class _Thing:
    """Something that the client started, and has not seen at its end."""

    kind: str
    id: str
    going: bool
    """Whether it is on its way out: its end is that it is not shown any more."""
    names: frozenset[str]
    """All ids that a question may filter by and still be about it."""


@dataclass
class _Session:
    asked: list[LogicalOperation] = field(default_factory=list)
    after_end: int = 0
    ended: bool = False


def pollings(operations: Sequence[LogicalOperation]) -> tuple[Polling, ...]:
    """Find the waits among *operations*."""
    things: list[_Thing] = []
    sessions: dict[tuple[str, str], _Session] = {}
    done: list[tuple[tuple[str, str], _Session]] = []
    trying = [(op.first.number, op.last.entry.number) for op in operations if op.retries > 0 and not _asks(op)]
    # A question counts when it was answered, anything else when it arrived: that is when something began.
    for op in sorted(operations, key=lambda op: op.attempts[-1].entry.number if _asks(op) else op.first.number):
        if not _asks(op):
            begun = _begun(op)
            things.extend(begun)
            for place, session in list(sessions.items()):
                if session.ended and any(thing.kind == _KINDS[place[0].rpartition(".")[2]] for thing in begun):
                    done.append((place, sessions.pop(place)))
            continue
        place = op.operation, op.first.path
        kind, wanted = _KINDS[name_of(op.first)], _filters(op.first)
        mine = [thing for thing in things if thing.kind == kind and wanted <= thing.names]
        shown = _shown(op)
        unfinished = shown is not None and any(status in _UNDER_WAY for status in shown.values())
        session = sessions.get(place) or _Session()
        if session.ended and _pause(session.asked[-1], op) > max((_LATER, *_intervals(session.asked))):
            done.append((place, sessions.pop(place)))
            session = _Session()
        if place not in sessions and not mine and not unfinished:
            continue  # a mere look
        sessions[place] = session
        session.asked.append(op)
        # Between two tries to begin something else it is a look whether that is there.
        session.after_end += session.ended and not any(a < op.first.number < b for a, b in trying)
        if shown is None:
            continue
        over = [thing for thing in mine if _is_over(thing, shown, cut=is_cut(op.last.entry))]
        things = [thing for thing in things if thing not in over]
        session.ended = len(over) == len(mine) and not unfinished
    done.extend(sessions.items())
    return tuple(
        Polling(place[0], session.asked[0].target, tuple(session.asked), session.after_end, _intervals(session.asked))
        for place, session in sorted(done, key=lambda pair: pair[1].asked[0].first.number)
        if len(session.asked) > 1
    )


def _asks(op: LogicalOperation) -> bool:
    return op.first.method == "GET" and name_of(op.first) in _KINDS


def _filters(entry: Entry) -> frozenset[str]:
    """Give the ids that a question is restricted to."""
    url = urlsplit(entry.path)
    given = {key(value) for name, value in parse_qsl(url.query) if name in _FILTERS}
    if name_of(entry) == "get_instance":
        given.add(url.path.rpartition("/")[2])
    return frozenset(given)


def _shown(op: LogicalOperation) -> dict[str, str] | None:
    """Give the statuses that the answer to a question shows, none of what is not there; None if it tells nothing."""
    entry = op.last.entry
    if readable(entry):
        return statuses(entry)
    return {} if op.last.outcome == "refused" and entry.status == 404 else None


def _is_over(thing: _Thing, shown: Mapping[str, str], *, cut: bool) -> bool:
    status = shown.get(thing.id)
    if thing.going:
        return status is None and not cut
    return status in ENDS or (thing.kind == "instance" and status is not None and status not in _UNDER_WAY)


def _begun(op: LogicalOperation) -> list[_Thing]:
    """Tell what a call that changes something began, as far as the server did it."""
    found: list[_Thing] = []
    for attempt in op.attempts:
        entry = attempt.entry
        if entry.method == "GET":
            continue
        committed = bool(entry.backup_ids) or (attempt.outcome in ("ok", "damaged") and (entry.status or 0) < _GOOD)
        if committed:
            found.extend(_things(entry))
    return found


def _things(entry: Entry) -> Iterable[_Thing]:
    operation = name_of(entry)
    answer = entry.response.decode("utf-8", "replace")
    asked = entry.body.decode("utf-8", "replace")
    instances = ids_in(asked, ("instance_id", "instance")) | ids_in(answer, ("instance_id",))
    going = operation in (*DELETES, "delete_instance")
    if operation in (CREATE, *DELETES):
        for backup_id in entry.backup_ids:
            yield _Thing("backup", backup_id, going, frozenset({backup_id, *instances}))
        return
    parts = urlsplit(entry.path).path.split("/")
    place = parts.index("instances") + 1 if "instances" in parts else 0
    if 0 < place < len(parts) and (going or parts[place + 1 :] in (["action"], [])):
        yield _Thing("instance", parts[place], going, frozenset({parts[place]}))
    elif operation in ("create_instance", "restore_to_new_instance"):
        for instance_id in ids_in(answer, ("id",)) & set(statuses(entry)):
            yield _Thing("instance", instance_id, going=False, names=frozenset({instance_id}))
    jobs = ids_in(answer, _JOB_FIELDS)
    for listed in _JOBS.findall(answer):
        jobs |= set(_QUOTED.findall(listed))
    for job in jobs:
        yield _Thing("job", job, going=False, names=frozenset({job}))


def _intervals(asked: Sequence[LogicalOperation]) -> tuple[float, ...]:
    return tuple(_pause(before, after) for before, after in pairwise(asked))


def _pause(before: LogicalOperation, after: LogicalOperation) -> float:
    """Give the seconds from the answer to one question until the next one."""
    return pause(before.last.entry, after.first)
