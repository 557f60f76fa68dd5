"""API v1, chapter "Backup and Restoration"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Integer, List, Number, Object, Schema, Text
from mockrds.domain import errors
from mockrds.domain.clock import TimestampFormat
from mockrds.domain.engines import ENGINES
from mockrds.domain.errors import RDSError
from mockrds.domain.models import BackupPolicy
from mockrds.domain.validators import KEEP_DAYS, is_description, is_machine_id, is_name, is_time_of_day, is_uuid

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.domain.models import Backup

_stamp = TimestampFormat("%Y-%m-%dT%H:%M:%S")

STATUSES: Final = ("BUILDING", "COMPLETED", "FAILED", "DELETING")
JOBS: Final = Object({"jobs": List(Object({"id": Text()}))})
JOB: Final = Object({"extendparam": JOBS})
POINT: Final[dict[str, Schema]] = {"backupRef?": Text(any, names_instance=True), "restoreTime?": Integer()}
"""What to restore; *restore_point* reads it."""

_DATASTORE: Final = Object({"type": Text(one_of=ENGINES), "version": Text(), "version_id": Text()})
_BACKUP: Final[dict[str, Schema]] = {
    "id": Text(),
    "name": Text(),
    "description": Text(any),
    "created": Text(),
    "backuptype": Text(one_of=("1",)),
    "dataStore": _DATASTORE,
    "instance_id": Text(),
    "parent_id": Text(nullable=True),
}
_POLICY: Final = Object(
    {"keepday": Integer(KEEP_DAYS, errors.RETENTION_DAYS), "starttime": Text(is_time_of_day, errors.START_TIME)}
)


@operation(
    "v1.create_manual_backup",
    body=Object(
        {
            "backup": Object(
                {
                    "name": Text(is_name, errors.BACKUP_NAME),
                    "instance": Text(is_machine_id, names_instance=True),
                    "description?": Text(is_description, errors.BACKUP_DESCRIPTION),
                }
            )
        }
    ),
    answer=Object(
        {
            "backup": Object(
                {
                    **_BACKUP,
                    "status": Text(one_of=("BUILDING",)),
                    "updated": Text(nullable=True),
                    "size": Number(nullable=True),
                    "locationRef": Text(nullable=True),
                }
            ),
            "extendparam": Object({"jobs": List(Text())}),
        }
    ),
    heeds=("quota", "lifecycle", "visible_after"),
    leads_to={
        "v1.list_manual_backups": {},
        "v1.delete_manual_backup": {"backupId": "$response.body#/backup/id"},
    },
)
def create_manual_backup(call: Call, fields: dict[str, Any]) -> Answer:
    """Start a manual backup (API reference, v1, "Creating a Manual Backup")."""
    body = fields["backup"]
    backup = call.world.create_manual_backup(body["instance"], body["name"], body["description"] or "", call.effect)
    content = {"backup": new_backup_json(backup), "extendparam": {"jobs": [backup.job_id]}}
    return Answer(content, backup_ids=(backup.id,))


def new_backup_json(backup: Backup) -> dict[str, Any]:
    """Return a backup as the answer to its creation shows it."""
    return {
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
    }


@operation(
    "v1.list_manual_backups",
    answer=Object(
        {
            "backups": List(
                Object(
                    {
                        **_BACKUP,
                        "status": Text(one_of=STATUSES),
                        "updated": Text(nullable=True),
                        "size": Number(),
                        "locationRef": Text(any),
                    }
                )
            )
        }
    ),
    heeds=("stale",),
    leads_to={
        "v1.delete_manual_backup": {"backupId": "$response.body#/backups/0/id"},
        "v1.restore_to_original": {
            "instanceId": "$response.body#/backups/0/instance_id",
            "body": {"restore": {"backupRef": "$response.body#/backups/0/id"}},
        },
    },
)
def list_manual_backups(call: Call) -> Answer:
    """List manual backups, newest first (API reference, v1, "Returning Manual Backup Information as a List")."""
    world = call.world
    backups, now = world.list_manual_backups(call.effect)
    answer = Answer({"backups": [backup_json(backup, now) for backup in backups]})
    world.look_at_backups(backups, now)
    return answer


@operation("v1.delete_manual_backup", answer=Object({}), heeds=("lifecycle",))
def delete_manual_backup(call: Call) -> Answer:
    """Delete a manual backup (API reference, v1, "Deleting a Manual Backup")."""
    backup_id = call.parameters["backupId"]
    if not is_uuid(backup_id):
        raise RDSError(errors.INVALID_PARAMETER, "a backup id is a UUID")
    backup = call.world.delete_manual_backup(backup_id, call.effect)
    return Answer({}, backup_ids=(backup.id,))


@operation("v1.get_backup_policy", answer=Object({"policy": _POLICY}))
def get_backup_policy(call: Call) -> Answer:
    """Return the automated backup policy (API reference, v1, "Obtaining an Automated Backup Policy")."""
    policy = call.world.get_backup_policy(call.parameters["instanceId"])
    return Answer({"policy": {"keepday": policy.keep_days, "starttime": policy.start_time}})


@operation(
    "v1.set_backup_policy", body=Object({"policy": _POLICY}), answer=Object({}), leads_to={"v1.get_backup_policy": {}}
)
def set_backup_policy(call: Call, fields: dict[str, Any]) -> Answer:
    """Set the automated backup policy (API reference, v1, "Setting an Automated Backup Policy")."""
    body, node = fields["policy"], call.parameters["instanceId"]
    period = call.world.get_backup_policy(node).period  # API v1 has no word for it
    policy = BackupPolicy(keep_days=body["keepday"], start_time=body["starttime"], period=period)
    call.world.set_backup_policy(node, policy)
    return Answer({})


@operation(
    "v1.restore_to_original",
    body=Object({"restore": Object(POINT)}, also_allowed=("restart", "resize", "setPublicIp")),
    answer=JOB,
    status=202,
    heeds=("lifecycle",),
)
def restore_to_original(call: Call, fields: dict[str, Any]) -> Answer:
    """Restore an instance in place (API reference, v1, "Restoring Data to the Original DB Instance")."""
    backup_id, restore_time = restore_point(fields["restore"])
    job = call.world.restore_to_original(
        call.parameters["instanceId"], backup_id=backup_id, restore_time=restore_time, effect=call.effect
    )
    return Answer({"extendparam": {"jobs": [{"id": job.id}]}}, backup_ids=(backup_id,) if backup_id else ())


def restore_point(fields: dict[str, Any]) -> tuple[str | None, float | None]:
    """Return the backup, or the point in time in seconds since 1970; the backup wins.

    Raises:
        RDSError: INVALID_PARAMETER when neither is there.
    """
    if fields["backupRef"]:
        return fields["backupRef"], None
    if fields["restoreTime"] is None:
        raise RDSError(errors.INVALID_PARAMETER, "one of 'backupRef' and 'restoreTime' is needed")
    return None, fields["restoreTime"] / 1000


def backup_json(backup: Backup, now: float) -> dict[str, Any]:
    """Return a backup as the list shows it at *now*."""
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
