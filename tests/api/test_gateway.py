"""What stands before every operation: routes, sizes, tokens and request ids."""

from __future__ import annotations

import re
import socket
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from mockrds.api.families import SERVED
from mockrds.domain.operations import OPERATIONS
from mockrds.server import MockRDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.api import Api, Connect

    from mockrds.domain.clock import ClockSetting

    Refusal = Callable[..., tuple[int, dict[str, str]]]

LIMIT = 12 * 1024 * 1024
EMPTY_LIST: tuple[int, Any] = (200, {"backups": []})


@pytest.fixture(scope="module")
def servers(server: MockRDS, strict: MockRDS, frozen: ClockSetting) -> Iterator[dict[str, MockRDS]]:
    """A server for each way to look at credentials."""
    with MockRDS(clock=frozen, auth="off") as off:
        yield {"any": server, "strict": strict, "off": off}


# Routes


@pytest.mark.parametrize(
    "path",
    [
        "/nonsense",
        "/rds/v2/{project}/backups",
        "/RDS/v1/{project}/backups",
        "/v1/{project}/backups",
        "/rds/v1/{project}",
        "/rds/v1/{project}/backup",
        "/rds/v1/{project}/Backups",
        "/rds/v1/{project}//backups",
        "/rds/v1//backups",
        "/rds/v1/{project}/backups/a/b",
        "/rds/v1/{project}/instances/a/backups",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_is_not_found_token_or_not(api: Api, refusal: Refusal, method: str, path: str) -> None:
    url = api.project.url + path.format(project=api.project.id)
    with_token = api.call(method, url)
    api.token = None
    without = api.call(method, url, data=b"{")
    assert [with_token.answer, without.answer] == [refusal("APIGW.0101")] * 2
    assert with_token.hint.startswith("the API reference has no such path")


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("PUT", "/backups", "POST, GET"),
        ("PATCH", "/backups", "POST, GET"),
        ("DELETE", "/backups", "POST, GET"),
        ("GET", "/backups/2f4ddb93-b901-4b08-93d8-1d2e472f30fe", "DELETE"),
        ("POST", "/instances/x/backups/policy", "GET, PUT"),
        ("GET", "/instances/x/action", "POST"),
    ],
)
def test_a_wrong_method_is_not_found_either_and_the_hint_names_the_right_ones(
    api: Api, method: str, path: str, known: str
) -> None:
    reply = api.call(method, api.project.v1_url + path)
    assert reply.answer == (404, {"error_msg": "The API does not exist", "error_code": "APIGW.0101"})
    assert reply.hint == f"this path knows {known}"


def test_a_head_request_is_answered_without_a_body(api: Api) -> None:
    reply = api.call("HEAD", f"{api.project.v1_url}/backups")
    assert (reply.status, reply.text) == (404, "")
    assert re.fullmatch("[0-9a-f]{32}", reply.headers["X-Request-Id"])


def test_a_slash_at_the_end_makes_no_difference(api: Api) -> None:
    assert api.get("/backups/").answer == EMPTY_LIST


HANDLED = {(OPERATIONS[operation].method, OPERATIONS[operation].path) for operation in SERVED}
UNHANDLED = [operation.id for operation in OPERATIONS.values() if (operation.method, operation.path) not in HANDLED]


@pytest.mark.parametrize("operation_id", UNHANDLED)
def test_an_operation_that_is_not_modelled_says_so(api: Api, operation_id: str) -> None:
    _, method, path = OPERATIONS[operation_id]
    url = api.project.url + re.sub("{.*?}", "x", path.replace("{project_id}", api.project.id))
    reply = api.call(method, url)
    named = reply.headers["X-Mockrds-Reason"].removesuffix(
        " is in the API reference, but mockrds does not model it yet"
    )
    assert reply.answer == (501, None)
    assert OPERATIONS[named][1:] == (method, path)
    (entry,) = api.project.journal
    assert (entry.operation, entry.status, entry.error) == (named, 501, None)


def test_every_handler_belongs_to_an_operation_and_the_backup_operations_of_v1_all_have_one() -> None:
    assert SERVED.keys() <= OPERATIONS.keys()
    assert [name for name in UNHANDLED if name.startswith("v1.") and "backup" in name] == []


# Sizes


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/backups"),
        ("POST", "/instances"),
        ("POST", "/instances/x/action"),
        ("PUT", "/instances/x/backups/policy"),
        ("PUT", "/instances/x/parameters"),
        ("GET", "/backups"),
    ],
)
def test_a_body_of_more_than_12_mb_is_refused_and_the_connection_lives_on(
    api: Api, refusal: Refusal, method: str, path: str
) -> None:
    assert api.call(method, api.project.v1_url + path, data=b" " * (LIMIT + 1)).answer == refusal("APIGW.0201")
    assert api.get("/backups").answer == EMPTY_LIST
    assert api.project.errors == []


