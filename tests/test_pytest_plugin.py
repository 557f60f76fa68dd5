"""The plugin, in pytest runs of their own."""

import textwrap
from collections.abc import Iterator

import pytest

from mockrds import MockRDS

CREATE = """
    import json, urllib.request

    def create(project, name="nightly"):
        body = json.dumps({"backup": {"name": name, "instance": project.instances[0].node_id}}).encode()
        request = urllib.request.Request(
            f"{project.v1_url}/backups", body, {"X-Auth-Token": project.token, "Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["backup"]
"""


def run(pytester: pytest.Pytester, code: str, *options: str) -> pytest.RunResult:
    pytester.makeconftest(textwrap.dedent(CREATE))
    pytester.makepyfile("from conftest import create\n" + textwrap.dedent(code))
    if "no:asyncio" not in options:
        pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    return pytester.runpytest_subprocess("-W", "error", *options)


TWO_TESTS = """
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
"""


@pytest.mark.parametrize("options", [[], ["-n", "2"], ["-p", "no:asyncio", "-p", "no:aiohttp", "-p", "no:anyio"]])
def test_sync_tests(pytester: pytest.Pytester, options: list[str]) -> None:
    run(pytester, TWO_TESTS, *options).assert_outcomes(passed=7)


def test_async_tests_and_a_client_that_blocks_its_loop(pytester: pytest.Pytester) -> None:
    code = """
        import aiohttp
        from mockrds import MockRDS

        async def test_aiohttp(mockrds):
            async with aiohttp.ClientSession(headers={"X-Auth-Token": mockrds.token}) as client:
                backup = {"name": "nightly", "instance": mockrds.instances[0].node_id}
                async with client.post(f"{mockrds.v1_url}/backups", json={"backup": backup}) as answer:
                    assert answer.status == 200

        async def test_blocking(mockrds):
            create(mockrds)

        async def test_embedded_on_the_loop():
            async with MockRDS() as mock, aiohttp.ClientSession() as client:
                async with client.get(f"{mock.url}/rds/") as answer:
                    assert answer.status == 200
    """

    run(pytester, code, "-o", "asyncio_mode=auto").assert_outcomes(passed=3)


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_the_client_of_pytest_aiohttp_reaches_the_project(pytester: pytest.Pytester, mode: str) -> None:
    code = """
        import pytest

        @pytest.mark.asyncio
        async def test_client(mockrds_client, mockrds):
            backup = {"name": "nightly", "instance": mockrds.instances[0].node_id}
            path = f"/rds/v1/{mockrds.id}/backups"
            answer = await mockrds_client.post(path, json={"backup": backup}, headers={"X-Auth-Token": "any"})
            assert answer.status == 200
            assert [backup.name for backup in mockrds.backups] == ["nightly"]
    """

    run(pytester, code, "-o", f"asyncio_mode={mode}").assert_outcomes(passed=1)


def test_an_error_inside_the_mock_fails_the_test(pytester: pytest.Pytester) -> None:
    code = """
        import urllib.error, pytest
        from mockrds.domain.world import World

        def test_it(mockrds, monkeypatch):
            monkeypatch.setattr(World, "create_manual_backup", lambda *a, **k: 1 / 0)
            with pytest.raises(urllib.error.HTTPError, match="500"):
                create(mockrds)
    """

    result = run(pytester, code)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*MOCKRDS_REPLAY=1.*", "*ZeroDivisionError*"])


FAILING = """
    import pytest

    @pytest.fixture
    def orders(mockrds):
        mockrds.clock.set("frozen@2026-01-31T22:00:00Z")
        return mockrds

    def test_it(orders):
        assert orders.replay == "a token"

    def test_without():
        assert False

    def test_that_passes(mockrds):
        pass
"""


def test_a_failing_test_tells_how_to_run_it_again(pytester: pytest.Pytester) -> None:
    result = run(pytester, FAILING, "-p", "no:randomly")

    result.assert_outcomes(passed=1, failed=2)
    lines = result.stdout.lines
    (token,) = {line.removeprefix("MOCKRDS_REPLAY=") for line in lines if line.startswith("MOCKRDS_REPLAY=")}
    assert sum(" mockrds -" in line for line in lines) == 1
    assert MockRDS(replay=token).simulator.default.name.startswith("eu-de_test")


def test_projects_of_finished_tests_are_freed(pytester: pytest.Pytester) -> None:
    code = """
        import pytest

        @pytest.mark.parametrize("i", range(20))
        def test_each(mockrds, mockrds_server, i):
            assert len(mockrds_server.simulator.tenants) == 2  # the default project and this one
    """

    run(pytester, code).assert_outcomes(passed=20)


# A server that is there already


@pytest.fixture
def shared() -> Iterator[MockRDS]:
    with MockRDS() as mock:
        yield mock


