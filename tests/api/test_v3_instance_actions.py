"""API v3: changes of instances, and their features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockrds.api.operation import meant
from mockrds.domain.operations import OPERATIONS

if TYPE_CHECKING:
    from support.api import Api, Connect, Reply

    from mockrds.domain.models import Job

JOB = ["job_id"]
BUSY = (409, "DBS.201202")


def call(api: Api, method: str, path: str, **request: Any) -> Reply:
    return api.call(method, f"{api.project.url}/v3/{api.project.id}{path}", **request)


def act(api: Api, what: str, body: object, role: str = "primary", method: str = "PUT") -> Reply:
    """Ask for something of the instance that plays *role*."""
    return call(api, method, f"/instances/{api.instance(role).id}/{what}", json=body)


def action(api: Api, body: object, role: str = "primary") -> Reply:
    return act(api, "action", body, role, "POST")


def shown(api: Api, role: str = "primary") -> dict[str, Any]:
    found: dict[str, Any] = call(api, "GET", "/instances", params={"id": api.instance(role).id}).body["instances"][0]
    return found


def refused(reply: Reply) -> tuple[int, str]:
    assert list(reply.body) == ["error_msg", "error_code"]
    return reply.status, reply.body["error_code"]


def job_of(api: Api, job_id: str) -> Job:
    return api.project._state.world._jobs[job_id]  # type: ignore[attr-defined, no-any-return]


def of_role(api: Api, *roles: str) -> list[str]:
    return [shown(api, role)["status"] for role in roles]


# What takes a while

CHANGES = [
    pytest.param(
        "primary", "POST", "action", {"restart": {}}, 202, JOB, "REBOOTING", "RestartMysqlInstance", None, None,
        id="restart",
    ),
    pytest.param(
        "primary", "POST", "action", {"resize_flavor": {"spec_code": "rds.mysql.c2.large"}}, 202, JOB, "MODIFYING",
        "ResizeMysqlFlavor", "flavor_ref", "rds.mysql.c2.large", id="resize-flavor",
    ),
    pytest.param(
        "primary", "POST", "action", {"enlarge_volume": {"size": 200}}, 202, JOB, "MODIFYING", "EnlargeMysqlVolume",
        "volume", {"type": "CLOUDSSD", "size": 200}, id="enlarge-volume",
    ),
    pytest.param(
        "pair", "POST", "action", {"change_volume": {"volume_code": "rds.pg.volume.essd.ha"}}, 202, JOB, "MODIFYING",
        "ChangePostgresqlVolume", "volume", {"type": "ESSD", "size": 100}, id="change-volume",
    ),
    pytest.param(
        "primary", "POST", "action", {"single_to_ha": {"az_code_new_node": "eu-de-02"}}, 202, JOB,
        "MODIFYING INSTANCE TYPE", "SingleToHaMysqlInstance", "type", "Ha", id="single-to-ha",
    ),
    pytest.param(
        "pair", "PUT", "failover/mode", {"mode": "async"}, 200, ["workflowId", "instanceId", "replicationMode"],
        "MODIFYING", "ChangePostgresqlReplicationMode", "ha", {"replication_mode": "async"}, id="replication-mode",
    ),
    pytest.param(
        "primary", "POST", "db-upgrade", {"is_delayed": False}, 202, JOB, "MODIFYING", "UpgradeMysqlMinorVersion",
        "datastore", {"type": "MySQL", "version": "5.7", "complete_version": "5.7.36"}, id="minor-version",
    ),
    pytest.param(
        "primary", "POST", "create-dns", {"dns_type": "private"}, 202, JOB, "MODIFYING", "CreateMysqlDns", None, None,
        id="domain-name",
    ),
    pytest.param(
        "sqlserver", "PUT", "tde", {}, 202, JOB, "MODIFYING", "EnableSqlserverTDE", None, None, id="tde",
    ),
    pytest.param(
        "sqlserver", "POST", "msdtc/host", {"hosts": [{"host_name": "pc1", "ip": "127.0.0.1"}]}, 202, JOB,
        "MODIFYING", "AddSqlserverMsdtcHosts", None, None, id="hosts",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("role", "method", "path", "body", "status", "keys", "word", "job", "key", "value"), CHANGES)
def test_a_change_is_seen_when_it_is_over(
    api: Api, role: str, method: str, path: str, body: object, status: int, keys: list[str], word: str, job: str,
    key: str | None, value: object,
) -> None:  # fmt: skip
    before = shown(api, role)

    reply = act(api, path, body, role, method)

    meanwhile = shown(api, role)
    known = job_of(api, next(iter(reply.body.values())))
    assert (reply.status, list(reply.body), known.name) == (status, keys, job)
    assert meanwhile["status"] == meanwhile["nodes"][0]["status"] == word
    assert known.status_at(api.project.clock.now()) == "Running"
    if key is not None:
        assert meanwhile[key] == before[key] != value
    assert refused(action(api, {"restart": {}}, role)) == BUSY

    api.project.clock.advance("2s")

    after = shown(api, role)
    assert after["status"] == "ACTIVE"
    assert known.status_at(api.project.clock.now()) == "Completed"
    if key is not None:
        assert after[key] == value
        assert after["updated"] == "2026-01-31T22:00:02+0000"


@pytest.mark.parametrize(("role", "method", "path", "body"), [param.values[:4] for param in CHANGES])
def test_nothing_is_changed_while_a_backup_runs(api: Api, role: str, method: str, path: str, body: object) -> None:
    call(api, "POST", "/backups", json={"instance_id": api.instance(role).id, "name": "nightly"})

    assert refused(act(api, path, body, role, method)) == (409, "DBS.201205")


@pytest.mark.parametrize(
    ("role", "body", "status", "code"),
    [
        ("primary", {"resize_flavor": {"spec_code": "rds.mysql.n1.large"}}, 400, "DBS.280239"),
        ("primary", {"resize_flavor": {"spec_code": "rds.mysql.n1.xlarge.ha"}}, 400, "DBS.280239"),
        ("primary", {"resize_flavor": {"spec_code": "rds.pg.c2.large"}}, 400, "DBS.200053"),
        ("primary", {"resize_flavor": {"spec_code": "huge"}}, 400, "DBS.200053"),
        ("primary", {"resize_flavor": {}}, 400, "DBS.200054"),
        ("primary", {"enlarge_volume": {"size": 100}}, 400, "DBS.200306"),
        ("primary", {"enlarge_volume": {"size": 205}}, 400, "DBS.200027"),
        ("primary", {"enlarge_volume": {"size": 4010}}, 400, "DBS.200023"),
        ("primary", {"enlarge_volume": {"size": "200"}}, 400, "DBS.280001"),
        ("replica", {"enlarge_volume": {"size": 200}}, 400, "DBS.200308"),
        ("primary", {"change_volume": {"volume_code": "rds.mysql.volume.essd.ha"}}, 400, "DBS.200026"),
        ("primary", {"change_volume": {"volume_code": "rds.pg.volume.essd"}}, 400, "DBS.200026"),
        ("primary", {"change_volume": {"volume_code": "rds.mysql.volume.cloudssd"}}, 400, "DBS.200026"),
        ("primary", {"change_volume": {"volume_code": "essd"}}, 400, "DBS.200026"),
        ("primary", {"change_volume": {"volume_code": "rds.mysql.volume.essd"}}, 400, "DBS.200026"),
        ("pair", {"single_to_ha": {"az_code_new_node": "eu-de-02"}}, 400, "DBS.201014"),
        ("replica", {"single_to_ha": {"az_code_new_node": "eu-de-02"}}, 400, "DBS.201014"),
        ("sqlserver", {"single_to_ha": {"az_code_new_node": "eu-de-02"}}, 400, "DBS.200052"),
        ("primary", {"single_to_ha": {}}, 400, "DBS.200025"),
        ("primary", {"dance": {}}, 400, "DBS.280001"),
        ("primary", {"restart": {}, "Restart": {}}, 400, "DBS.290001"),
    ],
)
def test_a_wrong_action_is_refused(api: Api, role: str, body: object, status: int, code: str) -> None:
    assert refused(action(api, body, role)) == (status, code)
    assert shown(api, role)["status"] == "ACTIVE"


def test_the_key_of_the_body_tells_actions_apart() -> None:
    path = "/v3/{project_id}/instances/{instance_id}/action"
    actions = tuple(each.id for each in OPERATIONS.values() if each.path == path)

    assert len(actions) == 5
    assert meant(actions, {"change_volume": {}}) == "v3.change_storage_type"
    assert meant(actions, {}) == "v3.restart_instance"


def test_a_single_instance_gets_a_standby(api: Api) -> None:
    before = shown(api)
    job_id = action(api, {"single_to_ha": {"az_code_new_node": "eu-de-03"}}).body["job_id"]
    api.project.clock.advance("2s")

    after = shown(api)
    master, slave = after["nodes"]
    assert master == before["nodes"][0]
    assert (slave["role"], slave["availability_zone"], slave["name"]) == ("slave", "eu-de-03", "mysql-single_node1")
    assert (after["ha"], after["switch_strategy"]) == ({"replication_mode": "async"}, "reliability")
    assert after["flavor_ref"] == "rds.mysql.n1.large.ha"
    refusal = api.create(instance=slave["id"])
    assert (refusal.status, refusal.body["errCode"]) == (409, "RDS.0056")
    about = job_of(api, job_id).entities
    assert about["instance"] == {
        "endpoint": f"{api.instance().host}:3306",
        "type": "Ha",
        "datastore": {"type": "mysql", "version": "5.7"},
    }


# Pairs


def test_the_nodes_of_a_pair_change_roles(api: Api) -> None:
    master, slave = shown(api, "pair")["nodes"]

    reply = act(api, "failover", {}, "pair")

    assert reply.status == 200
    assert reply.body == {
        "workflowId": reply.body["workflowId"],
        "instanceId": api.instance("pair").id,
        "nodeId": slave["id"],
    }
    assert of_role(api, "pair") == ["SWITCHOVER"]
    api.project.clock.advance("2s")
    assert shown(api, "pair")["nodes"] == [slave | {"role": "master"}, master | {"role": "slave"}]
    assert api.create(instance=slave["id"]).status == 200


def test_the_standby_moves(api: Api) -> None:
    pair = api.instance("pair")
    assert pair.standby is not None
    body = {"nodeId": pair.standby.id, "azCode": "eu-de-03"}

    reply = act(api, "migrateslave", body, "pair", "POST")

    assert (reply.status, list(reply.body)) == (200, ["workflowId"])
    assert of_role(api, "pair") == ["MIGRATING"]
    replication = act(api, "replication/status", None, "pair", "GET")
    assert refused(replication) == (400, "DBS.200040")  # PostgreSQL does not tell it
    api.project.clock.advance("2s")
    assert [node["availability_zone"] for node in shown(api, "pair")["nodes"]] == ["eu-de-01", "eu-de-03"]
    again = act(api, "migrateslave", body, "pair", "POST")
    of_master = act(api, "migrateslave", body | {"nodeId": pair.node_id}, "pair", "POST")
    assert refused(again) == refused(of_master) == (400, "DBS.280001")


def test_the_strategy_of_a_failover_is_kept(api: Api) -> None:
    assert act(api, "failover/strategy", {"repairStrategy": "availability"}, "pair").answer == (200, {})
    assert shown(api, "pair")["switch_strategy"] == "availability"
    assert refused(act(api, "failover/strategy", {"repairStrategy": "luck"}, "pair")) == (400, "DBS.280001")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "failover", {}),
        ("PUT", "failover/mode", {"mode": "async"}),
        ("PUT", "failover/strategy", {"repairStrategy": "availability"}),
        ("POST", "migrateslave", {"nodeId": "0" * 32 + "no01", "azCode": "eu-de-03"}),
        ("GET", "replication/status", None),
    ],
)
def test_what_is_for_pairs_is_refused_for_others(api: Api, method: str, path: str, body: object) -> None:
    assert refused(act(api, path, body, method=method)) == (400, "DBS.201014")


def test_a_mode_of_another_engine_is_refused(api: Api) -> None:
    assert refused(act(api, "failover/mode", {"mode": "semisync"}, "pair")) == (400, "DBS.200043")


def test_replication_is_normal_unless_the_instance_fails(api: Api) -> None:
    action(api, {"single_to_ha": {"az_code_new_node": "eu-de-02"}})
    api.project.clock.advance("2s")

    well = act(api, "replication/status", None, method="GET")
    api.project.set_status(api.instance().id, "FAILED")
    ill = act(api, "replication/status", None, method="GET")

    assert well.answer == (200, {"replication_status": "normal", "abnormal_reason": ""})
    assert ill.answer == (200, {"replication_status": "abnormal", "abnormal_reason": "The DB instance is FAILED."})


# Stopping and starting


def test_an_instance_is_stopped_and_started_with_its_replicas(api: Api) -> None:
    both = "primary", "replica"

    stop = act(api, "action/shutdown", {}, method="POST")

    assert (stop.status, list(stop.body)) == (200, JOB)
    assert of_role(api, *both) == ["SHUTDOWN", "SHUTDOWN"]
    assert refused(act(api, "action/startup", {}, method="POST")) == BUSY  # it is being stopped
    api.project.clock.advance("1h")
    assert of_role(api, *both) == ["SHUTDOWN", "SHUTDOWN"]
    backup = call(api, "POST", "/backups", json={"instance_id": api.instance().id, "name": "nightly"})
    assert refused(backup) == refused(action(api, {"restart": {}})) == (400, "DBS.200086")
    assert api.get(f"/instances/{api.node()}").body["instance"]["status"] == "FAILED"

    start = act(api, "action/startup", {}, method="POST")

    assert (start.status, list(start.body)) == (200, JOB)
    assert of_role(api, *both) == ["REBOOTING", "REBOOTING"]
    api.project.clock.advance("2s")
    assert of_role(api, *both) == ["ACTIVE", "ACTIVE"]
    assert refused(act(api, "action/startup", {}, method="POST")) == (400, "DBS.200086")


def test_an_instance_is_stopped_for_seven_days_at_most(api: Api) -> None:
    act(api, "ops-window", {"start_time": "21:00", "end_time": "01:00"})
    act(api, "action/shutdown", {}, method="POST")

    api.project.clock.advance("7d")
    assert of_role(api, "primary", "replica") == ["SHUTDOWN", "SHUTDOWN"]
    api.project.clock.advance("23h")
    assert of_role(api, "primary", "replica") == ["ACTIVE", "ACTIVE"]


def test_a_stopped_instance_can_be_deleted_but_not_while_it_is_being_stopped(api: Api) -> None:
    act(api, "action/shutdown", {}, method="POST")
    path = f"/instances/{api.instance().id}"

    assert refused(call(api, "DELETE", path)) == (400, "DBS.200086")
    api.project.clock.advance("2s")
    assert call(api, "DELETE", path).status == 202
    api.project.clock.advance("3s")
    assert [instance.name for instance in api.project.instances] == ["postgresql-ha", "sqlserver-single"]


def test_a_replica_is_not_stopped_by_itself(api: Api) -> None:
    assert refused(act(api, "action/shutdown", {}, "replica", "POST")) == (400, "DBS.201014")


# What is done at once


def test_settings_are_shown_at_once(api: Api) -> None:
    answers = [
        act(api, "ops-window", {"start_time": "22:00", "end_time": "02:00"}),
        act(api, "alias", {"alias": "alias-test"}),
        act(api, "name", {"name": "Test_2345674"}),
    ]

    assert [(reply.status, reply.body) for reply in answers] == [
        (200, {}),
        (200, {"resp": "successful"}),
        (200, None),
    ]
    reply = call(api, "GET", "/instances", params={"name": "Test_2345674"})
    instance = reply.body["instances"][0]
    assert (instance["status"], instance["alias"], instance["maintenance_window"]) == (
        "ACTIVE",
        "alias-test",
        "22:00-02:00",
    )


def test_an_alias_goes_when_none_is_given(api: Api) -> None:
    act(api, "alias", {"alias": "alias-test"})
    act(api, "alias", {"alias": None})

    assert shown(api)["alias"] == ""


def test_instances_may_have_the_same_name(api: Api) -> None:
    assert act(api, "name", {"name": "postgresql-ha"}).status == 200


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("name", {"name": "abc"}, "DBS.200021"),
        ("name", {}, "DBS.200021"),
        ("alias", {"alias": "a b"}, "DBS.280001"),
        ("alias", {"alias": "a" * 65}, "DBS.280001"),
        ("ops-window", {"start_time": "22:00", "end_time": "03:00"}, "DBS.280001"),
        ("ops-window", {"start_time": "22:00:00", "end_time": "02:00:00"}, "DBS.280001"),
        ("ops-window", {"start_time": "22:00"}, "DBS.280001"),
        ("public-ip", {"is_bind": True, "public_ip_id": "1"}, "DBS.280001"),
        ("public-ip", {"is_bind": True, "public_ip": "10.0.0.1"}, "DBS.280001"),
        ("public-ip", {"is_bind": True, "public_ip": "10.0.0", "public_ip_id": "1"}, "DBS.280001"),
        ("public-ip", {"public_ip": "10.0.0.1", "public_ip_id": "1"}, "DBS.280001"),
        ("disk-auto-expansion", {}, "DBS.280001"),
        ("disk-auto-expansion", {"switch_option": True, "trigger_threshold": 10}, "DBS.280001"),
        ("disk-auto-expansion", {"switch_option": True, "limit_size": 90, "trigger_threshold": 10}, "DBS.280001"),
        ("disk-auto-expansion", {"switch_option": True, "limit_size": 4010, "trigger_threshold": 10}, "DBS.280001"),
        ("disk-auto-expansion", {"switch_option": True, "limit_size": 200, "trigger_threshold": 11}, "DBS.280001"),
        ("modify-dns", {"dns_name": "short"}, "DBS.280001"),
    ],
)
def test_a_wrong_setting_is_refused(api: Api, path: str, body: object, code: str) -> None:
    before = shown(api)

    assert refused(act(api, path, body)) == (400, code)
    assert shown(api) == before


def test_an_elastic_address_is_bound_once(api: Api) -> None:
    bind = {"public_ip": "10.145.51.214", "public_ip_id": "8403e9cd-a7fa-4288-8b15-c7ceac1etest", "is_bind": True}

    bound = act(api, "public-ip", bind)

    assert (bound.status, bound.text) == (200, "")
    assert (shown(api)["public_ips"], shown(api)["status"]) == (["10.145.51.214"], "ACTIVE")
    again = act(api, "public-ip", bind | {"public_ip": "10.145.51.215"})
    elsewhere = act(api, "public-ip", bind, "pair")
    assert refused(again) == refused(elsewhere) == (409, "DBS.200402")
    assert act(api, "public-ip", {"is_bind": False}).status == 200
    assert shown(api)["public_ips"] == []
    assert refused(act(api, "public-ip", {"is_bind": False})) == (409, "DBS.200402")
    jobs = api.project._state.world._jobs.values()  # type: ignore[attr-defined]
    assert [(job.name, job.entities) for job in jobs] == [
        ("MysqlBindEIP", {"public_ip": "10.145.51.214"}),
        ("MysqlUnbindEIP", {"public_ip": "10.145.51.214"}),
    ]


def test_autoscaling_is_told_as_it_was_set(api: Api) -> None:
    policy = {"switch_option": True, "limit_size": 4000, "trigger_threshold": 10}

    assert act(api, "disk-auto-expansion", None, method="GET").answer == (200, {"switch_option": False})
    changed = act(api, "disk-auto-expansion", policy)
    assert (changed.status, changed.text) == (200, "")
    assert act(api, "disk-auto-expansion", None, method="GET").answer == (200, policy)
    act(api, "disk-auto-expansion", {"switch_option": False})
    assert act(api, "disk-auto-expansion", None, method="GET").answer == (200, {"switch_option": False})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("public-ip", {"public_ip": "10.0.0.1", "public_ip_id": "1", "is_bind": True}),
        ("disk-auto-expansion", {"switch_option": False}),
    ],
)
def test_some_settings_want_an_instance_that_is_not_busy(api: Api, path: str, body: object) -> None:
    action(api, {"restart": {}})

    assert refused(act(api, path, body)) == BUSY


# Versions


def test_an_upgrade_can_wait_for_the_maintenance_window(api: Api) -> None:
    job_id = act(api, "db-upgrade", {"is_delayed": True}, method="POST").body["job_id"]
    job = job_of(api, job_id)

    def state() -> tuple[str, str, str]:
        instance = shown(api)
        return instance["status"], instance["datastore"]["complete_version"], job.status_at(api.project.clock.now())

    assert state() == ("ACTIVE", "5.7.31", "Running")
    api.project.clock.advance("4h")
    assert state() == ("MODIFYING", "5.7.31", "Running")
    api.project.clock.advance("2s")
    assert state() == ("ACTIVE", "5.7.36", "Completed")
    assert refused(act(api, "db-upgrade", {}, method="POST")) == (409, "DBS.200402")


def test_an_upgrade_that_waits_is_tried_again_when_the_instance_is_busy(api: Api) -> None:
    act(api, "db-upgrade", {"is_delayed": True}, method="POST")
    api.project.set_status(api.instance().id, "REBOOTING", seconds=4 * 3600 + 60)

    api.project.clock.advance("4h")
    api.project.clock.advance("2m")
    assert shown(api)["datastore"]["complete_version"] == "5.7.31"
    api.project.clock.advance("30m")
    assert shown(api)["datastore"]["complete_version"] == "5.7.36"


def test_who_can_not_upgrade_is_told_so(api: Api) -> None:
    assert refused(act(api, "db-upgrade", {}, "sqlserver", "POST")) == (400, "DBS.200040")
    assert refused(act(api, "db-upgrade", {"is_delayed": True}, "pair", "POST")) == (400, "DBS.280001")
    assert refused(act(api, "db-upgrade", {}, "pair", "POST")) == (409, "DBS.200402")


# Classes, domain names, SQL Server


@pytest.mark.parametrize(("role", "ending"), [("primary", ""), ("pair", ".ha"), ("replica", ".rr")])
def test_the_classes_that_are_told_can_be_changed_to(api: Api, role: str, ending: str) -> None:
    groups = act(api, "flavors-resize", None, role, "GET").body["flavor_groups"]

    assert [group["group_type"] for group in groups] == ["general", "dedicated"]
    flavors = [flavor for group in groups for flavor in group["compute_flavors"]]
    codes = [flavor["code"] for flavor in flavors]
    assert shown(api, role)["flavor_ref"] not in codes
    assert all(code.endswith(ending) for code in codes)
    assert flavors[0]["az_status"] == {"eu-de-01": "normal", "eu-de-02": "normal", "eu-de-03": "normal"}
    assert action(api, {"resize_flavor": {"spec_code": codes[-1]}}, role).status == 202
    api.project.clock.advance("2s")
    changed = shown(api, role)
    assert [changed[key] for key in ("flavor_ref", "cpu", "mem")] == [
        flavors[-1][key] for key in ("code", "vcpus", "ram")
    ]


def test_a_domain_name_is_given_and_changed(api: Api) -> None:
    instance = api.instance()
    ask: dict[str, Any] = {"params": {"dns_type": "private"}}
    path = f"/instances/{instance.id}/dns"
    assert refused(call(api, "GET", path, **ask)) == (404, "DBS.290013")
    assert refused(act(api, "modify-dns", {"dns_name": "newName1"})) == (409, "DBS.200402")

    act(api, "create-dns", {"dns_type": "private"}, method="POST")
    api.project.clock.advance("2s")

    name = f"{instance.id}.internal.eu-de.otc.t-systems.com"
    assert call(api, "GET", path, **ask).body == {
        "instance_id": instance.id,
        "dns_name": name,
        "dns_type": "private",
        "ipv4_address": instance.host,
        "status": "normal",
    }
    assert shown(api)["private_dns_names"] == [name]
    assert refused(act(api, "create-dns", {"dns_type": "private"}, method="POST")) == (409, "DBS.200402")
    changed = act(api, "modify-dns", {"dns_name": "newName1"})
    api.project.clock.advance("2s")
    assert (changed.status, list(changed.body)) == (202, JOB)
    assert shown(api)["private_dns_names"] == ["newname1.internal.eu-de.otc.t-systems.com"]
    assert refused(act(api, "create-dns", {"dns_type": "public"}, method="POST")) == (400, "DBS.280001")
    assert refused(call(api, "GET", path)) == (400, "DBS.280001")


def test_sql_server_encrypts_once_it_was_told_to(api: Api) -> None:
    def status() -> object:
        return act(api, "tde-status", None, "sqlserver", "GET").body

    instance_id = api.instance("sqlserver").id
    assert status() == {"instance_id": instance_id, "tde_status": "close"}
    act(api, "tde", {}, "sqlserver")
    api.project.clock.advance("2s")
    assert status() == {"instance_id": instance_id, "tde_status": "open"}
    assert refused(act(api, "tde", {}, "sqlserver")) == (409, "DBS.200402")


def test_hosts_are_listed_in_pages(api: Api) -> None:
    hosts = [{"host_name": f"pc{i}", "ip": f"127.0.0.{i}"} for i in range(12)]
    act(api, "msdtc/host", {"hosts": hosts}, "sqlserver", "POST")
    api.project.clock.advance("2s")
    path = f"/instances/{api.instance('sqlserver').id}/msdtc/hosts"

    first, rest = call(api, "GET", path), call(api, "GET", path, params={"offset": 10, "limit": 100})

    listed = first.body["hosts"] + rest.body["hosts"]
    assert (first.body["total_count"], len(first.body["hosts"])) == (12, 10)
    assert [{"host_name": host["host_name"], "ip": host["host"]} for host in listed] == hosts
    assert len({host["id"] for host in listed}) == 12


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "tde", {}),
        ("GET", "tde-status", None),
        ("POST", "msdtc/host", {"hosts": []}),
        ("GET", "msdtc/hosts", None),
    ],
)
def test_other_engines_have_nothing_of_sql_server(api: Api, method: str, path: str, body: object) -> None:
    assert refused(act(api, path, body, method=method)) == (400, "DBS.200040")


def test_collations_are_listed(api: Api) -> None:
    collations = call(api, "GET", "/collations").body["charSets"]

    assert "SQL_Latin1_General_CP1_CI_AS" in collations
    assert shown(api, "sqlserver")["collation"] in collations


# Tags


def tag(api: Api, verb: str, *tags: dict[str, Any], role: str = "primary") -> Reply:
    return act(api, "tags/action", {"action": verb, "tags": list(tags)}, role, "POST")


def test_tags_are_added_and_removed(api: Api) -> None:
    added = tag(api, "create", {"key": "key1", "value": "value1"}, {"key": "键2", "value": ""})
    tag(api, "create", {"key": "key1", "value": "new"}, {"key": "key3", "value": "value3"})

    assert (added.status, added.text) == (200, "")
    assert {tag["key"]: tag["value"] for tag in shown(api)["tags"]} == {"key1": "new", "键2": "", "key3": "value3"}
    removed = tag(api, "delete", {"key": "key1", "value": "value1"}, {"key": "键2"}, {"key": "key3", "value": "value3"})
    assert (removed.status, removed.text) == (200, "")
    assert shown(api)["tags"] == [{"key": "key1", "value": "new"}]
    tag(api, "delete", {"key": "key1", "value": ""})
    assert shown(api)["tags"] == []


@pytest.mark.parametrize(
    ("verb", "tags", "code"),
    [
        ("create", [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}], "DBS.280272"),
        ("create", [{"key": "a.b", "value": "1"}], "DBS.280001"),
        ("create", [{"key": "", "value": "1"}], "DBS.280001"),
        ("create", [{"key": "k" * 37, "value": "1"}], "DBS.280001"),
        ("create", [{"key": "k", "value": "v" * 44}], "DBS.280001"),
        ("create", [{"key": "k"}], "DBS.280001"),
        ("delete", [{"key": "k" * 128}], "DBS.280001"),
        ("delete", [{"value": "v"}], "DBS.280001"),
        ("Create", [{"key": "a", "value": "1"}], "DBS.280001"),
    ],
)
def test_wrong_tags_are_refused(api: Api, verb: str, tags: list[dict[str, Any]], code: str) -> None:
    assert refused(tag(api, verb, *tags)) == (400, code)
    assert shown(api)["tags"] == []


def test_twenty_tags_are_enough(api: Api) -> None:
    tag(api, "create", *({"key": f"key{i}", "value": ""} for i in range(20)))

    assert refused(tag(api, "create", {"key": "one-more", "value": ""})) == (400, "DBS.200087")
    assert tag(api, "create", {"key": "key0", "value": "new"}).status == 200
    assert len(shown(api)["tags"]) == 20


# All of them

EVERY: list[tuple[str, str, object]] = [
    ("POST", "action", {"restart": {}}),
    ("POST", "action", {"resize_flavor": {"spec_code": "rds.mysql.c2.large"}}),
    ("POST", "action", {"enlarge_volume": {"size": 200}}),
    ("POST", "action", {"single_to_ha": {"az_code_new_node": "eu-de-02"}}),
    ("POST", "action", {"change_volume": {"volume_code": "rds.mysql.volume.essd.ha"}}),
    ("POST", "action/shutdown", {}),
    ("POST", "action/startup", {}),
    ("POST", "db-upgrade", {}),
    ("PUT", "failover", {}),
    ("PUT", "failover/mode", {"mode": "async"}),
    ("PUT", "failover/strategy", {"repairStrategy": "availability"}),
    ("POST", "migrateslave", {"nodeId": "x", "azCode": "y"}),
    ("GET", "replication/status", None),
    ("PUT", "name", {"name": "abcd"}),
    ("PUT", "alias", {}),
    ("PUT", "public-ip", {"is_bind": False}),
    ("PUT", "ops-window", {"start_time": "22:00", "end_time": "02:00"}),
    ("GET", "disk-auto-expansion", None),
    ("PUT", "disk-auto-expansion", {"switch_option": False}),
    ("GET", "flavors-resize", None),
    ("POST", "create-dns", {"dns_type": "private"}),
    ("PUT", "modify-dns", {"dns_name": "newName1"}),
    ("GET", "dns?dns_type=private", None),
    ("PUT", "tde", {}),
    ("GET", "tde-status", None),
    ("POST", "msdtc/host", {"hosts": []}),
    ("GET", "msdtc/hosts", None),
    ("POST", "tags/action", {"action": "create", "tags": []}),
    ("POST", "tags/action", {"action": "delete", "tags": []}),
]


@pytest.mark.parametrize(("method", "path", "body"), EVERY)
def test_the_instance_must_be_there(api: Api, method: str, path: str, body: object) -> None:
    ids = {"mysql-single": (400, "DBS.280404"), "0" * 32 + "in01": (404, "DBS.200002"), api.node(): (404, "DBS.200002")}

    answers = {each: refused(call(api, method, f"/instances/{each}/{path}", json=body)) for each in ids}

    assert answers == ids


@pytest.mark.parametrize(("method", "path", "body"), [each for each in EVERY if each[2]])
def test_a_body_must_be_there(api: Api, method: str, path: str, body: object) -> None:
    del body

    assert refused(call(api, method, f"/instances/{api.instance().id}/{path}")) == (400, "DBS.200006")


def test_changes_take_as_long_as_the_scenario_says(connect: Connect) -> None:
    api = connect({"lifecycle": {"change": {"progression": "manual", "looks": 1}}})
    action(api, {"enlarge_volume": {"size": 200}})

    sizes = [(instance["status"], instance["volume"]["size"]) for instance in (shown(api), shown(api))]

    assert sizes == [("MODIFYING", 100), ("ACTIVE", 200)]


def test_a_test_can_end_a_change_and_v1_has_its_own_word_for_it(api: Api) -> None:
    action(api, {"single_to_ha": {"az_code_new_node": "eu-de-02"}})
    v1 = api.get(f"/instances/{api.node()}").body["instance"]["status"]

    api.project.finish(api.instance().id)

    assert v1 == "MODIFYING"
    assert (shown(api)["status"], shown(api)["type"]) == ("ACTIVE", "Ha")
