"""API v1, chapter "DB Instance Management", as far as backups need it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.domain import errors
from mockrds.domain.clock import Stamp
from mockrds.domain.engines import ENGINES, FLAVORS, PORTS, REPLICATION_MODES, Datastore, Engine, Flavor
from mockrds.domain.errors import RDSError
from mockrds.domain.models import BackupPolicy
from mockrds.domain.rules import KEEP_DAYS, is_name, is_password, is_time_of_day, is_uuid
from mockrds.web.call import Answer
from mockrds.web.fields import Keys, Object, inner, number, text
from mockrds.web.v1.backups import restore_point

if TYPE_CHECKING:
    from mockrds.domain.models import Instance
    from mockrds.web.call import Call

_stamp = Stamp("%Y-%m-%dT%H:%M:%S+0000")

_BODY: Final = Keys("instance")
_INSTANCE: Final = Keys(
    "name", "datastore", "flavorRef", "volume", "region", "availabilityZone", "vpc", "nics", "securityGroup", "dbPort",
    "backupStrategy", "dbRtPd", "ha", "replicaOf", "restorePoint",
)  # fmt: skip
_DATASTORE: Final = Keys("type", "version")
_VOLUME: Final = Keys("type", "size")
_NICS: Final = Keys("subnetId")
_SECURITY_GROUP: Final = Keys("id")
_STRATEGY: Final = Keys("startTime", "keepDays")
_HA: Final = Keys("enable", "replicationMode")
_RESTORE_POINT: Final = Keys("backupRef", "restoreTime", "sourceInstanceId")

_VOLUME_TYPES: Final = ("CLOUDSSD", "ESSD", "COMMON", "ULTRAHIGH")
_VOLUME_SIZES: Final = range(40, 4001)
_OPEN_PORTS: Final[dict[Engine, tuple[range, ...]]] = {
    "MySQL": (range(1024, 12017), range(12018, 33071), range(33072, 65536)),
    "PostgreSQL": (range(2100, 9501),),
    "SQLServer": (range(1433, 1434), range(2100, 5355), range(5356, 5985), range(5986, 9501)),
}


def list_instances(call: Call) -> Answer:
    """List DB instances (API reference, v1, "Obtaining a DB Instance List")."""
    world = call.world
    instances, now = world.list_instances(call.deviation)
    answer = Answer({"instances": [_render(instance, now) for instance in instances]})
    world.look_at_instances(instances, now)
    return answer


def get_instance(call: Call) -> Answer:
    """Tell about one DB instance (API reference, v1, "Obtaining Detailed Information of a Specified DB Instance").

    The reference shows three keys; clients read the whole object of the list, so both are sent.
    """
    world = call.world
    instance, now = world.get_instance(call.parameters["instanceId"], call.deviation)
    rendered = _render(instance, now)
    documented = {"instanceId": rendered["id"], "status": rendered["status"], "instanceName": rendered["name"]}
    world.look_at_instances([instance], now)
    return Answer({"instance": documented | rendered})


def create_instance(call: Call) -> Answer:
    """Create a DB instance or a read replica (API reference, v1, "Creating a DB Instance")."""
    fields = _instance_fields(call)
    if fields.get("replicaOf") is not None:
        return _create_replica(call, fields)
    datastore = _datastore(fields)
    flavor = _flavor(fields, datastore.type)
    volume = inner(fields, "volume", _VOLUME, errors.VOLUME_RANGE)
    volume_type = text(volume, "type", errors.VOLUME_TYPE, _VOLUME_TYPES.__contains__)
    volume_gb = _volume_size(volume)
    region = text(fields, "region", errors.REGION)
    zone = text(fields, "availabilityZone", errors.AVAILABILITY_ZONE)
    vpc = text(fields, "vpc", errors.VPC, is_uuid)
    subnet = text(inner(fields, "nics", _NICS, errors.SUBNET), "subnetId", errors.SUBNET, is_uuid)
    group = text(inner(fields, "securityGroup", _SECURITY_GROUP, errors.SECURITY_GROUP), "id", errors.SECURITY_GROUP)
    port = _port(fields, datastore.type)
    policy = _policy(fields)
    text(fields, "dbRtPd", errors.PASSWORD, is_password)
    mode = _replication_mode(fields, datastore.type)
    world = call.world
    if region != world.region:
        raise RDSError(errors.REGION, f"the project is in {world.region}")
    instance = world.create_instance(
        name=fields["name"],
        datastore=datastore,
        flavor=flavor,
        volume_type=volume_type,
        volume_gb=volume_gb,
        availability_zone=zone,
        network=(vpc, subnet, group),
        port=port,
        policy=policy,
        replication_mode=mode,
        deviation=call.deviation,
    )
    return _created(call, instance)


def restore_to_new_instance(call: Call) -> Answer:
    """Build an instance from a backup (API reference, v1, "Restoring Data to a New DB Instance")."""
    fields = _instance_fields(call)
    flavor = _flavor(fields, None)
    volume_gb = _volume_size(inner(fields, "volume", _VOLUME, errors.VOLUME_RANGE))
    mode = _replication_mode(fields, None)
    point = inner(fields, "restorePoint", _RESTORE_POINT)
    backup_id, restore_time = restore_point(point)
    source = None
    if backup_id is None:
        source = text(point, "sourceInstanceId", errors.SOURCE_NOT_FOUND)
    instance = call.world.restore_to_new_instance(
        name=fields["name"],
        flavor=flavor,
        volume_gb=volume_gb,
        replication_mode=mode,
        backup_id=backup_id,
        restore_time=restore_time,
        source_node_id=source,
        deviation=call.deviation,
    )
    return _created(call, instance, (backup_id,) if backup_id else ())


def delete_instance(call: Call) -> Answer:
    """Delete a DB instance (API reference, v1, "Deleting a DB Instance"). Its body has no effect."""
    job = call.world.delete_instance(call.parameters["instanceId"], call.deviation)
    return Answer({"extendparam": {"jobs": [{"id": job}]}}, 202)


def restart_instance(call: Call) -> Answer:
    """Reboot a DB instance (API reference, v1, "Rebooting a DB Instance")."""
    job = call.world.restart_instance(call.parameters["instanceId"], call.deviation)
    return Answer({"extendparam": {"jobs": [{"id": job}]}}, 202)


def _create_replica(call: Call, fields: Object) -> Answer:
    primary = text(fields, "replicaOf", errors.REPLICA_OF)
    flavor = _flavor(fields, None)
    replica = call.world.create_read_replica(
        name=fields["name"], flavor=flavor, node_id=primary, deviation=call.deviation
    )
    return _created(call, replica)


def _created(call: Call, instance: Instance, backup_ids: tuple[str, ...] = ()) -> Answer:
    rendered = _render(instance, instance.created)
    if "replicaOf" in rendered:
        rendered["replica_of"] = rendered.pop("replicaOf")  # spelt so here, and otherwise in the list
    assert call.tenant is not None  # noqa: S101
    jobs = call.tenant.world.job_ids(2 if instance.standby else 1)
    rendered["status"] = "BUILD"
    rendered |= {"created": "", "updated": "", "hostname": "", "dataStoreInfo": None}
    rendered["extendparam"] = {"jobs": [{"id": job} for job in jobs]}
    return Answer({"instance": rendered}, 202, backup_ids=backup_ids)


def _instance_fields(call: Call) -> Object:
    document = call.document
    _BODY.check(document)
    fields = inner(document, "instance", _INSTANCE)
    text(fields, "name", errors.INSTANCE_NAME, is_name)
    return fields


def _datastore(fields: Object) -> Datastore:
    spec = inner(fields, "datastore", _DATASTORE, errors.NO_DATASTORE)
    engine = text(spec, "type", errors.ENGINE, ENGINES.__contains__)
    version = text(spec, "version", errors.ENGINE_VERSION)
    try:
        return Datastore.find(engine, version)
    except ValueError as error:
        raise RDSError(errors.ENGINE_VERSION, str(error)) from None


def _flavor(fields: Object, engine: Engine | None) -> Flavor:
    flavor = FLAVORS.get(text(fields, "flavorRef", errors.FLAVOR_FORMAT, is_uuid))
    if flavor is None or (engine is not None and flavor.engine != engine):
        raise RDSError(errors.FLAVOR_NOT_FOUND)
    return flavor


def _volume_size(volume: Object) -> int:
    size = number(volume, "size", errors.VOLUME_RANGE)
    if size not in _VOLUME_SIZES:
        raise RDSError(errors.VOLUME_RANGE, "'size' must be 40 to 4000")
    if size % 10:
        raise RDSError(errors.VOLUME_STEP)
    return size


def _port(fields: Object, engine: Engine) -> int:
    if fields.get("dbPort") is None:
        return PORTS[engine]
    port = number(fields, "dbPort", errors.INVALID_PARAMETER)
    if not any(port in ports for ports in _OPEN_PORTS[engine]):
        raise RDSError(errors.INVALID_PARAMETER, f"'dbPort' is not open to {engine}")
    return port


def _policy(fields: Object) -> BackupPolicy:
    if fields.get("backupStrategy") is None:
        return BackupPolicy(keep_days=0, start_time="00:00:00")
    strategy = inner(fields, "backupStrategy", _STRATEGY)
    start_time = text(strategy, "startTime", errors.CREATE_START_TIME, _is_full_time)
    keep_days = 0
    if strategy.get("keepDays") is not None:
        keep_days = number(strategy, "keepDays", errors.CREATE_RETENTION_DAYS)
    if keep_days not in KEEP_DAYS:
        raise RDSError(errors.CREATE_RETENTION_DAYS, "'keepDays' must be 0 to 732")
    return BackupPolicy(keep_days=keep_days, start_time=start_time)


def _is_full_time(value: str) -> bool:
    return is_time_of_day(value) and len(value) == len("hh:mm:ss")


def _replication_mode(fields: Object, engine: Engine | None) -> str | None:
    if fields.get("ha") is None:
        return None
    ha = inner(fields, "ha", _HA)
    enable = ha.get("enable")
    if not isinstance(enable, bool):
        raise RDSError(errors.INVALID_PARAMETER, "'enable' must be true or false")
    if not enable:
        return None
    known = [mode for name, modes in REPLICATION_MODES.items() if engine in (None, name) for mode in modes]
    return text(ha, "replicationMode", errors.REPLICATION_MODE, known.__contains__)


def _render(instance: Instance, now: float) -> dict[str, Any]:
    status = instance.status_at(now)
    building = status == "BUILD"
    rendered: dict[str, Any] = {
        "id": instance.node_id,
        # v1 has no word for an instance that is being deleted; it is there until it is gone
        "status": "ACTIVE" if status == "DELETING" else status,
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
