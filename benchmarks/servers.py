"""Servers in processes of their own, and a client that talks to them one request after the other."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, Self

FOLDER = Path(__file__).resolve().parent
SCENARIO = FOLDER / "immediate.yaml"
BARE = ("benchmarks.bare",)
MOCKRDS = ("mockrds", "--quiet")
CHECKOUTS = {"mockrds": FOLDER.parent}
"""The checkouts that are measured, by what the tables call them; ``--beside`` adds one."""
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Of the servers: they are compiled once, as anywhere."""
_PROC = Path("/proc")


class Server:
    """``python -m`` *command* on a free port, from the moment it is spawned.

    Args:
        command: The module, and its options but the port.
        ready: A path that it answers with 200.
        log: Where what it has to say goes; absent: nowhere.
        checkout: The folder whose code it runs.
    """

    def __init__(
        self,
        *command: str,
        ready: str = "/__mockrds/ready",
        log: IO[bytes] | None = None,
        checkout: Path = CHECKOUTS["mockrds"],
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        spawned = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command, "--port", str(self.port)],
            cwd=checkout,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=log or subprocess.DEVNULL,
        )
        while not self._answers(ready):
            if self._process.poll() is not None:
                raise RuntimeError(f"python -m {' '.join(command)} ended with {self._process.returncode}")
            time.sleep(0.001)
        self.first_answer = time.perf_counter() - spawned
        """Seconds from spawning the process to its first answer."""

    def _answers(self, path: str) -> bool:
        try:
            with Client(self.port) as client:
                client.call("GET", path)
        except OSError:
            return False
        return True

    @property
    def cpu(self) -> float:
        """The CPU time it has used, in seconds; Linux only, elsewhere zero."""
        try:
            fields = (_PROC / str(self._process.pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def megabytes(self) -> float:
        """Its resident memory; Linux only, elsewhere zero."""
        try:
            pages = (_PROC / str(self._process.pid) / "statm").read_text().split()[1]
        except OSError:
            return 0.0
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20

    @property
    def files(self) -> int:
        """How many files and connections it has open; Linux only, elsewhere zero."""
        try:
            return len([*(_PROC / str(self._process.pid) / "fd").iterdir()])
        except OSError:
            return 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.terminate()
        self._process.wait()


class Client:
    """One keep-alive connection; does so little that the server's time shows.

    Args:
        port: The port on this machine.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, method: str, path: str, content: object = None) -> Any:
        """Call the server; gives the JSON that it answers.

        Raises:
            OSError: The connection broke.
            RuntimeError: The status is not 200.
        """
        body = b"" if content is None else json.dumps(content).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: any\r\n"
        self._socket.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._receive()
        head = answer.partition(b"\r\n\r\n")[0].decode()
        start = len(head) + 4
        length = next(int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:"))
        while len(answer) < start + length:
            answer += self._receive()
        if not head.startswith("HTTP/1.1 200 "):
            raise RuntimeError(f"{method} {path}: {head.splitlines()[0]}: {answer[start:].decode()}")
        return json.loads(answer[start:]) if length else None

    def _receive(self) -> bytes:
        data = self._socket.recv(1 << 20)
        if not data:
            raise ConnectionResetError
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._socket.close()
