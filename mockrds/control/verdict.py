"""The verdict on a client, as ``mockrds.verdict`` writes it into summaries; described here for the OpenAPI document."""

from __future__ import annotations

from mockrds.control.fields import Count, record
from mockrds.verdict.kinds import BackoffKind, FindingKind, Outcome, Severity


@record
class Backoff:
    """How a client waits between its attempts."""

    kind: BackoffKind
    base: float | None
    """The first wait in seconds; of jittered waits the shortest."""
    step: float | None
    """How many seconds linear waits grow by."""
    factor: float | None
    """What exponential waits are multiplied by each time."""
    cap: float | None
    """Where they stop growing, in seconds."""
    longest: float | None
    waits: list[float]


@record
class Attempt:
    """A call that is part of an operation."""

    number: Count
    outcome: Outcome
    wait: float | None
    """Seconds since the attempt before was over."""
    silent: bool
    """Whether the HTTP stack repeated it by itself."""
    retryable: bool


@record
class LogicalOperation:
    """Something that the client wanted, with the calls that it took."""

    operation: str
    target: str
    attempts: list[Attempt]
    succeeded: bool
    gave_up: bool
    body_changed: bool
    backup_ids: list[str]
    backoff: Backoff


@record
class Polling:
    """How the client asked again and again."""

    operation: str
    target: str
    count: Count
    shortest: float | None
    median: float | None
    longest: float | None
    after_end: Count
    """How many calls came after the end had been shown."""
    backoff: Backoff


@record
class BackupHistory:
    """What the client did with a backup, in numbers of calls."""

    id: str
    name: str
    made_by: Count
    seen_end_by: Count | None
    deleted_by: Count | None


@record
class Connections:
    """How the client used its connections."""

    opened: Count
    requests: Count
    reused: Count


@record
class Finding:
    """Something that the client should do otherwise."""

    kind: FindingKind
    severity: Severity
    message: str
    entries: list[Count]


@record
class ClientVerdict:
    """What the journal tells of the client."""

    operations: list[LogicalOperation]
    """What the client wanted, each with the calls that it took."""
    backoff: Backoff
    """All operations together."""
    polling: list[Polling]
    backups: list[BackupHistory]
    """The backups that the client made."""
    duplicates: list[list[str]]
    orphans: list[str]
    connections: Connections
    errors_met: dict[str, Count]
    findings: list[Finding]
