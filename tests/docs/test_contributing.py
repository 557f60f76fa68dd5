"""What the pages for contributors name is there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / name).read_text() for name in ("CONTRIBUTING.md", "docs/architecture.md")}
FOLDERS = "mockrds|tests|docs|scenarios|examples|benchmarks"


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--help"], ["-h"]])
def test_the_script_says_what_it_does(options: list[str]) -> None:
    done = subprocess.run([sys.executable, ROOT / "dev.py", *options], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("Sets up a virtual environment in .venv ")
    assert done.stderr == ""


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_is_there(page: str) -> None:
    names = set(re.findall(rf"`((?:{FOLDERS})/[\w./-]*|[A-Z]+\.md|dev\.py|\.ci/run)`", PAGES[page]))

    assert len(names) > 8
    assert sorted(name for name in names if not (ROOT / name).exists()) == []


def test_every_module_in_the_drawings_is_there() -> None:
    drawings = "".join(
        re.findall(r"```text\n(.*?)```", PAGES["docs/architecture.md"].partition("## Laws")[0], re.DOTALL)
    )
    names = set(re.findall(r"(?<![\w/])([a-z_]+(?:/[a-z_]+)*(?:\.py|/)(?!\w))", drawings))

    assert {"web/app.py", "journal.py", "domain/world/"} <= names
    assert sorted(name for name in names if not (ROOT / "mockrds" / name).exists()) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_name_is_defined_in_the_file_that_is_said(page: str) -> None:
    named = re.findall(r"`(\w+)`\sin\s+`(mockrds/[\w/]+\.py)`", PAGES[page])

    assert named
    assert [(name, path) for name, path in named if name not in definitions(ROOT / path)] == []


def definitions(file: Path) -> set[str]:
    """The names that a module defines."""
    names = set()
    for statement in ast.parse(file.read_text()).body:
        match statement:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                names.add(name)
            case _:
                pass
    return names


def test_every_folder_of_tests_is_in_the_table_of_what_proves_a_change() -> None:
    table = PAGES["CONTRIBUTING.md"].partition("## What your change touches")[2].partition("\n## ")[0]
    folders = {each.name for each in (ROOT / "tests").iterdir() if any(each.glob("test_*.py"))}

    assert [name for name in folders if f"`tests/{name}" not in table] == []


def test_every_package_is_in_the_table_of_what_proves_a_change() -> None:
    table = PAGES["CONTRIBUTING.md"].partition("## What your change touches")[2].partition("\n## ")[0]
    packages = {each.name for each in (ROOT / "mockrds").iterdir() if (each / "__init__.py").exists()}

    assert [name for name in packages if f"`mockrds/{name}/`" not in table] == []


def test_every_dependency_is_in_the_table_of_dependencies() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    table = PAGES["docs/architecture.md"].partition("## Dependencies")[2]
    required = [*project["dependencies"], *project["optional-dependencies"]["tls"]]

    assert [
        name for name in required if not re.search(rf"^\|.*\b{re.split('[^a-z-]', name)[0]}\b", table, re.MULTILINE)
    ] == []
