"""A project of a server that runs elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.client.clock import RemoteClock
from mockrds.client.faults import RemoteFaults
from mockrds.client.models import make_contents
from mockrds.client.resource import Resource
from mockrds.control import records
from mockrds.domain.models import FOREVER
from mockrds.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.client.connection import Connection
    from mockrds.domain.identity import Auth
    from mockrds.domain.models import Backup, Instance
    from mockrds.domain.world_template import Outcome
    from mockrds.journal import Journal


class InternalError(Exception):
    """An error inside a mock that runs elsewhere, with the traceback that it has there."""


class RemoteProject(Project):
    """One project of a server that runs elsewhere.

    Args:
        connection: The connection to the server.
        project_id: The project id.
        name: The project name.
        forget: Removes the project with this id from the server.
    """

    def __init__(self, connection: Connection, project_id: str, name: str, forget: Callable[[str], None]) -> None:
        self._connection = connection
        self._resource = Resource(connection, f"projects/{project_id}")
        self._forget = forget
        self.id = project_id
        self.name = name
        self.clock = RemoteClock(Resource(connection, f"projects/{project_id}/clock"))
        self.faults = RemoteFaults(Resource(connection, f"projects/{project_id}/faults"))

    @property
    def url(self) -> str:
        return self._connection.url

    @property
    def seed(self) -> int:
        return self._resource.get(records.Project).seed

    @property
    def auth(self) -> Auth:
        return self._resource.get(records.Project).auth

    @property
    def replay(self) -> str:
        return self._resource.get(records.Project).replay

    @property
    def token(self) -> str:
        return self._resource.get(records.Project).token

    def _contents(self) -> tuple[tuple[Instance, ...], tuple[Backup, ...]]:
        return make_contents(self._resource.get(records.State, "/state"))

    @property
    def journal(self) -> Journal:
        from mockrds.client.journal import RemoteJournal

        return RemoteJournal(Resource(self._connection, f"projects/{self.id}/journal"))

    @property
    def errors(self) -> list[BaseException]:
        return [InternalError(text) for text in self._resource.get(records.Summary, "/summary").internal_errors]

    @property
    def in_flight(self) -> int:
        return self._resource.get(records.Project).in_flight

    def recorded(self) -> dict[str, Any]:
        [record] = self._resource.get(records.Records, "/report.json").records
        return record

    def finish(self, resource_id: str, outcome: Outcome | None = None) -> None:
        __tracebackhide__ = True
        self._resource.ask("POST", "/finish", {"id": resource_id, "outcome": outcome})

    def set_status(self, instance_id: str, status: str, *, seconds: float = FOREVER) -> None:
        __tracebackhide__ = True
        body = {"id": instance_id, "status": status, "seconds": None if seconds == FOREVER else seconds}
        self._resource.ask("POST", "/set-status", body)

    def reset(self) -> None:
        self._resource.ask("POST", "/reset")

    def forget(self) -> None:
        self._forget(self.id)

    def __repr__(self) -> str:
        return f"<RemoteProject {self.name} {self.id}>"
