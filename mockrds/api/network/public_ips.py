"""Elastic IPs: they can be acquired, bound to the port of an instance, and released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockrds.api.call import Answer
from mockrds.api.network.resource import fields_of, one
from mockrds.domain.clock import TimestampFormat
from mockrds.domain.errors import NetworkError
from mockrds.domain.world.networks import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.api.call import Call
    from mockrds.api.network.resource import Row
    from mockrds.domain.world.networks import Port, PublicIP

_stamp: Final = TimestampFormat("%Y-%m-%d %H:%M:%S")


def eips(call: Call) -> list[Row]:
    """Return the elastic IPs as the cloud calls them."""
    return [_eip_row(call, ip, port) for ip, port in call.world.list_public_ips()]


def _eip_row(call: Call, ip: PublicIP, port: Port | None) -> Row:
    row: Row = {
        "id": ip.id,
        "status": "DOWN" if port is None else "ACTIVE",
        "type": ip.type,
        "public_ip_address": ip.address,
        "tenant_id": call.parameters["project_id"],
        "create_time": _stamp(ip.created),
        "bandwidth_id": ip.bandwidth_id,
        "bandwidth_name": ip.bandwidth_name,
        "bandwidth_size": ip.bandwidth_size,
        "bandwidth_share_type": ip.bandwidth_share_type,
        "ip_version": 4,
    }
    return row if port is None else row | {"port_id": port.id, "private_ip_address": port.address}


def floating_ips(call: Call) -> list[Row]:
    """Return the elastic IPs as Neutron calls them."""
    world, project_id = call.world, call.parameters["project_id"]
    return [
        {
            "id": ip.id,
            "status": "DOWN" if port is None else "ACTIVE",
            "floating_ip_address": ip.address,
            "fixed_ip_address": None if port is None else port.address,
            "port_id": None if port is None else port.id,
            "floating_network_id": world.named_id("network", OUTSIDE),
            "router_id": None,
            "tenant_id": project_id,
            "project_id": project_id,
        }
        for ip, port in world.list_public_ips()
    ]


def create_public_ip(call: Call) -> Answer:
    """Acquire an elastic IP; its status is another one in this answer."""
    fields, bandwidth = fields_of(call, "publicip"), fields_of(call, "bandwidth")
    if not isinstance(fields.get("type"), str):
        raise NetworkError(400, "publicip.type is missing")
    size = bandwidth.get("size", 5)
    if isinstance(size, bool) or not isinstance(size, int):
        raise NetworkError(400, "bandwidth.size must be an integer")
    name, share_type = str(bandwidth.get("name", "")), str(bandwidth.get("share_type", "PER"))
    ip = call.world.create_public_ip(fields["type"], name, size, share_type)
    return Answer({"publicip": _eip_row(call, ip, None) | {"status": "PENDING_CREATE"}})


def delete_public_ip(call: Call) -> Answer:
    """Release an elastic IP."""
    call.world.delete_public_ip(call.parameters["id"])
    return Answer(status=204)


def bind_public_ip(key: str, rows: Callable[[Call], list[Row]]) -> Callable[[Call], Answer]:
    """Make the function that binds an elastic IP to a port, or to none."""

    def bind(call: Call) -> Answer:
        one(call, rows(call))
        call.world.update_public_ip(call.parameters["id"], fields_of(call, key).get("port_id"))
        return Answer({key: one(call, rows(call))})

    return bind
