"""``MockRDS``: the mock as one object, for tests, for the command line and for everything else."""

from __future__ import annotations

import asyncio
import secrets
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from mockrds.domain.clock import ClockSetting
from mockrds.domain.models import FOREVER
from mockrds.simulator import Simulator
from mockrds.web.app import build_app, build_server

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from mockrds.domain.clock import Clock
    from mockrds.domain.models import Backup, Instance
    from mockrds.domain.world_template import Outcome
    from mockrds.faults.rules import ArmedRule
    from mockrds.journal import Entry, Journal
    from mockrds.project_state import Auth, ProjectState
    from mockrds.scenario import Scenario
    from mockrds.scenario_files.loader import Source
    from mockrds.verdict import Verdict

Clocks = ClockSetting | Mapping[str, Any] | str

_BACKLOG = 4096  # with aiohttp's 128, five hundred clients that connect at once wait a second


class Faults:
    """The faults of one project.

    Args:
        state: The project.
    """

    def __init__(self, state: ProjectState) -> None:
        self._state = state

    def add(self, **rule: object) -> ArmedRule:
        """Arm a fault, in the words of a scenario file: ``add(operation="...", error="RDS.0011", times=2)``.

        Its ``rule.source`` is the place of this call, as ``FILE:LINE``.

        Raises:
            ScenarioError: The fault is wrong; the message says all that is.
        """
        __tracebackhide__ = True
        from mockrds.scenario_files.loader import read_rule

        caller = sys._getframe(1)  # the public ways to it read source files
        return self._state.faults.add(read_rule(rule).located(f"{caller.f_code.co_filename}:{caller.f_lineno}"))

    def clear(self) -> None:
        """Disarm all faults."""
        self._state.faults.clear()

    @property
    def armed(self) -> tuple[ArmedRule, ...]:
        """The faults in force, with how often each fired."""
        return self._state.faults.armed

    def unused(self) -> tuple[ArmedRule, ...]:
        """Give the faults that never fired."""
        return self._state.faults.unused()


class Project:
    """One project of a running server: a cloud of its own.

    Args:
        server: The server.
        state: The project.
    """

    def __init__(self, server: MockRDS, state: ProjectState) -> None:
        self._server = server
        self._state = state
        self.faults = Faults(state)
        """What goes wrong: ``add``, ``clear``, ``unused``."""

    @property
    def url(self) -> str:
        """Where the server is, such as ``http://127.0.0.1:8080``."""
        return self._server.url

    @property
    def v1_url(self) -> str:
        """Where API v1 of the project begins: ``{url}/rds/v1/{id}``."""
        return f"{self._server.url}/rds/v1/{self.id}"

    @property
    def v3_url(self) -> str:
        """Where API v3 of the project begins: ``{url}/v3/{id}``."""
        return f"{self._server.url}/v3/{self.id}"

    @property
    def auth_url(self) -> str:
        """Where clients authenticate: ``{url}/v3``."""
        return f"{self._server.url}/v3"

    @property
    def id(self) -> str:
        """The project id, which stands in every path."""
        return self._state.id

    @property
    def name(self) -> str:
        """The project name, which clients may authenticate with."""
        return self._state.name

    @property
    def seed(self) -> int:
        """What decides ids, durations and chance."""
        return self._state.seed

    @property
    def replay(self) -> str:
        """The token, for ``MOCKRDS_REPLAY`` or ``MockRDS(replay=...)``, that brings the same run again."""
        return self._state.replay

    @property
    def token(self) -> str:
        """A fresh token, for ``X-Auth-Token``."""
        return self._server.simulator.token(self._state)

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The DB instances; ``instances[0].node_id`` is what API v1 backs up."""
        return self._state.world.instances

    @property
    def backups(self) -> tuple[Backup, ...]:
        """The manual backups, oldest first."""
        return self._state.world.backups

    @property
    def clock(self) -> Clock:
        """The clock that life cycles read: ``advance("6h")``."""
        return self._state.clock

    @property
    def journal(self) -> Journal:
        """What the project was asked and what it answered."""
        return self._state.journal

    @property
    def verdict(self) -> Verdict:
        """What the journal tells of the client up to now: ``verdict.assert_no_duplicate_backups()``."""
        return self._state.verdict

    @property
    def errors(self) -> list[BaseException]:
        """Errors inside the mock itself, which it answered as a server failure."""
        return self._state.errors

    @property
    def in_flight(self) -> int:
        """How many requests wait for their answer."""
        return len(self._state.in_flight)

    @property
    def auth(self) -> Auth:
        """How the project looks at credentials: ``any``, ``strict`` or ``off``."""
        return self._state.auth

    def recorded(self) -> dict[str, Any]:
        """Tell what happened in the project, as plain JSON: what reports are made of."""
        return self._state.recorded()

    def finish(self, resource_id: str, outcome: Outcome | None = None) -> None:
        """Bring to its end what a backup or an instance is doing.

        Args:
            resource_id: The id of a backup, an instance or a node.
            outcome: How a BUILDING backup ends: COMPLETED or FAILED.

        Raises:
            KeyError: There is no such thing.
        """
        __tracebackhide__ = True
        self._state.world.finish(resource_id, outcome)

    def set_status(self, instance_id: str, status: str, *, seconds: float = FOREVER) -> None:
        """Put an instance into a status such as REBOOTING, for *seconds* or until told otherwise.

        Only instances: what a backup is doing comes to its end with ``finish``.

        Raises:
            KeyError: There is no such instance.
            ValueError: There is no such status.
        """
        __tracebackhide__ = True
        self._state.world.set_status(instance_id, status, seconds=seconds)

    def reset(self) -> None:
        """Begin anew: the scenario's world, clock and faults, an empty journal."""
        self._state.reset()

    def forget(self) -> None:
        """Remove the project from the server, and free what it held."""
        self._server.simulator.forget(self._state)

    def __repr__(self) -> str:
        return f"<Project {self.name} {self.id}>"


