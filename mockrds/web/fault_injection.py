"""Does what faults say: raw answers, damaged answers, and everything that goes wrong with a connection."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any, Final

import orjson
from multidict import CIMultiDict

from mockrds.faults.transport import Toxics
from mockrds.web.response import WireResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from aiohttp import web
    from aiohttp.abc import AbstractStreamWriter

    from mockrds.faults.responses import Damage, Response
    from mockrds.journal import Entry

_LINGER: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)  # on, for no time: closing sends RST
_GARBAGE: Final = 64
_STATUS_ENDS: Final = len("HTTP/1.1 200")
_LOOK: Final = 0.001  # seconds between two looks at what is under way
_SURE: Final = 2  # looks at nothing: buffers of ours empty themselves after the first
_TICK: Final = 0.05  # seconds between two pieces of a throttled answer


def raw_answer(response: Response, defaults: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Make status, headers and body of the answer that a rule's ``response:`` describes, to the letter.

    Args:
        response: What the rule says.
        defaults: Headers to send besides, unless the rule has them.
    """
    headers = CIMultiDict(defaults)
    headers.update(response.headers)
    if response.json is not None:
        body, content_type = orjson.dumps(response.json), "application/json"
    elif response.body is not None:
        body = response.body.encode()
        content_type = "text/html" if response.body.lstrip().startswith("<") else "text/plain"
    else:
        body, content_type = b"", ""
    if content_type:
        headers.setdefault("Content-Type", content_type)
    return response.status, _canonical(headers), body


def _canonical(headers: Mapping[str, str]) -> dict[str, str]:
    """Spell the headers that the server looks for as it does."""
    known = {"content-length": "Content-Length", "connection": "Connection", "server": "Server"}
    return {known.get(name.lower(), name): value for name, value in headers.items()}


def damage(spoils: list[Damage], headers: dict[str, str], body: bytes) -> bytes:
    """Do damage to a good answer: change *headers*, and give the new body."""
    for spoil in spoils:
        if body and (spoil.set or spoil.remove or spoil.rename):
            body = orjson.dumps(spoil.apply(orjson.loads(body)))
    for spoil in spoils:
        if spoil.truncate is not None:
            body = body[: int(len(body) * spoil.truncate)]
        if spoil.content_type is not None:
            headers["Content-Type"] = spoil.content_type
        if spoil.content_length is not None:
            headers["Content-Length"] = str(spoil.content_length)
    return body


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


