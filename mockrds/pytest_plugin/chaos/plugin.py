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
from mockrds.pytest_plugin.end_of_test import waiting
from mockrds.pytest_plugin.failure_section import section
from mockrds.scenario_files.document import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from mockrds.client import RemoteProject
    from mockrds.scenario_files.loader import Source
    from mockrds.server import Project
    from mockrds.verdict import Verdict

    AnyProject = Project | RemoteProject

_T = TypeVar("_T")
_FIXTURES: Final = frozenset({"mockrds", "mockrds_factory"})  # mockrds_client asks for the first by itself
_PARAMETER: Final = "mockrds_fault"
_WHY_PLAIN: Final = "ran without faults, since they can't be parametrized, or ask for the fixture when they run"
_SECTIONS: Final = 3
_GOOD: Final = ("BUILDING", "COMPLETED")
_GONE: Final = (OSError, KeyError, ValueError, RuntimeError)
"""What asking a project raises that the test has removed, or whose server it has stopped."""


class _Run:
    """A test under a fault, or without one, while it is under way."""

    def __init__(self, facts: Facts, case: ChaosFault | None) -> None:
        self.facts = facts
        self.case = case
        self.projects: dict[str, tuple[AnyProject, list[int]]] = {}
        """The projects that it has now, each with the numbers of the faults that are ours."""
        self.broken = False
        """Whether the mock itself failed."""
        self.sections: list[str] = []
        """What there is to tell of its projects, if it is to fail for what it did besides passing."""
        self.told = False
        """Whether the test itself fails for what it did besides passing, or failing."""
        self.unknown = False
        """Whether a project is gone, so that nobody knows what happened in it."""

    def start(self, project: AnyProject) -> None:
        """Take note of a new project."""
        count = len(self.case.faults) if self.case is not None else 0
        from_scenario = [fault.id for fault in project.faults.armed if fault.from_scenario]
        self.projects[project.id] = project, from_scenario[len(from_scenario) - count :]

    @property
    def may_fail(self) -> bool:
        """Whether the fault has fired in one of the projects, and the mock itself did not fail."""
        try:
            broken = self.broken or any(project.errors for project, _ in self.projects.values())
            return not broken and (self.facts.reached or any(self._reached(*held) for held in self.projects.values()))
        except _GONE:
            return False

    def _reached(self, project: AnyProject, ours: list[int]) -> bool:
        if self.case is None or not self.case.only_faults:
            return bool(project.journal.entries())
        return any(fault.fired for fault in project.faults.armed if fault.id in ours)

    def duplicates(self) -> Facts:
        """Tell what is known while the projects are there: backups that are one too many stay so."""
        facts = replace(self.facts)
        for project, _ in self.projects.values():
            _count_duplicates(facts, project.verdict)
        return facts

    def finish(self, project: AnyProject, root: Path, *, patient: bool) -> None:
        """Take down what is to be seen in a project that is done with."""
        facts = self.facts
        _, ours = self.projects.pop(project.id, (project, []))
        try:
            facts.waiting += waiting(project, patient=patient) if not facts.overdue else ()
            facts.reached = facts.reached or self._reached(project, ours)
            self.broken = self.broken or bool(project.errors)
            verdict = project.verdict
            now = project.clock.now()
            left = {backup.id: backup.status_at(now) in _GOOD for backup in project.backups}
            if self.case is not None and not facts.reported and len(self.sections) < _SECTIONS:
                self.sections.append(section(project, root))
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


