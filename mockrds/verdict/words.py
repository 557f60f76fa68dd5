"""The words of verdicts; in a place of their own, because the server describes them and judges nobody until asked."""

from __future__ import annotations

from typing import Final, Literal, get_args

BackoffKind = Literal["unseen", "none", "constant", "linear", "exponential", "jittered"]
Outcome = Literal["ok", "refused", "spoilt", "lost", "open"]
Severity = Literal["error", "warning", "note"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""From the worst on."""
FindingKind = Literal[
    "duplicate-backups",
    "orphaned-backup",
    "retry-after-ignored",
    "retried-permanent-error",
    "gave-up",
    "body-changed",
    "no-backoff",
    "polled-after-end",
    "polled-too-fast",
    "connection-per-request",
    "silent-retry",
]
