"""API v1: listing, creating, replicating, restarting and deleting DB instances."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from mockrds.domain.engines import FLAVORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.api import Api, Connect

    Refusal = Callable[..., tuple[int, dict[str, str]]]

EXAMPLE: dict[str, Any] = json.loads("""{
    "id": "252f11f1-2912-4c06-be55-1999bde659c5",
    "status": "ACTIVE",
    "name": "trove-instance-rep3",
    "created": "2016-06-18T21:21:50+0200",
    "hostname": "192.168.0.132",
    "type": "master",
    "region": "eu-de",
    "updated": "2016-06-18T21:21:50+0200",
    "availabilityZone": "eu-de-01",
    "vpc": "490a4a08-ef4b-44c5-94be-3051ef9e4fce",
    "nics": {"subnetId": "0e2eda62-1d42-4d64-a9d1-4e9aa9cd994f"},
    "securityGroup": {"id": "2a1f7fc8-3307-42a7-aa6f-42c8b9b8f8c5"},
    "flavor": {"id": "bf07a6d4-844a-4023-a776-fc5c5fb71fb4"},
    "volume": {"type": "ULTRAHIGH", "size": 100},
    "dataStoreInfo": {"type": "MySQL", "version": "5.7"},
    "dbPort": 3306,
    "backupStrategy": {"startTime": "01:00:00", "keepDays": 3}
}""")
BUILDING = {"created": "", "hostname": "", "updated": "", "dataStoreInfo": None}
REQUEST: dict[str, Any] = json.loads("""{
    "name": "trove-instance-rep2",
    "datastore": {"type": "MySQL", "version": "5.7"},
    "flavorRef": "bf07a6d4-844a-4023-a776-fc5c5fb71fb4",
    "volume": {"type": "CLOUDSSD", "size": 100},
    "region": "eu-de",
    "availabilityZone": "eu-de-01",
    "vpc": "490a4a08-ef4b-44c5-94be-3051ef9e4fce",
    "nics": {"subnetId": "0e2eda62-1d42-4d64-a9d1-4e9aa9cd994f"},
    "securityGroup": {"id": "2a1f7fc8-3307-42a7-aa6f-42c8b9b8f8c5"},
    "dbPort": 3306,
    "backupStrategy": {"startTime": "01:00:00", "keepDays": 3},
    "dbRtPd": "Test@123"
}""")
MYSQL = REQUEST["flavorRef"]
POSTGRESQL = next(flavor.id for flavor in FLAVORS.values() if flavor.engine == "PostgreSQL")
UNKNOWN = "2f4ddb93-b901-4b08-93d8-1d2e472f30fe"
JOBS = {"extendparam": {"jobs": [{"id": "ff8080815a88d52c015a8a0db2250003"}]}}
BUSY = [("BUILD", "RDS.0029"), ("RESTORING", "RDS.1002"), ("DELETING", "RDS.1100"), ("REBOOTING", "RDS.0011")]


def post(api: Api, request: dict[str, Any], **changes: Any) -> Any:
    fields = {key: value for key, value in (request | changes).items() if value is not ...}
    return api.post("/instances", json={"instance": fields})


def create(api: Api, **changes: Any) -> Any:
    return post(api, REQUEST, **changes)


def replicate(api: Api, **changes: Any) -> Any:
    return post(api, {"name": "replica-2", "flavorRef": MYSQL, "replicaOf": api.node()}, **changes)


def listed(api: Api) -> dict[str, Any]:
    return {row["name"]: row for row in api.get("/instances").body["instances"]}


def status(api: Api, node: str) -> Any:
    return api.get(f"/instances/{node}").body["instance"]["status"]


# Listing


def test_an_instance_is_listed_with_the_keys_and_types_of_the_documented_example(
    api: Api, shape: Callable[[Any], Any]
) -> None:
    row = listed(api)["mysql-single"]
    assert dict(shape(row)) == dict(shape(EXAMPLE))
    assert row == EXAMPLE | {
        "id": api.node(),
        "name": "mysql-single",
        "created": "2026-01-31T22:00:00+0000",
        "updated": "2026-01-31T22:00:00+0000",
        "hostname": api.instance().host,
        "vpc": api.instance().vpc_id,
        "nics": {"subnetId": api.instance().subnet_id},
        "securityGroup": {"id": api.instance().security_group_id},
        "volume": {"type": "CLOUDSSD", "size": 100},
        "backupStrategy": {"startTime": "02:00:00", "keepDays": 7},
    }


def test_a_pair_names_its_standby_and_a_replica_its_primary_instead_of_a_policy(api: Api) -> None:
    rows = listed(api)
    assert list(rows) == ["mysql-single", "postgresql-ha", "sqlserver-single", "mysql-replica"]
    assert rows["postgresql-ha"].keys() - EXAMPLE.keys() == {"slaveId", "ha"}
    assert rows["postgresql-ha"]["slaveId"] == api.node("standby")
    assert rows["postgresql-ha"]["ha"] == {"replicationMode": "sync"}
    assert rows["mysql-replica"].keys() ^ EXAMPLE.keys() == {"replicaOf", "backupStrategy"}
    assert (rows["mysql-replica"]["type"], rows["mysql-replica"]["replicaOf"]) == ("readreplica", api.node())


def test_one_instance_is_told_with_the_documented_keys_and_those_of_the_list(api: Api) -> None:
    documented = {"instanceId": api.node(), "status": "ACTIVE", "instanceName": "mysql-single"}
    reply = api.get(f"/instances/{api.node()}")
    assert reply.answer == (200, {"instance": documented | listed(api)["mysql-single"]})
    assert list(reply.body["instance"])[:3] == ["instanceId", "status", "instanceName"]


@pytest.mark.parametrize("node", ["unknown", "instance id"])
def test_an_unknown_instance_is_not_told_deleted_or_restarted(api: Api, refusal: Refusal, node: str) -> None:
    path = f"/instances/{api.node(node)}"
    replies = [api.get(path), api.delete(path), api.post(f"{path}/action", json={"restart": {}})]
    assert [reply.answer for reply in replies] == [refusal("RDS.0002")] * 3
    assert {api.node() in reply.hint for reply in replies} == {node == "instance id"}


# Creating


def test_a_new_instance_is_answered_as_in_the_documented_example_then_built_then_active(api: Api) -> None:
    reply = create(api)
    created = reply.body["instance"]
    expected = EXAMPLE | BUILDING | {
        "id": created["id"],
        "status": "BUILD",
        "name": "trove-instance-rep2",
        "volume": {"type": "CLOUDSSD", "size": 100},
    }  # fmt: skip
    assert reply.answer == (202, {"instance": expected | {"extendparam": created["extendparam"]}})
    assert re.fullmatch("ff8080[0-9a-f]{26}", created["extendparam"]["jobs"][0]["id"])
    assert listed(api)["trove-instance-rep2"] == expected
    api.project.clock.advance("5s")
    row = listed(api)["trove-instance-rep2"]
    assert (row["status"], row["created"], row["dataStoreInfo"]) == (
        "ACTIVE",
        "2026-01-31T22:00:00+0000",
        {"type": "MySQL", "version": "5.7"},
    )
    assert api.create(instance=created["id"]).status == 200


def test_a_new_pair_has_a_standby_and_two_jobs(api: Api) -> None:
    created = create(api, ha={"enable": True, "replicationMode": "semisync"}).body["instance"]
    first, second = created["extendparam"]["jobs"]
    assert (first["id"][:6], second["id"][:6]) == ("ff8080", "ae3081")
    assert created["ha"] == {"replicationMode": "semisync"}
    assert api.create(instance=created["slaveId"]).body["errCode"] == "RDS.0056"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"backupStrategy": ...}, {"backupStrategy": {"startTime": "00:00:00", "keepDays": 0}}),
        (
            {"backupStrategy": {"startTime": "01:00:00"}},
            {"backupStrategy": {"startTime": "01:00:00", "keepDays": 0}},
        ),
        ({"dbPort": ...}, {"dbPort": 3306}),
        ({"dbPort": 65535}, {"dbPort": 65535}),
        ({"dbPort": "8635"}, {"dbPort": 8635}),
        ({"volume": {"type": "ESSD", "size": 40}}, {"volume": {"type": "ESSD", "size": 40}}),
        ({"volume": {"type": "CLOUDSSD", "size": 4000}}, {"volume": {"type": "CLOUDSSD", "size": 4000}}),
        ({"ha": {"enable": False}}, {"type": "master"}),
        ({"name": "mysql-single"}, {"name": "mysql-single"}),
    ],
    ids=[
        "no-policy",
        "policy-off",
        "default-port",
        "highest-port",
        "port-in-quotes",
        "least-volume",
        "most-volume",
        "no-ha",
        "same-name",
    ],
)
def test_what_may_be_left_out_or_at_its_limit_is_accepted(
    api: Api, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    reply = create(api, **changes)
    assert (reply.status, {key: reply.body["instance"][key] for key in expected}) == (202, expected)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": ...}, "RDS.5001"),
        ({"name": "abc"}, "RDS.5001"),
        ({"name": 1234}, "RDS.0001"),
        ({"Name": "abcd"}, "RDS.0017"),
        ({"datastore": ...}, "RDS.5004"),
        ({"datastore": "MySQL"}, "RDS.0001"),
        ({"datastore": {"type": "mysql", "version": "5.7"}}, "RDS.5002"),
        ({"datastore": {"version": "5.7"}}, "RDS.5002"),
        ({"datastore": {"type": "MySQL", "version": "16"}}, "RDS.5003"),
        ({"datastore": {"type": "MySQL"}}, "RDS.5003"),
        ({"flavorRef": ...}, "RDS.5006"),
        ({"flavorRef": "rds.mysql.c2.large"}, "RDS.5006"),
        ({"flavorRef": UNKNOWN}, "RDS.5007"),
        ({"flavorRef": POSTGRESQL}, "RDS.5007"),
        ({"volume": ...}, "RDS.5009"),
        ({"volume": {"size": 100}}, "RDS.5008"),
        ({"volume": {"type": "cloudssd", "size": 100}}, "RDS.5008"),
        ({"volume": {"type": "CLOUDSSD"}}, "RDS.5009"),
        ({"volume": {"type": "CLOUDSSD", "size": 30}}, "RDS.5009"),
        ({"volume": {"type": "CLOUDSSD", "size": 4010}}, "RDS.5009"),
        ({"volume": {"type": "CLOUDSSD", "size": 45}}, "RDS.5033"),
        ({"volume": {"type": "CLOUDSSD", "size": "100"}}, "RDS.0001"),
        ({"region": ...}, "RDS.5010"),
        ({"region": "eu-nl"}, "RDS.5010"),
        ({"availabilityZone": ""}, "RDS.5011"),
        ({"vpc": "my-vpc"}, "RDS.5014"),
        ({"nics": {}}, "RDS.5015"),
        ({"nics": {"subnetId": "my-subnet"}}, "RDS.5015"),
        ({"securityGroup": ...}, "RDS.5016"),
        ({"dbPort": 1023}, "RDS.0001"),
        ({"dbPort": 33071}, "RDS.0001"),
        ({"dbPort": "any"}, "RDS.0001"),
        ({"backupStrategy": {"keepDays": 3}}, "RDS.5020"),
        ({"backupStrategy": {"startTime": "01:00"}}, "RDS.5020"),
        ({"backupStrategy": {"startTime": "01:00:00", "keepDays": 733}}, "RDS.5017"),
        ({"dbRtPd": ...}, "RDS.5013"),
        ({"dbRtPd": "password"}, "RDS.5013"),
        ({"dbRtPd": "Test@12"}, "RDS.5013"),
        ({"ha": {"enable": "true"}}, "RDS.0001"),
        ({"ha": {"enable": True}}, "RDS.5029"),
        ({"ha": {"enable": True, "replicationMode": "sync"}}, "RDS.5029"),
    ],
    ids=lambda value: re.sub(r"[^\w.:@-]+", " ", str(value)).strip(),
)
def test_any_other_instance_is_refused(api: Api, refusal: Refusal, changes: dict[str, Any], code: str) -> None:
    assert create(api, **changes).answer == refusal(code)
    assert (len(api.project.instances), api.project.errors) == (4, [])


def test_the_quota_counts_instances_and_replicas(connect: Connect, refusal: Refusal) -> None:
    api = connect({"world": {"quotas": {"instances": 5}}})
    assert create(api).status == 202
    assert create(api).answer == refusal("RDS.1112")
    assert replicate(api).answer == refusal("RDS.1112")


# Read replicas


def test_a_new_replica_names_its_primary_which_is_spelt_otherwise_in_the_list(api: Api) -> None:
    reply = replicate(api)
    created = reply.body["instance"]
    assert (reply.status, created["type"], created["replica_of"]) == (202, "readreplica", api.node())
    assert created.keys() ^ EXAMPLE.keys() == {"replica_of", "extendparam", "backupStrategy"}
    assert listed(api)["replica-2"]["replicaOf"] == api.node()


@pytest.mark.parametrize(
    ("node", "code"),
    [
        ("unknown", "RDS.5032"),
        ("instance id", "RDS.5032"),
        ("standby", "RDS.5032"),
        ("replica", "RDS.5032"),
        ("sqlserver", "RDS.5005"),
        ("pair", "RDS.5007"),
    ],
)
def test_only_a_primary_of_the_same_engine_is_replicated_and_never_sql_server(
    api: Api, refusal: Refusal, node: str, code: str
) -> None:
    assert replicate(api, replicaOf=api.node(node)).answer == refusal(code)


# Restarting and deleting


def test_a_restarted_instance_is_rebooting_and_then_active(api: Api, shape: Callable[[Any], Any]) -> None:
    reply = api.post(f"/instances/{api.node()}/action", json={"restart": {}})
    assert (reply.status, shape(reply.body)) == (202, shape(JOBS))
    assert status(api, api.node()) == "REBOOTING"
    api.project.clock.advance("2s")
    assert status(api, api.node()) == "ACTIVE"


@pytest.mark.parametrize("said", ["now", None, [], 1])
def test_only_an_object_restarts_an_instance(api: Api, refusal: Refusal, said: object) -> None:
    reply = api.post(f"/instances/{api.node()}/action", json={"restart": said})
    assert (reply.answer, status(api, api.node())) == (refusal("RDS.0001"), "ACTIVE")


def test_an_instance_is_not_restarted_during_a_backup(api: Api, refusal: Refusal) -> None:
    api.create()
    assert api.post(f"/instances/{api.node()}/action", json={"restart": {}}).answer == refusal("RDS.3004")


@pytest.mark.parametrize(("busy", "code"), BUSY)
def test_a_busy_instance_is_not_restarted_deleted_or_replicated(
    api: Api, refusal: Refusal, busy: str, code: str
) -> None:
    api.project.set_status(api.node(), busy)
    path = f"/instances/{api.node()}"
    replies = [api.post(f"{path}/action", json={"restart": {}}), api.delete(path), replicate(api)]
    assert [reply.answer for reply in replies] == [refusal(code)] * 3


def test_a_standby_is_not_restarted_or_deleted_by_itself(api: Api, refusal: Refusal) -> None:
    path = f"/instances/{api.node('standby')}"
    replies = [api.post(f"{path}/action", json={"restart": {}}), api.delete(path)]
    assert [reply.answer for reply in replies] == [refusal("RDS.0056")] * 2


def test_a_deleted_instance_takes_its_replicas_along_and_leaves_its_backups(
    api: Api, shape: Callable[[Any], Any]
) -> None:
    api.completed()
    reply = api.delete(f"/instances/{api.node()}", json={"keepLastManualBackup": "0"})
    assert (reply.status, shape(reply.body)) == (202, shape(JOBS))
    assert len(listed(api)) == 4
    api.project.clock.advance("3s")
    assert list(listed(api)) == ["postgresql-ha", "sqlserver-single"]
    assert [row["name"] for row in api.get("/backups").body["backups"]] == ["nightly"]


def test_a_replica_is_deleted_by_itself(api: Api) -> None:
    assert api.delete(f"/instances/{api.node('replica')}").status == 202
    api.project.clock.advance("3s")
    assert list(listed(api)) == ["mysql-single", "postgresql-ha", "sqlserver-single"]


def test_an_instance_that_is_being_backed_up_is_deleted_afterwards(api: Api, refusal: Refusal) -> None:
    api.create()
    assert api.delete(f"/instances/{api.node()}").status == 202
    assert api.create(name="another").answer == refusal("RDS.1100")
    api.project.clock.advance("5s")
    assert "mysql-single" in listed(api)
    api.project.clock.advance("1s")
    assert "mysql-single" not in listed(api)
    assert [row["status"] for row in api.get("/backups").body["backups"]] == ["COMPLETED"]


@pytest.mark.parametrize("looks", [0, 1, 2])
def test_an_instance_can_be_made_active_by_being_looked_at(connect: Connect, looks: int) -> None:
    course = {"progression": "manual", "looks": looks}
    api = connect({"lifecycle": {"create_instance": course, "restore": course}})
    node = create(api).body["instance"]["id"]
    expected = ["BUILD"] * looks + ["ACTIVE"] * 2
    assert [status(api, node) for _ in expected] == expected
    api.post(f"/instances/{api.node()}/action", json={"restore": {"backupRef": api.completed()}})
    restoring = [{name for name, row in listed(api).items() if row["status"] == "RESTORING"} for _ in expected]
    assert restoring == [{"mysql-single", "mysql-replica"}] * looks + [set(), set()]
