"""The path of a request through the mock: read, record, decide, answer, send.

``mockrds.api.dispatch`` finds the operation and lets it answer, ``mockrds.faults`` decides which rules fire; here both
meet HTTP. The journal's entry is opened when the request arrives, and completed when its answer is ready.
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

from mockrds.api import dispatch
from mockrds.api.call import Answer, Call
from mockrds.control.dispatch import PREFIX as CONTROL, handle as answer_control
from mockrds.domain.clock import HTTPDate
from mockrds.faults.responses import damage
from mockrds.journal import KEPT_BODY
from mockrds.web.fault_injection import FaultyResponse, droppable
from mockrds.web.response import WireResponse
from mockrds.web.retry_after import retry_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.faults.decision import Decision
    from mockrds.faults.rules import Step
    from mockrds.journal import Entry
    from mockrds.project_state import ProjectState
    from mockrds.simulator import Simulator

    Log = Callable[[ProjectState, Entry], None]

_http_log = logging.getLogger("mockrds.http")
_NO_HTTP: Final = (HttpProcessingError, web.RequestPayloadError)
_http_log.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], _NO_HTTP)))
"""What aiohttp has to say, but for requests that are no HTTP: those are answered, and no fault of ours."""

BODY_LIMIT: Final = 12 * 1024 * 1024  # API gateway: "The request body exceeds 12 MB."
_UNREADABLE: Final = b"\0"  # no JSON, so it is refused as a body that is none
_REFUSED: Final = 400  # statuses from here on are no success
_date: Final = HTTPDate()


def build_app(simulator: Simulator, log: Log | None = None) -> web.Application:
    """Return an application that serves *simulator*, for a test client or an application around it.

    Args:
        simulator: The cloud.
        log: Called with each finished request.
    """
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", partial(_serve, simulator, log), expect_handler=_leave_to_read)
    return app


def build_server(simulator: Simulator, log: Log | None = None) -> web.Server:
    """Return a server of the running loop that serves *simulator*.

    It answers as the application does, without the application's routing, which costs a sixth of the
    throughput and would find its one route.

    Args:
        simulator: The cloud.
        log: Called with each finished request.
    """
    return web.Server(partial(_serve, simulator, log), handler_cancellation=True, access_log=None, logger=_http_log)


async def _leave_to_read(_: web.Request) -> None:
    """Leave the header ``Expect`` to ``_read``."""


class Exchange:
    """A request on its way through the mock, and what belongs to it.

    Args:
        request: The request as it came over the wire.
        call: The request as the API sees it.
        project: The project whose clock, faults and journal count.
    """

    __slots__ = ("call", "entry", "headers", "project", "request")

    def __init__(self, request: web.BaseRequest, call: Call, project: ProjectState) -> None:
        self.request = request
        self.call = call
        self.project = project
        now = call.now = project.clock.now()
        request_id = call.request_id = project.request_ids.rds_request_id()
        self.entry = entry = project.journal.open(
            call.operation, call.method, call.target, request.raw_headers, call.body, now
        )
        """Its place in the journal."""
        connection = request.protocol
        call.reused = entry.reused = getattr(connection, "_request_count", 1) > 1  # aiohttp says it nowhere else
        entry.request_id, entry.connection = request_id, connection.peername
        self.headers = {"X-Request-Id": request_id, "X-Openstack-Request-Id": f"req-{request_id}", "Date": _date(now)}
        """What every answer has."""


async def _serve(simulator: Simulator, log: Log | None, request: web.BaseRequest) -> web.StreamResponse:
    """Read, record, decide and answer a request; aiohttp has what is returned send itself."""
    call = Call(simulator, request, await _read(request) if request.body_exists else b"")
    if call.path.startswith(CONTROL):
        return _control(call)
    exchange: Exchange | None = None
    try:
        exchange = Exchange(request, call, dispatch.find_operation(call))
        entry, project = exchange.entry, exchange.project
        decision = call.decision = entry.decision = project.faults.decide(call)
        if decision is None or decision.has_no_effect:
            response = _respond(exchange, dispatch.answer(call, project))
        else:
            response = await _apply_faults(exchange, decision)
    except Exception as error:  # noqa: BLE001  (a bug of ours must not look like a dead server)
        response = _fail(error, call, exchange)
    if log is not None and exchange is not None:
        try:
            log(exchange.project, exchange.entry)
        except Exception as error:  # noqa: BLE001  (the answer is good)
            dispatch.failure(error, call, exchange.project)
    return response


async def _read(request: web.BaseRequest) -> bytes | None:
    """Return the body; None when it is too large."""
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
        async for chunk in content.iter_any():
            body += chunk
            if len(body) > BODY_LIMIT:
                return None
    except web.RequestPayloadError:  # it is not compressed as its header says
        return _UNREADABLE
    return bytes(body)


def _control(call: Call) -> WireResponse:
    """Return the control API's answer, which no rule touches and no journal has."""
    answer = answer_control(call, oversized=call.oversized)
    headers = {"Date": _date(time.time()), "Content-Type": "application/json"} | (answer.headers or {})
    return WireResponse(answer.status, headers, answer.body)


