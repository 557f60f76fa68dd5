"""The JSON schema of scenario files: what editors know is what the loader knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from mockrds.domain.errors import CATALOGUE
from mockrds.domain.operations import OPERATIONS
from mockrds.scenario_files.json_schema import schema
from mockrds.scenario_files.loader import ScenarioError, library, load
from mockrds.scenario_files.yaml_reader import from_file

if TYPE_CHECKING:
    from collections.abc import Iterator

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"
SCHEMA = schema()


def refused(document: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)]


def properties(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        for name, value in part.get("properties", {}).items():
            yield f"{path}.{name}", value
        for key, value in part.items():
            yield from properties(value, f"{path}/{key}")
    elif isinstance(part, list):
        for i, value in enumerate(part):
            yield from properties(value, f"{path}/{i}")


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_everything_is_described() -> None:
    silent = [path for path, value in properties(SCHEMA) if not value.get("description")]
    silent += [name for name, definition in SCHEMA["$defs"].items() if not definition.get("description")]

    assert silent == []
    assert SCHEMA["properties"]["seed"]["description"].startswith("Decides ids")
    assert SCHEMA["$defs"]["BackupTransition"]["properties"]["seconds"]["description"]  # written in the class above it


def test_every_operation_and_every_error_can_be_completed() -> None:
    operations = SCHEMA["$defs"]["Operation"]["anyOf"][0]["enum"]

    assert {"*", "create_manual_backup", *OPERATIONS} <= set(operations)
    assert len(operations) == len(set(operations))
    assert SCHEMA["$defs"]["ErrorCode"]["enum"] == list(CATALOGUE)
    used = json.dumps(SCHEMA)
    assert used.count('"#/$defs/Operation"') >= 2  # one, or a list of them
    assert used.count('"#/$defs/ErrorCode"') >= 1


def test_the_file_is_what_the_code_says() -> None:
    assert json.loads((SCENARIOS / "schema.json").read_text()) == SCHEMA, (
        "make it anew: python -m mockrds schema > scenarios/schema.json"
    )


def test_the_library_lists_scenarios_only() -> None:
    assert set(library()) == {path.stem for path in SCENARIOS.glob("*.yaml")}
    assert "schema" not in library()


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.yaml")), ids=lambda file: file.stem)
def test_scenarios_of_the_library_name_the_schema_and_keep_it(file: Path) -> None:
    assert file.read_text().splitlines()[0] == "# yaml-language-server: $schema=./schema.json"
    assert refused(from_file(file).data) == []


GOOD = {
    "nothing": {},
    "a release that YAML takes for a number": {
        "world": {"instances": [{"name": "orders", "datastore": {"type": "MySQL", "version": 8.0}}]}
    },
    "null where a key may be absent": {"seed": None, "faults": [{"error": "RDS.0011", "latency": None}]},
    "short and long durations": {
        "lifecycle": {"backup": {"seconds": "3m"}, "delete": {"seconds": {"uniform": {"lower": 1, "upper": "2s"}}}}
    },
    "operations": {"faults": [{"operation": ["v1.list_instances", "create_manual_backup"], "error": "RDS.0011"}]},
    "a family": {"faults": [{"operation": "v1.*", "error": "RDS.0011"}]},
    "a sequence": {"faults": [{"sequence": ["ok", 503, "RDS.0011", {"error": "RDS.0005"}]}]},
    "a time without a zone": {"clock": {"mode": "frozen", "at": "2026-01-31T22:00:00"}},
    "an answer": {"faults": [{"response": {"status": 502, "headers": {"Server": "nginx"}, "body": "<h1>"}}]},
}
WRONG = {
    "an unknown key": {"sed": 7},
    "a key that only the code may give": {"faults": [{"source": "here", "error": "RDS.0011"}]},
    "a wrong type": {"seed": "seven"},
    "an unknown operation": {"faults": [{"operation": "create_backup", "error": "RDS.0011"}]},
    "an unknown operation in a list": {"faults": [{"operation": ["create_backup"], "error": "RDS.0011"}]},
    "an unknown error": {"faults": [{"error": "RDS.11"}]},
    "an unknown error in a sequence": {"faults": [{"sequence": ["ok", "RDS.11"]}]},
    "an unknown error in a step": {"faults": [{"sequence": ["ok", {"error": "RDS.11"}]}]},
    "a wrong duration": {"lifecycle": {"token": "3 weeks"}},
    "a missing name": {"world": {"instances": [{"volume_gb": 100}]}},
    "an unknown engine": {"world": {"instances": [{"name": "orders", "datastore": {"type": "Oracle"}}]}},
    "a number below its limit": {"faults": [{"first": 0, "error": "RDS.0011"}]},
    "a number above its limit": {"faults": [{"probability": 2, "error": "RDS.0011"}]},
    "a status that is none": {"faults": [{"response": {"status": 99}}]},
}


@pytest.mark.parametrize("document", GOOD.values(), ids=GOOD)
def test_what_the_loader_takes_is_right(document: dict[str, Any]) -> None:
    load(document)

    assert refused(document) == []


@pytest.mark.parametrize("document", WRONG.values(), ids=WRONG)
def test_what_the_loader_refuses_is_wrong(document: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError):
        load(document)

    assert refused(document) != []
