"""An answer as it goes over the wire, and the record of what was really sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE, HttpVersion10, HttpVersion11

from mockrds.faults.responses import BODILESS

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

    from mockrds.journal import Entry

_STATUS_LINES: Final = {status.value: f"1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_SERVER: Final = f"Server: {SERVER_SOFTWARE}\r\n"


class WireResponse(web.StreamResponse):
    """An answer, head and body in one write.

    aiohttp's own response builds and writes its head header by header, which takes as long as a whole
    operation of ours, and can't be made to lie.

    Args:
        status: The HTTP status.
        headers: The headers but Content-Length and Connection; their values must be fit for headers.
        body: The body.
        entry: Where to record what is sent; None to record nothing.
        keep_alive: Whether the connection stays open, if the client wants it to.
    """

    def __init__(
        self, status: int, headers: dict[str, str], body: bytes, entry: Entry | None = None, *, keep_alive: bool = True
    ) -> None:
        super().__init__(status=status)
        self._whole_body = body
        self._head = headers
        self._entry = entry
        self._open = keep_alive

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays open; known once the answer is sent."""
        return self._open

    @property
    def shows_status(self) -> bool:
        """Whether a status gets through to the client."""
        return True

    @property
    def body_length(self) -> int:
        """The length of the body, for access logs."""
        return len(self._whole_body)

    def encode(self, request: web.BaseRequest) -> bytes:
        """Return all bytes of the answer to *request*."""
        body, head, status = self._whole_body, self._head, self.status
        lines = "".join([f"{name}: {value}\r\n" for name, value in head.items()])
        if status in BODILESS:
            body = b""
        elif "Content-Length" not in head:
            lines += f"Content-Length: {len(body)}\r\n"
        line = _STATUS_LINES.get(status) or f"1.1 {status} \r\n"
        self._open = self._open and bool(request.keep_alive)
        if request.version != HttpVersion11 and request.version <= HttpVersion10:
            line = line.replace("1.1", "1.0", 1)
            if self._open:
                lines += "Connection: keep-alive\r\n"
        elif not self._open:
            lines += "Connection: close\r\n"
        if "Server" not in head:
            lines += _SERVER
        data = f"HTTP/{line}{lines}\r\n".encode("utf-8", "surrogateescape")
        return data if request.method == "HEAD" else data + body

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Send everything."""
        data = self.encode(request)
        if self._entry is not None:  # recorded first: whoever has the answer may read the journal at once
            self._entry.record_sent(len(data), "" if self._open else "FIN")
        await request.writer.write_eof(data)
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: everything is sent."""
