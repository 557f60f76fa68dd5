"""The projects of one test: made, checked when it has ended, and removed."""

from __future__ import annotations

import re
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Never

import pytest

from mockrds.domain.identity import DEFAULT_PROJECT
from mockrds.pytest_plugin import MockrdsWarning
from mockrds.pytest_plugin.options import SettingError, check_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockrds.client import RemoteServer
    from mockrds.domain.clock import ClockSetting
    from mockrds.domain.identity import Auth
    from mockrds.pytest_plugin.end_of_test import AnyFault, AnyProject
    from mockrds.pytest_plugin.options import Run
    from mockrds.scenario import Scenario
    from mockrds.scenario_files.loader import Source
    from mockrds.server import MockRDS
    from mockrds.simulator import Simulator

_LONGEST: Final = 40
_TOLD: Final = 3
"""Of so many projects of a failing test its report tells: the last, because there hypothesis shows what it found."""
_ODD: Final = re.compile(r"[^A-Za-z0-9]+")


class Projects:
    """Makes projects for a test: what the fixture ``mockrds_factory`` gives.

    Args:
        item: The test.
        server: The server of the run.
        run: The settings of the run.

    Raises:
        SettingError: A marker of the test is wrong.
    """

    def __init__(self, item: pytest.Item, server: MockRDS | RemoteServer, run: Run) -> None:
        self._item = item
        self._hook = item.ihook
        self._server = server
        self._run = run
        self._settings = run.of_test(item)
        self._made: list[AnyProject] = []
        self._scenarios: dict[str, Scenario] = {}
        """The scenarios of those that have one of their own, by project."""
        self._known: dict[str, int] = {}
        """How many errors inside the mock were told, by project."""
        self._failed_for_unused = False
        self.closed = False
        """Whether the test is over."""

    def __call__(
        self,
        *,
        scenario: Source | list[Source] | None = None,
        seed: int | None = None,
        clock: ClockSetting | dict[str, Any] | str | None = None,
        auth: Auth | None = None,
        **unknown: Never,
    ) -> AnyProject:
        """Make a project, which is checked and removed when the test ends; what is not given is as the markers say.

        Args:
            scenario: A name of the library, a path, a document, or a list of these, in the place of the markers'.
            seed: Its seed.
            clock: Its clock.
            auth: How it looks at credentials: any, strict or off.
            unknown: There is nothing else that it takes; a mistake is told with what may have been meant.

        Raises:
            SettingError: One of them is wrong.
        """
        __tracebackhide__ = True
        folders, settings = self._run.folders(self._item), self._settings
        try:
            if scenario is not None:
                settings = settings._replace(scenario=())
            given = {"scenario": scenario, "seed": seed, "clock": clock, "auth": auth}
            check_keys(unknown, given)
            settings = settings.over(given, folders)
            more = [one for some in self._hook.pytest_mockrds_scenario(item=self._item) for one in some]
            if more and settings.unused == "all":  # what then happens is not for the test to say
                self._settings = self._settings._replace(unused="armed")
            settings = settings.over({"scenario": more}, folders)
            loaded = self._run.load(settings.scenario)
        except SettingError as error:
            raise error.of(self._item.nodeid) from None
        project = self._server.project(
            self._name(),
            scenario=loaded,
            seed=settings.seed,
            clock=self._own(settings.clock),
            auth=settings.auth,
        )
        self._made.append(project)
        if loaded is not None:
            self._scenarios[project.id] = loaded
        self._hook.pytest_mockrds_started(item=self._item, project=project)
        return project

    def _own(self, clock: ClockSetting | None) -> ClockSetting | None:
        """Leave a clock to the run's own server if it has that one: frozen, it stands at one moment for all."""
        return None if clock == self._run.settings.clock and self._simulator is not None else clock

    @property
    def _simulator(self) -> Simulator | None:
        """What is inside the server; None if it is elsewhere."""
        return getattr(self._server, "simulator", None)

    def _name(self) -> str | None:
        """Name a project after its test, so that it has the same id in each run, whatever ran before.

        On a server that others use, too, each project gets a name that none had before.
        """
        if self._simulator is None:
            return None
        word = _ODD.sub("-", self._item.name)[:_LONGEST].strip("-")
        number = f"-{len(self._made) + 1}" if self._made else ""
        name = f"{DEFAULT_PROJECT}_{word}-{zlib.crc32(self._item.nodeid.encode()):08x}{number}"
        return name if self._simulator.find(name) is None else None  # a test that runs twice at once

    # When the test has ended

    def check(self) -> None:
        """Fail the test for what went unnoticed: errors inside the mock, requests that hang, faults that never fired.

        Raises:
            BaseExceptionGroup: There was an error inside the mock.
            MockrdsWarning: A request hangs, and warnings are errors.
            Failed: A fault never fired.
        """
        with _there():
            self._raise_errors()
            if self._settings.hanging and "mockrds_client" not in getattr(self._item, "fixturenames", ()):
                self.warn_of_hanging()
            idle = self._unused()
        if idle:
            self._failed_for_unused = True
            what = "an armed fault" if len(idle) == 1 else f"{len(idle)} armed faults"
            advice = 'use it, take it away with faults.clear(), or mark the test with mockrds(unused="off")'
            text = f"mockrds: {what} never fired, or has steps left: {advice}"
            pytest.fail("\n".join((text, *idle)), pytrace=False)

    def warn_of_hanging(self, *, patient: bool = True) -> None:
        """Warn of requests that still wait for their answer."""
        from mockrds.pytest_plugin.end_of_test import waiting

        for project in self._made:
            for text in waiting(project, patient=patient):
                self._item.warn(MockrdsWarning(f"{self._item.nodeid}: {text}"))

    def _unused(self) -> list[str]:
        from mockrds.pytest_plugin.end_of_test import told, unused

        root = self._item.config.rootpath
        return [
            f"  {told(project, fault, root, self._source(project, fault))}"
            for project in self._made
            for fault in unused(project, self._settings.unused)
        ]

    def _source(self, project: AnyProject, fault: AnyFault) -> str:
        """Tell where a fault stands: of those of a scenario that was sent away, only this side knows."""
        scenario = self._scenarios.get(project.id)
        if fault.from_scenario and scenario is not None and fault.id <= len(scenario.faults):
            return scenario.faults[fault.id - 1].source
        return fault.source

    def _raise_errors(self) -> None:
        found: list[BaseException] = []
        stray = self._simulator.unassigned.errors if self._simulator is not None else []
        while stray:  # of requests that belong to no project
            found.append(stray.pop(0))
        if not self._settings.errors:
            return
        notes: list[str] = []
        for project in self._made:
            errors = list(project.errors)
            new = errors[self._known.get(project.id, 0) :]
            self._known[project.id] = len(errors)
            if new:
                from mockrds.pytest_plugin.failure_section import replay

                found += new
                notes.append(replay(project))
        if found:
            failure = BaseExceptionGroup("mockrds itself failed", found)
            for note in notes:
                failure.add_note(note)
            raise failure

    def sections(self) -> list[str]:
        """Tell of each project what helps to see why the test failed."""
        from mockrds.pytest_plugin.failure_section import section

        left = len(self._made) - _TOLD
        told = [f"(the last {_TOLD} of its {len(self._made)} projects)"] if left > 0 else []
        for project in self._made[max(left, 0) :]:
            try:
                told.append(section(project, self._item.config.rootpath, unused=not self._failed_for_unused))
                self._known[project.id] = len(project.errors)
            except Exception as error:  # noqa: BLE001  (it or its server may be gone; a report must not end the run)
                told.append(f"nothing to tell of project {project.name}: {error!r}")
        return told

    def expect_errors(self) -> None:
        """Leave it at the errors inside the mock that there are: the test was expected to fail."""
        self._known = {project.id: len(project.errors) for project in self._made}

    def close(self) -> None:
        """Remove the projects.

        Raises:
            BaseExceptionGroup: There was an error inside the mock since the test itself ended.
        """
        try:
            with _there():
                for project in self._made:
                    self._hook.pytest_mockrds_finished(item=self._item, project=project)
                self._raise_errors()
        finally:
            self.closed = True
            made, self._made = self._made, []
            for project in made:
                with suppress(OSError):  # a server that is gone has no projects
                    if self._simulator is None and self._settings.unused == "off":
                        project.faults.clear()  # `mockrds run` would ask why they did not fire
                    project.forget()


@contextmanager
def _there() -> Iterator[None]:
    """Fail with a message only if the server has gone."""
    try:
        yield
    except OSError as error:
        raise pytest.fail.Exception(f"mockrds: {error}", pytrace=False) from None
