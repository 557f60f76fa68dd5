"""The control API."""

from typing import Any

import pytest
import requests

from mockrds import MockRDS, Project
from mockrds.version import __version__


def control(project: Project, method: str, resource: str, **options: Any) -> requests.Response:
    return requests.request(method, f"{project.url}/__mockrds/projects/{project.id}/{resource}", timeout=10, **options)


def create(project: Project, name: str = "nightly") -> requests.Response:
    return requests.post(
        f"{project.v1_url}/backups",
        json={"backup": {"name": name, "instance": project.instances[0].node_id}},
        headers={"X-Auth-Token": project.token},
        timeout=10,
    )


@pytest.mark.parametrize(
    ("resource", "content"),
    [
        ("live", {"status": "ok"}),
        ("ready", {"status": "ok"}),
        ("version", {"name": "mockrds", "version": __version__}),
    ],
)
def test_server_documents(project: Project, resource: str, content: dict[str, str]) -> None:
    answer = requests.get(f"{project.url}/__mockrds/{resource}", timeout=10)

    assert (answer.status_code, answer.json()) == (200, content)


def test_state_hands_out_what_a_client_needs(project: Project) -> None:
    create(project)

    state = control(project, "GET", "state").json()

    assert [(row["id"], row["node_id"], row["name"]) for row in state["instances"]] == [
        (instance.id, instance.node_id, instance.name) for instance in project.instances
    ]
    assert [(row["name"], row["status"], row["node_id"]) for row in state["backups"]] == [
        ("nightly", "BUILDING", project.instances[0].node_id)
    ]
    assert state["id"] == project.id
    listed = requests.get(f"{project.v1_url}/backups", headers={"X-Auth-Token": state["token"]}, timeout=10)
    assert listed.status_code == 200


def test_the_clock_is_set_and_advanced(project: Project) -> None:
    frozen = control(project, "PUT", "clock", json={"mode": "frozen", "at": "2026-01-31T22:00:00Z"})
    create(project)
    advanced = control(project, "POST", "clock/advance", json={"by": "6h"})

    assert frozen.json() == {"mode": "frozen", "now": "2026-01-31T22:00:00.000000Z", "by": 1.0}
    assert advanced.json()["now"] == "2026-02-01T04:00:00.000000Z"
    assert control(project, "GET", "clock").json() == advanced.json()
    assert control(project, "GET", "state").json()["backups"][0]["status"] == "COMPLETED"


def test_the_journal_tells_what_was_asked_and_answered_without_secrets(project: Project) -> None:
    created = create(project)
    requests.get(f"{project.v1_url}/backups", timeout=10)

    journal = control(project, "GET", "journal", params={"operation": "create_manual_backup"}).json()

    assert journal["total"] == 2
    (entry,) = journal["entries"]
    assert entry["operation"] == "v1.create_manual_backup"
    assert entry["status"] == 200
    assert entry["response"] == created.text
    assert entry["backup_ids"] == [created.json()["backup"]["id"]]
    assert entry["request_id"] == created.headers["X-Request-Id"]
    assert entry["headers"]["x-auth-token"] == "***"
    assert project.token not in control(project, "GET", "journal").text


def test_faults_are_armed_counted_and_cleared(project: Project) -> None:
    rule = {"operation": "create_manual_backup", "error": "RDS.0011", "times": 1}
    armed = control(project, "POST", "faults", json=rule)
    statuses = [create(project).status_code for _ in range(2)]
    faults = control(project, "GET", "faults").json()
    cleared = control(project, "DELETE", "faults")

    assert (armed.status_code, armed.json()) == (201, {"id": 1, "name": "fault 1"})
    assert statuses == [409, 200]
    assert faults == {"faults": [{"id": 1, "name": "fault 1", "calls": 2, "fired": 1, "source": "control API"}]}
    assert cleared.json() == {}
    assert control(project, "GET", "faults").json() == {"faults": []}


def test_reset_begins_anew_and_leaves_other_projects_alone(server: MockRDS, project: Project) -> None:
    other = server.project()
    before = [instance.id for instance in project.instances]
    create(project)
    create(other)

    assert control(project, "POST", "reset").status_code == 200

    assert (project.backups, len(project.journal)) == ((), 0)
    assert [instance.id for instance in project.instances] == before
    assert [backup.name for backup in other.backups] == ["nightly"]


@pytest.mark.parametrize(
    ("method", "resource", "body", "status", "error"),
    [
        ("GET", "nothing", None, 404, "no such resource 'nothing'; there are: GET state, "),
        ("DELETE", "state", None, 405, "state takes GET"),
        (
            "PUT",
            "clock",
            {"mode": "fast"},
            400,
            "is no clock: give real, frozen, frozen@2026-01-31T22:00:00Z or scaled@60",
        ),
        ("PUT", "clock", {"moed": "real"}, 400, "{'moed': 'real'} is no clock: give real, frozen, "),
        ("PUT", "clock", {"mode": "frozen", "at": "soon"}, 400, "Invalid isoformat string: 'soon'"),
        ("PUT", "clock", {"mode": "frozen", "at": 7}, 400, "is no clock: give real, frozen, "),
        ("PUT", "clock", {"mode": "scaled", "by": 0}, 400, "'by' must be above zero"),
        ("POST", "clock/advance", {"by": "later"}, 400, "by: 'later' is no duration"),
        ("POST", "clock/advance", {"by": -1}, 400, "by: -1 is no duration"),
        ("POST", "clock/advance", None, 400, "the body must be a JSON object"),
        ("POST", "clock/advance", [], 400, "the body must be a JSON object"),
        ("POST", "faults", {"operation": "create_backup", "error": "RDS.0011"}, 400, "operation: unknown operation"),
        ("POST", "faults", {"eror": "RDS.0011"}, 400, "eror: unknown key, did you mean 'error'?"),
    ],
)
def test_wrong_requests_are_explained(
    project: Project, method: str, resource: str, body: object, status: int, error: str
) -> None:
    answer = control(project, method, resource, json=body)

    assert answer.status_code == status
    assert error in answer.json()["error"]


def test_an_undeclared_project_is_not_made_under_strict_projects() -> None:
    with MockRDS(strict_projects=True) as mock:
        unknown = requests.get(f"{mock.url}/__mockrds/projects/0123/state", timeout=10)
        known = mock.project("eu-de_mine")

        assert (unknown.status_code, unknown.json()) == (404, {"error": "project '0123' was not declared"})
        assert [
            row["name"] for row in requests.get(f"{mock.url}/__mockrds/projects", timeout=10).json()["projects"]
        ] == [
            "eu-de",
            known.name,
        ]


def test_the_control_api_is_never_subject_to_faults_nor_in_the_journal() -> None:
    with MockRDS(scenario={"faults": [{"error": "RDS.0005"}]}) as mock:
        project = mock.project()

        assert control(project, "GET", "state").status_code == 200
        assert len(project.journal) == 0
        assert create(project).status_code == 500
