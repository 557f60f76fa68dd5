"""Elastic IPs: they can be got, bound to the port of an instance, and given back."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from mockrds.api.call import Answer
from mockrds.api.network.networks import OUTSIDE
from mockrds.api.network.resource import RefusedError, fields_of, named_id, one
from mockrds.domain.clock import TimestampFormat
from mockrds.domain.errors import CATALOGUE, RDSError
from mockrds.domain.values import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.api.call import Call
    from mockrds.api.network.resource import Row
    from mockrds.domain.models import Instance
    from mockrds.domain.world import World

_stamp: Final = TimestampFormat("%Y-%m-%d %H:%M:%S")


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


def _held(call: Call) -> _Held:
    world = call.world
    held = _HELD.get(world)
    if held is None:
        held = _HELD[world] = _Held(Random(named_id(call, "public ips", "")))
    return held


def _bound(call: Call) -> dict[str, Instance]:
    """Return the instance that each elastic IP address is bound to."""
    return {instance.public_ip: instance for instance in call.world.instances if instance.public_ip}


def eips(call: Call) -> list[Row]:
    """Return the elastic IPs as the cloud calls them."""
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
                {"port_id": named_id(call, "port", bound[ip.address].id), "private_ip_address": bound[ip.address].host}
                if ip.address in bound
                else {}
            ),
        }
        for ip in _held(call).addresses.values()
    ]


def floating_ips(call: Call) -> list[Row]:
    """Return the elastic IPs as Neutron calls them."""
    bound = _bound(call)
    return [
        {
            "id": ip.id,
            "status": "ACTIVE" if ip.address in bound else "DOWN",
            "floating_ip_address": ip.address,
            "fixed_ip_address": bound[ip.address].host if ip.address in bound else None,
            "port_id": named_id(call, "port", bound[ip.address].id) if ip.address in bound else None,
            "floating_network_id": named_id(call, "network", OUTSIDE),
            "router_id": None,
            "tenant_id": call.parameters["project_id"],
            "project_id": call.parameters["project_id"],
        }
        for ip in _held(call).addresses.values()
    ]


def create_public_ip(call: Call) -> Answer:
    """Get an elastic IP; its status is another one in this answer."""
    held, given, bandwidth = _held(call), fields_of(call, "publicip"), fields_of(call, "bandwidth")
    if not isinstance(given.get("type"), str):
        raise RefusedError(400, "publicip.type is missing")
    size = bandwidth.get("size", 5)
    if isinstance(size, bool) or not isinstance(size, int):
        raise RefusedError(400, "bandwidth.size must be an integer")
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
    row = next(row for row in eips(call) if row["id"] == ip.id)
    return Answer({"publicip": row | {"status": "PENDING_CREATE"}})


def delete_public_ip(call: Call) -> Answer:
    """Release an elastic IP."""
    if one(call, eips(call))["status"] == "ACTIVE":
        raise RefusedError(409, f"{call.parameters['id']} is bound to a port")
    del _held(call).addresses[call.parameters["id"]]
    return Answer(status=204)


def bind_public_ip(key: str, rows: Callable[[Call], list[Row]]) -> Callable[[Call], Answer]:
    """Make the function that binds an elastic IP to a port, or to none."""

    def bind(call: Call) -> Answer:
        one(call, rows(call))
        port_id = fields_of(call, key).get("port_id")
        ports = {named_id(call, "port", instance.id): instance for instance in call.world.instances}
        if port_id and port_id not in ports:
            raise RefusedError(404, f"{port_id} could not be found")
        address = _held(call).addresses[call.parameters["id"]].address
        before, after = _bound(call).get(address), ports[port_id] if port_id else None
        if before is not after:
            try:
                if before is not None:
                    call.world.unbind_eip(before.node_id)
                if after is not None:
                    call.world.bind_eip(after.node_id, address)
            except RDSError as error:
                raise RefusedError(409, error.hint or CATALOGUE[error.refusal.v3].message) from None
        return Answer({key: one(call, rows(call))})

    return bind
