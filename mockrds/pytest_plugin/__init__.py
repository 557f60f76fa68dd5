"""The pytest plugin. Loaded by every pytest run where mockrds is installed, so it imports nothing early."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from mockrds.client import RemoteProject, RemoteServer
    from mockrds.server import MockRDS, Project

_PROJECT: Final = pytest.StashKey["Project | RemoteProject"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tests use a server that is there already."""
    group = parser.getgroup("mockrds")
    group.addoption("--mockrds-url", metavar="URL", help="use the mockrds server there, instead of starting one")
    group.addoption(
        "--mockrds-token",
        metavar="TOKEN",
        help="the token which that server printed, if other machines can reach it (default $MOCKRDS_CONTROL_TOKEN)",
    )
    parser.addini("mockrds_url", "what --mockrds-url says", default="")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let the parts of the plugin, and other plugins, follow the projects of tests."""
    pluginmanager.add_hookspecs(import_module("mockrds.pytest_plugin.hooks"))


def pytest_configure(config: pytest.Config) -> None:
    """Offer ``mockrds_client`` where pytest-aiohttp is installed."""
    if config.pluginmanager.hasplugin("aiohttp"):
        config.pluginmanager.register(import_module("mockrds.pytest_plugin.client"), "mockrds_client")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell how to run a test that failed again under the same conditions."""
    report = yield
    project = item.stash.get(_PROJECT, None)
    if project is not None and call.when == "call" and report.failed:
        try:
            told = _replay(project)
        except (OSError, KeyError, ValueError, RuntimeError) as error:  # the test may have removed it, or the server
            told = f"no replay token: {error}"
        report.sections.append(("mockrds", told))
    return report


@pytest.fixture(scope="session")
def mockrds_server(pytestconfig: pytest.Config) -> Iterator[MockRDS | RemoteServer]:
    """Give the mock server of this test session (of this worker, with pytest-xdist).

    With ``--mockrds-url`` it is the server there, which other workers and other sessions may use, too.
    """
    url = pytestconfig.getoption("--mockrds-url") or pytestconfig.getini("mockrds_url")
    if url:
        token = pytestconfig.getoption("--mockrds-token") or os.environ.get("MOCKRDS_CONTROL_TOKEN")
        remote = _remote(url, token)
        yield remote
        remote.forget_projects()
        return

    from mockrds.server import MockRDS

    with MockRDS() as server:
        yield server


@pytest.fixture
def mockrds(
    mockrds_server: MockRDS | RemoteServer, request: pytest.FixtureRequest
) -> Iterator[Project | RemoteProject]:
    """Give a fresh project on the session's server: a cloud that no other test sees.

    An error inside the mock fails the test.
    """
    project = mockrds_server.project()
    request.node.stash[_PROJECT] = project
    hook = request.node.ihook
    hook.pytest_mockrds_started(item=request.node, project=project)
    yield project
    hook.pytest_mockrds_finished(item=request.node, project=project)
    errors = list(project.errors)
    replay = _replay(project) if errors else ""
    project.forget()
    if errors:
        failure = BaseExceptionGroup("mockrds itself failed", errors)
        failure.add_note(replay)
        raise failure


def _remote(url: str, token: str | None) -> RemoteServer:
    from mockrds.client import RemoteServer

    try:
        server = RemoteServer(url, token)
        server.ask("GET", "projects")  # whether it is there, and takes the token
    except PermissionError as error:
        problem = f"--mockrds-token: {error}"
    except (OSError, ValueError, KeyError) as error:
        problem = f"--mockrds-url: {error}"
    else:
        return server
    pytest.fail(problem, pytrace=False)


def _replay(project: Project | RemoteProject) -> str:
    return f"MOCKRDS_REPLAY={project.replay}"
