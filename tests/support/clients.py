"""What the tests with real clients share: a clock that stands still, and a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockrds.domain.clock import ClockSetting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FROZEN = ClockSetting(mode="frozen", at=datetime(2026, 1, 31, 22, 0, tzinfo=UTC))


@contextmanager
def process(script: str, folder: Path, *arguments: str, **variables: str) -> Iterator[Callable[..., Any]]:
    """Run a script of this folder; gives a function that sends it a line of JSON and gives the line it answers."""
    log = folder / "stderr"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, Path(__file__).with_name(script), *arguments],
            cwd=folder,
            env={"HOME": str(folder)} | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as running,
    ):

        def call(method: str, *given: object, **keywords: object) -> Any:
            assert running.stdin is not None
            assert running.stdout is not None
            running.stdin.write(json.dumps([method, given, keywords]) + "\n")
            running.stdin.flush()
            line = running.stdout.readline()
            assert line, log.read_text()
            return json.loads(line)

        yield call
