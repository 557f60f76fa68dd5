"""``mockrds schema``: what may stand in a scenario file, for editors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mockrds.cli.errors import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Print the JSON schema of a scenario file."""
    description = "Print the JSON schema (2020-12) of scenario files, for editors and other checkers."
    Parser(prog="mockrds schema", description=description).parse_args(arguments)
    from mockrds.scenario_files.json_schema import schema

    print(json.dumps(schema(), indent=2))
    return 0
