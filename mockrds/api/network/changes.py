"""Networks made and taken away, for clients that want one of their own for their instance."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from mockrds.api.call import Answer
from mockrds.api.network.networks import (
    Subnet,
    made,
    neutron_networks,
    neutron_routers,
    neutron_subnets,
    security_groups,
    used,
)
from mockrds.api.network.resource import RefusedError, fields_of, one
from mockrds.domain.errors import RDSError
from mockrds.domain.values import uuid4

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.api.network.networks import Kind
    from mockrds.api.network.resource import Row


def create_network(call: Call) -> Answer:
    """Make a network without subnets."""
    key = _new(call, "subnet", fields_of(call, "network"))
    return Answer({"network": _row(neutron_networks(call), key)}, 201)


def create_router(call: Call) -> Answer:
    """Make a router without interfaces."""
    fields = fields_of(call, "router")
    gateway = _gateway(call, fields)
    key = _new(call, "vpc", fields)
    made(call).gateways[key] = gateway
    return Answer({"router": _row(neutron_routers(call), key)}, 201)


def create_security_group(call: Call) -> Answer:
    """Make a security group."""
    fields = fields_of(call, "security_group")
    description = _text(fields, "description")
    key = _new(call, "security group", fields)
    made(call).descriptions[key] = description
    return Answer({"security_group": _row(security_groups(call), key)}, 201)


def create_subnet(call: Call) -> Answer:
    """Make a subnet of a network that was made."""
    fields, state = fields_of(call, "subnet"), made(call)
    name, network_id = _text(fields, "name"), _text(fields, "network_id")
    try:
        cidr = IPv4Network(_text(fields, "cidr"))
    except ValueError as error:
        raise RefusedError(400, f"cidr: {error}") from None
    if not network_id:
        raise RefusedError(400, "network_id is missing")
    if network_id not in state.names["subnet"]:
        _row(neutron_networks(call), network_id)
        raise RefusedError(409, f"{network_id} has its subnet")
    dns = fields.get("dns_nameservers") or []
    if not isinstance(dns, list):
        raise RefusedError(400, "dns_nameservers must be a list")
    key = uuid4(state.random)
    gateway_ip = fields.get("gateway_ip", str(cidr[1 if cidr.num_addresses > 1 else 0]))
    state.subnets[key] = Subnet(name=name, network_id=network_id, cidr=str(cidr), gateway_ip=gateway_ip, dns=dns)
    return Answer({"subnet": _row(neutron_subnets(call), key)}, 201)


def update_router(call: Call) -> Answer:
    """Rename a router, or change its way out."""
    key, fields = _own(call, "vpc", neutron_routers(call)), fields_of(call, "router")
    state = made(call)
    if "external_gateway_info" in fields:
        state.gateways[key] = _gateway(call, fields)
    if "name" in fields:
        state.names["vpc"][key] = _text(fields, "name")
    return Answer({"router": _row(neutron_routers(call), key)})


def add_router_interface(call: Call) -> Answer:
    """Attach a subnet to a router."""
    router = one(call, neutron_routers(call))
    subnet_id, subnet = _subnet(call)
    if subnet.router_id:
        raise RefusedError(400, f"{subnet_id} is attached to {subnet.router_id}")
    subnet.router_id, subnet.port_id = router["id"], uuid4(made(call).random)
    return _interface(router, subnet_id, subnet.port_id)


def remove_router_interface(call: Call) -> Answer:
    """Take a subnet from its router."""
    router = one(call, neutron_routers(call))
    subnet_id, subnet = _subnet(call)
    if subnet.router_id != router["id"]:
        raise RefusedError(404, f"{subnet_id} is not attached to {router['id']}")
    answer = _interface(router, subnet_id, subnet.port_id)
    subnet.router_id = subnet.port_id = ""
    return answer


def delete_network(call: Call) -> Answer:
    """Take a network away, and its subnets with it."""
    key, state = _free(call, "subnet", neutron_networks(call)), made(call)
    inner = {id: subnet for id, subnet in state.subnets.items() if subnet.network_id == key}  # noqa: A001
    if any(subnet.router_id for subnet in inner.values()):
        raise RefusedError(409, f"a subnet of {key} is attached to a router")
    for subnet_id in inner:
        del state.subnets[subnet_id]
    return _taken(call, "subnet", key)


def delete_router(call: Call) -> Answer:
    """Take a router away."""
    key, state = _free(call, "vpc", neutron_routers(call)), made(call)
    if any(subnet.router_id == key for subnet in state.subnets.values()):
        raise RefusedError(409, f"subnets are attached to {key}")
    state.gateways.pop(key, None)
    return _taken(call, "vpc", key)


def delete_security_group(call: Call) -> Answer:
    """Take a security group away."""
    key = _free(call, "security group", security_groups(call))
    made(call).descriptions.pop(key, None)
    return _taken(call, "security group", key)


def delete_subnet(call: Call) -> Answer:
    """Take a subnet out of its network."""
    key, state = one(call, neutron_subnets(call))["id"], made(call)
    subnet = state.subnets.get(key)
    if subnet is None or subnet.router_id or subnet.network_id in used(call, "subnet"):
        raise RefusedError(409, f"{key} is in use")
    del state.subnets[key]
    return Answer(status=204)


def _new(call: Call, kind: Kind, fields: Row) -> str:
    name, state = _text(fields, "name"), made(call)
    key = uuid4(state.random)
    state.names[kind][key] = name
    return key


def _own(call: Call, kind: Kind, rows: list[Row]) -> str:
    """Return the id in the path, if it is of something that a client made."""
    key: str = one(call, rows)["id"]
    if key not in made(call).names[kind]:
        raise RefusedError(409, f"{key} was there from the start")
    return key


def _free(call: Call, kind: Kind, rows: list[Row]) -> str:
    """Return the id in the path, if it is of something that a client made and no instance is in."""
    key = _own(call, kind, rows)
    if key in used(call, kind):
        raise RefusedError(409, f"an instance is in {key}")
    return key


def _taken(call: Call, kind: Kind, key: str) -> Answer:
    del made(call).names[kind][key]
    return Answer(status=204)


def _row(rows: list[Row], key: str) -> Row:
    for row in rows:
        if row["id"] == key:
            return row
    raise RefusedError(404, f"{key} could not be found")


def _text(fields: Row, key: str) -> str:
    value = fields.get(key, "")
    if not isinstance(value, str):
        raise RefusedError(400, f"{key} must be text")
    return value


def _gateway(call: Call, fields: Row) -> Any:
    """Return the way out that is asked for: an object that names a network, or null."""
    gateway = fields.get("external_gateway_info")
    if gateway is not None:
        if not isinstance(gateway, dict):
            raise RefusedError(400, "external_gateway_info must be an object")
        _row(neutron_networks(call), _text(gateway, "network_id"))
    return gateway


def _subnet(call: Call) -> tuple[str, Subnet]:
    """Find the subnet that the body names, by its id or by the port in it."""
    try:
        fields = call.document
    except RDSError:
        fields = {}
    subnet_id, port_id = _text(fields, "subnet_id"), _text(fields, "port_id")
    if not subnet_id and not port_id:
        raise RefusedError(400, "subnet_id is missing")
    for key, subnet in made(call).subnets.items():
        if key == subnet_id or (port_id and subnet.port_id == port_id):
            return key, subnet
    raise RefusedError(404, f"{subnet_id or port_id} could not be found")


def _interface(router: Row, subnet_id: str, port_id: str) -> Answer:
    return Answer({"id": router["id"], "tenant_id": router["tenant_id"], "port_id": port_id, "subnet_id": subnet_id})
