"""Rows of waits, each with its class; and what must not matter."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import assume, given, settings, strategies as st

from mockrds.verdict.backoff import Backoff, classify, format_seconds

WAYS = st.floats(0, 0.02)
"""What a request takes on its way, in seconds."""
QUIETLY = settings(deadline=None)  # the machine may be busy


@pytest.mark.parametrize(
    ("waits", "kind", "numbers"),
    [
        ([], "unseen", {}),
        ([3.0], "unseen", {}),
        ([0.001, 0.004], "none", {}),
        ([0.001, 0.045, 0.001], "none", {}),
        ([0.001, 0.5, 0.01, 0.001, 0.001], "none", {}),  # a machine is busy now and then
        ([2, 2], "constant", {"base": 2}),
        ([2.01, 2.0, 2.03, 2.005], "constant", {"base": 2}),
        ([0.3, 0.37, 0.3, 0.31], "constant", {"base": 0.3}),
        ([1, 2, 3], "linear", {"base": 1, "step": 1}),
        ([0.001, 1, 2, 3], "linear", {"step": 1}),
        ([5, 6], "linear", {"step": 1}),
        ([5, 10, 15, 20, 20, 20], "linear", {"base": 5, "step": 5, "cap": 20}),
        ([1, 2], "exponential", {"factor": 2}),
        ([1, 2, 4], "exponential", {"base": 1, "factor": 2}),
        ([0.1, 0.25, 0.625, 1.5625], "exponential", {"factor": 2.5}),
        ([0.001, 0.4, 0.8], "exponential", {"base": 0.4, "factor": 2}),
        ([0.001, 0.4, 0.8, 1.6], "exponential", {"base": 0.4, "factor": 2}),
        ([1, 2, 4, 5], "exponential", {"factor": 2, "cap": 5}),
        ([1, 2, 4, 8, 10, 10, 10], "exponential", {"factor": 2, "cap": 10}),
        ([0.001, 2, 4, 6, 6, 6], "exponential", {"factor": 2, "cap": 6}),
        ([1, 1, 2, 3, 5, 8], "exponential", {"factor": 1.618}),
        ([1, 3, 2], "jittered", {"base": 1}),
        ([1, 2, 1.5, 7, 0.3], "jittered", {"base": 0.3}),
        ([4, 2, 1], "jittered", {"base": 1}),
        ([1, 1, 1, 9], "jittered", {}),
    ],
)
def test_a_row_has_a_class(waits: list[float], kind: str, numbers: dict[str, float]) -> None:
    backoff = classify(waits)

    assert backoff.kind == kind, backoff
    for name, number in numbers.items():
        assert getattr(backoff, name) == pytest.approx(number, rel=0.06), name
    assert backoff.longest == max(waits, default=None)


def test_a_wait_in_another_place_is_another_wait() -> None:
    """Where Retry-After decided, the next wait of the client's own is a later one of its row."""
    assert classify([1, None, 4, 8]).kind == "exponential"
    assert classify([1, 4, 8]).kind == "jittered"


def test_jitter_that_grows_has_a_factor() -> None:
    chance = Random(7)
    rows = [[2**n * chance.uniform(0.5, 1.5) for n in range(6)] for _ in range(5)]

    backoff = classify(*rows)

    assert backoff.kind == "jittered"
    assert backoff.factor == pytest.approx(2, rel=0.15)
    assert classify(*([chance.uniform(1, 3) for _ in range(6)] for _ in range(5))).factor is None


def test_several_operations_show_the_jitter_that_one_hides() -> None:
    assert classify([1.0, 2.0]).kind == "exponential"
    assert classify([1.0, 2.0], [1.0, 2.0]).kind == "exponential"
    assert classify([1.0, 2.0], [1.3, 1.9]).kind == "jittered"
    assert classify([1.0], [1.0]).kind == "unseen"
    assert classify([1.0], [1.09]).kind == "unseen"
    assert classify([1.0], [3.0]).kind == "jittered"
    assert classify([1.0, 1.09], [1.09, 1.0]).kind == "constant"
    assert classify([0.001], [0.001]).kind == "none"


