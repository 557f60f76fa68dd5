"""What each fault leaves of an answer, as the verdict sees it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from mockrds.project import Project


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"latency": "1ms"}, "ok"),
        ({"fault": {"slicer": {"average_size": 100, "size_variation": 0, "delay": 0}}}, "ok"),
        ({"fault": {"bandwidth": 1000}}, "ok"),
        ({"fault": {"slow_close": "1ms"}}, "ok"),
        ({"error": "RDS.0011"}, "refused"),
        ({"response": {"status": 503}}, "refused"),
        ({"fault": "EMPTY_RESPONSE"}, "lost"),
        ({"fault": "CONNECTION_RESET_BY_PEER"}, "lost"),
        ({"fault": "CONNECTION_RESET_BY_PEER", "phase": "after_commit"}, "lost"),
        ({"fault": "RANDOM_DATA_THEN_CLOSE"}, "lost"),
        ({"fault": {"timeout": "1ms"}}, "lost"),
        ({"fault": {"limit_data": 1}}, "lost"),
        ({"fault": {"limit_data": 300}}, "damaged"),
        ({"fault": "MALFORMED_RESPONSE_CHUNK"}, "damaged"),
        ({"body": {"truncate": 0.5}}, "damaged"),
        ({"body": {"remove": ["/backup/id"]}}, "damaged"),
        ({"body": {"content_length": 9999}}, "damaged"),
        ({"response": {"status": 200, "body": "<html>"}}, "damaged"),
    ],
    ids=str,
)
def test_a_fault_leaves_an_outcome(project: Project, fault: dict[str, Any], outcome: str) -> None:
    project.faults.add(operation="create_manual_backup", **fault)
    wish = {"backup": {"name": "nightly", "instance": project.instances[0].node_id}}
    with suppress(requests.RequestException):
        requests.post(f"{project.v1_url}/backups", json=wish, headers={"X-Auth-Token": "token"}, timeout=10)

    [op] = project.verdict.operations
    [attempt] = op.attempts
    assert attempt.outcome == outcome
    assert attempt.entry.done is not None
    assert attempt.entry.done >= attempt.entry.began
    assert attempt.retryable is (outcome != "ok")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after": " 7 "}, 7),
        ({"Retry-After": "Sat, 31 Jan 2026 22:00:09 GMT"}, 9),
        ({"Retry-After": "Sat, 31 Jan 2026 21:00:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_clients_read_it(
    project: Project, headers: dict[str, str], seconds: float | None
) -> None:
    project.faults.add(operation="list_manual_backups", response={"status": 503, "headers": headers})
    requests.get(f"{project.v1_url}/backups", headers={"X-Auth-Token": "token"}, timeout=10)

    assert project.journal.entries()[0].retry_after == seconds
