"""A scenario: the world that projects start with, and the faults that are armed in it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import Any

from mockrds.domain.clock import ClockSetting
from mockrds.domain.world_template import LifeCycle, WorldTemplate
from mockrds.faults.rate_limits import RateLimit
from mockrds.faults.rules import Outage, Rule

__path__: list[str] = []  # it was a package: imports of its modules fail with where those are now


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A scenario file, whole."""

    __pydantic_config__ = {"extra": "forbid"}

    name: str = "default"
    """What the scenario is called."""
    description: str = ""
    """What it simulates, in a sentence."""
    extends: tuple[str, ...] = ()
    """Scenarios to build on, by name or path; what stands in this file is laid over them."""
    seed: int | None = None
    """Decides ids, names, chance and sampled durations; absent: 0."""
    clock: ClockSetting = ClockSetting()
    """How the clock of each project runs."""
    world: WorldTemplate = WorldTemplate()
    """What each project starts with."""
    lifecycle: LifeCycle = LifeCycle()
    """How long things take and how they end."""
    rate_limits: tuple[RateLimit, ...] = ()
    """How many requests a project may send; of several that refuse a request the first answers it."""
    outage: Outage | None = None
    """A time in which everything is refused."""
    faults: tuple[Rule, ...] = ()
    """What goes wrong, in order: of several faults for one call the first that answers decides the answer."""

    document: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What the scenario was read from, as one document; no key of the file."""

    def with_document(self, document: dict[str, Any]) -> Scenario:
        """Return a copy that knows the document it was read from."""
        scenario = copy(self)
        object.__setattr__(scenario, "document", document)
        return scenario
