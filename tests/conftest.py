"""A server for the whole run, a project for each test, and a client that speaks to it over a socket."""

from __future__ import annotations

import gc
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, settings
from support.api import FROZEN, REFUSALS, Api

from mockrds.server import MockRDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from support.api import Connect

    from mockrds.domain.clock import ClockSetting
    from mockrds.project import Project

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")  # how long something takes here says nothing about mockrds

SLOW = (
    "api/test_heeds.py",
    "api/test_openapi.py",
    "chaos/test_matrix.py",
    "chaos/test_strategies.py",
    "cli/test_cli.py",
    "cli/test_cli_scenarios.py",
    "cli/test_env.py",
    "cli/test_run.py",
    "docs/test_docs_of_chaos.py",
    "docs/test_docs_of_verdicts.py",
    "docs/test_examples.py",
    "docs/test_pytest_page.py",
    "docs/test_readme.py",
    "docs/test_tutorial.py",
    "domain/test_world.py",
    "faults/test_clients.py",
    "faults/test_determinism.py",
    "faults/test_index.py",
    "faults/test_transport.py",
    "interop",
    "library",
    "plugin",
    "report/test_reporting.py",
    "scenario/test_fuzz.py",
    "test_schemathesis.py",
    "test_two_families.py",
    "verdict/test_retriers.py",
)
"""Folders and files of tests that need processes of their own or real clients, and files that take long.

``dev.py quick`` leaves them out, and tests elsewhere that are marked ``slow``. A test that is not slow may start no
process, so none can be forgotten.
"""


def pytest_configure(config: pytest.Config) -> None:
    """See to it that processes of tests have all signals, and that only slow tests start any."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:  # in the background of a script, or below nohup
            signal.signal(number, lambda *_: None)  # which children don't inherit, as they would SIG_IGN
    sys.addaudithook(_refuse_processes_of_quick_tests)


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    slow = [str(tests / each) for each in SLOW]
    found: dict[Path, bool] = {}
    for item in items:
        path = item.path
        if path not in found:
            found[path] = str(path) in slow or not {str(each) for each in path.parents}.isdisjoint(slow)
        if found[path]:
            item.add_marker("slow")


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()  # what is imported now stays: a collection needs not look through it, and tests inside cause hundreds


_quick: list[pytest.Item] = []
"""The test that runs, if it is no slow one."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    _quick[:] = [] if item.get_closest_marker("slow") else [item]
    return (yield)


def _refuse_processes_of_quick_tests(event: str, arguments: object) -> None:
    if event in ("subprocess.Popen", "os.fork", "os.posix_spawn") and _quick:
        pytest.fail(f"{_quick[0].nodeid} starts a process: mark it slow, or name its file in tests/conftest.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Iterator[None]:
    """Collect no garbage while a failure is written down.

    Pytest parses the source for that; and until Python 3.11.8 and 3.12.2, parsing fails with a ``SystemError``, which
    ends the run, if the garbage that is collected meanwhile (a socket that the failing test left open) has a
    traceback written, too, for which Python parses the source as well.
    """
    if call.excinfo is None or not gc.isenabled():
        return (yield)
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.option.markexpr == "not slow":
        terminalreporter.write_line(f"left out: {', '.join(SLOW)} (python3 dev.py test runs all)")


@pytest.fixture(scope="session")
def frozen() -> ClockSetting:
    """A clock that stands still in the night of a backup window."""
    return FROZEN


@pytest.fixture(scope="session")
def server(frozen: ClockSetting) -> Iterator[MockRDS]:
    with MockRDS(clock=frozen) as mock:
        yield mock


@pytest.fixture(scope="session")
def strict(frozen: ClockSetting) -> Iterator[MockRDS]:
    """A server that takes only the tokens it issued."""
    with MockRDS(clock=frozen, auth="strict") as mock:
        yield mock


@pytest.fixture
def connect(server: MockRDS, frozen: ClockSetting) -> Iterator[Connect]:
    with requests.Session() as session:
        session.trust_env = False  # it would look for proxies, in vain, before each request

        def connect(scenario: Mapping[str, Any] | None = None, *, to: MockRDS | None = None) -> Api:
            clock = None if scenario and "clock" in scenario else frozen
            return Api((to or server).project(scenario=scenario, clock=clock), session)

        yield connect


@pytest.fixture
def api(connect: Connect) -> Api:
    return connect()


@pytest.fixture
def project(api: Api) -> Project:
    return api.project


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections, and that nobody can take meanwhile: it is bound, and never listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture(scope="session")
def refusal() -> Callable[..., tuple[int, dict[str, str]]]:
    """Return the whole answer that a code stands for, in the envelope of API v1 or of the gateway."""

    def refusal(code: str, detail: str = "") -> tuple[int, dict[str, str]]:
        status, message = REFUSALS[code]
        if code.startswith("APIGW."):
            return status, {"error_msg": message + detail, "error_code": code}
        return status, {"errCode": code, "externalMessage": message}

    return refusal


@pytest.fixture(scope="session")
def shape() -> Callable[[Any], Any]:
    """Reduce JSON to its keys, in order, and its types."""

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return [(key, shape(inner)) for key, inner in value.items()]
        if isinstance(value, list):
            return [shape(inner) for inner in value]
        return type(value).__name__

    return shape


# For the pytest plugin


@pytest.fixture
def shared() -> Iterator[MockRDS]:
    """A server that is there already, for inner runs to share."""
    with MockRDS() as mock:
        yield mock


@pytest.fixture(params=["own", "shared"])
def where(request: pytest.FixtureRequest) -> list[str]:
    """The options of a run on a server of its own, and on one that is shared."""
    return [] if request.param == "own" else [f"--mockrds-url={request.getfixturevalue('shared').url}"]
