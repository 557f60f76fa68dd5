"""``--mockrds-chaos`` in pytest runs of their own: what becomes of good and bad clients."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from support.chaos_suite import CELLS, FAULTS, SUITE
from support.inner_pytest import run_pytest

from mockrds.scenario_files.loader import library, load
from mockrds.server import MockRDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

load(next(iter(library().values())))  # runs of pytest in this process forget what they are the first to import
LETTERS = {
    ".": "survived", "f": "failed cleanly", "D": "duplicated", "H": "hung", "L": "leaked", "-": "not reached",
    "b": "baseline failed",
}  # fmt: skip


def run(
    pytester: pytest.Pytester, code: str, *options: str, packs: tuple[str, ...] = FAULTS, apart: bool = False
) -> pytest.RunResult:
    pytester.makepyfile(test_suite=code)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nasyncio_mode = auto")
    chaos = (f"--mockrds-chaos={pack}" for pack in packs)
    unneeded = (f"-pno:{name}" for name in ("schemathesis", "hypothesispytest", "faker"))
    options = ("-W", "error", *unneeded, *chaos, *options)
    return run_pytest(pytester, *options) if apart else pytester.runpytest_inprocess(*options)


def matrix(result: pytest.RunResult) -> dict[str, dict[str, str]]:
    """Read the matrix that was printed."""
    lines = result.outlines
    text = lines[next(n for n, line in enumerate(lines) if " mockrds chaos " in line) + 1 :]
    names = {}
    for line in text:
        match = re.fullmatch(r" *(\d+) (\S+) +\d+ .*", line)
        if match:
            names[match[1]] = match[2]
    cells: dict[str, dict[str, str]] = {}
    columns: list[str] = []
    for line in text:
        if re.fullmatch(r"[ \d]+", line):
            columns = [names[number] for number in line.split()]
        elif not line.startswith((" ", ".", "-", "ran ")) and "::" in line and " under " not in line:
            name, *marks = line.rsplit(maxsplit=len(columns))
            cells.setdefault(name.partition("::")[2], {}).update(
                zip(columns, map(LETTERS.__getitem__, marks), strict=True)
            )
        elif line.startswith(("===", "ran without faults")):
            break
    return cells


@pytest.fixture(scope="module")
def shared() -> Iterator[MockRDS]:
    with MockRDS() as mock:
        yield mock


@pytest.mark.parametrize("options", [("-p", "no:randomly"), ("-n", "2")], ids=["alone", "two workers, random order"])
def test_each_kind_of_client_gets_its_cells(
    pytester: pytest.Pytester, options: tuple[str, ...], tmp_path: Path
) -> None:
    report = tmp_path / "report.json"

    result = run(
        pytester, SUITE, "--mockrds-chaos-patience=1.5", f"--mockrds-report={report}", *options, apart="-n" in options
    )

    assert matrix(result) == CELLS
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    # What is serious fails, once, and what failed cleanly is expected to. A leak is known when all fixtures are over,
    # and with the baseline only, which another worker may be busy with.
    counts = Counter(cell for cells in CELLS.values() for cell in cells.values())
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == counts["hung"] + counts["duplicated"]
    assert 0 <= counts["leaked"] - outcomes.get("errors", 0) <= ("-n" in options) * counts["leaked"]
    assert outcomes["xfailed"] == counts["failed cleanly"] + counts["leaked"]
    result.stdout.fnmatch_lines(
        ["*test_takes_another_name?3? under answer-lost: duplicated: *create_manual_backup * made 2 backups*"]
    )
    result.stdout.fnmatch_lines(["*_ test_takes_another_name?3-answer-lost? _*", "duplicated: *", "MOCKRDS_REPLAY=1.*"])
    result.stdout.fnmatch_lines(["*test_waits_for_ever under answer-hangs: hung: call 1, v1.create_manual_backup*"])
    result.stdout.fnmatch_lines(["*_good_day under answer-hangs, answer-lost, list-fails: leaked: 1 backup left*"])
    result.stdout.fnmatch_lines(
        ["*gives_up_at_once under answer-hangs, answer-lost: leaked: 1 backup that the client does not know of; *"]
    )
    result.stdout.fnmatch_lines(["*test_never_ends under reset: hung: it went on and on, *"])
    told = {
        (record["test"].partition("::")[2], record["chaos"]["fault"]): (record["chaos"]["cell"], record["outcome"])
        for record in json.loads(report.read_text())["records"]
    }
    assert told["test_waits_for_ever[answer-hangs]", "answer-hangs"] == ("hung", "failed")
    assert told["test_waits_for_ever[reset]", "reset"] == ("failed cleanly", "skipped")
    assert told["test_waits_for_ever[baseline]", ""] == ("baseline", "passed")


def test_a_run_without_anything_serious_is_a_good_run(pytester: pytest.Pytester, shared: MockRDS) -> None:
    result = run(
        pytester, SUITE, f"--mockrds-url={shared.url}", "-k", "before or gives_up or without", "-x", packs=("reset",)
    )

    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=4, xfailed=1)
    assert matrix(result) == {
        "test_looks_before_it_tries_again": {"reset": "survived"},
        "TestOfAClient::test_gives_up_at_once": {"reset": "failed cleanly"},
    }


def test_a_test_that_fails_and_duplicates_fails_once_with_both_said(pytester: pytest.Pytester) -> None:
    code = """
        import pytest
        from bad_clients import create, WRONG

        def test_it(mockrds):
            for name in ("nightly-0", "nightly-1"):
                try:
                    create(mockrds, name)
                    break
                except WRONG:
                    mockrds.clock.advance(3)
            assert len(mockrds.backups) == 1, "there are two"
    """
    pytester.makepyfile(bad_clients=SUITE)

    result = run(pytester, code, "test_suite.py", packs=("answer-lost",))

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["duplicated: *made 2 backups*", "and the test failed: AssertionError: there are two*"])


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_tests_that_ran_as_they_are_are_named(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    code = """
        import unittest
        import pytest

        class TestOld(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def cloud(self, mockrds):
                self.project = mockrds

            def test_it(self):
                assert self.project.instances

        def test_asks_late(request):
            assert request.getfixturevalue("mockrds").instances

        @pytest.mark.mockrds(chaos=False)
        def test_spared(mockrds):
            pass

        def test_in_the_matrix(mockrds):
            pass

        def test_without():
            pass
    """

    result = run(pytester, code, "-pno:randomly", *options, packs=("reset",), apart=bool(options))

    assert result.ret == 0
    assert matrix(result) == {"test_in_the_matrix": {"reset": "not reached"}}
    told = [line for line in result.outlines if line.startswith("ran without faults")]
    assert told == [
        "ran without faults, since they can't be parametrized, or ask for the fixture when they run: "
        "test_suite.py::TestOld::test_it, test_suite.py::test_asks_late"
    ]


def test_only_tests_that_ran_as_they_are(pytester: pytest.Pytester) -> None:
    code = "def test_asks_late(request): request.getfixturevalue('mockrds')"

    result = run(pytester, code, packs=("reset",))

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*= mockrds chaos =*", "ran without faults, * test_suite.py::test_asks_late"])


def test_faults_are_chosen_by_name_and_a_failing_baseline_is_a_failure(pytester: pytest.Pytester) -> None:
    code = """
        import pytest

        def test_fails(mockrds):
            assert mockrds.name == ""

        @pytest.mark.skip
        def test_skipped(mockrds):
            assert False

        def test_has_a_fault_of_its_own(mockrds):
            mockrds.faults.add(name="own", operation="list_instances", error="RDS.0005")
            mockrds.faults.clear()

        @pytest.mark.mockrds(chaos=False)
        class TestSpared:
            def test_once(self, mockrds):
                pass

            @pytest.mark.mockrds(chaos=True)
            def test_after_all(self, mockrds):
                pass
    """

    chosen = "baseline or quota-reached or once"
    result = run(pytester, code, "-k", chosen, "-p", "no:randomly", packs=("default", "library"))

    result.assert_outcomes(passed=5, failed=1, skipped=3)
    result.stdout.fnmatch_lines(["FAILED *test_fails?baseline? - *"])
    assert matrix(result) == {
        "TestSpared::test_after_all": {"quota-reached": "not reached"},
        "test_fails": {"quota-reached": "baseline failed"},
        "test_has_a_fault_of_its_own": {"quota-reached": "not reached"},
        "test_skipped": {"quota-reached": "not reached"},
    }


def test_async_tests(pytester: pytest.Pytester) -> None:
    code = """
        import aiohttp
        import pytest

        BODY = {"name": "nightly"}

        async def create(client, project, prefix=""):
            body = {"backup": {"name": "nightly", "instance": project.instances[0].node_id}}
            headers = {"X-Auth-Token": project.token}
            async with client.post(f"{prefix}/rds/v1/{project.id}/backups", json=body, headers=headers) as answer:
                assert answer.status == 200
                await answer.json()

        async def test_the_client_of_the_plugin(mockrds_client, mockrds):
            await create(mockrds_client, mockrds)

        async def test_a_client_that_waits_for_ever(mockrds):
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as client:
                await create(client, mockrds, mockrds.url)

        @pytest.mark.anyio
        async def test_anyio(mockrds):
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.3)) as client:
                await create(client, mockrds, mockrds.url)
    """

    result = run(pytester, code, "--mockrds-chaos-patience=1.5", packs=("reset", "answer-hangs"), apart=True)

    hangs = {"reset": "failed cleanly", "answer-hangs": "hung"}
    assert matrix(result) == {
        "test_a_client_that_waits_for_ever": hangs,
        "test_anyio[asyncio]": {"reset": "failed cleanly", "answer-hangs": "leaked"},
        "test_the_client_of_the_plugin": hangs,
    }


def test_fixtures_that_others_use_too_may_take_longer(pytester: pytest.Pytester) -> None:
    code = """
        import time
        import pytest

        @pytest.fixture(scope="session")
        def slow():
            time.sleep(0.6)
            yield
            time.sleep(0.6)

        def test_it(mockrds, slow):
            mockrds.clock.advance(1)
    """

    result = run(pytester, code, "--mockrds-chaos-patience=0.3", "-k", "reset", packs=("reset",))

    result.assert_outcomes(passed=1)


def test_a_test_that_pytest_timeout_breaks_off_has_hung(pytester: pytest.Pytester) -> None:
    options = ("-o", "timeout=1", "-k", "waits_for_ever")

    result = run(pytester, SUITE, *options, packs=("answer-hangs",), apart=True)

    result.assert_outcomes(passed=1, failed=1)
    assert matrix(result) == {"test_waits_for_ever": {"answer-hangs": "hung"}}


def test_scenario_files_and_folders_of_them_are_packs(pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("nights")
    (folder / "short.yaml").write_text("name: short\nlifecycle: {backup: {outcome: FAILED}}\n")
    file = pytester.path / "two.yaml"
    file.write_text(
        "clock: {mode: frozen, at: '2020-01-01T00:00:00Z'}\n"
        "faults:\n  - {operation: list_instances, error: RDS.0005}\n"
        "  - {name: busy instance, operation: list_instances, error: RDS.0011}\n"
    )
    code = """
        import urllib.request

        def test_it(mockrds):
            assert mockrds.clock.now() > 1.7e9  # a test has a clock of its own
            request = urllib.request.Request(f"{mockrds.v1_url}/instances", headers={"X-Auth-Token": mockrds.token})
            with urllib.request.urlopen(request):
                pass
    """

    result = run(pytester, code, packs=("nights", "two.yaml"))

    assert matrix(result) == {
        "test_it": {"short": "survived", "two-1": "failed cleanly", "busy-instance": "failed cleanly"}
    }


def test_a_fault_called_baseline_is_none(pytester: pytest.Pytester) -> None:
    (pytester.path / "baseline.yaml").write_text("lifecycle: {backup: {outcome: FAILED}}\n")
    code = """
        def test_it(mockrds):
            assert False
    """

    result = run(pytester, code, packs=("baseline.yaml",))

    assert matrix(result) == {"test_it": {"baseline-2": "baseline failed"}}


def test_a_fault_of_a_pack_need_not_fire_where_all_of_the_test_must(pytester: pytest.Pytester) -> None:
    code = """
        import pytest

        @pytest.mark.mockrds(unused="all")
        def test_it(mockrds):
            assert mockrds.instances
    """

    result = run(pytester, code, packs=("reset",))

    assert result.ret == 0
    assert matrix(result) == {"test_it": {"reset": "not reached"}}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--mockrds-chaos=defualt"], "ERROR: --mockrds-chaos: no pack 'defualt', did you mean 'default'? (*"),
        (["--mockrds-chaos=lost-respone"], "ERROR: --mockrds-chaos: no pack *, did you mean 'lost-response'? (*"),
        (["--mockrds-chaos", "tests"], "ERROR: --mockrds-chaos: there is no scenario file in the folder tests; if *"),
        (["--mockrds-chaos=bad.yaml"], "ERROR: --mockrds-chaos: bad.yaml:1:1: nam*did you mean 'name'*"),
        (["--mockrds-chaos=other.txt"], "ERROR: --mockrds-chaos: other.txt is no scenario file"),
        (
            ["--mockrds-chaos", "--mockrds-chaos-patience=0"],
            "ERROR: --mockrds-chaos-patience: give a number *above 0, not 0.0",
        ),
    ],
    ids=["pack", "scenario", "folder", "file", "suffix", "patience"],
)
def test_mistakes_are_told(pytester: pytest.Pytester, options: list[str], told: str) -> None:
    (pytester.mkdir("tests") / "test_it.py").touch()
    (pytester.path / "bad.yaml").write_text("nam: x\nfaults: []\n")
    (pytester.path / "other.txt").touch()

    result = run(pytester, "", *options, packs=())

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([told])
