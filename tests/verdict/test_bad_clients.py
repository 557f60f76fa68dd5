"""Clients with the classic mistakes, hand-made, on the wire; and what is held against each."""

from __future__ import annotations

import socket
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import requests

from mockrds.client import RemoteServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockrds.project import Project
    from mockrds.server import MockRDS

CREATE = "create_manual_backup"


class Client:
    """Asks for what it is told, and sleeps on the project's clock."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.session = requests.Session()
        self.session.headers["X-Auth-Token"] = "token"
        self.url = f"{project.v1_url}/backups"

    def create(self, name: str = "nightly", place: int = 0) -> int:
        body = {"backup": {"name": name, "instance": self.project.instances[place].node_id}}
        return self.ask("POST", self.url, json=body)

    def look(self) -> int:
        return self.ask("GET", self.url)

    def delete(self, backup_id: str) -> int:
        return self.ask("DELETE", f"{self.url}/{backup_id}")

    def ask(self, method: str, url: str, **request: Any) -> int:
        try:
            return self.session.request(method, url, timeout=10, **request).status_code
        except requests.RequestException:
            return 0

    def sleep(self, seconds: float) -> None:
        self.project.clock.advance(seconds)

    @property
    def held_against(self) -> dict[str, int]:
        """How many findings there are, by severity and kind."""
        return dict(Counter(f"{found.severity}: {found.kind}" for found in self.project.verdict.findings))


@pytest.fixture
def client(project: Project) -> Iterator[Client]:
    client = Client(project)
    with client.session:
        yield client


def test_a_client_that_does_all_right_hears_nothing(client: Client) -> None:
    client.project.faults.add(operation=CREATE, response={"status": 503}, retry_after="4s", times=2)
    for _ in range(3):
        client.create()
        client.sleep(4)
    client.look()
    client.delete(client.project.backups[0].id)

    assert client.held_against == {}
    client.project.verdict.assert_clean("note")


def test_a_new_name_for_each_retry_makes_two_backups(client: Client) -> None:
    client.project.faults.add(operation=CREATE, fault="CONNECTION_RESET_BY_PEER", phase="after_commit", calls=[1])
    for n in range(2):
        client.create(f"nightly-{n}")
        client.sleep(5)
    one, two = client.project.backups

    verdict = client.project.verdict
    assert verdict.duplicates == ((one.id, two.id),)
    with pytest.raises(AssertionError) as raised:
        verdict.assert_no_duplicate_backups()
    lines = str(raised.value).splitlines()
    assert lines[:2] == [
        "expected one backup for each that was wanted",
        "v1.create_manual_backup nightly-0: 2 attempts",
    ]
    assert lines[2].startswith(f"  #1 -> no answer, made backup {one.id} [")
    assert lines[3].startswith(f"  #2 after 5 s -> 200, made backup {two.id}")
    with pytest.raises(
        AssertionError, match=r'#1: {"backup": {"name": "nightly-0".*\n.*#2: {"backup": {"name": "night'
    ):
        verdict.assert_same_body()


def test_a_client_that_ignores_retry_after(client: Client) -> None:
    client.project.faults.add(operation=CREATE, error="APIGW.0308", retry_after="10s", times=3)
    for _ in range(4):
        client.create()
        client.sleep(2)

    assert client.held_against["error: retry-after-ignored"] == 1
    with pytest.raises(AssertionError, match=r"#2 after 2 s -> 429 APIGW.0308 \(Retry-After 10\)"):
        client.project.verdict.assert_retry_after_honoured()


def test_a_date_in_retry_after_is_honoured_as_well(client: Client) -> None:
    response = {"status": 503, "headers": {"Retry-After": "Sat, 31 Jan 2026 22:00:30 GMT"}}
    client.project.faults.add(operation=CREATE, response=response, times=1)
    client.create()
    client.sleep(29)
    client.create()

    assert client.project.journal.entries()[0].retry_after == 30
    assert client.held_against["error: retry-after-ignored"] == 1


def test_a_client_that_hammers(client: Client) -> None:
    client.project.faults.add(operation=CREATE, response={"status": 503}, times=6)
    for _ in range(7):
        client.create()

    assert client.held_against["warning: no-backoff"] == 1
    with pytest.raises(AssertionError, match="expected exponential or jittered backoff, but it does not wait"):
        client.project.verdict.assert_backoff("exponential", "jittered")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"response": {"status": 400}}, "The request is wrong"),
        ({"error": "RDS.0010"}, "It is forbidden"),
        ({"quota": 0}, "It is a quota"),
    ],
)
def test_a_client_that_retries_what_is_refused_for_good(client: Client, fault: dict[str, Any], why: str) -> None:
    client.project.faults.add(operation=CREATE, **fault)
    for _ in range(3):
        client.create()
        client.sleep(2)

    assert client.held_against["error: retried-permanent-error"] == 1
    with pytest.raises(AssertionError, match=f"expected no retry of what is refused for good. {why}"):
        client.project.verdict.assert_no_retry_of_permanent_errors()


def test_a_client_that_gives_up_at_once(client: Client) -> None:
    client.project.faults.add(operation=CREATE, error="RDS.0011")
    client.create()

    assert client.held_against == {"warning: gave-up": 1}
    with pytest.raises(
        AssertionError, match=r"expected at least 3 attempts before giving up\n.*: 1 attempt\n  #1 -> 409"
    ):
        client.project.verdict.assert_did_not_give_up()
    client.sleep(1)
    client.create()
    client.project.verdict.assert_did_not_give_up(min_attempts=2)


def test_a_client_that_polls_for_ever(client: Client) -> None:
    client.create()
    for _ in range(20):
        client.look()
        client.sleep(1)

    verdict = client.project.verdict
    [polling] = verdict.polling
    assert (polling.count, polling.backoff.kind) == (20, "constant")
    assert polling.after_end >= 16
    assert client.held_against == {"warning: polled-after-end": 1}
    with pytest.raises(AssertionError, match=r"list_manual_backups /backups was asked \d+ times more, 20 times in all"):
        verdict.assert_no_polls_after_end()
    with pytest.raises(AssertionError, match=r"expected at most 10 looks; .* was asked 20 times, 1 s to 1 s apart"):
        verdict.assert_polling(min_interval=0.5, max_interval=2, max_count=10)
    with pytest.raises(AssertionError, match="expected at least 2 s between two looks"):
        verdict.assert_polling(min_interval=2)
    with pytest.raises(AssertionError, match=r"expected at most 0.5 s between two looks"):
        verdict.assert_polling(max_interval=0.5)


def test_a_client_that_polls_as_fast_as_it_can(client: Client) -> None:
    client.create()
    for _ in range(15):
        client.look()
    client.sleep(10)
    client.look()

    assert client.held_against == {"note: polled-too-fast": 1}


def test_a_wait_for_a_removal_ends_when_it_is_gone(client: Client) -> None:
    client.create()
    client.sleep(10)
    client.look()
    client.delete(client.project.backups[0].id)
    for _ in range(4):
        client.look()
        client.sleep(1)
    waited = client.project.verdict.polling
    client.sleep(10)
    client.look()
    client.look()

    assert [(polling.count, polling.after_end) for polling in waited] == [(4, 1)]


def test_a_job_is_waited_for_by_its_id(client: Client) -> None:
    project = client.project
    instance = project.instances[0]
    answer = client.session.post(
        f"{project.v3_url}/instances/{instance.id}/action", json={"restart": {}}, timeout=10
    ).json()
    for _ in range(4):
        client.ask("GET", f"{project.v3_url}/jobs?id={answer['job_id']}")
        client.sleep(1)

    verdict = project.verdict
    [polling] = verdict.polling
    assert [op.last.outcome for op in polling.questions] == ["ok", "ok", "ok"]  # at first the job was not known yet
    assert (polling.operation, polling.after_end) == ("v3.get_job", 1)
    verdict.assert_no_retry_of_permanent_errors()


def test_an_instance_is_waited_for_until_it_is_idle(client: Client) -> None:
    project = client.project
    client.create()
    client.sleep(60)
    client.look()
    instance = f"{project.v1_url}/instances/{project.instances[0].node_id}"
    restore = {"restore": {"backupRef": project.backups[0].id}}
    assert client.ask("POST", f"{instance}/action", json=restore) == 202
    statuses: list[str] = []
    while statuses[-2:] != ["ACTIVE", "ACTIVE"]:
        answer = client.session.get(instance, timeout=10).json()
        statuses.append(answer["instance"]["status"])
        client.ask("GET", f"{instance}/backups/policy")
        client.sleep(1)

    [polling] = project.verdict.polling
    assert len(statuses) > 2
    assert (polling.operation, polling.count, polling.after_end) == ("v1.get_instance", len(statuses), 1)


def test_a_new_instance_is_waited_for(client: Client) -> None:
    project = client.project
    old = client.session.get(f"{project.v3_url}/instances", timeout=10).json()["instances"][0]
    wanted = {
        key: old[key]
        for key in ("datastore", "flavor_ref", "volume", "region", "vpc_id", "subnet_id", "security_group_id")
    }
    wanted |= {"name": "another", "availability_zone": "eu-de-01", "password": "Secret-12345", "ha": None}
    answer = client.session.post(f"{project.v3_url}/instances", json={k: v for k, v in wanted.items() if v}, timeout=10)
    made = answer.json()["instance"]["id"]
    for _ in range(4):
        client.ask("GET", f"{project.v3_url}/instances?id={made}")
        client.sleep(600)

    [polling] = project.verdict.polling
    assert (polling.operation, polling.count) == ("v3.list_instances", 4)
    assert polling.after_end >= 1


def test_a_client_that_leaves_orphans(client: Client) -> None:
    client.project.faults.add(operation=CREATE, fault="EMPTY_RESPONSE", phase="after_commit", calls=[2])
    client.create("seen")
    client.create("unheard-of", place=1)
    seen, unknown = client.project.backups

    verdict = client.project.verdict
    assert verdict.orphans == (seen.id, unknown.id)
    assert client.held_against == {
        "error: orphaned-backup": 1,
        "warning: orphaned-backup": 1,
        "warning: gave-up": 1,
    }
    with pytest.raises(AssertionError) as raised:
        verdict.assert_no_orphans()
    assert str(raised.value).splitlines() == [
        "expected each backup to be seen at its end, or deleted; left over:",
        f"  {seen.id} seen, made by call #1",
        f"  {unknown.id} unheard-of, made by call #2: the answer to call 2 was lost: the client never heard of it",
    ]
    client.sleep(60)
    client.look()
    client.project.verdict.assert_no_orphans()


def test_backups_of_a_long_list_are_no_orphans(client: Client) -> None:
    """The journal keeps the beginning of an answer; what stood in the rest of it is known all the same."""
    for n in range(20):
        client.create(f"nightly-{n}")
        client.sleep(60)
    client.look()

    assert len(client.project.journal.entries()[-1].response) == 4096
    client.project.verdict.assert_no_orphans()


def test_a_client_that_connects_for_each_request(client: Client) -> None:
    for _ in range(5):
        requests.get(client.url, headers={"X-Auth-Token": "token"}, timeout=10)
        client.sleep(1)

    assert client.held_against == {"note: connection-per-request": 1}
    assert client.project.verdict.connections.as_json() == {"opened": 5, "requests": 5, "reused": 0}
    client.session.headers["Connection"] = "close"
    for _ in range(6):
        client.look()
    assert client.held_against == {"note: connection-per-request": 1}
    with pytest.raises(AssertionError, match="0 of 10 did: 11 requests, 11 connections"):
        client.project.verdict.assert_connections_reused()
    del client.session.headers["Connection"]
    for _ in range(11):
        client.look()
    client.project.verdict.assert_connections_reused(min_share=0.4)


async def test_what_aiohttp_repeats_by_itself_is_no_retry_of_the_client(project: Project) -> None:
    project.faults.add(operation="list_manual_backups", fault="CONNECTION_RESET_BY_PEER", calls=[2])
    async with aiohttp.ClientSession(headers={"X-Auth-Token": "token"}) as session:
        for _ in range(2):
            async with session.get(f"{project.v1_url}/backups") as answer:
                await answer.read()

    verdict = project.verdict
    assert [op.retries for op in verdict.operations] == [0, 0]
    assert [(found.kind, found.message) for found in verdict.findings] == [
        ("silent-retry", "aiohttp repeated a request by itself, once, because a connection had died")
    ]
    verdict.assert_clean()


def test_a_client_that_hangs_up_has_lost_its_answer(client: Client) -> None:
    client.project.faults.add(operation=CREATE, fault="timeout", times=1)
    with pytest.raises(requests.ReadTimeout):
        client.session.post(client.url, json={"backup": {"name": "nightly", "instance": "x"}}, timeout=0.2)
    entry = client.project.journal.entries()[0]
    deadline = time.monotonic() + 10
    while entry.done is None and time.monotonic() < deadline:
        time.sleep(0.005)

    [op] = client.project.verdict.operations
    assert [str(attempt).partition(" [")[0] for attempt in op.attempts] == ["#1 -> the client hung up"]
    assert entry.done is not None
    assert 0.1 < entry.done - entry.began < 5


def test_a_call_that_hangs_is_still_under_way(client: Client) -> None:
    client.project.faults.add(operation=CREATE, fault="timeout")
    with socket.create_connection(("127.0.0.1", int(client.project.url.rpartition(":")[2]))) as raw:
        raw.sendall(f"POST {client.url.partition('127.0.0.1')[2].partition('/')[2].join('/ ')}HTTP/1.1\r\n".encode())
        raw.sendall(b"Host: here\r\nContent-Length: 2\r\n\r\n{}")
        deadline = time.monotonic() + 10
        while not client.project.journal.total and time.monotonic() < deadline:
            time.sleep(0.005)

        [op] = client.project.verdict.operations
        assert [attempt.outcome for attempt in op.attempts] == ["open"]
        assert (op.succeeded, op.gave_up) == (False, False)


def test_an_assertion_about_backoff_says_what_was_expected_and_what_was_seen(client: Client) -> None:
    client.project.faults.add(operation=CREATE, response={"status": 503}, times=3)
    for wait in (1, 2, 4, 0):
        client.create()
        client.sleep(wait)
    verdict = client.project.verdict

    verdict.assert_backoff()
    verdict.assert_backoff("exponential", min_factor=2, max_wait=4, operation=CREATE)
    with pytest.raises(AssertionError) as raised:
        verdict.assert_backoff("jittered", min_factor=3, max_wait=2)
    assert str(raised.value).splitlines()[:3] == [
        "expected jittered backoff; expected waits that grow at least by a factor of 3; expected no wait longer than "
        "2 s, but it is exponential, from 1 s by a factor of 2.00",
        "v1.create_manual_backup nightly: 4 attempts",
        "  #1 -> 503 [fault 1]",
    ]
    with pytest.raises(AssertionError, match="backoff, but there are fewer than two waits to judge"):
        verdict.assert_backoff(operation="list_manual_backups")
    with pytest.raises(ValueError, match="unknown kind of backoff 'expo': expected unseen, none, constant, linear"):
        verdict.assert_backoff("expo")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown severity 'bad': expected error, warning, note"):
        verdict.assert_clean("bad")  # type: ignore[arg-type]


def test_what_is_not_clean_is_listed_with_its_calls(client: Client) -> None:
    client.project.faults.add(operation=CREATE, error="RDS.0010", times=1)
    client.create()
    client.create()

    with pytest.raises(AssertionError) as raised:
        client.project.verdict.assert_clean()
    lines = str(raised.value).splitlines()
    assert lines[0] == "expected no finding of severity warning or above:"
    assert lines[1].startswith(
        "  error: retried-permanent-error: v1.create_manual_backup nightly was tried again after 403"
    )
    assert lines[3] == "v1.create_manual_backup nightly: 2 attempts"


def test_the_worst_backoff_stands_for_all(client: Client) -> None:
    """A client may treat one operation well and another one not."""
    client.project.faults.add(operation=CREATE, response={"status": 503}, times=3)
    client.project.faults.add(operation="list_manual_backups", response={"status": 503}, times=3)
    for wait in (1, 2, 4, 0):
        client.create()
        client.sleep(wait)
    for _ in range(4):
        client.look()

    verdict = client.project.verdict
    assert verdict.backoff.kind == "none"
    verdict.assert_backoff("exponential", operation=CREATE)


def test_it_is_the_same_from_afar(client: Client, server: MockRDS) -> None:
    client.project.faults.add(operation=CREATE, response={"status": 503}, retry_after="2s", times=2)
    for n in range(3):
        client.create(f"nightly-{n}")
        client.sleep(n)
    client.look()
    client.create(place=1)

    here = client.project.verdict
    there = RemoteServer(server.url).project(id=client.project.id).verdict
    report = requests.get(f"{server.url}/__mockrds/projects/{client.project.id}/summary", timeout=10).json()
    assert len(here.findings) == 4
    assert there.as_json() == here.as_json() == report["verdict"]
    assert [str(op) for op in there.operations] == [str(op) for op in here.operations]
    assert repr(here) == "<Verdict: 3 operations, 4 findings>"
    assert here.errors_met == {}
