"""The types of JSON: Go and Java clients do not take 7.0, "7" or true for 7, and no null where they look further."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.strict_client import Maybe, Nullable, StrictClient, misfits

from mockrds.domain.engines import ENGINES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.api import Connect

    from mockrds import MockRDS

DATASTORE = {"type": str, "version": str}
BACKUP = {
    "id": str,
    "instance_id": str,
    "name": str,
    "type": str,
    "size": Nullable(int),
    "status": str,
    "begin_time": str,
    "end_time": Nullable(str),
    "datastore": DATASTORE,
    "databases": Maybe([{"name": str}]),
}
INSTANCE = {
    "id": str,
    "name": str,
    "status": str,
    "type": str,
    "port": int,
    "enable_ssl": bool,
    "private_ips": [str],
    "public_ips": [str],
    "created": str,
    "updated": str,
    "db_user_name": str,
    "vpc_id": str,
    "subnet_id": str,
    "security_group_id": str,
    "flavor_ref": str,
    "region": str,
    "switch_strategy": Maybe(str),
    "maintenance_window": str,
    "time_zone": Maybe(str),
    "datastore": DATASTORE,
    "volume": {"type": str, "size": int},
    "backup_strategy": {"start_time": str, "keep_days": int},
    "ha": Maybe({"replication_mode": str}),
    "nodes": [{"id": str, "name": str, "role": str, "status": str, "availability_zone": str}],
    "related_instance": [{"id": str, "type": str}],
    "tags": Maybe([{"key": str, "value": str}]),
    "disk_encryption_id": Maybe(str),
}
NEW = {
    "name": "another",
    "datastore": {"type": "PostgreSQL", "version": "16"},
    "ha": {"mode": "ha", "replication_mode": "async"},
    "volume": {"type": "ULTRAHIGH", "size": 100},
    "backup_strategy": {"start_time": "08:15-09:15", "keep_days": 12},
    "region": "eu-de",
    "availability_zone": "eu-de-01,eu-de-02",
    "password": "Test@12345678",
}
ANSWERS: dict[str, tuple[str, str, Any, Any]] = {
    "backups": ("GET", "/v3/<P>/backups?instance_id=<mysql>", None, {"backups": [BACKUP], "total_count": int}),
    "no backups": ("GET", "/v3/<P>/backups?instance_id=<pg>", None, {"backups": [BACKUP], "total_count": int}),
    "incremental backups": (
        "GET",
        "/v3/<P>/backups?instance_id=<mysql>&backup_type=incremental",
        None,
        {"backups": [BACKUP], "total_count": int},
    ),
    "policy": (
        "GET",
        "/v3/<P>/instances/<mysql>/backups/policy",
        None,
        {"backup_policy": {"keep_days": int, "start_time": str, "period": str}},
    ),
    "restore times": (
        "GET",
        "/v3/<P>/instances/<mysql>/restore-time",
        None,
        {"restore_time": [{"start_time": int, "end_time": int}]},
    ),
    "links": (
        "GET",
        "/v3/<P>/backup-files?backup_id=<backup>",
        None,
        {
            "files": [{"name": str, "size": int, "download_link": str, "link_expired_time": str}],
            "bucket": str,
        },
    ),
    "instances": ("GET", "/v3/<P>/instances", None, {"instances": [INSTANCE], "total_count": int}),
    "no instances": ("GET", "/v3/<P>/instances?id=x", None, {"instances": [INSTANCE], "total_count": int}),
    "autoscaling": (
        "GET",
        "/v3/<P>/instances/<mysql>/disk-auto-expansion",
        None,
        {"switch_option": bool, "limit_size": Maybe(int), "trigger_threshold": Maybe(int)},
    ),
    "quotas": (
        "GET",
        "/v3/<P>/quotas",
        None,
        {"quotas": {"resources": [{"quota": int, "used": int, "type": str}]}},
    ),
    "flavors": (
        "GET",
        "/v3/<P>/flavors/MySQL?version_name=5.7",
        None,
        {"flavors": [{"vcpus": str, "ram": int, "spec_code": str, "instance_mode": str, "az_status": dict}]},
    ),
    "datastores": ("GET", "/v3/<P>/datastores/mysql", None, {"dataStores": [{"id": str, "name": str}]}),
    "storage types": (
        "GET",
        "/v3/<P>/storage-type/MySQL?version_name=5.7",
        None,
        {"storage_type": [{"name": str, "az_status": dict}]},
    ),
    "parameter groups": (
        "GET",
        "/v3/<P>/configurations",
        None,
        {
            "configurations": [
                {
                    "id": str,
                    "name": str,
                    "datastore_name": str,
                    "datastore_version_name": str,
                    "created": str,
                    "updated": str,
                    "user_defined": bool,
                }
            ]
        },
    ),
    "parameters": (
        "GET",
        "/v3/<P>/instances/<mysql>/configurations",
        None,
        {
            "configuration_parameters": [
                {"name": str, "value": str, "restart_required": bool, "readonly": bool, "value_range": str, "type": str}
            ]
        },
    ),
    "restore": (
        "POST",
        "/v3/<P>/instances/recovery",
        {"source": {"instance_id": "<mysql>", "backup_id": "<backup>"}, "target": {"instance_id": "<mysql>"}},
        {"job_id": str},
    ),
    "restart": ("POST", "/v3/<P>/instances/<mysql>/action", {"restart": {}}, {"job_id": str}),
    "delete instance": ("DELETE", "/v3/<P>/instances/<mysql>", None, {"job_id": str}),
    "port": ("PUT", "/v3/<P>/instances/<mysql>/port", {"port": 3307}, {"workflowId": str}),
    "failover": ("PUT", "/v3/<P>/instances/<pg>/failover", {}, {"instanceId": str, "nodeId": str, "workflowId": str}),
    "collations": ("GET", "/v3/<P>/collations", None, {"charSets": [str]}),
    "security groups": (
        "GET",
        "/v2.1/<P>/os-security-groups",
        None,
        {"security_groups": [{"id": str, "name": str, "description": str, "tenant_id": str, "rules": [dict]}]},
    ),
    "subnets": (
        "GET",
        "/v1/<P>/subnets",
        None,
        {"subnets": [{"id": str, "vpc_id": str, "dhcp_enable": bool, "neutron_subnet_id": str, "dnsList": [str]}]},
    ),
    "vpcs": (
        "GET",
        "/v1/<P>/vpcs",
        None,
        {"vpcs": [{"id": str, "name": str, "cidr": str, "routes": [dict], "enable_shared_snat": bool}]},
    ),
}


@pytest.fixture
def wire(connect: Connect, strict: MockRDS) -> Iterator[StrictClient]:
    yield from StrictClient.checked(connect(to=strict).project)


@pytest.mark.parametrize(("method", "path", "body", "wanted"), ANSWERS.values(), ids=ANSWERS.keys())
def test_answers_have_the_types_that_nothing_coerces(
    wire: StrictClient, method: str, path: str, body: Any, wanted: Any
) -> None:
    wire.backup()
    wire.project.clock.advance("1h")

    answer = wire.ask(method, path, body)

    assert misfits(answer.content, wanted) == []


@pytest.mark.parametrize("status", ["BUILDING", "COMPLETED", "FAILED", "DELETING"])
def test_a_backup_has_its_types_in_every_status(wire: StrictClient, status: str) -> None:
    ends = {"outcome": status} if status == "FAILED" else {}
    lifecycle = {"progression": "immediate"} | ends if status != "BUILDING" else {"progression": "manual"}
    wire.project.faults.add(operation="v3.create_manual_backup", lifecycle=lifecycle)
    wire.backup(of="sqlserver")
    if status == "DELETING":
        wire.ask("DELETE", "/v3/<P>/backups/<backup>")

    answer = wire.ask("GET", "/v3/<P>/backups?instance_id=<sqlserver>")

    assert [backup["status"] for backup in answer.content["backups"]] == [status]
    assert misfits(answer.content, {"backups": [BACKUP], "total_count": int}) == []
    sized = type(answer.content["backups"][0]["size"]) is int
    assert sized == (status in ("COMPLETED", "DELETING"))


def test_a_new_backup_has_its_types(wire: StrictClient) -> None:
    answer = wire.ask("POST", "/v3/<P>/backups", {"instance_id": "<mysql>", "name": "nightly"})

    wanted = {"id": str, "instance_id": str, "name": str, "status": str, "type": str, "begin_time": str}
    assert misfits(answer.content, {"backup": wanted | {"description": Nullable(str)}}) == []


def test_an_instance_has_what_terraform_takes_without_looking(wire: StrictClient) -> None:
    answer = wire.ask("GET", "/v3/<P>/instances")

    for instance in answer.content["instances"]:
        assert type(instance["enable_ssl"]) is bool
        assert instance["private_ips"]
        assert len(instance["maintenance_window"].split("-")) == 2
    primaries = [each for each in answer.content["instances"] if each["type"] != "Replica"]
    assert len(primaries) == 3
    assert all("master" in [node["role"] for node in each["nodes"]] for each in primaries)
    [replica] = [each for each in answer.content["instances"] if each["type"] == "Replica"]
    assert "replica_of" in [related["type"] for related in replica["related_instance"]]


def test_a_new_instance_has_a_port_in_words_and_a_size_in_numbers(wire: StrictClient) -> None:
    pair = wire.instances["postgresql-ha"]
    where = {"vpc_id": pair.vpc_id, "subnet_id": pair.subnet_id, "security_group_id": pair.security_group_id}

    answer = wire.ask("POST", "/v3/<P>/instances", NEW | where | {"flavor_ref": pair.flavor.spec_code})

    wanted = {
        "instance": {
            "id": str,
            "name": str,
            "status": str,
            "datastore": DATASTORE,
            "ha": Maybe({"mode": str, "replication_mode": str}),
            "port": str,
            "volume": {"type": str, "size": int},
            "backup_strategy": {"start_time": str, "keep_days": int},
            "region": str,
            "availability_zone": str,
            "flavor_ref": str,
        },
        "job_id": str,
    }
    assert misfits(answer.content, wanted) == []
    assert answer.content["instance"]["backup_strategy"]["keep_days"] == 12


def test_a_job_has_its_types_while_it_runs_and_when_it_is_done(wire: StrictClient) -> None:
    wire.backup()
    body = {"source": {"instance_id": "<mysql>", "backup_id": "<backup>"}, "target": {"instance_id": "<mysql>"}}
    job_id = wire.ask("POST", "/v3/<P>/instances/recovery", body).content["job_id"]
    wanted = {
        "id": str,
        "name": str,
        "status": str,
        "created": str,
        "ended": Maybe(str),
        "process": Maybe(str),
        "instance": {"id": str, "name": str},
        "entities": Maybe(dict),
        "fail_reason": Maybe(str),
    }

    statuses = []
    for wait in ("2s", "1h"):
        wire.project.clock.advance(wait)
        answer = wire.ask("GET", f"/v3/<P>/jobs?id={job_id}&skip_cache=True")
        assert misfits(answer.content, {"job": wanted}) == []
        statuses.append(answer.content["job"]["status"])

    assert statuses == ["Running", "Completed"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("spelt", [str, str.lower, str.upper])
def test_engines_in_paths_are_found_in_any_letter_case(wire: StrictClient, engine: str, spelt: Any) -> None:
    answers = [wire.ask("GET", f"/v3/<P>/datastores/{name}") for name in (engine, spelt(engine))]

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v3/<P>/backups", None),
        ("DELETE", "/v3/<P>/backups/x", None),
        ("POST", "/v3/<P>/backups", {}),
        ("POST", "/v3/<P>/backups", None),
        ("GET", "/v3/<P>/backup-files", None),
        ("GET", "/v3/<P>/instances/x/backups/policy", None),
        ("PUT", "/v3/<P>/instances/<mysql>/backups/policy", {"backup_policy": {"keep_days": "7"}}),
        ("GET", "/v3/other/backups?instance_id=x", None),
    ],
)
def test_errors_have_a_code_and_a_message_and_never_null(wire: StrictClient, method: str, path: str, body: Any) -> None:
    answer = wire.ask(method, path, body)

    assert answer.status in range(400, 500)
    assert misfits(answer.content, {"error_code": str, "error_msg": str}) == []
    assert set(answer.content) == {"error_code", "error_msg"}
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("value", "wanted", "count"),
    [
        (7, int, 0),
        (7.0, int, 1),
        (True, int, 1),
        ("7", int, 1),
        (None, int, 1),
        (None, Nullable(int), 0),
        ({}, {"a": int}, 1),
        ({}, {"a": Maybe(int)}, 0),
        ({"a": None}, {"a": [int]}, 1),
        ([1, "2", 3.0], [int], 2),
    ],
)
def test_this_module_tells_types_apart(value: Any, wanted: Any, count: int) -> None:
    assert len(misfits(value, wanted)) == count
