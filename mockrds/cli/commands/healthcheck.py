"""``mockrds healthcheck``: is a server ready?"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mockrds.cli.errors import Parser, UsageError, reason
from mockrds.cli.server_arguments import add_address

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT: Final = 3.0


def run(arguments: Sequence[str]) -> int:
    """Exit with 0 when a server is ready, else with 1."""
    parser = Parser(prog="mockrds healthcheck", description="Exit with 0 when a server is ready, else with 1.")
    add_address(parser)
    options = parser.parse_args(arguments)
    connection = _connection(options.url, options.ca)
    try:
        connection.request("GET", "/__mockrds/ready")
        response = connection.getresponse()
        if response.status == http.HTTPStatus.OK and json.loads(response.read()) == {"status": "ok"}:
            print(f"{options.url} is ready")
            return 0
        print(f"mockrds: {options.url} answers, but is no mockrds", file=sys.stderr)
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"mockrds: {options.url} {_why_not(error, options.ca)}", file=sys.stderr)
    finally:
        connection.close()
    return 1


def _connection(url: str, ca: str | None) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url!r} is no URL of a server: give one such as http://127.0.0.1:8080")
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, port, timeout=_TIMEOUT)
    try:
        context = ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        raise UsageError(f"{ca} is no certificate in PEM") from None
    except OSError as error:
        raise UsageError(f"cannot read the certificate {ca}: {reason(error)}") from None
    return http.client.HTTPSConnection(parts.hostname, port, timeout=_TIMEOUT, context=context)


def _why_not(error: Exception, ca: str | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = "" if ca else "; give the one to trust with --ca FILE, or in MOCKRDS_CA"
        return f"has a certificate that is not trusted: {error.verify_message}{remedy}"
    if isinstance(error, ssl.SSLError):
        return f"does not speak TLS, or not as it should: {error.reason or error}"
    if isinstance(error, http.client.RemoteDisconnected):
        return f"is not ready: {error}; if it serves TLS, write https://"
    return f"is not ready: {error}"
