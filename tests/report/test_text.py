"""The report for a terminal."""

from __future__ import annotations

from typing import Any

import pytest
from support.sample_records import records

from mockrds.report.text import text


@pytest.fixture
def row() -> dict[str, Any]:
    return records()[0]


@pytest.fixture
def idle() -> dict[str, Any]:
    return records()[1]


def test_findings_stand_by_their_test_and_totals_come_last(row: dict[str, Any], idle: dict[str, Any]) -> None:
    lines = text([idle, row]).splitlines()

    assert lines[0] == "tests/test_backup.py::TestNightly::test_lost[mysql] (failed)"
    assert lines[1].startswith("  error    duplicate-backups: v1.create_manual_backup nightly-0 made 2 backups")
    assert any(line.startswith("  error    retry-after-ignored: ") for line in lines)
    assert lines[lines.index("") + 1 :][:4] == [
        "1 of 2 tests with findings",
        "calls 6, retries 2, backoff: exponential 1",
        "duplicate backups 1, orphans 0, connections opened 2, reused 4",
        "faults fired 2 of 3",
    ]
    assert lines[-1].startswith("  never fired: never </script><img src=x onerror=alert(1)>?[31m (")


def test_what_was_sent_does_not_steer_the_terminal(row: dict[str, Any]) -> None:
    assert "\x1b" in row["faults"][2]["name"]
    assert text([row]).replace("\n", "").isprintable()


def test_nothing_is_a_report_too() -> None:
    assert text([]).splitlines()[0] == "no client has sent a request"


def test_faults_of_a_scenario_need_not_fire(row: dict[str, Any]) -> None:
    shared = {**row, "faults": [{**fault, "from_scenario": True} for fault in row["faults"]]}

    assert "never fired" not in text([shared])
