"""The strategy of fault schedules: all that it generates can be armed, what breaks a client shrinks to the least."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, find, given, settings, strategies as st

from mockrds.domain.operations import OPERATIONS
from mockrds.scenario_files.loader import ScenarioError, load
from mockrds.strategies import KINDS, FaultSchedule, fault_schedules

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.domain.clock import ClockSetting
    from mockrds.project import Project
    from mockrds.server import MockRDS

CREATE = "create_manual_backup"
NAMES = sorted({*OPERATIONS, *(name.rpartition(".")[2] for name in OPERATIONS)})
LEAST = settings(max_examples=400, deadline=None, database=None, derandomize=True)


def create(project: Project, name: str) -> int:
    """Ask for a backup, and give the status of the answer."""
    connection = http.client.HTTPConnection(project.url.removeprefix("http://"), timeout=5)
    wanted = {"backup": {"name": name, "instance": project.instances[0].node_id}}
    try:
        connection.request("POST", f"/rds/v1/{project.id}/backups", json.dumps(wanted), {"X-Auth-Token": project.token})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def takes_another_name(project: Project) -> None:
    """Try again after a broken connection, under a new name."""
    for attempt in range(3):
        try:
            create(project, f"nightly-{attempt}")
        except (OSError, http.client.HTTPException):
            project.clock.advance(5)  # the instance is busy until then
        else:
            return


def gives_up_after_three(project: Project) -> None:
    for _ in range(3):
        if create(project, "nightly") < 500:
            return
        project.clock.advance(5)


def least(
    server: MockRDS,
    clock: ClockSetting,
    client: Callable[[Project], object],
    wrong: Callable[[Project], bool],
    **how: Any,
) -> FaultSchedule:
    """Find the least that makes a client do what is wrong."""

    def breaks(schedule: FaultSchedule) -> bool:
        project = server.project(scenario=schedule.scenario, clock=clock)
        try:
            client(project)
            return wrong(project)
        finally:
            project.forget()

    return find(fault_schedules(**how), breaks, settings=LEAST)


def test_a_lost_answer_is_the_least_that_makes_a_client_make_two_backups(server: MockRDS, frozen: ClockSetting) -> None:
    found = least(
        server, frozen, takes_another_name, lambda project: len(project.backups) > 1,
        kinds=("latency", "error", "response", "transport"), longest="10ms",
    )  # fmt: skip

    lost = {"operation": CREATE, "calls": [1], "phase": "after_commit", "fault": "CONNECTION_RESET_BY_PEER"}
    assert found == FaultSchedule(lost)
    assert str(found) == (
        "mockrds.faults.add(operation='create_manual_backup', calls=[1], phase='after_commit', "
        "fault='CONNECTION_RESET_BY_PEER')"
    )


def test_failures_in_a_row_are_one_fault(server: MockRDS, frozen: ClockSetting) -> None:
    found = least(
        server, frozen, gives_up_after_three, lambda project: not project.backups, operations=[CREATE],
        kinds=("latency", "response"), longest="10ms",
    )  # fmt: skip

    assert found == FaultSchedule({"operation": CREATE, "calls": [1, 2, 3], "response": {"status": 500}})


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_all_that_is_generated_can_be_armed_and_pasted(server: MockRDS, data: st.DataObject) -> None:
    operations = data.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    schedule = data.draw(fault_schedules(operations, max_faults=4))
    project = server.project()

    schedule.arm(project)

    armed = [fault.rule for fault in project.faults.armed]
    project.faults.clear()
    exec(str(schedule), {"mockrds": project})
    assert [fault.rule for fault in project.faults.armed] == armed
    assert eval(repr(schedule), {"FaultSchedule": FaultSchedule}) == schedule
    assert hash(eval(repr(schedule), {"FaultSchedule": FaultSchedule})) == hash(schedule)
    assert yaml.safe_load(schedule.yaml or "{}") == ({"faults": list(schedule.faults)} if schedule.faults else {})
    assert load(schedule.scenario).faults == tuple(armed)
    project.forget()


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(schedule=fault_schedules(kinds=["latency"], longest="1ms", max_faults=2))
def test_each_example_has_a_project_of_its_own(mockrds_factory: Any, schedule: FaultSchedule) -> None:
    project = mockrds_factory(scenario=schedule.scenario)

    assert create(project, "nightly") == 200
    project.journal.assert_called(CREATE, times=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kinds": ["reset"]}, "'kinds' is a list of latency, .*, not 'reset'"),
        ({"kinds": []}, "'kinds' is a list of latency"),
        ({"operations": CREATE}, "'operations' is a list of at least one operation"),
        ({"operations": []}, "'operations' is a list of at least one operation"),
        ({"operations": ["creat_manual_backup"]}, "unknown operation .*, did you mean 'create_manual_backup'"),
        ({"operations": ["list_flavors"], "kinds": ["consistency"]}, "nothing of consistency can go wrong with list_f"),
        ({"max_call": 0}, "'max_call' must be at least 1"),
        ({"longest": "long"}, "'long' is no duration"),
    ],
)
def test_mistakes_are_told(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fault_schedules(**arguments)


def test_every_kind_is_generated() -> None:
    for kind in KINDS:
        assert find(fault_schedules(kinds=[kind]), lambda schedule: bool(schedule.faults), settings=LEAST).faults


@pytest.mark.slow
def test_without_hypothesis_it_says_what_is_missing() -> None:
    code = "import sys; sys.modules['hypothesis'] = None; import mockrds.strategies"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: mockrds.strategies needs hypothesis: pip install hypothesis"
    )


def test_a_schedule_of_an_operation_that_is_none_can_not_be_armed(project: Project) -> None:
    with pytest.raises(ScenarioError, match="unknown operation"):
        FaultSchedule({"operation": "nothing", "error": "RDS.0005"}).arm(project)
