"""Compares answers with the OpenAPI documents: what is not described there must not be answered."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from mockrds.api.families import SERVED
from mockrds.api.openapi import document
from mockrds.api.routing import Routes
from mockrds.domain.operations import OPERATIONS

if TYPE_CHECKING:
    from support.api import Reply

ROUTES = Routes(OPERATIONS.values())


def mistakes(method: str, url: str, reply: Reply, sent: Any = None) -> list[str]:
    """List what the document of its family does not say of an answer, or of the body of a request that was good."""
    match = ROUTES.match(method, unquote(urlsplit(url).path))
    served = [each for each in match.operations if each in SERVED] if match is not None else []
    if not served or reply.status == 501 or "X-Mockrds-Fault" in reply.headers:
        return []
    operation = OPERATIONS[served[0]]
    family = operation.family.partition(".")[0]
    described = document(family)["paths"][operation.path][method.lower()]
    response = described["responses"].get(str(reply.status))
    if response is None:
        if reply.status < 400:
            return [f"{method} {operation.path} answers {reply.status}"]
        response = document(family)["components"]["responses"][f"{reply.status // 100}XX"]
    elif sent is not None and "requestBody" in described:
        body = described["requestBody"]["content"]["application/json"]["schema"]
        found = _against(family, body, _without_nulls(sent), closed=False)
        if found:
            return found
    if "content" not in response or method == "HEAD":
        return [] if reply.body is None else [f"{method} {operation.path} has a body: {reply.text}"]
    return _against(family, response["content"]["application/json"]["schema"], reply.body)


@cache
def _validator(family: str, schema: str, *, closed: bool) -> Draft202012Validator:
    root = json.loads(schema) | {"components": {"schemas": document(family)["components"]["schemas"]}}
    return Draft202012Validator(_closed(root) if closed else root)


def _closed(schema: Any) -> Any:
    """Let objects have only what is described."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _closed(each) for key, each in schema.items()}
    return {"additionalProperties": False} | inner if schema.get("type") in ("object", ["object", "null"]) else inner


def _against(family: str, schema: Any, value: Any, *, closed: bool = True) -> list[str]:
    errors = _validator(family, json.dumps(schema), closed=closed).iter_errors(value)
    return [f"{leaf.json_path}: {leaf.message}" for leaf in map(best_match, ([error] for error in errors))]


def _without_nulls(value: Any) -> Any:
    """Leave out what is null: in requests that is the same."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
