"""The errors that each operation of the backup surface may be answered with, and how what it starts can end.

The codes are those of the API reference for the rules that the operation has to keep. No page of the
reference lists the errors of an operation, so this table does; tests hold it against what mockrds answers.
"""

from __future__ import annotations

from typing import Final

from mockrds.domain import errors
from mockrds.domain.errors import Refusal, in_family

GATEWAY: Final = ("APIGW.0301", "APIGW.0307", "APIGW.0308")
"""Bad credentials, an expired token, too many requests: any operation may meet them."""
SERVER_FAILURE: Final = "RDS.0005"
ANSWERED: Final = "answered"
TRANSPORT: Final = ("reset", "closed", "timed out", "damaged")
"""How any call may end without a whole answer: the connection was reset, or closed, or the client gave up
waiting; or an answer came that was cut or damaged."""

_READ: Final = (errors.LETTER_CASE, errors.INVALID_PARAMETER)
"""Of bodies that tell the operation apart from others: one that can't be read is another operation's."""
_BODY: Final = (errors.EMPTY_BODY, errors.MALFORMED_JSON, *_READ)
_V3_INSTANCE: Final = (errors.INSTANCE_ID, errors.INSTANCE_NOT_FOUND, errors.WRONG_INSTANCE_TYPE)
_INSTANCE: Final = (errors.INSTANCE_NOT_FOUND, errors.WRONG_INSTANCE_TYPE)
_IDLE: Final = (
    errors.INSTANCE_CREATING, errors.INSTANCE_RESTORING, errors.INSTANCE_DELETING, errors.INSTANCE_STATUS,
    errors.INSTANCE_BUSY,
)  # fmt: skip
_FREE: Final = (*_IDLE, errors.BACKUP_RUNNING)
_NEW_BACKUP: Final = (errors.BACKUP_NAME, errors.BACKUP_DESCRIPTION, errors.BACKUP_NAME_TAKEN, errors.BACKUP_QUOTA)
_DELETE: Final = (errors.BACKUP_NOT_FOUND, errors.BACKUP_NOT_USABLE, errors.BACKUP_DELETING, errors.BACKUP_RUNNING)
_POINT: Final = (
    errors.BACKUP_NOT_FOUND, errors.BACKUP_DELETING, errors.BACKUP_NOT_USABLE, errors.NO_BACKUP_FOR_TIME,
)  # fmt: skip
_NEW_INSTANCE: Final = (
    errors.INSTANCE_NAME, errors.FLAVOR_FORMAT, errors.FLAVOR_NOT_FOUND, errors.VOLUME_RANGE, errors.VOLUME_STEP,
    errors.VOLUME_TOO_SMALL, errors.REPLICATION_MODE, errors.INSTANCE_QUOTA, errors.SOURCE_NOT_FOUND,
    errors.ENGINE_NOT_SUPPORTED,
)  # fmt: skip
_V3_NEW_INSTANCE: Final = (
    errors.VOLUME_TYPE, errors.AVAILABILITY_ZONE, errors.PASSWORD, errors.VPC, errors.SUBNET, errors.HA_MODE,
    errors.RETENTION_DAYS, errors.START_TIME, errors.SAME_FLAVOR,
)  # fmt: skip
_V3_RESTORE: Final = (
    *_BODY, *_V3_INSTANCE, *_FREE, *_POINT, errors.SOURCE_NOT_FOUND, errors.ENGINE_NOT_SUPPORTED,
    errors.ORIGINAL_NOT_ALLOWED, errors.VOLUME_TOO_SMALL,
)  # fmt: skip

_REFUSALS: Final[dict[str, tuple[Refusal, ...]]] = {
    "v1.create_manual_backup": (*_BODY, *_NEW_BACKUP, *_INSTANCE, *_FREE),
    "v1.list_manual_backups": (),
    "v1.delete_manual_backup": (errors.INVALID_PARAMETER, *_DELETE),
    "v1.get_backup_policy": _INSTANCE,
    "v1.set_backup_policy": (*_BODY, errors.RETENTION_DAYS, errors.START_TIME, *_INSTANCE, *_IDLE),
    "v1.restore_to_original": (*_BODY, *_INSTANCE, *_FREE, *_POINT, errors.ENGINE_NOT_SUPPORTED),
    "v1.restore_to_new_instance": (*_READ, *_POINT, *_NEW_INSTANCE),
    "v1.list_instances": (),
    "v1.get_instance": (errors.INSTANCE_NOT_FOUND,),
    "v3.create_manual_backup": (*_BODY, *_NEW_BACKUP, *_V3_INSTANCE, *_FREE),
    "v3.list_backups": (errors.INVALID_PARAMETER,),
    "v3.delete_manual_backup": _DELETE,
    "v3.batch_delete_manual_backups": _BODY,
    "v3.get_backup_policy": _V3_INSTANCE,
    "v3.set_backup_policy": (
        *_BODY, errors.RETENTION_DAYS, errors.START_TIME, errors.PERIOD, *_V3_INSTANCE, *_IDLE,
    ),
    "v3.get_restore_time_ranges": (errors.INVALID_PARAMETER, *_V3_INSTANCE),
    "v3.get_backup_download_links": (errors.BACKUP_NOT_FOUND, errors.BACKUP_NOT_USABLE),
    "v3.restore_to_existing_instance": _V3_RESTORE,
    "v3.1.restore_to_existing_instance": (*_V3_RESTORE, errors.DATABASE_NAMES),
    "v3.restore_to_new_instance": (*_READ, *_POINT, *_NEW_INSTANCE, *_V3_NEW_INSTANCE),
    "v3.list_instances": (errors.INVALID_PARAMETER, errors.ENGINE),
    "v3.get_job": (errors.INVALID_PARAMETER, errors.JOB_NOT_FOUND),
}  # fmt: skip

_STATUSES: Final = ("BUILDING", "COMPLETED", "FAILED", "DELETING")
_LIFE: Final[dict[str, tuple[str, ...]]] = {
    "v1.create_manual_backup": ("COMPLETED", "FAILED"),
    "v1.list_manual_backups": _STATUSES,
    "v3.create_manual_backup": ("COMPLETED", "FAILED"),
    "v3.list_backups": _STATUSES,
    "v1.list_instances": ("ACTIVE", "RESTORING", "FAILED"),
    "v1.get_instance": ("ACTIVE", "RESTORING", "FAILED"),
    "v3.list_instances": ("ACTIVE", "RESTORING", "FAILED"),
    "v3.restore_to_existing_instance": ("Completed", "Failed"),
    "v3.1.restore_to_existing_instance": ("Completed", "Failed"),
    "v3.restore_to_new_instance": ("Completed", "Failed"),
    "v3.get_job": ("Running", "Completed", "Failed"),
}


def _codes(operation: str, refusals: tuple[Refusal, ...]) -> tuple[str, ...]:
    family = operation.rpartition(".")[0]
    known = (errors.PROJECT_FORBIDDEN, *refusals)
    codes = {refusal.v1 if family == "v1" else refusal.v3 for refusal in known}
    return (*sorted(codes | {in_family(SERVER_FAILURE, family)}), *GATEWAY)


ERRORS: Final[dict[str, tuple[str, ...]]] = {name: _codes(name, refusals) for name, refusals in _REFUSALS.items()}
"""The codes that each operation of the backup surface is refused with."""
ENDINGS: Final[dict[str, tuple[str, ...]]] = {name: (ANSWERED, *_LIFE.get(name, ()), *TRANSPORT) for name in _REFUSALS}
"""The endings of each: a good answer, what became of what it started or showed, and how its answer was lost."""
