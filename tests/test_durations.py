"""Durations as scenario files write them, and what is drawn from distributions of them."""

import math
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from mockrds.durations import Distribution, Duration, LogNormal, Normal, Uniform, fixed

DRAWS = 20_000
# Kolmogorov and Smirnov: drawn from the right distribution, the largest distance between what was drawn
# and what should be is above this once in a thousand seeds. The seed here is fixed.
ALLOWED = 1.95 / math.sqrt(DRAWS)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120ms", 0.12),
        ("3s", 3.0),
        ("5m", 300.0),
        ("6h", 21_600.0),
        ("2d", 172_800.0),
        ("0.5s", 0.5),
        (" 1.5 h ", 5400.0),
        ("36500d", 3_153_600_000.0),
        (0, 0.0),
        (7, 7.0),
        (0.25, 0.25),
    ],
)
def test_a_duration_is_written_with_a_unit_or_in_seconds(written: float | str, seconds: float) -> None:
    assert Duration(written) == pytest.approx(seconds, rel=1e-15)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "3",
        "s",
        "-3s",
        "3 minutes",
        "1.s",
        ".5s",
        "1e3s",
        "1h30m",
        "3S",
        "٣s",
        "3\ns",
        True,
        False,
        None,
        [3],
        b"3s",
    ],
)
def test_what_is_no_duration_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match=r"is no duration: write 120ms, 3s, 5m, 6h, 2d or a number of seconds$"):
        Duration(written)


@pytest.mark.parametrize(
    "written", [-1, -0.001, math.inf, -math.inf, math.nan, 10**400, "36501d", "9" * 400 + "d", 3_153_600_001]
)
def test_a_duration_is_neither_negative_nor_longer_than_a_century(written: float | str) -> None:
    with pytest.raises(ValueError, match=r"is no duration: it must be between 0 and 36500d$"):
        Duration(written)


def draw(shape: Distribution | Uniform | Normal | LogNormal) -> list[float]:
    random = Random("seed")
    return sorted(shape.sample(random) for _ in range(DRAWS))


def distance(drawn: list[float], distribution_function: Callable[[float], float]) -> float:
    """Give Kolmogorov and Smirnov's statistic of what was *drawn*, sorted."""
    expected = [distribution_function(x) for x in drawn]
    return max(max(p - i / DRAWS, (i + 1) / DRAWS - p) for i, p in enumerate(expected))


