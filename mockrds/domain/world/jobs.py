"""Tasks: the jobs that operations began, found by their ids and in lists; those that wait for a window too."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from mockrds.domain import errors
from mockrds.domain.errors import RDSError
from mockrds.domain.models import Activity, Job
from mockrds.domain.random_values import job_id
from mockrds.domain.world.backups import BackupOperations
from mockrds.domain.world.instance_changes import InstanceChanges, window_after
from mockrds.domain.world.state import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mockrds.domain.models import BackupType, Instance, JobStatus

ScheduleStatus = Literal["Pending", "Running", "Completed", "Failed"]

_HISTORY: Final = 30 * DAY


class ScheduledTask(NamedTuple):
    """A job that waits for the maintenance window of its instance, or did."""

    job: Job
    start: float
    """When it is to begin, in seconds since 1970."""
    end: float
    """When it is to be over."""

    def status_at(self, now: float) -> ScheduleStatus:
        """Return its status at *now*."""
        status = self.job.status_at(now)
        activity = self.job.activity
        waits = status == "Running" and isinstance(activity, Activity) and not activity.status
        return "Pending" if waits else status


class JobOperations(BackupOperations, InstanceChanges):
    """What a world tells of the work in it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._scheduled: dict[str, ScheduledTask] = {}

    def get_job(self, job_id: str) -> tuple[Job, float]:
        """Find a job, and the time it was looked at.

        Args:
            job_id: Its id, with or without dashes.

        Raises:
            RDSError: JOB_NOT_FOUND, also when it was only just handed out, or more than a month ago.
        """
        with self.moment as now:
            job = self._jobs.get(job_id.replace("-", ""))
            if job is None or job.began < now - _HISTORY:
                raise RDSError(errors.JOB_NOT_FOUND)
            if now < job.known:
                hint = f"its id is known {job.known - job.began:g}s after it was handed out: 'lifecycle.job_known'"
                raise RDSError(errors.JOB_NOT_FOUND, hint)
            return job, now

    def list_instant_tasks(
        self,
        *,
        id: str | None = None,  # noqa: A002  (the word of the API)
        instance_id: str | None = None,
        name: str | None = None,
        status: JobStatus | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> tuple[list[Job], float]:
        """List the jobs that fit and wait for no maintenance window, newest first, and the time.

        Args:
            id: Only the one with this id, with or without dashes.
            instance_id: Only those of this DB instance, which may be gone.
            name: Only those with this name.
            status: Only those with this status.
            since: Only those that began then or later, in seconds since 1970.
            until: Only those that began then or earlier.
        """
        with self.moment as now:
            key = id.replace("-", "") if id is not None else None
            return [
                job
                for job in reversed(self._jobs.values())
                if job.id not in self._scheduled
                and job.known <= now
                and key in (None, job.id)
                and instance_id in (None, job.instance.id)
                and name in (None, job.name)
                and status in (None, job.status_at(now))
                and job.began >= now - _HISTORY
                and _between(since, job.began, until)
            ], now

    def list_scheduled_tasks(
        self,
        *,
        instance_id: str | None = None,
        instance_name: str | None = None,
        status: str | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> tuple[list[ScheduledTask], float]:
        """List the jobs that wait for a maintenance window, or did, newest first, and the time.

        Args:
            instance_id: Only those of this DB instance, which may be gone.
            instance_name: Only those of instances with this name.
            status: Only those with this status.
            since: Only those that are to begin then or later, in seconds since 1970.
            until: Only those that are to begin then or earlier.
        """
        with self.moment as now:
            return [
                task
                for task in reversed(self._scheduled.values())
                if task.job.began >= now - _HISTORY
                and instance_id in (None, task.job.instance.id)
                and instance_name in (None, task.job.instance.name)
                and status in (None, task.status_at(now))
                and _between(since, task.start, until)
            ], now

    def list_sqlserver_task_details(self, node_id: str, since: float, until: float | None) -> tuple[list[Job], float]:
        """List the jobs of a SQL Server instance that began between two moments, newest first, and the time.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or ENGINE_NOT_SUPPORTED.
        """
        with self.moment:
            instance = self.find_instance(node_id)
            if instance.datastore.type != "SQLServer":
                raise RDSError(errors.ENGINE_NOT_SUPPORTED, "this is for SQLServer only")
            return self.list_instant_tasks(instance_id=instance.id, since=since, until=until)

    def look_at_jobs(self, jobs: Iterable[Job], now: float) -> None:
        """Note that a client saw *jobs* at *now*; counts only what lasts for a number of looks."""
        with self.moment:
            jobs = tuple(jobs)
            under_way = {id(job.activity): job.activity for job in jobs}  # the nodes of a pair share theirs
            for activity in under_way.values():
                if activity is not None:
                    activity.look(now)
            for job in jobs:
                self.settle(job.instance, now)

    # What else there is to tell of

    def change_in_window(self, instance: Instance, name: str, begin: Callable[[], Job]) -> Job:
        """Let a change *begin* in the maintenance window, and list it among the scheduled tasks."""
        job = super().change_in_window(instance, name, begin)
        opens, closes = (_seconds(time) for time in instance.maintenance_window.split("-"))
        start = window_after(instance, job.began)
        self._scheduled = {key: task for key, task in self._scheduled.items() if key in self._jobs}
        self._scheduled[job.id] = ScheduledTask(job, start, start + (closes - opens) % DAY)
        return job

    def back_up(self, instance: Instance, kind: BackupType, now: float) -> None:
        """Make an automated backup; of SQL Server it is listed among the tasks."""
        super().back_up(instance, kind, now)
        if instance.datastore.type != "SQLServer":
            return
        backup = next(reversed(instance.automated.values()))
        job = Job(
            id=job_id(Random(f"{backup.id}/task")),  # the world's chance is for what is asked for
            name="BackupDbSqlserverInInstance",
            instance=instance,
            began=now,
            known=now,
            activity=backup,
            detail={"instanceId": instance.id, "name": backup.name},
        )
        self._jobs[job.id] = job


def _between(since: float | None, moment: float, until: float | None) -> bool:
    return (since is None or since <= moment) and (until is None or moment <= until)


def _seconds(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 3600 + int(minutes) * 60
