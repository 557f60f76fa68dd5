"""Changes of instances through API v1: class, disk, elastic IP address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockrds.domain.engines import FLAVORS

if TYPE_CHECKING:
    from support.api import Api, Reply

OTHER = next(
    flavor.id for flavor in FLAVORS.values() if flavor.spec_code.startswith("rds.mysql") and flavor.mode == "single"
    and flavor.spec_code != "rds.mysql.n1.large"
)  # fmt: skip


def act(api: Api, role: str, **action: Any) -> Reply:
    return api.post(f"/instances/{api.node(role)}/action", json=action)


def test_another_class_is_there_once_the_change_is_over(api: Api) -> None:
    reply = act(api, "primary", resize={"flavorRef": OTHER})
    during = api.get(f"/instances/{api.node()}").body["instance"]
    api.project.clock.advance("1m")
    after = api.get(f"/instances/{api.node()}").body["instance"]

    assert reply.status == 202
    assert [len(job) for job in reply.body["jobId"]] == [32]
    assert (during["status"], during["flavor"]["id"] == OTHER) == ("MODIFYING", False)
    assert (after["status"], after["flavor"]["id"]) == ("ACTIVE", OTHER)


def test_a_disk_grows_and_never_shrinks(api: Api) -> None:
    grown = act(api, "primary", resize={"volume": {"size": 200}})
    api.project.clock.advance("1m")
    same = act(api, "primary", resize={"volume": {"size": 200}})

    assert (grown.status, api.get(f"/instances/{api.node()}").body["instance"]["volume"]["size"]) == (202, 200)
    assert grown.body["extendparam"]["jobs"][0]["id"].count("-") == 4
    assert (same.status, same.body["errCode"]) == (400, "RDS.1111")


def test_an_address_is_bound_and_unbound(api: Api) -> None:
    bound = {"action": "enablePublicAccess", "publicIP": "198.18.0.9", "publicIPId": "x"}

    assert act(api, "primary", setPublicIp=bound).answer == (202, {})
    assert api.project.instances[0].public_ip == "198.18.0.9"
    assert act(api, "primary", setPublicIp={"action": "disablePublicAccess"}).answer == (202, {})
    assert api.project.instances[0].public_ip == ""


@pytest.mark.parametrize(
    ("action", "status", "code"),
    [
        ({"resize": {"flavorRef": "x"}}, 400, "RDS.5006"),
        ({"resize": {"flavorRef": "00000000-0000-4000-8000-000000000000"}}, 404, "RDS.5007"),
        ({"resize": {"volume": {}}}, 400, "RDS.5009"),
        ({"resize": {"volume": {"size": 4010}}}, 400, "RDS.5009"),
        ({"resize": {"volume": {"size": 205}}}, 400, "RDS.5033"),
        ({"resize": {}}, 400, "RDS.0001"),
        ({"setPublicIp": {"action": "enablePublicAccess"}}, 400, "RDS.0001"),
        ({"setPublicIp": {"action": "publish"}}, 400, "RDS.0001"),
        ({"setPublicIp": {"action": "disablePublicAccess"}}, 409, "RDS.0004"),
    ],
)
def test_what_is_wrong_is_refused(api: Api, action: dict[str, Any], status: int, code: str) -> None:
    reply = act(api, "primary", **action)

    assert (reply.status, reply.body["errCode"]) == (status, code)


def test_a_standby_is_not_changed_by_itself(api: Api) -> None:
    standby = api.project.instances[1].standby
    assert standby is not None

    reply = api.post(f"/instances/{standby.id}/action", json={"resize": {"volume": {"size": 200}}})

    assert (reply.status, reply.body["errCode"]) == (409, "RDS.0056")
