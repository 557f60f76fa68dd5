"""``mockrds`` as a process that serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Served:
    """A server process and what it wrote to its ready file."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, str]) -> None:
        self.process = process
        self.url = ready["url"]
        self.ready = ready

    def banner(self) -> list[str]:
        assert self.process.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith("Stop"):
            lines.append(self.process.stdout.readline())
        return lines


@contextmanager
def serving(
    folder: Path, *options: str, stderr: int | IO[str] = subprocess.PIPE, variables: Mapping[str, str] = {}
) -> Iterator[Served]:
    """Start a server with *options*, and wait until it is ready; kill it in the end."""
    ready = folder / "ready.json"
    command = [sys.executable, "-W", "error", "-m", "mockrds", "--port", "0", "--ready-file", str(ready), *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=os.environ | dict(variables)
    )
    try:
        deadline = time.monotonic() + 30
        while not ready.exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert process.poll() is None, process.communicate()
        yield Served(process, json.loads(ready.read_text()))
    finally:
        process.kill()
        process.communicate()
