"""The OpenAPI document of the control API, made of the table that routes."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from mockrds.control.routes import ROUTES, TOKEN_HEADER, Route
from mockrds.control.schemas import SCHEMAS, TEXT, Schema, about, ref
from mockrds.report import CONTENT_TYPES
from mockrds.version import __version__

_PARAMETERS: Final = {
    "project": about(TEXT, "The id of a project, or the name of one that is there; a new id makes a project."),
    "fault": about(TEXT, "The id of a fault in force."),
    "format": about({**TEXT, "enum": list(CONTENT_TYPES)}, "JSON, a web page, JUnit XML or plain text."),
    "family": about(TEXT, "v1, v3 (which has v3.1), trove, iam or version."),
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


@cache
def document() -> dict[str, Any]:
    """Make the OpenAPI 3.1 document of the control API."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
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
            "schemas": SCHEMAS | _scenario_schemas(),
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    in_path = re.findall(r"{(\w+)}", route.path)
    refused = [400] * (route.body is not None or bool(route.query)) + [401] * (not route.open)
    refused += [404] * bool(in_path) + [409] * route.conflicts + [413] * (route.body is not None) + [500]
    described: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": _PARAMETERS[name]} for name in in_path),
            *(_query(name, schema) for name, schema in route.query.items()),
        ],
        "responses": {
            **{str(status): _response("As asked.", route.answer, *route.also) for status in route.status},
            **{str(status): _response(_REFUSALS[status], "Error") for status in refused},
        },
        "security": [] if route.open else [{}, {"token": []}],
    }
    if route.body is not None:
        described["requestBody"] = {"required": True, "content": _json(ref(route.body))}
    return described


def _query(name: str, schema: Schema) -> dict[str, Any]:
    described = {"name": name, "in": "query", "description": schema["description"]}
    if "$ref" in schema:  # it is sent as JSON
        return described | {"content": _json({"$ref": schema["$ref"]})}
    return described | {"schema": schema}


def _response(description: str, answer: str, *also: str) -> dict[str, Any]:
    return {"description": description, "content": _json(ref(answer)) | {kind: {"schema": TEXT} for kind in also}}


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _scenario_schemas() -> dict[str, Schema]:
    from mockrds.scenario_files.json_schema import schema

    scenario = schema()
    definitions = scenario.pop("$defs")
    del scenario["$schema"]
    project_match = definitions["ProjectMatch"]
    match = project_match | {
        "title": "Match",
        "properties": {name: of for name, of in project_match["properties"].items() if name not in _WORLD_ONLY},
    }
    found: dict[str, Schema] = _moved(definitions | {"Scenario": scenario, "Match": match})
    return found


def _moved(part: Any) -> Any:
    """Let references lead to where OpenAPI documents keep their schemas."""
    if isinstance(part, list):
        return [_moved(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _moved(value)
        for key, value in part.items()
    }
