"""API v1, chapter "Backup and Restoration"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.domain import errors
from mockrds.domain.clock import Stamp
from mockrds.domain.errors import RDSError
from mockrds.domain.models import BackupPolicy
from mockrds.domain.rules import KEEP_DAYS, is_description, is_machine_id, is_name, is_time_of_day, is_uuid
from mockrds.web.call import Answer
from mockrds.web.fields import Keys, Object, inner, number, text

if TYPE_CHECKING:
    from mockrds.domain.models import Backup
    from mockrds.web.call import Call

_stamp = Stamp("%Y-%m-%dT%H:%M:%S")

_CREATE: Final = Keys("backup")
_BACKUP: Final = Keys("name", "instance", "description")
_SET_POLICY: Final = Keys("policy")
_POLICY: Final = Keys("keepday", "starttime")
_ACTION: Final = Keys("restore", "restart", "resize", "setPublicIp")
_RESTORE: Final = Keys("backupRef", "restoreTime")


def create_manual_backup(call: Call) -> Answer:
    """Start a manual backup (API reference, v1, "Creating a Manual Backup")."""
    document = call.document
    _CREATE.check(document)
    fields = inner(document, "backup", _BACKUP)
    name = text(fields, "name", errors.BACKUP_NAME, is_name)
    node_id = text(fields, "instance", errors.INVALID_PARAMETER, is_machine_id)
    description = fields.get("description")
    if description is not None:
        description = text(fields, "description", errors.BACKUP_DESCRIPTION, is_description)
    backup = call.world.create_manual_backup(node_id, name, description or "", call.deviation)
    content = {
        "backup": {
            "created": _stamp(backup.created),
            "dataStore": backup.instance.datastore.as_json(),
            "description": backup.description,
            "id": backup.id,
            "instance_id": backup.node_id,
            "locationRef": None,
            "name": backup.name,
            "parent_id": None,
            "size": None,
            "status": "BUILDING",
            "updated": None,
            "backuptype": "1",
        },
        "extendparam": {"jobs": [backup.job_id]},
    }
    return Answer(content, backup_ids=(backup.id,))


def list_manual_backups(call: Call) -> Answer:
    """List manual backups, newest first (API reference, v1, "Returning Manual Backup Information as a List")."""
    world = call.world
    backups, now = world.list_manual_backups(call.deviation)
    answer = Answer({"backups": [_render(backup, now) for backup in backups]})
    world.look(backups, now)
    return answer


def delete_manual_backup(call: Call) -> Answer:
    """Delete a manual backup (API reference, v1, "Deleting a Manual Backup")."""
    backup_id = call.parameters["backupId"]
    if not is_uuid(backup_id):
        raise RDSError(errors.INVALID_PARAMETER, "a backup id is a UUID")
    backup = call.world.delete_manual_backup(backup_id, call.deviation)
    return Answer({}, backup_ids=(backup.id,))


def get_backup_policy(call: Call) -> Answer:
    """Tell the automated backup policy (API reference, v1, "Obtaining an Automated Backup Policy")."""
    policy = call.world.get_backup_policy(call.parameters["instanceId"])
    return Answer({"policy": {"keepday": policy.keep_days, "starttime": policy.start_time}})


def set_backup_policy(call: Call) -> Answer:
    """Set the automated backup policy (API reference, v1, "Setting an Automated Backup Policy")."""
    document = call.document
    _SET_POLICY.check(document)
    fields = inner(document, "policy", _POLICY)
    keep_days = number(fields, "keepday", errors.RETENTION_DAYS)
    if keep_days not in KEEP_DAYS:
        raise RDSError(errors.RETENTION_DAYS, "'keepday' must be 0 to 732")
    start_time = text(fields, "starttime", errors.START_TIME, is_time_of_day)
    policy = BackupPolicy(keep_days=keep_days, start_time=start_time)
    call.world.set_backup_policy(call.parameters["instanceId"], policy)
    return Answer({})


def restore_to_original(call: Call) -> Answer:
    """Restore an instance in place (API reference, v1, "Restoring Data to the Original DB Instance")."""
    document = call.document
    _ACTION.check(document)
    if "restore" not in document:
        raise RDSError(errors.INVALID_PARAMETER, "the actions are restore, restart, resize and setPublicIp")
    fields = inner(document, "restore", _RESTORE)
    backup_id, restore_time = restore_point(fields)
    job = call.world.restore_to_original(
        call.parameters["instanceId"], backup_id=backup_id, restore_time=restore_time, deviation=call.deviation
    )
    return Answer({"extendparam": {"jobs": [{"id": job}]}}, 202, backup_ids=(backup_id,) if backup_id else ())


def restore_point(fields: Object) -> tuple[str | None, float | None]:
    """Read the backup, or the point in time in seconds since 1970; the backup wins.

    Raises:
        RDSError: INVALID_PARAMETER, also when neither is there.
    """
    if fields.get("backupRef") not in (None, ""):
        return text(fields, "backupRef", errors.INVALID_PARAMETER), None
    if fields.get("restoreTime") is None:
        raise RDSError(errors.INVALID_PARAMETER, "one of 'backupRef' and 'restoreTime' is needed")
    return None, number(fields, "restoreTime", errors.INVALID_PARAMETER) / 1000


def _render(backup: Backup, now: float) -> dict[str, Any]:
    status = backup.status_at(now)
    return {
        "id": backup.id,
        "name": backup.name,
        "description": backup.description,
        "locationRef": "",
        "created": _stamp(backup.created),
        "updated": _stamp(backup.ends) if backup.ends <= now else None,
        "size": backup.size_at(now),
        "status": status,
        "backuptype": "1",
        "dataStore": backup.instance.datastore.as_json(),
        "instance_id": backup.node_id,
        "parent_id": None,
    }
