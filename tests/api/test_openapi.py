"""The OpenAPI documents: valid, complete, current, and true of what is answered."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from openapi_spec_validator import validate
from support.openapi_check import mistakes

from mockrds.api.families import SERVED
from mockrds.api.openapi import TITLES, document, written
from mockrds.domain.operations import OPERATIONS

if TYPE_CHECKING:
    from support.api import Api

    from mockrds.project import Project

ROOT = Path(__file__).parent.parent.parent
V3 = "/v3/{project}"


def described(family: str) -> list[dict[str, Any]]:
    return [operation for methods in document(family)["paths"].values() for operation in methods.values()]


@pytest.mark.parametrize("family", TITLES)
def test_the_document_is_valid(family: str) -> None:
    validate(document(family))


@pytest.mark.parametrize("family", TITLES)
def test_the_file_is_what_the_code_says(family: str) -> None:
    file = ROOT / "docs" / "openapi" / f"{family}.json"

    assert file.read_text(encoding="utf-8") == written(family), "python3 -m mockrds.api.openapi"


@pytest.mark.slow
def test_the_documents_are_written(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "mockrds.api.openapi", str(tmp_path / "new")], cwd=ROOT, check=True)

    files = {file.stem: file.read_text(encoding="utf-8") for file in (tmp_path / "new").iterdir()}
    assert files == {family: written(family) for family in TITLES}


@pytest.mark.parametrize("family", TITLES)
def test_the_server_has_the_document(project: Project, family: str) -> None:
    answer = requests.get(f"{project.url}/__mockrds/openapi/{family}.json", timeout=10)

    assert (answer.status_code, answer.json()) == (200, document(family))


def test_the_server_names_the_documents_that_it_has(project: Project) -> None:
    answer = requests.get(f"{project.url}/__mockrds/openapi/v2.json", timeout=10)

    assert answer.status_code == 404
    assert "v1, v3, trove, iam, version" in answer.json()["error"]


def test_all_that_is_served_is_described_and_nothing_else() -> None:
    told = {
        (method.upper(), path)
        for family in TITLES
        for path, methods in document(family)["paths"].items()
        for method in methods
    }
    schemas = {name for family in TITLES for name in document(family)["components"]["schemas"]}

    assert told == {(OPERATIONS[each].method, OPERATIONS[each].path) for each in SERVED}
    assert {f"{name}.answer" for name, served in SERVED.items() if served.answer is not None} <= schemas
    assert {f"{name}.body" for name, served in SERVED.items() if served.body is not None} <= schemas


@pytest.mark.parametrize("family", TITLES)
def test_every_operation_says_what_it_does_without_pages_of_the_reference(family: str) -> None:
    summaries = [operation["summary"] for operation in described(family)]

    assert all(summaries)
    assert [summary for summary in summaries if "reference" in summary or summary.endswith(".")] == []


def test_only_what_is_public_needs_no_token() -> None:
    public = {
        operation["operationId"] for family in TITLES for operation in described(family) if "security" in operation
    }

    assert public == {
        "iam.list_versions",
        "iam.get_version",
        "iam.create_token",
        "version.list_rds_versions",
        "version.get_rds_version",
        "version.get_trove_version",
    }


def test_operations_that_share_a_path_are_one_with_the_bodies_of_all() -> None:
    action = document("v1")["paths"]["/rds/v1/{project_id}/instances/{instanceId}/action"]["post"]
    backups = document("v3")["paths"]["/v3/{project_id}/backups"]["get"]

    bodies = action["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    assert {body["$ref"].removeprefix("#/components/schemas/v1.").removesuffix(".body") for body in bodies} == {
        "restore_to_original", "bind_unbind_eip", "change_instance_flavor", "resize_instance_volume",
        "restart_instance",
    }  # fmt: skip
    assert [(each["in"], each["name"], each["required"]) for each in backups["parameters"]][:2] == [
        ("path", "project_id", True),
        ("query", "instance_id", False),
    ]


def test_what_may_be_left_out_of_a_body_may_be_null() -> None:
    body = document("v1")["components"]["schemas"]["v1.create_manual_backup.body"]["properties"]["backup"]
    disk = document("v3")["components"]["schemas"]["v3.create_instance.body"]["anyOf"][0]["properties"]

    assert body["properties"]["description"]["type"] == ["string", "null"]
    assert (body["type"], body["properties"]["name"]["type"]) == ("object", "string")
    assert disk["collation"]["enum"][-1] is None
    assert disk["ha"]["type"] == ["object", "null"]


def test_links_lead_from_what_is_answered_to_what_can_be_asked() -> None:
    wrong = []
    for family in TITLES:
        known = {operation["operationId"]: operation for operation in described(family)}
        schemas = document(family)["components"]["schemas"]
        for source in known.values():
            for response in source["responses"].values():
                for name, link in response.get("links", {}).items():
                    target = known[link["operationId"]]
                    named = {each["name"] for each in target["parameters"]}
                    needed = {each["name"] for each in target["parameters"] if each["in"] == "path"}
                    if not needed <= link["parameters"].keys() <= named or name not in link["operationId"]:
                        wrong.append((source["operationId"], name))
                    if "requestBody" in link and "requestBody" not in target:
                        wrong.append((source["operationId"], name))
                    for found in re.findall(r"\$response\.body#/([^\"]*)", json.dumps(link)):
                        schema = response["content"]["application/json"]["schema"]
                        choices = schema.get("anyOf", [schema])
                        if not any(has(schemas[each["$ref"].rpartition("/")[2]], found.split("/")) for each in choices):
                            wrong.append((source["operationId"], found))

    assert wrong == []
    created = document("v3")["paths"]["/v3/{project_id}/backups"]["post"]["responses"]["200"]["links"]
    assert created["list_backups"] == {
        "operationId": "v3.list_backups",
        "parameters": {"project_id": "$request.path.project_id", "backup_id": "$response.body#/backup/id"},
    }
    deleted = document("v3")["paths"]["/v3/{project_id}/instances/{instance_id}"]["delete"]["responses"]["202"]
    assert deleted["links"]["get_job"]["parameters"]["id"] == "$response.body#/job_id"


def has(schema: dict[str, Any], path: list[str]) -> bool:
    for key in path:
        inner = {key: schema["items"]} if key.isdigit() else schema.get("properties", {})
        if key not in inner:
            return False
        schema = inner[key]
    return True


# The suite proves the documents: every answer that ``Api.call`` gets is compared with them


def reply(status: int, body: Any, **headers: str) -> Any:
    return SimpleNamespace(status=status, body=body, headers=headers, text=json.dumps(body))


@pytest.mark.parametrize(
    ("status", "body", "wrong"),
    [
        (200, {"policy": {"keepday": 7, "starttime": "01:00:00"}}, ""),
        (200, {"policy": {"keepday": 7, "starttime": "01:00:00", "more": 1}}, "'more' was unexpected"),
        (200, {"policy": {"keepday": 7}}, "'starttime' is a required property"),
        (200, {"policy": {"keepday": "7", "starttime": "01:00:00"}}, "'7' is not of type 'integer'"),
        (200, None, "None is not of type 'object'"),
        (202, {"policy": {"keepday": 7, "starttime": "01:00:00"}}, "answers 202"),
        (404, {"errCode": "RDS.0002", "externalMessage": "It is gone."}, ""),
        (404, {"error_msg": "It is gone.", "error_code": "APIGW.0101", "request_id": "x"}, ""),
        (404, {"error_msg": "It is gone.", "error_code": "DBS.200002"}, "is not valid under any"),
        (500, {"errCode": "RDS.0005"}, "is not valid under any"),
    ],
)
def test_answers_that_are_not_as_described_are_found(status: int, body: Any, wrong: str) -> None:
    url = "http://127.0.0.1/rds/v1/0/instances/1/backups/policy"

    found = mistakes("GET", url, reply(status, body))

    assert [wrong in each for each in found] == ([True] if wrong else [])
    assert mistakes("GET", url, reply(status, body, **{"X-Mockrds-Fault": "fault 1"})) == []


def test_good_requests_that_are_not_as_described_are_found() -> None:
    url = "http://127.0.0.1/rds/v1/0/instances/1/backups/policy"
    sent = {"policy": {"keepday": 7, "starttime": "01:00:00", "more": 1, "nothing": None}}

    assert mistakes("PUT", url, reply(200, {}), sent) == []
    assert mistakes("PUT", url, reply(200, {}), {"policy": {"keepday": "7"}})


ASKED: dict[str, tuple[str, Any]] = {
    "iam.list_versions": ("/", None),
    "iam.get_version": ("/v3", None),
    "iam.create_token": (
        "/v3/auth/tokens",
        {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": {"name": "u", "password": "p"}}},
                "scope": {"project": {"id": "{project}"}},
            }
        },
    ),
    "iam.get_token": ("/v3/auth/tokens", None),
    "iam.verify_token": ("/v3/auth/tokens", None),
    "iam.list_catalog": ("/v3/auth/catalog", None),
    "iam.list_domains": ("/v3/auth/domains?name=x", None),
    "iam.list_auth_projects": ("/v3/auth/projects", None),
    "iam.list_projects": ("/v3/projects?name=x", None),
    "iam.get_project": ("/v3/projects/{project}", None),
    "iam.list_regions": ("/v3/regions", None),
    "version.list_rds_versions": ("/rds/", None),
    "version.get_rds_version": ("/rds/v3", None),
    "version.get_trove_version": ("/v1.0", None),
    "v3.list_backups": (f"{V3}/backups?instance_id={{sqlserver}}", None),
    "v3.delete_manual_backup": (f"{V3}/backups/{{backup}}", None),
    "v3.batch_delete_manual_backups": (f"{V3}/backups/batch-delete", {"backup_ids": ["{backup}", "x"]}),
    "v3.get_backup_policy": (f"{V3}/instances/{{sqlserver}}/backups/policy", None),
    "v3.set_backup_policy": (
        f"{V3}/instances/{{sqlserver}}/backups/policy",
        {"backup_policy": {"keep_days": 7, "start_time": "01:00-02:00", "period": "1,2"}},
    ),
    "v3.get_restore_time_ranges": (f"{V3}/instances/{{sqlserver}}/restore-time", None),
    "v3.get_backup_download_links": (f"{V3}/backup-files?backup_id={{backup}}", None),
    "v3.restore_to_existing_instance": (
        f"{V3}/instances/recovery",
        {
            "source": {"instance_id": "{sqlserver}", "type": "backup", "backup_id": "{backup}"},
            "target": {"instance_id": "{sqlserver}"},
        },
    ),
    "v3.1.restore_to_existing_instance": (
        "/v3.1/{project}/instances/recovery",
        {
            "source": {"instance_id": "{sqlserver}", "backup_id": "{backup}", "database_name": {"db": "db2"}},
            "target": {"instance_id": "{sqlserver}"},
        },
    ),
}
"""Good requests of operations that no other test asks with ``Api.call``."""


@pytest.mark.parametrize("operation", ASKED)
def test_a_good_answer_is_as_described(api: Api, operation: str) -> None:
    project = api.project
    instance = api.instance("sqlserver").id
    made = api.call(
        "POST",
        f"{project.url}/v3/{project.id}/backups",
        json={"instance_id": instance, "name": "nightly", "databases": [{"name": "db"}]},
    )
    project.clock.advance("1h")
    url, body = ASKED[operation]
    names = {"{project}": project.id, "{sqlserver}": instance, "{backup}": made.body["backup"]["id"]}

    def filled(text: str) -> str:
        for name, value in names.items():
            text = text.replace(name, value)
        return text

    answer = api.call(
        OPERATIONS[operation].method,
        project.url + filled(url),
        json=None if body is None else json.loads(filled(json.dumps(body))),
        headers={"X-Subject-Token": project.token},
        allow_redirects=False,
    )

    assert answer.status == SERVED[operation].status, answer.text
