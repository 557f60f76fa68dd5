"""Whatever can be said to mockrds stands in its page; what there is, the code says."""

from __future__ import annotations

import argparse
import ast
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mockrds
from mockrds.chaos_packs import PACKS
from mockrds.cli import COMMANDS
from mockrds.control.routes import ROUTES
from mockrds.pytest_plugin import hooks
from mockrds.scenario_files.json_schema import schema
from mockrds.scenario_files.loader import library

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text()
SCHEMA = schema()


def page(name: str) -> str:
    return (DOCS / name).read_text()


def section(name: str, heading: str) -> str:
    """The part of a page below a heading, up to the next one of its level or above."""
    level = heading.partition(" ")[0]
    text = page(name).partition(f"\n{heading}\n")[2]
    assert text, f"{name} has no {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", text, maxsplit=1, flags=re.MULTILINE)[0]


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module behind ``python -m docs``."""
    monkeypatch.syspath_prepend(ROOT)
    return import_module("docs.__main__")


def test_what_is_made_from_the_code_is_what_the_code_says(generator: Any) -> None:
    outdated = [path.name for path, text in generator.files() if path.read_text(encoding="utf-8") != text]

    assert outdated == [], "out of date; write it with: python3 dev.py docs"


def test_what_is_out_of_date_is_named_and_written(
    generator: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    monkeypatch.setattr(generator, "ROOT", tmp_path)
    monkeypatch.setattr(generator, "files", lambda: iter([(page, "new\n")]))

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["docs", *arguments])
        return generator.main(), capsys.readouterr().out

    assert run("--check") == (1, "page.md\n")
    assert not page.exists()
    assert run() == (0, "page.md\n")
    assert page.read_text() == "new\n"
    assert run("--check") == (0, "")


# The command line


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_stands_in_its_page_with_each_of_its_options(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = section("command-line.md", f"### mockrds {command}")

    assert re.search(rf"^\| `mockrds {command}\b", page("command-line.md"), re.MULTILINE)
    for action in actions(command, monkeypatch):
        for name in action.option_strings[:1] or [str(action.metavar or action.dest).upper()]:
            assert re.search(rf"^\| `\[?{re.escape(name.replace('|', chr(92) + '|'))}\b", options, re.MULTILINE), name


def actions(command: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[argparse.Action]:
    """What a command takes, but for ``--help``; its parser is asked when it begins to read."""
    parsers: list[argparse.ArgumentParser] = []

    def begin(parser: argparse.ArgumentParser, *_: object) -> None:
        parsers.append(parser)
        raise SystemExit

    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", begin)
    with pytest.raises(SystemExit):
        import_module(f"mockrds.cli.commands.{command}").run([])
    return (action for action in parsers[0]._actions if action.help != argparse.SUPPRESS and action.dest != "help")


def test_every_module_of_a_command_is_a_command() -> None:
    folder = Path(mockrds.__path__[0]) / "cli" / "commands"
    modules = {each.stem for each in folder.iterdir() if each.suffix == ".py" or (each / "__init__.py").exists()}

    assert modules - {"__init__"} == set(COMMANDS)


def test_every_format_of_env_stands_in_the_page_of_commands_and_in_the_readme(monkeypatch: pytest.MonkeyPatch) -> None:
    (formats,) = (action.choices for action in actions("env", monkeypatch) if action.dest == "format")

    assert formats
    for text in (section("command-line.md", "### mockrds env"), README):
        assert [name for name in formats if not re.search(rf"(`|\\||--format ){name}[`\\]", text)] == []


def test_every_environment_variable_stands_in_the_page_of_commands() -> None:
    sources = [path.read_text() for path in Path(mockrds.__path__[0]).rglob("*.py")]
    constants = [node.value for text in sources for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    variables = {
        value for value in constants if isinstance(value, str) and re.fullmatch(r"MOCKRDS_[A-Z_]*[A-Z]", value)
    }

    assert len(variables) > 5
    text = section("command-line.md", "## Environment")
    assert [name for name in variables if f"`{name}`" not in text] == []


# pytest


class Declarations:
    """Takes the place of pytest's parser, and notes what a plugin declares."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def getgroup(self, *_: object) -> Declarations:
        return self

    def addoption(self, name: str, **_: Any) -> None:
        self.names.append(name)

    def addini(self, name: str, *_: object, **__: Any) -> None:
        self.names.append(name)


def test_every_option_and_setting_of_the_plugin_stands_in_its_page() -> None:
    declarations: Any = Declarations()
    import_module("mockrds.pytest_plugin").pytest_addoption(declarations)

    table = section("pytest.md", "## Options")
    assert len(declarations.names) > 15
    assert [name for name in declarations.names if not re.search(rf"`{name}(`|\[| )", table)] == []


def test_every_fixture_stands_in_its_page_and_in_the_readme(pytester: pytest.Pytester) -> None:
    listed = pytester.runpytest_inprocess(
        "--fixtures", "-o", "asyncio_default_fixture_loop_scope=function"
    ).stdout.str()

    fixtures = set(re.findall(r"^(\w+)[^\n]* -- \S*mockrds/pytest_plugin/", listed, re.MULTILINE))
    assert {"mockrds", "mockrds_client"} <= fixtures
    for text in (section("pytest.md", "## Fixtures"), README):
        assert fixtures == set(re.findall(r"^\| `(mockrds\w*)` \|", text, re.MULTILINE))


