"""The state of a world, how it keeps up with the time, and how things in it are found."""

from __future__ import annotations

import heapq
import threading
import typing
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Final

from mockrds.domain import errors
from mockrds.domain.errors import RDSError, Refusal
from mockrds.domain.models import FOREVER, Activity, Backup, Instance, InstanceStatus, Job
from mockrds.domain.values import RDSValues, job_id

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


class State:
    """The instances and backups of a project, found in O(1) by each of their ids.

    Args:
        quotas: How much there may be at once.
        life_cycle: How long things take and how they end.
        clock: The time that life cycles read.
        random: The source of ids and durations.
        region: Where everything is.
    """

    def __init__(self, quotas: Quotas, life_cycle: LifeCycle, clock: Clock, random: Random, region: str) -> None:
        self._looked_at = False
        self.adopt(quotas, life_cycle)
        self.clock = clock
        self.region = region
        self._random = random
        self._values = RDSValues(random)
        self._lock = threading.RLock()
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
        self._moment: float | None = None
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
        with self._lock:
            self._now()
            return tuple(self._instances.values())

    @property
    def backups(self) -> tuple[Backup, ...]:
        """All manual backups, oldest first."""
        with self._lock:
            self._now()
            return tuple(self._backups.values())

    def totals(self) -> dict[str, int]:
        """Count what there is."""
        with self._lock:
            now = self._now()
            building = sum(instance.backing_up_at(now) for instance in self._instances.values())
            return {"manual_backups": len(self._backups), "building": building, "instances": len(self._instances)}

    def about(self, resource_ids: Iterable[str]) -> tuple[tuple[str, ...], str | None]:
        """Find the instance that one of *resource_ids* belongs to: an instance, a node or a backup of it.

        Returns:
            Its name, its id and those of its nodes, and its status; nothing and None when there is none.
        """
        with self._lock:
            now = self._now()
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
        with self._lock:
            now = self._now()
            backup = self._backups.get(resource_id)
            if backup is None:
                instance = self._any(resource_id)
                if instance.activity is not None and instance.activity.running(now):
                    instance.activity.ends = now
                    self._settle(instance, now)
            elif backup.deletion is not None:
                self._forget(backup)
            elif now < backup.ends:
                backup.ends = now
                backup.outcome = outcome or backup.outcome

    def set_status(self, instance_id: str, status: str, *, seconds: float = FOREVER) -> None:
        """Put an instance into *status*, for *seconds* of the world's clock.

        Args:
            instance_id: The instance, by its id or that of one of its nodes.
            status: A status that the API reference has a word for, or DELETING.
            seconds: How long; absent: until told otherwise.

        Raises:
            KeyError: There is no such instance.
            ValueError: There is no such status.
        """
        __tracebackhide__ = True
        if status not in typing.get_args(InstanceStatus):
            known = ", ".join(typing.get_args(InstanceStatus))
            raise ValueError(f"{status!r} is no status of an instance: give one of {known}")
        with self._lock:
            now = self._now()
            instance = self._any(instance_id)
            instance.activity = None
            if status != "ACTIVE":
                instance.activity = Activity(status=status, began=now, ends=now + seconds)
            if status == "DELETING":
                self._leave(instance, now + seconds)

    def _any(self, resource_id: str) -> Instance:
        __tracebackhide__ = True
        instance = self._nodes.get(resource_id) or self._instances.get(resource_id)
        if instance is None:
            raise KeyError(f"nothing of this project has the id {resource_id!r}")
        return instance

    # Time: what has ended leaves

    def defer(self, seconds: float, action: Callable[[], object]) -> None:
        """Let *action* happen *seconds* from now on the world's clock, as if it had been asked for at that moment."""
        with self._lock:
            self._at(self._now() + seconds, action)

    def _at(self, moment: float, action: Callable[[], object]) -> None:
        heapq.heappush(self._later, (moment, next(self._order), action))

    def _now(self) -> float:
        if self._moment is not None:
            return self._moment
        now = self.clock.now()
        while self._later and self._later[0][0] <= now:
            moment, _, action = heapq.heappop(self._later)
            self._leave_until(moment)
            self._moment = moment
            try:
                action()
            finally:
                self._moment = None
        self._leave_until(now)
        return now

    def _leave_until(self, now: float) -> None:
        while self._leaving and self._leaving[0][0] <= now:
            thing = heapq.heappop(self._leaving)[2]
            if thing.gone_at(now):  # its deletion may have been called off by set_status
                self._forget(thing)

    def _end(self, transition: Transition, now: float) -> tuple[float, int | None]:
        if transition.progression == "immediate":
            return now, None
        if transition.progression == "manual":
            return (now if transition.looks == 0 else inf), transition.looks
        return now + transition.seconds.sample(self._random), None

    def _begin(
        self,
        instance: Instance,
        status: str,
        transition: Transition,
        now: float,
        backup: Backup | None = None,
        on_end: Callable[[], object] | None = None,
    ) -> Activity:
        ends, looks = self._end(transition, now)
        activity = instance.activity = Activity(status=status, began=self._now(), ends=ends, looks=looks, on_end=on_end)
        if backup is not None:
            under_way = [restore for restore in backup.restores or () if restore.running(now)]
            backup.restores = [*under_way, activity]
        if on_end is not None and ends != inf:
            self._at(ends, lambda: activity.settle(self._now()))
        return activity

    def _job(self, name: str, instance: Instance, activity: Activity | Backup | None, /, **entities: object) -> Job:
        """Note a piece of work on *instance*; ``{}`` in *name* is the engine."""
        now = self._now()
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

    def _settle(self, instance: Instance, now: float) -> None:
        if instance.activity is not None:
            instance.activity.settle(now)
        if instance.gone_at(now):
            self._forget(instance)

    @staticmethod
    def _hide(visible_after: Visibility | None, now: float) -> Activity | None:
        if visible_after is None:
            return None
        if visible_after.looks is None:
            return Activity(status="HIDDEN", ends=now + visible_after.seconds)
        return Activity(status="HIDDEN", ends=now if visible_after.looks == 0 else inf, looks=visible_after.looks)

    def _leave(self, thing: Backup | Instance, when: float) -> None:
        if when != inf:
            heapq.heappush(self._leaving, (when, next(self._order), thing))

    def _forget(self, thing: Backup | Instance) -> None:
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
        with self._lock:
            now = self._now()
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

    def _instance(self, node_id: str) -> Instance:
        instance = self._nodes.get(node_id)
        if instance is None or (instance.hidden is not None and instance.hidden_at(self._now())):
            hint = ""
            if node_id in self._instances:
                hint = (
                    f"{node_id} is the id of a DB instance; API v1 takes the id of its primary node, "
                    f"{self._instances[node_id].node_id}"
                )
            raise RDSError(errors.INSTANCE_NOT_FOUND, hint)
        return instance

    def _primary(self, node_id: str) -> Instance:
        instance = self._instance(node_id)
        if instance.node_id != node_id:
            raise RDSError(errors.WRONG_INSTANCE_TYPE, f"this is a standby; the primary node is {instance.node_id}")
        if instance.primary is not None:
            hint = f"this is a read replica; its primary node is {instance.primary.node_id}"
            raise RDSError(errors.WRONG_INSTANCE_TYPE, hint)
        return instance

    def _no_standby(self, node_id: str, hint: str) -> Instance:
        instance = self._instance(node_id)
        if instance.node_id != node_id:
            raise RDSError(errors.WRONG_INSTANCE_TYPE, hint)
        return instance

    def _check_idle(self, instance: Instance, now: float) -> None:
        status = instance.status_at(now)
        if status != "ACTIVE":
            raise RDSError(_BUSY.get(status, errors.INSTANCE_BUSY), f"the instance is {status}")

    def _check_free(self, instance: Instance, now: float) -> None:
        if instance.activity is not None:
            self._check_idle(instance, now)
        if instance.backing_up_at(now):
            raise RDSError(errors.BACKUP_RUNNING)

    def _check_instance_quota(self) -> None:
        limit = self.quotas.instances
        if limit is not None and len(self._instances) >= limit:
            raise RDSError(errors.INSTANCE_QUOTA, f"the quota in force is {limit} instances")

    def _backup(self, backup_id: str) -> Backup:
        backup = self._backups.get(backup_id) or self._automated.get(backup_id)
        if backup is None or (backup.hidden is not None and backup.hidden_at(self._now())):
            raise RDSError(errors.BACKUP_NOT_FOUND)
        return backup

    def _restorable(
        self, source: Instance | None, backup_id: str | None, restore_time: float | None, now: float
    ) -> Backup:
        if backup_id is not None:
            backup = self._backup(backup_id)
            status = backup.status_at(now)
            if status == "DELETING":
                raise RDSError(errors.BACKUP_DELETING)
            if status != "COMPLETED":
                raise RDSError(errors.BACKUP_NOT_USABLE, f"the backup is {status}")
            return backup
        assert source is not None  # noqa: S101
        assert restore_time is not None  # noqa: S101
        days = source.policy.keep_days
        if not days:
            raise RDSError(errors.NO_BACKUP_FOR_TIME, "what changes is kept by automated backups, which are off")
        if not now - days * DAY <= restore_time <= now:
            raise RDSError(errors.NO_BACKUP_FOR_TIME, f"what changes is kept for {days} days")
        usable = (
            next((each for each in newest if each.ends <= restore_time and each.status_at(now) == "COMPLETED"), None)
            for newest in (reversed(source.backups.values()), reversed(source.automated.values()))
        )
        last = max((each for each in usable if each is not None), key=lambda backup: backup.ends, default=None)
        if last is None:
            raise RDSError(errors.NO_BACKUP_FOR_TIME)
        return last
