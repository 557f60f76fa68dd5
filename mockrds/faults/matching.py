"""Which requests a rule is about, besides their operation: the language of rules and of journal queries."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DOCUMENT = {"extra": "forbid"}


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()
"""What is at a place where nothing is."""


class Request(Protocol):
    """What a matcher looks at."""

    @property
    def method(self) -> str: ...  # noqa: D102
    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def query(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def reused(self) -> bool:
        """Whether its connection carried another request before."""
        ...

    def at(self, pointer: str) -> Any:
        """Give what the JSON Pointer finds in the body, or ``ABSENT``."""
        ...


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A condition other than equality."""

    __pydantic_config__ = _DOCUMENT

    regex: str | None = None
    """A regular expression that must be found in the text."""
    absent: bool | None = None
    """true: there must be nothing; false: there must be something."""
    min: float | None = None
    """The least number."""
    max: float | None = None
    """The greatest number."""

    def __post_init__(self) -> None:
        if self.regex is None and self.absent is None and self.min is None and self.max is None:
            raise ValueError("give 'regex', 'absent', 'min' or 'max'")
        try:
            self._search  # noqa: B018
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"'regex' {self.regex!r} is no regular expression: {error}") from None
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("'min' must not be above 'max'")

    @cached_property
    def _search(self) -> Any:
        return re.compile(self.regex or "").search

    def fits(self, value: Any) -> bool:
        """Tell whether *value* meets all that is asked."""
        if self.absent is not None and (value is ABSENT) != self.absent:
            return False
        if self.regex is not None and (not isinstance(value, str) or self._search(value) is None):
            return False
        if self.min is None and self.max is None:
            return True
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                return False
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)

    def __str__(self) -> str:
        parts = (("regex", self.regex), ("absent", self.absent), ("min", self.min), ("max", self.max))
        return ", ".join(f"{name} {value!r}" for name, value in parts if value is not None)


Condition = str | bool | int | float | None | Pattern
"""A value to be equal to, or a pattern."""

Place = tuple[str, ...]
"""Where a value of a request stands: ``("header", name)``, ``("query", name)``, ``("body", pointer)``, or one word."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """What else must be true of a request. All conditions must be met."""

    __pydantic_config__ = _DOCUMENT

    method: Condition = None
    """The HTTP method."""
    path: Condition = None
    """The path, without the query."""
    headers: dict[str, Condition] = field(default_factory=dict)
    """Headers by name, in any case."""
    query: dict[str, Condition] = field(default_factory=dict)
    """Query parameters by name."""
    body: dict[str, Condition] = field(default_factory=dict)
    """Fields of the JSON body by their place, a JSON Pointer such as /backup/name."""
    connection: Literal["new", "reused"] | None = None
    """Whether the connection carried a request before."""

    def __post_init__(self) -> None:
        for pointer in self.body:
            if pointer and not pointer.startswith("/"):
                raise ValueError(f"'body' {pointer!r} is no JSON Pointer: write it like /backup/name")
        if not self._asks():
            raise ValueError("it asks for nothing: leave it out, or give a condition")

    @classmethod
    def of(cls, value: Match | Mapping[str, Any]) -> Match:
        """Read a matcher as a scenario file would write it.

        Raises:
            ValueError: It is wrong.
        """
        if isinstance(value, Match):
            return value
        from pydantic import TypeAdapter

        return TypeAdapter(cls).validate_python(value)

    def _asks(self) -> bool:
        """Tell whether there is any condition."""
        one = (self.method, self.path, self.connection)
        return any(condition is not None for condition in one) or bool(self.headers or self.query or self.body)

    def matches(self, request: Request) -> bool:
        """Tell whether *request* meets all conditions."""
        if self.connection is not None and request.reused != (self.connection == "reused"):
            return False
        return all(_fits(condition, look(request, place)) for place, condition in self.conditions)

    def mismatches(self, request: Request) -> list[str]:
        """List the conditions that *request* does not meet."""
        found: list[str] = []
        if self.connection is not None and request.reused != (self.connection == "reused"):
            found.append(f"the connection is {'reused' if request.reused else 'new'}")
        for place, condition in self.conditions:
            value = look(request, place)
            if not _fits(condition, value):
                found.append(f"{' '.join(place)} is {value!r}, not {_told(condition)}")
        return found

    @cached_property
    def conditions(self) -> tuple[tuple[Place, Condition], ...]:
        """What is asked of values, each with the place of its value."""
        return tuple(self._each_condition())

    def _each_condition(self) -> Iterator[tuple[Place, Condition]]:
        if self.method is not None:
            yield ("method",), _as_text(self.method)
        if self.path is not None:
            yield ("path",), _as_text(self.path)
        for name, condition in self.headers.items():
            yield ("header", name), _as_text(condition)
        for name, condition in self.query.items():
            yield ("query", name), _as_text(condition)
        for pointer, condition in self.body.items():
            yield ("body", pointer), condition


def _as_text(condition: Condition) -> str | Pattern | None:
    """Make a plain value what it is in a header or a query."""
    if isinstance(condition, bool):
        return "true" if condition else "false"
    return str(condition) if isinstance(condition, int | float) else condition


def _fits(condition: Condition, value: Any) -> bool:
    if isinstance(condition, Pattern):
        return condition.fits(value)
    return bool(value == condition) and isinstance(value, bool) == isinstance(condition, bool)  # True is no 1


def look(request: Request, place: Place) -> Any:
    """Give what *request* has at *place*, or ``ABSENT``."""
    kind = place[0]
    if kind == "body":
        return request.at(place[1])
    if kind == "header":
        return request.headers.get(place[1], ABSENT)
    if kind == "query":
        return request.query.get(place[1], ABSENT)
    return getattr(request, kind)


def _told(condition: Condition) -> str:
    return str(condition) if isinstance(condition, Pattern) else repr(condition)


def resolve(content: Any, pointer: str) -> Any:
    """Give what a JSON Pointer (RFC 6901) finds in *content*, or ``ABSENT``."""
    for part in pointer.split("/")[1:]:
        if isinstance(content, dict):
            content = content.get(part.replace("~1", "/").replace("~0", "~") if "~" in part else part, ABSENT)
        elif isinstance(content, list) and part.isdecimal() and int(part) < len(content):
            content = content[int(part)]
        else:
            return ABSENT
    return content
