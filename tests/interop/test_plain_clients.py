"""Clients that know nothing of the cloud: curl, requests, aiohttp and the standard library; and HTTP itself."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
from collections import Counter
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import aiohttp
import pytest
import requests

from mockrds import MockRDS
from mockrds.domain.clock import ClockSetting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mockrds.project import Project

    Curl = Callable[..., str]

CLOCK = ClockSetting(mode="frozen", at=datetime(2026, 1, 31, 22, 0, tzinfo=UTC))
SIGN_IN = {
    "auth": {
        "identity": {
            "methods": ["password"],
            "password": {"user": {"name": "user", "password": "secret", "domain": {"name": "OTC00000000001000000001"}}},
        },
        "scope": {"project": {"name": "eu-de_interop"}},
    }
}
RUNNING = {"errCode": "RDS.3004", "externalMessage": "Backup is in progress, please wait."}


@pytest.fixture
def project() -> Iterator[Project]:
    with MockRDS(clock=CLOCK, auth="strict") as mock:
        project = mock.project("eu-de_interop")
        yield project
        assert project.errors == []


@pytest.fixture
def curl(tmp_path: Path) -> Curl:
    """Run curl with the environment of nobody; return what it printed."""
    executable = shutil.which("curl")
    if executable is None:
        pytest.skip("curl is not installed")

    def curl(*words: str) -> str:
        command = [executable, "--disable", "--silent", "--show-error", "--max-time", "30", *words]
        done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return curl


def create(project: Project) -> dict[str, Any]:
    """The body of a request for a backup."""
    return {"backup": {"name": "nightly", "instance": project.instances[0].node_id}}


def names_and_statuses(project: Project) -> list[tuple[str, str]]:
    now = project.clock.now()
    return [(backup.name, backup.status_at(now)) for backup in project.backups]


def test_curl_signs_in_makes_a_backup_and_deletes_it(curl: Curl, project: Project) -> None:
    sign_in = ["--data", json.dumps(SIGN_IN), "--header", "Content-Type: application/json"]
    head, _, body = curl("--include", *sign_in, f"{project.auth_url}/auth/tokens").partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    signed_in = ["--header", f"X-Auth-Token: {headers['X-Subject-Token']}"]
    url = f"{project.url}/rds/v1/{json.loads(body)['token']['project']['id']}/backups"

    made = json.loads(curl(*signed_in, "--json", json.dumps(create(project)), url))["backup"]
    project.clock.advance("3s")
    listed = json.loads(curl(*signed_in, url))["backups"]
    deleted = curl(*signed_in, "--request", "DELETE", "--write-out", " %{http_code}", f"{url}/{made['id']}")

    assert head.splitlines()[0] == "HTTP/1.1 201 Created"
    assert [(backup["id"], backup["name"], backup["status"]) for backup in listed] == [
        (made["id"], "nightly", "COMPLETED")
    ]
    assert deleted == "{} 200"
    assert names_and_statuses(project) == [("nightly", "DELETING")]


@pytest.mark.parametrize("header", ["Transfer-Encoding: chunked", "Expect: 100-continue"])
def test_curl_sends_its_body_in_chunks_and_after_an_invitation(curl: Curl, project: Project, header: str) -> None:
    body = ["--json", json.dumps(create(project)), "--header", header, "--expect100-timeout", "30"]

    answer = curl(*body, "--header", f"X-Auth-Token: {project.token}", f"{project.v1_url}/backups")

    assert json.loads(answer)["backup"]["status"] == "BUILDING"
    assert names_and_statuses(project) == [("nightly", "BUILDING")]


def test_curl_keeps_its_connection(curl: Curl, project: Project) -> None:
    url = f"{project.v1_url}/instances"
    requested = [word for _ in range(3) for word in ("--output", "ignored", url)]

    connects = curl("--header", f"X-Auth-Token: {project.token}", "--write-out", "%{num_connects}", *requested)

    assert connects == "100"


def test_requests_signs_in_and_keeps_its_connection(project: Project) -> None:
    with requests.Session() as session:
        session.trust_env = False
        issued = session.post(f"{project.auth_url}/auth/tokens", json=SIGN_IN, timeout=30)
        session.headers["X-Auth-Token"] = issued.headers["X-Subject-Token"]
        made = session.post(f"{project.v1_url}/backups", json=create(project), timeout=30)
        refused = session.post(f"{project.v1_url}/backups", json=create(project), timeout=30)
        listed = session.get(f"{project.v1_url}/backups", timeout=30)
        adapter: Any = session.get_adapter(project.url)
        pools = adapter.poolmanager.pools
        used = [(pools[key].num_connections, pools[key].num_requests) for key in pools.keys()]  # noqa: SIM118

    assert (issued.status_code, made.status_code, refused.status_code, listed.status_code) == (201, 200, 409, 200)
    assert refused.json() == RUNNING
    assert [backup["id"] for backup in listed.json()["backups"]] == [made.json()["backup"]["id"]]
    assert used == [(1, 4)]


def test_requests_streams_a_body_of_unknown_length(project: Project) -> None:
    body = json.dumps(create(project)).encode()
    headers = {"X-Auth-Token": project.token, "Content-Type": "application/json"}

    with requests.Session() as session:
        session.trust_env = False
        pieces = iter([body[:10], body[10:]])
        made = session.post(f"{project.v1_url}/backups", data=pieces, headers=headers, timeout=30)

    assert made.request.headers["Transfer-Encoding"] == "chunked"
    assert (made.status_code, names_and_statuses(project)) == (200, [("nightly", "BUILDING")])


async def test_aiohttp_signs_in_and_only_one_of_many_backups_at_once_begins() -> None:
    async with MockRDS(clock=CLOCK, auth="strict") as mock, aiohttp.ClientSession() as session:
        async with session.post(f"{mock.url}/v3/auth/tokens", json=SIGN_IN) as issued:
            project_id = (await issued.json())["token"]["project"]["id"]
        session.headers["X-Auth-Token"] = issued.headers["X-Subject-Token"]
        project = mock.project("eu-de_interop")

        async def make(number: int) -> int:
            body = {"backup": {"name": f"nightly-{number}", "instance": project.instances[0].node_id}}
            async with session.post(f"{mock.url}/rds/v1/{project_id}/backups", json=body) as made:
                await made.read()
                return made.status

        async with asyncio.TaskGroup() as group:
            made = [group.create_task(make(number)) for number in range(20)]

    assert (issued.status, project_id) == (201, project.id)
    assert Counter(task.result() for task in made) == {200: 1, 409: 19}
    assert project.errors == []


def test_urllib_signs_in_and_raises_what_is_refused(project: Project) -> None:
    opener = build_opener(ProxyHandler({}))
    headers = {"Content-Type": "application/json"}
    sign_in = Request(f"{project.auth_url}/auth/tokens", json.dumps(SIGN_IN).encode(), headers)
    with opener.open(sign_in, timeout=30) as issued:
        headers["X-Auth-Token"] = issued.headers["X-Subject-Token"]
    request = Request(f"{project.v1_url}/backups", json.dumps(create(project)).encode(), headers)

    with opener.open(request, timeout=30) as made:
        backup = json.load(made)["backup"]
    with pytest.raises(HTTPError) as refused:
        opener.open(request, timeout=30)
    with refused.value as error:
        refusal = json.load(error)

    assert (backup["name"], backup["status"]) == ("nightly", "BUILDING")
    assert (refused.value.code, refusal) == (409, RUNNING)


# HTTP itself


@pytest.fixture
def connection(project: Project) -> Iterator[HTTPConnection]:
    host, _, port = project.url.removeprefix("http://").partition(":")
    connection = HTTPConnection(host, int(port), timeout=30)
    yield connection
    connection.close()


def test_a_connection_outlives_refusals_and_bodies_that_nobody_reads(
    connection: HTTPConnection, project: Project
) -> None:
    path, headers = f"/rds/v1/{project.id}/backups", {"X-Auth-Token": project.token}
    statuses, sockets = [], set()
    for method, target, sent, body in [
        ("GET", path, headers, None),
        ("GET", path, {}, None),
        ("GET", "/nowhere", headers, None),
        ("POST", "/nowhere", headers, b"x" * 100_000),
        ("POST", path, headers, b"{"),
        ("PATCH", path, headers, b"{}"),
        ("HEAD", path, headers, None),
        ("DELETE", f"{path}/x", headers, b"{}"),
        ("GET", path, headers, b'{"a":1}'),
    ]:
        connection.request(method, target, body, sent)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
        sockets.add(connection.sock)

    assert statuses == [200, 401, 404, 404, 400, 404, 404, 400, 200]
    assert len(sockets) == 1


def test_head_answers_without_a_body(connection: HTTPConnection, project: Project) -> None:
    token = project.token
    answers = []
    for subject in (token, "x"):
        connection.request("HEAD", "/v3/auth/tokens", headers={"X-Auth-Token": token, "X-Subject-Token": subject})
        response = connection.getresponse()
        answers.append((response.status, response.read()))

    assert answers == [(200, b""), (404, b"")]


def test_a_client_that_asks_first_is_invited_to_send_its_body(project: Project) -> None:
    body = json.dumps(create(project)).encode()
    head = (
        f"POST /rds/v1/{project.id}/backups HTTP/1.1\r\nHost: rds\r\nX-Auth-Token: {project.token}\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    host, _, port = project.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw, raw.makefile("rb") as answers:
        raw.sendall(head.encode())
        invitation = [answers.readline(), answers.readline()]
        raw.sendall(body)
        answer = answers.read()

    assert invitation == [b"HTTP/1.1 100 Continue\r\n", b"\r\n"]
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert names_and_statuses(project) == [("nightly", "BUILDING")]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("GET {path} HTTP/1.0\r\nX-Auth-Token: {token}\r\n\r\n", id="HTTP/1.0 without a host"),
        pytest.param(
            "GET {path} HTTP/1.1\r\nhost: x\r\nx-auth-token:{token}\r\nconnection: close\r\n\r\n", id="lower case"
        ),
        pytest.param(
            "GET {path} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {token}\r\nAccept-Encoding: gzip, br\r\n"
            "Connection: close\r\n\r\n",
            id="compression",
        ),
        pytest.param(
            "GET http://x{path} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {token}\r\nConnection: close\r\n\r\n",
            id="whole URL, as by way of a proxy",
        ),
    ],
)
def test_other_ways_to_write_a_request_are_understood(project: Project, head: str) -> None:
    request = head.format(path=f"/rds/v1/{project.id}/backups", token=project.token)
    host, _, port = project.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw, raw.makefile("rb") as answers:
        raw.sendall(request.encode())
        answer = answers.read()

    assert answer.partition(b" ")[2][:6] == b"200 OK"
    assert answer.endswith(b'\r\n\r\n{"backups":[]}')
