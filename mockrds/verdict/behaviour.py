"""How a client behaved: everything that the journal shows of it, before anything is judged."""

from __future__ import annotations

from collections import Counter, defaultdict
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Final

from mockrds.verdict.attempts import FIRST_REFUSAL, Attempt, keeps_connection, outcome
from mockrds.verdict.backoff import Backoff, classify
from mockrds.verdict.backup_history import BackupHistory, follow_backups, was_seen_deleted
from mockrds.verdict.grouping import Knowledge, group_attempts
from mockrds.verdict.polling import Polling, find_pollings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mockrds.domain.models import Backup, Instance
    from mockrds.journal import Entry
    from mockrds.verdict.kinds import Outcome
    from mockrds.verdict.operations import LogicalOperation

_WORST_FIRST: Final = ("none", "constant", "linear", "exponential", "jittered", "unseen")
_SIMULTANEOUS: Final = 0.05
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
        """Return the numbers as the control API shows them."""
        return {"opened": self.opened, "requests": self.requests, "reused": self.reused}


class ClientBehaviour:
    """What the journal shows of a client.

    It does not change afterwards: ask the project for another one to see more. Only what the journal still keeps
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
        calls = [entry for entry in self.entries if not _is_sign_in(entry)]
        self.backup_histories: dict[str, BackupHistory] = follow_backups(calls, backups)
        """By id: the backups that the client made, and what it came to know of each."""
        known_instances = (*instances, *(backup.instance for backup in backups))
        instance_ids = {part: one.id for one in known_instances for part in (one.id, *(node.id for node in one.nodes))}
        self.operations: tuple[LogicalOperation, ...] = group_attempts(calls, self._knowledge, instance_ids)
        """What the client wanted, each with the attempts that it took."""
        self.sign_ins: tuple[Entry, ...] = tuple(filter(_is_sign_in, self.entries))
        """The requests for tokens, which stand apart."""
        self._confirm(calls)

    def _knowledge(self, backup_id: str, create_outcome: Outcome) -> Knowledge:
        """Return from which calls on the client knew of a backup."""
        history = self.backup_histories[backup_id]
        # The client may have made something of a damaged answer, so to have seen the backup since is enough.
        shown_by = history.shown_by if create_outcome == "damaged" else None
        fate = min(history.seen_end_by or inf, history.deleted_by or inf, shown_by or inf)
        return Knowledge(existence=min(fate, history.shown_by or inf), fate=fate)

    def _confirm(self, calls: Collection[Entry]) -> None:
        """Mark the operations whose own answers were no good, but of which another answer showed that they worked."""
        granted: dict[tuple[str, str, bytes], float] = {}
        for op in self.operations:
            if op.last.outcome == "ok":
                granted[_request(op)] = max(granted.get(_request(op), 0.0), op.last.entry.done or 0.0)
        for op in self.operations:
            if op.last.outcome != "ok":
                op.confirmed = (
                    any(self._was_shown(backup_id, op) for backup_id in op.backup_ids)
                    or was_seen_deleted(op, calls)
                    or granted.get(_request(op), -inf) > op.first.began  # the same was asked for twice at once
                )

    def _was_shown(self, backup_id: str, op: LogicalOperation) -> bool:
        history = self.backup_histories[backup_id]
        return (history.shown_by or history.deleted_by or 0) > op.first.number

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
        by_operation: dict[str, list[tuple[float | None, ...]]] = defaultdict(list)
        for op in sorted(self.operations, key=lambda op: op.operation):
            by_operation[op.operation].extend(waits for waits in op.wait_series if any(w is not None for w in waits))
        backoffs = [classify(*series) for series in by_operation.values() if series]
        if all(backoff.kind == "unseen" for backoff in backoffs):
            return classify(*(waits for series in by_operation.values() for waits in series))
        return min(backoffs, key=lambda backoff: (_WORST_FIRST.index(backoff.kind), -len(backoff.waits)))

    @cached_property
    def polling(self) -> tuple[Polling, ...]:
        """The client's waits for what it started, each by one question asked again and again."""
        return find_pollings(self.operations)

    @cached_property
    def duplicates(self) -> tuple[tuple[str, ...], ...]:
        """The backups that were made where one was wanted: ids, by logical operation."""
        return tuple(op.backup_ids for op in self.operations if len(op.backup_ids) > 1)

    @cached_property
    def orphans(self) -> tuple[str, ...]:
        """The ids of backups that the client made, never saw at their end, and never deleted."""
        return tuple(history.id for history in self.backup_histories.values() if history.orphaned)

    @cached_property
    def connections(self) -> Connections:
        """How the client uses connections."""
        reused = sum(entry.reused for entry in self.entries)
        opened = len(self.entries) - reused
        chances = 0
        last_calls: dict[object, Entry] = {}  # by connection that is open: its last call
        for entry in self.entries:
            chances += entry.reused or any(_was_idle(last, entry) for last in last_calls.values())
            connection = tuple(entry.connection[:2]) if entry.connection else entry.number
            last_calls.pop(connection, None)
            if keeps_connection(entry):
                last_calls[connection] = entry
        return Connections(opened, len(self.entries), reused, chances)

    @cached_property
    def errors_met(self) -> Counter[str]:
        """How often the client was answered with each error code."""
        return Counter(entry.error for entry in self.entries if entry.error and outcome(entry) == "refused")

    def changed_between(self, begin: float, end: float, *, removed: bool = False) -> bool:
        """Return whether the client changed something between two moments of its time; or *removed* something."""
        return any(
            entry.method != "GET"
            and not _is_sign_in(entry)
            and begin < entry.began < end
            and (entry.status is None or entry.status < FIRST_REFUSAL)
            and (not removed or "delete" in entry.operation)
            for entry in self.entries
        )


def _was_idle(last: Entry, entry: Entry) -> bool:
    """Return whether the connection of *last* was there to take when that of *entry* was opened.

    When that was, nobody noted. Requests that came almost at once may have had their connections opened at once.
    """
    return last.done is not None and last.done <= entry.began and last.began + _SIMULTANEOUS < entry.began


def _request(op: LogicalOperation) -> tuple[str, str, bytes]:
    return op.operation, op.first.path, op.last.entry.body


def _is_sign_in(entry: Entry) -> bool:
    return entry.operation.startswith("iam.")
