"""The JSON schema of a scenario file, made of the classes that it is read into.

Editors complete and explain with it. It accepts what the loader accepts, and more: only the loader knows the
rules that connect several keys.
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
from mockrds.domain.operations import OPERATIONS, short_name
from mockrds.scenario import Scenario

_NAMES: Final = dict.fromkeys(map(short_name, OPERATIONS))
_VOCABULARIES: Final[dict[str, dict[str, Any]]] = {
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
_VOCABULARY_OF: Final = {"operation": "Operation", "error": "ErrorCode", "sequence": "ErrorCode"}
"""The keys of scenarios whose texts are words of a vocabulary."""
_HOLDS_VALUES: Final = ("anyOf", "oneOf", "items")
"""The keys of schemas that hold schemas of the same value, or of values in it."""


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a scenario file."""
    written: dict[str, Any] = _with_vocabularies(TypeAdapter(Scenario).json_schema(schema_generator=_Generator))
    written["$defs"] |= _VOCABULARIES
    return {"$schema": GenerateJsonSchema.schema_dialect} | written


class _Generator(GenerateJsonSchema):
    """Writes schemas as pydantic does, with our docstrings as descriptions."""

    def dataclass_schema(self, schema: Any) -> dict[str, Any]:
        """Return the schema of a class, with a description of each of its fields."""
        written = super().dataclass_schema(schema)
        cls = schema["cls"]
        documentation = attribute_docstrings(cls)
        properties: dict[str, Any] = {}
        for field in fields(cls):
            if field.init:  # others can't stand in a file
                value = properties[field.name] = written["properties"][field.name]
                if isinstance(value.get("default"), dict | list | None):
                    value.pop("default", None)  # the description says it better
                if field.name in documentation:
                    value["description"] = documentation[field.name]
                if cls.__pydantic_config__.get("coerce_numbers_to_str") and value == {**value, "type": "string"}:
                    value["type"] = value["type"] if "enum" in value else ["string", "number"]
        summary = inspect.cleandoc(cls.__doc__).partition("\n\n")[0]
        return written | {"description": _plain(summary), "properties": properties}

    def datetime_schema(self, schema: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return text as the schema of a time; the format ``date-time`` would demand a zone."""
        return {"type": "string"}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Return False: titles would only repeat the keys."""
        return False


def attribute_docstrings(cls: type[Any]) -> dict[str, str]:
    """Return the docstrings below the attributes of a dataclass and of its bases, by attribute."""
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


def _with_vocabularies(part: Any, vocabulary: str | None = None) -> Any:
    """Return a schema with a reference to *vocabulary* in the place of every schema of any text."""
    if isinstance(part, list):
        return [_with_vocabularies(each, vocabulary) for each in part]
    if not isinstance(part, dict):
        return part
    if vocabulary and part.get("type") == "string" and part.keys() <= {"type", "description", "default"}:
        return {"$ref": f"#/$defs/{vocabulary}"} | {key: part[key] for key in part if key != "type"}
    inside = {
        key: _with_vocabularies(value, vocabulary if key in _HOLDS_VALUES else None) for key, value in part.items()
    }
    if "properties" in part:
        inside["properties"] = {
            name: _with_vocabularies(value, _VOCABULARY_OF.get(name)) for name, value in part["properties"].items()
        }
    return inside
