"""Whatever a scenario file holds, it is loaded, or refused with the line and column of each mistake.

``MOCKRDS_FUZZ=20000 pytest tests/scenario/test_fuzz.py`` tries so many documents in each test, not a few.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings, strategies as st

from mockrds.scenario_files.json_schema import schema
from mockrds.scenario_files.loader import ScenarioError, library, load
from mockrds.scenario_files.yaml_reader import from_file
from mockrds.simulator import Simulator

EXAMPLES = int(os.environ.get("MOCKRDS_FUZZ", "150"))
pytestmark = pytest.mark.timeout(120 + EXAMPLES // 10)
MANY = settings(
    max_examples=EXAMPLES,
    deadline=timedelta(seconds=10),  # who takes longer hangs
    suppress_health_check=list(HealthCheck),
    database=None,
)
WITH_PLACE = re.compile(r"any\.yaml:[1-9]\d*:[1-9]\d*: .")
WITHOUT_PLACE = re.compile(r"any\.yaml: (and \d+ more mistakes|too large for a scenario: more than \d+ (bytes|values))")
SCHEMA = schema()
NAMES = st.sampled_from(list(library()))
TEXTS = NAMES.map(lambda name: library()[name].read_bytes())
DOCUMENTS = NAMES.map(lambda name: from_file(library()[name]).data)


@pytest.fixture(autouse=True)
def _here(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("fuzz"))


def judge(content: bytes) -> None:
    """Load a file of *content*, and found a project on it; or find a place in every problem."""
    Path("any.yaml").write_bytes(content)
    try:
        scenario = load("any.yaml")
    except ScenarioError as error:
        problems = error.problems
    else:
        event("loaded")
        Simulator(scenario).project("0" * 31 + "1")
        return
    event("refused")
    assert problems
    for problem in problems:
        assert WITH_PLACE.match(problem) or WITHOUT_PLACE.fullmatch(problem), problem


# Documents that the schema allows, and what becomes of them when something in them is replaced


@cache
def named(name: str) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: allowed(SCHEMA["$defs"][name]))


def allowed(part: Any) -> st.SearchStrategy[Any]:
    """Make what a part of the schema allows."""
    if part is True or part == {}:
        return ANYTHING
    if "$ref" in part:
        return named(part["$ref"].rpartition("/")[2])
    if "enum" in part:
        return st.sampled_from(part["enum"])
    for choice in ("anyOf", "oneOf"):
        if choice in part:
            return st.one_of(*(allowed(each) for each in part[choice]))
    kinds = part.get("type", "anything")
    return st.one_of(*(of_kind(kind, part) for kind in ([kinds] if isinstance(kinds, str) else kinds)))


def of_kind(kind: str, part: Any) -> st.SearchStrategy[Any]:
    low, high = part.get("minimum", part.get("exclusiveMinimum")), part.get("maximum", part.get("exclusiveMaximum"))
    match kind:
        case "object":
            return mapping(part)
        case "array" if "prefixItems" in part:
            return st.tuples(*(allowed(each) for each in part["prefixItems"])).map(list)
        case "array":
            return st.lists(allowed(part.get("items", {})), min_size=part.get("minItems", 0), max_size=3)
        case "string" if "pattern" in part:
            return st.from_regex(part["pattern"])
        case "string":
            return WORDS | st.text(max_size=8)
        case "integer":
            return st.integers(0 if low is None else int(low), 1000 if high is None else int(high))
        case "number":
            return st.integers(0 if low is None else int(low), 1000 if high is None else int(high)) | st.floats(
                low, high, allow_nan=False, allow_infinity=False
            )
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return ANYTHING


def mapping(part: Any) -> st.SearchStrategy[dict[str, Any]]:
    properties: dict[str, Any] = part.get("properties", {})
    needed = part.get("required", [])
    others = [name for name in properties if name not in needed]
    if not properties:
        return st.dictionaries(WORDS, allowed(part.get("additionalProperties", {})), max_size=3)
    some = (
        st.lists(st.sampled_from(others), unique=True, max_size=3) if others else st.just([])
    )  # all never go together
    return some.flatmap(
        lambda chosen: st.fixed_dictionaries({name: allowed(properties[name]) for name in (*needed, *chosen)})
    )


WORDS = st.sampled_from([
    "backup-1", "mysql-single", "nightly", "MySQL", "5.7.31", "v1.create_manual_backup", "create_manual_backup", "*",
    "RDS.3003", "/backup/name", "X-Test", "default", "degraded-day", "3s", "2026-01-31T22:00:00Z",
])  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, -(2**63) - 1, 2**64, 10**70, 10**400, 599, 600, 199, 0, -1])
    | st.floats()
    | st.text(max_size=8)
    | WORDS
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=3)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | SCALARS, inner, max_size=3),
    max_leaves=8,
)


def places(document: Any) -> list[tuple[Any, Any]]:
    """List every place in *document*, which may contain itself: what holds it, and the key."""
    holders, found = [document], []
    for holder in holders:
        for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
            found.append((holder, key))
            if isinstance(value, dict | list) and not any(value is known for known in holders):
                holders.append(value)
    return found


@st.composite
def damaged(draw: st.DrawFn, documents: st.SearchStrategy[Any]) -> Any:
    """Take one of *documents* with a thing or two replaced, renamed or taken out."""
    document = yaml.safe_load(yaml.safe_dump(draw(documents)))  # a copy, in which things may stand twice
    for _ in range(draw(st.integers(1, 3))):
        everywhere = places(document)
        if not everywhere:
            break
        holder, key = draw(st.sampled_from(everywhere))
        match draw(st.sampled_from(["replace", "replace", "rename", "take out", "double"])):
            case "replace":
                holder[key] = draw(ANYTHING | st.sampled_from(everywhere).map(lambda place: place[0]))  # itself, too
            case "rename" if isinstance(holder, dict):
                holder[draw(WORDS | SCALARS)] = holder.pop(key)
            case "double" if isinstance(holder, list):
                holder.append(holder[key])
            case _:
                del holder[key]
    return document


@MANY
@given(document=allowed(SCHEMA), flow=st.booleans())
def test_what_the_schema_allows_is_loaded_or_refused(*, document: Any, flow: bool) -> None:
    judge(yaml.safe_dump(document, default_flow_style=flow, allow_unicode=True).encode(errors="replace"))


@MANY
@given(document=damaged(allowed(SCHEMA) | DOCUMENTS), flow=st.booleans())
def test_what_is_nearly_right_is_loaded_or_refused(*, document: Any, flow: bool) -> None:
    judge(yaml.safe_dump(document, default_flow_style=flow, allow_unicode=True).encode(errors="replace"))


# The text of the library, edited at random

SCRAPS = st.sampled_from([
    b"{", b"}", b"[", b"]", b": ", b"- ", b"? ", b"\n", b"\n  ", b"\t", b"#", b"'", b'"', b"|\n", b">\n", b"---\n",
    b"...\n", b"%YAML 1.1\n", b"&a ", b"*a ", b"<<: *a\n", b"{<<: *a}", b"&a [*a]", b"&a {a: *a}", b"&a {<<: *a}",
    b"!!python/name:os.system ", b"!!int ", b"!!float ", b"!!binary ", b"!!set ", b"!x ",
    b"~", b".nan", b"-.inf", b"1e999", b"1:60", b"0x_", b"0b", b"0o9", b"1_000", b"yes", b"=", b"9" * 70, b"9" * 5000,
    b"-9223372036854775809", b"18446744073709551616", b"2026-13-45", b"2026-01-31 25:00", b"extends: [", b"'a'",
    b"\x00", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xc2\x85", b"\r",
    b"\\ud800", b'"\\ud800"', b'"\\x00"', b"[" * 60, b"[" * 5000, b"{a: " * 60, b"- " * 5000, b"? " * 200,
    b"&a [x, x, x, x, x, x, x, x, x]\n", b"[*a, *a, *a, *a, *a, *a, *a, *a, *a]",
])  # fmt: skip
EDITS = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(0, 3) | st.integers(0, 300), SCRAPS | st.binary(max_size=4)),
    min_size=1,
    max_size=6,
)


@MANY
@given(text=TEXTS, edits=EDITS)
def test_a_file_of_the_library_with_bytes_changed_is_loaded_or_refused(
    text: bytes, edits: list[tuple[int, int, bytes]]
) -> None:
    for place, gone, new in edits:
        at = place % (len(text) + 1)
        text = text[:at] + new + text[at + gone :]
    judge(text)


@MANY
@given(text=TEXTS, line=st.integers(0, 200), value=SCRAPS | ANYTHING.map(repr).map(str.encode))
def test_a_file_of_the_library_with_another_value_in_a_line_is_loaded_or_refused(
    text: bytes, line: int, value: bytes
) -> None:
    lines = text.splitlines(keepends=True)
    key, colon, _ = lines[line % len(lines)].partition(b":")
    lines[line % len(lines)] = key + colon + b" " + value + b"\n"
    judge(b"".join(lines))


@MANY
@given(
    brackets=st.sampled_from(["[]", "{a: }", "- ", "&a []", "? ", "!!map {a: }"]),
    depth=st.sampled_from([1, 10, 48, 49, 50, 51, 52, 100, 1000, 50_000]),
    inside=SCRAPS,
    key=st.sampled_from(["", "faults: ", "world: ", "faults: [{error: RDS.0005}, ", "name: "]),
    closed=st.booleans(),
)
def test_a_file_that_is_nested_at_random_is_loaded_or_refused(
    *, brackets: str, depth: int, inside: bytes, key: str, closed: bool
) -> None:
    opening, closing = (brackets[:-1], brackets[-1]) if brackets[-1] in "]}" else (brackets, "")
    judge(f"{key}{opening * depth}".encode() + inside + (closing * depth).encode() * closed)
