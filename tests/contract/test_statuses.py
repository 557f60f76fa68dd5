"""Statuses: Go clients take each other one, also another 2xx, for an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.strict_client import StrictClient

from mockrds.domain.engines import SPEC_CODES
from mockrds.domain.random_values import dashed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.api import Connect

    from mockrds import MockRDS

I = "/v3/<P>/instances"  # noqa: E741
POLICY = {"backup_policy": {"keep_days": 6, "start_time": "19:00-20:00", "period": "1,2,3,4"}}
FROM_BACKUP = {
    "source": {"backup_id": "<backup>", "instance_id": "<mysql>", "type": "backup"},
    "target": {"instance_id": "<mysql>"},
}
TO_A_TIME = {
    "source": {"instance_id": "<mysql>", "type": "timestamp", "restore_time": "<now>"},
    "target": {"instance_id": "<mysql>"},
}
NEW = {
    "name": "another",
    "datastore": {"type": "MySQL", "version": "5.7"},
    "flavor_ref": "<flavor>",
    "volume": {"type": "ULTRAHIGH", "size": 100},
    "region": "eu-de",
    "availability_zone": "eu-de-01",
    "vpc_id": "<vpc>",
    "subnet_id": "<subnet>",
    "security_group_id": "<group>",
    "password": "Test@12345678",
}
RESTORED = NEW | {"restore_point": {"instance_id": "<mysql>", "type": "backup", "backup_id": "<backup>"}}
REPLICA = {
    "name": "follower",
    "replica_of_id": "<pg>",
    "flavor_ref": "<replica flavor>",
    "volume": {"type": "ULTRAHIGH", "size": 100},
    "region": "",
    "availability_zone": "eu-de-01",
}
GROUP = {"name": "group", "datastore": {"type": "mysql", "version": "5.7"}, "values": {"max_connections": "10"}}
TAGS = {"action": "create", "tags": [{"key": "a", "value": "b"}]}
EIP = {"publicip": {"type": "5_bgp"}, "bandwidth": {"name": "b", "size": 10, "share_type": "PER"}}

EXCHANGES: dict[str, tuple[str, str, Any, int]] = {
    # backups
    "create backup": ("POST", "/v3/<P>/backups", {"instance_id": "<mysql>", "name": "weekly"}, 200),
    "list backups": ("GET", "/v3/<P>/backups?instance_id=<mysql>", None, 200),
    "delete backup": ("DELETE", "/v3/<P>/backups/<backup>", None, 200),
    "delete backups": ("POST", "/v3/<P>/backups/batch-delete", {"backup_ids": ["<backup>"]}, 200),
    "links": ("GET", "/v3/<P>/backup-files?backup_id=<backup>", None, 200),
    "get policy": ("GET", f"{I}/<mysql>/backups/policy", None, 200),
    "set policy": ("PUT", f"{I}/<mysql>/backups/policy", POLICY, 200),
    "no automated backups": ("PUT", f"{I}/<mysql>/backups/policy", {"backup_policy": {"keep_days": 0}}, 200),
    "restore times": ("GET", f"{I}/<mysql>/restore-time", None, 200),
    "restore": ("POST", f"{I}/recovery", FROM_BACKUP, 200),
    "restore to a time, as Go clients ask, with an empty backup_id": (
        "POST",
        f"{I}/recovery",
        TO_A_TIME | {"source": TO_A_TIME["source"] | {"backup_id": ""}},
        200,
    ),
    "restore to a time, which the command line writes as text": ("POST", f"{I}/recovery", TO_A_TIME, 200),
    "restore, v3.1": ("POST", "/v3.1/<P>/instances/recovery", FROM_BACKUP, 202),
    # instances
    "create instance": ("POST", I, NEW, 202),
    "restore to new": ("POST", I, RESTORED, 202),
    "create replica": ("POST", I, REPLICA, 202),
    "list instances": ("GET", I, None, 200),
    "delete instance": ("DELETE", f"{I}/<mysql>", None, 202),
    "restart": ("POST", f"{I}/<mysql>/action", {"restart": {}}, 202),
    "enlarge volume": ("POST", f"{I}/<mysql>/action", {"enlarge_volume": {"size": 200}}, 202),
    "resize flavor": ("POST", f"{I}/<mysql>/action", {"resize_flavor": {"spec_code": "<other flavor>"}}, 202),
    "single to ha": ("POST", f"{I}/<mysql>/action", {"single_to_ha": {"az_code_new_node": "eu-de-02"}}, 202),
    "shutdown": ("POST", f"{I}/<mysql>/action/shutdown", None, 200),
    "tags": ("POST", f"{I}/<mysql>/tags/action", TAGS, 200),
    "rename": ("PUT", f"{I}/<mysql>/name", {"name": "renamed"}, 200),
    "port": ("PUT", f"{I}/<mysql>/port", {"port": 3307}, 200),
    "ip": ("PUT", f"{I}/<mysql>/ip", {"new_ip": "192.168.0.99"}, 200),
    "security group": ("PUT", f"{I}/<mysql>/security-group", {"security_group_id": "<group>"}, 200),
    "bind eip": (
        "PUT",
        f"{I}/<mysql>/public-ip",
        {"public_ip": "198.18.0.7", "public_ip_id": "<vpc>", "is_bind": True},
        200,
    ),
    "ssl": ("PUT", f"{I}/<mysql>/ssl", {"ssl_option": True}, 200),
    "ops window": ("PUT", f"{I}/<mysql>/ops-window", {"start_time": "22:00", "end_time": "02:00"}, 200),
    "failover": ("PUT", f"{I}/<pg>/failover", {}, 200),
    "failover mode": ("PUT", f"{I}/<pg>/failover/mode", {"mode": "async"}, 200),
    "failover strategy": ("PUT", f"{I}/<pg>/failover/strategy", {"repairStrategy": "availability"}, 200),
    "autoscaling": (
        "PUT",
        f"{I}/<mysql>/disk-auto-expansion",
        {"switch_option": True, "limit_size": 1000, "trigger_threshold": 10},
        200,
    ),
    "get autoscaling": ("GET", f"{I}/<mysql>/disk-auto-expansion", None, 200),
    # the rest
    "jobs": ("GET", "/v3/<P>/jobs?id=<job>", None, 200),
    "quotas": ("GET", "/v3/<P>/quotas", None, 200),
    "flavors": ("GET", "/v3/<P>/flavors/PostgreSQL?version_name=16", None, 200),
    "datastores": ("GET", "/v3/<P>/datastores/PostgreSQL", None, 200),
    "storage types": ("GET", "/v3/<P>/storage-type/PostgreSQL?version_name=16", None, 200),
    "collations": ("GET", "/v3/<P>/collations", None, 200),
    "create parameter group": ("POST", "/v3/<P>/configurations", GROUP, 200),
    "list parameter groups": ("GET", "/v3/<P>/configurations", None, 200),
    "get parameter group": ("GET", "/v3/<P>/configurations/<template>", None, 200),
    "change parameter group": (
        "PUT",
        "/v3/<P>/configurations/<template>",
        {"name": "renamed", "description": "words", "values": {"autocommit": "ON"}},
        200,
    ),
    "apply parameter group": (
        "PUT",
        "/v3/<P>/configurations/<template>/apply",
        {"instance_ids": ["<mysql>"]},
        200,
    ),
    "delete parameter group": ("DELETE", "/v3/<P>/configurations/<template>", None, 200),
    "parameters": ("GET", f"{I}/<mysql>/configurations", None, 200),
    "change parameters": ("PUT", f"{I}/<mysql>/configurations", {"values": {"max_connections": "37"}}, 200),
    "error log": (
        "GET",
        f"{I}/<mysql>/errorlog?start_date=2026-01-01T00:00:00%2B0000&end_date=2026-01-31T00:00:00%2B0000",
        None,
        200,
    ),
    "slow log": (
        "GET",
        f"{I}/<mysql>/slowlog?start_date=2026-01-01T00:00:00%2B0000&end_date=2026-01-31T00:00:00%2B0000",
        None,
        200,
    ),
    "error log, times without a zone, as the acceptance tests of gophertelekomcloud have them": (
        "GET",
        f"{I}/<pg>/errorlog?start_date=2026-01-01T00%3A00%3A00&end_date=2026-01-31T00%3A00%3A00&limit=1",
        None,
        200,
    ),
    "slow log, times without a zone": (
        "GET",
        f"{I}/<pg>/slowlog?start_date=2026-01-01T00%3A00%3A00&end_date=2026-01-31T00%3A00%3A00&limit=1",
        None,
        200,
    ),
    # API v1
    "v1 create backup": ("POST", "/rds/v1/<P>/backups", {"backup": {"name": "weekly", "instance": "<node>"}}, 200),
    "v1 list backups": ("GET", "/rds/v1/<P>/backups", None, 200),
    "v1 delete backup": ("DELETE", "/rds/v1/<P>/backups/<v1 backup>", None, 200),
    "v1 get policy": ("GET", "/rds/v1/<P>/instances/<node>/backups/policy", None, 200),
    "v1 set policy": (
        "PUT",
        "/rds/v1/<P>/instances/<node>/backups/policy",
        {"policy": {"keepday": 7, "starttime": "01:00:00"}},
        200,
    ),
    "v1 restore": (
        "POST",
        "/rds/v1/<P>/instances/<node>/action",
        {"restore": {"backupRef": "<v1 backup>"}},
        202,
    ),
    "v1 tags": ("GET", "/v1/<P>/rds/<node>/tags", None, 200),
    "v1 list instances": ("GET", "/rds/v1/<P>/instances", None, 200),
    "v1 delete instance": ("DELETE", "/rds/v1/<P>/instances/<node>", {}, 202),
    # neighbours
    "security groups": ("GET", "/v2.1/<P>/os-security-groups", None, 200),
    "create eip": ("POST", "/v1/<P>/publicips", EIP, 200),
    "floating ips": ("GET", "/v2.0/floatingips?fixed_ip_address=192.168.0.1", None, 200),
    "ports": ("GET", "/v2.0/ports", None, 200),
    "vpc": ("GET", "/v1/<P>/vpcs/<vpc>", None, 200),
    "subnet": ("GET", "/v1/<P>/subnets/<subnet>", None, 200),
}


@pytest.fixture
def wire(connect: Connect, strict: MockRDS) -> Iterator[StrictClient]:
    yield from StrictClient.checked(connect(to=strict).project)


@pytest.mark.parametrize(("method", "path", "body", "status"), EXCHANGES.values(), ids=EXCHANGES.keys())
def test_the_status_is_the_only_one_that_all_clients_accept(
    wire: StrictClient, method: str, path: str, body: Any, status: int
) -> None:
    instance = wire.instances["mysql-single"]
    wire.names |= {
        "vpc": instance.vpc_id,
        "subnet": instance.subnet_id,
        "group": instance.security_group_id,
        "flavor": instance.flavor.spec_code,
        "other flavor": next(
            code
            for code, flavor in SPEC_CODES.items()
            if flavor.engine == "MySQL" and flavor.mode == "single" and flavor != instance.flavor
        ),
        "replica flavor": wire.instances["postgresql-ha"].flavor.of_mode("replica").spec_code,
    }
    engine = "sqlserver" if "batch-delete" in path else "mysql"
    wire.backup(of=engine)
    wire.names["v1 backup"] = dashed(wire.names["backup"][:32])
    wire.names["now"] = str(int(wire.project.clock.now() * 1000))
    if "<template>" in path:
        wire.names["template"] = wire.ask("POST", "/v3/<P>/configurations", GROUP).content["configuration"]["id"]
    if "<job>" in path:
        wire.names["job"] = wire.ask("POST", f"{I}/recovery", FROM_BACKUP).content["job_id"]
        wire.project.clock.advance("30s")

    answer = wire.ask(method, path, body)

    assert (answer.status, answer.raw if answer.status != status else b"") == (status, b"")
    assert answer.raw.strip() != b"null"
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-request-id"]
    assert answer.headers["connection"] == "close"


def test_ssl_of_postgresql_cannot_be_switched(wire: StrictClient) -> None:
    assert wire.ask("PUT", f"{I}/<pg>/ssl", {"ssl_option": False}).status in range(400, 500)


def test_a_stopped_instance_starts(wire: StrictClient) -> None:
    wire.ask("POST", f"{I}/<mysql>/action/shutdown")
    wire.project.clock.advance("1h")

    assert wire.ask("POST", f"{I}/<mysql>/action/startup").status == 200


def test_an_elastic_ip_vanishes(wire: StrictClient) -> None:
    made = wire.ask("POST", "/v1/<P>/publicips", EIP)
    path = f"/v1/<P>/publicips/{made.content['publicip']['id']}"

    answers = [wire.ask(method, path) for method in ("GET", "DELETE", "GET")]

    assert [answer.status for answer in answers] == [200, 204, 404]
    assert answers[0].content["publicip"]["status"] == "DOWN"
