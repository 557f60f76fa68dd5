"""What is asked of a project: what there is, under which scenario, and to change it."""

from __future__ import annotations

from dataclasses import asdict
from math import inf
from typing import TYPE_CHECKING, Any

from mockrds.api.call import Answer
from mockrds.control.clock import clock_json
from mockrds.control.request import ControlError
from mockrds.domain.clock import iso
from mockrds.domain.models import FOREVER

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest
    from mockrds.domain.models import Activity, Backup, Instance
    from mockrds.domain.world.networks import Port, PublicIP
    from mockrds.project_state import ProjectState
    from mockrds.scenario import Scenario
    from mockrds.simulator import Simulator


def project_json(simulator: Simulator, project: ProjectState) -> dict[str, Any]:
    """Give a project, without what is in it, as the control API shows it."""
    return {
        "id": project.id,
        "name": project.name,
        "seed": project.seed,
        "auth": project.auth,
        "scenario": project.scenario.name,
        "replay": project.replay,
        "token": simulator.token(project),
    }


def get_project(request: ControlRequest) -> Answer:
    """Show the project, without what is in it."""
    return Answer(project_json(request.simulator, request.project))


def get_state(request: ControlRequest) -> Answer:
    """Show what there is."""
    project = request.project
    world, now = project.world, project.clock.now()
    instances, backups = world.instances, world.backups
    remembered = [*(backup.instance for backup in backups), *(each.primary for each in instances if each.primary)]
    gone = [instance for instance in dict.fromkeys(remembered) if instance not in set(instances)]
    return Answer({
        **project_json(request.simulator, project),
        "clock": clock_json(project.clock),
        "quotas": {"manual_backups": world.quotas.manual_backups, "instances": world.quotas.instances},
        "instances": [_instance_json(instance, now) for instance in instances],
        "backups": [_backup_json(backup, now) for backup in backups],
        "gone": [_instance_json(instance, now) for instance in gone],
        "routers": [asdict(router) for router in world.list_routers()],
        "networks": [asdict(network) for network in world.list_networks()],
        "subnets": [asdict(subnet) for subnet in world.list_subnets()],
        "security_groups": [asdict(group) for group in world.list_security_groups()],
        "public_ips": [_public_ip_json(ip, port) for ip, port in world.list_public_ips()],
    })  # fmt: skip


def put_state(request: ControlRequest) -> Answer:
    """Begin the world anew."""
    from mockrds.scenario_files.loader import ScenarioError, read_world

    try:
        request.project.replace_world(read_world(request.body, "body"))
    except ScenarioError as error:
        raise ControlError(400, str(error)) from None
    return get_state(request)


def get_scenario(request: ControlRequest) -> Answer:
    """Show the scenario in force."""
    scenario = request.project.scenario
    return Answer({"name": scenario.name, "description": scenario.description, "document": scenario.document})


def put_scenario(request: ControlRequest) -> Answer:
    """Begin anew with another scenario."""
    request.simulator.restart(request.project, read_scenario(request.body))
    return get_scenario(request)


def read_scenario(document: Any) -> Scenario:
    """Read a scenario that was sent: a document, or the name of one of the library.

    It can extend those of the library, and no files of this machine.

    Raises:
        ControlError: It is wrong.
    """
    from mockrds.scenario_files.loader import ScenarioError, library, load

    if isinstance(document, str):
        document = {"extends": [document]}
    if not isinstance(document, dict):
        raise ControlError(400, "scenario: give a document, or the name of a scenario of the library")
    name = document.get("name")
    if document.keys() == {"name"} and isinstance(name, str) and name in library():
        raise ControlError(400, f'name: this scenario has nothing but a name; did you mean {{"extends": ["{name}"]}}?')
    bases = document.get("extends")
    for i, base in enumerate(bases if isinstance(bases, list) else ()):
        if isinstance(base, str) and base != "default" and base not in library():
            raise ControlError(
                400, f"extends[{i}]: {base!r} is no scenario of the library, and files are not read here"
            )
    try:
        return load(document)
    except ScenarioError as error:
        raise ControlError(400, str(error)) from None


