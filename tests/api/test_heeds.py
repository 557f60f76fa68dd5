"""What an operation says that it heeds makes a difference to it, and nothing else does."""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, get_args

import pytest
from test_trove import LARGE, REQUEST as TROVE_INSTANCE
from test_v1_instances import MYSQL, REQUEST as V1_INSTANCE
from test_v3_instances import SINGLE as V3_INSTANCE

from mockrds.api.call import Call
from mockrds.api.families import SERVED
from mockrds.api.operation import Effect, heeds
from mockrds.domain.operations import OPERATIONS
from mockrds.domain.world_template import WorldEffect

if TYPE_CHECKING:
    from support.api import Api, Connect, Reply

EFFECTS: dict[str, Any] = {
    "quota": 0,
    "lifecycle": {"seconds": "1000h"},
    "visible_after": "1000h",
    "stale": "20000d",
}
HEEDED = [(operation, effect) for operation, served in SERVED.items() for effect in sorted(served.heeds)]
V1_LARGER = {"resize": {"volume": {"size": 200}}}
DATES = "start_date=2026-01-31T01:00:00%2B0000&end_date=2026-01-31T02:00:00%2B0000"
TIMES = DATES.replace("_date", "_time")

REQUESTS: dict[str, tuple[str, Any]] = {
    "v1.create_manual_backup": ("/backups", {"backup": {"name": "second", "instance": "{node}"}}),
    "v1.list_manual_backups": ("/backups", None),
    "v1.delete_manual_backup": ("/backups/{backup}", None),
    "v1.restore_to_original": ("/instances/{node}/action", {"restore": {"backupRef": "{backup}"}}),
    "v1.restore_to_new_instance": (
        "/instances",
        {
            "instance": {
                "name": "restored",
                "flavorRef": MYSQL,
                "volume": {"size": 100},
                "restorePoint": {"backupRef": "{backup}"},
            }
        },
    ),
    "v1.create_instance": ("/instances", {"instance": V1_INSTANCE}),
    "v1.list_instances": ("/instances", None),
    "v1.get_instance": ("/instances/{node}", None),
    "v1.delete_instance": ("/instances/{node:pair}", None),
    "v1.restart_instance": ("/instances/{node}/action", {"restart": {}}),
    "v1.change_instance_flavor": ("/instances/{node}/action", {"resize": {"flavorRef": LARGE}}),
    "v1.resize_instance_volume": ("/instances/{node}/action", V1_LARGER),
    "v1.list_error_logs": ("/instances/{node}/errorlog?startDate=2026-01-31+01:00&endDate=2026-01-31+02:00", None),
    "v1.list_slow_logs": ("/instances/{node}/slowlog", None),
    "v3.create_manual_backup": ("/backups", {"name": "second", "instance_id": "{id}"}),
    "v3.list_backups": ("/backups?instance_id={id}", None),
    "v3.delete_manual_backup": ("/backups/{backup}", None),
    "v3.batch_delete_manual_backups": ("/backups/batch-delete", {"backup_ids": ["{backup:sqlserver}"]}),
    "v3.restore_to_existing_instance": (
        "/instances/recovery",
        {
            "source": {"instance_id": "{id}", "type": "backup", "backup_id": "{backup}"},
            "target": {"instance_id": "{id}"},
        },
    ),
    "v3.1.restore_to_existing_instance": (
        "/instances/recovery",
        {
            "source": {"instance_id": "{id}", "type": "backup", "backup_id": "{backup}"},
            "target": {"instance_id": "{id}"},
        },
    ),
    "v3.restore_to_new_instance": (
        "/instances",
        {key: V3_INSTANCE[key] for key in V3_INSTANCE if key not in ("datastore", "region", "charge_info", "time_zone")}
        | {"restore_point": {"instance_id": "{id}", "type": "backup", "backup_id": "{backup}"}},
    ),
    "v3.create_instance": ("/instances", V3_INSTANCE),
    "v3.list_instances": ("/instances", None),
    "v3.delete_instance": ("/instances/{id:pair}", None),
    "v3.restart_instance": ("/instances/{id}/action", {"restart": {}}),
    "v3.change_instance_flavor": ("/instances/{id}/action", {"resize_flavor": {"spec_code": "rds.mysql.c2.large"}}),
    "v3.resize_instance_volume": ("/instances/{id}/action", {"enlarge_volume": {"size": 200}}),
    "v3.change_storage_type": (
        "/instances/{id:pair}/action",
        {"change_volume": {"volume_code": "rds.pg.volume.essd.ha"}},
    ),
    "v3.single_to_ha": ("/instances/{id}/action", {"single_to_ha": {"az_code_new_node": "eu-de-02"}}),
    "v3.stop_instance": ("/instances/{id:pair}/action/shutdown", {}),
    "v3.start_instance": ("/instances/{id}/action/startup", {}),
    "v3.upgrade_minor_version": ("/instances/{id}/db-upgrade", {}),
    "v3.switchover": ("/instances/{id:pair}/failover", {}),
    "v3.set_replication_mode": ("/instances/{id:pair}/failover/mode", {"mode": "async"}),
    "v3.migrate_standby": ("/instances/{id:pair}/migrateslave", {"nodeId": "{node:standby}", "azCode": "eu-de-03"}),
    "v3.change_port": ("/instances/{id}/port", {"port": 8000}),
    "v3.create_private_domain": ("/instances/{id:pair}/create-dns", {"dns_type": "private"}),
    "v3.modify_private_domain": ("/instances/{id}/modify-dns", {"dns_name": "newName1"}),
    "v3.enable_tde": ("/instances/{id:sqlserver}/tde", {}),
    "v3.add_msdtc_hosts": ("/instances/{id:sqlserver}/msdtc/host", {"hosts": [{"host_name": "a", "ip": "127.0.0.1"}]}),
    "v3.list_error_logs": (f"/instances/{{id}}/errorlog?{DATES}", None),
    "v3.list_slow_logs": (f"/instances/{{id}}/slowlog?{DATES}", None),
    "v3.get_slow_log_statistics": (
        f"/instances/{{id}}/slowlog/statistics?cur_page=1&per_page=5&type=ALL&{DATES}",
        None,
    ),
    "v3.1.get_slow_log_statistics": (
        "/instances/{id}/slow-logs/statistics",
        {"start_time": "2026-01-31T01:00:00+0000", "end_time": "2026-01-31T02:00:00+0000"},
    ),
    "v3.list_slow_log_files": ("/instances/{id:sqlserver}/slowlog-files", None),
    "v3.set_slow_log_sensitization": ("/instances/{id}/slowlog-sensitization/on", None),
    "v3.list_audit_logs": (f"/instances/{{id}}/auditlog?offset=0&limit=10&{TIMES}", None),
    "v3.list_major_version_targets": ("/instances/{id:pair}/major-version/available-version", None),
    "trove.list_instances": ("/instances", None),
    "trove.get_instance": ("/instances/{node}", None),
    "trove.create_instance": ("/instances", {"instance": TROVE_INSTANCE}),
    "trove.delete_instance": ("/instances/{node:pair}", None),
    "trove.restart_instance": ("/instances/{node}/action", {"restart": {}}),
    "trove.change_instance_flavor": ("/instances/{node}/action", {"resize": {"flavorRef": LARGE}}),
    "trove.resize_instance_volume": ("/instances/{node}/action", V1_LARGER),
    "trove.get_instance_default_configuration": ("/instances/{node}/configuration", None),
}
"""A good request of each operation that heeds something: where, and the body. In braces: what an instance has."""


