"""The pytest plugin. Loaded by every pytest run where mockrds is installed, so it imports nothing early."""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from mockrds.client import RemoteProject, RemoteServer
    from mockrds.pytest_plugin.options import Run
    from mockrds.pytest_plugin.projects import Projects
    from mockrds.server import MockRDS, Project

__all__ = ["MockrdsWarning"]

_PROJECTS: Final = pytest.StashKey["Projects"]()
_RUN: Final = pytest.StashKey["Run"]()
_RUN_KEY: Final = pytest.StashKey[str]()
_RUN_ID: Final = "mockrds_run"
_WRONG_KEY: Final = pytest.StashKey[str]()
_WRONG: Final = "mockrds_wrong"
_MARKER: Final = (
    "mockrds(scenario=None, seed=None, clock=None, auth=None, unused='armed', hanging=True, errors=True, chaos=True): "
    "how the projects of a test begin and what is checked when it ends; stacks, also on classes and modules."
)


class MockrdsWarning(UserWarning):
    """A request still waits for its answer when its test has ended."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options, each with its twin in the settings of pytest."""
    group = parser.getgroup("mockrds", "mockrds, a mock of the relational database service")

    def option(
        name: str, text: str, *, ini: Literal["string", "linelist"] = "string", default: object = "", **given: Any
    ) -> None:
        group.addoption(f"--mockrds-{name}", dest=f"mockrds_{name}", help=text, **given)
        parser.addini(f"mockrds_{name}", text, type=ini, default=default)

    option("url", "use the mockrds server there, instead of starting one", metavar="URL")
    option(
        "token",
        "the token which that server printed, if other machines can reach it (default $MOCKRDS_CONTROL_TOKEN)",
        metavar="TOKEN",
    )
    option(
        "scenario",
        "what goes wrong where no marker says more: a name or a file; may be repeated",
        ini="linelist",
        default=[],
        metavar="NAME|FILE",
        action="append",
    )
    option("seed", "what decides ids, durations and chance", metavar="N", type=int)
    option("clock", "how clocks run: real, frozen, frozen@2026-01-31T22:00:00Z, scaled@60", metavar="CLOCK")
    option("auth", "how credentials are looked at: any, strict or off", metavar="AUTH")
    option("unused", "which faults must fire: armed (by the test itself), all, or off", metavar="WHICH")
    optional: dict[str, Any] = {"nargs": "?", "const": ""}
    group.addoption(
        "--mockrds-report",
        dest="mockrds_report",
        action="append",
        metavar="FILE",
        help="tell at the end how clients behaved; with =FILE also in that .html, .json, .xml or .txt; may be repeated",
        **optional,
    )
    group.addoption(
        "--mockrds-coverage",
        dest="mockrds_coverage",
        metavar="FILE",
        help="tell at the end which documented errors and endings the tests have met; with =FILE, of all runs",
        **optional,
    )
    group.addoption(
        "--mockrds-coverage-fail-under",
        dest="mockrds_coverage_fail_under",
        metavar="PERCENT",
        type=float,
        help="fail if the tests have met less than that",
    )
    group.addoption(
        "--mockrds-chaos",
        dest="mockrds_chaos",
        action="append",
        metavar="PACK",
        help="run each test that uses mockrds under every fault of a pack, and tell what it survived; may be repeated",
        **optional,
    )
    patience = "for how long a test may go on under a fault before it counts as hung, in seconds (default 30)"
    group.addoption(
        "--mockrds-chaos-patience", dest="mockrds_chaos_patience", metavar="SECONDS", help=patience, type=float
    )
    parser.addini("mockrds_chaos_patience", patience, default="30")
    for name, text in (
        ("hanging", "whether requests that still wait at the end of a test are told"),
        ("errors", "whether an error inside the mock fails the test that met it"),
    ):
        parser.addini(f"mockrds_{name}", text, type="bool", default=True)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let the parts of the plugin, and other plugins, follow the projects of tests."""
    pluginmanager.add_hookspecs(import_module("mockrds.pytest_plugin.hooks"))


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the parts of the plugin that are asked for."""
    config.addinivalue_line("markers", _MARKER)
    if config.pluginmanager.hasplugin("aiohttp"):
        config.pluginmanager.register(import_module("mockrds.pytest_plugin.aiohttp_client"), "mockrds_client")
    if not hasattr(config, "workerinput"):  # else a worker of pytest-xdist, which sends what is wrong
        config.pluginmanager.register(_Stop(), "mockrds_stop")
    _no_paths_of_tests(config)
    if any(config.getoption(f"mockrds_{name}") is not None for name in ("report", "coverage", "coverage_fail_under")):
        reporting = import_module("mockrds.pytest_plugin.reporting").Reporting(config)
        config.pluginmanager.register(reporting, "mockrds_reporting")
    if config.getoption("mockrds_chaos") is not None:
        chaos = import_module("mockrds.pytest_plugin.chaos.plugin").Chaos(config)
        config.pluginmanager.register(chaos, "mockrds_chaos")


