"""The clock of a project of a server that runs elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.control import records
from mockrds.domain.clock import Clock, ClockSetting
from mockrds.durations import Duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockrds.client.resource import Resource


class RemoteClock(Clock):
    """The clock of a project elsewhere.

    Args:
        resource: The clock in the control API.
    """

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    @property
    def setting(self) -> ClockSetting:
        clock = self._resource.get(records.Clock)
        return ClockSetting.of({"mode": clock.mode, "at": clock.at, "by": clock.by})

    @property
    def advanced(self) -> float:  # type: ignore[override]  # a property here would cost each request there
        return self._resource.get(records.Clock).advanced

    def now(self) -> float:
        return self._resource.get(records.Clock).seconds

    def set(self, setting: ClockSetting | Mapping[str, Any] | str) -> None:
        __tracebackhide__ = True
        self._resource.ask("PUT", body=clock_body(ClockSetting.of(setting)))

    def advance(
        self, by: float | str = 0, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> None:
        __tracebackhide__ = True
        step = Duration(Duration(by) + seconds + 60 * minutes + 3600 * hours + 86400 * days)
        self._resource.ask("POST", "/advance", {"by": step})


def clock_body(setting: ClockSetting) -> dict[str, Any]:
    """Return a setting as the control API takes it: a scaled clock has a speed there, also where it is 1."""
    from mockrds.scenario_files.serialization import plain

    body: dict[str, Any] = plain(setting)
    return body | ({"by": setting.by} if setting.mode == "scaled" else {})
