"""API v1: manual backups once they are made, the automated backup policy, and restoring in place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.api import Api, Connect

    Refusal = Callable[..., tuple[int, dict[str, str]]]

LIST_EXAMPLE = """{
    "backups": [
        {
            "id": "2a4d0f86-67cd-408a-8b66-017454fb7793",
            "name": "50deafb3e45d451a9406ca146b71fe9a_rds-1_4f87d3c4-9e33-482f-b962-e23b30d1a18c_2016_08_23_01_59_23.tar.gz",
            "description": "",
            "locationRef": "",
            "created": "2016-08-23T03:59:23",
            "updated": "2016-08-23T04:01:40",
            "size": 0.0,
            "status": "COMPLETED",
            "backuptype": "1",
            "dataStore": {
                "type": "MySQL",
                "version": "5.7.31",
                "version_id": "e8a8b8cc-63f8-4fb5-8d4a-24c502317a61"
            },
            "instance_id": "4f87d3c4-9e33-482f-b962-e23b30d1a18c",
            "parent_id": null
        }
    ]
}"""  # noqa: E501
POLICY_EXAMPLE = {"policy": {"keepday": 7, "starttime": "00:00:00"}}
RESTORE_EXAMPLE = {"extendparam": {"jobs": [{"id": "ff80808156fa51c50156fa7c20210bc9"}]}}
UNKNOWN_BACKUP = "2f4ddb93-b901-4b08-93d8-1d2e472f30fe"
NIGHT = 1769896800_000  # when the clock of the tests stands still, in milliseconds

NOT_A_PRIMARY = [("unknown", "RDS.0002"), ("instance id", "RDS.0002"), ("standby", "RDS.0056"), ("replica", "RDS.0056")]
BUSY = [("BUILD", "RDS.0029"), ("RESTORING", "RDS.1002"), ("DELETING", "RDS.1100"), ("REBOOTING", "RDS.0011")]


def statuses(api: Api) -> list[tuple[str, str]]:
    return [(row["name"], row["status"]) for row in api.get("/backups").body["backups"]]


def policy_of(api: Api, node: str) -> Any:
    return api.get(f"/instances/{node}/backups/policy").answer


def set_policy(api: Api, policy: object, node: str | None = None) -> Any:
    return api.put(f"/instances/{node or api.node()}/backups/policy", json={"policy": policy}).answer


def restore(api: Api, node: str | None = None, **point: Any) -> Any:
    return api.post(f"/instances/{node or api.node()}/action", json={"restore": point})


# The list


def test_a_completed_backup_is_listed_as_in_the_documented_example(
    connect: Connect, shape: Callable[[Any], Any]
) -> None:
    api = connect(
        {"clock": {"mode": "frozen", "at": "2016-08-23T03:59:23Z"}, "lifecycle": {"backup": {"seconds": 137}}}
    )
    backup = api.create(name="nightly").body["backup"]
    api.project.clock.advance("137s")
    reply = api.get("/backups")
    (row,) = reply.body["backups"]
    expected = json.loads(LIST_EXAMPLE)
    assert shape(reply.body) == shape(expected)
    assert 0.05 <= row["size"] <= 20
    expected["backups"][0] |= {
        "id": backup["id"],
        "name": "nightly",
        "size": row["size"],
        "instance_id": api.node(),
    }
    assert reply.answer == (200, expected)


@pytest.mark.parametrize(
    ("scenario", "after", "expected"),
    [
        ({}, 2.9, {"status": "BUILDING", "updated": None, "size": 0.0}),
        ({"backup": {"outcome": "FAILED"}}, 3, {"status": "FAILED", "updated": "2026-01-31T22:00:03", "size": 0.0}),
    ],
    ids=["BUILDING", "FAILED"],
)
def test_a_backup_that_is_not_complete_has_no_size(
    connect: Connect, scenario: dict[str, Any], after: float, expected: dict[str, Any]
) -> None:
    api = connect({"lifecycle": scenario})
    api.create()
    api.project.clock.advance(after)
    (row,) = api.get("/backups").body["backups"]
    assert {key: row[key] for key in expected} == expected


def test_the_list_of_a_new_project_is_empty(api: Api) -> None:
    assert api.get("/backups").answer == (200, {"backups": []})


def test_the_list_has_all_backups_newest_first_whatever_the_query(api: Api) -> None:
    for i in range(120):
        api.completed(f"backup-{i}")
    rows = api.get("/backups", params={"limit": 1, "offset": 5}).body["backups"]
    assert [row["name"] for row in rows] == [f"backup-{i}" for i in reversed(range(120))]


def test_projects_do_not_see_each_others_backups(api: Api, connect: Connect) -> None:
    api.completed()
    assert connect().get("/backups").answer == (200, {"backups": []})


def test_a_backup_can_be_made_to_end_by_being_looked_at(connect: Connect) -> None:
    course = {"progression": "manual", "looks": 2}
    api = connect({"lifecycle": {"backup": course, "delete": course}})
    backup_id = api.create(name="nightly").body["backup"]["id"]
    assert [statuses(api) for _ in range(4)] == [
        [("nightly", "BUILDING")],
        [("nightly", "BUILDING")],
        [("nightly", "COMPLETED")],
        [("nightly", "COMPLETED")],
    ]
    api.delete(f"/backups/{backup_id}")
    assert [statuses(api) for _ in range(3)] == [[("nightly", "DELETING")], [("nightly", "DELETING")], []]


# Deletion


@pytest.mark.parametrize("outcome", ["COMPLETED", "FAILED"])
def test_a_deleted_backup_is_deleting_for_a_while_and_then_gone(connect: Connect, outcome: str) -> None:
    api = connect({"lifecycle": {"backup": {"outcome": outcome}}})
    backup_id = api.completed("nightly")
    assert statuses(api) == [("nightly", outcome)]
    assert api.delete(f"/backups/{backup_id}").answer == (200, {})
    assert statuses(api) == [("nightly", "DELETING")]
    api.project.clock.advance("2s")
    assert statuses(api) == []


def test_a_backup_is_deleted_once(api: Api, refusal: Refusal) -> None:
    backup_id = api.completed()
    api.delete(f"/backups/{backup_id}")
    assert api.delete(f"/backups/{backup_id}").answer == refusal("RDS.3016")
    api.project.clock.advance("2s")
    assert api.delete(f"/backups/{backup_id}").answer == refusal("RDS.3026")


def test_a_backup_that_is_still_building_is_not_deleted(api: Api, refusal: Refusal) -> None:
    backup_id = api.create().body["backup"]["id"]
    assert api.delete(f"/backups/{backup_id}").answer == refusal("RDS.3004")
    assert statuses(api) == [("nightly", "BUILDING")]


@pytest.mark.parametrize(
    ("backup_id", "code"),
    [(UNKNOWN_BACKUP, "RDS.3026"), ("0" * 32 + "br01", "RDS.0001"), ("nightly", "RDS.0001")],
)
def test_an_unknown_backup_is_not_deleted(api: Api, refusal: Refusal, backup_id: str, code: str) -> None:
    assert api.delete(f"/backups/{backup_id}").answer == refusal(code)


def test_a_backup_of_another_project_is_not_deleted(api: Api, connect: Connect, refusal: Refusal) -> None:
    backup_id = api.completed()
    assert connect().delete(f"/backups/{backup_id}").answer == refusal("RDS.3026")
    assert statuses(api) == [("nightly", "COMPLETED")]


def test_a_backup_that_is_being_restored_is_not_deleted_until_that_is_over(api: Api, refusal: Refusal) -> None:
    backup_id = api.completed()
    restore(api, backupRef=backup_id)
    assert api.delete(f"/backups/{backup_id}").answer == refusal("RDS.3016")
    api.project.clock.advance("5s")
    assert api.delete(f"/backups/{backup_id}").answer == (200, {})


# The policy


def test_the_policy_is_told_as_in_the_documented_example(api: Api, shape: Callable[[Any], Any]) -> None:
    status, policy = policy_of(api, api.node())
    assert (status, policy) == (200, {"policy": {"keepday": 7, "starttime": "02:00:00"}})
    assert shape(policy) == shape(POLICY_EXAMPLE)


@pytest.mark.parametrize("keep_days", [0, 1, 732])
@pytest.mark.parametrize("start_time", ["00:00:00", "00:00", "23:59:59", "23:59", "08:15"])
def test_a_policy_that_was_set_is_told_again(api: Api, keep_days: int, start_time: str) -> None:
    policy = {"keepday": keep_days, "starttime": start_time}
    assert set_policy(api, policy) == (200, {})
    assert policy_of(api, api.node()) == (200, {"policy": policy})
    assert policy_of(api, api.node("pair")) == (200, {"policy": {"keepday": 7, "starttime": "02:00:00"}})


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        pytest.param(None, "RDS.0001", id="null"),
        pytest.param("7", "RDS.0001", id="string"),
        pytest.param({}, "RDS.3011", id="empty"),
        pytest.param({"starttime": "00:00"}, "RDS.3011", id="keepday-missing"),
        pytest.param({"keepday": None, "starttime": "00:00"}, "RDS.3011", id="keepday-null"),
        pytest.param({"keepday": -1, "starttime": "00:00"}, "RDS.3011", id="keepday--1"),
        pytest.param({"keepday": 733, "starttime": "00:00"}, "RDS.3011", id="keepday-733"),
        pytest.param({"keepday": "7", "starttime": "00:00"}, "RDS.0001", id="keepday-string"),
        pytest.param({"keepday": 7.5, "starttime": "00:00"}, "RDS.0001", id="keepday-fraction"),
        pytest.param({"keepday": True, "starttime": "00:00"}, "RDS.0001", id="keepday-boolean"),
        pytest.param({"keepDay": 7, "starttime": "00:00"}, "RDS.0017", id="keepDay"),
        pytest.param({"keepday": 7, "startTime": "00:00"}, "RDS.0017", id="startTime"),
        pytest.param({"keepday": 7}, "RDS.3013", id="starttime-missing"),
        pytest.param({"keepday": 7, "starttime": None}, "RDS.3013", id="starttime-null"),
        pytest.param({"keepday": 7, "starttime": 0}, "RDS.0001", id="starttime-number"),
        *(
            pytest.param({"keepday": 7, "starttime": text}, "RDS.3013", id=f"starttime-{text!r}")
            for text in ("", "24:00", "00:60", "00:00:60", "8:15", "0815", "00:00-01:00", "00:00 ", "00:00\n")
        ),
    ],
)
def test_any_other_policy_is_refused(api: Api, refusal: Refusal, policy: object, code: str) -> None:
    assert set_policy(api, policy) == refusal(code)
    assert policy_of(api, api.node()) == (200, {"policy": {"keepday": 7, "starttime": "02:00:00"}})


@pytest.mark.parametrize(("body", "code"), [(b"", "RDS.0006"), (b"{", "RDS.0042"), (b'{"Policy": {}}', "RDS.0017")])
def test_a_body_that_sets_no_policy_is_refused(api: Api, refusal: Refusal, body: bytes, code: str) -> None:
    assert api.put(f"/instances/{api.node()}/backups/policy", data=body).answer == refusal(code)


@pytest.mark.parametrize(("node", "code"), NOT_A_PRIMARY)
def test_only_a_primary_node_has_a_policy(api: Api, refusal: Refusal, node: str, code: str) -> None:
    assert policy_of(api, api.node(node)) == refusal(code)
    assert set_policy(api, {"keepday": 7, "starttime": "00:00"}, api.node(node)) == refusal(code)


@pytest.mark.parametrize(("status", "code"), BUSY)
def test_the_policy_of_a_busy_instance_can_be_read_and_not_set(
    api: Api, refusal: Refusal, status: str, code: str
) -> None:
    api.project.set_status(api.node(), status)
    assert set_policy(api, {"keepday": 1, "starttime": "00:00"}) == refusal(code)
    assert policy_of(api, api.node()) == (200, {"policy": {"keepday": 7, "starttime": "02:00:00"}})


def test_a_policy_can_be_set_during_a_backup(api: Api) -> None:
    api.create()
    assert set_policy(api, {"keepday": 1, "starttime": "00:00"}) == (200, {})


# Restoring in place


def test_a_restore_is_answered_as_in_the_documented_example(api: Api, shape: Callable[[Any], Any]) -> None:
    backup_id = api.completed()
    reply = restore(api, backupRef=backup_id)
    assert reply.status == 202
    assert shape(reply.body) == shape(RESTORE_EXAMPLE)
    assert reply.body["extendparam"]["jobs"][0]["id"].startswith("ff8080")
    assert api.project.journal.entries("restore_to_original")[0].backup_ids == (backup_id,)


def test_an_instance_and_its_replica_are_restoring_and_then_active(api: Api) -> None:
    def status(role: str) -> str:
        return str(api.get(f"/instances/{api.node(role)}").body["instance"]["status"])

    restore(api, backupRef=api.completed())
    assert [status("primary"), status("replica"), status("pair")] == ["RESTORING", "RESTORING", "ACTIVE"]
    api.project.clock.advance("5s")
    assert [status("primary"), status("replica")] == ["ACTIVE", "ACTIVE"]


def test_a_point_in_time_needs_a_backup_that_was_complete_by_then(api: Api, refusal: Refusal) -> None:
    api.completed()
    api.project.clock.advance("1h")
    assert restore(api, restoreTime=NIGHT + 2_999).answer == refusal("RDS.3029")
    assert restore(api, restoreTime=NIGHT + 3_603_001).answer == refusal("RDS.3029")
    assert restore(api, restoreTime=NIGHT + 3_000).status == 202


def test_the_backup_wins_over_the_point_in_time(api: Api) -> None:
    assert restore(api, backupRef=api.completed(), restoreTime=0).status == 202


@pytest.mark.parametrize(
    ("point", "code"),
    [
        pytest.param({}, "RDS.0001", id="neither"),
        pytest.param({"backupRef": None, "restoreTime": None}, "RDS.0001", id="both-null"),
        pytest.param({"backupRef": ""}, "RDS.0001", id="backupRef-empty"),
        pytest.param({"backupRef": 17}, "RDS.0001", id="backupRef-number"),
        pytest.param({"restoreTime": "2026-01-31T22:00:00Z"}, "RDS.0001", id="restoreTime-string"),
        pytest.param({"restoreTime": True}, "RDS.0001", id="restoreTime-boolean"),
        pytest.param({"backupref": "x"}, "RDS.0017", id="backupref"),
        pytest.param({"backupRef": UNKNOWN_BACKUP}, "RDS.3026", id="unknown"),
        pytest.param({"restoreTime": NIGHT}, "RDS.3029", id="no-backup-by-then"),
    ],
)
def test_a_restore_from_nothing_is_refused(api: Api, refusal: Refusal, point: dict[str, Any], code: str) -> None:
    assert restore(api, **point).answer == refusal(code)


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", "RDS.0006"), (b"[]", "RDS.0001"), (b"{}", "RDS.0001"), (b'{"Restore": {}}', "RDS.0017")],
)
def test_a_body_that_is_no_action_is_refused(api: Api, refusal: Refusal, body: bytes, code: str) -> None:
    assert api.post(f"/instances/{api.node()}/action", data=body).answer == refusal(code)


def test_only_a_completed_backup_is_restored(connect: Connect, refusal: Refusal) -> None:
    api = connect({"lifecycle": {"backup": {"outcome": "FAILED"}}})
    failed = api.completed("failed")
    assert restore(api, backupRef=failed).answer == refusal("RDS.0056")
    api.delete(f"/backups/{failed}")
    assert restore(api, backupRef=failed).answer == refusal("RDS.3016")


def test_a_backup_is_not_restored_onto_another_instance_in_place(api: Api, refusal: Refusal) -> None:
    assert restore(api, api.node("pair"), backupRef=api.completed()).answer == refusal("RDS.3026")


def test_sql_server_is_not_restored(api: Api, refusal: Refusal) -> None:
    backup_id = api.completed(instance=api.node("sqlserver"))
    assert restore(api, api.node("sqlserver"), backupRef=backup_id).answer == refusal("RDS.5005")


@pytest.mark.parametrize(("node", "code"), NOT_A_PRIMARY)
def test_only_a_primary_node_is_restored(api: Api, refusal: Refusal, node: str, code: str) -> None:
    assert restore(api, api.node(node), backupRef=api.completed()).answer == refusal(code)


@pytest.mark.parametrize(("status", "code"), BUSY)
def test_a_busy_instance_is_not_restored(api: Api, refusal: Refusal, status: str, code: str) -> None:
    backup_id = api.completed()
    api.project.set_status(api.node(), status)
    assert restore(api, backupRef=backup_id).answer == refusal(code)


def test_an_instance_is_not_restored_during_a_backup_nor_twice_at_once(api: Api, refusal: Refusal) -> None:
    backup_id = api.completed("first")
    api.completed("second")
    api.create(name="third")
    assert restore(api, backupRef=backup_id).answer == refusal("RDS.3004")
    api.project.clock.advance("3s")
    assert restore(api, backupRef=backup_id).status == 202
    assert restore(api, backupRef=backup_id).answer == refusal("RDS.1002")
    assert api.create(name="fourth").answer == refusal("RDS.1002")
