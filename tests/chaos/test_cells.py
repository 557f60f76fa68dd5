"""What is made of what was seen, without any run of pytest."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mockrds.pytest_plugin.chaos.matrix import Facts, Matrix, judge
from mockrds.pytest_plugin.chaos.time_limit import TimeLimit

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEN = Facts("test_it", "reset", reached=True, left=1, orphans=1)
USUAL = Facts("test_it", "", left=1, orphans=1)


@pytest.mark.parametrize(
    ("seen", "usual", "outcome"),
    [
        ({}, {}, "survived"),
        ({"passed": False}, {}, "failed cleanly"),
        ({"reached": False}, {}, "not reached"),
        ({"skipped": True}, {}, "not reached"),
        ({"duplicates": 1, "overdue": True, "left": 3}, {}, "duplicated"),
        ({"duplicates": 1}, {"duplicates": 1}, "survived"),
        ({"overdue": True, "left": 3}, {}, "hung"),
        ({"waiting": ["call 1"]}, {}, "hung"),
        ({"waiting": ["call 1"]}, {"waiting": ["call 1"]}, "survived"),
        ({"left": 2, "passed": False}, {}, "leaked"),
        ({"orphans": 2}, {}, "leaked"),
        ({"orphans": 2, "passed": False}, {}, "failed cleanly"),
        ({"lost": 1, "passed": False}, {}, "leaked"),
        ({"lost": 1, "passed": False}, {"lost": 1}, "failed cleanly"),
        ({"lost": 1}, {}, "leaked"),
        ({"duplicates": 1}, {"passed": False}, "baseline failed"),
    ],
)
def test_a_test_is_judged_by_what_it_does_without_a_fault(
    seen: dict[str, object], usual: dict[str, object], outcome: str
) -> None:
    assert judge(replace(SEEN, **seen), replace(USUAL, **usual)) == outcome  # type: ignore[arg-type]


def test_without_a_baseline_nothing_is_said_of_what_is_left() -> None:
    assert judge(replace(SEEN, left=5, orphans=5, lost=5), None) == "survived"
    assert judge(replace(SEEN, duplicates=1), None) == "duplicated"


def test_what_is_serious_becomes_known_with_the_baseline() -> None:
    matrix = Matrix(["reset"])
    matrix.add(replace(SEEN, left=2))
    assert matrix.serious == {}

    matrix.add(Facts("test_it", ""))

    assert matrix.serious == {("test_it", "leaked: 2 backups left; without the fault there is none"): ["reset"]}


def test_what_leaks_is_said() -> None:
    matrix = Matrix(["reset"])
    matrix.add(USUAL)

    assert matrix.wrong(replace(SEEN, lost=1, passed=False)) == (
        "leaked: 1 backup that the client does not know of; without the fault there is none"
    )


def test_a_wide_matrix_is_wrapped_and_a_long_name_is_cut() -> None:
    faults = [f"fault-{number}" for number in range(1, 13)]
    matrix = Matrix(faults)
    matrix.add(Facts("a" * 60, "fault-1", reached=True))
    matrix.add(replace(SEEN, fault="fault-12", passed=False))

    assert list(matrix.lines(48 + 6)) == [
        " " * 48 + " 1 2",
        "…" + "a" * 47 + " .  ",
        "test_it".ljust(48) + "   f",
        "",
        ". survived: the test passed",
        "f failed cleanly: the test failed, in time, and left nothing that the client does not know of",
        "",
        "1 fault-1   1 survived",
        "2 fault-12  1 failed cleanly",
    ]
    for number in range(2, 12):
        matrix.add(replace(SEEN, fault=f"fault-{number}"))
    assert [line.split() for line in matrix.lines(48 + 30) if line[:48].isspace()] == [
        [str(number) for number in range(1, 11)],
        ["11", "12"],
    ]


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[TimeLimit]:
    """A time limit that is soon over."""
    monkeypatch.setattr("mockrds.pytest_plugin.chaos.time_limit._REPEAT", 0.05)
    patience = TimeLimit(0.05)
    yield patience
    patience.close()


def test_patience_breaks_off_what_takes_too_long_once_it_may(patience: TimeLimit) -> None:
    taken = 0.0

    def work() -> None:
        nonlocal taken
        began = time.monotonic()
        with patience.limit(lambda: "too long"):
            with patience.unlimited(lambda: "too long"):
                time.sleep(0.15)
                taken = time.monotonic() - began
            time.sleep(5)

    with pytest.raises(pytest.fail.Exception, match="too long"):
        work()

    assert taken >= 0.15
    assert not patience.running


def test_what_catches_everything_is_broken_off_again(patience: TimeLimit) -> None:
    caught: list[BaseException] = []

    with patience.limit(lambda: "too long"):
        while len(caught) < 3:
            try:
                time.sleep(5)
            except BaseException as error:  # noqa: BLE001
                caught.append(error)

    assert [str(error) for error in caught] == ["too long"] * 3
