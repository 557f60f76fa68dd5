"""``mockrds report``: what is found of a server's clients, and totals, on the terminal or in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockrds.cli.errors import Parser
from mockrds.cli.report_files import add_report_option, write_reports

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Print the report of a server that runs, or write it to files."""
    from mockrds.cli.server_arguments import add_server_arguments, connection_to, find_project

    parser = Parser(
        prog="mockrds report",
        description="Print what is found of the clients of a running server, and totals of all calls.",
    )
    add_server_arguments(parser)
    parser.add_argument("--project", metavar="NAME", help="name or id of the project (default: all that were asked)")
    add_report_option(parser, "instead of printing it", "--output")
    options = parser.parse_args(arguments)
    with connection_to(options) as connection:
        of = "" if options.project is None else f"projects/{find_project(connection, options.project)[0]}/"
        records = connection.ask("GET", f"{of}report.json")["records"]
    if options.output:
        return 0 if write_reports(records, options.output) else 1
    from mockrds.report import render

    print(render(records, "txt"), end="")
    return 0
