"""What fails inside the mock, outside of operations: the client gets an answer, and whoever runs the test is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import pytest
import requests

from mockrds import MockRDS

if TYPE_CHECKING:
    from mockrds import Project


def fail(*_: Any, **__: Any) -> NoReturn:
    raise ZeroDivisionError("of ours")


def listed(project: Project) -> requests.Response:
    return requests.get(f"{project.v1_url}/backups", headers={"X-Auth-Token": project.token}, timeout=10)


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ("mockrds.faults.engine.FaultEngine.decide", None),
        ("mockrds.web.app.retry_after", {"response": {"status": 503}, "retry_after": "2s"}),
        ("mockrds.web.app.damage", {"body": {"truncate": 0.5}}),
        ("mockrds.faults.responses.Response.render", {"response": {"status": 503}}),
        ("mockrds.api.dispatch.find_operation", None),
    ],
)
def test_an_error_outside_the_operation_is_answered_and_told(
    monkeypatch: pytest.MonkeyPatch, place: str, fault: dict[str, Any] | None
) -> None:
    with MockRDS() as mock:
        project = mock.project()
        if fault is not None:
            project.faults.add(**fault)
        monkeypatch.setattr(place, fail)

        answer = listed(project)

        assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/json")
        assert "inside mockrds" in answer.headers["X-Mockrds-Hint"]
        monkeypatch.undo()
        errors = project.errors or mock.simulator.unassigned.errors
        assert [type(error) for error in errors] == [ZeroDivisionError]
        for entry in project.journal:
            assert (entry.status, entry.done is not None) == (500, True)


def test_an_error_while_a_broken_answer_is_sent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with MockRDS() as mock:
        project = mock.project()
        project.faults.add(fault={"limit_data": 30})
        monkeypatch.setattr("mockrds.web.fault_injection.ClientConnection.write", fail)

        with pytest.raises(requests.ConnectionError):
            listed(project)

        monkeypatch.undo()
        assert [type(error) for error in project.errors] == [ZeroDivisionError]
        [entry] = project.journal
        assert entry.done is not None


def test_a_log_that_fails_changes_no_answer_and_is_told() -> None:
    with MockRDS(log=fail) as mock:
        project = mock.project()

        assert listed(project).status_code == 200
        assert [type(error) for error in project.errors] == [ZeroDivisionError]


def test_a_summary_tells_of_requests_to_neighbouring_services() -> None:
    with MockRDS() as mock:
        project = mock.project()
        headers = {"X-Auth-Token": project.token}
        assert requests.get(f"{project.url}/v1/{project.id}/vpcs", headers=headers, timeout=10).status_code == 200
        control = f"{project.url}/__mockrds/projects/{project.id}"

        summary = requests.get(f"{control}/summary", timeout=10)
        journal = requests.get(f"{control}/journal", params={"operation": "network.list_vpcs"}, timeout=10)

        assert summary.json()["calls"]["network.list_vpcs"]["total"] == 1
        assert journal.json()["count"] == 1
        project.journal.assert_called("list_vpcs", times=1)
