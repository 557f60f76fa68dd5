"""Projects of tests that are over leave nothing behind."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests

from mockrds import MockRDS
from mockrds.client import RemoteServer
from mockrds.pytest_plugin.projects import Projects
from mockrds.pytest_plugin.settings import Run, Settings

if TYPE_CHECKING:
    from pathlib import Path

FEW, MANY = 300, 2000


class Item:
    """As much of a test as makes projects: named, with a marker and hooks that nobody implements."""

    def __init__(self, number: int, path: Path) -> None:
        self.name = self.nodeid = f"test_{number}"
        self.path = path
        self.ihook = self.config = self
        self.rootpath = path

    def iter_markers(self, name: str) -> list[Any]:
        return [pytest.mark.mockrds(seed=7).mark]

    def pytest_mockrds_scenario(self, item: object) -> list[Any]:
        return []

    def pytest_mockrds_started(self, **_: object) -> None: ...

    pytest_mockrds_finished = pytest_mockrds_started


class Options(Run):
    def __init__(self, path: Path) -> None:
        self._root = path
        self._loaded = {}
        self.settings = Settings()


def live() -> int:
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.parametrize("elsewhere", [False, True])
def test_memory_goes_back(tmp_path: Path, elsewhere: object) -> None:
    run = Options(tmp_path)
    with MockRDS() as server, requests.Session() as session:
        session.headers["X-Auth-Token"] = "any"

        def tests(numbers: range) -> None:
            maker = RemoteServer(server.url) if elsewhere else server
            for number in numbers:
                projects = Projects(cast("pytest.Item", Item(number, tmp_path)), maker, run)
                project = projects()
                if number % 50 == 0:  # the others would only take longer
                    backup = {"backup": {"name": "nightly", "instance": project.instances[0].node_id}}
                    assert session.post(f"{project.v1_url}/backups", json=backup, timeout=10).status_code == 200
                    project.faults.add(operation="list_instances", latency=0.001)
                    assert session.get(f"{project.v1_url}/instances", timeout=10).status_code == 200
                projects.check()
                projects.close()

        many = MANY // 10 if elsewhere else MANY
        tests(range(FEW if not elsewhere else 50))
        before = live()
        tests(range(many))
        after = live()

        assert len(server.simulator.projects) == 1
        assert after - before < many  # one object left of each test would be as many
