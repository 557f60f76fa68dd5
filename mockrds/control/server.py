"""What is asked of the whole server: how it is, and which projects there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.api.call import Answer
from mockrds.control.project import project_json, read_scenario
from mockrds.control.request import ControlError
from mockrds.domain.clock import ClockSetting
from mockrds.version import __version__

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest


def get_live(request: ControlRequest) -> Answer:  # noqa: ARG001
    """Say that the server is there."""
    return Answer({"status": "ok"})


def get_ready(request: ControlRequest) -> Answer:
    """Say that the server serves, which it does as soon as it is there."""
    return get_live(request)


def get_version(request: ControlRequest) -> Answer:  # noqa: ARG001
    """Say what serves."""
    return Answer({"name": "mockrds", "version": __version__})


def get_openapi(request: ControlRequest) -> Answer:  # noqa: ARG001
    """Describe the control API."""
    from mockrds.control.openapi import document

    return Answer(document())


def get_document(request: ControlRequest) -> Answer:
    """Describe an API family."""
    from mockrds.api.openapi import TITLES, document

    family = request.parameters["family"]
    if family not in TITLES:
        raise ControlError(404, f"no such document {family!r}; there are {', '.join(TITLES)}")
    return Answer(document(family))


def get_projects(request: ControlRequest) -> Answer:
    """List all projects."""
    projects = tuple(request.simulator.projects.values())
    return Answer({"projects": [{"id": project.id, "name": project.name} for project in projects]})


def post_project(request: ControlRequest) -> Answer:
    """Make a project, or find it."""
    body = request.body
    simulator = request.simulator
    given: dict[str, Any] = {"seed": body.get("seed"), "auth": body.get("auth")}
    try:
        if "clock" in body:
            given["clock"] = ClockSetting.of(body["clock"])
        if "scenario" in body:
            given["scenario"] = read_scenario(body["scenario"])
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    before = tuple(simulator.projects.values())
    try:
        project = simulator.get_or_create(body.get("name"), body.get("id"), **given)
    except ValueError as error:
        raise ControlError(409, str(error)) from None
    return Answer(project_json(request.simulator, project), 200 if project in before else 201)


def delete_project(request: ControlRequest) -> Answer:
    """Remove a project."""
    project = request.known_project
    if project is None:
        raise ControlError(404, f"there is no project {request.parameters['project']!r}")
    if project is request.simulator.default:
        raise ControlError(409, "the default project stays: reset it instead")
    request.simulator.forget(project)
    return Answer({"id": project.id, "name": project.name, "replay": project.replay})
