"""Decides what becomes of a call. Pure: it counts and draws, and touches nothing else."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from mockrds.faults.index import Index
from mockrds.faults.matching import Request
from mockrds.faults.rate_limits import Limiter
from mockrds.faults.rules import OK, Outage, Rule, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockrds.faults.rate_limits import RateLimit


class Call(Request, Protocol):
    """What the engine asks of a request."""

    @property
    def operation(self) -> str:
        """The id of the operation, with its family."""
        ...

    @property
    def now(self) -> float:
        """When it arrived, on the world's clock."""
        ...


class ArmedRule:
    """A rule in force, with what it has seen and done."""

    __slots__ = ("calls", "consumed", "fired", "from_scenario", "id", "name", "rule")

    def __init__(self, rule: Rule, number: int, *, from_scenario: bool = False) -> None:
        self.rule = rule
        """What was armed."""
        self.id = number
        """Counts the rules of a project from 1."""
        self.name = rule.name or f"fault {number}"
        """What the journal and ``X-Mockrds-Fault`` call it."""
        self.from_scenario = from_scenario
        """Whether it came with the project's scenario, and was not armed since."""
        self.calls = 0
        """How many calls it was about."""
        self.fired = 0
        """How many of them it changed."""
        self.consumed = 0
        """How many steps of its sequence were taken, those included at which nothing happens."""

    @property
    def completed(self) -> bool:
        """Tell whether it did all that it was armed for: it fired, and its sequence is used up."""
        return self.fired > 0 and (self.rule.sequence is None or self.consumed >= len(self.rule.sequence))

    @property
    def shortfall(self) -> str:
        """What a rule that is not completed has failed to do, as the end of a sentence."""
        if self.rule.sequence is not None and self.consumed:
            return f"took {self.consumed} of the {len(self.rule.sequence)} steps of its sequence"
        return f"never fired; it was about {self.calls} call{'' if self.calls == 1 else 's'}"

    @property
    def source(self) -> str:
        """Where it stands, or was armed: ``FILE:LINE``."""
        return self.rule.source

    @property
    def by_chance(self) -> bool:
        """Tell whether it fires by chance, so that it may never fire."""
        return self.rule.by_chance

    def __repr__(self) -> str:
        return f"<{self.name}: fired {self.fired} of {self.calls}>"


class RuleHit(NamedTuple):
    """A rule that fired for a call."""

    armed: ArmedRule
    step: Step
    call: int
    """Which of the calls of the rule it was, counted from 1."""
    key: str
    """What all draws for this call are keyed by: seed, rule and call."""
    delay: float
    """The latency that was drawn for it, in seconds."""


class RuleMiss(NamedTuple):
    """A rule that was about a call but let it pass."""

    armed: ArmedRule
    call: int
    why: str


class Decision:
    """What becomes of one call."""

    __slots__ = ("answer", "closing", "considered", "delay", "delay_after", "fired", "missed")

    def __init__(self, considered: tuple[ArmedRule, ...]) -> None:
        self.considered = considered
        """The rules that are about the operation."""
        self.fired: list[RuleHit] = []
        """The rules that fired, in order."""
        self.missed: list[RuleMiss] = []
        """The rules that were about the call but let it pass."""
        self.answer: RuleHit | None = None
        """The rule that decides the answer."""
        self.closing = False
        """Whether the connection is closed after the answer, because an outage is near."""
        self.delay = 0.0
        """Seconds to wait before anything happens."""
        self.delay_after = 0.0
        """Seconds to wait before the answer leaves."""

    @property
    def has_no_effect(self) -> bool:
        """Tell whether the call goes on as if there were no rules."""
        return not self.fired and not self.closing

    @property
    def names(self) -> list[str]:
        """The names of the rules that fired."""
        return [fired.armed.name for fired in self.fired]

    def first_value(self, key: str) -> Any:
        """Give what the first rule that says *key* says."""
        return next((said for fired in self.fired if (said := getattr(fired.step, key, None)) is not None), None)

    def refused(self, why: str) -> None:
        """Take back what needed the operation to succeed, because it did not."""
        self._take_back((fired for fired in self.fired if fired.step.requires_success), why)

    def resolve_conflicts(self) -> None:
        """Take back what the rule that decides the answer leaves no room for."""
        if self.answer is None:
            return
        name, step = self.answer.armed.name, self.answer.step
        others = [fired for fired in self.fired if fired is not self.answer]
        if step.after_commit:
            self._take_back((o for o in others if o.step.body is not None), f"{name} decides the answer")
        else:
            self._take_back((o for o in others if o.step.requires_operation), f"{name} lets nothing happen")
        if step.error is None and step.response is None and step.fault is not None:
            self._take_back((o for o in others if o.step.fault is not None), f"{name} decides what is sent")

    def _take_back(self, gone: Iterable[RuleHit], why: str) -> None:
        for fired in [fired for fired in gone if fired in self.fired]:
            if fired.step.after_commit:
                self.delay_after -= fired.delay
            elif fired.step.latency is not None:
                continue  # it was felt
            if fired is self.answer:
                self.answer = None
            self.fired.remove(fired)
            self.missed.append(RuleMiss(fired.armed, fired.call, why))
            fired.armed.fired -= 1

    def explain(self, request: Request) -> list[dict[str, Any]]:
        """Tell what each rule about the operation did with *request*: those that fired, then the nearest misses."""
        told: list[tuple[int, dict[str, Any]]] = []
        for armed in self.considered:
            row: dict[str, Any] = {"id": armed.id, "name": armed.name, "source": armed.rule.source}
            fired = next((fired for fired in self.fired if fired.armed is armed), None)
            missed = next((missed for missed in self.missed if missed.armed is armed), None)
            if fired is not None:
                told.append((-1, row | {"fired": True, "call": fired.call}))
            elif missed is not None:
                told.append((0, row | {"fired": False, "call": missed.call, "why": missed.why}))
            else:
                whys = armed.rule.match.mismatches(request) if armed.rule.match is not None else []
                told.append((len(whys) + 1, row | {"fired": False, "why": "; ".join(whys) or "it did not match"}))
        return [row for _, row in sorted(told, key=lambda pair: pair[0])]


