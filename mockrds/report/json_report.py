"""The report as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION: Final = 1
"""The version of the format: it grows when a key is renamed, moved or left out, and not when one is added."""


def as_json(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the report: the versions, and all that happened."""
    return {"mockrds": __version__, "version": VERSION, "records": records}
