"""``MockRDS``: the mock as one object, for tests, for the command line and for everything else."""

from __future__ import annotations

import asyncio
import secrets
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from mockrds.domain.clock import ClockSetting
from mockrds.domain.models import FOREVER
from mockrds.project import Faults, Project, Server
from mockrds.simulator import Simulator
from mockrds.web.app import build_app, build_server
from mockrds.web.listening import ACCEPTED, BACKLOG, handle_exhaustion, listen

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Mapping

    from mockrds.domain.identity import Auth
    from mockrds.domain.models import Backup, Instance
    from mockrds.domain.world_template import Outcome
    from mockrds.faults.rules import ArmedRule
    from mockrds.journal import Entry, Journal
    from mockrds.project import Clocks
    from mockrds.project_state import ProjectState
    from mockrds.scenario import Scenario
    from mockrds.scenario_files.loader import Source

_GRACE = 0.05  # seconds in which a request under way may end when the server stops; aiohttp takes 0 for no limit
_LOOPBACK_REMEDY = "where a test run blocks sockets, let it allow those of 127.0.0.1"


class _LocalFaults(Faults):
    def __init__(self, state: ProjectState) -> None:
        self._state = state

    def _add(self, rule: dict[str, object], source: str) -> ArmedRule:
        __tracebackhide__ = True
        from mockrds.scenario_files.loader import read_rule

        return self._state.faults.add(read_rule(rule).located(source))

    def clear(self) -> None:
        self._state.faults.clear()

    @property
    def armed(self) -> tuple[ArmedRule, ...]:
        return self._state.faults.armed


class _LocalProject(Project):
    def __init__(self, server: MockRDS, state: ProjectState) -> None:
        self._server = server
        self._state = state
        self.id = state.id
        self.name = state.name
        self.clock = state.clock
        self.faults = _LocalFaults(state)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def seed(self) -> int:
        return self._state.seed

    @property
    def auth(self) -> Auth:
        return self._state.auth

    @property
    def replay(self) -> str:
        return self._state.replay

    @property
    def token(self) -> str:
        return self._server.simulator.token(self._state)

    def _contents(self) -> tuple[tuple[Instance, ...], tuple[Backup, ...]]:
        return self._state.world.instances, self._state.world.backups

    @property
    def journal(self) -> Journal:
        return self._state.journal

    @property
    def errors(self) -> list[BaseException]:
        return self._state.errors

    @property
    def in_flight(self) -> int:
        return len(self._state.in_flight)

    def recorded(self) -> dict[str, Any]:
        from mockrds.report.record import record

        return record(self._state)

    def finish(self, resource_id: str, outcome: Outcome | None = None) -> None:
        __tracebackhide__ = True
        self._state.world.finish(resource_id, outcome)

    def set_status(self, instance_id: str, status: str, *, seconds: float = FOREVER) -> None:
        __tracebackhide__ = True
        self._state.world.set_status(instance_id, status, seconds=seconds)

    def reset(self) -> None:
        self._state.reset()

    def forget(self) -> None:
        self._server.simulator.forget(self._state)

    def __repr__(self) -> str:
        return f"<Project {self.name} {self.id}>"


class MockRDS(Server):
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
        replay: A replay token: its first project starts from the same state as the project that gave it. Scenario,
            seed, clock and *auth* come from it.

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
            from mockrds.scenario_files.loader import as_scenario

            loaded = as_scenario(scenario)
        self.simulator = Simulator(
            loaded,
            seed=seed,
            clock=None if clock is None else ClockSetting.of(clock),
            auth=auth,
            access_keys=access_keys,
            strict_projects=strict_projects,
            **default,
        )
        """The cloud without a socket; ``simulator.control_token`` is what the control API demands, or None."""
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

    def _project(
        self,
        name: str | None,
        project_id: str | None,
        scenario: Scenario | None,
        seed: int | None,
        clock: ClockSetting | None,
        auth: Auth | None,
    ) -> Project:
        __tracebackhide__ = True
        state = self.simulator.get_or_create(name, project_id, scenario=scenario, seed=seed, clock=clock, auth=auth)
        return _LocalProject(self, state)

    # On the caller's loop

    async def start(self) -> None:
        """Begin to serve on the running loop.

        Raises:
            OSError: The address or the port is not to be had.
            RuntimeError: It serves already.
        """
        self._check_stopped()
        runner = web.ServerRunner(build_server(self.simulator, self._log), shutdown_timeout=_GRACE)
        await runner.setup()
        sockets: list[socket.socket] = []
        try:
            sockets += await listen(self.host, self.port)
            for sock in sockets:
                await web.SockSite(runner, sock, ssl_context=self._tls, backlog=ACCEPTED).start()
                sock.listen(BACKLOG)
        except BaseException:
            await runner.cleanup()
            for sock in sockets:
                sock.close()
            raise
        self.port = sockets[0].getsockname()[1]
        self._runner = runner

    async def stop(self) -> None:
        """Stop serving; requests that wait are dropped, those that still arrive are cut off."""
        runner, self._runner = self._runner, None
        if runner is not None:
            for site in tuple(runner.sites):
                await site.stop()
            await asyncio.sleep(0)  # what the system has accepted becomes a connection
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
        __tracebackhide__ = True
        self._check_stopped()
        failures: list[BaseException] = []
        ready = threading.Event()

        def serve() -> None:
            try:
                with asyncio.Runner() as runner:  # cancels what is left in the end, such as TLS handshakes
                    loop = runner.get_loop()
                    handle_exhaustion(loop)
                    loop.run_until_complete(self.start())
                    self._loop = loop
                    ready.set()
                    loop.run_forever()
                    loop.run_until_complete(self.stop())
            except BaseException as error:
                if ready.is_set():
                    raise
                failures.append(error)
            finally:
                ready.set()

        self._thread = threading.Thread(target=serve, name="mockrds", daemon=True)
        self._thread.start()
        ready.wait()
        if failures:
            self._thread.join()
            self._thread = None
            if isinstance(failures[0], OSError):
                raise failures[0]
            raise RuntimeError(f"mockrds can't serve: {failures[0]}; {_LOOPBACK_REMEDY}") from failures[0]
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop = self._thread = None

    def _check_stopped(self) -> None:
        __tracebackhide__ = True
        if self._runner is not None:
            raise RuntimeError("this server serves already: make another MockRDS, or another project of this one")

    def __repr__(self) -> str:
        return f"<MockRDS {self.host}:{self.port}>"
