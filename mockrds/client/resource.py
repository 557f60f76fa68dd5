"""A resource of the control API: what is read and sent below one path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mockrds.client.reading import read

if TYPE_CHECKING:
    from mockrds.client.connection import Connection

T = TypeVar("T")


class Resource:
    """A resource of the control API.

    Args:
        connection: The connection to the server.
        path: The path of the resource below ``/__mockrds/``.
    """

    def __init__(self, connection: Connection, path: str) -> None:
        self._connection = connection
        self._path = path

    def ask(self, method: str, below: str = "", body: object = None, **query: object) -> dict[str, Any]:
        """Send a request to the resource, or to one *below* it, and return the answer.

        Raises:
            ConnectionError: No server answers, or it is no mockrds.
            LookupError: There is no such thing.
            ValueError: What was sent is wrong.
        """
        __tracebackhide__ = True
        return self._connection.ask(method, self._path + below, body, **query)

    def get(self, kind: type[T], below: str = "", **query: object) -> T:
        """Return the resource, or one *below* it, as a record.

        Raises:
            ConnectionError: No server answers, or it is no mockrds.
            LookupError: There is no such thing.
            ValueError: What was sent is wrong.
        """
        __tracebackhide__ = True
        return read(kind, self.ask("GET", below, **query))
