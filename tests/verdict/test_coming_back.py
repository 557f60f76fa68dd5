"""Clients that come back for what failed: soon, late, with another name, by the other API, or twice at once."""

from __future__ import annotations

import json
import threading
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from support.journal_entries import call, lost, rows, wish
from test_bad_clients import CREATE, Client, client

from mockrds.journal import Entry
from mockrds.verdict import Verdict

if TYPE_CHECKING:
    from mockrds.domain.clock import Clock
    from mockrds.server import MockRDS

__all__ = ["client"]
V3 = "v3.create_manual_backup"
MINUTE, HOUR = 60.0, 3600.0


def groups(*entries: Entry) -> list[list[int]]:
    return [list(op.numbers) for op in Verdict(entries).operations]


def kinds(*entries: Entry) -> list[str]:
    return [finding.kind for finding in Verdict(entries).findings]


# When the server notices


@pytest.mark.parametrize("ended", ["aborted", "RST", "FIN", ""])
def test_how_late_the_server_notices_an_end_changes_no_wait(ended: str) -> None:
    from mockrds.domain.clock import Clock

    clock: Clock = Clock()
    entry = Entry(1, f"v1.{CREATE}", "POST", "/", [], b"", 0.0, clock)
    clock.advance(1200)
    entry.close(ended)

    assert entry.done is not None
    assert entry.done - entry.began < 60


def leave_a_create(client: Client, name: str) -> None:
    """Ask for a backup, and leave as soon as the request waits for its answer."""
    url = urlsplit(client.url)
    body = {"backup": {"name": name, "instance": client.project.instances[0].node_id}}
    connection = HTTPConnection(str(url.hostname), url.port, timeout=10)
    connection.request(
        "POST", url.path, json.dumps(body), {"X-Auth-Token": "token", "Content-Type": "application/json"}
    )
    deadline = time.monotonic() + 10
    while not client.project.in_flight:
        assert time.monotonic() < deadline
        time.sleep(0.0005)
    connection.close()


@pytest.mark.parametrize("phase", ["before_commit", "after_commit"])
def test_a_request_that_was_left_is_judged_alike_each_time(server: MockRDS, phase: str) -> None:
    """The server notices a moment after the client left; the clock may have been advanced by then, or not."""
    seen = set()
    for _ in range(50):
        project = server.project()
        project.faults.add(operation=CREATE, fault="timeout", phase=phase, times=1)
        client = Client(project)
        with client.session:
            leave_a_create(client, "nightly-1")
            client.sleep(20 * MINUTE)
            client.create("nightly-2")
            client.sleep(30)
            client.look()
        verdict = project.verdict
        found = tuple(finding.kind for finding in verdict.findings)
        seen.add((found, tuple(op.numbers for op in verdict.operations), len(verdict.duplicates)))
        project.forget()

    assert seen == {
        (("duplicate-backups", "body-changed"), ((1, 2), (3,)), 1)
        if phase == "after_commit"
        else (("gave-up",), ((1,), (2,), (3,)), 0)
    }


def test_calls_that_overlapped_are_no_retries_though_the_clock_was_advanced_meanwhile() -> None:
    """The first one took until after the second had come, whatever the clock says."""
    first = lost(1, 0, took=10)
    second = call(2, 1 + 20 * MINUTE, advanced=20 * MINUTE)

    assert groups(first, second) == [[1], [2]]


# Late


def test_who_comes_back_begins_its_backoff_anew() -> None:
    times = [0.0, 1, 3, 7, HOUR, HOUR + 1, HOUR + 3, HOUR + 7]
    [op] = Verdict([call(n, began, status=503) for n, began in enumerate(times, 1)]).operations

    assert list(op.wait_series) == [(1, 2, 4), (1, 2, 4)]
    assert op.backoff.kind == "exponential"
    assert list(op.waits) == [1, 2, 4, 1, 2, 4]


