"""Requests about one project: its world and its scenario, to look at and to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.api.call import Answer
from mockrds.control import records
from mockrds.control.bodies import Finish, SetStatus
from mockrds.control.errors import ControlError
from mockrds.domain.models import FOREVER
from mockrds.suggestions import suggest

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest
    from mockrds.scenario import Scenario


def get_project(request: ControlRequest) -> Answer:
    """Show the project, without what is in it."""
    return Answer(records.Project.of(request.simulator, request.project))


def delete_project(request: ControlRequest) -> Answer:
    """Remove the project."""
    project = request.known_project
    if project is None:
        raise ControlError(404, f"there is no project {request.parameters['project']!r}")
    if project is request.simulator.default:
        raise ControlError(409, "the default project stays: reset it instead")
    request.simulator.forget(project)
    return Answer(records.Forgotten(id=project.id, name=project.name, replay=project.replay))


def get_state(request: ControlRequest) -> Answer:
    """Show what there is."""
    return Answer(records.State.of(request.simulator, request.project))


def put_state(request: ControlRequest) -> Answer:
    """Replace the world."""
    from mockrds.scenario_files.loader import ScenarioError, read_world

    try:
        request.project.replace_world(read_world(request.document, "body"))
    except ScenarioError as error:
        raise ControlError(400, str(error)) from None
    return get_state(request)


def get_scenario(request: ControlRequest) -> Answer:
    """Show the scenario in force."""
    scenario = request.project.scenario
    return Answer(records.InForce(name=scenario.name, description=scenario.description, document=scenario.document))


def put_scenario(request: ControlRequest) -> Answer:
    """Start again with another scenario."""
    request.simulator.restart(request.project, read_scenario(request.document))
    return get_scenario(request)


def delete_scenario(request: ControlRequest) -> Answer:
    """Start again with the server's scenario."""
    request.simulator.restart(request.project)
    return get_scenario(request)


def post_finish(request: ControlRequest) -> Answer:
    """Bring to its end what a backup or an instance is doing."""
    finish = request.body(Finish)
    try:
        request.project.world.finish(finish.id, finish.outcome)
    except KeyError as error:
        raise ControlError(404, f"id: {error.args[0]}") from None
    return Answer(records.Nothing())


def post_set_status(request: ControlRequest) -> Answer:
    """Put an instance into a status."""
    body = request.body(SetStatus)
    seconds = FOREVER if body.seconds is None else body.seconds
    try:
        request.project.world.set_status(body.id, body.status, seconds=seconds)
    except KeyError as error:
        raise ControlError(404, f"id: {error.args[0]}") from None
    return Answer(records.Nothing())


def post_reset(request: ControlRequest) -> Answer:
    """Start again."""
    request.project.reset()
    return Answer(records.Nothing())


def read_scenario(sent: dict[str, Any] | str | list[dict[str, Any] | str], key: str = "") -> Scenario:
    """Read a scenario that was sent: a document, the name of one of the library, or a list of these.

    It can extend those of the library, and no files of this machine.

    Args:
        sent: What was sent.
        key: The key of the body that it was sent under; empty: it is the body.

    Raises:
        ControlError: It is wrong.
    """
    from mockrds.scenario_files.loader import ScenarioError, load

    for i, source in enumerate(sent if isinstance(sent, list) else [sent]):
        place = f"{key}[{i}]" if isinstance(sent, list) else key
        if isinstance(source, str):
            _check_name(source, place)
        else:
            _check_bases(source, f"{place}." if place else "")
    try:
        return load(*sent) if isinstance(sent, list) else load(sent)
    except ScenarioError as error:
        raise ControlError(400, str(error)) from None


def _check_bases(document: dict[str, Any], prefix: str) -> None:
    """Check the names of what a document extends; *prefix* stands before its keys in messages."""
    from mockrds.scenario_files.loader import library

    name = document.get("name")
    if document.keys() == {"name"} and isinstance(name, str) and name in library():
        raise ControlError(
            400, f'{prefix}name: this scenario has nothing but a name; did you mean {{"extends": ["{name}"]}}?'
        )
    bases = document.get("extends")
    for i, base in enumerate(bases if isinstance(bases, list) else ()):
        if isinstance(base, str):
            _check_name(base, f"{prefix}extends[{i}]")


def _check_name(name: str, place: str) -> None:
    from mockrds.scenario_files.loader import names

    known = names()
    if name not in known:
        raise ControlError(
            400,
            f"{place}: {name!r} is no scenario of the library{suggest(name, known)} "
            f"(there are: {', '.join(known)}); files are not read here",
        )
