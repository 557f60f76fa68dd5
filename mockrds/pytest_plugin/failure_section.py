"""The section ``mockrds`` in the report of a failing test: what happened in its projects."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

from mockrds.pytest_plugin.end_of_test import describe_unused, unused_faults
from mockrds.report.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mockrds.project import Project

_MAX_BACKUPS: Final = 20


def replay_line(project: Project) -> str:
    """Return the variable with which a server starts from the same state as this project."""
    return f"MOCKRDS_REPLAY={project.replay}"


def failure_section(project: Project, root: Path, *, unused: bool = True) -> str:
    """Return all that helps to see why a test failed: how to run it again, its calls, faults and backups.

    Args:
        project: The project.
        root: The folder that paths of files are shown relative to.
        unused: Whether to list faults that never fired.

    Raises:
        ConnectionError: The server is gone.
    """
    return "\n".join(_lines(project, root, unused=unused))


def _lines(project: Project, root: Path, *, unused: bool) -> Iterator[str]:
    yield replay_line(project)
    yield f"project {project.name}, id {project.id}, seed {project.seed}"
    yield "calls:"
    yield timeline([entry.as_json() for entry in project.journal.entries()])
    findings = project.verdict.findings
    if findings:
        yield "verdict on the client:"
        yield from (f"  {finding.severity}: {finding.message}" for finding in findings)
    faults = unused_faults(project, "armed") if unused else []
    if faults:
        yield "armed faults that did not do all they were armed for:"
        yield from (f"  {describe_unused(project, fault, root, fault.source)}" for fault in faults)
    now = project.clock.now()
    backups = project.backups
    yield "backups:" if backups else "backups: none"
    for backup in backups[-_MAX_BACKUPS:]:
        yield f"  {backup.id}  {backup.name}  {backup.status_at(now)}, of {backup.instance.name}"
    if len(backups) > _MAX_BACKUPS:
        yield f"  (the last {_MAX_BACKUPS} of {len(backups)})"
    for error in project.errors:
        yield "an error inside mockrds:"
        yield "".join(traceback.format_exception(error)).rstrip()
