"""Who wins when several things are to be said to one call, pair by pair: the same table as in docs/faults.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from support.raw_connection import RawConnection, request

from mockrds.server import MockRDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockrds.domain.clock import ClockSetting

PAGE = Path(__file__).parent.parent.parent / "docs" / "faults.md"

OUTAGE: Final = {"outage": {"between": ["0s", "1h"], "response": {"status": 503}}}
DRAIN: Final = {"outage": {"between": ["1h", "2h"], "drain": "1h"}}
FULL: Final = {"world": {"quotas": {"manual_backups": 0}}}
LIMITED: Final = {"rate_limits": [{"operation": "get_instance", "limit": 1}, {"limit": 1, "algorithm": "token_bucket"}]}
NONE_LEFT: Final = {"rate_limits": [{"limit": 1, "window": "100d"}]}

BUSY: Final = {"error": "RDS.0011"}
LOST: Final = {"error": "RDS.0005", "phase": "after_commit"}
RESET: Final = {"fault": "CONNECTION_RESET_BY_PEER"}
SLOW: Final = {"latency": "20ms"}
SLOW_AFTER: Final = {"latency": "20ms", "phase": "after_commit"}
DAMAGED: Final = {"body": {"set": {"/backup/name": "damaged"}}}
FAILS: Final = {"lifecycle": {"outcome": "FAILED", "progression": "immediate"}}
HIDDEN: Final = {"visible_after": "1h"}
CUT: Final = {"fault": {"limit_data": 100}}
SLICED: Final = {"fault": {"slicer": {"average_size": 100}}}
SKEWED: Final = {"credentials": "clock_skew"}


UNKNOWN: Final = "0" * 32 + "no01"


class Row(NamedTuple):
    """A row of the table, and a call of create that proves it."""

    one: str
    other: str
    outcome: str
    faults: tuple[dict[str, Any], ...]
    scenario: dict[str, Any]
    seen: str
    """What the client gets, and the status of the backup if one was made."""
    fired: tuple[int, ...]
    """How often each of the faults counts as fired."""
    waited: float = 0
    """How long it takes, in seconds, at least."""
    token: str = "token"
    node: str = ""
    spent: int = 0
    """How many requests were made before, so that a limit is used up."""

    @property
    def line(self) -> str:
        return f"| {self.one} | {self.other} | {self.outcome} |"


TABLE: Final = [
    # The world is out
    Row("an outage", "any fault", "the outage; the fault is not even asked", (BUSY, SLOW), OUTAGE, "503", (0, 0)),
    Row("an outage", "bad credentials", "the outage", (), OUTAGE, "503", (), token=""),
    Row("an outage", "a rate limit", "the outage; the request does not count", (), OUTAGE | NONE_LEFT,
        "503", (), spent=2),
    Row("`drain`", "any answer", "the answer, and then the connection is closed", (BUSY,), DRAIN,
        "409 RDS.0011", (1,)),
    # Faults among themselves
    Row("`latency`", "another `latency`", "both: they add up", (SLOW, SLOW_AFTER, SLOW), {},
        "200 nightly, BUILDING", (1, 1, 1), 0.06),
    Row("`latency`", "an answer", "both: it waits, then it answers", (SLOW, BUSY, SLOW), {},
        "409 RDS.0011", (1, 1, 1), 0.04),
    Row("a fault that decides the answer", "a later one", "the first", (BUSY, LOST, RESET, SKEWED), {},
        "409 RDS.0011", (1, 0, 0, 0)),
    Row("`after_commit`", "a later `before_commit`", "the first", (LOST, BUSY), {}, "500 RDS.0005, BUILDING", (1, 0)),
    Row("`credentials`", "a later answer", "the first", (SKEWED, BUSY), {}, "401 APIGW.0301", (1, 0)),
    Row("an answer `before_commit`", "`body`, `lifecycle`, `visible_after`, `stale`, `quota`",
        "the answer, wherever it stands: nothing happens", (DAMAGED, FAILS, {"quota": 0}, BUSY, HIDDEN), {},
        "409 RDS.0011", (0, 0, 0, 1, 0)),
    Row("an answer `after_commit`", "`body`", "the answer", (DAMAGED, LOST), {}, "500 RDS.0005, BUILDING", (0, 1)),
    Row("an answer `after_commit`", "`lifecycle`, `visible_after`", "both: what is made is as they say",
        (LOST, FAILS, HIDDEN), {}, "500 RDS.0005, FAILED", (1, 1, 1)),
    Row("`body`", "another `body`", "both, in order", (DAMAGED, {"body": {"set": {"/backup/errCode": "too"}}}), {},
        "200 too damaged, BUILDING", (1, 1)),
    Row("`lifecycle`", "another `lifecycle`", "the first; so with `visible_after`, `stale` and `quota`",
        (FAILS, {"lifecycle": {"seconds": 9}}), {}, "200 nightly, FAILED", (1, 0)),
    Row("toxics", "later toxics", "the first", (CUT, SLICED), {}, "FIN at 100, BUILDING", (1, 0)),
    Row("toxics", "an `error`, a `response` or `body`", "both, wherever they stand: they apply to what is sent",
        (CUT, BUSY), {}, "FIN at 100", (1, 1)),
    Row("toxics", "a fault that swallows the answer", "the latter, wherever it stands", (SLICED, RESET), {},
        "RST at 0", (0, 1)),
    # Faults and the service
    Row("an answer `before_commit`", "bad credentials", "the answer: a gateway fails before it knows you", (BUSY,), {},
        "409 RDS.0011", (1,), token=""),
    Row("an answer `before_commit`", "a rate limit", "the answer; the request does not count", (BUSY,), NONE_LEFT,
        "409 RDS.0011", (1,), spent=1),
    Row("`after_commit`, `body`, `lifecycle`, `visible_after`", "any refusal of the service",
        "the refusal; they need the operation to succeed", (DAMAGED, LOST, FAILS, HIDDEN), FULL,
        "413 RDS.3003", (0, 0, 0, 0)),
    Row("`after_commit`", "bad credentials", "the refusal", (LOST,), {}, "401 APIGW.0301", (0,), token=""),
    Row("`after_commit`", "a rate limit", "the refusal", (LOST, SLOW_AFTER), NONE_LEFT,
        "429 APIGW.0308", (0, 0), spent=1),
    Row("`latency`", "any refusal of the service", "both: it waits, then it refuses", (SLOW,), FULL,
        "413 RDS.3003", (1,), 0.02),
    Row("toxics", "any refusal of the service", "both: they apply to what is sent", (CUT,), FULL, "FIN at 100", (1,)),
    # The service itself
    Row("bad credentials", "a rate limit", "401; the request does not count", (), NONE_LEFT, "401 APIGW.0301", (),
        token="", spent=1),
    Row("bad credentials", "a mistake in the request", "401", (), {}, "401 APIGW.0301", (), token="", node=UNKNOWN),
    Row("a rate limit", "a mistake in the request", "429", (), NONE_LEFT, "429 APIGW.0308", (), node=UNKNOWN, spent=1),
    Row("a rate limit", "a quota", "429", (), NONE_LEFT | FULL, "429 APIGW.0308", (), spent=1),
    Row("a rate limit", "a later rate limit", "the first that is used up", (), LIMITED, "429 APIGW.0308", (), spent=1),
    Row("a mistake in the request", "a quota", "the mistake", (), FULL, "404 RDS.0002", (), node=UNKNOWN),
    Row("the `quota` of a fault", "that of the world", "the fault's", ({"quota": 1},), FULL,
        "200 nightly, BUILDING", (1,)),
]  # fmt: skip


@pytest.fixture(scope="module")
def mock(frozen: ClockSetting) -> Iterator[MockRDS]:
    with MockRDS(clock=frozen) as mock:
        yield mock


def received(wire: RawConnection) -> str:
    """Say what comes until the connection ends, in the words of the table."""
    ended = wire.ending()
    if ended == "RST" or len(wire.data) == 100:
        return f"{ended} at {len(wire.data)}"
    answer = wire.answer()
    assert answer.headers["Connection"] == "close"
    content = json.loads(answer.body or b"{}")
    backup = content.get("backup", {})
    names = [place[key] for place in (content, backup) for key in ("errCode", "error_code", "name") if key in place]
    return " ".join([str(answer.status), *names])


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.one} and {row.other}".replace("`", ""))
def test_who_wins(mock: MockRDS, frozen: ClockSetting, row: Row) -> None:
    faults = [{"operation": "create_manual_backup"} | fault for fault in row.faults]
    project = mock.project(scenario={"faults": faults} | row.scenario, clock=frozen)
    for _ in range(row.spent):
        with RawConnection(mock) as wire:
            wire.list(project)
    backup = {"name": "nightly", "instance": row.node or project.instances[0].node_id}
    connection = "keep-alive" if row.scenario is DRAIN else "close"

    with RawConnection(mock) as wire:
        wire.send(
            request(
                project, "POST", json.dumps({"backup": backup}).encode(), Connection=connection, X_Auth_Token=row.token
            )
        )
        seen = received(wire)
        elapsed = wire.elapsed

    made = [backup.status_at(project.clock.now()) for backup in project.backups]
    assert ", ".join([seen, *made]) == row.seen
    assert elapsed >= row.waited
    assert tuple(armed.fired for armed in project.faults.armed) == row.fired
    assert project.errors == []


def test_the_docs_have_this_very_table() -> None:
    section = PAGE.read_text().partition("\n## Who wins\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]

    assert lines == ["| of these two | and this | the client gets |", "|---|---|---|", *(row.line for row in TABLE)]
