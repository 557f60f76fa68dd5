"""Requests about the whole server: its state, its documents and its projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockrds.api.call import Answer
from mockrds.control import records
from mockrds.control.bodies import NewProject
from mockrds.control.clock import clock_setting
from mockrds.control.errors import ControlError
from mockrds.control.project import read_scenario
from mockrds.version import __version__

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest


def get_live(request: ControlRequest) -> Answer:  # noqa: ARG001
    """Say that the server is there."""
    return Answer(records.Status())


def get_ready(request: ControlRequest) -> Answer:
    """Say that the server serves, which it does as soon as it is there."""
    return get_live(request)


def get_version(request: ControlRequest) -> Answer:  # noqa: ARG001
    """Say what serves."""
    return Answer(records.Version(name="mockrds", version=__version__))


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
    names = [records.ProjectName(id=project.id, name=project.name) for project in projects]
    return Answer(records.Projects(projects=names))


def post_project(request: ControlRequest) -> Answer:
    """Make a project, or find it."""
    body, simulator = request.body(NewProject), request.simulator
    clock = None if body.clock is None else clock_setting(body.clock, "clock: ")
    scenario = None if body.scenario is None else read_scenario(body.scenario, "scenario")
    before = tuple(simulator.projects.values())
    try:
        project = simulator.get_or_create(
            body.name, body.id, scenario=scenario, seed=body.seed, clock=clock, auth=body.auth
        )
    except ValueError as error:
        raise ControlError(409, str(error)) from None
    return Answer(records.Project.of(simulator, project), 200 if project in before else 201)
