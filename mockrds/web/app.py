"""The aiohttp application: one catch-all route, and the path of a request through the mock.

A request goes through route, fault, credentials, operation; the journal is opened when it arrives and
completed when its answer is ready. Errors become envelopes in one place.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.http import HttpProcessingError, HttpVersion11

from mockrds import control
from mockrds.api import error_bodies as envelopes, iam as identity, network as neighbours
from mockrds.api.authentication import authenticate, spoil
from mockrds.api.call import UNKNOWN, Answer, Call
from mockrds.api.families import SERVED
from mockrds.api.iam import KeystoneError
from mockrds.api.operation import meant
from mockrds.api.routing import Routes
from mockrds.domain.clock import HTTPDate
from mockrds.domain.errors import GatewayError, RDSError
from mockrds.domain.operations import OPERATIONS
from mockrds.faults.responses import damage
from mockrds.journal import BODY_LIMIT as SHOWN
from mockrds.web.fault_injection import FaultyResponse, droppable
from mockrds.web.response import WireResponse, retry_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.faults.decision import Decision
    from mockrds.faults.rate_limits import Limiter
    from mockrds.faults.rules import Step
    from mockrds.journal import Entry
    from mockrds.project_state import ProjectState
    from mockrds.simulator import Simulator

    Log = Callable[[ProjectState, Entry], None]

_log = logging.getLogger("mockrds")
_http_log = logging.getLogger("mockrds.http")
_NO_HTTP: Final = (HttpProcessingError, web.RequestPayloadError)
_http_log.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], _NO_HTTP)))
"""What aiohttp has to say, but for requests that are no HTTP: those are answered, and no fault of ours."""

BODY_LIMIT: Final = 12 * 1024 * 1024  # API gateway: "The request body exceeds 12 MB."

HANDLERS: Final[dict[str, Callable[[Call], Answer]]] = {name: served.handle for name, served in SERVED.items()}
"""What serves each operation of the API reference."""
_HANDLERS: Final = HANDLERS | neighbours.HANDLERS
_PUBLIC: Final = frozenset(name for name, served in SERVED.items() if served.public)
_ROUTED: Final = (*OPERATIONS.values(), *neighbours.NEIGHBOURS.values())
_ROUTES: Final = Routes(_ROUTED)
_REFUSED: Final = 400
_NEARLY: Final = 1e-6
_UNREADABLE: Final = b"\0"  # no JSON, so it is refused as a body that is none
_date: Final = HTTPDate()
_FAMILIES: Final = {operation.id: operation.family for operation in _ROUTED}


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
        return _reply(control.handle(call, oversized=body is None), {"Date": _date(time.time())})

    match = _ROUTES.match(call.method, path)
    project = simulator.unassigned
    if match is not None:
        call.parameters = match.parameters
        call.operation = _operation(match.operations, call) if match.operations else UNKNOWN
        served = SERVED.get(call.operation)
        if served is not None:
            call.heeds, call.instance_places = served.heeds, served.instance_places
        project_id = match.parameters.get("project_id")
        if project_id is not None:
            call.project = simulator.projects.get(project_id)
            if call.project is None:
                with suppress(RDSError):  # refused when the operation asks for its world, as documented
                    call.project = simulator.project(project_id)
            project = call.project or project
        elif call.operation == "iam.create_token":
            project = identity.asked_for(call) or project
    now = call.now = project.clock.now()
    entry = project.journal.open(call.operation, call.method, target, request.raw_headers, call.body, now)
    entry.request_id = request_id = project.request_ids.rds_request_id()
    entry.connection, entry.reused = request.protocol.peername, call.reused
    headers = {"X-Request-Id": request_id, "X-Openstack-Request-Id": f"req-{request_id}", "Date": _date(now)}

    faults = project.faults
    decision = call.decision = entry.decision = faults.decide(call)
    if decision is None or decision.has_no_effect:
        answer = _answer(call, project, target, request_id, oversized=body is None)
        _note(entry, answer, headers)
        response = _reply(answer, headers, entry)
        entry.status, entry.finished = answer.status, now  # without a fault it takes no time
    else:
        try:
            response = await _meddle(call, project, decision, entry, headers, oversized=body is None)
        except asyncio.CancelledError:
            entry.close("aborted" if request.transport is None else "FIN")  # or the project was reset
            raise
        entry.status = response.status if response.shows_status else None
        entry.finished = project.clock.now()
    if log is not None:
        log(project, entry)
    return response


async def _meddle(
    call: Call, project: ProjectState, decision: Decision, entry: Entry, headers: dict[str, str], *, oversized: bool
) -> WireResponse:
    """Do to a call what the rules decided."""
    entry.fault = ", ".join(decision.names) or None
    if decision.delay:
        await _sleep(project, decision.delay)
    request_id, target = entry.request_id, entry.path
    answer: Answer | None = None
    step = decision.answer.step if decision.answer is not None else None
    if step is None or step.after_commit:
        answer = _answer(call, project, target, request_id, oversized=oversized)
        _note(entry, answer, headers)
        if answer.status >= _REFUSED:
            decision.refused(f"the operation did not succeed: {answer.error or answer.status}")
            step = decision.answer.step if decision.answer is not None else None
    elif step.commit_after is not None:
        _commit_later(call, project, step.commit_after, entry)
    if decision.delay_after > 0:
        await _sleep(project, decision.delay_after)
    names = decision.names
    if names:
        refusing = (answer.fault,) if answer is not None and answer.fault else ()
        entry.fault = ", ".join((*names, *refusing))
        headers["X-Mockrds-Fault"] = _header(entry.fault)
    raw: tuple[int, dict[str, str], bytes]
    if step is not None and step.response is not None:
        raw = step.response.render(headers)
        entry.damaged = raw[0] < _REFUSED  # good as it looks, it is not what the operation says
    else:
        if step is not None:
            answer = _instead(call, project, step, target, request_id)
            entry.error = answer.error
        assert answer is not None  # noqa: S101
        headers |= {"Content-Type": "application/json"} | (answer.headers or {})
        spoils = [fired.step.body for fired in decision.fired if fired.step.body is not None]
        raw = answer.status, headers, damage(spoils, headers, answer.body)
        entry.damaged = bool(spoils)
    status, headers, body = raw
    if step is not None and step.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(step.retry_after))
    entry.retry_after = retry_after(headers, project.clock.now())
    entry.response = body[:SHOWN]
    keep_alive = not decision.closing and headers.pop("Connection", "").lower() != "close"
    keep_alive = keep_alive and "Content-Length" not in headers
    fault = decision.connection_fault
    if fault is not None:
        return FaultyResponse(*fault, (status, headers, body), entry, project.in_flight, keep_alive=keep_alive)
    return WireResponse(status, headers, body, entry, keep_alive=keep_alive)


def _instead(call: Call, project: ProjectState, step: Step, target: str, request_id: str) -> Answer:
    """Make the answer that a rule gives in the place of the operation's own."""
    if step.error is not None:
        return envelopes.documented(step.error, _FAMILIES.get(call.operation, ""), request_id)
    if step.credentials is not None:
        return _answer(call, project, target, request_id, credentials=step.credentials)
    return Answer()  # of which nothing is sent


