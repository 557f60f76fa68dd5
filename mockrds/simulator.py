"""The whole cloud without a socket: projects, each with a world, faults, a clock and a journal of its own."""

from __future__ import annotations

import re
import threading
from random import Random
from typing import TYPE_CHECKING, Final, Literal

from mockrds.domain import errors
from mockrds.domain.clock import Clock, ClockSetting
from mockrds.domain.errors import RDSError
from mockrds.domain.identity import DEFAULT_DOMAIN, DEFAULT_PROJECT, Identity, Token
from mockrds.domain.operations import OPERATIONS
from mockrds.domain.values import RDSValues
from mockrds.domain.world import World
from mockrds.faults.engine import FaultEngine
from mockrds.journal import Journal
from mockrds.scenario.schema import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Auth = Literal["any", "strict", "off"]
AUTH_MODES: Final[tuple[Auth, ...]] = ("any", "strict", "off")
_JOURNALED: Final = (*OPERATIONS, "unknown")
_PROJECT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # more than the 32 hex digits of the real cloud


class Tenant:
    """One project: a world of its own, and all that belongs to it.

    Args:
        project_id: The id in the paths.
        name: The name that clients may authenticate with.
        scenario: What the world starts with and what goes wrong in it.
        seed: Decides ids, durations and chance.
        clock: How its clock runs.
    """

    def __init__(self, project_id: str, name: str, scenario: Scenario, seed: int, clock: ClockSetting) -> None:
        self.id = project_id
        self.name = name
        self.scenario = scenario
        self.seed = seed
        self.clock = Clock(clock)
        self._setting = clock
        self.journal = Journal(_JOURNALED)
        self.faults = FaultEngine(seed)
        self.errors: list[BaseException] = []
        """Errors inside the mock itself, which it answered as a server failure."""
        self.in_flight: set[Callable[[], object]] = set()
        """How to drop each request that is waiting."""
        self._start()

    def _start(self) -> None:
        region = self.name.partition("_")[0] or DEFAULT_PROJECT
        key = f"{self.seed}/{self.id}"
        life_cycle, template = self.scenario.lifecycle, self.scenario.world
        self.world = World(template, life_cycle, self.clock, Random(f"{key}/world"), region)
        self.request_ids = RDSValues(Random(f"{key}/requests"))
        self.faults.clear(self.scenario.faults)

    def drop_waiting(self) -> None:
        """Drop the requests that are waiting out a latency: their connections are closed without an answer."""
        for drop in tuple(self.in_flight):
            drop()

    def reset(self) -> None:
        """Begin anew: the scenario's world, clock and faults, an empty journal. Drops waiting requests."""
        self.drop_waiting()
        self.clock.set(self._setting)
        self.journal.clear()
        self.errors.clear()
        self._start()


