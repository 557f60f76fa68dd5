"""The identity service over raw HTTP: every endpoint that clients of the database service use."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mockrds import MockRDS
from mockrds.domain.clock import ClockSetting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[..., requests.Response]

DOMAIN = "OTC00000000001000000001"
USER = {"name": "user", "password": "secret", "domain": {"name": DOMAIN}}
UNAUTHORIZED = {
    "error": {
        "code": 401,
        "message": "The request you have made requires authentication.",
        "title": "Unauthorized",
    }
}
UNKNOWN_PROJECT = {"error": {"code": 401, "message": "The project is unknown", "title": "Unauthorized"}}
NO_TOKEN = {"error": {"code": 404, "message": "Failed to validate token", "title": "Not Found"}}
FORBIDDEN = {
    "errCode": "RDS.0010",
    "externalMessage": "The DB instance ID or user ID may be null, or the operation is not authorized.",
}
CATALOG = {
    "identity": ("iam", "/v3"),
    "rdsv3": ("rdsv3", "/v3/{id}"),
    "rdsv1": ("rdsv1", "/rds/v1/{id}"),
    "rds": ("rds", "/rds/v1/{id}"),
    "database": ("database", "/v1.0/{id}"),
    "network": ("neutron", "/"),
    "compute": ("nova", "/v2.1/{id}"),
}


@pytest.fixture
def clock() -> ClockSetting:
    return ClockSetting(mode="frozen", at=datetime(2026, 1, 31, 22, 0, tzinfo=UTC))


@pytest.fixture
def cloud(clock: ClockSetting) -> Iterator[MockRDS]:
    with MockRDS(clock=clock) as mock:
        yield mock


@pytest.fixture
def guarded(clock: ClockSetting) -> Iterator[MockRDS]:
    """A server that takes only tokens of its own, and only for projects that were declared."""
    with MockRDS(clock=clock, auth="strict", strict_projects=True) as mock:
        yield mock


@pytest.fixture
def ask() -> Iterator[Ask]:
    with requests.Session() as session:
        session.trust_env = False

        def ask(method: str, url: str, **request: Any) -> requests.Response:
            return session.request(method, url, timeout=30, **request)

        yield ask


def password(scope: dict[str, Any] | None = None, **user: Any) -> dict[str, Any]:
    """The body of a request for a token."""
    identity = {"methods": ["password"], "password": {"user": USER | user}}
    return {"auth": {"identity": identity} | ({} if scope is None else {"scope": scope})}


def token(text: str, scope: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of a request for a token, by another token."""
    identity = {"methods": ["token"], "token": {"id": text}}
    return {"auth": {"identity": identity} | ({} if scope is None else {"scope": scope})}


def expired(mock: MockRDS) -> str:
    """A token whose life is over."""
    project = mock.project("eu-de")
    text = project.token
    project.clock.advance("24h")
    return text


def ids_hidden(value: Any, *known: str) -> Any:
    """Put ``<id>`` in the place of every id but the *known* ones."""
    if isinstance(value, dict):
        return {key: ids_hidden(inner, *known) for key, inner in value.items()}
    if isinstance(value, list):
        return [ids_hidden(inner, *known) for inner in value]
    hide = isinstance(value, str) and value not in known and re.fullmatch(r"[0-9a-f]{32}", value)
    return "<id>" if hide else value


def catalog(origin: str, project_id: str, region: str = "eu-de") -> list[dict[str, Any]]:
    return [
        {
            "id": "<id>",
            "type": kind,
            "name": name,
            "endpoints": [
                {
                    "id": "<id>",
                    "interface": "public",
                    "region": region,
                    "region_id": region,
                    "url": origin + path.format(id=project_id),
                }
            ],
        }
        for kind, (name, path) in CATALOG.items()
    ]


