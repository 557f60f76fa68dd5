"""How a client waits: the kind of backoff that a series of waits shows, and the numbers that describe it.

The server sees when a request arrives, not how long the client slept: each wait is its sleep and some time on the way.
So a wait stands for a window of sleeps, and a kind fits if one straight line goes through all windows: a level one for
constant waits, a rising one for linear waits, and one through their logarithms for exponential waits.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from math import exp, inf, log
from statistics import fmean, median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mockrds.verdict.kinds import BackoffKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NO_WAIT: Final = 0.05
"""Seconds up to which a wait is none: so long may a request take by itself."""
_ON_THE_WAY: Final = 0.04
"""Seconds that a request may take beyond the client's sleep."""
_EARLY: Final = 0.005
"""Seconds by which a sleep may be short, because clocks tick."""
_MACHINE_DELAY: Final = 0.1
_MACHINE_DELAY_SHARE: Final = 0.25
"""By how much equal waits may differ on a busy machine: in seconds, and as a share of the shortest."""
_TOLERANCE: Final = 0.01
"""The share of a wait by which it may be off besides."""
_GROWS: Final = 1.05
"""The factor from which on waits grow."""
_DOUBLES: Final = 1.4
"""Of two growing waits: the factor from which on they count as exponential."""
_SLOWEST: Final = 1.2
"""The factor below which waits are linear if they can be: nobody multiplies by less."""
_GOLDEN_RATIO: Final = (1 + 5**0.5) / 2
_ENOUGH: Final = 4
"""How many waits it takes to see Fibonacci numbers, or growth in spite of jitter."""
_HUGE: Final = 700.0
"""The logarithm of what is longer than any wait, and still a number."""
_CORRELATED: Final = 0.6
"""The correlation of places and logarithms of jittered waits from which on they grow."""


@dataclass(frozen=True, repr=False)
class Backoff:
    """How long a client waits before it tries again."""

    kind: BackoffKind
    """``unseen`` when there are fewer than two waits, or none that tell anything; ``none`` when it does not wait."""
    waits: tuple[float, ...] = ()
    """The waits that were judged, in seconds."""
    base: float | None = None
    """The first wait in seconds, as it was meant; of jittered waits the shortest."""
    step: float | None = None
    """How many seconds linear waits grow by."""
    factor: float | None = None
    """What exponential waits are multiplied by each time; of jittered waits, if they grow on the whole."""
    cap: float | None = None
    """Where they stop growing, in seconds, if they were seen to."""

    @property
    def longest(self) -> float | None:
        """The longest wait, in seconds."""
        return max(self.waits, default=None)

    @property
    def shortest(self) -> float | None:
        """The shortest wait, in seconds."""
        return min(self.waits, default=None)

    def as_json(self) -> dict[str, Any]:
        """Return the backoff as the control API shows it."""
        numbers = {key: _rounded(getattr(self, key)) for key in ("base", "step", "factor", "cap", "longest")}
        return {"kind": self.kind} | numbers | {"waits": [_rounded(wait) for wait in self.waits]}

    def __str__(self) -> str:
        text = ""
        match self.kind:
            case "unseen":
                text = "unseen: there are fewer than two waits to judge"
            case "none":
                text = "none: it does not wait"
            case "constant":
                text = f"constant, {format_seconds(self.base)}"
            case "linear":
                text = f"linear, from {format_seconds(self.base)} by {format_seconds(self.step)}"
            case "exponential":
                text = f"exponential, from {format_seconds(self.base)} by a factor of {self.factor:.2f}"
            case "jittered":
                text = f"jittered, {format_seconds(self.shortest)} to {format_seconds(self.longest)}"
                text += f", growing by a factor of {self.factor:.2f}" if self.factor else ""
        return text + (f", capped at {format_seconds(self.cap)}" if self.cap is not None else "")

    def __repr__(self) -> str:
        return f"<Backoff: {self}>"


def format_seconds(value: float | None) -> str:
    """Return a number of seconds for people: ``0.25 s``."""
    if value is None:
        return "-"
    return f"{value:.0f} s" if value >= 10 else f"{value:.2g} s" if value >= 0.1 else f"{value * 1000:.0f} ms"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


