"""Many clients that wait at once: each connects, sends one request, and notes when the first byte comes back.

``python -m benchmarks.waiting --port PORT --clients N --seconds S`` prints how long each of them waited, as JSON. It
connects, says ``ready``, and sends the requests spread over so many seconds once it is told on its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.bare import PATH
from benchmarks.servers import ENVIRONMENT, FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: any\r\n\r\n".encode()
PROCESSES = 2
_AT_ONCE = 100  # connections that are being made; the queue of a listening socket may be short
_SPARE = 100  # files that a process has open besides


def allowed(clients: int) -> int:
    """Raise the limit of open files, which processes started from here inherit; give how many clients it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = clients + _SPARE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return clients if soft == resource.RLIM_INFINITY else min(clients, soft - _SPARE)


def wait(port: int, clients: int, seconds: float) -> list[float]:
    """Let so many *clients* of the server at *port* send a request each; give how long each waited, in order."""
    command = [sys.executable, "-m", "benchmarks.waiting", "--port", str(port), "--seconds", str(seconds)]
    processes = [
        subprocess.Popen(
            [*command, "--clients", str(len(range(number, clients, PROCESSES)))],
            cwd=FOLDER.parent,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the clients could not connect")
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return sorted(waited for process in processes for waited in json.loads(process.communicate()[0]))


class _Client(asyncio.Protocol):
    def __init__(self) -> None:
        self.waited: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        if not self.waited.done():
            self.waited.set_result(time.perf_counter() - self._sent)
            if not data.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(data.decode())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.waited.done():
            self.waited.set_exception(exc or ConnectionResetError())


async def _wait(port: int, count: int, seconds: float) -> list[float]:
    loop = asyncio.get_running_loop()
    clients: list[_Client] = []
    while len(clients) < count:
        some = (loop.create_connection(_Client, "127.0.0.1", port) for _ in range(min(_AT_ONCE, count - len(clients))))
        clients += (client for _, client in await asyncio.gather(*some))
    gc.freeze()
    gc.disable()
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    await _spread(clients, seconds)
    return list(await asyncio.gather(*(client.waited for client in clients)))


async def _spread(clients: Iterable[_Client], seconds: float) -> None:
    """Let all *clients* send, evenly over so many *seconds*."""
    everybody = list(clients)
    began = time.perf_counter()
    for number, client in enumerate(everybody):
        early = began + seconds * number / len(everybody) - time.perf_counter()
        if early > 0:
            await asyncio.sleep(early)
        client.send()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--clients", type=int)
    parser.add_argument("--seconds", type=float)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(_wait(options.port, options.clients, options.seconds))))
