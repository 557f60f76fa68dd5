"""API v1, chapter "DB Instance Management"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import has, operation
from mockrds.api.schema import Boolean, Either, Integer, List, Object, Schema, Text
from mockrds.api.v1.backups import JOB, JOBS, POINT, restore_point
from mockrds.domain import errors
from mockrds.domain.clock import TimestampFormat
from mockrds.domain.engines import (
    ENGINES,
    FLAVORS,
    OPEN_PORTS,
    PORTS,
    REPLICATION_MODES,
    VOLUME_SIZES,
    VOLUME_TYPES,
    Datastore,
    Engine,
    Flavor,
)
from mockrds.domain.errors import RDSError
from mockrds.domain.models import BackupPolicy
from mockrds.domain.random_values import dashed
from mockrds.domain.validators import KEEP_DAYS, is_name, is_password, is_uuid

if TYPE_CHECKING:
    from collections.abc import Collection

    from mockrds.api.call import Call
    from mockrds.domain.models import Instance

_stamp = TimestampFormat("%Y-%m-%dT%H:%M:%S+0000")

_WORDS: Final = {
    "DELETING": "ACTIVE",  # v1 has no word for it; the instance is there until it is gone
    "MODIFYING INSTANCE TYPE": "MODIFYING",
    "MODIFYING DATABASE PORT": "MODIFYING",
    "SWITCHOVER": "MODIFYING",
    "MIGRATING": "MODIFYING",
    "CREATE FAIL": "FAILED",
    "SHUTDOWN": "FAILED",
}
"""What v1 says for statuses that it has no word for."""

_STATUSES: Final = ("ACTIVE", "BUILD", "RESTORING", "REBOOTING", "MODIFYING", "FAILED")
_MODES: Final = tuple(dict.fromkeys(mode for modes in REPLICATION_MODES.values() for mode in modes))
_KEYS: Final = (
    "name", "datastore", "flavorRef", "volume", "region", "availabilityZone", "vpc", "nics", "securityGroup", "dbPort",
    "backupStrategy", "dbRtPd", "ha", "replicaOf", "restorePoint",
)  # fmt: skip
"""All that bodies may say of a new instance, however it is to be made."""


_FULL_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d")
_NAME: Final = Text(is_name, errors.INSTANCE_NAME)
_FLAVOR: Final = Text(is_uuid, errors.FLAVOR_FORMAT)
_SIZE: Final = Integer(VOLUME_SIZES, errors.VOLUME_RANGE, step=10, uneven=errors.VOLUME_STEP)
_HA: Final = Object(
    {"enable": Boolean(), "replicationMode?": Text(one_of=("", *_MODES), error=errors.REPLICATION_MODE)}
)
_NEW: Final = Object(
    {
        "name": _NAME,
        "datastore": Object(
            {
                "type": Text(one_of=ENGINES, error=errors.ENGINE),
                "version": Text(error=errors.ENGINE_VERSION),
            },
            missing=errors.NO_DATASTORE,
        ),
        "flavorRef": _FLAVOR,
        "volume": Object(
            {"type": Text(one_of=VOLUME_TYPES, error=errors.VOLUME_TYPE), "size": _SIZE},
            missing=errors.VOLUME_RANGE,
        ),
        "region": Text(error=errors.REGION),
        "availabilityZone": Text(error=errors.AVAILABILITY_ZONE),
        "vpc": Text(is_uuid, errors.VPC),
        "nics": Object({"subnetId": Text(is_uuid, errors.SUBNET)}, missing=errors.SUBNET),
        "securityGroup": Object({"id": Text(error=errors.SECURITY_GROUP)}, missing=errors.SECURITY_GROUP),
        "dbPort?": Integer(strings=True),  # the Go SDK sends no other
        "backupStrategy?": Object(
            {
                "startTime": Text(_FULL_TIME.fullmatch, errors.CREATE_START_TIME),
                "keepDays?": Integer(KEEP_DAYS, errors.CREATE_RETENTION_DAYS, default=0),
            }
        ),
        "dbRtPd": Text(is_password, errors.PASSWORD),
        "ha?": _HA,
    },
    also_allowed=_KEYS,
)
_REPLICA: Final = Object(
    {"name": _NAME, "replicaOf": Text(error=errors.REPLICA_OF, names_instance=True), "flavorRef": _FLAVOR},
    also_allowed=_KEYS,
)
_RESTORED: Final = Object(
    {
        "name": _NAME,
        "flavorRef": _FLAVOR,
        "volume": Object({"size": _SIZE}, also_allowed=("type",), missing=errors.VOLUME_RANGE),
        "ha?": _HA,
        "restorePoint": Object({**POINT, "sourceInstanceId?": Text(any, names_instance=True)}),
    },
    also_allowed=_KEYS,
)
_INSTANCE: Final[dict[str, Schema]] = {
    "id": Text(),
    "status": Text(one_of=_STATUSES),
    "name": Text(),
    "created": Text(any),
    "hostname": Text(any),
    "type": Text(one_of=("master", "readreplica")),
    "region": Text(),
    "updated": Text(any),
    "availabilityZone": Text(),
    "vpc": Text(),
    "nics": Object({"subnetId": Text()}),
    "securityGroup": Object({"id": Text()}),
    "flavor": Object({"id": Text()}),
    "volume": Object({"type": Text(), "size": Integer()}),
    "dbPort": Integer(),
    "dataStoreInfo": Object({"type": Text(one_of=ENGINES), "version": Text()}, nullable=True),
    "backupStrategy?": Object({"startTime": Text(), "keepDays": Integer()}),
    "slaveId?": Text(),
    "ha?": Object({"replicationMode": Text(one_of=_MODES)}),
}
_LISTED: Final[dict[str, Schema]] = {**_INSTANCE, "replicaOf?": Text()}
_MADE: Final = Object({"instance": Object({**_INSTANCE, "replica_of?": Text(), "extendparam": JOBS})})

_FIRST: Final = {"instanceId": "$response.body#/instances/0/id"}
"""What leads from the list to the first instance."""


@operation(
    "v1.list_instances",
    answer=Object({"instances": List(Object(_LISTED))}),
    heeds=("stale",),
    leads_to={
        "v1.create_manual_backup": {"body": {"backup": {"name": "linked", "instance": _FIRST["instanceId"]}}},
        "v1.get_instance": _FIRST,
        "v1.get_backup_policy": _FIRST,
        "v1.set_backup_policy": _FIRST,
        "v1.add_instance_tag": _FIRST,
        "v1.delete_instance": _FIRST,
    },
)
def list_instances(call: Call) -> Answer:
    """List DB instances (API reference, v1, "Obtaining a DB Instance List")."""
    world = call.world
    instances, _, now = world.list_instances(effect=call.effect)
    answer = Answer({"instances": [_render(instance, now) for instance in instances]})
    world.look_at_instances(instances, now)
    return answer


@operation(
    "v1.get_instance",
    answer=Object({"instance": Object({"instanceId": Text(), "instanceName": Text(), **_LISTED})}),
    heeds=("stale",),
)
def get_instance(call: Call) -> Answer:
    """Return one DB instance (API reference, v1, "Obtaining Detailed Information of a Specified DB Instance").

    The reference shows three keys; clients read the whole object of the list, so both are sent.
    """
    world = call.world
    instance, now = world.get_instance(call.parameters["instanceId"], call.effect)
    rendered = _render(instance, now)
    documented = {"instanceId": rendered["id"], "status": rendered["status"], "instanceName": rendered["name"]}
    world.look_at_instances([instance], now)
    return Answer({"instance": documented | rendered})


@operation(
    "v1.create_instance",
    body=Object({"instance": Either("replicaOf", _REPLICA, _NEW)}),
    answer=_MADE,
    status=202,
    heeds=("lifecycle", "visible_after"),
    leads_to={
        "v1.list_instances": {},
        "v1.get_instance": {"instanceId": "$response.body#/instance/id"},
        "v1.delete_instance": {"instanceId": "$response.body#/instance/id"},
    },
)
def create_instance(call: Call, fields: dict[str, Any]) -> Answer:
    """Create a DB instance or a read replica (API reference, v1, "Creating a DB Instance")."""
    body, world = fields["instance"], call.world
    if body["replicaOf"] is not None:
        replica = world.create_read_replica(
            name=body["name"],
            flavor=_flavor(body["flavorRef"]),
            node_id=body["replicaOf"],
            effect=call.effect,
        )
        return _created(replica)
    try:
        datastore = Datastore.find(body["datastore"]["type"], body["datastore"]["version"])
    except ValueError as error:
        raise RDSError(errors.ENGINE_VERSION, str(error)) from None
    engine = datastore.type
    flavor = _flavor(body["flavorRef"], engine)
    port = _port(body["dbPort"], engine)
    mode = _replication_mode(body["ha"], REPLICATION_MODES[engine])
    if body["region"] != world.region:
        raise RDSError(errors.REGION, f"the project is in {world.region}")
    strategy = body["backupStrategy"] or {"keepDays": 0, "startTime": "00:00:00"}
    instance = world.create_instance(
        name=body["name"],
        datastore=datastore,
        flavor=flavor,
        volume_type=body["volume"]["type"],
        volume_gb=body["volume"]["size"],
        availability_zone=body["availabilityZone"],
        network=(body["vpc"], body["nics"]["subnetId"], body["securityGroup"]["id"]),
        port=port,
        policy=BackupPolicy(keep_days=strategy["keepDays"], start_time=strategy["startTime"]),
        replication_mode=mode,
        effect=call.effect,
    )
    return _created(instance)


@operation(
    "v1.restore_to_new_instance",
    body=Object({"instance": _RESTORED}),
    answer=_MADE,
    status=202,
    heeds=("lifecycle", "visible_after"),
    when=has("instance", "restorePoint"),
)
def restore_to_new_instance(call: Call, fields: dict[str, Any]) -> Answer:
    """Build an instance from a backup (API reference, v1, "Restoring Data to a New DB Instance")."""
    body = fields["instance"]
    flavor = _flavor(body["flavorRef"])
    mode = _replication_mode(body["ha"], _MODES)
    point = body["restorePoint"]
    backup_id, restore_time = restore_point(point)
    source = point["sourceInstanceId"] if backup_id is None else None
    if backup_id is None and not source:
        raise RDSError(errors.SOURCE_NOT_FOUND, "'sourceInstanceId' is missing")
    instance = call.world.restore_to_new_instance(
        name=body["name"],
        flavor=flavor,
        volume_gb=body["volume"]["size"],
        replication_mode=mode,
        backup_id=backup_id,
        restore_time=restore_time,
        source_node_id=source,
        effect=call.effect,
    )
    return _created(instance, (backup_id,) if backup_id else ())


@operation("v1.delete_instance", answer=JOB, status=202, heeds=("lifecycle",))
def delete_instance(call: Call) -> Answer:
    """Delete a DB instance (API reference, v1, "Deleting a DB Instance"). Its body has no effect."""
    job = call.world.delete_instance(call.parameters["instanceId"], call.effect)
    return Answer({"extendparam": {"jobs": [{"id": job.id}]}})


@operation(
    "v1.restart_instance",
    body=Object({"restart": Object({})}, also_allowed=("restore", "resize", "setPublicIp")),
    answer=JOB,
    status=202,
    heeds=("lifecycle",),
    when=has("restart"),
)
def restart_instance(call: Call, _: dict[str, Any]) -> Answer:
    """Reboot a DB instance (API reference, v1, "Rebooting a DB Instance")."""
    job = call.world.restart_instance(call.parameters["instanceId"], call.effect)
    return Answer({"extendparam": {"jobs": [{"id": dashed(job.id)}]}})


@operation(
    "v1.bind_unbind_eip",
    body=Object(
        {
            "setPublicIp": Object(
                {
                    "action": Text(one_of=("enablePublicAccess", "disablePublicAccess")),
                    "publicIP?": Text(),
                    "publicIPId?": Text(),
                }
            )
        }
    ),
    answer=Object({}),
    status=202,
    when=has("setPublicIp"),
)
def bind_unbind_eip(call: Call, fields: dict[str, Any]) -> Answer:
    """Bind or unbind an elastic IP address (API reference, v1, "Binding or Unbinding an EIP")."""
    body, node = fields["setPublicIp"], call.parameters["instanceId"]
    if body["action"] == "disablePublicAccess":
        call.world.unbind_eip(node)
        return Answer({})
    for key in ("publicIP", "publicIPId"):
        if body[key] is None:
            raise RDSError(errors.INVALID_PARAMETER, f"{key!r} is missing")
    call.world.bind_eip(node, body["publicIP"])
    return Answer({})


@operation(
    "v1.change_instance_flavor",
    body=Object({"resize": Object({"flavorRef": _FLAVOR})}),
    answer=Object({"jobId": List(Text())}),
    status=202,
    heeds=("lifecycle",),
    when=has("resize", "flavorRef"),
)
def change_instance_flavor(call: Call, fields: dict[str, Any]) -> Answer:
    """Change the class of a DB instance (API reference, v1, "Changing DB Instance Specifications")."""
    flavor = _flavor(fields["resize"]["flavorRef"])
    job = call.world.change_instance_flavor(call.parameters["instanceId"], flavor, call.effect)
    return Answer({"jobId": [job.id]})


@operation(
    "v1.resize_instance_volume",
    body=Object({"resize": Object({"volume": Object({"size": _SIZE})})}),
    answer=JOB,
    status=202,
    heeds=("lifecycle",),
    when=lambda body: isinstance(body.get("resize"), dict),
)
def resize_instance_volume(call: Call, fields: dict[str, Any]) -> Answer:
    """Enlarge the disk of a DB instance (API reference, v1, "Changing DB Instance Volume")."""
    size = fields["resize"]["volume"]["size"]
    job = call.world.resize_instance_volume(call.parameters["instanceId"], size, call.effect)
    return Answer({"extendparam": {"jobs": [{"id": dashed(job.id)}]}})


def _created(instance: Instance, backup_ids: tuple[str, ...] = ()) -> Answer:
    rendered = _render(instance, instance.created)
    if "replicaOf" in rendered:
        rendered["replica_of"] = rendered.pop("replicaOf")  # spelt so here, and otherwise in the list
    rendered["status"] = "BUILD"
    rendered |= {"created": "", "updated": "", "hostname": "", "dataStoreInfo": None}
    rendered["extendparam"] = {"jobs": [{"id": job} for job in instance.jobs]}
    return Answer({"instance": rendered}, backup_ids=backup_ids).hinting(instance.datastore.retirement)


def _flavor(flavor_id: str, engine: Engine | None = None) -> Flavor:
    flavor = FLAVORS.get(flavor_id)
    if flavor is None or (engine is not None and flavor.engine != engine):
        raise RDSError(errors.FLAVOR_NOT_FOUND)
    return flavor


def _port(port: int | None, engine: Engine) -> int:
    if port is None:
        return PORTS[engine]
    if not any(port in ports for ports in OPEN_PORTS[engine]):
        raise RDSError(errors.INVALID_PARAMETER, f"'dbPort' is not open to {engine}")
    return port


def _replication_mode(ha: dict[str, Any] | None, modes: Collection[str]) -> str | None:
    if ha is None or not ha["enable"]:
        return None
    mode: str | None = ha["replicationMode"]
    if mode not in modes:
        raise RDSError(errors.REPLICATION_MODE, f"'replicationMode' must be {' or '.join(modes)}")
    return mode


def _render(instance: Instance, now: float) -> dict[str, Any]:
    status = instance.status_at(now)
    building = status == "BUILD"
    rendered: dict[str, Any] = {
        "id": instance.node_id,
        "status": _WORDS.get(status, status),
        "name": instance.name,
        "created": "" if building else _stamp(instance.created),
        "hostname": "" if building else instance.host,
        "type": instance.nodes[0].role,
        "region": instance.region,
        "updated": "" if building else _stamp(instance.created),
        "availabilityZone": instance.nodes[0].availability_zone,
        "vpc": instance.vpc_id,
        "nics": {"subnetId": instance.subnet_id},
        "securityGroup": {"id": instance.security_group_id},
        "flavor": {"id": instance.flavor.id},
        "volume": {"type": instance.volume_type, "size": instance.volume_gb},
        "dbPort": instance.port,
        "dataStoreInfo": (None if building else {"type": instance.datastore.type, "version": instance.datastore.major}),
    }
    if instance.primary is None:
        rendered["backupStrategy"] = {
            "startTime": instance.policy.start_time,
            "keepDays": instance.policy.keep_days,
        }
    else:
        rendered["replicaOf"] = instance.primary.node_id
    if instance.standby is not None:
        rendered["slaveId"] = instance.standby.id
        rendered["ha"] = {"replicationMode": instance.replication_mode}
    return rendered
