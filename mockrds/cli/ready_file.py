"""The ready file: what a server writes once it serves, and removes when it stops."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from mockrds.cli.errors import UsageError, reason
from mockrds.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from mockrds.server import MockRDS

_LONGEST: Final = 65536
_ANOTHER: Final = "give another path with --ready-file"


class ReadyFile:
    """The ready file of this process. As PostgreSQL with its ``postmaster.pid``: it removes no file but its own.

    Args:
        path: Where it is to be; None: nowhere.

    Raises:
        UsageError: What is there is no ready file, or that of a server that runs.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._text = ""
        if path is not None and (other := _read(path)) is not None:
            if _runs(other):
                raise UsageError(f"{path} is the ready file of a server that runs, process {other['pid']}: {_ANOTHER}")
            with suppress(OSError):  # then it is written over
                path.unlink()

    def write(self, mock: MockRDS) -> None:
        """Write where *mock* serves.

        Raises:
            UsageError: It can't be written.
        """
        if self._path is None:
            return
        content = {"url": mock.url, "pid": os.getpid(), "version": __version__, "project_id": mock.simulator.default.id}
        if mock.ca is not None:
            content["ca"] = mock.ca
        from mockrds.files import write_atomically

        text = json.dumps(content) + "\n"
        try:
            write_atomically(self._path, text)
        except OSError as error:
            raise UsageError(f"cannot write the ready file {self._path}: {reason(error)}") from None
        self._text = text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._path is not None and self._text:
            with suppress(OSError, ValueError):
                if self._path.read_text(encoding="utf-8") == self._text:
                    self._path.unlink()


def _read(path: Path) -> dict[str, Any] | None:
    """Return what a ready file says; None if there is none, or an empty one.

    Raises:
        UsageError: It is something else.
    """
    if not path.exists():
        return None
    if path.is_file():
        with suppress(OSError, ValueError), path.open(encoding="utf-8") as file:
            text = file.read(_LONGEST)
            content = json.loads(text or "null")
            if content is None:
                return None
            if isinstance(content, dict) and {"url", "pid", "version"} <= content.keys():
                return content
    raise UsageError(f"{path} is there, and is no ready file: {_ANOTHER}")


def _runs(content: dict[str, Any]) -> bool:
    """Return whether somebody listens where a ready file says; a server that was killed has left it behind."""
    try:
        url = urlsplit(content["url"])
        with socket.create_connection((url.hostname or "", url.port or 0), timeout=1):
            return bool(content["pid"] != os.getpid())
    except (OSError, ValueError, TypeError, AttributeError):
        return False
