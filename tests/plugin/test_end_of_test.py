"""What fails a test that did not notice it by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.inner_pytest import outcomes, run

if TYPE_CHECKING:
    import pytest

UNUSED = """
    import urllib.error
    import pytest

    BUSY = dict(operation="create_manual_backup", error="RDS.0011")

    def test_sync(mockrds):
        mockrds.faults.add(**BUSY)

    async def test_async(mockrds):
        mockrds.faults.add(**BUSY)

    @pytest.mark.parametrize("name", ["nightly", "weekly"])
    def test_parametrized(mockrds, name):
        mockrds.faults.add(**BUSY, match={"body": {"/backup/name": "nightly"}})
        try:
            create(mockrds, name)
        except urllib.error.HTTPError:
            pass

    def test_sequence(mockrds):
        mockrds.faults.add(operation="create_manual_backup", sequence=["ok", 503, 504])
        create(mockrds)

    def test_of_another_project(mockrds_factory):
        mockrds_factory()
        mockrds_factory(seed=7).faults.add(**BUSY, name="busy")

    def test_used(mockrds):
        mockrds.faults.add(**BUSY)
        with pytest.raises(urllib.error.HTTPError):
            create(mockrds)

    def test_taken_back(mockrds):
        mockrds.faults.add(**BUSY)
        mockrds.faults.clear()

    def test_by_chance(mockrds):
        mockrds.faults.add(**BUSY, probability=0.5)

    @pytest.mark.mockrds(unused="all")
    def test_by_chance_all(mockrds):
        mockrds.faults.add(**BUSY, probability=0.5)

    @pytest.mark.mockrds(scenario="busy.yaml")
    class TestScenario:
        def test_of_a_scenario(self, mockrds):
            pass

        @pytest.mark.mockrds(unused="all")
        def test_of_a_scenario_all(self, mockrds):
            pass

    @pytest.mark.mockrds(unused="off")
    class TestOff:
        def test_off(self, mockrds):
            mockrds.faults.add(**BUSY)

        @pytest.mark.mockrds(unused=True)
        def test_on_again(self, mockrds):
            mockrds.faults.add(**BUSY)

    @pytest.mark.mockrds(unused=False)
    def test_false(mockrds):
        mockrds.faults.add(**BUSY)

    @pytest.mark.xfail(strict=True)
    def test_expected(mockrds):
        mockrds.faults.add(**BUSY)

    @pytest.mark.xfail(raises=ZeroDivisionError, strict=True)
    def test_something_else_expected(mockrds):
        mockrds.faults.add(**BUSY)

    def test_skipped(mockrds):
        mockrds.faults.add(**BUSY)
        pytest.skip("late")

    def test_fails_by_itself(mockrds):
        mockrds.faults.add(**BUSY)
        assert mockrds.url == "elsewhere"
"""


def test_an_armed_fault_that_never_fired_fails_the_test(pytester: pytest.Pytester, where: list[str]) -> None:
    pytester.makefile(".yaml", busy="faults:\n  - {operation: delete_manual_backup, error: RDS.3016}\n")

    result = run(pytester, UNUSED, "-rA", "-oasyncio_mode=auto", "-pno:randomly", *where)

    assert outcomes(result) == {
        "test_sync": "failed",
        "test_async": "failed",
        "test_parametrized[nightly]": "passed",
        "test_parametrized[weekly]": "failed",
        "test_sequence": "failed",
        "test_of_another_project": "failed",
        "test_used": "passed",
        "test_taken_back": "passed",
        "test_by_chance": "passed",
        "test_by_chance_all": "failed",
        "test_of_a_scenario": "passed",
        "test_of_a_scenario_all": "failed",
        "test_off": "passed",
        "test_on_again": "failed",
        "test_false": "passed",
        "test_expected": "xfail",
        "test_something_else_expected": "failed",
        "test_fails_by_itself": "failed",
    }
    result.assert_outcomes(passed=7, failed=10, xfailed=1, skipped=1)
    assert "errors" not in result.parseoutcomes()
    file = "test_an_armed_fault_that_never_fired_fails_the_test.py"
    lines = [line.strip() for line in result.outlines]
    add = next(n for n, line in enumerate(UNUSED.splitlines(), 1) if "test_sync" in line) + 2
    assert f'{file}:{add}: fault 1 {{"operation": "create_manual_backup", "error": "RDS.0011"}}' in lines
    assert "no call of create_manual_backup came while it was armed; the journal has: nothing" in lines
    assert "of 1 call of create_manual_backup, none matched it" in lines
    assert "call 1, v1.create_manual_backup: body /backup/name is 'weekly', not 'nightly'" in lines
    assert "it took 1 of the 3 steps of its sequence" in lines
    assert any(line.startswith("busy.yaml:2:5: fault 1 {") for line in lines)
    result.stdout.fnmatch_lines(["E*assert*'elsewhere'*", "armed faults that did not do all *"])


HANGING = """
    import threading, urllib.error
    import pytest

    @pytest.fixture
    def send(mockrds):
        threads = []

        def send(timeout=30):
            mockrds.faults.add(operation="create_manual_backup", latency="1m")
            threads.append(threading.Thread(target=attempt, args=(timeout,)))
            threads[-1].start()
            while not mockrds.in_flight:
                pass
            return threads[-1]

        def attempt(timeout):
            try:
                create(mockrds, timeout=timeout)
            except OSError:
                pass

        yield send
        mockrds.reset()  # ends what hangs
        for thread in threads:
            thread.join()

    def test_hangs(send):
        send()

    @pytest.mark.filterwarnings("default::mockrds.pytest_plugin.MockrdsWarning")
    def test_warns(send):
        send()

    @pytest.mark.filterwarnings("ignore::mockrds.pytest_plugin.MockrdsWarning")
    def test_ignored(send):
        send()

    @pytest.mark.mockrds(hanging=False)
    def test_off(send):
        send()

    def test_the_client_has_left(send):
        send(timeout=0.2).join()
