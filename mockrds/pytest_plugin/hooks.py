"""Hooks with which the parts of the plugin, and other plugins, follow the projects of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from mockrds.project import Project
    from mockrds.scenario_files.loader import Source


def pytest_mockrds_scenario(item: pytest.Item) -> list[Source] | None:
    """Called before a project is made for a test; returns scenarios to lay over those that it asks for.

    Their faults count as a scenario's: they need not fire, and the replay token has them.
    """


def pytest_mockrds_started(item: pytest.Item, project: Project) -> None:
    """Called when a project was made for a test, before the test sees it."""


def pytest_mockrds_finished(item: pytest.Item, project: Project) -> None:
    """Called when a test is done with a project, before it is removed."""
