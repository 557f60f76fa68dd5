"""Checks what a scenario says, and describes every mistake in it in plain words."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from mockrds.domain.errors import CATALOGUE
from mockrds.domain.operations import OPERATIONS, short_name
from mockrds.domain.world_template import WORLD_EFFECTS
from mockrds.faults.matching import Match
from mockrds.faults.rules import OK, Rule
from mockrds.faults.toxics import NAMES, SHORT
from mockrds.scenario import Scenario
from mockrds.scenario_files.document import Document, KeyPath, Mistake, ScenarioError, describe
from mockrds.suggestions import suggest

_T = TypeVar("_T", bound=Scenario | Rule | Match)
_KINDS: Final = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "tuple_type": "a list",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "dataclass_type": "a mapping",
    "datetime_type": 'a date and time such as "2026-01-31T22:00:00Z"',
    "datetime_parsing": 'a date and time such as "2026-01-31T22:00:00Z"',
}
_LIMITS: Final = {
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
}
_MEANT: Final = {
    "op": "operation", "code": "error", "status": "response: {status: 503}", "delay": "latency", "count": "times",
}  # fmt: skip
"""The keys that are meant by words which are not spelt like them."""
_ABOUT: Final = re.compile(r"'(\w+)' (.*)")
_STATUSES: Final = range(200, 600)
"""What a response may have as its status."""
_COMPARED: Final = 80
"""How many names an unknown one is compared with."""
_STEPS: Final = (OK, *SHORT, *NAMES)
_OPERATIONS: Final = (
    "*",
    *dict.fromkeys(f"{name.rpartition('.')[0]}.*" for name in OPERATIONS),
    *dict.fromkeys(map(short_name, OPERATIONS)),
    *OPERATIONS,
)


def build(kind: type[_T], data: Any) -> _T:
    """Make a scenario, a rule or a matcher of plain data.

    The data goes through JSON, where a list may stand for a tuple, and no other type for another: so the loader
    accepts what the JSON schema accepts.

    Raises:
        ValidationError: With what pydantic finds wrong.
    """
    adapter: TypeAdapter[_T] = _adapter(kind)  # type: ignore[arg-type]  # mypy takes the class for its instances
    return adapter.validate_json(json.dumps(data), strict=True)


def check(kind: type[Scenario] | type[Rule] | type[Match], document: Document) -> None:
    """Check *document* by itself, without those that it extends.

    Raises:
        ScenarioError: With every mistake in it.
    """
    __tracebackhide__ = True
    mistakes = list(document.mistakes)
    data = document.data
    ours: list[Mistake] = []
    if kind is Rule:
        ours = [*_rule_mistakes((), data)]
    elif kind is Scenario:
        ours = [*_scenario_mistakes(data), *_instance_mistakes(data)]
    pydantics: list[Mistake] = []
    try:
        build(kind, data)
    except ValidationError as error:
        pydantics = _in_our_words(error, kind, data)
    if any(mistake.path[:1] == ("world",) for mistake in ours):  # pydantic says less of the same
        pydantics = [mistake for mistake in pydantics if mistake.path != ("world",)]
    mistakes += (each for each in (*pydantics, *ours) if not document.lacks(each.path))
    if mistakes:
        raise ScenarioError(*document.render(mistakes))


def conflicts(error: ValidationError, document: Document) -> list[str]:
    """Return a line for each mistake in what several scenarios, each right by itself, make together."""
    return document.render(_in_our_words(error, Scenario, document.data))


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


# What pydantic can't check


def _scenario_mistakes(data: Mapping[str, Any]) -> Iterator[Mistake]:
    for key in ("faults", "rate_limits"):
        items = data.get(key)
        for i, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, Mapping):
                yield from _rule_mistakes((key, i), item)
    outage = data.get("outage")
    if isinstance(outage, Mapping):
        yield from _unknown_error(("outage",), outage)


def _rule_mistakes(path: KeyPath, rule: Mapping[str, Any]) -> Iterator[Mistake]:
    operation = rule.get("operation")
    for i, name in enumerate(operation if isinstance(operation, list) else [operation]):
        if isinstance(name, str) and name not in _OPERATIONS:
            where = (*path, "operation", i) if isinstance(operation, list) else (*path, "operation")
            yield Mistake(where, partial(_unknown, "operation", name, _OPERATIONS))
    yield from _unheeded_effects(path, rule)
    yield from _unknown_error(path, rule)
    steps = rule.get("sequence")
    for i, step in enumerate(steps if isinstance(steps, list) else ()):
        where = (*path, "sequence", i)
        if isinstance(step, Mapping):
            yield from _unknown_error(where, step)
        elif isinstance(step, str) and step not in CATALOGUE and step not in _STEPS:
            kind = "step (ok, a status, an error code, the name of a fault, or a mapping)"
            yield Mistake(where, partial(_unknown, kind, step, (*_STEPS, *CATALOGUE)))


def _unheeded_effects(path: KeyPath, rule: Mapping[str, Any]) -> Iterator[Mistake]:
    """Find the world effects that none of the operations heeds which *rule* names."""
    effects = [key for key in WORLD_EFFECTS if rule.get(key) is not None]
    operation = rule.get("operation")
    names = [name for name in (operation if isinstance(operation, list) else [operation]) if isinstance(name, str)]
    if not effects or not names or any(name.endswith("*") for name in names):
        return
    from mockrds.api.families import SERVED  # only here, as that takes a while

    for effect in effects:
        heeding = {name for name, served in SERVED.items() if effect in served.heeds}
        heeding_words = set(map(short_name, heeding))
        if not (heeding | heeding_words).intersection(names):
            text = f"is about {' or '.join(sorted(heeding_words))}, which 'operation' does not name"
            yield Mistake((*path, effect), text)


def _unknown_error(path: KeyPath, step: Mapping[str, Any]) -> Iterator[Mistake]:
    code = step.get("error")
    if isinstance(code, str) and code not in CATALOGUE:
        remedy = _status_remedy(int(code)) if re.fullmatch("[0-9]{3}", code) else ""
        yield Mistake((*path, "error"), partial(_unknown, "error code", code, () if remedy else CATALOGUE, remedy))


def _status_remedy(given: object) -> str:
    """Return what to write where a status was given as an error code; nothing if it is no status."""
    if isinstance(given, bool) or not isinstance(given, int) or given not in _STATUSES:
        return ""
    return f": for a status write response: {{status: {given}}} instead of error"


def _unknown(kind: str, word: str, known: Iterable[str], remedy: str = "") -> str:
    return f"unknown {kind} {describe(word)}{suggest(word, known)}{remedy}"


def _instance_mistakes(data: Mapping[str, Any]) -> Iterator[Mistake]:
    world = data.get("world")
    instances = world.get("instances") if isinstance(world, Mapping) else None
    seen: dict[str, int] = {}
    primaries: list[str] = []
    for i, instance in enumerate(instances if isinstance(instances, list) else ()):
        if not isinstance(instance, Mapping):
            continue
        name, primary = instance.get("name"), instance.get("replica_of")
        path: KeyPath = ("world", "instances", i)
        if isinstance(primary, str) and primary not in primaries:
            text = f"no primary instance named {describe(primary)} stands before this one"
            yield Mistake((*path, "replica_of"), text + suggest(primary, primaries[:_COMPARED]))
        if isinstance(name, str):
            if name in seen:
                text = f"instances[{seen[name]}] is named {describe(name)}, too: names must be unique"
                yield Mistake((*path, "name"), text)
            elif primary is None:
                primaries.append(name)
            seen.setdefault(name, i)


# What pydantic finds, in our words


def _in_our_words(error: ValidationError, kind: type[Any], data: Any) -> list[Mistake]:
    wrong_types: dict[KeyPath, list[Any]] = {}
    mistakes: list[Mistake] = []
    for mistake in error.errors(include_url=False):
        path = path_of(mistake, data)
        if mistake["type"] in _KINDS:
            wrong_types.setdefault(path, []).append(mistake)
        elif mistake["type"] == "value_error":
            mistakes.append(_value_error(path, mistake))
        else:
            mistakes.append(Mistake(path, partial(_text, mistake, path, kind)))
    deeper = {path[:n] for path in (*wrong_types, *(mistake.path for mistake in mistakes)) for n in range(len(path))}
    for path, alternatives in wrong_types.items():
        if path not in deeper:  # else one of the types that may stand here fits, but for what is wrong inside
            mistakes.append(Mistake(path, partial(_wrong_type, alternatives)))
    return mistakes


def path_of(mistake: Any, data: Any) -> KeyPath:
    """Return the part of pydantic's location that is in the document; the rest are names of alternatives."""
    path: KeyPath = ()
    for part in mistake["loc"]:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            if not mistake["type"].startswith("missing"):
                continue
        path = (*path, part)
    return path


