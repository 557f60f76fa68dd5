"""The OpenAPI documents, one an API family, made of what the operations say of themselves.

``python -m mockrds.api.openapi`` writes them into docs/openapi; a server has them under ``/__mockrds/openapi/``.
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.families import SERVED
from mockrds.api.schema import Dictionary, Integer, Object, Schema, Text
from mockrds.domain.operations import OPERATIONS, short_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockrds.api.operation import ServedOperation
    from mockrds.api.schema import JsonSchema
    from mockrds.domain.operations import Operation

TITLES: Final = {
    "v1": "RDS API v1",
    "v3": "RDS API v3 and v3.1",
    "trove": "RDS API that is compatible with OpenStack Trove",
    "iam": "The identity service, as far as clients of RDS need it",
    "version": "Version queries of RDS",
}
"""The families that have a document."""
_V1_ERROR: Final = Object({"errCode": Text(), "externalMessage": Text()})
_ERRORS: Final[dict[str, Schema]] = {
    "v1": _V1_ERROR,
    "v3": Object({"error_msg": Text(), "error_code": Text()}),
    "trove": Dictionary(Object({"code": Integer(), "message": Text()})),
    "iam": Object({"error": Object({"message": Text(any), "code": Integer(), "title": Text()})}),
    "version": _V1_ERROR,
}
_GATEWAY_ERROR: Final = Object({"error_msg": Text(), "error_code": Text(), "request_id": Text()})
_REFUSALS: Final = {"4XX": "It was refused.", "5XX": "It failed."}
_JOB: Final = {"v3.get_job": {"id": "$response.body#/job_id"}}
"""Where every answer with the id of a job leads."""
_SIMPLE: Final = "Simple: what clients send is kept and shown again, with no further effect."


@cache
def document(family: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a family of ``TITLES``."""
    paths = _paths(family)
    refusal = {"application/json": {"schema": {"anyOf": [_ref("Error"), _ref("GatewayError")]}}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLES[family],
            "description": "What mockrds serves of it.",
            "version": family,
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": {
            path: {method: _operation(operations) for method, operations in methods.items()}
            for path, methods in paths.items()
        },
        "components": {
            "schemas": {
                **{
                    f"{operation.id}.{part}": _sent(schema.json_schema()) if part == "body" else schema.json_schema()
                    for methods in paths.values()
                    for operations in methods.values()
                    for operation in operations
                    for part, schema in _bodies(operation.id)
                },
                "Error": _ERRORS[family].json_schema(),
                "GatewayError": _GATEWAY_ERROR.json_schema(),
            },
            "responses": {
                status: {"description": description, "content": refusal} for status, description in _REFUSALS.items()
            },
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
        },
    }


def main() -> None:
    """Write the documents into docs/openapi, or into the folder that the command line names."""
    folder = Path(*(sys.argv[1:] or ["docs/openapi"]))
    folder.mkdir(parents=True, exist_ok=True)
    for family in TITLES:
        (folder / f"{family}.json").write_text(written(family), encoding="utf-8")


def written(family: str) -> str:
    """Return the text of the document of a family."""
    return json.dumps(document(family), indent=1, ensure_ascii=False) + "\n"


def _paths(family: str) -> dict[str, dict[str, list[Operation]]]:
    """Return the operations of a family by path and method."""
    paths: dict[str, dict[str, list[Operation]]] = {}
    for operation in OPERATIONS.values():
        if operation.id in SERVED and _family(operation) == family:
            paths.setdefault(operation.path, {}).setdefault(operation.method.lower(), []).append(operation)
    return paths


def _family(operation: Operation) -> str:
    return operation.family.partition(".")[0]


def _bodies(operation: str) -> list[tuple[str, Schema]]:
    served = SERVED[operation]
    parts = (("body", served.body), ("answer", served.answer))
    return [(part, schema) for part, schema in parts if schema is not None]