class Simulator:
    """All projects of one server.

    Args:
        scenario: The scenario that projects start with.
        seed: Overrides the scenario's seed.
        clock: Overrides the scenario's clock.
        auth: ``any`` credentials will do, ``strict`` takes only those issued here, ``off`` needs none.
        access_keys: Secret keys by access key, for signed requests under ``strict``.
        strict_projects: Refuse projects that were not declared, instead of making them on first use.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        seed: int | None = None,
        clock: ClockSetting | None = None,
        auth: Auth = "any",
        access_keys: Mapping[str, str] | None = None,
        strict_projects: bool = False,
    ) -> None:
        self.scenario = scenario or Scenario()
        self.seed = next((s for s in (seed, self.scenario.seed) if s is not None), 0)
        self.clock_setting = clock or self.scenario.clock
        self.clock = Clock(self.clock_setting)
        if auth not in AUTH_MODES:
            raise ValueError(f"{auth!r} is no way to look at credentials: give one of {', '.join(AUTH_MODES)}")
        self.auth: Auth = auth
        self.access_keys = dict(access_keys or {})
        self.strict_projects = strict_projects
        self.control_token: str | None = None
        """What the control API demands; None when only this machine can reach it."""
        self.identity = Identity(self.seed)
        self.domain_id = self.identity.stable_id("domain", DEFAULT_DOMAIN)
        self.tenants: dict[str, Tenant] = {}
        self._names: dict[str, str] = {}
        self._lock = threading.Lock()
        self._random = Random(f"{self.seed}/projects")
        self.stray = self._make(self.identity.stable_id("project", ""), "", self.scenario, self.seed, None)
        """Keeps what belongs to no project: token requests, unknown paths."""
        self.default = self.declare(DEFAULT_PROJECT)

    def declare(
        self,
        name: str | None = None,
        project_id: str | None = None,
        *,
        scenario: Scenario | None = None,
        seed: int | None = None,
        clock: ClockSetting | None = None,
    ) -> Tenant:
        """Make a project, or find the one that has this name or id.

        Args:
            name: The name that clients authenticate with; absent: made up.
            project_id: The id; absent: follows from the name.
            scenario: Its scenario, if it is not the server's.
            seed: Its seed, if it is not the server's.
            clock: Its clock, if it is not the server's.

        Raises:
            ValueError: The project exists, and its scenario, seed or clock is given anew.
        """
        with self._lock:
            if project_id is None:
                if name is None:
                    name = f"{DEFAULT_PROJECT}_test{self._random.getrandbits(48):012x}"
                project_id = self._names.get(name) or self.identity.stable_id("project", name)
            tenant = self.tenants.get(project_id)
            if tenant is not None and not (scenario is None and seed is None and clock is None):
                raise ValueError(f"project {tenant.name} exists already: forget it first, or take another name")
            if tenant is None:
                name = name or f"{DEFAULT_PROJECT}_{project_id}"
                tenant = self._make(project_id, name, scenario or self.scenario, seed, clock)
                self.tenants[project_id] = tenant
                self._names[tenant.name] = project_id
            return tenant

    def _make(
        self, project_id: str, name: str, scenario: Scenario, seed: int | None, clock: ClockSetting | None
    ) -> Tenant:
        own = scenario is not self.scenario
        if seed is None:
            seed = scenario.seed if own and scenario.seed is not None else self.seed
        if clock is None:
            clock = scenario.clock if own else self.clock_setting
        return Tenant(project_id, name, scenario, seed, clock)

    def tenant(self, project_id: str) -> Tenant:
        """Find the project with this id, or make it.

        Raises:
            RDSError: PROJECT_FORBIDDEN, when projects must be declared and this one was not, or when
                the id is none at all.
        """
        tenant = self.tenants.get(project_id)
        if tenant is not None:
            return tenant
        if self.strict_projects:
            raise RDSError(errors.PROJECT_FORBIDDEN, "the project was not declared, and --strict-projects is on")
        if _PROJECT_ID.fullmatch(project_id) is None:
            raise RDSError(errors.PROJECT_FORBIDDEN, "a project id has 1 to 64 letters, digits, - and _")
        return self.declare(project_id=project_id)

    def forget(self, tenant: Tenant) -> None:
        """Remove a project; its waiting requests are dropped."""
        tenant.drop_waiting()
        with self._lock:
            self.tenants.pop(tenant.id, None)
            self._names.pop(tenant.name, None)

    def named(self, name: str) -> Tenant | None:
        """Find the project called *name*, or make it unless projects must be declared, or the name is none."""
        if not name.isprintable():
            return None
        project_id = self._names.get(name)
        if project_id is not None:
            return self.tenants[project_id]
        return None if self.strict_projects else self.declare(name)

    def token(self, tenant: Tenant) -> str:
        """Issue a token for a project, as its clients would get one."""
        now = tenant.clock.now()
        life = tenant.scenario.lifecycle.token
        return self.identity.issue(
            Token(
                user="mockrds",
                domain=DEFAULT_DOMAIN,
                issued=now,
                expires=now + life,
                project_id=tenant.id,
                project_name=tenant.name,
            )
        )
