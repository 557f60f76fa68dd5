"""The things of a world: instances with their nodes, and backups. What they are at a moment is read, not driven."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable  # noqa: TC004  (no pydantic reads these)

    from mockrds.domain.engines import Datastore, Flavor  # noqa: TC004  (no pydantic reads these)

BackupType = Literal["manual", "auto", "fragment", "incremental"]
"""``fragment`` is a differential backup."""
BackupStatus = Literal["BUILDING", "COMPLETED", "FAILED", "DELETING"]
InstanceStatus = Literal[
    "ACTIVE",
    "BUILD",
    "RESTORING",
    "REBOOTING",
    "MODIFYING",
    "MODIFYING INSTANCE TYPE",
    "MODIFYING DATABASE PORT",
    "SWITCHOVER",
    "MIGRATING",
    "SHUTDOWN",
    "DELETING",
    "FAILED",
    "CREATE FAIL",
]
InstanceKind = Literal["Single", "Ha", "Replica"]
JobStatus = Literal["Running", "Completed", "Failed"]
Role = Literal["master", "slave", "readreplica"]


@dataclass(slots=True, kw_only=True)
class Activity:
    """Something under way: what is shown meanwhile, and when it is over."""

    status: str
    ends: float
    """When it is over, in seconds since 1970; infinite until a test says so, or *looks* runs out."""
    began: float = -inf
    """When it began, in seconds since 1970."""
    looks: int | None = None
    """How often a client still sees it unfinished; None does not count."""
    failed: bool = False
    """Whether it ends in failure."""
    on_end: Callable[[], object] | None = None
    """What happens once it is over."""

    def running(self, now: float) -> bool:
        """Return whether it is still under way at *now*."""
        return self.began <= now < self.ends

    def look(self, now: float) -> None:
        """Note that a client saw it unfinished at *now*."""
        if self.looks is not None and now < self.ends:
            self.looks -= 1
            if self.looks <= 0:
                self.ends = now

    def settle(self, now: float) -> None:
        """Call ``on_end``, if it is over at *now* and that has not happened yet."""
        if self.on_end is not None and now >= self.ends:
            on_end, self.on_end = self.on_end, None
            on_end()


@dataclass(slots=True, kw_only=True, eq=False)
class Backup:
    """A backup. Its end is settled when it is made; its status follows from the time."""

    id: str
    name: str
    description: str
    instance: Instance
    """The instance it was made from, also after that instance is gone."""
    node_id: str
    """The primary node that API v1 was given."""
    created: float
    ends: float
    """When it is no longer BUILDING, in seconds since 1970."""
    outcome: Literal["COMPLETED", "FAILED"]
    job_id: str
    type: BackupType = "manual"
    databases: tuple[str, ...] = ()
    """The databases in it, if it is a partial backup; empty for a whole one."""
    looks: int | None = None
    """How often a client still sees it BUILDING; None does not count."""
    reason: str = ""
    """Why it ends FAILED, if a scenario says so."""
    hidden: Activity | None = None
    """The time at first in which clients do not see it."""
    deletion: Activity | None = None
    restores: list[Activity] | None = None
    """The restores that read it; it can't be deleted while one is under way."""

    @property
    def failed(self) -> bool:
        """Whether it ends in failure."""
        return self.outcome == "FAILED"

    def running(self, now: float) -> bool:
        """Return whether it is still being made at *now*."""
        return now < self.ends

    def restoring_at(self, now: float) -> bool:
        """Return whether an instance is being restored from it at *now*."""
        return self.restores is not None and any(restore.running(now) for restore in self.restores)

    def hidden_at(self, now: float) -> bool:
        """Return whether clients do not see it at *now*, because it is new or was not there yet."""
        return now < self.created or (self.hidden is not None and self.hidden.running(now))

    def gone_at(self, now: float) -> bool:
        """Return whether its deletion is over at *now*."""
        return self.deletion is not None and now >= self.deletion.ends

    def status_at(self, now: float) -> BackupStatus:
        """Return the status at *now*, in seconds since 1970."""
        if self.deletion is not None and now >= self.deletion.began:
            return "DELETING"
        return "BUILDING" if now < self.ends else self.outcome

    def size_at(self, now: float) -> float:
        """Return the size at *now* in GB: zero until the backup is complete."""
        if now < self.ends or self.outcome == "FAILED":
            return 0.0
        share = int(self.id[:8], 16) / 0xFFFFFFFF  # the id is random, so the size is, and it never changes
        return round(0.05 * float(400.0**share), 6)

    def look(self, now: float) -> None:
        """Note that a client saw the backup at *now*, or would have seen it."""
        if self.hidden is not None and self.hidden.running(now):
            self.hidden.look(now)
        elif self.deletion is not None:
            self.deletion.look(now)
        elif self.looks is not None and now < self.ends:
            self.looks -= 1
            if self.looks <= 0:
                self.ends = now


