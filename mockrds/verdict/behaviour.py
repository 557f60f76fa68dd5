"""The account of a client: everything that the journal tells of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Any, Final

from mockrds.verdict import findings as judge
from mockrds.verdict.backoff import Backoff, classify
from mockrds.verdict.backup_history import BackupHistory, fates, seen_gone
from mockrds.verdict.operations import Attempt, Known, LogicalOperation, group_attempts, left_open, outcome
from mockrds.verdict.polling import Polling, pollings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mockrds.domain.models import Backup, Instance
    from mockrds.journal import Entry
    from mockrds.verdict.findings import Finding
    from mockrds.verdict.kinds import Outcome

_WORST: Final = ("none", "constant", "linear", "exponential", "jittered", "unseen")
_GOOD: Final = 400
_AT_ONCE: Final = 0.05
"""Seconds between requests whose connections may have been opened at the same time."""


@dataclass(frozen=True)
class Connections:
    """How a client uses connections."""

    opened: int
    """How many it opened."""
    requests: int
    """How many requests it sent."""
    reused: int
    """How many of them came over a connection that had been used before."""
    chances: int
    """How many of them might have, because an answer before had left a connection open."""

    @property
    def share(self) -> float:
        """The share of its chances that it took, from 0 to 1; 1 if there was none."""
        return min(1.0, self.reused / self.chances) if self.chances else 1.0

    def as_json(self) -> dict[str, int]:
        """Give the numbers as the control API shows them."""
        return {"opened": self.opened, "requests": self.requests, "reused": self.reused}


class ClientBehaviour:
    """What the journal tells of a client.

    It is a picture of the moment: ask the project for another one to see more. Only what the journal still keeps
    counts, the last thousand requests.

    Args:
        entries: The entries of the journal, oldest first.
        backups: The backups that there are.
        now: The time on the project's clock, in seconds since 1970.
        instances: The instances that there are: they tell which node belongs to which instance.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        backups: Collection[Backup] = (),
        now: float = 0.0,
        instances: Iterable[Instance] = (),
    ) -> None:
        # Copies: the server goes on to write to those that are under way.
        self.entries: tuple[Entry, ...] = tuple(map(copy, entries))
        """The calls that it judges by."""
        self.now = now
        """When it was made, in seconds since 1970 on the project's clock."""
        calls = [entry for entry in self.entries if not _signs_in(entry)]
        self.fates: dict[str, BackupHistory] = fates(calls, backups)
        """By id: the backups that the client made, and what it came to know of each."""
        there = (*instances, *(backup.instance for backup in backups))
        nodes = {part: one.id for one in there for part in (one.id, *(node.id for node in one.nodes))}
        self.operations: tuple[LogicalOperation, ...] = group_attempts(calls, self._known, nodes)
        """What the client wanted, each with the attempts that it took."""
        self.sign_ins: tuple[Entry, ...] = tuple(filter(_signs_in, self.entries))
        """The requests for tokens, which stand apart."""
        granted: dict[tuple[str, str, bytes], float] = {}
        for op in self.operations:
            if op.last.outcome == "ok":
                granted[_wish(op)] = max(granted.get(_wish(op), 0.0), op.last.entry.done or 0.0)
        for op in self.operations:
            if op.last.outcome != "ok":
                op.seen = any(self._seen(backup_id, op) for backup_id in op.backup_ids) or seen_gone(op, calls)
                # Asked for twice at once, it was granted by the other answer.
                op.seen = op.seen or granted.get(_wish(op), -inf) > op.first.began

    def _known(self, backup_id: str, got: Outcome) -> Known:
        """Tell from which calls on the client knew of a backup."""
        fate = self.fates[backup_id]
        numbers = [fate.seen_end_by, fate.deleted_by, fate.shown_by if got == "damaged" else None]
        settled = min((number for number in numbers if number is not None), default=inf)
        return Known(settled, min(settled, fate.shown_by or inf))

    def _seen(self, backup_id: str, op: LogicalOperation) -> bool:
        fate = self.fates[backup_id]
        return (fate.shown_by or fate.deleted_by or 0) > op.first.number

    @cached_property
    def retries(self) -> tuple[tuple[LogicalOperation, Attempt, Attempt], ...]:
        """Each repeated call, as the operation, the attempt before and the attempt."""
        return tuple((op, before, attempt) for op in self.operations for before, attempt in pairwise(op.attempts))

    @cached_property
    def backoff(self) -> Backoff:
        """How the client waits before it tries again, all operations together.

        Waits of the same operation in the same place are alike unless there is chance in them. Where operations of
        different kinds are treated differently, it is the worst: none, then constant, linear, exponential, jittered.
        """
        rows: dict[str, list[tuple[float | None, ...]]] = defaultdict(list)
        for op in self.operations:
            rows[op.operation].extend(row for row in op.rows if any(wait is not None for wait in row))
        found = [classify(*rows[operation]) for operation in sorted(rows) if rows[operation]]
        if all(backoff.kind == "unseen" for backoff in found):
            return classify(*(row for operation in sorted(rows) for row in rows[operation]))
        return min(found, key=lambda backoff: (_WORST.index(backoff.kind), -len(backoff.waits)))

    @cached_property
    def polling(self) -> tuple[Polling, ...]:
        """The client's waits for what it started, each by one question asked again and again."""
        return pollings(self.operations)

    @cached_property
    def duplicates(self) -> tuple[tuple[str, ...], ...]:
        """The backups that were made where one was wanted: ids, by logical operation."""
        return tuple(op.backup_ids for op in self.operations if len(op.backup_ids) > 1)

    @cached_property
    def orphans(self) -> tuple[str, ...]:
        """The ids of backups that the client made, never saw at their end, and never deleted."""
        return tuple(fate.id for fate in self.fates.values() if fate.orphaned)

    @cached_property
    def connections(self) -> Connections:
        """How the client uses connections."""
        reused = sum(entry.reused for entry in self.entries)
        opened = len(self.entries) - reused
        chances = 0
        left: dict[object, Entry] = {}
        for entry in self.entries:
            chances += entry.reused or any(_idle(last, entry) for last in left.values())
            connection = tuple(entry.connection[:2]) if entry.connection else entry.number
            left.pop(connection, None)
            if left_open(entry):
                left[connection] = entry
        return Connections(opened, len(self.entries), reused, chances)

    @cached_property
    def errors_met(self) -> Counter[str]:
        """How often the client was told each error code."""
        return Counter(entry.error for entry in self.entries if entry.error and outcome(entry) == "refused")

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the client does wrong or might do better, the worst first."""
        return judge.findings(self)

    def changed_between(self, begin: float, end: float, *, removed: bool = False) -> bool:
        """Tell whether the client changed something between two moments of its time; or *removed* something."""
        return any(
            entry.method != "GET"
            and not _signs_in(entry)
            and begin < entry.began < end
            and (entry.status is None or entry.status < _GOOD)
            and (not removed or "delete" in entry.operation)
            for entry in self.entries
        )

    def as_json(self) -> dict[str, Any]:
        """Give the account as the control API shows it."""
        return {
            "operations": [op.as_json() for op in self.operations],
            "backoff": self.backoff.as_json(),
            "polling": [polling.as_json() for polling in self.polling],
            "backups": [fate.as_json() for fate in self.fates.values()],
            "duplicates": [list(ids) for ids in self.duplicates],
            "orphans": list(self.orphans),
            "connections": self.connections.as_json(),
            "errors_met": dict(sorted(self.errors_met.items())),
            "findings": [finding.as_json() for finding in self.findings],
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self.operations)} operations, {len(self.findings)} findings>"


def _idle(last: Entry, entry: Entry) -> bool:
    """Tell whether the connection that *last* left open was there to take when that of *entry* was opened.

    When that was, nobody noted. Requests that came almost at once may have had their connections opened at once.
    """
    return last.done is not None and last.done <= entry.began and last.began + _AT_ONCE < entry.began


def _wish(op: LogicalOperation) -> tuple[str, str, bytes]:
    return op.operation, op.first.path, op.last.entry.body


def _signs_in(entry: Entry) -> bool:
    return entry.operation.startswith("iam.")
