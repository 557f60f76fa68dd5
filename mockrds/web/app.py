"""The aiohttp application: one catch-all route, and the path of a request through the mock.

A request goes through route, fault, credentials, operation; the journal is opened when it arrives and
completed when its answer is ready. Errors become envelopes in one place.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.http import HttpProcessingError, HttpVersion11

from mockrds.domain.clock import HTTPDate
from mockrds.domain.errors import GatewayError, RDSError
from mockrds.domain.operations import OPERATIONS
from mockrds.journal import BODY_LIMIT as SHOWN
from mockrds.web import control, envelopes, identity, versions
from mockrds.web.call import UNKNOWN, Answer, Call
from mockrds.web.credentials import authenticate
from mockrds.web.identity import KeystoneError
from mockrds.web.inject import raw_response
from mockrds.web.reply import Reply
from mockrds.web.routes import Routes
from mockrds.web.v1 import HANDLERS as V1_HANDLERS, SHARED as V1_SHARED

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.journal import Entry
    from mockrds.simulator import Simulator, Tenant

    Log = Callable[[Tenant, Entry], None]

_log = logging.getLogger("mockrds")
_http_log = logging.getLogger("mockrds.http")
_NO_HTTP: Final = (HttpProcessingError, web.RequestPayloadError)
_http_log.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], _NO_HTTP)))
"""What aiohttp has to say, but for requests that are no HTTP: those are answered, and no fault of ours."""

BODY_LIMIT: Final = 12 * 1024 * 1024  # API gateway: "The request body exceeds 12 MB."

HANDLERS: Final[dict[str, Callable[[Call], Answer]]] = V1_HANDLERS | identity.HANDLERS | versions.HANDLERS
_PUBLIC: Final = identity.PUBLIC | versions.PUBLIC
_ROUTES: Final = Routes(OPERATIONS.values())
_SHARED: Final = {
    operation.id: choose
    for operation in OPERATIONS.values()
    if (choose := V1_SHARED.get(f"{operation.method} {operation.path}"))
}
_UNREADABLE: Final = b"\0"  # no JSON, so it is refused as a body that is none
_date: Final = HTTPDate()
_FAMILIES: Final = {operation.id: operation.family for operation in OPERATIONS.values()}


def build_app(simulator: Simulator, log: Log | None = None) -> web.Application:
    """Make an application that serves *simulator*, for a test client or an application around it.

    Args:
        simulator: The cloud.
        log: Called with each finished request.
    """
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", partial(_serve, simulator, log), expect_handler=_leave_it)
    return app


def build_server(simulator: Simulator, log: Log | None = None) -> web.Server:
    """Make a server of the running loop that serves *simulator*.

    It answers as the application does, without the application's routing, which costs a sixth of the
    throughput and would find its one route.

    Args:
        simulator: The cloud.
        log: Called with each finished request.
    """
    return web.Server(partial(_serve, simulator, log), handler_cancellation=True, access_log=None, logger=_http_log)


async def _leave_it(_: web.Request) -> None:
    """Leave the header ``Expect`` to ``_read``."""


async def _serve(simulator: Simulator, log: Log | None, request: web.BaseRequest) -> web.StreamResponse:
    body = await _read(request) if request.body_exists else b""
    target = request.raw_path
    path = request.path if "%" in target or target[:1] != "/" else target.partition("?")[0]
    call = Call(simulator, request, path, body or b"")
    if path.startswith(control.PREFIX):
        return _send(request, control.handle(call), {"Date": _date(time.time())})

    match = _ROUTES.match(call.method, path)
    keeper = simulator.stray
    if match is not None:
        call.parameters = match.parameters
        call.operation = _operation(match.operations, call) if match.operations else UNKNOWN
        project_id = match.parameters.get("project_id")
        if project_id is not None:
            call.tenant = simulator.tenants.get(project_id)
            if call.tenant is None:
                with suppress(RDSError):  # refused when the operation asks for its world, as documented
                    call.tenant = simulator.tenant(project_id)
            keeper = call.tenant or keeper
    now = keeper.clock.now()
    entry = keeper.journal.open(call.operation, call.method, target, request.raw_headers, call.body, now)
    entry.request_id = request_id = keeper.request_ids.rds_request_id()
    headers = {"X-Request-Id": request_id, "X-Openstack-Request-Id": f"req-{request_id}", "Date": _date(now)}

    response: web.StreamResponse
    decision = call.decision = keeper.faults.decide(call.operation)
    if decision is not None:
        entry.fault = ", ".join(decision.fired)
        headers["X-Mockrds-Fault"] = _header(entry.fault)
        if decision.delay:
            await _sleep(keeper, decision.delay)
    if decision is not None and decision.response is not None:
        response = raw = raw_response(decision.response, headers)
        entry.response = raw.body[:SHOWN] if isinstance(raw.body, bytes) else b""
    else:
        if decision is not None and decision.error is not None:
            answer = envelopes.documented(decision.error, _FAMILIES.get(call.operation, ""), request_id)
        else:
            answer = _answer(call, keeper, target, request_id, oversized=body is None)
        if answer.hint:
            headers["X-Mockrds-Hint"] = _header(answer.hint)
            entry.hint = answer.hint
        elif answer.headers is not None:
            entry.hint = answer.headers.get("X-Mockrds-Reason", "")
        entry.error = answer.error
        entry.backup_ids = answer.backup_ids
        entry.response = answer.body[:SHOWN]
        response = _send(request, answer, headers)
    entry.status = response.status
    entry.finished = now if decision is None else keeper.clock.now()  # without a fault it takes no time
    if log is not None:
        log(keeper, entry)
    return response


async def _read(request: web.BaseRequest) -> bytes | None:
    """Read the body; None when it is too large."""
    if request.content.exception() is None and request.content.is_eof():  # it came with the headers, as small ones do
        whole = request.content.read_nowait()
        return whole if len(whole) <= BODY_LIMIT else None
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # nothing of the answer is sent
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > BODY_LIMIT:
                return None
    except web.RequestPayloadError:  # it is not compressed as its header says
        return _UNREADABLE
    return bytes(body)


def _operation(operations: tuple[str, ...], call: Call) -> str:
    """Tell which of the operations that share a method and a path is meant."""
    if len(operations) == 1:
        return operations[0]
    choose = _SHARED.get(operations[0])
    if choose is not None:
        try:
            content = call.content
        except RDSError:
            content = None
        return choose(content if isinstance(content, dict) else {})
    return next((operation for operation in operations if operation in HANDLERS), operations[0])


def _answer(call: Call, keeper: Tenant, raw_path: str, request_id: str, *, oversized: bool) -> Answer:
    """Let the operation answer, and turn what it raises into the envelope of its family."""
    operation = call.operation
    try:
        if operation == UNKNOWN:
            return envelopes.gateway(_unknown(call), request_id)
        if operation not in _PUBLIC:
            authenticate(call, raw_path)
        if oversized:
            return envelopes.gateway(GatewayError("APIGW.0201"), request_id)
        handler = HANDLERS.get(operation)
        if handler is None:
            reason = f"{operation} is in the API reference, but mockrds does not model it yet"
            return Answer(status=501, headers={"X-Mockrds-Reason": reason})
        return handler(call)
    except RDSError as error:
        return envelopes.refusal(error, _FAMILIES[operation], request_id)
    except GatewayError as error:
        if error.status == 401 and operation in identity.HANDLERS:  # it speaks for itself
            return envelopes.keystone(identity.unauthorized(), error.hint)
        return envelopes.gateway(error, request_id)
    except KeystoneError as error:
        return envelopes.keystone(error)
    except Exception as error:  # noqa: BLE001  (a bug of ours must not look like a dead server)
        _log.exception("mockrds itself failed on %s %s", call.method, call.path)
        keeper.errors.append(error)
        hint = "an error inside mockrds; its log has the traceback"
        return envelopes.documented("RDS.0005", _FAMILIES.get(operation, ""), request_id, hint)


def _unknown(call: Call) -> GatewayError:
    match = _ROUTES.match(call.method, call.path)
    if match is None:
        hint = "the API reference has no such path; v1 begins with /rds/v1/{project_id}, v3 with /v3/{project_id}"
        return GatewayError("APIGW.0101", hint=hint)
    hint = f"this path knows {', '.join(match.methods)}"
    return GatewayError("APIGW.0101", hint=hint, message="The API does not exist")


def _send(request: web.BaseRequest, answer: Answer, headers: dict[str, str]) -> web.StreamResponse:
    headers["Content-Type"] = "application/json"
    if answer.headers is not None:
        headers |= answer.headers
    if Reply.fits(request, answer.body):
        return Reply(answer.body, answer.status, headers)
    return web.Response(body=answer.body, status=answer.status, headers=headers)


async def _sleep(tenant: Tenant, seconds: float) -> None:
    """Wait; a reset of the project, or the end of the server, drops the request meanwhile."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101
    loop = asyncio.get_running_loop()

    def drop() -> None:
        loop.call_soon_threadsafe(task.cancel)

    tenant.in_flight.add(drop)
    try:
        await asyncio.sleep(seconds)
    finally:
        tenant.in_flight.discard(drop)


def _header(text: str) -> str:
    """Make *text* fit for a header: printable ASCII on one line."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)
