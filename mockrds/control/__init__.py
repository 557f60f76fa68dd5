"""The control API, ``/__mockrds/``: for tests and people, never subject to faults, never in the journal.

``routes.py`` has one row for each thing that can be asked; the row routes, checks what is sent and
describes itself in the OpenAPI document.
"""

from __future__ import annotations

import hmac
import logging
import re
from typing import TYPE_CHECKING, Final

from mockrds.api.call import Answer
from mockrds.control.request import ControlError, ControlRequest, guess
from mockrds.control.routes import ROUTES, TOKEN_HEADER
from mockrds.domain.errors import RDSError

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.control.routes import Route

PREFIX: Final = "/__mockrds"

_log = logging.getLogger("mockrds")
_PATTERNS: Final = tuple(
    (route, re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(route.path)))) for route in ROUTES
)
_IN_PROJECT: Final = re.compile("^projects/[^/]+/")


def handle(call: Call, *, oversized: bool = False) -> Answer:
    """Serve a request to the control API.

    Args:
        call: The request.
        oversized: Whether its body was too large to read.
    """
    try:
        route, parameters = _find(call)
        if not route.open:
            _check_token(call)
        if oversized:
            raise ControlError(413, "the body is larger than 12 MB")  # noqa: TRY301
        return route.handler(ControlRequest(call, route, parameters))
    except ControlError as error:
        return Answer({"error": str(error)}, error.status, error.headers)
    except RDSError as error:
        return Answer({"error": error.hint or "the body must be a JSON object"}, 400)
    except Exception as error:  # noqa: BLE001  (a bug of ours must not look like a dead server)
        _log.exception("mockrds itself failed on %s %s", call.method, call.path)
        return Answer({"error": f"an error inside mockrds, whose log has the traceback: {error!r}"}, 500)


def _find(call: Call) -> tuple[Route, dict[str, str]]:
    """Find the row for a request, and the variable parts of its path."""
    resource = call.path.removeprefix(PREFIX).strip("/")
    fitting = [(route, found.groupdict()) for route, pattern in _PATTERNS if (found := pattern.fullmatch(resource))]
    method = "GET" if call.method == "HEAD" else call.method
    for route, parameters in fitting:
        if route.method == method:
            return route, parameters
    _check_token(call)
    if fitting:
        methods = ", ".join(route.method for route, _ in fitting)
        raise ControlError(405, f"{resource} takes {methods}", {"Allow": methods})
    missing = _IN_PROJECT.sub("", resource)
    known = {_IN_PROJECT.sub("", route.path): route.path for route in ROUTES}
    meant = f", did you mean {known[missing]!r}?" if missing in known else guess(missing, known)
    raise ControlError(404, f"no such resource {missing!r}{meant}; GET {PREFIX}/openapi.json tells all")


def _check_token(call: Call) -> None:
    token = call.simulator.control_token
    if token is None:
        return
    given = call.headers.get(TOKEN_HEADER, "")
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode()):
        raise ControlError(
            401, f"this server can be reached from other machines: send {TOKEN_HEADER}, which it printed"
        )
