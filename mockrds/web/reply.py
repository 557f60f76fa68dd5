"""An answer that leaves in one piece."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE, HttpVersion11

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.abc import AbstractStreamWriter

_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_SERVER: Final = f"Server: {SERVER_SOFTWARE}\r\n"


class Reply(web.StreamResponse):
    """An answer, head and body in one write.

    aiohttp's own response builds and writes its head header by header, which takes as long as a whole
    operation of ours. It is still what serves the rare cases that need it: see ``fits``.

    Args:
        body: The body.
        status: The HTTP status.
        headers: The headers but Content-Length and Server; their values must be fit for headers.
    """

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(status=status)
        self._whole_body = body
        self._head = headers

    @staticmethod
    def fits(request: web.BaseRequest, body: bytes) -> bool:
        """Tell whether *request* can be answered so: there is a body to send, and the connection stays open."""
        return bool(body) and request.keep_alive and request.method != "HEAD" and request.version == HttpVersion11

    @property
    def keep_alive(self) -> bool:
        """Always."""
        return True

    @property
    def body_length(self) -> int:
        """The length of the body, for access logs."""
        return len(self._whole_body)

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Send everything."""
        lines = "".join([f"{name}: {value}\r\n" for name, value in self._head.items()])
        head = f"{_STATUS_LINES[self.status]}{lines}Content-Length: {len(self._whole_body)}\r\n{_SERVER}\r\n"
        await request.writer.write_eof(head.encode("utf-8", "surrogateescape") + self._whole_body)
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: everything is sent."""
