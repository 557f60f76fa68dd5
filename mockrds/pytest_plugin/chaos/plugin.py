"""``--mockrds-chaos``: each test that uses a project, once as it is and once under every fault of a pack."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pytest

from mockrds.chaos_packs import BASELINE, DEFAULT, ChaosError, ChaosFault, find
from mockrds.pytest_plugin.chaos.matrix import DUPLICATED, FAILED, NO_BASELINE, Facts, Matrix
from mockrds.pytest_plugin.chaos.time_limit import TimeLimit
from mockrds.pytest_plugin.end_of_test import hanging
from mockrds.pytest_plugin.failure_section import failure_section
from mockrds.scenario_files.document import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from mockrds.project import Project
    from mockrds.scenario_files.loader import Source
    from mockrds.verdict import Verdict

_T = TypeVar("_T")
_FIXTURES: Final = frozenset({"mockrds", "mockrds_factory"})  # mockrds_client needs the first itself
_PARAMETER: Final = "mockrds_fault"
_WITHOUT_FAULTS_NOTE: Final = (
    "ran without faults, since they can't be parametrized, or ask for the fixture when they run"
)
_MAX_SECTIONS: Final = 3
_GOOD: Final = ("BUILDING", "COMPLETED")
_GONE: Final = (OSError, KeyError, ValueError, RuntimeError)
"""What a project raises that the test has removed, or whose server it has stopped."""


class _TestRun:
    """A test under a fault, or without one, while it is under way."""

    def __init__(self, facts: Facts, fault: ChaosFault | None) -> None:
        self.facts = facts
        self.fault = fault
        self.projects: dict[str, tuple[Project, list[int]]] = {}
        """The projects that it has now, each with the ids of the faults under test."""
        self.broken = False
        """Whether the mock itself failed."""
        self.sections: list[str] = []
        """The sections of its projects for the report, in case it fails."""
        self.failed_here = False
        """Whether it was failed in its call phase for duplicates."""
        self.unknown = False
        """Whether a project is gone, so that it is unknown what happened in it."""

    def start(self, project: Project) -> None:
        """Follow a new project."""
        count = len(self.fault.faults) if self.fault is not None else 0
        from_scenario = [fault.id for fault in project.faults.armed if fault.from_scenario]
        self.projects[project.id] = project, from_scenario[len(from_scenario) - count :]

    @property
    def may_fail(self) -> bool:
        """Whether the fault has fired in one of the projects, and the mock itself did not fail."""
        try:
            broken = self.broken or any(project.errors for project, _ in self.projects.values())
            return not broken and (self.facts.reached or any(self._reached(*pair) for pair in self.projects.values()))
        except _GONE:
            return False

    def _reached(self, project: Project, fault_ids: list[int]) -> bool:
        if self.fault is None or not self.fault.only_faults:
            return bool(project.journal.entries())
        return any(fault.fired for fault in project.faults.armed if fault.id in fault_ids)

    def duplicates(self) -> Facts:
        """Return the facts so far, with the duplicates: a backup that is one too many stays so."""
        facts = replace(self.facts)
        for project, _ in self.projects.values():
            _count_duplicates(facts, project.verdict)
        return facts

    def finish(self, project: Project, root: Path, *, wait: bool) -> None:
        """Add what happened in a project that the test is done with."""
        facts = self.facts
        _, fault_ids = self.projects.pop(project.id, (project, []))
        try:
            facts.waiting += hanging(project, wait=wait) if not facts.overdue else ()
            facts.reached = facts.reached or self._reached(project, fault_ids)
            self.broken = self.broken or bool(project.errors)
            verdict = project.verdict
            now = project.clock.now()
            left = {backup.id: backup.status_at(now) in _GOOD for backup in project.backups}
            if self.fault is not None and not facts.reported and len(self.sections) < _MAX_SECTIONS:
                self.sections.append(failure_section(project, root))
        except _GONE:
            self.unknown = True
            return
        _count_duplicates(facts, verdict)
        facts.orphans += len(verdict.orphans)
        for history in verdict.backup_histories.values():
            facts.left += left.get(history.id, False)
            facts.lost += history.id in left and history.orphaned and history.shown_by is None


def _count_duplicates(facts: Facts, verdict: Verdict) -> None:
    facts.duplicates += sum(len(group) - 1 for group in verdict.duplicates)
    found = (finding.message for finding in verdict.findings if finding.kind == "duplicate-backups")
    facts.why = facts.why or "; ".join(found)


_RUN: Final = pytest.StashKey[_TestRun]()
_FACTS: Final = "mockrds_chaos"
"""The attribute of a report with the facts of a test, which workers send."""
_WITHOUT_FAULTS: Final = pytest.StashKey[bool]()
"""Set for a test that uses projects, is not exempt, and has no fault among its parameters."""
_RAN_WITHOUT_FAULTS: Final = "mockrds_without_chaos"
"""The same, as an attribute of its report."""
_RECORDS: Final = "mockrds"
"""The attribute of a report with the records of the projects of a test, as JSON."""


class Chaos:
    """The part of the plugin that runs tests under faults.

    Args:
        config: The run's configuration.

    Raises:
        pytest.UsageError: There is no such pack, or its scenarios are wrong.
    """

    def __init__(self, config: pytest.Config) -> None:
        packs = [pack or DEFAULT for pack in config.getoption("mockrds_chaos")]
        try:
            self._faults = find(*packs)
        except (ChaosError, ScenarioError) as error:
            raise pytest.UsageError(*(f"--mockrds-chaos: {line}" for line in str(error).splitlines())) from None
        self._run: _TestRun | None = None
        """The test that is under way."""
        self._matrix = Matrix([fault.name for fault in self._faults])
        self._without_faults: list[str] = []
        """The tests that use projects and ran without faults, though they are not exempt."""
        self._time_limit = TimeLimit(_seconds(config))
        config.add_cleanup(self._time_limit.close)

    # Collection

    @pytest.hookimpl(trylast=True)  # so that the fault is the last of a test's parameters
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a test of each fault, after one without."""
        if not _exempt(metafunc.definition) and not _FIXTURES.isdisjoint(metafunc.fixturenames):
            metafunc.fixturenames.append(_PARAMETER)
            names = [BASELINE, *(fault.name for fault in self._faults)]
            metafunc.parametrize(_PARAMETER, [None, *self._faults], ids=names)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Move each test without a fault before the same test with one; the order is as it was otherwise."""
        first: dict[str, int] = {}
        for place, item in enumerate(items):
            if _PARAMETER not in _parameters(item):
                continue
            start = first.setdefault(_test(item), place)
            if _parameters(item)[_PARAMETER] is None and start < place:
                items[start], items[place] = item, items[start]

    # A test

    @pytest.hookimpl(wrapper=True, trylast=True)  # so that what other plugins start here has started, and can end
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Start a test; skip it where its baseline has failed."""
        parameters = _parameters(item)
        if _PARAMETER in parameters:
            fault: ChaosFault | None = parameters[_PARAMETER]
            facts = Facts(_test(item), fault.name if fault is not None else "")
            self._run = item.stash[_RUN] = _TestRun(facts, fault)
            baseline = self._matrix.baseline(facts.test)
            if fault is not None and baseline is not None and not baseline.passed:
                pytest.skip(NO_BASELINE)
        try:
            return (yield)
        finally:
            self._time_limit.stop()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, _T, _T]:
        """Stop the time for fixtures that other tests use, too."""
        run = self._run
        if run is None or fixturedef.scope == "function":
            return (yield)
        with self._time_limit.unlimited(partial(self._expired, run)):
            return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Break it off if it takes too long; fail it here for duplicates, which its end can't undo."""
        run = self._under_fault(item)
        if run is None:
            return (yield)
        failed = ""
        try:
            result: _T = yield from self._limited(item)
        except (Exception, pytest.fail.Exception) as error:
            facts = _ask(run.duplicates, run.facts)
            if run.facts.overdue or self._matrix.judge(facts) != DUPLICATED:
                raise
            failed = f"\nand the test failed: {_first_line(pytest.ExceptionInfo.from_exception(error))}"
        else:
            facts = _ask(run.duplicates, run.facts)
            if self._matrix.judge(facts) != DUPLICATED:
                return result
        run.failed_here = True
        raise pytest.fail.Exception(f"{self._matrix.wrong(facts)}{failed}", pytrace=False)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Break off its teardown, too, if it takes too long."""
        result: _T = yield from self._limited(item)
        run = self._under_fault(item)
        if run is not None and run.facts.overdue:
            self._time_limit.tidy()
        return result

    def _limited(self, item: pytest.Item) -> Generator[None, _T, _T]:
        run = self._under_fault(item)
        if run is None:
            return (yield)
        with self._time_limit.limit(partial(self._expired, run)):
            return (yield)

    @staticmethod
    def _under_fault(node: pytest.Item) -> _TestRun | None:
        run = node.stash.get(_RUN, None)
        return run if run is not None and run.fault is not None else None

    def _expired(self, run: _TestRun) -> str:
        if not run.facts.overdue:
            run.facts.overdue = True
            for project, _ in tuple(run.projects.values()):
                run.facts.waiting += _ask(partial(hanging, project, wait=False), [])
                if not self._time_limit.breaks_off:
                    _ask(project.reset, None)  # ends its requests
        return f"under {run.facts.fault} it took longer than {self._time_limit.seconds:g} s"

    def pytest_mockrds_scenario(self, item: pytest.Item) -> list[Source] | None:
        """Lay the fault over the scenario of the test."""
        run = self._under_fault(item)
        return [{"name": run.fault.name, **run.fault.scenario}] if run is not None and run.fault is not None else None

    def pytest_mockrds_started(self, item: pytest.Item, project: Project) -> None:
        """Follow a project."""
        run = item.stash.get(_RUN, None)
        if run is None:
            item.stash[_WITHOUT_FAULTS] = not _exempt(item)
        else:
            run.start(project)
            if run.fault is not None and not self._time_limit.running:  # its first project, in setup
                self._time_limit.start(partial(self._expired, run))

    @pytest.hookimpl(tryfirst=True)
    def pytest_mockrds_finished(self, item: pytest.Item, project: Project) -> None:
        """Add what happened in a project."""
        self._time_limit.stop()
        run = item.stash.get(_RUN, None)
        if run is not None:
            served_here = "mockrds_client" in getattr(item, "fixturenames", ())  # on a loop that stands still
            run.finish(project, item.config.rootpath, wait=not served_here)

    # Its outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Report a test that fails cleanly under a fault as an expected failure."""
        report = yield
        run = item.stash.get(_RUN, None)
        if run is None:
            if call.when == "teardown" and item.stash.get(_WITHOUT_FAULTS, False):
                vars(report)[_RAN_WITHOUT_FAULTS] = True
            return report
        facts = run.facts
        facts.skipped = facts.skipped or (report.skipped and not hasattr(report, "wasxfail"))
        if report.failed or hasattr(report, "wasxfail"):
            facts.passed = False
        if report.failed:
            line = _first_line(call.excinfo)
            facts.overdue = facts.overdue or "pytest-timeout" in line  # whose limit was shorter
            failed_here = run.failed_here and call.when == "call"
            if run.fault is not None and not facts.overdue and not failed_here and run.may_fail:
                report.outcome = "skipped"
                report.wasxfail = f"under {facts.fault}: {line}"
            else:
                facts.reported = True
        if call.when == "teardown":
            self._run = None
            if not run.unknown:
                report.sections += [("mockrds", text) for text in run.sections]
                vars(report)[_FACTS] = asdict(facts)  # workers send what a report has on it
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, _T, _T]:
        """Enter it in the matrix; fail it for a serious cell."""
        if hasattr(report, _RAN_WITHOUT_FAULTS):
            self._without_faults.append(report.nodeid)
        sent: dict[str, Any] | None = getattr(report, _FACTS, None)
        if sent is not None:
            facts = Facts(**sent)
            self._matrix.add(facts)
            wrong = self._matrix.wrong(facts) if facts.fault else ""
            if wrong and not facts.reported:
                report.outcome = "failed"
                report.longrepr = wrong
                sent["reported"] = True
            if _RECORDS in vars(report):
                vars(report)[_RECORDS] = self._recorded(facts, wrong, vars(report)[_RECORDS])
        return (yield)

    def _recorded(self, facts: Facts, wrong: str, records: str) -> str:
        """Return the records of a test with its fault and its cell."""
        cell = self._matrix.judge(facts) if facts.fault else BASELINE
        rows: list[dict[str, Any]] = json.loads(records)
        for record in rows:
            record["chaos"] = {"fault": facts.fault, "cell": cell}
            if wrong:
                record |= {"outcome": "failed", "message": wrong}
            elif cell == FAILED:
                record["outcome"] = "skipped"
        return json.dumps(rows)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run with a serious cell, also where that was not known in time to fail the test."""
        if session.exitstatus == pytest.ExitCode.OK and self._matrix.serious:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the matrix."""
        if not self._matrix and not self._without_faults:
            return
        terminalreporter.section("mockrds chaos")
        for line in self._matrix.lines(terminalreporter._tw.fullwidth - 1):
            terminalreporter.write_line(line)
        for (test, wrong), faults in self._matrix.serious.items():
            terminalreporter.write_line(f"{test} under {', '.join(faults)}: {wrong}", red=True)
        if self._without_faults:
            tests = ", ".join(sorted(set(self._without_faults)))
            terminalreporter.write_line(f"{_WITHOUT_FAULTS_NOTE}: {tests}", yellow=True)