class _Stop:
    """Ends a run whose options are wrong, once, with the first test that needs them."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look whether a test could not begin for that."""
        wrong: str = getattr(report, _WRONG, "")
        if wrong:
            raise pytest.UsageError(*wrong.splitlines())


def _no_paths_of_tests(config: pytest.Config) -> None:
    """Notice where an option whose value may be left out took the path of a test for it."""
    for name in ("report", "coverage", "chaos"):
        given = config.getoption(f"mockrds_{name}") or ()
        for value in (given,) if isinstance(given, str) else given:
            path = value.partition("::")[0]
            folder = name != "chaos" and Path(path or "?").is_dir()  # chaos takes folders of scenarios
            if "::" in value or path.endswith(".py") or folder:
                raise pytest.UsageError(
                    f"--mockrds-{name} took {value!r} for its value: put it after the paths of tests, "
                    f"or write --mockrds-{name}=VALUE"
                )


# A server that workers of pytest-xdist share


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell the workers of pytest-xdist what run they belong to, so that it is known which projects are its own."""
    node.workerinput[_RUN_ID] = node.config.stash.setdefault(_RUN_KEY, os.urandom(4).hex())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove what crashed workers of pytest-xdist have left on a server that is shared."""
    run_id = session.config.stash.get(_RUN_KEY, None)
    if run_id is not None:
        import_module("mockrds.pytest_plugin.server").sweep(session.config, run_id)


# Tests


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Check the projects of a test that has passed, so that it fails for what it did not notice."""
    result = yield
    projects = item.stash.get(_PROJECTS, None)
    if projects is not None and not getattr(item, "_excinfo", None):  # unittest keeps there what a test raised
        projects.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell of a test that failed how to run it again under the same conditions, and what happened."""
    report = yield
    wrong = item.config.stash.get(_WRONG_KEY, "")
    if wrong and report.failed:
        vars(report)[_WRONG] = wrong  # workers send what a report has on it
    projects = item.stash.get(_PROJECTS, None)
    if projects is not None and call.when != "teardown":
        if report.failed:
            report.sections += [("mockrds", text) for text in projects.sections()]
        elif hasattr(report, "wasxfail"):
            projects.expect_errors()
    return report


# Fixtures


@pytest.fixture(scope="session")
def mockrds_server(pytestconfig: pytest.Config) -> Iterator[MockRDS | RemoteServer]:
    """Give the mock server of this test session (of this worker, with pytest-xdist).

    With ``--mockrds-url`` it is the server there, which other workers and other sessions may use, too.
    """
    from mockrds.pytest_plugin.server import serve

    with _told(pytestconfig):
        server = serve(pytestconfig, _run(pytestconfig))
    with server as serving:
        yield serving


@pytest.fixture
def mockrds_factory(mockrds_server: MockRDS | RemoteServer, request: pytest.FixtureRequest) -> Projects:
    """Give a function that makes fresh projects, each a cloud that no other test sees.

    ``mockrds_factory(scenario=..., seed=..., clock=..., auth=...)``: what is not given is as the test's markers say.
    """
    with _told():
        return _projects(mockrds_server, request)


@pytest.fixture
def mockrds(mockrds_server: MockRDS | RemoteServer, request: pytest.FixtureRequest) -> Project | RemoteProject:
    """Give a fresh project on the session's server: a cloud that no other test sees."""
    with _told():
        return _projects(mockrds_server, request)()


def _projects(server: MockRDS | RemoteServer, request: pytest.FixtureRequest) -> Projects:
    """Give what makes the projects of a test; they are removed when the fixture is over that needed one first."""
    known: Projects | None = request.node.stash.get(_PROJECTS, None)
    if known is not None and not known.closed:  # closed, where a test is run again
        return known
    from mockrds.pytest_plugin.projects import Projects

    projects = request.node.stash[_PROJECTS] = Projects(request.node, server, _run(request.config))
    request.addfinalizer(projects.close)
    return projects


def _run(config: pytest.Config) -> Run:
    """Give the settings of the whole run."""
    run = config.stash.get(_RUN, None)
    if run is None:
        from mockrds.pytest_plugin.options import Run

        run = config.stash[_RUN] = Run(config, getattr(config, "workerinput", {}).get(_RUN_ID))
    return run


@contextmanager
def _told(config: pytest.Config | None = None) -> Iterator[None]:
    """Fail for a mistake in a marker with its message only; or for one in an option of the run with this *config*."""
    from mockrds.pytest_plugin.options import SettingError

    try:
        yield
    except SettingError as error:
        if config is not None:
            config.stash[_WRONG_KEY] = str(error)
        raise pytest.fail.Exception(str(error), pytrace=False) from None
