"""The tables that pages have from the code, each a function that returns one in Markdown."""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import textwrap
import tomllib
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import mockrds
from mockrds import pytest_plugin
from mockrds.chaos_packs import PACKS
from mockrds.scenario_files.json_schema import schema

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT: Final = Path(__file__).resolve().parent.parent
_WIDTH: Final = 120
_FLOOR_WIDTH: Final = 20


def table(*head: str, rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:]])


# The command line


def options(command: str) -> str:
    """Return the options and arguments of a command of ``mockrds``."""
    with patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith("MOCKRDS_")]:
            del os.environ[name]  # they are defaults of options
        parser = parser_of(command)
    rows = [(_option(action), _help(parser, action)) for action in parser._actions if _shown(action)]
    return table("option", "meaning", rows=rows) if rows else "None."


def parser_of(command: str) -> argparse.ArgumentParser:
    """Return the parser of a command: the first that it begins to read arguments with."""
    parsers: list[argparse.ArgumentParser] = []

    def begin(parser: argparse.ArgumentParser, *_: object) -> None:
        parsers.append(parser)
        raise SystemExit

    with patch.object(argparse.ArgumentParser, "parse_known_args", begin), suppress(SystemExit):
        import_module(f"mockrds.cli.commands.{command}").run([])
    return parsers[0]


def _shown(action: argparse.Action) -> bool:
    return action.help != argparse.SUPPRESS and "--help" not in action.option_strings


def _option(action: argparse.Action) -> str:
    if not action.option_strings:
        name = str(action.metavar or action.dest).upper()
        return f"`[{name}]`" if action.nargs == "?" else f"`{name} ...`" if action.nargs == "+" else f"`{name}`"
    if action.nargs == 0:
        return f"`{action.option_strings[0]}`"
    value = "|".join(map(str, action.choices)) if action.choices else action.metavar or action.dest.upper()
    return f"`{action.option_strings[0]} {value}`"


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    return (action.help or "") % (vars(action) | {"prog": parser.prog})


# pytest


class _Declarations:
    """What a plugin declares in ``pytest_addoption``; takes the place of pytest's parser."""

    def __init__(self) -> None:
        self.options: dict[str, dict[str, Any]] = {}
        """The options by name, each with its arguments."""
        self.settings: dict[str, str] = {}
        """The settings by name, each with its meaning."""

    def getgroup(self, *_: str) -> _Declarations:
        return self

    def addoption(self, name: str, **arguments: Any) -> None:
        self.options[name] = arguments

    def addini(self, name: str, meaning: str, **_: Any) -> None:
        self.settings[name] = meaning


def pytest_declarations() -> _Declarations:
    """Return the options and settings that the pytest plugin declares."""
    declarations = _Declarations()
    pytest_plugin.pytest_addoption(declarations)  # type: ignore[arg-type]  # all that it is asked for
    return declarations


def pytest_options() -> str:
    """Return the options of the pytest plugin, and its settings."""
    declared = pytest_declarations()
    rows = []
    settings = dict(declared.settings)
    for name, arguments in declared.options.items():
        value = arguments.get("metavar", "")
        written = f"{name}[={value}]" if arguments.get("nargs") == "?" else f"{name} {value}".rstrip()
        setting = arguments["dest"]
        known = settings.pop(setting, None) is not None
        rows.append((f"`{written}`", f"`{setting}`" if known else "", arguments["help"]))
    rows += [("", f"`{name}`", meaning) for name, meaning in settings.items()]
    return table("option", "setting", "meaning", rows=rows)


# Scenario files


def keys(name: str) -> str:
    """Return the keys of a mapping in scenario files, by the name that it has in the JSON schema."""
    properties = schema()["$defs"][name]["properties"]
    return table("key", "meaning", rows=[(f"`{key}`", value["description"]) for key, value in properties.items()])


def chaos_packs() -> str:
    """Return the packs of ``--mockrds-chaos`` as a list, each with the names of its faults."""
    items = (f"- `{name}`: {', '.join(f'`{fault.name}`' for fault in faults)}" for name, faults in PACKS.items())
    return "\n".join(textwrap.fill(item, _WIDTH, subsequent_indent="  ", break_on_hyphens=False) for item in items)


# Architecture


def floors() -> str:
    """Return the floors of the package, from the contract about imports, each with what it is for."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    lines = []
    for number, layer in enumerate(layers):
        for neighbour, name in enumerate(layer.replace(":", "|").split("|")):
            purpose = _purpose(f"mockrds.{name.strip('() ')}")
            mark = f"{number + 1:2}" if not neighbour else "  "
            lines.append(f"{mark} {name.strip('() '):{_FLOOR_WIDTH}}{purpose}".rstrip())
    return "```text\n" + "\n".join(lines) + "\n```"


def _purpose(module: str) -> str:
    """Return the first sentence of a module's docstring."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    text = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].replace("``", "").split())


def errors() -> str:
    """Return the tree of the error classes of the package."""
    own: dict[type[BaseException], None] = {}
    for module in walk_packages(mockrds.__path__, "mockrds."):
        if module.name != "mockrds.__main__":
            for value in vars(import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, BaseException) and value.__module__ == module.name:
                    own[value] = None
    lines: list[str] = []

    def draw(error: type[BaseException], depth: int) -> None:
        name = f"{'  ' * depth}{error.__name__}"
        if error in own:
            summary = inspect.cleandoc(error.__doc__ or "").partition("\n\n")[0]
            name = f"{name:28}{error.__module__:40}{' '.join(summary.replace('``', '').split())}"
        lines.append(name)
        below = [each for each in own if error in each.__bases__]
        for each in sorted(below, key=lambda each: each.__name__):
            draw(each, depth + 1)

    roots = {base for error in own for base in error.__bases__ if base not in own}
    for root in sorted(roots, key=lambda each: each.__name__):
        draw(root, 0)
    return "```text\n" + "\n".join(lines) + "\n```"
