"""API v3, chapter "Database Proxy (RDS for MySQL)"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Boolean, Dictionary, Integer, List, Object, Text
from mockrds.api.v3.formats import JOB, node_id, page, page_of
from mockrds.domain import errors
from mockrds.domain.engines import stable_id
from mockrds.domain.errors import RDSError
from mockrds.domain.world.proxies import PROXY_CLASSES, PROXY_LIMIT, PROXY_NODES, WEIGHTS

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.domain.models import Instance
    from mockrds.domain.world.proxies import Proxy

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{3,63}")
_MODES: Final = ("readwrite", "readonly")
_ROUTES: Final = range(3)
_WEIGHT: Final = Object({"instance_id": Text(), "weight": Integer(WEIGHTS)})
_BEHIND: Final = Object(
    {
        "id": Text(),
        "status": Text(),
        "name": Text(),
        "weight": Integer(),
        "available_zones": List(Object({"code": Text(), "description": Text()})),
    }
)
_NODE: Final = Object(
    {"id": Text(), "status": Text(), "role": Text(), "az_code": Text(), "frozen_flag": Integer(range(2))}
)
_CODE: Final = Text(one_of=tuple(PROXY_CLASSES))


@operation(
    "v3.list_proxies",
    answer=Object(
        {
            "proxy_query_info_list": List(
                Object(
                    {
                        "proxy": Object(
                            {
                                "pool_id": Text(),
                                "status": Text(),
                                "address": Text(),
                                "port": Integer(),
                                "delay_threshold_in_seconds": Integer(),
                                "cpu": Text(),
                                "mem": Text(),
                                "node_num": Integer(),
                                "nodes": List(_NODE),
                                "mode": Text(one_of=("Cluster", "Ha")),
                                "flavor_info": Object({"group_type": Text(one_of=("X86", "ARM")), "code": _CODE}),
                                "transaction_split": Text(one_of=("true", "false")),
                                "connection_pool_type": Text(one_of=("CLOSED", "SESSION")),
                                "pay_mode": Text(),
                                "name": Text(),
                                "proxy_mode": Text(one_of=_MODES),
                                "route_mode": Integer(_ROUTES),
                                "dns_name": Text(any),
                                "subnet_id": Text(),
                                "ssl_option": Boolean(),
                                "force_read_only": Boolean(),
                                "seconds_level_monitor_fun_status": Text(one_of=("on", "off")),
                                "alt_flag": Boolean(),
                                "support_transaction_split": Boolean(),
                                "support_switch_connection_pool_type": Boolean(),
                                "support_balance_route_mode": Boolean(),
                                "support_proxy_ssl": Boolean(),
                            }
                        ),
                        "master_instance": _BEHIND,
                        "readonly_instances": List(_BEHIND),
                        "proxy_security_group_check_result": Boolean(),
                    }
                )
            ),
            "max_proxy_num": Integer(),
            "max_proxy_node_num": Integer(),
            "support_balance_route_mode_for_favored_version": Boolean(),
        }
    ),
    simple=True,
)
def list_proxies(call: Call) -> Answer:
    """List the proxies of an instance (API reference, v3, "Querying Database Proxies")."""
    instance, proxies, now = call.world.list_proxies(node_id(call, call.parameters["instance_id"]))
    return Answer(
        {
            "proxy_query_info_list": [
                {
                    "proxy": _render(proxy, instance),
                    "master_instance": _behind(instance, proxy, now),
                    "readonly_instances": [_behind(replica, proxy, now) for replica in instance.replicas],
                    "proxy_security_group_check_result": True,
                }
                for proxy in proxies
            ],
            "max_proxy_num": PROXY_LIMIT,
            "max_proxy_node_num": PROXY_NODES[-1],
            "support_balance_route_mode_for_favored_version": True,
        }
    )


@operation(
    "v3.enable_proxy",
    body=Object(
        {
            "flavor_ref": _CODE,
            "node_num": Integer(PROXY_NODES),
            "proxy_name?": Text(_NAME.fullmatch, errors.BACKUP_NAME, default=""),
            "proxy_mode?": Text(one_of=_MODES, default="readwrite"),
            "route_mode?": Integer(_ROUTES, default=0),
            "nodes_read_weight": List(_WEIGHT),
            "subnet_id?": Text(default=""),
        }
    ),
    answer=Object({"job_id": Text(), "proxy_id": Text()}),
    status=202,
    simple=True,
)
def enable_proxy(call: Call, fields: dict[str, Any]) -> Answer:
    """Make a proxy (API reference, v3, "Enabling Database Proxy")."""
    proxy, job = call.world.enable_proxy(
        node_id(call, call.parameters["instance_id"]),
        name=fields["proxy_name"],
        code=fields["flavor_ref"],
        nodes=fields["node_num"],
        mode=fields["proxy_mode"],
        route_mode=fields["route_mode"],
        weights=_weights(fields["nodes_read_weight"]),
        subnet_id=fields["subnet_id"],
    )
    return Answer({"job_id": job.id, "proxy_id": proxy.id})


@operation("v3.disable_proxy", answer=JOB, status=202, simple=True)
def disable_proxy(call: Call) -> Answer:
    """Take a proxy away (API reference, v3, "Disabling Database Proxy")."""
    job = call.world.disable_proxy(node_id(call, call.parameters["instance_id"]), call.parameters["proxy_id"])
    return Answer({"job_id": job.id})


@operation(
    "v3.set_proxy_route_mode",
    body=Object(
        {"master_weight": Integer(WEIGHTS), "readonly_instances": List(_WEIGHT), "route_mode": Integer(_ROUTES)},
    ),
    answer=Object({"result": Text(one_of=("success", "failed"))}),
    simple=True,
)
def set_proxy_route_mode(call: Call, fields: dict[str, Any]) -> Answer:
    """Set where a proxy sends reads (API reference, v3, "Configuring the Routing Policy for a Database Proxy")."""
    call.world.set_proxy_route_mode(
        node_id(call, call.parameters["instance_id"]),
        call.parameters["proxy_id"],
        fields["route_mode"],
        fields["master_weight"],
        _weights(fields["readonly_instances"]),
    )
    return Answer({"result": "success"})


@operation(
    "v3.list_proxy_flavors",
    query=Object(page(100, 100)),
    answer=Object(
        {
            "compute_flavor_groups": List(
                Object(
                    {
                        "group_type": Text(one_of=("X86", "ARM")),
                        "compute_flavors": List(
                            Object(
                                {
                                    "id": Text(),
                                    "code": Text(),
                                    "cpu": Text(),
                                    "mem": Text(),
                                    "db_type": Text(one_of=("Proxy",)),
                                    "az_status": Dictionary(Text()),
                                }
                            )
                        ),
                    }
                )
            )
        }
    ),
    simple=True,
)
def list_proxy_flavors(call: Call, query: dict[str, Any]) -> Answer:
    """List the classes of proxies (API reference, v3, "Querying Database Proxy Specifications")."""
    instance, _, _ = call.world.list_proxies(node_id(call, call.parameters["instance_id"]))
    zone = instance.nodes[0].availability_zone
    flavors = [
        {
            "id": stable_id(code),
            "code": code,
            "cpu": str(vcpus),
            "mem": str(memory),
            "db_type": "Proxy",
            "az_status": {zone: "normal"},
        }
        for code, (vcpus, memory) in PROXY_CLASSES.items()
    ]
    groups = [{"group_type": "X86", "compute_flavors": page_of(flavors, query)}]
    return Answer({"compute_flavor_groups": groups})


def _weights(given: list[dict[str, Any]]) -> dict[str, int]:
    weights = {one["instance_id"]: one["weight"] for one in given}
    if len(weights) < len(given):
        raise RDSError(errors.INVALID_PARAMETER, "an instance has two weights")
    return weights


def _render(proxy: Proxy, instance: Instance) -> dict[str, Any]:
    vcpus, memory = PROXY_CLASSES[proxy.code]
    zone = instance.nodes[0].availability_zone
    return {
        "pool_id": proxy.id,
        "status": "NORMAL",
        "address": proxy.address,
        "port": instance.port,
        "delay_threshold_in_seconds": 30,
        "cpu": str(vcpus),
        "mem": str(memory),
        "node_num": len(proxy.node_ids),
        "nodes": [
            {"id": node, "status": "NORMAL", "role": "master", "az_code": zone, "frozen_flag": 0}
            for node in proxy.node_ids
        ],
        "mode": "Cluster",
        "flavor_info": {"group_type": "X86", "code": proxy.code},
        "transaction_split": "false",
        "connection_pool_type": "CLOSED",
        "pay_mode": "0",
        "name": proxy.name,
        "proxy_mode": proxy.mode,
        "route_mode": proxy.route_mode,
        "dns_name": "",
        "subnet_id": proxy.subnet_id,
        "ssl_option": False,
        "force_read_only": False,
        "seconds_level_monitor_fun_status": "off",
        "alt_flag": False,
        "support_transaction_split": False,
        "support_switch_connection_pool_type": False,
        "support_balance_route_mode": True,
        "support_proxy_ssl": False,
    }


def _behind(instance: Instance, proxy: Proxy, now: float) -> dict[str, Any]:
    zone = instance.nodes[0].availability_zone
    return {
        "id": instance.id,
        "status": "normal" if instance.status_at(now) == "ACTIVE" else "abnormal",
        "name": instance.name,
        "weight": proxy.weights.get(instance.id, 0),
        "available_zones": [{"code": zone, "description": zone}],
    }
