"""The pages of the docs that tell what there is say what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from docs.reference import INTERNAL
from mockrds import RemoteServer
from mockrds.domain import errors
from mockrds.domain.validators import KEEP_DAYS, is_description, is_name, is_password
from mockrds.domain.world import parameter_templates as parameters
from mockrds.faults.rules import CountedRule
from mockrds.journal import Entry
from mockrds.scenario_files.loader import read_rule
from mockrds.server import MockRDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.api import Api

    from mockrds.project import Project

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "reference.md").read_text()
RULES = dict(re.findall(r"^\| (.*?) \| (.*) \|$", (ROOT / "docs" / "fidelity.md").read_text(), re.MULTILINE))


def test_the_page_tells_each_public_member(project: Project) -> None:
    rule = read_rule({"error": "RDS.0011"})
    entry = Entry(1, "unknown", "GET", "/", (), b"", 0.0)
    things = (
        MockRDS(),
        RemoteServer(project.url),
        project,
        project.faults,
        CountedRule(rule, 1),
        project.journal,
        entry,
        project.clock,
    )

    for thing in things:
        name = next(cls.__name__ for cls in type(thing).__mro__ if f"### `{cls.__name__}`" in PAGE)
        section = re.search(rf"^### `{name}`\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
        assert section is not None, name
        told = set(re.findall(r"^\| `(?:await )?(\w+)", section[1], re.MULTILINE)) - {name}
        internal = {member.partition(".")[2] for member in INTERNAL if member.startswith(f"{name}.")}
        assert internal <= set(dir(thing))
        assert told == {member for member in dir(thing) if not member.startswith("_")} - internal


@pytest.mark.parametrize(
    ("field", "accepts", "example"),
    [
        ("name of a backup or an instance", is_name, "abcd"),
        ("`description` of a backup", is_description, "abcd"),
        ("`dbRtPd` (root password)", is_password, "aB3-"),
    ],
)
def test_the_lengths_of_fields_are_those_of_the_rules(field: str, accepts: Callable[[str], bool], example: str) -> None:
    lengths = [n for n in range(1, 400) if accepts((example * 100)[:n])]

    assert lengths == list(range(lengths[0], lengths[-1] + 1))
    told = f"{lengths[0]} to {lengths[-1]} characters" if lengths[0] > 1 else f"at most {lengths[-1]} characters"
    assert told in RULES[field]


def test_the_range_of_days_is_that_of_the_rules() -> None:
    assert f"{KEEP_DAYS[0]} to {KEEP_DAYS[-1]};" in RULES["`keepday`, `keepDays`"]


@pytest.mark.parametrize(("length", "status"), [((36, 43), 200), ((1, 0), 200), ((37, 43), 400), ((36, 44), 400)])
def test_the_lengths_of_tags_are_those_of_the_service(api: Api, length: tuple[int, int], status: int) -> None:
    tag = {"key": "k" * length[0], "value": "v" * length[1]}

    reply = api.call("POST", f"{api.project.url}/v1/{api.project.id}/rds/{api.node()}/tags", json={"tag": tag})

    assert reply.status == status
    assert "1 to 36 characters" in RULES["key of a tag"]
    assert "0 to 43 characters" in RULES["value of a tag"]


def test_each_rule_breaks_with_the_codes_that_the_page_tells() -> None:
    things = [each for module in (errors, parameters) for each in vars(module).values()]
    of_both = {(each.v1, each.v3) for each in things if isinstance(each, errors.Refusal)}
    told = 0
    for row in RULES.values():
        first, _, second = row.partition(" | ")
        codes = re.findall(r"`(RDS\.\d+)`", first), re.findall(r"`(DBS\.\d+)`", second)
        for code in (*codes[0], *codes[1]):
            status = errors.CATALOGUE[code].status
            assert re.search(rf"\b{status}\b", row), f"{code} is {status}: {row}"
        if len(codes[0]) == len(codes[1]):
            told += len(codes[0])
            assert of_both.issuperset(zip(*codes, strict=True)), row
    assert told > len(of_both) / 2


def test_what_is_no_id_breaks_with_the_codes_that_the_page_tells(api: Api) -> None:
    v1, v3 = api.project.v1_url, api.project.v3_url

    def codes(*calls: tuple[str, str, Any]) -> list[str]:
        bodies = [api.call(method, url, json=body).body for method, url, body in calls]
        return [error.get("errCode") or error["error_code"] for error in bodies]

    of_v1 = codes(
        ("POST", f"{v1}/backups", {"backup": {"name": "nightly", "instance": "x"}}),
        ("POST", f"{v1}/backups", {"backup": {"name": "nightly"}}),
        ("GET", f"{v1}/instances/x/backups/policy", None),
    )
    of_v3 = codes(
        ("POST", f"{v3}/backups", {"name": "nightly", "instance_id": "x"}),
        ("GET", f"{v3}/instances/x/backups/policy", None),
        ("POST", f"{v3}/backups", {"name": "nightly"}),
    )
    of_queries = codes(
        ("GET", f"{v1}/flavors", None),
        ("GET", f"{v3}/backups", None),
        ("GET", f"{v3}/jobs", None),
        ("GET", f"{v3}/backup-files", None),
    )

    told = re.findall(r"`(\w+\.\d+)`", RULES["no id at all"])
    assert told == list(dict.fromkeys(of_v1 + of_v3))
    assert re.findall(r"`(\w+\.\d+)`", RULES["a query without the id that it needs"]) == list(dict.fromkeys(of_queries))


def test_the_keys_of_an_answer_have_their_meanings() -> None:
    [state] = re.findall(r"^`State`: (.*)\.$", PAGE, re.MULTILINE)

    assert "`gone` (the instances that are gone, but of which backups or replicas are left)" in state
    assert "`routers` (the VPCs)" in state
