"""The OpenAPI document of the control API, made of the table of routes and of the classes that it names."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, Union

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from mockrds.control import records
from mockrds.control.fields import Ref
from mockrds.control.route import TOKEN_HEADER, Route
from mockrds.control.verdict import ClientVerdict
from mockrds.report import CONTENT_TYPES
from mockrds.scenario_files.json_schema import attribute_docstrings, schema as scenario_schema
from mockrds.version import __version__

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_PARAMETERS: Final[dict[str, Schema]] = {
    "project": _TEXT | {"description": "The id of a project, or the name of one that is there; a new id makes one."},
    "fault": _TEXT | {"description": "The id of a fault in force."},
    "format": _TEXT | {"enum": list(CONTENT_TYPES), "description": "JSON, a web page, JUnit XML or plain text."},
    "family": _TEXT | {"description": "v1, v3 (which has v3.1), trove, iam or version."},
}
_REFUSALS: Final = {
    400: "The body or the query is wrong.",
    401: "The token is missing or wrong; only servers that other machines can reach demand one.",
    404: "There is no such thing.",
    409: "What there is already is in the way.",
    413: "The body is larger than 12 MB.",
    500: "mockrds itself failed; its log has the traceback.",
}
_WORLD_ONLY: Final = ("instance", "instance_status", "state")
"""Conditions that a question to the journal can't have: they are about the project at the time of the call."""
_REF: Final = "#/components/schemas/{model}"


@cache
def document(routes: tuple[Route, ...]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the control API, made of the table of its routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(f"/{route.path}", {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Control API of mockrds",
            "description": "Watches and steers a mock of the RDS backup API. No fault applies here.",
            "version": __version__,
        },
        "servers": [{"url": "/__mockrds"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(routes),
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    in_path = re.findall(r"{(\w+)}", route.path)
    refused = [400] * (route.body is not None or route.query is not None) + [401] * (not route.open)
    refused += [404] * bool(in_path) + [409] * route.conflicts + [413] * (route.body is not None) + [500]
    described: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": _PARAMETERS[name]} for name in in_path),
            *(_query(route.query) if route.query is not None else ()),
        ],
        "responses": {
            **{str(status): _response("As asked.", route.answer, *route.also) for status in route.status},
            **{str(status): _response(_REFUSALS[status], records.Error) for status in refused},
        },
        "security": [] if route.open else [{}, {"token": []}],
    }
    if route.body is not None:
        described["requestBody"] = {"required": True, "content": _json(_ref(route.body))}
    return described


def _query(kind: type[Any]) -> list[dict[str, Any]]:
    properties = _schema(kind)["properties"]
    return [
        {"name": name, "in": "query", "description": schema.pop("description")}
        | ({"content": _json(schema)} if "$ref" in schema else {"schema": schema})  # the former is sent as JSON
        for name, schema in properties.items()
    ]


def _response(description: str, answer: type[Any] | Ref, *also: str) -> dict[str, Any]:
    return {"description": description, "content": _json(_ref(answer)) | {kind: {"schema": _TEXT} for kind in also}}


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _ref(kind: type[Any] | Ref) -> Schema:
    return {"$ref": _REF.format(model=kind.name if isinstance(kind, Ref) else kind.__name__)}


# Schemas


class _Generator(GenerateJsonSchema):
    """Writes schemas as pydantic does, with the words of our docstrings; nothing but what is described is answered."""

    def dataclass_schema(self, schema: Any) -> Schema:
        """Describe a class, and each of its fields."""
        written = super().dataclass_schema(schema)
        documentation = attribute_docstrings(schema["cls"])
        for name, value in written["properties"].items():
            if value.get("default", 0) is None:
                del value["default"]  # it may be left out
            if name in documentation:
                value["description"] = documentation[name]
        return written | {"additionalProperties": False}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Return that there are no titles: they would be the keys again."""
        return False


def _schemas(routes: tuple[Route, ...]) -> dict[str, Schema]:
    """Make the schemas of all that is sent and answered, by name."""
    kinds = [kind for route in routes for kind in (route.answer, route.body) if not isinstance(kind, Ref | None)]
    schemas: dict[str, Schema] = _schema(Union[records.Error, ClientVerdict, *kinds])["$defs"]
    schemas["Document"] = {"type": "object", "description": "An OpenAPI document."}
    return schemas | _scenario_schemas()


def _schema(kind: Any) -> Schema:
    written: Schema = _moved(TypeAdapter(kind).json_schema(ref_template=_REF, schema_generator=_Generator))
    return written


def _scenario_schemas() -> dict[str, Schema]:
    scenario = scenario_schema()
    definitions = scenario.pop("$defs")
    del scenario["$schema"]
    project_match = definitions["ProjectMatch"]
    match = project_match | {
        "title": "Match",
        "properties": {name: of for name, of in project_match["properties"].items() if name not in _WORLD_ONLY},
    }
    schemas: dict[str, Schema] = _moved(definitions | {"Scenario": scenario, "Match": match})
    return schemas


def _moved(part: Any) -> Any:
    """Let references lead to where OpenAPI documents keep their schemas."""
    if isinstance(part, list):
        return [_moved(each) for each in part]
    if not isinstance(part, dict):
        return part
    if "x-ref" in part:
        return _ref(Ref(part["x-ref"])) | {key: value for key, value in part.items() if key == "description"}
    return {
        key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _moved(value)
        for key, value in part.items()
    }