def test_a_body_of_12_mb_is_read(api: Api, refusal: Refusal) -> None:
    document = f'{{"backup": {{"name": "nightly", "instance": "{api.node()}"}}}}'.encode()
    assert api.post("/backups", data=document.ljust(LIMIT)).status == 200
    assert api.post("/backups", data=b" " * LIMIT).answer == refusal("RDS.0006")


def test_a_body_of_unknown_length_is_counted_as_it_comes(api: Api, refusal: Refusal) -> None:
    chunks = [b" " * (LIMIT // 4)] * 4
    assert api.post("/backups", data=iter(chunks)).answer == refusal("RDS.0006")
    assert api.post("/backups", data=iter([*chunks, b" "])).answer == refusal("APIGW.0201")


# Tokens


def tampered(token: str) -> str:
    return token[:40] + ("A" if token[40] != "A" else "B") + token[41:]


TOKENS: dict[str, Callable[[str], str | None]] = {
    "own": lambda token: token,
    "missing": lambda token: None,
    "empty": lambda token: "",
    "nonsense": lambda token: "nonsense",
    "not base64": lambda token: "MIIM!",
    "prefix only": lambda token: "MIIM",
    "not signed here": lambda token: "MIIM" + "A" * 200,
    "tampered": tampered,
    "cut off": lambda token: token[:-4],
}
UNREADABLE = ["nonsense", "not base64", "prefix only", "not signed here", "tampered", "cut off"]


@pytest.mark.parametrize(
    ("auth", "kind", "code", "detail"),
    [
        *[("off", kind, "", "") for kind in TOKENS],
        *[("any", kind, "", "") for kind in ("own", *UNREADABLE)],
        *[("any", kind, "APIGW.0301", ": x-auth-token not found") for kind in ("missing", "empty")],
        ("strict", "own", "", ""),
        *[("strict", kind, "APIGW.0301", ": x-auth-token not found") for kind in ("missing", "empty")],
        *[("strict", kind, "APIGW.0301", ": decrypt token fail") for kind in UNREADABLE],
    ],
)
def test_a_token_is_looked_at_as_the_server_is_told(
    connect: Connect, servers: dict[str, MockRDS], refusal: Refusal, auth: str, kind: str, code: str, detail: str
) -> None:
    api = connect(to=servers[auth])
    api.token = TOKENS[kind](api.project.token)
    assert api.get("/backups").answer == (refusal(code, detail) if code else EMPTY_LIST)
    assert api.create().status == (401 if code else 200)
    assert len(api.project.backups) == (0 if code else 1)


@pytest.mark.parametrize("auth", ["off", "any", "strict"])
def test_a_token_lasts_a_day_of_its_projects_clock(
    connect: Connect, servers: dict[str, MockRDS], refusal: Refusal, auth: str
) -> None:
    api = connect(to=servers[auth])
    api.project.clock.advance("86399s")
    assert api.get("/backups").answer == EMPTY_LIST
    api.project.clock.advance("1s")
    assert api.get("/backups").answer == (refusal("APIGW.0307") if auth == "strict" else EMPTY_LIST)
    api.token = api.project.token
    assert api.get("/backups").answer == EMPTY_LIST


@pytest.mark.parametrize("auth", ["off", "any", "strict"])
def test_a_token_is_for_one_project(connect: Connect, servers: dict[str, MockRDS], refusal: Refusal, auth: str) -> None:
    api = connect(to=servers[auth])
    api.token = connect(to=servers[auth]).project.token
    assert api.get("/backups").answer == (refusal("RDS.0010") if auth == "strict" else EMPTY_LIST)
    assert api.create().status == (403 if auth == "strict" else 200)


@pytest.mark.parametrize("path", ["/instances/x/errorlog", "/backups/x/y"])
def test_an_operation_that_is_not_modelled_asks_for_a_token_and_an_unknown_path_does_not(
    api: Api, refusal: Refusal, path: str
) -> None:
    api.token = None
    expected = refusal("APIGW.0301", ": x-auth-token not found") if "errorlog" in path else refusal("APIGW.0101")
    assert api.get(path).answer == expected


# Projects


def test_a_project_is_made_when_it_is_first_asked_for_unless_projects_must_be_declared(
    api: Api, refusal: Refusal, frozen: ClockSetting
) -> None:
    unknown = "0123456789abcdef0123456789abcdef"
    assert api.call("GET", f"{api.project.url}/rds/v1/{unknown}/backups").answer == EMPTY_LIST
    with MockRDS(clock=frozen, strict_projects=True) as declared:
        assert api.call("GET", f"{declared.url}/rds/v1/{unknown}/backups").answer == refusal("RDS.0010")
        assert api.call("GET", f"{declared.project().v1_url}/backups").answer == EMPTY_LIST


@pytest.mark.parametrize("project_id", ["a" * 65, "a.b", "a b", "%ff", "..;"])
def test_what_is_no_project_id_is_refused(api: Api, refusal: Refusal, project_id: str) -> None:
    assert api.call("GET", f"{api.project.url}/rds/v1/{project_id}/backups").answer == refusal("RDS.0010")


# Request ids


def test_every_answer_has_a_request_id_of_its_own(api: Api) -> None:
    replies = [
        api.get("/backups"),
        api.create(),
        api.create(),
        api.get("/nonsense"),
        api.put("/backups"),
        api.call("POST", f"{api.project.url}/v3/{api.project.id}/instances/x/errorlog-download"),
        api.post("/backups", data=b" " * (LIMIT + 1)),
        api.call("GET", f"{api.project.url}/rds/v1"),
        api.call("POST", f"{api.project.url}/v3/auth/tokens", data=b"{"),
    ]
    api.token = None
    replies.append(api.get("/backups"))
    assert [reply.status for reply in replies] == [200, 200, 409, 404, 404, 501, 413, 200, 400, 401]
    request_ids = [reply.headers["X-Request-Id"] for reply in replies]
    assert len(set(request_ids)) == len(replies)
    assert all(re.fullmatch("[0-9a-f]{32}", request_id) for request_id in request_ids)
    openstack = [reply.headers["X-Openstack-Request-Id"] for reply in replies]
    assert openstack == [f"req-{request_id}" for request_id in request_ids]


def test_the_date_of_an_answer_is_that_of_the_projects_clock(frozen: ClockSetting, connect: Connect) -> None:
    with MockRDS(clock=frozen) as mock:
        api = connect(to=mock)
        api.project.clock.advance("6h")

        date = parsedate_to_datetime(api.get("/backups").headers["Date"])

    assert frozen.at is not None
    assert date == frozen.at + timedelta(hours=6)


def test_a_wrong_method_is_in_the_journal_of_its_project(api: Api) -> None:
    api.put("/backups")

    (entry,) = api.project.journal
    assert (entry.operation, entry.status, entry.error) == ("unknown", 404, "APIGW.0101")


def test_a_refusal_of_the_gateway_repeats_the_request_id_in_its_body(api: Api) -> None:
    reply = api.get("/nonsense")
    assert list(reply.body) == ["error_msg", "error_code", "request_id"]
    assert reply.body["request_id"] == reply.headers["X-Request-Id"]


def test_the_same_seed_gives_the_same_request_ids(frozen: ClockSetting, connect: Connect) -> None:
    def request_ids(seed: int) -> list[Any]:
        with MockRDS(clock=frozen, seed=seed) as mock:
            api = connect(to=mock)
            return [api.get("/backups").headers["X-Request-Id"] for _ in range(3)]

    assert request_ids(7) == request_ids(7) != request_ids(8)


def test_a_header_that_is_given_back_keeps_its_bytes(server: MockRDS) -> None:
    subject = "€".encode() + b"\xff"
    with socket.create_connection((server.host, server.port)) as client:
        client.sendall(
            b"GET /v3/auth/tokens HTTP/1.1\r\nHost: here\r\nX-Auth-Token: any\r\nX-Subject-Token: %b\r\n\r\n" % subject
        )
        answer = client.recv(65536)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"X-Subject-Token: %b\r\n" % subject in answer


def spoken(mock: MockRDS, request: bytes) -> bytes:
    """What the server says to bytes that no client would send."""
    with socket.create_connection((mock.host, mock.port), timeout=10) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))


