"""What ``mockrds serve`` and ``mockrds run`` have in common: the options, and a server made of them."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mockrds.cli.errors import UsageError, reason

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from mockrds.domain.clock import ClockSetting
    from mockrds.journal import Entry
    from mockrds.project_state import ProjectState
    from mockrds.server import MockRDS

DEFAULT_PORT: Final = 8080


def add_server_options(parser: argparse.ArgumentParser, port: int) -> None:
    """Add the options of a server to *parser*; its default port is *port*, 0 for any free one."""
    parser.add_argument("--host", type=_host, default="127.0.0.1", help="address to listen on (default %(default)s)")
    default = port or "any free one"
    parser.add_argument("--port", type=_port, default=port, help=f"port; 0: any free one (default {default})")
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="NAME|FILE",
        help="scenario of the library or file; may be repeated, later ones are laid over earlier ones",
    )
    parser.add_argument("--seed", type=_seed, help="decides ids, durations and chance (default: the scenario's, or 0)")
    parser.add_argument("--clock", type=_clock, metavar="CLOCK", help="real, frozen, frozen@TIME or scaled@FACTOR")
    parser.add_argument(
        "--auth",
        choices=("any", "strict", "off"),
        default="any",
        help="any credentials will do, only those issued here, or none are needed (default %(default)s)",
    )
    parser.add_argument(
        "--access-key",
        action="append",
        default=[],
        type=access_key,
        metavar="AK:SK",
        help="access key and secret key, to verify signatures with under --auth strict; may be repeated",
    )
    parser.add_argument("--tls", action="store_true", help="serve https with a throw-away certificate")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="serve https with this certificate, in PEM")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="the private key of --tls-cert, in PEM")
    parser.add_argument("--strict-projects", action="store_true", help="refuse projects other than the default one")
    parser.add_argument(
        "--ready-file", type=Path, metavar="PATH", help="write url, pid and version here, once it serves"
    )


def _host(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("give an address of this machine")
    return text


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no seed: give a whole number") from None


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")
    return int(text)


def _clock(text: str) -> ClockSetting:
    from mockrds.domain.clock import ClockSetting

    try:
        return ClockSetting.of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def access_key(text: str) -> tuple[str, str]:
    """Read an access key and its secret key, as argparse does.

    Raises:
        ArgumentTypeError: They are not given as AK:SK.
    """
    access, _, secret = text.partition(":")
    if not access or not secret:
        raise argparse.ArgumentTypeError("give the access key and the secret key as AK:SK")
    return access, secret


def make_server(options: argparse.Namespace, log: Callable[[ProjectState, Entry], None] | None = None) -> MockRDS:
    """Make a server as the options say, not started yet.

    Raises:
        UsageError: The options are wrong.
    """
    from mockrds.server import MockRDS

    replay = os.environ.get("MOCKRDS_REPLAY") or None
    given = {"--scenario": options.scenario or None, "--seed": options.seed, "--clock": options.clock}
    besides = [option for option, value in given.items() if value is not None]
    if replay is not None and besides:
        raise UsageError(
            f"MOCKRDS_REPLAY is set, and says what {' and '.join(besides)} would: "
            f"leave {'it' if len(besides) == 1 else 'them'} out, or unset MOCKRDS_REPLAY"
        )
    try:
        mock = MockRDS(
            options.scenario or None,
            seed=options.seed,
            clock=options.clock,
            auth=options.auth,
            access_keys=dict(options.access_key),
            strict_projects=options.strict_projects,
            host=options.host,
            port=options.port,
            tls=_tls(options),
            log=log,
            replay=replay,
        )
    except (ValueError, ModuleNotFoundError) as error:  # also a ScenarioError, whose module may not be needed at all
        raise UsageError(str(error)) from None
    if mock.simulator.control_token is not None:
        mock.simulator.control_token = os.environ.get("MOCKRDS_CONTROL_TOKEN") or mock.simulator.control_token
    return mock


def _tls(options: argparse.Namespace) -> bool | ssl.SSLContext:
    if options.tls_cert is None and options.tls_key is None:
        return bool(options.tls)
    if options.tls:
        raise UsageError("--tls makes a certificate of its own: give it without --tls-cert and --tls-key")
    if options.tls_cert is None or options.tls_key is None:
        raise UsageError("--tls-cert and --tls-key go together: give both")
    from mockrds.tls import from_files

    return from_files(options.tls_cert, options.tls_key)


def listen_problem(error: OSError, options: argparse.Namespace) -> str:
    """Return why a server could not listen, and the remedy."""
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        remedy = "choose another with --port, or --port 0 for any free one"
    else:
        remedy = "give an address of this machine with --host"
    why = "the host name is unknown" if isinstance(error, socket.gaierror) else reason(error)
    return f"cannot listen on {options.host}:{options.port}: {why}; {remedy}"


def warn_if_reachable(mock: MockRDS, host: str) -> None:
    """Write a warning where other machines can reach the server."""
    if not mock.on_loopback:
        print(
            f"mockrds: warning: listening on {host}, so other machines can reach this server; "
            f"its control API demands the header X-Mockrds-Token: {mock.simulator.control_token}",
            file=sys.stderr,
            flush=True,
        )
