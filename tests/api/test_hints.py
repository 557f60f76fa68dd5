"""What a client's author is told in ``X-Mockrds-Hint``, and finds in the journal, besides the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.api import Api, Reply


def v3(api: Api, method: str, path: str, **request: Any) -> Reply:
    return api.call(method, f"{api.project.url}/v3/{api.project.id}{path}", **request)


def journal(api: Api) -> list[str]:
    return [entry.hint for entry in api.project.journal.entries()]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/instances", "id"),
        ("/backups", "instance_id"),
        ("/tasklist", "instance_id"),
        ("/schedule-tasks", "instance_id"),
    ],
)
def test_a_filter_that_is_the_id_of_a_node_finds_nothing_and_says_why(api: Api, path: str, query: str) -> None:
    instance = api.instance()

    reply = v3(api, "GET", path, params={query: instance.node_id})

    assert (reply.status, reply.body["total_count"]) == (200, 0)
    assert instance.node_id in reply.hint
    assert instance.id in reply.hint
    assert journal(api) == [reply.hint]
    assert v3(api, "GET", path, params={query: "0" * 32 + "in01"}).hint == ""


def test_query_parameters_that_the_reference_does_not_have_are_named(api: Api) -> None:
    instance = api.instance().id

    assert "'skip_cache'" in v3(api, "GET", "/backups", params={"instance_id": instance, "skip_cache": "1"}).hint
    assert "'limit'" in api.get("/backups", params={"limit": 1}).hint  # v1 has no pages
    assert "'x'" in v3(api, "POST", "/backups?x=1", json={"instance_id": instance, "name": "nightly"}).hint
    assert v3(api, "GET", "/backups", params={"instance_id": instance, "limit": 1}).hint == ""
    assert api.get("/backups").hint == ""


def test_a_body_is_hinted_at_before_the_query(api: Api) -> None:
    instance = api.instance().id

    field = v3(api, "POST", "/backups?x=1", json={"instance_id": instance, "name": "nightly", "size": 1})
    api.project.clock.advance("1m")
    body = json.dumps({"instance_id": instance, "name": "weekly"})
    untyped = v3(api, "POST", "/backups", data=body)

    assert "'size'" in field.hint
    assert "Content-Type" in untyped.hint
    assert [untyped.status, *journal(api)] == [200, field.hint, untyped.hint]


def test_a_pattern_says_what_it_may_be(api: Api) -> None:
    reply = v3(api, "GET", "/instances", params={"name": "*"})

    assert (reply.status, reply.body["error_code"]) == (400, "DBS.280001")
    assert "* and a part" in reply.hint