def v3(api: Api, method: str, path: str, body: Any = None) -> Reply:
    return api.call(method, f"{api.project.url}/v3/{api.project.id}{path}", json=body)


def prepare(api: Api) -> dict[str, str]:
    """Make what the requests need; return what stands for it in them."""
    return {
        "{node}": api.node(),
        "{id}": api.instance().id,
        "{backup}": api.completed(),
        "{node:pair}": api.node("pair"),
        "{node:standby}": api.node("standby"),
        "{id:pair}": api.instance("pair").id,
        "{id:sqlserver}": api.instance("sqlserver").id,
        "{backup:sqlserver}": api.completed("other", instance=api.node("sqlserver")),
    }


def filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: filled(inner, ids) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, ids) for inner in value]
    if isinstance(value, str):
        for name, text in ids.items():
            value = value.replace(name, text)
    return value


def outcome(api: Api, operation: str, **rule: Any) -> Any:
    """Call *operation*; return its status, how much its answer lists, and what clients see of the project later."""
    ids = prepare(api)
    if operation.startswith("v3"):  # ids of API v3 say which engine a backup is of
        for name, suffix in (("{backup}", "br01"), ("{backup:sqlserver}", "br04")):
            ids[name] = ids[name].replace("-", "") + suffix
    if operation == "v3.start_instance":
        v3(api, "POST", f"/instances/{ids['{id}']}/action/shutdown", {})
    if operation == "v3.modify_private_domain":
        v3(api, "POST", f"/instances/{ids['{id}']}/create-dns", {"dns_type": "private"})
    api.project.clock.advance("1h")
    if rule:
        api.project.faults.add(operation=operation, **rule)
    assert operation in REQUESTS, "REQUESTS has a request for each operation that heeds something"
    path, body = (filled(each, ids) for each in REQUESTS[operation])
    served = OPERATIONS[operation]
    base = served.path.partition("{project_id}")[0]
    reply = api.call(served.method, f"{api.project.url}{base}{api.project.id}{path}", json=body)
    if not rule or "lifecycle" in rule or "visible_after" in rule:
        assert reply.status == SERVED[operation].status, reply.text
    now = [api.get(f"/{kind}").body[kind] for kind in ("instances", "backups")]
    api.project.clock.advance("1h")
    later = [
        *(api.get(f"/{kind}").body[kind] for kind in ("instances", "backups")),
        v3(api, "GET", "/tasklist").body["tasks"],
    ]
    listed = [len(value) for value in (reply.body or {}).values() if isinstance(value, list)]
    return reply.status, listed, [[(row["name"], row["status"]) for row in rows] for rows in (*now, *later)]


