"""Entries of a journal, made by hand: calls whose times and answers a test decides."""

from __future__ import annotations

import json
from typing import Any

from mockrds.journal import Entry

PROJECT = "0" * 32
BACKUPS = f"/rds/v1/{PROJECT}/backups"


def wish(name: str = "nightly", instance: str = "node") -> bytes:
    return json.dumps({"backup": {"name": name, "instance": instance}}).encode()


def call(
    number: int,
    began: float,
    *,
    took: float | None = 0.0,
    operation: str = "v1.create_manual_backup",
    body: bytes | None = None,
    path: str = "",
    agent: str = "test",
    **answer: Any,
) -> Entry:
    """One call, which was answered with 200 unless *answer* says otherwise."""
    name = operation.rpartition(".")[2]
    method = {"list": "GET", "get": "GET", "delete": "DELETE"}.get(name.partition("_")[0], "POST")
    if body is None:
        body = wish() if name == "create_manual_backup" else b""
    path = path or BACKUPS + ("/id" if method == "DELETE" else "")
    entry = Entry(number, operation, method, path, [(b"User-Agent", agent.encode())], body, 0.0)
    entry.began, entry.advanced = began, 0.0
    if took is not None:
        entry.done = began + took
        entry.status, entry.sent, entry.reused, entry.finished = 200, 100, number > 1, began
    for key, value in answer.items():
        setattr(entry, key, value)
    return entry


def lost(number: int, began: float, **how: Any) -> Entry:
    """A call whose answer never came."""
    return call(number, began, **{"status": None, "sent": 0, "ended": "RST"} | how)


def rows(*backups: tuple[str, str]) -> bytes:
    """A list of backups: ids with their statuses."""
    return json.dumps({"backups": [{"id": key, "name": key, "status": status} for key, status in backups]}).encode()
