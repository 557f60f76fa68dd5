"""The public face of servers and projects: the same for a server of this process and for one that runs elsewhere."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mockrds.domain.clock import ClockSetting
from mockrds.domain.models import FOREVER

if TYPE_CHECKING:
    from mockrds.domain.clock import Clock
    from mockrds.domain.identity import Auth
    from mockrds.domain.models import Backup, Instance
    from mockrds.domain.world_template import Outcome
    from mockrds.faults.rules import ArmedRule
    from mockrds.journal import Journal
    from mockrds.scenario import Scenario
    from mockrds.scenario_files.loader import Source
    from mockrds.verdict import Verdict

Clocks = ClockSetting | Mapping[str, Any] | str


class Faults(ABC):
    """The faults of one project."""

    def add(self, **rule: object) -> ArmedRule:
        """Arm a fault, in the words of a scenario file: ``add(operation="...", error="RDS.0011", times=2)``.

        Its ``rule.source`` is the place of this call, as ``FILE:LINE``.

        Raises:
            ScenarioError: The fault is wrong; the message says all that is.
        """
        __tracebackhide__ = True
        caller = sys._getframe(1)  # the public ways to it read source files
        return self._add(rule, f"{caller.f_code.co_filename}:{caller.f_lineno}")

    @abstractmethod
    def _add(self, rule: dict[str, object], source: str) -> ArmedRule: ...

    @abstractmethod
    def clear(self) -> None:
        """Disarm all faults."""

    @property
    @abstractmethod
    def armed(self) -> tuple[ArmedRule, ...]:
        """The faults in force, with how often each fired."""

    def unused(self) -> tuple[ArmedRule, ...]:
        """Return the faults that never fired, and the sequences that are not used up."""
        return tuple(armed for armed in self.armed if not armed.completed)


class Project(ABC):
    """One project of a running server: a cloud of its own.

    Of a server that runs elsewhere, what is handed out are copies of the moment; ask again to see more.
    """

    id: str
    """The project id, which stands in every path."""
    name: str
    """The project name, which clients may authenticate with."""
    clock: Clock
    """The clock that life cycles read: ``advance("6h")``."""
    faults: Faults
    """What goes wrong: ``add``, ``clear``, ``unused``."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where the server is, such as ``http://127.0.0.1:8080``."""

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
    @abstractmethod
    def seed(self) -> int:
        """What decides ids, durations and chance."""

    @property
    @abstractmethod
    def auth(self) -> Auth:
        """How the project looks at credentials: ``any``, ``strict`` or ``off``."""

    @property
    @abstractmethod
    def replay(self) -> str:
        """The token with which a server starts from the same state: ``MOCKRDS_REPLAY``, or ``MockRDS(replay=...)``."""

    @property
    @abstractmethod
    def token(self) -> str:
        """A fresh token, for ``X-Auth-Token``."""

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The DB instances; ``instances[0].node_id`` is what API v1 backs up."""
        return self._contents()[0]

    @property
    def backups(self) -> tuple[Backup, ...]:
        """The manual backups, oldest first."""
        return self._contents()[1]

    @abstractmethod
    def _contents(self) -> tuple[tuple[Instance, ...], tuple[Backup, ...]]: ...

    @property
    @abstractmethod
    def journal(self) -> Journal:
        """The requests that the project received, and its answers."""

    @property
    def verdict(self) -> Verdict:
        """What the journal tells of the client up to now: ``verdict.assert_no_duplicate_backups()``."""
        from mockrds.verdict import Verdict

        instances, backups = self._contents()
        return Verdict(self.journal.entries(), backups, self.clock.now(), instances)

    @property
    @abstractmethod
    def errors(self) -> list[BaseException]:
        """Errors inside the mock itself, which it answered as a server failure."""

    @property
    @abstractmethod
    def in_flight(self) -> int:
        """How many requests wait for their answer."""

    @abstractmethod
    def recorded(self) -> dict[str, Any]:
        """Return what happened in the project, as plain JSON: what reports are made of."""

    @abstractmethod
    def finish(self, resource_id: str, outcome: Outcome | None = None) -> None:
        """Bring to its end what a backup or an instance is doing.

        Args:
            resource_id: The id of a backup, an instance or a node.
            outcome: How a BUILDING backup ends: COMPLETED or FAILED.

        Raises:
            KeyError: There is no such thing.
        """

    @abstractmethod
    def set_status(self, instance_id: str, status: str, *, seconds: float = FOREVER) -> None:
        """Put an instance into a status such as REBOOTING, for *seconds* or until a test says otherwise.

        Only instances: what a backup is doing comes to its end with ``finish``.

        Raises:
            KeyError: There is no such instance.
            ValueError: There is no such status.
        """

    @abstractmethod
    def reset(self) -> None:
        """Start again: the scenario's world, clock and faults, an empty journal."""

    @abstractmethod
    def forget(self) -> None:
        """Remove the project from the server, and free what it held."""


class Server(ABC):
    """What has projects: a server of this process, or one that runs elsewhere."""

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
    ) -> Project:
        """Make a project, or find the one with this name or id; without either, a fresh one.

        Args:
            name: The name that clients authenticate with.
            id: The project id; absent: follows from the name.
            scenario: A scenario of its own; a file is read here, not where the server runs.
            seed: A seed of its own.
            clock: A clock of its own.
            auth: How it looks at credentials, if not as the server does.
            replay: A replay token: the project starts from the same state as the one that gave it.

        Raises:
            ScenarioError: The scenario is wrong.
            ValueError: The clock or *auth* is wrong, or the project exists and one of scenario, seed, clock and
                *auth* is given.
        """
        __tracebackhide__ = True
        if replay is not None:
            from mockrds.replay import Replay

            token = Replay.of(replay)
            name, id = token.project_name, token.project_id  # noqa: A001
            scenario, seed, clock, auth = token.scenario, token.seed, token.clock, token.auth
        loaded = None
        if scenario is not None:
            from mockrds.scenario_files.loader import as_scenario

            loaded = as_scenario(scenario)
        setting = None if clock is None else ClockSetting.of(clock)
        return self._project(name, id, loaded, seed, setting, auth)

    @abstractmethod
    def _project(
        self,
        name: str | None,
        project_id: str | None,
        scenario: Scenario | None,
        seed: int | None,
        clock: ClockSetting | None,
        auth: Auth | None,
    ) -> Project: ...
