"""API v1: restoring a backup, or a point in time, to a new DB instance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from mockrds.domain.engines import FLAVORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.api import Api

    Refusal = Callable[..., tuple[int, dict[str, str]]]

BUILDING = {"status": "BUILD", "created": "", "hostname": "", "updated": "", "dataStoreInfo": None}
MYSQL = "bf07a6d4-844a-4023-a776-fc5c5fb71fb4"
POSTGRESQL = next(flavor.id for flavor in FLAVORS.values() if flavor.engine == "PostgreSQL")
UNKNOWN = "2f4ddb93-b901-4b08-93d8-1d2e472f30fe"


def restore(api: Api, backup_id: str | None = None, **changes: Any) -> Any:
    request = {
        "name": "restored",
        "flavorRef": MYSQL,
        "volume": {"size": 100},
        "restorePoint": {"backupRef": backup_id},
    }
    fields = {key: value for key, value in (request | changes).items() if value is not ...}
    return api.post("/instances", json={"instance": fields})


def test_a_restored_instance_takes_everything_but_its_name_class_and_volume_from_its_source(api: Api) -> None:
    reply = restore(api, api.completed(), volume={"size": 120})
    restored = reply.body["instance"]
    source = api.get("/instances").body["instances"][0]
    own = {"id": restored["id"], "name": "restored", "volume": {"type": "CLOUDSSD", "size": 120}}
    assert reply.answer == (202, {"instance": source | BUILDING | own | {"extendparam": restored["extendparam"]}})
    assert re.fullmatch("ff8080[0-9a-f]{26}", restored["extendparam"]["jobs"][0]["id"])
    api.project.clock.advance("5s")
    assert api.get(f"/instances/{restored['id']}").body["instance"]["status"] == "ACTIVE"


def test_a_point_in_time_of_another_instance_is_restored(api: Api, refusal: Refusal) -> None:
    api.completed()
    now = round(api.project.clock.now() * 1000)

    def at(milliseconds: int, source: str) -> Any:
        return restore(api, restorePoint={"restoreTime": milliseconds, "sourceInstanceId": source}).answer

    assert at(now, api.node())[0] == 202
    assert at(now - 1, api.node()) == refusal("RDS.3029")
    assert at(now, api.node("pair")) == refusal("RDS.3029")
    assert at(now, api.node("unknown")) == refusal("RDS.5042")
    assert at(now, api.node("instance id")) == refusal("RDS.5042")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "abc"}, "RDS.5001"),
        ({"flavorRef": "large"}, "RDS.5006"),
        ({"flavorRef": UNKNOWN}, "RDS.5007"),
        ({"flavorRef": POSTGRESQL}, "RDS.5007"),
        ({"volume": ...}, "RDS.5009"),
        ({"volume": {"size": 30}}, "RDS.5009"),
        ({"volume": {"size": 105}}, "RDS.5033"),
        ({"volume": {"size": 90}}, "RDS.3030"),
        ({"ha": {"enable": True, "replicationMode": "fast"}}, "RDS.5029"),
        ({"ha": {"enable": True, "replicationMode": "sync"}}, "RDS.5029"),
        ({"restorePoint": None}, "RDS.0001"),
        ({"restorePoint": {}}, "RDS.0001"),
        ({"restorePoint": {"restoretime": 1}}, "RDS.0017"),
        ({"restorePoint": {"backupRef": UNKNOWN}}, "RDS.3026"),
        ({"restorePoint": {"restoreTime": 1}}, "RDS.5042"),
    ],
    ids=lambda value: re.sub(r"[^\w.:-]+", " ", str(value)).strip(),
)
def test_any_other_restore_is_refused(api: Api, refusal: Refusal, changes: dict[str, Any], code: str) -> None:
    assert restore(api, api.completed(), **changes).answer == refusal(code)
    assert (len(api.project.instances), api.project.errors) == (4, [])


def test_sql_server_and_unfinished_backups_are_not_restored(api: Api, refusal: Refusal) -> None:
    assert restore(api, api.completed("done", instance=api.node("sqlserver"))).answer == refusal("RDS.5005")
    assert restore(api, api.create().body["backup"]["id"]).answer == refusal("RDS.0056")


def test_a_backup_outlives_its_instance_and_can_be_restored_to_a_new_one(api: Api, refusal: Refusal) -> None:
    backup_id, node = api.completed(), api.node()
    api.delete(f"/instances/{node}")
    api.project.clock.advance("3s")
    in_place = api.post(f"/instances/{node}/action", json={"restore": {"backupRef": backup_id}})
    assert in_place.answer == refusal("RDS.0002")
    assert restore(api, backup_id).status == 202
