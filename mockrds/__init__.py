"""A stand-in for the relational database service of Open Telekom Cloud and Huawei Cloud, for tests.

Importing this package costs next to nothing; the server is imported when ``MockRDS`` is first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from mockrds.version import __version__

if TYPE_CHECKING:
    from mockrds.client import RemoteServer
    from mockrds.domain.clock import ClockSetting
    from mockrds.project import Project
    from mockrds.scenario_files.loader import ScenarioError
    from mockrds.server import MockRDS

__all__ = ["ClockSetting", "MockRDS", "Project", "RemoteServer", "ScenarioError", "__version__"]

_HOMES = {
    "ClockSetting": "mockrds.domain.clock",
    "MockRDS": "mockrds.server",
    "Project": "mockrds.project",
    "RemoteServer": "mockrds.client",
    "ScenarioError": "mockrds.scenario_files.loader",
}

_MOVED = {
    "mockrds.chaos": "mockrds.chaos_packs",
    "mockrds.distribution": "mockrds.durations",
    "mockrds.scenario.loader": "mockrds.scenario_files.loader",
}


class _MovedModules:
    """Is asked last for a module that is not found, and says where one of ours is now."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:  # noqa: ARG004  (as importlib calls it)
        if name in _MOVED:
            raise ImportError(f"{name} has moved: import {_MOVED[name]}", name=name)


sys.meta_path.append(_MovedModules)


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
