"""The server of a test run: one of its own, or one that runs already."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mockrds.domain.identity import DEFAULT_PROJECT
from mockrds.pytest_plugin.settings import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import pytest

    from mockrds.client import RemoteServer
    from mockrds.pytest_plugin.settings import Run
    from mockrds.server import MockRDS


def serve(config: pytest.Config, run: Run) -> AbstractContextManager[MockRDS | RemoteServer]:
    """Return the server for a test run, to be entered.

    Raises:
        SettingError: The server can't be reached, or its scenario is wrong.
    """
    url = _option(config, "url")
    settings = run.settings
    scenario = run.scenario
    if url:
        worker = getattr(config, "workerinput", {}).get("workerid", "main")
        return _shared(_remote(url, _option(config, "token"), f"{_prefix(run.id)}{worker}-"))

    from mockrds.server import MockRDS

    return MockRDS(scenario=scenario, seed=settings.seed, clock=settings.clock, auth=settings.auth or "any")


def sweep(config: pytest.Config, run_id: str) -> None:
    """Remove all projects of a run from a shared server: workers that crashed have left theirs."""
    url = _option(config, "url")
    if not url:
        return
    with suppress(SettingError, OSError):  # a server that is gone has no projects
        server = _remote(url, _option(config, "token"), None)
        for project in server.ask("GET", "projects")["projects"]:
            if project["name"].startswith(_prefix(run_id)):
                server.forget(project["id"])


def _prefix(run_id: str) -> str:
    """Return what the names of a run's projects begin with."""
    return f"{DEFAULT_PROJECT}_run-{run_id}-"


def _option(config: pytest.Config, name: str) -> str:
    value: str = config.getoption(f"mockrds_{name}") or config.getini(f"mockrds_{name}")
    return value


def _remote(url: str, token: str, prefix: str | None) -> RemoteServer:
    from mockrds.client import RemoteServer

    try:
        ca = os.environ.get("MOCKRDS_CA") or None
        server = RemoteServer(url, token or os.environ.get("MOCKRDS_CONTROL_TOKEN"), ca=ca, prefix=prefix)
        server.ask("GET", "projects")  # whether it is there, and takes the token
    except PermissionError as error:
        raise SettingError(f"--mockrds-token: {error}") from None
    except (OSError, ValueError, KeyError) as error:
        raise SettingError(f"--mockrds-url: {error}") from None
    return server


@contextmanager
def _shared(server: RemoteServer) -> Iterator[RemoteServer]:
    try:
        yield server
    finally:
        server.forget_projects()
