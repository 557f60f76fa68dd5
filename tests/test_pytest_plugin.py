"""The plugin, in pytest runs of their own."""

import textwrap

import pytest

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
    result.stdout.fnmatch_lines(["*ZeroDivisionError*"])


def test_projects_of_finished_tests_are_freed(pytester: pytest.Pytester) -> None:
    code = """
        import pytest

        @pytest.mark.parametrize("i", range(20))
        def test_each(mockrds, mockrds_server, i):
            assert len(mockrds_server.simulator.tenants) == 2  # the default project and this one
    """

    run(pytester, code).assert_outcomes(passed=20)


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
    )

    result.assert_outcomes(passed=1)
