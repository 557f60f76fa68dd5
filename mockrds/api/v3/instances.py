"""API v3, chapter "DB Instance Management": making instances, and deleting them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Integer, Object, Schema, Text
from mockrds.api.v3.backups import restore_point, window
from mockrds.api.v3.formats import DATASTORE, JOB, node_id
from mockrds.domain import errors
from mockrds.domain.engines import (
    COLLATIONS,
    ENGINES,
    PASSWORD_MARKS,
    PORTS,
    REPLICATION_MODES,
    SPEC_CODES,
    VOLUME_SIZES,
    VOLUME_TYPES,
    Datastore,
    Engine,
    Flavor,
    Mode,
)
from mockrds.domain.errors import RDSError
from mockrds.domain.models import BackupPolicy, Settings
from mockrds.domain.validators import KEEP_DAYS, is_name, is_password_of_v3, is_uuid, is_window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockrds.api.call import Call
    from mockrds.domain.models import Instance

MODES: Final = tuple(dict.fromkeys(mode for modes in REPLICATION_MODES.values() for mode in modes))
_DEFAULT_POLICY: Final = BackupPolicy(keep_days=7, start_time="02:00:00")
_TIME_ZONE: Final = re.compile(r"(UTC([+-](0\d|1[0-2]):00)?)?")
_ZONE: Final = Text(error=errors.AVAILABILITY_ZONE)
_FLAVOR: Final = Text(error=errors.FLAVOR_FORMAT)
_VOLUME_TYPE: Final = Text(one_of=VOLUME_TYPES, error=errors.VOLUME_TYPE)
_VOLUME: Final = Object(
    {
        "type": _VOLUME_TYPE,
        "size": Integer(VOLUME_SIZES, errors.VOLUME_RANGE, step=10, uneven=errors.VOLUME_STEP),
    },
    missing=errors.VOLUME_RANGE,
)
_NEW: Final[dict[str, Schema]] = {
    "name": Text(is_name, errors.INSTANCE_NAME),
    "ha?": Object(
        {
            "mode": Text(one_of=("Ha",), case_insensitive=True, error=errors.HA_MODE),
            "replication_mode": Text(one_of=MODES, error=errors.REPLICATION_MODE),
        }
    ),
    "configuration_id?": Text(any, default=""),
    "port?": Integer(strings=True),
    "password": Text(is_password_of_v3, errors.PASSWORD),
    "backup_strategy?": Object(
        {
            "start_time": Text(is_window, errors.START_TIME),
            "keep_days?": Integer(KEEP_DAYS, errors.RETENTION_DAYS, default=0),
        }
    ),
    "disk_encryption_id?": Text(any, default=""),
    "flavor_ref": _FLAVOR,
    "volume": _VOLUME,
    "availability_zone": _ZONE,
    "vpc_id": Text(is_uuid, errors.VPC),
    "subnet_id": Text(is_uuid, errors.SUBNET),
    "data_vip?": Text(any, default=""),
    "collation?": Text(one_of=("", *COLLATIONS), default=""),
}
CHARGE: Final = Object({"charge_mode": Text(one_of=("postPaid",))})
STRATEGY: Final = Object({"start_time": Text(), "keep_days": Integer()})
_MADE: Final = Object(
    {
        "instance": Object(
            {
                "id": Text(),
                "name": Text(),
                "status?": Text(one_of=("BUILD",)),
                "datastore?": DATASTORE,
                "ha?": Object({"mode": Text(one_of=("Ha",)), "replication_mode": Text(one_of=MODES)}),
                "configuration_id?": Text(),
                "port": Text(),
                "backup_strategy?": STRATEGY,
                "disk_encryption_id?": Text(),
                "flavor_ref": Text(),
                "volume": Object({"type": Text(), "size": Integer()}),
                "region": Text(),
                "availability_zone": Text(),
                "vpc_id": Text(),
                "subnet_id": Text(),
                "security_group_id": Text(),
                "charge_info?": CHARGE,
                "collation?": Text(),
            }
        ),
        "job_id": Text(),
    }
)


class _NewInstance(Object):
    """A read replica, if the body says of which instance, or any other instance."""

    __slots__ = ()

    def read(self, value: Any, key: str = "") -> dict[str, Any]:
        if isinstance(value, dict) and value.get("replica_of_id"):
            return _REPLICA.read(value, key)
        return super().read(value, key) | {"replica_of_id": None}

    def _json_schema(self) -> dict[str, Any]:
        return {"anyOf": [super()._json_schema(), _REPLICA.json_schema()]}

    def instance_pointers(self) -> Iterator[str]:
        yield from super().instance_pointers()
        yield from _REPLICA.instance_pointers()


_REPLICA: Final = Object(
    {
        "name": _NEW["name"],
        "replica_of_id": Text(error=errors.REPLICA_OF, names_instance=True),
        "disk_encryption_id?": _NEW["disk_encryption_id?"],
        "flavor_ref": _FLAVOR,
        "volume?": Object({"type": _VOLUME_TYPE, "size?": Integer()}),  # it is as large as its primary's
        "region?": Text(any),
        "availability_zone": _ZONE,
        "charge_info?": CHARGE,
    }
)


@operation(
    "v3.create_instance",
    body=_NewInstance(
        {
            **_NEW,
            "datastore": Object(
                {
                    "type": Text(one_of=ENGINES, case_insensitive=True, error=errors.ENGINE),
                    "version": Text(error=errors.ENGINE_VERSION),
                },
                missing=errors.NO_DATASTORE,
            ),
            "region": Text(error=errors.REGION),
            "security_group_id": Text(error=errors.SECURITY_GROUP),
            "time_zone?": Text(_TIME_ZONE.fullmatch, default=""),
            "charge_info?": CHARGE,
            "unchangeable_param?": Object({"lower_case_table_names?": Text(one_of=("0", "1"))}),
        }
    ),
    answer=_MADE,
    status=202,
    heeds=("lifecycle", "visible_after"),
    leads_to={
        "v3.list_instances": {"id": "$response.body#/instance/id"},
        "v3.get_job": {"id": "$response.body#/job_id"},
        "v3.delete_instance": {"instance_id": "$response.body#/instance/id"},
    },
)
def create_instance(call: Call, fields: dict[str, Any]) -> Answer:
    """Create a DB instance or a read replica (API reference, v3, "Creating a DB Instance")."""
    world = call.world
    if fields["region"] and fields["region"] != world.region:
        raise RDSError(errors.REGION, f"the project is in {world.region}")
    if fields["replica_of_id"] is not None:
        return _create_read_replica(call, fields)
    try:
        datastore = Datastore.find(fields["datastore"]["type"], fields["datastore"]["version"])
    except ValueError as error:
        raise RDSError(errors.ENGINE_VERSION, str(error)) from None
    marks = PASSWORD_MARKS[datastore.type]
    if not all(character.isalnum() or character in marks for character in fields["password"]):
        raise RDSError(errors.PASSWORD, f"{datastore.type} takes letters, digits and {marks}")
    if datastore.in_pairs and fields["ha"] is None:
        raise RDSError(errors.ENGINE_NOT_SUPPORTED, f"{datastore} has no single instances")
    instance = world.create_instance(
        **_details(fields),
        datastore=datastore,
        network=(fields["vpc_id"], fields["subnet_id"], fields["security_group_id"]),
        port=PORTS[datastore.type] if fields["port"] is None else fields["port"],
        effect=call.effect,
    )
    return _made(instance)


def _create_read_replica(call: Call, fields: dict[str, Any]) -> Answer:
    try:
        primary = node_id(call, fields["replica_of_id"])
    except RDSError as error:
        raise RDSError(errors.REPLICA_OF, error.hint) from None
    replica = call.world.create_read_replica(
        name=fields["name"],
        flavor=_flavor(fields["flavor_ref"], "replica"),
        node_id=primary,
        availability_zone=_zones(fields["availability_zone"], 1),
        volume_type=fields["volume"]["type"] if fields["volume"] is not None else None,
        clusters=True,
        settings=Settings(disk_encryption_id=fields["disk_encryption_id"]),
        effect=call.effect,
    )
    return _made(replica)


@operation(
    "v3.restore_to_new_instance",
    body=Object(
        {
            **_NEW,
            "security_group_id?": Text(any, default=""),
            "restore_point": Object(
                {
                    "instance_id": Text(error=errors.SOURCE_NOT_FOUND, names_instance=True),
                    "type?": Text(one_of=("backup", "timestamp")),
                    "backup_id?": Text(any),
                    "restore_time?": Integer(strings=True),
                }
            ),
        }
    ),
    answer=_MADE,
    status=202,
    heeds=("lifecycle", "visible_after"),
    when=lambda body: body.get("restore_point") is not None,
)
def restore_to_new_instance(call: Call, fields: dict[str, Any]) -> Answer:
    """Build an instance from a backup (API reference, v3, "Restoring Data to a New DB Instance")."""
    key, restore_time = restore_point(fields["restore_point"])
    instance = call.world.restore_to_new_instance(
        **_details(fields),
        backup_id=key,
        restore_time=restore_time,
        source_id=fields["restore_point"]["instance_id"],
        sqlserver=True,
        network=(fields["vpc_id"], fields["subnet_id"], fields["security_group_id"]),
        port=fields["port"],
        usual_port=True,
        effect=call.effect,
    )
    return _made(instance, (key,) if key is not None else ())


def _details(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what both ways of making an instance have in common."""
    ha, policy = fields["ha"], _DEFAULT_POLICY
    if fields["backup_strategy"] is not None:
        strategy = fields["backup_strategy"]
        policy = BackupPolicy(keep_days=strategy["keep_days"], start_time=f"{strategy['start_time'][:5]}:00")
    return {
        "name": fields["name"],
        "flavor": _flavor(fields["flavor_ref"], *(("single",) if ha is None else ("ha", "single"))),
        "volume_type": fields["volume"]["type"],
        "volume_gb": fields["volume"]["size"],
        "availability_zone": _zones(fields["availability_zone"], 1 if ha is None else 2),
        "policy": policy,
        "replication_mode": ha["replication_mode"] if ha is not None else None,
        "host": fields["data_vip"],
        "settings": Settings(
            time_zone=fields.get("time_zone", ""),
            collation=fields["collation"],
            disk_encryption_id=fields["disk_encryption_id"],
            configuration_id=fields["configuration_id"],
        ),
    }


