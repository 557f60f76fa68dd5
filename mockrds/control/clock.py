"""What is asked of a project's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.api.call import Answer
from mockrds.control.request import ControlError
from mockrds.domain.clock import iso

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest
    from mockrds.domain.clock import Clock


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


def get_clock(request: ControlRequest) -> Answer:
    """Tell the time."""
    return Answer(clock_json(request.project.clock))


def put_clock(request: ControlRequest) -> Answer:
    """Start the clock anew."""
    try:
        request.project.clock.set(request.body)
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    return get_clock(request)


def post_advance(request: ControlRequest) -> Answer:
    """Move the clock forward."""
    try:
        request.project.clock.advance(request.body["by"])
    except ValueError as error:
        raise ControlError(400, f"by: {error}") from None
    return get_clock(request)
