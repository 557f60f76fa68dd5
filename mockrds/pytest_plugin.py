"""The pytest plugin. Loaded by every pytest run where mockrds is installed, so it imports nothing early."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockrds.server import MockRDS, Project


def pytest_configure(config: pytest.Config) -> None:
    """Offer ``mockrds_client`` where pytest-aiohttp is installed."""
    if config.pluginmanager.hasplugin("aiohttp"):
        config.pluginmanager.register(import_module("mockrds.pytest_client"), "mockrds_client")


@pytest.fixture(scope="session")
def mockrds_server() -> Iterator[MockRDS]:
    """Give the mock server of this test session (of this worker, with pytest-xdist)."""
    from mockrds.server import MockRDS

    with MockRDS() as server:
        yield server


@pytest.fixture
def mockrds(mockrds_server: MockRDS) -> Iterator[Project]:
    """Give a fresh project on the session's server: a cloud that no other test sees.

    An error inside the mock fails the test.
    """
    project = mockrds_server.project()
    yield project
    errors = list(project.errors)
    project.forget()
    if errors:
        raise BaseExceptionGroup("mockrds itself failed", errors)
