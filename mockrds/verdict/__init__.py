"""What the server knows about its clients, from the journal alone: how they retried, waited, polled and cleaned up."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockrds.verdict.backoff import Backoff
    from mockrds.verdict.backup_history import BackupHistory
    from mockrds.verdict.behaviour import Connections
    from mockrds.verdict.findings import Finding
    from mockrds.verdict.operations import Attempt, LogicalOperation
    from mockrds.verdict.polling import Polling
    from mockrds.verdict.verdict import Verdict

__all__ = ["Attempt", "Backoff", "BackupHistory", "Connections", "Finding", "LogicalOperation", "Polling", "Verdict"]

_HOMES = {
    "Attempt": "operations",
    "Backoff": "backoff",
    "Connections": "behaviour",
    "BackupHistory": "backup_history",
    "Finding": "findings",
    "LogicalOperation": "operations",
    "Polling": "polling",
    "Verdict": "verdict",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:  # the server imports the words, and nothing else until somebody asks
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
