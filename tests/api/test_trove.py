"""The API that is compatible with OpenStack Trove: it reads and writes the world that the others do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from mockrds.api.families import SERVED
from mockrds.domain.engines import FLAVORS, SPEC_CODES

if TYPE_CHECKING:
    from support.api import Api, Reply

SMALL = SPEC_CODES["rds.mysql.c2.medium"].id
LARGE = SPEC_CODES["rds.mysql.c2.large"].id
SQLSERVER = next(flavor.id for flavor in FLAVORS.values() if flavor.engine == "SQLServer")
REQUEST: dict[str, Any] = {
    "name": "by-trove",
    "datastore": {"type": "MySQL", "version": "MySQL-5.7"},
    "flavorRef": SMALL,
    "users": [{"name": "root", "password": "Demo@12345678"}],
    "volume": {"size": 100},
}
DONE = {"errCode": "RDS.0041", "externalMessage": "Operation successful."}


def trove(api: Api, method: str, path: str, json: Any = None) -> Reply:
    return api.call(method, f"{api.project.url}/v1.0/{api.project.id}{path}", json=json)


def good(reply: Reply, operation: str) -> Any:
    """Check status and body of a good answer against what the operation says of itself."""
    served = SERVED[operation]
    assert reply.status == served.status, reply.text
    if served.answer is None:
        assert reply.text == ""
    else:
        Draft202012Validator(served.answer.json_schema()).validate(reply.body)
    return reply.body


def refused(reply: Reply, status: int, message: str) -> bool:
    [(_, error)] = reply.body.items()
    return (reply.status, error) == (status, {"code": status, "message": message})


def rows(api: Api) -> dict[str, dict[str, Any]]:
    listed = good(trove(api, "GET", "/instances"), "trove.list_instances")["instances"]
    return {row["instance"]["name"]: row["instance"] for row in listed}


def get(api: Api, node_id: str) -> dict[str, Any]:
    return dict(good(trove(api, "GET", f"/instances/{node_id}"), "trove.get_instance")["instance"])


def create(api: Api, **change: Any) -> Reply:
    return trove(api, "POST", "/instances", {"instance": REQUEST | change})


# Instances


def test_instances_are_nodes_of_mysql_and_postgresql(api: Api) -> None:
    listed = rows(api)
    assert set(listed) == {"mysql-single_node0", "postgresql-ha_node0", "mysql-replica_node0"}
    one = listed["mysql-single_node0"]
    assert (one["id"], one["status"], one["ip"]) == (api.node(), "ACTIVE", api.instance().host)
    assert one["datastore"] == {"type": "MySQL", "version": f"MySQL-{api.instance().datastore.major}"}
    assert "replica_of" not in one
    assert [primary["id"] for primary in listed["mysql-replica_node0"]["replica_of"]] == [api.node()]


def test_one_instance_is_told_in_full(api: Api) -> None:
    one = get(api, api.node())
    instance = api.instance()
    assert (one["id"], one["cluster_id"], one["role"]) == (instance.node_id, instance.id, "master")
    assert (one["dbPort"], one["datastore"]["version"]) == (3306, f"MySQL-{instance.datastore.version}")
    assert [replica["id"] for replica in one["replicas"]] == [api.node("replica")]
    assert one["configuration"] is None
    assert refused(trove(api, "GET", f"/instances/{api.node('unknown')}"), 404, "The DB instance does not exist.")
    sqlserver = trove(api, "GET", f"/instances/{api.node('sqlserver')}")
    assert refused(sqlserver, 400, "The DB engine or version is not supported.")


def test_an_instance_is_created_and_seen_by_the_other_apis(api: Api) -> None:
    created = good(create(api), "trove.create_instance")["instance"]
    assert (created["status"], created["name"], created["volume"]) == ("BUILD", "by-trove_node0", {"size": 100})
    assert get(api, created["id"])["status"] == "BUILD"
    assert api.get(f"/instances/{created['id']}").body["instance"]["name"] == "by-trove"
    api.project.clock.advance("1m")
    assert get(api, created["id"])["status"] == "ACTIVE"


def test_a_read_replica_is_created(api: Api) -> None:
    reply = create(api, name="follower", replica_of=api.node(), slave_of="nobody", replica_count=1, users=None)
    created = good(reply, "trove.create_instance")["instance"]
    assert rows(api)["follower_node0"]["replica_of"][0]["id"] == api.node()
    assert created["id"] in [replica["id"] for replica in get(api, api.node())["replicas"]]


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"name": "x"}, 400, "Invalid DB instance name."),
        ({"datastore": {"type": "SQLServer", "version": "2019_SE"}}, 400, "The DB engine does not exist."),
        ({"datastore": {"type": "MySQL", "version": "MySQL-4.0"}}, 400, "Invalid database version."),
        ({"flavorRef": "123"}, 400, "Invalid specifications."),
        ({"flavorRef": SQLSERVER}, 400, "The selected specifications do not exist."),
        ({"volume": {"size": 30}}, 400, "Storage space is out of range."),
        ({"volume": {"size": 45}}, 400, "Storage space must be a multiple of 10."),
        ({"users": None}, 400, "Invalid database root password."),
        ({"configuration": "none"}, 404, "The parameter group does not exist."),
        ({"replica_of": "nobody"}, 400, "Invalid replica_of_id."),
        ({"replica_count": 2}, 400, "Parameter error."),
    ],
)
def test_instances_that_are_refused(api: Api, change: dict[str, Any], status: int, message: str) -> None:
    before = rows(api)
    assert refused(create(api, **change), status, message)
    assert rows(api) == before


def test_an_instance_is_deleted(api: Api) -> None:
    node = api.node("pair")
    good(trove(api, "DELETE", f"/instances/{node}"), "trove.delete_instance")
    assert get(api, node)["status"] == "ACTIVE"  # there is no word for its deletion
    api.project.clock.advance("10s")
    assert trove(api, "GET", f"/instances/{node}").status == 404


def test_the_actions_share_a_path(api: Api) -> None:
    node, path = api.node(), f"/instances/{api.node()}/action"
    good(trove(api, "POST", path, {"restart": {}}), "trove.restart_instance")
    assert get(api, node)["status"] == "REBOOTING"
    busy = trove(api, "POST", path, {"resize": {"volume": {"size": 400}}})
    assert busy.status == 409
    api.project.clock.advance("5s")
    good(trove(api, "POST", path, {"resize": {"volume": {"size": 400}}}), "trove.resize_instance_volume")
    assert (get(api, node)["status"], get(api, node)["volume"]["size"]) == ("MODIFYING", api.instance().volume_gb)
    api.project.clock.advance("5s")
    assert get(api, node)["volume"]["size"] == 400
    good(trove(api, "POST", path, {"resize": {"flavorRef": LARGE}}), "trove.change_instance_flavor")
    api.project.clock.advance("5s")
    assert get(api, node)["flavor"]["id"] == LARGE
    assert trove(api, "POST", path, {"resize": {"volume": {"size": 40}}}).status == 400


# Flavors


def test_flavors(api: Api) -> None:
    listed = good(trove(api, "GET", "/flavors"), "trove.list_flavors")["flavors"]
    assert {FLAVORS[row["str_id"]].engine for row in listed} == {"MySQL", "PostgreSQL"}
    row = next(row for row in listed if row["str_id"] == LARGE)
    assert (row["id"], row["name"], row["ram"]) == (1, "rds.mysql.c2.large", 8192)
    one = good(trove(api, "GET", f"/flavors/{LARGE}"), "trove.get_flavor")
    assert (one["ram"], one["flavor"]) == (8, row)
    assert {"name": "cpu", "value": "2"} in one["flavor_detail"]
    assert refused(trove(api, "GET", f"/flavors/{SQLSERVER}"), 400, "The selected specifications do not exist.")


# Parameters


def template(api: Api, **values: str) -> dict[str, Any]:
    body = {"name": "mine", "values": values, "datastore": {"type": "mysql", "version": "5.7"}}
    reply = trove(api, "POST", "/configurations", {"configuration": body})
    return dict(good(reply, "trove.create_configuration")["configuration"])


def test_templates_are_those_of_api_v3(api: Api) -> None:
    made = template(api, max_connections="10")
    assert (made["values"], made["instance_count"]) == ({"max_connections": "10"}, 0)
    v3 = api.call("GET", f"{api.project.url}/v3/{api.project.id}/configurations/{made['id']}").body
    assert (v3["name"], v3["datastore_name"]) == ("mine", "mysql")

    listed = good(trove(api, "GET", "/configurations"), "trove.list_configurations")["configurations"]
    assert {row["datastore_name"] for row in listed} == {"mysql", "postgresql"}
    assert [row["name"] for row in listed if row["allowed_updated"]] == ["mine"]
    default = next(row for row in listed if row["name"] == f"Default-MySQL-{api.instance().datastore.major}")
    assert default["instance_count"] == 2


def test_a_template_is_changed_in_two_ways(api: Api) -> None:
    path = f"/configurations/{template(api, max_connections='10')['id']}"
    body: dict[str, Any] = {"configuration": {"values": {"autocommit": "OFF"}}}
    assert good(trove(api, "PATCH", path, body), "trove.patch_configuration") == DONE
    body = {"configuration": {"name": "renamed", "values": {"back_log": "7"}}}
    accepted = good(trove(api, "PUT", path, body), "trove.replace_configuration")
    assert accepted == DONE | {"externalMessage": "Operation accepted success."}
    one = good(trove(api, "GET", path), "trove.get_configuration")["configuration"]
    assert one["name"] == "renamed"
    assert one["values"] == {"max_connections": "10", "autocommit": "OFF", "back_log": "7"}
    parameter = next(row for row in one["parameters"] if row["name"] == "back_log")
    assert (parameter["value"], parameter["needRestart"], parameter["readonly"]) == ("7", "1", "0")
    body = {"configuration": {"values": {"back_log": "0"}}}
    assert refused(trove(api, "PATCH", path, body), 400, "The parameter value is out of range.")


def test_a_template_in_use_is_not_deleted(api: Api) -> None:
    made = template(api, max_connections="10")
    path = f"/configurations/{made['id']}"
    node = create(api, configuration=made["id"]).body["instance"]["id"]
    assert get(api, node)["configuration"]["name"] == "mine"
    users = good(trove(api, "GET", f"{path}/instances"), "trove.list_configuration_instances")["instances"]
    assert users == [{"id": node, "name": "by-trove_node0"}]
    assert refused(trove(api, "DELETE", path), 400, "The parameter template has been applied.")
    api.project.clock.advance("1m")
    trove(api, "DELETE", f"/instances/{node}")
    api.project.clock.advance("1m")
    assert good(trove(api, "DELETE", path), "trove.delete_configuration") == DONE
    assert refused(trove(api, "GET", path), 404, "The parameter group does not exist.")


def test_what_a_template_becomes_its_users_become(api: Api) -> None:
    made = template(api, max_connections="10")
    node = create(api, configuration=made["id"]).body["instance"]["id"]
    inside = f"{api.project.url}/v3/{api.project.id}/instances/{get(api, node)['cluster_id']}/configurations"

    def told() -> str:
        rows = api.call("GET", inside).body["configuration_parameters"]
        return str(next(row["value"] for row in rows if row["name"] == "max_connections"))

    assert told() == "10"
    body = {"values": {"max_connections": "11"}}
    api.call("PUT", f"{api.project.url}/v3/{api.project.id}/configurations/{made['id']}", json=body)
    assert told() == "10"  # API v3 changes the template only
    trove(api, "PATCH", f"/configurations/{made['id']}", {"configuration": {"values": {"max_connections": "12"}}})
    assert told() == "12"


def test_an_instance_outlives_the_template_it_was_made_with(api: Api) -> None:
    made = template(api, max_connections="10")
    node = create(api, configuration=made["id"]).body["instance"]["id"]
    api.call("DELETE", f"{api.project.url}/v3/{api.project.id}/configurations/{made['id']}")
    one = get(api, node)
    assert one["configuration"] is None
    url = f"{api.project.url}/v3/{api.project.id}/instances/{one['cluster_id']}/configurations"
    rows = api.call("GET", url).body["configuration_parameters"]
    assert next(row["value"] for row in rows if row["name"] == "max_connections") == "10"


def test_a_template_of_another_version_is_refused(api: Api) -> None:
    made = template(api, max_connections="10")
    reply = create(api, configuration=made["id"], datastore={"type": "MySQL", "version": "8.0"})
    assert refused(reply, 400, "The DB engine or version is not supported.")


def test_parameters_are_defined(api: Api) -> None:
    path = f"/datastores/versions/{api.instance().datastore.version_id}/parameters"
    listed = good(trove(api, "GET", path), "trove.list_datastore_parameters")["configuration-parameters"]
    [one] = good(trove(api, "GET", f"{path}/back_log"), "trove.get_datastore_parameter")["configuration-parameters"]
    assert one in listed
    assert (one["min"], one["max"], one["type"], one["restart_required"]) == ("1", "65535", "integer", True)
    assert refused(trove(api, "GET", f"{path}/no_such"), 400, "The parameter does not exist.")


def test_default_parameters_are_told_whatever_was_set(api: Api) -> None:
    api.put(f"/instances/{api.node()}/parameters", json={"values": {"max_connections": 20}})
    path = f"/instances/{api.node()}/configuration"
    told = good(trove(api, "GET", path), "trove.get_instance_default_configuration")["instance"]["configuration"]
    assert told["max_connections"] == "800"
