"""A client that sees what really comes over a socket, byte by byte, plain or with TLS."""

from __future__ import annotations

import json
import socket
import ssl
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.server import MockRDS

SILENCE: Final = 10.0
"""Seconds without a byte after which the server is taken for one that hangs."""
_CHUNK: Final = 1 << 16


class ReceivedBytes:
    """The bytes that came after a request, and how it ended; ``str()`` gives it in a few words."""

    def __init__(self) -> None:
        self.data = b""
        self.end = ""
        """How the connection ended: FIN, RST, silence; empty while it is open."""
        self.seconds = 0.0
        """The time from the request to the last event."""

    @property
    def complete(self) -> bool:
        """Whether all of the body is there that the head promises."""
        head, separator, body = self._parts
        length = _header(head, "Content-Length")
        return bool(separator) and length.isdecimal() and len(body) >= int(length)

    @property
    def closing(self) -> bool:
        """Whether the head says that the connection will be closed."""
        return _header(self._parts[0], "Connection") == "close"

    @property
    def _parts(self) -> tuple[bytes, bytes, bytes]:
        return self.data.partition(b"\r\n\r\n")

    def __str__(self) -> str:
        head, separator, body = self._parts
        if not self.data:
            words = ["nothing"]
        elif not head.startswith(b"HTTP/1.1 "[: len(head)]):
            words = ["no HTTP"]
        elif not separator:
            words = ["part of the head"]
        else:
            words = [head[9:12].decode(), *self._remarks(head, body)]
        return ", ".join([*words, self.end] if self.end else words)

    def _remarks(self, head: bytes, body: bytes) -> list[str]:
        """Return what is remarkable about a response that has a head."""
        if _header(head, "Transfer-Encoding") == "chunked":
            size = body.partition(b"\r\n")[0]
            return ["a good chunk" if size.isalnum() else "a broken chunk"]
        if not self.complete:
            return ["part of the body"]
        content_type, retry_after = _header(head, "Content-Type"), _header(head, "Retry-After")
        content = _summary(body) if content_type == "application/json" else content_type
        return [*filter(None, (content, retry_after and f"Retry-After {retry_after}"))]


def _header(head: bytes, name: str) -> str:
    lines = (line.partition(": ") for line in head.decode("latin-1").split("\r\n"))
    return next((value for key, _, value in lines if key == name), "")


def _summary(body: bytes) -> str:
    """Return a word for what is in a JSON body; empty for a backup."""
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
    """One connection to a server: a socket, and TLS where the server speaks it.

    Args:
        mock: The server to connect to.
        timeout: Seconds without a byte after which the server is taken for one that hangs.
    """

    def __init__(self, mock: MockRDS, timeout: float = SILENCE) -> None:
        self.socket = socket.create_connection((mock.host, mock.port), timeout=timeout)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()  # Python's own sockets take RST for an end of TLS
        self._tls: ssl.SSLObject | None = None
        if mock.ca is not None:
            context = ssl.create_default_context(cafile=mock.ca)
            self._tls = context.wrap_bio(self._in, self._out, server_hostname=mock.host)
            self._step(self._tls.do_handshake)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def send(self, data: bytes) -> Self:
        """Send *data*; return the connection."""
        if self._tls is not None:
            self._tls.write(data)
            data = self._out.read()
        self.socket.sendall(data)
        return self

    def receive(self) -> bytes:
        """Return the next bytes, with TLS those of a record; none once the server has closed the connection.

        Raises:
            TimeoutError: None came in time.
            ConnectionResetError: The server has reset the connection.
        """
        if self._tls is None:
            return self.socket.recv(_CHUNK)
        received: bytes = self._step(partial(self._tls.read, _CHUNK))
        return received

    def ask(self, request: bytes, timeout: float = SILENCE) -> ReceivedBytes:
        """Send *request*; return what comes until the response is complete, the connection ends, or nothing comes."""
        received = ReceivedBytes()
        began = time.monotonic()
        try:
            self.socket.settimeout(timeout)
            self.send(request)
            while not received.end and (received.closing or not received.complete):
                chunk = self.receive()
                received.data += chunk
                received.end = "" if chunk else "FIN"
        except TimeoutError:
            received.end = "silence"
        except (ConnectionResetError, ConnectionAbortedError):
            received.end = "RST"
        received.seconds = time.monotonic() - began
        return received

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()

    def _step(self, step: Callable[[], Any]) -> Any:
        """Take a step of TLS, with as many bytes to and from the server as it needs."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                pass
            finally:
                if self._out.pending:
                    self.socket.sendall(self._out.read())
            if received := self.socket.recv(_CHUNK):
                self._in.write(received)
            else:
                self._in.write_eof()  # an error, unless the server has ended TLS before
