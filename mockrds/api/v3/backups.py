"""API v3, chapter "Backup and Restoration"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Boolean, Dictionary, Integer, List, Object, Schema, Text
from mockrds.api.v3.formats import DATASTORE, JOB, backup_id, backup_key, moment, node_id, page, stamp
from mockrds.domain import errors
from mockrds.domain.errors import CATALOGUE, RDSError
from mockrds.domain.models import BackupPolicy
from mockrds.domain.validators import KEEP_DAYS, is_date, is_description, is_moment, is_name, is_period, is_window

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.domain.models import Backup, Job

TYPES: Final = ("auto", "manual", "fragment", "incremental")
STATUSES: Final = ("BUILDING", "COMPLETED", "FAILED", "DELETING")
_EXTENSIONS: Final = {"MySQL": "qp", "PostgreSQL": "tar.gz", "SQLServer": "bak"}
_LINK_LIVES: Final = 300  # seconds
_KB: Final = 1_000_000  # in a GB
_DAY: Final = 86400
_DATABASE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HOUR: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
_RESERVED: Final = ("rdsadmin", "master", "msdb", "tempdb", "model", "resource")

_DATABASES: Final = List(Object({"name": Text()}))
_BACKUP: Final[dict[str, Schema]] = {"id": Text(), "instance_id": Text(), "name": Text()}


@operation(
    "v3.create_manual_backup",
    body=Object(
        {
            "instance_id": Text(error=errors.INSTANCE_ID, missing=errors.INSTANCE_NOT_FOUND, names_instance=True),
            "name": Text(is_name, errors.BACKUP_NAME),
            "description?": Text(is_description, errors.BACKUP_DESCRIPTION),
            "databases?": _DATABASES,
        }
    ),
    answer=Object(
        {
            "backup": Object(
                {
                    **_BACKUP,
                    "description": Text(any),
                    "databases?": _DATABASES,
                    "begin_time": Text(),
                    "status": Text(one_of=("BUILDING",)),
                    "type": Text(one_of=("manual",)),
                }
            )
        }
    ),
    heeds=("quota", "lifecycle", "visible_after"),
    leads_to={
        "v3.list_backups": {"backup_id": "$response.body#/backup/id"},
        "v3.get_backup_download_links": {"backup_id": "$response.body#/backup/id"},
        "v3.delete_manual_backup": {"backup_id": "$response.body#/backup/id"},
    },
)
def create_manual_backup(call: Call, fields: dict[str, Any]) -> Answer:
    """Start a manual backup (API reference, v3, "Creating a Manual Backup")."""
    backup = call.world.create_manual_backup(
        node_id(call, fields["instance_id"]),
        fields["name"],
        fields["description"] or "",
        call.effect,
        tuple(database["name"] for database in fields["databases"] or ()),
    )
    content: dict[str, Any] = {
        "id": backup_id(backup),
        "instance_id": backup.instance.id,
        "name": backup.name,
        "description": backup.description,
        "begin_time": stamp(backup.created),
        "status": "BUILDING",
        "type": "manual",
    }
    if backup.instance.datastore.type == "SQLServer":
        content["databases"] = [{"name": name} for name in backup.databases]
    return Answer({"backup": content}, backup_ids=(backup.id,))


@operation(
    "v3.list_backups",
    query=Object(
        {
            "instance_id?": Text(names_instance=True),
            "backup_id?": Text(),
            "backup_type?": Text(one_of=TYPES),
            "status?": Text(one_of=STATUSES),
            "begin_time?": Text(is_moment),
            "end_time?": Text(is_moment),
            **page(100, 100),
        }
    ),
    answer=Object(
        {
            "backups": List(
                Object(
                    {
                        **_BACKUP,
                        "type": Text(one_of=TYPES),
                        "size": Integer(nullable=True),
                        "status": Text(one_of=STATUSES),
                        "begin_time": Text(),
                        "end_time": Text(nullable=True),
                        "datastore": DATASTORE,
                        "databases?": _DATABASES,
                    }
                )
            ),
            "total_count": Integer(),
        }
    ),
    heeds=("stale",),
    leads_to={"v3.delete_manual_backup": {"backup_id": "$response.body#/backups/0/id"}},
)
def list_backups(call: Call, query: dict[str, Any]) -> Answer:
    """List backups of an instance, newest first (API reference, v3, "Obtaining Details About Backups")."""
    world = call.world
    if query["instance_id"] is None and query["backup_id"] is None:
        raise RDSError(errors.INVALID_PARAMETER, "'instance_id' is missing")
    key = None
    if query["backup_id"] is not None:
        try:
            key = backup_key(query["backup_id"])
        except RDSError as error:
            return Answer({"backups": [], "total_count": 0}).hinting(error.hint)
    backups, total, now = world.list_backups(
        instance_id=query["instance_id"],
        backup_id=key,
        type=query["backup_type"],
        status=query["status"],
        between=_between(query["begin_time"], query["end_time"]),
        offset=query["offset"],
        limit=query["limit"],
        effect=call.effect,
    )
    answer = Answer({"backups": [_render(backup, now) for backup in backups], "total_count": total})
    world.look_at_backups(backups, now)
    return answer if total else answer.hinting(world.hint_at(query["instance_id"]))


def _between(begin: str | None, end: str | None) -> tuple[float, float] | None:
    if begin is None and end is None:
        return None
    if begin is None or end is None:
        raise RDSError(errors.INVALID_PARAMETER, "'begin_time' and 'end_time' belong together")
    between = moment(begin, "begin_time"), moment(end, "end_time")
    if between[0] >= between[1]:
        raise RDSError(errors.INVALID_PARAMETER, "'end_time' must be later than 'begin_time'")
    return between


@operation("v3.delete_manual_backup", heeds=("lifecycle",))
def delete_manual_backup(call: Call) -> Answer:
    """Delete a manual backup (API reference, v3, "Deleting a Manual Backup")."""
    backup = call.world.delete_manual_backup(backup_key(call.parameters["backup_id"]), call.effect)
    return Answer(backup_ids=(backup.id,))


@operation(
    "v3.batch_delete_manual_backups",
    body=Object({"backup_ids": List(Text(), shortest=1, longest=50)}),
    answer=Object({"delete_results": List(Object({"backup_id": Text(), "error_code": Text(), "error_msg": Text()}))}),
    heeds=("lifecycle",),
)
def batch_delete_manual_backups(call: Call, fields: dict[str, Any]) -> Answer:
    """Delete SQL Server backups, each by itself (API reference, v3, "Deleting Manual Backups in Batches")."""
    world = call.world
    results, touched = [], []
    for text in fields["backup_ids"]:
        code, message = "0", "Success"
        try:
            touched.append(world.delete_manual_backup(backup_key(text), call.effect, engine="SQLServer").id)
        except RDSError as error:
            code, message = error.refusal.v3, CATALOGUE[error.refusal.v3].message
        results.append({"backup_id": text, "error_code": code, "error_msg": message})
    return Answer({"delete_results": results}, backup_ids=tuple(touched))


_POLICY: Final[dict[str, Schema]] = {
    "keep_days": Integer(KEEP_DAYS, errors.RETENTION_DAYS),
    "start_time?": Text(is_window, errors.START_TIME),
    "period?": Text(is_period, errors.PERIOD),
}


@operation(
    "v3.get_backup_policy",
    answer=Object({"backup_policy": Object(_POLICY | {"start_time?": Text(_HOUR.fullmatch)})}),  # as API v1 may set it
)
def get_backup_policy(call: Call) -> Answer:
    """Return the automated backup policy (API reference, v3, "Obtaining an Automated Backup Policy")."""
    policy = call.world.get_backup_policy(node_id(call, call.parameters["instance_id"]))
    content: dict[str, Any] = {"keep_days": policy.keep_days}
    if policy.keep_days:
        content |= {"start_time": window(policy), "period": ",".join(map(str, policy.period))}
    return Answer({"backup_policy": content})


@operation(
    "v3.set_backup_policy", body=Object({"backup_policy": Object(_POLICY)}), leads_to={"v3.get_backup_policy": {}}
)
def set_backup_policy(call: Call, fields: dict[str, Any]) -> Answer:
    """Set the automated backup policy (API reference, v3, "Setting an Automated Backup Policy")."""
    body = fields["backup_policy"]
    start_time, period = body["start_time"], body["period"]
    if body["keep_days"]:
        if start_time is None:
            raise RDSError(errors.START_TIME, "'start_time' is missing")
        if period is None:
            raise RDSError(errors.PERIOD, "'period' is missing")
    node = node_id(call, call.parameters["instance_id"])
    before = call.world.get_backup_policy(node)
    policy = BackupPolicy(
        keep_days=body["keep_days"],
        start_time=f"{start_time[:5]}:00" if start_time else before.start_time,
        period=tuple(sorted({int(day) for day in period.split(",")})) if period else before.period,
    )
    call.world.set_backup_policy(node, policy)
    return Answer()


@operation(
    "v3.get_restore_time_ranges",
    query=Object({"date?": Text(is_date)}),
    answer=Object({"restore_time": List(Object({"start_time": Integer(), "end_time": Integer()}))}),
)
def get_restore_time_ranges(call: Call, query: dict[str, Any]) -> Answer:
    """Return when an instance can be restored to (API reference, v3, "Obtaining the Restoration Time Range")."""
    ranges = call.world.get_restore_time_ranges(node_id(call, call.parameters["instance_id"]))
    if query["date"] is not None:
        begin = moment(f"{query['date']}T00:00:00+0000", "date")
        end = begin + _DAY
        ranges = [(max(since, begin), min(until, end)) for since, until in ranges if since < end and until > begin]
    times = [{"start_time": int(since * 1000), "end_time": int(until * 1000)} for since, until in ranges]
    return Answer({"restore_time": times})


@operation(
    "v3.get_backup_download_links",
    query=Object({"backup_id": Text(missing=errors.BACKUP_NOT_FOUND)}),
    answer=Object(
        {
            "files": List(
                Object(
                    {
                        "name": Text(),
                        "size": Integer(),
                        "download_link": Text(),
                        "link_expired_time": Text(),
                        "database_name": Text(nullable=True),
                    }
                )
            ),
            "bucket": Text(),
        }
    ),
)
def get_backup_download_links(call: Call, query: dict[str, Any]) -> Answer:
    """Return links to download a backup (API reference, v3, "Obtaining the Link for Downloading a Backup File")."""
    world = call.world
    backup, now = world.get_backup_download_links(backup_key(query["backup_id"]))
    bucket = f"rdsbucket.{call.parameters['project_id']}"
    names: tuple[str | None, ...] = backup.databases or (None,)
    files = [
        {
            "name": f"{backup_id(backup)}{f'_{name}' if name else ''}.{_EXTENSIONS[backup.instance.datastore.type]}",
            "size": _size(backup, now),
            "download_link": f"https://obs.{world.region}.otc.t-systems.com/{bucket}/{backup.id}",
            "link_expired_time": stamp(now + _LINK_LIVES),
            "database_name": name,
        }
        for name in names
    ]
    return Answer({"files": files, "bucket": bucket}, backup_ids=(backup.id,))


_SOURCE: Final[dict[str, Schema]] = {
    "instance_id": Text(error=errors.SOURCE_NOT_FOUND, names_instance=True),
    "type?": Text(one_of=("backup", "timestamp")),
    "backup_id?": Text(any),
    "restore_time?": Integer(strings=True),  # the openstack command sends a string
}
_TARGET: Final = Object(
    {"instance_id": Text(error=errors.INSTANCE_ID, missing=errors.INSTANCE_NOT_FOUND, names_instance=True)}
)


@operation(
    "v3.restore_to_existing_instance",
    body=Object({"source": Object(_SOURCE), "target": _TARGET}),
    answer=JOB,
    heeds=("lifecycle",),
)
def restore_to_existing_instance(call: Call, fields: dict[str, Any]) -> Answer:
    """Restore to an instance that is there (API reference, v3, "Restoring Data to an Existing DB Instance")."""
    return Answer({"job_id": _restore(call, fields).id})


@operation(
    "v3.1.restore_to_existing_instance",
    body=Object(
        {
            "source": Object(_SOURCE | {"database_name?": Dictionary(Text(any)), "restore_all_database?": Boolean()}),
            "target": _TARGET,
        }
    ),
    answer=JOB,
    status=202,
    heeds=("lifecycle",),
)
def restore_databases_to_existing_instance(call: Call, fields: dict[str, Any]) -> Answer:
    """Restore to an instance that is there (API reference, v3.1, "Restoring Data to an Existing DB Instance")."""
    source = fields["source"]
    renamed = source["database_name"] or {}
    if renamed or source["restore_all_database"]:
        instance, _ = call.world.get_instance(node_id(call, source["instance_id"]))
        if instance.datastore.type != "SQLServer":
            hint = "'database_name' and 'restore_all_database' are for SQL Server only"
            raise RDSError(errors.INVALID_PARAMETER, hint)
        _check_databases(renamed, case_insensitive="_CI_" in instance.settings.collation)
    return Answer({"job_id": _restore(call, fields).id})


def _check_databases(renamed: dict[str, str], *, case_insensitive: bool) -> None:
    """Refuse new names of databases that are none, or are taken.

    The old name may stand among several new ones, as in the sample of the reference.
    """
    new_names = {old: names.split(",") if names else [] for old, names in renamed.items()}
    for name in (name for names in new_names.values() for name in names):
        if not _DATABASE.fullmatch(name) or any(word in name.lower() for word in _RESERVED):
            hint = f"new names have 1 to 64 letters, digits, _ and -, and none of {', '.join(_RESERVED)} in them"
            raise RDSError(errors.INVALID_PARAMETER, hint)
    case = str.lower if case_insensitive else str
    taken: set[str] = {case(old) for old in new_names}
    for old, names in new_names.items():
        if len(names) > 1:
            taken.discard(case(old))
        for name in map(case, names):
            if name in taken:
                raise RDSError(errors.DATABASE_NAMES, "new names must differ from each other and from the old ones")
            taken.add(name)
        taken.add(case(old))


def _restore(call: Call, fields: dict[str, Any]) -> Job:
    key, restore_time = restore_point(fields["source"])
    try:
        source = node_id(call, fields["source"]["instance_id"])
    except RDSError as error:
        raise RDSError(errors.SOURCE_NOT_FOUND, error.hint) from None
    target = node_id(call, fields["target"]["instance_id"])
    return call.world.restore_to_existing_instance(
        source, target, backup_id=key, restore_time=restore_time, effect=call.effect
    )


def restore_point(source: dict[str, Any]) -> tuple[str | None, float | None]:
    """Read the backup, or the point in time in seconds since 1970, that is to be restored.

    Raises:
        RDSError: INVALID_PARAMETER when what its type needs is missing, BACKUP_NOT_FOUND.
    """
    if source["type"] == "timestamp" or (source["type"] is None and not source["backup_id"]):
        if source["restore_time"] is None:
            raise RDSError(errors.INVALID_PARAMETER, "'restore_time' is missing")
        return None, source["restore_time"] / 1000
    if not source["backup_id"]:
        raise RDSError(errors.INVALID_PARAMETER, "'backup_id' is missing")
    return backup_key(source["backup_id"]), None


def window(policy: BackupPolicy) -> str:
    """Write when automated backups begin, as API v3 does: the hour that begins at the start time."""
    hours, minutes = policy.start_time.split(":")[:2]
    return f"{hours}:{minutes}-{(int(hours) + 1) % 24:02}:{minutes}"


def _size(backup: Backup, now: float) -> int:
    return max(1, round(backup.size_at(now) * _KB))


def _render(backup: Backup, now: float) -> dict[str, Any]:
    ended, datastore = backup.ends <= now, backup.instance.datastore
    rendered: dict[str, Any] = {
        "id": backup_id(backup),
        "instance_id": backup.instance.id,
        "name": backup.name,
        "type": backup.type,
        "size": _size(backup, now) if ended and backup.outcome == "COMPLETED" else None,
        "status": backup.status_at(now),
        "begin_time": stamp(backup.created),
        "end_time": stamp(backup.ends) if ended else None,
        "datastore": {"type": datastore.type, "version": datastore.major},
    }
    if datastore.type == "SQLServer":
        rendered["databases"] = [{"name": name} for name in backup.databases]
    return rendered
