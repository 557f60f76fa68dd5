"""What answers showed the client: ids, each with a status; read from what the journal kept, however cut or damaged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from mockrds.verdict.operations import CREATE, readable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from mockrds.domain.models import Backup
    from mockrds.journal import Entry
    from mockrds.verdict.operations import LogicalOperation

ENDS: Final = frozenset({"completed", "failed"})
"""The statuses at which backups and jobs end, in lower case."""
LISTS: Final = ("list_manual_backups", "list_backups")
"""The operations that show backups."""
DELETES: Final = ("delete_manual_backup", "batch_delete_manual_backups")
"""The operations that delete backups."""
_ROW: Final = re.compile(r'"id"\s*:\s*"([^"]+)"((?:(?!"id"\s*:).)*?)"status"\s*:\s*"([^"]*)"', re.DOTALL)
_V3_ID: Final = re.compile(r"[0-9a-f]{32}br\d\d")


def key(resource_id: str) -> str:
    """Give an id of a backup in the form of API v1, whichever API wrote it; other ids as they are."""
    if not _V3_ID.fullmatch(resource_id):
        return resource_id
    text = resource_id[:32]
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def name_of(entry: Entry) -> str:
    """Give the operation without its family."""
    return entry.operation.rpartition(".")[2]


def statuses(entry: Entry) -> dict[str, str]:
    """Give the statuses, in lower case, that an answer shows, by the ids of what they belong to."""
    try:
        content = orjson.loads(entry.response)
    except orjson.JSONDecodeError:
        text = entry.response.decode("utf-8", "replace")
        return {key(row[1]): row[3].lower() for row in _ROW.finditer(text)}
    found: dict[str, str] = {}
    rest: list[Any] = [content]
    while rest:
        value = rest.pop()
        if isinstance(value, list):
            rest.extend(value)
        elif isinstance(value, dict):
            rest.extend(value.values())
            match value:
                case {"id": str(resource_id), "status": str(status)}:
                    found[key(resource_id)] = status.lower()
                case _:
                    pass
    return found


def is_cut(entry: Entry) -> bool:
    """Tell whether the journal kept only a part of an answer."""
    text = entry.response.rstrip()
    return bool(text) and text[:1] in b"{[" and text[-1:] not in b"}]"


@dataclass
class BackupHistory:
    """A backup that the client made, and what it came to know of it: numbers of entries, or None."""

    id: str
    """Its id."""
    name: str
    """Its name."""
    made_by: int
    """The call that made it."""
    shown_by: int | None = None
    """The first answer that had its id."""
    seen_end_by: int | None = None
    """The first answer that showed it COMPLETED or FAILED."""
    deleted_by: int | None = None
    """The call that deleted it."""
    looks: int = 0
    """How many answers showed it before its end."""

    @property
    def orphaned(self) -> bool:
        """Whether the client neither saw its end nor deleted it."""
        return self.seen_end_by is None and self.deleted_by is None

    def as_json(self) -> dict[str, Any]:
        """Give the fate as the control API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "made_by": self.made_by,
            "seen_end_by": self.seen_end_by,
            "deleted_by": self.deleted_by,
        }


def fates(entries: Sequence[Entry], backups: Collection[Backup]) -> dict[str, BackupHistory]:
    """Follow each backup that was made through all answers, oldest first.

    Args:
        entries: All entries that are kept.
        backups: The backups that there are now: they fill in what an answer showed that was too long to be kept.
    """
    world = {backup.id: backup for backup in backups}
    found: dict[str, BackupHistory] = {}
    # A call may have made its backup later than it was answered: first all that were made, then what was seen of them.
    for entry in entries:
        if name_of(entry) == CREATE:
            for backup_id in entry.backup_ids:
                made = world.get(backup_id)
                found.setdefault(
                    backup_id, BackupHistory(backup_id, made.name if made else _asked(entry), entry.number)
                )
    for entry in entries:
        operation = name_of(entry)
        if operation in DELETES:
            for backup_id in entry.backup_ids:
                if backup_id in found and found[backup_id].deleted_by is None:
                    found[backup_id].deleted_by = entry.number
        elif found and readable(entry):
            _see(found, entry, world)
    return found


def _see(found: Mapping[str, BackupHistory], entry: Entry, world: Mapping[str, Backup]) -> None:
    shown = statuses(entry)
    if name_of(entry) in LISTS and entry.finished is not None and is_cut(entry):
        rest = (world[backup_id] for backup_id in found.keys() - shown.keys() if backup_id in world)
        at = entry.finished
        shown |= {backup.id: backup.status_at(at).lower() for backup in rest if backup.created <= at}
    for backup_id, status in shown.items():
        fate = found.get(backup_id)
        if fate is not None and entry.number >= fate.made_by + entry.damaged:  # what made it may have been no use to it
            fate.shown_by = fate.shown_by or entry.number
            if status in ENDS:
                fate.seen_end_by = fate.seen_end_by or entry.number
            elif fate.seen_end_by is None:
                fate.looks += 1


def seen_gone(op: LogicalOperation, entries: Iterable[Entry]) -> bool:
    """Tell whether a list that the client got later showed that a deletion had worked, though its answer did not."""
    going = {backup_id for attempt in op.attempts for backup_id in attempt.entry.backup_ids}
    if op.first.method != "DELETE" or not going:
        return False
    later = (entry for entry in entries if entry.number > op.last.entry.number and name_of(entry) in LISTS)
    shown = (statuses(entry) for entry in later if readable(entry) and not is_cut(entry))
    return any(all(found.get(backup_id, "deleting") == "deleting" for backup_id in going) for found in shown)


def _asked(entry: Entry) -> str:
    match = re.search(rb'"name"\s*:\s*"([^"]*)"', entry.body)
    return match[1].decode("utf-8", "replace") if match else ""


def ids_in(text: str, fields: Iterable[str]) -> set[str]:
    """Give the values of JSON *fields* that are text, wherever they stand."""
    names = "|".join(fields)
    return set(re.findall(rf'"(?:{names})"\s*:\s*"([^"]+)"', text))
