"""A project's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.client.resource import Part
from mockrds.domain.clock import ClockSetting
from mockrds.durations import Duration

if TYPE_CHECKING:
    from collections.abc import Mapping


class RemoteClock(Part):
    """The clock of a project."""

    @property
    def setting(self) -> ClockSetting:
        """How it started: *mode*, *at*, *by*."""
        clock = self._ask("GET")
        return ClockSetting.of({key: clock[key] for key in ("mode", "at", "by")})

    @property
    def advanced(self) -> float:
        """By how many seconds it was advanced so far, in all."""
        return float(self._ask("GET")["advanced"])

    def now(self) -> float:
        """Tell the time, in seconds since 1970."""
        return float(self._ask("GET")["seconds"])

    def set(self, setting: ClockSetting | Mapping[str, Any] | str) -> None:
        """Start anew as *setting* says, for example ``frozen@2026-01-31T22:00:00Z``.

        Raises:
            ValueError: It is no setting of a clock.
        """
        __tracebackhide__ = True
        from mockrds.scenario_files.serialization import plain

        self._ask("PUT", body=plain(ClockSetting.of(setting)))

    def advance(
        self, by: float | str = 0, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> None:
        """Move the clock forward; takes no time and works in every mode.

        Raises:
            ValueError: *by* is no duration, the sum is negative, or the year 9999 would be over.
        """
        __tracebackhide__ = True
        step = Duration(Duration(by) + seconds + 60 * minutes + 3600 * hours + 86400 * days)
        self._ask("POST", "/advance", {"by": step})
