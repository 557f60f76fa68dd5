"""The network and compute services, as far as clients of the database service need them: networks and elastic IPs.

The networks are those that instances are in, those that clients made, and one called ``default``. Each
instance has a port. Elastic IPs can be acquired, bound to a port, and released; the network outside is theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockrds.api.network import changes, networks, public_ips
from mockrds.api.network.resource import get_of, list_of
from mockrds.domain.errors import GatewayError, RDSError
from mockrds.domain.identity import InvalidTokenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.api.call import Answer, Call


def _find_project(call: Call) -> None:
    """Let a call without a project in its path be about the one that its credentials are for."""
    try:
        project_id = call.simulator.identity.read(call.headers.get("X-Auth-Token", "")).project_id
    except InvalidTokenError:
        project_id = call.headers.get("X-Project-Id")
    call.parameters = {**call.parameters, "project_id": project_id or call.simulator.default.id}


def _in_project(handle: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
    """Let a function answer for the project that the call is about, or refuse the call as the gateway does."""

    def handle_in_project(call: Call) -> Answer:
        if "project_id" not in call.parameters:
            _find_project(call)
            call.project = call.simulator.projects.get(call.parameters["project_id"])
        try:
            return handle(call)
        except RDSError as error:  # the credentials are for another project
            raise GatewayError("APIGW.0302", hint=error.hint) from None

    return handle_in_project


_FUNCTIONS: Final[dict[str, Callable[[Call], Answer]]] = {
    "compute.list_security_groups": list_of("security_groups", networks.server_groups),
    "network.list_vpcs": list_of("vpcs", networks.vpcs),
    "network.get_vpc": get_of("vpc", networks.vpcs),
    "network.list_subnets": list_of("subnets", networks.subnets),
    "network.get_subnet": get_of("subnet", networks.subnets),
    "network.list_security_groups": list_of("security_groups", networks.security_groups),
    "network.get_security_group": get_of("security_group", networks.security_groups),
    "network.create_public_ip": public_ips.create_public_ip,
    "network.list_public_ips": list_of("publicips", public_ips.eips),
    "network.get_public_ip": get_of("publicip", public_ips.eips),
    "network.update_public_ip": public_ips.bind_public_ip("publicip", public_ips.eips),
    "network.delete_public_ip": public_ips.delete_public_ip,
    "neutron.create_network": changes.create_network,
    "neutron.list_networks": list_of("networks", networks.neutron_networks),
    "neutron.get_network": get_of("network", networks.neutron_networks),
    "neutron.delete_network": changes.delete_network,
    "neutron.create_subnet": changes.create_subnet,
    "neutron.list_subnets": list_of("subnets", networks.neutron_subnets),
    "neutron.get_subnet": get_of("subnet", networks.neutron_subnets),
    "neutron.delete_subnet": changes.delete_subnet,
    "neutron.create_router": changes.create_router,
    "neutron.list_routers": list_of("routers", networks.neutron_routers),
    "neutron.get_router": get_of("router", networks.neutron_routers),
    "neutron.update_router": changes.update_router,
    "neutron.delete_router": changes.delete_router,
    "neutron.add_router_interface": changes.add_router_interface,
    "neutron.remove_router_interface": changes.remove_router_interface,
    "neutron.create_security_group": changes.create_security_group,
    "neutron.list_security_groups": list_of("security_groups", networks.security_groups),
    "neutron.get_security_group": get_of("security_group", networks.security_groups),
    "neutron.delete_security_group": changes.delete_security_group,
    "neutron.list_ports": list_of("ports", networks.ports),
    "neutron.get_port": get_of("port", networks.ports),
    "neutron.list_floating_ips": list_of("floatingips", public_ips.floating_ips),
    "neutron.get_floating_ip": get_of("floatingip", public_ips.floating_ips),
    "neutron.update_floating_ip": public_ips.bind_public_ip("floatingip", public_ips.floating_ips),
}
HANDLERS: Final = {operation: _in_project(function) for operation, function in _FUNCTIONS.items()}
"""What serves each operation."""