def _respond(exchange: Exchange, answer: Answer) -> WireResponse:
    """Return what is sent of an operation's answer when no rule has anything to say; no time has passed."""
    entry, headers = exchange.entry, exchange.headers
    _record(exchange, answer)
    headers["Content-Type"] = "application/json"
    if answer.headers is not None:
        headers |= answer.headers
        entry.retry_after = retry_after(answer.headers, entry.arrived)
    entry.response = answer.body[:KEPT_BODY]
    entry.status, entry.finished = answer.status, entry.arrived
    return WireResponse(answer.status, headers, answer.body, entry)


def _fail(error: Exception, call: Call, exchange: Exchange | None) -> WireResponse:
    """Return the answer to a call on which the mock itself failed, outside of the operation."""
    project = call.simulator.unassigned if exchange is None else exchange.project
    answer = dispatch.failure(error, call, project)
    if exchange is not None:
        return _respond(exchange, answer)
    headers = {"X-Mockrds-Hint": answer.hint, "Date": _date(time.time()), "Content-Type": "application/json"}
    return WireResponse(answer.status, headers, answer.body)


def _record(exchange: Exchange, answer: Answer) -> None:
    """Record what an operation answered, and put into the headers what its caller should know."""
    entry, headers = exchange.entry, exchange.headers
    if answer.hint:
        headers["X-Mockrds-Hint"] = _header(answer.hint)
        entry.hint = answer.hint
    elif answer.headers is not None:
        entry.hint = answer.headers.get("X-Mockrds-Reason", "")
    if answer.fault:
        entry.fault = headers["X-Mockrds-Fault"] = answer.fault
    entry.error = answer.error
    entry.backup_ids = answer.backup_ids


async def _apply_faults(exchange: Exchange, decision: Decision) -> WireResponse:
    """Return what is sent when rules have something to say, after the time that they take."""
    entry, project = exchange.entry, exchange.project
    entry.fault = ", ".join(decision.names) or None
    try:
        await _wait(project, decision.delay)
        answer = _perform(exchange, decision)
        await _wait(project, decision.delay_after)
    except asyncio.CancelledError:
        entry.close("aborted" if exchange.request.transport is None else "FIN")  # or the project was reset
        raise
    if decision.names:
        entry.fault = ", ".join((*decision.names, answer.fault) if answer.fault else decision.names)
        exchange.headers["X-Mockrds-Fault"] = _header(entry.fault)
    message = status, headers, body = _message(exchange, decision, answer)
    entry.response, entry.retry_after = body[:KEPT_BODY], retry_after(headers, project.clock.now())
    keep_alive = not decision.closing and headers.pop("Connection", "").lower() != "close"
    keep_alive = keep_alive and "Content-Length" not in headers
    fault = decision.connection_fault
    if fault is None:
        response = WireResponse(status, headers, body, entry, keep_alive=keep_alive)
    else:
        response = FaultyResponse(*fault, message, entry, project, keep_alive=keep_alive)
    entry.status = status if response.shows_status else None
    entry.finished = project.clock.now()
    return response


def _perform(exchange: Exchange, decision: Decision) -> Answer:
    """Let the operation happen, unless a rule answers instead; then it may happen later."""
    step = decision.replacement
    if step is not None and not step.after_commit:
        if step.commit_after is not None:
            _commit_later(exchange, step.commit_after)
        return Answer()
    answer = dispatch.answer(exchange.call, exchange.project)
    _record(exchange, answer)
    if answer.status >= _REFUSED:
        decision.refused(f"the operation did not succeed: {answer.error or answer.status}")
    return answer


def _commit_later(exchange: Exchange, seconds: float) -> None:
    """Let the operation happen after *seconds* of the project's clock, though the call fails now."""
    call, project, entry = exchange.call, exchange.project, exchange.entry

    def commit() -> None:
        answer = dispatch.answer(call, project)
        entry.backup_ids = answer.backup_ids
        if answer.hint or answer.error:
            entry.hint = f"what was to happen later did not: {answer.error} {answer.hint}".rstrip()

    project.world.defer(seconds, commit)


def _message(exchange: Exchange, decision: Decision, answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body as the rules have them.

    Args:
        exchange: The exchange.
        decision: What the rules made of it.
        answer: What the operation answered.
    """
    entry, step = exchange.entry, decision.replacement
    if step is not None and step.response is not None:
        status, headers, body = step.response.render(exchange.headers)
        entry.damaged = status < _REFUSED  # good as it looks, it is not what the operation says
    else:
        if step is not None:
            answer = _replacement(exchange, step)
            entry.error = answer.error
        status, headers = answer.status, exchange.headers
        headers |= {"Content-Type": "application/json"} | (answer.headers or {})
        damages = [hit.step.body for hit in decision.fired if hit.step.body is not None]
        body = damage(damages, headers, answer.body)
        entry.damaged = bool(damages)
    if step is not None and step.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(step.retry_after))
    return status, headers, body


def _replacement(exchange: Exchange, step: Step) -> Answer:
    """Return the answer that a rule gives in the place of the operation's own."""
    if step.error is not None:
        return dispatch.documented_error(exchange.call, step.error)
    if step.credentials is not None:
        return dispatch.answer(exchange.call, exchange.project, step.credentials)
    return Answer()  # of which nothing is sent


async def _wait(project: ProjectState, seconds: float) -> None:
    """Let *seconds* pass; a reset of the project, or the end of the server, drops the request meanwhile."""
    if seconds > 0:
        with droppable(project.in_flight):
            await asyncio.sleep(seconds)


def _header(text: str) -> str:
    """Return *text* as printable ASCII on one line, fit for a header."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)
