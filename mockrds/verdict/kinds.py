"""The words of verdicts; in a place of their own, because the server describes them and judges nobody until asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

BackoffKind = Literal["unseen", "none", "constant", "linear", "exponential", "jittered"]
Outcome = Literal["ok", "refused", "damaged", "lost", "open"]
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
_RANGES: Final = 10
"""How many calls, or ranges of them, are named."""


def calls(numbers: Iterable[int]) -> str:
    """Name calls by their numbers: ``call 7``, ``calls 1, 4 to 61``; nothing if there are none."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [
        part
        for run in runs
        for part in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))  # two are not worth a range
    ]
    if not parts:
        return ""
    shown = ", ".join(parts[:_RANGES]) + (f", ... {runs[-1][-1]}" if len(parts) > _RANGES else "")
    return f"call {shown}" if len(runs) == len(runs[0]) == 1 else f"calls {shown}"
