"""``mockrds``, ``mockrds serve``: serves until it is stopped."""

from __future__ import annotations

import argparse
import gc
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from mockrds.cli import COMMANDS
from mockrds.cli.errors import Parser, UsageError, reason
from mockrds.cli.history import History, records
from mockrds.cli.ready_file import ReadyFile
from mockrds.cli.report_files import add_report_option, write_reports
from mockrds.cli.server_options import DEFAULT_PORT, add_server_options, listen_problem, make_server, warn_if_reachable
from mockrds.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mockrds.cli.reloader import Reloader
    from mockrds.server import MockRDS

_SIGNALS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))


def run(arguments: Sequence[str]) -> int:
    """Serve; exit with 0 when it was stopped by a signal."""
    options = _parser().parse_args(arguments)
    if options.command:
        raise UsageError(_why_too_much(options.command[0], options.scenario))
    return _serve(options)


def _why_too_much(word: str, scenarios: Sequence[str]) -> str:
    if word in COMMANDS:
        return f"the command {word!r} stands too late: give it first, as in mockrds {word} ..."
    if scenarios:
        return f"{word!r} belongs to no option; for another scenario, repeat --scenario: --scenario {word}"
    return f"{word!r} belongs to no option: mockrds serve takes nothing else"


def _parser() -> Parser:
    commands = (f"  mockrds {name:<13}{purpose}" for name, purpose in COMMANDS.items())
    parser = Parser(
        prog="mockrds",
        description="Serve a mock of the Open Telekom Cloud / Huawei Cloud RDS backup API.",
        epilog="\n".join(["commands (each has a --help):", *commands]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_server_options(parser, DEFAULT_PORT)
    parser.add_argument("--reload", action="store_true", help="load the files of --scenario again when they change")
    add_report_option(parser, "when it stops")
    parser.add_argument("--log-format", choices=("text", "json"), default="text", help="how requests are logged")
    parser.add_argument("--quiet", action="store_true", help="no banner, no request log")
    parser.add_argument("command", nargs="*", help=argparse.SUPPRESS)  # no command of ours, so a mistake
    parser.add_argument("--version", action="version", version=f"mockrds {__version__}")
    return parser


def _serve(options: argparse.Namespace) -> int:
    with suppress(ValueError):  # not in the main thread: then nobody sends us signals either
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.disable()  # nothing that is imported or built up to here will ever be garbage
    import asyncio

    from mockrds.cli.request_log import RequestLog

    reloader = _reloader(options)  # first, so that it misses no change
    log = None if options.quiet else RequestLog(options.log_format)
    try:
        mock = make_server(options, log)
        # The collector's default thresholds make the slowest answers ten times slower.
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        gc.enable()
        with ReadyFile(options.ready_file) as ready_file:
            reported = asyncio.run(_serve_until_stopped(mock, options, reloader, ready_file))
    finally:
        if log is not None:
            log.close()
    return 0 if reported else 1


def _reloader(options: argparse.Namespace) -> Reloader | None:
    if not options.reload:
        return None
    if not options.scenario:
        replay = ", and leave out MOCKRDS_REPLAY" if os.environ.get("MOCKRDS_REPLAY") else ""
        raise UsageError(f"--reload watches the files of --scenario: give one{replay}")
    from mockrds.cli.reloader import Reloader

    return Reloader(options.scenario)


async def _serve_until_stopped(
    mock: MockRDS, options: argparse.Namespace, reloader: Reloader | None, ready_file: ReadyFile
) -> bool:
    """Serve; return whether all reports were written."""
    import asyncio

    from mockrds.web.listening import handle_exhaustion, raise_descriptor_limit

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    handle_exhaustion(loop)
    raise_descriptor_limit()

    def stop() -> None:
        stopped.set()
        for number in _SIGNALS:  # a second signal ends the process at once, whatever it is doing
            if loop.remove_signal_handler(number):
                signal.signal(number, signal.SIG_DFL)

    for number in _SIGNALS:
        # Windows has no signal handlers on the loop, and other threads have none at all.
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(number, stop)
    history = History(mock, recording=True) if options.report else None
    try:
        await mock.start()
    except OSError as error:
        raise UsageError(listen_problem(error, options)) from None
    try:
        ready_file.write(mock)
        _announce(mock, options)
        if reloader is None:
            await stopped.wait()
        else:
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(reloader.follow(mock))
                await stopped.wait()
                following.cancel()
        return write_reports(records(history.project_runs()) if history is not None else [], options.report)
    finally:
        await mock.stop()


def _announce(mock: MockRDS, options: argparse.Namespace) -> None:
    """Write warnings and the banner: the server serves."""
    warn_if_reachable(mock, options.host)
    if not options.quiet:
        from mockrds.cli.banner import banner

        try:
            print(banner(mock, mock.ca or options.tls_cert), flush=True)
        except OSError as error:
            raise UsageError(f"cannot write the banner: {reason(error)}; --quiet does without") from None