@pytest.mark.parametrize("pause", [16 * MINUTE, HOUR, 30 * HOUR])
def test_the_same_request_goes_on_with_the_same_thing_however_late(client: Client, pause: float) -> None:
    client.project.faults.add(operation=CREATE, response={"status": 503}, times=1)
    client.create()
    client.sleep(pause)
    client.create()
    client.sleep(MINUTE)
    client.look()

    [op] = [op for op in client.project.verdict.operations if op.operation.endswith(CREATE)]
    assert (len(op.attempts), op.succeeded, op.gave_up) == (2, True, False)
    assert client.held_against == {}


def test_a_pause_of_hours_is_no_backoff_and_makes_no_error_permanent() -> None:
    calls = [call(n, began, status=503) for n, began in ((1, 0), (2, 1), (3, 3), (4, 7))]
    late = call(5, 8 * HOUR, status=403)
    later = call(6, 20 * HOUR, status=403)

    verdict = Verdict([*calls, late, later])

    [op] = verdict.operations
    assert list(op.waits) == [1, 2, 4]
    assert verdict.backoff.kind == "exponential"
    verdict.assert_no_retry_of_permanent_errors()
    assert str(op.attempts[4]) == "#5 after 28793 s (came back for it) -> 403"


def test_another_name_after_a_lost_answer_is_a_duplicate_for_nearly_a_day() -> None:
    made = lost(1, 0, body=wish("nightly-1"), backup_ids=("a",))
    damaged = call(1, 0, body=wish("nightly-1"), backup_ids=("a",), damaged=True, response=b"{")
    never = lost(1, 0, body=wish("nightly-1"))

    def again(began: float) -> Entry:
        return call(3, began, body=wish("nightly-2"), backup_ids=("b",))

    for first in (made, damaged):
        assert groups(first, again(20 * MINUTE)) == [[1, 3]]
        assert Verdict([first, again(20 * HOUR)]).duplicates == (("a", "b"),)
        assert groups(first, again(24 * HOUR - 10)) == [[1], [3]]  # tomorrow's
    assert groups(never, again(20 * MINUTE)) == [[1], [3]]


def test_who_was_shown_what_a_lost_answer_had_made_wants_another_one_later() -> None:
    made = lost(1, 0, body=wish("nightly-1"), backup_ids=("a",))
    shown = call(2, 5, operation="v1.list_manual_backups", response=rows(("a", "BUILDING")))
    another = call(3, HOUR, body=wish("nightly-2"), backup_ids=("b",))

    assert groups(made, shown, another) == [[1], [2], [3]]


def test_a_lost_backup_and_its_double_are_found_on_the_wire(client: Client) -> None:
    client.project.faults.add(operation=CREATE, fault="CONNECTION_RESET_BY_PEER", phase="after_commit", times=1)
    client.create("nightly-1")
    client.sleep(20 * MINUTE)
    client.create("nightly-2")

    one, two = client.project.backups
    assert client.project.verdict.duplicates == ((one.id, two.id),)


# By the other API


@pytest.mark.parametrize("first", ["v1", "v3"])
@pytest.mark.parametrize("name", ["nightly-1", "nightly-2"])
def test_one_wish_goes_from_one_api_to_the_other(client: Client, first: str, name: str) -> None:
    project = client.project
    project.faults.add(operation=f"{first}.{CREATE}", fault="EMPTY_RESPONSE", phase="after_commit", times=1)
    by_v1 = f"{project.v1_url}/backups", {"instance": project.instances[0].node_id}
    by_v3 = f"{project.v3_url}/backups", {"instance_id": project.instances[0].id}

    def ask(way: tuple[str, dict[str, Any]], name: str) -> int:
        body = {"name": name} | way[1]
        return client.ask("POST", way[0], json={"backup": body} if way is by_v1 else body)

    ways = [by_v1, by_v3] if first == "v1" else [by_v3, by_v1]
    ask(ways[0], "nightly-1")
    client.sleep(10 * MINUTE)
    ask(ways[1], name)

    verdict = project.verdict
    [op] = verdict.operations
    assert [attempt.entry.operation[:2] for attempt in op.attempts] == [first, "v3" if first == "v1" else "v1"]
    assert op.body_changed is (name != "nightly-1")
    assert list(op.waits) == []
    assert len(verdict.duplicates) == (name != "nightly-1")
    assert f"(by {op.last.entry.operation})" in str(op)
    verdict.assert_no_retry_of_permanent_errors()
    for backup in project.backups:
        client.sleep(HOUR)
        client.delete(backup.id)
    client.sleep(HOUR)
    assert list(project.backups) == []
    assert len(project.verdict.duplicates) == (name != "nightly-1")


