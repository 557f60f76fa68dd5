"""The arguments of commands that ask a running server, and the connection to it."""

from __future__ import annotations

import os
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mockrds.cli.errors import UsageError, reason
from mockrds.cli.server_options import DEFAULT_PORT

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from mockrds.client.connection import Connection


def add_address(parser: argparse.ArgumentParser) -> None:
    """Add where the server is to the arguments of *parser*."""
    default = os.environ.get("MOCKRDS_URL", f"http://127.0.0.1:{DEFAULT_PORT}")
    parser.add_argument("url", nargs="?", default=default, help="(default $MOCKRDS_URL, or %(default)s)")
    parser.add_argument(
        "--ca",
        default=os.environ.get("MOCKRDS_CA") or None,
        metavar="FILE",
        help="certificate to trust, in PEM (default $MOCKRDS_CA, or those that the system trusts)",
    )


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the server is, and the token that it demands, to the arguments of *parser*."""
    add_address(parser)
    parser.add_argument(
        "--token",
        default=os.environ.get("MOCKRDS_CONTROL_TOKEN") or None,
        help="what the server printed, if other machines can reach it (default $MOCKRDS_CONTROL_TOKEN)",
    )


def connect(url: str, ca: str | None, **more: Any) -> Connection:
    """Return a connection to the control API of a server.

    Args:
        url: Where the server is.
        ca: The file of the certificate to trust.
        more: Further arguments of ``Connection``.

    Raises:
        UsageError: The URL is none, or the certificate can't be used.
    """
    from mockrds.client.connection import Connection

    try:
        return Connection(url, ca=ca, **more)
    except ValueError as error:
        raise UsageError(str(error)) from None
    except ssl.SSLError:
        raise UsageError(f"{ca} is no certificate in PEM") from None
    except OSError as error:
        raise UsageError(f"cannot read the certificate {ca}: {reason(error)}") from None


@contextmanager
def connection_to(options: argparse.Namespace) -> Iterator[Connection]:
    """Yield the connection to the server that the options name.

    Raises:
        UsageError: There is none, or it does not answer in the block.
    """
    connection = connect(options.url, options.ca, token=options.token)
    try:
        yield connection
    except PermissionError as error:
        raise UsageError(f"{error}; give it with --token, or in MOCKRDS_CONTROL_TOKEN") from None
    except ConnectionError as error:
        raise UsageError(str(error)) from None


def find_project(connection: Connection, wanted: str | None) -> tuple[str, str]:
    """Return the id and the name of the project with this name or id, or of the server's first.

    Raises:
        UsageError: There is no such project.
    """
    projects = connection.ask("GET", "projects")["projects"]
    for project in projects:
        if wanted in (None, project["id"], project["name"]):
            return project["id"], project["name"]
    names = ", ".join(project["name"] for project in projects)
    raise UsageError(f"there is no project {wanted!r} at {connection.url}; there is {names or 'none'}")
