"""What becomes of one call: the rules that fired for it, and those that let it pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockrds.faults.matching import Request
    from mockrds.faults.rules import CountedRule, Step
    from mockrds.faults.toxics import Name, Toxics


class RuleHit(NamedTuple):
    """A rule that fired for a call."""

    armed: CountedRule
    step: Step
    call: int
    """Which of the calls of the rule it was, counted from 1."""
    key: str
    """What all draws for this call are keyed by: seed, rule and call."""
    delay: float
    """The latency that was drawn for it, in seconds."""


class RuleMiss(NamedTuple):
    """A rule that was about a call but let it pass."""

    armed: CountedRule
    call: int
    why: str


class Decision:
    """What becomes of one call."""

    __slots__ = ("answer", "closing", "considered", "delay", "delay_after", "fired", "missed")

    def __init__(self, considered: tuple[CountedRule, ...]) -> None:
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
        """Whether the call goes on as if there were no rules."""
        return not self.fired and not self.closing

    @property
    def names(self) -> list[str]:
        """The names of the rules that fired."""
        return [hit.armed.name for hit in self.fired]

    @property
    def replacement(self) -> Step | None:
        """The step that decides the answer; None when that is left to the operation."""
        return self.answer.step if self.answer is not None else None

    @property
    def connection_fault(self) -> tuple[Name | Toxics, str] | None:
        """What goes wrong with the connection, and the key of its draws; None when nothing does."""
        hits = self.fired if self.answer is None else [self.answer, *self.fired]
        return next(((hit.step.fault, hit.key) for hit in hits if hit.step.fault is not None), None)

    def first_value(self, key: str) -> Any:
        """Return what the first rule that has *key* says there; None when no rule has it."""
        return next((value for hit in self.fired if (value := getattr(hit.step, key)) is not None), None)

    def objection(self, step: Step) -> str:
        """Return why *step*, of a later rule, does nothing; empty when it does something."""
        if step.replaces_answer:
            return f"{self.answer.armed.name} decides the answer" if self.answer is not None else ""
        if step.fault is not None and self.first_value("fault") is not None:
            return "an earlier rule decides what happens to the answer's bytes"
        keys = step.exclusive_keys
        if keys and all(self.first_value(key) is not None for key in keys):
            return f"an earlier rule has said {' and '.join(keys)}"
        return ""

    def hit(self, hit: RuleHit) -> None:
        """Record that a rule fires."""
        hit.armed.fired += 1
        self.fired.append(hit)
        if hit.step.replaces_answer:
            self.answer = hit
        if hit.step.after_commit:
            self.delay_after += hit.delay
        else:
            self.delay += hit.delay

    def miss(self, armed: CountedRule, why: str) -> None:
        """Record that a rule which is about the call lets it pass."""
        self.missed.append(RuleMiss(armed, armed.calls, why))

    def refused(self, why: str) -> None:
        """Take back what needed the operation to succeed, because it did not."""
        self._take_back((hit for hit in self.fired if hit.step.requires_success), why)

    def resolve_conflicts(self) -> None:
        """Take back what the rule that decides the answer leaves no room for."""
        if self.answer is None:
            return
        name, step = self.answer.armed.name, self.answer.step
        others = [hit for hit in self.fired if hit is not self.answer]
        if step.after_commit:
            self._take_back((hit for hit in others if hit.step.body is not None), f"{name} decides the answer")
        else:
            self._take_back((hit for hit in others if hit.step.requires_operation), f"{name} lets nothing happen")
        if step.error is None and step.response is None and step.fault is not None:
            self._take_back((hit for hit in others if hit.step.fault is not None), f"{name} decides what is sent")

    def _take_back(self, hits: Iterable[RuleHit], why: str) -> None:
        for hit in [hit for hit in hits if hit in self.fired]:
            if hit.step.after_commit:
                self.delay_after -= hit.delay
            elif hit.step.latency is not None:
                continue  # it was felt
            if hit is self.answer:
                self.answer = None
            self.fired.remove(hit)
            self.missed.append(RuleMiss(hit.armed, hit.call, why))
            hit.armed.fired -= 1

    def explain(self, request: Request) -> list[dict[str, Any]]:
        """Return what each rule about the operation did with *request*: those that fired, then the nearest misses."""
        hits = {hit.armed.id: hit for hit in self.fired}
        misses = {miss.armed.id: miss for miss in self.missed}
        ranked: list[tuple[int, dict[str, Any]]] = []
        for armed in self.considered:
            row: dict[str, Any] = {"id": armed.id, "name": armed.name, "source": armed.source}
            if (hit := hits.get(armed.id)) is not None:
                ranked.append((-1, row | {"fired": True, "call": hit.call}))
            elif (miss := misses.get(armed.id)) is not None:
                ranked.append((0, row | {"fired": False, "call": miss.call, "why": miss.why}))
            else:
                whys = armed.rule.match.mismatches(request) if armed.rule.match is not None else []
                ranked.append((len(whys) + 1, row | {"fired": False, "why": "; ".join(whys) or "it did not match"}))
        return [row for _, row in sorted(ranked, key=lambda pair: pair[0])]
