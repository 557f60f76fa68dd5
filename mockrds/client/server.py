"""``RemoteServer``: a server that runs elsewhere."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mockrds.client.clock import clock_body
from mockrds.client.connection import Connection
from mockrds.client.project import RemoteProject
from mockrds.project import Server

if TYPE_CHECKING:
    from mockrds.domain.clock import ClockSetting
    from mockrds.domain.identity import Auth
    from mockrds.scenario import Scenario


class RemoteServer(Server):
    """A server that runs elsewhere.

    Args:
        url: Where it is, such as ``http://127.0.0.1:8080``.
        token: The token that it printed, if other machines can reach it.
        ca: The file of a certificate to trust with https, in PEM; absent: those that the system trusts.
        prefix: What the names of fresh projects begin with; absent: the server makes them up.

    Raises:
        ValueError: The URL is none.
        OSError: The certificate can't be read.
    """

    def __init__(self, url: str, token: str | None = None, *, ca: str | None = None, prefix: str | None = None) -> None:
        self._connection = Connection(url, ca=ca, token=token)
        self._names = prefix
        self._numbers = itertools.count(1)
        self._fresh: dict[str, None] = {}

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._connection.url

    def _project(
        self,
        name: str | None,
        project_id: str | None,
        scenario: Scenario | None,
        seed: int | None,
        clock: ClockSetting | None,
        auth: Auth | None,
    ) -> RemoteProject:
        __tracebackhide__ = True
        fresh = name is None and project_id is None
        if fresh and self._names is not None:
            name = f"{self._names}{next(self._numbers)}"
        document = None if scenario is None else scenario.document
        body = {
            "name": name,
            "id": project_id,
            "scenario": document,
            "seed": seed,
            "clock": None if clock is None else clock_body(clock),
            "auth": auth,
        }
        answer = self.ask("POST", "projects", {key: value for key, value in body.items() if value is not None})
        if fresh:
            self._fresh[answer["id"]] = None
        return RemoteProject(self._connection, answer["id"], answer["name"], self.forget)

    def forget_projects(self) -> None:
        """Remove the fresh projects that were made here, those without a name or an id of the caller's choice."""
        for project_id in tuple(self._fresh):
            self.forget(project_id)

    def forget(self, project_id: str) -> None:
        """Remove a project from the server, if it is there."""
        self._fresh.pop(project_id, None)
        with suppress(KeyError):  # it is gone already
            self.ask("DELETE", f"projects/{project_id}")

    def ask(self, method: str, resource: str, body: object = None, **query: object) -> dict[str, Any]:
        """Send a request to the control API, and return what it answers.

        Raises:
            ConnectionError: No server answers, or it is no mockrds.
            PermissionError: The server demands a token, or another one.
            KeyError: There is no such thing.
            ValueError: What was sent is wrong.
            RuntimeError: The server failed.
        """
        __tracebackhide__ = True
        return self._connection.ask(method, resource, body, **query)

    def __repr__(self) -> str:
        return f"<RemoteServer {self.url}>"
