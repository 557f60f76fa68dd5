"""What a client does wrong, or might do better: each kind of finding has a function here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from mockrds.verdict.backoff import seconds
from mockrds.verdict.kinds import SEVERITIES, FindingKind, Severity
from mockrds.verdict.operations import outcome
from mockrds.verdict.retry_advice import NOT_YET, advice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mockrds.verdict.backup_history import BackupHistory
    from mockrds.verdict.behaviour import ClientBehaviour
    from mockrds.verdict.operations import Attempt, LogicalOperation
    from mockrds.verdict.polling import Polling

TRIES: Final = 3
"""How often a client should try what may pass before it gives up."""
LOOKS: Final = 2
"""How many looks after the end are no offence: one to be sure, one to list what there is."""
FAST: Final = 0.5
"""Seconds between two polls below which it is too fast."""
OFTEN: Final = 10
"""How many polls it takes to say so."""
_SETTLES: Final = 600.0
"""Seconds on the client's time in which a thing just made may not be known everywhere."""
_CHANCES: Final = 4
"""How many times a client must have had an open connection to take, and never taken it."""
_SOON: Final = 1.0
"""Seconds between many tries below which they are a storm."""
_EARLY: Final = 0.02
_SHARE: Final = 0.01
_UNAUTHORIZED: Final = 401


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
        """Give the finding as the control API shows it."""
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


def findings(account: ClientBehaviour) -> tuple[Finding, ...]:
    """Find all that there is to say, the worst first."""
    found = [finding for find in _ALL for finding in find(account)]
    return tuple(sorted(found, key=lambda finding: (SEVERITIES.index(finding.severity), finding.entries)))


def _duplicates(account: ClientBehaviour) -> Iterator[Finding]:
    for op in account.operations:
        if len(op.backup_ids) > 1:
            text = f"{op.operation} {op.target} made {len(op.backup_ids)} backups in {len(op.attempts)} attempts"
            text += op.as_names
            yield Finding("duplicate-backups", "error", f"{text}: {', '.join(op.backup_ids)}", op.numbers)


def _orphans(account: ClientBehaviour) -> Iterator[Finding]:
    for fate in account.fates.values():
        if not fate.orphaned:
            continue
        text = f"backup {fate.id} ({fate.name}) was never seen at its end and never deleted"
        if fate.shown_by is None:
            text = f"backup {fate.id} ({fate.name}) was made, but {unheard(account, fate)}"
            text += ", and can neither wait for it nor delete it"
            yield Finding("orphaned-backup", "error", text, (fate.made_by,))
        elif fate.looks >= OFTEN:  # it waited, and may well have told somebody
            text += f", though the client looked {fate.looks} times"
            yield Finding("orphaned-backup", "note", text, (fate.made_by,))
        else:
            text += ", though the client was told its id"
            yield Finding("orphaned-backup", "warning", text, (fate.made_by,))


def unheard(account: ClientBehaviour, fate: BackupHistory) -> str:
    """Tell why the client never heard of a backup that it made."""
    entry = next(entry for entry in account.entries if entry.number == fate.made_by)
    came = {"lost": "lost", "damaged": "damaged", "refused": f"a refusal, {entry.status}", "ok": "without its id"}
    got = outcome(entry)
    if got == "open":
        return f"call {entry.number} has no answer yet: the client has not heard of it"
    return f"the answer to call {entry.number} was {came[got]}: the client never heard of it"


def early(before: Attempt, attempt: Attempt) -> bool:
    """Tell whether *attempt* came sooner than the answer to *before* asked for."""
    asked = before.entry.retry_after
    if asked is None or attempt.wait is None or attempt.silent or attempt.renewed or attempt.moved:
        return False
    return attempt.wait < asked * (1 - _SHARE) - _EARLY


def _retry_after(account: ClientBehaviour) -> Iterator[Finding]:
    for op in account.operations:
        hasty = [pair for pair in pairwise(op.attempts) if early(*pair)]
        if hasty:
            before, attempt = hasty[0]
            text = f"{op.operation} {op.target} was told Retry-After {before.entry.retry_after:g}, and waited"
            text += f" {seconds(attempt.wait)}{_and_so(hasty)}"
            yield Finding("retry-after-ignored", "error", text, _numbers(hasty))


def _numbers(pairs: Iterable[tuple[Attempt, Attempt]]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(attempt.entry.number for pair in pairs for attempt in pair))


def _and_so(pairs: Sequence[object]) -> str:
    return f"; {len(pairs)} times" if len(pairs) > 1 else ""


