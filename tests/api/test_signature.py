"""Signed requests, by the two schemes, against signers that are written down here from what the clients do."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest

from mockrds import MockRDS
from mockrds.api.signature import parse, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockrds.project import Project

    Sign = Callable[..., tuple[str, dict[str, str]]]
    Tamper = Callable[[str, dict[str, str], bytes], tuple[str, dict[str, str], bytes]]

DATE = "20260131T220000Z"
HEADERS = {"Host": "rds.eu-de.example:8443", "User-Agent": "a  client/1.0", "X-Sdk-Date": DATE}
PLAIN = f"SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature={'0' * 64}"
DERIVED = f"SDK-HMAC-SHA256 Credential=AK/20260131///sdk_request, SignedHeaders=host, Signature={'0' * 64}"
REFUSED = {
    "error_msg": "Incorrect IAM authentication information: verify aksk signature fail",
    "error_code": "APIGW.0301",
}
UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


@dataclass(frozen=True)
class Request:
    """A request before it is signed: nothing in it is escaped."""

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: dict(HEADERS))


def escape(text: str, safe: bytes = b"") -> str:
    return "".join(chr(byte) if byte in UNRESERVED + safe else f"%{byte:02X}" for byte in text.encode())


def mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), "sha256").digest()


def as_bytes(text: str) -> bytes:
    """What is sent: a surrogate stands for a byte that is not UTF-8."""
    return text.encode(errors="surrogateescape")


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def lines(*lines: str) -> str:
    return "\n".join(lines)


def authorize(request: Request, query: str, credential: str, authorization: str) -> tuple[str, dict[str, str]]:
    """Give the request line's target and all headers."""
    signed = ";".join(sorted(name.lower() for name in request.headers))
    headers = request.headers | {
        "Authorization": f"SDK-HMAC-SHA256 {credential}, SignedHeaders={signed}, Signature={authorization}"
    }
    return escape(request.path, b"/") + (f"?{query}" if query else ""), headers


def sign_plain(request: Request, access_key: str = "AK", secret_key: str = "SK") -> tuple[str, dict[str, str]]:
    """Sign as the huaweicloud SDKs do."""
    query = "&".join(f"{escape(name)}={escape(value)}" for name, value in sorted(request.parameters))
    headers = {name.lower(): value.strip() for name, value in request.headers.items()}
    signed = lines(*(f"{name}:{headers[name]}" for name in sorted(headers)), "", ";".join(sorted(headers)))
    canonical = lines(request.method, escape(request.path, b"/") + "/", query, signed, sha256(request.body))
    string = lines("SDK-HMAC-SHA256", request.headers["X-Sdk-Date"], sha256(as_bytes(canonical)))
    return authorize(request, query, f"Access={access_key}", mac(secret_key.encode(), string).hex())


def sign_derived(request: Request, access_key: str = "AK", secret_key: str = "SK") -> tuple[str, dict[str, str]]:
    """Sign as gophertelekomcloud does: Go's query on the wire, its own in the signature."""
    by_name: dict[str, list[str]] = {}
    for name, value in request.parameters:
        by_name.setdefault(name, []).append(value)
    wire = "&".join(f"{escape(n, b' ')}={escape(v, b' ')}" for n in sorted(by_name) for v in by_name[n])
    wire = wire.replace(" ", "+")
    firsts = sorted(((escape(name), escape(by_name[name][0])) for name in by_name), key=lambda pair: pair[0].lower())
    query, payload = "&".join("=".join(pair) for pair in firsts), request.body
    if request.method == "POST" and not request.body:
        query, payload = "", wire.encode()
    headers = {name.lower(): " ".join(value.split()) for name, value in request.headers.items()}
    path = escape(request.path if request.path.endswith("/") else f"{request.path}/", b"/")
    signed = lines(*(f"{name}:{headers[name]}" for name in sorted(headers)), "", ";".join(sorted(headers)))
    canonical = lines(request.method, path, query, signed, sha256(payload))
    date = request.headers["X-Sdk-Date"]
    scope = [date[:8], "", "", "sdk_request"]
    key = f"SDK{secret_key}".encode()
    for part in scope:
        key = mac(key, part)
    string = lines("SDK-HMAC-SHA256", date, "/".join(scope), sha256(as_bytes(canonical)))
    return authorize(request, wire, f"Credential={access_key}/{'/'.join(scope)}", mac(key, string).hex())