def normal(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


@pytest.mark.parametrize(
    ("shape", "distribution_function"),
    [
        (Uniform(lower=Duration(2), upper=Duration(6)), lambda x: (x - 2) / 4),
        (Normal(mean=Duration(10), stddev=Duration(2)), lambda x: normal((x - 10) / 2)),
        (LogNormal(median=Duration(3), sigma=0.5), lambda x: normal(math.log(x / 3) / 0.5)),
        (LogNormal(median=Duration("120ms"), p99=Duration("2s")),
         lambda x: normal(math.log(x / 0.12) * 2.3263478740408408 / math.log(2 / 0.12))),
        (LogNormal(median=Duration(1), sigma=1, max=Duration(1)), lambda x: 2 * normal(math.log(x))),
        (LogNormal(median=Duration(1), sigma=1, max=Duration(2)), lambda x: normal(math.log(x)) / normal(math.log(2))),
    ],
    ids=["uniform", "normal", "sigma", "p99", "cut at the median", "cut"],
)  # fmt: skip
def test_draws_follow_their_distribution(
    shape: Uniform | Normal | LogNormal, distribution_function: Callable[[float], float]
) -> None:
    each_by_itself = sorted(shape.sample(Random(f"7/1/{call}")) for call in range(DRAWS))  # as for latencies

    assert distance(draw(shape), distribution_function) < ALLOWED
    assert distance(each_by_itself, distribution_function) < ALLOWED


def test_the_statistic_tells_distributions_apart() -> None:
    drawn = draw(LogNormal(median=Duration(3), sigma=0.5))

    assert distance(drawn, lambda x: normal(math.log(x / 3.1) / 0.5)) > ALLOWED
    assert distance(drawn, lambda x: normal(math.log(x / 3) / 0.53)) > ALLOWED


def test_half_of_all_draws_are_below_the_median_and_one_in_a_hundred_is_above_p99() -> None:
    drawn = draw(LogNormal(median=Duration("120ms"), p99=Duration("2s")))

    assert drawn[DRAWS // 2] == pytest.approx(0.12, rel=0.03)
    assert drawn[DRAWS * 99 // 100] == pytest.approx(2, rel=0.1)


def test_no_draw_is_above_max() -> None:
    drawn = draw(LogNormal(median=Duration(1), sigma=2, max=Duration(4)))

    assert drawn[-1] <= 4
    assert drawn.count(4) == 0  # longer draws are drawn again, not cut


def test_a_normal_draw_below_zero_is_zero() -> None:
    drawn = draw(Normal(mean=Duration(0), stddev=Duration(1)))

    assert drawn[0] == 0
    assert drawn.count(0) / DRAWS == pytest.approx(0.5, abs=ALLOWED)


@pytest.mark.parametrize(
    "shape",
    [
        fixed(5),
        Uniform(lower=Duration(5), upper=Duration(5)),
        Normal(mean=Duration(5), stddev=Duration(0)),
        LogNormal(median=Duration(5), sigma=0),
        LogNormal(median=Duration(5), p99=Duration(5)),
    ],
)
def test_without_spread_every_draw_is_the_same(shape: Distribution | Uniform | Normal | LogNormal) -> None:
    assert [*map(pytest.approx, draw(shape)[:: DRAWS - 1])] == [5.0, 5.0]


def test_a_distribution_draws_from_the_shape_it_was_given() -> None:
    shapes: list[dict[str, Any]] = [
        {"uniform": Uniform(lower=Duration(1), upper=Duration(2))},
        {"normal": Normal(mean=Duration(1), stddev=Duration(2))},
        {"lognormal": LogNormal(median=Duration(1), sigma=2)},
    ]
    for shape in shapes:
        (only,) = shape.values()
        assert Distribution(**shape).sample(Random(1)) == only.sample(Random(1))


def test_the_same_seed_draws_the_same() -> None:
    shape = LogNormal(median=Duration(1), sigma=1, max=Duration(2))

    assert shape.sample(Random("7/1/1")) == shape.sample(Random("7/1/1")) != shape.sample(Random("7/1/2"))


@pytest.mark.parametrize("shape", [
    LogNormal(median=Duration("36500d"), sigma=10),
    LogNormal(median=Duration(5e-324), sigma=10),
    Normal(mean=Duration("36500d"), stddev=Duration("36500d")),
])  # fmt: skip
def test_the_widest_distributions_draw_finite_numbers(shape: Normal | LogNormal) -> None:
    drawn = draw(shape)

    assert (drawn[0] >= 0, math.isfinite(drawn[-1])) == (True, True)


SECOND = Duration(1)
FAR = "'p99' must not be below 'median', nor so far above that 'sigma' would exceed 10"
WIDE = "'sigma' must be between 0 and 10"
SPREADS = "give exactly one of 'sigma' and 'p99'"
SHAPES = "give exactly one of 'fixed', 'uniform', 'normal' and 'lognormal'"


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (Uniform, {"lower": Duration(2), "upper": SECOND}, "'lower' must not be above 'upper'"),
        (LogNormal, {"median": SECOND}, SPREADS),
        (LogNormal, {"median": SECOND, "sigma": 1, "p99": SECOND}, SPREADS),
        (LogNormal, {"median": Duration(0), "sigma": 1}, "'median' must be above zero"),
        (LogNormal, {"median": SECOND, "sigma": -0.1}, WIDE),
        (LogNormal, {"median": SECOND, "sigma": 10.1}, WIDE),
        (LogNormal, {"median": SECOND, "sigma": math.nan}, WIDE),
        (LogNormal, {"median": SECOND, "p99": Duration(0.5)}, FAR),
        (LogNormal, {"median": SECOND, "p99": Duration(0)}, FAR),
        (LogNormal, {"median": Duration(5e-324), "p99": SECOND}, FAR),
        (LogNormal, {"median": SECOND, "sigma": 1, "max": Duration(0.5)}, "'max' must not be below 'median'"),
        (Distribution, {}, SHAPES),
        (Distribution, {"fixed": SECOND, "normal": Normal(mean=SECOND, stddev=SECOND)}, SHAPES),
    ],
)
def test_a_distribution_that_makes_no_sense_is_refused(kind: type[Any], values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        kind(**values)