_RUN: Final = pytest.StashKey[_Run]()
_TOLD: Final = "mockrds_chaos"
_PLAIN: Final = pytest.StashKey[bool]()
"""Set for a test that uses projects, is not spared, and has no fault among its parameters."""
_RAN_PLAIN: Final = "mockrds_without_chaos"
_RECORDS: Final = "mockrds"
"""Where the part that writes reports keeps what happened in the projects of a test, as JSON."""


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
            self._cases = find(*packs)
        except (ChaosError, ScenarioError) as error:
            raise pytest.UsageError(*(f"--mockrds-chaos: {line}" for line in str(error).splitlines())) from None
        self._run: _Run | None = None
        """The test that is under way."""
        self._matrix = Matrix([case.name for case in self._cases])
        self._plain: list[str] = []
        """The tests that use projects and ran without faults, though nobody asked for that."""
        self._patience = TimeLimit(_seconds(config))
        config.add_cleanup(self._patience.close)

    # Which tests there are

    @pytest.hookimpl(trylast=True)  # so that the fault is the last of a test's parameters
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a test of each fault, after one without."""
        if not _spared(metafunc.definition) and not _FIXTURES.isdisjoint(metafunc.fixturenames):
            metafunc.fixturenames.append(_PARAMETER)
            names = [BASELINE, *(case.name for case in self._cases)]
            metafunc.parametrize(_PARAMETER, [None, *self._cases], ids=names)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Move each test without a fault before the same test with one; the order is as it was otherwise."""
        first: dict[str, int] = {}
        for place, item in enumerate(items):
            if _PARAMETER not in _parameters(item):
                continue
            begins = first.setdefault(_test(item), place)
            if _parameters(item)[_PARAMETER] is None and begins < place:
                items[begins], items[place] = item, items[begins]

    # One of them

    @pytest.hookimpl(wrapper=True, trylast=True)  # what others begin has begun by now, so that it can end
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Begin with a test; there is no use in it without a good baseline."""
        parameters = _parameters(item)
        if _PARAMETER in parameters:
            case: ChaosFault | None = parameters[_PARAMETER]
            facts = Facts(_test(item), case.name if case is not None else "")
            self._run = item.stash[_RUN] = _Run(facts, case)
            baseline = self._matrix.baseline(facts.test)
            if case is not None and baseline is not None and not baseline.passed:
                pytest.skip(NO_BASELINE)
        try:
            return (yield)
        finally:
            self._patience.stop()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, _T, _T]:
        """Leave their time to fixtures that other tests will use, too."""
        run = self._run
        if run is None or fixturedef.scope == "function":
            return (yield)
        with self._patience.unlimited(partial(self._expired, run)):
            return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Break it off if it takes too long; fail it here for what its end can't undo, so that it fails once."""
        run = self._under_fault(item)
        if run is None:
            return (yield)
        failed = ""
        try:
            result: _T = yield from self._limited(item)
        except (Exception, pytest.fail.Exception) as error:
            facts = _asked(run.duplicates, run.facts)
            if run.facts.overdue or self._matrix.judge(facts) != DUPLICATED:
                raise
            failed = f"\nand the test failed: {_first_line(pytest.ExceptionInfo.from_exception(error))}"
        else:
            facts = _asked(run.duplicates, run.facts)
            if self._matrix.judge(facts) != DUPLICATED:
                return result
        run.told = True
        raise pytest.fail.Exception(f"{self._matrix.wrong(facts)}{failed}", pytrace=False)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Break off what it does at its end, too."""
        result: _T = yield from self._limited(item)
        run = self._under_fault(item)
        if run is not None and run.facts.overdue:
            self._patience.tidy()
        return result

    def _limited(self, item: pytest.Item) -> Generator[None, _T, _T]:
        run = self._under_fault(item)
        if run is None:
            return (yield)
        with self._patience.limit(partial(self._expired, run)):
            return (yield)

    @staticmethod
    def _under_fault(node: pytest.Item) -> _Run | None:
        run = node.stash.get(_RUN, None)
        return run if run is not None and run.case is not None else None

    def _expired(self, run: _Run) -> str:
        if not run.facts.overdue:
            run.facts.overdue = True
            for project, _ in tuple(run.projects.values()):
                run.facts.waiting += _asked(partial(waiting, project, patient=False), [])
                if not self._patience.breaks_off:
                    _asked(project.reset, None)  # ends its requests
        return f"under {run.facts.fault} it took longer than {self._patience.seconds:g} s"

    def pytest_mockrds_scenario(self, item: pytest.Item) -> list[Source] | None:
        """Lay the fault over the scenario of the test."""
        run = self._under_fault(item)
        return [{"name": run.case.name, **run.case.scenario}] if run is not None and run.case is not None else None

    def pytest_mockrds_started(self, item: pytest.Item, project: AnyProject) -> None:
        """Take note of a project."""
        run = item.stash.get(_RUN, None)
        if run is None:
            item.stash[_PLAIN] = not _spared(item)
        else:
            run.start(project)
            if run.case is not None and not self._patience.runs:  # the first project of a test, while it is set up
                self._patience.start(partial(self._expired, run))

    @pytest.hookimpl(tryfirst=True)
    def pytest_mockrds_finished(self, item: pytest.Item, project: AnyProject) -> None:
        """See what happened in a project."""
        self._patience.stop()
        run = item.stash.get(_RUN, None)
        if run is not None:
            served_here = "mockrds_client" in getattr(item, "fixturenames", ())  # on a loop that stands still
            run.finish(project, item.config.rootpath, patient=not served_here)

    # What became of it

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take a test that fails under a fault for one that may."""
        report = yield
        run = item.stash.get(_RUN, None)
        if run is None:
            if call.when == "teardown" and item.stash.get(_PLAIN, False):
                vars(report)[_RAN_PLAIN] = True
            return report
        facts = run.facts
        facts.skipped = facts.skipped or (report.skipped and not hasattr(report, "wasxfail"))
        if report.failed or hasattr(report, "wasxfail"):
            facts.passed = False
        if report.failed:
            line = _first_line(call.excinfo)
            facts.overdue = facts.overdue or "pytest-timeout" in line  # whose patience was shorter
            told = run.told and call.when == "call"
            if run.case is not None and not facts.overdue and not told and run.may_fail:
                report.outcome = "skipped"
                report.wasxfail = f"under {facts.fault}: {line}"
            else:
                facts.reported = True
        if call.when == "teardown":
            self._run = None
            if not run.unknown:
                report.sections += [("mockrds", text) for text in run.sections]
                vars(report)[_TOLD] = asdict(facts)  # workers send what a report has on it
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, _T, _T]:
        """Enter it in the matrix; fail the test for what no test may do, whatever is thrown at it."""
        if hasattr(report, _RAN_PLAIN):
            self._plain.append(report.nodeid)
        told: dict[str, Any] | None = getattr(report, _TOLD, None)
        if told is not None:
            facts = Facts(**told)
            self._matrix.add(facts)
            wrong = self._matrix.wrong(facts) if facts.fault else ""
            if wrong and not facts.reported:
                report.outcome = "failed"
                report.longrepr = wrong
                told["reported"] = True
            if _RECORDS in vars(report):
                vars(report)[_RECORDS] = self._recorded(facts, wrong, vars(report)[_RECORDS])
        return (yield)

    def _recorded(self, facts: Facts, wrong: str, records: str) -> str:
        """Let the records of a test say what the matrix does."""
        cell = self._matrix.judge(facts) if facts.fault else BASELINE
        found: list[dict[str, Any]] = json.loads(records)
        for record in found:
            record["chaos"] = {"fault": facts.fault, "cell": cell}
            if wrong:
                record |= {"outcome": "failed", "message": wrong}
            elif cell == FAILED:
                record["outcome"] = "skipped"
        return json.dumps(found)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run whose tests did what no test may do, also where that was not known in time to fail the test."""
        if session.exitstatus == pytest.ExitCode.OK and self._matrix.serious:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the matrix."""
        if not self._matrix and not self._plain:
            return
        terminalreporter.section("mockrds chaos")
        for line in self._matrix.lines(terminalreporter._tw.fullwidth - 1):
            terminalreporter.write_line(line)
        for (test, wrong), faults in self._matrix.serious.items():
            terminalreporter.write_line(f"{test} under {', '.join(faults)}: {wrong}", red=True)
        if self._plain:
            tests = ", ".join(sorted(set(self._plain)))
            terminalreporter.write_line(f"{_WHY_PLAIN}: {tests}", yellow=True)


