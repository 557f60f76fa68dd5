"""API v3, chapter "Obtaining Task Information"."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Integer, List, Object, Schema, Text
from mockrds.api.v3.formats import page, page_of, stamp
from mockrds.api.v3.instance_list import KINDS, STATUSES, status_of
from mockrds.api.v3.instances import path_node
from mockrds.domain.engines import SUFFIXES

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.domain.models import Instance, Job
    from mockrds.domain.world.jobs import ScheduledTask

JOB_STATUSES: Final = ("Running", "Completed", "Failed")
SCHEDULE_STATUSES: Final = ("Initing", "Pending", "Running", "Completed", "Failed", "Unauthorized", "Canceled")

_ENTITIES: Final = Object(
    {
        "instance?": Object(
            {
                "endpoint?": Text(),
                "type": Text(one_of=KINDS),
                "datastore": Object({"type": Text(), "version": Text()}),
                "replica_of?": Text(),
            }
        ),
        "resource_ids?": List(Text()),
        "volume?": Object({"type": Text(), "original_size": Text(), "target_size": Text()}),
        "public_ip?": Text(),
        "switch_strategy?": Text(),
    }
)
_JOB: Final[dict[str, Schema]] = {
    "id": Text(),
    "name": Text(),
    "status": Text(one_of=JOB_STATUSES),
    "created": Text(),
    "ended?": Text(),
    "process": Text(any),
    "instance": Object({"id": Text(), "name": Text()}),
    "entities": _ENTITIES,
    "fail_reason?": Text(),
}
_INSTANCE: Final[dict[str, Schema]] = {
    "instance_id": Text(),
    "instance_name": Text(),
    "instance_status": Text(one_of=("", *STATUSES)),
}
_MOMENTS: Final[dict[str, Schema]] = {"start_time?": Integer(), "end_time?": Integer()}


@operation("v3.get_job", query=Object({"id": Text()}), answer=Object({"job": Object(_JOB)}))
def get_job(call: Call, query: dict[str, Any]) -> Answer:
    """Return a task (API reference, v3, "Obtaining Information About a Task with a Specified ID")."""
    job, now = call.world.get_job(query["id"])
    answer = Answer({"job": _render(job, now)})
    call.world.look_at_jobs([job], now)
    return answer


@operation(
    "v3.list_instant_tasks",
    query=Object(
        {
            "id?": Text(any),
            "instance_id?": Text(any, names_instance=True),
            "order_id?": Text(any),
            "name?": Text(any),
            "status?": Text(one_of=("", *JOB_STATUSES)),
            **_MOMENTS,
            **page(10, 50),
        }
    ),
    answer=Object(
        {
            "tasks": List(
                Object(
                    {
                        "id": Text(),
                        "name": Text(),
                        **_INSTANCE,
                        "order_id": Text(any),
                        "process": Text(any),
                        "fail_reason?": Text(),
                        "create_time": Text(),
                        "end_time": Text(any),
                        "status": Text(one_of=JOB_STATUSES),
                    }
                )
            ),
            "actions": List(Text()),
            "total_count": Integer(),
        }
    ),
)
def list_instant_tasks(call: Call, query: dict[str, Any]) -> Answer:
    """List tasks that wait for no maintenance window, newest first (API reference, v3, "Querying Instant Tasks")."""
    since, until = _moments(query)
    jobs, now = call.world.list_instant_tasks(
        id=query["id"] or None,
        instance_id=query["instance_id"] or None,
        name=query["name"] or None,
        status=query["status"] or None,
        since=since,
        until=until,
    )
    if query["order_id"]:  # all is paid for as it is used, so nothing has an order
        jobs = []
    rows = page_of(jobs, query)
    content = {
        "tasks": [_task(job, now) for job in rows],
        "actions": list(dict.fromkeys(job.name for job in jobs)),
        "total_count": len(jobs),
    }
    answer = Answer(content)
    call.world.look_at_jobs(rows, now)
    return answer if jobs else answer.hinting(call.world.hint_at(query["instance_id"]))


@operation(
    "v3.list_scheduled_tasks",
    query=Object(
        {
            "instance_id?": Text(any, names_instance=True),
            "instance_name?": Text(any),
            "status?": Text(one_of=("", *SCHEDULE_STATUSES)),
            **_MOMENTS,
            **page(10, 50),
        }
    ),
    answer=Object(
        {
            "schedule_tasks": List(
                Object(
                    {
                        "id": Text(),
                        "name": Text(),
                        **_INSTANCE,
                        "project_id": Text(),
                        "create_time": Text(),
                        "start_time": Text(),
                        "end_time": Text(),
                        "order": Text(),
                        "status": Text(one_of=SCHEDULE_STATUSES),
                        "datastore_type": Text(),
                        "volume_type": Text(),
                        "target_config": Object({}),
                    }
                )
            ),
            "total_count": Integer(),
        }
    ),
)
def list_scheduled_tasks(call: Call, query: dict[str, Any]) -> Answer:
    """List tasks for maintenance windows, newest first (API reference, v3, "Querying Scheduled Tasks")."""
    since, until = _moments(query)
    tasks, now = call.world.list_scheduled_tasks(
        instance_id=query["instance_id"] or None,
        instance_name=query["instance_name"] or None,
        status=query["status"] or None,
        since=since,
        until=until,
    )
    rows = page_of(tasks, query)
    project_id = call.parameters["project_id"]
    answer = Answer({"schedule_tasks": [_scheduled(task, project_id, now) for task in rows], "total_count": len(tasks)})
    call.world.look_at_jobs([task.job for task in rows], now)
    return answer if tasks else answer.hinting(call.world.hint_at(query["instance_id"]))


@operation(
    "v3.list_sqlserver_task_details",
    query=Object({"start_time": Integer(), "end_time?": Integer()}),
    answer=Object({"jobs": List(Object({**_JOB, "task_detail?": Text()})), "count": Integer()}),
)
def list_sqlserver_task_details(call: Call, query: dict[str, Any]) -> Answer:
    """List the tasks of a SQL Server instance, newest first (API reference, v3, "Obtaining Task Information")."""
    since, until = _moments(query)
    assert since is not None  # noqa: S101
    jobs, now = call.world.list_sqlserver_task_details(path_node(call), since, until)
    content = {"jobs": [_render(job, now) | _detail(job) for job in jobs], "count": len(jobs)}
    answer = Answer(content)
    call.world.look_at_jobs(jobs, now)
    return answer


def _moments(query: dict[str, Any]) -> tuple[float | None, float | None]:
    since, until = (None if ms is None else ms / 1000 for ms in (query["start_time"], query["end_time"]))
    return since, until


def _render(job: Job, now: float) -> dict[str, Any]:
    ended = job.ends_at(now)
    status = job.status_at(now)
    entities = dict(job.entities)
    about = entities.get("instance")
    if status != "Completed" and isinstance(about, dict):  # there is no address yet
        entities = {"instance": {key: value for key, value in about.items() if key != "endpoint"}}
    return (
        {"id": job.id, "name": job.name, "status": status, "created": stamp(job.began)}
        | ({} if ended is None else {"ended": stamp(ended)})
        | {
            "process": str(job.progress_at(now)) if ended is None else "",
            "instance": {"id": job.instance.id, "name": job.instance.name},
            "entities": entities,
        }
        | _failure(job, now)
    )


def _detail(job: Job) -> dict[str, str]:
    """Write what a task is about as JSON in a text, without what is empty; databases with commas between."""
    detail = dict(job.detail)
    if "backupId" in detail:
        detail["backupId"] = str(detail["backupId"]).replace("-", "") + "br" + SUFFIXES[job.instance.datastore.type]
    names = detail.get("dbNames")
    if isinstance(names, list):
        detail["dbNames"] = ",".join(names)
    detail = {key: value for key, value in detail.items() if value}
    return {"task_detail": json.dumps(detail, separators=(",", ":"))} if detail else {}


def _task(job: Job, now: float) -> dict[str, Any]:
    ended = job.ends_at(now)
    if ended is None and job.activity is not None and isfinite(job.activity.ends):
        planned = stamp(job.activity.ends)
    else:
        planned = "" if ended is None else stamp(ended)
    return {
        "id": job.id,
        "name": job.name,
        **_about(job.instance, now),
        "order_id": "",
        "process": str(job.progress_at(now)) if ended is None else "",
        **_failure(job, now),
        "create_time": stamp(job.began),
        "end_time": planned,
        "status": job.status_at(now),
    }


def _scheduled(task: ScheduledTask, project_id: str, now: float) -> dict[str, Any]:
    instance = task.job.instance
    return {
        "id": task.job.id,
        "name": task.job.name,
        **_about(instance, now),
        "project_id": project_id,
        "create_time": stamp(task.job.began),
        "start_time": stamp(task.start),
        "end_time": stamp(task.end),
        "order": "1",
        "status": task.status_at(now),
        "datastore_type": instance.datastore.type.lower(),
        "volume_type": instance.volume_type,
        "target_config": {},  # of changes of the class only, and those do not wait
    }


def _about(instance: Instance, now: float) -> dict[str, str]:
    status = "" if instance.gone_at(now) else status_of(instance, now)
    return {"instance_id": instance.id, "instance_name": instance.name, "instance_status": status}


def _failure(job: Job, now: float) -> dict[str, str]:
    return {"fail_reason": f"{job.name} failed."} if job.status_at(now) == "Failed" else {}
