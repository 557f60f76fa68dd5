"""The control API: what it does, and that it answers as its own description says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from mockrds import MockRDS, Project
from mockrds.control.openapi import document
from mockrds.control.routes import ROUTES
from mockrds.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

API = json.loads(json.dumps(document(ROUTES)))
REGISTRY: Registry[Any] = Registry().with_resource("urn:api", DRAFT202012.create_resource(API))
AT = {"mode": "frozen", "at": "2026-01-31T22:00:00Z"}


def assert_fits(content: object, media: dict[str, Any]) -> None:
    schema = {"$ref": f"urn:api{media['content']['application/json']['schema']['$ref']}"}
    Draft202012Validator(schema, registry=REGISTRY).validate(content)


def ask(url: str, method: str, resource: str, **options: Any) -> requests.Response:
    """Ask the control API, and see that question and answer are as it says of itself."""
    answer = requests.request(method, f"{url}/__mockrds/{resource}", timeout=10, **options)
    described = next(
        (
            operations[method.lower()]
            for path, operations in API["paths"].items()
            if re.fullmatch(re.sub("{.*?}", "[^/]+", path), f"/{resource}") and method.lower() in operations
        ),
        None,
    )
    if described is None:
        assert (answer.status_code, list(answer.json())) in [(404, ["error"]), (405, ["error"]), (401, ["error"])]
        return answer
    assert_fits(answer.json(), described["responses"][str(answer.status_code)])
    if answer.ok and "json" in options:
        assert_fits(options["json"], described["requestBody"])
    assert {*options.get("params", {})} <= {parameter["name"] for parameter in described["parameters"]} or not answer.ok
    return answer


def control(project: Project, method: str, resource: str = "", **options: Any) -> requests.Response:
    return ask(project.url, method, f"projects/{project.id}/{resource}".rstrip("/"), **options)


def create(project: Project, name: str = "nightly") -> requests.Response:
    return requests.post(
        f"{project.v1_url}/backups",
        json={"backup": {"name": name, "instance": project.instances[0].node_id}},
        headers={"X-Auth-Token": project.token},
        timeout=10,
    )


def hang(project: Project) -> tuple[threading.Thread, list[str]]:
    """Send a request that is not answered for a minute; gives what becomes of it, and returns once it waits."""
    project.faults.add(operation="create_manual_backup", latency="1m")
    outcome: list[str] = []

    def send() -> None:
        try:
            outcome.append(str(create(project).status_code))
        except requests.ConnectionError:
            outcome.append("dropped")

    thread = threading.Thread(target=send)
    thread.start()
    wait_until(lambda: control(project, "GET", "summary").json()["in_flight"] == 1)
    return thread, outcome


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# The server


@pytest.mark.parametrize(
    ("resource", "content"),
    [
        ("live", {"status": "ok"}),
        ("ready", {"status": "ok"}),
        ("version", {"name": "mockrds", "version": __version__}),
        ("openapi.json", API),
    ],
)
def test_server_documents(project: Project, resource: str, content: dict[str, Any]) -> None:
    answer = ask(project.url, "GET", resource)

    assert (answer.status_code, answer.json()) == (200, content)


def test_the_description_is_an_openapi_document() -> None:
    validate(API)

    assert API["openapi"] == "3.1.0"
    described = {(method.upper(), path) for path, operations in API["paths"].items() for method in operations}
    assert described == {(route.method, f"/{route.path}") for route in ROUTES}


REQUESTS: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "live"): {},
    ("GET", "ready"): {},
    ("GET", "version"): {},
    ("GET", "openapi.json"): {},
    ("GET", "openapi/{family}.json"): {},
    ("GET", "projects"): {},
    ("POST", "projects"): {"json": {"seed": 7, "clock": AT, "scenario": {"faults": [{"error": "RDS.0011"}]}}},
    ("GET", "projects/{project}"): {},
    ("DELETE", "projects/{project}"): {},
    ("GET", "projects/{project}/state"): {},
    ("PUT", "projects/{project}/state"): {"json": {"instances": [{"name": "only"}], "quotas": {"instances": 1}}},
    ("GET", "projects/{project}/scenario"): {},
    ("PUT", "projects/{project}/scenario"): {"json": {"name": "other", "seed": 3}},
    ("DELETE", "projects/{project}/scenario"): {},
    ("POST", "projects/{project}/finish"): {"json": {"id": "NODE"}},
    ("POST", "projects/{project}/set-status"): {"json": {"id": "NODE", "status": "REBOOTING", "seconds": 60}},
    ("POST", "projects/{project}/reset"): {},
    ("GET", "projects/{project}/clock"): {},
    ("PUT", "projects/{project}/clock"): {"json": {"mode": "scaled", "by": 60}},
    ("POST", "projects/{project}/clock/advance"): {"json": {"by": "5m"}},
    ("GET", "projects/{project}/faults"): {},
    ("POST", "projects/{project}/faults"): {"json": {"error": "RDS.0011"}},
    ("DELETE", "projects/{project}/faults"): {},
    ("GET", "projects/{project}/faults/{fault}"): {},
    ("DELETE", "projects/{project}/faults/{fault}"): {},
    ("GET", "projects/{project}/journal"): {"params": {"operation": "create_manual_backup", "status": 200}},
    ("DELETE", "projects/{project}/journal"): {},
    ("POST", "projects/{project}/journal/verify"): {"json": {"operation": "create_manual_backup", "at_least": 1}},
    ("GET", "projects/{project}/summary"): {},
    ("GET", "projects/{project}/report.{format}"): {},
    ("GET", "report.{format}"): {},
}


@pytest.fixture
def full(project: Project) -> Project:
    """A project with something of everything: faults that fired, requests, a replica that lost its primary."""
    project.faults.add(operation="delete_manual_backup", sequence=["RDS.0011", "ok"], match={"method": "DELETE"})
    project.faults.add(operation="list_manual_backups", fault="EMPTY_RESPONSE")
    create(project)
    headers = {"X-Auth-Token": project.token}
    backup = project.backups[0]
    requests.delete(f"{project.v1_url}/backups/{backup.id}", headers=headers, timeout=10)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{project.v1_url}/backups", headers=headers, timeout=10)
    project.set_status(project.instances[1].id, "REBOOTING")
    project.set_status(project.instances[0].id, "DELETING", seconds=1)
    project.clock.advance("1m")
    assert backup.instance not in project.instances
    return project


@pytest.mark.parametrize(("method", "path"), [(route.method, route.path) for route in ROUTES])
def test_every_route_answers_as_it_says(full: Project, method: str, path: str) -> None:
    options = json.loads(json.dumps(REQUESTS[method, path]).replace("NODE", full.instances[0].node_id))

    answer = ask(full.url, method, path.format(project=full.id, fault=1, family="v3", format="json"), **options)

    assert answer.ok, answer.text
    assert method != "GET" or requests.head(answer.url, timeout=10).ok


def test_there_are_no_examples_of_routes_that_are_no_more() -> None:
    assert REQUESTS.keys() == {(route.method, route.path) for route in ROUTES}


@pytest.mark.slow
def test_only_what_is_sent_needs_pydantic() -> None:
    code = """
        import sys
        from urllib.request import urlopen
        from mockrds import MockRDS

        with MockRDS() as mock:
            project = mock.project()
            project.finish(project.instances[0].id)
            for resource in ("", "/state", "/scenario", "/clock", "/faults", "/journal", "/summary", "/report.html"):
                urlopen(f"{mock.url}/__mockrds/projects/{project.id}{resource}").close()
        print("pydantic" in sys.modules)
    """

    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


# Projects


def test_projects_are_made_found_listed_and_removed(server: MockRDS) -> None:
    made = ask(server.url, "POST", "projects", json={"name": "eu-de_mine", "seed": 5})
    found = ask(server.url, "POST", "projects", json={"name": "eu-de_mine"})
    fresh = ask(server.url, "POST", "projects", json={})
    listed = ask(server.url, "GET", "projects").json()["projects"]
    removed = [ask(server.url, "DELETE", f"projects/{name}") for name in ("eu-de_mine", fresh.json()["id"])]

    assert (made.status_code, found.status_code, fresh.status_code) == (201, 200, 201)
    assert (made.json()["id"], made.json()["seed"]) == (found.json()["id"], 5)
    assert {"id": made.json()["id"], "name": "eu-de_mine"} in listed
    assert removed[0].json() == {key: made.json()[key] for key in ("id", "name", "replay")}
    assert ask(server.url, "DELETE", "projects/eu-de_mine").status_code == 404
    assert "eu-de_mine" not in ask(server.url, "GET", "projects").text


def test_what_makes_a_project_lets_clients_in() -> None:
    with MockRDS(auth="strict") as mock:
        made = ask(mock.url, "POST", "projects", json={}).json()

        url = f"{mock.url}/rds/v1/{made['id']}/backups"
        assert requests.get(url, headers={"X-Auth-Token": made["token"]}, timeout=10).status_code == 200


def test_a_project_may_have_scenario_seed_and_clock_of_its_own(server: MockRDS) -> None:
    asked = {"scenario": {"name": "mine", "world": {"instances": [{"name": "only"}]}}, "seed": 9, "clock": AT}
    made = ask(server.url, "POST", "projects", json=asked).json()

    state = ask(server.url, "GET", f"projects/{made['id']}/state").json()

    assert (state["scenario"], state["seed"], state["clock"]["now"]) == ("mine", 9, "2026-01-31T22:00:00.000000Z")
    assert [instance["name"] for instance in state["instances"]] == ["only"]


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"nmae": "x"}, 400, "nmae: unknown key, did you mean 'name'? (expected one of: name, id, "),
        ({"name": ""}, 400, 'name: "" does not fit'),
        ({"name": "a\nb"}, 400, "does not fit"),
        ({"id": "a/b"}, 400, 'id: "a/b" does not fit ^[A-Za-z0-9_-]{1,64}$'),
        ({"id": "a\n"}, 400, "does not fit"),
        ({"seed": "7"}, 400, 'seed: expected a whole number, not "7"'),
        ({"seed": True}, 400, "seed: expected a whole number, not true"),
        ({"clock": {"moed": "real"}}, 400, "clock.moed: unknown key, did you mean 'mode'?"),
        ({"clock": {"by": 2}}, 400, "'by' belongs to mode 'scaled'"),
        ({"clock": 5}, 400, "clock: expected a JSON object or text, not 5"),
        ({"clock": "scaled"}, 400, "clock: 'scaled' is no clock: give real, frozen, "),
        ({"scenario": 5}, 400, "scenario: expected a JSON object or text or a list, not 5"),
        ({"scenario": {"sed": 7}}, 400, "scenario: sed: unknown key, did you mean 'seed'?"),
        ({"name": "eu-de", "seed": 1}, 409, "project eu-de exists already: forget it first, or take another name"),
        ({"name": "eu-de", "id": "other"}, 409, "project eu-de exists already, with the id "),
    ],
)
def test_projects_that_cannot_be_are_refused(server: MockRDS, body: Any, status: int, error: str) -> None:
    answer = ask(server.url, "POST", "projects", json=body)

    assert answer.status_code == status
    assert error in answer.json()["error"]


def test_the_default_project_stays(server: MockRDS) -> None:
    answer = ask(server.url, "DELETE", "projects/eu-de")

    assert (answer.status_code, answer.json()["error"]) == (409, "the default project stays: reset it instead")


def test_an_undeclared_project_is_not_made_under_strict_projects() -> None:
    with MockRDS(strict_projects=True) as mock:
        unknown = ask(mock.url, "GET", "projects/0123/state")
        known = mock.project("eu-de_mine")

        assert (unknown.status_code, unknown.json()) == (404, {"error": "project '0123' was not declared"})
        assert [row["name"] for row in ask(mock.url, "GET", "projects").json()["projects"]] == ["eu-de", known.name]


def test_an_id_that_is_none_is_refused(server: MockRDS) -> None:
    answer = ask(server.url, "GET", "projects/a.b/state")

    assert (answer.status_code, answer.json()) == (404, {"error": "a project id has 1 to 64 letters, digits, - and _"})


# State and scenario


def test_state_hands_out_what_a_client_needs(project: Project) -> None:
    create(project)

    state = control(project, "GET", "state").json()

    assert [(row["id"], row["node_id"], row["name"]) for row in state["instances"]] == [
        (instance.id, instance.node_id, instance.name) for instance in project.instances
    ]
    assert [(row["name"], row["status"], row["node_id"]) for row in state["backups"]] == [
        ("nightly", "BUILDING", project.instances[0].node_id)
    ]
    assert (state["id"], state["gone"]) == (project.id, [])
    listed = requests.get(f"{project.v1_url}/backups", headers={"X-Auth-Token": state["token"]}, timeout=10)
    assert listed.status_code == 200


def test_instances_that_are_gone_are_shown_while_something_refers_to_them(full: Project) -> None:
    state = control(full, "GET", "state").json()

    (gone,) = state["gone"]
    assert gone["id"] not in [row["id"] for row in state["instances"]]
    assert [row["instance_id"] for row in state["backups"]] == [gone["id"]]


def test_put_state_begins_the_world_anew_and_nothing_else(project: Project) -> None:
    project.faults.add(operation="delete_manual_backup", error="RDS.0011")
    create(project)
    before = project.clock.now()
    world = {"instances": [{"name": "only"}], "backups": [{"name": "older", "instance": "only"}]}

    state = control(project, "PUT", "state", json=world).json()

    assert ([row["name"] for row in state["instances"]], state["backups"][0]["status"]) == (["only"], "COMPLETED")
    assert (len(project.journal), len(project.faults.armed), project.clock.now()) == (1, 1, before)


def test_a_scenario_is_put_shown_and_taken_away(project: Project) -> None:
    seed, now = project.seed, project.clock.now()
    project.clock.advance("1h")
    create(project)
    scenario = {
        "name": "busy",
        "description": "Nothing works.",
        "faults": [{"operation": "create_manual_backup", "error": "RDS.0011"}],
    }

    put = control(project, "PUT", "scenario", json=scenario).json()

    assert put == {"name": "busy", "description": "Nothing works.", "document": scenario}
    assert (project.backups, len(project.journal), project.seed, project.clock.now()) == ((), 0, seed, now)
    assert create(project).status_code == 409
    assert control(project, "DELETE", "scenario").json()["name"] == "default"
    assert create(project).status_code == 200


def test_a_put_scenario_brings_its_seed_and_clock(project: Project) -> None:
    scenario = {"extends": ["quota-exceeded"], "seed": 42, "clock": {"mode": "real"}}

    put = control(project, "PUT", "scenario", json=scenario).json()

    assert put["document"]["world"] == {"quotas": {"manual_backups": 2}}
    assert (project.seed, project.clock.setting.mode) == (42, "real")
    control(project, "DELETE", "scenario")
    assert (project.seed, project.clock.setting.mode) == (0, "frozen")


@pytest.mark.parametrize("base", ["/etc/hostname", "../secret.yaml", "nonesuch"])
def test_a_put_scenario_reads_no_files_of_the_servers_machine(project: Project, base: str) -> None:
    refused = control(project, "PUT", "scenario", json={"extends": ["quota-exceeded", base]})

    assert refused.status_code == 400
    told = refused.json()["error"]
    assert told.startswith(f"extends[1]: {base!r} is no scenario of the library (there are: default, abnormal-")
    assert told.endswith("; files are not read here")


def test_a_scenario_of_the_library_is_put_in_force_by_its_name(project: Project) -> None:
    made = requests.post(f"{project.url}/__mockrds/projects", json={"scenario": "lost-response"}, timeout=5)
    nameless = control(project, "PUT", "scenario", json={"name": "lost-response"})

    assert (made.status_code, made.json()["scenario"]) == (201, "lost-response")
    assert control(project, "PUT", "scenario", json={"extends": ["lost-response"]}).status_code == 200
    assert [armed.name for armed in project.faults.armed] == ["answer lost"]
    assert nameless.status_code == 400
    assert 'did you mean {"extends": ["lost-response"]}?' in nameless.json()["error"]


def test_a_project_is_made_with_several_scenarios(server: MockRDS) -> None:
    scenarios = ["lost-response", {"name": "mine", "seed": 9, "extends": ["quota-exceeded"]}]

    made = ask(server.url, "POST", "projects", json={"name": "several", "scenario": scenarios})

    assert (made.status_code, made.json()["scenario"]) == (201, "lost-response + quota-exceeded + mine")
    project = server.project("several")
    assert (project.seed, [armed.name for armed in project.faults.armed]) == (9, ["answer lost"])


@pytest.mark.parametrize(
    ("scenario", "place"),
    [
        ("lost-respons", "scenario"),
        (["default", "lost-respons"], "scenario[1]"),
        ({"extends": ["lost-respons"]}, "scenario.extends[0]"),
    ],
)
def test_a_mistyped_scenario_is_named_where_it_stands(server: MockRDS, scenario: Any, place: str) -> None:
    answer = ask(server.url, "POST", "projects", json={"name": "mine", "scenario": scenario})

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(
        f"{place}: 'lost-respons' is no scenario of the library, did you mean 'lost-response'? (there are: default, "
    )


@pytest.mark.parametrize("clock", ["frozen@2026-01-31T22:00:00Z", {"mode": "frozen", "at": "2026-01-31T22:00:00Z"}])
def test_a_clock_is_given_as_text_or_as_an_object(server: MockRDS, clock: Any) -> None:
    made = ask(server.url, "POST", "projects", json={"clock": clock})

    assert (made.status_code, server.project(id=made.json()["id"]).clock.now()) == (201, 1769896800)


@pytest.mark.parametrize("scenario", [[5], None, 5, "/etc/hostname", ["/etc/hostname"]])
def test_what_is_no_scenario_is_refused(project: Project, scenario: Any) -> None:
    answer = requests.post(f"{project.url}/__mockrds/projects", json={"scenario": scenario}, timeout=5)

    assert answer.status_code == 400


def test_backups_and_instances_are_finished_and_put_into_a_status(project: Project) -> None:
    create(project)
    backup, instance = project.backups[0], project.instances[1]

    control(project, "POST", "finish", json={"id": backup.id, "outcome": "FAILED"})
    control(project, "POST", "set-status", json={"id": instance.node_id, "status": "REBOOTING"})

    now = project.clock.now()
    assert (backup.status_at(now), instance.status_at(now)) == ("FAILED", "REBOOTING")
    control(project, "POST", "finish", json={"id": instance.id})
    assert instance.status_at(now) == "ACTIVE"


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
    ("method", "resource", "options"),
    [
        ("POST", "reset", {}),
        ("PUT", "scenario", {"json": {"name": "other"}}),
        ("DELETE", "scenario", {}),
        ("DELETE", "", {}),
    ],
)
def test_only_the_projects_own_requests_are_dropped(
    server: MockRDS, project: Project, method: str, resource: str, options: dict[str, Any]
) -> None:
    other = server.project()
    mine, theirs = hang(project), hang(other)

    assert control(project, method, resource, **options).ok
    mine[0].join(10)

    assert mine[1] == ["dropped"]
    assert control(other, "GET", "summary").json()["in_flight"] == 1
    assert (theirs[1], len(other.journal)) == ([], 1)
    control(other, "POST", "reset")
    theirs[0].join(10)
    assert theirs[1] == ["dropped"]


# Clock


def test_the_clock_is_set_and_advanced(project: Project) -> None:
    frozen = control(project, "PUT", "clock", json=AT)
    create(project)
    advanced = control(project, "POST", "clock/advance", json={"by": "6h"})

    assert frozen.json() == {
        "mode": "frozen",
        "at": "2026-01-31T22:00:00+00:00",
        "by": 1.0,
        "now": "2026-01-31T22:00:00.000000Z",
        "seconds": 1769896800.0,
        "advanced": 0.0,
    }
    assert advanced.json()["advanced"] == 21600
    assert advanced.json()["now"] == "2026-02-01T04:00:00.000000Z"
    assert control(project, "GET", "clock").json() == advanced.json()
    assert control(project, "GET", "state").json()["backups"][0]["status"] == "COMPLETED"


# Faults


def test_faults_are_armed_counted_and_cleared(project: Project) -> None:
    rule = {"operation": "create_manual_backup", "error": "RDS.0011", "times": 1}
    armed = control(project, "POST", "faults", json=rule)
    statuses = [create(project).status_code for _ in range(2)]
    faults = control(project, "GET", "faults").json()["faults"]
    cleared = control(project, "DELETE", "faults")

    said = {"id": 1, "name": "fault 1", "source": "the control API", "operation": "create_manual_backup", "rule": rule}
    said |= {"from_scenario": False, "by_chance": False}
    counted = {"calls": 0, "fired": 0, "consumed": 0, "completed": False, "steps": []}
    assert (armed.status_code, armed.json()) == (201, said | counted)
    assert statuses == [409, 200]
    assert faults == [said | counted | {"calls": 2, "fired": 1, "completed": True}]
    assert cleared.json() == {}
    assert control(project, "GET", "faults").json() == {"faults": []}


def test_a_fault_knows_where_it_was_armed(server: MockRDS) -> None:
    scenario = {"faults": [{"operation": "create_manual_backup", "probability": 0.5, "latency": 0.001}]}
    project = server.project(scenario=scenario)
    rule = {"operation": "create_manual_backup", "latency": 0.001}
    control(project, "POST", "faults", json=rule, params={"source": "BackupTest.java:42"})
    control(project, "POST", "faults", json=rule)

    faults = control(project, "GET", "faults").json()["faults"]

    told = [(fault["source"], fault["from_scenario"], fault["by_chance"]) for fault in faults]
    assert told == [
        ("scenario", True, True),
        ("BackupTest.java:42", False, False),
        ("the control API", False, False),
    ]


def test_one_fault_is_looked_at_and_disarmed(project: Project) -> None:
    sequence = [503, "RDS.0011", "ok"]
    for rule in ({"operation": "create_manual_backup", "sequence": sequence}, {"operation": "v1.*", "latency": 0.001}):
        control(project, "POST", "faults", json=rule)
    create(project)

    fault = control(project, "GET", "faults/1").json()

    assert [step["done"] for step in fault["steps"]] == [True, False, False]
    assert fault["steps"][0]["step"] == {"response": {"status": 503}}
    assert control(project, "DELETE", "faults/1").json() == {}
    assert [row["id"] for row in control(project, "GET", "faults").json()["faults"]] == [2]
    for method in ("GET", "DELETE"):
        missing = control(project, method, "faults/1")
        assert missing.status_code == 404
        assert missing.json() == {"error": "no fault with the id '1' is armed; GET faults lists them"}


def test_a_fault_is_shown_as_it_can_be_armed_again(project: Project) -> None:
    rule = {
        "name": "all of it",
        "operation": ["create_manual_backup", "v1.list_instances"],
        "match": {"body": {"/backup/name": {"regex": "^n"}}, "state": {"manual_backups": {"max": 3}}},
        "between": ["0s", "2030-01-01T00:00:00Z"],
        "probability": 0.5,
        "phase": "after_commit",
        "latency": {"lognormal": {"median": 0.12, "p99": 2.0}},
        "fault": "CONNECTION_RESET_BY_PEER",
    }
    first = control(project, "POST", "faults", json=rule).json()["rule"]

    second = control(project, "POST", "faults", json=first).json()["rule"]

    assert second == first
    assert project.faults.armed[0].rule == project.faults.armed[1].rule


# Journal and report


def test_the_journal_tells_what_was_asked_and_answered_without_secrets(project: Project) -> None:
    created = create(project)
    requests.get(f"{project.v1_url}/backups", timeout=10)

    journal = control(project, "GET", "journal", params={"operation": "create_manual_backup"}).json()

    assert (journal["total"], journal["count"]) == (2, 1)
    (entry,) = journal["entries"]
    assert entry["operation"] == "v1.create_manual_backup"
    assert entry["status"] == 200
    assert entry["response"] == created.text
    assert entry["backup_ids"] == [created.json()["backup"]["id"]]
    assert entry["request_id"] == created.headers["X-Request-Id"]
    assert entry["headers"]["x-auth-token"] == "***"
    assert project.token not in control(project, "GET", "journal").text


def test_the_journal_tells_of_a_fault_about_another_instance(project: Project) -> None:
    project.faults.add(operation="create_manual_backup", match={"instance": "another"}, error="RDS.0011")
    create(project)

    (entry,) = control(project, "GET", "journal").json()["entries"]

    assert [row["why"] for row in entry["decision"]] == ["the instance or the state of the project was another"]


@pytest.fixture
def busy(project: Project) -> Project:
    """A project that was asked for three backups of three names; the last two were refused."""
    project.faults.add(operation="create_manual_backup", after=1, error="RDS.0011")
    for name in ("one-a", "two-a", "two-b"):
        create(project, name)
    return project


@pytest.mark.parametrize(
    ("params", "numbers"),
    [
        ({}, [1, 2, 3]),
        ({"status": 409}, [2, 3]),
        ({"since": 1}, [2, 3]),
        ({"limit": 2}, [2, 3]),
        ({"limit": 0}, []),
        ({"since": 1, "status": 409, "limit": 1}, [3]),
        ({"operation": "v1.list_instances"}, []),
        ({"match": '{"body": {"/backup/name": {"regex": "a$"}}}'}, [1, 2]),
        ({"match": '{"method": "DELETE"}'}, []),
        ({"match": '{"headers": {"CONTENT-TYPE": "application/json"}}', "since": 2}, [3]),
    ],
)
def test_the_journal_is_filtered(busy: Project, params: dict[str, Any], numbers: list[int]) -> None:
    journal = control(busy, "GET", "journal", params=params).json()

    assert [entry["number"] for entry in journal["entries"]] == numbers


@pytest.mark.parametrize(
    ("question", "verified", "count", "message"),
    [
        ({"operation": "create_manual_backup", "times": 3}, True, 3, ""),
        ({"operation": "create_manual_backup"}, True, 3, ""),
        ({"operation": "list_instances"}, False, 0, "list_instances was called 0 times, expected at least once; "),
        (
            {"operation": "create_manual_backup", "at_least": 1, "at_most": 2},
            False,
            3,
            "at least once and at most 2 times",
        ),
        ({"order": ["create_manual_backup"] * 3}, True, 3, ""),
        ({"order": ["create_manual_backup", "list_instances"]}, False, 1, "there was no list_instances"),
    ],
)
def test_the_journal_verifies(
    busy: Project, question: dict[str, Any], verified: object, count: int, message: str
) -> None:
    verdict = control(busy, "POST", "journal/verify", json=question).json()

    assert (verdict["verified"], verdict["count"], verdict["near_misses"]) == (verified, count, [])
    assert message in verdict["message"]


def test_a_verdict_tells_what_came_near(busy: Project) -> None:
    match = {"method": "POST", "body": {"/backup/name": "two-c"}, "headers": {"X-Try": "2"}}
    question = {"operation": "create_manual_backup", "match": match, "times": 1}

    verdict = control(busy, "POST", "journal/verify", json=question).json()

    assert (verdict["verified"], verdict["count"]) == (False, 0)
    assert verdict["near_misses"][0]["mismatches"] == [
        "header X-Try is absent, not '2'",
        "body /backup/name is 'one-a', not 'two-c'",
    ]
    assert "near miss: call 1: header X-Try is absent" in verdict["message"]


def test_the_journal_is_forgotten(busy: Project) -> None:
    control(busy, "DELETE", "journal")

    assert control(busy, "GET", "journal").json() == {"version": 1, "total": 0, "count": 0, "entries": []}
    assert len(busy.backups) == 1


def test_the_summary_tells_in_numbers_what_happened(busy: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    busy.faults.add(name="idle", operation="list_instances", error="RDS.0011")
    monkeypatch.setattr("mockrds.domain.world.World.delete_manual_backup", lambda *_: 1 / 0)
    requests.delete(f"{busy.v1_url}/backups/{busy.backups[0].id}", headers={"X-Auth-Token": busy.token}, timeout=10)

    summary = control(busy, "GET", "summary").json()

    assert summary["calls"] == {
        "v1.create_manual_backup": {"total": 3, "outcomes": {"200": 1, "409": 2}},
        "v1.delete_manual_backup": {"total": 1, "outcomes": {"500": 1}},
    }
    assert (summary["total"], summary["errors"]) == (4, {"RDS.0011": 2, "RDS.0005": 1})
    assert [row["name"] for row in summary["faults"]["fired"]] == ["fault 1"]
    assert [row["name"] for row in summary["faults"]["unused"]] == ["idle"]
    assert (summary["backups"], summary["in_flight"], summary["replay"]) == ({"BUILDING": 1}, 0, busy.replay)
    assert "ZeroDivisionError" in summary["internal_errors"][0]


# What is wrong


def test_a_resource_of_projects_is_not_looked_for_elsewhere(project: Project) -> None:
    answer = requests.get(f"{project.url}/__mockrds/journal", timeout=5)

    assert answer.status_code == 404
    assert "no such resource 'journal', did you mean 'projects/{project}/journal'?" in answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "resource", "body", "status", "error"),
    [
        ("GET", "nothing", None, 404, "no such resource 'nothing'; GET /__mockrds/openapi.json tells all"),
        ("GET", "joural", None, 404, "no such resource 'joural', did you mean 'journal'?"),
        ("GET", "report", None, 404, "no such resource 'report', did you mean 'projects/{project}/summary'?"),
        ("DELETE", "state", None, 405, "state takes GET, PUT"),
        ("PUT", "clock", {"mode": "fast"}, 400, 'mode: unknown "fast" (expected one of: real, frozen, scaled)'),
        ("PUT", "clock", {"moed": "real"}, 400, "moed: unknown key, did you mean 'mode'? (expected one of: mode, "),
        ("PUT", "clock", {"mode": "frozen", "at": "soon"}, 400, "Invalid isoformat string: 'soon'"),
        (
            "PUT",
            "clock",
            {"mode": "frozen", "at": "soon"},
            400,
            'is no clock: give {"mode": "real"}, {"mode": "frozen"}, '
            '{"mode": "frozen", "at": "2026-01-31T22:00:00Z"} or {"mode": "scaled", "by": 60}',
        ),
        ("PUT", "clock", {"mode": "scaled"}, 400, '"by": 60} (the speed is missing)'),
        ("PUT", "clock", {"mode": "frozen", "at": 7}, 400, "at: expected text or null, not 7"),
        ("PUT", "clock", {"mode": "scaled", "by": 0}, 400, "'by' must be above zero"),
        ("POST", "clock/advance", {"by": "later"}, 400, "by: 'later' is no duration"),
        ("POST", "clock/advance", {"by": -1}, 400, "by: -1 is no duration"),
        ("POST", "clock/advance", {"by": "36500d", "to": 1}, 400, "to: unknown key (expected one of: by)"),
        ("POST", "clock/advance", {}, 400, "by: this key is missing"),
        ("POST", "clock/advance", None, 400, "the body must be a JSON object"),
        ("POST", "clock/advance", [], 400, "the body must be a JSON object"),
        ("POST", "faults", {"operation": "create_backup", "error": "RDS.0011"}, 400, "operation: unknown operation"),
        ("POST", "faults", {"eror": "RDS.0011"}, 400, "eror: unknown key, did you mean 'error'?"),
        ("PUT", "state", {"instances": [{"nmae": "x"}]}, 400, "world.instances[0].nmae: unknown key, did you mean"),
        ("PUT", "scenario", {"faults": [{"eror": "x"}]}, 400, "faults[0].eror: unknown key, did you mean 'error'?"),
        ("POST", "finish", {}, 400, "id: this key is missing"),
        ("POST", "finish", {"idd": "x"}, 400, "idd: unknown key, did you mean 'id'? (expected one of: id, outcome)"),
        ("POST", "finish", {"id": "x", "outcome": 7}, 400, "outcome: unknown 7 (expected one of: COMPLETED, FAILED)"),
        ("POST", "clock/advance", {"by": []}, 400, "by: expected text or a number, not []"),
        ("POST", "finish", {"id": "x"}, 404, "id: nothing of this project has the id 'x'"),
        ("POST", "finish", {"id": "x", "outcome": "GOOD"}, 400, 'outcome: unknown "GOOD"'),
        ("POST", "set-status", {"id": "x", "status": "ACTIVE"}, 404, "id: nothing of this project has the id 'x'"),
        ("POST", "set-status", {"id": "x", "status": "ACTVE"}, 400, "did you mean 'ACTIVE'?"),
        ("POST", "set-status", {"id": "x", "status": "ACTIVE", "seconds": -1}, 400, "seconds: must be at least 0"),
        ("POST", "journal/verify", {}, 400, "operation: give this or 'order', and only one of them"),
        ("POST", "journal/verify", {"order": ["x"], "times": 1}, 400, "order: it stands alone: leave out 'times'"),
        ("POST", "journal/verify", {"order": [7]}, 400, "order[0]: expected text, not 7"),
        ("POST", "journal/verify", {"operation": "list_instanes"}, 400, "did you mean 'list_instances'?"),
        ("POST", "journal/verify", {"operation": "list_instances", "match": {"bdy": 1}}, 400, "match: bdy: unknown"),
        (
            "POST",
            "journal/verify",
            {"operation": "list_instances", "times": 1, "at_most": 2},
            400,
            "'times' is exact: leave out 'at_least' and 'at_most'",
        ),
        ("GET", "journal?operaton=x", None, 400, "operaton: unknown parameter, did you mean 'operation'?"),
        ("GET", "journal?operation=create", None, 400, "operation: unknown operation 'create'"),
        ("GET", "journal?status=good", None, 400, "status: expected a whole number, not 'good'"),
        ("GET", "journal?since=-1", None, 400, "since: must be at least 0, not -1"),
        ("GET", 'journal?match={"bdy":1}', None, 400, "match: bdy: unknown key, did you mean 'body'?"),
        ("GET", "journal?match=body", None, 400, "match: expected a JSON object, not 'body'"),
    ],
)
def test_wrong_requests_are_explained(
    project: Project, method: str, resource: str, body: object, status: int, error: str
) -> None:
    path, _, query = resource.partition("?")
    options: dict[str, Any] = {"params": dict([query.split("=", 1)])} if query else {}

    answer = control(project, method, path, json=body, **options)

    assert answer.status_code == status
    assert error in answer.json()["error"]
    assert answer.headers.get("Allow") == ("GET, PUT" if status == 405 else None)


def test_a_body_that_is_no_json_is_explained(project: Project) -> None:
    answer = control(project, "PUT", "clock", data="{mode: real}")

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("the body is not JSON: ")


def test_an_error_of_ours_is_answered_and_logged(
    project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("mockrds.domain.clock.Clock.advance", lambda *_: 1 / 0)

    answer = control(project, "POST", "clock/advance", json={"by": 1})

    assert answer.status_code == 500
    assert "ZeroDivisionError" in answer.json()["error"]
    assert "ZeroDivisionError" in caplog.text


# What it is free of, and who may use it


def test_the_control_api_is_never_subject_to_faults_nor_in_the_journal() -> None:
    with MockRDS(scenario={"faults": [{"error": "RDS.0005"}]}) as mock:
        project = mock.project()

        assert control(project, "GET", "state").status_code == 200
        assert len(project.journal) == 0
        assert create(project).status_code == 500


@pytest.fixture
def reachable() -> Iterator[MockRDS]:
    """A server that demands the token, as one does that other machines can reach."""
    with MockRDS() as mock:
        mock.simulator.control_token = "s3cret"
        yield mock


def test_a_body_that_is_too_large_is_refused(server: MockRDS) -> None:
    answer = ask(server.url, "PUT", "projects/eu-de/scenario", data=b" " * (13 << 20))

    assert (answer.status_code, answer.json()) == (413, {"error": "the body is larger than 12 MB"})


def test_a_server_that_others_can_reach_demands_its_token(reachable: MockRDS) -> None:
    for route in ROUTES:
        resource = route.path.format(project="eu-de", fault=1, family="v1", format="html")
        for headers in ({}, {"X-Mockrds-Token": "wrong"}, {"X-Mockrds-Token": "\u00e4"}):
            answer = ask(reachable.url, route.method, resource, headers=headers)
            assert (answer.status_code == 401) is not route.open, resource
    assert ask(reachable.url, "GET", "projects").json()["error"] == (
        "other machines can reach this server, so it demands the token that it printed, in X-Mockrds-Token"
    )
    wrong = ask(reachable.url, "GET", "projects", headers={"X-Mockrds-Token": "wrong"})
    assert wrong.json()["error"] == "the token in X-Mockrds-Token is wrong: send the one that this server printed"
    assert ask(reachable.url, "GET", "nothing").status_code == 401
    assert ask(reachable.url, "PUT", "projects").status_code == 401
    assert ask(reachable.url, "GET", "projects", headers={"X-Mockrds-Token": "s3cret"}).status_code == 200


def test_only_a_server_on_another_address_than_loopback_demands_a_token() -> None:
    assert MockRDS().simulator.control_token is None
    assert MockRDS(host="0.0.0.0").simulator.control_token is not None