class FaultEngine:
    """The faults in force in one project.

    Rules are asked in the order they were armed. All latencies of a call add up; of everything else the
    first rule that says it decides, and a rule whose word comes too late is not counted as fired.

    Args:
        seed: Decides chance and sampled latencies, together with the rule and the number of the call.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.start = 0.0
        """When the world began, in seconds since 1970."""
        self._outage: Outage | None = None
        self._refusal: ArmedRule | None = None
        self.limiters: tuple[Limiter, ...] = ()
        """The rate limits in force."""
        self._armed: list[ArmedRule] = []
        self._by_operation: dict[str, Index] = {}
        self._added = 0

    def add(self, rule: Rule, *, from_scenario: bool = False) -> ArmedRule:
        """Put *rule* in force, after those already armed."""
        self._added += 1
        armed = ArmedRule(rule, self._added, from_scenario=from_scenario)
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
        self._outage = outage
        self._refusal = ArmedRule(outage.rule, 0) if outage is not None else None

    @property
    def armed(self) -> tuple[ArmedRule, ...]:
        """The rules in force, in order."""
        return tuple(self._armed)

    def unused(self) -> tuple[ArmedRule, ...]:
        """Give the rules that never fired, and the sequences that are not used up."""
        return tuple(armed for armed in self._armed if not armed.completed)

    def throttle(self, operation: str, now: float) -> tuple[Limiter, float] | None:
        """Count a request against the rate limits; give the limit that refuses it, and for how many seconds."""
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
            begins, ends = (moment.seconds(self.start) for moment in self._outage.between)
            if begins <= call.now < ends:
                return self._refuse()
            closing = self._outage.drain is not None and begins - self._outage.drain <= call.now < begins
        decision = self._consider(call) if self._armed else None
        if closing:
            decision = decision or Decision(())
            decision.closing = True
        return decision

    def _refuse(self) -> Decision:
        assert self._refusal is not None  # noqa: S101
        self._refusal.calls += 1
        decision = Decision((self._refusal,))
        self._ask(self._refusal, decision)
        return decision

    def _consider(self, call: Call) -> Decision | None:
        operation = call.operation
        indexes = self._by_operation  # read once: another thread may arm a rule and replace it meanwhile
        index = indexes.get(operation)
        if index is None:
            index = indexes[operation] = Index(tuple(armed for armed in self._armed if armed.rule.covers(operation)))
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
                    why = "it is not time yet" if call.now < begins else "its time is over"
                    decision.missed.append(RuleMiss(armed, armed.calls, why))
                    continue
            armed.calls += 1
            self._ask(armed, decision)
        decision.resolve_conflicts()
        return decision

    def _ask(self, armed: ArmedRule, decision: Decision) -> None:
        rule, number = armed.rule, armed.calls
        why = ""
        step: Step = rule
        key = f"{self.seed}/{armed.id}/{number}"
        random: Random | None = None
        if not rule.wants(number):
            why = f"it is not about its call {number}"
        elif rule.times is not None and armed.fired >= rule.times:
            why = "it fired as often as it may"
        elif rule.by_chance:
            random = Random(key)
            if random.random() >= rule.probability:
                why = "chance let it pass"
        if not why and rule.sequence is not None:
            taken = armed.consumed
            if taken >= len(rule.sequence) and not rule.repeat:
                why = "its sequence is used up"
            else:
                now = rule.sequence[taken % len(rule.sequence)]
                armed.consumed += 1
                if isinstance(now, Step):
                    step = now
                else:
                    why = f"step {taken + 1} of its sequence is {OK}"
        if not why and step.replaces_answer and decision.answer is not None:
            why = f"{decision.answer.armed.name} decides the answer"
        elif (
            not why
            and step.fault is not None
            and decision.first_value("fault") is not None
            and not step.replaces_answer
        ):
            why = "an earlier rule decides what happens to the answer's bytes"
        elif (
            not why
            and step.exclusive_keys
            and all(decision.first_value(word) is not None for word in step.exclusive_keys)
        ):
            why = f"an earlier rule has said {' and '.join(step.exclusive_keys)}"
        if why:
            decision.missed.append(RuleMiss(armed, number, why))
            return
        armed.fired += 1
        delay = step.latency.sample(random or Random(key)) if step.latency is not None else 0.0
        fired = RuleHit(armed, step, number, key, delay)
        decision.fired.append(fired)
        if step.replaces_answer:
            decision.answer = fired
        if step.after_commit:
            decision.delay_after += delay
        else:
            decision.delay += delay
