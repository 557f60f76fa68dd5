"""What happened on a server, also in projects that were removed or began anew."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mockrds.faults.rules import ArmedRule
    from mockrds.project_state import ProjectState
    from mockrds.server import MockRDS

_MOST: Final = 1000


class ProjectRun(NamedTuple):
    """What happened in a project until it was removed, or began anew."""

    project: str
    """The name of the project; empty for what belongs to none."""
    record: dict[str, Any] | None
    """What reports are made of; None if it was asked nothing, or nobody wants a report."""
    faults: tuple[ArmedRule, ...]
    """The faults that were in force, but for those of a scenario that is not the server's."""
    errors: tuple[BaseException, ...]
    """Errors inside the mock."""


class History:
    """Keeps what happened on a server: all that is there, and the last thousand chapters that are over.

    Args:
        mock: The server.
        recording: Whether to make records, which cost a verdict each.
    """

    def __init__(self, mock: MockRDS, *, recording: bool) -> None:
        self._simulator = mock.simulator
        self._recording = recording
        self._over: deque[ProjectRun] = deque(maxlen=_MOST)
        self._simulator.endings.append(lambda project: self._over.append(self._project_run(project)))

    def chapters(self) -> list[ProjectRun]:
        """Tell what happened up to now, chapter by chapter."""
        now = (*self._simulator.projects.values(), self._simulator.unassigned)
        return [*self._over, *(self._project_run(project) for project in now)]

    def _project_run(self, project: ProjectState) -> ProjectRun:
        told = None
        if self._recording and project.name and project.journal.total:
            from mockrds.report.record import record

            told = record(project)
        return ProjectRun(project.name, told, tuple(self._judged(project)), tuple(project.errors))

    def _judged(self, project: ProjectState) -> Iterator[ArmedRule]:
        own = project.scenario is self._simulator.scenario
        return (armed for armed in project.faults.armed if project.name and (own or not armed.from_scenario))


def records(chapters: Iterable[ProjectRun]) -> list[dict[str, Any]]:
    """Give what reports are made of: one for each chapter in which a project was asked anything."""
    return [chapter.record for chapter in chapters if chapter.record is not None]
