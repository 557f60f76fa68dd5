"""Listening: every address of a host at one port, and what happens when no more connections can be taken."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

BACKLOG: Final = 4096
"""How many connections may wait to be accepted: with aiohttp's 128, five hundred that come at once wait a second."""
ACCEPTED: Final = 64
"""How many are accepted in one go. When no descriptor is left, asyncio fails as often before it pauses."""
_TRIES: Final = 20
_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_EPISODE: Final = 5.0

_log = logging.getLogger("mockrds")


async def listen(host: str, port: int) -> list[socket.socket]:
    """Return a socket for each address of *host*, all at the same port, ready to be listened on.

    Addresses that this machine does not have, as ``::1`` where IPv6 is off, are left out if others are left.

    Args:
        host: A name or an address.
        port: The port; 0: one that is free at all of them.

    Raises:
        OSError: The name is unknown, no address is this machine's, or the port is taken.
    """
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = list(dict.fromkeys((info[0], info[4]) for info in infos))
    for tries_left in reversed(range(_TRIES)):
        try:
            return _bind(addresses, port)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE and not port  # free at the first address, and not at another
            if not (taken and tries_left and len(addresses) > 1):
                raise
    raise AssertionError  # pragma: no cover


def _bind(addresses: Sequence[tuple[socket.AddressFamily, Any]], port: int) -> list[socket.socket]:
    problem = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL).lower())
    sockets: list[socket.socket] = []
    with ExitStack() as undo:
        for family, address in addresses:
            try:
                sock = socket.socket(family, socket.SOCK_STREAM)
            except OSError as error:
                if error.errno != errno.EAFNOSUPPORT:
                    raise
                continue
            try:
                if os.name == "posix":
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.setblocking(False)  # noqa: FBT003
                sock.bind((address[0], port, *address[2:]))
            except OSError as error:
                sock.close()
                problem = OSError(error.errno, os.strerror(error.errno or 0).lower())
                if error.errno == errno.EADDRNOTAVAIL:
                    continue
                raise problem from None
            undo.callback(sock.close)
            port = sock.getsockname()[1]
            sockets.append(sock)
        if not sockets:
            raise problem
        undo.pop_all()
    return sockets


def handle_exhaustion(loop: asyncio.AbstractEventLoop) -> None:
    """Let *loop* say in one line that it can take no more connections, and not in a traceback for each."""
    last = -_EPISODE

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal last
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _EXHAUSTED):
            loop.default_exception_handler(context)
            return
        now = loop.time()
        if now - last >= _EPISODE:
            why = os.strerror(error.errno or 0).lower()
            _log.warning("no more connections can be taken (%s); they wait until others end, or raise ulimit -n", why)
        last = now

    loop.set_exception_handler(handle)


def raise_descriptor_limit() -> None:
    """Raise the limit of open files and connections of this process as far as it may."""
    try:
        import resource
    except ImportError:  # pragma: no cover  (Windows has no such limit)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
