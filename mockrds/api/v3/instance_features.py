"""API v3, chapter "DB Instance Management": autoscaling, classes, domain names, and what SQL Server alone has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Boolean, Dictionary, Integer, List, Object, Text
from mockrds.api.v3.formats import JOB, page, page_of
from mockrds.api.v3.instances import check_engine, path_node
from mockrds.domain import errors
from mockrds.domain.engines import COLLATIONS, VOLUME_SIZES
from mockrds.domain.errors import RDSError
from mockrds.domain.models import Autoscaling

if TYPE_CHECKING:
    from mockrds.api.call import Call

_THRESHOLDS: Final = (10, 15, 20)
_DNS_NAME: Final = re.compile(r"[A-Za-z0-9]{8,63}")
_DNS_TYPE: Final = Text(one_of=("private",))


@operation(
    "v3.get_disk_autoscaling",
    answer=Object({"switch_option": Boolean(), "limit_size?": Integer(), "trigger_threshold?": Integer()}),
    simple=True,
)
def get_disk_autoscaling(call: Call) -> Answer:
    """Return whether the disk grows by itself (API reference, v3, "Querying an Autoscaling Policy")."""
    instance, _ = call.world.get_instance(path_node(call))
    autoscaling = instance.autoscaling
    content: dict[str, Any] = {"switch_option": autoscaling.enabled}
    if autoscaling.enabled:
        content |= {"limit_size": autoscaling.limit_gb, "trigger_threshold": autoscaling.threshold}
    return Answer(content)


@operation(
    "v3.set_disk_autoscaling",
    body=Object({"switch_option": Boolean(), "limit_size?": Integer(VOLUME_SIZES), "trigger_threshold?": Integer()}),
    simple=True,
)
def set_disk_autoscaling(call: Call, fields: dict[str, Any]) -> Answer:
    """Let the disk grow by itself, or not (API reference, v3, "Configuring an Autoscaling Policy")."""
    node, limit, threshold = path_node(call), fields["limit_size"], fields["trigger_threshold"]
    if not fields["switch_option"]:
        call.world.set_disk_autoscaling(node, Autoscaling(enabled=False))
        return Answer()
    if limit is None:
        raise RDSError(errors.INVALID_PARAMETER, "'limit_size' is missing")
    if threshold not in _THRESHOLDS:
        raise RDSError(errors.INVALID_PARAMETER, "'trigger_threshold' must be 10, 15 or 20")
    call.world.set_disk_autoscaling(node, Autoscaling(enabled=True, limit_gb=limit, threshold=threshold))
    return Answer()


@operation(
    "v3.list_resize_flavors",
    answer=Object(
        {
            "flavor_groups": List(
                Object(
                    {
                        "group_type": Text(one_of=("general", "dedicated")),
                        "compute_flavors": List(
                            Object(
                                {
                                    "id": Text(),
                                    "code": Text(),
                                    "vcpus": Text(),
                                    "ram": Text(),
                                    "az_status": Dictionary(Text(one_of=("normal", "abandon"))),
                                }
                            )
                        ),
                    }
                )
            )
        }
    ),
)
def list_resize_flavors(call: Call) -> Answer:
    """List the classes it can change to (API reference, v3, "Querying Available Instance Classes")."""
    world = call.world
    flavors = world.list_resize_flavors(path_node(call))
    zones = {f"{world.region}-0{i}": "normal" for i in (1, 2, 3)}
    groups = [
        {
            "group_type": "dedicated" if dedicated else "general",
            "compute_flavors": [
                {
                    "id": flavor.id,
                    "code": flavor.spec_code,
                    "vcpus": str(flavor.vcpus),
                    "ram": str(flavor.ram // 1024),
                    "az_status": zones,
                }
                for flavor in flavors
                if flavor.dedicated is dedicated
            ],
        }
        for dedicated in (False, True)
    ]
    return Answer({"flavor_groups": groups})


# Private domain names


@operation(
    "v3.create_private_domain", body=Object({"dns_type": _DNS_TYPE}), answer=JOB, status=202, heeds=("lifecycle",)
)
def create_private_domain(call: Call, fields: dict[str, Any]) -> Answer:  # noqa: ARG001
    """Apply for a private domain name of a DB instance (API reference, v3, "Applying for a Private Domain Name")."""
    return Answer({"job_id": call.world.create_private_domain(path_node(call), call.effect).id})


@operation(
    "v3.modify_private_domain",
    body=Object({"dns_name": Text(_DNS_NAME.fullmatch)}),
    answer=JOB,
    status=202,
    heeds=("lifecycle",),
)
def modify_private_domain(call: Call, fields: dict[str, Any]) -> Answer:
    """Change the private domain name (API reference, v3, "Modifying a Private Domain Name")."""
    return Answer({"job_id": call.world.modify_private_domain(path_node(call), fields["dns_name"], call.effect).id})


@operation(
    "v3.get_private_domain",
    query=Object({"dns_type": _DNS_TYPE}),
    answer=Object(
        {
            "instance_id": Text(),
            "dns_name": Text(),
            "dns_type": _DNS_TYPE,
            "ipv4_address": Text(),
            "status": Text(one_of=("normal", "abnormal")),
        }
    ),
)
def get_private_domain(call: Call, query: dict[str, Any]) -> Answer:
    """Return the private domain name (API reference, v3, "Querying the Domain Name of a DB Instance")."""
    instance, _ = call.world.get_instance(path_node(call))
    if not instance.dns_name:
        raise RDSError(errors.RESOURCE_NOT_FOUND, "the instance has no domain name yet")
    return Answer(
        {
            "instance_id": instance.id,
            "dns_name": instance.dns_name,
            "dns_type": query["dns_type"],
            "ipv4_address": instance.host,
            "status": "normal",
        }
    )


# SQL Server


@operation("v3.list_collations", answer=Object({"charSets": List(Text())}))
def list_collations(call: Call) -> Answer:
    """List the collations of SQL Server (API reference, v3, "Querying the Available SQL Server Character Set")."""
    _ = call.world
    return Answer({"charSets": list(COLLATIONS)})


@operation("v3.enable_tde", answer=JOB, status=202, heeds=("lifecycle",))
def enable_tde(call: Call) -> Answer:
    """Let SQL Server encrypt its files (API reference, v3, "Enabling TDE for a DB Instance")."""
    return Answer({"job_id": call.world.enable_tde(path_node(call), call.effect).id})


@operation("v3.get_tde_status", answer=Object({"instance_id": Text(), "tde_status": Text(one_of=("open", "close"))}))
def get_tde_status(call: Call) -> Answer:
    """Return whether SQL Server encrypts its files (API reference, v3, "Querying TDE Status of a DB Instance")."""
    instance, _ = call.world.get_instance(path_node(call))
    check_engine(instance, "SQLServer")
    return Answer({"instance_id": instance.id, "tde_status": "open" if instance.encrypted else "close"})


@operation(
    "v3.add_msdtc_hosts",
    body=Object({"hosts": List(Object({"host_name": Text(), "ip": Text()}))}),
    answer=JOB,
    status=202,
    heeds=("lifecycle",),
)
def add_msdtc_hosts(call: Call, fields: dict[str, Any]) -> Answer:
    """Add machines to share transactions with (API reference, v3, "Adding Host Addresses for MSDTC")."""
    hosts = [(host["host_name"], host["ip"]) for host in fields["hosts"]]
    return Answer({"job_id": call.world.add_msdtc_hosts(path_node(call), hosts, call.effect).id})


@operation(
    "v3.list_msdtc_hosts",
    query=Object(page(10, 100)),
    answer=Object(
        {"total_count": Integer(), "hosts": List(Object({"id": Text(), "host": Text(), "host_name": Text()}))}
    ),
)
def list_msdtc_hosts(call: Call, query: dict[str, Any]) -> Answer:
    """List the machines that share transactions with it (API reference, v3, "Querying MSDTC Hosts")."""
    instance, _ = call.world.get_instance(path_node(call))
    check_engine(instance, "SQLServer")
    rows = page_of(instance.hosts, query)
    hosts = [{"id": host.id, "host": host.address, "host_name": host.name} for host in rows]
    return Answer({"total_count": len(instance.hosts), "hosts": hosts})
