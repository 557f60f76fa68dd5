"""Networks as instances are in them, those that clients make, and elastic IPs.

The service next door has two words for most of them: a VPC is a router, a subnet of the cloud is a network, and
what Neutron calls a subnet is the addresses in that. The words here are Neutron's, as they tell all three apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mockrds.domain.errors import CATALOGUE, NetworkError, RDSError
from mockrds.domain.random_values import dashed, uuid4
from mockrds.domain.world.instance_settings import InstanceSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from ipaddress import IPv4Network

    from mockrds.domain.models import Instance  # noqa: TC004  (no pydantic reads these)

OUTSIDE: Final = "admin_external_net"
"""The network of that name that elastic IPs are of."""
DNS: Final = ("100.125.4.25", "100.125.129.199")
_DEFAULT: Final = "default"
_CIDR: Final = "192.168.0.0/16"  # where the hosts of instances are
_GATEWAY: Final = "192.168.0.1"


@dataclass(slots=True, kw_only=True)
class Resource:
    """What has an id and a name."""

    id: str
    name: str


@dataclass(slots=True, kw_only=True)
class Router(Resource):
    """A VPC."""

    gateway: dict[str, Any] | None = None
    """Its way out, as the client wrote it: the id of a network, and what else there is to say."""


@dataclass(slots=True, kw_only=True)
class Network(Resource):
    """What instances call their subnet."""

    external: bool = False


@dataclass(slots=True, kw_only=True)
class Subnet(Resource):
    """The addresses in a network."""

    network_id: str
    cidr: str = _CIDR
    gateway_ip: str | None = _GATEWAY
    dns: list[str] = field(default_factory=lambda: list(DNS))
    router_id: str = ""
    """The router that it is attached to."""
    port_id: str = ""
    """The port of that router in it, if a client attached it."""


@dataclass(slots=True, kw_only=True)
class SecurityGroup(Resource):
    """A security group; it has no rules."""

    description: str = ""


@dataclass(slots=True, kw_only=True)
class Port(Resource):
    """Where an instance, or a router, is connected to a network."""

    network_id: str
    subnet_id: str
    address: str | None
    device_id: str
    security_group_id: str = ""
    """Empty for the port of a router."""
    instance: Instance | None = None


@dataclass(slots=True, kw_only=True)
class PublicIP:
    """An elastic IP. Instances know which one is bound to them."""

    id: str
    address: str
    type: str
    created: float
    bandwidth_id: str
    bandwidth_name: str
    bandwidth_size: int
    bandwidth_share_type: str


_R = TypeVar("_R", bound=Resource)
_UNCHANGED: Final[Any] = object()


class NetworkOperations(InstanceSettings):
    """What a world can do with networks. All that is refused is a ``NetworkError``."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._routers: dict[str, Router] = {}
        self._networks: dict[str, Network] = {}
        self._subnets: dict[str, Subnet] = {}
        self._security_groups: dict[str, SecurityGroup] = {}
        self._public_ips: dict[str, PublicIP] = {}

    @cached_property
    def _network_random(self) -> Random:
        """The source of ids and addresses; the world's own is for the database service."""
        return Random(self.named_id("networks", ""))

    # What there is: what is called "default", what clients made, and what instances are in

    def list_routers(self) -> list[Router]:
        """List the VPCs."""
        return self._every(Router, self._routers, "vpc", "vpc", lambda instance: instance.vpc_id)

    def list_networks(self) -> list[Network]:
        """List the networks, the one outside last."""
        inside = self._every(Network, self._networks, "subnet", "subnet", lambda instance: instance.subnet_id)
        return [*inside, Network(id=self.named_id("network", OUTSIDE), name=OUTSIDE, external=True)]

    def list_security_groups(self) -> list[SecurityGroup]:
        """List the security groups."""
        groups = self._security_groups
        return self._every(SecurityGroup, groups, "security group", "sg", lambda instance: instance.security_group_id)

    def list_subnets(self) -> list[Subnet]:
        """List the subnets: one in each network that no client made, and those that clients made."""
        with self.moment:
            routers = {instance.subnet_id: instance.vpc_id for instance in reversed(self._instances.values())}
            default = self.named_id("subnet", _DEFAULT)
            subnets = [
                Subnet(
                    id=self.named_id("neutron subnet", network.id),
                    name=_DEFAULT if network.id == default else network.name,
                    network_id=network.id,
                    router_id=self.named_id("vpc", _DEFAULT) if network.id == default else routers[network.id],
                )
                for network in self.list_networks()
                if network.id not in self._networks and not network.external
            ]
            return subnets + list(self._subnets.values())

    def list_ports(self) -> list[Port]:
        """List the ports of instances, and those of routers that clients attached a subnet to."""
        with self.moment:
            subnets = {subnet.network_id: subnet.id for subnet in self.list_subnets()}
            return [
                Port(
                    id=self._port_id(instance),
                    name=instance.name,
                    network_id=instance.subnet_id,
                    subnet_id=subnets.get(instance.subnet_id, ""),
                    address=instance.host,
                    device_id=instance.node_id,
                    security_group_id=instance.security_group_id,
                    instance=instance,
                )
                for instance in self._instances.values()
            ] + [
                Port(
                    id=subnet.port_id,
                    name="",
                    network_id=subnet.network_id,
                    subnet_id=subnet.id,
                    address=subnet.gateway_ip,
                    device_id=subnet.router_id,
                )
                for subnet in self._subnets.values()
                if subnet.port_id
            ]

    def list_public_ips(self) -> list[tuple[PublicIP, Port | None]]:
        """List the elastic IPs, each with the port that it is bound to."""
        with self.moment:
            ports = {port.instance.public_ip: port for port in self.list_ports() if port.instance is not None}
            return [(ip, ports.get(ip.address)) for ip in self._public_ips.values()]

    # Making and changing

    def create_router(self, name: str, gateway: dict[str, Any] | None) -> Router:
        """Make a VPC without subnets."""
        with self.moment:
            self._check_gateway(gateway)
            router = Router(id=uuid4(self._network_random), name=name, gateway=gateway)
            self._routers[router.id] = router
            return router

    def create_network(self, name: str) -> Network:
        """Make a network without subnets."""
        with self.moment:
            network = Network(id=uuid4(self._network_random), name=name)
            self._networks[network.id] = network
            return network

    def create_security_group(self, name: str, description: str) -> SecurityGroup:
        """Make a security group."""
        with self.moment:
            group = SecurityGroup(id=uuid4(self._network_random), name=name, description=description)
            self._security_groups[group.id] = group
            return group

    def create_subnet(
        self, name: str, network_id: str, cidr: IPv4Network, gateway_ip: str | None, dns: list[str]
    ) -> Subnet:
        """Make a subnet of a network that a client made."""
        with self.moment:
            if network_id not in self._networks:
                _find(self.list_networks(), network_id)
                raise NetworkError(409, f"{network_id} has its subnet")
            subnet = Subnet(
                id=uuid4(self._network_random),
                name=name,
                network_id=network_id,
                cidr=str(cidr),
                gateway_ip=gateway_ip,
                dns=dns,
            )
            self._subnets[subnet.id] = subnet
            return subnet

    def update_router(
        self, router_id: str, *, name: str | None = None, gateway: dict[str, Any] | None = _UNCHANGED
    ) -> Router:
        """Rename a VPC that a client made, or change its way out."""
        with self.moment:
            router = self._find_made(self._routers, self.list_routers(), router_id)
            if gateway is not _UNCHANGED:
                self._check_gateway(gateway)
                router.gateway = gateway
            if name is not None:
                router.name = name
            return router

    def add_router_interface(self, router_id: str, subnet_id: str, port_id: str) -> tuple[Router, Subnet]:
        """Attach a subnet, named by its id or by its port, to a VPC."""
        with self.moment:
            router = _find(self.list_routers(), router_id)
            subnet = self._find_subnet(subnet_id, port_id)
            if subnet.router_id:
                raise NetworkError(400, f"{subnet.id} is attached to {subnet.router_id}")
            subnet.router_id, subnet.port_id = router.id, uuid4(self._network_random)
            return router, subnet

    def remove_router_interface(self, router_id: str, subnet_id: str, port_id: str) -> tuple[Router, Subnet, str]:
        """Take a subnet from its VPC. Returns both, and the id of the port that was between them."""
        with self.moment:
            router = _find(self.list_routers(), router_id)
            subnet = self._find_subnet(subnet_id, port_id)
            if subnet.router_id != router.id:
                raise NetworkError(404, f"{subnet.id} is not attached to {router.id}")
            port_id, subnet.router_id, subnet.port_id = subnet.port_id, "", ""
            return router, subnet, port_id

    def create_public_ip(self, kind: str, bandwidth_name: str, bandwidth_size: int, share_type: str) -> PublicIP:
        """Acquire an elastic IP."""
        with self.moment as now:
            random = self._network_random
            ip = PublicIP(
                id=uuid4(random),
                address=_address(random),
                type=kind,
                created=now,
                bandwidth_id=uuid4(random),
                bandwidth_name=bandwidth_name,
                bandwidth_size=bandwidth_size,
                bandwidth_share_type=share_type,
            )
            self._public_ips[ip.id] = ip
            return ip

    def update_public_ip(self, public_ip_id: str, port_id: str | None) -> None:
        """Bind an elastic IP to the port of an instance, or with None to none."""
        with self.moment:
            ip, before = self._find_public_ip(public_ip_id)
            after = _find([port for port in self.list_ports() if port.instance], port_id) if port_id else None
            try:
                if before != after and before is not None and before.instance is not None:
                    self.unbind_eip(before.instance.node_id)
                if before != after and after is not None and after.instance is not None:
                    self.bind_eip(after.instance.node_id, ip.address)
            except RDSError as error:
                raise NetworkError(409, error.hint or CATALOGUE[error.refusal.v3].message) from None

    # Taking away

    def delete_router(self, router_id: str) -> None:
        """Delete a VPC that a client made, and nothing is in."""
        with self.moment:
            self._check_unused(self._routers, self.list_routers(), router_id, lambda instance: instance.vpc_id)
            if any(subnet.router_id == router_id for subnet in self._subnets.values()):
                raise NetworkError(409, f"subnets are attached to {router_id}")
            del self._routers[router_id]

    def delete_network(self, network_id: str) -> None:
        """Delete a network that a client made, and no instance is in; its subnets go with it."""
        with self.moment:
            self._check_unused(self._networks, self.list_networks(), network_id, lambda instance: instance.subnet_id)
            inner = [subnet for subnet in self._subnets.values() if subnet.network_id == network_id]
            if any(subnet.router_id for subnet in inner):
                raise NetworkError(409, f"a subnet of {network_id} is attached to a router")
            for subnet in inner:
                del self._subnets[subnet.id]
            del self._networks[network_id]

    def delete_security_group(self, group_id: str) -> None:
        """Delete a security group that a client made, and no instance is in."""
        with self.moment:
            groups = self.list_security_groups()
            self._check_unused(self._security_groups, groups, group_id, lambda instance: instance.security_group_id)
            del self._security_groups[group_id]

    def delete_subnet(self, subnet_id: str) -> None:
        """Delete a subnet that a client made, that no router and no instance uses."""
        with self.moment:
            subnet = _find(self.list_subnets(), subnet_id)
            used = {instance.subnet_id for instance in self._instances.values()}
            if subnet_id not in self._subnets or subnet.router_id or subnet.network_id in used:
                raise NetworkError(409, f"{subnet_id} is in use")
            del self._subnets[subnet_id]

    def delete_public_ip(self, public_ip_id: str) -> None:
        """Release an elastic IP that is bound to nothing."""
        with self.moment:
            _, port = self._find_public_ip(public_ip_id)
            if port is not None:
                raise NetworkError(409, f"{public_ip_id} is bound to a port")
            del self._public_ips[public_ip_id]

    # How it is done

    def named_id(self, kind: str, name: str) -> str:
        """Return the id that a *kind* of thing called *name* always has in this project."""
        return dashed(self._stable_id(kind, name))

    def _port_id(self, instance: Instance) -> str:
        return self.named_id("port", instance.id)

    def _every(
        self,
        make: Callable[..., _R],
        made: dict[str, _R],
        kind: str,
        prefix: str,
        place: Callable[[Instance], str],
    ) -> list[_R]:
        """Return the default one of a *kind*, those that clients *made*, and those that instances are in."""
        with self.moment:
            default = self.named_id(kind, _DEFAULT)
            known = {default: make(id=default, name=_DEFAULT), **made}
            for key in map(place, self._instances.values()):
                if key not in known:
                    known[key] = make(id=key, name=f"{prefix}-{key[:8]}")
            return list(known.values())

    @staticmethod
    def _find_made(made: dict[str, _R], every: Iterable[_R], wanted: str) -> _R:
        """Find what a client made; of *every* one, what was there from the start is refused."""
        _find(every, wanted)
        if wanted not in made:
            raise NetworkError(409, f"{wanted} was there from the start")
        return made[wanted]

    def _check_unused(
        self, made: dict[str, _R], every: Iterable[_R], wanted: str, place: Callable[[Instance], str]
    ) -> None:
        """Refuse to delete what was there from the start, or what an instance is in."""
        self._find_made(made, every, wanted)
        if any(place(instance) == wanted for instance in self._instances.values()):
            raise NetworkError(409, f"an instance is in {wanted}")

    def _check_gateway(self, gateway: dict[str, Any] | None) -> None:
        if gateway is not None:
            _find(self.list_networks(), gateway.get("network_id", ""))

    def _find_subnet(self, subnet_id: str, port_id: str) -> Subnet:
        for subnet in self._subnets.values():
            if subnet.id == subnet_id or (port_id and subnet.port_id == port_id):
                return subnet
        raise NetworkError(404, f"{subnet_id or port_id} could not be found")

    def _find_public_ip(self, public_ip_id: str) -> tuple[PublicIP, Port | None]:
        for ip, port in self.list_public_ips():
            if ip.id == public_ip_id:
                return ip, port
        raise NetworkError(404, f"{public_ip_id} could not be found")


def _address(random: Random) -> str:
    """Draw an address of those that are for tests only."""
    return f"198.{random.randrange(18, 20)}.{random.randrange(256)}.{random.randrange(1, 255)}"


def _find(resources: Iterable[_R], wanted: str) -> _R:
    for resource in resources:
        if resource.id == wanted:
            return resource
    raise NetworkError(404, f"{wanted} could not be found")
