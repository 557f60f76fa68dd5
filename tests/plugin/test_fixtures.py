"""A cloud for each test, whatever else runs the tests."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest
from support.inner_pytest import outcomes, run

if TYPE_CHECKING:
    from mockrds import MockRDS

SYNC = """
    import unittest
    import pytest

    @pytest.mark.parametrize("i", range(6))
    def test_each_test_has_a_cloud_of_its_own(mockrds, i):
        assert create(mockrds)["status"] == "BUILDING"
        assert [backup.name for backup in mockrds.backups] == ["nightly"]
        mockrds.journal.assert_called("create_manual_backup", times=1)

    def test_the_server_is_shared(mockrds, mockrds_server):
        assert mockrds.url == mockrds_server.url
        other = mockrds_server.project()
        assert other.id != mockrds.id
        assert other.instances[0].node_id != mockrds.instances[0].node_id

    def test_finished_tests_leave_nothing(mockrds, mockrds_server):
        others = {project.name for project in mockrds_server.simulator.projects.values()} - {"eu-de", mockrds.name}
        assert all(name.startswith("eu-de_test0") or len(name) == 22 for name in others)  # of mockrds_server.project()

    @pytest.mark.usefixtures("mockrds")
    class TestOld(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def cloud(self, mockrds):
            self.cloud = mockrds

        def test_good(self):
            create(self.cloud)

        @unittest.expectedFailure
        def test_bad(self):
            self.cloud.faults.add(operation="create_manual_backup", error="RDS.0011")
            self.fail()
"""


def test_without_any_other_plugin(pytester: pytest.Pytester) -> None:
    others = ("asyncio", "aiohttp", "anyio", "faker", "randomly", "xdist", "timeout")

    run(pytester, SYNC, *(f"-pno:{name}" for name in others)).assert_outcomes(passed=9, xfailed=1)


ASYNC = """
    import aiohttp, pytest
    from mockrds import MockRDS

    pytestmark = pytest.mark.asyncio

    async def test_aiohttp(mockrds):
        async with aiohttp.ClientSession(headers={"X-Auth-Token": mockrds.token}) as client:
            backup = {"name": "nightly", "instance": mockrds.instances[0].node_id}
            async with client.post(f"{mockrds.v1_url}/backups", json={"backup": backup}) as answer:
                assert answer.status == 200

    async def test_a_client_that_blocks_the_loop(mockrds):
        create(mockrds)

    async def test_an_armed_fault(mockrds):
        mockrds.faults.add(operation="create_manual_backup", error="RDS.0011")

    async def test_embedded_on_the_loop():
        async with MockRDS() as mock, aiohttp.ClientSession() as client:
            async with client.get(f"{mock.url}/rds/") as answer:
                assert answer.status == 200

    async def test_the_client_of_pytest_aiohttp(mockrds_client, mockrds):
        backup = {"name": "nightly", "instance": mockrds.instances[0].node_id}
        path = f"/rds/v1/{mockrds.id}/backups"
        answer = await mockrds_client.post(path, json={"backup": backup}, headers={"X-Auth-Token": "any"})
        assert answer.status == 200
        assert [backup.name for backup in mockrds.backups] == ["nightly"]
"""


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_with_pytest_asyncio_and_pytest_aiohttp(pytester: pytest.Pytester, mode: str) -> None:
    result = run(pytester, ASYNC, f"-oasyncio_mode={mode}", "-rA")

    assert outcomes(result) == {
        "test_aiohttp": "passed",
        "test_a_client_that_blocks_the_loop": "passed",
        "test_an_armed_fault": "failed",
        "test_embedded_on_the_loop": "passed",
        "test_the_client_of_pytest_aiohttp": "passed",
    }


def test_with_anyio(pytester: pytest.Pytester) -> None:
    code = """
        import pytest

        pytestmark = pytest.mark.anyio

        @pytest.fixture(params=["asyncio"])
        def anyio_backend(request):
            return request.param

        async def test_good(mockrds):
            create(mockrds)

        async def test_an_armed_fault(mockrds):
            mockrds.faults.add(operation="create_manual_backup", error="RDS.0011")
    """

    run(pytester, code, "-pno:asyncio", "-pno:aiohttp").assert_outcomes(passed=1, failed=1)


def test_a_test_has_the_same_cloud_in_each_run_whatever_ran_before(pytester: pytest.Pytester) -> None:
    code = """
        import pathlib, pytest

        @pytest.mark.parametrize("i", range(5))
        def test_it(mockrds, mockrds_factory, i):
            more = mockrds_factory()
            with pathlib.Path("ids.txt").open("a") as file:
                print(i, mockrds.id, mockrds.instances[0].node_id, create(mockrds)["id"], more.id, file=file)
    """
    runs = []
    for options in (["-p", "no:randomly"], ["-p", "randomly"]):
        run(pytester, code, *options).assert_outcomes(passed=5)
        runs.append(sorted((pytester.path / "ids.txt").read_text().splitlines()))
        (pytester.path / "ids.txt").unlink()

    assert runs[0] == runs[1]
    assert len({word for line in runs[0] for word in line.split()[1:]}) == 20


def test_a_test_that_is_run_again(pytester: pytest.Pytester) -> None:
    """As pytest-rerunfailures and flaky do it: setup, call and teardown anew, with the same item."""
    conftest = """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            for _ in range(2):
                reports = runtestprotocol(item, nextitem=nextitem, log=False)
                if not any(report.failed for report in reports):
                    break
            for report in reports:
                item.ihook.pytest_runtest_logreport(report=report)
            return True
    """
    code = """
        runs = []

        def test_flaky(mockrds):
            assert (len(mockrds.journal), mockrds.faults.armed) == (0, ())
            runs.append(mockrds)
            mockrds.faults.add(operation="create_manual_backup", latency="1ms")
            mockrds.finish(create(mockrds)["id"])
            mockrds.faults.add(operation="create_manual_backup", latency="1ms")
            if len(runs) > 1:
                create(mockrds, "weekly")

        def test_bad(mockrds):
            assert False
    """

    result = run(pytester, code, "-pno:randomly", conftest=conftest)

    result.assert_outcomes(passed=1, failed=1)
    assert sum(line.startswith("MOCKRDS_REPLAY=") for line in result.outlines) == 1


def test_hooks_follow_the_projects(pytester: pytest.Pytester, where: list[str]) -> None:
    conftest = """
        told = []

        def pytest_mockrds_scenario(item):
            return [{"faults": [{"operation": "list_instances", "error": "RDS.0005"}]}] if "more" in item.name else None

        def pytest_mockrds_started(item, project):
            told.append(("started", item.name, project.name, len(project.faults.armed)))

        def pytest_mockrds_finished(item, project):
            told.append(("finished", item.name, project.name, len(project.journal)))
    """
    code = """
        import pytest
        from conftest import told

        @pytest.mark.mockrds(scenario="lost-response")
        def test_more(mockrds):
            with pytest.raises(ConnectionError):
                create(mockrds)

        def test_told(mockrds):
            names = [name for *_, name, _ in told]
            assert names[0] == names[1] != names[2] == mockrds.name
            assert [(what, test, n) for what, test, _, n in told] == [
                ("started", "test_more", 2), ("finished", "test_more", 1), ("started", "test_told", 0)
            ]
    """

    run(pytester, code, "-pno:randomly", *where, conftest=conftest).assert_outcomes(passed=2)


def test_a_run_that_does_not_use_the_plugin_imports_no_server(pytester: pytest.Pytester) -> None:
    # Faker and pytest-aiohttp bring plugins that import their packages, with or without us.
    code = """
        import sys

        def test_it():
            assert {"aiohttp", "faker", "asyncio", "orjson", "pydantic"} & set(sys.modules) == set()
            ours = {name for name in sys.modules if name.startswith("mockrds")}
            parts = {"mockrds.pytest_plugin.hooks", "mockrds.pytest_plugin.options"}
            assert ours == {"mockrds", "mockrds.pytest_plugin", "mockrds.version"} | parts
    """
    pytester.makepyfile(textwrap.dedent(code))
    others = (
        "faker",
        "aiohttp",
        "asyncio",
        "anyio",
        "randomly",
        "xdist",
        "hypothesispytest",
        "timeout",
        "schemathesis",
    )

    pytester.runpytest_subprocess(*(f"-pno:{name}" for name in others)).assert_outcomes(passed=1)


def test_a_run_elsewhere_imports_no_server(pytester: pytest.Pytester, shared: MockRDS) -> None:
    code = """
        import sys

        def test_it(mockrds):
            assert mockrds.instances
            assert {"mockrds.server", "mockrds.web", "pydantic", "yaml"} & set(sys.modules) == set()
    """

    run(pytester, code, f"--mockrds-url={shared.url}", fresh=True).assert_outcomes(passed=1)
