"""Reports and coverage of a test session: ``--mockrds-report``, ``--mockrds-coverage``.

What happened in the projects of a test travels with the report of its last phase, as workers of pytest-xdist
send it to the process that started them. That one writes the files, also after Ctrl-C.
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

_LONGEST: Final = 2000
"""How many characters of what a failed test says are kept."""
_WORDS: Final = {"setup": "error", "call": "failed", "teardown": "error"}
"""What a test is called that fails in a phase."""


class Reporting:
    """Collects what happened in the projects of tests, and tells it at the end.

    Args:
        config: The settings of the session.

    Raises:
        UsageError: A file of an option can't be written as asked, or holds something else.
    """

    def __init__(self, config: pytest.Config) -> None:
        asked, into = config.getoption("mockrds_report"), config.getoption("mockrds_coverage")
        self._least: float | None = config.getoption("mockrds_coverage_fail_under")
        self._tells = asked is not None
        self._counts = into is not None or self._least is not None
        self._here = not hasattr(config, "workerinput")  # else a worker, which sends what it has
        self._idle = config.option.collectonly
        self._folder = config.invocation_params.dir
        self._files = [self._folder / name for name in asked or () if name]
        self._sum = self._folder / into if into else None
        self._lists_missing = config.option.verbose > 0
        self._pending: dict[str, list[Record]] = {}
        self._outcomes: dict[str, Record] = {}
        self._records: list[Record] = []
        self._lost: list[str] = []
        self._said: list[tuple[str, bool]] = []
        self._coverage: Coverage | None = None
        if self._here:
            self._check()

    def _check(self) -> None:
        """See whether the options can be kept, before any test runs."""
        option = "report"
        try:
            for file in self._files:
                check(file)
            option = "coverage"
            if self._sum is not None:
                load(self._sum)
        except ValueError as error:
            raise pytest.UsageError(f"--mockrds-{option}: {error}") from None
        if self._least is not None and not 0 <= self._least <= 100:
            raise pytest.UsageError(f"--mockrds-coverage-fail-under: {self._least:g} is no percentage")

    # Where tests run

    def pytest_mockrds_finished(self, item: pytest.Item, project: Project) -> None:
        """Note what happened in a project."""
        try:
            found = project.recorded()
        except (OSError, KeyError, RuntimeError) as error:  # a server elsewhere that is gone, or forgot it
            self._lost.append(f"{item.nodeid}: {error}")
            return
        self._pending.setdefault(item.nodeid, []).append(found if self._tells else {"met": found["met"]})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send what happened with the report of the teardown."""
        report = yield
        outcome = self._outcomes.setdefault(item.nodeid, NO_TEST | {"test": item.nodeid, "duration": 0.0})
        outcome["duration"] += call.duration
        if report.failed and outcome["outcome"] not in _WORDS.values():
            outcome |= {"outcome": _WORDS[report.when], "message": _message(report)}
        elif not outcome["outcome"] and report.when != "teardown" and (report.when == "call" or report.skipped):
            outcome["outcome"] = report.outcome
        if report.when == "teardown":
            del self._outcomes[item.nodeid]
            found = self._pending.pop(item.nodeid, ())
            if found:  # as JSON, since that goes through every channel
                numbers = [f" #{number}" for number in range(1, len(found) + 1)] if len(found) > 1 else [""]
                told = [
                    each | outcome | {"test": item.nodeid + number} for each, number in zip(found, numbers, strict=True)
                ]
                report.mockrds = json.dumps(told)  # type: ignore[attr-defined]
        return report

    # Where it is told

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what happened in the projects of a test."""
        if self._here and hasattr(report, "mockrds"):
            self._records += json.loads(report.mockrds)

    @pytest.hookimpl(trylast=True)  # after the teardown of a test that was interrupted
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the files, and fail where less was met than is asked for."""
        if not self._here or self._idle:
            return
        for test, found in self._pending.items():
            self._records += [each | NO_TEST | {"test": test, "message": "interrupted"} for each in found]
        good = True
        for file in self._files:
            try:
                write(self._records, file)
                self._say(f"report: {relative(file, self._folder)}")
            except OSError as error:
                good = False
                self._say(f"can't write the report {relative(file, self._folder)}: {error.strerror or error}", bad=True)
        good &= not self._counts or self._count()
        if not good and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _count(self) -> bool:
        """Sum up what was met; tell whether that is enough."""
        found: Met = add(*(each["met"] for each in self._records))
        if self._sum is not None:
            try:
                before, runs = load(self._sum)
                found = add(before, found)
                save(self._sum, found, runs + 1)
                self._say(
                    f"coverage: {relative(self._sum, self._folder)}, of {runs + 1} {'run' if not runs else 'runs'}"
                )
            except (OSError, ValueError) as error:
                self._say(f"can't write the coverage: {error}", bad=True)
                return False
        self._coverage = Coverage(found)
        if self._least is None or self._coverage.percent >= self._least:
            return True
        self._say(f"FAIL: coverage {self._coverage.percent:.1f} % is less than {self._least:g} %", bad=True)
        return False

    def _say(self, text: str, *, bad: bool = False) -> None:
        self._said.append((text, bad))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell the summary."""
        if self._idle:
            return
        write_line = terminalreporter.write_line
        terminalreporter.write_sep("=", "mockrds")
        if self._tells:
            for line in lines(self._records):
                write_line(line, red=line.startswith("  error "), yellow=line.startswith("  warning "))
        if self._coverage is not None:
            if self._tells:
                write_line("")
            for line in self._coverage.lines(missing=self._lists_missing):
                write_line(line)
        for text, bad in self._said:
            write_line(text, red=bad)
        for text in self._lost:
            write_line(f"nothing is known of the projects of {text}", yellow=True)


def _message(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr or "")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
