"""What a client does wrong, or might do better: each kind of finding has a function here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from mockrds.verdict.attempts import outcome
from mockrds.verdict.backoff import format_seconds
from mockrds.verdict.kinds import SEVERITIES, FindingKind, Severity
from mockrds.verdict.retry_advice import NOT_YET, advice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mockrds.verdict.attempts import Attempt
    from mockrds.verdict.backup_history import BackupHistory
    from mockrds.verdict.behaviour import ClientBehaviour
    from mockrds.verdict.operations import LogicalOperation

    Finder = Callable[[ClientBehaviour], Iterator["Finding"]]

MIN_ATTEMPTS: Final = 3
"""How often a client should try what may pass before it gives up."""
_LOOKS_AFTER_END: Final = 2
"""How many looks after the end are no offence: one to be sure, one to list what there is."""
_FAST: Final = 0.5
"""Seconds between two polls below which it is too fast."""
_MANY: Final = 10
"""How many polls or retries it takes to call them too many."""
_SETTLING_TIME: Final = 600.0
"""Seconds on the client's time in which a thing just made may not be known everywhere."""
_CHANCES: Final = 4
"""How many times a client must have had an open connection to take, and never taken it."""
_STORM: Final = 1.0
"""Seconds between many retries below which they are a storm."""
_EARLY: Final = 0.02
_EARLY_SHARE: Final = 0.01
"""How much too early a retry may come, in seconds and as a share of what Retry-After asked for, because clocks tick."""
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404


