"""Checks what the control API is sent, and says in plain words what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args, get_type_hints

import orjson
from pydantic import TypeAdapter, ValidationError

from mockrds.control.errors import ControlError
from mockrds.scenario_files.document import dotted
from mockrds.scenario_files.validation import path_of
from mockrds.suggestions import suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mockrds.scenario_files.document import KeyPath

T = TypeVar("T")

_LONG: Final = 60
_KINDS: Final = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a JSON object",
    "dataclass_type": "a JSON object",
}


def as_json(value: object) -> str:
    """Return a value of a body as a message shows it."""
    text = orjson.dumps(value).decode()
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."


def check(kind: type[T], values: Mapping[str, Any], word: str = "key", show: Callable[[Any], str] = as_json) -> T:
    """Make a body or a query of what was sent.

    Args:
        kind: The class of what is expected.
        values: What was sent.
        word: What messages call a key.
        show: Returns a value as messages show it.

    Raises:
        ControlError: It is not what is expected; the message says where, and what to do.
    """
    try:
        checked: T = _adapter(kind).validate_json(orjson.dumps(values), strict=True)  # type: ignore[arg-type]
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
    else:
        return checked
    mistake = next((each for each in mistakes if each["type"] == "unexpected_keyword_argument"), mistakes[0])
    path = path_of(mistake, values)
    types = [each["type"] for each in mistakes if path_of(each, values) == path]
    kinds = [_KINDS[each] for each in types if each in _KINDS and (each != "int_type" or "float_type" not in types)]
    raise ControlError(400, f"{dotted(path)}: {_why(mistake, kinds, kind, path, word, show)}")


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _why(mistake: Any, kinds: list[str], kind: type[Any], path: KeyPath, word: str, show: Callable[[Any], str]) -> str:
    value, context = mistake["input"], mistake.get("ctx", {})
    *above, key = path
    for part in above:
        kind = _dataclass(get_type_hints(kind).get(str(part)), kind)
    if kinds:
        nullable = NoneType in get_args(get_type_hints(kind, include_extras=True).get(str(key)))
        return f"expected {' or '.join([*kinds, 'null'] if nullable else kinds)}, not {show(value)}"
    match mistake["type"]:
        case "unexpected_keyword_argument":
            known = [field.name for field in fields(kind)]
            return f"unknown {word}{suggest(str(key), known)} (expected one of: {', '.join(known)})"
        case "missing":
            return "this key is missing"
        case "literal_error":
            known = re.findall(r"'([^']*)'", context["expected"])
            return f"unknown {show(value)}{suggest(str(value), known)} (expected one of: {', '.join(known)})"
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}, not {value}"
        case "string_pattern_mismatch":
            return f"{show(value)} does not fit {context['pattern']}"
        case _:
            return f"{mistake['msg']}, not {show(value)}"


def _dataclass(hint: Any, otherwise: type[Any]) -> type[Any]:
    """Return the dataclass in a type such as ``NewClock | None``."""
    return next((each for each in (hint, *get_args(hint)) if isinstance(each, type) and is_dataclass(each)), otherwise)