"""


def test_a_request_that_hangs_at_the_end_is_a_warning(pytester: pytest.Pytester, where: list[str]) -> None:
    result = run(pytester, HANGING, "-rA", *where)

    assert outcomes(result) == {
        "test_hangs": "failed",
        "test_warns": "passed",
        "test_ignored": "passed",
        "test_off": "passed",
        "test_the_client_has_left": "passed",
    }
    result.assert_outcomes(passed=4, failed=1, warnings=1)
    told = "call 1, v1.create_manual_backup, still waits for its answer since 20*Z (fault: fault 1)"
    result.stdout.fnmatch_lines([f"*MockrdsWarning: *::test_hangs: {told}"])
    result.stdout.fnmatch_lines([f"*MockrdsWarning: *::test_warns: {told}"])


HANGING_ON_THE_LOOP = """
    import asyncio, pytest

    async def ask(client, project):
        project.faults.add(operation="create_manual_backup", latency="1m")
        await client.post(f"/rds/v1/{project.id}/backups", json={}, headers={"X-Auth-Token": "any"})

    async def wait(client, project):
        task = asyncio.ensure_future(ask(client, project))
        while not project.in_flight:
            await asyncio.sleep(0)
        return task

    async def test_left(mockrds_client, mockrds):
        task = await wait(mockrds_client, mockrds)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_hangs(mockrds_client, mockrds):
        task = await wait(mockrds_client, mockrds)
        task.add_done_callback(lambda task: task.exception())
"""


def test_a_request_that_hangs_on_the_loop_of_the_test_is_told(pytester: pytest.Pytester) -> None:
    result = run(pytester, HANGING_ON_THE_LOOP, "-Wdefault", "-rA", "-oasyncio_mode=auto")

    assert outcomes(result) == {"test_left": "passed", "test_hangs": "passed"}
    result.stdout.fnmatch_lines(["*MockrdsWarning: *::test_hangs: call 1, v1.create_manual_backup, still waits *"])
    assert "::test_left: call" not in result.stdout.str()


BROKEN = """
    import urllib.error, urllib.request
    import pytest

    def fail(project):
        with pytest.raises(urllib.error.HTTPError, match="500"):
            create(project)

    def test_meets_it(mockrds):
        fail(mockrds)

    @pytest.fixture
    def late(mockrds):
        yield
        fail(mockrds)

    def test_meets_it_at_its_end(late):
        pass

    def test_fails_for_it(mockrds):
        create(mockrds)

    @pytest.mark.mockrds(errors=False)
    def test_off(mockrds):
        fail(mockrds)

    def test_asks_for_a_token(mockrds):
        with pytest.raises(urllib.error.HTTPError, match="500"):
            urllib.request.urlopen(urllib.request.Request(f"{mockrds.auth_url}/auth/tokens", b"{}"))

    @pytest.mark.xfail(strict=True)
    def test_expected(mockrds):
        fail(mockrds)

    @pytest.mark.xfail(raises=urllib.error.HTTPError, strict=True)
    def test_its_own_error_expected(mockrds):
        create(mockrds)
"""


def test_an_error_inside_the_mock_fails_the_test(
    pytester: pytest.Pytester, where: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    patch = """
        import mockrds.domain.world
        mockrds.domain.world.World.create_manual_backup = lambda *_, **__: 1 / 0
        import mockrds.api.iam
        mockrds.api.iam._read = lambda *_: 1 / 0
    """
    monkeypatch.setattr("mockrds.api.iam._read", lambda *_: 1 / 0)
    monkeypatch.setattr("mockrds.domain.world.World.create_manual_backup", lambda *_, **__: 1 / 0)

    result = run(pytester, BROKEN, "-rA", "--show-capture=no", *where, conftest="" if where else patch)

    assert outcomes(result) == {
        "test_meets_it": "failed",
        "test_meets_it_at_its_end": "passed error",
        "test_fails_for_it": "failed",
        "test_off": "passed",
        "test_asks_for_a_token": "passed" if where else "failed",  # others may have met it on a shared server
        "test_expected": "xfail",
        "test_its_own_error_expected": "xfail",
    }
    result.stdout.fnmatch_lines(["*mockrds itself failed*", "*MOCKRDS_REPLAY=1.*", "*ZeroDivisionError*"])
