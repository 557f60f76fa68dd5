"""What Java and Node clients need of every answer, good or bad, of every operation that is served."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from support.strict_client import Answer, StrictClient, misfits

from mockrds.api.families import SERVED
from mockrds.domain.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.api import Connect

    from mockrds import MockRDS

GATEWAY = {"error_code": str, "error_msg": str, "request_id": str}
ERRORS: dict[str, Any] = {
    "v1": {"errCode": str, "externalMessage": str},
    "v3": {"error_code": str, "error_msg": str},
    "v3.1": {"error_code": str, "error_msg": str},
    "trove": {"code": int, "message": str},
}
OPERATION_IDS = {
    family: [operation.id for operation in OPERATIONS.values() if operation.family == family and operation.id in SERVED]
    for family in ERRORS
}


@pytest.fixture
def wire(connect: Connect, strict: MockRDS) -> Iterator[StrictClient]:
    yield from StrictClient.checked(connect(to=strict).project)


def asked(wire: StrictClient, operation_id: str, **headers: str) -> Answer:
    """Ask for the first instance, or for anything called ``x``; with no more of a body than it takes."""
    operation = OPERATIONS[operation_id]
    instance = "<mysql>" if operation.family.startswith("v3") else "<node>"
    known = {"project_id": "<P>", "instance_id": instance, "instanceId": instance, "engine": "MySQL"}
    path = re.sub(r"\{(\w+)\}", lambda match: known.get(match[1], "x"), operation.path)
    return wire.ask(operation.method, path, {} if operation.method in ("POST", "PUT", "PATCH") else None, **headers)


def unreadable(answer: Answer, error: Any) -> list[str]:
    """List what in an answer would be no good to a client."""
    found = []
    if not answer.headers.get("content-type", "").startswith("application/json"):
        found.append(f"Content-Type {answer.headers.get('content-type')}")
    if not answer.headers.get("x-request-id"):
        found.append("no X-Request-Id")
    if answer.raw.strip() == b"null":
        found.append("the body null")
    if answer.status >= 400 and answer.status != 501:
        found += misfits(answer.content, error)
        found += [f"{key} is empty" for key in error if not (answer.content or {}).get(key)]
    return found


@pytest.mark.parametrize("family", ERRORS)
def test_every_answer_of_an_operation_can_be_read(wire: StrictClient, family: str) -> None:
    wrong, statuses = {}, set()
    for operation_id in OPERATION_IDS[family]:
        answer = asked(wire, operation_id)
        if family == "trove" and answer.status >= 400 and answer.status != 501:
            [answer.content] = answer.content.values()
        statuses.add(answer.status)
        if found := unreadable(answer, ERRORS[family]):
            wrong[operation_id] = [answer.status, *found]

    assert wrong == {}
    assert statuses >= ({400} if family == "v3.1" else {200, 400})


@pytest.mark.parametrize("family", ERRORS)
def test_every_refusal_of_the_gateway_can_be_read(wire: StrictClient, family: str) -> None:
    answers = {operation_id: asked(wire, operation_id, X_Auth_Token="") for operation_id in OPERATION_IDS[family]}

    assert {
        operation_id: found for operation_id, answer in answers.items() if (found := unreadable(answer, GATEWAY))
    } == {}
    assert {answer.status for answer in answers.values()} == {401}
    assert all(answer.content["request_id"] == answer.headers["x-request-id"] for answer in answers.values())


@pytest.mark.parametrize("path", ["/v3/<P>/backups?instance_id=<mysql>", "/v3/<P>/instances", "/rds/v1/<P>/backups"])
def test_nothing_in_a_list_has_the_name_that_otcextensions_gives_away(wire: StrictClient, path: str) -> None:
    wire.backup()

    [rows] = [value for value in wire.ask("GET", path).content.values() if isinstance(value, list)]

    assert rows
    assert all("connection" not in row for row in rows)