class _Window(NamedTuple):
    """What a client may have meant to sleep, in seconds."""

    low: float
    high: float

    @classmethod
    def of(cls, wait: float) -> _Window:
        low = 0.0 if wait <= NO_WAIT else max(0.0, wait * (1 - _TOLERANCE) - _ON_THE_WAY)
        return cls(low, wait * (1 + _TOLERANCE) + _EARLY)

    def intersect(self, other: _Window) -> _Window:
        return _Window(max(self.low, other.low), min(self.high, other.high))


class _Line(NamedTuple):
    start: float
    slope: float

    def at(self, place: float) -> float:
        return self.start + self.slope * place


def _line(windows: Mapping[int, _Window]) -> tuple[_Line, float] | None:
    """Return the straight line that goes best through all *windows*, by place, and the room that it has.

    Return None if no line goes through them. There must be two windows at least.
    """
    rows = [(place, window.low, window.high) for place, window in windows.items()]

    def room(slope: float) -> tuple[float, float, float]:
        bottom, top = -inf, inf
        for place, low, high in rows:  # a hundred times each: min and max of generators take three times as long
            rise = slope * place
            if high - rise < top:
                top = high - rise
            if low - rise > bottom:
                bottom = low - rise
        return top - bottom, bottom, top

    # The room is a concave function of the slope: a ternary search finds its maximum.
    places = sorted(windows)
    span = places[-1] - places[0]
    reach = max(window.high for window in windows.values()) - min(window.low for window in windows.values())
    low, high = -reach / span, reach
    for _ in range(50):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if room(left)[0] < room(right)[0]:
            low = left
        else:
            high = right
    slope = (low + high) / 2
    free, bottom, top = room(slope)
    return (_Line((bottom + top) / 2, slope), free) if free >= 0 else None


