"""Backups that nobody asks for: made by the policy on the world's clock, and gone when their days are over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mockrds import MockRDS

if TYPE_CHECKING:
    from support.api import Api, Connect

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


def test_the_last_full_backup_stays_until_a_younger_one_is_there(api: Api) -> None:
    keep(api, 3, period="1")  # 2026-02-02 is a Monday, and so is 2026-02-09
    counted = []
    for _ in range(8):
        api.project.clock.advance("1d")
        rows = listed(api)
        counted.append((len(rows), [row["begin_time"][5:10] for row in rows if row["type"] == "auto"]))

    assert counted[:3] == [(1, []), (2, ["02-02"]), (3, ["02-02"])]
    assert counted[3:8] == [(3, ["02-02"]), (4, ["02-02"]), (4, ["02-02"]), (4, ["02-02"]), (4, ["02-02"])]
    api.project.clock.advance("1d")
    assert [row["begin_time"][5:10] for row in listed(api, backup_type="auto")] == ["02-09"]


def test_one_long_wait_leaves_what_many_short_ones_do(connect: Connect) -> None:
    kept = []
    for steps in (1, 30):
        api = connect()
        keep(api, 3, period="1")
        for _ in range(steps):
            api.project.clock.advance(days=30 / steps)
        kept.append([(row["type"], row["begin_time"]) for row in listed(api)])

    assert kept[0] == kept[1]
    assert [kind for kind, _ in kept[0]].count("auto") == 1


def test_incremental_ones_are_kept_no_longer_than_the_policy_says(api: Api) -> None:
    keep(api, 1, period="1")
    api.project.clock.advance("5d")

    body = v3(api, "GET", "/backups", params={"instance_id": api.instance().id, "backup_type": "incremental"})
    assert body["total_count"] == 288


def test_a_moment_can_be_restored_as_long_as_the_policy_says(api: Api) -> None:
    instance = api.instance()
    api.completed()
    api.project.clock.advance("8d")
    [times] = v3(api, "GET", f"/instances/{instance.id}/restore-time")["restore_time"]

    def status(moment: int) -> tuple[int, str | None]:
        source = {"type": "timestamp", "restore_time": moment, "instance_id": instance.id}
        url = f"{api.project.url}/v3/{api.project.id}/instances/recovery"
        reply = api.call("POST", url, json={"source": source, "target": {"instance_id": instance.id}})
        return reply.status, reply.body.get("error_code")

    assert status(times["start_time"] - 1) == (400, "DBS.201203")
    assert status(times["end_time"] + 1) == (400, "DBS.201203")
    keep(api, 0)
    assert v3(api, "GET", f"/instances/{instance.id}/restore-time")["restore_time"] == []
    assert status(times["end_time"]) == (400, "DBS.201203")
    keep(api, 7)
    assert status(times["start_time"]) == (200, None)


def test_a_moment_is_restored_from_the_last_backup_before_it(api: Api) -> None:
    instance = api.instance()
    first = api.completed(name="first")
    second = api.completed(name="second")
    moment = int(api.project.clock.now() * 1000)
    source = {"type": "timestamp", "restore_time": moment, "instance_id": instance.id}
    v3(api, "POST", "/instances/recovery", json={"source": source, "target": {"instance_id": instance.id}})

    statuses = [api.call("DELETE", f"{api.project.v1_url}/backups/{each}").status for each in (first, second)]
    assert statuses == [200, 400]  # the second is in use


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


def test_an_incremental_one_is_found_by_its_id_and_can_be_downloaded(api: Api) -> None:
    api.project.clock.advance("5h")
    newest, *_ = listed(api, backup_type="incremental")

    alone = v3(api, "GET", "/backups", params={"backup_id": newest["id"]})
    files = v3(api, "GET", "/backup-files", params={"backup_id": newest["id"]})["files"]

    assert alone == {"backups": [newest], "total_count": 1}
    assert [(file["name"].partition(".")[0], file["size"]) for file in files] == [(newest["id"], newest["size"])]
    gone = api.call(
        "GET", f"{api.project.url}/v3/{api.project.id}/backup-files", params={"backup_id": "f" * 32 + "br01"}
    )
    assert (gone.status, gone.body["error_code"]) == (404, "DBS.201010")


def test_incremental_ones_are_filtered_by_their_time(api: Api) -> None:
    api.project.clock.advance("5h")

    def begun(begin: str, end: str) -> list[str]:
        between = {"begin_time": f"2026-02-01T{begin}+0000", "end_time": f"2026-02-01T{end}+0000"}
        return [row["begin_time"][11:16] for row in listed(api, backup_type="incremental", **between)]

    assert begun("02:20:00", "02:30:00") == ["02:30", "02:25", "02:20"]
    assert begun("02:20:01", "02:29:59") == ["02:25"]
    assert begun("00:00:00", "02:09:00") == ["02:05", "02:00"]
    assert begun("02:55:00", "23:00:00") == ["02:55"]
    assert begun("03:00:00", "23:00:00") == []


def test_sqlserver_has_no_incremental_ones_in_its_list(api: Api) -> None:
    api.project.clock.advance("5h")

    assert listed(api, "sqlserver", backup_type="incremental") == []
    assert [row["type"] for row in listed(api, "sqlserver")] == ["auto"]


def test_api_v1_leaves_the_days_of_the_week_alone(api: Api) -> None:
    keep(api, 7, period="1,3")
    api.put(f"/instances/{api.node()}/backups/policy", json={"policy": {"keepday": 5, "starttime": "23:07:12"}})

    assert v3(api, "GET", f"/instances/{api.instance().id}/backups/policy")["backup_policy"] == {
        "keep_days": 5, "start_time": "23:07-00:07", "period": "1,3",
    }  # fmt: skip


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
        world, instance = project._state.world, project.instances[0]  # type: ignore[attr-defined]
        assert len(world.list_backups(instance_id=instance.id)[0]) == min(days, 7)
        ids.append(world.create_manual_backup(instance.node_id, "nightly").id)

    assert ids[0] == ids[1]


@pytest.mark.parametrize("lists", [True, False], ids=["listed before", "not listed before"])
def test_what_is_no_longer_kept_is_gone_for_all_who_name_it(api: Api, *, lists: bool) -> None:
    instance, url = api.instance(), f"{api.project.url}/v3/{api.project.id}"
    api.project.clock.advance("1d")
    [old] = listed(api)
    api.project.clock.advance("30d")
    if lists:
        listed(api)

    source = {"instance_id": instance.id, "type": "backup", "backup_id": old["id"]}
    replies = [
        api.call("POST", f"{url}/instances/recovery", json={"source": source, "target": {"instance_id": instance.id}}),
        api.call("GET", f"{url}/backup-files", params={"backup_id": old["id"]}),
        api.call("DELETE", f"{url}/backups/{old['id']}"),
    ]

    assert [reply.body["error_code"] for reply in replies] == ["DBS.201010"] * 3


@pytest.mark.parametrize("lists", [True, False], ids=["listed before", "not listed before"])
def test_a_moment_before_the_oldest_backup_that_is_kept_is_none_to_restore(api: Api, *, lists: bool) -> None:
    instance, url = api.instance(), f"{api.project.url}/v3/{api.project.id}"
    keep(api, 1)
    api.project.clock.advance(days=2, hours=5)  # until 2026-02-03T03:00:00Z
    api.get("/backups")  # each request brings the world up to date
    api.project.clock.advance("1d")  # the backup of 02-04 is kept, that of 02-03 is not
    if lists:
        listed(api)

    moment = int(datetime(2026, 2, 3, 4, tzinfo=UTC).timestamp()) * 1000
    source = {"instance_id": instance.id, "type": "timestamp", "restore_time": moment}
    body = {"source": source, "target": {"instance_id": instance.id}}

    assert api.call("POST", f"{url}/instances/recovery", json=body).body["error_code"] == "DBS.201203"
