"""Backups: create, list, delete, their policy, restoring in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockrds.domain import errors
from mockrds.domain.errors import RDSError
from mockrds.domain.models import FOREVER, Activity, Backup
from mockrds.domain.template import NONE, Deviation
from mockrds.domain.values import job_id, uuid4
from mockrds.domain.world.state import State

if TYPE_CHECKING:
    from mockrds.domain.models import BackupPolicy
    from mockrds.domain.template import BackupSpec


class BackupOperations(State):
    """What a world can do with backups."""

    def _found_backup(self, spec: BackupSpec) -> None:
        now = self._now()
        instance = next(instance for instance in self._instances.values() if instance.name == spec.instance)
        created = now - spec.age
        under_way = spec.status == "BUILDING"
        backup = Backup(
            id=uuid4(self._random),
            name=spec.name,
            description=spec.description,
            instance=instance,
            node_id=instance.node_id,
            created=created,
            ends=FOREVER if under_way else created + spec.age / 10,
            outcome="COMPLETED" if spec.status == "BUILDING" else spec.status,
            job_id=job_id(self._random),
        )
        self._keep(backup)

    def _keep(self, backup: Backup) -> None:
        instance = backup.instance
        self._backups[backup.id] = backup
        self._names[backup.name] = backup
        instance.backups[backup.id] = backup
        if instance.running is None or not instance.running.ends > backup.ends:
            instance.running = backup

    def create_manual_backup(
        self, node_id: str, name: str, description: str = "", deviation: Deviation = NONE
    ) -> Backup:
        """Start a manual backup of the instance whose primary node is *node_id*.

        Args:
            node_id: The primary node.
            name: A name that keeps the rules of names.
            description: A description that keeps the rules of descriptions.
            deviation: How this call departs from the usual: ``quota``, ``lifecycle``, ``visible_after``.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE, INSTANCE_CREATING, INSTANCE_RESTORING,
                INSTANCE_DELETING, INSTANCE_BUSY, BACKUP_RUNNING, BACKUP_NAME_TAKEN or BACKUP_QUOTA.
        """
        with self._lock:
            now = self._now()
            instance = self._primary(node_id)
            self._check_free(instance, now)
            if name in self._names:
                raise RDSError(errors.BACKUP_NAME_TAKEN)
            limit = self.quotas.manual_backups if deviation.quota is None else deviation.quota
            if limit is not None and len(self._backups) >= limit:
                raise RDSError(errors.BACKUP_QUOTA, f"the quota in force is {limit} manual backups")
            course = deviation.lifecycle or self.life_cycle.backup
            ends, looks = self._end(course, now)
            backup = Backup(
                id=uuid4(self._random),
                name=name,
                description=description,
                instance=instance,
                node_id=instance.node_id,
                created=now,
                ends=ends,
                outcome=course.outcome,
                job_id=job_id(self._random),
                looks=looks,
                reason=course.reason,
                hidden=self._hide(deviation.visible_after, now),
            )
            if backup.hidden is not None:
                self._hiding.append(backup)
            self._looked_at |= looks is not None or backup.hidden is not None
            self._keep(backup)
            return backup

    def list_manual_backups(self, deviation: Deviation = NONE) -> tuple[list[Backup], float]:
        """List all manual backups, newest first, and tell the time they were looked at.

        Args:
            deviation: How this call departs from the usual: ``stale``.
        """
        with self._lock:
            now = self._now()
            backups = reversed(self._backups.values())
            if deviation.stale is None and not self._hiding:
                return list(backups), now
            now -= deviation.stale or 0.0
            return [backup for backup in backups if not backup.hidden_at(now)], now

    def look(self, backups: list[Backup], now: float) -> None:
        """Note that a client saw *backups* at *now*; counts only what lasts for a number of looks."""
        if not self._looked_at:
            return
        with self._lock:
            hidden = [backup for backup in self._hiding if backup.hidden_at(now)]
            self._hiding = hidden
            for backup in (*backups, *hidden):
                backup.look(now)
                if backup.gone_at(now):
                    self._forget(backup)

    def delete_manual_backup(self, backup_id: str, deviation: Deviation = NONE) -> Backup:
        """Start the deletion of a manual backup: it is DELETING for a while, then gone.

        Args:
            backup_id: The backup.
            deviation: How this call departs from the usual: ``lifecycle``.

        Raises:
            RDSError: BACKUP_NOT_FOUND, or BACKUP_DELETING when it is being deleted or restored, or
                BACKUP_RUNNING when it is still BUILDING.
        """
        with self._lock:
            now = self._now()
            backup = self._backup(backup_id)
            if backup.deletion is not None:
                raise RDSError(errors.BACKUP_DELETING)
            if backup.restoring_at(now):
                raise RDSError(errors.BACKUP_DELETING, "the backup is being restored")
            if now < backup.ends:
                raise RDSError(errors.BACKUP_RUNNING, "the backup is still BUILDING")
            ends, looks = self._end(deviation.lifecycle or self.life_cycle.delete, now)
            backup.deletion = Activity(status="DELETING", began=now, ends=ends, looks=looks)
            self._looked_at |= looks is not None
            self._leave(backup, ends)
            return backup

    def get_backup_policy(self, node_id: str) -> BackupPolicy:
        """Tell the automated backup policy.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or WRONG_INSTANCE_TYPE for a standby or a replica.
        """
        with self._lock:
            self._now()
            return self._primary(node_id).policy

    def set_backup_policy(self, node_id: str, policy: BackupPolicy) -> None:
        """Set the automated backup policy.

        Raises:
            RDSError: As ``get_backup_policy``, or what the instance is busy with.
        """
        with self._lock:
            now = self._now()
            instance = self._primary(node_id)
            self._check_idle(instance, now)
            instance.policy = policy

    def restore_to_original(
        self, node_id: str, *, backup_id: str | None, restore_time: float | None, deviation: Deviation = NONE
    ) -> str:
        """Roll an instance back to a backup, or to a time after one. Gives the job id.

        Args:
            node_id: The primary node of the instance.
            backup_id: The backup; it wins over *restore_time*.
            restore_time: The point in time, in seconds since 1970.
            deviation: How this call departs from the usual: ``lifecycle``.

        Raises:
            RDSError: As ``create_manual_backup`` for the instance; ENGINE_NOT_SUPPORTED for SQL Server;
                BACKUP_NOT_FOUND, BACKUP_DELETING, BACKUP_NOT_USABLE or NO_BACKUP_FOR_TIME.
        """
        with self._lock:
            now = self._now()
            instance = self._primary(node_id)
            if instance.datastore.type == "SQLServer":
                raise RDSError(errors.ENGINE_NOT_SUPPORTED)
            self._check_free(instance, now)
            backup = self._restorable(instance, backup_id, restore_time, now)
            if backup.instance is not instance:
                raise RDSError(errors.BACKUP_NOT_FOUND, "the backup was made from another instance")
            self._begin(instance, "RESTORING", deviation.lifecycle or self.life_cycle.restore, now, backup)
            for replica in instance.replicas:
                if replica.status_at(now) != "DELETING":
                    replica.activity = instance.activity
            return job_id(self._random)
