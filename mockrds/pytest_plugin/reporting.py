"""Reports and coverage of a test session: ``--mockrds-report``, ``--mockrds-coverage``.

The records of a test's projects travel with pytest's report of its teardown, which workers of pytest-xdist
send to the process that started them. That one writes the files, also after Ctrl-C.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from mockrds.pytest_plugin.end_of_test import relative
from mockrds.report import check, write
from mockrds.report.coverage import Coverage, add, load, save
from mockrds.report.record import NO_TEST
from mockrds.report.text import lines

if TYPE_CHECKING:
    from collections.abc import Generator

    from mockrds.project import Project
    from mockrds.report.coverage import Met

    Record = dict[str, Any]

_MAX_MESSAGE: Final = 2000
"""How many characters of the message of a failed test are kept."""
_FAILURES: Final = {"setup": "error", "call": "failed", "teardown": "error"}
"""The outcome of a test that fails in a phase."""


class Reporting:
    """Collects what happened in the projects of tests, and reports it at the end.

    Args:
        config: The settings of the session.

    Raises:
        UsageError: A file of an option can't be written as asked, or holds something else.
    """

    def __init__(self, config: pytest.Config) -> None:
        reports, coverage_file = config.getoption("mockrds_report"), config.getoption("mockrds_coverage")
        self._required: float | None = config.getoption("mockrds_coverage_fail_under")
        self._reports = reports is not None
        self._counts = coverage_file is not None or self._required is not None
        self._is_worker = hasattr(config, "workerinput")
        self._collect_only = config.option.collectonly
        self._folder = config.invocation_params.dir
        self._report_files = [self._folder / name for name in reports or () if name]
        self._coverage_file = self._folder / coverage_file if coverage_file else None
        self._lists_missing = config.option.verbose > 0
        self._pending: dict[str, list[Record]] = {}
        self._outcomes: dict[str, Record] = {}
        self._records: list[Record] = []
        self._lost: list[str] = []
        """Projects whose server was gone, each with the error."""
        self._notes: list[tuple[str, bool]] = []
        """Lines for the end of the summary, and whether each is an error."""
        self._coverage: Coverage | None = None
        if not self._is_worker:
            self._check()

    def _check(self) -> None:
        """Refuse options that can't be kept, before any test runs."""
        option = "report"
        try:
            for file in self._report_files:
                check(file)
            option = "coverage"
            if self._coverage_file is not None:
                load(self._coverage_file)
        except ValueError as error:
            raise pytest.UsageError(f"--mockrds-{option}: {error}") from None
        if self._required is not None and not 0 <= self._required <= 100:
            raise pytest.UsageError(f"--mockrds-coverage-fail-under: {self._required:g} is no percentage")

    # Where tests run

    def pytest_mockrds_finished(self, item: pytest.Item, project: Project) -> None:
        """Note what happened in a project."""
        try:
            found = project.recorded()
        except (OSError, KeyError, RuntimeError) as error:  # a server elsewhere that is gone, or forgot it
            self._lost.append(f"{item.nodeid}: {error}")
            return
        self._pending.setdefault(item.nodeid, []).append(found if self._reports else {"met": found["met"]})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send the records with the report of the teardown."""
        report = yield
        outcome = self._outcomes.setdefault(item.nodeid, NO_TEST | {"test": item.nodeid, "duration": 0.0})
        outcome["duration"] += call.duration
        if report.failed and outcome["outcome"] not in _FAILURES.values():
            outcome |= {"outcome": _FAILURES[report.when], "message": _message(report)}
        elif not outcome["outcome"] and report.when != "teardown" and (report.when == "call" or report.skipped):
            outcome["outcome"] = report.outcome
        if report.when == "teardown":
            del self._outcomes[item.nodeid]
            found = self._pending.pop(item.nodeid, ())
            if found:  # as JSON, which every channel takes
                numbers = [f" #{number}" for number in range(1, len(found) + 1)] if len(found) > 1 else [""]
                records = [
                    each | outcome | {"test": item.nodeid + number} for each, number in zip(found, numbers, strict=True)
                ]
                report.mockrds = json.dumps(records)  # type: ignore[attr-defined]
        return report

    # In the process that reports

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what happened in the projects of a test."""
        if not self._is_worker and hasattr(report, "mockrds"):
            self._records += json.loads(report.mockrds)

    @pytest.hookimpl(trylast=True)  # after the teardown of a test that was interrupted
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the files, and fail the run where less was met than is required."""
        if self._is_worker or self._collect_only:
            return
        for test, found in self._pending.items():
            self._records += [each | NO_TEST | {"test": test, "message": "interrupted"} for each in found]
        complete = True
        for file in self._report_files:
            try:
                write(self._records, file)
                self._say(f"report: {relative(file, self._folder)}")
            except OSError as error:
                complete = False
                self._say(f"can't write the report {relative(file, self._folder)}: {error.strerror or error}", bad=True)
        complete &= not self._counts or self._count()
        if not complete and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _count(self) -> bool:
        """Sum up what was met; return whether that is enough."""
        found: Met = add(*(each["met"] for each in self._records))
        if self._coverage_file is not None:
            try:
                before, runs = load(self._coverage_file)
                found = add(before, found)
                save(self._coverage_file, found, runs + 1)
                file = relative(self._coverage_file, self._folder)
                self._say(f"coverage: {file}, of {runs + 1} {'run' if not runs else 'runs'}")
            except (OSError, ValueError) as error:
                self._say(f"can't write the coverage: {error}", bad=True)
                return False
        self._coverage = Coverage(found)
        if self._required is None or self._coverage.percent >= self._required:
            return True
        self._say(f"FAIL: coverage {self._coverage.percent:.1f} % is less than {self._required:g} %", bad=True)
        return False

    def _say(self, text: str, *, bad: bool = False) -> None:
        self._notes.append((text, bad))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the summary."""
        if self._collect_only:
            return
        write_line = terminalreporter.write_line
        terminalreporter.write_sep("=", "mockrds")
        if self._reports:
            for line in lines(self._records):
                write_line(line, red=line.startswith("  error "), yellow=line.startswith("  warning "))
        if self._coverage is not None:
            if self._reports:
                write_line("")
            for line in self._coverage.lines(missing=self._lists_missing):
                write_line(line)
        for text, bad in self._notes:
            write_line(text, red=bad)
        for text in self._lost:
            write_line(f"nothing is known of the projects of {text}", yellow=True)


def _message(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr or "")
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}…"
