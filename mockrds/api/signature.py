"""Requests signed with an access key: the two ``SDK-HMAC-SHA256`` schemes that clients use.

The plain scheme, ``Access=AK``, is that of the huaweicloud SDKs: the secret itself is the key. The
derived scheme, ``Credential=AK/date/region/service/sdk_request``, is that of gophertelekomcloud: the
key is derived from the secret and that scope, and the request is written down a little differently.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALGORITHM: Final = "SDK-HMAC-SHA256"
_HEADER: Final = re.compile(
    rf"{_ALGORITHM} (?:Access=(?P<access>[^,/\s]+)|Credential=(?P<credential>[^,/\s]+)/(?P<scope>[^,\s]+)), ?"
    r"SignedHeaders=(?P<signed>[^,\s]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_BLANKS: Final = re.compile(r"[ \t]+")
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"  # in X-Sdk-Content-Sha256: the body is not covered


class Signature(NamedTuple):
    """The ``Authorization`` header of a signed request."""

    access_key: str
    scope: str | None
    """``date/region/service/sdk_request`` of the derived scheme; None in the plain one."""
    signed_headers: tuple[str, ...]
    signature: str


def parse(header: str) -> Signature | None:
    """Return the parts of an ``Authorization`` header; None if it has not the form of either scheme."""
    match = _HEADER.fullmatch(header)
    if match is None or not header.isascii():
        return None
    signed = tuple(match["signed"].split(";"))
    return Signature(match["access"] or match["credential"], match["scope"], signed, match["signature"])


def verify(
    signature: Signature, secret_key: str, method: str, path_and_query: str, headers: Mapping[str, str], body: bytes
) -> bool:
    """Return whether a request was signed with *secret_key*.

    Args:
        signature: The parsed ``Authorization`` header.
        secret_key: The secret that belongs to its access key.
        method: The HTTP method.
        path_and_query: As it stood in the request line.
        headers: The request's headers, found in any letter case.
        body: The request's body.
    """
    path, _, query = path_and_query.partition("?")
    parameters = parse_qsl(query, keep_blank_values=True)
    values = [headers.get(name, "") for name in signature.signed_headers]
    key = secret_key.encode()
    preamble = [_ALGORITHM, headers.get("X-Sdk-Date", "")]
    if signature.scope is None:
        parameters.sort()
    else:
        if method == "POST" and not body:  # the query, as Go writes it, stands for the body
            body, parameters = urlencode(sorted(parameters, key=itemgetter(0))).encode(), []
        once = dict(reversed(parameters)).items()  # of each name, the first value
        parameters = sorted(once, key=lambda parameter: quote(parameter[0], safe="").lower())
        values = [_BLANKS.sub(" ", value) for value in values]
        key = _derive(b"SDK" + key, signature.scope)
        preamble.append(signature.scope)
    unsigned = body and headers.get("X-Sdk-Content-Sha256") == _UNSIGNED
    canonical = (
        method,
        quote(unquote(path)).removesuffix("/") + "/",
        "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters),
        *(f"{name}:{value}" for name, value in zip(signature.signed_headers, values, strict=True)),
        "",
        ";".join(signature.signed_headers),
        _UNSIGNED if unsigned else hashlib.sha256(body).hexdigest(),
    )
    expected = hmac.digest(key, _lines(*preamble, hashlib.sha256(_lines(*canonical)).hexdigest()), "sha256").hex()
    return hmac.compare_digest(expected, signature.signature)


def _derive(key: bytes, scope: str) -> bytes:
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _lines(*lines: str) -> bytes:
    return "\n".join(lines).encode(errors="surrogateescape")  # what aiohttp makes of bytes that are not UTF-8
