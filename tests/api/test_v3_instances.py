"""API v3: making instances, listing and deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.api import Api, Connect, Reply

VPC, SUBNET = "490a4a08-ef4b-44c5-94be-3051ef9e4fce", "0e2eda62-1d42-4d64-a9d1-4e9aa9cd994f"
SINGLE: dict[str, Any] = {
    "name": "rds-instance-rep2",
    "datastore": {"type": "MySQL", "version": "5.7"},
    "flavor_ref": "rds.mysql.n1.large",
    "volume": {"type": "ULTRAHIGH", "size": 100},
    "disk_encryption_id": "2gfdsh-844a-4023-a776-fc5c5fb71fb4",
    "region": "eu-de",
    "availability_zone": "eu-de-01",
    "vpc_id": VPC,
    "subnet_id": SUBNET,
    "security_group_id": "2a1f7fc8-3307-42a7-aa6f-42c8b9b8f8c5",
    "port": 8635,
    "backup_strategy": {"start_time": "08:15-09:15", "keep_days": 12},
    "charge_info": {"charge_mode": "postPaid"},
    "password": "Test@12345678",
    "configuration_id": "452408-ef4b-44c5-94be-305145fg",
    "time_zone": "UTC+04:00",
}
"""The single instance that the reference prints, but for its password."""
PAIR = SINGLE | {
    "ha": {"mode": "ha", "replication_mode": "semisync"},
    "flavor_ref": "rds.mysql.n1.large.ha",
    "availability_zone": "eu-de-01,eu-de-02",
}


def call(api: Api, method: str, path: str, **request: Any) -> Reply:
    return api.call(method, f"{api.project.url}/v3/{api.project.id}{path}", **request)


def create(api: Api, body: dict[str, Any], **changes: Any) -> Reply:
    wanted = {key: value for key, value in (body | changes).items() if value is not ...}
    return call(api, "POST", "/instances", json=wanted)


def listed(api: Api, **query: Any) -> dict[str, Any]:
    """The one instance that is listed."""
    reply = call(api, "GET", "/instances", params=query)
    assert (reply.status, reply.body["total_count"], len(reply.body["instances"])) == (200, 1, 1), reply.text
    found: dict[str, Any] = reply.body["instances"][0]
    return found


def names(api: Api, **query: Any) -> tuple[list[str], int]:
    reply = call(api, "GET", "/instances", params=query)
    assert reply.status == 200, reply.text
    return [instance["name"] for instance in reply.body["instances"]], reply.body["total_count"]


def refused(reply: Reply) -> tuple[int, str]:
    assert list(reply.body) == ["error_msg", "error_code"]
    return reply.status, reply.body["error_code"]


def made(reply: Reply) -> str:
    """The id of what was made."""
    assert reply.status == 202, reply.text
    instance_id: str = reply.body["instance"]["id"]
    return instance_id


# Creating


def test_a_single_instance_is_answered_as_documented(api: Api) -> None:
    reply = create(api, SINGLE)

    instance = reply.body["instance"]
    assert reply.status == 202
    assert instance == {
        "id": instance["id"],
        "name": "rds-instance-rep2",
        "status": "BUILD",
        "datastore": {"type": "MySQL", "version": "5.7"},
        "flavor_ref": "rds.mysql.n1.large",
        "volume": {"type": "ULTRAHIGH", "size": 100},
        "disk_encryption_id": "2gfdsh-844a-4023-a776-fc5c5fb71fb4",
        "region": "eu-de",
        "availability_zone": "eu-de-01",
        "vpc_id": VPC,
        "subnet_id": SUBNET,
        "security_group_id": "2a1f7fc8-3307-42a7-aa6f-42c8b9b8f8c5",
        "port": "8635",
        "backup_strategy": {"start_time": "08:15-09:15", "keep_days": 12},
        "configuration_id": "452408-ef4b-44c5-94be-305145fg",
        "charge_info": {"charge_mode": "postPaid"},
    }
    assert instance["id"].endswith("in01")
    assert isinstance(reply.body["job_id"], str)


def test_an_instance_is_built_and_then_active(api: Api) -> None:
    instance_id = made(create(api, SINGLE))

    building = listed(api, id=instance_id)
    api.project.clock.advance("5s")
    active = listed(api, id=instance_id)

    assert [building[key] for key in ("status", "created", "updated", "private_ips")] == ["BUILD", "", "", []]
    address = active["private_ips"][0]
    node = {
        "id": active["nodes"][0]["id"],
        "name": "rds-instance-rep2_node0",
        "role": "master",
        "status": "ACTIVE",
        "availability_zone": "eu-de-01",
    }
    assert active == {
        "id": instance_id,
        "name": "rds-instance-rep2",
        "status": "ACTIVE",
        "alias": "",
        "private_ips": [address],
        "private_dns_names": [],
        "public_ips": [],
        "public_dns_names": [],
        "port": 8635,
        "enable_ssl": False,
        "type": "Single",
        "region": "eu-de",
        "datastore": {"type": "MySQL", "version": "5.7", "complete_version": "5.7.36"},
        "created": "2026-01-31T22:00:00+0000",
        "updated": "2026-01-31T22:00:00+0000",
        "db_user_name": "root",
        "vpc_id": VPC,
        "subnet_id": SUBNET,
        "security_group_id": "2a1f7fc8-3307-42a7-aa6f-42c8b9b8f8c5",
        "cpu": "2",
        "mem": "4",
        "flavor_ref": "rds.mysql.n1.large",
        "volume": {"type": "ULTRAHIGH", "size": 100},
        "switch_strategy": "",
        "backup_strategy": {"start_time": "08:15-09:15", "keep_days": 12},
        "maintenance_window": "02:00-06:00",
        "nodes": [node],
        "related_instance": [],
        "disk_encryption_id": "2gfdsh-844a-4023-a776-fc5c5fb71fb4",
        "enterprise_project_id": "0",
        "time_zone": "UTC+04:00",
        "charge_info": {"charge_mode": "postPaid"},
        "tags": [],
        "associated_with_ddm": False,
        "read_only_by_user": False,
    }
    assert node["id"].endswith("no01")


def test_a_pair_has_two_nodes_in_two_zones(api: Api) -> None:
    reply = create(api, PAIR)

    assert reply.body["instance"]["ha"] == {"mode": "Ha", "replication_mode": "semisync"}
    assert reply.body["instance"]["availability_zone"] == "eu-de-01,eu-de-02"
    instance = listed(api, id=made(reply))
    assert (instance["type"], instance["ha"]) == ("Ha", {"replication_mode": "semisync"})
    assert instance["switch_strategy"] == "reliability"
    assert [(node["role"], node["availability_zone"]) for node in instance["nodes"]] == [
        ("master", "eu-de-01"),
        ("slave", "eu-de-02"),
    ]


@pytest.mark.parametrize(
    ("left_out", "key", "value"),
    [
        ("port", "port", 3306),
        ("backup_strategy", "backup_strategy", {"start_time": "02:00-03:00", "keep_days": 7}),
        ("time_zone", "time_zone", ""),
        ("disk_encryption_id", "disk_encryption_id", ""),
    ],
)
def test_what_is_left_out_is_as_documented(api: Api, left_out: str, key: str, value: object) -> None:
    assert listed(api, id=made(create(api, SINGLE, **{left_out: ...})))[key] == value


def test_engines_are_known_in_any_letter_case(api: Api) -> None:
    reply = create(api, SINGLE, datastore={"type": "mysql", "version": "5.7"})  # as the OpenStack client sends it

    assert reply.body["instance"]["datastore"]["type"] == "MySQL"


def test_a_strategy_without_days_makes_no_backups(api: Api) -> None:
    instance_id = made(create(api, SINGLE, backup_strategy={"start_time": "23:00-00:00"}))

    assert listed(api, id=instance_id)["backup_strategy"] == {"start_time": "23:00-00:00", "keep_days": 0}


@pytest.mark.parametrize(
    ("engine", "version", "code", "user", "ssl", "collation"),
    [
        ("MySQL", "8.0", "rds.mysql.c2.large", "root", False, None),
        ("PostgreSQL", "16", "rds.pg.c2.large", "root", True, None),
        ("SQLServer", "2022_SE", "rds.mssql.c2.large", "rdsuser", False, "Chinese_PRC_CI_AS"),
    ],
)
def test_engines_differ(
    api: Api, engine: str, version: str, code: str, user: str, ssl: object, collation: str | None
) -> None:
    body = SINGLE | {"datastore": {"type": engine, "version": version}, "flavor_ref": code, "port": ...}

    instance = listed(api, id=made(create(api, body)))

    assert (instance["db_user_name"], instance["enable_ssl"], instance.get("collation")) == (user, ssl, collation)
    assert instance["datastore"]["version"] == version


def test_a_collation_and_an_address_can_be_asked_for(api: Api) -> None:
    body = SINGLE | {"datastore": {"type": "SQLServer", "version": "2022_SE"}, "flavor_ref": "rds.mssql.c2.large"}
    reply = create(api, body, collation="French_BIN", data_vip="192.168.0.77")

    api.project.clock.advance("5s")
    instance = listed(api, id=made(reply))
    assert reply.body["instance"]["collation"] == instance["collation"] == "French_BIN"
    assert instance["private_ips"] == ["192.168.0.77"]
    assert refused(create(api, body, data_vip="192.168.0.77")) == (400, "DBS.280001")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"name": "1abc"}, 400, "DBS.200021"),
        ({"name": ...}, 400, "DBS.200021"),
        ({"datastore": ...}, 400, "DBS.200042"),
        ({"datastore": {"type": "Oracle", "version": "5.7"}}, 400, "DBS.200042"),
        ({"datastore": {"type": "MySQL", "version": "5.5"}}, 400, "DBS.200041"),
        ({"flavor_ref": ...}, 400, "DBS.200054"),
        ({"flavor_ref": "rds.mysql.c2.huge"}, 400, "DBS.200053"),
        ({"flavor_ref": "rds.pg.c2.large"}, 400, "DBS.200053"),
        ({"volume": {"type": "SATA", "size": 40}}, 400, "DBS.200026"),
        ({"volume": {"type": "CLOUDSSD", "size": 30}}, 400, "DBS.200023"),
        ({"volume": {"type": "CLOUDSSD", "size": 45}}, 400, "DBS.200027"),
        ({"volume": {"type": "CLOUDSSD", "size": "40"}}, 400, "DBS.280001"),
        ({"region": "eu-nl"}, 400, "DBS.200024"),
        ({"region": ...}, 400, "DBS.200024"),
        ({"availability_zone": ...}, 400, "DBS.200025"),
        ({"availability_zone": "eu-de-01,eu-de-02"}, 400, "DBS.200025"),
        ({"vpc_id": "mine"}, 400, "DBS.200048"),
        ({"subnet_id": "mine"}, 400, "DBS.200049"),
        ({"security_group_id": ...}, 404, "DBS.200050"),
        ({"password": "alllowercase"}, 400, "DBS.200052"),
        ({"password": ...}, 400, "DBS.200052"),
        ({"port": 12017}, 400, "DBS.280001"),
        ({"port": "many"}, 400, "DBS.280001"),
        ({"data_vip": "192.168.0.256"}, 400, "DBS.280001"),
        ({"time_zone": "UTC+04:30"}, 400, "DBS.280001"),
        ({"collation": "French_BIN"}, 400, "DBS.280001"),
        ({"backup_strategy": {"start_time": "08:15-10:15"}}, 400, "DBS.280253"),
        ({"backup_strategy": {"start_time": "08:15-09:15", "keep_days": 733}}, 400, "DBS.280250"),
        ({"ha": {"mode": "cluster", "replication_mode": "async"}}, 400, "DBS.200051"),
        (PAIR | {"ha": {"mode": "Ha", "replication_mode": "sync"}}, 400, "DBS.200043"),
        ({"Name": "abcd"}, 400, "DBS.290001"),
    ],
)
def test_what_breaks_a_rule_makes_no_instance(api: Api, changes: dict[str, Any], status: int, code: str) -> None:
    assert refused(create(api, SINGLE, **changes)) == (status, code)
    assert len(api.project.instances) == 4


def test_the_quota_of_instances_holds(connect: Connect) -> None:
    api = connect({"world": {"quotas": {"instances": 4}}})

    assert refused(create(api, SINGLE)) == (413, "DBS.200046")


# Read replicas


def replica_of(api: Api, instance_id: str, **changes: Any) -> Reply:
    body = {
        "name": "rds-instance-rep3",
        "replica_of_id": instance_id,
        "flavor_ref": "rds.mysql.n1.large.rr",
        "volume": {"type": "ULTRAHIGH", "size": 40},
        "region": "",
        "availability_zone": "eu-de-03",
    }
    return create(api, body, **changes)


def test_a_read_replica_and_its_primary_tell_of_each_other(api: Api) -> None:
    primary = api.instance()
    there = {"id": api.instance("replica").id, "type": "replica"}

    reply = replica_of(api, primary.id)

    instance_id = made(reply)
    assert reply.body["instance"] == {
        "id": instance_id,
        "name": "rds-instance-rep3",
        "flavor_ref": "rds.mysql.n1.large.rr",
        "volume": {"type": "ULTRAHIGH", "size": 100},
        "region": "eu-de",
        "availability_zone": "eu-de-03",
        "vpc_id": primary.vpc_id,
        "subnet_id": primary.subnet_id,
        "security_group_id": primary.security_group_id,
        "port": "3306",
    }
    replica = listed(api, id=instance_id)
    assert (replica["type"], replica["nodes"][0]["role"]) == ("Replica", "readreplica")
    assert replica["related_instance"] == [{"id": primary.id, "type": "replica_of"}]
    assert listed(api, id=primary.id)["related_instance"] == [there, {"id": instance_id, "type": "replica"}]


def test_a_replica_of_what_can_have_none_is_refused(api: Api) -> None:
    unknown = replica_of(api, "0" * 32 + "in01")
    malformed = replica_of(api, "mysql-single")
    of_replica = replica_of(api, api.instance("replica").id)
    of_standard = replica_of(api, api.instance("sqlserver").id, flavor_ref="rds.mssql.c2.large.rr")
    of_other = replica_of(api, api.instance("pair").id)

    answers = [refused(reply) for reply in (unknown, malformed, of_replica, of_standard, of_other)]
    assert answers == [(400, "DBS.200055")] * 3 + [(400, "DBS.200040"), (400, "DBS.200053")]


ENTERPRISE = PAIR | {
    "datastore": {"type": "SQLServer", "version": "2022_EE"},
    "ha": {"mode": "Ha", "replication_mode": "sync"},
    "flavor_ref": "rds.mssql.c2.large.ha",
    "password": "Test@12345678",
}


def test_sqlserver_enterprise_has_no_single_instances(api: Api) -> None:
    reply = create(api, ENTERPRISE, ha=..., flavor_ref="rds.mssql.c2.large", availability_zone="eu-de-01")

    assert refused(reply) == (400, "DBS.200040")


def test_sqlserver_enterprise_is_not_restored_to_a_single_instance(api: Api) -> None:
    instance_id = made(create(api, ENTERPRISE))
    api.project.clock.advance("5s")
    point = {"instance_id": instance_id, "backup_id": backup_of(api, instance_id)}

    pair = restore(api, ENTERPRISE, point)
    single = restore(api, SINGLE, point, flavor_ref="rds.mssql.c2.large")

    assert (pair.status, refused(single)) == (202, (400, "DBS.200040"))


def test_sqlserver_enterprise_has_replicas(api: Api) -> None:
    instance_id = made(create(api, ENTERPRISE))
    api.project.clock.advance("5s")

    assert replica_of(api, instance_id, flavor_ref="rds.mssql.c2.large.rr").status == 202


def test_a_read_replica_has_the_disk_that_is_asked_for_and_its_size(api: Api) -> None:
    reply = replica_of(
        api, api.instance().id, volume={"type": "ESSD", "size": 40}, charge_info={"charge_mode": "postPaid"}
    )

    assert (reply.body["instance"]["volume"], reply.hint) == ({"type": "ESSD", "size": 100}, "")


# Restoring to a new instance


def backup_of(api: Api, instance_id: str) -> str:
    body = {"instance_id": instance_id, "name": "before"}
    backup_id: str = call(api, "POST", "/backups", json=body).body["backup"]["id"]
    api.project.clock.advance("3s")
    return backup_id


def restore(api: Api, body: dict[str, Any], point: dict[str, Any], **changes: Any) -> Reply:
    return create(api, body, datastore=..., region=..., restore_point=point, **changes)


@pytest.mark.parametrize(("role", "code"), [("primary", "mysql"), ("pair", "pg"), ("sqlserver", "mssql")])
def test_a_backup_is_restored_to_a_new_instance(api: Api, role: str, code: str) -> None:
    source = api.instance(role)
    backup_id = backup_of(api, source.id)
    point = {"instance_id": source.id, "type": "backup", "backup_id": backup_id}

    reply = restore(api, SINGLE, point, flavor_ref=f"rds.{code}.c2.large", port="5000")

    instance = listed(api, id=made(reply))
    assert reply.body["instance"]["datastore"] == {"type": source.datastore.type, "version": source.datastore.major}
    assert (instance["status"], instance["port"]) == ("BUILD", 5000)
    assert (instance["vpc_id"], instance["volume"]) == (VPC, {"type": "ULTRAHIGH", "size": 100})
    assert instance["backup_strategy"] == {"start_time": "08:15-09:15", "keep_days": 12}
    deleted = call(api, "DELETE", f"/backups/{backup_id}")
    assert refused(deleted) == (400, "DBS.201014")


@pytest.mark.parametrize(("role", "code", "port"), [("primary", "mysql", 3306), ("sqlserver", "mssql", 1433)])
def test_a_restored_instance_has_the_usual_port_and_the_settings_of_its_source(
    api: Api, role: str, code: str, port: int
) -> None:
    source_id = made(
        create(
            api,
            SINGLE,
            datastore={"type": api.instance(role).datastore.type, "version": api.instance(role).datastore.major},
            flavor_ref=f"rds.{code}.c2.large",
            collation="French_BIN" if role == "sqlserver" else "",
        )
    )
    api.project.clock.advance("5s")
    source = listed(api, id=source_id)
    point = {"instance_id": source_id, "backup_id": backup_of(api, source_id)}

    instance = listed(api, id=made(restore(api, SINGLE, point, flavor_ref=f"rds.{code}.c2.large", port=...)))

    assert (source["port"], instance["port"]) == (8635, port)
    assert (instance["time_zone"], instance.get("collation")) == ("UTC+04:00", source.get("collation"))


@pytest.mark.parametrize("written", [int, str])
def test_a_moment_is_restored_to_a_new_pair(api: Api, written: type) -> None:
    source = api.instance()
    backup_of(api, source.id)
    moment = written(int(api.project.clock.now() * 1000))

    reply = restore(api, PAIR, {"instance_id": source.id, "type": "timestamp", "restore_time": moment})

    assert listed(api, id=made(reply))["type"] == "Ha"


def test_a_moment_after_an_automated_backup_can_be_restored(api: Api) -> None:
    source = api.instance()
    api.project.clock.advance("1d")
    moment = int(api.project.clock.now() * 1000)

    assert restore(api, SINGLE, {"instance_id": source.id, "restore_time": moment}).status == 202


def test_a_backup_outlives_its_instance(api: Api) -> None:
    source = api.instance("sqlserver")
    backup_id = backup_of(api, source.id)
    call(api, "DELETE", f"/instances/{source.id}")
    api.project.clock.advance("5s")

    reply = restore(
        api,
        SINGLE,
        {"instance_id": source.id, "backup_id": backup_id},
        flavor_ref="rds.mssql.c2.large",
        security_group_id=...,
    )

    assert reply.body["instance"]["security_group_id"] == source.security_group_id


def test_what_can_not_be_restored_is_refused(api: Api) -> None:
    source, other = api.instance(), api.instance("pair")
    backup_id = backup_of(api, source.id)
    good = {"instance_id": source.id, "type": "backup", "backup_id": backup_id}
    unknown = "0" * 32 + "br01"

    answers = [
        refused(restore(api, SINGLE, point, **changes))
        for point, changes in (
            (good | {"instance_id": "0" * 32 + "in01"}, {}),
            (good | {"instance_id": other.id}, {}),
            (good | {"backup_id": unknown}, {}),
            (good | {"backup_id": ""}, {}),
            ({"instance_id": source.id, "type": "timestamp"}, {}),
            ({"instance_id": source.id, "type": "timestamp", "restore_time": 1000}, {}),
            (good, {"volume": {"type": "CLOUDSSD", "size": 90}}),
            (good, {"flavor_ref": "rds.pg.c2.large"}),
            (good, {"ha": {"mode": "Ha", "replication_mode": "sync"}, "availability_zone": "eu-de-01,eu-de-02"}),
            (good, {"port": 1000}),
            (good, {"password": ...}),
        )
    ]

    assert answers == [
        (404, "DBS.200013"),
        (404, "DBS.201010"),
        (404, "DBS.201010"),
        (400, "DBS.280001"),
        (400, "DBS.280001"),
        (400, "DBS.201203"),
        (400, "DBS.200306"),
        (400, "DBS.200053"),
        (400, "DBS.200043"),
        (400, "DBS.280001"),
        (400, "DBS.200052"),
    ]
    assert len(api.project.instances) == 4


# Listing


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["mysql-single", "postgresql-ha", "sqlserver-single", "mysql-replica"]),
        ({"id": "mysql-single"}, []),
        ({"name": "mysql-single"}, ["mysql-single"]),
        ({"name": "single"}, []),
        ({"name": "*single"}, ["mysql-single", "sqlserver-single"]),
        ({"name": "*ql-s"}, ["mysql-single"]),
        ({"id": "*in0", "type": "Ha"}, ["postgresql-ha"]),
        ({"type": "Single"}, ["mysql-single", "sqlserver-single"]),
        ({"type": "Replica"}, ["mysql-replica"]),
        ({"datastore_type": "MySQL"}, ["mysql-single", "mysql-replica"]),
        ({"datastore_type": "MySQL", "type": "Ha"}, []),
        ({"vpc_id": VPC}, []),
        ({"subnet_id": SUBNET}, []),
        ({"name": ""}, ["mysql-single", "postgresql-ha", "sqlserver-single", "mysql-replica"]),
        ({"unheard_of": "1"}, ["mysql-single", "postgresql-ha", "sqlserver-single", "mysql-replica"]),
    ],
)
def test_filters_leave_what_fits(api: Api, query: dict[str, str], found: list[str]) -> None:
    assert names(api, **query) == (found, len(found))


def test_filters_know_networks_and_ids(api: Api) -> None:
    instance_id = made(create(api, SINGLE))

    assert names(api, vpc_id=VPC, subnet_id=SUBNET) == (["rds-instance-rep2"], 1)
    assert names(api, id=instance_id) == (["rds-instance-rep2"], 1)
    assert names(api, id=f"*{instance_id[3:20]}") == (["rds-instance-rep2"], 1)
    assert names(api, id=instance_id, name="other") == ([], 0)


def test_all_tags_that_are_asked_for_must_fit(api: Api) -> None:
    tags = [{"key": "rds001", "value": "001"}, {"key": "rds002", "value": "002"}]
    call(api, "POST", f"/instances/{api.instance().id}/tags/action", json={"action": "create", "tags": tags})
    call(api, "POST", f"/instances/{api.instance('pair').id}/tags/action", json={"action": "create", "tags": tags[:1]})

    assert names(api, tags="rds001=001")[0] == ["mysql-single", "postgresql-ha"]
    assert names(api, tags="rds001=001,rds002=002")[0] == ["mysql-single"]
    assert names(api, tags="rds001")[0] == ["mysql-single", "postgresql-ha"]
    assert names(api, tags="rds001=002")[0] == []
    assert listed(api, name="mysql-single")["tags"] == tags


def test_pages_are_cut_out_of_the_whole(api: Api) -> None:
    assert names(api, offset=1, limit=2) == (["postgresql-ha", "sqlserver-single"], 4)
    assert names(api, offset=4) == ([], 4)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"name": "*"}, "DBS.280001"),
        ({"id": "**"}, "DBS.280001"),
        ({"type": "single"}, "DBS.280001"),
        ({"datastore_type": "mysql"}, "DBS.200042"),
        ({"limit": 0}, "DBS.280001"),
        ({"limit": 101}, "DBS.280001"),
        ({"offset": -1}, "DBS.280001"),
    ],
)
def test_wrong_filters_are_refused(api: Api, query: dict[str, Any], code: str) -> None:
    assert refused(call(api, "GET", "/instances", params=query)) == (400, code)


def test_an_instance_that_is_backed_up_says_so(api: Api) -> None:
    instance = api.instance()
    call(api, "POST", "/backups", json={"instance_id": instance.id, "name": "nightly"})

    assert listed(api, id=instance.id)["status"] == "BACKING UP"
    api.project.clock.advance("3s")
    assert listed(api, id=instance.id)["status"] == "ACTIVE"


def test_lists_count_looks(connect: Connect) -> None:
    api = connect({"lifecycle": {"create_instance": {"progression": "manual", "looks": 2}}})
    instance_id = made(create(api, SINGLE))

    assert [listed(api, id=instance_id)["status"] for _ in range(3)] == ["BUILD", "BUILD", "ACTIVE"]


# Deleting


def test_an_instance_is_deleted_with_its_replicas(api: Api) -> None:
    instance = api.instance()

    reply = call(api, "DELETE", f"/instances/{instance.id}")

    assert (reply.status, list(reply.body)) == (202, ["job_id"])
    assert listed(api, id=instance.id)["status"] == "ACTIVE"
    assert refused(call(api, "DELETE", f"/instances/{instance.id}")) == (409, "DBS.200011")
    api.project.clock.advance("3s")
    assert names(api)[0] == ["postgresql-ha", "sqlserver-single"]
    assert refused(call(api, "DELETE", f"/instances/{instance.id}")) == (404, "DBS.200002")


@pytest.mark.parametrize(
    ("instance_id", "answer"),
    [("mine", (400, "DBS.280404")), ("0" * 32 + "in01", (404, "DBS.200002"))],
)
def test_an_instance_that_is_not_there_is_not_deleted(api: Api, instance_id: str, answer: tuple[int, str]) -> None:
    assert refused(call(api, "DELETE", f"/instances/{instance_id}")) == answer


@pytest.mark.parametrize(
    ("engine", "flavor", "password", "status"),
    [
        ("MySQL", "rds.mysql.c2.large", "Test(1234)=&", 202),
        ("PostgreSQL", "rds.pg.c2.large", "Test=1234,$", 202),
        ("PostgreSQL", "rds.pg.c2.large", "Test(1234)", 400),
        ("SQLServer", "rds.mssql.c2.large", "Test+1234,$", 202),
        ("SQLServer", "rds.mssql.c2.large", "Test=1234,$", 400),
    ],
)
def test_each_engine_has_its_own_characters_of_passwords(
    api: Api, engine: str, flavor: str, password: str, status: int
) -> None:
    version = {"MySQL": "8.0", "PostgreSQL": "16", "SQLServer": "2022_SE"}[engine]

    reply = create(
        api, SINGLE, datastore={"type": engine, "version": version}, flavor_ref=flavor, port=..., password=password
    )

    assert reply.status == status, reply.text
    assert status == 202 or refused(reply) == (400, "DBS.200052")


def test_what_the_reference_knows_is_not_called_unknown(api: Api) -> None:
    assert create(api, SINGLE, unchangeable_param={"lower_case_table_names": "0"}).hint == ""


@pytest.mark.parametrize(
    "changes",
    [{"charge_info": {"charge_mode": "prePaid"}}, {"unchangeable_param": {"lower_case_table_names": "2"}}],
)
def test_what_else_is_told_of_a_new_instance_must_be_right(api: Api, changes: dict[str, Any]) -> None:
    assert refused(create(api, SINGLE, **changes)) == (400, "DBS.280001")


def test_each_node_needs_its_zone(api: Api) -> None:
    assert refused(create(api, PAIR, availability_zone="eu-de-01")) == (400, "DBS.200025")


def test_the_space_that_is_used_is_told_of_one_instance_alone(api: Api) -> None:
    pair, mysql = api.instance("pair"), api.instance()
    backup_of(api, pair.id)
    backup = call(api, "GET", "/backups", params={"instance_id": pair.id}).body["backups"][0]

    alone = listed(api, id=pair.id)

    assert alone["backup_used_space"] == round(backup["size"] / 1_000_000, 2)
    assert 0 < alone["storage_used_space"] <= 100
    for instance in (listed(api, name=pair.name), listed(api, id=mysql.id)):
        assert instance.keys() & {"backup_used_space", "storage_used_space"} == set()


@pytest.mark.parametrize(
    ("body", "flavor"),
    [
        pytest.param(SINGLE, "rds.mysql.n1.large.ha", id="a pair's for a single one"),
        pytest.param(SINGLE, "rds.mysql.n1.large.rr", id="a replica's for a single one"),
        pytest.param(PAIR, "rds.mysql.n1.large.rr", id="a replica's for a pair"),
    ],
)
def test_a_class_is_for_one_kind_of_instances(api: Api, body: dict[str, Any], flavor: str) -> None:
    assert refused(create(api, body, flavor_ref=flavor)) == (400, "DBS.280239")


@pytest.mark.parametrize("flavor", ["rds.mysql.n1.large", "rds.mysql.n1.large.ha"])
def test_a_read_replica_needs_the_class_of_one(api: Api, flavor: str) -> None:
    assert refused(replica_of(api, api.instance().id, flavor_ref=flavor)) == (400, "DBS.280239")


def test_a_pair_can_have_the_class_of_a_single_instance_as_in_a_sample(api: Api) -> None:
    assert create(api, PAIR, flavor_ref="rds.mysql.n1.large").status == 202