@dataclass(frozen=True, repr=False)
class Finding:
    """One thing that a client does wrong, or might do better."""

    kind: FindingKind
    severity: Severity
    """``error``: it breaks something; ``warning``: it will, on a bad day; ``note``: good to know."""
    message: str
    """What it is, in one line."""
    entries: tuple[int, ...]
    """The numbers of the journal's entries that it is about."""

    def as_json(self) -> dict[str, Any]:
        """Return the finding as the control API shows it."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "message": self.message,
            "entries": list(self.entries),
        }

    def __str__(self) -> str:
        return f"{self.severity}: {self.kind}: {self.message}"

    def __repr__(self) -> str:
        return f"<Finding {self}>"


_FINDERS: Final[list[Finder]] = []


def _finder(find: Finder) -> Finder:
    """Let a function find one kind of finding."""
    _FINDERS.append(find)
    return find


def find_all(behaviour: ClientBehaviour) -> tuple[Finding, ...]:
    """Return all findings, the worst first."""
    findings = [finding for find in _FINDERS for finding in find(behaviour)]
    return tuple(sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), finding.entries)))


@_finder
def _duplicates(behaviour: ClientBehaviour) -> Iterator[Finding]:
    for op in behaviour.operations:
        if len(op.backup_ids) > 1:
            text = f"{op.operation} {op.target} made {len(op.backup_ids)} backups in {len(op.attempts)} attempts"
            text += f"{op.names_clause}: {', '.join(op.backup_ids)}"
            yield Finding("duplicate-backups", "error", text, op.numbers)


@_finder
def _orphans(behaviour: ClientBehaviour) -> Iterator[Finding]:
    for history in behaviour.backup_histories.values():
        if not history.orphaned:
            continue
        severity: Severity
        text = f"backup {history.id} ({history.name}) was"
        if history.shown_by is None:
            severity = "error"
            text += f" made, but {why_unnoticed(behaviour, history)}, and can neither wait for it nor delete it"
        elif history.looks >= _MANY:  # it waited, and may well have told somebody
            severity = "note"
            text += f" never seen at its end and never deleted, though the client looked {history.looks} times"
        else:
            severity = "warning"
            text += " never seen at its end and never deleted, though the client was told its id"
        yield Finding("orphaned-backup", severity, text, (history.made_by,))


def why_unnoticed(behaviour: ClientBehaviour, history: BackupHistory) -> str:
    """Return why the client does not know of a backup that it made, as a part of a sentence."""
    entry = next(entry for entry in behaviour.entries if entry.number == history.made_by)
    result = outcome(entry)
    if result == "open":
        return f"call {entry.number} has no answer yet: the client has not heard of it"
    was = {"lost": "lost", "damaged": "damaged", "refused": f"a refusal, {entry.status}", "ok": "without its id"}
    return f"the answer to call {entry.number} was {was[result]}: the client never heard of it"


def ignored_retry_after(before: Attempt, attempt: Attempt) -> bool:
    """Return whether *attempt* came sooner than the answer to *before* asked for."""
    demand = before.entry.retry_after
    if demand is None or attempt.wait is None or attempt.silent or attempt.new_token or attempt.other_api:
        return False
    return attempt.wait < demand * (1 - _EARLY_SHARE) - _EARLY


@_finder
def _retry_after(behaviour: ClientBehaviour) -> Iterator[Finding]:
    for op in behaviour.operations:
        early = [pair for pair in pairwise(op.attempts) if ignored_retry_after(*pair)]
        if early:
            before, attempt = early[0]
            text = f"{op.operation} {op.target} was told Retry-After {before.entry.retry_after:g}, and waited"
            text += f" {format_seconds(attempt.wait)}{_how_often(early)}"
            yield Finding("retry-after-ignored", "error", text, _numbers(early))


def _numbers(pairs: Iterable[tuple[Attempt, Attempt]]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(attempt.entry.number for pair in pairs for attempt in pair))


def _how_often(pairs: Sequence[object]) -> str:
    return f"; {len(pairs)} times" if len(pairs) > 1 else ""


def why_futile(behaviour: ClientBehaviour, before: Attempt, attempt: Attempt) -> str:
    """Return why there was no use in repeating *before*; empty if there was, or might have been."""
    if before.outcome != "refused" or attempt.starts_over:
        return ""
    refusal, entry = before.entry, attempt.entry
    to_do = advice(refusal.status or 0, refusal.error)
    if to_do.kind == "new-token":
        return to_do.reason if before.new_token and refusal.status == _UNAUTHORIZED else ""
    if not to_do.permanent:
        return ""
    if to_do.kind == "other" and refusal.body != entry.body:
        return ""
    missing = refusal.status == _NOT_FOUND or refusal.error in NOT_YET
    if refusal.method == "GET" and missing and behaviour.changed_between(refusal.began - _SETTLING_TIME, refusal.began):
        return ""  # it may not be known everywhere yet
    if behaviour.changed_between(refusal.began, entry.began, removed=to_do.kind == "room"):
        return ""  # something else happened first
    return to_do.reason


@_finder
def _permanent_errors(behaviour: ClientBehaviour) -> Iterator[Finding]:
    for op in behaviour.operations:
        repeated = [pair for pair in pairwise(op.attempts) if why_futile(behaviour, *pair)]
        if repeated:
            entry = repeated[0][0].entry
            text = f"{op.operation} {op.target} was tried again after {entry.status} {entry.error or ''}".rstrip()
            text += f"{_how_often(repeated)}. {why_futile(behaviour, *repeated[0])}"
            yield Finding("retried-permanent-error", "error", text, _numbers(repeated))


def gave_up_early(op: LogicalOperation, min_attempts: int = MIN_ATTEMPTS) -> bool:
    """Return whether the client gave up after fewer than *min_attempts* attempts."""
    return op.gave_up and op.retries + 1 < min_attempts


@_finder
def _gave_up(behaviour: ClientBehaviour) -> Iterator[Finding]:
    for op in behaviour.operations:
        if gave_up_early(op):
            after = f"after {op.retries + 1} attempt{'s' if op.retries else ''}"
            result = op.last.entry.status or "no answer"
            text = f"{op.operation} {op.target} was given up {after}; the last one got {result}, which may pass"
            yield Finding("gave-up", "warning", text, op.numbers)


@_finder
def _changed_bodies(behaviour: ClientBehaviour) -> Iterator[Finding]:
    for op in behaviour.operations:
        if op.body_changed:
            text = f"{op.operation} {op.target} was tried again with another body{op.names_clause}"
            text += ": the service can't tell it is the same"
            yield Finding("body-changed", "warning", text, op.numbers)


@_finder
def _no_backoff(behaviour: ClientBehaviour) -> Iterator[Finding]:
    for op in behaviour.operations:
        if op.backoff.kind == "none":
            text = f"{op.operation} {op.target} was tried {op.retries + 1} times without a pause"
            yield Finding("no-backoff", "warning", text, op.numbers)
        elif _is_storm(op):
            text = f"{op.operation} {op.target} is tried again every {format_seconds(median(op.waits))}"
            yield Finding("no-backoff", "warning", f"{text}, {op.retries + 1} times in all", op.numbers)


def _is_storm(op: LogicalOperation) -> bool:
    """Return whether the client tries again and again after short waits that do not grow."""
    backoff = op.backoff
    steady = backoff.kind == "constant" or (backoff.kind == "jittered" and backoff.factor is None)
    return steady and op.retries >= _MANY and median(backoff.waits) < _STORM


@_finder
def _polls_after_end(behaviour: ClientBehaviour) -> Iterator[Finding]:
    for polling in behaviour.polling:
        late = polling.after_end
        if late > _LOOKS_AFTER_END:
            text = f"{polling.operation} {polling.target} was asked {late} times more after the end was shown"
            numbers = tuple(number for question in polling.questions[-late:] for number in question.numbers)
            yield Finding("polled-after-end", "warning", text, numbers)


@_finder
def _fast_polls(behaviour: ClientBehaviour) -> Iterator[Finding]:
    for polling in behaviour.polling:
        if polling.count >= _MANY and polling.median is not None and polling.median < _FAST:
            every = f"{polling.count} times, every {format_seconds(polling.median)}"
            text = f"{polling.operation} {polling.target} was asked {every}"
            yield Finding("polled-too-fast", "note", text, polling.numbers)


@_finder
def _connections(behaviour: ClientBehaviour) -> Iterator[Finding]:
    connections = behaviour.connections
    if connections.chances >= _CHANCES and not connections.reused:
        text = f"{connections.requests} requests came over {connections.opened} connections: none was used again"
        yield Finding("connection-per-request", "note", text, ())


@_finder
def _silent_retries(behaviour: ClientBehaviour) -> Iterator[Finding]:
    numbers: dict[str, list[int]] = {}
    for _, _, attempt in behaviour.retries:
        if attempt.silent:
            numbers.setdefault(attempt.http_stack, []).append(attempt.entry.number)
    for http_stack, repeats in numbers.items():
        times = "once" if len(repeats) == 1 else f"{len(repeats)} times"
        text = f"{http_stack} repeated a request by itself, {times}, because a connection had died"
        yield Finding("silent-retry", "note", text, tuple(repeats))
