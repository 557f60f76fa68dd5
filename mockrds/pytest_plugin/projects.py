"""The projects of one test: made, checked when it has ended, and removed."""

from __future__ import annotations

import re
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Never

import pytest

from mockrds.domain.identity import DEFAULT_PROJECT
from mockrds.pytest_plugin import MockrdsWarning
from mockrds.pytest_plugin.settings import SettingError, check_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockrds.client import RemoteServer
    from mockrds.domain.clock import ClockSetting
    from mockrds.domain.identity import Auth
    from mockrds.faults.rules import ArmedRule
    from mockrds.project import Project
    from mockrds.pytest_plugin.settings import Run
    from mockrds.scenario import Scenario
    from mockrds.scenario_files.loader import Source
    from mockrds.server import MockRDS
    from mockrds.simulator import Simulator

_MAX_WORD: Final = 40
_MAX_SECTIONS: Final = 3
"""How many projects of a failing test its report shows: the last ones, where hypothesis shows what it found."""
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9]+")


class Projects:
    """Makes projects for a test: the value of the fixture ``mockrds_factory``.

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
        self._projects: list[Project] = []
        self._scenarios: dict[str, Scenario] = {}
        """The scenarios of those that have one of their own, by project."""
        self._reported_errors: dict[str, int] = {}
        """How many errors inside the mock were reported, by project."""
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
    ) -> Project:
        """Make a project, which is checked and removed when the test ends; defaults are what the markers say.

        Args:
            scenario: A name of the library, a path, a document, or a list of these, in the place of the markers'.
            seed: Its seed.
            clock: Its clock.
            auth: How it checks credentials: any, strict or off.
            unknown: Refused, with a suggestion of what may have been meant.

        Raises:
            SettingError: One of them is wrong.
        """
        __tracebackhide__ = True
        folders, settings = self._run.folders(self._item), self._settings
        try:
            if scenario is not None:
                settings = settings._replace(scenario=())
            values = {"scenario": scenario, "seed": seed, "clock": clock, "auth": auth}
            check_keys(unknown, values)
            settings = settings.over(values, folders)
            of_hooks = [source for sources in self._hook.pytest_mockrds_scenario(item=self._item) for source in sources]
            if of_hooks and settings.unused == "all":  # the faults of hooks are not the test's to use
                self._settings = self._settings._replace(unused="armed")
            settings = settings.over({"scenario": of_hooks}, folders)
            loaded = self._run.load(settings.scenario)
        except SettingError as error:
            raise error.of(self._item.nodeid) from None
        project = self._server.project(
            self._name(),
            scenario=loaded,
            seed=settings.seed,
            clock=self._own_clock(settings.clock),
            auth=settings.auth,
        )
        self._projects.append(project)
        if loaded is not None:
            self._scenarios[project.id] = loaded
        self._hook.pytest_mockrds_started(item=self._item, project=project)
        return project

    def _own_clock(self, clock: ClockSetting | None) -> ClockSetting | None:
        """Return None for the clock that the run's own server has: frozen, it stands at one moment for all projects."""
        return None if clock == self._run.settings.clock and self._simulator is not None else clock

    @property
    def _simulator(self) -> Simulator | None:
        """What is inside the server; None if it runs elsewhere."""
        return getattr(self._server, "simulator", None)

    def _name(self) -> str | None:
        """Return a name that follows from the test, so that the project has the same id in each run.

        On a server that others use, too, it is None: the server makes up a name that no project had before.
        """
        if self._simulator is None:
            return None
        word = _NOT_IN_NAMES.sub("-", self._item.name)[:_MAX_WORD].strip("-")
        number = f"-{len(self._projects) + 1}" if self._projects else ""
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
        with _fail_without_server():
            self._raise_errors()
            if self._settings.hanging and "mockrds_client" not in getattr(self._item, "fixturenames", ()):
                self.warn_of_hanging()
            unused = self._unused()
        if unused:
            self._failed_for_unused = True
            subject = "an armed fault" if len(unused) == 1 else f"{len(unused)} armed faults"
            advice = 'use it, take it away with faults.clear(), or mark the test with mockrds(unused="off")'
            text = f"mockrds: {subject} never fired, or has steps left: {advice}"
            pytest.fail("\n".join((text, *unused)), pytrace=False)

    def warn_of_hanging(self, *, wait: bool = True) -> None:
        """Warn of requests that still wait for their answer; *wait*: once those whose clients have left are gone."""
        from mockrds.pytest_plugin.end_of_test import hanging

        for project in self._projects:
            for text in hanging(project, wait=wait):
                self._item.warn(MockrdsWarning(f"{self._item.nodeid}: {text}"))

    def _unused(self) -> list[str]:
        from mockrds.pytest_plugin.end_of_test import describe_unused, unused_faults

        root = self._item.config.rootpath
        return [
            f"  {describe_unused(project, fault, root, self._source(project, fault))}"
            for project in self._projects
            for fault in unused_faults(project, self._settings.unused)
        ]

    def _source(self, project: Project, fault: ArmedRule) -> str:
        """Return where a fault stands; a server elsewhere does not know it of the faults of a scenario it was sent."""
        scenario = self._scenarios.get(project.id)
        if fault.from_scenario and scenario is not None and fault.id <= len(scenario.faults):
            return scenario.faults[fault.id - 1].source
        return fault.source

    def _raise_errors(self) -> None:
        found: list[BaseException] = []
        unassigned = self._simulator.unassigned.errors if self._simulator is not None else []
        while unassigned:  # of requests that belong to no project
            found.append(unassigned.pop(0))
        if not self._settings.errors:
            return
        notes: list[str] = []
        for project in self._projects:
            errors = list(project.errors)
            new = errors[self._reported_errors.get(project.id, 0) :]
            self._reported_errors[project.id] = len(errors)
            if new:
                from mockrds.pytest_plugin.failure_section import replay_line

                found += new
                notes.append(replay_line(project))
        if found:
            failure = BaseExceptionGroup("mockrds itself failed", found)
            for note in notes:
                failure.add_note(note)
            raise failure

    def sections(self) -> list[str]:
        """Return a section of the test's report for each project: what helps to see why the test failed."""
        from mockrds.pytest_plugin.failure_section import failure_section

        omitted = len(self._projects) - _MAX_SECTIONS
        texts = [f"(the last {_MAX_SECTIONS} of its {len(self._projects)} projects)"] if omitted > 0 else []
        for project in self._projects[max(omitted, 0) :]:
            try:
                texts.append(failure_section(project, self._item.config.rootpath, unused=not self._failed_for_unused))
                self._reported_errors[project.id] = len(project.errors)
            except Exception as error:  # noqa: BLE001  (it or its server may be gone; a report must not end the run)
                texts.append(f"nothing to tell of project {project.name}: {error!r}")
        return texts

    def expect_errors(self) -> None:
        """Accept the errors inside the mock that there are: the test was expected to fail."""
        self._reported_errors = {project.id: len(project.errors) for project in self._projects}

    def close(self) -> None:
        """Remove the projects.

        Raises:
            BaseExceptionGroup: There was an error inside the mock since the test itself ended.
        """
        try:
            with _fail_without_server():
                for project in self._projects:
                    self._hook.pytest_mockrds_finished(item=self._item, project=project)
                self._raise_errors()
        finally:
            self.closed = True
            projects, self._projects = self._projects, []
            for project in projects:
                with suppress(OSError):  # a server that is gone has no projects
                    if self._simulator is None and self._settings.unused == "off":
                        project.faults.clear()  # `mockrds run` would ask why they did not fire
                    project.forget()


@contextmanager
def _fail_without_server() -> Iterator[None]:
    """Fail without a traceback if the server is gone."""
    try:
        yield
    except OSError as error:
        raise pytest.fail.Exception(f"mockrds: {error}", pytrace=False) from None