def version(origin: str) -> dict[str, Any]:
    return {
        "id": "v3.6",
        "status": "stable",
        "updated": "2016-04-04T00:00:00Z",
        "links": [{"rel": "self", "href": f"{origin}/v3/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    }


# Versions


def test_the_root_offers_the_versions_of_the_identity_service(cloud: MockRDS, ask: Ask) -> None:
    response = ask("GET", f"{cloud.url}/")

    assert (response.status_code, response.headers["Content-Type"]) == (300, "application/json")
    assert response.json() == {"versions": {"values": [version(cloud.url)]}}


@pytest.mark.parametrize("path", ["/v3", "/v3/"])
def test_version_3_tells_about_itself_with_or_without_a_slash(cloud: MockRDS, ask: Ask, path: str) -> None:
    response = ask("GET", cloud.url + path)

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json() == {"version": version(cloud.url)}


# Tokens


def test_a_password_gives_a_token_for_a_project(cloud: MockRDS, ask: Ask) -> None:
    response = ask("POST", f"{cloud.url}/v3/auth/tokens", json=password({"project": {"name": "eu-de"}}))

    project = cloud.project("eu-de")
    assert (response.status_code, response.headers["Content-Type"]) == (201, "application/json")
    assert response.headers["X-Subject-Token"].startswith("MIIM")
    assert ids_hidden(response.json(), project.id) == {
        "token": {
            "methods": ["password"],
            "issued_at": "2026-01-31T22:00:00.000000Z",
            "expires_at": "2026-02-01T22:00:00.000000Z",
            "user": {
                "id": "<id>",
                "name": "user",
                "domain": {"id": "<id>", "name": DOMAIN},
                "password_expires_at": "",
            },
            "roles": [{"id": "0", "name": "te_admin"}],
            "project": {"id": project.id, "name": "eu-de", "domain": {"id": "<id>", "name": DOMAIN}},
            "catalog": catalog(cloud.url, project.id),
        }
    }


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param({"name": "eu-de_team"}, id="name"),
        pytest.param({"name": "eu-de_team", "domain": {"name": DOMAIN}}, id="name and domain name"),
        pytest.param({"name": "eu-de_team", "domain": {"id": "default"}}, id="name and domain id"),
        pytest.param({"id": "{id}"}, id="id"),
        pytest.param({"id": "{id}", "name": "something else"}, id="the id wins"),
    ],
)
def test_a_project_is_found_by_name_or_id(cloud: MockRDS, ask: Ask, scope: dict[str, Any]) -> None:
    project = cloud.project("eu-de_team")
    scope = {key: project.id if value == "{id}" else value for key, value in scope.items()}

    response = ask("POST", f"{cloud.url}/v3/auth/tokens", json=password({"project": scope}))

    assert response.status_code == 201
    assert ids_hidden(response.json()["token"]["project"], project.id) == {
        "id": project.id,
        "name": "eu-de_team",
        "domain": {"id": "<id>", "name": DOMAIN},
    }


@pytest.mark.parametrize("key", ["name", "id"])
def test_a_request_for_a_token_belongs_to_the_project_that_it_is_for(cloud: MockRDS, ask: Ask, key: str) -> None:
    project, other = cloud.project("eu-de_team"), cloud.project("eu-de_other")
    armed = project.faults.add(operation="iam.create_token", response={"status": 503}, times=1)
    scope = {"project": {key: getattr(project, key)}}

    answers = [ask("POST", f"{cloud.url}/v3/auth/tokens", json=password(scope)).status_code for _ in range(2)]

    assert answers == [503, 201]
    assert armed.fired == 1
    project.journal.assert_called("iam.create_token", times=2)
    assert other.journal.total == 0


def test_an_id_that_is_new_becomes_a_project(cloud: MockRDS, ask: Ask) -> None:
    project_id = "0123456789abcdef0123456789abcdef"

    response = ask("POST", f"{cloud.url}/v3/auth/tokens", json=password({"project": {"id": project_id}}))

    assert (response.status_code, response.json()["token"]["project"]["id"]) == (201, project_id)


def test_the_region_is_the_beginning_of_the_project_name(cloud: MockRDS, ask: Ask) -> None:
    response = ask("POST", f"{cloud.url}/v3/auth/tokens", json=password({"project": {"name": "eu-nl_team"}}))

    project = cloud.project("eu-nl_team")
    assert ids_hidden(response.json()["token"]["catalog"]) == catalog(cloud.url, project.id, "eu-nl")


def test_two_project_names_are_two_projects_that_share_nothing(guarded: MockRDS, ask: Ask) -> None:
    tokens = {}
    for name in ("eu-de_one", "eu-de_two"):
        guarded.project(name)
        response = ask("POST", f"{guarded.url}/v3/auth/tokens", json=password({"project": {"name": name}}))
        tokens[response.json()["token"]["project"]["id"]] = response.headers["X-Subject-Token"]
    [one, two] = tokens

    answers = [
        (response.status_code, response.json())
        for project_id in (one, two)
        for text in tokens.values()
        for response in [ask("GET", f"{guarded.url}/rds/v1/{project_id}/backups", headers={"X-Auth-Token": text})]
    ]

    assert one != two
    assert answers == [(200, {"backups": []}), (403, FORBIDDEN), (403, FORBIDDEN), (200, {"backups": []})]


@pytest.mark.parametrize("scope", [{"name": "eu-de_x"}, {"id": "0" * 32}, {"name": ""}, {}])
def test_a_project_that_was_not_declared_is_refused_if_projects_must_be(
    guarded: MockRDS, ask: Ask, scope: dict[str, Any]
) -> None:
    response = ask("POST", f"{guarded.url}/v3/auth/tokens", json=password({"project": scope}))

    assert (response.status_code, response.json()) == (401, UNKNOWN_PROJECT)


def test_a_token_for_a_domain_has_no_project_and_an_empty_catalog(cloud: MockRDS, ask: Ask) -> None:
    response = ask("POST", f"{cloud.url}/v3/auth/tokens", json=password({"domain": {"name": DOMAIN}}))

    domain = {"id": "<id>", "name": DOMAIN}
    assert response.status_code == 201
    assert ids_hidden(response.json()) == {
        "token": {
            "methods": ["password"],
            "issued_at": "2026-01-31T22:00:00.000000Z",
            "expires_at": "2026-02-01T22:00:00.000000Z",
            "user": {"id": "<id>", "name": "user", "domain": domain, "password_expires_at": ""},
            "roles": [{"id": "0", "name": "te_admin"}],
            "domain": domain,
            "catalog": [],
        }
    }


@pytest.mark.parametrize("body", [password(), password({})], ids=["absent", "empty"])
def test_a_token_without_a_scope_is_for_nothing(cloud: MockRDS, ask: Ask, body: dict[str, Any]) -> None:
    response = ask("POST", f"{cloud.url}/v3/auth/tokens", json=body)

    assert response.status_code == 201
    assert sorted(response.json()["token"]) == ["catalog", "expires_at", "issued_at", "methods", "roles", "user"]
    assert response.json()["token"]["catalog"] == []


def test_a_token_for_a_domain_does_not_open_a_project(guarded: MockRDS, ask: Ask) -> None:
    issued = ask("POST", f"{guarded.url}/v3/auth/tokens", json=password({"domain": {"name": DOMAIN}}))
    headers = {"X-Auth-Token": issued.headers["X-Subject-Token"]}

    response = ask("GET", f"{guarded.url}/rds/v1/{guarded.project('eu-de').id}/backups", headers=headers)

    assert (response.status_code, response.json()) == (403, FORBIDDEN)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        pytest.param({"domain": {"name": "OTC-EU-DE-1"}}, ("user", "OTC-EU-DE-1"), id="domain by name"),
        pytest.param({"domain": {"id": "default"}}, ("user", "default"), id="domain by id"),
        pytest.param({"domain": None}, ("user", DOMAIN), id="no domain"),
        pytest.param({"name": None, "id": "u-1"}, ("u-1", DOMAIN), id="user by id"),
    ],
)
def test_any_user_of_any_domain_may_come(
    cloud: MockRDS, ask: Ask, user: dict[str, Any], expected: tuple[str, str]
) -> None:
    response = ask("POST", f"{cloud.url}/v3/auth/tokens", json=password({"project": {"name": "eu-de"}}, **user))

    named = response.json()["token"]["user"]
    assert (response.status_code, named["name"], named["domain"]["name"]) == (201, *expected)


