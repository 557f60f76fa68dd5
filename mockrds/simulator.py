"""The whole cloud without a socket: projects, each with a world, faults, a clock and a journal of its own."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal

from mockrds.domain import errors
from mockrds.domain.clock import END, Clock, ClockSetting, iso
from mockrds.domain.errors import RDSError
from mockrds.domain.identity import DEFAULT_DOMAIN, DEFAULT_PROJECT, Identity, Token
from mockrds.domain.operations import OPERATIONS
from mockrds.domain.values import RDSValues
from mockrds.domain.world import World
from mockrds.faults.engine import FaultEngine
from mockrds.journal import Journal
from mockrds.scenario.schema import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mockrds.domain.template import WorldTemplate
    from mockrds.verdict import Verdict

Auth = Literal["any", "strict", "off"]
AUTH_MODES: Final[tuple[Auth, ...]] = ("any", "strict", "off")
_MOST_BURNT: Final = 1000
_JOURNALED: Final = (*OPERATIONS, "unknown")
PROJECT_ID: Final = re.compile(r"^[A-Za-z0-9_-]{1,64}$")  # more than the 32 hex digits of the real cloud
_ID_RULE: Final = "a project id has 1 to 64 letters, digits, - and _"
PROJECT_NAME: Final = re.compile(r"^[^\x00-\x1f\x7f]+$")


class Tenant:
    """One project: a world of its own, and all that belongs to it.

    Args:
        project_id: The id in the paths.
        name: The name that clients may authenticate with.
        scenario: What the world starts with and what goes wrong in it.
        seed: Decides ids, durations and chance.
        clock: How its clock runs.
        auth: How it looks at credentials.
        endings: Called with the project before what happened in it is forgotten.
    """

    def __init__(
        self,
        project_id: str,
        name: str,
        scenario: Scenario,
        seed: int,
        clock: ClockSetting,
        auth: Auth,
        endings: Sequence[Callable[[Tenant], object]] = (),
    ) -> None:
        self.id = project_id
        self.name = name
        self.scenario = scenario
        self.seed = seed
        self.clock = Clock(clock)
        self._setting = clock
        self._endings = endings
        self.auth: Auth = auth
        """How it looks at credentials: ``any``, ``strict`` or ``off``."""
        self.journal = Journal(_JOURNALED, self.clock)
        self.faults = FaultEngine(seed)
        self.errors: list[BaseException] = []
        """Errors inside the mock itself, which it answered as a server failure."""
        self.burnt: set[str] = set()
        """Tokens that a fault let expire."""
        self.in_flight: set[Callable[[], object]] = set()
        """How to drop each request that is waiting."""
        self._start()

    def _start(self) -> None:
        self.found(self.scenario.world)
        self.request_ids = RDSValues(Random(f"{self.seed}/{self.id}/requests"))
        self.began = self.clock.now()
        self._arm()

    def _arm(self) -> None:
        self.burnt.clear()
        self.faults.clear(self.scenario.faults)
        self.faults.limit(self.scenario.rate_limits, self.scenario.outage, self.began)

    @property
    def replay(self) -> str:
        """The token with which a server begins as this project began."""
        from mockrds.scenario.replay import Replay

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

    def found(self, template: WorldTemplate) -> None:
        """Put a new world in the place of the old one; clock, journal and faults stay as they are."""
        region = self.name.partition("_")[0] or DEFAULT_PROJECT
        random = Random(f"{self.seed}/{self.id}/world")
        self.world = World(template, self.scenario.lifecycle, self.clock, random, region)

    def begin(self, scenario: Scenario, seed: int | None = None, clock: ClockSetting | None = None) -> None:
        """Begin anew under another scenario, and with another seed and clock if they are given."""
        self.end()
        self.scenario, self._setting = scenario, clock or self._setting
        self.seed = self.faults.seed = self.seed if seed is None else seed
        self._begin_anew()

    def adopt(self, scenario: Scenario) -> None:
        """Go on under another scenario: its faults, limits and life cycles; what there is in the world stays."""
        self.scenario = scenario
        self.world.adopt(scenario.world.quotas, scenario.lifecycle)
        self._arm()

    def burn(self, token: str) -> None:
        """Let a token expire, though it says that it is valid."""
        if len(self.burnt) >= _MOST_BURNT:
            self.burnt.pop()
        self.burnt.add(token)

    def drop_waiting(self) -> None:
        """Drop the requests that are waiting out a latency: their connections are closed without an answer."""
        for drop in tuple(self.in_flight):
            drop()

    @property
    def verdict(self) -> Verdict:
        """What the journal tells of the client up to now."""
        from mockrds.verdict import Verdict

        return Verdict(self.journal.entries(), self.world.backups, self.clock.now(), self.world.instances)

    def recorded(self) -> dict[str, Any]:
        """Tell what happened, as plain JSON: what reports are made of."""
        from mockrds.report.record import recorded

        return recorded(self)

    def reset(self) -> None:
        """Begin anew: the scenario's world, clock and faults, an empty journal. Drops waiting requests."""
        self.end()
        self._begin_anew()

    def end(self) -> None:
        """Drop the requests that are waiting, and let others see what there was before it is gone."""
        self.drop_waiting()
        for see in self._endings:
            see(self)

    def _begin_anew(self) -> None:
        self.clock.set(self._setting)
        self.journal.clear()
        self.errors.clear()
        self._start()