SIGNERS = [pytest.param(sign_plain, id="plain"), pytest.param(sign_derived, id="derived")]


def send(mock: MockRDS, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, Any]:
    """Send a request just as it stands; give status and body, the gateway's request id taken out."""
    connection = HTTPConnection(mock.host, mock.port, timeout=30)
    try:
        connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, as_bytes(value))
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        answer = json.loads(response.read())
        if "request_id" in answer:
            assert answer.pop("request_id") == response.headers["X-Request-Id"]
        return response.status, answer
    finally:
        connection.close()


@pytest.fixture(scope="module")
def guarded() -> Iterator[MockRDS]:
    """A server that knows one key pair and verifies every signature."""
    with MockRDS(auth="strict", access_keys={"AK": "SK"}) as mock:
        yield mock


@pytest.fixture
def home(guarded: MockRDS) -> Iterator[Project]:
    project = guarded.project()
    yield project
    assert project.errors == []


def backups(project: Project, **changes: Any) -> Request:
    """Ask for the backups, with a query and a body to tamper with."""
    parameters = (("limit", "10"), ("offset", "0"))
    return replace(Request("GET", f"/rds/v1/{project.id}/backups", parameters, b'{"a":1}'), **changes)


OK: tuple[int, Any] = (200, {"backups": []})
NO_BODY = (400, {"errCode": "RDS.0006", "externalMessage": "The request is null. Enter a request parameter."})
REQUESTS: dict[str, tuple[dict[str, Any], tuple[int, Any]]] = {
    "no query": ({"parameters": ()}, OK),
    "escapes": ({"parameters": (("name", "a b+c/d?e=f&g%h~i*j(k)'l"), ("empty", ""), ("ü", "größe 大"))}, OK),
    "order of names": ({"parameters": (("b", "1"), ("B", "2"), ("a-b", "3"), ("a", "4"), ("{", "5"))}, OK),
    "a name twice": ({"parameters": (("id", "9"), ("id", "10"), ("a", "1"))}, OK),
    "no body": ({"body": b""}, OK),
    "POST without body": ({"method": "POST", "body": b""}, NO_BODY),
    "POST without body or query": ({"method": "POST", "body": b"", "parameters": ()}, NO_BODY),
    "PUT without body": (
        {"method": "PUT", "body": b"", "path": "/rds/v1/{}/instances/x/backups/policy"},
        NO_BODY,
    ),
    "DELETE, unicode in the path": (
        {"method": "DELETE", "body": b"", "path": "/rds/v1/{}/backups/a b+c~ü"},
        (400, {"errCode": "RDS.0001", "externalMessage": "Parameter error."}),
    ),
    "unicode in a header": ({"headers": HEADERS | {"X-Note": "größe 大"}}, OK),
    "bytes in a header": ({"headers": HEADERS | {"X-Note": "\udcff"}}, OK),
    "another date": ({"headers": HEADERS | {"X-Sdk-Date": "19990101T000000Z"}}, OK),
}


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize("case", REQUESTS)
def test_a_request_signed_with_the_right_secret_passes(guarded: MockRDS, home: Project, sign: Sign, case: str) -> None:
    changes, expected = REQUESTS[case]
    request = backups(home, **changes)
    request = replace(request, path=request.path.format(home.id))

    assert send(guarded, request.method, *sign(request), request.body) == expected


def test_the_order_of_the_query_on_the_wire_does_not_matter(guarded: MockRDS, home: Project) -> None:
    request = backups(home)
    target, headers = sign_plain(request)

    assert send(guarded, "GET", f"{request.path}?offset=0&limit=10", headers, request.body) == OK
    assert target == f"{request.path}?limit=10&offset=0"


def test_the_slash_at_the_end_of_a_path_is_signed_once(guarded: MockRDS, home: Project) -> None:
    request = backups(home)
    target, headers = sign_plain(request)

    assert send(guarded, "GET", target.replace("/backups?", "/backups/?"), headers, request.body) == OK


def test_the_derived_scheme_uses_the_region_and_the_service_of_its_scope(guarded: MockRDS, home: Project) -> None:
    target, headers = sign_derived(backups(home))
    moved = headers | {"Authorization": headers["Authorization"].replace("///", "/eu-de/rds/")}

    assert send(guarded, "GET", target, headers, b'{"a":1}') == OK
    assert send(guarded, "GET", target, moved, b'{"a":1}') == (401, REFUSED)