def _commit_later(call: Call, project: ProjectState, seconds: float, entry: Entry) -> None:
    """Let the operation happen after *seconds* of the world's clock, though the call fails now."""

    def commit() -> None:
        answer = _answer(call, project, entry.path, entry.request_id)
        entry.backup_ids = answer.backup_ids
        if answer.hint or answer.error:
            entry.hint = f"what was to happen later did not: {answer.error} {answer.hint}".rstrip()

    project.world.defer(seconds, commit)


async def _read(request: web.BaseRequest) -> bytes | None:
    """Read the body; None when it is too large."""
    content = request.content
    if content.is_eof() and content.exception() is None:  # it came with the headers, as small ones do
        whole = content.read_nowait()
        return whole if len(whole) <= BODY_LIMIT else None
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= HttpVersion11:
        with suppress(ConnectionError):  # the client may have gone; its body tells
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
    try:
        content = call.content
    except RDSError:
        content = None
    return meant(operations, content if isinstance(content, dict) else {})


def _answer(
    call: Call, project: ProjectState, raw_path: str, request_id: str, *, oversized: bool = False, credentials: str = ""
) -> Answer:
    """Let the operation answer, and turn what it raises into the envelope of its family.

    Args:
        call: The call.
        project: The project that it belongs to.
        raw_path: Path and query as they stood in the request line.
        request_id: The id of the answer.
        oversized: Whether its body was too large to read.
        credentials: What a fault has against its credentials.
    """
    operation = call.operation
    try:
        if operation == UNKNOWN:
            return envelopes.gateway(_unknown(call), request_id)
        if credentials:
            spoil(call, credentials)
        if operation not in _PUBLIC:
            authenticate(call, raw_path)
        if project.faults.limiters:
            refused = project.faults.throttle(operation, call.now)
            if refused is not None:
                return _throttled(project, *refused, request_id)
        if oversized:
            return envelopes.gateway(GatewayError("APIGW.0201"), request_id)
        handler = _HANDLERS.get(operation)
        if handler is None:
            reason = f"{operation} is in the API reference, but mockrds does not model it yet"
            return Answer(status=501, headers={"X-Mockrds-Reason": reason})
        return handler(call)
    except RDSError as error:
        return envelopes.refusal(error, _FAMILIES[operation], request_id)
    except GatewayError as error:
        if error.status == 401 and _FAMILIES[operation] == "iam":  # it speaks for itself
            return envelopes.keystone(identity.unauthorized(), error.hint)
        return envelopes.gateway(error, request_id)
    except KeystoneError as error:
        return envelopes.keystone(error)
    except Exception as error:  # noqa: BLE001  (a bug of ours must not look like a dead server)
        _log.exception("mockrds itself failed on %s %s", call.method, call.path)
        project.errors.append(error)
        hint = "an error inside mockrds; its log has the traceback"
        return envelopes.documented("RDS.0005", _FAMILIES.get(operation, ""), request_id, hint)


