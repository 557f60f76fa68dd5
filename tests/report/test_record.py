"""The record of a project: the same here and from afar, and plain JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from support.sample_records import records

from mockrds.client import RemoteServer
from mockrds.report import render, write

if TYPE_CHECKING:
    from pathlib import Path

    from support.api import Api


@pytest.fixture
def row() -> dict[str, Any]:
    return records()[0]


@pytest.fixture
def idle() -> dict[str, Any]:
    return records()[1]


def test_a_record_tells_what_happened(row: dict[str, Any]) -> None:
    assert row["test"] == "tests/test_backup.py::TestNightly::test_lost[mysql]"
    assert [entry["operation"] for entry in row["entries"]] == [
        *["v1.create_manual_backup"] * 3, *["v1.list_manual_backups"] * 2, "v1.create_manual_backup",
    ]  # fmt: skip
    assert {(backup["name"], backup["status"]) for backup in row["backups"]} == {
        ("nightly-0", "COMPLETED"), ("nightly-2", "COMPLETED"),
    }  # fmt: skip
    assert [(fault["fired"], fault["completed"]) for fault in row["faults"]] == [(1, True), (1, True), (0, False)]
    assert all("sample_records.py:" in fault["source"] for fault in row["faults"])
    assert {finding["kind"] for finding in row["verdict"]["findings"]} >= {"duplicate-backups", "retry-after-ignored"}
    assert (row["total"], row["in_flight"], row["internal_errors"]) == (6, 0, [])


def test_it_has_no_headers_and_so_no_secrets(row: dict[str, Any]) -> None:
    assert not {"headers", "decision"} & set().union(*row["entries"])


def test_long_bodies_are_cut(api: Api) -> None:
    requests.post(f"{api.project.v1_url}/backups", data="x" * 4000, headers={"X-Auth-Token": api.token}, timeout=10)

    [entry] = api.project.recorded()["entries"]

    assert len(entry["body"]) == 1025


def test_a_project_elsewhere_has_the_same_record(api: Api) -> None:
    api.create()
    api.create()
    remote = RemoteServer(api.project.url).project(id=api.project.id)

    here = api.project.recorded()

    assert len(here["entries"]) == 2
    assert remote.recorded() == here
    assert list(here)[:4] == ["test", "outcome", "message", "duration"]


def test_json_gives_the_records_back(row: dict[str, Any], idle: dict[str, Any], tmp_path: Path) -> None:
    write([row, idle], tmp_path / "made" / "report.json")

    assert json.loads((tmp_path / "made" / "report.json").read_text())["records"] == [row, idle]
    assert render([row, idle], "json").isascii()
