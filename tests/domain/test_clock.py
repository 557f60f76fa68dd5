"""The clock of a world: its three modes, and moving it forward."""

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from mockrds.domain.clock import Clock, ClockSetting, TimestampFormat, iso

AT = datetime(2026, 1, 31, 22, 0, tzinfo=UTC)


class Machine:
    """The machine's own clock, as far as a test lets it run."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def time(self) -> float:
        return self.seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr("mockrds.domain.clock.time.time", machine.time)
    return machine


@pytest.mark.parametrize(
    ("setting", "passed"),
    [
        (ClockSetting(), 10.0),
        (ClockSetting(mode="real"), 10.0),
        (ClockSetting(mode="frozen"), 0.0),
        (ClockSetting(mode="scaled"), 10.0),
        (ClockSetting(mode="scaled", by=60), 600.0),
        (ClockSetting(mode="scaled", by=0.5), 5.0),
    ],
)
def test_ten_seconds_pass_as_the_mode_says(machine: Machine, setting: ClockSetting, passed: float) -> None:
    clock = Clock(setting)
    assert clock.now() == 1_000_000

    machine.seconds += 10

    assert clock.now() == 1_000_000 + passed


@pytest.mark.parametrize("clock", ["scaled", {"mode": "scaled"}])
def test_a_scaled_clock_has_a_speed(clock: Any) -> None:
    with pytest.raises(ValueError, match="the speed is missing"):
        ClockSetting.of(clock)


@pytest.mark.parametrize("mode", ["real", "frozen", "scaled"])
@pytest.mark.parametrize(
    "at", [AT, datetime(2026, 1, 31, 22, 0), datetime(2026, 2, 1, 1, 0, tzinfo=timezone(timedelta(hours=3)))]  # noqa: DTZ001
)  # fmt: skip
def test_a_clock_starts_where_it_is_told(machine: Machine, mode: Any, at: datetime) -> None:
    assert Clock(ClockSetting(mode=mode, at=at)).now() == AT.timestamp()


@pytest.mark.parametrize("mode", ["real", "frozen", "scaled"])
def test_a_clock_is_moved_forward_in_every_mode(machine: Machine, mode: Any) -> None:
    clock = Clock(ClockSetting(mode=mode, at=AT))

    clock.advance("6h")
    clock.advance(0.5)
    clock.advance("1m", seconds=1, minutes=2, hours=3, days=4)

    assert clock.now() - AT.timestamp() == 6 * 3600 + 0.5 + 60 + 1 + 120 + 3 * 3600 + 4 * 86400


def test_a_scaled_clock_is_moved_by_its_own_time(machine: Machine) -> None:
    clock = Clock(ClockSetting(mode="scaled", by=60, at=AT))

    machine.seconds += 1
    clock.advance("1m")
    machine.seconds += 1

    assert clock.now() - AT.timestamp() == 180


@pytest.mark.parametrize(
    ("by", "more"),
    [("6 hours", {}), ("", {}), (-1, {}), (0, {"seconds": -1}), ("1m", {"hours": -1}), (math.nan, {}), (math.inf, {}),
     (None, {}), (True, {}), (0, {"days": math.inf})],
)  # fmt: skip
def test_a_clock_never_runs_back_and_a_failure_leaves_it_alone(by: Any, more: dict[str, float]) -> None:
    clock = Clock(ClockSetting(mode="frozen", at=AT))

    with pytest.raises(ValueError, match="is no duration"):
        clock.advance(by, **more)

    assert clock.now() == AT.timestamp()


def test_a_clock_is_set_anew(machine: Machine) -> None:
    clock = Clock(ClockSetting(mode="frozen", at=AT))
    clock.advance("1h")

    clock.set(ClockSetting(mode="scaled", by=2))
    machine.seconds += 5

    assert (clock.setting, clock.now()) == (ClockSetting(mode="scaled", by=2), 1_000_010)


@pytest.mark.parametrize(
    ("mode", "by", "message"),
    [
        ("scaled", 0, "'by' must be above zero, and finite"),
        ("scaled", -60, "'by' must be above zero, and finite"),
        ("scaled", math.inf, "'by' must be above zero, and finite"),
        ("scaled", math.nan, "'by' must be above zero, and finite"),
        ("real", 60, "'by' belongs to mode 'scaled'"),
        ("frozen", 2, "'by' belongs to mode 'scaled'"),
    ],
)
def test_a_speed_that_makes_no_sense_is_refused(mode: Any, by: float, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        ClockSetting(mode=mode, by=by)


def test_times_are_written_in_utc() -> None:
    stamp = TimestampFormat("%Y-%m-%dT%H:%M:%S")
    seconds = AT.timestamp()

    assert [stamp(s) for s in (seconds, seconds + 0.999, seconds + 1, seconds)] == [
        "2026-01-31T22:00:00",
        "2026-01-31T22:00:00",
        "2026-01-31T22:00:01",
        "2026-01-31T22:00:00",
    ]
    assert iso(seconds + 0.25) == "2026-01-31T22:00:00.250000Z"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_can_not_be_written_everywhere_is_refused(at: str) -> None:
    with pytest.raises(ValueError, match="'at' must be a time from 1970 to 9999"):
        ClockSetting.of({"mode": "frozen", "at": at})


def test_it_counts_how_far_it_was_advanced_whatever_it_was_set_to() -> None:
    clock = Clock()
    clock.advance("1m")
    clock.set("frozen@2026-01-31T22:00:00Z")
    clock.advance(hours=1)

    assert clock.advanced == 3660
