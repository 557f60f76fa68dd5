"""Requests about a project's faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockrds.api.call import Answer
from mockrds.control import records
from mockrds.control.bodies import ArmedAt
from mockrds.control.errors import ControlError

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest
    from mockrds.faults.rules import ArmedRule


def get_faults(request: ControlRequest) -> Answer:
    """List the faults in force."""
    return Answer(records.Faults(faults=[records.ArmedRule.of(armed) for armed in request.project.faults.armed]))


def post_fault(request: ControlRequest) -> Answer:
    """Arm a fault."""
    from mockrds.scenario_files.loader import ScenarioError, read_rule

    try:
        rule = read_rule(request.document, "fault")
    except ScenarioError as error:
        raise ControlError(400, str(error)) from None
    armed = request.project.faults.add(rule.located(request.query(ArmedAt).source))
    return Answer(records.ArmedRule.of(armed), 201)


def delete_faults(request: ControlRequest) -> Answer:
    """Disarm all faults."""
    request.project.faults.clear()
    return Answer(records.Nothing())


def get_fault(request: ControlRequest) -> Answer:
    """Show one fault in force."""
    return Answer(records.ArmedRule.of(_armed(request)))


def delete_fault(request: ControlRequest) -> Answer:
    """Disarm one fault."""
    request.project.faults.remove(_armed(request).id)
    return Answer(records.Nothing())


def _armed(request: ControlRequest) -> ArmedRule:
    number = request.parameters["fault"]
    for armed in request.project.faults.armed:
        if str(armed.id) == number:
            return armed
    raise ControlError(404, f"no fault with the id {number!r} is armed; GET faults lists them")
