"""What clients do one after the other: waiting, paging, looking up, signing in."""

from __future__ import annotations

import hashlib
import hmac
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest
from support.strict_client import StrictClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.api import Connect

    from mockrds import MockRDS

NONE = {"backups": [], "total_count": 0}
USER = {"name": "user", "password": "pw", "domain": {"name": "OTC00000000001000000001"}}


def sign_in(scope: Any = None, user: dict[str, Any] = USER, **more: Any) -> dict[str, Any]:
    identity = {"methods": ["password"], "password": {"user": user}} | more
    return {"auth": {"identity": identity} | ({"scope": scope} if scope else {})}


@pytest.fixture
def wire(connect: Connect, strict: MockRDS) -> Iterator[StrictClient]:
    yield from StrictClient.checked(connect(to=strict).project)


# The life of a backup


def test_a_backup_is_building_then_completed_then_deleting_then_gone(wire: StrictClient) -> None:
    made = wire.ask("POST", "/v3/<P>/backups", {"instance_id": "<mysql>", "name": "nightly"}).content["backup"]
    one, path = f"/v3/<P>/backups?backup_id={made['id']}&instance_id=<mysql>", f"/v3/<P>/backups/{made['id']}"

    seen = [made["status"], wire.ask("GET", one).content["backups"][0]["status"]]
    wire.project.clock.advance("3s")
    seen.append(wire.ask("GET", one).content["backups"][0]["status"])
    deleted = wire.ask("DELETE", path)
    seen += [wire.ask("GET", one).content["backups"][0]["status"] for _ in range(3)]
    wire.project.clock.advance("1s")
    second = wire.ask("DELETE", path)
    seen.append(wire.ask("GET", one).content["backups"][0]["status"])
    wire.project.clock.advance("5s")
    gone = wire.ask("GET", one)
    third = wire.ask("DELETE", path)

    assert seen == ["BUILDING", "BUILDING", "COMPLETED", *["DELETING"] * 4]
    assert deleted.status == 200
    assert (second.status, second.content["error_code"]) == (400, "DBS.201014")
    assert (gone.status, gone.content) == (200, NONE)
    assert (third.status, third.content["error_code"]) == (404, "DBS.201010")


def test_the_instance_is_active_before_and_after_a_backup(wire: StrictClient) -> None:
    def status() -> str:
        return str(wire.ask("GET", "/v3/<P>/instances?id=<mysql>").content["instances"][0]["status"])

    before = status()
    wire.backup()

    assert (before, status()) == ("ACTIVE", "ACTIVE")


# Looking up


@pytest.mark.parametrize(
    "query",
    [
        "instance_id=<mysql>&backup_id=no-such-name",
        f"instance_id=<mysql>&backup_id={'0' * 32}br01",
        "instance_id=<mysql>&backup_id=00000000-0000-4000-8000-000000000000",
        f"instance_id={'0' * 32}in01",
        "instance_id=<pg>",
    ],
)
def test_what_is_not_there_is_an_empty_list(wire: StrictClient, query: str) -> None:
    answer = wire.ask("GET", f"/v3/<P>/backups?{query}")

    assert (answer.status, answer.content) == (200, NONE)


@pytest.mark.parametrize("query", ["id=mysql-single", "id=x%20y", f"id={'0' * 32}in01", "name=no-such"])
def test_an_instance_that_is_not_there_is_an_empty_list(wire: StrictClient, query: str) -> None:
    answer = wire.ask("GET", f"/v3/<P>/instances?{query}")

    assert (answer.status, answer.content) == (200, {"instances": [], "total_count": 0})


def test_terraform_imports_a_backup_without_its_instance(wire: StrictClient) -> None:
    wire.backup()

    answer = wire.ask("GET", "/v3/<P>/backups?backup_id=<backup>")

    assert [(each["id"], each["instance_id"]) for each in answer.content["backups"]] == [
        (wire.names["backup"], wire.names["mysql"])
    ]


