"""Reports on how clients behaved, for people and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockrds.api.call import Answer
from mockrds.control.request import ControlError
from mockrds.report import CONTENT_TYPES

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest
    from mockrds.project_state import ProjectState

TYPES: Final = tuple(kind for name, kind in CONTENT_TYPES.items() if name != "json")
"""The content types that a report may have beside JSON."""


def get_report_of_all(request: ControlRequest) -> Answer:
    """Tell how the clients of all projects behaved that were asked anything."""
    projects = tuple(request.simulator.projects.values())
    return _report(request, *(project for project in projects if project.journal.total))


def get_report_of_project(request: ControlRequest) -> Answer:
    """Tell how the client of one project behaved."""
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
