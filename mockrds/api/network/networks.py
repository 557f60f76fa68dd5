"""The networks of a project, in the words of the cloud (VPC, subnet) and in Neutron's (router, network, subnet)."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal
from weakref import WeakKeyDictionary

from mockrds.api.network.resource import named_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.api.call import Call
    from mockrds.api.network.resource import Row
    from mockrds.domain.models import Instance
    from mockrds.domain.world import World

Kind = Literal["vpc", "subnet", "security group"]
OUTSIDE: Final = "admin_external_net"
"""The network of that name that elastic IPs are of."""
_CIDR: Final = "192.168.0.0/16"  # where the hosts of instances are
_GATEWAY: Final = "192.168.0.1"
_DNS: Final = ["100.125.4.25", "100.125.129.199"]
_OF: Final[dict[Kind, Callable[[Instance], str]]] = {
    "vpc": lambda instance: instance.vpc_id,
    "subnet": lambda instance: instance.subnet_id,
    "security group": lambda instance: instance.security_group_id,
}


@dataclass(slots=True, kw_only=True)
class Subnet:
    """A subnet that a client made, in Neutron's sense."""

    name: str
    network_id: str
    cidr: str
    gateway_ip: str | None
    dns: list[str]
    router_id: str = ""
    """The router that it is attached to."""
    port_id: str = ""
    """The port of that router in it."""


@dataclass(slots=True)
class Made:
    """What clients made in a project."""

    random: Random
    """The source of ids."""
    names: dict[Kind, dict[str, str]] = field(default_factory=lambda: {"vpc": {}, "subnet": {}, "security group": {}})
    """By kind and id; ``vpc`` are the routers, ``subnet`` the networks of Neutron."""
    descriptions: dict[str, str] = field(default_factory=dict)
    """What security groups are for."""
    gateways: dict[str, Any] = field(default_factory=dict)
    """The ways out of routers."""
    subnets: dict[str, Subnet] = field(default_factory=dict)


_MADE: Final[WeakKeyDictionary[World, Made]] = WeakKeyDictionary()
"""What was made in each world, for as long as it is there."""


def made(call: Call) -> Made:
    """Return what clients made in the project of a call."""
    world = call.world
    found = _MADE.get(world)
    if found is None:
        found = _MADE[world] = Made(Random(named_id(call, "networks", "")))
    return found


def used(call: Call, kind: Kind) -> dict[str, Instance]:
    """Return the ids of the networks of a *kind* that instances are in, each with one of them."""
    found: dict[str, Instance] = {}
    for instance in call.world.instances:
        found.setdefault(_OF[kind](instance), instance)
    return found


def _names(call: Call, kind: Kind, prefix: str) -> dict[str, str]:
    """Return id and name of the networks of a *kind*: the default one, those made, those of instances."""
    found = {named_id(call, kind, "default"): "default"} | made(call).names[kind]
    for id in used(call, kind):  # noqa: A001  (the word of the API)
        found.setdefault(id, f"{prefix}-{id[:8]}")
    return found


def _owned(call: Call, id: str, name: str) -> Row:  # noqa: A002
    project_id = call.parameters["project_id"]
    return {"id": id, "name": name, "tenant_id": project_id, "project_id": project_id}


def _subnets(call: Call) -> dict[str, Subnet]:
    """Return the subnets in Neutron's sense: one of each network that nobody made, and those that were made."""
    found = {}
    instances, default = used(call, "subnet"), named_id(call, "subnet", "default")
    for id in (default, *instances):  # noqa: A001
        if id not in made(call).names["subnet"]:
            found[named_id(call, "neutron subnet", id)] = Subnet(
                name="default" if id == default else f"subnet-{id[:8]}",
                network_id=id,
                cidr=_CIDR,
                gateway_ip=_GATEWAY,
                dns=_DNS,
                router_id=named_id(call, "vpc", "default") if id == default else instances[id].vpc_id,
            )
    return found | made(call).subnets


def vpcs(call: Call) -> list[Row]:
    """Return the VPCs."""
    return [
        {
            "id": id,
            "name": name,
            "description": "",
            "cidr": _CIDR,
            "status": "OK",
            "routes": [],
            "enable_shared_snat": bool((made(call).gateways.get(id) or {}).get("enable_snat")),
        }
        for id, name in _names(call, "vpc", "vpc").items()  # noqa: A001
    ]