def test_parameters_that_nobody_knows_are_ignored(wire: StrictClient) -> None:
    wire.backup()

    plain, more = (wire.ask("GET", f"/v3/<P>/backups?instance_id=<mysql>{query}") for query in ("", "&skip_cache=True"))

    assert plain.content == more.content
    assert plain.content["total_count"] == 1


# Pages


@pytest.mark.parametrize("limit", ["", "&limit=2"])
def test_a_page_beyond_the_last_is_empty_and_has_the_total(wire: StrictClient, limit: str) -> None:
    for number in range(3):
        wire.backup(f"nightly-{number}")

    first, beyond = (
        wire.ask("GET", f"/v3/<P>/backups?instance_id=<mysql>{limit}{offset}").content for offset in ("", "&offset=3")
    )

    assert [each["name"] for each in first["backups"]] == ["nightly-2", "nightly-1", "nightly-0"][: 2 if limit else 3]
    assert (first["total_count"], beyond) == (3, {"backups": [], "total_count": 3})


def test_instances_have_pages_too(wire: StrictClient) -> None:
    pages = [wire.ask("GET", f"/v3/<P>/instances?offset={offset}&limit=3").content for offset in (0, 3, 4)]

    assert [len(page["instances"]) for page in pages] == [3, 1, 0]
    assert {page["total_count"] for page in pages} == {4}


# Signing in


@pytest.mark.parametrize(
    "scope",
    [
        {"project": {"name": "<name>"}},
        {"project": {"name": "<name>", "domain": {"name": "OTC00000000001000000001"}}},
        {"project": {"name": "<name>", "domain": {"id": "default"}}},
        {"project": {"id": "<P>"}},
    ],
    ids=["name", "domain's name", "domain's id", "id"],
)
def test_a_token_has_what_go_clients_read(wire: StrictClient, scope: Any) -> None:
    wire.names["name"] = wire.project.name
    answer = wire.ask("POST", "/v3/auth/tokens", sign_in(scope))

    token = answer.content["token"]
    assert answer.status == 201
    assert answer.headers["x-subject-token"]
    assert (token["project"]["id"], token["project"]["name"]) == (wire.project.id, wire.project.name)
    assert token["expires_at"].endswith("Z")
    assert wire.ask("GET", "/v3/auth/tokens", X_Subject_Token=answer.headers["x-subject-token"]).status == 200
    assert token["catalog"] == wire.ask("GET", "/v3/auth/catalog").content["catalog"]


def test_the_catalog_leads_each_client_to_its_api(wire: StrictClient) -> None:
    catalog = wire.ask("GET", "/v3/auth/catalog").content["catalog"]

    urls = {}
    for service in catalog:
        [endpoint] = service["endpoints"]
        assert (endpoint["interface"], endpoint["region"], endpoint["region_id"]) == ("public", "eu-de", "eu-de")
        urls[service["type"]] = endpoint["url"].removeprefix(wire.project.url)
    assert urls == {
        "identity": "/v3",
        "rdsv3": f"/v3/{wire.project.id}",
        "rdsv1": f"/rds/v1/{wire.project.id}",
        "rds": f"/rds/v1/{wire.project.id}",
        "database": f"/v1.0/{wire.project.id}",
        "network": "/",
        "compute": f"/v2.1/{wire.project.id}",
    }


def test_terraform_signs_in_to_the_domain_besides(wire: StrictClient) -> None:
    answer = wire.ask("POST", "/v3/auth/tokens", sign_in({"domain": {"name": "OTC00000000001000000001"}}))

    assert (answer.status, answer.content["token"]["domain"]["name"]) == (201, "OTC00000000001000000001")
    assert answer.content["token"]["catalog"] == []
    assert "project" not in answer.content["token"]


