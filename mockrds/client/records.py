"""Instances, backups and entries of the journal, made of what the control API shows."""

from __future__ import annotations

from datetime import datetime
from math import inf
from typing import TYPE_CHECKING, Any, Final

from mockrds.domain.engines import FLAVORS, Datastore
from mockrds.domain.models import Activity, Autoscaling, Backup, BackupPolicy, Host, Instance, Node, Settings

if TYPE_CHECKING:
    from mockrds.faults.matching import Request
    from mockrds.journal import Entry

_SAME: Final = (
    "id", "name", "replication_mode", "volume_type", "volume_gb", "region", "vpc_id", "subnet_id",
    "security_group_id", "port", "host", "tags", "alias", "ssl", "maintenance_window", "failover_strategy", "public_ip",
    "dns_name", "encrypted",
)  # fmt: skip
_SAME_OF_BACKUPS: Final = ("id", "name", "description", "type", "node_id", "outcome", "reason", "job_id", "looks")


def things(state: dict[str, Any]) -> tuple[tuple[Instance, ...], tuple[Backup, ...]]:
    """Make the instances and the backups of a project."""
    instances = {row["id"]: _instance(row) for row in (*state["instances"], *state["gone"])}
    for row in (*state["instances"], *state["gone"]):
        primary = instances.get(row["replica_of"])
        if primary is not None:
            instances[row["id"]].primary = primary
            primary.replicas.append(instances[row["id"]])
    backups = tuple(_backup(row, instances[row["instance_id"]]) for row in state["backups"])
    for backup in backups:
        backup.instance.backups[backup.id] = backup.instance.running = backup
    return tuple(instances[row["id"]] for row in state["instances"]), backups


def _instance(row: dict[str, Any]) -> Instance:
    return Instance(
        **{key: row[key] for key in _SAME},
        datastore=Datastore.find(row["datastore"]["type"], row["datastore"]["version"]),
        nodes=tuple(Node(**node) for node in row["nodes"]),
        primary=None,
        flavor=FLAVORS[row["flavor_id"]],
        created=_seconds(row["created"]),
        updated=None if row["updated"] is None else _seconds(row["updated"]),
        policy=BackupPolicy(**row["policy"] | {"period": tuple(row["policy"]["period"])}),
        jobs=tuple(row["jobs"]),
        settings=Settings(**row["settings"]),
        autoscaling=Autoscaling(**row["autoscaling"]),
        hosts=[Host(**host) for host in row["hosts"]],
        activity=_activity(row["activity"]),
        hidden=_activity(row["hidden"]),
    )


def _backup(row: dict[str, Any], instance: Instance) -> Backup:
    return Backup(
        **{key: row[key] for key in _SAME_OF_BACKUPS},
        databases=tuple(row["databases"]),
        instance=instance,
        created=_seconds(row["created"]),
        ends=inf if row["ends"] is None else row["ends"],
        deletion=_activity(row["deletion"]),
        hidden=_activity(row["hidden"]),
    )


def _activity(row: dict[str, Any] | None) -> Activity | None:
    if row is None:
        return None
    began = -inf if row["began"] is None else row["began"]
    ends = inf if row["ends"] is None else row["ends"]
    return Activity(status=row["status"], began=began, ends=ends, looks=row["looks"], failed=row["failed"])


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


class RecordedDecision:
    """What rules made of a request, as the server told it."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def explain(self, request: Request) -> list[dict[str, Any]]:  # noqa: ARG002
        """Tell what each of them did."""
        return self._rows


def entry(row: dict[str, Any]) -> Entry:
    """Make an entry of the journal."""
    from mockrds.journal import Entry

    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in row["headers"].items()]
    body = row["body"].encode()
    made = Entry(row["number"], row["operation"], row["method"], row["path"], headers, body, row["arrived"])
    for key in ("finished", "status", "request_id", "error", "hint", "fault", "connection", "reused", "sent",
                "first_byte", "last_byte", "ended", "began", "done", "advanced", "retry_after", "damaged"):  # fmt: skip
        setattr(made, key, row[key])
    made.response = row["response"].encode()
    made.backup_ids = tuple(row["backup_ids"])
    made.decision = RecordedDecision(row["decision"]) if row["decision"] else None
    return made