TAMPERINGS: dict[str, Tamper] = {
    "body": lambda target, headers, body: (target, headers, body + b" "),
    "no body": lambda target, headers, body: (target, headers, b""),
    "query": lambda target, headers, body: (target.replace("limit=10", "limit=100"), headers, body),
    "no query": lambda target, headers, body: (target.partition("?")[0], headers, body),
    "path": lambda target, headers, body: (target.replace("/backups", "/instances"), headers, body),
    "signed header": lambda target, headers, body: (target, headers | {"User-Agent": "b"}, body),
    "missing header": lambda target, headers, body: (
        target,
        {name: value for name, value in headers.items() if name != "User-Agent"},
        body,
    ),
    "date": lambda target, headers, body: (target, headers | {"X-Sdk-Date": "20260131T220001Z"}, body),
    "no date": lambda target, headers, body: (
        target,
        {name: value for name, value in headers.items() if name != "X-Sdk-Date"},
        body,
    ),
    "signature": lambda target, headers, body: (
        target,
        headers | {"Authorization": headers["Authorization"][:-64] + "0" * 64},
        body,
    ),
    "list of signed headers": lambda target, headers, body: (
        target,
        headers | {"Authorization": headers["Authorization"].replace("user-agent;", "")},
        body,
    ),
    "claim that the body is not signed": lambda target, headers, body: (
        target,
        headers | {"X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"},
        body,
    ),
}


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_request_that_was_changed_after_it_was_signed_is_refused(
    guarded: MockRDS, home: Project, sign: Sign, tampering: str
) -> None:
    request = backups(home)

    tampered = TAMPERINGS[tampering](*sign(request), request.body)

    assert send(guarded, "GET", *tampered) == (401, REFUSED)


@pytest.mark.parametrize("sign", SIGNERS)
def test_another_method_than_the_signed_one_is_refused(guarded: MockRDS, home: Project, sign: Sign) -> None:
    request = backups(home)

    assert send(guarded, "POST", *sign(request), request.body) == (401, REFUSED)


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize("secret", ["sk", ""])
def test_a_wrong_secret_is_refused(guarded: MockRDS, home: Project, sign: Sign, secret: str) -> None:
    request = backups(home)

    assert send(guarded, "GET", *sign(request, "AK", secret), request.body) == (401, REFUSED)


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize("access_key", ["ak", "KA"])
def test_an_unknown_access_key_is_refused(guarded: MockRDS, home: Project, sign: Sign, access_key: str) -> None:
    request = backups(home)
    message = f"Incorrect IAM authentication information: Get secretKey failed,ak:{access_key},err:ak not exist"

    answer = send(guarded, "GET", *sign(request, access_key, "SK"), request.body)

    assert answer == (401, {"error_msg": message, "error_code": "APIGW.0301"})


def test_headers_that_are_not_signed_may_change_on_the_way(guarded: MockRDS, home: Project) -> None:
    request = backups(home)
    target, headers = sign_plain(request)

    assert send(guarded, "GET", target, headers | {"X-Language": "en-us"}, request.body) == OK


def test_a_body_that_is_declared_unsigned_may_change_on_the_way(guarded: MockRDS, home: Project) -> None:
    request = backups(home, headers=HEADERS | {"X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"})
    names = sorted(request.headers)
    signed = lines(*(f"{name.lower()}:{request.headers[name]}" for name in names), "", ";".join(names).lower())
    canonical = lines("GET", f"{request.path}/", "limit=10&offset=0", signed, "UNSIGNED-PAYLOAD")
    signature = mac(b"SK", lines("SDK-HMAC-SHA256", DATE, sha256(as_bytes(canonical)))).hex()
    target, headers = authorize(request, "limit=10&offset=0", "Access=AK", signature)

    assert send(guarded, "GET", target, headers, b"anything") == OK


