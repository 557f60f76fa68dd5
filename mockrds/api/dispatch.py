"""The way of a request through the API: which operation it means, whether it may, and what is answered.

What an operation raises becomes the body of an error here, in the form of its API family.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from mockrds.api import error_bodies, iam, network
from mockrds.api.authentication import authenticate, refuse_credentials
from mockrds.api.call import UNKNOWN, Answer
from mockrds.api.families import SERVED
from mockrds.api.iam import KeystoneError
from mockrds.api.operation import meant
from mockrds.api.routing import Routes
from mockrds.domain.errors import GatewayError, NetworkError, RDSError
from mockrds.domain.operations import NETWORK_OPERATIONS, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.api.call import Call
    from mockrds.faults.rules import Credentials
    from mockrds.project_state import ProjectState

_log = logging.getLogger("mockrds")

_HANDLERS: Final[dict[str, Callable[[Call], Answer]]] = {
    **{name: served.handle for name, served in SERVED.items()},
    **network.HANDLERS,
}
_PUBLIC: Final = frozenset(name for name, served in SERVED.items() if served.public)
_ROUTES: Final = Routes((*OPERATIONS.values(), *NETWORK_OPERATIONS.values()))


def find_operation(call: Call) -> ProjectState:
    """Find the operation that *call* means, and its project if there is one.

    Returns:
        The project whose clock, faults and journal count: ``unassigned`` for a call that belongs to none.
    """
    simulator = call.simulator
    match = _ROUTES.match(call.method, call.path)
    if match is None:
        return simulator.unassigned
    call.parameters = match.parameters
    if match.operations:
        call.operation = match.operations[0] if len(match.operations) == 1 else _by_body(match.operations, call)
        served = SERVED.get(call.operation)
        if served is not None:
            call.heeds, call.instance_places = served.heeds, served.instance_places
    project_id = match.parameters.get("project_id")
    if project_id is not None:
        call.project = simulator.projects.get(project_id)
        if call.project is None:
            with suppress(RDSError):  # refused when the operation needs the world, as documented
                call.project = simulator.project(project_id)
    elif call.operation == "iam.create_token":
        return iam.requested_project(call) or simulator.unassigned
    return call.project or simulator.unassigned


def _by_body(operations: tuple[str, ...], call: Call) -> str:
    """Return which of the operations that share a method and a path the body means."""
    try:
        content = call.content
    except RDSError:
        content = None
    return meant(operations, content if isinstance(content, dict) else {})


def answer(call: Call, project: ProjectState, credentials: Credentials | None = None) -> Answer:
    """Let the operation answer, and turn what it raises into an error of its family.

    Args:
        call: The call.
        project: The project whose rate limits count.
        credentials: What a rule has against the credentials.
    """
    operation = call.operation
    try:
        if operation == UNKNOWN:
            raise _unknown(call)  # noqa: TRY301
        if credentials is not None:
            refuse_credentials(call, credentials)
        if operation not in _PUBLIC:
            authenticate(call)
        if project.faults.limiters:
            refusal = project.faults.throttle(operation, call.now)
            if refusal is not None:
                limiter, seconds = refusal
                return error_bodies.rate_limited(limiter.limit, seconds / project.clock.setting.by, call.request_id)
        if call.oversized:
            raise GatewayError("APIGW.0201")  # noqa: TRY301
        return _HANDLERS.get(operation, _not_modelled)(call)
    except Exception as error:  # noqa: BLE001  (a bug of ours must not look like a dead server)
        return _error(error, call, project)


def documented_error(call: Call, code: str) -> Answer:
    """Return the documented error with this code, in the form of the family that was called."""
    return error_bodies.documented(code, call.family, call.request_id)


def _not_modelled(call: Call) -> Answer:
    reason = f"{call.operation} is in the API reference, but mockrds does not model it yet"
    return Answer(status=501, headers={"X-Mockrds-Reason": reason})


def _error(error: Exception, call: Call, project: ProjectState) -> Answer:
    """Return the answer to a call that was refused, or that made the mock itself fail."""
    match error:
        case RDSError():
            return error_bodies.refusal(error, call.family, call.request_id)
        case GatewayError(status=401) if call.family == "iam":  # it speaks for itself
            return error_bodies.keystone(iam.unauthorized(), error.hint)
        case GatewayError():
            return error_bodies.gateway(error, call.request_id)
        case KeystoneError():
            return error_bodies.keystone(error)
        case NetworkError():
            return error_bodies.network(error)
        case _:
            return failure(error, call, project)


def failure(error: Exception, call: Call, project: ProjectState) -> Answer:
    """Return the answer to a call on which the mock itself failed; whoever looks after *project* will know of it."""
    _log.error("mockrds itself failed on %s %s", call.method, call.path, exc_info=error)
    project.errors.append(error)
    hint = "an error inside mockrds; its log has the traceback"
    return error_bodies.documented("RDS.0005", call.family, call.request_id, hint)


def _unknown(call: Call) -> GatewayError:
    match = _ROUTES.match(call.method, call.path)
    if match is None:
        hint = "the API reference has no such path; v1 begins with /rds/v1/{project_id}, v3 with /v3/{project_id}"
        return GatewayError("APIGW.0101", hint=hint)
    hint = f"this path knows {', '.join(match.methods)}"
    return GatewayError("APIGW.0101", hint=hint, message="The API does not exist")
