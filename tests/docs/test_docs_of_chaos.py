"""The examples of docs/chaos.md do what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.inner_pytest import run_pytest

from mockrds.chaos_packs import PACKS
from mockrds.strategies import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "chaos.md").read_text()


def block(kind: str) -> tuple[str, str]:
    """Give an example, and the output that is shown after it."""
    found = re.search(rf"<!-- test: {kind} -->\n```python\n(.*?)```.*?```text\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1], found[2]


def test_the_examples(pytester: pytest.Pytester) -> None:
    example, shown = block("chaos")
    command = re.search(r"^pytest (--mockrds-chaos=.*)$", PAGE, re.MULTILINE)
    assert command is not None
    search, least = block("hypothesis")
    pytester.makepyfile(test_backups=example, test_search=search)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    few = ("-pno:randomly", "-pno:schemathesis", "-pno:faker")

    result = run_pytest(pytester, *few, *command[1].split(), "test_backups.py")

    assert shown.rstrip() in "\n".join(line.rstrip() for line in result.outlines)
    assert result.ret == pytest.ExitCode.TESTS_FAILED

    result = run_pytest(pytester, *few, "test_search.py", "-k", "test_one_backup")

    result.assert_outcomes(failed=1)
    assert least.strip() in result.stdout.str()


def test_all_packs_and_kinds_are_named() -> None:
    named = set(re.findall(r"`([a-z]+)`", PAGE))

    assert {*PACKS, *KINDS, "library"} <= named
