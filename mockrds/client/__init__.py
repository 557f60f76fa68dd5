"""A server that runs elsewhere, as if it were here: a client of the control API.

A ``RemoteProject`` is a ``mockrds.Project``, so a test runs the same with either. What is handed out are copies of the
moment; ask again to see more.
"""

from __future__ import annotations

from mockrds.client.project import RemoteProject
from mockrds.client.server import RemoteServer

__all__ = ["RemoteProject", "RemoteServer"]
