"""The same seed, the same chance: for calls one by one, and for a thousand at once."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import pytest
from support.engine_request import EngineRequest
from support.raw_connection import CREATE, LIST, RawConnection

from mockrds.faults.engine import FaultEngine
from mockrds.scenario_files.loader import read_rule
from mockrds.server import MockRDS

if TYPE_CHECKING:
    from mockrds.domain.clock import ClockSetting
    from mockrds.project import Project

CALLS: Final = 1000  # as many as the journal keeps
AT_ONCE: Final = 200  # connections
TOKEN: Final = {"X-Auth-Token": "token"}
CHANCE: Final = {"name": "chance", "operation": LIST, "probability": 0.3, "error": "RDS.0005"}
DELAYS: Final = {"name": "delays", "latency": {"lognormal": {"median": "1ms", "p99": "5ms", "max": "10ms"}}}
OTHER: Final = {"operation": LIST, "probability": 0.5, "error": "RDS.0011"}


async def flood(project: Project) -> Counter[int]:
    """List the backups a thousand times, with many requests under way at any time; give what came."""
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, headers=TOKEN) as session:

        async def ask() -> int:
            async with session.get(f"{project.v1_url}/backups") as answer:
                await answer.read()
                return answer.status

        return Counter(await asyncio.gather(*(ask() for _ in range(CALLS))))


def outcomes(project: Project) -> list[tuple[int | None, float]]:
    """What became of each call: its status and the latency that was drawn for it."""
    return [(entry.status, entry.decision.delay) for entry in project.journal if entry.decision]  # type: ignore[attr-defined]


def flooded(seed: int, clock: ClockSetting) -> Counter[tuple[int | None, float]]:
    with MockRDS({"faults": [CHANCE, DELAYS]}, seed=seed, clock=clock) as mock:
        project = mock.project("eu-de_flood")
        seen = asyncio.run(flood(project))
        found = Counter(outcomes(project))
        assert Counter(status for status, _ in found.elements()) == seen
        assert (seen.total(), len(mock.simulator.projects[project.id].in_flight)) == (CALLS, 0)
        return found


def test_a_thousand_calls_at_once_meet_the_same_together(frozen: ClockSetting) -> None:
    one, same, other = flooded(7, frozen), flooded(7, frozen), flooded(8, frozen)

    assert one == same
    assert one.keys() & other.keys() == set()  # not a single latency
    assert 240 <= Counter(status for status, _ in one.elements())[500] <= 360
    assert len({delay for _, delay in one}) > 990


def listed(project: Project, mock: MockRDS, calls: int) -> list[tuple[int | None, float]]:
    with RawConnection(mock) as wire:
        for _ in range(calls):
            wire.list(project)
    return outcomes(project)


def test_calls_one_by_one_meet_the_same_in_the_same_order(frozen: ClockSetting) -> None:
    found = []
    for seed in (7, 7, 8):
        with MockRDS({"faults": [CHANCE, DELAYS]}, seed=seed, clock=frozen) as mock:
            found.append(listed(mock.project("eu-de_row"), mock, 60))

    assert found[0] == found[1]
    assert [status for status, _ in found[0]] != [status for status, _ in found[2]]


def test_projects_with_the_same_seed_do_not_disturb_each_other(frozen: ClockSetting) -> None:
    with MockRDS({"faults": [CHANCE, DELAYS]}, seed=7, clock=frozen) as mock:
        alone = listed(mock.project(), mock, 40)
        busy, project = mock.project(), mock.project()
        disturbing = threading.Thread(target=listed, args=(busy, mock, 40))
        disturbing.start()
        among_others = listed(project, mock, 40)
        disturbing.join()

        assert alone == among_others == outcomes(busy)


def drawn(seed: int, *faults: dict[str, Any], name: str = "chance") -> list[tuple[bool, float]]:
    """Whether the fault called *name* fired at each of 200 lists, and what delay was drawn for it."""
    engine = FaultEngine(seed)
    engine.clear(read_rule(fault) for fault in faults)
    found = []
    for _ in range(200):
        decision = engine.decide(EngineRequest(f"v1.{LIST}"))
        assert decision is not None
        mine = [fired for fired in decision.fired if fired.armed.name == name]
        found.append((bool(mine), mine[0].delay if mine else 0.0))
    return found


SLOW_CHANCE: Final = {
    "name": "chance",
    "operation": LIST,
    "probability": 0.3,
    "latency": {"uniform": {"lower": 0, "upper": 1}},
}


@pytest.mark.parametrize(
    "others",
    [
        [OTHER],
        [OTHER, DELAYS],
        [{"latency": {"normal": {"mean": 1, "stddev": 1}}}],
        [{"operation": CREATE, "error": "RDS.0005"}],
    ],
    ids=["chance", "several", "latency", "another operation"],
)
def test_faults_that_stand_behind_shift_no_draws(others: list[dict[str, Any]]) -> None:
    assert drawn(7, SLOW_CHANCE) == drawn(7, SLOW_CHANCE, *others)


def test_calls_of_other_operations_shift_no_draws() -> None:
    alone, mixed = FaultEngine(7), FaultEngine(7)
    found: list[list[float]] = []
    for engine, operations in ((alone, (LIST,)), (mixed, (CREATE, LIST, CREATE))):
        engine.clear([read_rule(SLOW_CHANCE)])
        decisions = [engine.decide(EngineRequest(f"v1.{operation}")) for _ in range(100) for operation in operations]
        found.append([decision.delay for decision in decisions if decision is not None])

    assert found[0] == found[1]


def test_each_fault_has_a_chance_of_its_own() -> None:
    twin = SLOW_CHANCE | {"name": "twin"}

    assert drawn(7, SLOW_CHANCE, twin) != drawn(7, SLOW_CHANCE, twin, name="twin")
    assert drawn(7, SLOW_CHANCE) != drawn(8, SLOW_CHANCE)


@pytest.mark.parametrize(
    "fault",
    ["RANDOM_DATA_THEN_CLOSE", "MALFORMED_RESPONSE_CHUNK", {"slicer": {"average_size": 60, "size_variation": 50}}],
    ids=str,
)
def test_bytes_follow_from_the_seed_too(frozen: ClockSetting, fault: Any) -> None:
    def received(seed: int) -> list[bytes]:
        with MockRDS({"faults": [{"fault": fault}]}, seed=seed, clock=frozen) as mock:
            project = mock.project("eu-de_bytes", id="0123456789abcdef" * 2)
            came = []
            for _ in range(3):
                with RawConnection(mock) as wire:
                    wire.create(project, Connection="close").ending()
                    came.append(wire.data)
            return came

    one, same, other = received(7), received(7), received(8)

    assert one == same
    assert one != other
    assert len(set(one)) == 3


def test_a_reset_begins_chance_anew(frozen: ClockSetting) -> None:
    with MockRDS({"faults": [CHANCE, DELAYS]}, seed=7, clock=frozen) as mock:
        project = mock.project()
        before = listed(project, mock, 30)
        project.reset()

        assert listed(project, mock, 30) == before
