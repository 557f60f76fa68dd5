"""The whole cloud without a socket: projects, each with a world, faults, a clock and a journal of its own."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Final, get_args

from mockrds.domain import errors
from mockrds.domain.clock import END, Clock, ClockSetting
from mockrds.domain.errors import RDSError
from mockrds.domain.identity import DEFAULT_DOMAIN, DEFAULT_PROJECT, PROJECT_ID, PROJECT_NAME, Auth, Identity, Token
from mockrds.project_state import ProjectState
from mockrds.scenario import Scenario
from mockrds.suggestions import suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

AUTH_MODES: Final[tuple[Auth, ...]] = get_args(Auth)
_ID_RULE: Final = "a project id has 1 to 64 letters, digits, - and _"


def _check_auth(auth: Auth) -> Auth:
    __tracebackhide__ = True
    if auth not in AUTH_MODES:
        raise ValueError(
            f"auth: unknown {auth!r}{suggest(str(auth), AUTH_MODES)} (expected one of: {', '.join(AUTH_MODES)})"
        )
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
        self.auth: Auth = _check_auth(auth)
        self.access_keys = dict(access_keys or {})
        self.strict_projects = strict_projects
        self.control_token: str | None = None
        """What the control API demands; None when only this machine can reach it."""
        self.identity = Identity(self.seed)
        self.domain_id = self.identity.stable_id("domain", DEFAULT_DOMAIN)
        self.projects: dict[str, ProjectState] = {}
        self.on_close: list[Callable[[ProjectState], object]] = []
        """Called with each project before it starts again or is removed."""
        self._names: dict[str, str] = {}
        self._lock = threading.Lock()
        self._random = Random(f"{self.seed}/projects")
        self.unassigned = self._make(self.identity.stable_id("project", ""), "", self.scenario, self.seed, None)
        """What belongs to no project: requests for tokens without one, unknown paths."""
        self.default = self.get_or_create(*default)

    def get_or_create(
        self,
        name: str | None = None,
        project_id: str | None = None,
        *,
        scenario: Scenario | None = None,
        seed: int | None = None,
        clock: ClockSetting | None = None,
        auth: Auth | None = None,
    ) -> ProjectState:
        """Make a project, or find the one that has this name or id.

        Args:
            name: The name that clients authenticate with; absent: made up.
            project_id: The id; absent: follows from the name.
            scenario: Its scenario, if it is not the server's.
            seed: Its seed, if it is not the server's.
            clock: Its clock, if it is not the server's.
            auth: How it looks at credentials, if not as the server does.

        Raises:
            ValueError: Name, id or *auth* can't be one; the project exists, and one of scenario, seed, clock and
                *auth* is given; or the name is that of another project.
        """
        __tracebackhide__ = True
        if auth is not None:
            _check_auth(auth)
        if project_id is not None and PROJECT_ID.fullmatch(project_id) is None:
            raise ValueError(f"{project_id!r} is no project id: {_ID_RULE}")
        if name is not None and PROJECT_NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is no project name: give some text without control characters")
        with self._lock:
            if project_id is None:
                if name is None:
                    name = f"{DEFAULT_PROJECT}_test{self._random.getrandbits(48):012x}"
                project_id = self._names.get(name) or self.identity.stable_id("project", name)
            project = self.projects.get(project_id)
            if project is not None and any(setting is not None for setting in (scenario, seed, clock, auth)):
                raise ValueError(f"project {project.name} exists already: forget it first, or take another name")
            if name is not None and self._names.get(name, project_id) != project_id:
                raise ValueError(f"project {name} exists already, with the id {self._names[name]}")
            if project is None:
                name = name or f"{DEFAULT_PROJECT}_{project_id}"
                project = self._make(project_id, name, scenario or self.scenario, seed, clock, auth)
                self.projects[project_id] = project
                self._names[project.name] = project_id
            return project

    def _make(
        self,
        project_id: str,
        name: str,
        scenario: Scenario,
        seed: int | None,
        clock: ClockSetting | None,
        auth: Auth | None = None,
    ) -> ProjectState:
        own = scenario is not self.scenario
        if seed is None:
            seed = scenario.seed if own and scenario.seed is not None else self.seed
        if clock is None:
            clock = scenario.clock if own else self.clock_setting
        return ProjectState(project_id, name, scenario, seed, clock, auth or self.auth, self.on_close)

    def project(self, project_id: str) -> ProjectState:
        """Return the project with this id; a new one if there is none.

        Raises:
            RDSError: PROJECT_FORBIDDEN, when projects must be declared and this one was not, or when
                the id is none at all.
        """
        project = self.projects.get(project_id)
        if project is not None:
            return project
        if self.strict_projects:
            raise RDSError(errors.PROJECT_FORBIDDEN, "the project was not declared, and --strict-projects is on")
        if PROJECT_ID.fullmatch(project_id) is None:
            raise RDSError(errors.PROJECT_FORBIDDEN, _ID_RULE)
        return self.get_or_create(project_id=project_id)

    def find(self, id_or_name: str) -> ProjectState | None:
        """Return the project with this id or name; None if there is none."""
        return self.projects.get(id_or_name) or self.projects.get(self._names.get(id_or_name, ""))

    def forget(self, project: ProjectState) -> None:
        """Remove a project; its waiting requests are dropped."""
        project.close()
        with self._lock:
            self.projects.pop(project.id, None)
            self._names.pop(project.name, None)

    def project_named(self, name: str) -> ProjectState | None:
        """Return the project of this name, a new one if there is none.

        None if there can't be one: projects must be declared, or the name has characters that can't be printed.
        """
        if not name.isprintable():
            return None
        project_id = self._names.get(name)
        if project_id is not None:
            return self.projects[project_id]
        return None if self.strict_projects else self.get_or_create(name)

    def restart(self, project: ProjectState, scenario: Scenario | None = None) -> None:
        """Start a project again with *scenario*; absent: with the server's scenario, seed and clock.

        What the scenario does not say about seed and clock stays as it is in the project.
        """
        if scenario is None:
            project.restart(self.scenario, self.seed, self.clock_setting)
        else:
            project.restart(scenario, scenario.seed, scenario.clock if "clock" in scenario.document else None)

    def reload(self, scenario: Scenario) -> None:
        """Replace the server's scenario, in all projects that have it, too; what there is in their worlds stays."""
        with self._lock:
            old, self.scenario = self.scenario, scenario
            for project in (*self.projects.values(), self.unassigned):
                if project.scenario is old:
                    project.switch_scenario(scenario)

    def issue_token(self, token: Token) -> str:
        """Return *token* as the text that clients send. It is valid even if a fault revoked the same text before."""
        text = self.identity.issue(token)
        project = self.projects.get(token.project_id or "")
        if project is not None:
            project.revoked_tokens.discard(text)
        return text

    def token(self, project: ProjectState) -> str:
        """Return a fresh token for a project, as its clients would get one."""
        now = project.clock.now()
        life = project.scenario.lifecycle.token
        return self.issue_token(
            Token(
                user="mockrds",
                domain=DEFAULT_DOMAIN,
                issued=now,
                expires=min(now + life, END),
                project_id=project.id,
                project_name=project.name,
            )
        )
