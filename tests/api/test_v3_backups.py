"""API v3: what the pages about backups forbid and allow, as far as no other test has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.api import Api, Reply

PARAMETER = (400, "DBS.280001")
NAMES = (400, "DBS.201035")


def call(api: Api, method: str, path: str, version: str = "v3", **request: Any) -> Reply:
    return api.call(method, f"{api.project.url}/{version}/{api.project.id}{path}", **request)


def refused(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.body["error_code"]


@pytest.mark.parametrize("count", [0, 51])
def test_a_batch_has_one_to_fifty_backups(api: Api, count: int) -> None:
    reply = call(api, "POST", "/backups/batch-delete", json={"backup_ids": ["0" * 32 + "br04"] * count})

    assert refused(reply) == PARAMETER


def restore(api: Api, names: dict[str, str]) -> Reply:
    """Restore a SQL Server instance to itself, with new names for its databases."""
    instance = api.instance("sqlserver")
    backup = call(api, "POST", "/backups", json={"instance_id": instance.id, "name": "before"}).body["backup"]
    api.project.clock.advance("3s")
    source = {"instance_id": instance.id, "backup_id": backup["id"], "database_name": names}
    body = {"source": source, "target": {"instance_id": instance.id}}
    return call(api, "POST", "/instances/recovery", "v3.1", json=body)


@pytest.mark.parametrize("names", [{"A": "A,A1,A2", "B": "B1,B2", "C": ""}, {"db1": "dbtest1", "db3": ""}])
def test_databases_get_new_names(api: Api, names: dict[str, str]) -> None:
    assert restore(api, names).status == 202


@pytest.mark.parametrize(
    ("names", "answer"),
    [
        pytest.param({"A": "A", "B": "B1"}, NAMES, id="its own"),
        pytest.param({"A": "B", "B": "B1"}, NAMES, id="that of another"),
        pytest.param({"A": "A,A"}, NAMES, id="its own twice"),
        pytest.param({"B": "B1,B2", "C": "B1,C1"}, NAMES, id="twice"),
        pytest.param({"D": "D1,d1"}, NAMES, id="twice, as letter case makes no difference"),
        pytest.param({"A": "a"}, NAMES, id="its own in another letter case"),
        pytest.param({"A": "Master"}, PARAMETER, id="reserved"),
        pytest.param({"A": "my_rdsadmin_1"}, PARAMETER, id="reserved in it"),
        pytest.param({"A": "A 1"}, PARAMETER, id="a space"),
        pytest.param({"A": "x" * 65}, PARAMETER, id="too long"),
    ],
)
def test_new_names_keep_the_rules(api: Api, names: dict[str, str], answer: tuple[int, str]) -> None:
    assert refused(restore(api, names)) == answer