def _spared(item: pytest.Item) -> bool:
    """Tell whether the nearest marker that says something about it wants a test to run as it is."""
    said = (marker.kwargs.get("chaos") for marker in item.iter_markers("mockrds"))
    return next((value for value in said if value is not None), True) is False


def _parameters(item: pytest.Item) -> dict[str, Any]:
    callspec = getattr(item, "callspec", None)
    return callspec.params if callspec is not None else {}


def _test(item: pytest.Item) -> str:
    """Give the id of a test without that of the fault, which stands at its end."""
    case = _parameters(item)[_PARAMETER]
    fault = BASELINE if case is None else case.name
    head, _, ids = item.nodeid.rpartition("[")
    rest = ids.removesuffix("]").removesuffix(fault).removesuffix("-")
    return f"{head}[{rest}]" if rest else head


def _asked(ask: Callable[[], _T], otherwise: _T) -> _T:
    """Ask a project, which may be gone."""
    try:
        return ask()
    except _GONE:
        return otherwise


def _first_line(raised: pytest.ExceptionInfo[BaseException] | None) -> str:
    """Give an exception in a line."""
    return "failed" if raised is None else raised.exconly(tryshort=True).partition("\n")[0]


def _seconds(config: pytest.Config) -> float:
    given, said = config.getoption("mockrds_chaos_patience"), "--mockrds-chaos-patience"
    if given is None:
        given, said = config.getini("mockrds_chaos_patience"), "mockrds_chaos_patience in the settings of pytest"
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0
    if not 0 < seconds < threading.TIMEOUT_MAX:
        raise pytest.UsageError(f"{said}: give a number of seconds above 0, not {given!r}")
    return seconds
