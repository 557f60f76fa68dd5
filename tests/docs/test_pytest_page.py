"""The examples of docs/pytest.md run, and its tables are whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mockrds.pytest_plugin.settings import Settings

if TYPE_CHECKING:
    import pytest
from support.inner_pytest import run_pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "pytest.md").read_text()


def _example(kind: str) -> str:
    (code,) = re.findall(rf"<!-- test: {kind} -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    return str(code)


def test_the_examples_pass(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(_example("conftest"))
    pytester.makepyfile(_example("pytest"))

    result = run_pytest(pytester, "-Werror", "-pno:schemathesis", "-pno:asyncio", "-pno:aiohttp")

    result.assert_outcomes(passed=3)


def test_every_key_of_the_marker_is_told() -> None:
    marker = PAGE.partition("## Marker")[2].partition("## ")[0]

    assert re.findall(r"^\| `(\w+)` \|", marker, re.MULTILINE) == list(Settings._fields)


def test_every_key_of_the_marker_stands_in_the_readme() -> None:
    marker = (ROOT / "README.md").read_text().partition("@pytest.mark.mockrds(")[2].partition("\n\n")[0]

    assert [key for key in Settings._fields if f"{key}=" not in marker] == []
