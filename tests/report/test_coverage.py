"""Coverage of the error catalogue: what is documented, what counts as met, and how it is summed up."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
import requests

from mockrds.domain.errors import CATALOGUE
from mockrds.domain.operations import OPERATIONS
from mockrds.report.coverage import Coverage, add, load, met, save
from mockrds.report.documented import ENDINGS, ERRORS, GATEWAY

if TYPE_CHECKING:
    from pathlib import Path

    from support.api import Api, Connect

    from mockrds.report.coverage import Met


def met_by(api: Api) -> Met:
    return met(api.project.journal.entries())


def test_the_table_speaks_of_what_there_is() -> None:
    assert ERRORS.keys() == ENDINGS.keys() <= OPERATIONS.keys()
    for operation, codes in ERRORS.items():
        prefix = "RDS." if operation.startswith("v1.") else "DBS."
        assert len(codes) == len(set(codes))
        assert all(code in CATALOGUE and (code.startswith(prefix) or code in GATEWAY) for code in codes)


def test_each_code_can_be_met_and_is_counted(api: Api) -> None:
    paths = {
        operation: re.sub(r"{(?!project_id)\w+}", "x", OPERATIONS[operation].path).format(project_id=api.project.id)
        for operation in ERRORS
    }
    # Operations that share a path are told apart by their bodies; to be refused by a fault, one of each will do.
    bodies: dict[str, Any] = {
        "v1.restore_to_original": {"restore": {}},
        "v1.restore_to_new_instance": {"instance": {"restorePoint": {}}},
        "v3.restore_to_new_instance": {"restore_point": {}},
    }
    for operation, codes in ERRORS.items():
        for code in codes:
            api.project.faults.add(operation=operation, error=code, times=1)
            method = OPERATIONS[operation].method
            reply = requests.request(
                method,
                api.project.url + paths[operation],
                json=bodies.get(operation),
                headers={"X-Auth-Token": api.token},
                timeout=10,
            )
            assert reply.status_code >= 400, (operation, code)

    coverage = Coverage(met_by(api))

    assert coverage.uncalled == ()
    assert [row for row in coverage.rows if row.missing_errors or row.others] == []


def test_errors_and_endings_count_that_the_client_saw(connect: Connect) -> None:
    api = connect({"lifecycle": {"backup": {"outcome": "FAILED"}}})
    api.create(name="no")
    api.create(name="fails")
    api.get("/backups")
    api.project.clock.advance("1h")
    api.get("/backups")

    assert met_by(api) == {
        "v1.create_manual_backup": {"errors": {"RDS.5044": 1}, "endings": {"answered": 1, "FAILED": 1}},
        "v1.list_manual_backups": {"errors": {}, "endings": {"answered": 2, "BUILDING": 1, "FAILED": 1}},
    }


def test_a_backup_ends_for_the_operation_that_made_it_whichever_family_shows_it(api: Api) -> None:
    api.completed()
    api.call("GET", f"{api.project.v3_url}/backups?instance_id={api.instance().id}")

    found = met_by(api)

    assert found["v1.create_manual_backup"]["endings"] == {"answered": 1, "COMPLETED": 1}
    assert found["v3.list_backups"]["endings"] == {"answered": 1, "COMPLETED": 1}


def test_a_job_ends_for_the_operation_that_began_it(connect: Connect) -> None:
    api = connect({"lifecycle": {"restore": {"seconds": "10m"}}})
    key = api.completed()
    instance = api.instance().id
    asked = {"source": {"instance_id": instance, "backup_id": key}, "target": {"instance_id": instance}}
    restored = api.call("POST", f"{api.project.v3_url}/instances/recovery", json=asked)
    job = f"{api.project.v3_url}/jobs?id={restored.body['job_id']}"
    api.call("GET", job)  # too early: it is not found yet
    api.project.clock.advance("5s")
    api.call("GET", job)
    api.project.clock.advance("1d")
    api.call("GET", job)

    found = met_by(api)

    assert found["v3.restore_to_existing_instance"]["endings"] == {"answered": 1, "Completed": 1}
    assert found["v3.get_job"]["endings"] == {"answered": 2, "Running": 1, "Completed": 1}


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        ({"fault": "CONNECTION_RESET_BY_PEER"}, "reset"),
        ({"fault": "EMPTY_RESPONSE"}, "closed"),
        ({"fault": {"timeout": 0}}, "timed out"),
        ({"fault": "MALFORMED_RESPONSE_CHUNK"}, "damaged"),
    ],
)
def test_answers_that_do_not_arrive_are_endings(api: Api, fault: dict[str, Any], ending: str) -> None:
    api.project.faults.add(operation="list_manual_backups", **fault)
    with requests.Session() as session:
        session.headers["X-Auth-Token"] = str(api.token)
        with pytest.raises(requests.RequestException):
            session.get(f"{api.project.v1_url}/backups", timeout=0.2)
    for _ in range(100):  # the server notices a moment later that a client has left
        if api.project.journal.entries()[0].done is not None:
            break
        api.call("GET", f"{api.project.url}/__mockrds/live")

    assert met_by(api) == {"v1.list_manual_backups": {"errors": {}, "endings": {ending: 1}}}


def test_an_answer_without_a_code_counts_besides(api: Api) -> None:
    api.project.faults.add(operation="list_manual_backups", response={"status": 502, "body": "<html>"})
    requests.get(f"{api.project.v1_url}/backups", headers={"X-Auth-Token": api.token}, timeout=10)

    [row] = Coverage(met_by(api)).rows

    assert (row.errors, row.others) == ((), ("HTTP 502",))


def test_the_percentage_is_of_the_operations_that_were_called() -> None:
    found: Met = {"v1.get_backup_policy": {"errors": {"RDS.0002": 3, "RDS.9999": 1}, "endings": {"answered": 1}}}
    of = len(ERRORS["v1.get_backup_policy"]) + len(ENDINGS["v1.get_backup_policy"])

    coverage = Coverage(found)

    assert coverage.percent == pytest.approx(100 * 2 / of)
    assert len(coverage.uncalled) == len(ERRORS) - 1
    lines = list(coverage.lines(missing=True))
    assert lines[1] == "v1.get_backup_policy      1/7      1/5"
    assert "RDS.0056" in lines[2]
    assert "reset" in lines[3]
    assert lines[4] == "    met besides: RDS.9999"
    assert Coverage({}).percent == 0


def test_sums() -> None:
    one: Met = {"v1.get_job": {"errors": {"a": 1}, "endings": {}}}
    two: Met = {"v1.get_job": {"errors": {"a": 2, "b": 1}, "endings": {"c": 1}}, "x": {"errors": {}, "endings": {}}}

    assert add(one, two) == {
        "v1.get_job": {"errors": {"a": 3, "b": 1}, "endings": {"c": 1}}, "x": {"errors": {}, "endings": {}},
    }  # fmt: skip
    assert add() == {}


def test_a_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    found: Met = {"v1.get_backup_policy": {"errors": {"RDS.0002": 3}, "endings": {"answered": 1}}}
    file = tmp_path / "coverage.json"

    assert load(file) == ({}, 0)
    save(file, found, 2)
    assert load(file) == (found, 2)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"mockrds-coverage": {"runs": 1}, "operations": {"v1.x": {}}}', "\xff"]
)
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "coverage.json"
    file.write_bytes(text.encode("latin-1"))

    with pytest.raises(ValueError, match=r"coverage\.json is no coverage of mockrds: remove it, or name another file"):
        load(file)


def test_a_file_is_written_without_a_moment_in_which_others_lack_their_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0o027)
    monkeypatch.setattr("os.umask", Mock(side_effect=AssertionError("other threads make files, too")))
    try:
        save(tmp_path / "coverage.json", {}, 1)
    finally:
        monkeypatch.undo()
        os.umask(before)

    assert (tmp_path / "coverage.json").stat().st_mode & 0o777 == 0o640


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "coverage.json"
    save(file, {}, 1)
    before = file.read_text()

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="the disk is full"):
        save(file, {}, 2)

    assert file.read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["coverage.json"]
    assert json.loads(before)["mockrds-coverage"]["runs"] == 1
