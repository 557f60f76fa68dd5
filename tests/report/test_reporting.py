"""Reports and coverage of a test session, with the plugin in a pytest of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from support.inner_pytest import run_pytest

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """
import requests, pytest

def ask(project, name="nightly"):
    backup = {"name": name, "instance": project.instances[0].node_id}
    return requests.post(
        f"{project.v1_url}/backups", json={"backup": backup}, headers={"X-Auth-Token": project.token}, timeout=10
    )

def test_good(mockrds):
    assert ask(mockrds).ok

def test_bad(mockrds):
    assert ask(mockrds, "no").ok
"""
WITHOUT = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:hypothesispytest")
SETTINGS = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_suite=SUITE)
    pytester.makeini(SETTINGS)
    return pytester


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return run_pytest(pytester, "-W", "error", *WITHOUT, *options)


def run_here(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-W", "error", *WITHOUT, *options)


def read(path: Path) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(path.read_text())["records"]
    return sorted(records, key=lambda each: str(each["test"]))


def test_workers_send_what_they_saw_and_one_file_has_it_all(suite: pytest.Pytester) -> None:
    kinds = ("html", "json", "xml", "txt")

    result = run(suite, "-n", "2", *(f"--mockrds-report=out/report.{kind}" for kind in kinds))

    result.assert_outcomes(passed=1, failed=1)
    bad, good = read(suite.path / "out" / "report.json")
    assert (bad["test"], bad["outcome"], bad["message"][:12]) == ("test_suite.py::test_bad", "failed", "AssertionErr")
    assert (good["test"], good["outcome"], good["message"]) == ("test_suite.py::test_good", "passed", "")
    assert bad["duration"] > 0
    assert [entry["error"] for entry in bad["entries"]] == ["RDS.5044"]
    assert len(list(ET.parse(suite.path / "out" / "report.xml").iter("testcase"))) == 2
    assert "2 tests with findings" in (suite.path / "out" / "report.txt").read_text()
    assert sorted(path.name for path in (suite.path / "out").iterdir()) == sorted(f"report.{kind}" for kind in kinds)
    result.stdout.fnmatch_lines(["*== mockrds ==*", "test_suite.py::test_*", "calls 2, *", "report: out/report.html"])


def test_the_projects_of_a_test_that_has_several_are_numbered(suite: pytest.Pytester) -> None:
    (suite.path / "test_suite.py").write_text(
        SUITE + "\ndef test_z(mockrds_factory):\n    for _ in range(2):\n        ask(mockrds_factory())\n"
    )

    run_here(suite, "--mockrds-report=report.json", "-k", "good or test_z")

    assert [each["test"] for each in read(suite.path / "report.json")] == [
        "test_suite.py::test_good", "test_suite.py::test_z #1", "test_suite.py::test_z #2",
    ]  # fmt: skip


def test_coverage_is_summed_over_workers_and_over_runs(suite: pytest.Pytester) -> None:
    first = run(suite, "-n", "2", "--mockrds-coverage=met.json")
    first.stdout.fnmatch_lines(["v1.create_manual_backup     1/19      1/7", "coverage: met.json, of 1 run"])

    again = run_here(suite, "-k", "good", "-v", "--mockrds-coverage=met.json", "--mockrds-coverage-fail-under=5")

    assert again.ret == 0
    again.stdout.fnmatch_lines(["    errors not met: *RDS.3004*", "7.7 % of *", "coverage: met.json, of 2 runs"])
    document = json.loads((suite.path / "met.json").read_text())
    assert document["operations"] == {
        "v1.create_manual_backup": {"errors": {"RDS.5044": 1}, "endings": {"answered": 2}}
    }


def test_less_than_is_asked_for_fails_the_run(suite: pytest.Pytester) -> None:
    result = run_here(suite, "-k", "good", "--mockrds-report", "--mockrds-coverage-fail-under=50")

    result.assert_outcomes(passed=1, deselected=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*== mockrds ==*", "calls 1, *", "FAIL: coverage 3.8 % is less than 50 %"])
    assert [path for path in suite.path.iterdir() if path.suffix in (".html", ".json")] == []  # without names: no files


def test_after_an_interruption_the_report_has_what_there_was(suite: pytest.Pytester) -> None:
    (suite.path / "test_suite.py").write_text(
        SUITE + "\ndef test_z(mockrds):\n    ask(mockrds)\n    raise KeyboardInterrupt\n"
    )

    result = run(suite, "--mockrds-report=report.json")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    records = read(suite.path / "report.json")
    assert [(each["test"][-5:], each["outcome"], len(each["entries"])) for each in records] == [
        ("t_bad", "failed", 1), ("_good", "passed", 1), ("est_z", "", 1),
    ]  # fmt: skip
    assert records[2]["message"] == "interrupted"


def test_after_a_crash_of_a_worker_too(suite: pytest.Pytester) -> None:
    (suite.path / "test_suite.py").write_text(SUITE + "\ndef test_z(mockrds):\n    import os\n    os._exit(3)\n")

    run(suite, "-n", "1", "--mockrds-report=report.json")

    assert [each["test"] for each in read(suite.path / "report.json")] == [
        "test_suite.py::test_bad", "test_suite.py::test_good",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--mockrds-report=report.pdf", "*report.pdf: the name of a report ends with one of .json, .html, .xml, .txt"),
        (
            "--mockrds-coverage=test_suite.txt",
            "*test_suite.txt is no coverage of mockrds: remove it, or name another file*",
        ),
        ("--mockrds-coverage-fail-under=101", "*--mockrds-coverage-fail-under: 101 is no percentage"),
    ],
)
def test_mistakes_are_told_before_any_test_runs(suite: pytest.Pytester, option: str, said: str) -> None:
    (suite.path / "test_suite.txt").write_text("precious")

    result = run_here(suite, option)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert "Traceback" not in result.stderr.str()
    assert (suite.path / "test_suite.txt").read_text() == "precious"


def test_a_file_that_cannot_be_written_fails_the_run(suite: pytest.Pytester) -> None:
    (suite.path / "out").write_text("no folder")

    result = run_here(suite, "-k", "good", "--mockrds-report=out/report.html")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["can't write the report out/report.html: *"])
