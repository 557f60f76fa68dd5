"""Schemas: what they read, what they refuse, and how they describe it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from mockrds.api.schema import UNKNOWN_KEYS, Boolean, Dictionary, Either, Integer, List, Number, Object, Text
from mockrds.domain import errors
from mockrds.domain.errors import RDSError
from mockrds.domain.validators import is_name, is_window

if TYPE_CHECKING:
    from support.api import Api

    from mockrds.api.schema import Schema

NAME = Text(is_name, errors.BACKUP_NAME)
BACKUP = Object({"name": NAME, "size?": Integer(range(1, 11), errors.VOLUME_RANGE, default=4), "all?": Boolean()})
SCHEMAS: dict[str, tuple[Schema, list[Any], list[tuple[Any, errors.Refusal]]]] = {
    "text": (Text(), ["a"], [("", errors.INVALID_PARAMETER), (1, errors.INVALID_PARAMETER)]),
    "any text": (Text(any), ["", "a"], [(1, errors.INVALID_PARAMETER)]),
    "name": (NAME, ["abcd"], [("abc", errors.BACKUP_NAME), (["abcd"], errors.INVALID_PARAMETER)]),
    "window": (Text(is_window), ["08:15-09:15"], [("8-9", errors.INVALID_PARAMETER)]),
    "one of": (Text(one_of=("a", "b"), error=errors.ENGINE), ["a"], [("c", errors.ENGINE), ("A", errors.ENGINE)]),
    "integer": (
        Integer(range(3), errors.RETENTION_DAYS),
        [0, 2],
        [(3, errors.RETENTION_DAYS), *((value, errors.INVALID_PARAMETER) for value in (True, "1", 1.5))],
    ),
    "boolean": (Boolean(), [True, False], [(0, errors.INVALID_PARAMETER), ("true", errors.INVALID_PARAMETER)]),
    "list": (
        List(NAME, longest=2),
        [[], ["abcd", "abcde"]],
        [(["abcd"] * 3, errors.INVALID_PARAMETER), (["abc"], errors.BACKUP_NAME), ({}, errors.INVALID_PARAMETER)],
    ),
    "dictionary": (Dictionary(NAME), [{}, {"x": "abcd"}], [({"x": "abc"}, errors.BACKUP_NAME)]),
    "object": (
        Object({"a": NAME}),
        [{"a": "abcd"}],
        [({}, errors.BACKUP_NAME), ({"a": "abc"}, errors.BACKUP_NAME), ([], errors.INVALID_PARAMETER)],
    ),
    "either": (
        Either("of", Object({"of": Text()}), Object({"a": NAME})),
        [{"of": "x"}],
        [({"of": 1}, errors.INVALID_PARAMETER), ({"of": None}, errors.BACKUP_NAME)],
    ),
}
GOOD = [
    pytest.param(schema, value, id=f"{name}-{value}") for name, (schema, good, _) in SCHEMAS.items() for value in good
]
BAD = [
    pytest.param(schema, value, problem, id=f"{name}-{value}")
    for name, (schema, _, bad) in SCHEMAS.items()
    for value, problem in bad
]


@pytest.mark.parametrize(("schema", "value"), GOOD)
def test_what_fits_is_read_as_it_is(schema: Schema, value: Any) -> None:
    assert schema.read(value, "key") == value


@pytest.mark.parametrize(("schema", "value", "problem"), BAD)
def test_what_does_not_fit_is_refused(schema: Schema, value: Any, problem: errors.Refusal) -> None:
    with pytest.raises(RDSError) as refused:
        schema.read(value, "key")

    assert refused.value.refusal == problem


@pytest.mark.parametrize(("schema", "value"), GOOD)
def test_what_fits_fits_the_schema(schema: Schema, value: Any) -> None:
    assert Draft202012Validator(schema.json_schema()).is_valid(value)


@pytest.mark.parametrize(("schema", "value", "problem"), BAD)
def test_what_does_not_fit_does_not_fit_the_schema(schema: Schema, value: Any, problem: errors.Refusal) -> None:
    assert not Draft202012Validator(schema.json_schema()).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "fits"),
    [(Text(nullable=True), ["a", None]), (Text(one_of=("a",), nullable=True), ["a", None]), (Number(), [1, 1.5])],
)
def test_what_answers_may_be(schema: Schema, fits: list[Any]) -> None:
    found = [value for value in ("a", None, 1, 1.5, True) if Draft202012Validator(schema.json_schema()).is_valid(value)]

    assert found == fits


def test_what_is_left_out_or_null_has_its_default() -> None:
    assert BACKUP.read({"name": "abcd", "size": None}) == {"name": "abcd", "size": 4, "all": None}
    assert BACKUP.json_schema()["properties"]["size"] == {"type": "integer", "minimum": 1, "maximum": 10, "default": 4}
    assert BACKUP.json_schema()["required"] == ["name"]


@pytest.mark.parametrize("key", ["Name", "NAME", "Size", "beside"])
def test_a_key_in_another_letter_case_is_refused(key: str) -> None:
    schema = Object({"name": NAME, "size?": Integer()}, also_allowed=("Beside",))

    with pytest.raises(RDSError) as refused:
        schema.read({"name": "abcd", key: 1})

    assert refused.value.refusal == errors.LETTER_CASE


def test_keys_that_no_document_has_are_ignored_and_noticed() -> None:
    UNKNOWN_KEYS.names.clear()
    inner = Object({"backup": BACKUP, "list?": List(BACKUP)}, also_allowed=("known",))

    found = inner.read({"backup": {"name": "abcd", "one": 1}, "two": 2, "known": 3, "list": [{"name": "abcd", "x": 0}]})

    assert found == {"backup": BACKUP.read({"name": "abcd"}), "list": [BACKUP.read({"name": "abcd"})]}
    assert sorted(UNKNOWN_KEYS.names) == ["one", "two", "x"]


def test_queries_are_texts() -> None:
    query = Object({"limit?": Integer(range(1, 101), default=100), "name?": Text()})

    assert query.parse_all({"limit": "7", "other": ""}) == {"limit": 7, "name": None}
    assert query.parse_all({}) == {"limit": 100, "name": None}
    for wrong in ({"limit": "x"}, {"limit": "0"}, {"name": ""}):
        with pytest.raises(RDSError):
            query.parse_all(wrong)


def test_what_is_read_of_the_other_object_has_the_key_that_tells_them_apart() -> None:
    schema, _, _ = SCHEMAS["either"]

    assert (
        schema.read({"a": "abcd"}, "key") == schema.read({"a": "abcd", "of": None}, "key") == {"a": "abcd", "of": None}
    )


# What the author of a client is told


def body(api: Api, **fields: Any) -> dict[str, Any]:
    return {"backup": {"name": "nightly", "instance": api.node()} | fields}


def test_a_good_request_with_undocumented_keys_is_told_of_them(api: Api) -> None:
    document = body(api, retention=7, tags=[]) | {"async": True}

    reply = api.post("/backups", json=document)

    assert reply.status == 200
    assert reply.hint == "the API reference does not have 'async', 'retention', 'tags' here: ignored"
    assert api.project.journal.entries()[-1].hint == reply.hint


def test_many_and_long_undocumented_keys_are_cut(api: Api) -> None:
    reply = api.post("/backups", json=body(api, **{f"{number}{'x' * 100}": 1 for number in range(100)}))

    assert reply.status == 200
    assert reply.hint.endswith(" and 95 more here: ignored")
    assert len(reply.hint) < 400


def test_a_refusal_says_what_is_wrong_and_not_what_is_ignored(api: Api) -> None:
    reply = api.post("/backups", json=body(api, name="1", retention=7))

    assert reply.hint.startswith("'name' must be 4 to 64")


def test_what_one_request_had_is_not_told_to_the_next(api: Api) -> None:
    api.post("/backups", json=body(api, name="1", retention=7))
    api.post("/backups", json=body(api, instance="0" * 32 + "no01", retention=7))

    assert api.post("/backups", json=body(api)).hint == ""


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        ({}, "the body came without Content-Type: application/json"),
        ({"Content-Type": "text/plain"}, "the body came without Content-Type: application/json"),
        ({"Content-Type": "application/json"}, ""),
        ({"Content-Type": "application/json;charset=UTF-8"}, ""),
    ],
)
def test_a_body_of_another_type_is_taken_with_a_hint(api: Api, headers: dict[str, Any], hint: str) -> None:
    reply = api.post("/backups", data=json.dumps(body(api)).encode(), headers=headers)

    assert (reply.status, reply.hint) == (200, hint)
    assert api.project.journal.entries()[-1].hint == hint


def test_requests_without_a_body_need_no_type(api: Api) -> None:
    assert api.get("/backups").hint == ""
    assert api.delete(f"/backups/{api.completed()}").hint == ""
