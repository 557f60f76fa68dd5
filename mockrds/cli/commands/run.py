"""``mockrds run``: a server for as long as a command runs, which finds it in its environment."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from mockrds.cli.child_process import commands
from mockrds.cli.commands.report import add_report_option, write_reports
from mockrds.cli.errors import Parser, UsageError, reason
from mockrds.cli.history import History, records
from mockrds.cli.server_options import add_options, announce, make, remove_ready_file, why_not

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mockrds.cli.child_process import Call
    from mockrds.cli.history import ProjectRun
    from mockrds.faults.rules import ArmedRule
    from mockrds.server import MockRDS

UNWELL: Final = 125
"""The exit code when the command did well and the mock has something to say, as of ``docker run`` and ``timeout``."""
NOT_RUNNABLE: Final = 126
NOT_FOUND: Final = 127

_ELSEWHERE: Final = ("OS_", "HW_", "HUAWEICLOUD_", "MOCKRDS_")
"""What variables begin with that may lead clients to another cloud, to another project of it, or another mockrds."""


def run(arguments: Sequence[str]) -> int:
    """Run a command with a server beside it; gives its exit code, or another when the mock has something to say."""
    options, command = _read(list(arguments))
    with commands() as call, ExitStack() as running:
        mock = make(options)
        past = History(mock, recording=bool(options.report))
        remove_ready_file(options)  # of an earlier server
        try:
            running.enter_context(mock)
        except OSError as error:
            raise UsageError(why_not(error, options)) from None
        running.callback(remove_ready_file, options)
        announce(mock, options)
        code = _call(call, command, _environment(mock, options))
        chapters = past.chapters()
        told, unused, failures = records(chapters), list(_unused(chapters)), list(_failures(chapters))
        wrong = {"internal-error": failures, "fault-never-fired": [] if options.allow_unused else unused}
        if options.report and any(wrong.values()):
            told.append(_record(mock, wrong))
    for line in (*unused, *failures):
        print(f"mockrds: {line}", file=sys.stderr)
    well = write_reports(told, options.report) and not any(wrong.values())
    return code or (0 if well else UNWELL)


def _read(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Read the arguments: the options, and after ``--`` the command."""
    parser = Parser(
        prog="mockrds run",
        usage="%(prog)s [OPTION ...] -- COMMAND [ARGUMENT ...]",
        description="Start a server, run a command that finds it in its environment, and stop the server. "
        "The exit code is that of the command; where it is 0, it is 125 if an armed fault never fired, if an error "
        "happened inside the mock, or if a report could not be written.",
    )
    add_options(parser, port=0)
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
    """Give the environment of the command: ours, with what leads clients to the server and nowhere else."""
    from mockrds.cli.commands.env import NO_PROXY, Settings, past_proxies, variables

    project = mock.simulator.default
    first = next(iter(project.world.instances), None)
    trusted = mock.ca or options.tls_cert
    settings = Settings(
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
    direct = {name: past_proxies(os.environ.get(name, ""), settings.host) for name in NO_PROXY}
    return ours | direct | variables(settings) | ready


def _call(call: Call, command: Sequence[str], environment: dict[str, str]) -> int:
    try:
        return call(command, environment)
    except FileNotFoundError:
        print(f"mockrds: cannot run {command[0]!r}: there is no such command", file=sys.stderr)
        return NOT_FOUND
    except OSError as error:
        print(f"mockrds: cannot run {command[0]!r}: {reason(error)}", file=sys.stderr)
        return NOT_RUNNABLE


def _record(mock: MockRDS, wrong: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Make a record of what is wrong with the run as a whole, so that its reports do not look as if all were well."""
    from mockrds.report.record import record

    told = record(mock.simulator.unassigned)
    findings = [
        {"kind": kind, "severity": "error", "message": line, "entries": []}
        for kind, lines in wrong.items()
        for line in lines
    ]
    return told | {"test": "mockrds run", "outcome": "failed", "verdict": told["verdict"] | {"findings": findings}}


def _unused(chapters: Iterable[ProjectRun]) -> Iterator[str]:
    """Tell of the faults that never fired, but for those that fire by chance.

    A fault of the server's scenario is armed in each project: it is enough that it fired in one of them.
    """
    shared: dict[int, list[ArmedRule]] = {}
    for chapter in chapters:
        for armed in chapter.faults:
            if armed.by_chance:
                continue
            if armed.from_scenario:
                shared.setdefault(id(armed.rule), []).append(armed)
            elif not armed.completed:
                yield f"{_said(armed)}, in project {chapter.project}"
    for everywhere in shared.values():
        if not any(armed.completed for armed in everywhere):
            yield _said(max(everywhere, key=lambda armed: (armed.fired, armed.consumed, armed.calls)))


def _said(armed: ArmedRule) -> str:
    rule = armed.rule
    name = f"fault {armed.name!r}" if rule.name else armed.name
    place = f" ({armed.source})" if armed.source else ""
    if armed.fired and rule.sequence is not None:
        return f"{name}{place} took {armed.consumed} of the {len(rule.sequence)} steps of its sequence"
    calls = f"{armed.calls} call{'' if armed.calls == 1 else 's'}"
    return f"{name}{place} never fired; it was about {calls}"


def _failures(chapters: Iterable[ProjectRun]) -> Iterator[str]:
    """Tell of the errors inside the mock."""
    for chapter in chapters:
        where = f", in project {chapter.project}" if chapter.project else ""
        yield from (f"an error inside the mock{where}: {error!r}" for error in chapter.errors)