def test_another_instance_by_the_other_api_is_another_wish(client: Client) -> None:
    project = client.project
    project.faults.add(operation=f"v1.{CREATE}", fault="EMPTY_RESPONSE", phase="after_commit", times=1)
    client.create()
    client.ask("POST", f"{project.v3_url}/backups", json={"name": "nightly", "instance_id": project.instances[1].id})

    assert [len(op.attempts) for op in project.verdict.operations] == [1, 1]


# Names


def test_two_jobs_of_one_instance_are_two_wishes(client: Client) -> None:
    client.project.faults.add(operation=CREATE, fault="CONNECTION_RESET_BY_PEER", phase="after_commit", times=1)
    client.create("nightly")
    client.sleep(10 * MINUTE)
    client.create("weekly")

    verdict = client.project.verdict
    assert [op.target for op in verdict.operations] == ["nightly", "weekly"]
    verdict.assert_no_duplicate_backups()
    verdict.assert_same_body()


def test_findings_about_names_name_them(client: Client) -> None:
    client.project.faults.add(operation=CREATE, fault="CONNECTION_RESET_BY_PEER", phase="after_commit", times=1)
    client.create("nightly-1")
    client.sleep(10 * MINUTE)
    client.create("nightly-2")

    told = {finding.kind: finding.message for finding in client.project.verdict.findings}
    assert "as 'nightly-1', then 'nightly-2'" in told["duplicate-backups"]
    assert "as 'nightly-1', then 'nightly-2'" in told["body-changed"]
    many = [lost(n, n, body=wish(f"nightly-{n}"), backup_ids=(str(n),)) for n in range(1, 9)]
    [op] = Verdict(many).operations
    assert op.names_clause == ", as 'nightly-1', then 'nightly-2', ... then 'nightly-8'"


# At once


def test_who_asked_twice_at_once_and_got_it_did_not_give_up(client: Client) -> None:
    client.project.faults.add(operation=CREATE, latency="300ms", phase="after_commit", times=1)
    answers: list[int] = []

    def ask() -> None:
        body = {"backup": {"name": "nightly", "instance": client.project.instances[0].node_id}}
        headers = {"X-Auth-Token": "token"}
        answers.append(requests.post(client.url, json=body, headers=headers, timeout=10).status_code)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200, 409]
    assert "gave-up" not in {finding.kind for finding in client.project.verdict.findings}


def test_who_asked_again_after_it_was_made_is_another_matter() -> None:
    busy: dict[str, Any] = {"status": 409, "error": "RDS.0011"}

    assert "gave-up" not in kinds(call(1, 0, took=2, backup_ids=("a",)), call(2, 1, **busy))
    assert "gave-up" not in kinds(call(1, 0, took=1, **busy), call(2, 0.5, took=2, backup_ids=("a",)))
    assert "gave-up" in kinds(call(1, 0, took=2, backup_ids=("a",)), call(2, 3, **busy))
    assert "gave-up" in kinds(call(1, 0, took=2, backup_ids=("a",)), call(2, 1, body=wish(instance="b"), **busy))


# Storms


@pytest.mark.parametrize(("wait", "tries", "found"), [(0.2, 80, True), (0.2, 10, False), (1.5, 80, False)])
def test_many_tries_in_quick_succession_are_a_storm(client: Client, wait: float, tries: int, found: bool) -> None:  # noqa: FBT001
    client.project.faults.add(operation=CREATE, response={"status": 503})
    for _ in range(tries):
        client.create()
        client.sleep(wait)

    storms = [finding for finding in client.project.verdict.findings if finding.kind == "no-backoff"]
    assert [(f.severity, f.message) for f in storms] == (
        [("warning", "v1.create_manual_backup nightly is tried again every 0.2 s, 80 times in all")] if found else []
    )
