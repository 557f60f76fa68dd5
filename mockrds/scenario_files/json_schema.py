"""The JSON schema of a scenario file, made of the classes that it is read into.

Editors complete and explain with it. What it accepts is what the loader accepts, but for the rules
that connect several keys: those only the loader knows.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from mockrds.domain.errors import CATALOGUE
from mockrds.domain.operations import OPERATIONS
from mockrds.scenario import Scenario

_NAMES: Final = dict.fromkeys(operation.rpartition(".")[2] for operation in OPERATIONS)
_WORDS: Final[dict[str, dict[str, Any]]] = {
    "Operation": {
        "title": "Operation",
        "description": "An operation of the API reference, with or without its family; a whole family; or all.",
        "anyOf": [{"enum": ["*", *_NAMES, *OPERATIONS]}, {"type": "string", "pattern": r"^[a-z0-9.]+\.\*$"}],
    },
    "ErrorCode": {
        "title": "ErrorCode",
        "description": "A documented error code; status and message follow from it.",
        "enum": list(CATALOGUE),
    },
}
_WORDS_OF: Final = {"operation": "Operation", "error": "ErrorCode", "sequence": "ErrorCode"}
"""Keys of scenarios whose texts are not any text."""
_HOLDS_VALUES: Final = ("anyOf", "oneOf", "items")
"""Keys of schemas under which there are other schemas of the same value, or of values in it."""


def schema() -> dict[str, Any]:
    """Make the JSON schema (draft 2020-12) of a scenario file."""
    written: dict[str, Any] = _with_words(TypeAdapter(Scenario).json_schema(schema_generator=_Generator))
    written["$defs"] |= _WORDS
    return {"$schema": GenerateJsonSchema.schema_dialect} | written


class _Generator(GenerateJsonSchema):
    """Writes schemas as pydantic does, with the words of our docstrings."""

    def dataclass_schema(self, schema: Any) -> dict[str, Any]:
        """Describe a class, and each of its fields."""
        written = super().dataclass_schema(schema)
        cls = schema["cls"]
        documentation = attribute_docstrings(cls)
        properties: dict[str, Any] = {}
        for field in fields(cls):
            if field.init:  # what is no argument can't be said in a file
                value = properties[field.name] = written["properties"][field.name]
                if isinstance(value.get("default"), dict | list | None):
                    value.pop("default", None)  # the words say it better
                if field.name in documentation:
                    value["description"] = documentation[field.name]
                if cls.__pydantic_config__.get("coerce_numbers_to_str") and value == {**value, "type": "string"}:
                    value["type"] = value["type"] if "enum" in value else ["string", "number"]
        summary = inspect.cleandoc(cls.__doc__).partition("\n\n")[0]
        return written | {"description": _plain(summary), "properties": properties}

    def datetime_schema(self, schema: Any) -> dict[str, Any]:  # noqa: ARG002
        """Say that a time is text; the format ``date-time`` would demand a zone."""
        return {"type": "string"}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Give no titles: they would be the keys again."""
        return False


def attribute_docstrings(cls: type[Any]) -> dict[str, str]:
    """Read what stands below the attributes of a dataclass and of those that it is derived from."""
    found: dict[str, str] = {}
    for base in filter(is_dataclass, reversed(cls.__mro__)):
        [definition] = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        for attribute, below in pairwise(getattr(definition, "body", ())):
            match attribute, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = _plain(inspect.cleandoc(text))
                case _:
                    pass
    return found


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _with_words(part: Any, words: str | None = None) -> Any:
    """Put a reference to *words* in the place of every text that may be any text."""
    if isinstance(part, list):
        return [_with_words(each, words) for each in part]
    if not isinstance(part, dict):
        return part
    if words and part.get("type") == "string" and part.keys() <= {"type", "description", "default"}:
        return {"$ref": f"#/$defs/{words}"} | {key: part[key] for key in part if key != "type"}
    inside = {key: _with_words(value, words if key in _HOLDS_VALUES else None) for key, value in part.items()}
    if "properties" in part:
        inside["properties"] = {
            name: _with_words(value, _WORDS_OF.get(name)) for name, value in part["properties"].items()
        }
    return inside