HEAD = b" HTTP/1.1\r\nHost: here\r\nX-Auth-Token: any\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        (b"\0\xff\r\n\r\n", b"400 Bad Request", b""),
        (b"GET /rds/\0" + HEAD + b"\r\n", b"400 Bad Request", b""),
        (b"POST /rds/v1/p/backups" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400 Bad Request", b""),
        (
            b"POST /rds/v1/p/backups" + HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
            b"400 Bad Request",
            b'{"errCode":"RDS.0042","externalMessage":"Invalid request."}',
        ),
        (b"GET /v3/projects?name=%ff%00" + HEAD + b"\r\n", b"200 OK", b'{"projects":[],'),
        (b"GET /v3 HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n\r\n", b"200 OK", b'"href":"http:///v3/"'),
        (b"GET /rds/v1/%ff%00/backups" + HEAD + b"\r\n", b"403 Forbidden", b'"errCode":"RDS.0010"'),
    ],
)
def test_bytes_that_make_no_sense_are_answered_without_a_traceback(
    caplog: pytest.LogCaptureFixture, request_: bytes, status: bytes, words: bytes
) -> None:
    with MockRDS() as mock:
        answer = spoken(mock, request_)
        errors = [
            *mock.simulator.unassigned.errors,
            *(e for project in mock.simulator.projects.values() for e in project.errors),
        ]

    assert answer.partition(b"\r\n")[0].partition(b" ")[2] == status
    assert words in answer
    assert (errors, caplog.records) == ([], [])
