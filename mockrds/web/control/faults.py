"""What is asked about a project's faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.web.call import Answer
from mockrds.web.control.asked import ControlError

if TYPE_CHECKING:
    from mockrds.faults.engine import Armed
    from mockrds.web.control.asked import Asked


def armed_json(armed: Armed) -> dict[str, Any]:
    """Give a fault in force as the control API shows it."""
    from mockrds.scenario.writer import plain

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


def get_faults(asked: Asked) -> Answer:
    """List the faults in force."""
    return Answer({"faults": [armed_json(armed) for armed in asked.tenant.faults.armed]})


def post_fault(asked: Asked) -> Answer:
    """Arm a fault."""
    from mockrds.scenario.loader import ScenarioError, read_rule

    try:
        rule = read_rule(asked.body, "fault")
    except ScenarioError as error:
        raise ControlError(400, str(error)) from None
    armed = asked.tenant.faults.add(rule.located(asked.query.get("source", "the control API")))
    return Answer(armed_json(armed), 201)


def delete_faults(asked: Asked) -> Answer:
    """Disarm all faults."""
    asked.tenant.faults.clear()
    return Answer({})


def get_fault(asked: Asked) -> Answer:
    """Show one fault in force."""
    return Answer(armed_json(_armed(asked)))


def delete_fault(asked: Asked) -> Answer:
    """Disarm one fault."""
    asked.tenant.faults.remove(_armed(asked).id)
    return Answer({})


def _armed(asked: Asked) -> Armed:
    wanted = asked.parameters["fault"]
    found = next((armed for armed in asked.tenant.faults.armed if str(armed.id) == wanted), None)
    if found is None:
        raise ControlError(404, f"no fault with the id {wanted!r} is armed; GET faults lists them")
    return found
