"""Breaks connections as faults say, by name or with toxics."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import sys
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any, Final, assert_never

from mockrds.faults.toxics import Toxics
from mockrds.web.response import WireResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import web
    from aiohttp.abc import AbstractStreamWriter

    from mockrds.faults.toxics import Name
    from mockrds.journal import Entry
    from mockrds.project_state import ProjectState

_log = logging.getLogger("mockrds")
_LINGER: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)  # on, for no time: closing sends RST
_GARBAGE: Final = 64
_STATUS_ENDS: Final = len("HTTP/1.1 200")
_LOOK: Final = 0.001  # seconds between two looks at what is under way
_SURE: Final = 2  # looks in a row that find nothing: our own buffers empty themselves after the first


@contextmanager
def droppable(in_flight: set[Callable[[], object]]) -> Iterator[None]:
    """Let whoever holds *in_flight* drop the request that is being served, from any thread."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101
    loop = asyncio.get_running_loop()

    def drop() -> None:
        loop.call_soon_threadsafe(task.cancel)

    in_flight.add(drop)
    try:
        yield
    finally:
        in_flight.discard(drop)


class ClientConnection:
    """The connection that a request came over, as toxics see it; what is sent is recorded.

    Args:
        request: The request.
        entry: Where to record what is sent.
        random: What chance is drawn from.
    """

    def __init__(self, request: web.BaseRequest, entry: Entry, random: Random) -> None:
        self._request = request
        self._entry = entry
        self._sent = 0
        self.random = random
        """What chance is drawn from."""
        self.answer_size: int | None = None
        """How many bytes make the whole answer; None if it is not to arrive whole."""
        self.ended = False
        """Whether it was closed or reset."""

    async def write(self, data: bytes) -> None:
        """Send *data*; nothing happens when it is empty.

        Raises:
            ConnectionResetError: The client has gone.
        """
        if not data:
            return
        transport = self._request.transport
        if transport is None:
            raise ConnectionResetError
        self._sent += len(data)
        self._entry.record_progress(self._sent)
        if self._sent == self.answer_size:  # first, as in WireResponse; whatever becomes of the connection afterwards
            self._entry.close()
        transport.write(data)
        await self._request.writer.drain()

    async def wait(self, seconds: float) -> None:
        """Let *seconds* pass."""
        if seconds:
            await asyncio.sleep(seconds)

    async def wait_for_client(self) -> None:
        """Wait until the client goes, which cancels the task that serves it."""
        await asyncio.Event().wait()

    def close(self) -> None:
        """End the connection in good order; nothing happens when it has ended."""
        if not self.ended:
            self.ended = True
            self._entry.close("FIN")
            if self._request.transport is not None:
                self._request.transport.close()

    async def reset(self) -> None:
        """End the connection with a TCP RST, after what was sent has arrived."""
        transport = self._request.transport
        sock: Any = transport.get_extra_info("socket") if transport is not None else None
        quiet = 0 if self._sent else _SURE
        while sock is not None and quiet < _SURE:  # the system drops what is under way when it resets
            await asyncio.sleep(_LOOK)
            quiet = 0 if _under_way(sock) else quiet + 1
        self.ended = True
        self._entry.close("RST")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        if transport is not None:
            transport.abort()


class FaultyResponse(WireResponse):
    """An answer that does not arrive as it should.

    Args:
        fault: What goes wrong.
        key: What chance is keyed by: sizes of slices, garbage.
        message: Status, headers and body of the answer that it happens to.
        entry: Where to record what is sent.
        project: The project, which can drop the request while it waits, and is told of errors of ours.
        keep_alive: Whether the connection would stay open otherwise.
    """

    _entry: Entry

    def __init__(
        self,
        fault: Name | Toxics,
        key: str,
        message: tuple[int, dict[str, str], bytes],
        entry: Entry,
        project: ProjectState,
        *,
        keep_alive: bool = True,
    ) -> None:
        super().__init__(*message, entry, keep_alive=keep_alive)
        self._fault = fault
        self._random = Random(f"{key}/bytes")
        self._project = project

    @property
    def shows_status(self) -> bool:
        """Whether a status gets through to the client."""
        if isinstance(self._fault, Toxics):
            return self._fault.limit is None or self._fault.limit >= _STATUS_ENDS
        return self._fault == "MALFORMED_RESPONSE_CHUNK"

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Send what is to be sent, and end as the fault says."""
        connection = ClientConnection(request, self._entry, self._random)
        try:
            with droppable(self._project.in_flight):
                await self._break(request, connection)
        except (asyncio.CancelledError, ConnectionError):
            self._entry.damaged |= self._entry.done is None
            self._entry.close("aborted" if request.transport is None else "FIN")  # or the project was reset
            raise
        except Exception as error:  # noqa: BLE001  (as web/app.py, where the answer was made)
            _log.error("mockrds itself failed while it sent an answer", exc_info=error)
            self._project.errors.append(error)
            connection.close()
        self._open = self._open and not connection.ended
        self._entry.close()
        return request.writer

    async def _break(self, request: web.BaseRequest, connection: ClientConnection) -> None:
        match self._fault:
            case Toxics():
                await self._apply_toxics(self._fault, request, connection)
            case "EMPTY_RESPONSE":
                connection.close()
            case "CONNECTION_RESET_BY_PEER" | "reset_peer":
                await connection.reset()
            case "timeout":
                await connection.wait_for_client()
            case "MALFORMED_RESPONSE_CHUNK":
                self._entry.damaged = True
                await connection.write(self._encode_chunked(request) + b"!" + self._garbage())  # ! begins no chunk
                connection.close()
            case "RANDOM_DATA_THEN_CLOSE":
                await connection.write(b"\xff" + self._garbage())  # no status line begins so
                connection.close()
            case _:
                assert_never(self._fault)

    async def _apply_toxics(self, toxics: Toxics, request: web.BaseRequest, connection: ClientConnection) -> None:
        self._open = self._open and not toxics.ends
        data = self.encode(request)
        connection.answer_size = len(data)
        self._entry.damaged |= toxics.damages(len(data))
        await toxics.apply(data, connection)
        if not self._open:
            connection.close()

    def _encode_chunked(self, request: web.BaseRequest) -> bytes:
        """Return the head of an answer that is announced to come in chunks."""
        self._head = {name: value for name, value in self._head.items() if name != "Content-Length"}
        self._whole_body = b""
        head = self.encode(request)
        return head.replace(b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n")

    def _garbage(self) -> bytes:
        return self._random.randbytes(_GARBAGE)


def _under_way(sock: Any) -> int:
    """Return how many bytes were sent that the other side has not confirmed; 0 where the system does not tell."""
    try:
        from fcntl import ioctl
        from termios import TIOCOUTQ

        return int.from_bytes(ioctl(sock.fileno(), TIOCOUTQ, bytes(4)), sys.byteorder)
    except (ImportError, OSError):
        return 0
