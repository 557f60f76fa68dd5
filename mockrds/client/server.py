"""The server, and the way to it."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mockrds.client.connection import Connection
from mockrds.client.project import RemoteProject
from mockrds.domain.clock import ClockSetting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockrds.project_state import Auth
    from mockrds.scenario import Scenario
    from mockrds.scenario_files.loader import Source

    Clocks = ClockSetting | Mapping[str, Any] | str


class RemoteServer:
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

    def project(
        self,
        name: str | None = None,
        *,
        id: str | None = None,  # noqa: A002  (the word of the API)
        scenario: Scenario | Source | list[Source] | None = None,
        seed: int | None = None,
        clock: Clocks | None = None,
        auth: Auth | None = None,
        replay: str | None = None,
    ) -> RemoteProject:
        """Make a project, or find the one with this name or id; without either, a fresh one.

        Args:
            name: The name that clients authenticate with.
            id: The project id; absent: follows from the name.
            scenario: A scenario of its own; a file is read here, not where the server runs.
            seed: A seed of its own.
            clock: A clock of its own.
            auth: How it looks at credentials, if not as the server does.
            replay: A replay token: the project begins as that one began which gave it.

        Raises:
            ScenarioError: The scenario is wrong.
            ValueError: The clock or *auth* is wrong, or the project exists and its scenario, seed, clock or *auth* is
                given anew.
        """
        __tracebackhide__ = True
        from mockrds.scenario_files.serialization import plain

        if replay is not None:
            from mockrds.replay import Replay

            token = Replay.of(replay)
            name, id = token.project_name, token.project_id  # noqa: A001
            scenario, seed, clock, auth = token.scenario, token.seed, token.clock, token.auth
        fresh = name is None and id is None
        if fresh and self._names is not None:
            name = f"{self._names}{next(self._numbers)}"
        asked: dict[str, Any] = {"name": name, "id": id, "seed": seed, "auth": auth}
        if scenario is not None:
            from mockrds.scenario_files.loader import loaded

            asked["scenario"] = loaded(scenario).document
        if clock is not None:
            asked["clock"] = plain(ClockSetting.of(clock))
        made = self.ask("POST", "projects", {key: value for key, value in asked.items() if value is not None})
        if fresh:
            self._fresh[made["id"]] = None
        return RemoteProject(self, made["id"], made["name"])

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
