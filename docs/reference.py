"""Writes reference.md, all that can be said to mockrds and read from it, out of the code that says and reads it.

python3 -m docs.reference > docs/reference.md
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from itertools import pairwise, starmap
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.families import SERVED
from mockrds.client import RemoteServer
from mockrds.control.openapi import document
from mockrds.control.routes import ROUTES
from mockrds.domain.clock import Clock
from mockrds.domain.errors import CATALOGUE
from mockrds.domain.operations import OPERATIONS
from mockrds.domain.world_template import Visibility
from mockrds.durations import Duration, Moment
from mockrds.faults.rules import ArmedRule
from mockrds.journal import Entry, Journal
from mockrds.project import Faults, Project
from mockrds.scenario_files.json_schema import schema
from mockrds.server import MockRDS

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSES: Final = (MockRDS, RemoteServer, Project, Faults, ArmedRule, Journal, Entry, Clock)
INTERNAL: Final = frozenset({"Journal.open", "Entry.record_progress", "Entry.record_sent", "Entry.close"})
"""What only the server calls, to write the journal: not on the page, because all that stands there is public."""
SPANS: Final = {  # the longest first: a visibility and a moment may be a duration, too
    cls.__name__.lower(): cls.__get_pydantic_json_schema__(None, None)["anyOf"]
    for cls in (Visibility, Moment, Duration)
}
PLAIN: Final = ["text", "true or false", "whole number", "number"]
TYPES: Final = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
    "object": "mapping",
    "array": "list",
}


def main() -> None:
    """Write the page."""
    sys.stdout.writelines(f"{line}\n" for line in page())


def page() -> Iterator[str]:
    """Return the lines of the page."""
    yield "# Reference"
    yield ""
    yield "Written from the code by `python3 dev.py docs`; a test says when it is out of date."
    yield ""
    yield "How to begin is in the [README](../README.md), faults by example in [faults.md](faults.md), ready scenarios"
    yield "in [scenarios.md](scenarios.md), the command line in [command-line.md](command-line.md)."
    yield from _operations()
    yield from _scenarios()
    yield from _errors()
    yield from _python()
    yield from _control()


def _table(*head: str, rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> Iterator[str]:
    yield ""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _section(title: str, text: str) -> Iterator[str]:
    yield ""
    yield title
    yield ""
    yield from textwrap.dedent(text).strip().splitlines()


def _operations() -> Iterator[str]:
    yield from _section(
        "## Operations",
        """
        The id is the name of the operation in scenario files, in the journal and in `X-Mockrds-Reason`. Every other
        operation of the API reference answers 501 with an empty body; its id is known to scenarios all the same.
        """,
    )
    served = [operation for operation in OPERATIONS.values() if operation.id in SERVED]
    yield from _table("id", "method", "path", rows=[(f"`{o.id}`", o.method, f"`{o.path}`") for o in served])


def _scenarios() -> Iterator[str]:
    yield from _section(
        "## Scenario files",
        """
        A scenario is a YAML file, or the same as a mapping in Python. Unknown keys are mistakes. A **duration** is a
        number of seconds or `120ms`, `3s`, `5m`, `6h`, `2d`; a **moment** is a duration since the world began or a time
        such as `2026-01-31T22:00:00Z`; a **visibility** is a duration or `3 looks`. Where a distribution may stand, a
        bare duration means `fixed`.
        """,
    )
    whole = schema()
    definitions = {"The file": whole} | whole["$defs"]
    for name in _in_order(whole):
        described = definitions[name]
        if "properties" in described:
            yield ""
            yield f"### {name}"
            yield ""
            yield described["description"]
            yield from _table("key", "type", "absent", "meaning", rows=list(_keys(described)))


def _in_order(whole: dict[str, Any]) -> list[str]:
    """Name the mappings of a scenario in the order in which they are mentioned."""
    found = {"The file": None}
    waiting = [whole["properties"]]
    for part in waiting:
        for name in _mentioned(part):
            if name not in found:
                found[name] = None
                waiting.append(whole["$defs"][name].get("properties", {}))
    return list(found)


def _mentioned(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].rpartition("/")[2]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _mentioned(inner)


def _keys(mapping: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for key, value in mapping["properties"].items():
        absent = "a mistake" if key in mapping.get("required", ()) else _default(value)
        yield f"`{key}`", _type(value), absent, value["description"]


def _default(value: dict[str, Any]) -> str:
    default = value.get("default")
    if default in (None, ""):
        return ""
    if _type(value) == "duration":
        return f"`{Duration(default)}`"
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default).removesuffix('.0')}`"


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return {"Operation": "operation", "ErrorCode": "[error code](#error-codes)"}.get(
            name, f"[{name}](#{name.lower()})"
        )
    if "anyOf" in value or "oneOf" in value:
        alternatives = list(dict.fromkeys(_alternatives(value.get("anyOf") or value["oneOf"])))
        if all(plain in alternatives for plain in PLAIN):
            alternatives = ["value", *(each for each in alternatives if each not in PLAIN)]
        return " or ".join(alternatives)
    if "enum" in value:
        return " or ".join(f"`{word}`" for word in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    kind = value.get("type")
    if kind == "array":
        inner = value.get("items") or (value.get("prefixItems") or [{}])[0]
        if "prefixItems" in value:
            return f"two {_type(inner)}s"
        return f"list of {_type(inner)}" if inner else "list"
    if kind == "object" and "properties" in value:
        return "mapping of what a fault may do" if "sequence" not in value["properties"] else "fault"
    if kind == "object" and isinstance(value.get("additionalProperties"), dict) and value["additionalProperties"]:
        return f"mapping to {_type(value['additionalProperties'])}"
    words = " or ".join(TYPES[each] for each in ([kind] if isinstance(kind, str) else kind or ())) or "anything"
    return words + _range(value)


def _alternatives(alternatives: list[dict[str, Any]]) -> Iterator[str]:
    left = [part for part in alternatives if part.get("type") != "null"]
    for name, parts in SPANS.items():
        if all(part in left for part in parts):
            yield name
            left = [part for part in left if part not in parts]
    yield from map(_type, left)


def _range(value: dict[str, Any]) -> str:
    low, high = value.get("minimum"), value.get("maximum", value.get("exclusiveMaximum"))
    if low is not None and high is not None:
        return f", {low:g} to {high:g}"
    if "exclusiveMinimum" in value:
        return f" above {value['exclusiveMinimum']:g}"
    return f" from {low:g}" if low is not None else ""


def _errors() -> Iterator[str]:
    yield from _section(
        "## Error codes",
        """
        What `error:` takes: status, message and envelope follow by themselves. The `DBS.` codes of API v3 and the codes
        of the OpenStack-compatible API (`badRequest`, `itemNotFound`, ...) are known, too.
        """,
    )
    rows = [row for row in CATALOGUE.values() if row.code.startswith(("RDS.", "APIGW."))]
    yield from _table(
        "code", "status", "message", rows=[(f"`{row.code}`", str(row.status), row.message) for row in rows]
    )


def _python() -> Iterator[str]:
    yield from _section(
        "## Python",
        """
        `from mockrds import MockRDS, Project, RemoteServer, ClockSetting, ScenarioError`. Times are seconds since 1970
        (UTC); durations are seconds, or text such as `"6h"`.
        """,
    )
    for cls in CLASSES:
        yield ""
        yield f"### `{cls.__name__}`"
        yield ""
        assert cls.__doc__ is not None
        yield from inspect.cleandoc(cls.__doc__).partition("\n\nArgs:")[0].replace("``", "`").splitlines()
        yield from _table("member", "meaning", rows=list(_members(cls)))


def _members(cls: type[Any]) -> Iterator[tuple[str, str]]:
    for name, arguments in _arguments(cls):
        yield f"`{cls.__name__}({name}=...)`", arguments
    attributes = dict(_attributes(cls))
    for name, meaning in attributes.items():
        yield f"`{name}`", meaning
    members = {name: member for base in reversed(cls.__mro__) for name, member in vars(base).items()}
    for name, member in members.items():
        if name.startswith("_") or name in attributes or f"{cls.__name__}.{name}" in INTERNAL:
            continue
        function = member.fget if isinstance(member, property) else getattr(member, "func", member)
        if not callable(function) or not function.__doc__:
            continue
        shown = name
        if not isinstance(member, property) and function is member:
            parameters = list(inspect.signature(function).parameters.values())[1:]
            shown = (
                f"{'await ' * inspect.iscoroutinefunction(function)}{name}({', '.join(map(_parameter, parameters))})"
            )
        yield f"`{shown}`", _sentence(function.__doc__)


def _parameter(parameter: inspect.Parameter) -> str:
    if parameter.default is not parameter.empty:
        return f"{parameter.name}="
    return str(parameter).partition(":")[0]


def _arguments(cls: type[Any]) -> Iterator[tuple[str, str]]:
    """Read the arguments in the docstring of a class that users make themselves."""
    if cls in (MockRDS, RemoteServer):
        section = inspect.cleandoc(cls.__doc__ or "").partition("Args:\n")[2].partition("\n\n")[0]
        for each in textwrap.dedent(section).replace("\n    ", " ").splitlines():
            name, _, meaning = each.partition(": ")
            yield name, _plain(meaning)


def _attributes(cls: type[Any]) -> Iterator[tuple[str, str]]:
    """Read what stands below the attributes, in the class and in its methods."""
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(definition, ast.ClassDef)
    bodies = [definition.body]
    bodies += [each.body for each in definition.body if isinstance(each, ast.FunctionDef)]
    for body in bodies:
        for statement, below in pairwise(body):
            match statement, below:
                case (
                    ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)])
                    | ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(attr=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    yield name, _plain(text)
                case _:
                    pass


def _sentence(docstring: str) -> str:
    """Return the first paragraph of *docstring*, and what may be raised."""
    text = inspect.cleandoc(docstring)
    raised = text.partition("Raises:\n")[2].partition("\n\n")[0]
    raises = [f"`{name.strip()}`: {why}" for name, _, why in (each.partition(": ") for each in _items(raised))]
    return " ".join([_plain(text.partition("\n\n")[0]), *map(_plain, raises)])


def _items(section: str) -> list[str]:
    return textwrap.dedent(section).replace("\n    ", " ").splitlines()


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _control() -> Iterator[str]:
    described = document(ROUTES)
    yield from _section(
        "## Control API",
        """
        Paths begin with `/__mockrds/`; `{project}` is an id or a name. `GET /__mockrds/openapi.json` describes bodies
        and answers to the last field. What can't be done answers `{"error": "..."}`. A server that other machines can
        reach demands the header `X-Mockrds-Token` for all but `live`, `ready`, `version` and `openapi.json`.
        """,
    )
    yield from _table(
        "method",
        "resource",
        "meaning",
        "body or query",
        "answer",
        rows=[
            (method.upper(), f"`{path.lstrip('/')}`", operation["summary"], *_exchanged(operation))
            for path, methods in described["paths"].items()
            for method, operation in methods.items()
        ],
    )
    for name, part in described["components"]["schemas"].items():
        if name in _mentioned(described["paths"]) and name not in (
            "Error",
            "Nothing",
            "Scenario",
            "Rule",
            "WorldTemplate",
        ):
            yield ""
            yield f"`{name}`: {_shape(part)}."


def _exchanged(operation: dict[str, Any]) -> tuple[str, str]:
    query = [f"`{parameter['name']}`" for parameter in operation["parameters"] if parameter["in"] == "query"]
    body = [_schema_name(operation["requestBody"])] if "requestBody" in operation else query
    answers = [_schema_name(answer) for status, answer in operation["responses"].items() if status < "400"]
    return ", ".join(body), answers[0]


def _schema_name(part: dict[str, Any]) -> str:
    return f"`{part['content']['application/json']['schema']['$ref'].rpartition('/')[2]}`"


def _shape(part: dict[str, Any]) -> str:
    return ", ".join(starmap(_described, part.get("properties", {}).items())) or part.get("description", "").rstrip(".")


def _described(key: str, value: dict[str, Any]) -> str:
    """Return a key with its meaning in brackets, if its name does not say all."""
    meaning = value.get("description", "").rstrip(".")
    if meaning[1:2].islower() or meaning.startswith("A "):  # no abbreviation
        meaning = meaning[0].lower() + meaning[1:]
    return f"`{key}` ({meaning})" if meaning else f"`{key}`"


if __name__ == "__main__":
    main()
