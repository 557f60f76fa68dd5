"""A project, and what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.client.clock import RemoteClock
from mockrds.client.faults import RemoteFaults
from mockrds.client.journal import RemoteJournal
from mockrds.client.records import things
from mockrds.client.resource import Part
from mockrds.domain.models import FOREVER

if TYPE_CHECKING:
    from mockrds.client.server import RemoteServer
    from mockrds.domain.models import Backup, Instance
    from mockrds.domain.world_template import Outcome
    from mockrds.project_state import Auth
    from mockrds.verdict import Verdict


class InternalError(Exception):
    """An error inside the mock, with its traceback over there."""


class RemoteProject(Part):
    """One project of a server that runs elsewhere.

    Args:
        server: The server.
        project_id: The project id.
        name: The project name.
    """

    def __init__(self, server: RemoteServer, project_id: str, name: str) -> None:
        super().__init__(server, f"projects/{project_id}")
        self.id = project_id
        """The project id, which stands in every path."""
        self.name = name
        """The project name, which clients may authenticate with."""
        self.clock = RemoteClock(server, f"{self._resource}/clock")
        """The clock that life cycles read: ``advance("6h")``."""
        self.faults = RemoteFaults(server, f"{self._resource}/faults")
        """What goes wrong: ``add``, ``clear``, ``unused``."""
        self.journal = RemoteJournal(server, f"{self._resource}/journal")
        """What the project was asked and what it answered."""

    @property
    def url(self) -> str:
        """Where the server is, such as ``http://127.0.0.1:8080``."""
        return self._server.url

    @property
    def v1_url(self) -> str:
        """Where API v1 of the project begins: ``{url}/rds/v1/{id}``."""
        return f"{self.url}/rds/v1/{self.id}"

    @property
    def v3_url(self) -> str:
        """Where API v3 of the project begins: ``{url}/v3/{id}``."""
        return f"{self.url}/v3/{self.id}"

    @property
    def auth_url(self) -> str:
        """Where clients authenticate: ``{url}/v3``."""
        return f"{self.url}/v3"

    @property
    def seed(self) -> int:
        """What decides ids, durations and chance."""
        return int(self._ask("GET")["seed"])

    @property
    def auth(self) -> Auth:
        """How the project looks at credentials: ``any``, ``strict`` or ``off``."""
        auth: Auth = self._ask("GET")["auth"]
        return auth

    @property
    def replay(self) -> str:
        """The token, for ``MOCKRDS_REPLAY`` or ``MockRDS(replay=...)``, that brings the same run again."""
        return str(self._ask("GET")["replay"])

    @property
    def token(self) -> str:
        """A fresh token, for ``X-Auth-Token``."""
        return str(self._ask("GET")["token"])

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The DB instances; ``instances[0].node_id`` is what API v1 backs up."""
        return things(self._ask("GET", "/state"))[0]

    @property
    def backups(self) -> tuple[Backup, ...]:
        """The manual backups, oldest first."""
        return things(self._ask("GET", "/state"))[1]

    @property
    def verdict(self) -> Verdict:
        """What the journal tells of the client up to now: ``verdict.assert_no_duplicate_backups()``."""
        from mockrds.verdict import Verdict

        instances, backups = things(self._ask("GET", "/state"))
        return Verdict(self.journal.entries(), backups, self.clock.now(), instances)

    @property
    def errors(self) -> list[BaseException]:
        """Errors inside the mock itself, which it answered as a server failure."""
        return [InternalError(text) for text in self._ask("GET", "/report")["internal_errors"]]

    @property
    def in_flight(self) -> int:
        """How many requests wait for their answer."""
        return int(self._ask("GET", "/report")["in_flight"])

    def recorded(self) -> dict[str, Any]:
        """Tell what happened in the project, as plain JSON: what reports are made of."""
        [record] = self._ask("GET", "/report.json")["records"]
        return dict(record)

    def finish(self, resource_id: str, outcome: Outcome | None = None) -> None:
        """Bring to its end what a backup or an instance is doing.

        Args:
            resource_id: The id of a backup, an instance or a node.
            outcome: How a BUILDING backup ends: COMPLETED or FAILED.

        Raises:
            KeyError: There is no such thing.
        """
        __tracebackhide__ = True
        self._ask("POST", "/finish", {"id": resource_id, "outcome": outcome})

    def set_status(self, instance_id: str, status: str, *, seconds: float = FOREVER) -> None:
        """Put an instance into a status such as REBOOTING, for *seconds* or until told otherwise.

        Only instances: what a backup is doing comes to its end with ``finish``.

        Raises:
            KeyError: There is no such instance.
            ValueError: There is no such status.
        """
        __tracebackhide__ = True
        asked = {"id": instance_id, "status": status, "seconds": None if seconds == FOREVER else seconds}
        self._ask("POST", "/set-status", asked)

    def reset(self) -> None:
        """Begin anew: the scenario's world, clock and faults, an empty journal."""
        self._ask("POST", "/reset")

    def forget(self) -> None:
        """Remove the project from the server, and free what it held."""
        self._server.forget(self.id)

    def __repr__(self) -> str:
        return f"<RemoteProject {self.name} {self.id}>"
