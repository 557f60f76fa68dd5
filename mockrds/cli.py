"""The command line: ``python -m mockrds`` serves, ``mockrds healthcheck`` asks whether it does."""

from __future__ import annotations

import argparse
import errno
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from mockrds.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mockrds.domain.clock import ClockSetting
    from mockrds.journal import Entry
    from mockrds.server import MockRDS
    from mockrds.simulator import Tenant

DEFAULT_PORT = 8080
_HEALTHCHECK_TIMEOUT = 3.0
_LOG_LINES = 10_000


class UsageError(Exception):
    """Something the user can mend; the message is all that is printed."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments; absent: those of the process.

    Returns:
        The exit code: 0 when served until stopped, 2 when it can't serve; of a healthcheck, 1 when
        nothing serves.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments[:1] == ["healthcheck"]:
            return _healthcheck(arguments[1:])
        return _serve(_serve_parser().parse_args(arguments))
    except UsageError as error:
        print(f"mockrds: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


def _serve_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mockrds",
        description="Serve a mock of the Open Telekom Cloud / Huawei Cloud RDS backup API.",
        epilog="mockrds healthcheck [URL] tells by its exit code whether a server is ready.",
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
    parser.add_argument("--seed", type=int, help="decides ids, durations and chance (default: the scenario's, or 0)")
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
    parser.add_argument("--strict-projects", action="store_true", help="refuse projects other than the default one")
    parser.add_argument(
        "--ready-file", type=Path, metavar="PATH", help="write url, pid and version here, once it serves"
    )
    parser.add_argument("--log-format", choices=("text", "json"), default="text", help="how requests are logged")
    parser.add_argument("--quiet", action="store_true", help="no banner, no request log")
    parser.add_argument("--version", action="version", version=f"mockrds {__version__}")
    return parser


def _host(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("give an address of this machine")
    return text


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

    from mockrds.server import MockRDS

    log = None if options.quiet else _Log(options.log_format)
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
            log=log,
        )
    except ValueError as error:  # a ScenarioError, whose module is only imported when it is needed
        raise UsageError(str(error)) from None
    if mock.simulator.control_token is not None:
        mock.simulator.control_token = os.environ.get("MOCKRDS_CONTROL_TOKEN") or mock.simulator.control_token
    # The collector's default thresholds make the slowest answers ten times slower.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()
    _remove(options.ready_file)  # of an earlier server
    try:
        asyncio.run(_serve_until_stopped(mock, options))
    finally:
        _remove(options.ready_file)
        if log is not None:
            log.close()
    return 0


async def _serve_until_stopped(mock: MockRDS, options: argparse.Namespace) -> None:
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
            try:
                print(_banner(mock), flush=True)
            except OSError as error:
                raise UsageError(f"cannot write the banner: {_lower(error.strerror)}; --quiet does without") from None
        await stopped.wait()
    finally:
        await mock.stop()


def _why_not(error: OSError, options: argparse.Namespace) -> str:
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        remedy = "choose another with --port, or --port 0 for any free one"
    else:
        remedy = "give an address of this machine with --host"
    reason = "the host name is unknown" if isinstance(error, socket.gaierror) else _lower(error.strerror)
    return f"cannot listen on {options.host}:{options.port}: {reason}; {remedy}"


def _remove(path: Path | None) -> None:
    if path is not None:
        with suppress(OSError):
            path.unlink()


def _lower(reason: str | None) -> str:
    reason = (reason or "it is refused").split(":")[-1].strip()
    return reason[:1].lower() + reason[1:]


def _write_ready_file(path: Path, mock: MockRDS) -> None:
    content = {"url": mock.url, "pid": os.getpid(), "version": __version__, "project_id": mock.simulator.default.id}
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
        raise UsageError(f"cannot write the ready file {path}: {_lower(error.strerror)}") from None


def _banner(mock: MockRDS) -> str:
    tenant = mock.simulator.default
    rows = [
        f"  {instance.node_id}  {instance.name}  ({instance.datastore.type} {instance.datastore.version}"
        f"{', primary/standby' if instance.standby else ', read replica' if instance.primary else ''})"
        for instance in tenant.world.instances
    ]
    shown = rows[:10]
    if len(rows) > len(shown):
        shown.append(f"  ... and {len(rows) - len(shown)} more: {mock.url}/__mockrds/projects/{tenant.id}/state")
    token = mock.simulator.token(tenant) if mock.simulator.auth == "strict" else "any"
    example: list[str] = []
    for instance in tenant.world.instances:
        if instance.primary is None:
            backup = {"name": "my-backup", "instance": instance.node_id, "description": "My Backup"}
            example = [
                "",
                "Create a backup:",
                f"  curl -sS {mock.url}/rds/v1/{tenant.id}/backups \\",
                f"    -H 'X-Auth-Token: {token}' -H 'Content-Type: application/json' \\",
                f"    -d '{json.dumps({'backup': backup})}'",
            ]
            break
    clock = tenant.clock.setting
    running = f"{clock.mode} by {clock.by:g}" if clock.mode == "scaled" else clock.mode
    return "\n".join([
        f"mockrds {__version__} at {mock.url}",
        "",
        f"project    {tenant.id}  (name {tenant.name})",
        f"scenario   {tenant.scenario.name}, seed {tenant.seed}, clock {running}",
        f"identity   {mock.url}/v3",
        f"control    {mock.url}/__mockrds/projects/{tenant.id}/state",
        "node ids (API v1 calls the id of a primary node 'instance'):",
        *shown,
        *example,
        "",
        "Stop with Ctrl-C.",
    ])  # fmt: skip


class _Log:
    """Writes a line for each request, from a thread of its own.

    If nobody reads what it writes, lines are lost, and the server goes on.
    """

    def __init__(self, log_format: str) -> None:
        self._render = _json_line if log_format == "json" else _text_line
        self._waiting: deque[tuple[Tenant, Entry, float]] = deque(maxlen=_LOG_LINES)
        self._something = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._write, name="mockrds-log", daemon=True)
        self._thread.start()

    def __call__(self, tenant: Tenant, entry: Entry) -> None:
        self._waiting.append((tenant, entry, time.time()))
        if not self._something.is_set():
            self._something.set()

    def close(self) -> None:
        """Write what is waiting; give up soon if nobody reads it."""
        self._closed = True
        self._something.set()
        self._thread.join(timeout=0.5)

    def _write(self) -> None:
        while not self._closed:
            self._something.wait()
            time.sleep(0.01)  # lets lines gather: one write for many
            self._something.clear()
            lines = [self._render(*self._waiting.popleft()) for _ in range(len(self._waiting))]
            with suppress(OSError, ValueError):
                sys.stderr.write("".join(lines))
                sys.stderr.flush()


def _text_line(_: Tenant, entry: Entry, at: float) -> str:
    parts = [time.strftime("%H:%M:%S", time.localtime(at)), entry.method, entry.path, str(entry.status)]
    parts += [entry.operation, entry.error or ""]
    if entry.fault:
        parts.append(f"[fault: {entry.fault}]")
    if entry.hint:
        parts.append(f"({entry.hint})")
    return " ".join(part for part in parts if part) + "\n"


def _json_line(tenant: Tenant, entry: Entry, at: float) -> str:
    line: dict[str, Any] = {
        "time": at,
        "project": tenant.id,
        "method": entry.method,
        "path": entry.path,
        "status": entry.status,
        "operation": entry.operation,
        "error": entry.error,
        "fault": entry.fault,
        "hint": entry.hint,
        "request_id": entry.request_id,
    }
    return json.dumps(line) + "\n"


def _healthcheck(arguments: Sequence[str]) -> int:
    parser = _Parser(prog="mockrds healthcheck", description="Exit with 0 when a server is ready, else with 1.")
    default = os.environ.get("MOCKRDS_URL", f"http://127.0.0.1:{DEFAULT_PORT}")
    parser.add_argument("url", nargs="?", default=default, help="(default $MOCKRDS_URL, or %(default)s)")
    url = parser.parse_args(arguments).url
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme != "http" or not parts.hostname:
        raise UsageError(f"{url!r} is no URL of a server: give one such as http://127.0.0.1:8080")
    import http.client

    connection = http.client.HTTPConnection(parts.hostname, port, timeout=_HEALTHCHECK_TIMEOUT)
    try:
        connection.request("GET", "/__mockrds/ready")
        response = connection.getresponse()
        if response.status == http.HTTPStatus.OK and json.loads(response.read()) == {"status": "ok"}:
            print(f"{url} is ready")
            return 0
        print(f"mockrds: {url} answers, but is no mockrds", file=sys.stderr)
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"mockrds: {url} is not ready: {error}", file=sys.stderr)
    finally:
        connection.close()
    return 1