def classify(*series: Sequence[float | None]) -> Backoff:
    """Return the backoff that several series of waits show together: waits in the same place are alike.

    Args:
        series: The waits of each operation, in seconds and in order; None in the place of one that shows nothing.
    """
    waits = tuple(wait for one in series for wait in one if wait is not None)
    if len(waits) < 2:
        return Backoff("unseen", waits)
    third_quartile = sorted(waits)[(len(waits) - 1) * 3 // 4]
    # Some are late on a busy machine.
    if max(waits) <= NO_WAIT or (third_quartile <= NO_WAIT and median(waits) <= NO_WAIT / 4):
        return Backoff("none", waits)
    backoff = _fit(series)
    if backoff is not None:
        return replace(backoff, waits=waits)
    return Backoff("jittered", waits, base=min(waits), factor=_growth(series))


def _fit(series: Sequence[Sequence[float | None]]) -> Backoff | None:
    """Return a backoff without jitter that all waits fit, each in its place; None if there is none."""
    windows: dict[int, _Window] = {}
    for waits in series:
        for place, wait in enumerate(waits):
            if wait is not None:
                window = _Window.of(wait)
                windows[place] = windows[place].intersect(window) if place in windows else window
    level = _nearly_level(series)
    if level is None and any(window.low > window.high for window in windows.values()):
        return None
    if len(windows) < 2:
        return Backoff("unseen")
    if level is None:
        level = _level(windows.values())
    if level is not None:
        return Backoff("constant", base=level)
    places = sorted(windows)
    rest = {place - places[1]: windows[place] for place in places[1:]}
    late = _rise(rest, 1) if windows[places[0]].low <= 0 else None  # urllib3 does not wait before its first retry
    if late is not None and late.kind == "exponential":
        grow = [window for window in rest.values() if late.cap is None or window.high < late.cap]
        if len(grow) <= 2:  # a straight line goes through zero and these as well, but urllib3 is everywhere
            return late
    return _rise({place - places[0]: windows[place] for place in places}, 0) or late


def _level(windows: Iterable[_Window]) -> float | None:
    windows = tuple(windows)
    low, high = max(window.low for window in windows), min(window.high for window in windows)
    return (low + high) / 2 if low <= high else None


def _nearly_level(series: Iterable[Sequence[float | None]]) -> float | None:
    """Return the shortest wait if all are equal but for what a busy machine adds; None if they are not."""
    waits = [wait for one in series for wait in one if wait is not None]
    shortest, spread = min(waits), max(waits) - min(waits)
    return shortest if spread <= min(_MACHINE_DELAY, shortest * _MACHINE_DELAY_SHARE) else None


def _rise(windows: Mapping[int, _Window], skipped: int) -> Backoff | None:
    """Return a backoff that grows, and may have reached a cap; None if there is none."""
    places = sorted(windows)
    if len(places) < 2:
        return None
    backoff = _rise_without_cap(windows)
    if backoff is not None:
        return backoff
    for end in range(2, len(places)):
        cap = _level(windows[place] for place in places[end:])
        if cap is None or (end == len(places) - 1 and end + skipped < 3):  # any third wait would be a cap
            continue
        backoff = _rise_without_cap({place: windows[place] for place in places[:end]})
        if (
            backoff is not None
            and _wait_at(backoff, places[end]) >= cap * (1 - _TOLERANCE)
            and cap >= windows[places[end - 1]].low
        ):
            return replace(backoff, cap=cap)
    return None


def _wait_at(backoff: Backoff, place: int) -> float:
    base = backoff.base or 0.0
    if backoff.kind == "linear":
        return base + (backoff.step or 0.0) * place
    return base * exp(min(_HUGE, place * log(backoff.factor or 1.0)))


def _rise_without_cap(windows: Mapping[int, _Window]) -> Backoff | None:
    """Return a backoff that grows; None if there is none."""
    straight = _line(windows)
    logs = {place: _Window(log(max(window.low, 1e-4)), log(window.high)) for place, window in windows.items()}
    curved = _line(logs)
    linear = exponential = None
    size = fmean(window.high for window in windows.values())
    if straight is not None and straight[0].slope > 0 and straight[0].at(len(windows)) > size * _GROWS:
        linear = Backoff("linear", base=max(0.0, straight[0].start), step=straight[0].slope)
    if curved is not None and exp(curved[0].slope) >= _GROWS:
        exponential = Backoff("exponential", base=exp(curved[0].start), factor=exp(curved[0].slope))
    if linear is not None and exponential is not None:
        factor = exponential.factor or 1.0
        if len(windows) == 2:  # both go through two points
            return exponential if factor >= _DOUBLES else linear
        roomier = straight is not None and curved is not None and straight[1] / size > curved[1]
        return linear if roomier or factor < _SLOWEST else exponential
    return linear or exponential or _fibonacci(windows)


def _fibonacci(windows: Mapping[int, _Window]) -> Backoff | None:
    """Return a backoff that grows by the golden ratio if each wait is the sum of the two before it."""
    places = sorted(windows)
    if len(places) < _ENOUGH or places[-1] - places[0] != len(places) - 1:
        return None
    row = [windows[place] for place in places]
    for a, b, c in zip(row, row[1:], row[2:], strict=False):
        if a.low + b.low > c.high or c.low > a.high + b.high:
            return None
    return Backoff("exponential", base=(row[0].low + row[0].high) / 2, factor=_GOLDEN_RATIO)


def _growth(series: Iterable[Sequence[float | None]]) -> float | None:
    """Return by what factor jittered waits grow on the whole; None if they do not, or are too few to tell."""
    by_place: dict[int, list[float]] = defaultdict(list)
    for one in series:
        for place, wait in enumerate(one):
            if wait is not None:
                by_place[place].append(wait)
    points = [(place, log(max(median(waits), 1e-4))) for place, waits in sorted(by_place.items())]
    if len(points) < _ENOUGH:
        return None
    x, y = fmean(place for place, _ in points), fmean(value for _, value in points)
    xx = sum((place - x) ** 2 for place, _ in points)
    yy = sum((value - y) ** 2 for _, value in points)
    xy = sum((place - x) * (value - y) for place, value in points)
    if yy <= 0 or xy / (xx * yy) ** 0.5 < _CORRELATED:
        return None
    factor = exp(xy / xx)
    return factor if factor >= _GROWS else None