def test_a_wrong_sign_in_is_refused_in_keystone_s_words(wire: StrictClient) -> None:
    answer = wire.ask("POST", "/v3/auth/tokens", sign_in(user={"name": "user", "domain": {"name": "x"}}))

    assert (answer.status, answer.content["error"]["code"], answer.content["error"]["title"]) == (
        401,
        401,
        "Unauthorized",
    )


def test_versions_are_found_from_the_root_and_from_v3(wire: StrictClient) -> None:
    root, v3 = wire.ask("GET", "/"), wire.ask("GET", "/v3")

    [version] = root.content["versions"]["values"]
    assert root.status in (200, 300)
    assert (v3.status, v3.content["version"]) == (200, version)
    assert version["id"].startswith("v3")
    assert version["links"] == [{"rel": "self", "href": f"{wire.project.url}/v3/"}]


def test_a_project_is_found_by_its_name_alone(wire: StrictClient) -> None:
    answer = wire.ask("GET", f"/v3/projects?name={wire.project.name}")

    assert [project["id"] for project in answer.content["projects"]] == [wire.project.id]
    assert [domain["name"] for domain in wire.ask("GET", "/v3/auth/domains?name=x").content["domains"]] == ["x"]


def test_the_gateway_refuses_who_has_no_credentials(wire: StrictClient) -> None:
    answer = wire.ask("GET", "/v3/<P>/backups?instance_id=<mysql>", X_Auth_Token="")

    assert answer.status == 401
    assert {key: type(value) for key, value in answer.content.items()} == {
        "error_msg": str,
        "error_code": str,
        "request_id": str,
    }


@pytest.mark.parametrize("secret", ["SK", "another"])
@pytest.mark.parametrize("about", ["X-Project-Id", "X-Domain-Id", None])
def test_the_derived_signature_of_go_clients_is_verified(
    strict: MockRDS, wire: StrictClient, monkeypatch: pytest.MonkeyPatch, secret: str, about: str | None
) -> None:
    monkeypatch.setitem(strict.simulator.access_keys, "AK", "SK")
    host, date = f"{strict.host}:{strict.port}", "20260131T220000Z"
    path, query = f"/v3/{wire.project.id}/backups/", f"instance_id={wire.names['mysql']}"
    canonical = (
        f"GET\n{path}\n{query}\nhost:{host}\nx-sdk-date:{date}\n\nhost;x-sdk-date\n{hashlib.sha256().hexdigest()}"
    )
    scope = f"{date[:8]}///sdk_request"
    key = b"SDK" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"SDK-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    authorization = f"SDK-HMAC-SHA256 Credential=AK/{scope}, SignedHeaders=host;x-sdk-date, Signature={signature}"
    more = {} if about is None else {about.replace("-", "_"): wire.project.id}

    answer = wire.ask(
        "GET", f"{path[:-1]}?{query}", X_Auth_Token="", Authorization=authorization, X_Sdk_Date=date, **more
    )

    assert answer.status == (200 if secret == "SK" else 401)


# Connections


def test_a_connection_is_kept_unless_the_client_closes_it(wire: StrictClient) -> None:
    connection = HTTPConnection(wire.project.url.removeprefix("http://"), timeout=30)
    path, headers = wire.filled("/v3/<P>/backups?instance_id=<mysql>"), {"X-Auth-Token": wire.project.token}
    closing = []
    for more in ({}, {}, {"Connection": "close"}):
        connection.request("GET", path, headers=headers | more)
        response = connection.getresponse()
        response.read()
        closing.append((response.headers.get("Connection"), connection.sock is None))
    connection.close()

    assert closing == [(None, False), (None, False), ("close", True)]


def test_headers_of_the_other_clients_make_no_difference(wire: StrictClient) -> None:
    wire.backup()
    path = "/v3/<P>/backups?instance_id=<mysql>"

    answers = [
        wire.ask("GET", path, **headers).content
        for headers in ({}, {"Content_Type": "application/json", "X_Language": "en-us"}, {"Accept": "*/*"})
    ]

    assert answers[0]["total_count"] == 1
    assert answers[1:] == answers[:1] * 2
