"""The clock that life cycles read: nothing else tells the time of a project."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from math import inf
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from mockrds.durations import Duration

if TYPE_CHECKING:
    from collections.abc import Mapping

END = 253_402_300_799.0
"""The last second of the year 9999, after which Python knows no dates."""

Mode = Literal["real", "frozen", "scaled"]
_AS_TEXT: Final = "real, frozen, frozen@2026-01-31T22:00:00Z or scaled@60"
_AS_MAPPING: Final = (
    '{"mode": "real"}, {"mode": "frozen"}, {"mode": "frozen", "at": "2026-01-31T22:00:00Z"} '
    'or {"mode": "scaled", "by": 60}'
)


@dataclass(frozen=True, kw_only=True)
class ClockSetting:
    """How a world's clock runs."""

    __pydantic_config__ = {"extra": "forbid"}

    mode: Mode = "real"
    """``real`` follows the machine, ``frozen`` stands still, ``scaled`` runs *by* times as fast."""
    at: datetime | None = None
    """Where the clock starts, for example "2026-01-31T22:00:00Z"; without it, now. No zone means UTC."""
    by: float = 1.0
    """The speed of a scaled clock: 60 makes an hour pass in a minute."""

    def __post_init__(self) -> None:
        if not 0 < self.by < inf:
            raise ValueError("'by' must be above zero, and finite")
        if self.at is not None and not 0 <= _seconds(self.at) <= END:
            raise ValueError("'at' must be a time from 1970 to 9999")
        if self.by != 1.0 and self.mode != "scaled":
            raise ValueError("'by' belongs to mode 'scaled'")

    @classmethod
    def of(cls, value: ClockSetting | Mapping[str, Any] | str) -> ClockSetting:
        """Read a setting: ``real``, ``frozen``, ``frozen@2026-01-31T22:00:00Z``, ``scaled@60``, or a mapping.

        Raises:
            ValueError: It is none of these.
        """
        __tracebackhide__ = True
        if isinstance(value, ClockSetting):
            return value
        keys: dict[str, Any] = {}
        if isinstance(value, str):
            keys["mode"], at, rest = value.partition("@")
            if at:
                keys["by" if keys["mode"] == "scaled" else "at"] = rest
        else:
            keys |= value
        wrong = f"{value!r} is no clock: give {_AS_TEXT if isinstance(value, str) else _AS_MAPPING}"
        if keys.setdefault("mode", "real") not in get_args(Mode) or keys.keys() - {"mode", "at", "by"}:
            raise ValueError(wrong)
        if keys["mode"] == "scaled" and "by" not in keys:
            raise ValueError(f"{wrong} (the speed is missing)")
        try:
            if not isinstance(keys.get("at"), datetime | None):
                keys["at"] = datetime.fromisoformat(keys["at"])
            return cls(**keys | {"by": float(keys.get("by", 1))})
        except (TypeError, ValueError) as error:
            raise ValueError(f"{wrong} ({error})") from None


def _seconds(at: datetime) -> float:
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


class Clock:
    """The time of one world, in seconds since 1970 (UTC).

    Args:
        setting: How the clock starts out; ``set`` changes it later.
    """

    __slots__ = ("_base", "_origin", "_setting", "_speed", "advanced")

    def __init__(self, setting: ClockSetting | None = None) -> None:
        self.advanced = 0.0
        """By how many seconds it was advanced so far, in all; ``set`` does not change that."""
        self.set(setting or ClockSetting())

    @property
    def setting(self) -> ClockSetting:
        """How it was set: *mode*, *at*, *by*."""
        return self._setting

    def set(self, setting: ClockSetting | Mapping[str, Any] | str) -> None:
        """Start again as *setting* says, for example ``frozen@2026-01-31T22:00:00Z``.

        Raises:
            ValueError: It is no setting of a clock.
        """
        __tracebackhide__ = True
        self._setting = setting = ClockSetting.of(setting)
        self._origin = round(time.time(), 6)  # what can be written down can be set again
        self._base = self._origin
        if setting.at is not None:
            self._base = _seconds(setting.at)
        self._speed = {"real": 1.0, "frozen": 0.0, "scaled": setting.by}[setting.mode]

    def now(self) -> float:
        """Return the time, in seconds since 1970."""
        if not self._speed:
            return self._base
        now = self._base + (time.time() - self._origin) * self._speed
        return now if now < END else END

    def advance(
        self, by: float | str = 0, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> None:
        """Move the clock forward; takes no time and works in every mode.

        Args:
            by: A duration such as ``"6h"``, or seconds; the other arguments are added to it.
            seconds: Seconds to add.
            minutes: Minutes to add.
            hours: Hours to add.
            days: Days to add.

        Raises:
            ValueError: *by* is no duration, the sum is negative, or the year 9999 would be over; a
                world's time never runs back.
        """
        __tracebackhide__ = True
        step = Duration(Duration(by) + seconds + 60 * minutes + 3600 * hours + 86400 * days)
        if self.now() + step > END:
            raise ValueError("time ends with the year 9999")
        self._base += step
        self.advanced += step


class TimestampFormat:
    """Writes times in one format, and remembers the last second it wrote.

    Args:
        pattern: The format, as ``time.strftime`` takes it.
    """

    __slots__ = ("_last", "_pattern")

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._last = (-1, "")  # one tuple, because several threads may write at once

    def __call__(self, seconds: float) -> str:
        """Write *seconds* since 1970 as UTC."""
        second = int(seconds)
        last, text = self._last
        if last != second:
            text = self._write(second)
            self._last = second, text
        return text

    def _write(self, second: int) -> str:
        return time.strftime(self._pattern, time.gmtime(second))


class HTTPDate(TimestampFormat):
    """Writes times as the ``Date`` header wants them, whatever the locale."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("")

    def _write(self, second: int) -> str:
        return formatdate(second, usegmt=True)


def iso(seconds: float) -> str:
    """Write *seconds* since 1970 as ``2026-01-31T22:00:00.000000Z``, the form of the identity service."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