@pytest.mark.parametrize("server_of", ["cloud", "guarded"])
def test_a_token_gives_a_token_for_another_scope(request: pytest.FixtureRequest, ask: Ask, server_of: str) -> None:
    mock: MockRDS = request.getfixturevalue(server_of)
    mock.project("eu-de_team")
    first = ask("POST", f"{mock.url}/v3/auth/tokens", json=password({"domain": {"name": DOMAIN}}))

    body = token(first.headers["X-Subject-Token"], {"project": {"name": "eu-de_team"}})
    second = ask("POST", f"{mock.url}/v3/auth/tokens", json=body)

    issued = second.json()["token"]
    assert (second.status_code, issued["methods"]) == (201, ["token"])
    assert (issued["user"]["name"], issued["project"]["name"]) == ("user", "eu-de_team")


def test_any_text_is_a_token_unless_told_otherwise(cloud: MockRDS, ask: Ask) -> None:
    response = ask("POST", f"{cloud.url}/v3/auth/tokens", json=token("x", {"project": {"name": "eu-de"}}))

    assert (response.status_code, response.json()["token"]["project"]["name"]) == (201, "eu-de")


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda guarded: "x", id="foreign"),
        pytest.param(lambda guarded: "größe", id="not ASCII"),
        pytest.param(lambda guarded: guarded.project("eu-de").token[:-1], id="cut off"),
        pytest.param(lambda guarded: guarded.project("eu-de").token + "=", id="padded"),
        pytest.param(lambda guarded: MockRDS(seed=1).project("eu-de").token, id="of another server"),
        pytest.param(expired, id="expired"),
    ],
)
def test_a_bad_token_is_refused_if_tokens_are_checked(
    guarded: MockRDS, ask: Ask, made: Callable[[MockRDS], str]
) -> None:
    url, text = f"{guarded.url}/v3/auth/tokens", made(guarded)
    headers = {"X-Auth-Token": guarded.project("eu-de").token, "X-Subject-Token": text.encode()}

    used = ask("POST", url, json=token(text, {"project": {"name": "eu-de"}}))
    told, verified = ask("GET", url, headers=headers), ask("HEAD", url, headers=headers)

    assert (used.status_code, used.json()) == (401, UNAUTHORIZED)
    assert (told.status_code, told.json()) == (404, NO_TOKEN)
    assert (verified.status_code, verified.content) == (404, b"")


