"""Makes records of the JSON that a server answers."""

from __future__ import annotations

from dataclasses import is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def read(kind: type[T], content: dict[str, Any]) -> T:
    """Make a record of plain JSON; keys that it does not know are those of a newer server, and left out.

    Without pydantic, whose import takes longer than a small test.
    """
    types = _types(kind)  # type: ignore[arg-type]  # mypy takes the class for its instances
    return kind(**{key: _value(types[key], value) for key, value in content.items() if key in types})


@cache
def _types(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(kind: Any, value: Any) -> Any:
    if get_origin(kind) is UnionType:
        kind = get_args(kind)[0]  # such as Activity | None
    match value:
        case dict() if is_dataclass(kind):
            return read(kind, value)  # type: ignore[arg-type]  # it is the class
        case dict() if get_origin(kind) is dict:
            return {key: _value(get_args(kind)[1], each) for key, each in value.items()}
        case list() if (sequence := get_origin(kind)) in (list, tuple):
            return sequence(_value(get_args(kind)[0], each) for each in value)
        case _:
            return value
