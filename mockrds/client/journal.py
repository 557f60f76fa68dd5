"""The journal of a project of a server that runs elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mockrds.client.models import make_entry
from mockrds.client.reading import read
from mockrds.control import records
from mockrds.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockrds.client.resource import Resource
    from mockrds.faults.matching import Match
    from mockrds.journal import Entry

    Matcher = Match | Mapping[str, Any]


class RemoteJournal(Journal):
    """The requests of a project elsewhere.

    Args:
        resource: The journal in the control API.
    """

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    @property
    def total(self) -> int:
        return self._resource.get(records.Journal, limit=0).total

    def entries(self, operation: str | None = None, *, match: Matcher | None = None) -> tuple[Entry, ...]:
        __tracebackhide__ = True
        from mockrds.scenario_files.serialization import plain

        condition = None if match is None else json.dumps(plain(match))
        journal = self._resource.get(records.Journal, operation=operation, match=condition)
        return tuple(make_entry(record) for record in journal.entries)

    def count(self, operation: str, *, match: Matcher | None = None) -> int:
        __tracebackhide__ = True
        return self._verify(operation=operation, match=match).count

    def near_misses(self, operation: str, match: Matcher) -> list[tuple[Entry, list[str]]]:
        __tracebackhide__ = True
        near = self._verify(operation=operation, match=match).near_misses
        entries = {kept.number: kept for kept in self.entries(operation)}
        return [(entries[miss.number], miss.mismatches) for miss in near if miss.number in entries]

    def assert_called(
        self,
        operation: str,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        match: Matcher | None = None,
    ) -> None:
        __tracebackhide__ = True
        self._assert(operation=operation, times=times, at_least=at_least, at_most=at_most, match=match)

    def assert_order(self, *operations: str) -> None:
        __tracebackhide__ = True
        self._assert(order=operations)

    def reached(self, *operations: str) -> int:
        __tracebackhide__ = True
        return self._verify(order=operations).count

    def clear(self) -> None:
        self._resource.ask("DELETE")

    def _assert(self, **question: object) -> None:
        __tracebackhide__ = True
        verification = self._verify(**question)
        if not verification.verified:
            raise AssertionError(verification.message)

    def _verify(self, **question: object) -> records.Verification:
        __tracebackhide__ = True
        from mockrds.scenario_files.serialization import plain

        body = {key: plain(value) for key, value in question.items() if value is not None}
        return read(records.Verification, self._resource.ask("POST", "/verify", body))

    def __len__(self) -> int:
        return self._resource.get(records.Journal, limit=0).count
