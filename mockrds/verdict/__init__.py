"""Verdicts: checks of a client's behaviour, from the journal alone: how it retried, waited, polled and cleaned up."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockrds.verdict.attempts import Attempt
    from mockrds.verdict.backoff import Backoff
    from mockrds.verdict.backup_history import BackupHistory
    from mockrds.verdict.behaviour import Connections
    from mockrds.verdict.findings import Finding
    from mockrds.verdict.operations import LogicalOperation
    from mockrds.verdict.polling import Polling
    from mockrds.verdict.verdict import Verdict

__all__ = ["Attempt", "Backoff", "BackupHistory", "Connections", "Finding", "LogicalOperation", "Polling", "Verdict"]

_MODULES = {
    "Attempt": "attempts",
    "Backoff": "backoff",
    "BackupHistory": "backup_history",
    "Connections": "behaviour",
    "Finding": "findings",
    "LogicalOperation": "operations",
    "Polling": "polling",
    "Verdict": "verdict",
}


def __getattr__(name: str) -> object:
    if name in _MODULES:  # imported when somebody asks: a server starts without them
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