def futile(account: ClientBehaviour, before: Attempt, attempt: Attempt) -> str:
    """Tell why there was no use in repeating *before*; empty if there was, or might have been."""
    if before.outcome != "refused" or attempt.anew:
        return ""
    refused, entry = before.entry, attempt.entry
    told = advice(refused.status or 0, refused.error)
    if told.kind == "new-token":
        return told.reason if before.renewed and refused.status == _UNAUTHORIZED else ""
    if not told.permanent:
        return ""
    if told.kind == "other" and refused.body != entry.body:
        return ""
    missing = refused.status == 404 or refused.error in NOT_YET
    if refused.method == "GET" and missing and account.changed_between(refused.began - _SETTLES, refused.began):
        return ""  # it may not be known everywhere yet
    if account.changed_between(refused.began, entry.began, removed=told.kind == "room"):
        return ""  # something else happened first
    return told.reason


def _permanent(account: ClientBehaviour) -> Iterator[Finding]:
    for op in account.operations:
        repeated = [pair for pair in pairwise(op.attempts) if futile(account, *pair)]
        if repeated:
            entry = repeated[0][0].entry
            text = f"{op.operation} {op.target} was tried again after {entry.status} {entry.error or ''}".rstrip()
            text += f"{_and_so(repeated)}. {futile(account, *repeated[0])}"
            yield Finding("retried-permanent-error", "error", text, _numbers(repeated))


def gave_up_early(op: LogicalOperation, tries: int = TRIES) -> bool:
    """Tell whether the client gave up after fewer than *tries* attempts."""
    return op.gave_up and op.retries + 1 < tries


def _gave_up(account: ClientBehaviour) -> Iterator[Finding]:
    for op in account.operations:
        if gave_up_early(op):
            after = f"after {op.retries + 1} attempt{'s' if op.retries else ''}"
            got = op.last.entry.status or "no answer"
            text = f"{op.operation} {op.target} was given up {after}; the last one got {got}, which may pass"
            yield Finding("gave-up", "warning", text, op.numbers)


def _body(account: ClientBehaviour) -> Iterator[Finding]:
    for op in account.operations:
        if op.body_changed:
            text = f"{op.operation} {op.target} was tried again with another body{op.as_names}"
            text += ": the service can't tell it is the same"
            yield Finding("body-changed", "warning", text, op.numbers)


def _no_backoff(account: ClientBehaviour) -> Iterator[Finding]:
    for op in account.operations:
        if op.backoff.kind == "none":
            text = f"{op.operation} {op.target} was tried {op.retries + 1} times without a pause"
            yield Finding("no-backoff", "warning", text, op.numbers)
        elif _storms(op):
            text = f"{op.operation} {op.target} is tried again every {seconds(median(op.waits))}"
            yield Finding("no-backoff", "warning", f"{text}, {op.retries + 1} times in all", op.numbers)


def _storms(op: LogicalOperation) -> bool:
    """Tell whether the client tries again and again after short waits that do not grow."""
    backoff = op.backoff
    steady = backoff.kind == "constant" or (backoff.kind == "jittered" and backoff.factor is None)
    return steady and op.retries >= OFTEN and median(backoff.waits) < _SOON


def _after_end(account: ClientBehaviour) -> Iterator[Finding]:
    for polling in account.polling:
        if polling.after_end > LOOKS:
            text = (
                f"{polling.operation} {polling.target} was asked {polling.after_end} times more after the end was shown"
            )
            yield Finding("polled-after-end", "warning", text, _late(polling))


def _late(polling: Polling) -> tuple[int, ...]:
    return tuple(number for op in polling.asked[-polling.after_end :] for number in op.numbers)


def _too_fast(account: ClientBehaviour) -> Iterator[Finding]:
    for polling in account.polling:
        if polling.count >= OFTEN and polling.median is not None and polling.median < FAST:
            every = f"{polling.count} times, every {seconds(polling.median)}"
            text = f"{polling.operation} {polling.target} was asked {every}"
            yield Finding("polled-too-fast", "note", text, polling.numbers)


def _connections(account: ClientBehaviour) -> Iterator[Finding]:
    connections = account.connections
    if connections.chances >= _CHANCES and not connections.reused:
        text = f"{connections.requests} requests came over {connections.opened} connections: none was used again"
        yield Finding("connection-per-request", "note", text, ())


def _silent(account: ClientBehaviour) -> Iterator[Finding]:
    counts: Counter[str] = Counter()
    numbers: dict[str, list[int]] = {}
    for _, _, attempt in account.retries:
        if attempt.silent:
            counts[attempt.stack] += 1
            numbers.setdefault(attempt.stack, []).append(attempt.entry.number)
    for stack, count in counts.items():
        times = "once" if count == 1 else f"{count} times"
        text = f"{stack} repeated a request by itself, {times}, because a connection had died"
        yield Finding("silent-retry", "note", text, tuple(numbers[stack]))


_ALL: Final = (
    _duplicates,
    _orphans,
    _retry_after,
    _permanent,
    _gave_up,
    _body,
    _no_backoff,
    _after_end,
    _too_fast,
    _connections,
    _silent,
)
