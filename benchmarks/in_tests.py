"""What a test run pays for the plugin: runs of pytest in processes of their own, in turns."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from benchmarks.servers import ENVIRONMENT, FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PEERS: Final = os.environ.get("BENCHMARKS_PEERS", sys.executable)
"""The Python that has the peers, moto[server] and pytest-httpserver."""
_OTHERS: Final = (
    "aiohttp",
    "anyio",
    "asyncio",
    "faker",
    "hypothesispytest",
    "randomly",
    "schemathesis",
    "timeout",
    "xdist",
)
_QUIET: Final = ("-qq", "--no-header", "--no-summary", "-pno:cacheprovider", *(f"-pno:{name}" for name in _OTHERS))
_TESTS: Final = """
import pytest

@pytest.fixture
def plain():
    yield object()

@pytest.fixture
def served(mockrds_server):
    yield object()

@pytest.mark.parametrize("i", range({count}))
def test_it({fixture}, i):
    pass
"""
_MEMORY: Final = """
import ctypes, gc, os
from mockrds import MockRDS

def megabytes():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

with MockRDS() as mock:
    for _ in range(500):
        mock.project().forget()
    before = megabytes()
    for _ in range({count}):
        mock.project().forget()
    after = megabytes()
    projects = [mock.project() for _ in range({count})]
    full = megabytes()
    while projects:
        projects.pop().forget()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what is free goes back to the system, which the C library would do by and by
    print(before, after, full, megabytes())
"""
_START: Final = {
    "mockrds: `MockRDS`": "from mockrds import MockRDS\ndef run():\n    with MockRDS(): pass",
    "pytest-httpserver: `HTTPServer`": (
        "from pytest_httpserver import HTTPServer\ndef run():\n    with HTTPServer(): pass"
    ),
    "moto: `ThreadedMotoServer`": (
        "from moto.server import ThreadedMotoServer\n"
        "def run():\n    server = ThreadedMotoServer(port=0, verbose=False)\n    server.start()\n    server.stop()"
    ),
}
_TIMED: Final = """
import time
run()
found = []
for _ in range({count}):
    began = time.perf_counter()
    run()
    found.append(time.perf_counter() - began)
print(sorted(found)[len(found) // 2])
"""


def collecting(rounds: int) -> list[float]:
    """Give the seconds of CPU that the plugin, installed but unused, adds to ``--collect-only`` of no tests.

    Those are few beside what a start of Python varies by: the quartiles of all rounds.
    """
    found = []
    with TemporaryDirectory() as folder:
        for turn in range(1 + rounds):
            pair = [["--collect-only"], ["--collect-only", "-pno:mockrds"]]
            used = [_cpu(folder, options) for options in (pair if turn % 2 else reversed(pair))]
            found.append(used[0] - used[1] if turn % 2 else used[1] - used[0])
    return quantiles(found[1:])  # the first one compiles


def a_run(rounds: int, count: int) -> tuple[float, float]:
    """Give the seconds of CPU that a server adds to a run of tests, and that a project adds to each of *count* tests.

    Beside a fixture that does nothing.
    """
    with TemporaryDirectory() as folder:
        for fixture in ("mockrds", "served", "plain"):
            Path(folder, f"test_{fixture}.py").write_text(_TESTS.format(count=count, fixture=fixture))
        server = _difference(folder, rounds, ["test_served.py"], ["test_plain.py"])
        return server, _difference(folder, rounds, ["test_mockrds.py"], ["test_served.py"]) / count


def starting(count: int) -> dict[str, float | None]:
    """Give the seconds for the start and stop of a server, by its name; None for one that is not installed."""
    found: dict[str, float | None] = {}
    for name, code in _START.items():
        python = sys.executable if "mockrds" in code else PEERS
        done = _python(code + _TIMED.format(count=count), python=python)
        found[name] = float(done.stdout.split()[-1]) if done.returncode == 0 else None
    return found


def remembered(count: int) -> Sequence[float]:
    """Give the megabytes of a process: before and after *count* projects in turn, with all at once, and after those."""
    return [float(word) for word in _python(_MEMORY.format(count=count)).stdout.split()]


def _difference(folder: str, rounds: int, one: Sequence[str], other: Sequence[str]) -> float:
    pairs = [(_cpu(folder, one), _cpu(folder, other)) for _ in range(1 + rounds)][1:]  # the first one compiles
    return min(ours for ours, _ in pairs) - min(theirs for _, theirs in pairs)  # others on the machine only add to it


def _cpu(folder: str, options: Sequence[str]) -> float:
    """Run pytest; gives the CPU time it took, which others on the machine disturb less than the time that went by."""
    command = [sys.executable, "-m", "pytest", *_QUIET, *options]
    run = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode not in (0, 5):  # 5: there are no tests
        raise RuntimeError(f"pytest ended with {run.returncode}")
    return used.ru_utime + used.ru_stime


def _python(code: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-c", code], cwd=FOLDER.parent, env=ENVIRONMENT, check=False, capture_output=True, text=True
    )


def median_time(action: Callable[[], object], times: int) -> float:
    """Give the median of the seconds that *action* takes."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        found.append(time.perf_counter() - began)
    return median(found)


def rows(starts: int, tests: int, projects: int) -> Mapping[str, str]:
    """Measure all of it: what, and how much."""
    from mockrds import MockRDS

    server = MockRDS()
    before, after, full, at_last = remembered(projects)
    run, test = a_run(max(1, starts // 3), tests)
    lower, middle, upper = collecting(starts * 4)
    return {
        "the plugin, installed but unused: CPU of `pytest --collect-only` without tests": (
            f"{_ms(middle)} (quartiles {_ms(lower)} and {_ms(upper)})"
        ),
        "make and forget a project": _ms(median_time(lambda: server.project().forget(), starts * 20)),
        "import the server and start it, once in a run: CPU": _ms(run),
        f"a fresh project for each of {tests} tests, made, checked and removed: CPU for a test": _ms(test),
        **{
            f"start and stop a server for a test, {name}": "not installed" if taken is None else _ms(taken)
            for name, taken in starting(starts * 3).items()
        },
        f"memory before and after {projects} projects in turn": f"{before:.0f}, {after:.0f} MB",
        f"memory with {projects} projects at once, and when they are removed": f"{full:.0f}, {at_last:.0f} MB",
    }


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
