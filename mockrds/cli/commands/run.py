"""``mockrds run``: a server for as long as a command runs, which finds its address in the environment."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from mockrds.cli.child_process import command_runner
from mockrds.cli.errors import Parser, UsageError, reason
from mockrds.cli.history import History, records
from mockrds.cli.ready_file import ReadyFile
from mockrds.cli.report_files import add_report_option, write_reports
from mockrds.cli.server_options import add_server_options, listen_problem, make_server, warn_if_reachable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mockrds.cli.child_process import RunCommand
    from mockrds.cli.history import ProjectRun
    from mockrds.faults.rules import ArmedRule
    from mockrds.server import MockRDS

UNWELL: Final = 125
"""The exit code when the command succeeded but the mock found something wrong, as of ``docker run`` and ``timeout``."""
NOT_RUNNABLE: Final = 126
NOT_FOUND: Final = 127

_ELSEWHERE: Final = ("OS_", "HW_", "HUAWEICLOUD_", "MOCKRDS_")
"""Beginnings of variables that may lead clients to another cloud, another project of it, or another mockrds."""


def run(arguments: Sequence[str]) -> int:
    """Run a command with a server beside it; return its exit code, or 125 when only the mock found something wrong."""
    options, command = _parse(list(arguments))
    with command_runner() as run_command, ExitStack() as running:
        mock = make_server(options)
        history = History(mock, recording=bool(options.report))
        ready_file = running.enter_context(ReadyFile(options.ready_file))
        try:
            running.enter_context(mock)
        except OSError as error:
            raise UsageError(listen_problem(error, options)) from None
        ready_file.write(mock)
        warn_if_reachable(mock, options.host)
        code = _run(run_command, command, _environment(mock, options))
        project_runs = history.project_runs()
        reported, unused, errors = records(project_runs), list(_unused(project_runs)), list(_errors(project_runs))
        problems = {"internal-error": errors, "fault-never-fired": [] if options.allow_unused else unused}
        if options.report and any(problems.values()):
            reported.append(_record(mock, problems))
    for line in (*unused, *errors):
        print(f"mockrds: {line}", file=sys.stderr)
    well = write_reports(reported, options.report) and not any(problems.values())
    return code or (0 if well else UNWELL)


def _parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Return the options, and the command that stands after ``--``."""
    parser = Parser(
        prog="mockrds run",
        usage="%(prog)s [OPTION ...] -- COMMAND [ARGUMENT ...]",
        description="Start a server, run a command that finds it in its environment, and stop the server. "
        "The exit code is that of the command; where it is 0, it is 125 if an armed fault never fired, if an error "
        "happened inside the mock, or if a report could not be written.",
    )
    add_server_options(parser, port=0)
    add_report_option(parser, "when the command has ended")
    parser.add_argument("--allow-unused", action="store_true", help="faults that never fire are no failure")
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options, others = parser.parse_known_args(arguments[:end])
    command = arguments[end + 1 :]
    if not command:
        parser.error("give the command to run after --, as in: mockrds run -- make test")
    if others:
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    return options, command


def _environment(mock: MockRDS, options: argparse.Namespace) -> dict[str, str]:
    """Return the environment of the command: ours, with what leads clients to the server and nowhere else."""
    from mockrds.cli.client_settings import NO_PROXY, ClientSettings

    project = mock.simulator.default
    first = next(iter(project.world.instances), None)
    trusted = mock.ca or options.tls_cert
    settings = ClientSettings(
        url=mock.url,
        project_id=project.id,
        project_name=project.name,
        ca=os.path.realpath(trusted) if trusted else None,
        token=mock.simulator.token(project),
        control_token=mock.simulator.control_token,
        instance_id=first.id if first else None,
        node_id=first.node_id if first else None,
    )
    ready = {"MOCKRDS_READY_FILE": os.path.realpath(options.ready_file)} if options.ready_file else {}
    ours = {name: value for name, value in os.environ.items() if not name.startswith(_ELSEWHERE)}
    direct = {name: _with_host(os.environ.get(name, ""), settings.host) for name in NO_PROXY}
    return ours | direct | settings.variables | ready


def _with_host(hosts: str, host: str) -> str:
    """Return the *hosts* that clients reach without a proxy, and *host* among them."""
    return hosts if host in hosts.split(",") else f"{hosts},{host}".lstrip(",")


def _run(run_command: RunCommand, command: Sequence[str], environment: dict[str, str]) -> int:
    try:
        return run_command(command, environment)
    except FileNotFoundError:
        print(f"mockrds: cannot run {command[0]!r}: there is no such command", file=sys.stderr)
        return NOT_FOUND
    except OSError as error:
        print(f"mockrds: cannot run {command[0]!r}: {reason(error)}", file=sys.stderr)
        return NOT_RUNNABLE


def _record(mock: MockRDS, problems: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return a record of what is wrong with the run as a whole, so that its reports don't look as if all were well."""
    from mockrds.report.record import record

    unassigned = record(mock.simulator.unassigned)
    findings = [
        {"kind": kind, "severity": "error", "message": line, "entries": []}
        for kind, lines in problems.items()
        for line in lines
    ]
    verdict = unassigned["verdict"] | {"findings": findings}
    return unassigned | {"test": "mockrds run", "outcome": "failed", "verdict": verdict}


def _unused(project_runs: Iterable[ProjectRun]) -> Iterator[str]:
    """Yield a line for each fault that never fired, but for those that fire by chance.

    A fault of the server's scenario is armed in each project: it is enough that it fired in one of them.
    """
    from_scenario: dict[int, list[ArmedRule]] = {}
    for run in project_runs:
        for armed in run.faults:
            if armed.by_chance:
                continue
            if armed.from_scenario:
                from_scenario.setdefault(id(armed.rule), []).append(armed)
            elif not armed.completed:
                yield f"{_shortfall(armed)}, in project {run.project}"
    for everywhere in from_scenario.values():
        if not any(armed.completed for armed in everywhere):
            yield _shortfall(max(everywhere, key=lambda armed: (armed.fired, armed.consumed, armed.calls)))


def _shortfall(armed: ArmedRule) -> str:
    name = f"fault {armed.name!r}" if armed.rule.name else armed.name
    place = f" ({armed.source})" if armed.source else ""
    return f"{name}{place} {armed.shortfall}"


def _errors(project_runs: Iterable[ProjectRun]) -> Iterator[str]:
    """Yield a line for each error inside the mock."""
    for run in project_runs:
        where = f", in project {run.project}" if run.project else ""
        yield from (f"an error inside the mock{where}: {error!r}" for error in run.errors)
