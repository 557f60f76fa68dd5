"""``mockrds lint``: what is wrong with scenario files?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockrds.cli.errors import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Report all mistakes of all files; exit with 0 when there are none, else with 1."""
    parser = Parser(
        prog="mockrds lint",
        description="Report all mistakes in scenario files, as file:line:column. Exit with 1 when there are any.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="scenario file, or name of the library")
    files = parser.parse_args(arguments).files
    from mockrds.scenario_files.loader import ScenarioError, load

    problems: dict[str, None] = {}  # in order, and those of a file that several extend once
    for file in files:
        try:
            load(file)
        except ScenarioError as error:
            new = [problem for problem in error.problems if problem not in problems]
            problems |= dict.fromkeys(new)
            print(*new, sep="\n", end="\n" if new else "")
        else:
            print(f"{file}: ok")
    return 1 if problems else 0