def _known_auth(auth: Auth) -> Auth:
    __tracebackhide__ = True
    if auth not in AUTH_MODES:
        raise ValueError(f"{auth!r} is no way to look at credentials: give one of {', '.join(AUTH_MODES)}")
    return auth


class Simulator:
    """All projects of one server.

    Args:
        scenario: The scenario that projects start with.
        seed: Overrides the scenario's seed.
        clock: Overrides the scenario's clock.
        auth: ``any`` credentials will do, ``strict`` takes only those issued here, ``off`` needs none; projects may
            have settings of their own.
        access_keys: Secret keys by access key, for signed requests under ``strict``.
        strict_projects: Refuse projects that were not declared, instead of making them on first use.
        default: Name and id of the project that is always there; without an id, it follows from the name.
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
        default: tuple[str, str | None] = (DEFAULT_PROJECT, None),
    ) -> None:
        self.scenario = scenario or Scenario()
        self.seed = next((s for s in (seed, self.scenario.seed) if s is not None), 0)
        self.clock_setting = clock or self.scenario.clock
        self.clock = Clock(self.clock_setting)
        if self.clock_setting.mode == "frozen" and self.clock_setting.at is None:  # then it is one moment for all
            self.clock_setting = replace(self.clock_setting, at=datetime.fromtimestamp(self.clock.now(), UTC))
        self.auth: Auth = _known_auth(auth)
        self.access_keys = dict(access_keys or {})
        self.strict_projects = strict_projects
        self.control_token: str | None = None
        """What the control API demands; None when only this machine can reach it."""
        self.identity = Identity(self.seed)
        self.domain_id = self.identity.stable_id("domain", DEFAULT_DOMAIN)
        self.tenants: dict[str, Tenant] = {}
        self.endings: list[Callable[[Tenant], object]] = []
        """Called with each project before it begins anew or is removed."""
        self._names: dict[str, str] = {}
        self._lock = threading.Lock()
        self._random = Random(f"{self.seed}/projects")
        self.stray = self._make(self.identity.stable_id("project", ""), "", self.scenario, self.seed, None)
        """Keeps what belongs to no project: tokens without one, unknown paths."""
        self.default = self.declare(*default)

    def declare(
        self,
        name: str | None = None,
        project_id: str | None = None,
        *,
        scenario: Scenario | None = None,
        seed: int | None = None,
        clock: ClockSetting | None = None,
        auth: Auth | None = None,
    ) -> Tenant:
        """Make a project, or find the one that has this name or id.

        Args:
            name: The name that clients authenticate with; absent: made up.
            project_id: The id; absent: follows from the name.
            scenario: Its scenario, if it is not the server's.
            seed: Its seed, if it is not the server's.
            clock: Its clock, if it is not the server's.
            auth: How it looks at credentials, if not as the server does.

        Raises:
            ValueError: Name, id or *auth* can't be one; the project exists, and its scenario, seed, clock or *auth* is
                given anew; or the name is that of another project.
        """
        __tracebackhide__ = True
        if auth is not None:
            _known_auth(auth)
        if project_id is not None and PROJECT_ID.fullmatch(project_id) is None:
            raise ValueError(f"{project_id!r} is no project id: {_ID_RULE}")
        if name is not None and PROJECT_NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is no project name: give some text without control characters")
        with self._lock:
            if project_id is None:
                if name is None:
                    name = f"{DEFAULT_PROJECT}_test{self._random.getrandbits(48):012x}"
                project_id = self._names.get(name) or self.identity.stable_id("project", name)
            tenant = self.tenants.get(project_id)
            if tenant is not None and any(given is not None for given in (scenario, seed, clock, auth)):
                raise ValueError(f"project {tenant.name} exists already: forget it first, or take another name")
            if name is not None and self._names.get(name, project_id) != project_id:
                raise ValueError(f"project {name} exists already, with the id {self._names[name]}")
            if tenant is None:
                name = name or f"{DEFAULT_PROJECT}_{project_id}"
                tenant = self._make(project_id, name, scenario or self.scenario, seed, clock, auth)
                self.tenants[project_id] = tenant
                self._names[tenant.name] = project_id
            return tenant

    def _make(
        self,
        project_id: str,
        name: str,
        scenario: Scenario,
        seed: int | None,
        clock: ClockSetting | None,
        auth: Auth | None = None,
    ) -> Tenant:
        own = scenario is not self.scenario
        if seed is None:
            seed = scenario.seed if own and scenario.seed is not None else self.seed
        if clock is None:
            clock = scenario.clock if own else self.clock_setting
        return Tenant(project_id, name, scenario, seed, clock, auth or self.auth, self.endings)

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
        if PROJECT_ID.fullmatch(project_id) is None:
            raise RDSError(errors.PROJECT_FORBIDDEN, _ID_RULE)
        return self.declare(project_id=project_id)

    def find(self, wanted: str) -> Tenant | None:
        """Find the project with this id or name; None if there is none."""
        return self.tenants.get(wanted) or self.tenants.get(self._names.get(wanted, ""))

    def forget(self, tenant: Tenant) -> None:
        """Remove a project; its waiting requests are dropped."""
        tenant.end()
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

    def begin(self, tenant: Tenant, scenario: Scenario | None = None) -> None:
        """Let a project begin anew under *scenario*; absent: as the server's projects begin.

        What the scenario does not say about seed and clock stays as it is in the project.
        """
        if scenario is None:
            tenant.begin(self.scenario, self.seed, self.clock_setting)
        else:
            tenant.begin(scenario, scenario.seed, scenario.clock if "clock" in scenario.document else None)

    def reload(self, scenario: Scenario) -> None:
        """Put another scenario in the place of the server's, in all projects that have that one; worlds stay."""
        with self._lock:
            old, self.scenario = self.scenario, scenario
            for tenant in (*self.tenants.values(), self.stray):
                if tenant.scenario is old:
                    tenant.adopt(scenario)

    def issue(self, token: Token) -> str:
        """Write *token* as the text that clients send; it is good, whatever a fault did to one that read the same."""
        text = self.identity.issue(token)
        tenant = self.tenants.get(token.project_id or "")
        if tenant is not None:
            tenant.burnt.discard(text)
        return text

    def token(self, tenant: Tenant) -> str:
        """Issue a token for a project, as its clients would get one."""
        now = tenant.clock.now()
        life = tenant.scenario.lifecycle.token
        return self.issue(
            Token(
                user="mockrds",
                domain=DEFAULT_DOMAIN,
                issued=now,
                expires=min(now + life, END),
                project_id=tenant.id,
                project_name=tenant.name,
            )
        )