def test_a_token_is_good_until_the_end_of_its_life_on_the_clock_of_its_project(guarded: MockRDS, ask: Ask) -> None:
    project, other = guarded.project("eu-de"), guarded.project("eu-de_other")
    text = project.token
    url, headers = f"{guarded.url}/rds/v1/{project.id}/backups", {"X-Auth-Token": text}
    statuses = [ask("GET", url, headers=headers).status_code]
    other.clock.advance("25h")
    statuses.append(ask("GET", url, headers=headers).status_code)
    project.clock.advance("86399s")
    statuses.append(ask("GET", url, headers=headers).status_code)
    project.clock.advance("1s")

    last = ask("GET", url, headers=headers)

    assert statuses == [200, 200, 200]
    assert last.status_code == 401
    assert last.json() == {
        "error_code": "APIGW.0307",
        "error_msg": "The token must be updated",
        "request_id": last.headers["X-Request-Id"],
    }


def test_a_token_lives_no_longer_than_time_itself(cloud: MockRDS, ask: Ask) -> None:
    project = cloud.project("eu-de_late")
    project.clock.set("frozen@9999-12-31T23:59:59Z")

    answer = ask("POST", f"{cloud.url}/v3/auth/tokens", json=password({"project": {"id": project.id}}))

    assert (answer.status_code, answer.json()["token"]["expires_at"][:19]) == (201, "9999-12-31T23:59:59")
    assert project.token


def test_a_token_tells_what_it_is(guarded: MockRDS, ask: Ask) -> None:
    guarded.project("eu-de_team")
    url = f"{guarded.url}/v3/auth/tokens"
    issued = ask("POST", url, json=password({"project": {"name": "eu-de_team"}}))
    text = issued.headers["X-Subject-Token"]
    headers = {"X-Auth-Token": text, "X-Subject-Token": text}

    told, verified = ask("GET", url, headers=headers), ask("HEAD", url, headers=headers)

    assert (told.status_code, told.headers["X-Subject-Token"], told.json()) == (200, text, issued.json())
    assert (verified.status_code, verified.headers["X-Subject-Token"], verified.content) == (200, text, b"")


def test_any_text_tells_about_the_default_project_unless_told_otherwise(cloud: MockRDS, ask: Ask) -> None:
    headers = {"X-Auth-Token": "x", "X-Subject-Token": "x"}

    response = ask("GET", f"{cloud.url}/v3/auth/tokens", headers=headers)

    assert (response.status_code, response.headers["X-Subject-Token"]) == (200, "x")
    assert response.json()["token"]["project"]["name"] == "eu-de"


