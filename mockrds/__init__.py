"""A stand-in for the relational database service of Open Telekom Cloud and Huawei Cloud, for tests.

Importing this package costs next to nothing; the server is imported when ``MockRDS`` is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockrds.version import __version__

if TYPE_CHECKING:
    from mockrds.server import MockRDS, Project

__all__ = ["MockRDS", "Project", "__version__"]


def __getattr__(name: str) -> object:
    if name in ("MockRDS", "Project"):
        from mockrds import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
