"""API v3: the recycle bin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.api import Api, Connect, Reply

    from mockrds.domain.models import Instance


def call(api: Api, method: str, path: str, **request: Any) -> Reply:
    return api.call(method, f"{api.project.url}/v3/{api.project.id}{path}", **request)


def set_days(api: Api, *days: object) -> Reply:
    policy = {"retention_period_in_days": days[0]} if days else {}
    return call(api, "PUT", "/instances/recycle-policy", json={"recycle_policy": policy})


def days(api: Api) -> int:
    reply = call(api, "GET", "/instances/recycle-policy")
    assert (reply.status, list(reply.body)) == (200, ["retention_period_in_days"])
    found: int = reply.body["retention_period_in_days"]
    return found


def delete(api: Api, role: str = "primary", *, gone: bool = True) -> Instance:
    """Delete the instance that plays *role*."""
    instance = api.instance(role)
    assert call(api, "DELETE", f"/instances/{instance.id}").status == 202
    if gone:
        api.project.clock.advance("3s")
    return instance


def recycled(api: Api, offset: int = 0, limit: int = 50) -> list[dict[str, Any]]:
    reply = call(api, "GET", "/recycle-instances", params={"offset": offset, "limit": limit})
    assert (reply.status, list(reply.body)) == (200, ["total_count", "instances"])
    found: list[dict[str, Any]] = reply.body["instances"]
    return found


def names(api: Api) -> list[str]:
    return [each["name"] for each in recycled(api)]


def rebuild(api: Api, instance: Instance, backup: str) -> Reply:
    body = {
        "name": "phoenix",
        "flavor_ref": "rds.mysql.c2.large",
        "volume": {"type": "CLOUDSSD", "size": 100},
        "availability_zone": "eu-de-01",
        "vpc_id": instance.vpc_id,
        "subnet_id": instance.subnet_id,
        "password": "Test@12345678",
        "restore_point": {"instance_id": instance.id, "type": "backup", "backup_id": backup},
    }
    return call(api, "POST", "/instances", json=body)


def refused(reply: Reply) -> tuple[int, str]:
    assert list(reply.body) == ["error_msg", "error_code"]
    return reply.status, reply.body["error_code"]


# The policy


def test_instances_are_kept_for_seven_days_unless_told_otherwise(api: Api) -> None:
    assert days(api) == 7
    assert set_days(api, "1").answer == (200, {"result": "success"})
    assert days(api) == 1
    set_days(api, 3)
    assert days(api) == 3


@pytest.mark.parametrize("given", [(), ("",), (None,)], ids=str)
def test_no_number_of_days_is_seven(api: Api, given: tuple[object, ...]) -> None:
    set_days(api, "1")

    assert set_days(api, *given).status == 200
    assert days(api) == 7


@pytest.mark.parametrize("given", ["0", "8", "a week", 0, 8, 1.5, True, [1]], ids=repr)
def test_other_numbers_of_days_are_refused(api: Api, given: object) -> None:
    assert refused(set_days(api, given)) == (400, "DBS.280001")
    assert days(api) == 7


def test_a_policy_must_be_given(api: Api) -> None:
    assert refused(call(api, "PUT", "/instances/recycle-policy", json={})) == (400, "DBS.280001")
    assert refused(call(api, "PUT", "/instances/recycle-policy")) == (400, "DBS.200006")


# The bin


def test_a_deleted_instance_is_in_the_bin(api: Api) -> None:
    instance = delete(api, gone=False)
    assert recycled(api) == []
    api.project.clock.advance("3s")

    [found] = recycled(api)
    backup_id = found["recycle_backup_id"]
    assert backup_id[32:] == "br01"
    backup = {
        "backup_id": backup_id,
        "backup_name": f"mysql-{instance.id}-20260131220003000",
        "backup_status": "BUILDING",
        "backup_create_at": "2026-01-31T22:00:03+0000",
        "backup_size": 0,
    }
    expected = {
        "id": instance.id,
        "name": "mysql-single",
        "ha_mode": "Single",
        "engine_name": "mysql",
        "engine_version": "5.7.31",
        "pay_model": "0",
        "created_at": "2026-01-31T22:00:00+0000",
        "deleted_at": "2026-01-31T22:00:00+0000",
        "volume_type": "SSD",
        "volume_size": 100,
        "data_vip": instance.host,
        "enterprise_project_id": "0",
        "retained_until": "2026-02-07T22:00:03+0000",
        "recycle_backup_id": backup_id,
        "recycle_status": "BUILDING",
        "recycle_backups": [backup],
        "is_serverless": False,
    }
    assert found == expected

    api.project.clock.advance("3s")
    [found] = recycled(api)
    [last] = found["recycle_backups"]
    assert last.pop("backup_size") > 0
    assert last == {key: value for key, value in backup.items() if key != "backup_size"} | {
        "backup_status": "COMPLETED",
        "backup_update_at": "2026-01-31T22:00:06+0000",
    }
    assert found == expected | {"recycle_status": "COMPLETED", "recycle_backups": [last]}


def test_api_v1_fills_the_bin_too(api: Api) -> None:
    assert api.delete(f"/instances/{api.node('pair')}").status == 202
    api.project.clock.advance("3s")

    [found] = recycled(api)
    assert (found["name"], found["ha_mode"], found["engine_name"]) == ("postgresql-ha", "Ha", "postgresql")


def test_read_replicas_are_not_recycled(api: Api) -> None:
    delete(api, "replica")
    assert names(api) == []

    api.project.reset()
    delete(api)  # and its replica goes with it
    assert names(api) == ["mysql-single"]


def test_a_stopped_instance_is_not_recycled(api: Api) -> None:
    instance = api.instance("pair")
    call(api, "POST", f"/instances/{instance.id}/action/shutdown")
    api.project.clock.advance("2s")
    delete(api, "pair")

    assert [each.name for each in api.project.instances if each.id == instance.id] == []
    assert names(api) == []


def test_a_deletion_that_was_called_off_leaves_no_trace(api: Api) -> None:
    instance = api.instance("pair")
    call(api, "POST", f"/instances/{instance.id}/action/shutdown")
    api.project.clock.advance("2s")
    delete(api, "pair", gone=False)
    api.project.set_status(instance.id, "ACTIVE")
    delete(api, "pair")

    assert names(api) == ["postgresql-ha"]


def test_instances_leave_when_their_days_are_over(api: Api) -> None:
    delete(api)
    api.project.clock.advance(7 * 86400 - 1)
    assert names(api) == ["mysql-single"]

    api.project.clock.advance("1s")
    assert names(api) == []


def test_they_leave_also_when_nobody_looked_meanwhile(api: Api) -> None:
    delete(api, gone=False)
    api.project.clock.advance("8d")

    assert names(api) == []


def test_they_leave_also_when_nothing_else_happens(connect: Connect) -> None:
    api = connect({"world": {"instances": [{"name": "mysql-single"}]}})
    off = {"backup_policy": {"keep_days": 0}}
    assert call(api, "PUT", f"/instances/{api.instance().id}/backups/policy", json=off).status == 200
    api.project.clock.advance("1d")
    assert len(api.project.instances) == 1
    delete(api, gone=False)
    api.project.clock.advance("8d")

    assert names(api) == []


def test_a_new_policy_is_for_those_that_come_after(api: Api) -> None:
    delete(api)
    set_days(api, "1")
    delete(api, "pair")
    assert names(api) == ["postgresql-ha", "mysql-single"]

    api.project.clock.advance("1d")
    assert names(api) == ["mysql-single"]
    api.project.clock.advance("6d")
    assert names(api) == []


def test_the_bin_is_told_in_pages(api: Api) -> None:
    for role in ("primary", "pair", "sqlserver"):
        delete(api, role)

    assert [each["name"] for each in recycled(api, 0, 2)] == ["sqlserver-single", "postgresql-ha"]
    assert [each["name"] for each in recycled(api, 2, 2)] == ["mysql-single"]
    page = {"offset": 3, "limit": 1}
    assert call(api, "GET", "/recycle-instances", params=page).body == {"total_count": 3, "instances": []}


WRONG = [
    {},
    {"offset": 0},
    {"limit": 1},
    {"offset": -1, "limit": 1},
    {"offset": 0, "limit": 51},
    {"offset": 0, "limit": 0},
]


@pytest.mark.parametrize("query", WRONG, ids=str)
def test_the_page_must_be_said(api: Api, query: dict[str, int]) -> None:
    assert refused(call(api, "GET", "/recycle-instances", params=query)) == (400, "DBS.280001")


# Building it anew


def test_an_instance_is_built_anew_from_its_last_backup(api: Api) -> None:
    instance = delete(api)
    backup = recycled(api)[0]["recycle_backup_id"]

    assert refused(rebuild(api, instance, backup)) == (400, "DBS.201014")  # it is not complete
    api.project.clock.advance("3s")
    reply = rebuild(api, instance, backup)
    assert reply.status == 202
    assert reply.body["instance"]["datastore"] == {"type": "MySQL", "version": "5.7"}
    api.project.clock.advance("5s")
    assert "phoenix" in [each.name for each in api.project.instances]
    assert names(api) == ["mysql-single"]


def test_manual_backups_may_go_before(api: Api) -> None:
    manual = api.completed()
    instance = delete(api)
    api.delete(f"/backups/{manual}")
    api.project.clock.advance("3s")

    assert api.project.backups == ()
    assert rebuild(api, instance, recycled(api)[0]["recycle_backup_id"]).status == 202


def test_manual_backups_outlive_the_bin(api: Api) -> None:
    manual = api.completed()
    instance = delete(api)
    last = recycled(api)[0]["recycle_backup_id"]
    api.project.clock.advance("7d")

    assert refused(rebuild(api, instance, last)) == (404, "DBS.201010")
    assert rebuild(api, instance, manual).status == 202


def test_after_its_days_nothing_is_left(api: Api) -> None:
    instance = delete(api)
    last = recycled(api)[0]["recycle_backup_id"]
    api.project.clock.advance("7d")

    assert refused(rebuild(api, instance, last)) == (404, "DBS.200013")


def test_the_last_backup_is_the_bins_own(api: Api) -> None:
    instance = delete(api)
    last = recycled(api)[0]["recycle_backup_id"]
    api.project.clock.advance("3s")

    listed = call(api, "GET", "/backups", params={"instance_id": instance.id})
    assert listed.body == {"backups": [], "total_count": 0}
    assert refused(call(api, "DELETE", f"/backups/{last}")) == (400, "DBS.201014")
    assert call(api, "GET", "/backup-files", params={"backup_id": last}).status == 200


def test_of_a_last_backup_that_fails_nothing_is_built(connect: Connect) -> None:
    api = connect({"lifecycle": {"backup": {"outcome": "FAILED"}}})
    instance = delete(api)
    api.project.clock.advance("3s")

    [found] = recycled(api)
    [last] = found["recycle_backups"]
    assert (found["recycle_status"], last["backup_status"], last["backup_size"]) == ("BUILDING", "FAILED", 0)
    assert refused(rebuild(api, instance, last["backup_id"])) == (400, "DBS.201014")


def test_the_last_backup_draws_no_ids_from_those_of_requests(api: Api) -> None:
    def next_id(*, gone: bool) -> str:
        api.project.reset()
        delete(api, "pair", gone=gone)
        found: str = api.create().body["backup"]["id"]
        assert bool(recycled(api)) is gone
        return found

    assert next_id(gone=True) == next_id(gone=False)
