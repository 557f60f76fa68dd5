"""The faults of a project of a server that runs elsewhere."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mockrds.client.reading import read
from mockrds.control import records
from mockrds.faults.rules import ArmedRule
from mockrds.project import Faults
from mockrds.scenario_files.document import ScenarioError

if TYPE_CHECKING:
    from mockrds.client.resource import Resource
    from mockrds.faults.rules import Rule


class RemoteFault(ArmedRule):
    """A fault in force elsewhere; its counters are looked up each time.

    Args:
        faults: The faults of its project in the control API.
        record: The fault as the control API shows it.
    """

    def __init__(self, faults: Resource, record: records.ArmedRule) -> None:
        self._faults = faults
        self._record = record
        self.id = record.id
        self.name = record.name
        self.from_scenario = record.from_scenario

    @cached_property
    def rule(self) -> Rule:
        """What was armed."""
        from mockrds.scenario_files.loader import read_rule

        return read_rule(self._record.rule).located(self.source)

    @property
    def source(self) -> str:
        return self._record.source

    @property
    def by_chance(self) -> bool:
        return self._record.by_chance

    @property
    def calls(self) -> int:
        return self._latest().calls

    @property
    def fired(self) -> int:
        return self._latest().fired

    @property
    def consumed(self) -> int:
        return self._latest().consumed

    @property
    def completed(self) -> bool:
        return self._latest().completed

    def _latest(self) -> records.ArmedRule:
        """Look the fault up; one that is no longer armed stays as it was seen last."""
        try:
            latest = self._faults.get(records.ArmedRule, f"/{self.id}")
        except KeyError:
            return self._record
        if latest.rule == self._record.rule:  # numbers start from 1 again when all are disarmed
            self._record = latest
        return self._record


class RemoteFaults(Faults):
    """The faults of a project elsewhere.

    Args:
        resource: The faults in the control API.
    """

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    def _add(self, rule: dict[str, object], source: str) -> RemoteFault:
        __tracebackhide__ = True
        from mockrds.scenario_files.serialization import plain

        try:
            armed = self._resource.ask("POST", body=plain(rule), source=source)
        except ValueError as error:
            raise ScenarioError(*str(error).splitlines()) from None
        return RemoteFault(self._resource, read(records.ArmedRule, armed))

    def clear(self) -> None:
        self._resource.ask("DELETE")

    @property
    def armed(self) -> tuple[RemoteFault, ...]:
        return tuple(RemoteFault(self._resource, record) for record in self._records())

    def unused(self) -> tuple[RemoteFault, ...]:
        return tuple(RemoteFault(self._resource, record) for record in self._records() if not record.completed)

    def _records(self) -> list[records.ArmedRule]:
        return self._resource.get(records.Faults).faults
