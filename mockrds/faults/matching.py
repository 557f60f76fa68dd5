"""Which requests a rule is about, besides their operation: the language of rules and of journal queries."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from mockrds.domain.models import InstanceStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_DOCUMENT = {"extra": "forbid"}


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()
"""What is at a place where nothing is."""

Instance = tuple[tuple[str, ...], str | None]
"""What an instance may be called (its name, its id, the ids of its nodes), and its status."""


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

    @property
    def instance(self) -> Instance | None:
        """The instance that the request is about; None where the world that it met is no longer known."""
        ...

    @property
    def state(self) -> Mapping[str, int] | None:
        """How many things of each kind the project had; None where that is no longer known."""
        ...

    def at(self, pointer: str) -> Any:
        """Return what the JSON Pointer finds in the body, or ``ABSENT``."""
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
        """Return whether *value* meets the condition."""
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
"""Where a value of a request stands: ``("header", name)``, ``("query", name)``, ``("body", pointer)``, ``("method",)``
or ``("path",)``."""


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
        if not self._has_conditions():
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

    def _has_conditions(self) -> bool:
        single = (self.method, self.path, self.connection)
        return any(condition is not None for condition in single) or bool(self.headers or self.query or self.body)

    def matches(self, request: Request) -> bool:
        """Return whether *request* meets all conditions."""
        if self.connection is not None and request.reused != (self.connection == "reused"):
            return False
        return all(_fits(condition, look(request, place)) for place, condition in self.conditions)

    def mismatches(self, request: Request) -> list[str]:
        """Return the conditions that *request* does not meet, each as a sentence."""
        reasons: list[str] = []
        if self.connection is not None and request.reused != (self.connection == "reused"):
            reasons.append(f"the connection is {'reused' if request.reused else 'new'}")
        for place, condition in self.conditions:
            value = look(request, place)
            if not _fits(condition, value):
                wanted = condition if isinstance(condition, Pattern) else repr(condition)
                reasons.append(f"{' '.join(place)} is {value!r}, not {wanted}")
        return reasons

    @cached_property
    def conditions(self) -> tuple[tuple[Place, Condition], ...]:
        """The conditions on single values, each with the place of its value."""
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


@dataclass(frozen=True, kw_only=True)
class StateMatch:
    """What must be true of the project. All conditions must be met."""

    __pydantic_config__ = _DOCUMENT

    manual_backups: int | Pattern | None = None
    """How many manual backups there are."""
    building: int | Pattern | None = None
    """How many of them are BUILDING."""
    instances: int | Pattern | None = None
    """How many DB instances there are."""

    def __post_init__(self) -> None:
        if self.manual_backups is None and self.building is None and self.instances is None:
            raise ValueError("it asks for nothing: give 'manual_backups', 'building' or 'instances'")

    def mismatches(self, state: Mapping[str, int]) -> list[str]:
        """Return the conditions that *state* does not meet, each as a sentence."""
        conditions = (
            ("manual_backups", self.manual_backups),
            ("building", self.building),
            ("instances", self.instances),
        )
        return [
            f"state {name} is {state[name]}, not {condition}"
            for name, condition in conditions
            if condition is not None and name in state and not _fits(condition, state[name])
        ]


@dataclass(frozen=True, kw_only=True)
class ProjectMatch(Match):
    """What else must be true of a request and of the project. All conditions must be met."""

    __pydantic_config__ = _DOCUMENT

    instance: str | Pattern | None = None
    """The instance that the request is about, by its name, its id or the id of a node."""
    instance_status: InstanceStatus | None = None
    """What that instance is doing."""
    state: StateMatch | None = None
    """What must be true of the project."""

    def _has_conditions(self) -> bool:
        about_project = (self.instance, self.instance_status, self.state)
        return super()._has_conditions() or any(condition is not None for condition in about_project)

    def matches(self, request: Request) -> bool:
        """Return whether *request* meets all conditions."""
        return super().matches(request) and not self._project_mismatches(request)

    def mismatches(self, request: Request) -> list[str]:
        """Return the conditions that *request* does not meet, each as a sentence."""
        reasons = super().mismatches(request)
        if request.instance is None:  # the journal keeps requests, and not the world that they met
            return reasons or ["the instance or the state of the project was another"]
        return [*reasons, *self._project_mismatches(request)]

    def _project_mismatches(self, request: Request) -> list[str]:
        reasons: list[str] = []
        if self.instance is not None or self.instance_status is not None:
            names, status = request.instance or ((), None)
            if self.instance is not None and not any(_fits(self.instance, name) for name in names):
                reasons.append(f"the instance is {names[0] if names else 'none'}, not {self.instance}")
            if self.instance_status is not None and status != self.instance_status:
                reasons.append(f"the instance is {status}, not {self.instance_status}")
        if self.state is not None:
            reasons += self.state.mismatches(request.state or {})
        return reasons


def names_operation(names: str | Iterable[str], operation: str) -> bool:
    """Return whether the key ``operation`` of a rule or a rate limit names *operation*, an id with its family.

    Args:
        names: The value of the key: one name or several, each with or without its family, ``v1.*`` or ``*``.
        operation: The id.
    """
    family, _, bare = operation.rpartition(".")
    accepted = ("*", operation, bare, f"{family}.*")
    return names in accepted if isinstance(names, str) else any(name in accepted for name in names)


def _as_text(condition: Condition) -> str | Pattern | None:
    """Return a plain value as the text that it is in a header or a query."""
    if isinstance(condition, bool):
        return "true" if condition else "false"
    return str(condition) if isinstance(condition, int | float) else condition


def _fits(condition: Condition, value: Any) -> bool:
    if isinstance(condition, Pattern):
        return condition.fits(value)
    return bool(value == condition) and isinstance(value, bool) == isinstance(condition, bool)  # True is no 1


def look(request: Request, place: Place) -> Any:
    """Return what *request* has at *place*, or ``ABSENT``."""
    match place:
        case ("body", pointer):
            return request.at(pointer)
        case ("header", name):
            return request.headers.get(name, ABSENT)
        case ("query", name):
            return request.query.get(name, ABSENT)
        case ("method",):
            return request.method
        case _:
            return request.path


def resolve(content: Any, pointer: str) -> Any:
    """Return what a JSON Pointer (RFC 6901) finds in *content*, or ``ABSENT``."""
    for part in pointer.split("/")[1:]:
        if isinstance(content, dict):
            content = content.get(part.replace("~1", "/").replace("~0", "~") if "~" in part else part, ABSENT)
        elif isinstance(content, list) and part.isdecimal() and int(part) < len(content):
            content = content[int(part)]
        else:
            return ABSENT
    return content
