"""The calls of a project as lines of text."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import requests

from mockrds.report.timeline import outcome, timeline

if TYPE_CHECKING:
    from mockrds import Project


def rows(project: Project) -> list[dict[str, Any]]:
    return [entry.as_json() for entry in project.journal.entries()]


def test_what_becomes_of_calls(project: Project) -> None:
    first: dict[str, Any] = {"operation": "list_instances", "first": 1}
    for fault in (
        {"fault": "CONNECTION_RESET_BY_PEER"},
        {"fault": "EMPTY_RESPONSE"},
        {"response": {"status": 429, "headers": {"Retry-After": "7"}}},
        {"latency": "30s"},
    ):
        project.faults.add(**first, **fault)
        with suppress(requests.RequestException):
            requests.get(f"{project.v1_url}/instances", headers={"X-Auth-Token": "any"}, timeout=0.3)
        project.clock.advance("2s")
        project.faults.clear()
    with requests.Session() as session:
        session.headers["X-Auth-Token"] = "any"
        session.get(f"{project.v1_url}/instances", timeout=10)
        session.get(f"{project.v1_url}/nonsense", timeout=10)
        body = {"backup": {"name": "nightly", "instance": project.instances[0].id}}
        session.post(f"{project.v1_url}/backups", json=body, timeout=10)

    kept = rows(project)
    lines = timeline(kept).splitlines()

    assert [outcome(row) for row in kept[:4]] == [
        "connection reset without an answer",
        "connection closed without an answer",
        "429",
        "the client left",
    ]
    assert "-> connection reset without an answer, fault: fault 1, new connection" in lines[0]
    assert "429, after 2.0" in lines[2]
    assert "Retry-After: 7" in lines[2]
    assert "the client left, took " in lines[3]
    assert "same connection" not in "".join(lines[:5])
    (hinted,) = [line for line in lines if line.strip().startswith("hint:") and "node" in line]
    assert "v1.create_manual_backup" in lines[lines.index(hinted) - 1]
    assert "same connection" in lines[lines.index(hinted) - 1]
    assert timeline([]) == "(no calls)"
    assert timeline(kept, last=2).splitlines()[0] == f"(the last 2 of {len(kept)} calls that are kept)"


def test_a_call_under_way_and_an_answer_that_was_cut(project: Project) -> None:
    requests.get(f"{project.v1_url}/instances", headers={"X-Auth-Token": "any"}, timeout=10)
    (row,) = rows(project)

    assert outcome(row | {"status": None}) == "under way"
    assert outcome(row | {"ended": "RST"}) == "200, then connection reset"
    assert outcome(row | {"ended": "FIN"}) == "200"
    assert " GET " not in timeline([row])
    assert "GET /x" in timeline([row | {"operation": "unknown", "path": "/x"}])
