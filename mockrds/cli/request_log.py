"""The request log: a line on stderr for each request."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mockrds.journal import Entry
    from mockrds.project_state import ProjectState

_WAITING_LINES: Final = 10_000


class RequestLog:
    """Writes a line for each request, from a thread of its own.

    If nobody reads what it writes, lines are lost, and the server goes on.

    Args:
        log_format: ``text`` or ``json``.
    """

    def __init__(self, log_format: str) -> None:
        self._render = _json_line if log_format == "json" else _text_line
        self._waiting: deque[tuple[ProjectState, Entry, float]] = deque(maxlen=_WAITING_LINES)
        self._something = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._write, name="mockrds-log", daemon=True)
        self._thread.start()

    def __call__(self, project: ProjectState, entry: Entry) -> None:
        """Log a finished request."""
        self._waiting.append((project, entry, time.time()))
        if not self._something.is_set():
            self._something.set()

    def close(self) -> None:
        """Write what is waiting; give up soon if nobody reads it."""
        self._closed = True
        self._something.set()
        self._thread.join(timeout=0.5)

    def _write(self) -> None:
        while not self._closed:
            self._something.wait()
            time.sleep(0.01)  # lets lines gather: one write for many
            self._something.clear()
            lines = [self._render(*self._waiting.popleft()) for _ in range(len(self._waiting))]
            with suppress(OSError, ValueError):
                sys.stderr.write("".join(lines))
                sys.stderr.flush()


def _text_line(_: ProjectState, entry: Entry, at: float) -> str:
    parts = [time.strftime("%H:%M:%S", time.localtime(at)), entry.method, entry.redacted_path, str(entry.status)]
    parts += [entry.operation, entry.error or ""]
    if entry.fault:
        parts.append(f"[fault: {entry.fault}]")
    if entry.hint:
        parts.append(f"({entry.hint})")
    return " ".join(part for part in parts if part) + "\n"


def _json_line(project: ProjectState, entry: Entry, at: float) -> str:
    line: dict[str, Any] = {
        "time": at,
        "project": project.id,
        "method": entry.method,
        "path": entry.redacted_path,
        "status": entry.status,
        "operation": entry.operation,
        "error": entry.error,
        "fault": entry.fault,
        "hint": entry.hint,
        "request_id": entry.request_id,
    }
    return json.dumps(line) + "\n"
