"""The commands and options that are about scenario files: lint, schema, --reload."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from support.served_process import Served, serving

from mockrds.cli import COMMANDS, commands, main

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent


def write(file: Path, text: str) -> str:
    """Write *file* as careful editors do: another one takes its place."""
    fresh = file.with_name(f"{file.name}~")
    fresh.write_text(text)
    fresh.replace(file)
    return str(file)


# lint


def test_lint_says_that_good_files_are_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = write(tmp_path / "good.yaml", "seed: 7")

    assert main(["lint", good, "quota-exceeded"]) == 0
    assert capsys.readouterr() == (f"{good}: ok\nquota-exceeded: ok\n", "")


def test_lint_reports_all_mistakes_of_all_files_each_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = write(tmp_path / "base.yaml", "name: base\nsed: 7")
    one = write(
        tmp_path / "one.yaml", "extends: [./base.yaml]\nfaults:\n  - {operation: list_instanses, error: RDS.0011}"
    )
    two = write(tmp_path / "two.yaml", "extends: [./base.yaml]")
    good = write(tmp_path / "good.yaml", "seed: 7")

    assert main(["lint", one, good, two]) == 1

    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert [line.split(": ")[:2] for line in lines if "ok" not in line] == [
        [f"{one}:3:6", "faults[0].operation"],
        [f"{base}:2:1", "sed"],
    ]
    assert f"{good}: ok" in lines
    assert "did you mean 'list_instances'?" in out
    assert "did you mean 'seed'?" in out


def test_lint_names_files_that_are_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "quota-exceded"]) == 1
    assert "did you mean 'quota-exceeded'?" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["lint"], ["lint", "--nothing", "x.yaml"], ["schema", "x.yaml"]])
def test_wrong_arguments_are_told_in_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mockrds: ")
    assert err.endswith(f"(see mockrds {arguments[0]} --help)\n")
    assert err.count("\n") == 1


# schema


def test_schema_prints_the_file_of_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == (ROOT / "scenarios" / "schema.json").read_text()


# All commands


def test_the_help_lists_the_commands_and_each_has_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out

    assert {module.name for module in pkgutil.iter_modules(commands.__path__)} == COMMANDS.keys()
    for command in COMMANDS:
        assert f"\n  mockrds {command} " in shown
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])
        assert capsys.readouterr().out.startswith("usage: mockrds")


@pytest.mark.parametrize(
    ("arguments", "foreign"),
    [
        (["healthcheck", "http://127.0.0.1:9"], {"aiohttp", "asyncio", "orjson", "pydantic", "yaml"}),
        (["lint", "default"], {"aiohttp", "orjson"}),
        (["schema"], {"aiohttp", "orjson"}),
        (["--port", "0", "--host", "192.0.2.1"], {"pydantic", "trustme", "yaml"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_no_command_imports_what_only_another_one_needs(arguments: list[str], foreign: set[str]) -> None:
    code = f"import sys\nfrom mockrds.cli import main\nmain({arguments})\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set(done.stderr.splitlines()[-1].split()) & foreign == set()


# --reload


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    write(tmp_path / "base.yaml", "faults: [{operation: list_instances, error: RDS.0011}]")
    write(tmp_path / "scenario.yaml", "extends: [./base.yaml]")
    return tmp_path / "scenario.yaml"


@pytest.fixture
def served(tmp_path: Path, scenario: Path) -> Iterator[Served]:
    with serving(tmp_path, "--quiet", "--reload", "--scenario", str(scenario)) as served:
        yield served


def status(served: Served) -> int:
    path = f"/rds/v1/{served.ready['project_id']}/instances"
    return requests.get(served.url + path, headers={"X-Auth-Token": "any"}, timeout=10).status_code


def said(served: Served) -> str:
    assert served.process.stderr is not None
    return served.process.stderr.readline()


def test_the_scenario_follows_its_files_and_those_they_extend(served: Served, scenario: Path) -> None:
    base = scenario.with_name("base.yaml")
    assert status(served) == 409

    write(base, "faults: [{operation: list_instances, error: RDS.0005}]")
    assert said(served) == f"mockrds: reloaded {base}\n"
    assert status(served) == 500

    write(scenario, "description: without a base")
    assert said(served) == f"mockrds: reloaded {scenario}\n"
    assert status(served) == 200


def test_a_scenario_with_mistakes_changes_nothing_and_is_told_once(served: Served, scenario: Path) -> None:
    write(scenario, "extends: [./base.yaml]\nsed: 7")
    assert said(served) == "mockrds: not reloaded, because of mistakes:\n"
    assert said(served).startswith(f"{scenario}:2:1: sed: unknown key, did you mean 'seed'?")
    assert status(served) == 409

    scenario.unlink()  # some editors remove a file before they write it
    write(scenario, "faults: [{operation: list_instances, error: RDS.0005}]")
    assert said(served) == f"mockrds: reloaded {scenario}\n"  # and nothing before it
    assert status(served) == 500


def test_a_file_that_is_gone_is_told_and_taken_when_it_is_back(served: Served, scenario: Path) -> None:
    base = scenario.with_name("base.yaml")
    text = base.read_text()
    base.unlink()
    assert said(served) == "mockrds: not reloaded, because of mistakes:\n"
    assert "no such file" in said(served)
    assert status(served) == 409

    write(base, text)
    assert said(served) == f"mockrds: reloaded {base}\n"


def test_it_stops_as_ever_while_it_watches(served: Served) -> None:
    served.process.terminate()
    assert served.process.communicate(timeout=5) == ("", "")
    assert served.process.returncode == 0


def test_reload_without_a_scenario_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", "0", "--reload"]) == 2
    assert capsys.readouterr().err == "mockrds: --reload watches the files of --scenario: give one\n"
