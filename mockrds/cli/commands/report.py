"""``mockrds report``: what a server was asked, and how its clients did; for files and for people."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockrds.cli.errors import Parser, reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    Record = dict[str, Any]


def run(arguments: Sequence[str]) -> int:
    """Print the report of a server that runs, or write it to files."""
    from mockrds.cli.server_arguments import add_server_arguments, asking, find_project

    parser = Parser(prog="mockrds report", description="Print what a running server was asked, and how clients did.")
    add_server_arguments(parser)
    parser.add_argument("--project", metavar="NAME", help="name or id of the project (default: all that were asked)")
    add_report_option(parser, "instead of printing it", "--output")
    options = parser.parse_args(arguments)
    with asking(options) as server:
        of = "" if options.project is None else f"projects/{find_project(server, options.project)[0]}/"
        records = server.ask("GET", f"{of}report.json")["records"]
    if options.output:
        return 0 if write_reports(records, options.output) else 1
    from mockrds.report import render

    print(render(records, "txt"), end="")
    return 0


def add_report_option(parser: argparse.ArgumentParser, when: str, name: str = "--report") -> None:
    """Let *parser* take files to write the report to; *when* ends the sentence that says so."""
    parser.add_argument(
        name,
        action="append",
        default=[],
        type=_report_file,
        metavar="FILE",
        help=f"write a report {when}; may be repeated; FILE ends in .html, .json, .xml (JUnit) or .txt",
    )


def _report_file(text: str) -> Path:
    from mockrds.report import check

    try:
        check(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    path = Path(text)
    folder = next(place for place in path.absolute().parents if place.exists())  # it makes those that are not there
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise argparse.ArgumentTypeError(f"no file can be written at {text}")
    return path


def write_reports(records: Sequence[Record], paths: Sequence[Path]) -> bool:
    """Write *records* to files; what fails is said on stderr.

    Returns:
        Whether all were written.
    """
    if not paths:
        return True
    from mockrds.report import write

    good = True
    for path in paths:
        try:
            write(records, path)
        except OSError as error:
            good = False
            print(f"mockrds: cannot write the report {path}: {reason(error)}", file=sys.stderr)
    return good
