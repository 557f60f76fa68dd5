"""The reference says what the code does: every key, code, operation, attribute and resource, and no other."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockrds.distribution import Distribution, Duration, LogNormal, Normal, Uniform
from mockrds.domain.clock import Clock, ClockSetting
from mockrds.domain.errors import CATALOGUE
from mockrds.domain.operations import OPERATIONS
from mockrds.domain.rules import KEEP_DAYS, is_description, is_name, is_password
from mockrds.domain.template import (
    BackupCourse,
    Course,
    DatastoreSpec,
    HaSpec,
    InstanceSpec,
    LifeCycle,
    Quotas,
    WorldTemplate,
)
from mockrds.faults.rules import Response, Rule
from mockrds.journal import Entry, Journal
from mockrds.scenario.loader import load
from mockrds.scenario.schema import Scenario
from mockrds.server import Faults, MockRDS, Project
from mockrds.web.app import HANDLERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Api

PAGE = (Path(__file__).parent.parent / "docs" / "reference.md").read_text()
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MAPPINGS: dict[str, type[Any]] = {
    "The file": Scenario,
    "`clock`": ClockSetting,
    "`world`": WorldTemplate,
    "`world.instances[]`": InstanceSpec,
    "`world.instances[].datastore`": DatastoreSpec,
    "`world.instances[].ha`": HaSpec,
    "`world.quotas`": Quotas,
    "`lifecycle`": LifeCycle,
    "Courses": BackupCourse,
    "`faults[]`": Rule,
    "`faults[].response`": Response,
    "Distributions": Distribution,
    "`uniform`": Uniform,
    "`normal`": Normal,
    "`lognormal`": LogNormal,
}
CLASSES: dict[str, type[Any]] = {
    "`MockRDS` members": MockRDS,
    "`Project`": Project,
    "`Faults`": Faults,
    "`Journal`": Journal,
    "`Entry`": Entry,
    "`Clock`": Clock,
}


def _table(heading: str) -> list[list[str]]:
    """The rows of the table under *heading*, without its head."""
    section = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None, heading
    rows = [
        [cell.strip() for cell in row.split(" | ")] for row in re.findall(r"^\| (.*) \|$", section[1], re.MULTILINE)
    ]
    assert len(rows) > 1, heading
    return rows[1:]


def _init_fields(mapping: type[Any]) -> list[Field[Any]]:
    return [field for field in fields(mapping) if field.init]


def test_the_table_of_operations_is_what_is_served() -> None:
    served = [[f"`{o.id}`", o.method, f"`{o.path}`"] for o in OPERATIONS.values() if o.id in HANDLERS]

    assert _table("Operations") == served
    assert len(served) == len(HANDLERS)


@pytest.mark.parametrize("heading", MAPPINGS)
def test_each_table_of_keys_has_the_keys_of_the_mapping(heading: str) -> None:
    documented = {row[0].strip("`") for row in _table(heading)}

    assert documented == {field.name for field in _init_fields(MAPPINGS[heading])}


@pytest.mark.parametrize("heading", MAPPINGS)
def test_each_table_of_keys_tells_the_defaults(heading: str) -> None:
    cells = {row[0].strip("`"): row[2] for row in _table(heading)}

    wrong = [field.name for field in _init_fields(MAPPINGS[heading]) if not _tells(cells[field.name], field)]

    assert wrong == []


def _tells(cell: str, field: Field[Any]) -> bool:
    default = field.default if field.default_factory is MISSING else field.default_factory()
    if isinstance(default, Course):
        default = default.seconds
    if isinstance(default, Distribution):
        default = default.fixed
    if default is MISSING:
        return cell == "required"
    if default is None:
        return cell.startswith("none")
    if default in ("", (), {}):
        return cell.startswith("empty")
    if isinstance(default, Duration):
        return Duration(cell.strip("`")) == default
    if isinstance(default, str):
        return f"`{default}`" in cell
    if isinstance(default, int | float):
        return cell == f"`{default:g}`"
    return cell != ""


def test_every_heading_with_a_table_of_keys_is_compared() -> None:
    headings = re.findall(r"^### (.*)\n(?:(?!#).*\n)*?\| key \| type \|", PAGE, re.MULTILINE)

    assert headings == list(MAPPINGS)


def test_the_default_instances_are_named() -> None:
    cells = {row[0]: row[2] for row in _table("`world`")}

    assert re.findall(r"`(.*?)`", cells["`instances`"]) == [spec.name for spec in WorldTemplate().instances]


def test_the_error_codes_are_those_of_the_catalogue() -> None:
    rows = [row for row in CATALOGUE.values() if row.code.startswith(("RDS.", "APIGW."))]

    assert _table("Error codes for `error:`") == [[f"`{row.code}`", str(row.status), row.message] for row in rows]


@pytest.mark.parametrize(
    ("field", "accepts", "example"),
    [
        ("name of a backup or an instance", is_name, "abcd"),
        ("`description` of a backup", is_description, "abcd"),
        ("`dbRtPd` (root password)", is_password, "aB3-"),
    ],
)
def test_the_lengths_of_fields_are_those_of_the_rules(field: str, accepts: Callable[[str], bool], example: str) -> None:
    rules = {row[0]: row[1] for row in _table("Rules of names and fields")}

    lengths = [n for n in range(1, 400) if accepts((example * 100)[:n])]

    assert lengths == list(range(lengths[0], lengths[-1] + 1))
    told = f"{lengths[0]} to {lengths[-1]} characters" if lengths[0] > 1 else f"at most {lengths[-1]} characters"
    assert told in rules[field]


def test_the_range_of_days_is_that_of_the_rules() -> None:
    rules = {row[0]: row[1] for row in _table("Rules of names and fields")}

    assert f"{KEEP_DAYS[0]} to {KEEP_DAYS[-1]};" in rules["`keepday`, `keepDays`"]


@pytest.mark.parametrize(("length", "status"), [((36, 43), 200), ((1, 0), 200), ((37, 43), 400), ((36, 44), 400)])
def test_the_lengths_of_tags_are_those_of_the_service(api: Api, length: tuple[int, int], status: int) -> None:
    rules = {row[0]: row[1] for row in _table("Rules of names and fields")}
    tag = {"key": "k" * length[0], "value": "v" * length[1]}

    reply = api.call("POST", f"{api.project.url}/v1/{api.project.id}/rds/{api.node()}/tags", json={"tag": tag})

    assert reply.status == status
    assert "1 to 36 characters" in rules["key of a tag"]
    assert "0 to 43 characters" in rules["value of a tag"]


@pytest.mark.parametrize("heading", CLASSES)
def test_each_table_of_members_has_the_public_members_of_the_class(heading: str, project: Project) -> None:
    objects: dict[str, object] = {
        "`MockRDS` members": MockRDS(),
        "`Project`": project,
        "`Faults`": project.faults,
        "`Journal`": project.journal,
        "`Entry`": Entry(1, "unknown", "GET", "/", (), b"", 0.0),
        "`Clock`": project.clock,
    }
    thing = objects[heading]
    assert type(thing) is CLASSES[heading]

    documented = {_name(row[0]) for row in _table(heading)}

    assert documented == {name for name in dir(thing) if not name.startswith("_")}


@pytest.mark.parametrize("heading", CLASSES)
def test_each_method_is_shown_with_its_arguments(heading: str) -> None:
    shown = {_name(row[0]): re.findall(r"\w+", row[0].partition("(")[2]) for row in _table(heading) if "(" in row[0]}

    methods = inspect.getmembers(CLASSES[heading], inspect.isfunction)

    assert shown == {
        name: list(inspect.signature(method).parameters)[1:] for name, method in methods if not name.startswith("_")
    }


def test_the_arguments_of_the_server_are_shown() -> None:
    documented = [row[0].strip("`") for row in _table("`MockRDS` arguments")]

    assert documented == list(inspect.signature(MockRDS).parameters)


def _name(cell: str) -> str:
    match = re.match(r"`(?:await )?(\w+)", cell)
    assert match is not None, cell
    return match[1]


def test_the_resources_of_the_control_api_are_those_there_are(api: Api) -> None:
    documented = {f"{method} {resource.strip('`')}" for method, resource, *_ in _table("Control API")}

    known = {route.replace(" ", " projects/{id}/") for route in _routes(api, f"projects/{api.project.id}/nothing")}

    assert documented == known | set(_routes(api, "nothing"))


def _routes(api: Api, missing: str) -> list[str]:
    """What the control API says that there is, asked for what there is not."""
    reply = api.call("GET", f"{api.project.url}/__mockrds/{missing}")
    assert reply.status == 404
    return str(reply.body["error"]).partition("there are: ")[2].split(", ")


@pytest.mark.parametrize("row", _table("Control API"), ids=lambda row: f"{row[0]} {row[1]}")
def test_the_answers_of_the_control_api_have_the_keys(api: Api, row: list[str]) -> None:
    method, resource, _, answer = row
    api.create()
    api.project.faults.add(error="RDS.0005", after=1000)
    bodies = {
        "PUT clock": {"mode": "frozen", "at": "2026-01-31T22:00:00Z"},
        "POST clock/advance": {"by": "6h"},
        "POST faults": {"operation": "create_manual_backup", "quota": 0},
    }
    path = resource.strip("`")

    body = bodies.get(f"{method} {path.removeprefix('projects/{id}/')}")
    reply = api.call(method, f"{api.project.url}/__mockrds/{path.format(id=api.project.id)}", json=body)

    assert reply.status == (201 if answer.startswith("201") else 200)
    assert _keys(reply.body) == set(re.findall(r"`(\w+)`", answer))


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(_keys(inner) for key, inner in value.items() if key != "headers"))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.partition("\n")[0])
def test_every_example_loads(tmp_path: Path, example: str) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(example)

    scenario = load(file)

    assert f"name: {scenario.name}\n" in example


def test_there_are_examples_and_all_are_tested() -> None:
    assert len(EXAMPLES) == PAGE.count("```") // 2 > 0
