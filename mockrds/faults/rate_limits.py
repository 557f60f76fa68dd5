"""Rate limits: how many requests a project may send. How much it may have is a quota of its world."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from annotated_types import Ge

from mockrds.durations import Duration
from mockrds.faults.matching import names_operation

_DOCUMENT = {"extra": "forbid"}
_NEARLY: Final = 1e-9  # fills and windows are sums of floats


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """How many requests a project may send; one more is refused by the gateway, with APIGW.0308 and status 429."""

    __pydantic_config__ = _DOCUMENT

    operation: str | tuple[str, ...] = "*"
    """The operations that are counted together: as in a fault."""
    algorithm: Literal["token_bucket", "fixed_window"] = "fixed_window"
    """``fixed_window`` counts from window to window; ``token_bucket`` fills up steadily."""
    limit: Annotated[int, Ge(1)]
    """How many requests a window allows."""
    window: Duration = Duration(60)
    """How long a window is, on the world's clock; the first begins with the world."""
    burst: Annotated[int, Ge(1)] | None = None
    """How many tokens a bucket holds, and so how many requests may come at once; absent: *limit*."""
    retry_after: bool | Duration = True
    """Send Retry-After: true the seconds until the next request will pass, or a duration of your own."""

    def __post_init__(self) -> None:
        if self.window <= 0:
            raise ValueError("'window' must be above zero")
        if self.burst is not None and self.algorithm != "token_bucket":
            raise ValueError("'burst' belongs to algorithm 'token_bucket'")
        if not self.operation:
            raise ValueError("'operation' must name an operation")

    def covers(self, operation: str) -> bool:
        """Return whether requests for *operation*, an id with its family, are counted."""
        return names_operation(self.operation, operation)


class Limiter:
    """Counts the requests of one rate limit.

    Args:
        limit: The limit.
        start: When the world began, in seconds since 1970.
    """

    __slots__ = ("_start", "_tokens", "_used", "_when", "_window", "limit", "refused")

    def __init__(self, limit: RateLimit, start: float) -> None:
        self.limit = limit
        self.refused = 0
        """How many requests it refused."""
        self._start = start
        self._tokens = float(limit.burst or limit.limit)
        self._when = start
        self._window = 0
        self._used = 0

    def take(self, now: float) -> float | None:
        """Count a request at *now*; return None when it may pass, else the seconds until the next one will."""
        wait = self._bucket(now) if self.limit.algorithm == "token_bucket" else self._count(now)
        if wait is None:
            return None
        self.refused += 1
        return min(wait, self.limit.window)  # rounding must not make it longer

    def _bucket(self, now: float) -> float | None:
        rate = self.limit.limit / self.limit.window
        capacity = float(self.limit.burst or self.limit.limit)
        self._tokens = min(capacity, self._tokens + max(0.0, now - self._when) * rate)
        self._when = now
        if self._tokens >= 1 - _NEARLY:
            self._tokens -= 1
            return None
        return (1 - self._tokens) / rate

    def _count(self, now: float) -> float | None:
        window = math.floor((now - self._start) / self.limit.window + _NEARLY)
        if window != self._window:
            self._window, self._used = window, 0
        if self._used < self.limit.limit:
            self._used += 1
            return None
        return self._start + (window + 1) * self.limit.window - now
