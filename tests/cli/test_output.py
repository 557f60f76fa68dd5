"""Output that can't be encoded, and output that is closed before the start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "night.yaml"
    file.write_text("name: Nächtlich 日本\nfaults: [{name: träge, latency: 1s}]\n", encoding="utf-8")
    return file


def mockrds(*arguments: object, encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "mockrds", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_the_terminal_can_not_encode_is_escaped(scenario: Path, encoding: str) -> None:
    explained = mockrds("explain", scenario, "--calls", 1, encoding=encoding)
    broken = scenario.with_name("broken.yaml")
    broken.write_text('faults: [{operation: "日本", error: RDS.0005}]', encoding="utf-8")
    linted = mockrds("lint", broken, encoding=encoding)

    assert (explained.returncode, explained.stderr) == (0, b"")
    assert b"\\u65e5\\u672c" in explained.stdout
    assert (linted.returncode, linted.stderr) == (1, b"")
    assert b"\\u65e5\\u672c" in linted.stdout


def test_a_server_starts_though_its_banner_can_not_be_encoded(scenario: Path, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    options = ["--port", "0", "--scenario", scenario, "--ready-file", ready]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "mockrds", *map(str, options)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not ready.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        banner, problems = process.communicate(timeout=10)

    assert (process.returncode, problems) == (0, b"")
    assert b"N\\xe4chtlich" in banner


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_server_starts_and_stops_with_closed_streams(tmp_path: Path, closed: str) -> None:
    ready = tmp_path / "ready.json"
    command = f"exec {sys.executable} -m mockrds --port 0 --ready-file {ready} {closed}"
    with subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not ready.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        problems = process.communicate(timeout=10)[1]

    assert (process.returncode, problems) == (0, b"")
