"""Where a server listens: each address of its host at one port, and what happens when connections run out."""

from __future__ import annotations

import errno
import json
import resource
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mockrds import MockRDS

if TYPE_CHECKING:
    from pathlib import Path

V4 = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))
V6 = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0))
ELSEWHERE = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))


def resolve(monkeypatch: pytest.MonkeyPatch, *infos: Any) -> None:
    """Let every host name have these addresses."""
    original = socket.getaddrinfo
    fake = lambda host, *args, **kwargs: list(infos) if host == "twofold" else original(host, *args, **kwargs)  # noqa: E731
    monkeypatch.setattr(socket, "getaddrinfo", fake)


@pytest.mark.parametrize("infos", [(V6, V4), (V4, V6), (ELSEWHERE, V6, V4)], ids=["6 4", "4 6", "x 6 4"])
def test_all_addresses_of_a_host_are_listened_on_at_one_port(monkeypatch: pytest.MonkeyPatch, infos: Any) -> None:
    resolve(monkeypatch, *infos)

    with MockRDS(host="twofold") as mock:
        for address in ("127.0.0.1", "[::1]"):
            assert requests.get(f"http://{address}:{mock.port}/__mockrds/ready", timeout=10).status_code == 200


def test_a_port_that_is_free_at_one_address_only_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, V4, V6)
    original = socket.socket.bind
    taken: list[int] = []

    def bind(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_INET6 and len(taken) < 3:
            taken.append(address[1])
            raise OSError(errno.EADDRINUSE, "Address already in use")
        original(self, address)

    monkeypatch.setattr(socket, "socket", type("Socket", (socket.socket,), {"bind": bind}))

    with MockRDS(host="twofold") as mock:
        assert mock.port not in taken
    assert len(taken) == 3


def test_a_host_of_which_no_address_is_here_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, ELSEWHERE)

    with pytest.raises(OSError, match="cannot assign requested address"):
        MockRDS(host="twofold").__enter__()


@pytest.mark.slow
def test_without_descriptors_it_says_so_in_a_line_and_serves_again_when_there_are_some(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = f"ulimit -n 48; exec {sys.executable} -m mockrds --port 0 --quiet --ready-file {ready}"
    with subprocess.Popen(["sh", "-c", command], stderr=subprocess.PIPE, text=True) as process:
        while not ready.exists():
            assert process.poll() is None
            time.sleep(0.01)
        url = json.loads(ready.read_text())["url"]
        port = int(url.rpartition(":")[2])
        connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
        time.sleep(1.5)  # asyncio tries again after a second
        for connection in connections:
            connection.close()
        assert requests.get(f"{url}/__mockrds/ready", timeout=10).status_code == 200
        process.terminate()

        assert process.communicate(timeout=10)[1].splitlines() == [
            "no more connections can be taken (too many open files); they wait until others end, or raise ulimit -n"
        ]
        assert process.returncode == 0


@pytest.mark.slow
def test_a_process_takes_as_many_connections_as_it_may(tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = hard if hard != resource.RLIM_INFINITY else 65_536
    if most <= 64:
        pytest.skip("this machine allows no more open files than the test begins with")
    ready = tmp_path / "ready.json"
    command = f"ulimit -S -n 64; exec {sys.executable} -m mockrds --port 0 --quiet --ready-file {ready}"
    with subprocess.Popen(["sh", "-c", command]) as process:
        while not ready.exists():
            time.sleep(0.01)

        limit, _ = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)

        assert limit == min(most, 65_536)
        process.terminate()
