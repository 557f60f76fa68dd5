"""The files that a report is written to: the option that names them, and writing them."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockrds.cli.errors import reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    Record = dict[str, Any]


def add_report_option(parser: argparse.ArgumentParser, when: str, name: str = "--report") -> None:
    """Add the files to write a report to to the options of *parser*; its help says *when* they are written."""
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
    folder = next(place for place in path.absolute().parents if place.exists())  # missing folders are made
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise argparse.ArgumentTypeError(f"no file can be written at {text}")
    return path


def write_reports(records: Sequence[Record], paths: Sequence[Path]) -> bool:
    """Write *records* to files; failures are printed on stderr.

    Returns:
        Whether all were written.
    """
    if not paths:
        return True
    from mockrds.report import write

    complete = True
    for path in paths:
        try:
            write(records, path)
        except OSError as error:
            complete = False
            print(f"mockrds: cannot write the report {path}: {reason(error)}", file=sys.stderr)
    return complete
