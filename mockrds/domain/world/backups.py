"""Backups: create, list, delete, their policy, restoring in place."""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from mockrds.domain import errors
from mockrds.domain.errors import RDSError
from mockrds.domain.models import FOREVER, Activity, Backup
from mockrds.domain.random_values import job_id, uuid4
from mockrds.domain.world.automated_backups import AutomatedBackups
from mockrds.domain.world.state import DAY
from mockrds.domain.world_template import NO_EFFECT, WorldEffect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockrds.domain.engines import Engine
    from mockrds.domain.models import BackupPolicy, BackupType, Instance, Job
    from mockrds.domain.world_template import BackupSpec


class BackupOperations(AutomatedBackups):
    """What a world can do with backups."""

    def add_backup_from_template(self, spec: BackupSpec) -> None:
        """Add a backup that a template describes."""
        now = self.now()
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
        self,
        node_id: str,
        name: str,
        description: str = "",
        effect: WorldEffect = NO_EFFECT,
        databases: tuple[str, ...] = (),
    ) -> Backup:
        """Start a manual backup of the instance whose primary node is *node_id*.

        Args:
            node_id: The primary node.
            name: A name that keeps the rules of names.
            description: A description that keeps the rules of descriptions.
            effect: What is different about this call: ``quota``, ``lifecycle``, ``visible_after``.
            databases: The databases to back up; empty: all. SQL Server only.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE, INVALID_PARAMETER for databases of another
                engine, INSTANCE_CREATING, INSTANCE_RESTORING,
                INSTANCE_DELETING, INSTANCE_BUSY, BACKUP_RUNNING, BACKUP_NAME_TAKEN or BACKUP_QUOTA.
        """
        with self.moment as now:
            instance = self.find_primary(node_id)
            if databases and instance.datastore.type != "SQLServer":
                raise RDSError(errors.INVALID_PARAMETER, "'databases' is for SQL Server only")
            self.check_free(instance, now)
            if name in self._names:
                raise RDSError(errors.BACKUP_NAME_TAKEN)
            limit = self.quotas.manual_backups if effect.quota is None else effect.quota
            if limit is not None and len(self._backups) >= limit:
                raise RDSError(errors.BACKUP_QUOTA, f"the quota in force is {limit} manual backups")
            transition = effect.lifecycle or self.life_cycle.backup
            ends, looks = self.end_of(transition, now)
            backup = Backup(
                id=uuid4(self._random),
                name=name,
                description=description,
                instance=instance,
                node_id=instance.node_id,
                created=now,
                ends=ends,
                outcome=transition.outcome,
                job_id=job_id(self._random),
                databases=databases,
                looks=looks,
                reason=transition.reason,
                hidden=self.hide(effect.visible_after, now),
            )
            if backup.hidden is not None:
                self._hiding.append(backup)
            self._looked_at |= looks is not None or backup.hidden is not None
            self._keep(backup)
            if instance.datastore.type == "SQLServer":
                self._jobs_of_backup(backup)
            return backup

    def list_manual_backups(self, effect: WorldEffect = NO_EFFECT) -> tuple[list[Backup], float]:
        """List all manual backups, newest first, and the time they were looked at.

        Args:
            effect: What is different about this call: ``stale``.
        """
        with self.moment as now:
            backups = reversed(self._backups.values())
            if effect.stale is None and not self._hiding:
                return list(backups), now
            as_of = now - (effect.stale or 0.0)
            return [backup for backup in backups if not backup.hidden_at(as_of)], as_of

    def look_at_backups(self, backups: list[Backup], now: float) -> None:
        """Note that a client saw *backups* at *now*; counts only what lasts for a number of looks."""
        if not self._looked_at:
            return
        with self.moment:
            hidden = [backup for backup in self._hiding if backup.hidden_at(now)]
            self._hiding = hidden
            for backup in (*backups, *hidden):
                backup.look(now)
                if backup.gone_at(now):
                    self.remove(backup)

    def delete_manual_backup(
        self, backup_id: str, effect: WorldEffect = NO_EFFECT, engine: Engine | None = None
    ) -> Backup:
        """Start the deletion of a manual backup: it is DELETING for a while, then gone.

        Args:
            backup_id: The backup.
            effect: What is different about this call: ``lifecycle``.
            engine: Only a backup of this engine.

        Raises:
            RDSError: BACKUP_NOT_FOUND, BACKUP_NOT_USABLE for an automated one or one of another *engine*,
                BACKUP_DELETING when it is being deleted or restored, or
                BACKUP_RUNNING when it is still BUILDING.
        """
        with self.moment as now:
            backup = self.find_backup(backup_id)
            if engine not in (None, backup.instance.datastore.type):
                raise RDSError(errors.BACKUP_NOT_USABLE, f"this is for {engine} only")
            if backup.type != "manual":
                raise RDSError(errors.BACKUP_NOT_USABLE, "automated backups go when their days are over")
            if backup.deletion is not None:
                raise RDSError(errors.BACKUP_DELETING)
            if backup.restoring_at(now):
                raise RDSError(errors.BACKUP_DELETING, "the backup is being restored")
            if now < backup.ends:
                raise RDSError(errors.BACKUP_RUNNING, "the backup is still BUILDING")
            ends, looks = self.end_of(effect.lifecycle or self.life_cycle.delete, now)
            backup.deletion = Activity(status="DELETING", began=now, ends=ends, looks=looks)
            self._looked_at |= looks is not None
            self.remove_at(backup, ends)
            return backup

    def get_backup_policy(self, node_id: str) -> BackupPolicy:
        """Return the automated backup policy.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or WRONG_INSTANCE_TYPE for a standby or a replica.
        """
        with self.moment:
            return self.find_primary(node_id).policy

    def set_backup_policy(self, node_id: str, policy: BackupPolicy) -> None:
        """Set the automated backup policy.

        Raises:
            RDSError: As ``get_backup_policy``, or what the instance is busy with.
        """
        with self.moment as now:
            instance = self.find_primary(node_id)
            self.check_idle(instance, now)
            instance.policy = policy
            self.expire_backups(instance, now)
            self.plan_backups(instance, now)

    def list_backups(
        self,
        *,
        instance_id: str | None = None,
        backup_id: str | None = None,
        type: BackupType | None = None,  # noqa: A002  (the word of the API)
        status: str | None = None,
        between: tuple[float, float] | None = None,
        offset: int = 0,
        limit: int = 100,
        effect: WorldEffect = NO_EFFECT,
    ) -> tuple[list[Backup], int, float]:
        """List backups of all types, newest first; incremental ones only if their type is asked for.

        Args:
            instance_id: Only those of this DB instance, which may be gone.
            backup_id: Only this one.
            type: Only those of this type.
            status: Only those with this status.
            between: Only those that began between two moments, in seconds since 1970.
            offset: How many to leave out.
            limit: How many to give at most.
            effect: What is different about this call: ``stale``.

        Returns:
            A page of them, how many there are in all, and the time they were looked at.
        """
        with self.moment as now:
            instance = self._instances.get(instance_id or "") or self._former.get(instance_id or "")
            if instance_id is not None and instance is None:
                return [], 0, now
            for each in (instance,) if instance is not None else tuple(self._instances.values()):
                self.expire_backups(each, now)
            if backup_id is not None:
                found = self._backups.get(backup_id) or self._automated.get(backup_id)
                if found is None:
                    among = (instance,) if instance is not None else self._instances.values()
                    found = self.find_increment(among, backup_id, now)
                backups: Iterable[Backup] = (
                    [found]
                    if found is not None
                    and (instance is None or found.instance is instance)
                    and type in (None, found.type)
                    else []
                )
                total = len(backups)  # type: ignore[arg-type]
            elif type == "incremental":
                if instance is None or status not in (None, "COMPLETED"):
                    return [], 0, now
                moments = self.increments(instance, now, between)
                return [self.increment(instance, each) for each in moments[offset:][:limit]], len(moments), now
            else:
                manual = instance.backups if instance is not None else self._backups
                automated = instance.automated if instance is not None else self._automated
                if type is None:
                    total = len(manual) + len(automated)
                    backups = _newest_first(manual, automated)
                else:
                    backups = reversed(manual.values()) if type == "manual" else reversed(automated.values())
                    total = len(manual) if type == "manual" else len(automated)
            if effect.stale is not None or self._hiding or status or between or type in ("auto", "fragment"):
                as_of = now - (effect.stale or 0.0)
                fitting = [
                    backup
                    for backup in backups
                    if not backup.hidden_at(as_of)
                    and status in (None, backup.status_at(as_of))
                    and type in (None, backup.type)
                    and (between is None or between[0] <= backup.created <= between[1])
                ]
                return fitting[offset : offset + limit], len(fitting), as_of
            return list(islice(backups, offset, offset + limit)), total, now

    def get_backup_download_links(self, backup_id: str) -> tuple[Backup, float]:
        """Find a backup to download, and the time.

        Raises:
            RDSError: BACKUP_NOT_FOUND, or BACKUP_NOT_USABLE when it is not COMPLETED.
        """
        with self.moment as now:
            backup = self.find_increment(self._instances.values(), backup_id, now) or self.find_backup(backup_id)
            if backup.status_at(now) != "COMPLETED":
                raise RDSError(errors.BACKUP_NOT_USABLE, f"the backup is {backup.status_at(now)}")
            return backup, now

    def get_restore_time_ranges(self, node_id: str) -> list[tuple[float, float]]:
        """Return the spans of time to which an instance can be restored, in seconds since 1970.

        That is from the end of its oldest full backup on, as long as its policy makes incremental ones.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or WRONG_INSTANCE_TYPE for a standby or a replica.
        """
        with self.moment as now:
            instance = self.find_primary(node_id)
            self.expire_backups(instance, now)
            if not instance.policy.keep_days:
                return []
            kept_since = now - instance.policy.keep_days * DAY
            every = (*instance.backups.values(), *instance.automated.values())
            ends = [backup.ends for backup in every if backup.status_at(now) == "COMPLETED"]
            first = min(ends, default=now)
            return [(max(first, kept_since), now)] if first < now else []

    def restore_to_existing_instance(
        self,
        source_node_id: str,
        target_node_id: str,
        *,
        backup_id: str | None,
        restore_time: float | None,
        effect: WorldEffect = NO_EFFECT,
    ) -> Job:
        """Restore a backup, or a moment, of one instance to another one or to itself.

        Args:
            source_node_id: The primary node of the instance that was backed up.
            target_node_id: The primary node of the instance that is overwritten.
            backup_id: The backup; it wins over *restore_time*.
            restore_time: The point in time, in seconds since 1970.
            effect: What is different about this call: ``lifecycle``.

        Raises:
            RDSError: SOURCE_NOT_FOUND; as ``create_manual_backup`` for the target; ENGINE_NOT_SUPPORTED for
                another engine or version; ORIGINAL_NOT_ALLOWED for PostgreSQL onto itself, from version 12 on;
                VOLUME_TOO_SMALL; BACKUP_NOT_FOUND, BACKUP_DELETING, BACKUP_NOT_USABLE or NO_BACKUP_FOR_TIME.
        """
        with self.moment as now:
            source = self._nodes.get(source_node_id)
            if source is None:
                raise RDSError(errors.SOURCE_NOT_FOUND)
            target = self.find_primary(target_node_id)
            if source is target and source.datastore.type == "PostgreSQL" and not source.datastore.retirement:
                raise RDSError(errors.ORIGINAL_NOT_ALLOWED, "PostgreSQL can't be restored to the original instance")
            if not source.datastore.restores_to(target.datastore):
                raise RDSError(errors.ENGINE_NOT_SUPPORTED, f"{source.datastore} does not go to {target.datastore}")
            if target.volume_gb < source.volume_gb:
                raise RDSError(errors.VOLUME_TOO_SMALL, f"the source has {source.volume_gb} GB")
            self.check_free(target, now)
            backup = self._find_own_restorable(source, backup_id, restore_time, now)
            return self._restore(target, backup, None if backup_id else restore_time, now, effect)

    def restore_to_original(
        self, node_id: str, *, backup_id: str | None, restore_time: float | None, effect: WorldEffect = NO_EFFECT
    ) -> Job:
        """Roll an instance back to a backup, or to a time after one.

        Args:
            node_id: The primary node of the instance.
            backup_id: The backup; it wins over *restore_time*.
            restore_time: The point in time, in seconds since 1970.
            effect: What is different about this call: ``lifecycle``.

        Raises:
            RDSError: As ``create_manual_backup`` for the instance; ENGINE_NOT_SUPPORTED for SQL Server;
                BACKUP_NOT_FOUND, BACKUP_DELETING, BACKUP_NOT_USABLE or NO_BACKUP_FOR_TIME.
        """
        with self.moment as now:
            instance = self.find_primary(node_id)
            if instance.datastore.type == "SQLServer":
                raise RDSError(errors.ENGINE_NOT_SUPPORTED)
            self.check_free(instance, now)
            backup = self._find_own_restorable(instance, backup_id, restore_time, now)
            return self._restore(instance, backup, None if backup_id else restore_time, now, effect)

    def _find_own_restorable(
        self, instance: Instance, backup_id: str | None, restore_time: float | None, now: float
    ) -> Backup:
        backup = self.find_restorable(instance, backup_id, restore_time, now)
        if backup.instance is not instance:
            raise RDSError(errors.BACKUP_NOT_FOUND, "the backup was made from another instance")
        return backup

    def _restore(
        self, instance: Instance, backup: Backup, moment: float | None, now: float, effect: WorldEffect
    ) -> Job:
        transition = effect.lifecycle or self.life_cycle.restore
        activity = self.begin(instance, "RESTORING", transition, now, backup)
        for replica in instance.replicas:
            if replica.status_at(now) != "DELETING":
                replica.activity = activity
        self.schedule_first_backup(instance, activity.ends)
        job = self.add_job("Restore{}InInstance", instance, activity)
        job.detail = {
            "sourceInstanceId": backup.instance.id,
            "targetInstanceId": instance.id,
            **(
                {"backupId": backup.id, "type": "backup"}
                if moment is None
                else {"restoreTime": str(round(moment * 1000)), "type": "timestamp"}
            ),
            "dbNames": list(backup.databases),
        }
        return job

    def _jobs_of_backup(self, backup: Backup) -> None:
        """Note the job of a SQL Server backup, the only ones that its task list tells about."""
        job = self.add_job("BackupDb{}InInstance", backup.instance, backup)
        job.detail = {
            "instanceId": backup.instance.id,
            "name": backup.name,
            "description": backup.description,
            "dbNames": list(backup.databases),
        }


def _newest_first(manual: dict[str, Backup], automated: dict[str, Backup]) -> Iterable[Backup]:
    if not automated:
        return reversed(manual.values())
    newest = (reversed(manual.values()), reversed(automated.values()))
    return merge(*newest, key=lambda backup: -backup.created)
