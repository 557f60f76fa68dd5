"""What a client came to know of each backup that it made: read from its answers, however cut or damaged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from mockrds.verdict.attempts import is_readable
from mockrds.verdict.kinds import CREATE, DELETES, LISTS, operation_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from mockrds.domain.models import Backup
    from mockrds.journal import Entry
    from mockrds.verdict.operations import LogicalOperation

FINAL_STATUSES: Final = frozenset({"completed", "failed"})
"""The statuses at which backups and jobs end, in lower case."""
_ROW: Final = re.compile(r'"id"\s*:\s*"([^"]+)"((?:(?!"id"\s*:).)*?)"status"\s*:\s*"([^"]*)"', re.DOTALL)
_NAME: Final = re.compile(rb'"name"\s*:\s*"([^"]*)"')
_V3_ID: Final = re.compile(r"[0-9a-f]{32}br\d\d")


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
    """How many answers showed it before its end, that of its creation included."""

    @property
    def orphaned(self) -> bool:
        """Whether the client neither saw its end nor deleted it."""
        return self.seen_end_by is None and self.deleted_by is None

    def as_json(self) -> dict[str, Any]:
        """Return the history as the control API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "made_by": self.made_by,
            "seen_end_by": self.seen_end_by,
            "deleted_by": self.deleted_by,
        }


def follow_backups(entries: Sequence[Entry], backups: Collection[Backup]) -> dict[str, BackupHistory]:
    """Return, by id, the history of each backup that calls made.

    Args:
        entries: All entries that are kept, oldest first.
        backups: The backups that there are now: they fill in what an answer showed that was too long to be kept.
    """
    backups_by_id = {backup.id: backup for backup in backups}
    histories: dict[str, BackupHistory] = {}
    # A call may have made its backup later than it was answered: first all that were made, then what was seen of them.
    for entry in entries:
        if operation_name(entry) == CREATE:
            for backup_id in entry.backup_ids:
                backup = backups_by_id.get(backup_id)
                name = backup.name if backup else _name_in_body(entry)
                histories.setdefault(backup_id, BackupHistory(backup_id, name, entry.number))
    for entry in entries:
        if operation_name(entry) in DELETES:
            for backup_id in histories.keys() & entry.backup_ids:
                histories[backup_id].deleted_by = histories[backup_id].deleted_by or entry.number
        elif histories and is_readable(entry):
            _follow_answer(histories, entry, backups_by_id)
    return histories


def _follow_answer(histories: Mapping[str, BackupHistory], entry: Entry, backups: Mapping[str, Backup]) -> None:
    seen = statuses(entry)
    if operation_name(entry) in LISTS and entry.finished is not None and is_cut(entry):
        rest = (backups[backup_id] for backup_id in histories.keys() - seen.keys() if backup_id in backups)
        at = entry.finished
        seen |= {backup.id: backup.status_at(at).lower() for backup in rest if backup.created <= at}
    for backup_id, status in seen.items():
        history = histories.get(backup_id)
        if history is None or entry.number < history.made_by + entry.damaged:  # the create's own answer, if damaged
            continue
        history.shown_by = history.shown_by or entry.number
        if status in FINAL_STATUSES:
            history.seen_end_by = history.seen_end_by or entry.number
        elif history.seen_end_by is None:
            history.looks += 1


def was_seen_deleted(op: LogicalOperation, entries: Iterable[Entry]) -> bool:
    """Return whether a list that the client got later showed that a deletion worked, though its own answer did not."""
    backup_ids = {backup_id for attempt in op.attempts for backup_id in attempt.entry.backup_ids}
    if op.first.method != "DELETE" or not backup_ids:
        return False
    later = (entry for entry in entries if entry.number > op.last.entry.number and operation_name(entry) in LISTS)
    lists = (statuses(entry) for entry in later if is_readable(entry) and not is_cut(entry))
    return any(all(seen.get(backup_id, "deleting") == "deleting" for backup_id in backup_ids) for seen in lists)


def statuses(entry: Entry) -> dict[str, str]:
    """Return the statuses, in lower case, that an answer shows, by the ids of what they belong to."""
    try:
        content = orjson.loads(entry.response)
    except orjson.JSONDecodeError:
        text = entry.response.decode("utf-8", "replace")
        return {v1_id(row[1]): row[3].lower() for row in _ROW.finditer(text)}
    seen: dict[str, str] = {}
    rest: list[Any] = [content]
    while rest:
        value = rest.pop()
        if isinstance(value, list):
            rest.extend(value)
        elif isinstance(value, dict):
            rest.extend(value.values())
            match value:
                case {"id": str(resource_id), "status": str(status)}:
                    seen[v1_id(resource_id)] = status.lower()
                case _:
                    pass
    return seen


def is_cut(entry: Entry) -> bool:
    """Return whether the journal kept only a part of an answer."""
    text = entry.response.rstrip()
    return bool(text) and text[:1] in b"{[" and text[-1:] not in b"}]"


def v1_id(resource_id: str) -> str:
    """Return the id of a backup in the form of API v1, whichever API wrote it; other ids as they are."""
    if not _V3_ID.fullmatch(resource_id):
        return resource_id
    text = resource_id[:32]
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def ids_in(text: str, fields: Iterable[str]) -> set[str]:
    """Return the values of JSON *fields* that are text, wherever they stand."""
    names = "|".join(fields)
    return set(re.findall(rf'"(?:{names})"\s*:\s*"([^"]+)"', text))


def _name_in_body(entry: Entry) -> str:
    match = _NAME.search(entry.body)
    return match[1].decode("utf-8", "replace") if match else ""
