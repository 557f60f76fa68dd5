"""``MockRDS`` as an object."""

import asyncio
import socket
import sys
import threading
from pathlib import Path

import aiohttp
import pytest
import requests

from mockrds import MockRDS
from mockrds.scenario_files.loader import ScenarioError


def backup_of(node_id: str) -> dict[str, dict[str, str]]:
    return {"backup": {"name": "nightly", "instance": node_id}}


def test_several_servers_in_one_process_share_nothing() -> None:
    with MockRDS(seed=1) as one, MockRDS(seed=2) as two:
        first, second = one.project("eu-de"), two.project("eu-de")
        answer = requests.post(
            f"{first.v1_url}/backups",
            json=backup_of(first.instances[0].node_id),
            headers={"X-Auth-Token": first.token},
            timeout=10,
        )

        assert answer.status_code == 200
        assert (len(first.backups), len(second.backups)) == (1, 0)
        assert first.id != second.id


def test_the_same_seed_gives_the_same_ids() -> None:
    def ids(seed: int) -> tuple[str, ...]:
        project = MockRDS(seed=seed).project()
        return (project.id, *(instance.node_id for instance in project.instances))

    assert ids(7) == ids(7)
    assert not set(ids(7)) & set(ids(8))


async def test_async_with_serves_on_the_running_loop() -> None:
    async with MockRDS() as mock, aiohttp.ClientSession() as client:
        project = mock.project()
        threads = set(threading.enumerate())
        async with client.post(
            f"{project.v1_url}/backups",
            json=backup_of(project.instances[0].node_id),
            headers={"X-Auth-Token": project.token},
        ) as answer:
            assert answer.status == 200
        assert set(threading.enumerate()) <= threads


def test_after_with_nothing_listens_and_no_thread_is_left() -> None:
    before = set(threading.enumerate())
    address = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"  # where no other worker can take the port then
    with MockRDS(host=address) as mock:
        assert requests.get(f"{mock.url}/__mockrds/ready", timeout=10).ok

    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, mock.port))


def test_a_port_in_use_is_an_error_in_the_callers_thread_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with MockRDS() as mock, pytest.raises(OSError, match="address already in use"):
        MockRDS(port=mock.port).__enter__()

    assert set(threading.enumerate()) <= before


def test_a_wrong_scenario_is_an_error_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no such file"):
        MockRDS(scenario=tmp_path / "missing.yaml")


def test_a_server_can_be_started_again() -> None:
    mock = MockRDS()
    for _ in range(2):
        with mock:
            assert requests.get(f"{mock.url}/__mockrds/ready", timeout=10).ok


def test_a_project_is_found_again_by_name_and_by_id() -> None:
    mock = MockRDS()
    project = mock.project("eu-de_orders")

    assert mock.project("eu-de_orders").id == project.id
    assert mock.project(id=project.id).name == "eu-de_orders"


def test_a_project_may_have_a_scenario_and_a_seed_of_its_own() -> None:
    mock = MockRDS()
    one, two = (mock.project(scenario={"world": {"instances": [{"name": "only"}]}}, seed=seed) for seed in (1, 2))

    assert [instance.name for instance in one.instances] == ["only"]
    assert one.instances[0].node_id != two.instances[0].node_id
    seeds = [mock.project(f"eu-de_{seed}", scenario={"seed": 99}, seed=seed).seed for seed in (None, 3)]
    assert (seeds, mock.project().seed) == ([99, 3], 0)


def test_a_project_that_exists_takes_no_other_scenario() -> None:
    mock = MockRDS()
    project = mock.project("eu-de_orders", scenario="quota-exceeded")

    with pytest.raises(ValueError, match="project eu-de_orders exists already"):
        mock.project("eu-de_orders", scenario="backup-fails")
    project.forget()
    mock.project("eu-de_orders", scenario="backup-fails")


@pytest.mark.parametrize("clock", ["frozen@2026-01-31T22:00:00Z", {"mode": "frozen", "at": "2026-01-31T22:00:00Z"}])
def test_a_clock_is_given_as_on_the_command_line_or_as_in_a_scenario(clock: str | dict[str, str]) -> None:
    assert MockRDS(clock=clock).project().clock.now() == MockRDS().project(clock=clock).clock.now() == 1769896800


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^auth: unknown 'no' \(expected one of: any, strict, off\)$"):
        MockRDS(auth="no")  # type: ignore[arg-type]
    for clock in ("slow", {"moed": "real"}, {"at": 7}):
        with pytest.raises(ValueError, match="is no clock"):
            MockRDS(clock=clock)
    with pytest.raises(RuntimeError, match="no URL before it is started"):
        _ = MockRDS().url
    with pytest.raises(KeyError, match="nothing of this project has the id 'x'"):
        MockRDS().project().set_status("x", "BUILD")
    with pytest.raises(ValueError, match="'Bogus' is no status of an instance: give one of ACTIVE, BUILD"):
        MockRDS().project().set_status("x", "Bogus")


def test_a_client_that_is_served_while_the_test_blocks_its_loop() -> None:
    async def blocking(url: str) -> int:
        return requests.get(f"{url}/__mockrds/ready", timeout=10).status_code  # noqa: ASYNC210  (that is the point)

    with MockRDS() as mock:
        assert asyncio.run(blocking(mock.url)) == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_it_listens_on_any_loopback_address(host: str) -> None:
    with MockRDS(host=host) as mock:
        assert mock.on_loopback
        assert requests.get(f"{mock.url}/__mockrds/ready", timeout=10).ok


def test_finish_and_set_status_tell_life_cycles_what_to_do() -> None:
    with MockRDS(scenario={"lifecycle": {"backup": {"progression": "manual"}}}) as mock:
        project = mock.project()
        node = project.instances[0].node_id
        requests.post(
            f"{project.v1_url}/backups", json=backup_of(node), headers={"X-Auth-Token": "any"}, timeout=10
        ).raise_for_status()
        project.clock.advance(days=365)
        assert project.backups[0].status_at(project.clock.now()) == "BUILDING"

        project.finish(project.backups[0].id, "FAILED")
        project.set_status(node, "REBOOTING", seconds=60)

        assert project.backups[0].status_at(project.clock.now()) == "FAILED"
        assert project.instances[0].status_at(project.clock.now()) == "REBOOTING"
        project.clock.advance(minutes=1)
        assert project.instances[0].status_at(project.clock.now()) == "ACTIVE"
        project.set_status(node, "RESTORING")
        project.finish(node)
        assert project.instances[0].status_at(project.clock.now()) == "ACTIVE"
        with pytest.raises(KeyError):
            project.finish("nothing")
