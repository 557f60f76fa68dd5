"""What an operation says about itself, all in one place: ``@operation`` stands above the function that serves it.

Routes, checks of requests, the OpenAPI documents and the rules of faults take from there what they need.
"""

from __future__ import annotations

import re
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from mockrds.api.schema import UNKNOWN_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mockrds.api.call import Answer, Call
    from mockrds.api.schema import Object, Schema
    from mockrds.faults.matching import Place

Effect = Literal["quota", "lifecycle", "visible_after", "stale"]
"""A world effect of a rule: a key of ``WorldEffect``."""

_MOST_KEYS: Final = 5
"""How many unknown keys a hint names."""
_LONGEST_KEY: Final = 40
"""How many characters of each."""


class ServedOperation(NamedTuple):
    """What ``@operation`` says of an operation, and the function that serves it."""

    handle: Callable[[Call], Answer]
    summary: str
    body: Schema | None
    query: Object | None
    answer: Schema | None
    status: int
    simple: bool
    public: bool
    headers: tuple[str, ...]
    answer_headers: tuple[str, ...]
    when: Callable[[dict[str, Any]], bool] | None
    heeds: frozenset[str]
    leads_to: Mapping[str, Mapping[str, Any]]
    instance_places: tuple[Place, ...]
    """Where body and query name the instance that the request is about."""


SERVED: Final[dict[str, ServedOperation]] = {}
"""What is served, by id; the modules of the API families fill it as they are imported. All are in it after
``from mockrds.api.families import SERVED``."""


def operation(
    operation: str,
    *,
    body: Schema | None = None,
    query: Object | None = None,
    answer: Schema | None = None,
    status: int = 200,
    simple: bool = False,
    public: bool = False,
    reads: bool = True,
    headers: tuple[str, ...] = (),
    answer_headers: tuple[str, ...] = (),
    when: Callable[[dict[str, Any]], bool] | None = None,
    heeds: tuple[Effect, ...] = (),
    leads_to: Mapping[str, Mapping[str, Any]] | None = None,
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Let a function serve *operation*.

    It is called with the call, and with the fields of the body and the query parameters if there are any.

    Args:
        operation: The id of the operation, with its family.
        body: What its body looks like.
        query: What its query parameters look like.
        answer: What a good answer looks like; absent: empty.
        status: The status of a good answer.
        simple: Whether what clients send is kept and shown again, but has no further effect.
        public: Whether it needs no credentials.
        reads: Whether *body* reads the body; if not, it only describes what the function reads itself.
        headers: The headers that a request must have, but for credentials.
        answer_headers: The headers that a good answer has besides the usual ones.
        when: Whether a body means this operation, where several share a method and a path. Of these the first in
            the code counts; then the one without *when*; then the first of all.
        heeds: The world effects of rules that make a difference to it; no others reach it.
        leads_to: The operations that clients call with what its answer has: for each the parameters, and ``body``,
            as OpenAPI's runtime expressions. Variables of the path that both have need no mention.
    """

    def register(function: Callable[..., Answer]) -> Callable[..., Answer]:
        reader = body if reads else None
        known_parameters = query.known_keys if query is not None else frozenset()

        @wraps(function)
        def handle(call: Call) -> Answer:
            unknown_keys = UNKNOWN_KEYS.names
            arguments: list[dict[str, Any]] = []
            if reader is not None:
                unknown_keys.clear()
                arguments.append(reader.read(call.document, "body"))
            if query is not None:
                arguments.append(query.parse_all(call.query))
            result = function(call, *arguments)
            result.status = status
            if result.hint:
                return result
            if reader is not None:
                if unknown_keys:
                    result.hint = _ignored(unknown_keys)
                elif "json" not in call.headers.get("Content-Type", ""):
                    result.hint = "the body came without Content-Type: application/json"
            if call.has_query and not result.hint and not known_parameters.issuperset(call.query):
                result.hint = _ignored([name for name in call.query if name not in known_parameters])
            return result

        SERVED[operation] = ServedOperation(
            handle=handle,
            summary=_summary(function),
            body=body,
            query=query,
            answer=answer,
            status=status,
            simple=simple,
            public=public,
            headers=headers,
            answer_headers=answer_headers,
            when=when,
            heeds=frozenset(heeds),
            leads_to=leads_to or {},
            instance_places=(
                *(("query", pointer[1:]) for pointer in (query.instance_pointers() if query is not None else ())),
                *(("body", pointer) for pointer in (body.instance_pointers() if body is not None else ())),
            ),
        )
        return function

    return register


def has(*path: str) -> Callable[[dict[str, Any]], bool]:
    """Make the ``when`` of an operation whose bodies have the key at the end of *path*."""
    *outer, last = path

    def meant(body: Any) -> bool:
        for key in outer:
            body = body.get(key) if isinstance(body, dict) else None
        return isinstance(body, dict) and last in body

    return meant


def meant(operations: tuple[str, ...], body: dict[str, Any]) -> str:
    """Return which of *operations*, which share a method and a path, a request with this *body* means."""
    choices = _choices(operations)
    for choice in choices:
        when = SERVED[choice].when
        if when is None or when(body):
            return choice
    return choices[0] if choices else operations[0]


@cache
def _choices(operations: tuple[str, ...]) -> list[str]:
    """Return those of *operations* that are served in the order of the code, those without ``when`` last."""
    return sorted((each for each in SERVED if each in operations), key=lambda each: SERVED[each].when is None)


def heeds(operation: str) -> frozenset[str]:
    """Return the world effects, by their keys, that *operation* heeds."""
    served = SERVED.get(operation)
    return served.heeds if served is not None else frozenset()


def _summary(function: Callable[..., Answer]) -> str:
    """Return the first sentence of a docstring, without the page of the reference that stands in parentheses."""
    line = (function.__doc__ or "").partition("\n")[0]
    return re.split(r' \([^()]*"', line)[0].rstrip(".")


def _ignored(keys: list[str]) -> str:
    """Return a hint that *keys* of a body or a query had no effect."""
    names = [repr(key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}...") for key in dict.fromkeys(keys)]
    more = f" and {len(names) - _MOST_KEYS} more" if len(names) > _MOST_KEYS else ""
    return f"the API reference does not have {', '.join(names[:_MOST_KEYS])}{more} here: ignored"
