"""What is asked of a project's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.domain.clock import iso
from mockrds.web.call import Answer
from mockrds.web.control.asked import ControlError

if TYPE_CHECKING:
    from mockrds.domain.clock import Clock
    from mockrds.web.control.asked import Asked


def clock_json(clock: Clock) -> dict[str, Any]:
    """Give a clock as the control API shows it."""
    setting, now = clock.setting, clock.now()
    at = setting.at.isoformat() if setting.at is not None else None
    return {
        "mode": setting.mode,
        "at": at,
        "by": setting.by,
        "now": iso(now),
        "seconds": now,
        "advanced": clock.advanced,
    }


def get_clock(asked: Asked) -> Answer:
    """Tell the time."""
    return Answer(clock_json(asked.tenant.clock))


def put_clock(asked: Asked) -> Answer:
    """Start the clock anew."""
    try:
        asked.tenant.clock.set(asked.body)
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    return get_clock(asked)


def post_advance(asked: Asked) -> Answer:
    """Move the clock forward."""
    try:
        asked.tenant.clock.advance(asked.body["by"])
    except ValueError as error:
        raise ControlError(400, f"by: {error}") from None
    return get_clock(asked)
