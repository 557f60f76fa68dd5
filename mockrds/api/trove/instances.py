"""The API compatible with Trove, chapter "DB Instance Management"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import has, operation
from mockrds.api.schema import Integer, List, Object, Schema, Text
from mockrds.domain import errors
from mockrds.domain.clock import TimestampFormat
from mockrds.domain.engines import FLAVORS, PORTS, VOLUME_SIZES, VOLUME_TYPES, Datastore, Engine, Flavor, stable_id
from mockrds.domain.errors import RDSError
from mockrds.domain.models import BackupPolicy, Settings
from mockrds.domain.validators import is_name, is_password, is_uuid

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.domain.models import Instance

SUPPORTED: Final[tuple[Engine, ...]] = ("MySQL", "PostgreSQL")
stamp: Final = TimestampFormat("%Y-%m-%dT%H:%M:%S")

_STATUSES: Final = ("BUILD", "ACTIVE", "FAILED", "MODIFYING", "REBOOTING", "RESTORING")
_WORDS: Final = {"DELETING": "ACTIVE", "CREATE FAIL": "FAILED", "SHUTDOWN": "FAILED"}
"""What stands for the statuses that this API has no word for; for all others that is MODIFYING."""

_LINKS: Final = [{"href": "", "rel": "self"}, {"href": "", "rel": "bookmark"}]
_LINKED: Final = List(Object({"href": Text(any), "rel": Text(one_of=("self", "bookmark"))}), nullable=True)
_FLAVOR_REF: Final = Object({"id": Text(), "links": _LINKED})
_DATASTORE: Final = Object({"type": Text(one_of=SUPPORTED), "version": Text()})
_VOLUME: Final = Object({"type": Text(one_of=VOLUME_TYPES), "size": Integer()})
_FLAVOR: Final[dict[str, Schema]] = {
    "ram": Integer(),
    "id": Integer(),
    "links": _LINKED,
    "name": Text(),
    "str_id": Text(),
}
_FLAVOR_ID: Final = Text(is_uuid, errors.FLAVOR_FORMAT)


@operation(
    "trove.list_instances",
    answer=Object(
        {
            "instances": List(
                Object(
                    {
                        "instance": Object(
                            {
                                "status": Text(one_of=_STATUSES),
                                "name": Text(),
                                "links": _LINKED,
                                "id": Text(),
                                "volume": _VOLUME,
                                "flavor": _FLAVOR_REF,
                                "datastore": _DATASTORE,
                                "region": Text(),
                                "ip": Text(any),
                                "replica_of?": List(Object({"id": Text(), "links": _LINKED})),
                                "hostname": Text(nullable=True),
                            }
                        )
                    }
                )
            )
        }
    ),
    heeds=("stale",),
)
def list_instances(call: Call) -> Answer:
    """List DB instances (API reference, Trove, "Obtaining a DB Instance List")."""
    world = call.world
    every, _, now = world.list_instances(effect=call.effect)
    instances = [instance for instance in every if instance.datastore.type in SUPPORTED]
    answer = Answer({"instances": [{"instance": _row(instance, now)} for instance in instances]})
    world.look_at_instances(instances, now)
    return answer


@operation(
    "trove.get_instance",
    answer=Object(
        {
            "instance": Object(
                {
                    "configurationStatus": Text(),
                    "paramsGroupId": Text(),
                    "type": Text(),
                    "subnetid": Text(),
                    "role": Text(),
                    "internalSubnetId": Text(),
                    "group": Text(),
                    "securegroup": Text(),
                    "vpc": Text(),
                    "azcode": Text(),
                    "region": Text(),
                    "created": Text(),
                    "updated": Text(),
                    "status": Text(one_of=_STATUSES),
                    "name": Text(),
                    "publicEndpoint": Text(any),
                    "dbPort": Integer(),
                    "links": _LINKED,
                    "id": Text(),
                    "flavor": _FLAVOR_REF,
                    "volume": _VOLUME,
                    "datastore": _DATASTORE,
                    "fault": Object({}, nullable=True),
                    "configuration": Object({"id": Text(), "name": Text(), "links": _LINKED}, nullable=True),
                    "locality": Text(nullable=True),
                    "replicas": List(Object({"id": Text(), "name": Text(), "links": _LINKED}), nullable=True),
                    "dbuser": Text(),
                    "storageEngine": Text(any),
                    "payModel": Integer(),
                    "cluster_id": Text(),
                }
            )
        }
    ),
    heeds=("stale",),
)
def get_instance(call: Call) -> Answer:
    """Return an instance (API reference, Trove, "Obtaining Detailed Information of a Specified DB Instance")."""
    world = call.world
    instance, now = supported(call)
    configuration = world.configuration_of(instance)
    row = _row(instance, now)
    rendered = {
        "configurationStatus": "In-Sync",
        "paramsGroupId": configuration.id,
        "type": instance.datastore.type,
        "subnetid": instance.subnet_id,
        "role": instance.nodes[0].role,
        "internalSubnetId": instance.subnet_id,
        "group": "root",
        "securegroup": instance.security_group_id,
        "vpc": instance.vpc_id,
        "azcode": instance.nodes[0].availability_zone,
        "region": instance.region,
        "created": stamp(instance.created),
        "updated": stamp(instance.created),
        "status": row["status"],
        "name": row["name"],
        "publicEndpoint": f"{instance.public_ip}:{instance.port}" if instance.public_ip else "",
        "dbPort": instance.port,
        "links": _LINKS,
        "id": instance.node_id,
        "flavor": row["flavor"],
        "volume": row["volume"],
        "datastore": {"type": instance.datastore.type, "version": _version(instance.datastore, full=True)},
        "fault": None,
        "configuration": None,
        "locality": None,
        "replicas": None,
        "dbuser": "root",
        "storageEngine": "",
        "payModel": 1,
        "cluster_id": instance.id,
    }
    if configuration.user_defined:
        rendered["configuration"] = {"id": configuration.id, "name": configuration.name, "links": _LINKS}
    if instance.replicas:
        replicas = ((replica.node_id, replica.nodes[0].name) for replica in instance.replicas)
        rendered["replicas"] = [{"id": node_id, "name": name, "links": _LINKS} for node_id, name in replicas]
    world.look_at_instances([instance], now)
    return Answer({"instance": rendered})


@operation(
    "trove.create_instance",
    body=Object(
        {
            "instance": Object(
                {
                    "name": Text(is_name, errors.INSTANCE_NAME),
                    "datastore": Object(
                        {
                            "type": Text(one_of=SUPPORTED, error=errors.ENGINE),
                            "version": Text(error=errors.ENGINE_VERSION),
                        },
                        missing=errors.NO_DATASTORE,
                    ),
                    "flavorRef": _FLAVOR_ID,
                    "volume": Object(
                        {
                            "type?": Text(one_of=VOLUME_TYPES, error=errors.VOLUME_TYPE, default="CLOUDSSD"),
                            "size": Integer(VOLUME_SIZES, errors.VOLUME_RANGE, step=10, uneven=errors.VOLUME_STEP),
                        },
                        missing=errors.VOLUME_RANGE,
                    ),
                    "users?": List(
                        Object({"name": Text(one_of=("root",)), "password": Text(is_password, errors.PASSWORD)})
                    ),
                    "configuration?": Text(),
                    "nics?": List(Object({"net-id?": Text(is_uuid, errors.SUBNET), "securityGroupId?": Text()})),
                    "availability_zone?": Text(),
                    "vpc?": Text(is_uuid, errors.VPC),
                    "slave_of?": Text(error=errors.REPLICA_OF, names_instance=True),
                    "replica_of?": Text(error=errors.REPLICA_OF, names_instance=True),
                    "replica_count?": Integer(range(1, 2)),
                }
            )
        }
    ),
    answer=Object(
        {
            "instance": Object(
                {
                    "status": Text(one_of=_STATUSES),
                    "updated": Text(),
                    "name": Text(),
                    "links": _LINKED,
                    "created": Text(),
                    "id": Text(),
                    "volume": Object({"size": Integer()}),
                    "flavor": _FLAVOR_REF,
                    "datastore": _DATASTORE,
                }
            )
        }
    ),
    heeds=("lifecycle", "visible_after"),
    leads_to={
        "trove.list_instances": {},
        "trove.get_instance": {"instanceId": "$response.body#/instance/id"},
        "trove.delete_instance": {"instanceId": "$response.body#/instance/id"},
    },
)
def create_instance(call: Call, fields: dict[str, Any]) -> Answer:
    """Create a DB instance or a read replica (API reference, Trove, "Creating a DB Instance")."""
    fields = fields["instance"]
    flavor = _flavor(fields["flavorRef"])
    primary = fields["replica_of"] or fields["slave_of"]
    if primary is None:
        instance = _create_single(call, fields, flavor)
    else:
        instance = call.world.create_read_replica(
            name=fields["name"], flavor=flavor, node_id=primary, effect=call.effect
        )
    row = _row(instance, instance.created)
    created = stamp(instance.created)
    answered = {
        "status": "BUILD",
        "updated": created,
        "name": row["name"],
        "links": _LINKS,
        "created": created,
        "id": row["id"],
        "volume": {"size": instance.volume_gb},
        "flavor": row["flavor"],
        "datastore": row["datastore"],
    }
    return Answer({"instance": answered})


@operation("trove.delete_instance", status=202, heeds=("lifecycle",))
def delete_instance(call: Call) -> Answer:
    """Delete a DB instance (API reference, Trove, "Deleting a DB Instance")."""
    instance, _ = supported(call)
    call.world.delete_instance(instance.node_id, call.effect)
    return Answer()


@operation(
    "trove.restart_instance",
    body=Object({"restart": Object({})}),
    status=202,
    heeds=("lifecycle",),
    when=has("restart"),
)
def restart_instance(call: Call, fields: dict[str, Any]) -> Answer:  # noqa: ARG001
    """Reboot a DB instance (API reference, Trove, "Rebooting a DB Instance")."""
    instance, _ = supported(call)
    call.world.restart_instance(instance.node_id, call.effect)
    return Answer()


@operation(
    "trove.change_instance_flavor",
    body=Object({"resize": Object({"flavorRef": _FLAVOR_ID})}),
    status=202,
    heeds=("lifecycle",),
    when=has("resize", "flavorRef"),
)
def change_instance_flavor(call: Call, fields: dict[str, Any]) -> Answer:
    """Change the class of a DB instance (API reference, Trove, "Changing DB Instance Specifications")."""
    instance, _ = supported(call)
    call.world.change_instance_flavor(instance.node_id, _flavor(fields["resize"]["flavorRef"]), call.effect)
    return Answer()


@operation(
    "trove.resize_instance_volume",
    body=Object(
        {"resize": Object({"volume": Object({"size": Integer(range(50, 4001), errors.VOLUME_RANGE)})})},
    ),
    status=202,
    heeds=("lifecycle",),
)
def resize_instance_volume(call: Call, fields: dict[str, Any]) -> Answer:
    """Enlarge the disk of a DB instance (API reference, Trove, "Changing DB Instance Volume")."""
    instance, _ = supported(call)
    call.world.resize_instance_volume(instance.node_id, fields["resize"]["volume"]["size"], call.effect)
    return Answer()


@operation("trove.list_flavors", answer=Object({"flavors": List(Object(_FLAVOR))}))
def list_flavors(call: Call) -> Answer:
    """List instance classes (API reference, Trove, "Obtaining All DB Instance Specifications")."""
    _ = call.world
    flavors = [_render_flavor(flavor) for flavor in FLAVORS.values() if flavor.engine in SUPPORTED]
    return Answer({"flavors": flavors})


@operation(
    "trove.get_flavor",
    answer=Object(
        {
            **_FLAVOR,
            "flavor_detail": List(Object({"name": Text(), "value": Text()})),
            "price_detail": List(Object({})),
            "flavor": Object(_FLAVOR),
        }
    ),
)
def get_flavor(call: Call) -> Answer:
    """Return an instance class (API reference, Trove, "Obtaining Specified DB Instance Specifications")."""
    _ = call.world
    flavor = _flavor(call.parameters["flavorId"])
    gigabytes = flavor.ram // 1024
    details = {"cpu": str(flavor.vcpus), "mem": str(gigabytes), "dbType": flavor.engine}
    rendered = _render_flavor(flavor)
    return Answer(
        {
            **rendered,
            "ram": gigabytes,
            "links": None,
            "flavor_detail": [{"name": name, "value": value} for name, value in details.items()],
            "price_detail": [],
            "flavor": rendered,
        }
    )


def supported(call: Call) -> tuple[Instance, float]:
    """Find the instance whose id is in the path, and the time it was looked at.

    Raises:
        RDSError: INSTANCE_NOT_FOUND, or ENGINE_NOT_SUPPORTED for SQL Server.
    """
    instance, now = call.world.get_instance(call.parameters["instanceId"], call.effect)
    check_supported(instance.datastore)
    return instance, now


def check_supported(datastore: Datastore) -> None:
    """Refuse an engine that this API does not know.

    Raises:
        RDSError: ENGINE_NOT_SUPPORTED.
    """
    if datastore.type not in SUPPORTED:
        raise RDSError(errors.ENGINE_NOT_SUPPORTED, f"this API is for {' and '.join(SUPPORTED)} only")


def _create_single(call: Call, fields: dict[str, Any], flavor: Flavor) -> Instance:
    world = call.world
    spec = fields["datastore"]
    try:
        datastore = Datastore.find(spec["type"], spec["version"].removeprefix(f"{spec['type']}-"))
    except ValueError as error:
        raise RDSError(errors.ENGINE_VERSION, str(error)) from None
    if not fields["users"]:
        raise RDSError(errors.PASSWORD, "'users' must have root and its password")
    nic = (fields["nics"] or [{"net-id": None, "securityGroupId": None}])[0]
    if fields["configuration"] is not None:
        wanted = world.get_configuration(fields["configuration"]).datastore
        if (wanted.type, wanted.major) != (datastore.type, datastore.major):
            raise RDSError(errors.ENGINE_NOT_SUPPORTED, f"the template is for {wanted.type} {wanted.major}")
    network = (
        fields["vpc"] or stable_id(f"{world.region} vpc"),
        nic["net-id"] or stable_id(f"{world.region} subnet"),
        nic["securityGroupId"] or stable_id(f"{world.region} security group"),
    )
    return world.create_instance(
        name=fields["name"],
        datastore=datastore,
        flavor=flavor,
        volume_type=fields["volume"]["type"],
        volume_gb=fields["volume"]["size"],
        availability_zone=fields["availability_zone"] or f"{world.region}-01",
        network=network,
        port=PORTS[datastore.type],
        policy=BackupPolicy(keep_days=0, start_time="00:00:00"),
        settings=Settings(configuration_id=fields["configuration"] or ""),
        effect=call.effect,
    )


def _flavor(flavor_id: str) -> Flavor:
    flavor = FLAVORS.get(flavor_id)
    if flavor is None or flavor.engine not in SUPPORTED:
        raise RDSError(errors.FLAVOR_NOT_FOUND)
    return flavor


def _version(datastore: Datastore, *, full: bool = False) -> str:
    return f"{datastore.type}-{datastore.version if full else datastore.major}"


def _render_flavor(flavor: Flavor) -> dict[str, Any]:
    return {"ram": flavor.ram, "id": 1, "links": _LINKS, "name": flavor.spec_code, "str_id": flavor.id}


def _row(instance: Instance, now: float) -> dict[str, Any]:
    status = instance.status_at(now)
    row: dict[str, Any] = {
        "status": status if status in _STATUSES else _WORDS.get(status, "MODIFYING"),
        "name": instance.nodes[0].name,
        "links": _LINKS,
        "id": instance.node_id,
        "volume": {"type": instance.volume_type, "size": instance.volume_gb},
        "flavor": {"id": instance.flavor.id, "links": _LINKS},
        "datastore": {"type": instance.datastore.type, "version": _version(instance.datastore)},
        "region": instance.region,
        "ip": instance.host,
    }
    if instance.primary is not None:
        row["replica_of"] = [{"id": instance.primary.node_id, "links": _LINKS}]
    return row | {"hostname": None}