def subnets(call: Call) -> list[Row]:
    """Return the subnets in the sense of the cloud: networks with a subnet in them."""
    inner = {subnet.network_id: (id, subnet) for id, subnet in _subnets(call).items()}  # noqa: A001
    return [
        {
            "id": id,
            "name": name,
            "description": "",
            "cidr": inner[id][1].cidr,
            "gateway_ip": inner[id][1].gateway_ip,
            "dhcp_enable": True,
            "primary_dns": (inner[id][1].dns or _DNS)[0],
            "secondary_dns": (inner[id][1].dns or _DNS)[-1],
            "dnsList": inner[id][1].dns or _DNS,
            "availability_zone": "",
            "vpc_id": inner[id][1].router_id,
            "status": "ACTIVE",
            "neutron_network_id": id,
            "neutron_subnet_id": inner[id][0],
        }
        for id, name in _names(call, "subnet", "subnet").items()  # noqa: A001
        if id in inner
    ]


def neutron_networks(call: Call) -> list[Row]:
    """Return the networks, and the one outside."""
    outside = named_id(call, "network", OUTSIDE)
    inner = _subnets(call)
    return [
        _owned(call, id, name)
        | {
            "admin_state_up": True,
            "status": "ACTIVE",
            "subnets": [key for key, subnet in inner.items() if subnet.network_id == id],
            "shared": False,
            "router:external": id == outside,
        }
        for id, name in (_names(call, "subnet", "subnet") | {outside: OUTSIDE}).items()  # noqa: A001
    ]


def neutron_subnets(call: Call) -> list[Row]:
    """Return the subnets of the networks."""
    return [
        _owned(call, id, subnet.name)
        | {
            "network_id": subnet.network_id,
            "cidr": subnet.cidr,
            "ip_version": 4,
            "gateway_ip": subnet.gateway_ip,
            "enable_dhcp": True,
            "dns_nameservers": subnet.dns,
            "allocation_pools": [],
            "host_routes": [],
        }
        for id, subnet in _subnets(call).items()  # noqa: A001
    ]


def neutron_routers(call: Call) -> list[Row]:
    """Return the VPCs as Neutron calls them."""
    gateways = made(call).gateways
    return [
        _owned(call, id, name)
        | {"admin_state_up": True, "status": "ACTIVE", "routes": [], "external_gateway_info": gateways.get(id)}
        for id, name in _names(call, "vpc", "vpc").items()  # noqa: A001
    ]


def security_groups(call: Call) -> list[Row]:
    """Return the security groups; they have no rules."""
    descriptions = made(call).descriptions
    return [
        _owned(call, id, name) | {"description": descriptions.get(id, ""), "security_group_rules": []}
        for id, name in _names(call, "security group", "sg").items()  # noqa: A001
    ]


def server_groups(call: Call) -> list[Row]:
    """Return the security groups as the compute service calls them."""
    named = ("id", "name", "description", "tenant_id")
    return [{key: group[key] for key in named} | {"rules": []} for group in security_groups(call)]


def ports(call: Call) -> list[Row]:
    """Return the ports of instances, and those of routers in subnets that were made."""
    inner = {subnet.network_id: id for id, subnet in _subnets(call).items()}  # noqa: A001
    return [
        _port(
            call,
            named_id(call, "port", instance.id),
            name=instance.name,
            network_id=instance.subnet_id,
            fixed_ips=[{"ip_address": instance.host, "subnet_id": inner.get(instance.subnet_id, "")}],
            security_groups=[instance.security_group_id],
            device_id=instance.node_id,
            device_owner="network:rds",
        )
        for instance in call.world.instances
    ] + [
        _port(
            call,
            subnet.port_id,
            name="",
            network_id=subnet.network_id,
            fixed_ips=[{"ip_address": subnet.gateway_ip, "subnet_id": id}],
            security_groups=[],
            device_id=subnet.router_id,
            device_owner="network:router_interface",
        )
        for id, subnet in made(call).subnets.items()  # noqa: A001
        if subnet.port_id
    ]


def _port(call: Call, id: str, *, name: str, **fields: Any) -> Row:  # noqa: A002
    return _owned(call, id, name) | {"status": "ACTIVE", "admin_state_up": True} | fields
