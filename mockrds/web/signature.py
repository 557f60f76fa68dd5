"""Requests signed with an access key: the two ``SDK-HMAC-SHA256`` schemes that clients use.

The huaweicloud SDKs send ``Access=AK`` and sign with the secret itself. gophertelekomcloud sends
``Credential=AK/date/region/service/sdk_request`` and signs with a key derived from it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALGORITHM: Final = "SDK-HMAC-SHA256"
_HEADER: Final = re.compile(
    rf"{_ALGORITHM} (?:Access=(?P<access>[^,/\s]+)|Credential=(?P<credential>[^,/\s]+)/(?P<scope>[^,\s]+)), ?"
    r"SignedHeaders=(?P<signed>[a-z0-9;_-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


class Signature(NamedTuple):
    """The ``Authorization`` header of a signed request."""

    access_key: str
    scope: str | None
    """``date/region/service/sdk_request`` of the derived scheme; None in the plain one."""
    signed_headers: tuple[str, ...]
    signature: str


def parse(header: str) -> Signature | None:
    """Read an ``Authorization`` header; None if it has not the form of either scheme."""
    match = _HEADER.fullmatch(header)
    if match is None:
        return None
    signed = tuple(match["signed"].split(";"))
    return Signature(match["access"] or match["credential"], match["scope"], signed, match["signature"])


def verify(
    signature: Signature, secret_key: str, method: str, path_and_query: str, headers: Mapping[str, str], body: bytes
) -> bool:
    """Tell whether a request was signed with *secret_key*.

    Args:
        signature: The parsed ``Authorization`` header.
        secret_key: The secret that belongs to its access key.
        method: The HTTP method.
        path_and_query: As it stood in the request line.
        headers: The request's headers, found in any letter case.
        body: The request's body.
    """
    date = headers.get("X-Sdk-Date", "")
    for canonical in _canonical_requests(signature, method, path_and_query, headers, body):
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        if signature.scope is None:
            key = secret_key.encode()
            text = f"{_ALGORITHM}\n{date}\n{digest}"
        else:
            key = _derived(secret_key, signature.scope)
            text = f"{_ALGORITHM}\n{date}\n{signature.scope}\n{digest}"
        if hmac.compare_digest(hmac.new(key, text.encode(), "sha256").hexdigest(), signature.signature):
            return True
    return False


def _canonical_requests(
    signature: Signature, method: str, path_and_query: str, headers: Mapping[str, str], body: bytes
) -> list[str]:
    path, _, query = path_and_query.partition("?")
    segments = (quote(unquote(segment), safe="~") for segment in path.split("/"))
    canonical_path = "/".join(segments)
    if not canonical_path.endswith("/"):
        canonical_path += "/"
    pairs = sorted(
        (quote(unquote(name), safe="~"), quote(unquote(value), safe="~"))
        for name, _, value in (part.partition("=") for part in query.split("&") if part)
    )
    canonical_query = "&".join(f"{name}={value}" for name, value in pairs)
    lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in signature.signed_headers)
    names = ";".join(signature.signed_headers)
    payloads = [body]
    if method == "POST" and not body:
        payloads.append(canonical_query.encode())  # the Go client signs the query of a POST without a body
    return [
        f"{method}\n{canonical_path}\n{shown}\n{lines}\n{names}\n{hashlib.sha256(payload).hexdigest()}"
        for payload in payloads
        for shown in dict.fromkeys((canonical_query, "" if payload else canonical_query))
    ]


def _derived(secret_key: str, scope: str) -> bytes:
    key = f"SDK{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
