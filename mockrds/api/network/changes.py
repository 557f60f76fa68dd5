"""Networks made and taken away, for clients that want one of their own for their instance."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from mockrds.api.call import Answer
from mockrds.api.network.networks import network_row, neutron_subnet_row, router_row, security_group_row
from mockrds.api.network.resource import fields_of
from mockrds.domain.errors import NetworkError, RDSError

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.api.network.resource import Row
    from mockrds.domain.world.networks import Router


def create_network(call: Call) -> Answer:
    """Make a network without subnets."""
    network = call.world.create_network(_text(fields_of(call, "network"), "name"))
    return Answer({"network": network_row(call, network)}, 201)


def create_router(call: Call) -> Answer:
    """Make a router without interfaces."""
    fields = fields_of(call, "router")
    router = call.world.create_router(_text(fields, "name"), _gateway(fields))
    return Answer({"router": router_row(call, router)}, 201)


def create_security_group(call: Call) -> Answer:
    """Make a security group."""
    fields = fields_of(call, "security_group")
    group = call.world.create_security_group(_text(fields, "name"), _text(fields, "description"))
    return Answer({"security_group": security_group_row(call, group)}, 201)


def create_subnet(call: Call) -> Answer:
    """Make a subnet of a network that was made."""
    fields = fields_of(call, "subnet")
    name, network_id = _text(fields, "name"), _text(fields, "network_id")
    try:
        cidr = IPv4Network(_text(fields, "cidr"))
    except ValueError as error:
        raise NetworkError(400, f"cidr: {error}") from None
    if not network_id:
        raise NetworkError(400, "network_id is missing")
    dns = fields.get("dns_nameservers") or []
    if not isinstance(dns, list):
        raise NetworkError(400, "dns_nameservers must be a list")
    gateway_ip = fields.get("gateway_ip", str(cidr[1 if cidr.num_addresses > 1 else 0]))
    subnet = call.world.create_subnet(name, network_id, cidr, gateway_ip, dns)
    return Answer({"subnet": neutron_subnet_row(call, subnet)}, 201)


def update_router(call: Call) -> Answer:
    """Rename a router, or change its way out."""
    fields = fields_of(call, "router")
    changes: dict[str, Any] = {"name": _text(fields, "name")} if "name" in fields else {}
    if "external_gateway_info" in fields:
        changes["gateway"] = _gateway(fields)
    return Answer({"router": router_row(call, call.world.update_router(call.parameters["id"], **changes))})


def add_router_interface(call: Call) -> Answer:
    """Attach a subnet to a router."""
    router, subnet = call.world.add_router_interface(call.parameters["id"], *_subnet(call))
    return _interface(call, router, subnet.id, subnet.port_id)


def remove_router_interface(call: Call) -> Answer:
    """Take a subnet from its router."""
    router, subnet, port_id = call.world.remove_router_interface(call.parameters["id"], *_subnet(call))
    return _interface(call, router, subnet.id, port_id)


def delete_network(call: Call) -> Answer:
    """Take a network away, and its subnets with it."""
    call.world.delete_network(call.parameters["id"])
    return Answer(status=204)


def delete_router(call: Call) -> Answer:
    """Take a router away."""
    call.world.delete_router(call.parameters["id"])
    return Answer(status=204)


def delete_security_group(call: Call) -> Answer:
    """Take a security group away."""
    call.world.delete_security_group(call.parameters["id"])
    return Answer(status=204)


def delete_subnet(call: Call) -> Answer:
    """Take a subnet out of its network."""
    call.world.delete_subnet(call.parameters["id"])
    return Answer(status=204)


def _text(fields: Row, key: str) -> str:
    value = fields.get(key, "")
    if not isinstance(value, str):
        raise NetworkError(400, f"{key} must be text")
    return value


def _gateway(fields: Row) -> dict[str, Any] | None:
    """Return the way out that is asked for: an object that names a network, or None."""
    gateway = fields.get("external_gateway_info")
    if gateway is None:
        return None
    if not isinstance(gateway, dict):
        raise NetworkError(400, "external_gateway_info must be an object")
    _text(gateway, "network_id")
    return gateway


def _subnet(call: Call) -> tuple[str, str]:
    """Return the id of the subnet, or that of the port in it, that the body names."""
    try:
        fields = call.document
    except RDSError:
        fields = {}
    subnet_id, port_id = _text(fields, "subnet_id"), _text(fields, "port_id")
    if not subnet_id and not port_id:
        raise NetworkError(400, "subnet_id is missing")
    return subnet_id, port_id


def _interface(call: Call, router: Router, subnet_id: str, port_id: str) -> Answer:
    project_id = call.parameters["project_id"]
    return Answer({"id": router.id, "tenant_id": project_id, "port_id": port_id, "subnet_id": subnet_id})