def _exempt(item: pytest.Item) -> bool:
    """Return whether the nearest marker with ``chaos`` lets a test run without faults."""
    values = (marker.kwargs.get("chaos") for marker in item.iter_markers("mockrds"))
    return next((value for value in values if value is not None), True) is False


def _parameters(item: pytest.Item) -> dict[str, Any]:
    callspec = getattr(item, "callspec", None)
    return callspec.params if callspec is not None else {}


def _test(item: pytest.Item) -> str:
    """Return the id of a test without that of the fault, which stands at its end."""
    fault = _parameters(item)[_PARAMETER]
    name = BASELINE if fault is None else fault.name
    head, _, ids = item.nodeid.rpartition("[")
    rest = ids.removesuffix("]").removesuffix(name).removesuffix("-")
    return f"{head}[{rest}]" if rest else head


def _ask(ask: Callable[[], _T], otherwise: _T) -> _T:
    """Return the answer of a project, or *otherwise* if the project is gone."""
    try:
        return ask()
    except _GONE:
        return otherwise


def _first_line(raised: pytest.ExceptionInfo[BaseException] | None) -> str:
    """Return the first line of an exception."""
    return "failed" if raised is None else raised.exconly(tryshort=True).partition("\n")[0]


def _seconds(config: pytest.Config) -> float:
    value, place = config.getoption("mockrds_chaos_patience"), "--mockrds-chaos-patience"
    if value is None:
        value, place = config.getini("mockrds_chaos_patience"), "mockrds_chaos_patience in the settings of pytest"
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0
    if not 0 < seconds < threading.TIMEOUT_MAX:
        raise pytest.UsageError(f"{place}: give a number of seconds above 0, not {value!r}")
    return seconds
