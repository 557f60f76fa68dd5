"""Rate limits: which of a row of requests pass, and when the next one may."""

from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from mockrds.durations import Duration
from mockrds.faults.rate_limits import Limiter, RateLimit

START = 1000.0


def limiter(**limit: Any) -> Limiter:
    return Limiter(RateLimit(**limit), START)


def waits(limiter: Limiter, *moments: float) -> list[float | None]:
    return [wait if wait is None else round(wait, 6) for wait in (limiter.take(START + at) for at in moments)]


def test_a_fixed_window_counts_from_window_to_window() -> None:
    found = waits(limiter(limit=2, window=Duration(10)), 0, 9, 9.5, 10, 19, 19.999, 30, 31, 35)

    assert found == [None, None, 0.5, None, None, 0.001, None, None, 5]


def test_a_token_bucket_fills_up_steadily() -> None:
    bucket = limiter(algorithm="token_bucket", limit=6, window=Duration(60), burst=2)

    assert waits(bucket, 0, 0, 0, 4, 10, 11, 60, 60, 60) == [None, None, 10, 6, None, 9, None, None, 10]
    assert bucket.refused == 4


def test_a_token_bucket_without_burst_holds_its_limit() -> None:
    assert waits(limiter(algorithm="token_bucket", limit=3, window=Duration(3)), 0, 0, 0, 0) == [None, None, None, 1]


@given(
    st.sampled_from(["token_bucket", "fixed_window"]),
    st.integers(1, 20),
    st.floats(0.01, 100),
    st.lists(st.floats(0, 50), min_size=1, max_size=100),
)
@example("token_bucket", 1, 24.5, [0.0, 0.0])
@example("fixed_window", 1, 1.0466861150136921, [0.0, 0.0])
def test_a_request_passes_after_the_time_it_was_told(
    algorithm: str, limit: int, window: float, gaps: list[float]
) -> None:
    tested = limiter(algorithm=algorithm, limit=limit, window=Duration(window))
    now = START
    for gap in gaps:
        now += gap
        wait = tested.take(now)
        if wait is not None:
            assert 0 < wait <= window
            now += wait + 1e-6
            assert tested.take(now) is None


@given(st.integers(1, 10), st.lists(st.floats(0, 3), max_size=200))
def test_no_window_lets_more_pass_than_its_limit(limit: int, gaps: list[float]) -> None:
    tested = limiter(limit=limit, window=Duration(10))
    now, passed = START, list[int]()
    for gap in gaps:
        now += gap
        if tested.take(now) is None:
            passed.append(int((now - START) // 10))

    assert all(passed.count(window) <= limit for window in passed)


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ({"limit": 1, "window": Duration(0)}, "'window' must be above zero"),
        ({"limit": 1, "burst": 1}, "'burst' belongs to algorithm 'token_bucket'"),
        ({"limit": 1, "operation": ()}, "'operation' must name an operation"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(limit: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RateLimit(**limit)


def test_a_limit_is_about_the_operations_it_names() -> None:
    named = RateLimit(limit=1, operation=("v1.*", "list_instances"))
    operations = ("v1.get_instance", "v3.list_instances", "v3.get_instance", "unknown")

    assert [operation for operation in operations if named.covers(operation)] == [
        "v1.get_instance",
        "v3.list_instances",
    ]
