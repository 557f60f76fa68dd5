"""What operations say of themselves: which one a body means, and where requests name the instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockrds.api.families import SERVED
from mockrds.api.operation import has, meant
from mockrds.domain.operations import OPERATIONS

if TYPE_CHECKING:
    from support.api import Api


def sharing(method: str, path: str) -> tuple[str, ...]:
    return tuple(each.id for each in OPERATIONS.values() if (each.method, each.path) == (method, path))


V1_INSTANCES = sharing("POST", "/rds/v1/{project_id}/instances")
V1_ACTION = sharing("POST", "/rds/v1/{project_id}/instances/{instanceId}/action")
V3_INSTANCES = sharing("POST", "/v3/{project_id}/instances")
V3_ACTION = sharing("POST", "/v3/{project_id}/instances/{instance_id}/action")
V3_TAGS = sharing("POST", "/v3/{project_id}/instances/{instance_id}/tags/action")
TROVE_ACTION = sharing("POST", "/v1.0/{project_id}/instances/{instanceId}/action")


@pytest.mark.parametrize(
    ("operations", "body", "operation"),
    [
        (V1_INSTANCES, {"instance": {"restorePoint": None}}, "v1.restore_to_new_instance"),
        (V1_INSTANCES, {"instance": {}}, "v1.create_instance"),
        (V1_INSTANCES, {"instance": []}, "v1.create_instance"),
        (V1_INSTANCES, {"restorePoint": {}}, "v1.create_instance"),
        (V1_ACTION, {"restart": {}, "setPublicIp": {}}, "v1.restart_instance"),
        (V1_ACTION, {"setPublicIp": {}, "resize": {"flavorRef": ""}}, "v1.bind_unbind_eip"),
        (V1_ACTION, {"resize": {"flavorRef": "", "volume": {}}}, "v1.change_instance_flavor"),
        (V1_ACTION, {"resize": {}}, "v1.resize_instance_volume"),
        (V1_ACTION, {"resize": 5}, "v1.restore_to_original"),
        (V1_ACTION, {}, "v1.restore_to_original"),
        (V3_INSTANCES, {"restore_point": {}}, "v3.restore_to_new_instance"),
        (V3_INSTANCES, {"restore_point": None}, "v3.create_instance"),
        (V3_ACTION, {"change_volume": {}, "resize_flavor": {}}, "v3.change_instance_flavor"),
        (V3_ACTION, {"change_volume": {}, "single_to_ha": {}}, "v3.single_to_ha"),
        (V3_ACTION, {"enlarge_volume": None}, "v3.resize_instance_volume"),
        (V3_ACTION, {}, "v3.restart_instance"),
        (V3_TAGS, {"action": "delete"}, "v3.delete_instance_tags"),
        (V3_TAGS, {"action": "?"}, "v3.add_instance_tags"),
        (TROVE_ACTION, {"restart": None}, "trove.restart_instance"),
        (TROVE_ACTION, {"resize": {"flavorRef": 1}}, "trove.change_instance_flavor"),
        (TROVE_ACTION, {"resize": 5}, "trove.resize_instance_volume"),
        (sharing("GET", "/"), {}, "iam.list_versions"),
        (("v3.nothing", "v3.nothing_else"), {}, "v3.nothing"),
    ],
)
def test_a_body_means_one_of_the_operations_that_share_a_path(
    operations: tuple[str, ...], body: dict[str, Any], operation: str
) -> None:
    assert meant(operations, body) == operation


def test_operations_that_share_a_path_can_all_be_meant() -> None:
    paths = {(each.method, each.path) for each in OPERATIONS.values() if each.id in SERVED}
    alike = [[each for each in sharing(*path) if each in SERVED and SERVED[each].when is None] for path in paths]

    assert [operations for operations in alike if len(operations) > 1] == []


@pytest.mark.parametrize(
    ("body", "there"),
    [({"a": {"b": None}}, True), ({"a": {"b": 1}}, True), ({"a": {}}, False), ({"a": "b"}, False), ({"b": 1}, False)],
)
def test_has_looks_for_a_key(body: dict[str, Any], there: bool) -> None:  # noqa: FBT001
    assert has("a", "b")(body) is there


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/rds/v1/{p}/backups", {"backup": {"name": "x", "instance": "{node}"}}),
        ("POST", "/rds/v1/{p}/instances", {"instance": {"replicaOf": "{node}"}}),
        ("POST", "/rds/v1/{p}/instances", {"instance": {"restorePoint": {"sourceInstanceId": "{node}"}}}),
        ("POST", "/rds/v1/{p}/instances", {"instance": {"restorePoint": {"backupRef": "{backup}"}}}),
        ("POST", "/rds/v1/{p}/instances/unknown/action", {"restore": {"backupRef": "{backup}"}}),
        ("GET", "/rds/v1/{p}/instances/{node}", None),
        ("DELETE", "/rds/v1/{p}/backups/{backup}", None),
        ("POST", "/v3/{p}/backups", {"instance_id": "{id}"}),
        ("POST", "/v3/{p}/instances", {"replica_of_id": "{id}"}),
        ("POST", "/v3/{p}/instances", {"restore_point": {"instance_id": "{id}"}}),
        ("POST", "/v3/{p}/instances/recovery", {"source": {"instance_id": "{id}"}}),
        ("POST", "/v3/{p}/instances/recovery", {"source": {"instance_id": 1}, "target": {"instance_id": "{id}"}}),
        ("POST", "/v3.1/{p}/instances/recovery", {"target": {"instance_id": "{id}"}}),
        ("GET", "/v3/{p}/backups?instance_id={id}&limit=x", None),
        ("GET", "/v3/{p}/instances?id={id}", None),
        ("GET", "/v3/{p}/tasklist?instance_id={id}", None),
        ("GET", "/v3/{p}/schedule-tasks?instance_id={id}", None),
        ("POST", "/v1.0/{p}/instances", {"instance": {"replica_of": "{node}"}}),
        ("POST", "/v1.0/{p}/instances", {"instance": {"slave_of": "{node}"}}),
    ],
)
def test_a_rule_finds_the_instance_where_the_operation_names_it(api: Api, method: str, path: str, body: Any) -> None:
    ids = {"{p}": api.project.id, "{node}": api.node(), "{id}": api.instance().id, "{backup}": api.completed()}
    for name, match in (("wrong", "postgresql-ha"), ("right", "mysql-single")):
        api.project.faults.add(name=name, match={"instance": match}, response={"status": 555})

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(inner) for key, inner in value.items()}
        for name, text in ids.items():
            value = value.replace(name, text) if isinstance(value, str) else value
        return value

    reply = api.call(method, api.project.url + filled(path), json=filled(body))

    assert (reply.status, reply.headers["X-Mockrds-Fault"]) == (555, "right")
