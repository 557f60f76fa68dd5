"""Grouping: which calls are attempts of the same logical operation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mockrds.verdict.attempts import Attempt, is_readable, is_silent_repeat, outcome, pause, since_end
from mockrds.verdict.kinds import CREATE, operation_name
from mockrds.verdict.name_stems import name_stem
from mockrds.verdict.operations import LogicalOperation, body_values

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from mockrds.journal import Entry
    from mockrds.verdict.kinds import Outcome

_RETRY_WINDOW: Final = 900.0
"""How long, in seconds, a create under a new name still counts as a retry; longer after a long wait or Retry-After."""
_LOST_ANSWER_WINDOW: Final = 23 * 3600.0
"""How long, in seconds, a create under a new name still counts as a retry if the client never saw the answer to the
first; the job of the next day is no retry."""
_LONGER_THAN_LAST: Final = 4
"""How many times the last wait the next one may be."""
_HANG_UP_DELAY: Final = 0.05
"""How late, in seconds, the server may notice that a client hung up."""
_MACHINE_DELAY: Final = 1.0
"""How many seconds a busy machine may put between two attempts of a client that does not wait."""
_FREE_KEYS: Final = frozenset({"name", "description"})
"""The keys of a body that a client may make up for each attempt, and still want the same thing."""


class Knowledge(NamedTuple):
    """From which calls on, by number, a client knew of a backup; infinity: from none."""

    existence: float = inf
    """That it is there."""
    fate: float = inf
    """What became of it."""


class OpenOperation:
    """A logical operation that may get more attempts."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self._existence_known = 0.0
        """The number of the call from which on the client knew of all backups that it made."""
        self._fate_known = inf
        """The number of the call from which on the client knew what became of one of them."""
        self._bodies: set[bytes] = set()
        self._name_stems: set[str] = set()

    def accepts(self, entry: Entry, stem: str) -> bool:
        """Return whether *entry*, which asks for a name with this *stem*, may be its next attempt."""
        last = self.attempts[-1]
        if last.outcome in ("ok", "open") or entry.number >= self._fate_known or _overlap(last.entry, entry):
            return False
        if entry.body in self._bodies:
            return True
        window = self._retry_window
        if entry.number < self._existence_known:
            window = max(window, _LOST_ANSWER_WINDOW)
        return stem in self._name_stems and since_end(last.entry, entry) <= window

    def distance(self, entry: Entry, name: str) -> int:
        """Return how much *entry* differs from the attempts: 0 with the same body, 1 with the last name, or 2."""
        if entry.body in self._bodies:
            return 0
        return 1 if name == self.attempts[-1].name else 2

    def add(self, entry: Entry, name: str, stem: str) -> Attempt:
        """Add *entry* as one more attempt, and return that."""
        attempt = Attempt(entry, outcome(entry), name=name)
        if self.attempts:
            before = self.attempts[-1]
            wait = pause(before.entry, entry)
            attempt = replace(
                attempt,
                wait=wait,
                silent=is_silent_repeat(before, entry, wait),
                new_token=before.outcome == "refused" and before.entry.status == 401 and not before.new_token,
                came_back=since_end(before.entry, entry) > self._retry_window,
                other_api=before.entry.operation != entry.operation,
            )
        self.attempts.append(attempt)
        self._bodies.add(entry.body)
        self._name_stems.add(stem)
        return attempt

    def learn(self, knowledge: Knowledge) -> None:
        """Take into account when the client knew of a backup that an attempt made."""
        self._existence_known = max(self._existence_known, knowledge.existence)
        self._fate_known = min(self._fate_known, knowledge.fate)

    def close(self) -> LogicalOperation:
        """Return the operation with all its attempts."""
        return LogicalOperation(_ignore_machine_time(self.attempts))

    @property
    def _retry_window(self) -> float:
        last = self.attempts[-1]
        usual = _LONGER_THAN_LAST * (last.wait or 0.0) if last.is_backoff else 0.0
        return max(usual, _RETRY_WINDOW + (last.entry.retry_after or 0.0))


def group_attempts(
    entries: Iterable[Entry], knowledge: Callable[[str, Outcome], Knowledge], instances: Mapping[str, str]
) -> tuple[LogicalOperation, ...]:
    """Return the logical operations that calls are attempts of, in the order of their first attempts.

    Args:
        entries: The calls, in order; none of the identity service.
        knowledge: Returns, for the id of a backup and the outcome of the call that made it, when the client knew of
            it. What the client asks for once it knows what became of the backup is another operation.
        instances: By the id of an instance or of one of its nodes: the id of the instance.
    """
    operations: list[OpenOperation] = []
    open_by_key: dict[Hashable, list[OpenOperation]] = defaultdict(list)
    for entry in entries:
        values = body_values(entry)
        name = str(values.get("name") or "")
        stem = name_stem(name)
        candidates = open_by_key[_key(entry, values, instances)]
        accepting = [operation for operation in candidates if operation.accepts(entry, stem)]
        if accepting:
            operation = min(accepting, key=lambda operation: operation.distance(entry, name))
        else:
            operation = OpenOperation()
            operations.append(operation)
            candidates.append(operation)
        attempt = operation.add(entry, name, stem)
        if attempt.outcome == "ok" or (entry.method == "GET" and is_readable(entry)):
            candidates.remove(operation)
        if operation_name(entry) == CREATE:
            for backup_id in entry.backup_ids:
                operation.learn(knowledge(backup_id, attempt.outcome))
    return tuple(operation.close() for operation in operations)


def _key(entry: Entry, values: Mapping[str, Any], instances: Mapping[str, str]) -> Hashable:
    """Return what calls that want the same thing have in common: all but what a client may make up for each attempt.

    A backup may be asked for by either API: one names the instance, the other one its node.
    """
    fixed = frozenset((key, value) for key, value in values.items() if key not in _FREE_KEYS)
    place = values.get("instance") or values.get("instance_id")
    if place in instances and operation_name(entry) == CREATE:
        return CREATE, instances[str(place)], frozenset(pair for pair in fixed if pair[1] != place)
    path = entry.path if entry.method == "GET" else entry.path.partition("?")[0]
    return entry.operation, entry.method, path, fixed or entry.body


def _overlap(before: Entry, entry: Entry) -> bool:
    """Return whether a call came before the one *before* it was over, on the machine's time."""
    if before.done is None:
        return True
    tolerance = _HANG_UP_DELAY if before.ended == "aborted" else 0.0
    return (entry.began - entry.advanced) - (before.done - before.advanced) < -tolerance


def _ignore_machine_time(attempts: Sequence[Attempt]) -> Sequence[Attempt]:
    """Return the attempts of a client that sleeps by advancing the project's clock, without the machine's delays."""
    slept = {
        attempt.entry.number for before, attempt in pairwise(attempts) if attempt.entry.advanced > before.entry.advanced
    }
    if not slept or len(slept) * 2 < len(attempts) - 1:
        return attempts
    return [
        replace(attempt, wait=0.0)
        if attempt.wait is not None and attempt.wait < _MACHINE_DELAY and attempt.entry.number not in slept
        else attempt
        for attempt in attempts
    ]
