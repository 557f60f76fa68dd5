"""What is asked about a project's faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.api.call import Answer
from mockrds.control.request import ControlError

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest
    from mockrds.faults.rules import ArmedRule


def armed_json(armed: ArmedRule) -> dict[str, Any]:
    """Give a fault in force as the control API shows it."""
    from mockrds.scenario_files.serialization import plain

    sequence = armed.rule.sequence or ()
    taken = armed.consumed % len(sequence) if armed.rule.repeat else armed.consumed
    return {
        "id": armed.id,
        "name": armed.name,
        "source": armed.source,
        "from_scenario": armed.from_scenario,
        "by_chance": armed.by_chance,
        "operation": plain(armed.rule.operation),
        "calls": armed.calls,
        "fired": armed.fired,
        "consumed": armed.consumed,
        "completed": armed.completed,
        "steps": [{"step": plain(step), "done": place < taken} for place, step in enumerate(sequence)],
        "rule": plain(armed.rule),
    }


def get_faults(request: ControlRequest) -> Answer:
    """List the faults in force."""
    return Answer({"faults": [armed_json(armed) for armed in request.project.faults.armed]})


def post_fault(request: ControlRequest) -> Answer:
    """Arm a fault."""
    from mockrds.scenario_files.loader import ScenarioError, read_rule

    try:
        rule = read_rule(request.body, "fault")
    except ScenarioError as error:
        raise ControlError(400, str(error)) from None
    armed = request.project.faults.add(rule.located(request.query.get("source", "the control API")))
    return Answer(armed_json(armed), 201)


def delete_faults(request: ControlRequest) -> Answer:
    """Disarm all faults."""
    request.project.faults.clear()
    return Answer({})


def get_fault(request: ControlRequest) -> Answer:
    """Show one fault in force."""
    return Answer(armed_json(_armed(request)))


def delete_fault(request: ControlRequest) -> Answer:
    """Disarm one fault."""
    request.project.faults.remove(_armed(request).id)
    return Answer({})


def _armed(request: ControlRequest) -> ArmedRule:
    wanted = request.parameters["fault"]
    found = next((armed for armed in request.project.faults.armed if str(armed.id) == wanted), None)
    if found is None:
        raise ControlError(404, f"no fault with the id {wanted!r} is armed; GET faults lists them")
    return found
