"""API v3: tasks, by their ids and in lists."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.api import Api, Connect, Reply

BEGAN = "2026-01-31T22:00:00+0000"
NOW_MS = 1_769_896_800_000
DAY_MS = 86_400_000
UNKNOWN = (400, "DBS.200543")
NEW = {
    "name": "another",
    "datastore": {"type": "MySQL", "version": "5.7"},
    "flavor_ref": "rds.mysql.c2.large",
    "volume": {"type": "CLOUDSSD", "size": 100},
    "region": "eu-de",
    "availability_zone": "eu-de-01",
    "password": "Test@12345678",
}


def call(api: Api, method: str, path: str, **request: Any) -> Reply:
    return api.call(method, f"{api.project.url}/v3/{api.project.id}{path}", **request)


def act(api: Api, what: str, body: object, role: str = "primary", method: str = "POST") -> Reply:
    return call(api, method, f"/instances/{api.instance(role).id}/{what}", json=body)


def restart(api: Api, role: str = "primary") -> str:
    return str(act(api, "action", {"restart": {}}, role).body["job_id"])


def create(api: Api, **fields: Any) -> str:
    instance = api.instance()
    network = {"vpc_id": instance.vpc_id, "subnet_id": instance.subnet_id}
    body = NEW | network | {"security_group_id": instance.security_group_id} | fields
    return str(call(api, "POST", "/instances", json=body).body["job_id"])


def job(api: Api, job_id: str) -> Reply:
    return call(api, "GET", "/jobs", params={"id": job_id})


def known(api: Api, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = job(api, job_id).body["job"]
    return found


def tasks(api: Api, **query: Any) -> dict[str, Any]:
    reply = call(api, "GET", "/tasklist", params=query)
    assert reply.status == 200
    found: dict[str, Any] = reply.body
    return found


def names(api: Api, **query: Any) -> list[str]:
    return [task["name"] for task in tasks(api, **query)["tasks"]]


def scheduled(api: Api, **query: Any) -> list[dict[str, Any]]:
    reply = call(api, "GET", "/schedule-tasks", params=query)
    assert (reply.status, list(reply.body)) == (200, ["schedule_tasks", "total_count"])
    found: list[dict[str, Any]] = reply.body["schedule_tasks"]
    return found


def details(api: Api, role: str = "sqlserver", **query: Any) -> Reply:
    params = {"start_time": NOW_MS} | query
    return call(api, "GET", f"/instances/{api.instance(role).id}/tasklist/detail", params=params)


def refused(reply: Reply) -> tuple[int, str]:
    assert list(reply.body) == ["error_msg", "error_code"]
    return reply.status, reply.body["error_code"]


# By their ids


def test_a_job_is_told_while_it_runs_and_when_it_is_done(api: Api) -> None:
    job_id = restart(api)
    api.project.clock.advance("1s")
    told = {
        "id": job_id,
        "name": "RestartMysqlInstance",
        "created": BEGAN,
        "instance": {"id": api.instance().id, "name": "mysql-single"},
        "entities": {},
    }

    assert job(api, job_id).answer == (200, {"job": told | {"status": "Running", "process": "50"}})
    api.project.clock.advance("1s")
    over = {"status": "Completed", "process": "", "ended": "2026-01-31T22:00:02+0000"}
    assert job(api, job_id).answer == (200, {"job": told | over})


def test_a_new_instance_has_an_address_when_it_is_made(api: Api) -> None:
    job_id = create(api)
    api.project.clock.advance("2s")
    made = next(instance for instance in api.project.instances if instance.name == "another")
    about = {"type": "Single", "datastore": {"type": "mysql", "version": "5.7"}}

    assert known(api, job_id)["entities"] == {"instance": about}
    api.project.clock.advance("3s")
    assert known(api, job_id)["entities"] == {
        "instance": {"endpoint": f"{made.host}:3306"} | about,
        "resource_ids": [f"{made.id}.vm", f"{made.id}.volume"],
    }


def test_a_replica_names_its_primary_and_a_disk_its_sizes(api: Api) -> None:
    body = {
        "name": "follower",
        "replica_of_id": api.instance("pair").id,
        "flavor_ref": "rds.pg.c2.large.rr",
        "volume": {"type": "CLOUDSSD", "size": 100},
        "availability_zone": "eu-de-01",
    }
    replica = call(api, "POST", "/instances", json=body).body["job_id"]
    enlarge = act(api, "action", {"enlarge_volume": {"size": 200}}).body["job_id"]
    api.project.clock.advance("10s")

    made = known(api, replica)
    assert made["name"] == "CreatePostgresqlReplicaInstance"
    assert made["entities"]["instance"]["type"] == "Replica"
    assert made["entities"]["instance"]["replica_of"] == api.instance("pair").id
    volume = {"type": "CLOUDSSD", "original_size": "100", "target_size": "200"}
    assert known(api, enlarge)["entities"]["volume"] == volume


def test_an_id_is_known_only_after_a_while(api: Api) -> None:
    job_id = restart(api)
    early = job(api, job_id)

    assert refused(early) == UNKNOWN
    assert "lifecycle.job_known" in early.hint
    assert names(api) == []
    api.project.clock.advance("999ms")
    assert refused(job(api, job_id)) == UNKNOWN
    api.project.clock.advance("1ms")
    assert job(api, job_id).status == 200


def test_the_scenario_says_how_long_that_is(connect: Connect) -> None:
    api = connect({"lifecycle": {"job_known": "0s"}})

    assert job(api, restart(api)).status == 200


def test_ids_have_dashes_or_not(api: Api) -> None:
    job_id = restart(api)
    api.project.clock.advance("1s")
    dashed = f"{job_id[:8]}-{job_id[8:12]}-{job_id[12:16]}-{job_id[16:20]}-{job_id[20:]}"

    assert known(api, dashed)["id"] == job_id
    assert [task["id"] for task in tasks(api, id=dashed)["tasks"]] == [job_id]


def test_jobs_of_api_v1_are_found_too(api: Api) -> None:
    backup = api.completed()
    body = {"restore": {"backupRef": backup}}
    [began] = api.post(f"/instances/{api.node()}/action", json=body).body["extendparam"]["jobs"]
    api.project.clock.advance("1s")

    assert known(api, began["id"])["name"] == "RestoreMysqlInInstance"


def test_unknown_ids_are_refused(api: Api) -> None:
    unknown = job(api, "0" * 32)

    assert refused(unknown) == UNKNOWN
    assert unknown.hint == ""
    assert refused(call(api, "GET", "/jobs")) == (400, "DBS.280001")


def test_a_month_later_a_task_is_forgotten(api: Api) -> None:
    job_id = restart(api)
    api.project.clock.advance("30d")
    assert job(api, job_id).status == 200
    assert "RestartMysqlInstance" in names(api)

    api.project.clock.advance("1s")
    assert refused(job(api, job_id)) == UNKNOWN
    assert "RestartMysqlInstance" not in names(api)


def test_asking_for_a_job_counts_as_a_look(connect: Connect) -> None:
    api = connect({"lifecycle": {"job_known": "0s", "restart": {"progression": "manual", "looks": 2}}})
    job_id = restart(api)

    assert [known(api, job_id)["status"] for _ in range(3)] == ["Running", "Running", "Completed"]
    assert api.instance().status_at(api.project.clock.now()) == "ACTIVE"


def test_the_last_look_lets_the_change_happen(connect: Connect) -> None:
    api = connect({"lifecycle": {"job_known": "0s", "change": {"progression": "manual", "looks": 1}}})
    job_id = act(api, "action", {"enlarge_volume": {"size": 200}}).body["job_id"]
    assert api.instance().volume_gb == 100

    assert known(api, job_id)["status"] == "Running"
    assert api.instance().volume_gb == 200


# Instant tasks


def test_a_task_is_listed_while_it_runs_and_when_it_is_done(api: Api) -> None:
    job_id = restart(api)
    api.project.clock.advance("1s")
    task = {
        "id": job_id,
        "name": "RestartMysqlInstance",
        "instance_id": api.instance().id,
        "instance_name": "mysql-single",
        "instance_status": "REBOOTING",
        "order_id": "",
        "process": "50",
        "create_time": BEGAN,
        "end_time": "2026-01-31T22:00:02+0000",
        "status": "Running",
    }

    assert tasks(api) == {"tasks": [task], "actions": ["RestartMysqlInstance"], "total_count": 1}
    api.project.clock.advance("1h")
    assert tasks(api)["tasks"] == [task | {"instance_status": "ACTIVE", "process": "", "status": "Completed"}]


def test_the_end_of_what_lasts_until_told_is_not_planned(connect: Connect) -> None:
    api = connect({"lifecycle": {"job_known": "0s", "restart": {"progression": "manual"}}})
    restart(api)

    [task] = tasks(api)["tasks"]
    assert (task["status"], task["end_time"]) == ("Running", "")
    api.project.finish(api.instance().id)
    [task] = tasks(api)["tasks"]
    assert (task["status"], task["end_time"]) == ("Completed", BEGAN)


def test_a_task_of_an_instance_that_is_gone_is_still_told(api: Api) -> None:
    instance = api.instance("pair")
    call(api, "DELETE", f"/instances/{instance.id}")
    api.project.clock.advance("10s")

    [task] = tasks(api, instance_id=instance.id)["tasks"]
    assert (task["name"], task["instance_status"]) == ("DeletePostgresqlInstance", "")
    assert task["end_time"] == "2026-01-31T22:00:03+0000"


def test_tasks_are_filtered(api: Api) -> None:
    restart(api)
    api.project.clock.advance("10s")
    restart(api, "pair")
    api.project.clock.advance("1s")
    mysql, pg = "RestartMysqlInstance", "RestartPostgresqlInstance"

    assert names(api) == [pg, mysql]
    assert names(api, instance_id=api.instance().id) == [mysql]
    assert names(api, name=pg) == [pg]
    assert names(api, name="Restart") == []
    assert names(api, status="Running") == [pg]
    assert names(api, status="Completed") == [mysql]
    assert names(api, status="Failed") == []
    assert names(api, order_id="CS1") == []
    assert names(api, start_time=NOW_MS) == [pg, mysql]
    assert names(api, start_time=NOW_MS + 1) == [pg]
    assert names(api, end_time=NOW_MS + 9_999) == [mysql]
    assert names(api, end_time=NOW_MS) == [mysql]
    assert names(api, end_time=NOW_MS - 1) == []
    assert names(api, start_time=NOW_MS + 1, end_time=NOW_MS + 9_999) == []
    assert names(api, id="", instance_id="", name="", status="", order_id="") == [pg, mysql]
    assert tasks(api, name=pg)["actions"] == [pg]


def test_a_page_of_tasks_is_ten_long(connect: Connect) -> None:
    api = connect({"lifecycle": {"job_known": "0s", "restart": {"progression": "immediate"}}})
    ids = [restart(api) for _ in range(12)]

    def page(**query: int) -> list[str]:
        found = tasks(api, **query)
        assert (found["total_count"], found["actions"]) == (12, ["RestartMysqlInstance"])
        return [task["id"] for task in found["tasks"]]

    assert page() == ids[:1:-1]
    assert page(offset=10) == ids[1::-1]
    assert page(offset=12) == []
    assert page(limit=1, offset=1) == [ids[10]]
    assert page(limit=50) == ids[::-1]


WRONG = [{"limit": 51}, {"limit": 0}, {"offset": -1}, {"status": "Done"}, {"start_time": "today"}, {"end_time": "1.5"}]


@pytest.mark.parametrize("query", WRONG, ids=str)
@pytest.mark.parametrize("path", ["/tasklist", "/schedule-tasks"])
def test_wrong_filters_are_refused(api: Api, path: str, query: dict[str, Any]) -> None:
    assert refused(call(api, "GET", path, params=query)) == (400, "DBS.280001")


# Scheduled tasks


def test_an_upgrade_waits_for_its_window_as_a_scheduled_task(api: Api) -> None:
    job_id = act(api, "db-upgrade", {"is_delayed": True}).body["job_id"]
    task = {
        "id": job_id,
        "name": "UpgradeMysqlMinorVersion",
        "instance_id": api.instance().id,
        "instance_name": "mysql-single",
        "instance_status": "ACTIVE",
        "project_id": api.project.id,
        "create_time": BEGAN,
        "start_time": "2026-02-01T02:00:00+0000",
        "end_time": "2026-02-01T06:00:00+0000",
        "order": "1",
        "status": "Pending",
        "datastore_type": "mysql",
        "volume_type": "CLOUDSSD",
        "target_config": {},
    }

    assert scheduled(api) == [task]
    api.project.clock.advance(4 * 3600 - 1)
    assert scheduled(api) == [task]
    api.project.clock.advance("1s")
    assert scheduled(api) == [task | {"status": "Running", "instance_status": "MODIFYING"}]
    api.project.clock.advance("2s")
    assert scheduled(api) == [task | {"status": "Completed"}]
    assert known(api, job_id)["status"] == "Completed"
    assert names(api, instance_id=api.instance().id) == []


def test_the_window_of_the_instance_counts(api: Api) -> None:
    window = {"start_time": "21:00", "end_time": "01:00"}
    assert act(api, "ops-window", window, method="PUT").status == 200
    act(api, "db-upgrade", {"is_delayed": True})

    [task] = scheduled(api)
    assert task["start_time"] == "2026-02-01T21:00:00+0000"
    assert task["end_time"] == "2026-02-02T01:00:00+0000"


def test_an_upgrade_fails_when_its_instance_is_gone(api: Api) -> None:
    instance = api.instance()
    job_id = act(api, "db-upgrade", {"is_delayed": True}).body["job_id"]
    call(api, "DELETE", f"/instances/{instance.id}")
    api.project.clock.advance("5h")

    [task] = scheduled(api)
    assert (task["status"], task["instance_status"]) == ("Failed", "")
    failed = known(api, job_id)
    assert (failed["status"], failed["process"]) == ("Failed", "")
    assert failed["fail_reason"] == "UpgradeMysqlMinorVersion failed."


def test_a_month_later_a_scheduled_task_is_forgotten(api: Api) -> None:
    act(api, "db-upgrade", {"is_delayed": True})
    api.project.clock.advance("30d")
    assert [task["status"] for task in scheduled(api)] == ["Completed"]

    api.project.clock.advance("1s")
    assert scheduled(api) == []


def test_scheduled_tasks_are_filtered(connect: Connect) -> None:
    spec = {"datastore": {"type": "MySQL", "version": "5.7.31"}}
    api = connect({"world": {"instances": [spec | {"name": name} for name in ("mysql-single", "second")]}})
    first, second = api.project.instances
    for instance in (first, second):
        call(api, "POST", f"/instances/{instance.id}/db-upgrade", json={"is_delayed": True})
        api.project.clock.advance("5h")

    def found(**query: Any) -> list[str]:
        return [task["instance_name"] for task in scheduled(api, **query)]

    assert found() == ["second", "mysql-single"]
    assert found(limit=1) == ["second"]
    assert found(limit=1, offset=1) == ["mysql-single"]
    assert found(instance_id=first.id) == ["mysql-single"]
    assert found(instance_name="second") == ["second"]
    assert found(status="Pending") == ["second"]
    assert found(status="Completed") == ["mysql-single"]
    assert found(status="Canceled") == []
    assert found(start_time=NOW_MS + DAY_MS) == ["second"]
    assert found(end_time=NOW_MS + DAY_MS) == ["mysql-single"]


# The tasks of SQL Server


def backed_up(api: Api, name: str = "nightly", **fields: Any) -> str:
    body = {"instance_id": api.instance("sqlserver").id, "name": name} | fields
    return str(call(api, "POST", "/backups", json=body).body["backup"]["id"])


def test_a_backup_of_sqlserver_is_a_task(api: Api) -> None:
    instance = api.instance("sqlserver")
    backed_up(api, description="all of it", databases=[{"name": "a"}, {"name": "b"}])
    api.project.clock.advance("1s")

    reply = details(api)
    assert (reply.status, reply.body["count"]) == (200, 1)
    [running] = reply.body["jobs"]
    assert json.loads(running.pop("task_detail")) == {
        "instanceId": instance.id,
        "name": "nightly",
        "description": "all of it",
        "dbNames": "a,b",
    }
    assert running == {
        "id": running["id"],
        "name": "BackupDbSqlserverInInstance",
        "status": "Running",
        "created": BEGAN,
        "process": "33",
        "instance": {"id": instance.id, "name": "sqlserver-single"},
        "entities": {},
    }
    assert [task["instance_status"] for task in tasks(api)["tasks"]] == ["BACKING UP"]
    api.project.clock.advance("2s")
    [over] = details(api).body["jobs"]
    assert (over["status"], over["process"], over["ended"]) == ("Completed", "", "2026-01-31T22:00:03+0000")


def test_backups_of_other_engines_are_none(api: Api) -> None:
    api.completed()

    assert tasks(api) == {"tasks": [], "actions": [], "total_count": 0}


def test_the_task_of_a_backup_ends_as_the_backup_does(connect: Connect) -> None:
    lifecycle = {"job_known": "0s", "backup": {"progression": "manual"}}
    api = connect({"lifecycle": lifecycle})
    backed_up(api)
    assert [job["status"] for job in details(api).body["jobs"]] == ["Running"]

    api.project.finish(api.project.backups[0].id, "FAILED")

    [failed] = details(api).body["jobs"]
    assert (failed["status"], failed["fail_reason"]) == ("Failed", "BackupDbSqlserverInInstance failed.")
    assert [task["fail_reason"] for task in tasks(api, status="Failed")["tasks"]] == [failed["fail_reason"]]


def test_listing_the_task_of_a_backup_counts_as_a_look(connect: Connect) -> None:
    lifecycle = {"job_known": "0s", "backup": {"progression": "manual", "looks": 2}}
    api = connect({"lifecycle": lifecycle})
    backed_up(api)

    statuses = [job["status"] for _ in range(3) for job in details(api).body["jobs"]]
    assert statuses == ["Running", "Running", "Completed"]


def test_a_restore_names_the_backup_as_api_v3_does(api: Api) -> None:
    instance = api.instance("sqlserver")
    backup = backed_up(api)
    api.project.clock.advance("3s")
    body = {"source": {"instance_id": instance.id, "backup_id": backup}, "target": {"instance_id": instance.id}}
    call(api, "POST", "/instances/recovery", json=body)
    api.project.clock.advance("1s")

    [restore, _] = details(api).body["jobs"]
    assert restore["name"] == "RestoreSqlserverInInstance"
    assert json.loads(restore["task_detail"]) == {
        "sourceInstanceId": instance.id,
        "targetInstanceId": instance.id,
        "backupId": backup,
        "type": "backup",
    }


def test_a_restore_to_a_moment_names_the_moment(api: Api) -> None:
    instance = api.instance("sqlserver")
    backed_up(api)
    api.project.clock.advance("1m")
    moment = NOW_MS + 30_000
    source = {"instance_id": instance.id, "type": "timestamp", "restore_time": moment}
    call(api, "POST", "/instances/recovery", json={"source": source, "target": {"instance_id": instance.id}})
    api.project.clock.advance("1s")

    assert json.loads(details(api).body["jobs"][0]["task_detail"]) == {
        "sourceInstanceId": instance.id,
        "targetInstanceId": instance.id,
        "restoreTime": str(moment),
        "type": "timestamp",
    }


def test_a_task_without_details_has_none(api: Api) -> None:
    restart(api, "sqlserver")
    api.project.clock.advance("1s")

    assert ["task_detail" in job for job in details(api).body["jobs"]] == [False]


def test_automated_backups_of_sqlserver_are_tasks_too(api: Api) -> None:
    api.project.clock.advance("1d")

    reply = details(api)
    assert [(job["name"], job["created"]) for job in reply.body["jobs"]] == [
        ("BackupDbSqlserverInInstance", "2026-02-01T02:00:00+0000")
    ]
    detail = json.loads(reply.body["jobs"][0]["task_detail"])
    assert detail["instanceId"] == api.instance("sqlserver").id
    assert detail["name"].startswith("sqlserver-sqlserver-single-20260201")
    assert names(api) == ["BackupDbSqlserverInInstance"]


def test_the_time_of_the_tasks_is_filtered(api: Api) -> None:
    backed_up(api)
    api.project.clock.advance("1d")
    manual, automated = NOW_MS, NOW_MS + 4 * 3_600_000

    def count(**query: int) -> int:
        found: int = details(api, "sqlserver", **query).body["count"]
        return found

    assert count(start_time=manual) == 2
    assert count(start_time=manual + 1) == 1
    assert count(start_time=automated + 1) == 0
    assert count(start_time=manual, end_time=automated - 1) == 1


def test_the_tasks_of_another_engine_or_instance_are_refused(api: Api) -> None:
    sqlserver = f"/instances/{api.instance('sqlserver').id}/tasklist/detail"

    assert refused(details(api, "primary")) == (400, "DBS.200040")
    assert refused(call(api, "GET", sqlserver)) == (400, "DBS.280001")
    assert refused(call(api, "GET", sqlserver, params={"start_time": "x"})) == (400, "DBS.280001")
    gone = f"/instances/{'0' * 32}in04/tasklist/detail"
    assert refused(call(api, "GET", gone, params={"start_time": 0})) == (404, "DBS.200002")
    assert refused(call(api, "GET", "/instances/x/tasklist/detail", params={"start_time": 0})) == (400, "DBS.280404")
