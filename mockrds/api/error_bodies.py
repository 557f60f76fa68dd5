"""The bodies of errors: an envelope for each API family, for the gateway, the identity and the network service."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.domain.errors import CATALOGUE, GatewayError, NetworkError, RDSError, in_family

if TYPE_CHECKING:
    from mockrds.api.iam import KeystoneError
    from mockrds.faults.rate_limits import RateLimit

_NEARLY: Final = 1e-6  # windows are sums of floats

_TROVE: Final = {
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    409: "conflict",
    413: "overLimit",
    500: "instanceFault",
}
"""The names of errors in the OpenStack-compatible API, by their status."""


def refusal(error: RDSError, family: str, request_id: str) -> Answer:
    """Return an error that the domain raised, in the envelope of the family that was called."""
    code = error.refusal.v1 if family == "v1" else error.refusal.v3
    return documented(code, family, request_id, error.hint)


def documented(code: str, family: str, request_id: str, hint: str = "") -> Answer:
    """Return an error of the catalogue, in the envelope and with the code of the family that was called.

    A gateway's code comes in the gateway's envelope, whatever was called.
    """
    row = CATALOGUE[in_family(code, family)]
    if code.startswith("APIGW."):
        return gateway(GatewayError(code, hint=hint), request_id)
    content: dict[str, Any]
    match family:
        case "v3" | "v3.1":
            content = {"error_msg": row.message, "error_code": row.code}
        case "trove":
            name = _TROVE.get(row.status, "badRequest") if "." in row.code else row.code
            content = {name: {"code": row.status, "message": row.message}}
        case "iam":
            content = {"error": {"message": row.message, "code": row.status, "title": row.code}}
        case _:
            content = {"errCode": row.code, "externalMessage": row.message}
    return _answer(content, row.status, row.code, hint)


def gateway(error: GatewayError, request_id: str) -> Answer:
    """Return an error of the API gateway."""
    content = {"error_msg": error.message, "error_code": error.code, "request_id": request_id}
    return _answer(content, error.status, error.code, error.hint)


def keystone(error: KeystoneError, hint: str = "") -> Answer:
    """Return an error of the identity service."""
    return _answer(error.content, error.status, error.title, hint)


def network(error: NetworkError) -> Answer:
    """Return an error of the network service, in one form in which all clients find its message."""
    code = str(error.status)
    return _answer({"code": code, "message": str(error)}, error.status, code)


def rate_limited(limit: RateLimit, seconds: float, request_id: str) -> Answer:
    """Return the refusal of a request that a rate limit does not let pass.

    Args:
        limit: The limit.
        seconds: When the next request will pass, in seconds of real time.
        request_id: The id of the answer.
    """
    detail = f"policy user over ratelimit,limit:{limit.limit},time:{_window(limit.window)}"
    answer = gateway(GatewayError("APIGW.0308", detail, hint="a rate limit of the scenario"), request_id)
    answer.fault = "rate limit"
    if limit.retry_after is not False:
        wait = seconds if limit.retry_after is True else limit.retry_after
        answer.headers = {"Retry-After": str(max(1, math.ceil(wait - _NEARLY)))}
    return answer


def _window(seconds: float) -> str:
    """Return a window as the gateway writes it: ``1 minute``."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} second"


def _answer(content: dict[str, Any], status: int, code: str, hint: str = "") -> Answer:
    answer = Answer(content, status)
    answer.error, answer.hint = code, hint
    return answer
