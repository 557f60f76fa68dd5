"""A request to the control API: found, and checked against what its route says."""

from __future__ import annotations

import difflib
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import orjson

from mockrds.control.schemas import SCHEMAS, ref
from mockrds.domain.errors import RDSError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockrds.api.call import Call
    from mockrds.control.routes import Route
    from mockrds.control.schemas import Schema
    from mockrds.project_state import ProjectState
    from mockrds.simulator import Simulator

_LONG: Final = 60
_TYPES: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "object": ((dict,), "a JSON object"),
    "array": ((list,), "a list"),
    "string": ((str,), "text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "null": ((type(None),), "null"),
}


class ControlError(Exception):
    """A control request that can't be served.

    Args:
        status: The HTTP status.
        message: What is wrong and what to do.
        headers: More headers.
    """

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class ControlRequest:
    """One request to the control API.

    Args:
        call: The request.
        route: The row of the table that it is for.
        parameters: The variable parts of its path, by name.
    """

    def __init__(self, call: Call, route: Route, parameters: dict[str, str]) -> None:
        self._call = call
        self._route = route
        self.parameters = parameters

    @property
    def simulator(self) -> Simulator:
        """The cloud that is asked."""
        return self._call.simulator

    @cached_property
    def project(self) -> ProjectState:
        """The project that is asked: by its name if it is there, or by its id, made if it is new.

        Raises:
            ControlError: There can't be such a project.
        """
        wanted = self.parameters["project"]
        found = self.known_project
        if found is not None:
            return found
        if self.simulator.strict_projects:
            raise ControlError(404, f"project {wanted!r} was not declared")
        try:
            return self.simulator.project(wanted)
        except RDSError as error:
            raise ControlError(404, error.hint) from None

    @property
    def known_project(self) -> ProjectState | None:
        """The project that is asked; None if it is not there."""
        return self.simulator.find(self.parameters["project"])

    @cached_property
    def body(self) -> dict[str, Any]:
        """The body.

        Raises:
            ControlError: It is not what the route takes.
            RDSError: It is no JSON object.
        """
        document = self._call.document
        assert self._route.body is not None  # noqa: S101
        check(ref(self._route.body), document)
        return document

    @cached_property
    def query(self) -> dict[str, Any]:
        """The query parameters that are given.

        Raises:
            ControlError: One of them is not what the route takes.
        """
        found: dict[str, Any] = {}
        for name, text in self._call.query.items():
            schema = self._route.query.get(name)
            if schema is None:
                known = tuple(self._route.query)
                raise ControlError(400, f"{name}: unknown parameter{guess(name, known)} ({_one_of(known)})")
            value: Any = text
            kind = schema.get("type", "object")
            if kind != "string":
                try:
                    value = orjson.loads(text)
                except orjson.JSONDecodeError:
                    expected = _TYPES[kind][1]
                    raise ControlError(400, f"{name}: expected {expected}, not {text!r}") from None
            check(schema, value, name)
            found[name] = value
        return found


def check(schema: Schema, value: Any, place: str = "") -> None:
    """See whether *value* is what *schema* describes; parts of scenarios are left to the loader.

    Raises:
        ControlError: It is not; the message tells where and what to do.
    """
    if "$ref" in schema:
        schema = SCHEMAS.get(schema["$ref"].rpartition("/")[2], {})
    here = f"{place}: " if place else ""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(_is(value, kind) for kind in types):
        raise ControlError(400, f"{here}expected {' or '.join(_TYPES[kind][1] for kind in types)}, not {_shown(value)}")
    if "enum" in schema and value not in schema["enum"]:
        known = [word for word in schema["enum"] if word is not None]
        raise ControlError(400, f"{here}unknown {_shown(value)}{guess(str(value), known)} ({_one_of(known)})")
    if "minimum" in schema and value is not None and value < schema["minimum"]:
        raise ControlError(400, f"{here}must be at least {schema['minimum']}, not {value}")
    if "pattern" in schema and re.fullmatch(schema["pattern"], value) is None:
        raise ControlError(400, f"{here}{_shown(value)} does not fit {schema['pattern']}")
    if isinstance(value, list):
        for i, inner in enumerate(value):
            check(schema.get("items", {}), inner, f"{place}[{i}]")
    elif isinstance(value, dict) and "properties" in schema:
        known = list(schema["properties"])
        prefix = f"{place}." if place else ""
        for key, inner in value.items():
            if key not in known:
                raise ControlError(400, f"{prefix}{key}: unknown key{guess(key, known)} ({_one_of(known)})")
            check(schema["properties"][key], inner, f"{prefix}{key}")
        for key in schema.get("required", ()):
            if key not in value:
                raise ControlError(400, f"{prefix}{key}: this key is missing")


def guess(word: str, known: Iterable[str]) -> str:
    """Ask whether one of the *known* words was meant."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def _is(value: object, kind: str) -> bool:
    return isinstance(value, _TYPES[kind][0]) and not isinstance(value, bool)


def _shown(value: object) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."


def _one_of(known: Iterable[str]) -> str:
    words = ", ".join(known)
    return f"expected one of: {words}" if words else "it takes none"