def _throttled(project: ProjectState, limiter: Limiter, wait: float, request_id: str) -> Answer:
    limit = limiter.limit
    detail = f"policy user over ratelimit,limit:{limit.limit},time:{_window(limit.window)}"
    answer = envelopes.gateway(GatewayError("APIGW.0308", detail, hint="a rate limit of the scenario"), request_id)
    answer.fault = "rate limit"
    if limit.retry_after is not False:
        after = wait / project.clock.setting.by if limit.retry_after is True else limit.retry_after
        answer.headers = {"Retry-After": str(max(1, math.ceil(after - _NEARLY)))}
    return answer


def _window(seconds: float) -> str:
    """Write a window as the gateway does: ``1 minute``."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} second"


def _unknown(call: Call) -> GatewayError:
    match = _ROUTES.match(call.method, call.path)
    if match is None:
        hint = "the API reference has no such path; v1 begins with /rds/v1/{project_id}, v3 with /v3/{project_id}"
        return GatewayError("APIGW.0101", hint=hint)
    hint = f"this path knows {', '.join(match.methods)}"
    return GatewayError("APIGW.0101", hint=hint, message="The API does not exist")


def _note(entry: Entry, answer: Answer, headers: dict[str, str]) -> None:
    """Note what an operation answered, and hint at what went wrong."""
    if answer.hint:
        headers["X-Mockrds-Hint"] = _header(answer.hint)
        entry.hint = answer.hint
    elif answer.headers is not None:
        entry.hint = answer.headers.get("X-Mockrds-Reason", "")
    if answer.fault:
        entry.fault = answer.fault
        headers["X-Mockrds-Fault"] = answer.fault
    entry.error = answer.error
    entry.backup_ids = answer.backup_ids


def _reply(
    answer: Answer, headers: dict[str, str], entry: Entry | None = None, *, keep_alive: bool = True
) -> WireResponse:
    headers["Content-Type"] = "application/json"
    if answer.headers is not None:
        headers |= answer.headers
        if entry is not None:
            entry.retry_after = retry_after(answer.headers, entry.arrived)
    if entry is not None:
        entry.response = answer.body[:SHOWN]
    return WireResponse(answer.status, headers, answer.body, entry, keep_alive=keep_alive)


async def _sleep(project: ProjectState, seconds: float) -> None:
    """Wait; a reset of the project, or the end of the server, drops the request meanwhile."""
    with droppable(project.in_flight):
        await asyncio.sleep(seconds)


def _header(text: str) -> str:
    """Make *text* fit for a header: printable ASCII on one line."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)
