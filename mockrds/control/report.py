"""Requests for what happened in projects: summaries in numbers, and reports."""

from __future__ import annotations

import traceback
from collections import Counter
from typing import TYPE_CHECKING, Final

from mockrds.api.call import Answer
from mockrds.control import records
from mockrds.control.errors import ControlError
from mockrds.report import CONTENT_TYPES

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest
    from mockrds.project_state import ProjectState

TYPES: Final = tuple(kind for name, kind in CONTENT_TYPES.items() if name != "json")
"""The content types that a report may have beside JSON."""


def get_summary(request: ControlRequest) -> Answer:
    """Return in numbers what happened."""
    from mockrds.verdict import Verdict

    project = request.project
    journal, faults, now = project.journal, project.faults, project.clock.now()
    outcomes: dict[str, Counter[str]] = {}
    for entry in journal:
        outcome = str(entry.status or entry.ended or "under way")
        outcomes.setdefault(entry.operation, Counter())[outcome] += 1
    return Answer(
        records.Summary(
            replay=project.replay,
            total=journal.total,
            calls={
                operation: records.Calls(total=journal.count(operation), outcomes=counts)
                for operation, counts in outcomes.items()
            },
            errors=Counter(entry.error for entry in journal if entry.error is not None),
            faults=records.FaultSummary(
                fired=[records.ArmedRule.of(armed) for armed in faults.armed if armed.fired],
                unused=[records.ArmedRule.of(armed) for armed in faults.unused()],
            ),
            backups=Counter(backup.status_at(now) for backup in project.world.backups),
            in_flight=len(project.in_flight),
            internal_errors=["".join(traceback.format_exception(error)) for error in tuple(project.errors)],
            verdict=Verdict.of(project).as_json(),
        )
    )


def get_report_of_all(request: ControlRequest) -> Answer:
    """Report how the clients of all projects behaved that had any requests."""
    projects = tuple(request.simulator.projects.values())
    return _report(request, *(project for project in projects if project.journal.total))


def get_report_of_project(request: ControlRequest) -> Answer:
    """Report how the client of one project behaved."""
    return _report(request, request.project)


def _report(request: ControlRequest, *projects: ProjectState) -> Answer:
    kind = request.parameters["format"]
    if kind not in CONTENT_TYPES:
        raise ControlError(404, f"there is no report.{kind}, but report.{', report.'.join(CONTENT_TYPES)}")

    from mockrds.report import render
    from mockrds.report.record import record

    answer = Answer(headers={"Content-Type": CONTENT_TYPES[kind]})
    answer.body = render([record(project) for project in projects], kind).encode("utf-8", "backslashreplace")
    return answer