class MockRDS:
    """A mock of the relational database service.

    ``with MockRDS() as mock:`` serves from a thread of its own, so that a test that blocks can't stop
    it; ``async with`` serves on the running loop. Several servers in one process share nothing.

    Args:
        scenario: Names of the library, paths of files, documents as mappings, or a list of these; or one that
            ``mockrds.scenario_files.loader.load`` gave.
        seed: Decides ids, durations and chance; absent: the scenario's, or 0.
        clock: How the clock of each project runs: ``real``, ``frozen``, ``frozen@2026-01-31T22:00:00Z``,
            ``scaled@60``, or a mapping as in a scenario; absent: as the scenario says.
        auth: ``any`` credentials will do, ``strict`` takes only those issued here, ``off`` needs none; of all projects
            that have no setting of their own.
        access_keys: Secret keys by access key; under ``strict`` signatures are verified with them.
        strict_projects: Refuse projects that were not declared with ``project()``.
        host: The address to listen on.
        port: The port to listen on; 0 lets the system choose.
        tls: Serve https: with a throw-away certificate, or with a context of your own.
        log: Called with each finished request.
        replay: A replay token: the server begins as the project began that gave it. Scenario, seed, clock and
            *auth* come from it.

    Raises:
        ScenarioError: The scenario is wrong; the message lists all mistakes.
        ValueError: Another argument is wrong.
        ModuleNotFoundError: ``tls`` is asked for, and the library that makes certificates is missing.
    """

    def __init__(
        self,
        scenario: Scenario | Source | list[Source] | None = None,
        *,
        seed: int | None = None,
        clock: Clocks | None = None,
        auth: Auth = "any",
        access_keys: Mapping[str, str] | None = None,
        strict_projects: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool | ssl.SSLContext = False,
        log: Callable[[ProjectState, Entry], None] | None = None,
        replay: str | None = None,
    ) -> None:
        __tracebackhide__ = True
        loaded = None
        default: dict[str, Any] = {}
        if replay is not None:
            from mockrds.replay import Replay

            if not (scenario is None and seed is None and clock is None):
                raise ValueError("scenario, seed and clock come from the replay token: leave them out")
            token = Replay.of(replay)
            scenario, seed, clock, auth = token.scenario, token.seed, token.clock, token.auth
            default["default"] = (token.project_name, token.project_id)
        if scenario is not None:
            from mockrds.scenario_files.loader import loaded as given

            loaded = given(scenario)
        self.simulator = Simulator(
            loaded,
            seed=seed,
            clock=None if clock is None else ClockSetting.of(clock),
            auth=auth,
            access_keys=access_keys,
            strict_projects=strict_projects,
            **default,
        )
        """The inside, without a socket; ``simulator.control_token`` is what the control API demands, or None."""
        self.host = host
        """The address to listen on."""
        if not self.on_loopback:
            self.simulator.control_token = secrets.token_urlsafe(16)
        self.port = port
        """The port; with 0, the one it got once it serves."""
        self.ca: str | None = None
        """The file of the certificate that clients must trust, in PEM; None unless it was made for ``tls=True``."""
        self._tls: ssl.SSLContext | None = None
        if tls is True:
            from mockrds.tls import throw_away

            self._tls, self.ca = throw_away(host)
        elif tls is not False:
            self._tls = tls
        self._log = log
        self._runner: web.ServerRunner | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """Where the server is, such as ``http://127.0.0.1:8080``.

        Raises:
            RuntimeError: It was never started, and the system chooses its port.
        """
        if not self.port:
            raise RuntimeError("the server has no URL before it is started: use 'with' or 'async with'")
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://[{host}]:{self.port}" if ":" in host else f"{scheme}://{host}:{self.port}"

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host == "localhost" or self.host == "::1" or self.host.startswith("127.")

    def app(self) -> web.Application:
        """Make an aiohttp application that serves this mock, for a test client or a server of your own."""
        return build_app(self.simulator, self._log)

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
            scenario: A scenario of its own.
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
        loaded = None
        if replay is not None:
            from mockrds.replay import Replay

            token = Replay.of(replay)
            name, id = token.project_name, token.project_id  # noqa: A001
            scenario, seed, clock, auth = token.scenario, token.seed, token.clock, token.auth
        if scenario is not None:
            from mockrds.scenario_files.loader import loaded as given

            loaded = given(scenario)
        setting = None if clock is None else ClockSetting.of(clock)
        return Project(
            self, self.simulator.get_or_create(name, id, scenario=loaded, seed=seed, clock=setting, auth=auth)
        )

    # On the caller's loop

    async def start(self) -> None:
        """Begin to serve on the running loop.

        Raises:
            OSError: The address or the port is not to be had.
        """
        runner = web.ServerRunner(build_server(self.simulator, self._log), shutdown_timeout=0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self.host, self.port, ssl_context=self._tls, backlog=_BACKLOG)
            await site.start()
        except BaseException:
            await runner.cleanup()
            raise
        self.port = runner.addresses[0][1]
        self._runner = runner

    async def stop(self) -> None:
        """Stop serving; requests that wait are dropped."""
        runner, self._runner = self._runner, None
        if runner is not None:
            for project in (*self.simulator.projects.values(), self.simulator.unassigned):
                project.drop_waiting()
            connections = [handler.transport for handler in runner.server.connections] if runner.server else []
            await runner.cleanup()
            for connection in connections:
                if connection is not None:
                    with suppress(AttributeError):  # of early 3.11, where TLS has closed already
                        connection.abort()  # TLS would wait half a minute for the client's goodbye

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    # In a thread of its own

    def __enter__(self) -> Self:
        started: list[BaseException | None] = []
        ready = threading.Event()

        def serve() -> None:
            with asyncio.Runner() as runner:  # cancels what is left in the end, such as TLS handshakes
                loop = runner.get_loop()
                try:
                    loop.run_until_complete(self.start())
                except BaseException as error:  # noqa: BLE001  (raised again in the caller's thread)
                    started.append(error)
                    return
                finally:
                    self._loop = loop
                    ready.set()
                loop.run_forever()
                loop.run_until_complete(self.stop())

        self._thread = threading.Thread(target=serve, name="mockrds", daemon=True)
        self._thread.start()
        ready.wait()
        if started:
            self._thread.join()
            raise started[0] or RuntimeError
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop = self._thread = None

    def __repr__(self) -> str:
        return f"<MockRDS {self.host}:{self.port}>"
