"""API v3, chapter "DB Instance Management": changes of instances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import has, operation
from mockrds.api.schema import Boolean, Integer, Object, Text
from mockrds.api.v3.formats import JOB
from mockrds.api.v3.instance_list import status_of
from mockrds.api.v3.instances import check_engine, path_node
from mockrds.domain import errors
from mockrds.domain.engines import SPEC_CODES, Engine, Mode
from mockrds.domain.errors import RDSError
from mockrds.domain.validators import is_name

if TYPE_CHECKING:
    from mockrds.api.call import Call

_WORKFLOW: Final = Object({"workflowId": Text()})
_ALIAS: Final = re.compile(r"[A-Za-z0-9._-]{0,64}")
_CLOCK: Final = Text(re.compile(r"([01]\d|2[0-3]):[0-5]\d").fullmatch)
_LETTERS: Final[dict[str, Engine]] = {"mysql": "MySQL", "pg": "PostgreSQL", "mssql": "SQLServer"}
# of single instances only those of SQL Server have extreme SSDs
_VOLUME_CODE: Final = re.compile(
    r"rds\.(?!(?:mysql|pg)\.volume\.essd$)(mysql|pg|mssql)\.volume\.(essd|cloudssd)(?:\.(ha|rr))?"
)
_MODES: Final[dict[str | None, Mode]] = {None: "single", "ha": "ha", "rr": "replica"}
_SIZE: Final = Integer(range(10, 4001), errors.VOLUME_RANGE, step=10, uneven=errors.VOLUME_STEP)
_FOUR_HOURS: Final = 240  # minutes
_DAY: Final = 1440


# POST /instances/{instance_id}/action, told apart by the key of the body


@operation(
    "v3.restart_instance",
    body=Object({"restart": Object({})}),
    answer=JOB,
    status=202,
    heeds=("lifecycle",),
    when=has("restart"),
)
def restart_instance(call: Call, fields: dict[str, Any]) -> Answer:  # noqa: ARG001
    """Reboot a DB instance (API reference, v3, "Rebooting a DB Instance")."""
    return Answer({"job_id": call.world.restart_instance(path_node(call), call.effect).id})


@operation(
    "v3.change_instance_flavor",
    body=Object({"resize_flavor": Object({"spec_code": Text(error=errors.FLAVOR_FORMAT)})}),
    answer=JOB,
    status=202,
    heeds=("lifecycle",),
    when=has("resize_flavor"),
)
def change_instance_flavor(call: Call, fields: dict[str, Any]) -> Answer:
    """Change the class of a DB instance (API reference, v3, "Changing DB Instance Specifications")."""
    node = path_node(call)
    flavor = SPEC_CODES.get(fields["resize_flavor"]["spec_code"])
    if flavor is None:
        raise RDSError(errors.FLAVOR_NOT_FOUND)
    return Answer({"job_id": call.world.change_instance_flavor(node, flavor, call.effect).id})


@operation(
    "v3.resize_instance_volume",
    body=Object({"enlarge_volume": Object({"size": _SIZE})}),
    answer=JOB,
    status=202,
    heeds=("lifecycle",),
    when=has("enlarge_volume"),
)
def resize_instance_volume(call: Call, fields: dict[str, Any]) -> Answer:
    """Enlarge the disk of a DB instance (API reference, v3, "Scaling Up Storage Space of a DB Instance")."""
    job = call.world.resize_instance_volume(path_node(call), fields["enlarge_volume"]["size"], call.effect)
    return Answer({"job_id": job.id})


@operation(
    "v3.single_to_ha",
    body=Object(
        {"single_to_ha": Object({"az_code_new_node": Text(error=errors.AVAILABILITY_ZONE), "password?": Text()})}
    ),
    answer=JOB,
    status=202,
    heeds=("lifecycle",),
    when=has("single_to_ha"),
)
def single_to_ha(call: Call, fields: dict[str, Any]) -> Answer:
    """Add a standby to a single DB instance (API reference, v3, "Changing a Single DB Instance to Primary/Standby").

    SQL Server needs the password for it, so that has to be there; which one it is is nobody's business here.
    """
    node, wanted = path_node(call), fields["single_to_ha"]
    instance, _ = call.world.get_instance(node)
    if instance.datastore.type == "SQLServer" and wanted["password"] is None:
        raise RDSError(errors.PASSWORD, "SQL Server needs the 'password'")
    return Answer({"job_id": call.world.single_to_ha(node, wanted["az_code_new_node"], call.effect).id})


@operation(
    "v3.change_storage_type",
    body=Object({"change_volume": Object({"volume_code": Text(error=errors.VOLUME_TYPE)})}),
    answer=JOB,
    status=202,
    heeds=("lifecycle",),
    when=has("change_volume"),
)
def change_storage_type(call: Call, fields: dict[str, Any]) -> Answer:
    """Change the kind of disk of a DB instance (API reference, v3, "Changing the Storage Type of a DB Instance")."""
    node = path_node(call)
    code = _VOLUME_CODE.fullmatch(fields["change_volume"]["volume_code"])
    if code is None:
        raise RDSError(errors.VOLUME_TYPE, "'volume_code' is such as rds.mysql.volume.essd.ha")
    engine, mode = _LETTERS[code[1]], _MODES[code[3]]
    job = call.world.change_storage_type(node, engine, mode, code[2].upper(), call.effect)
    return Answer({"job_id": job.id})


# Stopping and starting


@operation("v3.stop_instance", answer=JOB, heeds=("lifecycle",))
def stop_instance(call: Call) -> Answer:
    """Stop a DB instance (API reference, v3, "Stopping an Instance")."""
    return Answer({"job_id": call.world.stop_instance(path_node(call), call.effect).id})


@operation("v3.start_instance", answer=JOB, heeds=("lifecycle",))
def start_instance(call: Call) -> Answer:
    """Start a DB instance that is stopped (API reference, v3, "Starting an Instance")."""
    return Answer({"job_id": call.world.start_instance(path_node(call), call.effect).id})


@operation(
    "v3.upgrade_minor_version",
    body=Object({"is_delayed?": Boolean(default=False)}),
    answer=JOB,
    status=202,
    heeds=("lifecycle",),
)
def upgrade_minor_version(call: Call, fields: dict[str, Any]) -> Answer:
    """Upgrade to the newest release (API reference, v3, "Upgrading the Minor Version of a DB Instance")."""
    job = call.world.upgrade_minor_version(path_node(call), delayed=fields["is_delayed"], effect=call.effect)
    return Answer({"job_id": job.id})


# Primary/standby pairs


@operation(
    "v3.switchover", answer=Object({"workflowId": Text(), "instanceId": Text(), "nodeId": Text()}), heeds=("lifecycle",)
)
def switchover(call: Call) -> Answer:
    """Let primary and standby change roles (API reference, v3, "Manually Switching Primary/Standby DB Instances")."""
    job, node = call.world.switchover(path_node(call), call.effect)
    return Answer({"workflowId": job.id, "instanceId": job.instance.id, "nodeId": node.id})


@operation(
    "v3.set_replication_mode",
    body=Object({"mode": Text(error=errors.REPLICATION_MODE)}),
    answer=Object({"workflowId": Text(), "instanceId": Text(), "replicationMode": Text()}),
    heeds=("lifecycle",),
)
def set_replication_mode(call: Call, fields: dict[str, Any]) -> Answer:
    """Set how the standby follows (API reference, v3, "Changing the Data Synchronize Model")."""
    job = call.world.set_replication_mode(path_node(call), fields["mode"], call.effect)
    return Answer({"workflowId": job.id, "instanceId": job.instance.id, "replicationMode": fields["mode"]})


@operation(
    "v3.set_failover_strategy",
    body=Object({"repairStrategy": Text(one_of=("reliability", "availability"))}),
    answer=Object({}),
    simple=True,
)
def set_failover_strategy(call: Call, fields: dict[str, Any]) -> Answer:
    """Set what matters more when a primary fails (API reference, v3, "Changing the Failover Priority")."""
    call.world.set_failover_strategy(path_node(call), fields["repairStrategy"])
    return Answer({})


@operation(
    "v3.migrate_standby", body=Object({"nodeId": Text(), "azCode": Text()}), answer=_WORKFLOW, heeds=("lifecycle",)
)
def migrate_standby(call: Call, fields: dict[str, Any]) -> Answer:
    """Move the standby to another zone (API reference, v3, "Migrating a Standby DB Instance")."""
    job = call.world.migrate_standby(path_node(call), fields["nodeId"], fields["azCode"], call.effect)
    return Answer({"workflowId": job.id})


@operation(
    "v3.get_replication_status",
    answer=Object({"replication_status": Text(one_of=("normal", "abnormal")), "abnormal_reason": Text(any)}),
)
def get_replication_status(call: Call) -> Answer:
    """Return how a standby follows (API reference, v3, "Obtaining the Replication Status of a DB Instance")."""
    instance, now = call.world.get_instance(path_node(call))
    check_engine(instance, "MySQL", "SQLServer")
    if instance.standby is None:
        raise RDSError(errors.WRONG_INSTANCE_TYPE, "this is for primary/standby pairs")
    status = status_of(instance, now)
    well = status not in ("FAILED", "CREATE FAIL", "SHUTDOWN", "BUILD", "MIGRATING")
    reason = "" if well else f"The DB instance is {status}."
    return Answer({"replication_status": "normal" if well else "abnormal", "abnormal_reason": reason})


# Names, addresses and other settings


@operation("v3.rename_instance", body=Object({"name": Text(is_name, errors.INSTANCE_NAME)}))
def rename_instance(call: Call, fields: dict[str, Any]) -> Answer:
    """Rename a DB instance (API reference, v3, "Changing a DB Instance Name")."""
    call.world.rename_instance(path_node(call), fields["name"])
    return Answer()


@operation(
    "v3.set_instance_alias",
    body=Object({"alias?": Text(_ALIAS.fullmatch, default="")}),
    answer=Object({"resp": Text(one_of=("successful",))}),
)
def set_instance_alias(call: Call, fields: dict[str, Any]) -> Answer:
    """Describe a DB instance (API reference, v3, "Changing the Description of a DB Instance")."""
    call.world.set_instance_alias(path_node(call), fields["alias"])
    return Answer({"resp": "successful"})


@operation(
    "v3.bind_unbind_eip",
    body=Object({"public_ip?": Text(any), "public_ip_id?": Text(any), "is_bind": Boolean()}),
)
def bind_unbind_eip(call: Call, fields: dict[str, Any]) -> Answer:
    """Bind or unbind an elastic IP address (API reference, v3, "Binding and Unbinding an EIP")."""
    node = path_node(call)
    if not fields["is_bind"]:
        call.world.unbind_eip(node)
        return Answer()
    for key in ("public_ip", "public_ip_id"):
        if not fields[key]:
            raise RDSError(errors.INVALID_PARAMETER, f"{key!r} is missing")
    call.world.bind_eip(node, fields["public_ip"])
    return Answer()


@operation(
    "v3.set_maintenance_window",
    body=Object({"start_time": _CLOCK, "end_time": _CLOCK}),
    answer=Object({}),
)
def set_maintenance_window(call: Call, fields: dict[str, Any]) -> Answer:
    """Set when the service may work on it (API reference, v3, "Configuring the Maintenance Window")."""
    start, end = fields["start_time"], fields["end_time"]
    if (_minutes(end) - _minutes(start)) % _DAY != _FOUR_HOURS:
        raise RDSError(errors.INVALID_PARAMETER, "'end_time' must be four hours after 'start_time'")
    call.world.set_maintenance_window(path_node(call), f"{start}-{end}")
    return Answer({})


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
