"""What a new world holds and how things in it take their course, as scenario files write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mockrds.distribution import Duration, Durations, fixed
from mockrds.domain.engines import Datastore, Engine

_DOCUMENT = {"extra": "forbid"}

Outcome = Literal["COMPLETED", "FAILED"]
Progression = Literal["immediate", "time", "manual"]


@dataclass(frozen=True, kw_only=True)
class DatastoreSpec:
    """Engine and version of an instance."""

    __pydantic_config__ = _DOCUMENT | {"coerce_numbers_to_str": True}

    type: Engine = "MySQL"
    """The engine."""
    version: str = "8.0"
    """A major version such as "8.0", which means its newest release, or a full one such as 5.7.31."""

    def __post_init__(self) -> None:
        Datastore.find(self.type, self.version)


@dataclass(frozen=True, kw_only=True)
class HaSpec:
    """Makes an instance a primary/standby pair."""

    __pydantic_config__ = _DOCUMENT

    replication_mode: Literal["async", "semisync", "sync"] = "async"
    """How the standby follows the primary."""


@dataclass(frozen=True, kw_only=True)
class InstanceSpec:
    """A DB instance that a new world starts with."""

    __pydantic_config__ = _DOCUMENT

    name: str
    """The name of the instance, unique in the scenario."""
    datastore: DatastoreSpec = DatastoreSpec()
    """Engine and version. A read replica takes those of its primary."""
    ha: HaSpec | None = None
    """Makes the instance a primary/standby pair."""
    replica_of: str | None = None
    """Makes the instance a read replica of the instance with this name, which must stand before it."""
    volume_gb: int = 100
    """The size of its disk, in GB."""
    status: Literal["ACTIVE", "BUILD", "RESTORING", "REBOOTING", "DELETING"] = "ACTIVE"
    """What the instance is doing; anything but ACTIVE lasts until the test says otherwise."""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("'name' must not be empty")
        if self.volume_gb < 1:
            raise ValueError("'volume_gb' must be at least 1")


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """How much a project may have at once; absent means without limit."""

    __pydantic_config__ = _DOCUMENT

    manual_backups: int | None = None
    """Manual backups, those being deleted included; one more is refused with RDS.3003."""
    instances: int | None = None
    """DB instances, read replicas included; one more is refused with RDS.1112."""

    def __post_init__(self) -> None:
        for name in ("manual_backups", "instances"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"'{name}' must not be negative")


DEFAULT_INSTANCES = (
    InstanceSpec(name="mysql-single", datastore=DatastoreSpec(type="MySQL", version="5.7.31")),
    InstanceSpec(
        name="postgresql-ha",
        datastore=DatastoreSpec(type="PostgreSQL", version="16"),
        ha=HaSpec(replication_mode="sync"),
    ),
    InstanceSpec(name="sqlserver-single", datastore=DatastoreSpec(type="SQLServer", version="2022_SE")),
    InstanceSpec(name="mysql-replica", replica_of="mysql-single"),
)


@dataclass(frozen=True, kw_only=True)
class WorldTemplate:
    """What every project starts with."""

    __pydantic_config__ = _DOCUMENT

    instances: tuple[InstanceSpec, ...] = DEFAULT_INSTANCES
    """The DB instances; absent: one of each engine, one of them a primary/standby pair, and a replica."""
    quotas: Quotas = Quotas()
    """How much a project may have at once."""

    def __post_init__(self) -> None:
        primaries: dict[str, InstanceSpec] = {}
        for spec in self.instances:
            if spec.name in primaries:
                raise ValueError(f"two instances are named {spec.name!r}: names must be unique")
            if spec.replica_of is not None and (
                spec.replica_of not in primaries or primaries[spec.replica_of].replica_of is not None
            ):
                raise ValueError(f"'replica_of: {spec.replica_of}' names no primary instance that stands before it")
            primaries[spec.name] = spec


@dataclass(frozen=True, kw_only=True)
class Course:
    """How something under way comes to its end."""

    __pydantic_config__ = _DOCUMENT

    progression: Progression = "time"
    """``immediate``: over when next looked at; ``time``: after *seconds*; ``manual``: after *looks*, or when told."""
    seconds: Durations = fixed(3)
    """How long it takes on the world's clock, with progression ``time``."""
    looks: int | None = None
    """With progression ``manual``: how often a client sees it unfinished; absent: until it is told."""

    def __post_init__(self) -> None:
        if self.looks is not None and (self.progression != "manual" or self.looks < 0):
            raise ValueError("'looks' is a count and belongs to progression 'manual'")


@dataclass(frozen=True, kw_only=True)
class BackupCourse(Course):
    """How a backup comes to its end."""

    outcome: Outcome = "COMPLETED"
    """The status that it ends with."""


@dataclass(frozen=True, kw_only=True)
class LifeCycle:
    """How long things take and how they end."""

    __pydantic_config__ = _DOCUMENT

    backup: BackupCourse = BackupCourse()
    """From BUILDING to COMPLETED or FAILED."""
    delete: Course = Course(seconds=fixed(2))
    """A backup, from DELETING to gone."""
    create_instance: Course = Course(seconds=fixed(5))
    """From BUILD to ACTIVE, restoring to a new instance included."""
    restore: Course = Course(seconds=fixed(5))
    """An instance that is restored in place, from RESTORING to ACTIVE."""
    restart: Course = Course(seconds=fixed(2))
    """From REBOOTING to ACTIVE."""
    delete_instance: Course = Course(seconds=fixed(3))
    """An instance, until it is gone."""
    token: Duration = Duration("24h")
    """How long a token is valid."""
