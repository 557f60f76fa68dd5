"""What happened on a server, also in projects that were removed or restarted."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockrds.faults.rules import ArmedRule
    from mockrds.project_state import ProjectState
    from mockrds.server import MockRDS

_KEPT: Final = 1000


class ProjectRun(NamedTuple):
    """What happened in a project until it was removed or restarted, or until now."""

    project: str
    """The name of the project; empty for requests that belong to none."""
    record: dict[str, Any] | None
    """What reports are made of; None if there was no request, or nobody wants a report."""
    faults: tuple[ArmedRule, ...]
    """The faults that were in force; without those of a scenario that is not the server's."""
    errors: tuple[BaseException, ...]
    """Errors inside the mock."""


class History:
    """Keeps what happened on a server: all projects that are there, and the last thousand that have ended.

    Args:
        mock: The server.
        recording: Whether to make records; each costs a verdict.
    """

    def __init__(self, mock: MockRDS, *, recording: bool) -> None:
        self._simulator = mock.simulator
        self._recording = recording
        self._ended: deque[ProjectRun] = deque(maxlen=_KEPT)
        self._simulator.on_close.append(lambda project: self._ended.append(self._project_run(project)))

    def project_runs(self) -> list[ProjectRun]:
        """Return what happened up to now, the oldest first."""
        current = (*self._simulator.projects.values(), self._simulator.unassigned)
        return [*self._ended, *map(self._project_run, current)]

    def _project_run(self, project: ProjectState) -> ProjectRun:
        recorded = None
        if self._recording and project.name and project.journal.total:
            from mockrds.report.record import record

            recorded = record(project)
        return ProjectRun(project.name, recorded, self._faults(project), tuple(project.errors))

    def _faults(self, project: ProjectState) -> tuple[ArmedRule, ...]:
        if not project.name:
            return ()
        own_scenario = project.scenario is self._simulator.scenario
        return tuple(armed for armed in project.faults.armed if own_scenario or not armed.from_scenario)


def records(project_runs: Iterable[ProjectRun]) -> list[dict[str, Any]]:
    """Return what reports are made of: one record for each run in which there was a request."""
    return [run.record for run in project_runs if run.record is not None]
