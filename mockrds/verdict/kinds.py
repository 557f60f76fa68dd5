"""The kinds of everything that a verdict names: the server describes them in its API, so they import little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

from mockrds.domain.operations import short_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockrds.journal import Entry

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
CREATE: Final = "create_manual_backup"
"""The operation that makes backups, without its family; so are those below."""
LISTS: Final = ("list_manual_backups", "list_backups")
"""The operations that show backups."""
DELETES: Final = ("delete_manual_backup", "batch_delete_manual_backups")
"""The operations that delete backups."""
_MOST_RANGES: Final = 10
"""How many calls, or ranges of them, are named."""


def operation_name(entry: Entry) -> str:
    """Return the operation of a call without its family, such as ``create_manual_backup``."""
    return short_name(entry.operation)


def describe_calls(numbers: Iterable[int]) -> str:
    """Return the name of calls by their numbers: ``call 7``, ``calls 1, 4 to 61``; empty if there are none."""
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
    text = ", ".join(parts[:_MOST_RANGES]) + (f", ... {runs[-1][-1]}" if len(parts) > _MOST_RANGES else "")
    return f"call {text}" if len(runs) == len(runs[0]) == 1 else f"calls {text}"
