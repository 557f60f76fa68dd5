"""Automated backups: made when the policy says so, on the world's clock, and gone when their days are over."""

from __future__ import annotations

from functools import partial
from itertools import takewhile
from math import ceil, floor, inf
from random import Random
from typing import TYPE_CHECKING, Final

from mockrds.domain import errors
from mockrds.domain.errors import RDSError
from mockrds.domain.models import Backup
from mockrds.domain.random_values import job_id, uuid4
from mockrds.domain.world.state import DAY, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockrds.domain.models import BackupPolicy, BackupType, Instance
    from mockrds.domain.world_template import BackupTransition

_WEEK: Final = 7 * DAY
_WEEK_BEGAN: Final = 4 * DAY  # 1970-01-05 was a Monday
_AGAIN: Final = 1800  # a run that finds the instance busy is tried again half an hour later
_STEP: Final = 300  # an incremental backup every five minutes
_ENGINES_WITH_INCREMENTS: Final = ("MySQL", "PostgreSQL")


def next_run(policy: BackupPolicy, after: float) -> float:
    """Return when the next run after *after* begins, in seconds since 1970."""
    hours, minutes = policy.start_time.split(":")[:2]
    start = int(hours) * 3600 + int(minutes) * 60
    day = (after - start) // DAY * DAY + DAY
    return day + start


def automated_backup(
    instance: Instance, name: str, kind: BackupType, now: float, transition: BackupTransition, random: Random
) -> Backup:
    """Make a backup of the service's own accord, which begins at *now* and comes to its end as *transition* says."""
    lasts = transition.seconds.sample(random) if transition.progression == "time" else 0.0
    return Backup(
        id=uuid4(random),
        name=name,
        description="",
        instance=instance,
        node_id=instance.node_id,
        created=now,
        ends=now + lasts,
        outcome=transition.outcome,
        job_id=job_id(random),
        type=kind,
        reason=transition.reason,
    )