class FaultyResponse(WireResponse):
    """An answer that does not arrive as it should.

    Args:
        fault: What goes wrong.
        key: What chance is keyed by: sizes of slices, garbage.
        answer: Status, headers and body of the answer it happens to.
        entry: Where to note what is sent.
        in_flight: Where to say how to drop the request while it waits.
        keep_alive: Whether the connection would stay open otherwise.
    """

    def __init__(
        self,
        fault: str | Toxics,
        key: str,
        answer: tuple[int, dict[str, str], bytes],
        entry: Entry,
        in_flight: set[Callable[[], object]],
        *,
        keep_alive: bool = True,
    ) -> None:
        super().__init__(*answer, entry, keep_alive=keep_alive)
        self._in_flight = in_flight
        self._fault = fault
        self._random = Random(f"{key}/bytes")
        self._note = entry
        self._sent = 0

    @property
    def speaks(self) -> bool:
        """Tell whether a status gets through to the client."""
        fault = self._fault
        if isinstance(fault, Toxics):
            return not fault.swallows and (fault.limit_data is None or fault.limit_data >= _STATUS_ENDS)
        return fault == "MALFORMED_RESPONSE_CHUNK"

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Send what is to be sent, and end as the fault says."""
        try:
            with droppable(self._in_flight):
                await self._spoil(request)
        except (asyncio.CancelledError, ConnectionError):
            self._note.damaged |= self._note.done is None
            self._note.close("aborted" if request.transport is None else "FIN")  # or the project was reset
            raise
        self._note.close()
        return request.writer

    async def _spoil(self, request: web.BaseRequest) -> None:
        match self._fault:
            case Toxics() as toxics:
                await self._poison(request, toxics)
            case "EMPTY_RESPONSE":
                self._close(request)
            case "CONNECTION_RESET_BY_PEER" | "reset_peer":
                await self._reset(request)
            case "timeout":
                await self._hang(request, 0)
            case "MALFORMED_RESPONSE_CHUNK":
                self._note.damaged = True
                head = self.encode_chunked(request)
                await self._write(request, head + b"!" + self._random.randbytes(_GARBAGE))  # ! begins no chunk
                self._close(request)
            case "RANDOM_DATA_THEN_CLOSE":
                await self._write(request, b"\xff" + self._random.randbytes(_GARBAGE))  # no status line begins so
                self._close(request)
            case other:  # pragma: no cover
                raise AssertionError(other)

    def encode_chunked(self, request: web.BaseRequest) -> bytes:
        """Give the head of an answer that is announced to come in chunks."""
        self._head = {name: value for name, value in self._head.items() if name != "Content-Length"}
        self._whole_body = b""
        head = self.encode(request)
        return head.replace(b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n")

    async def _poison(self, request: web.BaseRequest, toxics: Toxics) -> None:
        ends = toxics.limit_data is not None or toxics.slow_close is not None
        if ends or toxics.timeout is not None or toxics.reset_peer is not None:
            self._open = False
        whole = data = self.encode(request)
        if toxics.swallows:
            data = b""
        elif toxics.limit_data is not None:
            data = data[: toxics.limit_data]
        self._note.damaged |= data != whole or toxics.reset_peer is not None
        left = len(data)
        for piece, pause in self._pieces(data, toxics):
            if pause:
                await asyncio.sleep(pause)
            left -= len(piece)
            await self._write(request, piece, last=not left and data == whole)
        if toxics.reset_peer is not None:
            await asyncio.sleep(toxics.reset_peer)
            await self._reset(request)
        elif toxics.timeout is not None:
            await self._hang(request, toxics.timeout)
        elif ends:
            await asyncio.sleep(toxics.slow_close or 0.0)
            self._close(request)
        elif not self._open:
            self._close(request)

    def _pieces(self, data: bytes, toxics: Toxics) -> Iterator[tuple[bytes, float]]:
        """Cut *data* into pieces, each with the seconds to wait before it."""
        slicer, rate = toxics.slicer, toxics.bandwidth
        whole = max(1, int(rate * 1000 * _TICK)) if rate else max(1, len(data))
        pause = 0.0
        while data:
            size = whole
            if slicer is not None:
                low, high = slicer.average_size - slicer.size_variation, slicer.average_size + slicer.size_variation
                size = self._random.randint(low, high)
            piece, data = data[:size], data[size:]
            yield piece, pause + (len(piece) / (rate * 1000) if rate else 0.0)
            pause = slicer.delay.sample(self._random) if slicer is not None else 0.0

    async def _write(self, request: web.BaseRequest, data: bytes, *, last: bool = False) -> None:
        if not data:
            return
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        self._sent += len(data)
        self._note.record_progress(self._sent)
        if last:  # noted first, as in WireResponse; the client has its answer then, whatever becomes of the connection
            self._note.close()
        transport.write(data)
        await request.writer.drain()

    async def _hang(self, request: web.BaseRequest, seconds: float) -> None:
        """Say nothing, until the client hangs up or for *seconds*; a client that goes cancels us."""
        if seconds:
            await asyncio.sleep(seconds)
        else:
            await asyncio.Event().wait()
        self._close(request)

    def _close(self, request: web.BaseRequest) -> None:
        self._open = False
        self._note.close("FIN")
        if request.transport is not None:
            request.transport.close()

    async def _reset(self, request: web.BaseRequest) -> None:
        transport = request.transport
        sock: Any = transport.get_extra_info("socket") if transport is not None else None
        quiet = 0 if self._sent else _SURE
        while sock is not None and quiet < _SURE:  # the system drops what is under way when it resets
            await asyncio.sleep(_LOOK)
            quiet = 0 if _under_way(sock) else quiet + 1
        self._open = False
        self._note.close("RST")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        if transport is not None:
            transport.abort()


def _under_way(sock: Any) -> int:
    """Give how many bytes were sent that the other side has not confirmed; 0 where the system does not tell."""
    try:
        from fcntl import ioctl
        from termios import TIOCOUTQ

        return int.from_bytes(ioctl(sock.fileno(), TIOCOUTQ, bytes(4)), sys.byteorder)
    except (ImportError, OSError):
        return 0
