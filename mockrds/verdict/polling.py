"""Polling: the same question asked again and again, until what the client waits for is at its end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from mockrds.verdict.attempts import is_readable, pause
from mockrds.verdict.backoff import Backoff, classify, format_seconds
from mockrds.verdict.backup_history import FINAL_STATUSES, ids_in, is_cut, statuses, v1_id
from mockrds.verdict.kinds import CREATE, DELETES, LISTS, operation_name
from mockrds.verdict.operations import LogicalOperation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mockrds.journal import Entry

_RESOURCES: Final = dict.fromkeys(LISTS, "backup") | {
    "get_job": "job",
    "get_instance": "instance",
    "list_instances": "instance",
}
"""The kind of resource that a question is about, by the name of its operation."""
_UNDER_WAY: Final = frozenset({
    "building", "deleting", "running", "pending", "waiting", "build", "creating", "modifying", "rebooting", "resizing",
    "restoring", "backing up", "switchover", "migrating", "backup",
})  # fmt: skip
"""Statuses that pass by themselves, in lower case."""
_FILTERS: Final = ("id", "backup_id", "instance_id")
_JOB_FIELDS: Final = ("job_id", "jobId", "workflowId")
_JOBS: Final = re.compile(r'"jobs"\s*:\s*\[([^\]]*)')
_QUOTED: Final = re.compile(r'"([^"]{8,})"')
_LONG_PAUSE: Final = 60.0
"""A pause of more seconds than this, and longer than any before, starts a new polling session."""


@dataclass(frozen=True, repr=False)
class Polling:
    """One wait for something, by the same question."""

    operation: str
    """The operation that asks, such as ``v1.list_manual_backups``."""
    target: str
    """What is asked about: path and query after the project."""
    questions: tuple[LogicalOperation, ...]
    """The questions, each with its attempts."""
    after_end: int
    """How many of them came after an answer had shown the end of all that was waited for."""
    intervals: tuple[float, ...]
    """Seconds on the client's time from each answer to the next question."""

    @property
    def count(self) -> int:
        """How often it was asked."""
        return len(self.questions)

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
        return tuple(number for question in self.questions for number in question.numbers)

    def as_json(self) -> dict[str, Any]:
        """Return the polling as the control API shows it."""
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
        return f"{self.operation} {self.target}: {self.count} times, every {format_seconds(self.median)} (median){late}"

    def __repr__(self) -> str:
        return f"<{self}>"


@dataclass
class _Awaited:
    """Something that the client started, and has not seen at its end."""

    resource: str
    """``backup``, ``job`` or ``instance``."""
    id: str
    being_deleted: bool
    """Whether its end is that it is not shown any more."""
    related_ids: frozenset[str]
    """All ids that a question may filter by and still be about it."""

    def is_over(self, seen: Mapping[str, str], *, cut: bool) -> bool:
        """Return whether an answer with these statuses, perhaps *cut* off, shows its end."""
        status = seen.get(self.id)
        if self.being_deleted:
            return status is None and not cut
        if status in FINAL_STATUSES:
            return True
        return self.resource == "instance" and status is not None and status not in _UNDER_WAY


@dataclass
class _Session:
    questions: list[LogicalOperation] = field(default_factory=list)
    after_end: int = 0
    ended: bool = False
    """Whether the last answer showed the end of all that the client waited for."""

    def is_over(self, question: LogicalOperation) -> bool:
        """Return whether *question* comes so late that it is not about the same wait."""
        return self.ended and _interval(self.questions[-1], question) > max((_LONG_PAUSE, *self.intervals))

    @property
    def intervals(self) -> tuple[float, ...]:
        return tuple(_interval(before, after) for before, after in pairwise(self.questions))

    def close(self) -> Polling:
        first = self.questions[0]
        return Polling(first.operation, first.target, tuple(self.questions), self.after_end, self.intervals)


