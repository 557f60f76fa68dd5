"""Clients that mean no good: random bytes, requests cut short and requests with bytes changed, from a seed."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections import Counter
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from benchmarks.bare import PATH

if TYPE_CHECKING:
    from random import Random

AT_ONCE = 50
PATIENCE = 20.0
"""Seconds after which a server that neither answers nor hangs up is taken for one that hangs."""
_MOMENT = 0.01
_LINGER = struct.pack("ii", 1, 0)  # on, for no time: closing sends RST
_TARGETS = (
    PATH,
    f"{PATH}/2f4ddb93-b901-4b08-93d8-1d2e472f30fe",
    PATH.replace("backups", "instances?limit=x%00&offset=%ff"),
    "/v3/auth/tokens",
    "/v3/projects?name=%ff",
    "/__mockrds/journal?operation=%00",
    "/nowhere/%",
    "*",
)
_LINES = (
    b"Content-Length: 99999999999999999999",
    b"Content-Length: -1",
    b"Content-Length: 5\r\nContent-Length: 6",
    b"Content-Length: 10\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked, gzip",
    b"Content-Encoding: gzip",
    b"Content-Encoding: br",
    b"Expect: 100-continue",
    b"Connection: Upgrade\r\nUpgrade: websocket",
    b"Host: \xff\r\nHost: two",
    b"X-Auth-Token: \x01",
    b"Connection: close",
    b"Content-Type: application/json; charset=nonsense",
    b" folded: line",
    b"X-Long: " + b"x" * 20_000,
)


def attack(port: int, tries: int, random: Random) -> Counter[str]:
    """Connect *tries* times to *port*, each time with something else; count how it ended."""
    ended: Counter[str] = Counter()
    while (done := ended.total()) < tries:
        with ExitStack() as stack:
            some = [
                stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE))
                for _ in range(min(AT_ONCE, tries - done))
            ]
            for client in some:
                with suppress(ConnectionError):  # it hung up on us before we were done, as it may
                    client.sendall(_bytes(random))
            time.sleep(_MOMENT)  # for answers; aiohttp gives none once half of the connection is closed
            ended.update(_end(client, random) for client in some)
    return ended


def _bytes(random: Random) -> bytes:
    data = random.randbytes(random.randrange(2000)) if random.random() < 0.2 else _request(random)
    if random.random() < 0.1:
        data = data * 3  # in one go
    if random.random() < 0.3:
        data = data[: random.randrange(len(data) + 1)]
    if random.random() < 0.2:
        changed = bytearray(data)
        for _ in range(random.randrange(1, 8)):
            place = random.randrange(len(changed) + 1)
            changed[place : place + random.randrange(3)] = random.randbytes(random.randrange(3))
        data = bytes(changed)
    return data


def _request(random: Random) -> bytes:
    body = random.choice([
        b"",
        random.randbytes(random.randrange(300)),
        b'{"backup": ' * random.randrange(300),
        json.dumps({"backup": {"name": random.choice(["nightly", 5, None, "\0"]), "instance": "no"}}).encode(),
        b"%x\r\n%s\r\n0\r\n\r\n" % (random.randrange(40), random.randbytes(random.randrange(40))),
    ])  # fmt: skip
    method = random.choice(["GET", "GET", "POST", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT", "x"])
    version = random.choice(["1.1"] * 8 + ["1.0", "2.0"])
    lines = [
        f"{method} {random.choice(_TARGETS)} HTTP/{version}".encode(),
        b"Host: localhost\r\nX-Auth-Token: any",
        *random.sample(_LINES, random.choice([0, 0, 0, 0, 1, 2])),
    ]
    length = b"Content-Length: %d" % len(body)
    if random.random() < 0.2:
        length = random.choice([b"Content-Length: 5000", b"Transfer-Encoding: chunked"])
    return b"\r\n".join([*lines, length, b"", body])


def _end(client: socket.socket, random: Random) -> str:
    """Hang up politely or rudely, or hear what the server has to say until it hangs up."""
    match random.randrange(4):
        case 0:
            return "hung up"
        case 1:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            return "reset"
        case _:
            try:
                client.shutdown(socket.SHUT_WR)
                heard = client.recv(12)
                while client.recv(1 << 16):
                    pass
            except TimeoutError:
                return "hangs"
            except OSError:
                return "reset by the server"
            return heard.decode("latin-1") or "nothing answered"
