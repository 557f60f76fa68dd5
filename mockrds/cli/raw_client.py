"""A client that sees what really comes over a socket, byte by byte, plain or with TLS."""

from __future__ import annotations

import json
import socket
import ssl
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.server import MockRDS

PATIENCE: Final = 10.0
"""Seconds of silence after which anything is taken for dead."""


class ReceivedBytes:
    """What came after a request, and how it ended: ``""`` while the connection is open, FIN, RST or silence."""

    def __init__(self) -> None:
        self.data = b""
        self.end = ""
        self.seconds = 0.0
        """How long it took from the request to the last that happened."""

    @property
    def complete(self) -> bool:
        """Whether all of an answer is there that its head promises."""
        head, separator, body = self.data.partition(b"\r\n\r\n")
        length = _header(head, "Content-Length")
        return bool(separator) and length.isdecimal() and len(body) >= int(length)

    @property
    def closing(self) -> bool:
        """Whether the answer says that its connection will be closed."""
        return _header(self.data.partition(b"\r\n\r\n")[0], "Connection") == "close"

    def __str__(self) -> str:
        head, separator, body = self.data.partition(b"\r\n\r\n")
        if not self.data:
            words = ["nothing"]
        elif not head.startswith(b"HTTP/1.1 "[: len(head)]):
            words = ["no HTTP"]
        elif not separator:
            words = ["part of the head"]
        else:
            words = [head[9:12].decode(), *self._about(head, body)]
        return ", ".join([*words, self.end] if self.end else words)

    def _about(self, head: bytes, body: bytes) -> list[str]:
        """Say what is remarkable about an answer that has a head."""
        if _header(head, "Transfer-Encoding") == "chunked":
            size = body.partition(b"\r\n")[0]
            return ["a good chunk" if size.isalnum() else "a broken chunk"]
        if not self.complete:
            return ["part of the body"]
        kind, retry = _header(head, "Content-Type"), _header(head, "Retry-After")
        told = _content(body) if kind == "application/json" else kind
        return [*filter(None, (told, retry and f"Retry-After {retry}"))]


def _header(head: bytes, name: str) -> str:
    lines = (line.partition(": ") for line in head.decode("latin-1").split("\r\n"))
    return next((value for found, _, value in lines if found == name), "")


def _content(body: bytes) -> str:
    """Say what is in a JSON body, unless it is a backup."""
    try:
        content = json.loads(body)
    except ValueError:
        return "broken JSON"
    if code := content.get("errCode") or content.get("error_code"):
        return str(code)
    if isinstance(content.get("backups"), list):
        return " ".join(backup["status"] for backup in content["backups"]) or "none"
    return "" if content.get("backup") else json.dumps(content)


class RawConnection:
    """A connection.

    Args:
        mock: The server to connect to.
    """

    def __init__(self, mock: MockRDS) -> None:
        self._socket = socket.create_connection((mock.host, mock.port), timeout=PATIENCE)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()  # Python's own sockets take RST for an end of TLS
        self._tls: ssl.SSLObject | None = None
        if mock.ca is not None:
            context = ssl.create_default_context(cafile=mock.ca)
            self._tls = context.wrap_bio(self._in, self._out, server_hostname=mock.host)
            self._step(self._tls.do_handshake)

    def ask(self, request: bytes, patience: float = PATIENCE) -> ReceivedBytes:
        """Send *request*, and watch until its answer is complete, the connection ends, or there is silence so long."""
        seen = ReceivedBytes()
        began = time.monotonic()
        try:
            self._socket.settimeout(patience)
            self._send(request)
            while not seen.end and (seen.closing or not seen.complete):
                chunk = self._receive()
                seen.data += chunk
                seen.end = "" if chunk else "FIN"
        except TimeoutError:
            seen.end = "silence"
        except (ConnectionResetError, ConnectionAbortedError):
            seen.end = "RST"
        seen.seconds = time.monotonic() - began
        return seen

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _send(self, data: bytes) -> None:
        if self._tls is not None:
            self._tls.write(data)
            data = self._out.read()
        self._socket.sendall(data)

    def _receive(self) -> bytes:
        read = self._socket.recv if self._tls is None else partial(self._step, self._tls.read)
        received: bytes = read(1 << 16)
        return received

    def _step(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Take a step of TLS, with as many bytes to and from the server as it needs."""
        while True:
            try:
                return step(*arguments)
            except ssl.SSLWantReadError:
                pass
            finally:
                if self._out.pending:
                    self._socket.sendall(self._out.read())
            if received := self._socket.recv(1 << 16):
                self._in.write(received)
            else:
                self._in.write_eof()  # an error, unless TLS has said goodbye