def test_every_hook_of_the_plugin_stands_in_its_page() -> None:
    names = [name for name in vars(hooks) if name.startswith("pytest_")]

    assert names
    assert [name for name in names if f"def {name}(" not in section("pytest.md", "## Hooks")] == []


def test_every_chaos_pack_and_each_of_its_faults_stand_in_their_page() -> None:
    packs = section("chaos.md", "## Packs")

    names = [*PACKS, *(fault.name for faults in PACKS.values() for fault in faults)]
    assert [name for name in names if f"`{name}`" not in packs] == []


# Scenario files


def properties(*path: str) -> dict[str, Any]:
    """The keys of the mapping that *path*, keys from the top of a scenario file, leads to."""
    described: dict[str, Any] = SCHEMA
    for key in path:
        described = mapping(described["properties"][key])
    found: dict[str, Any] = described["properties"]
    return found


def mapping(value: dict[str, Any]) -> dict[str, Any]:
    """The mapping that may stand where *value* is described."""
    found = next(mappings(value), None)
    assert found is not None, value
    return found


def mappings(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in value:
        value = SCHEMA["$defs"][value["$ref"].rpartition("/")[2]]
    if "properties" in value:
        yield value
    for inner in (*value.get("anyOf", ()), *value.get("oneOf", ()), *filter(None, (value.get("items"),))):
        yield from mappings(inner)


PLACES = [
    ("faults",),
    ("faults", "match"),
    ("faults", "match", "state"),
    ("faults", "match", "instance"),
    ("faults", "response"),
    ("faults", "fault"),
    ("faults", "fault", "slicer"),
    ("faults", "body"),
    ("faults", "lifecycle"),
    ("faults", "sequence"),
    ("rate_limits",),
    ("outage",),
]


@pytest.mark.parametrize("path", PLACES, ids=".".join)
def test_every_key_of_faults_stands_in_their_page(path: tuple[str, ...]) -> None:
    text = page("faults.md")

    keys = properties(*path)
    assert keys
    assert [key for key in keys if not re.search(rf"[`{{ ]{key}(`|:)", text)] == []


def test_every_toxic_stands_in_the_table_of_toxics() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ", section("faults.md", "## What the client feels"), re.MULTILINE)

    assert rows == list(properties("faults", "fault"))


def test_every_toxic_stands_in_the_table_of_what_clients_make_of_it() -> None:
    table = page("faults.md").partition("| requests | aiohttp | urllib3 |\n")[2].partition("\n\n")[0]

    tried = " ".join(re.findall(r"^\| `fault: ({.*?})` \|", table, re.MULTILINE))
    assert [key for key in properties("faults", "fault") if not re.search(rf"\b{key}:", tried)] == []


def test_every_fault_that_has_a_name_stands_in_the_page_of_faults() -> None:
    fault = SCHEMA["properties"]["faults"]
    names = [
        name
        for described in (mapping(fault)["properties"]["fault"],)
        for choice in described["anyOf"]
        for name in choice.get("enum", ())
    ]

    assert len(names) > 5
    assert [name for name in names if not re.search(rf"`(fault: )?{name}`", page("faults.md"))] == []


def test_every_key_of_a_scenario_stands_in_the_reference() -> None:
    text = section("reference.md", "## Scenario files")
    for described in (SCHEMA, *SCHEMA["$defs"].values()):
        for key in described.get("properties", ()):
            assert f"\n| `{key}` | " in text, key


def test_every_scenario_of_the_library_stands_in_its_page() -> None:
    rows = set(re.findall(r"^\| \[`([\w-]+)`\]\(\.\./scenarios/\1\.yaml\) \|", page("scenarios.md"), re.MULTILINE))

    assert rows == set(library())


# The control API, and Python


def test_every_resource_of_the_control_api_stands_in_the_reference() -> None:
    rows = re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \|", section("reference.md", "## Control API"), re.MULTILINE)

    assert rows == [(route.method, route.path) for route in ROUTES]


def test_every_resource_that_the_readme_shows_is_one() -> None:
    table = README.partition("\n## Watch and steer it while it runs\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    shown = [
        item.replace("...", "projects/{id}") for cell in cells for item in re.findall(r"`(\w* ?[^` ]*/?[^` ]*)`", cell)
    ]

    assert len(shown) > 15
    for item in shown:
        method, _, resource = item.rpartition(" ")
        if resource.isupper() or resource.startswith("/") or resource[:1] == ".":
            continue  # another method of the next one, the head of the table, another ending of the one before
        assert any(
            method in ("", route.method) and re.fullmatch(re.sub(r"{\w+}", "[^/]+", route.path), resource)
            for route in ROUTES
        ), item


def test_every_public_name_of_the_package_stands_in_the_reference() -> None:
    text = section("reference.md", "## Python")

    names = [name for name in mockrds.__all__ if not name.startswith("__")]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []
