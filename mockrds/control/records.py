"""What the control API answers: each class is what the server writes, the OpenAPI describes and the client reads."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mockrds.control.fields import Count, Ref, record
from mockrds.domain.clock import Mode, iso
from mockrds.domain.identity import Auth
from mockrds.domain.models import (
    Autoscaling,
    BackupPolicy,
    BackupStatus,
    BackupType,
    Host,
    InstanceStatus,
    Node,
    Settings,
)
from mockrds.domain.world.networks import Network, Router, SecurityGroup, Subnet
from mockrds.domain.world_template import Outcome, Quotas

if TYPE_CHECKING:
    from mockrds import journal
    from mockrds.domain import clock, models
    from mockrds.domain.world import networks
    from mockrds.faults import rules
    from mockrds.project_state import ProjectState
    from mockrds.simulator import Simulator


@record
class Error:
    """Why a request was refused."""

    error: str
    """What is wrong and what to do."""


@record
class Nothing:
    """It is done, and there is nothing to say."""


@record
class Status:
    """The server is there."""

    status: Literal["ok"] = "ok"


@record
class Version:
    """What serves."""

    name: str
    version: str


# Projects


@record
class Project:
    """A project, without what is in it."""

    id: str
    name: str
    seed: int
    auth: Auth
    """How the project looks at credentials."""
    scenario: str
    """The name of the scenario in force."""
    replay: str
    """The token with which another server starts from the same state as this project did."""
    token: str
    """A fresh one, for X-Auth-Token."""
    in_flight: Count
    """How many requests wait for their answer."""

    @classmethod
    def of(cls, simulator: Simulator, project: ProjectState) -> Project:
        """Describe a project of *simulator*."""
        scenario, token, in_flight = project.scenario.name, simulator.token(project), len(project.in_flight)
        return cls(**_same(cls, project, scenario=scenario, token=token, in_flight=in_flight))


@record
class ProjectName:
    """A project, in a list."""

    id: str
    name: str


@record
class Projects:
    """All projects."""

    projects: list[ProjectName]


@record
class Forgotten:
    """A project that was removed."""

    id: str
    name: str
    replay: str
    """The token with which another server starts from the same state as this project did."""


@record
class Clock:
    """A clock."""

    mode: Mode
    at: str | None
    """The time that it was set to; null: that of the machine."""
    by: float
    """The speed of a scaled clock."""
    now: str
    """Such as 2026-01-31T22:00:00.000000Z."""
    seconds: float
    """The same as now, in seconds since 1970."""
    advanced: float
    """By how many seconds it was advanced so far, in all."""

    @classmethod
    def of(cls, clock: clock.Clock) -> Clock:
        """Describe a clock as it is now."""
        setting, now = clock.setting, clock.now()
        at = setting.at.isoformat() if setting.at is not None else None
        return cls(mode=setting.mode, at=at, by=setting.by, now=iso(now), seconds=now, advanced=clock.advanced)


@record
class Activity:
    """Something under way."""

    status: str
    """What is shown meanwhile."""
    began: float | None
    """Seconds since 1970."""
    ends: float | None
    """Seconds since 1970; null: when a test says so, or after looks."""
    looks: int | None
    """How often a client still sees it unfinished."""
    failed: bool

    @classmethod
    def of(cls, activity: models.Activity | None) -> Activity | None:
        """Describe what is under way, if anything is."""
        if activity is None:
            return None
        return cls(**_same(cls, activity, began=_finite(activity.began), ends=_finite(activity.ends)))


@record
class Datastore:
    """Engine and version."""

    type: str
    version: str


@record
class Instance:
    """A DB instance."""

    id: str
    name: str
    status: InstanceStatus
    datastore: Datastore
    node_id: str
    """The primary node, which API v1 calls the instance."""
    standby_node_id: str | None
    replica_of: str | None
    """The id of the DB instance that a read replica follows."""
    nodes: tuple[Node, ...]
    replication_mode: str | None
    flavor_id: str
    volume_type: str
    volume_gb: Count
    region: str
    vpc_id: str
    subnet_id: str
    security_group_id: str
    port: Count
    host: str
    created: str
    """Such as 2026-01-31T22:00:00.000000Z."""
    updated: str | None
    """When it was changed last; null: not since it was made."""
    policy: BackupPolicy
    tags: dict[str, str]
    jobs: tuple[str, ...]
    """The jobs that made it."""
    alias: str
    ssl: bool
    maintenance_window: str
    failover_strategy: str
    public_ip: str
    dns_name: str
    encrypted: bool
    settings: Settings
    autoscaling: Autoscaling
    hosts: list[Host]
    activity: Activity | None
    hidden: Activity | None
    """The time at first in which clients do not see it."""

    @classmethod
    def of(cls, instance: models.Instance, now: float) -> Instance:
        """Describe an instance as it is at *now*."""
        return cls(
            **_same(
                cls,
                instance,
                status=instance.status_at(now),
                datastore=Datastore(type=instance.datastore.type, version=instance.datastore.version),
                standby_node_id=instance.standby.id if instance.standby else None,
                replica_of=instance.primary.id if instance.primary else None,
                flavor_id=instance.flavor.id,
                created=iso(instance.created),
                updated=None if instance.updated is None else iso(instance.updated),
                activity=Activity.of(instance.activity),
                hidden=Activity.of(instance.hidden),
            )
        )


@record
class Backup:
    """A manual backup."""

    id: str
    name: str
    description: str
    type: BackupType
    databases: tuple[str, ...]
    status: BackupStatus
    instance_id: str
    node_id: str
    created: str
    """Such as 2026-01-31T22:00:00.000000Z."""
    ends: float | None
    """When it is no longer BUILDING; null: when a test says so, or after looks."""
    outcome: Outcome
    reason: str
    job_id: str
    looks: Count | None
    deletion: Activity | None
    hidden: Activity | None
    """The time at first in which clients do not see it."""

    @classmethod
    def of(cls, backup: models.Backup, now: float) -> Backup:
        """Describe a backup as it is at *now*."""
        return cls(
            **_same(
                cls,
                backup,
                status=backup.status_at(now),
                instance_id=backup.instance.id,
                created=iso(backup.created),
                ends=_finite(backup.ends),
                deletion=Activity.of(backup.deletion),
                hidden=Activity.of(backup.hidden),
            )
        )


@record
class PublicIP:
    """An elastic IP."""

    id: str
    address: str
    type: str
    created: str
    """Such as 2026-01-31T22:00:00.000000Z."""
    bandwidth_id: str
    bandwidth_name: str
    bandwidth_size: int
    bandwidth_share_type: str
    port_id: str | None
    """The port that it is bound to."""

    @classmethod
    def of(cls, ip: networks.PublicIP, port: networks.Port | None) -> PublicIP:
        """Describe an elastic IP and the port that it is bound to."""
        return cls(**_same(cls, ip, created=iso(ip.created), port_id=None if port is None else port.id))


@record
class State(Project):
    """A project, with what is in it."""

    clock: Clock
    quotas: Quotas
    instances: list[Instance]
    backups: list[Backup]
    gone: list[Instance]
    """The instances that are gone, but of which backups or replicas are left."""
    routers: tuple[Router, ...]
    """The VPCs."""
    networks: tuple[Network, ...]
    """What instances and the cloud call subnets, and the network outside."""
    subnets: tuple[Subnet, ...]
    """The addresses in the networks."""
    security_groups: tuple[SecurityGroup, ...]
    public_ips: list[PublicIP]
    """The elastic IPs."""

    @classmethod
    def of(cls, simulator: Simulator, project: ProjectState) -> State:
        """Describe a project of *simulator* as it is now."""
        world, now = project.world, project.clock.now()
        instances, backups = world.instances, world.backups
        referred = [*(backup.instance for backup in backups), *(each.primary for each in instances if each.primary)]
        gone = [instance for instance in dict.fromkeys(referred) if instance not in set(instances)]
        return cls(
            **_same(
                cls,
                Project.of(simulator, project),
                clock=Clock.of(project.clock),
                quotas=world.quotas,
                instances=[Instance.of(instance, now) for instance in instances],
                backups=[Backup.of(backup, now) for backup in backups],
                gone=[Instance.of(instance, now) for instance in gone],
                routers=tuple(world.list_routers()),
                networks=tuple(world.list_networks()),
                subnets=tuple(world.list_subnets()),
                security_groups=tuple(world.list_security_groups()),
                public_ips=[PublicIP.of(ip, port) for ip, port in world.list_public_ips()],
            )
        )


@record
class InForce:
    """The scenario in force."""

    name: str
    description: str
    document: Annotated[dict[str, Any], Ref("Scenario")]
    """All that the scenario says, as one document."""


# Faults


@record
class SequenceStep:
    """One step of a sequence."""

    step: Any
    done: bool


@record
class ArmedRule:
    """A fault in force."""

    id: Count
    name: str
    source: str
    """Where it stands, or was armed."""
    from_scenario: bool
    """Whether it came with the scenario, and was not armed since."""
    by_chance: bool
    """Whether it fires by chance, so that it may never fire."""
    operation: str | list[str]
    """The operations that it is about."""
    calls: Count
    """How many calls it was about."""
    fired: Count
    """How many of them it changed."""
    consumed: Count
    """How many steps of its sequence were taken."""
    completed: bool
    """Whether it did all that it was armed for."""
    steps: list[SequenceStep]
    """Its sequence; empty without one."""
    rule: Annotated[dict[str, Any], Ref("Rule")]
    """The fault as a scenario would write it."""

    @classmethod
    def of(cls, armed: rules.ArmedRule) -> ArmedRule:
        """Describe a fault in force."""
        from mockrds.scenario_files.serialization import plain

        sequence = armed.rule.sequence or ()
        taken = armed.consumed % len(sequence) if armed.rule.repeat else armed.consumed
        return cls(
            **_same(
                cls,
                armed,
                operation=plain(armed.rule.operation),
                steps=[SequenceStep(step=plain(step), done=place < taken) for place, step in enumerate(sequence)],
                rule=plain(armed.rule),
            )
        )


@record
class Faults:
    """The faults in force, in order."""

    faults: list[ArmedRule]


# Journal


@record
class Entry:
    """A request and its answer."""

    number: Count
    operation: str
    method: str
    path: str
    headers: dict[str, str]
    body: str
    arrived: float
    """Seconds since 1970."""
    finished: float | None
    """Seconds since 1970; null while it is under way."""
    status: Count | None
    request_id: str
    response: str
    error: str | None
    hint: str
    fault: str | None
    backup_ids: tuple[str, ...]
    decision: list[dict[str, Any]]
    connection: list[str | int] | None
    reused: bool
    sent: Count
    first_byte: float | None
    last_byte: float | None
    ended: str
    """What became of the connection: empty while it stays open, FIN, RST, or aborted when the client left first."""
    began: float
    """Seconds of the client's time: real time and what the clock was advanced by."""
    done: float | None
    """When the answer was out, on the same time; null while it is under way."""
    advanced: float
    """By how many seconds the clock had been advanced when it arrived."""
    retry_after: float | None
    """The seconds that the answer's Retry-After asks for."""
    damaged: bool
    """Whether a fault damaged the answer, or cut it short."""

    @classmethod
    def of(cls, entry: journal.Entry) -> Entry:
        """Describe an entry, without its secrets."""
        return cls(**entry.as_json())


