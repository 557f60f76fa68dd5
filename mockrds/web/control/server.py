"""What is asked of the whole server: how it is, and which projects there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.domain.clock import ClockSetting
from mockrds.version import __version__
from mockrds.web.call import Answer
from mockrds.web.control.asked import ControlError
from mockrds.web.control.world import project_json, read_scenario

if TYPE_CHECKING:
    from mockrds.web.control.asked import Asked


def get_live(asked: Asked) -> Answer:  # noqa: ARG001
    """Say that the server is there."""
    return Answer({"status": "ok"})


def get_ready(asked: Asked) -> Answer:
    """Say that the server serves, which it does as soon as it is there."""
    return get_live(asked)


def get_version(asked: Asked) -> Answer:  # noqa: ARG001
    """Say what serves."""
    return Answer({"name": "mockrds", "version": __version__})


def get_openapi(asked: Asked) -> Answer:  # noqa: ARG001
    """Describe the control API."""
    from mockrds.web.control.openapi import document

    return Answer(document())


def get_projects(asked: Asked) -> Answer:
    """List all projects."""
    tenants = tuple(asked.simulator.tenants.values())
    return Answer({"projects": [{"id": tenant.id, "name": tenant.name} for tenant in tenants]})


def post_project(asked: Asked) -> Answer:
    """Make a project, or find it."""
    body = asked.body
    simulator = asked.simulator
    given: dict[str, Any] = {"seed": body.get("seed"), "auth": body.get("auth")}
    try:
        if "clock" in body:
            given["clock"] = ClockSetting.of(body["clock"])
        if "scenario" in body:
            given["scenario"] = read_scenario(body["scenario"])
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    before = tuple(simulator.tenants.values())
    try:
        tenant = simulator.declare(body.get("name"), body.get("id"), **given)
    except ValueError as error:
        raise ControlError(409, str(error)) from None
    return Answer(project_json(asked.simulator, tenant), 200 if tenant in before else 201)


def delete_project(asked: Asked) -> Answer:
    """Remove a project."""
    tenant = asked.known_tenant
    if tenant is None:
        raise ControlError(404, f"there is no project {asked.parameters['project']!r}")
    if tenant is asked.simulator.default:
        raise ControlError(409, "the default project stays: reset it instead")
    asked.simulator.forget(tenant)
    return Answer({"id": tenant.id, "name": tenant.name, "replay": tenant.replay})
