"""A replay token brings the same run again, byte for byte."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mockrds import MockRDS
from mockrds.replay import Replay

if TYPE_CHECKING:
    from mockrds.project import Project

SCENARIO: dict[str, Any] = {
    "name": "chancy",
    "clock": {"mode": "frozen"},
    "world": {
        "instances": [{"name": "orders"}, {"name": "ledger"}],
        "backups": [{"name": "old1", "instance": "orders"}],
    },
    "lifecycle": {"backup": {"seconds": {"uniform": {"lower": 1, "upper": 100}}}},
    "rate_limits": [{"operation": "delete_manual_backup", "limit": 2}],
    "outage": {"between": ["1h", "2h"]},
    "faults": [
        {"operation": "list_manual_backups", "probability": 0.5, "error": "RDS.0011"},
        {"operation": "create_manual_backup", "sequence": [503, "ok", {"fault": {"limit_data": 99}}, "RDS.0005"]},
        {"operation": "create_manual_backup", "visible_after": "1 look", "between": ["0s", "1d"]},
    ],
}


def run(project: Project) -> list[Any]:
    """A run with chance in it: all bytes that came back."""
    body = {"backup": {"name": "nightly", "instance": project.instances[1].node_id}}
    came: list[Any] = []
    with requests.Session() as session:
        for call in range(24):
            method = ("POST", "GET", "GET")[call % 3]
            try:
                reply = session.request(
                    method, f"{project.v1_url}/backups", headers={"X-Auth-Token": project.token}, json=body, timeout=9
                )
                came.append((reply.status_code, dict(reply.headers), reply.content))
            except requests.ConnectionError as error:
                came.append(type(error))
            project.clock.advance("7s")
    return [*came, project.token]


def test_a_token_brings_the_same_run_again() -> None:
    with MockRDS(SCENARIO, seed=7) as mock:
        first = mock.project()
        token = first.replay
        expected = run(first)
        other = run(mock.project())
    with MockRDS(replay=token) as mock:
        project = mock.project(id=first.id)
        assert (project.name, project.seed) == (first.name, 7)
        assert run(project) == expected != other
    with MockRDS(seed=7) as mock:
        assert run(mock.project(replay=token)) == expected


def test_a_token_is_the_same_after_the_run_and_after_a_replay() -> None:
    with MockRDS(SCENARIO, seed=7) as mock:
        project = mock.project()
        token = project.replay
        run(project)
        assert project.replay == token
        project.reset()
        assert project.replay == token
    assert MockRDS(replay=token).simulator.default.replay == token


def test_a_default_server_has_a_short_token() -> None:
    token = MockRDS(clock="frozen@2026-01-31T22:00:00Z").simulator.default.replay

    assert len(token) < 300
    assert Replay.of(token).clock == {"mode": "frozen", "at": "2026-01-31T22:00:00.000000Z"}
    assert Replay.of(f"MOCKRDS_REPLAY={token}\n") == Replay.of(token)


@pytest.mark.parametrize("text", ["", "1.", "1.xyz", "nonsense", "1." + "A" * 100, "é"])
def test_a_text_that_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="copy all that a server printed after MOCKRDS_REPLAY="):
        MockRDS(replay=text)


@pytest.mark.parametrize("besides", [{"seed": 1}, {"scenario": "default"}, {"clock": "real"}])
def test_what_the_token_says_is_not_to_be_said_besides(besides: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="come from the replay token: leave them out"):
        MockRDS(replay=MockRDS().simulator.default.replay, **besides)


@pytest.mark.slow
def test_the_command_line_says_what_is_wrong_with_a_token() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mockrds", "--port", "0"],
        env={"MOCKRDS_REPLAY": "nonsense"}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mockrds: the replay token can't be read: copy all")
