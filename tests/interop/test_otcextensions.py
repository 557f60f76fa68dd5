"""python-otcextensions, unmodified, in a process of its own: API v1 by way of a clouds.yaml."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from support.client_process import OPENSTACK, process

from mockrds import MockRDS
from mockrds.domain.clock import ClockSetting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mockrds.project import Project

    Call = Callable[..., Any]

pytestmark = pytest.mark.skipif(
    find_spec("otcextensions") is None, reason="otcextensions is not installed: python3 dev.py test installs it"
)

CLOUDS = """
clouds:
  mock:
    auth:
      auth_url: {url}/v3
      username: user
      password: secret
      user_domain_name: OTC00000000001000000001
      project_name: eu-de_interop
    region_name: eu-de
    rdsv3_api_version: "1"
    rdsv3_endpoint_override: {url}/rds/v1/%(project_id)s
"""
UNKNOWN = f"{'0' * 32}no01"


def refusal(name: str, status: int, code: str, message: str) -> dict[str, Any]:
    """What the client raises: API v1's envelope as it stands."""
    details = json.dumps({"errCode": code, "externalMessage": message}, separators=(",", ":"))
    return {"raised": name, "status": status, "details": details}


@pytest.fixture
def project() -> Iterator[Project]:
    clock = ClockSetting(mode="frozen", at=datetime(2026, 1, 31, 22, 0, tzinfo=UTC))
    with MockRDS(clock=clock, auth="strict") as mock:
        project = mock.project("eu-de_interop")
        yield project
        assert project.errors == []


@pytest.fixture
def rds(project: Project, tmp_path: Path) -> Iterator[Call]:
    """Calls a method of the client's proxy of the database service."""
    (tmp_path / "clouds.yaml").write_text(CLOUDS.format(url=project.url))
    with process(
        OPENSTACK,
        "otcextensions_process",
        tmp_path,
        OS_CLOUD="mock",
        OS_CLIENT_CONFIG_FILE=str(tmp_path / "clouds.yaml"),
    ) as call:
        yield call


def test_a_backup_is_made_watched_restored_and_deleted(rds: Call, project: Project) -> None:
    node, datastore = project.instances[0].node_id, project.instances[0].datastore

    made = rds("create_backup", node, name="nightly", description="by hand")
    building = rds("backups")
    project.clock.advance("3s")
    completed = rds("backups")
    restored = rds("restore_instance", node, made["id"])
    restoring = rds("get_instance", node)["status"]
    project.clock.advance("5s")
    active = rds("get_instance", node)["status"]
    rds("delete_backup", made["id"])
    deleting = rds("backups")
    project.clock.advance("2s")
    gone = rds("backups")

    backup = {
        "id": made["id"],
        "name": "nightly",
        "description": "by hand",
        "created": "2026-01-31T22:00:00",
        "datastore": {"type": "MySQL", "version": datastore.version, "version_id": datastore.version_id},
        "instance_id": node,
        "backuptype": "1",
    }
    done = backup | {"size": completed[0]["size"], "updated": "2026-01-31T22:00:03"}
    assert made == backup | {"status": "BUILDING", "instance": node}
    assert building == [backup | {"status": "BUILDING", "size": 0}]
    assert completed == [done | {"status": "COMPLETED"}]
    assert (restored, restoring, active) == ({"status": 202}, "RESTORING", "ACTIVE")
    assert deleting == [done | {"status": "DELETING"}]
    assert gone == []


def test_instances_are_listed_and_found_by_id_and_by_name(rds: Call, project: Project) -> None:
    instance = project.instances[1]

    listed = rds("instances")
    found = [rds("find_instance", wanted) for wanted in (instance.node_id, instance.name, "no-such")]

    assert [(row["id"], row["name"]) for row in listed] == [(i.node_id, i.name) for i in project.instances]
    assert listed[1] == {
        "id": instance.node_id,
        "name": instance.name,
        "status": "ACTIVE",
        "type": "master",
        "region": "eu-de",
        "availability_zone": instance.nodes[0].availability_zone,
        "hostname": instance.host,
        "port": instance.port,
        "created": "2026-01-31T22:00:00+0000",
        "updated": "2026-01-31T22:00:00+0000",
        "flavor": {"id": instance.flavor.id},
        "volume": {"type": instance.volume_type, "size": instance.volume_gb},
        "datastore": {"type": "PostgreSQL", "version": "16"},
        "datastore_info": {"type": "PostgreSQL", "version": "16"},
        "vpc": instance.vpc_id,
        "nics": {"subnetId": instance.subnet_id},
        "security_group": {"id": instance.security_group_id},
        "backup_strategy": {"startTime": "02:00:00", "keepDays": 7},
        "ha": {"replicationMode": "sync"},
        "slave_id": instance.nodes[1].id,
    }
    assert found == [listed[1], listed[1], None]


def test_the_backup_policy_is_told(rds: Call, project: Project) -> None:
    assert rds("get_backup_policy", project.instances[0].node_id) == {"keepday": 7, "starttime": "02:00:00"}


def test_refusals_become_the_exceptions_of_openstacksdk(rds: Call, project: Project) -> None:
    node = project.instances[0].node_id
    unknown_backup = "00000000-0000-4000-8000-000000000000"
    rds("create_backup", node, name="nightly")

    raised = [
        rds("create_backup", node, name="nightly"),
        rds("create_backup", node, name="?"),
        rds("create_backup", UNKNOWN, name="nightly"),
        rds("get_instance", UNKNOWN),
        rds("delete_backup", unknown_backup, ignore_missing=False),
    ]
    restored = rds("restore_instance", node, unknown_backup)

    assert raised == [
        refusal("ConflictException", 409, "RDS.3004", "Backup is in progress, please wait."),
        refusal("BadRequestException", 400, "RDS.5044", "Invalid object name."),
        refusal("NotFoundException", 404, "RDS.0002", "The DB instance does not exist."),
        refusal("NotFoundException", 404, "RDS.0002", "The DB instance does not exist."),
        refusal("BadRequestException", 400, "RDS.3026", "The backup file does not exist."),
    ]
    assert restored == {"status": 409}  # the client does not look at this answer


def test_failures_are_raised_at_once_and_the_client_goes_on(rds: Call, project: Project) -> None:
    faults: list[dict[str, Any]] = [{"error": "RDS.0005"}, {"error": "APIGW.0308"}, {"response": {"status": 503}}]
    for call, fault in enumerate(faults, 1):
        project.faults.add(operation="v1.list_manual_backups", calls=[call], **fault)

    answers = [rds("backups") for _ in range(4)]

    assert answers == [
        refusal("HttpException", 500, "RDS.0005", "Server failure."),
        {"raised": "HttpException", "status": 429, "details": "APIGW.0308"},
        {"raised": "HttpException", "status": 503, "details": "Service Unavailable"},
        [],
    ]


def test_a_token_that_expired_is_renewed_and_the_request_repeated(rds: Call, project: Project) -> None:
    project.clock.set(ClockSetting())  # that of the machine: the client looks at it, and renews old tokens by itself
    rds("backups")
    project.clock.advance("25h")

    assert rds("backups") == []
    answered = [(entry.operation, entry.status) for entry in project.journal]
    token, listed = ("iam.create_token", 201), "v1.list_manual_backups"
    assert answered == [token, (listed, 200), (listed, 401), token, (listed, 200)]
