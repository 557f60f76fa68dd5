"""Test runs on a server that is there already, and that others use, too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest
from support.inner_pytest import CONFTEST, outcomes, run

if TYPE_CHECKING:
    from mockrds import MockRDS

MANY = """
    import os, pytest

    @pytest.mark.parametrize("i", range(40))
    def test_each(mockrds, mockrds_factory, i):
        projects = mockrds, mockrds_factory(seed=i)
        for project in projects:
            assert (len(project.journal), project.backups) == (0, ())
            assert create(project, f"backup-{i}")["status"] == "BUILDING"
        for project in projects:
            assert [backup.name for backup in project.backups] == [f"backup-{i}"]
            project.journal.assert_called("create_manual_backup", times=1)

    @pytest.mark.xdist_group("crash")
    def test_crash(mockrds, mockrds_server):
        mockrds_server.project()
        create(mockrds)
        os._exit(1)

    def test_it_is_that_one(mockrds, mockrds_server):
        assert type(mockrds).__name__ == "RemoteProject"
        assert mockrds.url == mockrds_server.url == os.environ["SHARED"]
"""


def names(server: MockRDS) -> list[str]:
    return [project.name for project in server.simulator.projects.values()]


def test_eight_workers_one_of_which_crashes(
    pytester: pytest.Pytester, shared: MockRDS, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = shared.project("eu-de_of-somebody-else")
    other.faults.add(operation="create_manual_backup", error="RDS.0011")
    monkeypatch.setenv("SHARED", shared.url)

    result = run(pytester, MANY, f"--mockrds-url={shared.url}/", "-n8", "-rA", "-pno:timeout")

    found = outcomes(result)
    assert {name for name, outcome in found.items() if outcome != "passed"} == {"test_crash"}
    result.assert_outcomes(passed=41, failed=1)
    assert names(shared) == ["eu-de", "eu-de_of-somebody-else"]
    assert len(other.faults.armed) == 1


def test_ctrl_c_in_a_test_that_hangs(pytester: pytest.Pytester, shared: MockRDS) -> None:
    pytester.makeconftest(textwrap.dedent(CONFTEST))
    pytester.makepyfile("""
        from conftest import create

        def test_it(mockrds, mockrds_server):
            mockrds_server.project()
            mockrds.faults.add(operation="create_manual_backup", fault="timeout")
            create(mockrds, timeout=60)
    """)
    command = [sys.executable, "-m", "pytest", "-Werror", "-pno:schemathesis", "-pno:asyncio", "-pno:aiohttp"]
    command.append(f"--mockrds-url={shared.url}")
    run = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.PIPE, text=True)
    while not any(project.in_flight for project in tuple(shared.simulator.projects.values())):
        assert run.poll() is None
        time.sleep(0.01)
    began = time.monotonic()

    os.kill(run.pid, signal.SIGINT)
    told, _ = run.communicate(timeout=30)

    assert (run.returncode, "KeyboardInterrupt" in told) == (pytest.ExitCode.INTERRUPTED, True)
    assert time.monotonic() - began < 10
    assert names(shared) == ["eu-de"]


def test_the_server_may_stand_in_the_settings(pytester: pytest.Pytester, shared: MockRDS) -> None:
    code = "def test_it(mockrds_server, pytestconfig): assert pytestconfig.getini('mockrds_url') == mockrds_server.url"

    run(pytester, code, ini=f"mockrds_url = {shared.url}").assert_outcomes(passed=1)


@pytest.mark.parametrize("by_option", [True, False])
def test_a_server_that_others_can_reach_is_given_its_token(
    pytester: pytest.Pytester, shared: MockRDS, monkeypatch: pytest.MonkeyPatch, by_option: object
) -> None:
    shared.simulator.control_token = "s3cret"
    if not by_option:
        monkeypatch.setenv("MOCKRDS_CONTROL_TOKEN", "s3cret")
    options = ["--mockrds-token=s3cret"] if by_option else []

    result = run(pytester, "def test_it(mockrds): assert mockrds.instances", f"--mockrds-url={shared.url}", *options)

    result.assert_outcomes(passed=1)


def test_a_server_that_can_not_be_used_is_told(pytester: pytest.Pytester, shared: MockRDS) -> None:
    shared.simulator.control_token = "s3cret"
    for url, told in (
        (
            shared.url,
            "--mockrds-token: other machines can reach this server, so it demands *",
        ),
        ("http://127.0.0.1:1", "--mockrds-url: no mockrds answers at http://127.0.0.1:1: *refused"),
    ):
        result = run(pytester, "def test_it(mockrds): pass", f"--mockrds-url={url}")

        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"ERROR: {told}"])
        assert "mockrds/pytest_plugin" not in result.stdout.str() + result.stderr.str()


def test_the_client_of_pytest_aiohttp_needs_a_server_of_its_own(pytester: pytest.Pytester, shared: MockRDS) -> None:
    code = """
        async def test_it(mockrds_client):
            pass
    """

    result = run(pytester, code, f"--mockrds-url={shared.url}", "-oasyncio_mode=auto")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["mockrds_client serves on the test's own loop: it does not go with --mockrds-url"])