@dataclass(slots=True, kw_only=True)
class BackupPolicy:
    """When automated backups are made, and how long they are kept."""

    keep_days: int
    """Days an automated backup is kept; zero switches automated backups off."""
    start_time: str
    """Time of day, ``hh:mm:ss`` or ``hh:mm``, UTC."""
    period: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    """The days of the week with a full backup, 1 for Monday; on the others there is a differential one."""


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """A piece of work that an operation began, as API v3 tells of it."""

    id: str
    name: str
    """Such as ``CreateMysqlSingleHAInstance``."""
    instance: Instance
    began: float
    known: float
    """From when on it can be asked for, in seconds since 1970; some seconds after it was handed out."""
    activity: Activity | Backup | None
    """What is under way: what the instance is doing, or a backup; None when the work was done at once."""
    entities: dict[str, object] = field(default_factory=dict)
    """What API v3 tells about the things that it changes."""
    detail: dict[str, object] = field(default_factory=dict)
    """What the SQL Server task list tells about it."""

    def ends_at(self, now: float) -> float | None:
        """Return when it ended, in seconds since 1970; None while it is running."""
        if self.activity is None:
            return self.began
        return None if self.activity.running(now) else max(self.began, min(self.activity.ends, now))

    def status_at(self, now: float) -> JobStatus:
        """Return its status at *now*."""
        if self.ends_at(now) is None:
            return "Running"
        return "Failed" if self.activity is not None and self.activity.failed else "Completed"

    def progress_at(self, now: float) -> int:
        """Return how much is done at *now*, in percent."""
        if self.activity is None or not self.activity.running(now):
            return 100
        whole = self.activity.ends - self.began
        return min(99, int(100 * (now - self.began) / whole)) if 0 < whole < inf else 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A machine of an instance. API v1 calls an instance by the id of its primary node."""

    id: str
    name: str
    role: Role
    availability_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is settled when an instance is made, and API v1 does not know of."""

    time_zone: str = ""
    collation: str = ""
    """How SQL Server sorts."""
    disk_encryption_id: str = ""
    """The key that its disk is encrypted with."""
    configuration_id: str = ""
    """The parameter template that it was made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoscaling:
    """Whether the disk of an instance is to grow by itself."""

    enabled: bool
    limit_gb: int | None = None
    """How large it may become."""
    threshold: int | None = None
    """The free space, in percent, at which it grows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine that SQL Server shares distributed transactions with (MSDTC)."""

    id: str
    name: str
    address: str


@dataclass(slots=True, kw_only=True, eq=False)
class Instance:
    """A DB instance: a single node, a primary/standby pair, or a read replica."""

    id: str
    """The DB instance id, which API v3 uses. API v1 wants ``node_id``."""
    name: str
    datastore: Datastore
    nodes: tuple[Node, ...]
    replication_mode: str | None
    primary: Instance | None
    """The instance that a read replica follows."""
    flavor: Flavor
    volume_type: str
    volume_gb: int
    region: str
    vpc_id: str
    subnet_id: str
    security_group_id: str
    port: int
    host: str
    created: float
    policy: BackupPolicy
    tags: dict[str, str] = field(default_factory=dict)
    backups: dict[str, Backup] = field(default_factory=dict)
    """Its manual backups, oldest first."""
    automated: dict[str, Backup] = field(default_factory=dict)
    """Its automated backups, oldest first."""
    replicas: list[Instance] = field(default_factory=list)
    """The read replicas that follow it."""
    jobs: tuple[str, ...] = ()
    """The jobs that made it."""
    activity: Activity | None = None
    hidden: Activity | None = None
    """The time at first in which clients do not see it."""
    running: Backup | None = None
    """The newest backup, which may still be BUILDING."""
    settings: Settings = Settings()
    alias: str = ""
    ssl: bool = False
    maintenance_window: str = "02:00-06:00"
    """When the service may work on it, UTC."""
    failover_strategy: str = ""
    """``reliability`` or ``availability``, for a primary/standby pair."""
    public_ip: str = ""
    """The elastic IP address that is bound to it."""
    dns_name: str = ""
    """Its private domain name, once one was applied for."""
    autoscaling: Autoscaling = Autoscaling(enabled=False)
    encrypted: bool = False
    """Whether SQL Server encrypts its files (TDE)."""
    hosts: list[Host] = field(default_factory=list)
    updated: float | None = None
    """When it was changed last, in seconds since 1970; None: not since it was made."""

    @property
    def node_id(self) -> str:
        """The id of the primary node (of the only one, for a replica)."""
        return self.nodes[0].id

    @property
    def standby(self) -> Node | None:
        """The standby node of a primary/standby pair."""
        return self.nodes[1] if len(self.nodes) > 1 else None

    @property
    def kind(self) -> InstanceKind:
        """What kind of instance it is, by the word of API v3."""
        if self.primary is not None:
            return "Replica"
        return "Single" if self.standby is None else "Ha"

    @property
    def used_gb(self) -> float:
        """How full the disk is. Nothing is stored, so this goes with the id, and never changes."""
        share = int(self.id[:8], 16) / 0xFFFFFFFF
        return min(round(0.05 * float(400.0**share), 2), self.volume_gb)

    def status_at(self, now: float) -> str:
        """Return the status at *now*, in seconds since 1970."""
        if self.activity is None or not self.activity.running(now):
            return "ACTIVE"
        return self.activity.status

    def hidden_at(self, now: float) -> bool:
        """Return whether clients do not see it at *now*, because it is new or was not there yet."""
        return now < self.created or (self.hidden is not None and self.hidden.running(now))

    def gone_at(self, now: float) -> bool:
        """Return whether its deletion is over at *now*."""
        return self.activity is not None and self.activity.status == "DELETING" and now >= self.activity.ends

    def backing_up_at(self, now: float) -> bool:
        """Return whether a backup of this instance is BUILDING at *now*."""
        return self.running is not None and self.running.status_at(now) == "BUILDING"


FOREVER = inf
"""The end of what lasts until a test says otherwise."""
