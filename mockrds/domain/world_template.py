"""What a new world holds and how long things in it take, as scenario files write it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge

from mockrds.domain.engines import Datastore, Engine
from mockrds.domain.validators import is_description, is_name, words
from mockrds.durations import Duration, Durations, WrittenAsText, fixed

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
class BackupSpec:
    """A manual backup that a new world starts with."""

    __pydantic_config__ = _DOCUMENT

    name: str
    """The name of the backup, unique in the scenario."""
    instance: str
    """The name of the instance that it was made from."""
    description: str = ""
    """What it is for."""
    status: Literal["BUILDING", "COMPLETED", "FAILED"] = "COMPLETED"
    """What became of it; BUILDING lasts until the test says otherwise."""
    age: Duration = Duration("1h")
    """How long before the world's beginning it was begun; it took a tenth of that."""

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise ValueError(f"'name' {self.name!r} breaks the rule of backup names: {words(is_name)}")
        if not is_description(self.description):
            raise ValueError(f"'description' breaks the rule of descriptions: {words(is_description)}")


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
    backups: tuple[BackupSpec, ...] = ()
    """The manual backups."""
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
        names: set[str] = set()
        building: set[str] = set()
        for backup in self.backups:
            if backup.name in names:
                raise ValueError(f"two backups are named {backup.name!r}: names must be unique")
            names.add(backup.name)
            if backup.instance not in primaries or primaries[backup.instance].replica_of is not None:
                raise ValueError(f"backup {backup.name!r}: 'instance: {backup.instance}' names no primary instance")
            if backup.status == "BUILDING":
                if backup.instance in building:
                    raise ValueError(f"two backups of {backup.instance!r} are BUILDING: there can be only one")
                building.add(backup.instance)


@dataclass(frozen=True, kw_only=True)
class Transition:
    """How something under way comes to its end."""

    __pydantic_config__ = _DOCUMENT

    progression: Progression = "time"
    """``immediate``: over when next looked at; ``time``: after *seconds*; ``manual``: after *looks*, or ``finish``."""
    seconds: Durations = fixed(3)
    """How long it takes on the world's clock, with progression ``time``."""
    looks: int | None = None
    """With progression ``manual``: how many lists or details show it unfinished; absent: all, until ``finish``."""

    def __post_init__(self) -> None:
        if self.looks is not None and (self.progression != "manual" or self.looks < 0):
            raise ValueError("'looks' is a count and belongs to progression 'manual'")


@dataclass(frozen=True, kw_only=True)
class BackupTransition(Transition):
    """How a backup comes to its end."""

    outcome: Outcome = "COMPLETED"
    """The status that it ends with."""
    reason: str = ""
    """Why it ends FAILED; the service tells nobody, the control API and ``Backup.reason`` do."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.reason and self.outcome != "FAILED":
            raise ValueError("'reason' belongs to outcome 'FAILED'")


@dataclass(frozen=True, kw_only=True)
class LifeCycle:
    """How long things take and how they end."""

    __pydantic_config__ = _DOCUMENT

    backup: BackupTransition = BackupTransition()
    """A backup, from BUILDING to COMPLETED or FAILED; by default after 3s."""
    delete: Transition = Transition(seconds=fixed(2))
    """A backup, from DELETING to gone; by default after 2s."""
    create_instance: Transition = Transition(seconds=fixed(5))
    """An instance, from BUILD to ACTIVE, also when it is restored from a backup; by default after 5s."""
    restore: Transition = Transition(seconds=fixed(5))
    """An instance that is restored in place, from RESTORING to ACTIVE; by default after 5s."""
    restart: Transition = Transition(seconds=fixed(2))
    """An instance, from REBOOTING to ACTIVE; by default after 2s."""
    change: Transition = Transition(seconds=fixed(2))
    """Any other change of an instance, such as of its class, until it is ACTIVE again; by default after 2s."""
    delete_instance: Transition = Transition(seconds=fixed(3))
    """An instance, until it is gone; by default after 3s."""
    job_known: Duration = Duration("1s")
    """How long after it was handed out a job id is not known yet; API v3 answers DBS.200543 until then."""
    token: Duration = Duration("24h")
    """How long a token is valid."""


_LOOKS: Final = re.compile(r"([0-9]+) *looks?")


class Visibility(WrittenAsText):
    """How long something new stays unseen: ``3 looks``, or a duration such as ``2s``.

    Raises:
        ValueError: It is neither.
    """

    __slots__ = ("looks", "seconds")

    def __init__(self, value: float | str) -> None:
        match = _LOOKS.fullmatch(value.strip()) if isinstance(value, str) else None
        self.looks = int(match[1]) if match is not None else None
        """So many lists and gets do not show it."""
        self.seconds = 0.0
        """It is not shown for so long, on the world's clock."""
        if match is None:
            try:
                self.seconds = Duration(value)
            except ValueError:
                raise ValueError(f"{value!r} is no visibility: write '3 looks', or a duration such as 2s") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Visibility) and (self.looks, self.seconds) == (other.looks, other.seconds)

    def __hash__(self) -> int:
        return hash((self.looks, self.seconds))

    def __str__(self) -> str:
        return f"{self.looks} look{'' if self.looks == 1 else 's'}" if self.looks is not None else f"{self.seconds:g}s"

    __repr__ = __str__

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, Any]:
        """Return what a visibility looks like in JSON Schema."""
        looks = {"type": "string", "pattern": f"^{_LOOKS.pattern}$"}
        return {"anyOf": [*Duration.__get_pydantic_json_schema__(None, None)["anyOf"], looks]}


@dataclass(frozen=True, kw_only=True)
class WorldEffect:
    """How the world departs from what it would do, for one call."""

    __pydantic_config__ = _DOCUMENT

    quota: Annotated[int, Ge(0)] | None = None
    """Judge these calls as if the quota of manual backups were this number."""
    lifecycle: BackupTransition | None = None
    """How what this call begins comes to its end, whatever the scenario's ``lifecycle`` says."""
    visible_after: Visibility | None = None
    """What this call makes is not listed or found at first: for ``3 looks``, or for a duration such as ``2s``."""
    stale: Duration | None = None
    """The answer shows the world as it was so long ago; what is gone since stays gone."""


WORLD_EFFECTS: Final = tuple(field.name for field in fields(WorldEffect))
"""The keys of world effects."""
NO_EFFECT: Final = WorldEffect()
"""The world does what it always does."""
