"""Instances, backups and entries of the journal, made of the records of the control API."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from mockrds.domain.engines import FLAVORS, Datastore
from mockrds.domain.models import Activity, Backup, Instance

if TYPE_CHECKING:
    from mockrds.control import records
    from mockrds.faults.matching import Request
    from mockrds.journal import Entry

T = TypeVar("T", Activity, Backup, Instance)


def make_contents(state: records.State) -> tuple[tuple[Instance, ...], tuple[Backup, ...]]:
    """Make the instances and the backups of a project."""
    everything = (*state.instances, *state.gone)
    instances = {record.id: _instance(record) for record in everything}
    for record in everything:
        primary = instances.get(record.replica_of or "")
        if primary is not None:
            instances[record.id].primary = primary
            primary.replicas.append(instances[record.id])
    backups = tuple(_backup(record, instances[record.instance_id]) for record in state.backups)
    for backup in backups:
        backup.instance.backups[backup.id] = backup.instance.running = backup
    return tuple(instances[record.id] for record in state.instances), backups


def _instance(record: records.Instance) -> Instance:
    return _make(
        Instance,
        record,
        datastore=Datastore.find(record.datastore.type, record.datastore.version),
        primary=None,
        flavor=FLAVORS[record.flavor_id],
        created=_seconds(record.created),
        updated=None if record.updated is None else _seconds(record.updated),
        activity=_activity(record.activity),
        hidden=_activity(record.hidden),
    )


def _backup(record: records.Backup, instance: Instance) -> Backup:
    return _make(
        Backup,
        record,
        instance=instance,
        created=_seconds(record.created),
        ends=inf if record.ends is None else record.ends,
        deletion=_activity(record.deletion),
        hidden=_activity(record.hidden),
    )


def _activity(record: records.Activity | None) -> Activity | None:
    if record is None:
        return None
    began = -inf if record.began is None else record.began
    ends = inf if record.ends is None else record.ends
    return _make(Activity, record, began=began, ends=ends)


def _make(kind: type[T], record: Any, **others: object) -> T:
    """Make a *kind* of the fields that its record has under the same names, and of *others*."""
    names = {field.name for field in fields(kind)} & {field.name for field in fields(record)}
    return kind(**{name: getattr(record, name) for name in names} | others)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


class RecordedDecision:
    """What rules decided about a request, as the server recorded it."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def explain(self, request: Request) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return what each of them did."""
        return self._rows


def make_entry(record: records.Entry) -> Entry:
    """Make an entry of the journal."""
    from mockrds.journal import Entry

    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in record.headers.items()]
    entry = Entry(
        record.number, record.operation, record.method, record.path, headers, record.body.encode(), record.arrived
    )
    for field in fields(record):
        if field.name not in ("headers", "body", "response", "decision"):
            setattr(entry, field.name, getattr(record, field.name))
    entry.response = record.response.encode()
    entry.decision = RecordedDecision(record.decision) if record.decision else None
    return entry
