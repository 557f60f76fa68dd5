"""The fixture ``mockrds_client``, which needs pytest-aiohttp; registered where that is installed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp.test_utils import TestClient
    from aiohttp.web import Application, Request
    from pytest_aiohttp import AiohttpClient

    from mockrds.client import RemoteServer
    from mockrds.project import Project
    from mockrds.pytest_plugin.projects import Projects
    from mockrds.server import MockRDS

_TURNS: Final = 50  # of the loop, which requests take to end whose clients have left


@pytest_asyncio.fixture
async def mockrds_client(
    aiohttp_client: AiohttpClient,
    mockrds_server: MockRDS | RemoteServer,
    mockrds_factory: Projects,
    mockrds: Project,
) -> AsyncIterator[TestClient[Request, Application]]:
    """pytest-aiohttp's test client for the server's app, on the test's own loop.

    It reaches the project of the fixture ``mockrds``, whose id stands in the paths.
    """
    from mockrds.client import RemoteServer

    if isinstance(mockrds_server, RemoteServer):
        pytest.fail("mockrds_client serves on the test's own loop: it does not go with --mockrds-url", pytrace=False)
    yield await aiohttp_client(mockrds_server.app())
    for _ in range(_TURNS):  # the loop has not turned since the test ended
        if not mockrds.in_flight:
            break
        await asyncio.sleep(0)
    mockrds_factory.warn_of_hanging(wait=False)
