"""A request as the operations see it, and what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from mockrds.domain import errors
from mockrds.domain.errors import RDSError

if TYPE_CHECKING:
    from aiohttp import web
    from multidict import MultiMapping

    from mockrds.domain.world import World
    from mockrds.faults.engine import Decision
    from mockrds.simulator import Simulator, Tenant

UNKNOWN: Final = "unknown"
"""The operation of a request that the API reference has no operation for."""

_UNREAD: Final = object()


class Answer:
    """What an operation answers.

    Args:
        content: The body, to be sent as JSON; None for an empty body.
        status: The HTTP status.
        headers: More headers.
        backup_ids: The backups that the call made or touched, for the journal.
    """

    __slots__ = ("backup_ids", "body", "error", "headers", "hint", "status")

    def __init__(
        self,
        content: object = None,
        status: int = 200,
        headers: dict[str, str] | None = None,
        backup_ids: tuple[str, ...] = (),
    ) -> None:
        self.body = b"" if content is None else orjson.dumps(content)
        self.status = status
        self.headers = headers
        self.backup_ids = backup_ids
        self.error: str | None = None
        self.hint = ""


class Call:
    """One request.

    Args:
        simulator: The cloud it goes to.
        request: The request as aiohttp has it.
        path: The decoded path.
        body: The whole body.
    """

    __slots__ = (
        "_content", "_request", "body", "decision", "headers", "method", "operation", "parameters", "path", "simulator",
        "tenant", "trusted",
    )  # fmt: skip

    def __init__(self, simulator: Simulator, request: web.BaseRequest, path: str, body: bytes) -> None:
        self.simulator = simulator
        self._request = request
        self.method = request.method
        self.path = path
        self.headers = request.headers
        self.body = body
        self.operation = UNKNOWN
        """What is asked for, by its id in the API reference."""
        self.parameters: dict[str, str] = {}
        """The variable parts of the path, by their names in the reference."""
        self.tenant: Tenant | None = None
        """The project; None when there is no such project."""
        self.trusted = True
        """Whether the credentials are good for the project."""
        self.decision: Decision | None = None
        self._content: Any = _UNREAD

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
    def world(self) -> World:
        """The project's world.

        Raises:
            RDSError: PROJECT_FORBIDDEN, when there is no such project or the token is for another.
        """
        if self.tenant is None:
            self.tenant = self.simulator.tenant(self.parameters["project_id"])
        if not self.trusted:
            raise RDSError(errors.PROJECT_FORBIDDEN, "the credentials are for another project")
        return self.tenant.world
