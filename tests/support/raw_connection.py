"""A client that sees every byte: one socket, plain or TLS, and what came over it when."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from mockrds.cli import raw_client

if TYPE_CHECKING:
    from mockrds.journal import Entry
    from mockrds.project import Project
    from mockrds.server import MockRDS

PATIENCE = 20.0
"""Seconds after which a silent server is taken for one that hangs."""
CREATE = "create_manual_backup"
LIST = "list_manual_backups"


class Answer(NamedTuple):
    """An answer that is framed as it should be."""

    status: int
    headers: dict[str, str]
    body: bytes


class RawConnection(raw_client.RawConnection):
    """One connection to *mock*, and what came over it when."""

    def __init__(self, mock: MockRDS) -> None:
        super().__init__(mock, PATIENCE)
        self.data = b""
        """All that was received and not yet read as an answer."""
        self.arrivals: list[tuple[float, int]] = []
        """When bytes arrived, in seconds since the last request, and how many; with TLS record by record."""
        self.sent = 0.0
        """When the last request was sent."""

    def send(self, data: bytes) -> Self:
        self.arrivals.clear()
        self.sent = time.monotonic()
        super().send(data)
        return self

    def create(self, project: Project, name: str = "nightly", **more: Any) -> Self:
        """Ask for a backup."""
        return self.send(creation(project, name, **more))

    def list(self, project: Project) -> Answer:
        """List the backups."""
        return self.send(request(project, "GET")).answer()

    def receive(self) -> bytes:
        """Wait for more, and keep it; none when the connection has ended."""
        chunk = super().receive()
        if chunk:
            self.arrivals.append((self.elapsed, len(chunk)))
        self.data += chunk
        return chunk

    def answer(self, *, head_only: bool = False) -> Answer:
        """Read one answer to its end; the connection stays as it is."""
        while b"\r\n\r\n" not in self.data:
            assert self.receive(), f"the connection ended within the head: {self.data!r}"
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        status, headers = parsed(head)
        length = 0 if head_only else int(headers.get("Content-Length", 0))
        while len(self.data) < length:
            assert self.receive(), f"the connection ended within the body: {self.data!r}"
        body, self.data = self.data[:length], self.data[length:]
        return Answer(status, headers, body)

    def ending(self) -> str:
        """Receive until the connection ends; return how: FIN, or RST."""
        try:
            while self.receive():
                pass
        except ConnectionResetError:
            return "RST"
        return "FIN"

    @property
    def elapsed(self) -> float:
        """Seconds since the last request was sent."""
        return time.monotonic() - self.sent

    @property
    def received(self) -> int:
        """How many bytes came since the last request."""
        return sum(size for _, size in self.arrivals)


def request(
    project: Project, method: str, body: bytes = b"", *, path: str = "/backups", version: str = "1.1", **headers: str
) -> bytes:
    lines = {"Host": "mock", "X-Auth-Token": "token", "Content-Length": str(len(body))} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    head = f"{method} /rds/v1/{project.id}{path} HTTP/{version}\r\n"
    return (head + "".join(f"{name}: {value}\r\n" for name, value in lines.items())).encode() + b"\r\n" + body


def creation(project: Project, name: str = "nightly", **more: Any) -> bytes:
    backup = {"name": name, "instance": project.instances[0].node_id}
    return request(project, "POST", json.dumps({"backup": backup}).encode(), **more)


def parsed(head: bytes) -> tuple[int, dict[str, str]]:
    line, *lines = head.decode("latin-1").split("\r\n")
    version, status, _ = line.split(" ", 2)
    assert version in ("HTTP/1.0", "HTTP/1.1")
    pairs = [text.split(": ", 1) for text in lines]
    assert len({name.lower() for name, _ in pairs}) == len(pairs), f"a header stands there twice: {lines}"
    return int(status), {name: value for name, value in pairs}  # noqa: C416  (tells mypy of the pairs)


def noted(project: Project, **expected: Any) -> Entry:
    """Return the journal's last entry, once it says what is expected: it is written after the bytes are sent."""
    entry = project.journal.entries()[-1]
    deadline = time.monotonic() + PATIENCE
    while (found := {name: getattr(entry, name) for name in expected}) != expected and time.monotonic() < deadline:
        time.sleep(0.001)
    assert found == expected
    return entry


def waiting(mock: MockRDS, project: Project, requests: int) -> None:
    """Wait until so many requests of the project wait."""
    deadline = time.monotonic() + PATIENCE
    while len(mock.simulator.projects[project.id].in_flight) != requests:
        assert time.monotonic() < deadline, f"there were never {requests} requests waiting"
        time.sleep(0.001)