@pytest.mark.parametrize("server_of", ["cloud", "guarded"])
def test_no_token_at_all_tells_nothing(request: pytest.FixtureRequest, ask: Ask, server_of: str) -> None:
    mock: MockRDS = request.getfixturevalue(server_of)

    response = ask("GET", f"{mock.url}/v3/auth/tokens", headers={"X-Auth-Token": mock.project("eu-de").token})

    assert (response.status_code, response.json()) == (404, NO_TOKEN)


@pytest.mark.parametrize("query", ["?nocatalog", "?nocatalog=true"])
def test_the_catalog_may_be_left_out(cloud: MockRDS, ask: Ask, query: str) -> None:
    url = f"{cloud.url}/v3/auth/tokens{query}"
    issued = ask("POST", url, json=password({"project": {"name": "eu-de"}}))
    text = issued.headers["X-Subject-Token"]

    told = ask("GET", url, headers={"X-Auth-Token": text, "X-Subject-Token": text})

    assert sorted(issued.json()["token"]) == ["expires_at", "issued_at", "methods", "project", "roles", "user"]
    assert told.json() == issued.json()


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        pytest.param({"Host": "rds.example:8443"}, "http://rds.example:8443", id="host"),
        pytest.param({"Host": "mockrds"}, "http://mockrds", id="host without port"),
        pytest.param({"Host": "[::1]:8080"}, "http://[::1]:8080", id="IPv6"),
        pytest.param({"Host": "rds.example", "X-Forwarded-Proto": "https"}, "https://rds.example", id="behind TLS"),
        pytest.param({"Host": "rds.example", "X-Forwarded-Proto": "gopher"}, "http://rds.example", id="nonsense"),
    ],
)
def test_every_url_begins_as_the_client_wrote_it(
    cloud: MockRDS, ask: Ask, headers: dict[str, str], origin: str
) -> None:
    body = password({"project": {"name": "eu-de"}})
    issued = ask("POST", f"{cloud.url}/v3/auth/tokens", json=body, headers=headers)
    signed_in = headers | {"X-Auth-Token": issued.headers["X-Subject-Token"]}

    listed = ask("GET", f"{cloud.url}/v3/auth/catalog", headers=signed_in)
    projects = ask("GET", f"{cloud.url}/v3/projects?name=eu-de", headers=signed_in)

    expected = catalog(origin, cloud.project("eu-de").id)
    assert ids_hidden(issued.json()["token"]["catalog"]) == expected
    assert ids_hidden(listed.json()) == {"catalog": expected, "links": {}}
    assert projects.json()["links"]["self"] == f"{origin}/v3/projects"
    assert ask("GET", f"{cloud.url}/v3", headers=headers).json() == {"version": version(origin)}
    assert ask("GET", f"{cloud.url}/", headers=headers).json() == {"versions": {"values": [version(origin)]}}


NOT_JSON = "Expecting to find valid JSON in request body: "


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"", f"{NOT_JSON}the body is empty", id="no body"),
        pytest.param(b"null", f"{NOT_JSON}the body is empty", id="null"),
        pytest.param(b"[]", f"{NOT_JSON}the body must be a JSON object", id="a list"),
        pytest.param(b"{}", "Expecting to find auth in the request body", id="no auth"),
        pytest.param(b'{"auth":[]}', "Expecting to find auth in the request body", id="auth is a list"),
        pytest.param(b'{"auth":{}}', "Expecting to find identity in the request body", id="no identity"),
        pytest.param(b'{"auth":{"identity":{}}}', "identity.methods is missing", id="no methods"),
        pytest.param(b'{"auth":{"identity":{"methods":[]}}}', "identity.methods is missing", id="empty methods"),
        pytest.param(
            b'{"auth":{"identity":{"methods":["password"]}}}',
            "Expecting to find password in the request body",
            id="no password object",
        ),
        pytest.param(
            b'{"auth":{"identity":{"methods":["password"],"password":{}}}}',
            "Expecting to find user in the request body",
            id="no user",
        ),
        pytest.param(
            b'{"auth":{"identity":{"methods":["token"]}}}',
            "Expecting to find token in the request body",
            id="no token object",
        ),
    ],
)
def test_a_request_for_a_token_that_makes_no_sense_is_refused_as_keystone_does(
    cloud: MockRDS, ask: Ask, body: bytes, message: str
) -> None:
    response = ask("POST", f"{cloud.url}/v3/auth/tokens", data=body)

    assert (response.status_code, response.headers["Content-Type"]) == (400, "application/json")
    assert response.json() == {"error": {"code": 400, "message": message, "title": "Bad Request"}}


