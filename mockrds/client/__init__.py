"""A server that runs elsewhere, as if it were here: a client of the control API.

A ``RemoteProject`` is a ``mockrds.Project``, so a test runs the same with either. What is handed out are copies of the
moment; ask again to see more.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockrds.client.project import RemoteProject
    from mockrds.client.server import RemoteServer

__all__ = ["RemoteProject", "RemoteServer"]

_HOMES = {"RemoteProject": "mockrds.client.project", "RemoteServer": "mockrds.client.server"}


def __getattr__(name: str) -> object:  # so that whoever needs the connection only does not wait for the rest
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
