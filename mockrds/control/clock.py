"""Requests about a project's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.api.call import Answer
from mockrds.control import records
from mockrds.control.bodies import Advance, NewClock
from mockrds.control.errors import ControlError
from mockrds.domain.clock import ClockSetting

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest


def get_clock(request: ControlRequest) -> Answer:
    """Return the time."""
    return Answer(records.Clock.of(request.project.clock))


def put_clock(request: ControlRequest) -> Answer:
    """Set the clock."""
    setting = clock_setting(request.body(NewClock))
    request.project.clock.set(setting)
    return get_clock(request)


def post_advance(request: ControlRequest) -> Answer:
    """Move the clock forward."""
    try:
        request.project.clock.advance(request.body(Advance).by)
    except ValueError as error:
        raise ControlError(400, f"by: {error}") from None
    return get_clock(request)


def clock_setting(clock: NewClock | str, prefix: str = "") -> ClockSetting:
    """Make the setting of a clock, of its keys or of a text such as ``scaled@60``.

    Args:
        clock: What was sent.
        prefix: What messages begin with: where it stands in the body.

    Raises:
        ControlError: There can't be such a clock.
    """
    setting: dict[str, Any] | str = clock if isinstance(clock, str) else _keys(clock)
    try:
        return ClockSetting.of(setting)
    except ValueError as error:
        raise ControlError(400, f"{prefix}{error}") from None


def _keys(clock: NewClock) -> dict[str, Any]:
    sent = {"mode": clock.mode, "at": clock.at, "by": clock.by}
    return {key: value for key, value in sent.items() if value is not None}
