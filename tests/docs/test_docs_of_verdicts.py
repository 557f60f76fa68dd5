"""The page about verdicts: its examples run, and its tables are whole."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from support.inner_pytest import run_pytest

from mockrds.verdict import Verdict
from mockrds.verdict.kinds import BackoffKind, FindingKind

if TYPE_CHECKING:
    import pytest

PAGE = (Path(__file__).parent.parent.parent / "docs" / "verdicts.md").read_text()


def example(kind: str) -> str:
    [found] = re.findall(rf"<!-- test: {kind} -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def first_column(heading: str) -> set[str]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([\w-]+)", section, re.MULTILINE))


def test_the_example_of_a_test_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(example("pytest"))
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")

    result = run_pytest(pytester, "-W", "error", "-p", "no:randomly")

    result.assert_outcomes(passed=1)


def test_the_example_of_a_client_runs_and_prints_what_it_says() -> None:
    code = example("python")

    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == code.rpartition("# ")[2].strip()


def test_the_tables_name_all_there_is() -> None:
    assert first_column("Backoff") == set(get_args(BackoffKind))
    assert first_column("Findings") == set(get_args(FindingKind))
    assert first_column("Assertions") == {name for name in dir(Verdict) if name.startswith("assert_")}