def find_pollings(operations: Sequence[LogicalOperation]) -> tuple[Polling, ...]:
    """Return the waits among *operations*."""
    awaited: list[_Awaited] = []
    sessions: dict[tuple[str, str], _Session] = {}
    done: list[_Session] = []
    retried = [(op.first.number, op.last.entry.number) for op in operations if op.retries > 0 and not _is_question(op)]
    # A question counts when it was answered, anything else when it arrived: that is when something began.
    for op in sorted(operations, key=lambda op: op.last.entry.number if _is_question(op) else op.first.number):
        if not _is_question(op):
            started = _started(op)
            awaited.extend(started)
            resources = {each.resource for each in started}
            for place, session in list(sessions.items()):
                if session.ended and _resource(session.questions[0].first) in resources:
                    done.append(sessions.pop(place))
            continue
        place = op.operation, op.first.path
        resource, filters = _resource(op.first), _filters(op.first)
        about = [each for each in awaited if each.resource == resource and filters <= each.related_ids]
        seen = _seen_statuses(op)
        unfinished = seen is not None and not _UNDER_WAY.isdisjoint(seen.values())
        if place in sessions and sessions[place].is_over(op):
            done.append(sessions.pop(place))
        if place not in sessions and not about and not unfinished:
            continue  # it waits for nothing
        session = sessions.setdefault(place, _Session())
        session.questions.append(op)
        # Between two attempts to start something else the client looks whether that is there.
        session.after_end += session.ended and not any(a < op.first.number < b for a, b in retried)
        if seen is None:
            continue
        over = [each for each in about if each.is_over(seen, cut=is_cut(op.last.entry))]
        awaited = [each for each in awaited if each not in over]
        session.ended = len(over) == len(about) and not unfinished
    waits = [session for session in (*done, *sessions.values()) if len(session.questions) > 1]
    return tuple(session.close() for session in sorted(waits, key=lambda session: session.questions[0].first.number))


def _interval(before: LogicalOperation, after: LogicalOperation) -> float:
    """Return the seconds from the answer to one question until the next one."""
    return pause(before.last.entry, after.first)


def _is_question(op: LogicalOperation) -> bool:
    return op.first.method == "GET" and operation_name(op.first) in _RESOURCES


def _resource(question: Entry) -> str:
    return _RESOURCES[operation_name(question)]


def _filters(question: Entry) -> frozenset[str]:
    """Return the ids that a question is restricted to."""
    url = urlsplit(question.path)
    ids = {v1_id(value) for name, value in parse_qsl(url.query) if name in _FILTERS}
    if operation_name(question) == "get_instance":
        ids.add(url.path.rpartition("/")[2])
    return frozenset(ids)


def _seen_statuses(question: LogicalOperation) -> dict[str, str] | None:
    """Return the statuses that the answer shows, without what is not there; None if the client learnt nothing."""
    entry = question.last.entry
    if is_readable(entry):
        return statuses(entry)
    return {} if question.last.outcome == "refused" and entry.status == 404 else None


def _started(op: LogicalOperation) -> list[_Awaited]:
    """Return what a call that changes something started, as far as the server did it."""
    return [
        awaited
        for attempt in op.attempts
        if attempt.entry.method != "GET" and (attempt.entry.backup_ids or attempt.outcome in ("ok", "damaged"))
        for awaited in _started_by(attempt.entry)
    ]


def _started_by(entry: Entry) -> Iterator[_Awaited]:
    operation = operation_name(entry)
    answer = entry.response.decode("utf-8", "replace")
    being_deleted = operation in (*DELETES, "delete_instance")
    if operation in (CREATE, *DELETES):
        body = entry.body.decode("utf-8", "replace")
        instances = ids_in(body, ("instance_id", "instance")) | ids_in(answer, ("instance_id",))
        for backup_id in entry.backup_ids:
            yield _Awaited("backup", backup_id, being_deleted, frozenset({backup_id, *instances}))
        return
    parts = urlsplit(entry.path).path.split("/")
    place = parts.index("instances") + 1 if "instances" in parts else 0
    if 0 < place < len(parts) and (being_deleted or parts[place + 1 :] in (["action"], [])):
        yield _Awaited("instance", parts[place], being_deleted, frozenset({parts[place]}))
    elif operation in ("create_instance", "restore_to_new_instance"):
        for instance_id in ids_in(answer, ("id",)) & set(statuses(entry)):
            yield _Awaited("instance", instance_id, being_deleted=False, related_ids=frozenset({instance_id}))
    jobs = ids_in(answer, _JOB_FIELDS)
    for listed in _JOBS.findall(answer):
        jobs |= set(_QUOTED.findall(listed))
    for job in jobs:
        yield _Awaited("job", job, being_deleted=False, related_ids=frozenset({job}))
