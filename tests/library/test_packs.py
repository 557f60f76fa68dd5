"""The packs of ``--mockrds-chaos``: a careful client comes through each of their faults."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest
from support.careful_client import BackupError, CarefulClient

from mockrds.chaos_packs import PACKS, ChaosFault, find

if TYPE_CHECKING:
    from mockrds.domain.clock import ClockSetting
    from mockrds.project import Project
    from mockrds.server import MockRDS


FINAL = {"backup-fails": "FAILED", "quota-reached": "RDS.3003 .* nothing to remove"}
"""What a careful client is right to give up at, and what it says."""


def faults(*packs: str) -> list[Any]:
    return [pytest.param(case, id=case.name) for case in find(*packs)]


def back_up_and_remove(project: Project) -> None:
    """Make a backup and remove it, as a careful client does; its waiting takes no time."""

    async def sleep(seconds: float) -> None:
        project.clock.advance(seconds)

    async def run() -> None:
        async with CarefulClient(
            project.v1_url, project.auth_url, project.name, sleep=sleep, now=project.clock.now, timeout=0.4, poll=1
        ) as client:
            await client.remove(await client.back_up(project.instances[0].node_id, "nightly"))

    asyncio.run(run())


@pytest.mark.parametrize("case", faults("default", "consistency"))
def test_a_careful_client_meets_each_fault_and_leaves_nothing(
    server: MockRDS, frozen: ClockSetting, case: ChaosFault
) -> None:
    project = server.project(scenario=case.scenario, clock=frozen)

    told = ""
    try:
        back_up_and_remove(project)
    except BackupError as error:
        told = str(error)

    assert re.search(FINAL.get(case.name, "^$"), told)
    now = project.clock.now()
    assert all(armed.fired for armed in project.faults.armed)
    assert [backup.status_at(now) for backup in project.backups if backup.status_at(now) != "FAILED"] == []
    project.forget()


@pytest.mark.parametrize("case", faults("transport", "errors", "credentials"))
def test_each_other_fault_reaches_the_client(server: MockRDS, frozen: ClockSetting, case: ChaosFault) -> None:
    project = server.project(scenario=case.scenario, clock=frozen)

    try:
        back_up_and_remove(project)
    except BackupError:
        assert case not in PACKS["transport"]  # it is a refusal, which no retry can help

    assert all(armed.fired == 1 for armed in project.faults.armed)
    project.forget()
