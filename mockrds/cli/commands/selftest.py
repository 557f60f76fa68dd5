"""``mockrds selftest``: do faults do on this machine what their names say?"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from mockrds.cli.errors import Parser, UsageError, reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mockrds.cli.raw_client import ReceivedBytes
    from mockrds.project import Project
    from mockrds.server import MockRDS

_SEED: Final = 7
_SILENCE: Final = 1.0  # seconds without a byte that prove that none will come, on a busy machine too
_PAUSE: Final = 0.15
_NOT_FAULTS: Final = {"outage", "rate_limits"}
"""Keys that stand beside ``faults`` in a scenario file, not in it."""


class FaultProof(NamedTuple):
    """A fault, and what should come of it."""

    fault: str
    """The fault, as a scenario file has it."""
    responses: str
    """What should come of each call, in the words of ``ReceivedBytes``."""
    backups: int = 0
    """How many backups there should be afterwards."""
    seconds: float = 0
    """How long the last call should take, at least."""
    size: int | None = None
    """How many bytes should come of the last call."""
    calls: str = "create"
    """``create``, ``list``, or ``pause`` to wait a little."""


PROOFS: Final = (
    FaultProof("fault: EMPTY_RESPONSE", "nothing, FIN"),
    FaultProof("fault: EMPTY_RESPONSE, phase: after_commit", "nothing, FIN", 1),
    FaultProof("fault: EMPTY_RESPONSE, match: {connection: reused}", "200, none | nothing, FIN", calls="list list"),
    FaultProof("fault: CONNECTION_RESET_BY_PEER", "nothing, RST"),
    FaultProof("fault: CONNECTION_RESET_BY_PEER, phase: after_commit", "nothing, RST", 1),
    FaultProof("fault: MALFORMED_RESPONSE_CHUNK", "200, a broken chunk, FIN"),
    FaultProof("fault: MALFORMED_RESPONSE_CHUNK, phase: after_commit", "200, a broken chunk, FIN", 1),
    FaultProof("fault: RANDOM_DATA_THEN_CLOSE", "no HTTP, FIN"),
    FaultProof("fault: RANDOM_DATA_THEN_CLOSE, phase: after_commit", "no HTTP, FIN", 1),
    FaultProof("fault: timeout", "nothing, silence"),
    FaultProof("fault: timeout, phase: after_commit", "nothing, silence", 1),
    FaultProof("fault: {timeout: 100ms}", "nothing, FIN", seconds=0.1),
    FaultProof("fault: reset_peer", "nothing, RST"),
    FaultProof("fault: reset_peer, phase: after_commit", "nothing, RST", 1),
    FaultProof("fault: {reset_peer: 100ms}", "nothing, RST", seconds=0.1),
    FaultProof("fault: {limit_data: 0}", "nothing, FIN", size=0),
    FaultProof("fault: {limit_data: 40}", "part of the head, FIN", 1, size=40),
    FaultProof("fault: {limit_data: 600}", "200, part of the body, FIN", 1, size=600),
    FaultProof("fault: {limit_data: 600, reset_peer: 100ms}", "200, part of the body, RST", 1, 0.1, size=600),
    FaultProof("fault: {limit_data: 600, timeout: 0}", "200, part of the body, silence", 1, size=600),
    FaultProof("fault: {slicer: {average_size: 100, delay: 20ms}}", "200", 1, 0.1),
    FaultProof("fault: {bandwidth: 5}", "200", 1, 0.1),
    FaultProof("fault: {slow_close: 200ms}", "200, FIN", 1, 0.2),
    FaultProof("error: RDS.0011", "409, RDS.0011"),
    FaultProof("error: RDS.0011, phase: after_commit", "409, RDS.0011", 1),
    FaultProof("error: RDS.0005, first: 1, commit_after: 100ms", "500, RDS.0005 | 200, BUILDING", 1,
               calls="create pause list"),
    FaultProof("error: APIGW.0308, retry_after: 7s", "429, APIGW.0308, Retry-After 7"),
    FaultProof("response: {status: 502, body: <html>}", "502, text/html"),
    FaultProof("response: {status: 502, body: <html>}, phase: after_commit", "502, text/html", 1),
    FaultProof("latency: 100ms", "200", 1, 0.1),
    FaultProof("latency: {uniform: {lower: 100ms, upper: 150ms}}", "200", 1, 0.1),
    FaultProof("latency: 100ms, phase: after_commit", "200", 1, 0.1),
    FaultProof("body: {set: {/backups: null}}", '200, {"backups": null}', calls="list"),
    FaultProof("body: {remove: [/backups]}", "200, {}", calls="list"),
    FaultProof("body: {rename: {/backups: items}}", '200, {"items": []}', calls="list"),
    FaultProof("body: {truncate: 0.5}", "200, broken JSON", 1),
    FaultProof("body: {content_type: text/html}", "200, text/html", 1),
    FaultProof("body: {content_length: 9999}", "200, part of the body, FIN", 1),
    FaultProof("visible_after: 1 look", "200 | 200, none | 200, BUILDING", 1, calls="create list list"),
    FaultProof("stale: 1h", "200 | 200, none", 1, calls="create list"),
    FaultProof("lifecycle: {progression: immediate, outcome: FAILED}", "200 | 200, FAILED", 1, calls="create list"),
    FaultProof("credentials: expired, first: 1", "401, APIGW.0307 | 401, APIGW.0307", calls="create create"),
    FaultProof("credentials: wrong_scope", "403, RDS.0010"),
    FaultProof("credentials: clock_skew", "401, APIGW.0301"),
    FaultProof(
        "sequence: [503, reset, RDS.0011, ok]", "503 | nothing, RST | 409, RDS.0011 | 200", 1, calls="create " * 4
    ),
    FaultProof("response: {status: 503}, after: 1, every: 2", "200, none | 200, none | 503", calls="list " * 3),
    FaultProof("response: {status: 503}, probability: 0.5", "503 | 503 | 503 | 200, none", calls="list " * 4),
    FaultProof("quota: 0", "413, RDS.3003"),
    FaultProof(
        "rate_limits: [{limit: 1, retry_after: 9s}]", "200, none | 429, APIGW.0308, Retry-After 9", calls="list list"
    ),
    FaultProof("outage: {between: [0s, 1h]}", "nothing, RST"),
    FaultProof("outage: {between: [1h, 2h], drain: 1h}", "200, FIN", 1),
)  # fmt: skip


def run(arguments: Sequence[str]) -> int:
    """Print what each fault should do and what was seen; exit with 0 when all do, else with 1."""
    parser = Parser(
        prog="mockrds selftest",
        description="Prove every fault over a raw socket on this machine. Exit with 1 when one does something else.",
    )
    parser.add_argument("--tls", action="store_true", help="over TLS, too")
    options = parser.parse_args(arguments)
    from mockrds.server import MockRDS

    try:
        servers = [MockRDS(seed=_SEED, tls=tls) for tls in ([False, True] if options.tls else [False])]
    except ModuleNotFoundError as error:
        raise UsageError(str(error)) from None
    print("FIN, RST: how the connection ends; made: there is a backup afterwards; a time or more\n")
    failed: list[str] = []
    for mock in servers:
        rows = list(zip(PROOFS, _results(mock), strict=True))
        scheme = mock.url.partition(":")[0]
        _print_table(scheme, rows)
        failed += [f"{proof.fault} ({scheme})" for proof, (_, right) in rows if not right]
    total = len(PROOFS) * len(servers)
    print(f"{total - len(failed)} of {total} do as they should")
    print(*(f"FAILED: {name}" for name in failed), sep="\n", end="\n" if failed else "")
    return 1 if failed else 0


def _results(mock: MockRDS) -> list[tuple[str, bool]]:
    """Try all proofs at once; return what was seen of each, and whether it is right."""
    try:
        with mock, ThreadPoolExecutor(len(PROOFS)) as pool:
            return list(pool.map(partial(_result, mock), PROOFS))
    except OSError as error:
        raise UsageError(f"cannot listen on this machine: {reason(error)}") from None


def _result(mock: MockRDS, proof: FaultProof) -> tuple[str, bool]:
    import yaml

    document = yaml.safe_load(f"{{{proof.fault}}}")
    try:
        project = mock.project(scenario=document if document.keys() <= _NOT_FAULTS else {"faults": [document]})
        received = _call(mock, project, proof)
    except (OSError, ValueError) as error:  # ValueError: a response that ``ReceivedBytes`` has no words for
        return f"{type(error).__name__}: {error}", False
    last = received[-1]
    responses, backups = " | ".join(map(str, received)), len(project.backups)
    size = None if proof.size is None else len(last.data)
    right = (responses, backups, size) == (proof.responses, proof.backups, proof.size) and last.seconds >= proof.seconds
    return _cell(responses, backups, last.seconds, size), right


def _call(mock: MockRDS, project: Project, proof: FaultProof) -> list[ReceivedBytes]:
    """Make the calls of a proof, over one connection for as long as it is open."""
    from mockrds.cli.raw_client import SILENCE, RawConnection

    timeout = _SILENCE if "silence" in proof.responses else SILENCE
    received: list[ReceivedBytes] = []
    connection = RawConnection(mock)
    try:
        for call in proof.calls.split():
            if call == "pause":
                time.sleep(_PAUSE)
                continue
            if received and received[-1].end:
                connection.close()
                connection = RawConnection(mock)
            received.append(connection.ask(_request(project, call), timeout))
    finally:
        connection.close()
    return received


def _request(project: Project, call: str) -> bytes:
    backup = {"name": "selftest", "instance": project.instances[0].node_id}
    method, body = ("POST", json.dumps({"backup": backup})) if call == "create" else ("GET", "")
    headers = f"Host: mockrds\r\nX-Auth-Token: selftest\r\nContent-Length: {len(body)}\r\n"
    return f"{method} /rds/v1/{project.id}/backups HTTP/1.1\r\n{headers}\r\n{body}".encode()


def _cell(responses: str, backups: int, seconds: float, size: int | None) -> str:
    parts = [responses]
    if backups:
        parts.append("made")
    if size is not None:
        parts.append(f"{size} bytes")
    if seconds:
        parts.append(f"{seconds * 1000:.0f} ms")
    return "; ".join(parts)


def _print_table(scheme: str, rows: list[tuple[FaultProof, tuple[str, bool]]]) -> None:
    table = [(f"over {scheme}", "what it should do", "what was seen", "")]
    for proof, (seen, right) in rows:
        expected = _cell(proof.responses, proof.backups, proof.seconds, proof.size)
        table.append((proof.fault, expected, seen, "ok" if right else "FAILED"))
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print()
