"""What clients of the database service ask of the services next to it: networks and elastic IPs, no more than that.

The networks are those that instances are in, and one called ``default``; they can be looked at only. Each
instance has a port. Elastic IPs can be got, bound to a port, and given back; the network outside is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from mockrds.domain.clock import Stamp
from mockrds.domain.errors import CATALOGUE, GatewayError, RDSError
from mockrds.domain.identity import InvalidTokenError
from mockrds.domain.operations import Operation
from mockrds.domain.values import dashed, uuid4
from mockrds.web.call import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mockrds.domain.models import Instance
    from mockrds.domain.world import World
    from mockrds.web.call import Call

    Row = dict[str, Any]

_TABLE: Final = """
compute.list_security_groups GET /v2.1/{project_id}/os-security-groups
network.list_vpcs GET /v1/{project_id}/vpcs
network.get_vpc GET /v1/{project_id}/vpcs/{id}
network.list_subnets GET /v1/{project_id}/subnets
network.get_subnet GET /v1/{project_id}/subnets/{id}
network.list_security_groups GET /v1/{project_id}/security-groups
network.get_security_group GET /v1/{project_id}/security-groups/{id}
network.create_public_ip POST /v1/{project_id}/publicips
network.list_public_ips GET /v1/{project_id}/publicips
network.get_public_ip GET /v1/{project_id}/publicips/{id}
network.update_public_ip PUT /v1/{project_id}/publicips/{id}
network.delete_public_ip DELETE /v1/{project_id}/publicips/{id}
neutron.list_networks GET /v2.0/networks
neutron.get_network GET /v2.0/networks/{id}
neutron.list_routers GET /v2.0/routers
neutron.get_router GET /v2.0/routers/{id}
neutron.list_security_groups GET /v2.0/security-groups
neutron.get_security_group GET /v2.0/security-groups/{id}
neutron.list_ports GET /v2.0/ports
neutron.get_port GET /v2.0/ports/{id}
neutron.list_floating_ips GET /v2.0/floatingips
neutron.get_floating_ip GET /v2.0/floatingips/{id}
neutron.update_floating_ip PUT /v2.0/floatingips/{id}
"""

NEIGHBOURS: Final[dict[str, Operation]] = {
    operation.id: operation for operation in (Operation(*row.split()) for row in _TABLE.strip().splitlines())
}
"""The operations of other services, in the form of those of the API reference."""

_CIDR: Final = "192.168.0.0/16"  # where the hosts of instances are
_GATEWAY: Final = "192.168.0.1"
_OUTSIDE: Final = "admin_external_net"  # the network of that name that elastic IPs are of
_stamp: Final = Stamp("%Y-%m-%d %H:%M:%S")


@dataclass(slots=True, kw_only=True)
class _PublicIP:
    id: str
    address: str
    kind: str
    created: float
    bandwidth_id: str
    bandwidth_name: str
    bandwidth_size: int
    share_type: str


@dataclass(slots=True)
class _Held:
    random: Random
    """The source of ids and addresses."""
    addresses: dict[str, _PublicIP] = field(default_factory=dict)


_HELD: Final[WeakKeyDictionary[World, _Held]] = WeakKeyDictionary()
"""The elastic IPs of each world, for as long as it is there."""


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def _id(call: Call, kind: str, name: str) -> str:
    """Make the id that always belongs to a *kind* of thing called *name* in the project."""
    return dashed(call.simulator.identity.stable_id(kind, f"{call.parameters['project_id']}/{name}"))


def _networks(call: Call, kind: str, of: Callable[[Instance], str]) -> dict[str, Instance | None]:
    """Give the ids of the networks of a *kind*, each with an instance in it; that which always is there comes first."""
    found: dict[str, Instance | None] = {_id(call, kind, "default"): None}
    for instance in call.world.instances:
        found.setdefault(of(instance), instance)
    return found


def _name(kind: str, id: str, instance: Instance | None) -> str:  # noqa: A002  (the word of the API)
    return "default" if instance is None else f"{kind}-{id[:8]}"


def _vpcs(call: Call) -> list[Row]:
    return [
        {
            "id": id,
            "name": _name("vpc", id, instance),
            "description": "",
            "cidr": _CIDR,
            "status": "OK",
            "routes": [],
            "enable_shared_snat": False,
        }
        for id, instance in _networks(call, "vpc", lambda instance: instance.vpc_id).items()  # noqa: A001
    ]


def _subnets(call: Call) -> list[Row]:
    return [
        {
            "id": id,
            "name": _name("subnet", id, instance),
            "description": "",
            "cidr": _CIDR,
            "gateway_ip": _GATEWAY,
            "dhcp_enable": True,
            "primary_dns": "100.125.4.25",
            "secondary_dns": "100.125.129.199",
            "dnsList": ["100.125.4.25", "100.125.129.199"],
            "availability_zone": "",
            "vpc_id": instance.vpc_id if instance is not None else _id(call, "vpc", "default"),
            "status": "ACTIVE",
            "neutron_network_id": id,
            "neutron_subnet_id": _id(call, "neutron subnet", id),
        }
        for id, instance in _networks(call, "subnet", lambda instance: instance.subnet_id).items()  # noqa: A001
    ]


def _neutron_networks(call: Call) -> list[Row]:
    """Give the subnets as Neutron calls them, a network with one subnet in it, and the network outside."""
    outside = {"id": _id(call, "network", _OUTSIDE), "name": _OUTSIDE, "neutron_subnet_id": None}
    return [
        _neutral(call, subnet)
        | {
            "status": "ACTIVE",
            "subnets": [subnet["neutron_subnet_id"]] if subnet is not outside else [],
            "shared": False,
            "router:external": subnet is outside,
        }
        for subnet in (*_subnets(call), outside)
    ]


def _neutron_routers(call: Call) -> list[Row]:
    """Give the VPCs as Neutron calls them."""
    return [_neutral(call, vpc) | {"status": "ACTIVE", "routes": []} for vpc in _vpcs(call)]


def _neutral(call: Call, row: Row) -> Row:
    project_id = call.parameters["project_id"]
    owner = {"tenant_id": project_id, "project_id": project_id, "admin_state_up": True}
    return {"id": row["id"], "name": row["name"], **owner}


def _security_groups(call: Call) -> list[Row]:
    groups = _networks(call, "security group", lambda instance: instance.security_group_id)
    return [
        {
            "id": id,
            "name": _name("sg", id, instance),
            "description": "",
            "tenant_id": call.parameters["project_id"],
            "project_id": call.parameters["project_id"],
            "security_group_rules": [],
        }
        for id, instance in groups.items()  # noqa: A001
    ]


def _server_groups(call: Call) -> list[Row]:
    named = ("id", "name", "description", "tenant_id")
    return [{key: group[key] for key in named} | {"rules": []} for group in _security_groups(call)]


def _ports(call: Call) -> list[Row]:
    return [
        {
            "id": _id(call, "port", instance.id),
            "name": instance.name,
            "status": "ACTIVE",
            "admin_state_up": True,
            "network_id": instance.subnet_id,
            "fixed_ips": [
                {"ip_address": instance.host, "subnet_id": _id(call, "neutron subnet", instance.subnet_id)},
            ],
            "security_groups": [instance.security_group_id],
            "device_id": instance.node_id,
            "device_owner": "network:rds",
            "tenant_id": call.parameters["project_id"],
            "project_id": call.parameters["project_id"],
        }
        for instance in call.world.instances
    ]


def _held(call: Call) -> _Held:
    world = call.world
    held = _HELD.get(world)
    if held is None:
        held = _HELD[world] = _Held(Random(_id(call, "public ips", "")))
    return held


def _bound(call: Call) -> dict[str, Instance]:
    """Give the instance that each elastic IP address is bound to."""
    return {instance.public_ip: instance for instance in call.world.instances if instance.public_ip}


def _eips(call: Call) -> list[Row]:
    bound = _bound(call)
    return [
        {
            "id": ip.id,
            "status": "ACTIVE" if ip.address in bound else "DOWN",
            "type": ip.kind,
            "public_ip_address": ip.address,
            "tenant_id": call.parameters["project_id"],
            "create_time": _stamp(ip.created),
            "bandwidth_id": ip.bandwidth_id,
            "bandwidth_name": ip.bandwidth_name,
            "bandwidth_size": ip.bandwidth_size,
            "bandwidth_share_type": ip.share_type,
            "ip_version": 4,
            **(
                {"port_id": _id(call, "port", bound[ip.address].id), "private_ip_address": bound[ip.address].host}
                if ip.address in bound
                else {}
            ),
        }
        for ip in _held(call).addresses.values()
    ]


def _floating_ips(call: Call) -> list[Row]:
    bound = _bound(call)
    return [
        {
            "id": ip.id,
            "status": "ACTIVE" if ip.address in bound else "DOWN",
            "floating_ip_address": ip.address,
            "fixed_ip_address": bound[ip.address].host if ip.address in bound else None,
            "port_id": _id(call, "port", bound[ip.address].id) if ip.address in bound else None,
            "floating_network_id": _id(call, "network", _OUTSIDE),
            "router_id": None,
            "tenant_id": call.parameters["project_id"],
            "project_id": call.parameters["project_id"],
        }
        for ip in _held(call).addresses.values()
    ]


def _fitting(call: Call, rows: Iterable[Row]) -> list[Row]:
    """Choose the rows that the query parameters ask for, from the one after *marker* on."""
    query = call.query
    asked = query.items()
    fitting = [row for row in rows if all(_fits(row[key], value) for key, value in asked if key in row)]
    marker, limit = query.get("marker"), query.get("limit", "")
    if marker:
        ids = [row["id"] for row in fitting]
        fitting = fitting[ids.index(marker) + 1 :] if marker in ids else []
    return fitting[: int(limit)] if limit.isdecimal() else fitting


def _fits(value: object, wanted: str) -> bool:
    """Tell whether a field is as *wanted*; lists and numbers are not asked for, so any of them will do."""
    if isinstance(value, bool):
        return wanted.lower() == str(value).lower()
    return value == wanted if value is None or isinstance(value, str) else True


def _one(call: Call, rows: Iterable[Row]) -> Row:
    wanted = call.parameters["id"]
    for row in rows:
        if row["id"] == wanted:
            return row
    raise _RefusedError(404, f"{wanted} could not be found")


def _list(key: str, rows: Callable[[Call], list[Row]]) -> Callable[[Call], Answer]:
    return lambda call: Answer({key: _fitting(call, rows(call))})


def _get(key: str, rows: Callable[[Call], list[Row]]) -> Callable[[Call], Answer]:
    return lambda call: Answer({key: _one(call, rows(call))})


def _create_public_ip(call: Call) -> Answer:
    held, given, bandwidth = _held(call), _object(call, "publicip"), _object(call, "bandwidth")
    if not isinstance(given.get("type"), str):
        raise _RefusedError(400, "publicip.type is missing")
    size = bandwidth.get("size", 5)
    if isinstance(size, bool) or not isinstance(size, int):
        raise _RefusedError(400, "bandwidth.size must be an integer")
    random = held.random
    ip = _PublicIP(
        id=uuid4(random),
        address=f"198.{random.randrange(18, 20)}.{random.randrange(256)}.{random.randrange(1, 255)}",  # for tests only
        kind=given["type"],
        created=call.now,
        bandwidth_id=uuid4(random),
        bandwidth_name=str(bandwidth.get("name", "")),
        bandwidth_size=size,
        share_type=str(bandwidth.get("share_type", "PER")),
    )
    held.addresses[ip.id] = ip
    row = next(row for row in _eips(call) if row["id"] == ip.id)
    return Answer({"publicip": row | {"status": "PENDING_CREATE"}})


def _delete_public_ip(call: Call) -> Answer:
    if _one(call, _eips(call))["status"] == "ACTIVE":
        raise _RefusedError(409, f"{call.parameters['id']} is bound to a port")
    del _held(call).addresses[call.parameters["id"]]
    return Answer(status=204)


def _bind(key: str, rows: Callable[[Call], list[Row]]) -> Callable[[Call], Answer]:
    """Make the function that binds an elastic IP to a port, or to none."""

    def bind(call: Call) -> Answer:
        _one(call, rows(call))
        port_id = _object(call, key).get("port_id")
        ports = {_id(call, "port", instance.id): instance for instance in call.world.instances}
        if port_id and port_id not in ports:
            raise _RefusedError(404, f"{port_id} could not be found")
        address = _held(call).addresses[call.parameters["id"]].address
        before, after = _bound(call).get(address), ports[port_id] if port_id else None
        if before is not after:
            try:
                if before is not None:
                    call.world.unbind_public_ip(before.node_id)
                if after is not None:
                    call.world.bind_public_ip(after.node_id, address)
            except RDSError as error:
                raise _RefusedError(409, error.hint or CATALOGUE[error.problem.v3].message) from None
        return Answer({key: _one(call, rows(call))})

    return bind


def _object(call: Call, key: str) -> Row:
    try:
        value = call.document.get(key)
    except RDSError:
        value = None
    if not isinstance(value, dict):
        raise _RefusedError(400, f"{key} is missing")
    return value


def _find_project(call: Call) -> None:
    """Let a call without a project in its path be about the one that its credentials are for."""
    try:
        project_id = call.simulator.identity.read(call.headers.get("X-Auth-Token", "")).project_id
    except InvalidTokenError:
        project_id = call.headers.get("X-Project-Id")
    call.parameters = {**call.parameters, "project_id": project_id or call.simulator.default.id}


def _guarded(handle: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
    """Let what is refused be answered in one form, in which all clients find its message."""

    def guarded(call: Call) -> Answer:
        if "project_id" not in call.parameters:
            _find_project(call)
            call.tenant = call.simulator.tenants.get(call.parameters["project_id"])
        try:
            return handle(call)
        except _RefusedError as refusal:
            answer = Answer({"code": str(refusal.status), "message": str(refusal)}, refusal.status)
            answer.error = str(refusal.status)
            return answer
        except RDSError as error:  # the project is not theirs
            raise GatewayError("APIGW.0302", hint=error.hint) from None

    return guarded


_FUNCTIONS: Final[dict[str, Callable[[Call], Answer]]] = {
    "compute.list_security_groups": _list("security_groups", _server_groups),
    "network.list_vpcs": _list("vpcs", _vpcs),
    "network.get_vpc": _get("vpc", _vpcs),
    "network.list_subnets": _list("subnets", _subnets),
    "network.get_subnet": _get("subnet", _subnets),
    "network.list_security_groups": _list("security_groups", _security_groups),
    "network.get_security_group": _get("security_group", _security_groups),
    "network.create_public_ip": _create_public_ip,
    "network.list_public_ips": _list("publicips", _eips),
    "network.get_public_ip": _get("publicip", _eips),
    "network.update_public_ip": _bind("publicip", _eips),
    "network.delete_public_ip": _delete_public_ip,
    "neutron.list_networks": _list("networks", _neutron_networks),
    "neutron.get_network": _get("network", _neutron_networks),
    "neutron.list_routers": _list("routers", _neutron_routers),
    "neutron.get_router": _get("router", _neutron_routers),
    "neutron.list_security_groups": _list("security_groups", _security_groups),
    "neutron.get_security_group": _get("security_group", _security_groups),
    "neutron.list_ports": _list("ports", _ports),
    "neutron.get_port": _get("port", _ports),
    "neutron.list_floating_ips": _list("floatingips", _floating_ips),
    "neutron.get_floating_ip": _get("floatingip", _floating_ips),
    "neutron.update_floating_ip": _bind("floatingip", _floating_ips),
}
HANDLERS: Final = {operation: _guarded(function) for operation, function in _FUNCTIONS.items()}