def test_a_body_that_is_not_json_is_refused_with_its_place(cloud: MockRDS, ask: Ask) -> None:
    response = ask("POST", f"{cloud.url}/v3/auth/tokens", data=b'{"auth":')

    error = response.json()["error"]
    assert (response.status_code, error["code"], error["title"]) == (400, 400, "Bad Request")
    assert re.fullmatch(NOT_JSON + r"the body is not JSON: .+ line 1 column 9 .+", error["message"])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(password(password=None), id="no password"),
        pytest.param(password(password=""), id="empty password"),
        pytest.param(password(name=None), id="no user name"),
        pytest.param(token(""), id="empty token"),
        pytest.param({"auth": {"identity": {"methods": ["token"], "token": {"id": 1}}}}, id="a token that is no text"),
        pytest.param({"auth": {"identity": {"methods": ["saml2"]}}}, id="unknown method"),
    ],
)
def test_credentials_that_are_missing_are_refused_as_keystone_does(
    cloud: MockRDS, ask: Ask, body: dict[str, Any]
) -> None:
    response = ask("POST", f"{cloud.url}/v3/auth/tokens", json=body)

    assert (response.status_code, response.json()) == (401, UNAUTHORIZED)


# What clients ask before they have a token: with signed requests, or to be told the project id


@pytest.mark.parametrize("path", ["/v3/projects", "/v3/auth/projects"])
@pytest.mark.parametrize("name", ["eu-de", "eu-de_team", "eu-nl_größe & co"])
def test_a_project_name_gives_exactly_that_project(cloud: MockRDS, ask: Ask, path: str, name: str) -> None:
    response = ask("GET", cloud.url + path, params={"name": name}, headers={"X-Auth-Token": "x"})

    project = cloud.project(name)
    assert response.status_code == 200
    assert ids_hidden(response.json(), project.id) == {
        "projects": [
            {
                "id": project.id,
                "name": name,
                "domain_id": "<id>",
                "parent_id": "<id>",
                "description": "",
                "enabled": True,
                "is_domain": False,
                "links": {},
            }
        ],
        "links": {"self": cloud.url + path, "previous": None, "next": None},
    }


def test_the_project_of_a_name_is_the_one_that_a_token_is_for(cloud: MockRDS, ask: Ask) -> None:
    listed = ask("GET", f"{cloud.url}/v3/projects?name=eu-de_team", headers={"X-Auth-Token": "x"})
    issued = ask("POST", f"{cloud.url}/v3/auth/tokens", json=password({"project": {"name": "eu-de_team"}}))

    assert [project["id"] for project in listed.json()["projects"]] == [issued.json()["token"]["project"]["id"]]


@pytest.mark.parametrize("query", ["", "?name="])
def test_without_a_name_all_projects_are_listed(cloud: MockRDS, ask: Ask, query: str) -> None:
    cloud.project("eu-de_one")
    cloud.project("eu-nl_two")

    response = ask("GET", f"{cloud.url}/v3/projects{query}", headers={"X-Auth-Token": "x"})

    assert [project["name"] for project in response.json()["projects"]] == ["eu-de", "eu-de_one", "eu-nl_two"]


def test_a_project_is_shown_by_its_id_and_an_unknown_id_makes_none(cloud: MockRDS, ask: Ask) -> None:
    project = cloud.project("eu-de_team")
    headers = {"X-Auth-Token": "x"}

    shown = ask("GET", f"{cloud.url}/v3/projects/{project.id}", headers=headers)
    unknown = ask("GET", f"{cloud.url}/v3/projects/eu-nl", headers=headers)
    listed = ask("GET", f"{cloud.url}/v3/projects", headers=headers)

    assert (shown.status_code, shown.json()["project"]["name"]) == (200, "eu-de_team")
    error = {"message": "Could not find project: eu-nl.", "code": 404, "title": "Not Found"}
    assert (unknown.status_code, unknown.json()) == (404, {"error": error})
    assert [row["name"] for row in listed.json()["projects"]] == ["eu-de", "eu-de_team"]