@pytest.mark.parametrize(
    ("backoff", "text"),
    [
        (classify([]), "unseen: there are fewer than two waits to judge"),
        (classify([0, 0]), "none: it does not wait"),
        (Backoff("constant", (2.0, 2.0), base=2.0), "constant, 2 s"),
        (Backoff("linear", (1.0, 2.5), base=1.0, step=1.5), "linear, from 1 s by 1.5 s"),
        (
            Backoff("exponential", base=0.05, factor=2.0, cap=120.0),
            "exponential, from 50 ms by a factor of 2.00, capped at 120 s",
        ),
        (Backoff("jittered", (0.5, 3.0), factor=2.0), "jittered, 0.5 s to 3 s, growing by a factor of 2.00"),
        (Backoff("jittered", (0.5, 3.0)), "jittered, 0.5 s to 3 s"),
    ],
)
def test_a_backoff_reads_as_a_line(backoff: Backoff, text: str) -> None:
    assert str(backoff) == text


def test_a_wait_after_hundreds_that_tell_nothing_has_a_class() -> None:
    backoff = classify([0.1, 10.0, *[None] * 300, 500.0, 500.0])

    assert backoff.kind == "exponential"
    assert backoff.cap == pytest.approx(500, rel=0.05)


def test_seconds_are_written_for_people() -> None:
    assert [format_seconds(value) for value in (None, 0.004, 0.25, 2.0, 31.0, 99.7, 250.0)] == [
        "-", "4 ms", "0.25 s", "2 s", "31 s", "100 s", "250 s",
    ]  # fmt: skip


@QUIETLY
@given(st.floats(0.2, 60), st.lists(WAYS, min_size=2, max_size=12))
def test_equal_sleeps_are_constant(sleep: float, ways: list[float]) -> None:
    assert classify([sleep + way for way in ways]).kind == "constant"


@QUIETLY
@given(st.floats(0.5, 10), st.floats(1.5, 4), st.lists(WAYS, min_size=4, max_size=8), st.floats(2, 1000))
def test_multiplied_sleeps_are_exponential(base: float, factor: float, ways: list[float], cap: float) -> None:
    sleeps = [min(cap, base * factor**n) for n in range(len(ways))]
    assume(sum(sleep < cap for sleep in sleeps) >= 3)
    assume(all(abs(sleep - cap) > 0.2 * cap for sleep in sleeps if sleep != cap))  # a cap that hides itself

    backoff = classify([sleep + way for sleep, way in zip(sleeps, ways, strict=True)])

    assert backoff.kind == "exponential", backoff
    assert backoff.factor == pytest.approx(factor, rel=0.15, abs=0.25)


@QUIETLY
@given(st.floats(0.5, 10), st.floats(0.5, 10), st.lists(WAYS, min_size=4, max_size=12))
def test_sleeps_that_grow_by_the_same_are_linear(base: float, step: float, ways: list[float]) -> None:
    backoff = classify([base + step * n + way for n, way in enumerate(ways)])

    assert backoff.kind == "linear", backoff
    assert backoff.step == pytest.approx(step, rel=0.1)


@QUIETLY
@given(st.lists(st.floats(1, 100), min_size=3, max_size=8), st.floats(1, 50))
def test_the_unit_of_time_does_not_matter(waits: list[float], by: float) -> None:
    """Waits of seconds: below them the time on the way counts for more."""
    slow, fast = classify([wait * 60 for wait in waits]), classify([wait * 60 * by for wait in waits])

    assert fast.kind == slow.kind or "jittered" in (fast.kind, slow.kind)
    if fast.kind == slow.kind == "exponential":
        assert fast.factor == pytest.approx(slow.factor, rel=0.05)


@QUIETLY
@given(st.lists(st.lists(st.floats(0, 100), max_size=6), max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_operations_does_not_matter(rows: list[list[float]], chance: Random) -> None:
    other = list(rows)
    chance.shuffle(other)

    one, two = classify(*rows), classify(*other)
    assert (one.kind, one.base, one.factor, one.cap) == (two.kind, two.base, two.factor, two.cap)
    assert len(one.waits) == sum(map(len, rows))
