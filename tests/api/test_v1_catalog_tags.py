"""API v1: database versions, instance classes and tags; and the documents that tell which versions the API has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.api import Api, Reply

    from mockrds.server import MockRDS

    Refusal = Callable[..., tuple[int, dict[str, str]]]

DATASTORE_EXAMPLE = json.loads("""{
    "id": "e8a8b8cc-63f8-4fb5-8d4a-24c502317a62",
    "name": "5.7.33",
    "datastore": "736270b9-27c7-4f03-823b-447d8245e1c2",
    "image": "36bdc308-0389-4830-8813-4a98d62b97de",
    "packages": "MySQL-server-5.7.33",
    "active": 1
}""")
FLAVOR_EXAMPLE = json.loads("""{
    "id": "bf07a6d4-844a-4023-a776-fc5c5fb71fb4",
    "name": "OTC_MYHP_LARGE",
    "ram": 4096,
    "specCode": "rds.mysql.n1.large"
}""")
V1 = {"id": "v1", "links": [], "status": "CURRENT", "updated": "2017-02-07T17:34:02Z"}
V3 = {"id": "v3", "links": [], "status": "CURRENT", "updated": "2019-01-15T12:00:00Z"}


def trove(rel: str) -> dict[str, Any]:
    return {
        "id": "v1.0",
        "links": [{"href": "", "rel": rel}],
        "status": "CURRENT",
        "updated": "2017-03-23T17:34:02Z",
    }


# Database versions


def test_versions_have_the_keys_of_the_documented_example_and_its_ids(api: Api, shape: Callable[[Any], Any]) -> None:
    reply = api.get("/datastores/MySQL/versions")
    rows = reply.body["dataStores"]
    assert (reply.status, list(reply.body)) == (200, ["dataStores"])
    assert {str(shape(row)) for row in rows} == {str(shape(DATASTORE_EXAMPLE))}
    (row,) = (row for row in rows if row["name"] == "5.7.33")
    assert row == DATASTORE_EXAMPLE | {"datastore": row["datastore"], "image": row["image"]}
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("role", ["primary", "pair", "sqlserver"])
def test_a_backup_names_one_of_the_listed_versions(api: Api, role: str) -> None:
    store = api.create(instance=api.node(role)).body["backup"]["dataStore"]
    rows = api.get(f"/datastores/{store['type']}/versions").body["dataStores"]
    assert (store["version_id"], store["version"]) in [(row["id"], row["name"]) for row in rows]


@pytest.mark.parametrize("engine", ["mysql", "MariaDB", "5.7"])
def test_an_unknown_engine_has_no_versions(api: Api, refusal: Refusal, engine: str) -> None:
    assert api.get(f"/datastores/{engine}/versions").answer == refusal("RDS.5002")


# Instance classes


@pytest.mark.parametrize(
    ("role", "prefix"), [("primary", "rds.mysql."), ("pair", "rds.pg."), ("sqlserver", "rds.mssql.")]
)
def test_classes_of_an_engine_have_the_keys_of_the_documented_example(
    api: Api, shape: Callable[[Any], Any], role: str, prefix: str
) -> None:
    version = api.instance(role).datastore.version_id
    reply = api.get("/flavors", params={"dbId": version, "region": "eu-de"})
    rows = reply.body["flavors"]
    assert (reply.status, list(reply.body)) == (200, ["flavors"])
    assert {str(shape(row)) for row in rows} == {str(shape(FLAVOR_EXAMPLE))}
    assert all(row["specCode"].startswith(prefix) for row in rows)
    assert [api.get(f"/flavors/{row['id']}").answer for row in rows] == [(200, {"flavor": row}) for row in rows]


def test_the_documented_class_is_there(api: Api) -> None:
    assert api.get(f"/flavors/{FLAVOR_EXAMPLE['id']}").answer == (200, {"flavor": FLAVOR_EXAMPLE})


@pytest.mark.parametrize(
    ("query", "code"),
    [
        pytest.param({}, "RDS.0001", id="neither"),
        pytest.param({"region": "eu-de"}, "RDS.0001", id="no-version"),
        pytest.param({"dbId": DATASTORE_EXAMPLE["id"]}, "RDS.0001", id="no-region"),
        pytest.param({"dbId": DATASTORE_EXAMPLE["id"], "region": "eu-nl"}, "RDS.5010", id="other-region"),
        pytest.param({"dbId": FLAVOR_EXAMPLE["id"], "region": "eu-de"}, "RDS.5036", id="unknown-version"),
    ],
)
def test_classes_are_asked_for_by_version_and_region(
    api: Api, refusal: Refusal, query: dict[str, str], code: str
) -> None:
    assert api.get("/flavors", params=query).answer == refusal(code)


def test_an_unknown_class_is_not_found(api: Api, refusal: Refusal) -> None:
    assert api.get(f"/flavors/{DATASTORE_EXAMPLE['id']}").answer == refusal("RDS.5007")


# Tags


def tags(api: Api, method: str, document: object = None, node: str = "primary") -> Reply:
    url = f"{api.project.url}/v1/{api.project.id}/rds/{api.node(node)}/tags"
    return api.call(method, url, json=document)


def add_tag(api: Api, key: object = "ENV", value: object = "DEV", node: str = "primary") -> Reply:
    tag = {"key": key, "value": value}
    return tags(api, "POST", {"tag": {name: text for name, text in tag.items() if text is not ...}}, node)


def test_tags_are_added_overwritten_listed_and_removed(api: Api) -> None:
    assert tags(api, "GET").answer == (200, {"tags": []})
    assert add_tag(api, "key1", "value1").answer == (200, {})
    add_tag(api, "key2", "value2")
    add_tag(api, "key2", "value3")
    listed = {"tags": [{"key": "key1", "value": "value1"}, {"key": "key2", "value": "value3"}]}
    assert tags(api, "GET").answer == (200, listed)
    removed = tags(api, "DELETE", {"key": "key1"})
    assert (removed.status, removed.text) == (200, "")
    assert tags(api, "DELETE", {"key": "key1"}).status == 200
    assert tags(api, "GET").answer == (200, {"tags": listed["tags"][1:]})


@pytest.mark.parametrize(
    ("key", "value"),
    [("k", ""), ("k" * 36, "v" * 43), ("世" * 36, "界" * 43), ("a b.c:d/e+@-_", "!&'\"")],
    ids=["shortest", "longest", "longest-in-characters", "special-characters"],
)
def test_tags_may_be_as_long_as_documented(api: Api, key: str, value: str) -> None:
    assert add_tag(api, key, value).answer == (200, {})
    assert tags(api, "GET").answer == (200, {"tags": [{"key": key, "value": value}]})


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param({"key": ...}, id="key-missing"),
        pytest.param({"key": None}, id="key-null"),
        pytest.param({"key": 1}, id="key-number"),
        pytest.param({"key": ""}, id="key-empty"),
        pytest.param({"key": "k" * 37}, id="key-37"),
        pytest.param({"value": ...}, id="value-missing"),
        pytest.param({"value": None}, id="value-null"),
        pytest.param({"value": 1}, id="value-number"),
        pytest.param({"value": "v" * 44}, id="value-44"),
        *(pytest.param({"key": f"a{c}"}, id=f"key-U+{ord(c):04X}") for c in "\0\t\n\x1f*<>\\="),
        *(pytest.param({"value": f"a{c}"}, id=f"value-U+{ord(c):04X}") for c in "\0\t\n\x1f*<>\\="),
    ],
)
def test_any_other_tag_is_refused(api: Api, refusal: Refusal, tag: dict[str, Any]) -> None:
    assert add_tag(api, **tag).answer == refusal("RDS.0001")
    assert tags(api, "GET").answer == (200, {"tags": []})


@pytest.mark.parametrize(
    ("method", "document", "code"),
    [
        ("POST", None, "RDS.0006"),
        ("POST", {}, "RDS.0001"),
        ("POST", {"Tag": {}}, "RDS.0017"),
        ("POST", {"tag": {"Key": "ENV", "value": "DEV"}}, "RDS.0017"),
        ("DELETE", None, "RDS.0006"),
        ("DELETE", {}, "RDS.0001"),
        ("DELETE", {"KEY": "ENV"}, "RDS.0017"),
    ],
)
def test_a_body_that_is_about_no_tag_is_refused(
    api: Api, refusal: Refusal, method: str, document: object, code: str
) -> None:
    assert tags(api, method, document).answer == refusal(code)


def test_an_instance_has_twenty_tags_at_most(api: Api, refusal: Refusal) -> None:
    for i in range(20):
        assert add_tag(api, f"key{i}").status == 200
    assert add_tag(api, "key20").answer == refusal("RDS.0062")
    assert add_tag(api, "key19", "new").status == 200
    assert add_tag(api, node="pair").status == 200


@pytest.mark.parametrize(
    ("node", "code"), [("unknown", "RDS.0002"), ("instance id", "RDS.0002"), ("standby", "RDS.0056")]
)
def test_neither_a_standby_nor_an_unknown_instance_has_tags(api: Api, refusal: Refusal, node: str, code: str) -> None:
    replies = [tags(api, "GET", node=node), add_tag(api, node=node), tags(api, "DELETE", {"key": "ENV"}, node)]
    assert [reply.answer for reply in replies] == [refusal(code)] * 3


# Version documents


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/rds", {"versions": [V1, trove("v1.0"), V3]}),
        ("/rds/", {"versions": [V1, trove("v1.0"), V3]}),
        ("/rds/v1", {"version": V1, "versions": V1}),
        ("/rds/v1.0", {"version": trove("v1.0"), "versions": trove("v1.0")}),
        ("/rds/v3", {"version": V3, "versions": V3}),
        ("/v1.0", {"version": trove("self"), "versions": trove("self")}),
    ],
)
def test_versions_are_told_to_everyone_as_documented(server: MockRDS, path: str, document: dict[str, Any]) -> None:
    response = requests.get(server.url + path, timeout=60)
    assert (response.status_code, response.json()) == (200, document)


@pytest.mark.parametrize("version", ["v2", "V1", "v1.1"])
def test_an_unknown_version_is_not_found(api: Api, refusal: Refusal, version: str) -> None:
    assert api.call("GET", f"{api.project.url}/rds/{version}").answer == refusal("APIGW.0101")