@pytest.mark.parametrize("sign", SIGNERS)
def test_a_signature_for_another_project_is_refused_by_the_service(guarded: MockRDS, home: Project, sign: Sign) -> None:
    other = guarded.project()
    request = backups(home)
    target, headers = sign(request)

    assert send(guarded, "GET", target, headers | {"X-Project-Id": home.id}, request.body) == OK
    assert send(guarded, "GET", target, headers | {"X-Project-Id": other.id}, request.body) == (
        403,
        {
            "errCode": "RDS.0010",
            "externalMessage": "The DB instance ID or user ID may be null, or the operation is not authorized.",
        },
    )


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Authorization": PLAIN, "X-Sdk-Date": DATE}, id="plain"),
        pytest.param({"Authorization": PLAIN.replace(", ", ","), "X-Sdk-Date": DATE}, id="plain, no blanks"),
        pytest.param({"Authorization": DERIVED, "X-Sdk-Date": DATE}, id="derived"),
        pytest.param(
            {"Authorization": DERIVED.replace("///", "/eu-de/rds/"), "X-Sdk-Date": "any"}, id="derived, full scope"
        ),
        pytest.param({"X-Auth-Token": "x"}, id="any token"),
        pytest.param({"X-Auth-Token": "größe"}, id="a token of any bytes"),
        pytest.param({"X-Auth-Token": "x", "Authorization": "Basic eDp5"}, id="a token wins"),
    ],
)
def test_any_credentials_of_the_right_shape_will_do_unless_told_otherwise(
    server: MockRDS, headers: dict[str, str]
) -> None:
    project = server.project()

    assert send(server, "GET", f"/rds/v1/{project.id}/backups", headers) == OK
    assert project.errors == []


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Authorization": PLAIN}, id="no date"),
        pytest.param({"Authorization": DERIVED}, id="derived, no date"),
        pytest.param({"Authorization": "Basic eDp5", "X-Sdk-Date": DATE}, id="another scheme"),
        pytest.param({"Authorization": PLAIN[:-1], "X-Sdk-Date": DATE}, id="a short signature"),
        pytest.param({"Authorization": PLAIN + "0", "X-Sdk-Date": DATE}, id="a long signature"),
        pytest.param({"Authorization": PLAIN.replace("=AK", "="), "X-Sdk-Date": DATE}, id="no access key"),
        pytest.param({"Authorization": PLAIN.replace("HMAC", "hmac"), "X-Sdk-Date": DATE}, id="letter case"),
        pytest.param({"Authorization": DERIVED.replace("AK", "größe"), "X-Sdk-Date": DATE}, id="not ASCII"),
        pytest.param({"Authorization": DERIVED.partition("/")[0], "X-Sdk-Date": DATE}, id="cut off"),
    ],
)
def test_an_authorization_header_of_another_shape_is_refused(server: MockRDS, headers: dict[str, str]) -> None:
    project = server.project()

    assert send(server, "GET", f"/rds/v1/{project.id}/backups", headers) == (401, REFUSED)
    assert project.errors == []


@pytest.mark.parametrize("headers", [{}, {"X-Auth-Token": ""}, {"Authorization": "", "X-Sdk-Date": DATE}])
def test_a_request_without_credentials_is_refused(server: MockRDS, headers: dict[str, str]) -> None:
    project = server.project()

    assert send(server, "GET", f"/rds/v1/{project.id}/backups", headers) == (
        401,
        {
            "error_msg": "Incorrect IAM authentication information: x-auth-token not found",
            "error_code": "APIGW.0301",
        },
    )


def test_a_request_without_credentials_passes_where_none_are_needed() -> None:
    with MockRDS(auth="off") as mock:
        project = mock.project()

        assert send(mock, "GET", f"/rds/v1/{project.id}/backups", {}) == OK


def test_a_request_that_the_python_sdk_signed_is_verified() -> None:
    """Recorded from the signer of huaweicloudsdkcore 3.1.219, with access key AK and secret key SK."""
    headers = {
        "content-type": "application/json",
        "host": "rds.eu-de.example:8080",
        "user-agent": "huaweicloud-usdk-python/3.0",
        "x-project-id": "0123",
        "X-Sdk-Date": DATE,
        "x-sdk-date": DATE,
    }
    signature = parse(
        "SDK-HMAC-SHA256 Access=AK, SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date, "
        "Signature=b347f72258cbd91ad10e46a4d3037ba8c9bde70150123fe5b289cbaebbf11dfa"
    )
    assert signature is not None
    target = "/rds/v1/0123/backups?limit=10&name=gr%C3%B6%C3%9Fe%20%26%20co"
    body = b'{"backup":{"name":"nightly"}}'

    assert verify(signature, "SK", "POST", target, headers, body)
    assert not verify(signature, "KS", "POST", target, headers, body)