@pytest.mark.parametrize(("operation", "effect"), HEEDED)
def test_what_an_operation_heeds_makes_a_difference(connect: Connect, operation: str, effect: str) -> None:
    usual = outcome(connect(), operation)
    assert outcome(connect(), operation) == usual  # no chance is in it

    api = connect()
    assert outcome(api, operation, **{effect: EFFECTS[effect]}) != usual
    assert [armed.fired > 0 for armed in api.project.faults.armed] == [True]


def test_all_that_heeds_something_is_asked() -> None:
    assert REQUESTS.keys() == {operation for operation, _ in HEEDED}, "REQUESTS has a request for each that heeds"
    assert EFFECTS.keys() == set(get_args(Effect)) == {field.name for field in fields(WorldEffect)}


@pytest.mark.parametrize("operation", SERVED)
def test_what_an_operation_does_not_heed_does_not_reach_it(operation: str) -> None:
    call: Any = Call.__new__(Call)
    call.decision = SimpleNamespace(fired=(object(),), first_value=lambda key: EFFECTS[key])
    call.heeds = heeds(operation)

    reached = {field.name for field in fields(WorldEffect) if getattr(call.effect, field.name) is not None}

    assert reached == heeds(operation)


@pytest.mark.parametrize("operation", SERVED)
def test_a_rule_may_say_what_the_operation_heeds_and_nothing_else(connect: Connect, operation: str) -> None:
    faults = connect().project.faults

    for effect, value in EFFECTS.items():
        if effect in heeds(operation):
            faults.add(operation=operation, **{effect: value})
        else:
            with pytest.raises(ValueError, match=f"fault: {effect}: is about .*, which 'operation' does not name"):
                faults.add(operation=operation, **{effect: value})