def _sent(schema: JsonSchema) -> JsonSchema:
    """Return the schema of a body, in which null means the same as to leave something out."""
    sent = dict(schema)
    for key in ("items", "additionalProperties"):
        if key in sent:
            sent[key] = _sent(sent[key])
    if "anyOf" in sent:
        sent["anyOf"] = [_sent(each) for each in sent["anyOf"]]
    if "properties" in sent:
        needed = sent.get("required", ())
        sent["properties"] = {
            key: _sent(inner) if key in needed else _or_null(_sent(inner)) for key, inner in sent["properties"].items()
        }
    return sent


def _or_null(schema: JsonSchema) -> JsonSchema:
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    values = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return schema | {"type": [*types, "null"]} | values


def _operation_id(operations: list[Operation]) -> str:
    ids = [operation.id for operation in operations]
    return "_or_".join([ids[0], *map(short_name, ids[1:])])


def _operation(operations: list[Operation]) -> dict[str, Any]:
    """Return the description of the operations that share a method and a path."""
    ids = [operation.id for operation in operations]
    served = [SERVED[each] for each in ids]
    described: dict[str, Any] = {
        "operationId": _operation_id(operations),
        "summary": "; ".join(each.summary for each in served),
        "parameters": _parameters(operations[0]),
        "responses": {
            **{str(status): _good(operations, status) for status in dict.fromkeys(each.status for each in served)},
            **{status: {"$ref": f"#/components/responses/{status}"} for status in _REFUSALS},
        },
    }
    simple = [each for each in ids if SERVED[each].simple]
    if simple:
        described["description"] = _SIMPLE if simple == ids else f"{', '.join(simple)}: {_SIMPLE.lower()}"
    bodies = [_ref(f"{each}.body") for each in ids if SERVED[each].body is not None]
    if bodies:
        described["requestBody"] = {"required": True, "content": _json(_any_of(bodies))}
    if all(each.public for each in served):
        described["security"] = []
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    text, served = {"type": "string"}, SERVED[operation.id]
    parameters = [("path", name, True, text) for name in _variables(operation)]
    parameters += [("header", name, True, text) for name in served.headers]
    if served.query is not None:
        parameters += [("query", name, required, schema) for name, required, schema in served.query.schemas()]
    return [
        {"name": name, "in": place, "required": required, "schema": schema}
        for place, name, required, schema in parameters
    ]


def _good(operations: list[Operation], status: int) -> dict[str, Any]:
    """Return the description of the good answer of those operations that answer with *status*."""
    schemas: dict[str, JsonSchema] = {}
    for operation in operations:
        served = SERVED[operation.id]
        if served.status == status and served.answer is not None:
            schemas.setdefault(json.dumps(served.answer.json_schema()), _ref(f"{operation.id}.answer"))
    response: dict[str, Any] = {"description": "As asked."}
    if schemas:
        response["content"] = _json(_any_of(list(schemas.values())))
    headers = SERVED[operations[0].id].answer_headers
    if headers:
        response["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    links = {
        short_name(target): _link(operations[0], OPERATIONS[target], arguments)
        for operation in operations
        if SERVED[operation.id].status == status
        for target, arguments in _leads_to(SERVED[operation.id]).items()
    }
    if links:
        response["links"] = links
    return response


def _leads_to(served: ServedOperation) -> dict[str, Mapping[str, Any]]:
    has_job = served.answer is not None and "job_id" in served.answer.json_schema().get("properties", ())
    return {**served.leads_to, **(_JOB if has_job else {})}


def _link(source: Operation, target: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the link from *source* to *target* with *arguments*, the variables that both paths have, and a body."""
    shared = [name for name in _variables(target) if name in _variables(source) and name not in arguments]
    parameters = {name: f"$request.path.{name}" for name in shared}
    parameters |= {name: value for name, value in arguments.items() if name != "body"}
    meant = _paths(_family(target))[target.path][target.method.lower()]
    link: dict[str, Any] = {"operationId": _operation_id(meant), "parameters": parameters}
    return link | ({"requestBody": arguments["body"]} if "body" in arguments else {})


def _variables(operation: Operation) -> list[str]:
    return re.findall(r"{(\w+)}", operation.path)


def _any_of(schemas: list[JsonSchema]) -> JsonSchema:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _json(schema: JsonSchema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}


if __name__ == "__main__":
    main()
