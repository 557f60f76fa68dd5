"""What commands have in common that ask a server which runs already."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mockrds.cli.errors import DEFAULT_PORT, UsageError, reason

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from mockrds.client import RemoteServer


def add_address(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take where the server is."""
    default = os.environ.get("MOCKRDS_URL", f"http://127.0.0.1:{DEFAULT_PORT}")
    parser.add_argument("url", nargs="?", default=default, help="(default $MOCKRDS_URL, or %(default)s)")
    parser.add_argument(
        "--ca",
        default=os.environ.get("MOCKRDS_CA") or None,
        metavar="FILE",
        help="certificate to trust, in PEM (default $MOCKRDS_CA, or those that the system trusts)",
    )


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take where the server is, and what it demands."""
    add_address(parser)
    parser.add_argument(
        "--token",
        default=os.environ.get("MOCKRDS_CONTROL_TOKEN") or None,
        help="what the server printed, if other machines can reach it (default $MOCKRDS_CONTROL_TOKEN)",
    )


@contextmanager
def asking(options: argparse.Namespace) -> Iterator[RemoteServer]:
    """Give the server that the options name, to be asked in the block.

    Raises:
        UsageError: There is none, or it does not answer.
    """
    from mockrds.client import RemoteServer

    try:
        server = RemoteServer(options.url, options.token, ca=options.ca)
    except ValueError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"cannot read the certificate {options.ca}: {reason(error)}") from None
    try:
        yield server
    except PermissionError as error:
        raise UsageError(f"{error}: give it with --token, or in MOCKRDS_CONTROL_TOKEN") from None
    except ConnectionError as error:
        raise UsageError(str(error)) from None


def find_project(server: RemoteServer, wanted: str | None) -> tuple[str, str]:
    """Find a project by its name or id, or the first one; gives its id and its name.

    Raises:
        UsageError: There is no such project.
    """
    projects = server.ask("GET", "projects")["projects"]
    for project in projects:
        if wanted in (None, project["id"], project["name"]):
            return project["id"], project["name"]
    names = ", ".join(project["name"] for project in projects)
    raise UsageError(f"there is no project {wanted!r} at {server.url}; there is {names or 'none'}")
