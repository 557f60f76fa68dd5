"""What all parts of a project have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockrds.client.server import RemoteServer


class Part:
    """A part of a project, which asks for itself.

    Args:
        server: The server.
        resource: Where the part stands in the control API.
    """

    def __init__(self, server: RemoteServer, resource: str) -> None:
        self._server = server
        self._resource = resource

    def _ask(self, method: str, below: str = "", body: object = None, **query: object) -> dict[str, Any]:
        __tracebackhide__ = True
        return self._server.ask(method, self._resource + below, body, **query)
