"""How API v3 writes what all its operations share: ids, times, pages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mockrds.api.schema import Integer, Object, Schema, Text
from mockrds.domain import errors
from mockrds.domain.clock import TimestampFormat
from mockrds.domain.engines import ENGINES, SUFFIXES
from mockrds.domain.errors import RDSError
from mockrds.domain.random_values import dashed
from mockrds.domain.validators import is_backup_id, is_machine_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mockrds.api.call import Call
    from mockrds.domain.models import Backup

T = TypeVar("T")

stamp = TimestampFormat("%Y-%m-%dT%H:%M:%S+0000")

DATASTORE: Final = Object({"type": Text(one_of=ENGINES), "version": Text()})
JOB: Final = Object({"job_id": Text()})


def page(limit: int, most: int) -> dict[str, Schema]:
    """Return the query parameters of lists: so many from a place on."""
    return {"offset?": Integer(range(2**31), default=0), "limit?": Integer(range(1, most + 1), default=limit)}


def page_of(rows: Sequence[T], query: Mapping[str, Any]) -> Sequence[T]:
    """Return those of *rows* that the query parameters of ``page`` ask for."""
    return rows[query["offset"] : query["offset"] + query["limit"]]


def node_id(call: Call, instance_id: str) -> str:
    """Find the primary node of a DB instance, by which the world knows it.

    Raises:
        RDSError: INSTANCE_ID for what is no such id, INSTANCE_NOT_FOUND for one that is not there.
    """
    if not is_machine_id(instance_id):
        raise RDSError(errors.INSTANCE_ID)
    return call.world.node_of(instance_id)


def backup_id(backup: Backup) -> str:
    """Write the id of a backup as API v3 does."""
    return backup.id.replace("-", "") + "br" + SUFFIXES[backup.instance.datastore.type]


def backup_key(text: str) -> str:
    """Read the id of a backup in either form; gives that of API v1.

    Raises:
        RDSError: BACKUP_NOT_FOUND for what is no id of a backup.
    """
    if not is_backup_id(text):
        raise RDSError(errors.BACKUP_NOT_FOUND, "a backup id has 32 hexadecimal digits and br01, br03 or br04")
    return text if "-" in text else dashed(text[:32])


def moment(text: str, key: str) -> float:
    """Read a time such as ``2018-08-06T10:41:14+0800``; gives seconds since 1970.

    Raises:
        RDSError: INVALID_PARAMETER.
    """
    try:
        return datetime.strptime(text.replace(" ", "+"), "%Y-%m-%dT%H:%M:%S%z").timestamp()
    except ValueError:
        raise RDSError(errors.INVALID_PARAMETER, f"{key!r} must be a time such as 2018-08-06T10:41:14+0800") from None
