"""What each toxic does to the bytes of an answer, and in which order several do."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from random import Random
from typing import Any

import pytest

from mockrds.durations import Duration, fixed
from mockrds.faults.toxics import TOXICS, Slicer, Toxics

ANSWER = bytes(range(100))


class RecordingConnection:
    """Keeps what toxics do, and lets no time pass."""

    def __init__(self) -> None:
        self.random = Random(7)
        self.done: list[Any] = []

    async def write(self, data: bytes) -> None:
        if data:
            self.done.append(len(data))

    async def wait(self, seconds: float) -> None:
        if seconds:
            self.done.append(f"{seconds:.3g}s")

    async def wait_for_client(self) -> None:
        self.done.append("silence")

    async def reset(self) -> None:
        self.done.append("RST")

    def close(self) -> None:
        if not {"RST", "FIN"} & {*self.done}:
            self.done.append("FIN")


def applied(toxics: Toxics) -> list[Any]:
    """Send an answer, and give the sizes of what was written with all that happened in between."""
    connection = RecordingConnection()
    asyncio.run(toxics.apply(ANSWER, connection))
    return connection.done


@pytest.mark.parametrize(
    ("toxics", "done"),
    [
        (Toxics(limit_data=30), [30, "FIN"]),
        (Toxics(limit_data=0), ["FIN"]),
        (Toxics(limit_data=1000), [100, "FIN"]),
        (Toxics(slow_close=Duration(2)), [100, "2s", "FIN"]),
        (Toxics(timeout=Duration(0)), ["silence", "FIN"]),
        (Toxics(timeout=Duration(3)), ["3s", "FIN"]),
        (Toxics(reset_peer=Duration(0)), ["RST"]),
        (Toxics(reset_peer=Duration(1)), ["1s", "RST"]),
        (Toxics(slicer=Slicer(average_size=40)), [40, 40, 20]),
        (Toxics(slicer=Slicer(average_size=40, delay=fixed(1))), [40, "1s", 40, "1s", 20]),
        (Toxics(bandwidth=0.8), ["0.05s", 40, "0.05s", 40, "0.025s", 20]),
        (Toxics(bandwidth=1000), ["0.0001s", 100]),
    ],
    ids=str,
)
def test_a_toxic_does_to_an_answer_what_it_says(toxics: Toxics, done: list[Any]) -> None:
    assert applied(toxics) == done


@pytest.mark.parametrize(
    ("toxics", "done"),
    [
        (Toxics(limit_data=30, slow_close=Duration(2)), [30, "2s", "FIN"]),
        (Toxics(limit_data=30, timeout=Duration(0)), [30, "silence", "FIN"]),
        (Toxics(limit_data=30, reset_peer=Duration(1)), [30, "1s", "RST"]),
        (Toxics(limit_data=50, slicer=Slicer(average_size=40), bandwidth=1), ["0.04s", 40, "0.01s", 10, "FIN"]),
        (Toxics(slicer=Slicer(average_size=60), slow_close=Duration(2)), [60, 40, "2s", "FIN"]),
    ],
    ids=str,
)
def test_several_toxics_work_together(toxics: Toxics, done: list[Any]) -> None:
    assert applied(toxics) == done


def test_slices_vary_in_size_within_their_bounds() -> None:
    sizes = applied(Toxics(slicer=Slicer(average_size=10, size_variation=3)))

    assert all(7 <= size <= 13 for size in sizes[:-1])
    assert len(set(sizes[:-1])) > 1
    assert sum(sizes) == len(ANSWER)


@pytest.mark.parametrize(
    ("toxics", "expected"),
    [
        (Toxics(limit_data=30), (True, False, True)),
        (Toxics(limit_data=100), (True, False, False)),
        (Toxics(slow_close=Duration(2)), (True, False, False)),
        (Toxics(timeout=Duration(0)), (True, True, True)),
        (Toxics(timeout=Duration(0), limit_data=100), (True, False, False)),
        (Toxics(reset_peer=Duration(0)), (True, True, True)),
        (Toxics(reset_peer=Duration(0), limit_data=100), (True, False, True)),
        (Toxics(slicer=Slicer(average_size=40)), (False, False, False)),
        (Toxics(bandwidth=1), (False, False, False)),
    ],
    ids=str,
)
def test_what_ends_swallows_and_damages_is_known_beforehand(toxics: Toxics, expected: tuple[bool, bool, bool]) -> None:
    assert (toxics.ends, toxics.swallows, toxics.damages(len(ANSWER))) == expected


def test_every_key_is_a_toxic() -> None:
    assert {field.name for field in fields(Toxics)} == TOXICS.keys()
