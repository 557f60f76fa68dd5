"""A project's journal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mockrds.client.records import entry
from mockrds.client.resource import Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mockrds.faults.matching import Match
    from mockrds.journal import Entry

    Matcher = Match | Mapping[str, Any]


class RemoteJournal(Part):
    """The requests of a project, newest last; the server keeps the last thousand and counts them all."""

    @property
    def total(self) -> int:
        """How many requests there were."""
        return int(self._ask("GET", limit=0)["total"])

    def entries(self, operation: str | None = None, *, match: Matcher | None = None) -> tuple[Entry, ...]:
        """Give the kept entries, oldest first.

        Args:
            operation: Only those of this operation, named with or without its family.
            match: Only those that a fault with this ``match`` would be about.

        Raises:
            ValueError: There is no such operation, or *match* is wrong.
        """
        from mockrds.scenario_files.serialization import plain

        condition = None if match is None else json.dumps(plain(match))
        return tuple(entry(row) for row in self._ask("GET", operation=operation, match=condition)["entries"])

    def count(self, operation: str, *, match: Matcher | None = None) -> int:
        """Count all calls of *operation*, named with or without its family; with *match*, those kept that it fits.

        Raises:
            ValueError: There is no such operation, or *match* is wrong.
        """
        return int(self._verify(operation=operation, match=match)["count"])

    def near_misses(self, operation: str, match: Matcher) -> list[tuple[Entry, list[str]]]:
        """Give the calls of *operation* that do not fit *match*, each with what does not, the nearest first.

        Raises:
            ValueError: There is no such operation, or *match* is wrong.
        """
        near = self._verify(operation=operation, match=match)["near_misses"]
        entries = {kept.number: kept for kept in self.entries(operation)}
        return [(entries[miss["number"]], miss["mismatches"]) for miss in near if miss["number"] in entries]

    def assert_called(
        self,
        operation: str,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        match: Matcher | None = None,
    ) -> None:
        """Assert that *operation* was called; without a number: at least once.

        Args:
            operation: The operation, named with or without its family.
            times: How often, exactly.
            at_least: How often, or more often.
            at_most: How often, or less often.
            match: Count only the calls that fit it.

        Raises:
            AssertionError: It was not; the message lists what was called instead, and the nearest calls.
            ValueError: There is no such operation, *match* is wrong, or *times* stands beside another number.
        """
        __tracebackhide__ = True
        verdict = self._verify(operation=operation, times=times, at_least=at_least, at_most=at_most, match=match)
        if not verdict["verified"]:
            raise AssertionError(verdict["message"])

    def assert_order(self, *operations: str) -> None:
        """Assert that calls of *operations* were made in this order, others between them or not.

        Raises:
            AssertionError: They were not; the message tells how far they came.
            ValueError: There is no such operation.
        """
        __tracebackhide__ = True
        verdict = self._verify(order=operations)
        if not verdict["verified"]:
            raise AssertionError(verdict["message"])

    def reached(self, *operations: str) -> int:
        """Tell how many of *operations*, from the first on, were called in this order, others between them or not.

        Raises:
            ValueError: There is no such operation.
        """
        return int(self._verify(order=operations)["count"])

    def clear(self) -> None:
        """Forget everything."""
        self._ask("DELETE")

    def _verify(self, **question: object) -> dict[str, Any]:
        __tracebackhide__ = True
        from mockrds.scenario_files.serialization import plain

        asked = {key: plain(value) for key, value in question.items() if value is not None}
        return self._ask("POST", "/verify", asked)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())

    def __len__(self) -> int:
        return int(self._ask("GET", limit=0)["count"])
