"""The ready file: a server removes its own, and touches no other."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from mockrds import MockRDS
from mockrds.cli.errors import UsageError
from mockrds.cli.ready_file import ReadyFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def mock() -> Iterator[MockRDS]:
    with MockRDS() as mock:
        yield mock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ready.json"


def as_of_another_process(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pid": os.getpid() + 1}))


def test_it_is_there_from_when_it_is_written_until_its_end(mock: MockRDS, path: Path) -> None:
    with ReadyFile(path) as ready_file:
        assert not path.exists()
        ready_file.write(mock)
        assert json.loads(path.read_text())["url"] == mock.url

    assert not path.exists()


def test_that_of_a_server_that_runs_is_refused_and_stays(mock: MockRDS, path: Path) -> None:
    with ReadyFile(path) as ready_file:
        ready_file.write(mock)
        as_of_another_process(path)
        text = path.read_text()

        with pytest.raises(UsageError, match=rf"is the ready file of a server that runs, process {os.getpid() + 1}"):
            ReadyFile(path)

        assert path.read_text() == text
    assert path.read_text() == text  # it is no longer ours


def test_that_of_a_server_that_is_gone_is_removed_at_the_start(path: Path) -> None:
    with MockRDS() as mock, ReadyFile(path) as ready_file:
        ready_file.write(mock)
        as_of_another_process(path)

    with ReadyFile(path):
        assert not path.exists()


def test_one_that_another_server_has_written_meanwhile_stays(mock: MockRDS, path: Path) -> None:
    with ReadyFile(path) as first, ReadyFile(path) as second:
        first.write(mock)
        second.write(mock)
        as_of_another_process(path)

    assert json.loads(path.read_text())["pid"] == os.getpid() + 1


def test_a_server_that_never_served_removes_nothing(mock: MockRDS, path: Path) -> None:
    with ReadyFile(path):
        path.write_text("somebody else's")

    assert path.read_text() == "somebody else's"


@pytest.mark.parametrize("text", ['{"mine": 1}', "[]", "notes", "1", '{"url": "http://x", "pid": 1}', "\xff"])
def test_a_file_that_is_no_ready_file_is_refused_and_stays(path: Path, text: str) -> None:
    path.write_text(text, encoding="latin-1")

    with pytest.raises(UsageError, match=r"ready.json is there, and is no ready file: give another path"):
        ReadyFile(path)

    assert path.read_text(encoding="latin-1") == text


def test_an_empty_file_is_written_over(mock: MockRDS, path: Path) -> None:
    path.touch()  # as mktemp makes it

    with ReadyFile(path) as ready_file:
        ready_file.write(mock)
        assert json.loads(path.read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_refused_and_stays(path: Path, kind: str) -> None:
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    mode = path.stat().st_mode

    with pytest.raises(UsageError, match="is no ready file"):
        ReadyFile(path)

    assert stat.S_IFMT(path.stat().st_mode) == stat.S_IFMT(mode)
