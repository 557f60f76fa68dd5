"""The state of a world, how it keeps up with the time, and how things in it are found."""

from __future__ import annotations

import heapq
import typing
from _thread import RLock
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Final

from mockrds.domain import errors
from mockrds.domain.errors import RDSError, Refusal
from mockrds.domain.models import FOREVER, Activity, Backup, Instance, InstanceStatus, Job
from mockrds.domain.random_values import RDSValues, job_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from mockrds.domain.clock import Clock
    from mockrds.domain.world_template import LifeCycle, Outcome, Quotas, Transition, Visibility

DAY: Final = 86400
_JOBS: Final = 10_000  # so many are kept; the real service keeps them for a month
_BUSY: dict[str, Refusal] = {
    "BUILD": errors.INSTANCE_CREATING,
    "RESTORING": errors.INSTANCE_RESTORING,
    "SHUTDOWN": errors.INSTANCE_STATUS,
    "DELETING": errors.INSTANCE_DELETING,
}


class WorldLock(RLock):  # type: ignore[misc]  # typeshed calls it final, C does not
    """Holds a world still: ``with world.moment as now:`` locks it, and gives the time that it has come to."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def __enter__(self) -> float:  # type: ignore[override]
        self.acquire()
        try:
            return self._now()
        except BaseException:
            self.release()
            raise


class State:
    """The instances and backups of a project, found in O(1) by each of their ids.

    Args:
        quotas: How much there may be at once.
        life_cycle: How long things take and how they end.
        clock: The time that life cycles read.
        random: The source of ids and durations.
        stable_id: Makes the 32 hexadecimal digits that a kind of thing of a name always has.
        region: Where everything is.
    """

    def __init__(
        self,
        quotas: Quotas,
        life_cycle: LifeCycle,
        clock: Clock,
        random: Random,
        stable_id: Callable[[str, str], str],
        region: str,
    ) -> None:
        self._looked_at = False
        self.adopt(quotas, life_cycle)
        self.clock = clock
        self.region = region
        self._random = random
        self._stable_id = stable_id
        self._values = RDSValues(random)
        self.moment = WorldLock(self.now)
        self._instances: dict[str, Instance] = {}
        self._nodes: dict[str, Instance] = {}
        self._backups: dict[str, Backup] = {}
        self._names: dict[str, Backup] = {}
        self._automated: dict[str, Backup] = {}
        self._former: dict[str, Instance] = {}  # instances that are gone, of which there are backups
        self._jobs: dict[str, Job] = {}
        self._leaving: list[tuple[float, int, Backup | Instance]] = []  # a heap, by when they are gone
        self._hiding: list[Backup] = []  # those that clients did not see at first
        self._later: list[tuple[float, int, Callable[[], object]]] = []  # a heap, by when it happens
        self._acting_at: float | None = None
        self._order = count()

    def adopt(self, quotas: Quotas, life_cycle: LifeCycle) -> None:
        """Go on under other quotas and life cycles; what has begun comes to its end as it would have."""
        self.quotas = quotas
        self.life_cycle = life_cycle
        self._looked_at |= life_cycle.backup.looks is not None or life_cycle.delete.looks is not None

    # What a test may look at and change

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All instances, in the order they were made."""
        with self.moment:
            return tuple(self._instances.values())

    @property
    def backups(self) -> tuple[Backup, ...]:
        """All manual backups, oldest first."""
        with self.moment:
            return tuple(self._backups.values())

    def totals(self) -> dict[str, int]:
        """Count what there is."""
        with self.moment as now:
            building = sum(instance.backing_up_at(now) for instance in self._instances.values())
            return {"manual_backups": len(self._backups), "building": building, "instances": len(self._instances)}

    def about(self, resource_ids: Iterable[str]) -> tuple[tuple[str, ...], str | None]:
        """Find the instance that one of *resource_ids* belongs to: an instance, a node or a backup of it.

        Returns:
            Its name, its id and those of its nodes, and its status; nothing and None when there is none.
        """
        with self.moment as now:
            for resource_id in resource_ids:
                backup = self._backups.get(resource_id)
                instance = backup.instance if backup is not None else None
                instance = instance or self._nodes.get(resource_id) or self._instances.get(resource_id)
                if instance is not None:
                    nodes = (node.id for node in instance.nodes)
                    return (instance.name, instance.id, *nodes), instance.status_at(now)
            return (), None

    def finish(self, resource_id: str, outcome: Outcome | None = None) -> None:
        """Bring what is under way to its end at once: a backup, its deletion, or what an instance is doing.

        Args:
            resource_id: A backup, or an instance (by its id or that of one of its nodes).
            outcome: How a BUILDING backup ends; absent: as its life cycle says.

        Raises:
            KeyError: There is no such backup or instance.
        """
        __tracebackhide__ = True
        with self.moment as now:
            backup = self._backups.get(resource_id)
            if backup is None:
                instance = self._any(resource_id)
                if instance.activity is not None and instance.activity.running(now):
                    instance.activity.ends = now
                    self.settle(instance, now)
            elif backup.deletion is not None:
                self.remove(backup)
            elif now < backup.ends:
                backup.ends = now
                backup.outcome = outcome or backup.outcome

    def set_status(self, instance_id: str, status: str, *, seconds: float = FOREVER) -> None:
        """Put an instance into *status*, for *seconds* of the world's clock.

        Args:
            instance_id: The instance, by its id or that of one of its nodes.
            status: A status that the API reference has a word for, or DELETING.
            seconds: How long; absent: until it is changed again.

        Raises:
            KeyError: There is no such instance.
            ValueError: There is no such status.
        """
        __tracebackhide__ = True
        if status not in typing.get_args(InstanceStatus):
            known = ", ".join(typing.get_args(InstanceStatus))
            raise ValueError(f"{status!r} is no status of an instance: give one of {known}")
        with self.moment as now:
            instance = self._any(instance_id)
            instance.activity = None
            if status != "ACTIVE":
                instance.activity = Activity(status=status, began=now, ends=now + seconds)
            if status == "DELETING":
                self.remove_at(instance, now + seconds)

    def _any(self, resource_id: str) -> Instance:
        __tracebackhide__ = True
        instance = self._nodes.get(resource_id) or self._instances.get(resource_id)
        if instance is None:
            raise KeyError(f"nothing of this project has the id {resource_id!r}")
        return instance

    # Time: what has ended leaves

    def defer(self, seconds: float, action: Callable[[], object]) -> None:
        """Let *action* happen *seconds* from now on the world's clock, as if a request for it came at that moment."""
        with self.moment as now:
            self.schedule(now + seconds, action)

    def schedule(self, moment: float, action: Callable[[], object]) -> None:
        """Let *action* happen at *moment*, in seconds since 1970."""
        heapq.heappush(self._later, (moment, next(self._order), action))

    def now(self) -> float:
        """Return the time, after all that is due by then has happened; during a scheduled action, the time of that."""
        if self._acting_at is not None:
            return self._acting_at
        now = self.clock.now()
        while self._later and self._later[0][0] <= now:
            moment, _, action = heapq.heappop(self._later)
            self._remove_until(moment)
            self._acting_at = moment
            try:
                action()
            finally:
                self._acting_at = None
        self._remove_until(now)
        return now

    def _remove_until(self, now: float) -> None:
        while self._leaving and self._leaving[0][0] <= now:
            thing = heapq.heappop(self._leaving)[2]
            if thing.gone_at(now):  # its deletion may have been called off by set_status
                self.remove(thing)

    def end_of(self, transition: Transition, now: float) -> tuple[float, int | None]:
        """Return when *transition* ends if it begins at *now*, and after how many looks."""
        if transition.progression == "immediate":
            return now, None
        if transition.progression == "manual":
            return (now if transition.looks == 0 else inf), transition.looks
        return now + transition.seconds.sample(self._random), None

    def begin(
        self,
        instance: Instance,
        status: str,
        transition: Transition,
        now: float,
        backup: Backup | None = None,
        on_end: Callable[[], object] | None = None,
    ) -> Activity:
        """Let *instance* be in *status* from *now* on, until *transition* ends.

        Args:
            instance: The instance.
            status: What clients see meanwhile.
            transition: How it ends.
            now: When it begins.
            backup: What is read meanwhile, and can't be deleted.
            on_end: What happens once it is over.
        """
        ends, looks = self.end_of(transition, now)
        activity = instance.activity = Activity(status=status, began=self.now(), ends=ends, looks=looks, on_end=on_end)
        if backup is not None:
            under_way = [restore for restore in backup.restores or () if restore.running(now)]
            backup.restores = [*under_way, activity]
        if on_end is not None and ends != inf:
            self.schedule(ends, lambda: activity.settle(self.now()))
        return activity

    def add_job(self, name: str, instance: Instance, activity: Activity | Backup | None, /, **entities: object) -> Job:
        """Record a piece of work on *instance*; ``{}`` in *name* is the engine."""
        now = self.now()
        job = Job(
            id=job_id(self._random),
            name=name.format(instance.datastore.type.capitalize()),
            instance=instance,
            began=now,
            known=now + self.life_cycle.job_known,
            activity=activity,
            entities=entities,
        )
        self._jobs[job.id] = job
        while len(self._jobs) > _JOBS:
            del self._jobs[next(iter(self._jobs))]
        return job

    def settle(self, instance: Instance, now: float) -> None:
        """Do what follows the end of what *instance* is doing, if that is over at *now*."""
        if instance.activity is not None:
            instance.activity.settle(now)
        if instance.gone_at(now):
            self.remove(instance)

    @staticmethod
    def hide(visible_after: Visibility | None, now: float) -> Activity | None:
        """Return the time in which clients do not see what is made at *now*, if there is such a time."""
        if visible_after is None:
            return None
        if visible_after.looks is None:
            return Activity(status="HIDDEN", ends=now + visible_after.seconds)
        return Activity(status="HIDDEN", ends=now if visible_after.looks == 0 else inf, looks=visible_after.looks)

    def remove_at(self, thing: Backup | Instance, when: float) -> None:
        """Remove *thing* at the moment *when*, if it is still being deleted then."""
        if when != inf:
            heapq.heappush(self._leaving, (when, next(self._order), thing))

    def remove(self, thing: Backup | Instance) -> None:
        """Remove *thing*, and what goes with it; the manual backups of an instance stay."""
        if isinstance(thing, Instance):
            if self._instances.pop(thing.id, None):
                for backup_id in thing.automated:
                    del self._automated[backup_id]
                thing.automated.clear()
                if thing.backups:
                    self._former[thing.id] = thing
                for node in thing.nodes:
                    del self._nodes[node.id]
                if thing.primary is not None:
                    thing.primary.replicas.remove(thing)
        elif self._backups.pop(thing.id, None):
            del self._names[thing.name]
            del thing.instance.backups[thing.id]
            if thing.instance.running is thing:
                thing.instance.running = None
            if not thing.instance.backups:
                self._former.pop(thing.instance.id, None)

    # Finding and refusing

    def node_of(self, instance_id: str) -> str:
        """Return the primary node of a DB instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, also when *instance_id* is that of a node.
        """
        with self.moment as now:
            instance = self._instances.get(instance_id)
            if instance is None or instance.hidden_at(now):
                raise RDSError(errors.INSTANCE_NOT_FOUND, self.hint_at(instance_id))
            return instance.node_id

    def hint_at(self, instance_id: str | None) -> str:
        """Return a hint if *instance_id* is that of a node, else nothing."""
        whole = self._nodes.get(instance_id or "")
        if whole is None:
            return ""
        return f"{instance_id} is the id of a node; API v3 takes the id of the DB instance, {whole.id}"

    def find_instance(self, node_id: str) -> Instance:
        """Find an instance by any of its nodes.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, also for the id of a DB instance.
        """
        instance = self._nodes.get(node_id)
        if instance is None or (instance.hidden is not None and instance.hidden_at(self.now())):
            hint = ""
            if node_id in self._instances:
                hint = (
                    f"{node_id} is the id of a DB instance; API v1 takes the id of its primary node, "
                    f"{self._instances[node_id].node_id}"
                )
            raise RDSError(errors.INSTANCE_NOT_FOUND, hint)
        return instance

    def find_primary(self, node_id: str) -> Instance:
        """Find an instance that follows no other, by its primary node.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or WRONG_INSTANCE_TYPE for a standby or a read replica.
        """
        instance = self.find_instance(node_id)
        if instance.node_id != node_id:
            raise RDSError(errors.WRONG_INSTANCE_TYPE, f"this is a standby; the primary node is {instance.node_id}")
        if instance.primary is not None:
            hint = f"this is a read replica; its primary node is {instance.primary.node_id}"
            raise RDSError(errors.WRONG_INSTANCE_TYPE, hint)
        return instance

    def find_unless_standby(self, node_id: str, hint: str) -> Instance:
        """Find an instance or a read replica, by its primary node.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or WRONG_INSTANCE_TYPE with *hint* for a standby.
        """
        instance = self.find_instance(node_id)
        if instance.node_id != node_id:
            raise RDSError(errors.WRONG_INSTANCE_TYPE, hint)
        return instance

    def check_idle(self, instance: Instance, now: float) -> None:
        """Refuse an instance that is doing something, a backup excepted.

        Raises:
            RDSError: What it is busy with.
        """
        status = instance.status_at(now)
        if status != "ACTIVE":
            raise RDSError(_BUSY.get(status, errors.INSTANCE_BUSY), f"the instance is {status}")

    def check_free(self, instance: Instance, now: float) -> None:
        """Refuse an instance that is doing something, or is being backed up.

        Raises:
            RDSError: What it is busy with, or BACKUP_RUNNING.
        """
        if instance.activity is not None:
            self.check_idle(instance, now)
        if instance.backing_up_at(now):
            raise RDSError(errors.BACKUP_RUNNING)

    def check_instance_quota(self) -> None:
        """Refuse one more instance than the quota allows.

        Raises:
            RDSError: INSTANCE_QUOTA.
        """
        limit = self.quotas.instances
        if limit is not None and len(self._instances) >= limit:
            raise RDSError(errors.INSTANCE_QUOTA, f"the quota in force is {limit} instances")
