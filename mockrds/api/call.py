"""A request as the operations see it, and what they answer."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from mockrds.domain import errors
from mockrds.domain.errors import RDSError
from mockrds.domain.world_template import NO_EFFECT, WorldEffect
from mockrds.faults.matching import ABSENT, look, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multidict import MultiMapping

    from mockrds.domain.world import World
    from mockrds.faults.decision import Decision
    from mockrds.faults.matching import Place
    from mockrds.project_state import ProjectState
    from mockrds.simulator import Simulator

UNKNOWN: Final = "unknown"
"""The operation of a request that the API reference has no operation for."""

_UNREAD: Final = object()
_INSTANCE: Final = "instance"  # no JSON Pointer, so it can stand among them


class HttpRequest(Protocol):
    """A request as an HTTP server has it: aiohttp's, but nothing here depends on that."""

    @property
    def method(self) -> str: ...  # noqa: D102
    @property
    def raw_path(self) -> str:
        """Path and query, as they stood in the request line."""
        ...

    @property
    def path(self) -> str:
        """The path, decoded."""
        ...

    @property
    def query(self) -> MultiMapping[str]: ...  # noqa: D102
    @property
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def scheme(self) -> str: ...  # noqa: D102


class Answer:
    """What an operation answers.

    Args:
        content: The body, to be sent as JSON; None for an empty body.
        status: The HTTP status.
        headers: More headers.
        backup_ids: The backups that the call made or touched, for the journal.
    """

    __slots__ = ("backup_ids", "body", "error", "fault", "headers", "hint", "status")

    def __init__(
        self,
        content: object = None,
        status: int = 200,
        headers: dict[str, str] | None = None,
        backup_ids: tuple[str, ...] = (),
    ) -> None:
        # orjson's bytes occupy four kilobytes however few they are, and the journal keeps them: hence the copy
        self.body = b"" if content is None else b"".join((orjson.dumps(content), b""))
        self.status = status
        self.headers = headers
        self.backup_ids = backup_ids
        self.error: str | None = None
        self.hint = ""
        self.fault = ""

    def hinting(self, hint: str) -> Answer:
        """Return the answer with *hint*, in ``X-Mockrds-Hint``."""
        self.hint = hint
        return self


class Call:
    """One request.

    Args:
        simulator: The cloud it goes to.
        request: The request as the server has it.
        body: The whole body; None when it was too large to be read.
    """

    operation = UNKNOWN
    """What is asked for, by its id in the API reference."""
    parameters: Mapping[str, str] = MappingProxyType({})
    """The variable parts of the path, by their names in the reference."""
    heeds: frozenset[str] = frozenset()
    """The world effects that the operation heeds, by their keys."""
    instance_places: tuple[Place, ...] = ()
    """Where the operation's query and body name the instance that it is about."""
    project: ProjectState | None = None
    """The project; None when there is no such project."""
    trusted = True
    """Whether the credentials are good for the project."""
    decision: Decision | None = None
    """What the rules decide about it; known once the engine has decided."""
    now: float
    """When it arrived, on the project's clock; known once it is recorded."""
    request_id = ""
    """The id of its answer; known once it is recorded."""
    reused: bool
    """Whether the connection carried another request before; known once it is recorded."""
    _content: Any = _UNREAD

    def __init__(self, simulator: Simulator, request: HttpRequest, body: bytes | None) -> None:
        self.simulator = simulator
        self._request = request
        self.method = request.method
        self.target = target = request.raw_path
        """Path and query, as they stood in the request line."""
        self.path = request.path if "%" in target or target[:1] != "/" else target.partition("?")[0]
        """The path, decoded."""
        self.headers = request.headers
        self.body = body or b""
        self.oversized = body is None
        """Whether the body was too large to be read."""
        self._found: dict[str, Any] = {}

    @property
    def scheme(self) -> str:
        """``http`` or ``https``, as the client came in."""
        return self._request.scheme

    @property
    def family(self) -> str:
        """The API family of the operation, such as ``v1`` or ``v3.1``; empty when there is no such operation."""
        return self.operation.rpartition(".")[0]

    @property
    def has_query(self) -> bool:
        """Whether there may be query parameters; known without reading them."""
        return "?" in self.target

    @property
    def query(self) -> MultiMapping[str]:
        """The query parameters."""
        return self._request.query

    @property
    def content(self) -> Any:
        """The body as JSON.

        Raises:
            RDSError: EMPTY_BODY or MALFORMED_JSON.
        """
        if self._content is _UNREAD:
            if not self.body.strip():
                raise RDSError(errors.EMPTY_BODY)
            try:
                self._content = orjson.loads(self.body)
            except orjson.JSONDecodeError as error:
                raise RDSError(errors.MALFORMED_JSON, f"the body is not JSON: {error}") from None
        return self._content

    @property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            RDSError: EMPTY_BODY, MALFORMED_JSON or INVALID_PARAMETER.
        """
        content = self.content
        if content is None:
            raise RDSError(errors.EMPTY_BODY)
        if not isinstance(content, dict):
            raise RDSError(errors.INVALID_PARAMETER, "the body must be a JSON object")
        return content

    @property
    def effect(self) -> WorldEffect:
        """What rules change about the world for this call, as far as its operation heeds it."""
        decision = self.decision
        if decision is None or not decision.fired:
            return NO_EFFECT
        values: dict[str, Any] = {key: decision.first_value(key) for key in self.heeds}
        return WorldEffect(**values) if any(value is not None for value in values.values()) else NO_EFFECT

    # What rules look at

    def at(self, pointer: str) -> Any:
        """Return what the JSON Pointer finds in the body, or ``ABSENT``."""
        found = self._found.get(pointer, _UNREAD)
        if found is _UNREAD:
            try:
                content = self.content
            except RDSError:
                content = ABSENT
            found = self._found[pointer] = resolve(content, pointer)
        return found

    @property
    def instance(self) -> tuple[tuple[str, ...], str | None]:
        """The names, ids and node ids of the instance that the request is about, and its status."""
        found = self._found.get(_INSTANCE)
        if found is None:
            values = (*self.parameters.values(), *(look(self, place) for place in self.instance_places))
            ids = [value for value in values if isinstance(value, str)]
            found = self.project.world.about(ids) if self.project is not None else ((), None)
            self._found[_INSTANCE] = found
        about: tuple[tuple[str, ...], str | None] = found
        return about

    @property
    def state(self) -> dict[str, int]:
        """How many things there are in the project, by the names that matchers know."""
        return self.project.world.totals() if self.project is not None else {}

    @property
    def world(self) -> World:
        """The project's world.

        Raises:
            RDSError: PROJECT_FORBIDDEN, when there is no such project or the token is for another.
        """
        if self.project is None:
            self.project = self.simulator.project(self.parameters["project_id"])
        if not self.trusted:
            raise RDSError(errors.PROJECT_FORBIDDEN, "the credentials are for another project")
        return self.project.world