def test_a_project_that_was_not_declared_is_not_listed_if_projects_must_be(guarded: MockRDS, ask: Ask) -> None:
    headers = {"X-Auth-Token": guarded.project("eu-de").token}

    response = ask("GET", f"{guarded.url}/v3/projects?name=eu-de_x", headers=headers)

    assert (response.status_code, response.json()["projects"]) == (200, [])


@pytest.mark.parametrize("name", ["OTC-EU-DE-1", DOMAIN])
def test_a_domain_name_gives_exactly_that_domain(cloud: MockRDS, ask: Ask, name: str) -> None:
    response = ask("GET", f"{cloud.url}/v3/auth/domains", params={"name": name}, headers={"X-Auth-Token": "x"})

    assert response.status_code == 200
    assert ids_hidden(response.json()) == {
        "domains": [{"id": "<id>", "name": name, "enabled": True, "links": {}}],
        "links": {"self": f"{cloud.url}/v3/auth/domains", "previous": None, "next": None},
    }


def test_projects_users_and_tokens_agree_on_the_id_of_the_domain(cloud: MockRDS, ask: Ask) -> None:
    body = password({"project": {"name": "eu-de"}})
    issued = ask("POST", f"{cloud.url}/v3/auth/tokens", json=body).json()["token"]
    headers = {"X-Auth-Token": "x"}
    [domain] = ask("GET", f"{cloud.url}/v3/auth/domains", headers=headers).json()["domains"]
    [project] = ask("GET", f"{cloud.url}/v3/projects?name=eu-de", headers=headers).json()["projects"]

    assert (issued["user"]["domain"]["id"], issued["project"]["domain"]["id"]) == (domain["id"], domain["id"])
    assert (project["domain_id"], project["parent_id"]) == (domain["id"], domain["id"])


@pytest.mark.parametrize("whose", ["token", "X-Project-Id", "nobody"])
def test_the_catalog_is_that_of_the_caller(cloud: MockRDS, ask: Ask, whose: str) -> None:
    project = cloud.project("eu-de_team")
    signed = {
        "Authorization": f"SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature={'0' * 64}",
        "X-Sdk-Date": "20260131T220000Z",
    }
    headers, expected = {
        "token": ({"X-Auth-Token": project.token}, project),
        "X-Project-Id": (signed | {"X-Project-Id": project.id}, project),
        "nobody": (signed, cloud.project("eu-de")),
    }[whose]

    response = ask("GET", f"{cloud.url}/v3/auth/catalog", headers=headers)

    assert response.status_code == 200
    assert ids_hidden(response.json()) == {"catalog": catalog(cloud.url, expected.id), "links": {}}


def test_the_regions_are_those_of_the_projects(cloud: MockRDS, ask: Ask) -> None:
    cloud.project("eu-nl_team")
    cloud.project("eu-de_team")

    response = ask("GET", f"{cloud.url}/v3/regions", headers={"X-Auth-Token": "x"})

    assert response.status_code == 200
    assert response.json() == {
        "regions": [
            {"id": region, "type": "public", "parent_region_id": None, "links": {}} for region in ("eu-de", "eu-nl")
        ],
        "links": {"self": f"{cloud.url}/v3/regions", "previous": None, "next": None},
    }


@pytest.mark.parametrize(
    "path",
    [
        "/v3/auth/tokens",
        "/v3/auth/catalog",
        "/v3/auth/domains",
        "/v3/auth/projects",
        "/v3/projects",
        "/v3/regions",
    ],
)
@pytest.mark.parametrize("headers", [{}, {"X-Auth-Token": "x"}, {"Authorization": "Basic eDp5"}])
def test_who_is_not_let_in_is_told_so_as_keystone_does(
    guarded: MockRDS, ask: Ask, path: str, headers: dict[str, str]
) -> None:
    response = ask("GET", guarded.url + path, headers=headers)

    assert (response.status_code, response.json()) == (401, UNAUTHORIZED)
