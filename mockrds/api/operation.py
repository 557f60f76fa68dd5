"""The operations that are served: what each reads, what it answers, and the function that does it.

``serves`` stands above the function; the routes, the checks of requests and the OpenAPI documents all
come from it.
"""

from __future__ import annotations

import re
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mockrds.api.schema import NOTICED

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.api.call import Answer, Call
    from mockrds.api.schema import Object, Schema

_SHOWN: Final = 5
"""How many undocumented keys a hint names."""
_LONGEST: Final = 40
"""How much it shows of each."""


class ServedOperation(NamedTuple):
    """One operation that is served."""

    handle: Callable[[Call], Answer]
    summary: str
    body: Schema | None
    query: Object | None
    answer: Schema | None
    """What the body of a good answer looks like; None for an empty body."""
    status: int
    """The status of a good answer."""
    simple: bool = False
    """Whether what it is told is kept and told again, but has no further effect."""


SERVED: Final[dict[str, ServedOperation]] = {}
"""What is served, by the id of the operation; filled by the modules of the families as they are imported."""


def operation(
    operation: str,
    *,
    body: Schema | None = None,
    query: Object | None = None,
    answer: Schema | None = None,
    status: int = 200,
    simple: bool = False,
    reads: bool = True,
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Let a function serve *operation*.

    It is called with the call, and with the fields of the body or the query parameters if there are any.

    Args:
        operation: The id of the operation, with its family.
        body: What its body looks like.
        query: What its query parameters look like.
        answer: What a good answer looks like; absent: empty.
        status: The status of a good answer.
        simple: Whether what it is told is kept and told again, but has no further effect.
        reads: Whether *body* reads the body; if not, it only describes what the function reads itself.
    """

    def register(function: Callable[..., Answer]) -> Callable[..., Answer]:
        reader = body if reads else None
        asked_for = query.known_keys if query is not None else frozenset()

        @wraps(function)
        def handle(call: Call) -> Answer:
            noticed = NOTICED.keys
            given: list[dict[str, Any]] = []
            if reader is not None:
                noticed.clear()
                given.append(reader.read(call.document, "body"))
            if query is not None:
                given.append(query.parse_all(call.query))
            answered = function(call, *given)
            answered.status = status
            if answered.hint:
                return answered
            if reader is not None:
                if noticed:
                    answered.hint = _ignored(noticed)
                elif "json" not in call.headers.get("Content-Type", ""):
                    answered.hint = "the body came without Content-Type: application/json"
            if call.has_query and not answered.hint and not asked_for.issuperset(call.query):
                answered.hint = _ignored([name for name in call.query if name not in asked_for])
            return answered

        SERVED[operation] = ServedOperation(handle, _summary(function), body, query, answer, status, simple)
        return function

    return register


def _summary(function: Callable[..., Answer]) -> str:
    """Give the first sentence of a docstring, without the page of the reference that stands in parentheses."""
    line = (function.__doc__ or "").partition("\n")[0]
    return re.split(r' \([^()]*"', line)[0].rstrip(".")


def _ignored(keys: list[str]) -> str:
    """Say which keys of a body or a query had no effect."""
    named = [repr(key if len(key) <= _LONGEST else f"{key[:_LONGEST]}...") for key in dict.fromkeys(keys)]
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    return f"the API reference does not have {', '.join(named[:_SHOWN])}{more} here: ignored"
