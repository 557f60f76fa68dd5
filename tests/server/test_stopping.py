"""Servers that are stopped while calls arrive, and servers that can't start."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from mockrds import MockRDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOON = 5.0
"""Seconds that are more than enough for a server to end, and less than any client waits."""
LIST = b"GET /rds/v1/%s/backups HTTP/1.1\r\nHost: mock\r\nX-Auth-Token: t\r\n\r\n"
HANG = {"operation": "*", "fault": "timeout"}


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    scenario = tmp_path / "hang.yaml"
    scenario.write_text(json.dumps({"faults": [HANG]}))
    files = f"--ready-file {tmp_path}/ready.json --scenario {scenario} --report {tmp_path}/report.json"
    command = [sys.executable, *["-m", "mockrds", "--port", "0", "--quiet"], *files.split()]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        yield process
        process.kill()


def ready(folder: Path) -> tuple[str, int]:
    deadline = time.monotonic() + 30
    while not (folder / "ready.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    url = str(json.loads((folder / "ready.json").read_text())["url"])
    return "127.0.0.1", int(url.rpartition(":")[2])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "clients"),
    [(signal.SIGTERM, 1), (signal.SIGTERM, 200), (signal.SIGINT, 20), (signal.SIGHUP, 20)],
    ids=str,
)
def test_a_process_ends_at_once_though_requests_hang_that_have_just_arrived(
    process: subprocess.Popen[bytes], tmp_path: Path, number: signal.Signals, clients: int
) -> None:
    address = ready(tmp_path)
    connections = [socket.create_connection(address) for _ in range(clients)]
    for connection in connections:
        connection.sendall(LIST % b"x")

    process.send_signal(number)

    assert process.wait(SOON) == 0
    assert process.communicate()[1] == b""
    assert json.loads((tmp_path / "report.json").read_text())["version"] == 1
    for connection in connections:
        connection.close()


@pytest.mark.slow
def test_a_second_signal_ends_a_process_that_does_not_end(tmp_path: Path) -> None:
    program = (  # its report takes for ever
        "import sys, time, mockrds.cli.commands.serve as serve\n"
        "serve.write_reports = lambda *_: print('writing', flush=True) or time.sleep(60)\n"
        "sys.exit(serve.run(sys.argv[1:]))"
    )
    options = f"--port 0 --quiet --ready-file {tmp_path}/ready.json --report {tmp_path}/report.json"
    with subprocess.Popen([sys.executable, "-c", program, *options.split()], stdout=subprocess.PIPE) as stuck:
        ready(tmp_path)
        stuck.send_signal(signal.SIGTERM)
        assert stuck.stdout is not None
        assert stuck.stdout.readline() == b"writing\n"

        stuck.send_signal(signal.SIGTERM)

        assert stuck.wait(SOON) == -signal.SIGTERM


@pytest.mark.parametrize("clients", [1, 20])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_an_embedded_server_stops_though_requests_hang_that_have_just_arrived(
    clients: int,
    tls: bool,  # noqa: FBT001
) -> None:
    mock = MockRDS(scenario={"faults": [HANG]}, tls=tls)
    with mock:
        project = mock.project()
        connections = [socket.create_connection(("127.0.0.1", mock.port)) for _ in range(clients)]
        for connection in connections:
            connection.sendall(LIST % project.id.encode())
        began = time.monotonic()

    assert time.monotonic() - began < SOON
    for connection in connections:
        connection.close()


def test_calls_that_keep_arriving_do_not_keep_a_server_up() -> None:
    stopped = threading.Event()

    def call(port: int) -> None:
        while not stopped.is_set():
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                    connection.sendall(LIST % b"x")
                time.sleep(0.005)  # these threads share the interpreter with the server
            except OSError:
                return

    mock = MockRDS(scenario={"faults": [HANG]})
    with mock:
        threads = [threading.Thread(target=call, args=(mock.port,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        project = mock.project(id="x")
        while project.in_flight < 2:
            time.sleep(0.001)
        began = time.monotonic()
    took = time.monotonic() - began
    stopped.set()
    for thread in threads:
        thread.join()

    assert took < SOON


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # asyncio's loop that was half made
def test_a_thread_that_can_make_no_loop_is_an_error_in_the_callers_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def blocked(*_: object) -> None:
        raise RuntimeError("sockets are blocked in this test run")

    monkeypatch.setattr(socket, "socketpair", blocked)
    before = set(threading.enumerate())

    with pytest.raises(RuntimeError, match=r"can't serve.*sockets are blocked in this test run.*127\.0\.0\.1"):
        MockRDS().__enter__()

    gc.collect()
    assert set(threading.enumerate()) <= before


def test_a_server_that_serves_can_not_be_started_again() -> None:
    with MockRDS() as mock:
        with pytest.raises(RuntimeError, match="serves already"), mock:
            pass  # pragma: no cover
        assert mock.project().id  # and it goes on


async def test_a_server_that_serves_on_a_loop_can_not_be_started_again() -> None:
    async with MockRDS() as mock:
        with pytest.raises(RuntimeError, match="serves already"):
            await mock.start()
        await asyncio.sleep(0)


def test_a_server_can_be_started_again_after_it_stopped() -> None:
    mock = MockRDS()
    with mock:
        pass
    with mock:
        assert mock.project().id
