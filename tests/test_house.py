"""The house rules that a reader would otherwise have to check by eye."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import mockrds

ROOT = Path(__file__).parent.parent


def test_imports_point_downwards_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)  # it would silence the loggers of other tests

    assert lint_imports(no_cache=True) == 0


def test_all_public_names_are_there() -> None:
    assert [name for name in mockrds.__all__ if not hasattr(mockrds, name)] == []
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = mockrds.Nothing


def _modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.slow
def test_importing_the_package_or_the_plugin_imports_no_server() -> None:
    loaded = _modules_after("import mockrds, mockrds.pytest_plugin, mockrds.cli")

    assert loaded & {"aiohttp", "asyncio", "faker", "orjson", "pydantic", "yaml"} == set()


@pytest.mark.slow
def test_a_server_without_scenario_files_imports_neither_faker_nor_pydantic() -> None:
    loaded = _modules_after("from mockrds import MockRDS\nwith MockRDS() as mock: mock.project()")

    assert "aiohttp" in loaded
    assert loaded & {"faker", "pydantic", "yaml", "mockrds.verdict.findings", "mockrds.report.record"} == set()


def test_no_file_of_the_package_is_too_long_to_read() -> None:
    tables = {"errors.py", "operations.py"}
    lengths = {
        path.name: len(path.read_text().splitlines())
        for path in (ROOT / "mockrds").rglob("*.py")
        if path.name not in tables
    }

    assert {name: length for name, length in lengths.items() if length > 600} == {}


def test_docstrings_say_return_and_raise() -> None:
    """As the standard library's and Google's do; "Tell" and "Give" leave open whether something is returned."""
    sources = [(path, ast.parse(path.read_text())) for path in (ROOT / "mockrds").rglob("*.py")]

    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, tree in sources
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (ast.get_docstring(node) or "").split(" ")[0] in ("Tell", "Tells", "Give", "Gives")
    ]
    assert wrong == []


PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_links_in_the_docs_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]+))?\)", page.read_text())

    broken = [
        f"{target}#{heading}"
        for target, heading in links
        if not (page.parent / target).exists()
        or (heading and heading not in _headings(page.parent / target if target else page))
    ]
    assert broken == []


def _headings(page: Path) -> set[str]:
    """The names by which links reach the headings of a page."""
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    }
