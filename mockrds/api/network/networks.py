"""The networks of a project, in the words of the cloud (VPC, subnet) and in Neutron's (router, network, subnet)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockrds.domain.world.networks import DNS

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.api.network.resource import Row
    from mockrds.domain.world.networks import Network, Port, Resource, Router, SecurityGroup, Subnet

_CIDR = "192.168.0.0/16"  # where the hosts of instances are


def vpcs(call: Call) -> list[Row]:
    """Return the VPCs."""
    return [
        {
            "id": router.id,
            "name": router.name,
            "description": "",
            "cidr": _CIDR,
            "status": "OK",
            "routes": [],
            "enable_shared_snat": bool((router.gateway or {}).get("enable_snat")),
        }
        for router in call.world.list_routers()
    ]


def subnets(call: Call) -> list[Row]:
    """Return the subnets in the sense of the cloud: networks with a subnet in them."""
    world = call.world
    inner = {subnet.network_id: subnet for subnet in world.list_subnets()}
    return [_subnet_row(network, inner[network.id]) for network in world.list_networks() if network.id in inner]


def _subnet_row(network: Network, subnet: Subnet) -> Row:
    dns = subnet.dns or list(DNS)
    return {
        "id": network.id,
        "name": network.name,
        "description": "",
        "cidr": subnet.cidr,
        "gateway_ip": subnet.gateway_ip,
        "dhcp_enable": True,
        "primary_dns": dns[0],
        "secondary_dns": dns[-1],
        "dnsList": dns,
        "availability_zone": "",
        "vpc_id": subnet.router_id,
        "status": "ACTIVE",
        "neutron_network_id": network.id,
        "neutron_subnet_id": subnet.id,
    }


def neutron_networks(call: Call) -> list[Row]:
    """Return the networks, and the one outside."""
    return [network_row(call, network) for network in call.world.list_networks()]


def network_row(call: Call, network: Network) -> Row:
    """Return a network as Neutron shows it."""
    return _owned(call, network) | {
        "admin_state_up": True,
        "status": "ACTIVE",
        "subnets": [subnet.id for subnet in call.world.list_subnets() if subnet.network_id == network.id],
        "shared": False,
        "router:external": network.external,
    }


def neutron_subnets(call: Call) -> list[Row]:
    """Return the subnets of the networks."""
    return [neutron_subnet_row(call, subnet) for subnet in call.world.list_subnets()]


def neutron_subnet_row(call: Call, subnet: Subnet) -> Row:
    """Return a subnet as Neutron shows it."""
    return _owned(call, subnet) | {
        "network_id": subnet.network_id,
        "cidr": subnet.cidr,
        "ip_version": 4,
        "gateway_ip": subnet.gateway_ip,
        "enable_dhcp": True,
        "dns_nameservers": subnet.dns,
        "allocation_pools": [],
        "host_routes": [],
    }


def neutron_routers(call: Call) -> list[Row]:
    """Return the VPCs as Neutron calls them."""
    return [router_row(call, router) for router in call.world.list_routers()]


def router_row(call: Call, router: Router) -> Row:
    """Return a VPC as Neutron shows it."""
    return _owned(call, router) | {
        "admin_state_up": True,
        "status": "ACTIVE",
        "routes": [],
        "external_gateway_info": router.gateway,
    }


def security_groups(call: Call) -> list[Row]:
    """Return the security groups; they have no rules."""
    return [security_group_row(call, group) for group in call.world.list_security_groups()]


def security_group_row(call: Call, group: SecurityGroup) -> Row:
    """Return a security group as Neutron shows it."""
    return _owned(call, group) | {"description": group.description, "security_group_rules": []}


def server_groups(call: Call) -> list[Row]:
    """Return the security groups as the compute service calls them."""
    keys = ("id", "name", "description", "tenant_id")
    return [{key: group[key] for key in keys} | {"rules": []} for group in security_groups(call)]


def ports(call: Call) -> list[Row]:
    """Return the ports of instances, and those of routers in subnets that clients made."""
    return [_port_row(call, port) for port in call.world.list_ports()]


def _port_row(call: Call, port: Port) -> Row:
    return _owned(call, port) | {
        "status": "ACTIVE",
        "admin_state_up": True,
        "network_id": port.network_id,
        "fixed_ips": [{"ip_address": port.address, "subnet_id": port.subnet_id}],
        "security_groups": [port.security_group_id] if port.instance is not None else [],
        "device_id": port.device_id,
        "device_owner": "network:rds" if port.instance is not None else "network:router_interface",
    }


def _owned(call: Call, resource: Resource) -> Row:
    project_id = call.parameters["project_id"]
    return {"id": resource.id, "name": resource.name, "tenant_id": project_id, "project_id": project_id}