@pytest.mark.parametrize("options", [[], ["-n", "2"]])
def test_tests_use_a_server_that_is_there(pytester: pytest.Pytester, shared: MockRDS, options: list[str]) -> None:
    code = (
        TWO_TESTS
        + f"""
    def test_it_is_that_one(mockrds, mockrds_server):
        assert mockrds_server.url == {shared.url!r}
        assert type(mockrds).__name__ == "RemoteProject"
    """
    )

    run(pytester, code, f"--mockrds-url={shared.url}/", *options).assert_outcomes(passed=8)

    assert [tenant.name for tenant in shared.simulator.tenants.values()] == ["eu-de"]


def test_a_run_elsewhere_imports_no_server(pytester: pytest.Pytester, shared: MockRDS) -> None:
    code = """
        import sys

        def test_it(mockrds):
            assert mockrds.instances
            assert {"mockrds.server", "mockrds.web", "pydantic", "yaml"} & set(sys.modules) == set()
    """

    run(pytester, code, f"--mockrds-url={shared.url}", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_the_server_may_stand_in_the_settings(pytester: pytest.Pytester, shared: MockRDS) -> None:
    pytester.makepyprojecttoml(f"""
        [tool.pytest.ini_options]
        mockrds_url = "{shared.url}"
    """)
    pytester.makepyfile(
        "def test_it(mockrds_server, pytestconfig): assert pytestconfig.getini('mockrds_url') == mockrds_server.url"
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize("by_option", [True, False])
def test_a_server_that_others_can_reach_is_given_its_token(
    pytester: pytest.Pytester, shared: MockRDS, monkeypatch: pytest.MonkeyPatch, by_option: object
) -> None:
    shared.simulator.control_token = "s3cret"
    code = "def test_it(mockrds): assert mockrds.instances"
    if not by_option:
        monkeypatch.setenv("MOCKRDS_CONTROL_TOKEN", "s3cret")

    options = ["--mockrds-token=s3cret"] if by_option else []
    run(pytester, code, f"--mockrds-url={shared.url}", *options).assert_outcomes(passed=1)

    monkeypatch.delenv("MOCKRDS_CONTROL_TOKEN", raising=False)
    result = run(pytester, code, f"--mockrds-url={shared.url}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["--mockrds-token: this server can be reached from other machines: send *"])


def test_a_server_that_is_not_there_is_told(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(mockrds): pass", "--mockrds-url=http://127.0.0.1:1")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["--mockrds-url: no mockrds answers at http://127.0.0.1:1: *refused"])


def test_a_failing_test_elsewhere_tells_how_to_run_it_again(pytester: pytest.Pytester, shared: MockRDS) -> None:
    result = run(pytester, FAILING, f"--mockrds-url={shared.url}", "-n", "2")

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["MOCKRDS_REPLAY=1.*"])


def test_a_failing_test_that_stopped_its_server_is_told_as_well(pytester: pytest.Pytester) -> None:
    code = """
        import pytest
        from mockrds import MockRDS
        from mockrds.client import RemoteServer

        @pytest.fixture
        def mock():
            with MockRDS() as mock:
                yield mock

        @pytest.fixture
        def mockrds_server(mock):
            return RemoteServer(mock.url)

        def test_it(mockrds, mock):
            mock.__exit__()
            assert False
    """

    result = run(pytester, code)

    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["no replay token: no mockrds answers at *"])


def test_an_error_inside_the_mock_elsewhere_fails_the_test(
    pytester: pytest.Pytester, shared: MockRDS, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockrds.domain.world.World.create_manual_backup", lambda *_, **__: 1 / 0)
    code = """
        import urllib.error, pytest

        def test_it(mockrds):
            with pytest.raises(urllib.error.HTTPError, match="500"):
                create(mockrds)
    """

    result = run(pytester, code, f"--mockrds-url={shared.url}")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*MOCKRDS_REPLAY=1.*", "*ZeroDivisionError*"])


def test_the_client_of_pytest_aiohttp_needs_a_server_of_its_own(pytester: pytest.Pytester, shared: MockRDS) -> None:
    code = """
        async def test_it(mockrds_client):
            pass
    """

    result = run(pytester, code, f"--mockrds-url={shared.url}", "-o", "asyncio_mode=auto")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["mockrds_client serves on the test's own loop: it does not go with --mockrds-url"])


def test_a_run_that_does_not_use_the_plugin_imports_no_server(pytester: pytest.Pytester) -> None:
    # Faker and pytest-aiohttp bring plugins that import their packages, with or without us.
    code = """
        import sys

        def test_it():
            assert {"aiohttp", "faker", "asyncio", "orjson", "pydantic"} & set(sys.modules) == set()
            assert "mockrds.pytest_plugin" in sys.modules
    """
    pytester.makepyfile(textwrap.dedent(code))

    result = pytester.runpytest_subprocess(
        *(f"-pno:{name}" for name in ("faker", "aiohttp", "asyncio", "anyio", "randomly", "xdist", "hypothesispytest")),
        "-pno:timeout",
        "-pno:schemathesis",
    )

    result.assert_outcomes(passed=1)
