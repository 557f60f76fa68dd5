"""Durations and the distributions they are drawn from, as scenario files write them.

The classes here are plain dataclasses, so that a server without scenario files never imports
pydantic; the ``__get_pydantic_*`` hooks are only called by the scenario loader.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) *(ms|s|m|h|d)")
_PATTERN: Final = f"^{_DURATION.pattern}$"
_LONGEST: Final = 36500 * _UNITS["d"]  # draws from durations up to here don't overflow a float
_WIDEST: Final = 10.0
_Z99: Final = 2.3263478740408408  # the 99th percentile of the standard normal distribution
_RESAMPLES: Final = 100


class Duration(float):
    """A time span in seconds, written as ``120ms``, ``3s``, ``5m``, ``6h``, ``2d`` or a number.

    Raises:
        ValueError: It is no duration, or negative, or longer than a hundred years.
    """

    __slots__ = ()

    def __new__(cls, value: float | str) -> Duration:
        """Read *value*, a number of seconds or a text with a unit."""
        __tracebackhide__ = True  # in what a failing test shows of itself
        seconds: float | None = None
        if isinstance(value, str):
            match = _DURATION.fullmatch(value.strip())
            if match is not None:
                seconds = float(match[1]) * _UNITS[match[2]]
        elif type(value) is not bool and isinstance(value, int | float):
            seconds = value
        if seconds is None:
            raise ValueError(f"{value!r} is no duration: write 120ms, 3s, 5m, 6h, 2d or a number of seconds")
        if not 0 <= seconds <= _LONGEST:
            raise ValueError(f"{value!r} is no duration: it must be between 0 and 36500d")
        return super().__new__(cls, seconds)

    def __str__(self) -> str:
        """Write it in the largest unit that leaves a whole number, or else in seconds."""
        counts = ((self / size, unit) for unit, size in reversed(_UNITS.items()) if unit != "d")
        return next((f"{count:g}{unit}" for count, unit in counts if count >= 1 and count.is_integer()), f"{self:g}s")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """Return how pydantic reads a duration."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, Any]:
        """Return what a duration looks like in JSON Schema."""
        return {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": _PATTERN}]}


class WrittenAsText:
    """A value of scenario files that ``str()`` writes as the text that it is read from."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """Return how pydantic reads the text, and how it writes it."""
        from pydantic_core import core_schema

        writer = core_schema.plain_serializer_function_ser_schema(str)
        return core_schema.no_info_plain_validator_function(cls, serialization=writer)


class Moment(WrittenAsText):
    """A point on a world's clock: a time such as ``2026-01-31T22:00:00Z``, or a duration since the world started.

    Raises:
        ValueError: It is neither.
    """

    __slots__ = ("at", "since_start")

    def __init__(self, value: float | str | datetime) -> None:
        self.at: float | None = None
        """Seconds since 1970."""
        self.since_start: float | None = None
        """Seconds since the world started."""
        try:
            self.since_start = Duration(value)  # type: ignore[arg-type]  # a datetime is refused like any other
        except ValueError:
            try:
                time = value if isinstance(value, datetime) else datetime.fromisoformat(value)  # type: ignore[arg-type]
            except (TypeError, ValueError):
                raise ValueError(
                    f"{value!r} is no moment: write a time such as 2026-01-31T22:00:00Z, or a duration since the start"
                ) from None
            self.at = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()

    def seconds(self, start: float) -> float:
        """Return the moment in seconds since 1970, for a world that started at *start*."""
        return self.at if self.at is not None else start + (self.since_start or 0.0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and (self.at, self.since_start) == (other.at, other.since_start)

    def __hash__(self) -> int:
        return hash((self.at, self.since_start))

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        if self.at is not None:
            return datetime.fromtimestamp(self.at, UTC).isoformat().replace("+00:00", "Z")
        return f"{self.since_start:g}s"

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, Any]:
        """Return what a moment looks like in JSON Schema."""
        time = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}"}
        return {"anyOf": [*Duration.__get_pydantic_json_schema__(None, None)["anyOf"], time]}


_DOCUMENT: Final = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Uniform:
    """Every duration between two bounds is as likely as any other."""

    __pydantic_config__ = _DOCUMENT

    lower: Duration
    """The shortest duration."""
    upper: Duration
    """The longest duration."""

    def __post_init__(self) -> None:
        if self.lower > self.upper:
            raise ValueError("'lower' must not be above 'upper'")

    def sample(self, random: Random) -> float:
        """Draw one duration, in seconds."""
        return random.uniform(self.lower, self.upper)


@dataclass(frozen=True, kw_only=True, slots=True)
class Normal:
    """The bell curve, cut off at zero."""

    __pydantic_config__ = _DOCUMENT

    mean: Duration
    """The mean duration."""
    stddev: Duration
    """The standard deviation."""

    def sample(self, random: Random) -> float:
        """Draw one duration, in seconds; a draw below zero counts as zero."""
        return max(0.0, random.normalvariate(self.mean, self.stddev))


@dataclass(frozen=True, kw_only=True, slots=True)
class LogNormal:
    """What latencies look like in production: most near the median, with a long tail."""

    __pydantic_config__ = _DOCUMENT

    median: Duration
    """Half of all durations are shorter than this."""
    sigma: float | None = None
    """The spread: standard deviation of the logarithm. Give this or *p99*."""
    p99: Duration | None = None
    """One duration in a hundred is longer than this. Give this or *sigma*."""
    max: Duration | None = None
    """Longer draws are drawn again."""

    def __post_init__(self) -> None:
        if (self.sigma is None) == (self.p99 is None):
            raise ValueError("give exactly one of 'sigma' and 'p99'")
        if self.median <= 0:
            raise ValueError("'median' must be above zero")
        if self.sigma is not None and not 0 <= self.sigma <= _WIDEST:
            raise ValueError(f"'sigma' must be between 0 and {_WIDEST:g}")
        if self.p99 is not None and not 0 <= self.spread <= _WIDEST:
            raise ValueError("'p99' must not be below 'median', nor so far above that 'sigma' would exceed 10")
        if self.max is not None and self.max < self.median:
            raise ValueError("'max' must not be below 'median'")

    @property
    def spread(self) -> float:
        """The standard deviation of the logarithm."""
        if self.p99 is not None:
            return math.log(self.p99 / self.median) / _Z99 if self.p99 else -math.inf
        assert self.sigma is not None  # noqa: S101  (__post_init__ saw to it)
        return self.sigma

    def sample(self, random: Random) -> float:
        """Draw one duration, in seconds."""
        limit = math.inf if self.max is None else self.max
        for _ in range(_RESAMPLES):
            drawn = random.lognormvariate(math.log(self.median), self.spread)
            if drawn <= limit:
                return drawn
        return limit  # pragma: no cover  (half of all draws are below the median)


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """How long something takes. Exactly one of the keys; a bare duration means *fixed*."""

    __pydantic_config__ = _DOCUMENT

    fixed: Duration | None = None
    """Always the same."""
    uniform: Uniform | None = None
    """Anything between two bounds."""
    normal: Normal | None = None
    """The bell curve, cut off at zero."""
    lognormal: LogNormal | None = None
    """Most near the median, with a long tail."""

    def __post_init__(self) -> None:
        shapes = [shape for shape in (self.fixed, self.uniform, self.normal, self.lognormal) if shape is not None]
        if len(shapes) != 1:
            raise ValueError("give exactly one of 'fixed', 'uniform', 'normal' and 'lognormal'")

    def sample(self, random: Random) -> float:
        """Draw one duration, in seconds."""
        if self.fixed is not None:
            return self.fixed
        shape = self.uniform or self.normal or self.lognormal
        assert shape is not None  # noqa: S101  (__post_init__ saw to it)
        return shape.sample(random)


class _Shorthand:
    """Lets a scenario file write ``3s`` where it means ``{fixed: 3s}``."""

    def __get_pydantic_core_schema__(self, source: object, handler: Callable[[object], Any]) -> Any:
        from pydantic_core import core_schema

        def expand(value: object) -> object:
            return {"fixed": value} if isinstance(value, str | int | float) else value

        return core_schema.no_info_before_validator_function(expand, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Callable[[object], Any]) -> dict[str, Any]:
        return {"anyOf": [Duration.__get_pydantic_json_schema__(None, None), handler(schema["schema"])]}


Durations = Annotated[Distribution, _Shorthand()]
"""A distribution, or a bare duration for a fixed one."""


def fixed(seconds: float) -> Distribution:
    """Return the distribution whose draws are all *seconds*."""
    return Distribution(fixed=Duration(seconds))
