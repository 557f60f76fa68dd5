"""``mockrds explain`` tells what the server then does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from mockrds import MockRDS
from mockrds.cli import main

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO: dict[str, Any] = {
    "name": "told",
    "seed": 7,
    "rate_limits": [{"operation": "create_manual_backup", "limit": 6}],
    "faults": [
        {"name": "lost", "operation": "create_manual_backup", "calls": [1], "phase": "after_commit",
         "error": "RDS.0005"},
        {"operation": "create_manual_backup", "match": {"body": {"/backup/name": {"regex": "^nightly-"}}}, "first": 3,
         "error": "RDS.0011", "retry_after": 2},
        {"operation": "create_manual_backup", "calls": [6], "error": "RDS.0005", "commit_after": "30s"},
        {"operation": "create_manual_backup", "calls": [5], "visible_after": "3 looks",
         "lifecycle": {"seconds": "40m", "outcome": "FAILED", "reason": "disk full"}},
        {"operation": "delete_manual_backup",
         "sequence": [503, {"fault": {"limit_data": 40, "reset_peer": "1s"}}, "ok", {"credentials": "expired"},
                      "timeout"]},
        {"name": "coin", "operation": "list_manual_backups", "probability": 0.5, "error": "RDS.0011"},
    ],
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "told.yaml"
    path.write_text(yaml.safe_dump(SCENARIO))
    return str(path)


def test_it_tells_what_each_call_will_get(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", file, "--calls", "10", "--operation", "create_manual_backup"]) == 0

    assert (
        capsys.readouterr().out
        == """\
told, seed 7, 0s after the start: calls of each operation alone

fault 2: only if body /backup/name matches '^nightly-'

v1.create_manual_backup, v3.create_manual_backup
          1  RDS.0005 after the operation succeeded  [lost]
        2-3  RDS.0011 with Retry-After 2s  [fault 2]
          4  as usual
          5  lifecycle seconds 40m, outcome FAILED, reason disk full, visible_after 3 looks  [fault 4]
          6  RDS.0005; the operation happens 30s later  [fault 3]
        7-9  as usual
         10  APIGW.0308, a rate limit: the next may pass after 1m
"""
    )


def test_it_tells_the_steps_of_a_sequence(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", file, "--calls", "9", "--operation", "v1.delete_manual_backup"]) == 0

    assert capsys.readouterr().out.splitlines()[-6:] == [
        "          1  status 503  [fault 5]",
        "          2  limit_data 40, reset_peer 1s  [fault 5]",
        "          3  as usual",
        "          4  credentials expired  [fault 5]",
        "          5  timeout  [fault 5]",
        "        6-9  as usual",
    ]


@pytest.mark.parametrize("seed", [7, 8])
def test_what_it_tells_is_what_the_server_does(file: str, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", file, "--calls", "30", "--seed", str(seed), "--operation", "list_manual_backups"])
    told: list[bool] = []
    for line in capsys.readouterr().out.rpartition("backups\n")[2].splitlines():
        calls, outcome = line.split(None, 1)
        first, _, last = calls.partition("-")
        told += [outcome != "as usual"] * (int(last or first) - int(first) + 1)

    with MockRDS(file, seed=seed) as mock:
        project = mock.project()
        got = [
            requests.get(f"{project.v1_url}/backups", headers={"X-Auth-Token": "t"}, timeout=9).status_code != 200
            for _ in range(30)
        ]

    assert got == told


def test_conditions_are_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    match = {
        "method": "POST",
        "headers": {"X-A": {"absent": True}, "X-B": {"absent": False, "regex": "^b"}},
        "query": {"limit": {"min": 3, "max": 9.5}},
    }
    path = tmp_path / "told.yaml"
    path.write_text(yaml.safe_dump({"faults": [{"match": match, "error": "RDS.0011"}]}))

    assert main(["explain", str(path), "--calls", "1"]) == 0

    assert (
        "fault 1: only if method is POST, headers X-A is absent, headers X-B is there and matches '^b', "
        "query limit is at least 3 and is at most 9.5\n"
    ) in capsys.readouterr().out


def test_it_tells_when_an_outage_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out.yaml"
    path.write_text("outage: {between: [10m, 20m]}\n")

    def told(*options: str) -> str:
        main(["explain", str(path), "--calls", "2", "--operation", "list_manual_backups", *options])
        return capsys.readouterr().out.splitlines()[-1].strip()

    assert told() == "1-2  as usual"
    assert told("--at", "15m") == "1-2  CONNECTION_RESET_BY_PEER  [outage]"


def test_a_scenario_without_rules_has_nothing_to_tell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "default"]) == 0
    assert "all calls are answered as usual" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonesuch"], "nonesuch: no such file, and no scenario of that name"),
        (["default", "--at", "noon"], "--at: 'noon' is no moment"),
        (["default", "--calls", "0"], "--calls must be 1 to 100000"),
        (["default", "--operation", "list"], "--operation: unknown operation 'list'"),
        ([], "the following arguments are required: NAME|FILE"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mockrds: {message}")
