"""What a failing test's report tells of its projects."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

from mockrds.pytest_plugin.end_of_test import told, unused as idle_faults
from mockrds.report.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mockrds.client import RemoteProject
    from mockrds.server import Project

_MOST: Final = 20


def replay(project: Project | RemoteProject) -> str:
    """Give the line with which a server, or a project, begins as this one began."""
    return f"MOCKRDS_REPLAY={project.replay}"


def section(project: Project | RemoteProject, root: Path, *, unused: bool = True) -> str:
    """Tell all that helps to see why a test failed: how to run it again, its calls, faults and backups.

    Args:
        project: The project.
        root: What files are told relative to.
        unused: Whether to tell of faults that never fired.

    Raises:
        ConnectionError: The server is gone.
    """
    return "\n".join(_lines(project, root, unused=unused))


def _lines(project: Project | RemoteProject, root: Path, *, unused: bool) -> Iterator[str]:
    yield replay(project)
    yield f"project {project.name}, id {project.id}, seed {project.seed}"
    yield "calls:"
    yield timeline([entry.as_json() for entry in project.journal.entries()])
    findings = project.verdict.findings
    if findings:
        yield "verdict on the client:"
        yield from (f"  {finding.severity}: {finding.message}" for finding in findings)
    idle = idle_faults(project, "armed") if unused else []
    if idle:
        yield "armed faults that did not do all they were armed for:"
        yield from (f"  {told(project, fault, root, fault.source)}" for fault in idle)
    now = project.clock.now()
    backups = project.backups
    yield "backups:" if backups else "backups: none"
    for backup in backups[-_MOST:]:
        yield f"  {backup.id}  {backup.name}  {backup.status_at(now)}, of {backup.instance.name}"
    if len(backups) > _MOST:
        yield f"  (the last {_MOST} of {len(backups)})"
    for error in project.errors:
        yield "an error inside mockrds:"
        yield "".join(traceback.format_exception(error)).rstrip()
