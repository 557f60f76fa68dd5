"""The fixture that needs pytest-aiohttp; registered by the plugin where that is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from aiohttp.test_utils import TestClient
    from aiohttp.web import Application, Request
    from pytest_aiohttp import AiohttpClient

    from mockrds.client import RemoteProject, RemoteServer
    from mockrds.server import MockRDS, Project


@pytest_asyncio.fixture
async def mockrds_client(
    aiohttp_client: AiohttpClient,
    mockrds_server: MockRDS | RemoteServer,
    mockrds: Project | RemoteProject,  # noqa: ARG001  (makes the project that the client will use)
) -> TestClient[Request, Application]:
    """Give pytest-aiohttp's test client for the app, on the test's own loop.

    It reaches the project of the fixture ``mockrds``, whose id stands in the paths.
    """
    from mockrds.client import RemoteServer

    if isinstance(mockrds_server, RemoteServer):
        pytest.fail("mockrds_client serves on the test's own loop: it does not go with --mockrds-url", pytrace=False)
    return await aiohttp_client(mockrds_server.app())
