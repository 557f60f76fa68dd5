"""API v3: the tags of an instance, and of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.api import Api, Reply


def call(api: Api, method: str, path: str, body: object = None) -> Reply:
    return api.call(method, f"{api.project.url}/v3/{api.project.id}{path}", json=body)


def change(api: Api, action: str, *tags: tuple[str, str], role: str = "primary") -> None:
    body = {"action": action, "tags": [{"key": key, "value": value} for key, value in tags]}
    reply = call(api, "POST", f"/instances/{api.instance(role).id}/tags/action", body)
    assert (reply.status, reply.text) == (200, "")


def listed(api: Api, role: str = "primary") -> Reply:
    return call(api, "GET", f"/instances/{api.instance(role).id}/tags")


def of_project(api: Api) -> dict[str, list[str]]:
    reply = call(api, "GET", "/tags")
    assert (reply.status, list(reply.body)) == (200, ["tags"])
    return {tag["key"]: tag["values"] for tag in reply.body["tags"]}


def test_tags_are_listed(api: Api) -> None:
    assert listed(api).answer == (200, {"tags": []})
    change(api, "create", ("key1", "value1"), ("key2", ""))

    tags = [
        {"key": "key1", "value": "value1", "tag_type": "user"},
        {"key": "key2", "value": "", "tag_type": "user"},
    ]
    assert listed(api).answer == (200, {"tags": tags})
    assert listed(api, "pair").answer == (200, {"tags": []})
    change(api, "delete", ("key1", "value1"))
    assert listed(api).answer == (200, {"tags": tags[1:]})


def test_api_v1_has_the_same_tags(api: Api) -> None:
    change(api, "create", ("key1", "value1"))
    url = f"{api.project.url}/v1/{api.project.id}/rds/{api.node()}/tags"

    assert api.call("GET", url).body == {"tags": [{"key": "key1", "value": "value1"}]}
    api.call("POST", url, json={"tag": {"key": "key2", "value": "value2"}})
    assert [tag["key"] for tag in listed(api).body["tags"]] == ["key1", "key2"]
    assert of_project(api) == {"key1": ["value1"], "key2": ["value2"]}


def test_the_tags_of_a_project_are_those_of_its_instances(api: Api) -> None:
    assert of_project(api) == {}
    change(api, "create", ("key1", "a"), ("key2", "x"))
    change(api, "create", ("key1", "b"), role="pair")
    change(api, "create", ("key1", "a"), role="sqlserver")

    assert of_project(api) == {"key1": ["a", "b"], "key2": ["x"]}


def test_tags_go_with_their_instance(api: Api) -> None:
    change(api, "create", ("key1", "b"), role="pair")
    call(api, "DELETE", f"/instances/{api.instance('pair').id}")

    assert of_project(api) == {"key1": ["b"]}
    api.project.clock.advance("3s")
    assert of_project(api) == {}


def test_an_instance_that_is_not_there_has_no_tags(api: Api) -> None:
    missing, malformed = (call(api, "GET", f"/instances/{each}/tags") for each in ("0" * 32 + "in01", "x"))

    assert (missing.status, missing.body["error_code"]) == (404, "DBS.200002")
    assert (malformed.status, malformed.body["error_code"]) == (400, "DBS.280404")
