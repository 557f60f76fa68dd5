"""What real clients make of faults: the table in docs/faults.md, row by row, plain and with TLS."""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import pytest
import requests
import urllib3
import yaml

from mockrds.faults.toxics import NAMES
from mockrds.server import MockRDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from mockrds.domain.clock import ClockSetting
    from mockrds.project import Project

PAGE = Path(__file__).parent.parent.parent / "docs" / "faults.md"
PATIENCE = 0.5
"""How long the clients wait; nothing else that they meet takes so long."""
TOKEN = {"X-Auth-Token": "token"}


def rows() -> list[list[str]]:
    """The cells of the table of clients."""
    table = PAGE.read_text().partition("| requests | aiohttp | urllib3 |\n")[2].partition("\n\n")[0]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in table.splitlines()[1:]]


ROWS: Final = rows()


@pytest.fixture(scope="module", params=["plain", "TLS"])
def mock(request: pytest.FixtureRequest, frozen: ClockSetting) -> Iterator[MockRDS]:
    with MockRDS(clock=frozen, tls=request.param == "TLS") as mock:
        yield mock


def creation(project: Project) -> dict[str, Any]:
    return {"backup": {"name": "nightly", "instance": project.instances[0].node_id}}


def by_requests(project: Project, ca: str | None) -> Any:
    url = f"{project.v1_url}/backups"
    return requests.post(url, json=creation(project), headers=TOKEN, timeout=PATIENCE, verify=ca or True).json()


def by_urllib3(project: Project, ca: str | None) -> Any:
    with urllib3.PoolManager(retries=False, timeout=PATIENCE, ca_certs=ca) as pool:
        return pool.request("POST", f"{project.v1_url}/backups", json=creation(project), headers=TOKEN).json()


@asynccontextmanager
async def session(ca: str | None) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=ca) if ca else True)
    patience = aiohttp.ClientTimeout(sock_read=PATIENCE)
    try:
        async with aiohttp.ClientSession(connector=connector, timeout=patience, headers=TOKEN) as client:
            yield client
    finally:
        await asyncio.sleep(0.05)  # TLS says goodbye after the session is closed, as aiohttp's docs say


def by_aiohttp(project: Project, ca: str | None) -> Any:
    async def create() -> Any:
        async with session(ca) as client, client.post(f"{project.v1_url}/backups", json=creation(project)) as answer:
            return await answer.json()

    return asyncio.run(create())


CLIENTS: Final[dict[str, Callable[[Project, str | None], Any]]] = {
    "requests": by_requests,
    "aiohttp": by_aiohttp,
    "urllib3": by_urllib3,
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
@pytest.mark.parametrize(("column", "client"), list(enumerate(CLIENTS.values(), start=2)), ids=CLIENTS.keys())
def test_a_client_makes_of_it_what_the_docs_say(
    mock: MockRDS, column: int, client: Callable[[Project, str | None], Any], row: list[str]
) -> None:
    project = mock.project()
    armed = project.faults.add(operation="create_manual_backup", **yaml.safe_load(f"{{{row[0]}}}"))

    try:
        outcome = client(project, mock.ca)["backup"]["name"]
    except Exception as error:  # noqa: BLE001  (what it is, is the question)
        outcome = type(error).__name__

    assert outcome == ("nightly" if row[column] == "the answer" else row[column])
    assert (armed.fired, project.errors) == (1, [])


def test_the_docs_have_every_fault_that_has_a_name() -> None:
    told = {fault for row in ROWS for fault in re.findall(r"\w+", row[0])}

    assert {*NAMES, "limit_data", "slicer", "bandwidth", "slow_close"} - told == set()


def test_a_stale_connection_fails_a_session_of_requests(mock: MockRDS) -> None:
    project = mock.project()
    project.faults.add(match={"connection": "reused"}, first=1, fault="EMPTY_RESPONSE")
    url = f"{project.v1_url}/backups"
    options: dict[str, Any] = {"headers": TOKEN, "timeout": 9, "verify": mock.ca or True}

    with requests.Session() as client:
        assert client.get(url, **options).status_code == 200
        with pytest.raises(requests.ConnectionError):
            client.get(url, **options)
        assert client.get(url, **options).status_code == 200

    assert len(project.journal) == 3


def test_urllib3_tries_a_list_again_but_no_create(mock: MockRDS) -> None:
    project = mock.project()
    project.faults.add(match={"connection": "reused"}, calls=[1, 2], fault="EMPTY_RESPONSE")
    url = f"{project.v1_url}/backups"

    with urllib3.PoolManager(ca_certs=mock.ca) as pool:
        assert [pool.request("GET", url, headers=TOKEN).status for _ in range(2)] == [200, 200]
        with pytest.raises(urllib3.exceptions.ProtocolError):
            pool.request("POST", url, json=creation(project), headers=TOKEN)

    assert [entry.status for entry in project.journal] == [200, None, 200, None]


def test_aiohttp_tries_a_list_again_but_no_create(mock: MockRDS) -> None:
    project = mock.project()
    project.faults.add(match={"connection": "reused"}, calls=[1, 2], fault="EMPTY_RESPONSE")
    url = f"{project.v1_url}/backups"

    async def use() -> list[Any]:
        async with session(mock.ca) as client:
            seen: list[Any] = []
            for method in ("GET", "GET", "POST"):
                try:
                    async with client.request(method, url, json=creation(project)) as answer:
                        seen.append(answer.status)
                except aiohttp.ClientError as error:
                    seen.append(type(error))
            return seen

    assert asyncio.run(use()) == [200, 200, aiohttp.ServerDisconnectedError]
    assert [entry.status for entry in project.journal] == [200, None, 200, None]