def weekday(moment: float) -> int:
    """Return the day of the week, 1 for Monday."""
    return int((moment - _WEEK_BEGAN) // DAY % 7) + 1


class AutomatedBackups(State):
    """The backups that the policy of an instance makes, and how backups are found."""

    def plan_backups(self, instance: Instance, after: float) -> None:
        """Schedule the first run of the policy of *instance* after the moment *after*."""
        policy = instance.policy
        if policy.keep_days and instance.primary is None:
            moment = next_run(policy, after)
            self.schedule(moment, partial(self._run, instance, policy, moment))

    def _run(self, instance: Instance, policy: BackupPolicy, due: float) -> None:
        if instance.policy is not policy or instance.id not in self._instances:
            return  # the policy was replaced, or the instance is gone
        # on which days a full one is made recurs each week, and the last that is old is needed, too
        needed_since = self.clock.now() - policy.keep_days * DAY - (_WEEK if len(policy.period) < 7 else 0)
        if due < needed_since:  # it would be gone again by now, and so would all before
            self.plan_backups(instance, needed_since)
            return
        now = self.now()
        if instance.status_at(now) != "ACTIVE":
            self.schedule(now + _AGAIN, partial(self._run, instance, policy, now + _AGAIN))
            return
        self.back_up(instance, "auto" if weekday(now) in policy.period else "fragment", now)
        self.plan_backups(instance, due)

    def back_up(self, instance: Instance, kind: BackupType, now: float) -> None:
        """Make an automated backup. Nothing is drawn from the world's chance: requests get the same either way."""
        name = f"{instance.datastore.type.lower()}-{instance.name}-{_stamp(now)}"
        random = Random(f"{instance.id}/{now}")
        backup = automated_backup(instance, name, kind, now, self.life_cycle.backup, random)
        instance.automated[backup.id] = backup
        self._automated[backup.id] = backup

    def schedule_first_backup(self, instance: Instance, when: float) -> None:
        """Let a full backup follow at *when*, as it does once an instance was made or restored."""
        if instance.policy.keep_days and instance.primary is None and when != inf:

            def back_up() -> None:
                if instance.id in self._instances:
                    self.back_up(instance, "auto", self.now())

            self.schedule(when, back_up)

    def expire_backups(self, instance: Instance, now: float) -> None:
        """Remove the automated backups that are older than the policy keeps them.

        The last full one stays until there is a younger one, as differential and incremental ones need it.
        """
        if not instance.policy.keep_days:
            return
        kept_since = now - instance.policy.keep_days * DAY
        backups = tuple(instance.automated.values())
        old = list(takewhile(lambda backup: backup.created <= kept_since, backups))
        if old and not any(_is_full(backup) for backup in backups[len(old) :]):
            last = next((backup for backup in reversed(old) if _is_full(backup)), None)
            old = [backup for backup in old if backup is not last]
        for backup in old:
            del instance.automated[backup.id]
            del self._automated[backup.id]

    def find_backup(self, backup_id: str) -> Backup:
        """Find a manual backup, or an automated one that is still kept.

        Raises:
            RDSError: BACKUP_NOT_FOUND.
        """
        backup = self._backups.get(backup_id)
        if backup is None and backup_id in self._automated:
            self.expire_backups(self._automated[backup_id].instance, self.now())
            backup = self._automated.get(backup_id)
        if backup is None or (backup.hidden is not None and backup.hidden_at(self.now())):
            raise RDSError(errors.BACKUP_NOT_FOUND)
        return backup

    def find_restorable(
        self, source: Instance | None, backup_id: str | None, restore_time: float | None, now: float
    ) -> Backup:
        """Find the backup with this id, or else the last one of *source* before *restore_time*.

        Raises:
            RDSError: BACKUP_NOT_FOUND, BACKUP_DELETING, BACKUP_NOT_USABLE or NO_BACKUP_FOR_TIME.
        """
        if backup_id is not None:
            backup = self.find_backup(backup_id)
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
        self.expire_backups(source, now)
        usable = (
            next((each for each in newest if each.ends <= restore_time and each.status_at(now) == "COMPLETED"), None)
            for newest in (reversed(source.backups.values()), reversed(source.automated.values()))
        )
        last = max((each for each in usable if each is not None), key=lambda backup: backup.ends, default=None)
        if last is None:
            raise RDSError(errors.NO_BACKUP_FOR_TIME)
        return last

    # Incremental backups: one every five minutes, so they are made when they are listed, and kept nowhere

    def increments(self, instance: Instance, now: float, between: tuple[float, float] | None = None) -> range:
        """Return the moments of the incremental backups of *instance*, newest first; those that began *between* two."""
        if not instance.policy.keep_days or instance.datastore.type not in _ENGINES_WITH_INCREMENTS:
            return range(0)
        first = next(iter(instance.automated.values()), None)
        if first is None or instance.primary is not None:
            return range(0)
        since = int(max(first.ends, now - instance.policy.keep_days * DAY) // _STEP + 1) * _STEP
        until = int(now // _STEP) * _STEP
        if between is not None:  # moments are their ends
            since = max(since, ceil(between[0] / _STEP + 1) * _STEP)
            until = min(until, floor(between[1] / _STEP + 1) * _STEP)
        return range(until, since - 1, -_STEP) if until >= since else range(0)

    @staticmethod
    def increment(instance: Instance, moment: int) -> Backup:
        """Return the incremental backup that ended at *moment*."""
        random = Random(f"{instance.id}/increment/{moment}")
        return Backup(
            id=f"{uuid4(random)[:24]}{moment:012x}",  # the moment is found again in the id
            name=f"{instance.name}-{_stamp(moment)}",
            description="",
            instance=instance,
            node_id=instance.node_id,
            created=float(moment - _STEP),
            ends=float(moment),
            outcome="COMPLETED",
            job_id="",
            type="incremental",
        )

    def find_increment(self, instances: Iterable[Instance], backup_id: str, now: float) -> Backup | None:
        """Return the incremental backup with this id, if it is of one of *instances* and still kept."""
        moment = int(backup_id[24:], 16)
        possible = (self.increment(each, moment) for each in instances if moment in self.increments(each, now))
        return next((backup for backup in possible if backup.id == backup_id), None)


def _is_full(backup: Backup) -> bool:
    return backup.type == "auto" and backup.outcome == "COMPLETED"


def _stamp(moment: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(moment, UTC).strftime("%Y%m%d%H%M%S%f")[:17]
