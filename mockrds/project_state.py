"""One project: a world of its own, with its faults, its clock and its journal."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

from mockrds.domain.clock import Clock, ClockSetting, iso
from mockrds.domain.identity import DEFAULT_PROJECT, Identity
from mockrds.domain.operations import NETWORK_OPERATIONS, OPERATIONS
from mockrds.domain.random_values import RDSValues
from mockrds.domain.world import World
from mockrds.faults.engine import FaultEngine
from mockrds.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mockrds.domain.identity import Auth
    from mockrds.domain.world_template import WorldTemplate
    from mockrds.scenario import Scenario

_MOST_REVOKED: Final = 1000
_JOURNALED: Final = (*OPERATIONS, *NETWORK_OPERATIONS, "unknown")


class ProjectState:
    """One project: a world of its own, and all that belongs to it.

    Args:
        project_id: The id in the paths.
        name: The name that clients may authenticate with.
        scenario: What the world starts with and what goes wrong in it.
        seed: Decides ids, durations and chance.
        clock: How its clock runs.
        auth: How it looks at credentials.
        on_close: Called with the project before what happened in it is forgotten.
    """

    def __init__(
        self,
        project_id: str,
        name: str,
        scenario: Scenario,
        seed: int,
        clock: ClockSetting,
        auth: Auth,
        on_close: Sequence[Callable[[ProjectState], object]] = (),
    ) -> None:
        self.id = project_id
        self.name = name
        self.scenario = scenario
        self.seed = seed
        self.clock = Clock(clock)
        self._setting = clock
        self._on_close = on_close
        self.auth: Auth = auth
        """How it looks at credentials: ``any``, ``strict`` or ``off``."""
        self.journal = Journal(_JOURNALED, self.clock)
        self.faults = FaultEngine(seed)
        self.errors: list[BaseException] = []
        """Errors inside the mock itself, which it answered as a server failure."""
        self.revoked_tokens: set[str] = set()
        """Tokens that a fault let expire."""
        self.in_flight: set[Callable[[], object]] = set()
        """How to drop each request that is waiting."""
        self._start()

    def _start(self) -> None:
        self.replace_world(self.scenario.world)
        self.request_ids = RDSValues(Random(f"{self.seed}/{self.id}/requests"))
        self.began = self.clock.now()
        self._arm()

    def _arm(self) -> None:
        self.revoked_tokens.clear()
        self.faults.clear(self.scenario.faults)
        self.faults.limit(self.scenario.rate_limits, self.scenario.outage, self.began)

    @property
    def replay(self) -> str:
        """The token with which another server starts from the same state as this project did."""
        from mockrds.replay import Replay

        clock = {"mode": self._setting.mode, "at": iso(self.began)}
        if self._setting.mode == "scaled":
            clock["by"] = str(self._setting.by)
        replay = Replay(
            scenario=self.scenario.document,
            seed=self.seed,
            clock=clock,
            auth=self.auth,
            project_id=self.id,
            project_name=self.name,
        )
        return str(replay)

    def replace_world(self, template: WorldTemplate) -> None:
        """Put a new world in the place of the old one; clock, journal and faults stay as they are."""
        region = self.name.partition("_")[0] or DEFAULT_PROJECT
        random = Random(f"{self.seed}/{self.id}/world")
        identity = Identity(self.seed)

        def stable_id(kind: str, name: str) -> str:
            return identity.stable_id(kind, f"{self.id}/{name}")

        self.world = World(template, self.scenario.lifecycle, self.clock, random, stable_id, region)

    def restart(self, scenario: Scenario, seed: int | None = None, clock: ClockSetting | None = None) -> None:
        """Start again with *scenario*, and with another seed and clock unless they are None. Drops waiting requests."""
        self.close()
        self.scenario, self._setting = scenario, clock or self._setting
        self.seed = self.faults.seed = self.seed if seed is None else seed
        self.clock.set(self._setting)
        self.journal.clear()
        self.errors.clear()
        self._start()

    def switch_scenario(self, scenario: Scenario) -> None:
        """Go on with another scenario: its faults, limits and life cycles; what there is in the world stays."""
        self.scenario = scenario
        self.world.adopt(scenario.world.quotas, scenario.lifecycle)
        self._arm()

    def revoke(self, token: str) -> None:
        """Let a token expire before its time."""
        if len(self.revoked_tokens) >= _MOST_REVOKED:
            self.revoked_tokens.pop()
        self.revoked_tokens.add(token)

    def drop_waiting(self) -> None:
        """Drop the requests that are waiting out a latency: their connections are closed without an answer."""
        for drop in tuple(self.in_flight):
            drop()

    def reset(self) -> None:
        """Start again: the scenario's world, clock and faults, an empty journal. Drops waiting requests."""
        self.restart(self.scenario)

    def close(self) -> None:
        """Drop the requests that are waiting, and call those who record what happened before it is forgotten."""
        self.drop_waiting()
        for callback in self._on_close:
            callback(self)
