"""Random bytes and half requests: the server goes on, keeps no connection, and has nothing to say in its log."""

from __future__ import annotations

import logging
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from mockrds import MockRDS

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 20.0
RESET = struct.pack("ii", 1, 0)  # on, for no time: closing sends RST
PATH = b"/rds/v1/00000000000000000000000000000001/backups"
PIECES = st.sampled_from([
    b"GET ", b"POST ", b"HEAD ", b"\0", b"\r\n", b"\n", b" ", b": ", b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b" HTTP/9\r\n",
    PATH, b"/v3/auth/tokens", b"/__mockrds/journal", b"*", b"/%", b"http://\xff/", b"Host: here\r\n", b"Host: \xff\r\n",
    b"X-Auth-Token: any\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: " + b"9" * 20,
    b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Expect: 100-continue\r\n", b"Upgrade: h2c\r\n",
    b"Connection: close\r\n", b"Connection: upgrade\r\n", b"x" * 9000, b"5\r\nabcde\r\n", b"0\r\n\r\n",
    b"fffffffff\r\n", b"{}", b"[" * 999,
])  # fmt: skip
BODIES = st.sampled_from([b"", b"{}", b'{"backup": {"name": "nightly", "instance": "no"}}', b"[" * 999]) | st.binary()
HEADS = st.lists(PIECES, max_size=4).map(b"".join)
REQUESTS = st.builds(
    lambda method, more, body, length: (
        method + PATH + b" HTTP/1.1\r\nHost: here\r\nX-Auth-Token: any\r\n" + more
        + b"Content-Length: %d\r\n\r\n" % (len(body) + length) + body
    ),
    st.sampled_from([b"GET ", b"POST ", b"DELETE "]), st.just(b"") | HEADS, BODIES, st.just(0) | st.integers(-5, 5000),
)  # fmt: skip
CUT = st.builds(lambda whole, share: whole[: int(len(whole) * share)], REQUESTS, st.floats(0, 1))
ANY_BYTES = st.binary(max_size=2000) | st.lists(PIECES, max_size=15).map(b"".join) | REQUESTS | CUT


@pytest.fixture(scope="module")
def mock() -> Iterator[MockRDS]:
    with MockRDS() as mock:
        yield mock


def connections(mock: MockRDS) -> int:
    assert mock._runner is not None
    assert mock._runner.server is not None
    return len(mock._runner.server.connections)


def still_answers(mock: MockRDS) -> bool:
    with socket.create_connection((mock.host, mock.port), PATIENCE) as client:
        client.sendall(b"GET /__mockrds/ready HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        return client.recv(12) == b"HTTP/1.1 200"


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(sent=st.lists(ANY_BYTES, min_size=1, max_size=3), ending=st.sampled_from(["close", "reset", "listen"]))
@example(
    sent=[b"POST " + PATH + b" HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"],
    ending="reset",
)
def test_whatever_a_client_sends_the_server_answers_the_next(
    mock: MockRDS, caplog: pytest.LogCaptureFixture, sent: list[bytes], ending: str
) -> None:
    caplog.clear()
    with socket.create_connection((mock.host, mock.port), PATIENCE) as client, suppress(ConnectionError):
        for data in sent:
            client.sendall(data)
        if ending == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        elif ending == "listen":
            with suppress(OSError):  # the server reset the connection before us
                client.shutdown(socket.SHUT_WR)
            while client.recv(1 << 16):  # until the server hangs up
                pass

    assert still_answers(mock)
    deadline = time.monotonic() + PATIENCE
    while connections(mock) and time.monotonic() < deadline:
        time.sleep(0.001)
    assert connections(mock) == 0
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
    projects = (mock.simulator.unassigned, *mock.simulator.projects.values())
    assert [error for project in projects for error in project.errors] == []


@pytest.mark.parametrize("size", [40, 5000])
def test_requests_that_come_all_at_once_are_answered_one_by_one(mock: MockRDS, size: int) -> None:
    """More of them than the server keeps in its queue."""
    number = 100
    body = b'{"backup": {"name": "no"}}'.ljust(size)
    head = b"POST %s HTTP/1.1\r\nHost: here\r\nX-Auth-Token: any\r\nContent-Length: %d\r\n\r\n" % (PATH, len(body))
    with socket.create_connection((mock.host, mock.port), PATIENCE) as client:
        client.sendall((head + body) * number)
        answers = b""
        while answers.count(b"HTTP/1.1 400") < number:
            more = client.recv(65536)
            assert more
            answers += more

    assert answers.count(b"HTTP/1.1 ") == number
