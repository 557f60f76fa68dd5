"""The way of a control request: find its row in the table, check the token, let it answer."""

from __future__ import annotations

import hmac
import logging
import re
from typing import TYPE_CHECKING, Final

from mockrds.api.call import Answer
from mockrds.control import records
from mockrds.control.errors import ControlError
from mockrds.control.request import ControlRequest
from mockrds.control.route import TOKEN_HEADER
from mockrds.control.routes import ROUTES
from mockrds.domain.errors import RDSError
from mockrds.suggestions import suggest

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.control.route import Route

PREFIX: Final = "/__mockrds"

_log = logging.getLogger("mockrds")
_PATTERNS: Final = tuple(
    (route, re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(route.path)))) for route in ROUTES
)
_IN_PROJECT: Final = re.compile("^projects/[^/]+/")
_RENAMED: Final = {"report": "summary"}
"""Resources that had another name, and what they are called now."""


def handle(call: Call, *, oversized: bool = False) -> Answer:
    """Answer a request to the control API.

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
        return route.handler(ControlRequest(call, parameters))
    except ControlError as error:
        return Answer(records.Error(error=str(error)), error.status, error.headers)
    except RDSError as error:
        return Answer(records.Error(error=error.hint or "the body must be a JSON object"), 400)
    except Exception as error:  # noqa: BLE001  (a bug of ours must not look like a dead server)
        _log.exception("mockrds itself failed on %s %s", call.method, call.path)
        return Answer(records.Error(error=f"an error inside mockrds, whose log has the traceback: {error!r}"), 500)


def _find(call: Call) -> tuple[Route, dict[str, str]]:
    """Find the row for a request, and the variable parts of its path."""
    resource = call.path.removeprefix(PREFIX).strip("/")
    fitting = [(route, match.groupdict()) for route, pattern in _PATTERNS if (match := pattern.fullmatch(resource))]
    method = "GET" if call.method == "HEAD" else call.method
    for route, parameters in fitting:
        if route.method == method:
            return route, parameters
    _check_token(call)
    if fitting:
        methods = ", ".join(route.method for route, _ in fitting)
        raise ControlError(405, f"{resource} takes {methods}", {"Allow": methods})
    raise ControlError(404, _no_such_resource(_IN_PROJECT.sub("", resource)))


def _no_such_resource(missing: str) -> str:
    known = {_IN_PROJECT.sub("", route.path): route.path for route in ROUTES}
    name = _RENAMED.get(missing, missing)
    meant = f", did you mean {known[name]!r}?" if name in known else suggest(missing, known)
    return f"no such resource {missing!r}{meant}; GET {PREFIX}/openapi.json tells all"


def _check_token(call: Call) -> None:
    token = call.simulator.control_token
    if token is None:
        return
    sent = call.headers.get(TOKEN_HEADER, "")
    if not sent:
        raise ControlError(
            401, f"other machines can reach this server, so it demands the token that it printed, in {TOKEN_HEADER}"
        )
    if not hmac.compare_digest(sent.encode("utf-8", "surrogateescape"), token.encode()):
        raise ControlError(401, f"the token in {TOKEN_HEADER} is wrong: send the one that this server printed")
