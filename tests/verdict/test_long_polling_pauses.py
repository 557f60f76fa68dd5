"""What is said of clients that had patience, and of those that had none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.journal_entries import call, rows

from mockrds.verdict import Verdict
from mockrds.verdict.backoff import classify

if TYPE_CHECKING:
    from mockrds.journal import Entry

LIST = "v1.list_manual_backups"


def looks(count: int, first: int = 2, status: str = "BUILDING") -> list[Entry]:
    return [
        call(number, number * 10.0, operation=LIST, response=rows(("backup", status)))
        for number in range(first, first + count)
    ]


@pytest.mark.parametrize(("count", "severity"), [(1, "warning"), (9, "warning"), (10, "note")])
def test_who_looked_long_enough_has_not_forgotten_a_backup(count: int, severity: str) -> None:
    made = call(1, 0.0, backup_ids=("backup",))

    [finding] = Verdict([made, *looks(count)]).findings

    assert (finding.kind, finding.severity) == ("orphaned-backup", severity)


def test_to_look_between_two_tries_is_no_polling_after_the_end() -> None:
    ended = [call(1, 0.0, backup_ids=("backup",)), *looks(2, status="COMPLETED")]
    busy: dict[str, Any] = {"status": 409, "error": "RDS.0011"}
    tries = [
        entry
        for number in range(4, 14, 2)
        for entry in (
            call(number, number * 10.0, body=b'{"backup": {"name": "another"}}', **busy),
            call(number + 1, number * 10.0 + 1, operation=LIST, response=rows(("backup", "COMPLETED"))),
        )
    ]
    given_up = call(14, 140.0, body=b'{"backup": {"name": "another"}}', **busy)

    assert [finding.kind for finding in Verdict([*ended, *tries, given_up]).findings] == []


def test_what_happens_fifty_times_is_said_once() -> None:
    told: dict[str, Any] = {"status": 429, "error": "APIGW.0308", "retry_after": 5.0}

    verdict = Verdict([call(number, number * 1.0, operation=LIST, **told) for number in range(1, 52)])

    [finding] = [finding for finding in verdict.findings if finding.kind == "retry-after-ignored"]
    assert finding.message.endswith("was told Retry-After 5, and waited 1 s; 50 times")
    assert finding.entries == tuple(range(1, 52))


def test_a_hiccup_of_the_machine_is_no_pause() -> None:
    assert classify([0.001] * 10 + [0.2] + [0.001] * 9).kind == "none"
    assert classify([0.001, 0.2] * 10).kind == "jittered"
