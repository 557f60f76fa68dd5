"""Reports on what happened in projects, made of their records: for a terminal, as JSON, JUnit XML or a web page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Records = Sequence[Mapping[str, Any]]

CONTENT_TYPES = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
}
"""What a report can be, by the ending of its file's name."""


def write(records: Records, path: str | Path) -> None:
    """Write a report, in one step; the ending of the file's name says which kind. Folders are made.

    Args:
        records: What happened, one record a project.
        path: The file: .html, .json, .xml or .txt.

    Raises:
        ValueError: It has another ending.
        OSError: It can't be written.
    """
    from mockrds.files import write_atomically

    kind, file = check(path), Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, render(records, kind))


def check(path: str | Path) -> str:
    """Return the kind of report that a file is to hold.

    Raises:
        ValueError: It has an ending that no report has.
    """
    kind = Path(path).suffix.removeprefix(".").lower()
    if kind not in CONTENT_TYPES:
        endings = ", ".join(f".{known}" for known in CONTENT_TYPES)
        raise ValueError(f"{path}: the name of a report ends with one of {endings}")
    return kind


def render(records: Records, kind: str) -> str:
    """Return a report.

    Args:
        records: What happened, one record a project.
        kind: json, html, xml or txt.
    """
    # Only what is asked for is imported: a server starts without any.
    match kind:
        case "html":
            from mockrds.report.html.page import page

            return page(records)
        case "xml":
            from mockrds.report.junit import junit

            return junit(records)
        case "json":
            import json

            from mockrds.report.json_report import as_json

            return json.dumps(as_json(records), indent=1) + "\n"
        case _:
            from mockrds.report.text import text

            return text(records) + "\n"
