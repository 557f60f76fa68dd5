"""API v3: quotas, versions, instance classes, kinds of disks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.api import Api, Connect, Reply

ENGINES = ("MySQL", "PostgreSQL", "SQLServer")
ZONES = ["eu-de-01", "eu-de-02", "eu-de-03"]
NORMAL = dict.fromkeys(ZONES, "normal")


def call(api: Api, path: str, **query: str) -> Reply:
    return api.call("GET", f"{api.project.url}/v3/{api.project.id}{path}", params=query)


def flavors(api: Api, engine: str = "MySQL", **query: str) -> list[dict[str, Any]]:
    reply = call(api, f"/flavors/{engine}", **query)
    assert (reply.status, list(reply.body)) == (200, ["flavors"])
    found: list[dict[str, Any]] = reply.body["flavors"]
    return found


def storage(api: Api, engine: str, **query: str) -> dict[str, list[str]]:
    reply = call(api, f"/storage-type/{engine}", **query)
    assert (reply.status, list(reply.body)) == (200, ["storage_type"])
    assert all(kind["az_status"] == NORMAL for kind in reply.body["storage_type"])
    return {kind["name"]: kind["support_compute_group_type"] for kind in reply.body["storage_type"]}


def refused(reply: Reply) -> tuple[int, str]:
    assert list(reply.body) == ["error_msg", "error_code"]
    return reply.status, reply.body["error_code"]


# Quotas


def quota(api: Api) -> tuple[int, int]:
    reply = call(api, "/quotas")
    assert (reply.status, list(reply.body), list(reply.body["quotas"])) == (200, ["quotas"], ["resources"])
    [resource] = reply.body["quotas"]["resources"]
    assert (list(resource), resource["type"]) == (["quota", "used", "type"], "instance")
    return resource["quota"], resource["used"]


def test_the_quota_of_the_scenario_is_told(connect: Connect) -> None:
    api = connect({"world": {"quotas": {"instances": 7}}})

    assert quota(api) == (7, 4)


def test_instances_count_until_they_are_gone(api: Api) -> None:
    api.call("DELETE", f"{api.project.url}/v3/{api.project.id}/instances/{api.instance('pair').id}")

    assert quota(api)[1] == 4
    api.project.clock.advance("3s")
    assert quota(api)[1] == 3


def test_without_a_limit_there_is_always_room(connect: Connect) -> None:
    assert quota(connect()) == (100, 4)
    many = {"world": {"instances": [{"name": f"instance-{i}"} for i in range(100)]}}
    assert quota(connect(many)) == (101, 100)


# Versions


def test_major_versions_are_listed(api: Api) -> None:
    assert call(api, "/datastores/MySQL").answer == (
        200,
        {
            "dataStores": [
                {"id": "87620726-6802-46c0-9028-a8785e1f1921", "name": "8.0"},
                {"id": "87620726-6802-46c0-9028-a8785e1f1922", "name": "5.7"},
            ]
        },
    )


def test_every_version_has_an_id_of_its_own(api: Api) -> None:
    versions = [each for engine in ENGINES for each in call(api, f"/datastores/{engine}").body["dataStores"]]

    assert [each["name"] for each in versions[2:]] == [
        *("17", "16", "15", "14", "13", "12"),
        *("2022_SE", "2022_EE", "2019_SE", "2019_EE", "2017_SE", "2017_EE"),
    ]
    assert len({each["id"] for each in versions}) == len(versions)


@pytest.mark.parametrize("path", ["/datastores/{}", "/flavors/{}", "/storage-type/{}?version_name=17"])
def test_engines_are_found_in_any_letter_case(api: Api, path: str) -> None:
    answers = [call(api, path.format(name)).answer for name in ("PostgreSQL", "postgresql", "POSTGRESQL")]

    assert answers[0][0] == 200
    assert answers[1:] == answers[:1] * 2


@pytest.mark.parametrize("path", ["/datastores/Oracle", "/flavors/Oracle", "/storage-type/Oracle?version_name=5.7"])
def test_an_unknown_engine_is_refused(api: Api, path: str) -> None:
    assert refused(call(api, path)) == (400, "DBS.200042")


# Instance classes


def test_a_class_is_found_by_its_code(api: Api) -> None:
    [flavor] = flavors(api, "mysql", version_name="5.7", spec_code="rds.mysql.n1.xlarge.4.rr")

    assert flavor == {
        "vcpus": "4",
        "ram": 16,
        "id": flavor["id"],
        "spec_code": "rds.mysql.n1.xlarge.4.rr",
        "version_name": ["8.0", "5.7"],
        "instance_mode": "replica",
        "az_status": NORMAL,
        "az_desc": {zone: zone for zone in ZONES},
        "group_type": "general",
    }


def test_all_classes_of_an_engine_are_listed(api: Api) -> None:
    found = flavors(api, "PostgreSQL")

    assert {flavor["spec_code"].split(".")[1] for flavor in found} == {"pg"}
    assert {flavor["instance_mode"] for flavor in found} == {"single", "ha", "replica"}
    assert {flavor["group_type"] for flavor in found} == {"general", "dedicated"}
    assert flavors(api, "PostgreSQL", version_name="") == found
    assert flavors(api, "PostgreSQL", version_name="16", spec_code="") == found
    assert flavors(api, "PostgreSQL", version_name="16.8") == found
    assert flavors(api, "PostgreSQL", spec_code="rds.mysql.n1.large") == []


def test_an_instance_of_every_listed_class_can_be_asked_for(api: Api) -> None:
    primary = api.instance()
    body = {
        "name": "another",
        "datastore": {"type": "MySQL", "version": "8.0"},
        "flavor_ref": flavors(api, spec_code="rds.mysql.x1.large.4")[0]["spec_code"],
        "volume": {"type": "CLOUDSSD", "size": 40},
        "region": "eu-de",
        "availability_zone": "eu-de-02",
        "vpc_id": primary.vpc_id,
        "subnet_id": primary.subnet_id,
        "security_group_id": primary.security_group_id,
        "password": "Test@12345678",
    }

    reply = api.call("POST", f"{api.project.url}/v3/{api.project.id}/instances", json=body)
    assert (reply.status, reply.body["instance"]["flavor_ref"]) == (202, "rds.mysql.x1.large.4")


def test_editions_of_sqlserver_have_their_kinds_of_instances(api: Api) -> None:
    def modes(version: str) -> set[str]:
        return {flavor["instance_mode"] for flavor in flavors(api, "SQLServer", version_name=version)}

    assert modes("2022_SE") == {"single", "ha"}
    assert modes("2022_EE") == {"replica", "ha"}
    [single] = flavors(api, "SQLServer", spec_code="rds.mssql.n1.large.2")
    assert single["version_name"] == ["2022_SE", "2019_SE", "2017_SE"]


@pytest.mark.parametrize("path", ["/flavors/MySQL", "/storage-type/MySQL"])
def test_an_unknown_version_is_refused(api: Api, path: str) -> None:
    assert refused(call(api, path, version_name="17")) == (400, "DBS.200041")


# Kinds of disks


def test_kinds_of_disks_are_listed(api: Api) -> None:
    both = ["general", "dedicated"]

    assert storage(api, "mysql", version_name="5.7") == {"CLOUDSSD": both, "ESSD": both}
    assert storage(api, "mysql", version_name="5.7", ha_mode="ha") == {"CLOUDSSD": both, "ESSD": both}
    assert storage(api, "PostgreSQL", version_name="16") == {"CLOUDSSD": both, "ESSD": ["general"]}
    assert storage(api, "SQLServer", version_name="2019_EE", ha_mode="replica") == {
        "CLOUDSSD": both,
        "ESSD": ["general"],
    }
    assert storage(api, "SQLServer", version_name="2019_EE", ha_mode="single") == {}


def test_kinds_of_disks_are_asked_for_by_version_and_mode(api: Api) -> None:
    assert refused(call(api, "/storage-type/MySQL")) == (400, "DBS.200041")
    assert refused(call(api, "/storage-type/MySQL", version_name="5.7", ha_mode="trio")) == (400, "DBS.200051")


def test_the_use_of_a_disk_does_not_change(api: Api) -> None:
    instance = api.instance("sqlserver")
    path = f"/instances/{instance.id}/storage-used-space"
    reply = call(api, path)

    assert (reply.status, list(reply.body)) == (200, ["node_id", "used"])
    assert reply.body["node_id"] == instance.node_id
    assert 0 < float(reply.body["used"]) <= instance.volume_gb
    api.project.clock.advance("1d")
    assert call(api, path).body == reply.body
    assert call(api, f"/instances/{api.instance().id}/storage-used-space").body["used"] != reply.body["used"]


def test_a_disk_is_never_more_than_full(connect: Connect) -> None:
    api = connect({"world": {"instances": [{"name": f"instance-{i}", "volume_gb": 1} for i in range(20)]}})
    used = [call(api, f"/instances/{each.id}/storage-used-space").body["used"] for each in api.project.instances]

    assert {share for share in used if float(share) >= 1} == {"1.00"}


def test_the_use_of_a_disk_of_postgresql_is_not_told(api: Api) -> None:
    assert refused(call(api, f"/instances/{api.instance('pair').id}/storage-used-space")) == (400, "DBS.200040")