def _wrong_type(alternatives: list[Any]) -> str:
    given = alternatives[0]["input"]
    expected = " or ".join(dict.fromkeys(_expected(mistake) for mistake in alternatives))
    text = f"expected {expected}, not {describe(given)}"
    if alternatives[0]["loc"][-1:] == ("error",) and (remedy := _status_remedy(given)):
        return f"expected an error code, not {given}{remedy}"
    if "text" in expected and isinstance(given, int | float | None):
        return f"{text}: write it in quotes"
    if alternatives[0]["loc"][-1:] == ("response",) and isinstance(given, int):
        return f"{text}: write {{status: {given}}}"
    reason = alternatives[0].get("ctx", {}).get("error")
    return f"{text}: {reason}" if reason else text


def _expected(mistake: Any) -> str:
    if mistake.get("ctx", {}).get("class_name") == "Distribution":
        return "a duration such as 3s or a mapping"
    return _KINDS[mistake["type"]]


def _value_error(path: KeyPath, mistake: Any) -> Mistake:
    """Return a mistake of our own classes; at the key that its message begins with, if it does."""
    message = mistake["msg"].removeprefix("Value error, ")
    about = _ABOUT.fullmatch(message)
    if about is not None and isinstance(mistake["input"], Mapping) and about[1] in mistake["input"]:
        return Mistake((*path, about[1]), about[2])
    return Mistake(path, message)


