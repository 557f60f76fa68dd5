"""What the parts of the plugin tell each other, and other plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from mockrds.client import RemoteProject
    from mockrds.server import Project


def pytest_mockrds_started(item: pytest.Item, project: Project | RemoteProject) -> None:
    """Called when a project was made for a test, before the test sees it."""


def pytest_mockrds_finished(item: pytest.Item, project: Project | RemoteProject) -> None:
    """Called when a test is done with a project, before it is removed."""
