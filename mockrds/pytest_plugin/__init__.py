"""The pytest plugin. Every pytest run loads it where mockrds is installed, so it imports nothing early."""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from mockrds.client import RemoteServer
    from mockrds.project import Project
    from mockrds.pytest_plugin.projects import Projects
    from mockrds.pytest_plugin.settings import Run
    from mockrds.server import MockRDS

__all__ = ["MockrdsWarning"]

_PROJECTS: Final = pytest.StashKey["Projects"]()
"""The projects of a test."""
_RUN: Final = pytest.StashKey["Run"]()
"""The settings of the run."""
_RUN_ID: Final = pytest.StashKey[str]()
"""The id of a run with pytest-xdist, in the process that starts the workers."""
_RUN_ID_INPUT: Final = "mockrds_run"
"""The same, in the input of each worker."""
_USAGE_ERROR: Final = pytest.StashKey[str]()
"""The mistake in the options of the run, once a test has met it."""
_USAGE_ERROR_ATTRIBUTE: Final = "mockrds_usage_error"
"""The same on the report of that test, which a worker sends."""
_MARKER: Final = (
    "mockrds(scenario=None, seed=None, clock=None, auth=None, unused='armed', hanging=True, errors=True, chaos=True): "
    "how the projects of a test start and what is checked when it ends; stacks, also on classes and modules."
)


class MockrdsWarning(UserWarning):
    """A request still waits for its answer when its test has ended."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options, and the settings of pytest."""
    import_module("mockrds.pytest_plugin.options").add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hooks with which the parts of the plugin, and other plugins, follow the projects of tests."""
    pluginmanager.add_hookspecs(import_module("mockrds.pytest_plugin.hooks"))


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the parts of the plugin that the options ask for."""
    config.addinivalue_line("markers", _MARKER)
    if config.pluginmanager.hasplugin("aiohttp"):
        config.pluginmanager.register(import_module("mockrds.pytest_plugin.aiohttp_client"), "mockrds_client")
    if not hasattr(config, "workerinput"):  # workers of pytest-xdist send the mistake
        config.pluginmanager.register(_UsageErrors(), "mockrds_usage_errors")
    _refuse_paths_of_tests(config)
    if any(config.getoption(f"mockrds_{name}") is not None for name in ("report", "coverage", "coverage_fail_under")):
        reporting = import_module("mockrds.pytest_plugin.reporting").Reporting(config)
        config.pluginmanager.register(reporting, "mockrds_reporting")
    if config.getoption("mockrds_chaos") is not None:
        chaos = import_module("mockrds.pytest_plugin.chaos.plugin").Chaos(config)
        config.pluginmanager.register(chaos, "mockrds_chaos")


class _UsageErrors:
    """Ends a run whose options are wrong, once, with the first test that needs them."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look whether a test could not start for that."""
        message: str = getattr(report, _USAGE_ERROR_ATTRIBUTE, "")
        if message:
            raise pytest.UsageError(*message.splitlines())


def _refuse_paths_of_tests(config: pytest.Config) -> None:
    """Refuse the path of a test that an option has taken for its value, which may be left out.

    Raises:
        UsageError: An option has done so.
    """
    for name in ("report", "coverage", "chaos"):
        values = config.getoption(f"mockrds_{name}") or ()
        for value in (values,) if isinstance(values, str) else values:
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
    """Send the id of the run, with which the names of its projects begin, to the workers of pytest-xdist."""
    node.workerinput[_RUN_ID_INPUT] = node.config.stash.setdefault(_RUN_ID, os.urandom(4).hex())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove what crashed workers of pytest-xdist have left on a shared server."""
    run_id = session.config.stash.get(_RUN_ID, None)
    if run_id is not None:
        import_module("mockrds.pytest_plugin.server").sweep(session.config, run_id)


# Tests


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Check the projects of a test that has passed, so that it fails for what it has not noticed."""
    result = yield
    projects = item.stash.get(_PROJECTS, None)
    if projects is not None and not getattr(item, "_excinfo", None):  # unittest keeps there what a test raised
        projects.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failed test how to run it again under the same conditions, and what happened."""
    report = yield
    usage_error = item.config.stash.get(_USAGE_ERROR, "")
    if usage_error and report.failed:
        vars(report)[_USAGE_ERROR_ATTRIBUTE] = usage_error  # workers send the attributes of reports
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
    """The mock server of this test session (of this worker, with pytest-xdist).

    With ``--mockrds-url`` it is the server there, which other workers and other sessions may use, too.
    """
    from mockrds.pytest_plugin.server import serve

    with _fail_for_mistakes(pytestconfig):
        server = serve(pytestconfig, _run(pytestconfig))
    with server as serving:
        yield serving


@pytest.fixture
def mockrds_factory(mockrds_server: MockRDS | RemoteServer, request: pytest.FixtureRequest) -> Projects:
    """A function that makes fresh projects, each a cloud that no other test sees.

    ``mockrds_factory(scenario=..., seed=..., clock=..., auth=...)``; the defaults are what the test's markers say.
    """
    with _fail_for_mistakes():
        return _projects(mockrds_server, request)


@pytest.fixture
def mockrds(mockrds_server: MockRDS | RemoteServer, request: pytest.FixtureRequest) -> Project:
    """A fresh project on the session's server: a cloud that no other test sees."""
    with _fail_for_mistakes():
        return _projects(mockrds_server, request)()


def _projects(server: MockRDS | RemoteServer, request: pytest.FixtureRequest) -> Projects:
    """Return what makes the projects of a test; the first fixture that needs one removes them when it is torn down."""
    projects: Projects | None = request.node.stash.get(_PROJECTS, None)
    if projects is not None and not projects.closed:  # closed, where a test is run again
        return projects
    from mockrds.pytest_plugin.projects import Projects

    projects = request.node.stash[_PROJECTS] = Projects(request.node, server, _run(request.config))
    request.addfinalizer(projects.close)
    return projects


def _run(config: pytest.Config) -> Run:
    """Return the settings of the whole run."""
    run = config.stash.get(_RUN, None)
    if run is None:
        from mockrds.pytest_plugin.settings import Run

        run = config.stash[_RUN] = Run(config, getattr(config, "workerinput", {}).get(_RUN_ID_INPUT))
    return run


@contextmanager
def _fail_for_mistakes(config: pytest.Config | None = None) -> Iterator[None]:
    """Fail the test for a mistake in its marker, without a traceback; with *config*, end the run for its options."""
    from mockrds.pytest_plugin.settings import SettingError

    try:
        yield
    except SettingError as error:
        if config is not None:
            config.stash[_USAGE_ERROR] = str(error)
        raise pytest.fail.Exception(str(error), pytrace=False) from None
