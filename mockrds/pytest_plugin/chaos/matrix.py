"""What became of each test under each fault, as a matrix."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

SURVIVED: Final = "survived"
FAILED: Final = "failed cleanly"
DUPLICATED: Final = "duplicated"
HUNG: Final = "hung"
LEAKED: Final = "leaked"
NOT_REACHED: Final = "not reached"
NO_BASELINE: Final = "baseline failed"
SERIOUS: Final = (DUPLICATED, HUNG, LEAKED)
"""What fails the run, the worst first."""

_LETTERS: Final = {
    SURVIVED: ".", FAILED: "f", DUPLICATED: "D", HUNG: "H", LEAKED: "L", NOT_REACHED: "-", NO_BASELINE: "b",
}  # fmt: skip
_MEANINGS: Final = {
    SURVIVED: "the test passed",
    FAILED: "the test failed, in time, and left nothing that the client does not know of",
    DUPLICATED: "one backup was wanted, and there are more",
    HUNG: "it took longer than the patience, or a request still waited for its answer in the end",
    LEAKED: "it left backups that it does not leave without the fault, or that the client does not know of",
    NOT_REACHED: "the fault never fired",
    NO_BASELINE: "the test fails without a fault",
}
_MAX_NAME: Final = 48  # characters of a test's name; of longer ones the end is shown


@dataclass
class Facts:
    """What was seen of a test under a fault; plain data, so that workers can send it."""

    test: str
    """The id of the test, without the fault's."""
    fault: str
    """The name of the fault; empty for the baseline."""
    passed: bool = True
    """Whether the test itself passed."""
    skipped: bool = False
    """Whether it was not run."""
    reported: bool = False
    """Whether its failure was reported as one."""
    reached: bool = False
    """Whether the fault fired."""
    overdue: bool = False
    """Whether it was broken off."""
    waiting: list[str] = field(default_factory=list)
    """The requests that were under way when it was broken off or ended."""
    duplicates: int = 0
    """How many backups there are beyond those that were wanted."""
    orphans: int = 0
    """How many of the backups that were made were never seen complete and never deleted."""
    lost: int = 0
    """How many of these there are still, though no answer ever had their id: the client does not know of them."""
    left: int = 0
    """How many of all that were made are there still, and are good or may become so."""
    why: str = ""
    """The findings about duplicates."""


def judge(facts: Facts, baseline: Facts | None) -> str:
    """Return what became of a test under a fault.

    Args:
        facts: What was seen.
        baseline: What was seen of the test without a fault, if that is known. Only what it does beyond that counts.
    """
    if baseline is not None and not baseline.passed:
        return NO_BASELINE
    usual = baseline or Facts(facts.test, "", orphans=facts.orphans, lost=facts.lost, left=facts.left)
    if facts.skipped:
        return NOT_REACHED
    if facts.duplicates > usual.duplicates:
        return DUPLICATED
    if facts.overdue or len(facts.waiting) > len(usual.waiting):
        return HUNG
    if not facts.reached:
        return NOT_REACHED
    if facts.left > usual.left or facts.lost > usual.lost or (facts.passed and facts.orphans > usual.orphans):
        return LEAKED
    return SURVIVED if facts.passed else FAILED


def _explanation(outcome: str, facts: Facts, baseline: Facts | None) -> str:
    if outcome == DUPLICATED:
        return facts.why or f"{facts.duplicates} more than were wanted"
    if outcome == HUNG:
        return "; ".join(facts.waiting) or "it went on and on, though no request waits for its answer"
    usual = baseline or Facts(facts.test, "")
    if facts.left > usual.left:
        return f"{_backups(facts.left)} left; {_usually(usual.left)}"
    if facts.lost > usual.lost:
        return f"{_backups(facts.lost)} that the client does not know of; {_usually(usual.lost)}"
    return f"{_backups(facts.orphans)} never seen complete and never deleted; {_usually(usual.orphans)}"


def _usually(count: int) -> str:
    return f"without the fault there {'are' if count > 1 else 'is'} {count or 'none'}"


def _backups(count: int) -> str:
    return f"{count} backup{'' if count == 1 else 's'}"


class Matrix:
    """The cells of a run.

    Args:
        faults: The names of the faults, in the order of the columns.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self._faults = faults
        self._facts: dict[tuple[str, str], Facts] = {}

    def add(self, facts: Facts) -> None:
        """Add what was seen of a test."""
        self._facts[facts.test, facts.fault] = facts

    def baseline(self, test: str) -> Facts | None:
        """Return what was seen of a test without a fault, if that is known by now."""
        return self._facts.get((test, ""))

    def judge(self, facts: Facts) -> str:
        """Return what became of a test under a fault, as far as is known by now."""
        return judge(facts, self.baseline(facts.test))

    def __bool__(self) -> bool:
        return any(fault for _, fault in self._facts)

    @property
    def cells(self) -> dict[str, dict[str, str]]:
        """What became of each test under each fault that it was run with."""
        rows: dict[str, dict[str, str]] = {}
        for (test, fault), facts in sorted(self._facts.items()):
            if fault:
                rows.setdefault(test, {})[fault] = self.judge(facts)
        return rows

    @property
    def serious(self) -> dict[tuple[str, str], list[str]]:
        """The cells that fail the run: by the test and what is wrong, the faults under which it is."""
        found: dict[tuple[str, str], list[str]] = {}
        for (test, fault), facts in sorted(self._facts.items()):
            wrong = self.wrong(facts) if fault else ""
            if wrong:
                found.setdefault((test, wrong), []).append(fault)
        return found

    def wrong(self, facts: Facts) -> str:
        """Return what is wrong with a cell that fails the run; nothing if it does not."""
        baseline = self.baseline(facts.test)
        outcome = judge(facts, baseline)
        return f"{outcome}: {_explanation(outcome, facts, baseline)}" if outcome in SERIOUS else ""

    def lines(self, width: int) -> Iterator[str]:
        """Yield the lines of the matrix, for a terminal with *width* columns."""
        rows = self.cells
        if not rows:
            return
        faults = [fault for fault in self._faults if any(fault in cells for cells in rows.values())]
        numbers = {fault: str(number) for number, fault in enumerate(faults, 1)}
        size = max(map(len, numbers.values())) + 1
        label = min(_MAX_NAME, max(map(len, rows)))
        for group in _groups(faults, max(1, (width - label) // size)):
            yield " " * label + "".join(numbers[fault].rjust(size) for fault in group)
            for test, cells in rows.items():
                marks = (_LETTERS.get(cells.get(fault, ""), " ") for fault in group)
                yield _short(test, label).ljust(label) + "".join(mark.rjust(size) for mark in marks)
            yield ""
        used = {outcome for cells in rows.values() for outcome in cells.values()}
        yield from (f"{_LETTERS[outcome]} {outcome}: {_MEANINGS[outcome]}" for outcome in _LETTERS if outcome in used)
        yield ""
        widest = max(map(len, faults))
        for fault in faults:
            yield f"{numbers[fault].rjust(size - 1)} {fault.ljust(widest)}  {_totals(fault, rows.values())}"


def _totals(fault: str, rows: Iterable[Mapping[str, str]]) -> str:
    counts = Counter(cells[fault] for cells in rows if fault in cells)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in _LETTERS if counts[outcome])


def _groups(faults: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (faults[start : start + size] for start in range(0, len(faults), size))


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"…{text[1 - width :]}"
