"""What the report of a failing test tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.inner_pytest import run

from mockrds import MockRDS

if TYPE_CHECKING:
    import pytest

FAILING = """
    import urllib.error
    import pytest

    @pytest.fixture
    def orders(mockrds):
        mockrds.clock.set("frozen@2026-01-31T22:00:00Z")
        return mockrds

    def test_it(orders):
        orders.faults.add(operation="create_manual_backup", name="busy", error="RDS.0011", times=1)
        orders.faults.add(operation="delete_manual_backup", error="RDS.0011")
        with pytest.raises(urllib.error.HTTPError):
            create(orders)
        orders.clock.advance("2s")
        create(orders)
        orders.clock.advance("1d")
        assert orders.replay == "a token"

    def test_of_many_calls(mockrds):
        with pytest.raises(urllib.error.HTTPError):
            create(mockrds, "4 bad")
        for i in range(51):
            mockrds.faults.clear()
            create(mockrds, f"nightly-{i}")
            mockrds.finish(mockrds.backups[-1].id)
        assert False

    @pytest.fixture
    def broken(mockrds):
        raise RuntimeError("broken")

    def test_that_can_not_begin(broken):
        pass

    def test_without():
        assert False

    def test_that_passes(mockrds):
        pass
"""


ANY_MACHINE = """
    import mockrds.report.timeline
    mockrds.report.timeline._SHORT = 60.0  # how long a call took is not told, however busy the machine is
"""


def test_a_failing_test_tells_what_happened(pytester: pytest.Pytester, where: list[str]) -> None:
    result = run(pytester, FAILING, "-p", "no:randomly", *where, conftest=ANY_MACHINE)

    result.assert_outcomes(passed=1, failed=3, errors=1)
    lines = result.outlines
    assert sum(" mockrds -" in line for line in lines) == 3
    result.stdout.fnmatch_lines(
        [
            "-* mockrds -*",
            "MOCKRDS_REPLAY=1.*",
            "project eu-de_*, id *, seed 0",
            "calls:",
            "(no calls)",
            "backups: none",
            "-* mockrds -*",
            "   1    0.000s  v1.create_manual_backup  -> 409 RDS.0011, fault: busy, new connection",
            "   2    2.0??s  v1.create_manual_backup  -> 200, after *s, new connection",
            "armed faults that did not do all they were armed for:",
            "  test_a_failing_test_tells_what_happened.py:1?: fault 2 *delete_manual_backup*",
            "backups:",
            "  ????????-*  nightly  COMPLETED, of mysql-single",
            "-* mockrds -*",
            "calls:",
            "(the last 50 of 52 calls that are kept)",
            "   3 *s  v1.create_manual_backup  -> 200, after *s, new connection",
            "backups:",
            "  (the last 20 of 51)",
        ],
    )
    token = next(line for line in lines if line.startswith("MOCKRDS_REPLAY="))
    assert MockRDS(replay=token).simulator.default.name.startswith("eu-de_")


def test_a_project_of_which_nothing_can_be_told_does_not_end_the_run(pytester: pytest.Pytester) -> None:
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

        def test_that_fails(mockrds, mock):
            mock.__exit__()
            assert False

        def test_that_passes(mockrds, mock):
            mock.__exit__()
    """

    result = run(pytester, code)

    result.assert_outcomes(failed=2, errors=2)
    result.stdout.fnmatch_lines(["nothing to tell of project eu-de_*: ConnectionError('no mockrds answers at *"])
    result.stdout.fnmatch_lines(["mockrds: no mockrds answers at *"])
    assert "mockrds/pytest_plugin" not in result.stdout.str()


def test_of_many_projects_the_last_are_told(pytester: pytest.Pytester, where: list[str]) -> None:
    code = """
        def test_it(mockrds_factory):
            for _ in range(5):
                create(mockrds_factory())
            assert False
    """

    result = run(pytester, code, *where)

    result.stdout.fnmatch_lines(["(the last 3 of its 5 projects)"])
    assert sum(line.startswith("MOCKRDS_REPLAY=") for line in result.outlines) == 3


MISTAKES = {
    'mockrds.faults.add(operation="create_backup", error="RDS.0011")': (
        "*ScenarioError: fault: operation: unknown operation 'create_backup', did you mean 'create_manual_backup'?"
    ),
    'mockrds.clock.advance("ten hours")': "*ValueError: *'ten hours' is no duration: write *",
    'mockrds.clock.set("sundial")': "*ValueError: 'sundial' is no clock: give *",
    'mockrds.set_status("nobody", "REBOOTING")': "*KeyError: *nobody*",
    'mockrds.set_status(mockrds.instances[0].id, "RESTING")': "*ValueError: *RESTING*",
    'mockrds.finish("nobody")': "*KeyError: *nobody*",
    'mockrds_factory(clock="sundial")': "*clock: 'sundial' is no clock: give *",
    'mockrds_factory(scenaro="lost-response")': "*unknown key 'scenaro', did you mean 'scenario'? (it takes *auth)",
    'mockrds_factory(scenario="lost-respons")': "*did you mean 'lost-response'?*",
    'mockrds_server.project(scenario={"fault": []})': "*ScenarioError: *fault: unknown key, did you mean 'faults'?*",
    'mockrds_server.project(clock="sundial")': "*ValueError: 'sundial' is no clock: give *",
    'mockrds_server.project(auth="lax")': "*ValueError: auth: unknown ?lax? (expected one of: any, strict, off)*",
}


def test_a_mistake_in_a_test_is_shown_where_the_test_makes_it(pytester: pytest.Pytester, where: list[str]) -> None:
    tests = "".join(
        f"\n    def test_{number}(mockrds, mockrds_factory, mockrds_server):\n        {line}\n"
        for number, line in enumerate(MISTAKES)
    )

    result = run(pytester, tests, "-p", "no:randomly", *where)

    result.assert_outcomes(failed=len(MISTAKES))
    for line, told in MISTAKES.items():
        assert f">       {line}" in result.outlines
        result.stdout.fnmatch_lines([f"E  {told}"])
    frames = [line for line in result.outlines if "mockrds/" in line and ".py:" in line]
    assert frames == []
