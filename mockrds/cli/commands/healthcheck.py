"""``mockrds healthcheck``: is a server ready?"""

from __future__ import annotations

import http.client
import ssl
import sys
from typing import TYPE_CHECKING, Final

from mockrds.cli.errors import Parser
from mockrds.cli.server_arguments import add_address, connect

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT: Final = 3.0  # in seconds


def run(arguments: Sequence[str]) -> int:
    """Exit with 0 when a server is ready, else with 1."""
    parser = Parser(prog="mockrds healthcheck", description="Exit with 0 when a server is ready, else with 1.")
    add_address(parser)
    options = parser.parse_args(arguments)
    connection = connect(options.url, options.ca, timeout=_TIMEOUT)
    problem = "answers, but is no mockrds"
    try:
        if connection.ask("GET", "ready") == {"status": "ok"}:
            print(f"{options.url} is ready")
            return 0
    except ConnectionError as error:
        if error.__cause__ is not None:
            problem = _problem(error.__cause__, options.ca)
    except (OSError, KeyError, ValueError, RuntimeError):
        pass  # an error of another server
    print(f"mockrds: {options.url} {problem}", file=sys.stderr)
    return 1


def _problem(error: BaseException, ca: str | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = "" if ca else "; give the one to trust with --ca FILE, or in MOCKRDS_CA"
        return f"has a certificate that is not trusted: {error.verify_message}{remedy}"
    if isinstance(error, ssl.SSLError):
        return f"does not speak TLS, or not as it should: {error.reason or error}"
    if isinstance(error, http.client.RemoteDisconnected):
        return f"is not ready: {error}; if it serves TLS, write https://"
    return f"is not ready: {error}"
