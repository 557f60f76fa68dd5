"""Backups that nobody asks for: made by the policy on the world's clock, and gone when their days are over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds import MockRDS

if TYPE_CHECKING:
    from conftest import Api, Connect

WEEK = [f"2026-02-0{day}T02:00:00+0000" for day in range(7, 0, -1)]


def v3(api: Api, method: str, path: str, **request: Any) -> Any:
    reply = api.call(method, f"{api.project.url}/v3/{api.project.id}{path}", **request)
    assert reply.status == 200, reply.text
    return reply.body


def listed(api: Api, role: str = "primary", **query: Any) -> list[dict[str, Any]]:
    query = {"instance_id": api.instance(role).id} | query
    body = v3(api, "GET", "/backups", params=query)
    rows: list[dict[str, Any]] = body["backups"]
    assert body["total_count"] >= len(rows)
    return rows


def keep(api: Api, days: int, period: str = "1,2,3,4,5,6,7", start: str = "02:00-03:00") -> None:
    policy = {"backup_policy": {"keep_days": days, "start_time": start, "period": period}}
    v3(api, "PUT", f"/instances/{api.instance().id}/backups/policy", json=policy)


def test_a_week_brings_seven_automated_backups(api: Api) -> None:
    api.project.clock.advance("7d")

    rows = listed(api)

    assert [row["begin_time"] for row in rows] == WEEK
    assert {(row["type"], row["status"], type(row["size"])) for row in rows} == {("auto", "COMPLETED", int)}
    assert len({row["id"] for row in rows}) == 7
    assert api.get("/backups").body == {"backups": []}  # v1 lists manual ones


def test_old_ones_go_and_a_shorter_policy_holds_at_once(api: Api) -> None:
    api.project.clock.advance("30d")
    before = [row["begin_time"][:10] for row in listed(api)]
    keep(api, 2)

    assert before == [f"2026-03-0{day}" for day in (2, 1)] + [f"2026-02-{day}" for day in range(28, 23, -1)]
    assert [row["begin_time"][:10] for row in listed(api)] == ["2026-03-02", "2026-03-01"]


def test_a_century_costs_no_more_than_the_days_that_are_kept(api: Api) -> None:
    api.project.clock.advance(days=36500)

    assert len(listed(api)) == 7


def test_days_without_a_full_backup_have_a_differential_one(api: Api) -> None:
    keep(api, 7, period="1,3")  # Monday and Wednesday; 2026-02-01 is a Sunday
    api.project.clock.advance("7d")

    assert [row["type"] for row in reversed(listed(api))] == [
        "fragment", "auto", "fragment", "auto", "fragment", "fragment", "fragment",
    ]  # fmt: skip
    assert {row["type"] for row in listed(api, backup_type="fragment")} == {"fragment"}
    assert len(listed(api, backup_type="auto")) == 2


def test_a_policy_of_no_days_makes_none_and_a_replaced_one_no_more(api: Api) -> None:
    keep(api, 0)
    api.project.clock.advance("3d")
    none = listed(api)
    keep(api, 7, start="05:15-06:15")
    api.project.clock.advance("1d")

    assert none == []
    assert [row["begin_time"][11:16] for row in listed(api)] == ["05:15"]
    assert v3(api, "GET", f"/instances/{api.instance().id}/backups/policy")["backup_policy"] == {
        "keep_days": 7, "start_time": "05:15-06:15", "period": "1,2,3,4,5,6,7",
    }  # fmt: skip


def test_incremental_ones_come_every_five_minutes_and_only_when_asked_for(api: Api) -> None:
    api.project.clock.advance("5h")  # it is three o'clock: the first full backup is of two o'clock
    page = listed(api, backup_type="incremental", limit=3)
    body = v3(
        api, "GET", "/backups", params={"instance_id": api.instance().id, "backup_type": "incremental", "offset": 10}
    )
    [again] = listed(api, backup_id=page[1]["id"])

    assert [row["end_time"][11:16] for row in page] == ["03:00", "02:55", "02:50"]
    assert (body["total_count"], len(body["backups"])) == (12, 2)
    assert again == page[1]
    assert [row["type"] for row in listed(api)] == ["auto"]


def test_sqlserver_has_no_incremental_ones_in_its_list(api: Api) -> None:
    api.project.clock.advance("5h")

    assert listed(api, "sqlserver", backup_type="incremental") == []
    assert [row["type"] for row in listed(api, "sqlserver")] == ["auto"]


def test_a_busy_instance_is_tried_again_half_an_hour_later(api: Api) -> None:
    api.project.clock.advance(hours=3, minutes=59)
    api.project.set_status(api.instance().id, "REBOOTING", seconds=120)
    api.project.clock.advance("2h")

    assert [row["begin_time"][11:16] for row in listed(api)] == ["02:30"]


def test_an_automated_backup_is_in_nobodys_way(connect: Connect) -> None:
    api = connect({"lifecycle": {"backup": {"seconds": "6h"}}})
    api.project.clock.advance("5h")

    assert [row["status"] for row in listed(api)] == ["BUILDING"]
    assert api.create().status == 200


def test_an_automated_backup_can_be_restored_but_not_deleted(api: Api) -> None:
    api.project.clock.advance("5h")
    [row] = listed(api)
    refused = api.call("DELETE", f"{api.project.url}/v3/{api.project.id}/backups/{row['id']}")
    source = {"type": "backup", "backup_id": row["id"], "instance_id": row["instance_id"]}
    restored = v3(
        api, "POST", "/instances/recovery", json={"source": source, "target": {"instance_id": row["instance_id"]}}
    )

    assert (refused.status, refused.body["error_code"]) == (400, "DBS.201014")
    assert restored["job_id"]
    api.project.clock.advance("1m")
    assert len(listed(api)) == 2  # a full backup follows a restore


def test_automated_backups_go_with_their_instance_and_manual_ones_stay(api: Api) -> None:
    api.completed()
    api.project.clock.advance("5h")
    instance = api.instance()
    reply = api.call("DELETE", f"{api.project.url}/v3/{api.project.id}/instances/{instance.id}")
    api.project.clock.advance("1m")

    assert reply.status == 202
    body = v3(api, "GET", "/backups", params={"instance_id": instance.id})
    assert [row["type"] for row in body["backups"]] == ["manual"]


def test_what_requests_draw_does_not_depend_on_them() -> None:
    ids = []
    for days in (0, 30):
        project = MockRDS(clock="frozen@2026-01-31T22:00:00Z").project("eu-de")
        project.clock.advance(days=days)
        world, instance = project._tenant.world, project.instances[0]
        assert len(world.find_backups(instance_id=instance.id)[0]) == min(days, 7)
        ids.append(world.create_manual_backup(instance.node_id, "nightly").id)

    assert ids[0] == ids[1]
