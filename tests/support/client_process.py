"""A real client in a process of its own, which calls are sent to."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def process(script: str, folder: Path, *arguments: str, **variables: str) -> Iterator[Callable[..., Any]]:
    """Run a script of this folder: yield a function that sends it a call as a line of JSON and returns its answer."""
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
