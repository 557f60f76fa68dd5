"""What happened on a server, also in projects that were removed or began anew."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mockrds.faults.engine import Armed
    from mockrds.server import MockRDS
    from mockrds.simulator import Tenant

_MOST: Final = 1000


class Chapter(NamedTuple):
    """What happened in a project until it was removed, or began anew."""

    project: str
    """The name of the project; empty for what belongs to none."""
    record: dict[str, Any] | None
    """What reports are made of; None if it was asked nothing, or nobody wants a report."""
    faults: tuple[Armed, ...]
    """The faults that were in force, but for those of a scenario that is not the server's."""
    errors: tuple[BaseException, ...]
    """Errors inside the mock."""


class Past:
    """Keeps what happened on a server: all that is there, and the last thousand chapters that are over.

    Args:
        mock: The server.
        recording: Whether to make records, which cost a verdict each.
    """

    def __init__(self, mock: MockRDS, *, recording: bool) -> None:
        self._simulator = mock.simulator
        self._recording = recording
        self._over: deque[Chapter] = deque(maxlen=_MOST)
        self._simulator.endings.append(lambda tenant: self._over.append(self._chapter(tenant)))

    def chapters(self) -> list[Chapter]:
        """Tell what happened up to now, chapter by chapter."""
        now = (*self._simulator.tenants.values(), self._simulator.stray)
        return [*self._over, *(self._chapter(tenant) for tenant in now)]

    def _chapter(self, tenant: Tenant) -> Chapter:
        told = None
        if self._recording and tenant.name and tenant.journal.total:
            from mockrds.report.record import record

            told = record(tenant)
        return Chapter(tenant.name, told, tuple(self._judged(tenant)), tuple(tenant.errors))

    def _judged(self, tenant: Tenant) -> Iterator[Armed]:
        own = tenant.scenario is self._simulator.scenario
        return (armed for armed in tenant.faults.armed if tenant.name and (own or not armed.from_scenario))


def records(chapters: Iterable[Chapter]) -> list[dict[str, Any]]:
    """Give what reports are made of: one for each chapter in which a project was asked anything."""
    return [chapter.record for chapter in chapters if chapter.record is not None]
