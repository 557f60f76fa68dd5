"""Decides what becomes of a call. Pure: it counts and draws, and touches nothing else."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockrds.faults.rules import Response, Rule


class Armed:
    """A rule in force, with what it has seen and done."""

    __slots__ = ("calls", "fired", "id", "name", "rule")

    def __init__(self, rule: Rule, number: int) -> None:
        self.rule = rule
        self.id = number
        """Counts the rules of a project from 1."""
        self.name = rule.name or f"fault {number}"
        self.calls = 0
        """How many calls it was about."""
        self.fired = 0
        """How many of them it changed."""

    def __repr__(self) -> str:
        return f"<{self.name}: fired {self.fired} of {self.calls}>"


class Decision:
    """What becomes of one call."""

    __slots__ = ("delay", "error", "fired", "quota", "response")

    def __init__(self) -> None:
        self.delay = 0.0
        """Seconds to wait before anything happens."""
        self.error: str | None = None
        """The documented error to answer with."""
        self.response: Response | None = None
        """The raw response to answer with."""
        self.quota: int | None = None
        """The quota of manual backups for this call."""
        self.fired: list[str] = []
        """The rules that fired, by name."""


class FaultEngine:
    """The faults in force in one project.

    Rules are asked in the order they were armed. All latencies of a call add up; the first error or
    response decides the answer, and a rule whose answer comes too late is not counted as fired.

    Args:
        seed: Decides chance and sampled latencies, together with the rule and the number of the call.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._armed: list[Armed] = []
        self._by_operation: dict[str, tuple[Armed, ...]] = {}
        self._added = 0

    def add(self, rule: Rule) -> Armed:
        """Put *rule* in force, after those already armed."""
        self._added += 1
        armed = Armed(rule, self._added)
        self._armed = [*self._armed, armed]
        self._by_operation = {}
        return armed

    def remove(self, number: int) -> None:
        """Take a rule out of force.

        Raises:
            KeyError: No rule with this id is armed.
        """
        left = [armed for armed in self._armed if armed.id != number]
        if len(left) == len(self._armed):
            raise KeyError(number)
        self._armed = left
        self._by_operation = {}

    def clear(self, rules: Iterable[Rule] = ()) -> None:
        """Take all rules out of force, and put *rules* in, counting from the start."""
        self._armed = []
        self._by_operation = {}
        self._added = 0
        for rule in rules:
            self.add(rule)

    @property
    def armed(self) -> tuple[Armed, ...]:
        """The rules in force, in order."""
        return tuple(self._armed)

    def unused(self) -> tuple[Armed, ...]:
        """Give the rules that never fired."""
        return tuple(armed for armed in self._armed if armed.fired == 0)

    def decide(self, operation: str) -> Decision | None:
        """Decide what becomes of the next call of *operation*; None when no rule fires."""
        if not self._armed:
            return None
        index = self._by_operation  # read once: another thread may arm a rule and replace it meanwhile
        about = index.get(operation)
        if about is None:
            about = tuple(armed for armed in self._armed if armed.rule.covers(operation))
            index[operation] = about
        decision: Decision | None = None
        for armed in about:
            armed.calls += 1
            rule = armed.rule
            if not rule.wants(armed.calls) or (rule.times is not None and armed.fired >= rule.times):
                continue
            chance = Random(f"{self.seed}/{armed.id}/{armed.calls}") if rule.by_chance or rule.latency else None
            if rule.by_chance and chance is not None and chance.random() >= rule.probability:
                continue
            answers = rule.error is not None or rule.response is not None
            if decision is None:
                decision = Decision()
            elif answers and (decision.error is not None or decision.response is not None):
                continue
            armed.fired += 1
            decision.fired.append(armed.name)
            if answers:
                decision.error, decision.response = rule.error, rule.response
            if rule.latency is not None and chance is not None:
                decision.delay += rule.latency.sample(chance)
            if rule.quota is not None and decision.quota is None:
                decision.quota = rule.quota
        return decision
