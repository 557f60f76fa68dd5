"""Write all that stands in the docs because the code says so.

python -m docs           write what is out of date, and name it
python -m docs --check   only name it; the exit code is 1 if there is any

Pages are written by hand but for the tables between ``[[[cog ...]]]`` and ``[[[end]]]``: the Python between the
brackets prints them, mostly with a function of ``docs/tables.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cogapp import Cog  # type: ignore[import-untyped]

from docs import reference
from mockrds.api import openapi
from mockrds.scenario_files.json_schema import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parent.parent
_MARK: Final = "[[[cog"


def main() -> int:
    """Write what is out of date, or only name it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs", description="Write what the docs have from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something is out of date")
    check = parser.parse_args().check
    outdated = {path: text for path, text in files() if not path.exists() or path.read_text(encoding="utf-8") != text}
    for path, text in outdated.items():
        sys.stdout.write(f"{path.relative_to(ROOT).as_posix()}\n")
        if not check:
            path.write_text(text, encoding="utf-8")
    return 1 if check and outdated else 0


def files() -> Iterator[tuple[Path, str]]:
    """Return each file that is made from the code, wholly or in part, and what should stand in it."""
    yield ROOT / "docs" / "reference.md", "".join(f"{line}\n" for line in reference.page())
    yield ROOT / "scenarios" / "schema.json", json.dumps(schema(), indent=2) + "\n"
    for family in openapi.TITLES:
        yield ROOT / "docs" / "openapi" / f"{family}.json", openapi.written(family)
    for page in sorted((*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))):
        text = page.read_text(encoding="utf-8")
        if _MARK in text:
            yield page, _with_tables(text, page)


def _with_tables(text: str, page: Path) -> str:
    """Return the *text* of a page with its tables made again."""
    cog = Cog()
    cog.options.prologue = "from docs import coverage, tables"
    cog.options.print_output = True
    return str(cog.process_string(text, str(page)))


if __name__ == "__main__":
    sys.exit(main())
