"""``mockrds``: serves until it is told to stop."""

from __future__ import annotations

import argparse
import errno
import gc
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mockrds.cli import COMMANDS
from mockrds.cli.usage import DEFAULT_PORT, Parser, UsageError, reason
from mockrds.version import __version__

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from mockrds.cli.log import RequestLog
    from mockrds.cli.reload import Reloader
    from mockrds.domain.clock import ClockSetting
    from mockrds.server import MockRDS


def run(arguments: Sequence[str]) -> int:
    """Serve; exit with 0 when it was told to stop."""
    options = _parser().parse_args(arguments)
    if options.command:
        raise UsageError(f"there is no command {options.command[0]!r}; there are: {', '.join(COMMANDS)}")
    return _serve(options)


def _parser() -> Parser:
    commands = (f"  mockrds {name:<13}{does}" for name, does in COMMANDS.items())
    parser = Parser(
        prog="mockrds",
        description="Serve a mock of the Open Telekom Cloud / Huawei Cloud RDS backup API.",
        epilog="\n".join(["commands (each has a --help):", *commands]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", type=_host, default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="port; 0: any free one (default %(default)s)")
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="NAME|FILE",
        help="scenario of the library or file; may be repeated, later ones are laid over earlier ones",
    )
    parser.add_argument("--reload", action="store_true", help="load the files of --scenario again when they change")
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
        type=_access_key,
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
    parser.add_argument("--log-format", choices=("text", "json"), default="text", help="how requests are logged")
    parser.add_argument("--quiet", action="store_true", help="no banner, no request log")
    parser.add_argument("command", nargs="*", help=argparse.SUPPRESS)  # none of ours is left: what is here is a mistake
    parser.add_argument("--version", action="version", version=f"mockrds {__version__}")
    return parser


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


def _access_key(text: str) -> tuple[str, str]:
    access, _, secret = text.partition(":")
    if not access or not secret:
        raise argparse.ArgumentTypeError("give the access key and the secret key as AK:SK")
    return access, secret


def _serve(options: argparse.Namespace) -> int:
    with suppress(ValueError):  # not in the main thread: then nobody sends us signals either
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.disable()  # nothing that is imported or built up to here will ever be garbage
    import asyncio

    from mockrds.cli.log import RequestLog

    reloader = _reloader(options)  # first, so that it misses no change
    log = None if options.quiet else RequestLog(options.log_format)
    try:
        mock = _mock(options, log)
        # The collector's default thresholds make the slowest answers ten times slower.
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        gc.enable()
        _remove(options.ready_file)  # of an earlier server
        try:
            asyncio.run(_serve_until_stopped(mock, options, reloader))
        finally:
            _remove(options.ready_file)
    finally:
        if log is not None:
            log.close()
    return 0


def _reloader(options: argparse.Namespace) -> Reloader | None:
    if not options.reload:
        return None
    if not options.scenario:
        beside = ", and leave out MOCKRDS_REPLAY" if os.environ.get("MOCKRDS_REPLAY") else ""
        raise UsageError(f"--reload watches the files of --scenario: give one{beside}")
    from mockrds.cli.reload import Reloader

    return Reloader(options.scenario)


def _mock(options: argparse.Namespace, log: RequestLog | None) -> MockRDS:
    from mockrds.server import MockRDS

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
            replay=os.environ.get("MOCKRDS_REPLAY") or None,
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


async def _serve_until_stopped(mock: MockRDS, options: argparse.Namespace, reloader: Reloader | None) -> None:
    import asyncio

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no signal handlers on the loop, and other threads have none at all.
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(number, stopped.set)
    try:
        await mock.start()
    except OSError as error:
        raise UsageError(_why_not(error, options)) from None
    try:
        _announce(mock, options)
        if reloader is None:
            await stopped.wait()
        else:
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(reloader.follow(mock))
                await stopped.wait()
                following.cancel()
    finally:
        await mock.stop()


def _announce(mock: MockRDS, options: argparse.Namespace) -> None:
    """Tell everybody who may want to know that it serves."""
    if options.ready_file is not None:
        _write_ready_file(options.ready_file, mock)
    if not mock.on_loopback:
        print(
            f"mockrds: warning: listening on {options.host}, so other machines can reach this server; "
            f"its control API demands the header X-Mockrds-Token: {mock.simulator.control_token}",
            file=sys.stderr,
            flush=True,
        )
    if not options.quiet:
        from mockrds.cli.banner import banner

        try:
            print(banner(mock, mock.ca or options.tls_cert), flush=True)
        except OSError as error:
            raise UsageError(f"cannot write the banner: {reason(error)}; --quiet does without") from None


def _why_not(error: OSError, options: argparse.Namespace) -> str:
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        remedy = "choose another with --port, or --port 0 for any free one"
    else:
        remedy = "give an address of this machine with --host"
    why = "the host name is unknown" if isinstance(error, socket.gaierror) else reason(error)
    return f"cannot listen on {options.host}:{options.port}: {why}; {remedy}"


def _remove(path: Path | None) -> None:
    if path is not None:
        with suppress(OSError):
            path.unlink()


def _write_ready_file(path: Path, mock: MockRDS) -> None:
    content = {"url": mock.url, "pid": os.getpid(), "version": __version__, "project_id": mock.simulator.default.id}
    if mock.ca is not None:
        content["ca"] = mock.ca
    import tempfile

    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(json.dumps(content) + "\n")
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink()
            raise
    except OSError as error:
        raise UsageError(f"cannot write the ready file {path}: {reason(error)}") from None
