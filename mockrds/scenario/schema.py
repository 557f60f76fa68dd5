"""A scenario: the world that projects start with, and the faults that are armed in it."""

from __future__ import annotations

from dataclasses import dataclass

from mockrds.domain.clock import ClockSetting
from mockrds.domain.template import LifeCycle, WorldTemplate
from mockrds.faults.rules import Rule  # noqa: TC001  (pydantic reads the annotation)


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
    faults: tuple[Rule, ...] = ()
    """What goes wrong, in order: of several faults for one call the first that answers decides the answer."""
