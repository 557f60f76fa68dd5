"""A project's faults."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mockrds.client.resource import Part
from mockrds.scenario_files.document import ScenarioError

if TYPE_CHECKING:
    from mockrds.faults.rules import Rule


class RemoteFault:
    """A fault in force. ``calls``, ``fired``, ``consumed`` and ``completed`` are looked up each time."""

    def __init__(self, faults: RemoteFaults, row: dict[str, Any]) -> None:
        self._faults = faults
        self._row = row
        self.id: int = row["id"]
        """Counts the faults of a project from 1."""
        self.name: str = row["name"]
        self.source: str = row["source"]
        """Where it stands, or was armed: ``FILE:LINE``."""
        self.from_scenario: bool = row["from_scenario"]
        """Whether it came with the project's scenario, and was not armed since."""
        self.by_chance: bool = row["by_chance"]
        """Whether it fires by chance, so that it may never fire."""

    @cached_property
    def rule(self) -> Rule:
        """What it was armed with."""
        from mockrds.scenario_files.loader import read_rule

        return read_rule(self._row["rule"]).located(self._row["source"])

    @property
    def calls(self) -> int:
        """How many calls it was about."""
        return int(self._look()["calls"])

    @property
    def fired(self) -> int:
        """How many of them it changed."""
        return int(self._look()["fired"])

    @property
    def consumed(self) -> int:
        """How many steps of its sequence were taken, those included at which nothing happens."""
        return int(self._look()["consumed"])

    @property
    def completed(self) -> bool:
        """Tell whether it did all that it was armed for: it fired, and its sequence is used up."""
        return bool(self._look()["completed"])

    def _look(self) -> dict[str, Any]:
        self._row = self._faults.latest(self._row)
        return self._row

    def __repr__(self) -> str:
        return f"<{self.name}: fired {self.fired} of {self.calls}>"


class RemoteFaults(Part):
    """The faults of a project."""

    def add(self, **rule: object) -> RemoteFault:
        """Arm a fault, in the words of a scenario file: ``add(operation="...", error="RDS.0011", times=2)``.

        Its ``rule.source`` is the place of this call, as ``FILE:LINE``.

        Raises:
            ScenarioError: The fault is wrong; the message says all that is.
        """
        __tracebackhide__ = True
        from mockrds.scenario_files.serialization import plain

        caller = sys._getframe(1)  # the public ways to it read source files
        place = f"{caller.f_code.co_filename}:{caller.f_lineno}"
        try:
            return RemoteFault(self, self._ask("POST", body=plain(rule), source=place))
        except ValueError as error:
            raise ScenarioError(*str(error).splitlines()) from None

    def clear(self) -> None:
        """Disarm all faults."""
        self._ask("DELETE")

    @property
    def armed(self) -> tuple[RemoteFault, ...]:
        """The faults in force, with how often each fired."""
        return tuple(RemoteFault(self, row) for row in self._ask("GET")["faults"])

    def unused(self) -> tuple[RemoteFault, ...]:
        """Give the faults that never fired, and the sequences that are not used up."""
        return tuple(RemoteFault(self, row) for row in self._ask("GET")["faults"] if not row["completed"])

    def latest(self, row: dict[str, Any]) -> dict[str, Any]:
        """Look a fault up; one that is no longer armed stays as it was seen last."""
        try:
            found = self._ask("GET", f"/{row['id']}")
        except KeyError:
            return row
        return found if found["rule"] == row["rule"] else row  # numbers begin anew when all are disarmed
