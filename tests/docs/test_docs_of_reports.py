"""The commands in the page about reports do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "reports.md").read_text()
WITHOUT = ("randomly", "cacheprovider", "schemathesis", "hypothesispytest")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"<!-- test: {kind} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_backup=blocks("suite")[0])
    without = " ".join(f"-p no:{name}" for name in WITHOUT)
    pytester.makeini(f"[pytest]\naddopts = {without}\nasyncio_default_fixture_loop_scope = function\n")
    return pytester


def run(suite: pytest.Pytester, command: str) -> pytest.RunResult:
    name, *options = shlex.split(command, comments=True)
    assert name == "pytest"
    return suite.runpytest_inprocess(*options)


def test_reports(suite: pytest.Pytester) -> None:
    commands = blocks("shell")[0].strip().splitlines()

    told, *written = [run(suite, command) for command in commands]

    told.stdout.fnmatch_lines(["*== mockrds ==*", "calls 2, retries 1, backoff: *"])
    assert [result.ret for result in written] == [0, 0]
    assert {path.name for path in (suite.path / "out").iterdir()} == {"report.html", "report.xml", "report.json"}


def test_coverage(suite: pytest.Pytester) -> None:
    *_, verbose, into, enough = blocks("shell")[1].strip().splitlines()
    table = re.search(r"```\n(operation +errors.*?)```", PAGE, re.DOTALL)
    assert table is not None

    listed, _, summed = [run(suite, command) for command in (verbose, into, enough)]

    listed.stdout.fnmatch_lines(
        ["    errors not met: *RDS.3003*", "    endings not met: *reset*", "not called: *v3.get_job"]
    )
    assert table[1] in summed.stdout.str()
    assert summed.ret == 0
