"""Decides what becomes of a call. It counts calls and draws chance, and changes nothing else."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Protocol

from mockrds.faults.decision import Decision, RuleHit
from mockrds.faults.index import Index
from mockrds.faults.matching import Request
from mockrds.faults.rate_limits import Limiter
from mockrds.faults.rules import OK, CountedRule, Outage, Rule, Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mockrds.faults.rate_limits import RateLimit


class Call(Request, Protocol):
    """A request, as the engine sees it."""

    @property
    def operation(self) -> str:
        """The id of the operation, with its family."""
        ...

    @property
    def heeds(self) -> Collection[str]:
        """The world effects that the operation heeds, by their keys."""
        ...

    @property
    def now(self) -> float:
        """When it arrived, on the world's clock."""
        ...


class FaultEngine:
    """The faults in force in one project.

    Rules are asked in the order they were armed. All latencies of a call add up; of everything else the
    first rule that has a key decides, and a rule that comes too late is not counted as fired.

    Args:
        seed: Decides chance and sampled latencies, together with the rule and the number of the call.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.start = 0.0
        """When the world began, in seconds since 1970."""
        self._outage: tuple[Outage, CountedRule] | None = None  # with the rule that refuses requests meanwhile
        self.limiters: tuple[Limiter, ...] = ()
        """The rate limits in force."""
        self._armed: list[CountedRule] = []
        self._by_operation: dict[str, Index] = {}
        self._added = 0

    def add(self, rule: Rule, *, from_scenario: bool = False) -> CountedRule:
        """Put *rule* in force, after those already armed."""
        self._added += 1
        armed = CountedRule(rule, self._added, from_scenario=from_scenario)
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
        """Take all rules out of force, and put *rules*, those of a scenario, in; they count from the start."""
        self._armed = []
        self._by_operation = {}
        self._added = 0
        for rule in rules:
            self.add(rule, from_scenario=True)

    def limit(self, limits: Iterable[RateLimit], outage: Outage | None, start: float) -> None:
        """Put rate limits and an outage in force, in a world that began at *start*."""
        self.start = start
        self.limiters = tuple(Limiter(limit, start) for limit in limits)
        self._outage = (outage, CountedRule(outage.rule, 0)) if outage is not None else None

    @property
    def armed(self) -> tuple[CountedRule, ...]:
        """The rules in force, in order."""
        return tuple(self._armed)

    def unused(self) -> tuple[CountedRule, ...]:
        """Return the rules that never fired, and the sequences that are not used up."""
        return tuple(armed for armed in self._armed if not armed.completed)

    def throttle(self, operation: str, now: float) -> tuple[Limiter, float] | None:
        """Count a request against the rate limits; return the one that refuses it, and for how many seconds."""
        for limiter in self.limiters:
            if limiter.limit.covers(operation):
                wait = limiter.take(now)
                if wait is not None:
                    return limiter, wait
        return None

    def decide(self, call: Call) -> Decision | None:
        """Decide what becomes of *call*; None when no rule is about its operation."""
        closing = False
        if self._outage is not None:
            outage, refusal = self._outage
            begins, ends = (moment.seconds(self.start) for moment in outage.between)
            if begins <= call.now < ends:
                decision = Decision((refusal,))
                self._ask(refusal, decision)
                return decision
            closing = outage.drain is not None and begins - outage.drain <= call.now < begins
        considered = self._consider(call) if self._armed else None
        if closing:
            considered = considered or Decision(())
            considered.closing = True
        return considered

    def _consider(self, call: Call) -> Decision | None:
        index = self._index(call)
        if not index.considered:
            return None
        decision = Decision(index.considered)
        for armed in index.candidates(call):
            rule = armed.rule
            if rule.match is not None and not rule.match.matches(call):
                continue
            if rule.between is not None:
                begins, ends = (moment.seconds(self.start) for moment in rule.between)
                if not begins <= call.now < ends:
                    decision.miss(armed, "it is not time yet" if call.now < begins else "its time is over")
                    continue
            self._ask(armed, decision)
        decision.resolve_conflicts()
        return decision

    def _index(self, call: Call) -> Index:
        """Return the rules that can make a difference to the operation of *call*."""
        operation = call.operation
        indexes = self._by_operation  # read once: another thread may arm a rule and replace it meanwhile
        index = indexes.get(operation)
        if index is None:
            heeds = call.heeds
            considered = tuple(armed for armed in self._armed if armed.rule.covers(operation, heeds))
            index = indexes[operation] = Index(considered)
        return index

    def _ask(self, armed: CountedRule, decision: Decision) -> None:
        """Count a call for *armed*, and record in *decision* what the rule does with it, or why it does nothing."""
        armed.calls += 1
        key = f"{self.seed}/{armed.id}/{armed.calls}"
        random = Random(key) if armed.rule.by_chance else None
        step = _next_step(armed, random)
        if isinstance(step, str):
            decision.miss(armed, step)
        elif why := decision.objection(step):
            decision.miss(armed, why)
        else:
            delay = step.latency.sample(random or Random(key)) if step.latency is not None else 0.0
            decision.hit(RuleHit(armed, step, armed.calls, key, delay))


def _next_step(armed: CountedRule, random: Random | None) -> Step | str:
    """Return what a rule does with the call that was just counted, or why it lets the call pass.

    Args:
        armed: The rule.
        random: What chance is drawn from; None for a rule that does not fire by chance.
    """
    rule = armed.rule
    if not rule.wants(armed.calls):
        return f"it is not about its call {armed.calls}"
    if rule.times is not None and armed.fired >= rule.times:
        return "it fired as often as it may"
    if random is not None and random.random() >= rule.probability:
        return "chance let it pass"
    if rule.sequence is None:
        return rule
    number = armed.consumed
    if number >= len(rule.sequence) and not rule.repeat:
        return "its sequence is used up"
    armed.consumed += 1
    step = rule.sequence[number % len(rule.sequence)]
    return step if isinstance(step, Step) else f"step {number + 1} of its sequence is {OK}"