def _text(mistake: Any, path: KeyPath, kind: type[Any]) -> str:
    if mistake["type"] == "unexpected_keyword_argument":
        known = _keys_at(kind, path[:-1])
        key = str(path[-1])
        meant = _MEANT.get(key, "")
        close = f", did you mean {meant!r}?" if meant.partition(":")[0] in known else suggest(key, known)
        return f"unknown key{close} (expected one of: {', '.join(known)})"
    if mistake["type"].startswith("missing"):
        return "this key is missing"
    if mistake["type"] in _LIMITS:
        return _LIMITS[mistake["type"]].format_map(mistake["ctx"])
    given = mistake["input"]
    if mistake["type"] == "literal_error":
        expected = mistake["ctx"]["expected"]
        options = re.findall(r"'([^']*)'", expected)
        if options == list(NAMES):
            options = [*options, *SHORT]
            expected = f"{', '.join(map(repr, options))}, or a mapping such as {{limit_data: 100}}"
        return f"expected {expected}, not {describe(given)}{suggest(str(given), options)}"
    return f"{mistake['msg']}, not {describe(given)}"


def _keys_at(kind: type[Any], path: KeyPath) -> list[str]:
    """Return the keys that the mapping at *path* may have."""
    for part in path:
        hints = typing.get_type_hints(kind) if isinstance(part, str) else {}
        if part in hints:  # else it is a place in a list, or the author's own key
            kind = _dataclass(hints[part])
    return [field.name for field in fields(kind) if field.init]


def _dataclass(hint: Any) -> Any:
    """Return the dataclass in a type such as ``tuple[Rule, ...]`` or ``Response | None``; None if there is none."""
    if is_dataclass(hint):
        return hint
    return next((found for argument in typing.get_args(hint) if (found := _dataclass(argument))), None)
