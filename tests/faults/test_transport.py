"""What a client sees on its socket, byte by byte, plain and with TLS, when a fault is at work."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from support.raw_connection import CREATE, LIST, RawConnection, noted, parsed, request, waiting

from mockrds.faults.toxics import NAMES
from mockrds.server import MockRDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockrds.domain.clock import ClockSetting
    from mockrds.project import Project

SOON = 10.0
"""Seconds in which anything happens that is not told to wait, on however busy a machine."""
PHASES = [("before_commit", 0), ("after_commit", 1)]


@pytest.fixture(scope="module", params=["plain", "TLS"])
def mock(request: pytest.FixtureRequest, frozen: ClockSetting) -> Iterator[MockRDS]:
    with MockRDS(clock=frozen, tls=request.param == "TLS") as mock:
        yield mock


@pytest.fixture
def project(mock: MockRDS) -> Project:
    return mock.project()


@pytest.fixture
def wire(mock: MockRDS) -> Iterator[RawConnection]:
    with RawConnection(mock) as wire:
        yield wire


def silent(wire: RawConnection, seconds: float = 0.05) -> bool:
    """Tell whether nothing comes for a while, and the connection is there all the same."""
    wire.socket.settimeout(seconds)
    try:
        wire.receive()
    except TimeoutError:
        return True
    return False


# Faults by name


@pytest.mark.parametrize(("phase", "backups"), PHASES)
@pytest.mark.parametrize(
    ("fault", "ended"), [("EMPTY_RESPONSE", "FIN"), ("CONNECTION_RESET_BY_PEER", "RST"), ("reset_peer", "RST")]
)
def test_the_connection_ends_and_not_a_byte_was_sent(
    project: Project, wire: RawConnection, fault: str, ended: str, phase: str, backups: int
) -> None:
    armed = project.faults.add(operation=CREATE, fault=fault, phase=phase)

    assert (wire.create(project).ending(), wire.data) == (ended, b"")

    entry = noted(project, ended=ended, status=None, sent=0, first_byte=None, last_byte=None, fault="fault 1")
    assert (len(project.backups), len(entry.backup_ids), armed.fired) == (backups, backups, 1)


@pytest.mark.parametrize(("phase", "backups"), PHASES)
def test_a_malformed_chunk_is_malformed(project: Project, wire: RawConnection, phase: str, backups: int) -> None:
    project.faults.add(operation=CREATE, fault="MALFORMED_RESPONSE_CHUNK", phase=phase)

    assert wire.create(project).ending() == "FIN"

    head, _, chunk = wire.data.partition(b"\r\n\r\n")
    status, headers = parsed(head)
    assert (status, headers["Transfer-Encoding"], headers.get("Content-Length")) == (200, "chunked", None)
    assert len(chunk) > 16
    assert re.match(rb"[0-9A-Fa-f]", chunk) is None  # a chunk begins with its size
    noted(project, ended="FIN", status=200, sent=len(wire.data))
    assert len(project.backups) == backups


@pytest.mark.parametrize(("phase", "backups"), PHASES)
def test_random_data_is_no_http(project: Project, wire: RawConnection, phase: str, backups: int) -> None:
    project.faults.add(operation=CREATE, fault="RANDOM_DATA_THEN_CLOSE", phase=phase)

    assert wire.create(project).ending() == "FIN"

    assert len(wire.data) > 16
    assert not wire.data.lstrip().isascii()
    assert not wire.data.startswith(b"H")
    noted(project, ended="FIN", status=None, sent=len(wire.data))
    assert len(project.backups) == backups


@pytest.mark.parametrize(("phase", "backups"), PHASES)
@pytest.mark.parametrize("fault", ["timeout", {"timeout": 0}])
def test_a_timeout_is_silent_until_the_client_goes(
    mock: MockRDS, project: Project, wire: RawConnection, fault: Any, phase: str, backups: int
) -> None:
    project.faults.add(operation=CREATE, fault=fault, phase=phase)

    assert silent(wire.create(project))
    assert (len(project.backups), project.journal.entries()[0].ended) == (backups, "")
    wire.socket.close()

    noted(project, ended="aborted", status=None, sent=0)
    waiting(mock, project, 0)


# Toxics


@pytest.mark.parametrize("size", [1, 40, 600])
@pytest.mark.parametrize(
    ("end", "ended", "after"),
    [
        ({}, "FIN", 0),
        ({"reset_peer": 0}, "RST", 0),
        ({"reset_peer": 0.05}, "RST", 0.05),
        ({"timeout": 0.05}, "FIN", 0.05),
        ({"slow_close": 0.05}, "FIN", 0.05),
    ],
    ids=str,
)
def test_limited_data_is_cut_at_the_byte(
    project: Project, wire: RawConnection, size: int, end: dict[str, Any], ended: str, after: float
) -> None:
    project.faults.add(operation=CREATE, fault={"limit_data": size, **end})

    assert wire.create(project).ending() == ended

    assert after <= wire.elapsed < SOON
    assert len(wire.data) == size
    line = b"HTTP/1.1 200 OK\r\n"
    assert wire.data[: len(line)] == line[:size]
    head, _, body = wire.data.partition(b"\r\n\r\n")
    if body:  # the cut is within it
        _, headers = parsed(head)
        assert body.startswith(b'{"backup":{"')
        assert len(body) < int(headers["Content-Length"])
    assert bool(body) == (size == 600)
    noted(project, ended=ended, sent=size, status=None if size == 1 else 200)
    assert len(project.backups) == 1


def test_limited_data_and_then_silence(project: Project, wire: RawConnection) -> None:
    project.faults.add(operation=CREATE, fault={"limit_data": 40, "timeout": 0})

    wire.create(project)
    while wire.received < 40:
        assert wire.receive()
    assert silent(wire)
    assert wire.received == 40
    wire.socket.close()

    noted(project, ended="aborted", sent=40, status=200)


@pytest.mark.parametrize(("phase", "backups"), PHASES)
@pytest.mark.parametrize("fault", [{"limit_data": 0}, {"limit_data": 0, "slow_close": 0.05}])
def test_limiting_data_to_nothing_replaces_the_answer(
    project: Project, wire: RawConnection, fault: dict[str, Any], phase: str, backups: int
) -> None:
    project.faults.add(operation=CREATE, fault=fault, phase=phase)

    assert (wire.create(project).ending(), wire.data) == ("FIN", b"")
    assert wire.elapsed >= fault.get("slow_close", 0)
    noted(project, ended="FIN", sent=0, status=None)
    assert len(project.backups) == backups


@pytest.mark.parametrize(("phase", "backups"), PHASES)
@pytest.mark.parametrize(("toxic", "ended"), [("timeout", "FIN"), ("reset_peer", "RST")])
def test_the_connection_ends_after_its_time(
    project: Project, wire: RawConnection, toxic: str, ended: str, phase: str, backups: int
) -> None:
    project.faults.add(operation=CREATE, fault={toxic: "100ms"}, phase=phase)

    assert (wire.create(project).ending(), wire.data) == (ended, b"")
    assert 0.1 <= wire.elapsed < SOON
    noted(project, ended=ended, status=None, sent=0)
    assert len(project.backups) == backups


def test_the_answer_leaves_in_slices(mock: MockRDS, project: Project, wire: RawConnection) -> None:
    slicer = {"average_size": 100, "size_variation": 20, "delay": "20ms"}
    project.faults.add(operation=CREATE, fault={"slicer": slicer})

    answer = wire.create(project).answer()

    sizes = [size for _, size in wire.arrivals]
    times = [when for when, _ in wire.arrivals]
    total = wire.received
    assert json.loads(answer.body)["backup"]["name"] == "nightly"
    assert times[-1] >= 0.02 * (-(-total // 120) - 1)
    assert len(sizes) > 1
    if mock.ca is not None:  # TLS keeps apart what was written apart; TCP may join it when this machine is busy
        assert all(80 <= size <= 120 for size in sizes[:-1])
        assert len(set(sizes[:-1])) > 1
        assert sizes[-1] <= 120
    entry = noted(project, ended="", sent=total, status=200)
    assert entry.first_byte is not None
    assert entry.last_byte is not None
    assert entry.last_byte - entry.first_byte >= 0.02 * (-(-total // 120) - 1)
    assert wire.list(project).status == 200


def test_a_slice_may_be_a_single_byte(project: Project, wire: RawConnection) -> None:
    project.faults.add(operation=CREATE, fault={"slicer": {"average_size": 1}})

    assert wire.create(project).answer().status == 200
    noted(project, sent=wire.received)


@pytest.mark.parametrize("rate", [3, 40])
def test_bandwidth_is_limited(project: Project, wire: RawConnection, rate: float) -> None:
    project.faults.add(operation=CREATE, fault={"bandwidth": rate})

    answer = wire.create(project).answer()

    assert wire.received / (rate * 1000) <= wire.elapsed < SOON
    assert json.loads(answer.body)["backup"]["name"] == "nightly"
    noted(project, ended="", sent=wire.received)
    assert wire.list(project).status == 200


@pytest.mark.parametrize(("end", "ended"), [({}, "FIN"), ({"reset_peer": 0}, "RST")])
def test_a_large_answer_is_cut_at_the_byte(
    project: Project, wire: RawConnection, end: dict[str, int], ended: str
) -> None:
    project.faults.add(operation=LIST, response={"body": "x" * 20_000_000}, fault={"limit_data": 16_000_000, **end})

    assert wire.send(request(project, "GET")).ending() == ended
    assert len(wire.data) == 16_000_000
    noted(project, ended=ended, sent=16_000_000)


def test_slow_close_ends_the_connection_long_after_the_answer(project: Project, wire: RawConnection) -> None:
    project.faults.add(operation=CREATE, fault={"slow_close": "300ms"})

    answer = wire.create(project).answer()
    answered = wire.elapsed
    assert project.journal.entries()[0].ended == ""

    assert (wire.ending(), wire.data) == ("FIN", b"")
    assert answered < 0.3 <= wire.elapsed < SOON
    assert (answer.status, answer.headers["Connection"]) == (200, "close")
    noted(project, ended="FIN", status=200)


def test_toxics_work_together(project: Project, wire: RawConnection) -> None:
    slicer = {"average_size": 10, "delay": "10ms"}
    project.faults.add(
        operation=CREATE, fault={"slicer": slicer, "limit_data": 100, "reset_peer": "50ms", "bandwidth": 1}
    )

    assert wire.create(project).ending() == "RST"

    assert len(wire.data) == 100
    assert 0.09 + 0.1 + 0.05 <= wire.elapsed < SOON  # gaps, bandwidth, and the end
    noted(project, ended="RST", sent=100)


# Nothing was done, or everything was


@pytest.mark.parametrize(("phase", "backups"), PHASES)
@pytest.mark.parametrize(
    ("effect", "status", "ended"),
    [
        ({"error": "RDS.0011"}, 409, ""),
        ({"response": {"status": 502, "body": "<html>"}}, 502, ""),
        ({"latency": "50ms", "error": "RDS.0005"}, 500, ""),
        ({"latency": "50ms", "fault": "CONNECTION_RESET_BY_PEER"}, None, "RST"),
        ({"response": {"status": 200, "json": {"backup": {}}}, "fault": {"limit_data": 300}}, 200, "FIN"),
        ({"error": "RDS.0005", "fault": {"limit_data": 60, "reset_peer": 0}}, 500, "RST"),
    ],
    ids=str,
)
def test_what_the_client_sees_does_not_tell_whether_it_was_done(
    project: Project,
    wire: RawConnection,
    effect: dict[str, Any],
    status: int | None,
    ended: str,
    phase: str,
    backups: int,
) -> None:
    project.faults.add(operation=CREATE, phase=phase, **effect)

    wire.create(project)

    if ended:
        assert wire.ending() == ended
    else:
        assert wire.answer().status == status
        assert wire.list(project).status == 200
        assert len(project.journal) == 2
    entry = project.journal.entries()[0]
    assert (entry.status, entry.sent > 0, entry.ended) == (status, status is not None, ended)
    assert wire.elapsed < SOON
    assert (len(project.backups), len(entry.backup_ids)) == (backups, backups)


@pytest.mark.parametrize(("phase", "backups"), PHASES)
def test_a_client_that_does_not_wait_finds_that_it_was_done_or_not(
    mock: MockRDS, project: Project, wire: RawConnection, phase: str, backups: int
) -> None:
    project.faults.add(operation=CREATE, phase=phase, latency="1h")

    wire.create(project)
    waiting(mock, project, 1)
    assert len(project.backups) == backups
    wire.socket.close()

    noted(project, ended="aborted", status=None, sent=0, finished=None, fault="fault 1")
    waiting(mock, project, 0)
    assert (len(project.backups), project.errors) == (backups, [])


@pytest.mark.parametrize("phase", [phase for phase, _ in PHASES])
def test_latency_delays_the_good_answer(project: Project, wire: RawConnection, phase: str) -> None:
    project.faults.add(operation=CREATE, phase=phase, latency="60ms")

    assert wire.create(project).answer().status == 200
    assert 0.06 <= wire.elapsed < SOON
    entry = noted(project, status=200, ended="", sent=wire.received)
    assert entry.first_byte is not None
    assert 0.06 <= entry.first_byte <= wire.elapsed
    assert len(project.backups) == 1


# Who asks


@pytest.mark.parametrize(
    ("effect", "status"),
    [
        ({"error": "RDS.0011"}, 409),
        ({"error": "RDS.0011", "phase": "after_commit"}, 409),
        ({"response": {"status": 503}}, 503),
        ({"latency": "5ms"}, 200),
        ({"latency": "5ms", "phase": "after_commit"}, 200),
        ({"fault": {"slicer": {"average_size": 50}}}, 200),
        ({"fault": {"bandwidth": 100}}, 200),
        ({"body": {"set": {"/backup/id": None}}}, 200),
        ({"body": {"truncate": 0.5}}, 200),
        ({"credentials": "expired"}, 401),
    ],
    ids=str,
)
def test_the_connection_serves_the_next_request(
    project: Project, wire: RawConnection, effect: dict[str, Any], status: int
) -> None:
    project.faults.add(operation=CREATE, **effect)
    port = wire.socket.getsockname()[1]

    assert wire.create(project).answer().status == status
    project.faults.clear()
    project.reset()
    assert wire.create(project, "clean").answer().status == 200
    assert [backup["name"] for backup in json.loads(wire.list(project).body)["backups"]] == ["clean"]
    assert wire.data == b""
    assert [(entry.connection[1], entry.reused) for entry in project.journal if entry.connection] == [(port, True)] * 2


@pytest.mark.parametrize(
    "effect",
    [
        {"error": "RDS.0011"},
        {"response": {"status": 502, "body": "<html>"}},
        {"latency": "5ms"},
        {"fault": {"slicer": {"average_size": 50}}},
        {"fault": {"bandwidth": 100}},
        {"body": {"truncate": 0.5}},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("version", "connection", "answered"),
    [("1.0", "", None), ("1.0", "keep-alive", "keep-alive"), ("1.1", "close", "close"), ("1.1", "keep-alive", None)],
)
def test_clients_of_other_habits_get_what_they_ask_for(
    project: Project, wire: RawConnection, effect: dict[str, Any], version: str, connection: str, answered: str | None
) -> None:
    project.faults.add(operation=CREATE, **effect)
    more = {"Connection": connection} if connection else {}

    wire.create(project, version=version, **more)
    while b"\r\n" not in wire.data:
        assert wire.receive()
    assert wire.data.startswith(f"HTTP/{version} ".encode())
    answer = wire.answer()

    assert len(answer.body) == int(answer.headers["Content-Length"]) > 0
    assert answer.headers.get("Connection") == answered
    if connection == "keep-alive":
        noted(project, ended="", sent=wire.received)
        assert wire.list(project).status == 200
    else:
        assert (wire.ending(), wire.data) == ("FIN", b"")
        noted(project, ended="FIN", sent=wire.received)


@pytest.mark.parametrize(
    ("effect", "status"),
    [
        ({"error": "RDS.0011"}, 409),
        ({"response": {"status": 502, "body": "<html>"}}, 502),
        ({"latency": "5ms"}, 404),
        ({"fault": {"slicer": {"average_size": 50}}}, 404),
        ({"fault": {"bandwidth": 100}}, 404),
    ],
    ids=str,
)
def test_the_answer_to_head_has_no_body(
    project: Project, wire: RawConnection, effect: dict[str, Any], status: int
) -> None:
    project.faults.add(first=1, **effect)

    answer = wire.send(request(project, "HEAD")).answer(head_only=True)

    assert (answer.status, int(answer.headers["Content-Length"]) > 0) == (status, True)
    assert wire.data == b""
    noted(project, ended="", sent=wire.received, status=status)
    assert wire.list(project).status == 200
    assert wire.data == b""


@pytest.mark.parametrize(("version", "method"), [("1.0", "POST"), ("1.1", "HEAD")])
@pytest.mark.parametrize(
    ("fault", "ended", "size"),
    [("EMPTY_RESPONSE", "FIN", 0), ("CONNECTION_RESET_BY_PEER", "RST", 0), ({"limit_data": 30}, "FIN", 30)],
    ids=str,
)
def test_broken_connections_break_for_any_client(
    project: Project, wire: RawConnection, version: str, method: str, fault: Any, ended: str, size: int
) -> None:
    project.faults.add(fault=fault)

    assert wire.send(request(project, method, version=version)).ending() == ended
    assert len(wire.data) == size
    noted(project, ended=ended, sent=size)


@pytest.mark.parametrize(
    ("fault", "ended", "size"),
    [("EMPTY_RESPONSE", "FIN", 0), ("CONNECTION_RESET_BY_PEER", "RST", 0), ({"limit_data": 30}, "FIN", 30)],
    ids=str,
)
def test_a_connection_that_was_kept_open_ends_as_the_next_request_arrives(
    mock: MockRDS, project: Project, fault: Any, ended: str, size: int
) -> None:
    project.faults.add(match={"connection": "reused"}, fault=fault)

    for _ in range(3):
        with RawConnection(mock) as wire:
            assert wire.list(project).status == 200
            assert silent(wire)  # it stays open as long as nothing is asked
            wire.socket.settimeout(SOON)
            assert (wire.send(request(project, "GET")).ending(), len(wire.data)) == (ended, size)

    assert [(entry.reused, entry.sent > 100, entry.ended) for entry in project.journal] == [
        (False, True, ""),
        (True, False, ended),
    ] * 3


def test_every_second_request_of_a_connection_may_fare_otherwise(mock: MockRDS, project: Project) -> None:
    project.faults.add(match={"connection": "new"}, error="RDS.0005")

    for _ in range(2):
        with RawConnection(mock) as wire:
            assert [wire.list(project).status for _ in range(3)] == [500, 200, 200]


@pytest.mark.parametrize(
    "fault",
    [
        *NAMES,
        {"limit_data": 40},
        {"limit_data": 600, "reset_peer": 0},
        {"timeout": "50ms"},
        {"slow_close": "50ms"},
        {"slicer": {"average_size": 50, "delay": "5ms"}},
        {"bandwidth": 10},
    ],
    ids=str,
)
def test_no_other_connection_feels_it(mock: MockRDS, project: Project, wire: RawConnection, fault: Any) -> None:
    project.faults.add(operation=CREATE, fault=fault)
    project.faults.add(operation=LIST, latency="200ms", calls=[2])
    with RawConnection(mock) as idle, RawConnection(mock) as busy:
        assert idle.list(project).status == 200
        busy.send(request(project, "GET"))
        waiting(mock, project, 1)

        wire.create(project)
        if fault == "timeout":
            assert silent(wire)
        elif "slicer" in fault or "bandwidth" in fault:
            assert wire.answer().status == 200
        else:
            assert wire.ending() in ("FIN", "RST")

        assert (busy.answer().status, busy.data) == (200, b"")
        assert [other.list(project).status for other in (idle, busy)] == [200, 200]
