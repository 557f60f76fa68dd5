"""The recycle bin: for some days, deleted instances can be restored from a last backup (user manual, "Recycling")."""

from __future__ import annotations

from functools import partial
from itertools import islice
from math import isfinite
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mockrds.domain.clock import TimestampFormat
from mockrds.domain.models import Backup, Instance
from mockrds.domain.world.automated_backups import automated_backup
from mockrds.domain.world.instances import InstanceOperations
from mockrds.domain.world.state import DAY
from mockrds.domain.world_template import NO_EFFECT, WorldEffect

if TYPE_CHECKING:
    from mockrds.domain.models import Job

RETENTION: Final = range(1, 8)
"""For how many days instances may be kept."""
DEFAULT_RETENTION: Final = 7

_stamp: Final = TimestampFormat("%Y%m%d%H%M%S")


class Recycled(NamedTuple):
    """An instance in the recycle bin."""

    instance: Instance
    backup: Backup
    """Its last backup, begun when it was gone."""
    deleted: float
    """When its deletion was asked for, in seconds since 1970."""
    until: float
    """When it leaves the bin."""


class RecycleBinOperations(InstanceOperations):
    """What becomes of deleted instances. The bin can't be switched off."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._retention = DEFAULT_RETENTION
        self._bin: dict[str, Recycled] = {}
        self._last_backups: dict[str, Backup] = {}
        self._stopped: set[str] = set()  # instances that were stopped when they were deleted

    def get_recycle_policy(self) -> int:
        """Return for how many days deleted instances are kept."""
        with self.moment:
            return self._retention

    def set_recycle_policy(self, days: int) -> None:
        """Set for how many days deleted instances are kept; those in the bin stay as long as before."""
        with self.moment:
            self._retention = days

    def list_recycled_instances(self, offset: int, limit: int) -> tuple[list[Recycled], int, float]:
        """List the instances in the bin, the last to come first.

        Args:
            offset: How many to leave out.
            limit: How many to give at most.

        Returns:
            A page of them, how many there are in all, and the time they were looked at.
        """
        with self.moment as now:
            return list(islice(reversed(self._bin.values()), offset, offset + limit)), len(self._bin), now

    def delete_instance(self, node_id: str, effect: WorldEffect = NO_EFFECT) -> Job:
        """Delete an instance; its replicas go with it, its manual backups stay.

        It goes to the recycle bin then, if it is neither a read replica nor stopped.

        Raises:
            RDSError: As that of the instances.
        """
        with self.moment as now:
            instance = self._nodes.get(node_id)
            stopped = instance is not None and instance.status_at(now) == "SHUTDOWN"
            job = super().delete_instance(node_id, effect)
            if instance is not None:
                (self._stopped.add if stopped else self._stopped.discard)(instance.id)
            return job

    def remove(self, thing: Backup | Instance) -> None:
        """Remove *thing*; an instance may go to the recycle bin."""
        leaves = thing.id in self._instances
        super().remove(thing)
        if isinstance(thing, Backup):
            recycled = self._bin.get(thing.instance.id)
            if recycled is not None:
                self._former[recycled.instance.id] = recycled.instance  # of which there still is the last backup
        elif leaves:
            self._recycle(thing)

    def _recycle(self, instance: Instance) -> None:
        activity = instance.activity
        stopped = instance.id in self._stopped
        self._stopped.discard(instance.id)
        if activity is None or stopped or instance.primary is not None:
            return
        gone = activity.ends
        until = gone + self._retention * DAY
        if until <= self.clock.now():
            return
        deleted = activity.began if isfinite(activity.began) else gone
        backup = self._back_up_last(instance, gone)
        self._bin[instance.id] = Recycled(instance, backup, deleted, until)
        self._last_backups[backup.id] = backup
        self._former[instance.id] = instance
        self.schedule(until, partial(self._clear, instance.id))

    def _back_up_last(self, instance: Instance, now: float) -> Backup:
        """Make the last backup. Nothing is drawn from the world's chance: requests get the same either way."""
        name = f"{instance.datastore.type.lower()}-{instance.id}-{_stamp(now)}{int(now * 1000) % 1000:03}"
        random = Random(f"{instance.id}/last")
        return automated_backup(instance, name, "auto", now, self.life_cycle.backup, random)

    def _clear(self, instance_id: str) -> None:
        recycled = self._bin.pop(instance_id)
        del self._last_backups[recycled.backup.id]
        if not recycled.instance.backups:
            self._former.pop(instance_id, None)

    def find_backup(self, backup_id: str) -> Backup:
        """Find a backup, also the last one of an instance in the bin.

        Raises:
            RDSError: BACKUP_NOT_FOUND.
        """
        return self._last_backups.get(backup_id) or super().find_backup(backup_id)