@record
class Journal:
    """The requests of a project."""

    version: Literal[1] = 1
    """The version of this format; it grows when a key changes its meaning or goes."""
    total: Count
    """How many requests there were."""
    count: Count
    """How many of those that are kept fit the filters."""
    entries: list[Entry]


@record
class NearMiss:
    """A call that does not fit a match."""

    number: Count
    mismatches: list[str]


@record
class Verification:
    """Whether the journal has what was expected."""

    verified: bool
    count: Count
    """How many calls there were, or how many of the order were made."""
    message: str
    """What differs from the question; empty if nothing does."""
    near_misses: list[NearMiss]
    """The calls that do not fit the match, nearest first."""


# Summary and reports


@record
class Calls:
    """The calls of one operation."""

    total: Count
    outcomes: dict[str, Count]


@record
class FaultSummary:
    """What became of the faults."""

    fired: list[ArmedRule]
    unused: list[ArmedRule]


@record
class Summary:
    """What happened in a project, in numbers."""

    replay: str
    """The token with which another server starts from the same state as this project did."""
    total: Count
    calls: dict[str, Calls]
    """By operation: how often it was called, and by status what came of the calls that are kept."""
    errors: dict[str, Count]
    """By error code: how many of the kept answers had it."""
    faults: FaultSummary
    backups: dict[str, Count]
    """By status: how many there are."""
    in_flight: Count
    """How many requests wait for their answer."""
    internal_errors: list[str]
    """Errors inside the mock itself, as tracebacks."""
    verdict: Annotated[dict[str, Any], Ref("ClientVerdict")]
    """What the calls that are kept tell of the client."""


@record
class Records:
    """A report as JSON."""

    mockrds: str
    """The version of mockrds."""
    version: int
    """The version of this document's format."""
    records: list[dict[str, Any]]
    """What happened, one record a project."""


def _same(kind: type[Any], thing: object, **others: object) -> dict[str, Any]:
    """Return the fields of *kind*: those that *thing* has under the same name, and *others*."""
    return {name: getattr(thing, name) for name in _names(kind) if name not in others} | others  # type: ignore[arg-type]


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _finite(seconds: float) -> float | None:
    return seconds if abs(seconds) < inf else None
