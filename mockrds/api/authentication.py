"""Who may call: the part of the API gateway that looks at tokens and signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn, assert_never

from mockrds.api import signature
from mockrds.domain import errors
from mockrds.domain.errors import GatewayError, RDSError
from mockrds.domain.identity import InvalidTokenError, Token

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.faults.rules import Credentials

_BAD_SIGNATURE: Final = "verify aksk signature fail"
_EXPIRED: Final = "a fault let the token expire; get another"


def authenticate(call: Call) -> None:
    """Refuse a call without credentials, or under ``strict`` with bad ones.

    Credentials that are good but for another project only mark the call as not trusted: the gateway
    lets them pass, and the service refuses them after it has read the request.

    Raises:
        GatewayError: APIGW.0301 for credentials that are missing or bad, APIGW.0307 for expired ones.
    """
    mode = call.simulator.auth if call.project is None else call.project.auth
    if mode == "off":
        return
    token = call.headers.get("X-Auth-Token")
    if token:
        if call.project is not None and token in call.project.revoked_tokens:
            raise GatewayError("APIGW.0307", hint=_EXPIRED)
        if mode == "strict":
            _check_token(call, token)
        return
    authorization = call.headers.get("Authorization")
    if not authorization:
        raise GatewayError("APIGW.0301", "x-auth-token not found", hint="send X-Auth-Token, or sign the request")
    signed = signature.parse(authorization)
    if signed is None or not call.headers.get("X-Sdk-Date"):
        form = "SDK-HMAC-SHA256 Access=..., SignedHeaders=..., Signature=(64 hex digits)"
        hint = f"Authorization must read {form}, with X-Sdk-Date"
        raise GatewayError("APIGW.0301", _BAD_SIGNATURE, hint=hint)
    if mode == "strict":
        _check_signature(call, signed)


def refuse_credentials(call: Call, how: Credentials) -> NoReturn:
    """Refuse a call for its credentials, though they may be good, as a rule has it.

    Raises:
        GatewayError: APIGW.0307 for an expired token, APIGW.0301 for a clock that is wrong.
        RDSError: PROJECT_FORBIDDEN for credentials of another project.
    """
    match how:
        case "wrong_scope":
            raise RDSError(errors.PROJECT_FORBIDDEN, "a fault says that the credentials are for another project")
        case "clock_skew":
            raise GatewayError("APIGW.0301", _BAD_SIGNATURE, hint="a fault says that the client's clock is wrong")
        case "expired":
            token = call.headers.get("X-Auth-Token")
            if call.project is not None and token:
                call.project.revoke(token)
            raise GatewayError("APIGW.0307", hint=_EXPIRED)
        case _:
            assert_never(how)


def read_token(call: Call, text: str) -> Token:
    """Read a token that this server issued and that has not expired.

    Raises:
        GatewayError: APIGW.0301 or APIGW.0307.
    """
    try:
        token = call.simulator.identity.read(text)
    except InvalidTokenError:
        raise GatewayError("APIGW.0301", "decrypt token fail", hint="mockrds did not issue this token") from None
    project = call.simulator.projects.get(token.project_id or "")
    clock = project.clock if project is not None else call.simulator.clock
    if clock.now() >= token.expires:
        raise GatewayError("APIGW.0307", hint="the token has expired on the project's clock")
    return token


def _check_token(call: Call, text: str) -> None:
    token = read_token(call, text)
    call.trusted = token.project_id == call.parameters.get("project_id", token.project_id)


def _check_signature(call: Call, signed: signature.Signature) -> None:
    secret = call.simulator.access_keys.get(signed.access_key)
    if secret is None:
        detail = f"Get secretKey failed,ak:{signed.access_key},err:ak not exist"
        raise GatewayError("APIGW.0301", detail, hint="give the server this access key and its secret key")
    if not signature.verify(signed, secret, call.method, call.target, call.headers, call.body):
        raise GatewayError("APIGW.0301", _BAD_SIGNATURE, hint="the signature does not match the secret key")
    project_id = call.headers.get("X-Project-Id")
    call.trusted = not project_id or project_id == call.parameters.get("project_id", project_id)