def delete_scenario(request: ControlRequest) -> Answer:
    """Begin anew with the server's scenario."""
    request.simulator.restart(request.project)
    return get_scenario(request)


def post_finish(request: ControlRequest) -> Answer:
    """End what something is doing."""
    try:
        request.project.world.finish(request.body["id"], request.body.get("outcome"))
    except KeyError as error:
        raise ControlError(404, f"id: {error.args[0]}") from None
    return Answer({})


def post_set_status(request: ControlRequest) -> Answer:
    """Put an instance into a status."""
    seconds = request.body.get("seconds")
    try:
        request.project.world.set_status(
            request.body["id"], request.body["status"], seconds=FOREVER if seconds is None else seconds
        )
    except KeyError as error:
        raise ControlError(404, f"id: {error.args[0]}") from None
    return Answer({})


def post_reset(request: ControlRequest) -> Answer:
    """Begin anew."""
    request.project.reset()
    return Answer({})


def _instance_json(instance: Instance, now: float) -> dict[str, Any]:
    return {
        "id": instance.id,
        "name": instance.name,
        "status": instance.status_at(now),
        "datastore": {"type": instance.datastore.type, "version": instance.datastore.version},
        "node_id": instance.node_id,
        "standby_node_id": instance.standby.id if instance.standby else None,
        "replica_of": instance.primary.id if instance.primary else None,
        "nodes": [asdict(node) for node in instance.nodes],
        "replication_mode": instance.replication_mode,
        "flavor_id": instance.flavor.id,
        "volume_type": instance.volume_type,
        "volume_gb": instance.volume_gb,
        "region": instance.region,
        "vpc_id": instance.vpc_id,
        "subnet_id": instance.subnet_id,
        "security_group_id": instance.security_group_id,
        "port": instance.port,
        "host": instance.host,
        "created": iso(instance.created),
        "updated": _written(instance.updated),
        "policy": asdict(instance.policy),
        "tags": instance.tags,
        "jobs": instance.jobs,
        "alias": instance.alias,
        "ssl": instance.ssl,
        "maintenance_window": instance.maintenance_window,
        "failover_strategy": instance.failover_strategy,
        "public_ip": instance.public_ip,
        "dns_name": instance.dns_name,
        "encrypted": instance.encrypted,
        "settings": asdict(instance.settings),
        "autoscaling": asdict(instance.autoscaling),
        "hosts": [asdict(host) for host in instance.hosts],
        "activity": _activity_json(instance.activity),
        "hidden": _activity_json(instance.hidden),
    }


def _backup_json(backup: Backup, now: float) -> dict[str, Any]:
    return {
        "id": backup.id,
        "name": backup.name,
        "description": backup.description,
        "type": backup.type,
        "databases": backup.databases,
        "status": backup.status_at(now),
        "instance_id": backup.instance.id,
        "node_id": backup.node_id,
        "created": iso(backup.created),
        "ends": _finite(backup.ends),
        "outcome": backup.outcome,
        "reason": backup.reason,
        "job_id": backup.job_id,
        "looks": backup.looks,
        "deletion": _activity_json(backup.deletion),
        "hidden": _activity_json(backup.hidden),
    }


def _public_ip_json(ip: PublicIP, port: Port | None) -> dict[str, Any]:
    return asdict(ip) | {"created": iso(ip.created), "port_id": None if port is None else port.id}


def _activity_json(activity: Activity | None) -> dict[str, Any] | None:
    if activity is None:
        return None
    return {
        "status": activity.status,
        "began": _finite(activity.began),
        "ends": _finite(activity.ends),
        "looks": activity.looks,
        "failed": activity.failed,
    }


def _written(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)


def _finite(seconds: float) -> float | None:
    return seconds if abs(seconds) < inf else None