def _flavor(code: str, *modes: Mode) -> Flavor:
    """Find the class; that of a single instance may stand for that of a pair, as in a sample of the reference."""
    flavor = SPEC_CODES.get(code)
    if flavor is None:
        raise RDSError(errors.FLAVOR_NOT_FOUND, f"there is no {code}; its kinds are such as rds.mysql.c2.large.ha")
    if flavor.mode not in modes:
        raise RDSError(
            errors.SAME_FLAVOR, f"this class is for {flavor.mode}: single ends in nothing, ha .ha, replica .rr"
        )
    return flavor


def _zones(text: str, count: int) -> str:
    zones = [zone.strip() for zone in text.split(",")]
    if not all(zones) or len(zones) != count:
        raise RDSError(errors.AVAILABILITY_ZONE, f"this instance takes {count}, with a comma between")
    return ",".join(zones)


def _made(instance: Instance, backup_ids: tuple[str, ...] = ()) -> Answer:
    replica = instance.primary is not None
    content: dict[str, Any] = {"id": instance.id, "name": instance.name}
    if not replica:
        content |= {
            "status": "BUILD",
            "datastore": {"type": instance.datastore.type, "version": instance.datastore.major},
            "backup_strategy": strategy_of(instance),
            "charge_info": {"charge_mode": "postPaid"},
        }
    if instance.standby is not None:
        content["ha"] = {"mode": "Ha", "replication_mode": instance.replication_mode}
    settings = instance.settings
    optional = {
        "configuration_id": settings.configuration_id,
        "disk_encryption_id": settings.disk_encryption_id,
        "collation": settings.collation,
    }
    content |= {key: value for key, value in optional.items() if value}
    content |= {
        "flavor_ref": instance.flavor.spec_code,
        "volume": {"type": instance.volume_type, "size": instance.volume_gb},
        "region": instance.region,
        "availability_zone": ",".join(node.availability_zone for node in instance.nodes),
        "vpc_id": instance.vpc_id,
        "subnet_id": instance.subnet_id,
        "security_group_id": instance.security_group_id,
        "port": str(instance.port),
    }
    answer = Answer({"instance": content, "job_id": instance.jobs[0]}, backup_ids=backup_ids)
    return answer.hinting(instance.datastore.retirement)


def strategy_of(instance: Instance) -> dict[str, Any]:
    """Write the backup policy of an instance as these operations do."""
    return {"start_time": window(instance.policy), "keep_days": instance.policy.keep_days}


def path_node(call: Call) -> str:
    """Find the primary node of the instance that the path names.

    Raises:
        RDSError: As ``node_id``.
    """
    return node_id(call, call.parameters["instance_id"])


def check_engine(instance: Instance, *engines: Engine) -> None:
    """Refuse what is for other *engines* only.

    Raises:
        RDSError: ENGINE_NOT_SUPPORTED.
    """
    if instance.datastore.type not in engines:
        raise RDSError(errors.ENGINE_NOT_SUPPORTED, f"this is for {' and '.join(engines)} only")


@operation("v3.delete_instance", answer=JOB, status=202, heeds=("lifecycle",))
def delete_instance(call: Call) -> Answer:
    """Delete a DB instance (API reference, v3, "Deleting a DB Instance")."""
    return Answer({"job_id": call.world.delete_instance(path_node(call), call.effect).id})
