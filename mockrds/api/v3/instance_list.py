"""API v3, chapter "DB Instance Management": listing instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Boolean, Integer, List, Number, Object, Text
from mockrds.api.v3.formats import page, stamp
from mockrds.api.v3.instances import CHARGE, MODES, STRATEGY, strategy_of
from mockrds.domain import errors
from mockrds.domain.engines import ENGINES, USERS
from mockrds.domain.validators import is_pattern

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.domain.models import Instance

KINDS: Final = ("Single", "Ha", "Replica")
STATUSES: Final = (
    "BUILD", "CREATE FAIL", "ACTIVE", "FAILED", "MODIFYING", "REBOOTING", "RESTORING", "MODIFYING INSTANCE TYPE",
    "SWITCHOVER", "MIGRATING", "BACKING UP", "MODIFYING DATABASE PORT", "SHUTDOWN",
)  # fmt: skip

_LISTED: Final = Object(
    {
        "id": Text(),
        "name": Text(),
        "status": Text(one_of=STATUSES),
        "alias": Text(any),
        "private_ips": List(Text()),
        "private_dns_names": List(Text()),
        "public_ips": List(Text()),
        "public_dns_names": List(Text()),
        "port": Integer(),
        "enable_ssl": Boolean(),
        "type": Text(one_of=KINDS),
        "ha?": Object({"replication_mode": Text(one_of=MODES)}),
        "region": Text(),
        "datastore": Object({"type": Text(one_of=ENGINES), "version": Text(), "complete_version?": Text()}),
        "created": Text(any),
        "updated": Text(any),
        "db_user_name": Text(),
        "vpc_id": Text(),
        "subnet_id": Text(),
        "security_group_id": Text(),
        "cpu": Text(),
        "mem": Text(),
        "flavor_ref": Text(),
        "volume": Object({"type": Text(), "size": Integer()}),
        "switch_strategy": Text(one_of=("reliability", "availability", "")),
        "read_only_by_user?": Boolean(),
        "backup_strategy": STRATEGY,
        "maintenance_window": Text(),
        "nodes": List(
            Object(
                {
                    "id": Text(),
                    "name": Text(),
                    "role": Text(one_of=("master", "slave", "readreplica")),
                    "status": Text(one_of=STATUSES),
                    "availability_zone": Text(),
                }
            )
        ),
        "related_instance": List(Object({"id": Text(), "type": Text(one_of=("replica_of", "replica"))})),
        "disk_encryption_id": Text(any),
        "enterprise_project_id": Text(),
        "time_zone": Text(any),
        "charge_info": CHARGE,
        "tags": List(Object({"key": Text(), "value": Text(any)})),
        "associated_with_ddm": Boolean(),
        "collation?": Text(),
        "backup_used_space?": Number(),
        "storage_used_space?": Number(),
    }
)
_FIRST: Final = {"instance_id": "$response.body#/instances/0/id"}
"""What leads from the list to the first instance."""


@operation(
    "v3.list_instances",
    query=Object(
        {
            "id?": Text(is_pattern, names_instance=True),
            "name?": Text(is_pattern),
            "type?": Text(one_of=("", *KINDS)),
            "datastore_type?": Text(one_of=("", *ENGINES), error=errors.ENGINE),
            "vpc_id?": Text(any),
            "subnet_id?": Text(any),
            "tags?": Text(any),
            **page(100, 100),
        }
    ),
    answer=Object({"instances": List(_LISTED), "total_count": Integer()}),
    heeds=("stale",),
    leads_to={
        "v3.create_manual_backup": {"body": {"name": "linked", **_FIRST}},
        "v3.list_backups": _FIRST,
        "v3.get_backup_policy": _FIRST,
        "v3.set_backup_policy": _FIRST,
        "v3.add_instance_tags": _FIRST,
        "v3.restart_instance": {**_FIRST, "body": {"restart": {}}},
        "v3.delete_instance": _FIRST,
    },
)
def list_instances(call: Call, query: dict[str, Any]) -> Answer:
    """List DB instances (API reference, v3, "Querying DB Instances")."""
    world = call.world
    tags = (tag.partition("=") for tag in (query["tags"] or "").split(",") if tag)
    instances, total, now = world.list_instances(
        id=query["id"] or None,
        name=query["name"] or None,
        kind=query["type"] or None,
        engine=query["datastore_type"] or None,
        vpc_id=query["vpc_id"] or None,
        subnet_id=query["subnet_id"] or None,
        tags={key: value if given else None for key, given, value in tags},
        offset=query["offset"],
        limit=query["limit"],
        effect=call.effect,
    )
    rows = [_render(instance, now) for instance in instances]
    if query["id"] and not query["id"].startswith("*"):
        for instance, row in zip(instances, rows, strict=True):
            row.update(_space(instance, now))
    answer = Answer({"instances": rows, "total_count": total})
    world.look_at_instances(instances, now)
    return answer if total else answer.hinting(world.hint_at(query["id"]))


def status_of(instance: Instance, now: float) -> str:
    """Return the status of an instance by the words of API v3.

    It has none for an instance that is being deleted, which is there until it is gone.
    """
    status = instance.status_at(now)
    if status == "DELETING":
        return "ACTIVE"
    return "BACKING UP" if status == "ACTIVE" and instance.backing_up_at(now) else status


def _render(instance: Instance, now: float) -> dict[str, Any]:
    status = status_of(instance, now)
    building = status == "BUILD"
    datastore, flavor, settings = instance.datastore, instance.flavor, instance.settings
    rendered: dict[str, Any] = {
        "id": instance.id,
        "name": instance.name,
        "status": status,
        "alias": instance.alias,
        "private_ips": [] if building else [instance.host],
        "private_dns_names": [instance.dns_name] if instance.dns_name else [],
        "public_ips": [instance.public_ip] if instance.public_ip else [],
        "public_dns_names": [],
        "port": instance.port,
        "enable_ssl": instance.ssl,
        "type": instance.kind,
        "region": instance.region,
        "datastore": {"type": datastore.type, "version": datastore.major},
        "created": "" if building else stamp(instance.created),
        "updated": "" if building else stamp(instance.created if instance.updated is None else instance.updated),
        "db_user_name": USERS[datastore.type],
        "vpc_id": instance.vpc_id,
        "subnet_id": instance.subnet_id,
        "security_group_id": instance.security_group_id,
        "cpu": str(flavor.vcpus),
        "mem": str(flavor.ram // 1024),
        "flavor_ref": flavor.spec_code,
        "volume": {"type": instance.volume_type, "size": instance.volume_gb},
        "switch_strategy": instance.failover_strategy,
        "backup_strategy": strategy_of(instance),
        "maintenance_window": instance.maintenance_window,
        "nodes": [
            {
                "id": node.id,
                "name": node.name,
                "role": node.role,
                "status": status,
                "availability_zone": node.availability_zone,
            }
            for node in instance.nodes
        ],
        "related_instance": _related(instance, now),
        "disk_encryption_id": settings.disk_encryption_id,
        "enterprise_project_id": "0",
        "time_zone": settings.time_zone,
        "charge_info": {"charge_mode": "postPaid"},
        "tags": [{"key": key, "value": value} for key, value in instance.tags.items()],
        "associated_with_ddm": False,
    }
    if instance.standby is not None:
        rendered["ha"] = {"replication_mode": instance.replication_mode}
    if datastore.type == "MySQL":
        rendered["read_only_by_user"] = False
    if datastore.type == "SQLServer":
        rendered["collation"] = settings.collation
    else:
        rendered["datastore"]["complete_version"] = datastore.version
    return rendered


def _space(instance: Instance, now: float) -> dict[str, float]:
    """Return what only the details of one instance have."""
    if instance.datastore.type == "MySQL":
        return {}
    backups = (*instance.backups.copy().values(), *instance.automated.copy().values())
    return {
        "backup_used_space": round(sum(backup.size_at(now) for backup in backups), 2),
        "storage_used_space": float(instance.used_gb),
    }


def _related(instance: Instance, now: float) -> list[dict[str, str]]:
    if instance.primary is not None:
        return [{"id": instance.primary.id, "type": "replica_of"}]
    return [{"id": replica.id, "type": "replica"} for replica in instance.replicas if not replica.hidden_at(now)]
