"""``mockrds explain``: what will a scenario do to the first, second, ... call of each operation?"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.operation import heeds
from mockrds.cli.errors import Parser, UsageError
from mockrds.domain.operations import OPERATIONS, check_operation, is_named
from mockrds.durations import Distribution, Duration, Moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mockrds.faults.decision import Decision
    from mockrds.faults.engine import FaultEngine
    from mockrds.faults.matching import Instance
    from mockrds.faults.rate_limits import RateLimit
    from mockrds.faults.rules import Rule, Step
    from mockrds.scenario import Scenario

_EXAMPLES: Final = ("v1.create_manual_backup", "v1.list_manual_backups", "v1.delete_manual_backup")
"""The operations to show for a rule that is about all of them."""
_MAX_CALLS: Final = 100_000


class _Call:
    """A call that meets every condition."""

    def __init__(self, operation: str, now: float) -> None:
        self.operation = operation
        self.now = now
        self.method = self.path = ""
        self.headers: dict[str, str] = {}
        self.query: dict[str, str] = {}
        self.reused = False
        self.heeds = heeds(operation)
        self.instance: Instance | None = None
        self.state: dict[str, int] | None = None

    def at(self, pointer: str) -> Any:  # noqa: ARG002
        return None


def run(arguments: Sequence[str]) -> int:
    """Print what each call will get; exit with 0, or with 2 when a scenario is wrong."""
    parser = Parser(
        prog="mockrds explain",
        description="Show what scenarios will do to the calls of each operation, as the server itself decides it.",
        epilog="Each operation is asked alone. Conditions of 'match' are taken as met, and shown.",
    )
    parser.add_argument("scenarios", nargs="+", metavar="NAME|FILE", help="scenarios; later ones over earlier ones")
    parser.add_argument("--calls", type=int, default=20, metavar="N", help="how many calls (default %(default)s)")
    parser.add_argument("--seed", type=int, help="decides chance and latencies (default: the scenario's, or 0)")
    parser.add_argument("--at", default="0s", metavar="MOMENT", help="when: a duration since the start, or a time")
    parser.add_argument("--operation", action="append", help="only this operation; may be repeated")
    options = parser.parse_args(arguments)
    if not 0 < options.calls <= _MAX_CALLS:
        raise UsageError(f"--calls must be 1 to {_MAX_CALLS}")
    from mockrds.domain.clock import Clock
    from mockrds.scenario_files.loader import ScenarioError, load

    try:
        scenario = load(*options.scenarios)
        moment = Moment(options.at)
    except ScenarioError as error:
        raise UsageError(str(error)) from None
    except ValueError as error:
        raise UsageError(f"--at: {error}") from None
    try:
        for name in options.operation or ():
            check_operation(name, OPERATIONS)
    except ValueError as error:
        raise UsageError(f"--operation: {error}") from None
    seed = next((seed for seed in (options.seed, scenario.seed) if seed is not None), 0)
    print(f"{scenario.name}, seed {seed}, {options.at} after the start: calls of each operation alone\n")
    operations = [name for name in _operations(scenario) if _wanted(name, options.operation)]
    for number, rule in enumerate(scenario.faults, start=1):
        if rule.match is not None and any(rule.covers(operation, heeds(operation)) for operation in operations):
            print(f"{rule.name or f'fault {number}'}: only if {_conditions(rule)}")
    start = Clock(scenario.clock).now()
    tables: dict[str, list[str]] = {}  # with the operations that each is for: families often share one
    for operation in operations:
        outcomes = _outcomes(scenario, seed, operation, start, moment.seconds(start))
        tables.setdefault(_table(outcomes, options.calls), []).append(operation)
    for table, names in tables.items():
        print(f"\n{', '.join(names)}\n{table}")
    if not operations:
        print("no rule is about any operation: all calls are answered as usual")
    return 0


def _table(outcomes: Iterator[str], calls: int) -> str:
    rows = []
    for first, last, outcome in _grouped(outcomes, calls):
        numbers = f"{first}" if first == last else f"{first}-{last}"
        rows.append(f"  {numbers:>9}  {outcome}")
    return "\n".join(rows)


def _wanted(operation: str, names: list[str] | None) -> bool:
    return names is None or any(is_named(name, operation) for name in names)


def _conditions(rule: Rule) -> str:
    match = rule.match
    assert match is not None  # noqa: S101
    parts: list[str] = []
    for name in ("method", "path", "connection", "instance", "instance_status", "state"):
        value = getattr(match, name)
        if value is not None:
            parts.append(f"{name} {_condition(value)}")
    for kind in ("headers", "query", "body"):
        parts += (f"{kind} {place} {_condition(condition)}" for place, condition in getattr(match, kind).items())
    return ", ".join(parts)


def _condition(condition: object) -> str:
    """Return a condition as the end of a sentence, such as ``matches '^nightly-'``."""
    from mockrds.faults.matching import Pattern

    if not isinstance(condition, Pattern):
        return f"is {condition}"
    parts = []
    if condition.absent is not None:
        parts.append("is absent" if condition.absent else "is there")
    if condition.regex is not None:
        parts.append(f"matches {condition.regex!r}")
    parts += (
        f"is at {word} {bound:g}"
        for word, bound in (("least", condition.min), ("most", condition.max))
        if bound is not None
    )
    return " and ".join(parts)


def _operations(scenario: Scenario) -> list[str]:
    """Return the operations that the rules are about: those they name, and a few for those that name none."""
    from mockrds.api.families import SERVED

    rules: list[Rule | RateLimit] = [*scenario.faults, *scenario.rate_limits]
    about = {
        operation
        for operation in SERVED
        if any(rule.covers(operation, heeds(operation)) for rule in scenario.faults if not _vague(rule))
        or any(limit.covers(operation) for limit in scenario.rate_limits if not _vague(limit))
    }
    if scenario.outage is not None or any(_vague(rule) for rule in rules):
        about |= set(_EXAMPLES)
    return [operation for operation in SERVED if operation in about]


def _vague(rule: Rule | RateLimit) -> bool:
    names = (rule.operation,) if isinstance(rule.operation, str) else rule.operation
    return any("*" in name for name in names)


def _outcomes(scenario: Scenario, seed: int, operation: str, start: float, now: float) -> Iterator[str]:
    from mockrds.faults.engine import FaultEngine

    engine = FaultEngine(seed)
    engine.clear(replace(rule, match=None).located(rule.source) for rule in scenario.faults)
    engine.limit(scenario.rate_limits, scenario.outage, start)
    while True:
        yield _outcome(engine, _Call(operation, now))


def _outcome(engine: FaultEngine, call: _Call) -> str:
    decision = engine.decide(call)
    fired = decision is not None and bool(decision.fired)
    answered = decision is not None and decision.answer is not None and not decision.answer.step.after_commit
    if not answered:
        refused = engine.throttle(call.operation, call.now)
        if refused is not None:
            text = f"APIGW.0308, a rate limit: the next may pass after {Duration(round(refused[1], 3))}"
            if decision is not None:
                decision.refused("a rate limit refuses it")
                if decision.delay:
                    return f"waits {decision.delay:.3g}s, {text}  [{', '.join(decision.names)}]"
            return text
    return _effects(decision) if fired and decision is not None else "as usual"


def _effects(decision: Decision) -> str:
    parts = []
    if decision.delay:
        parts.append(f"waits {decision.delay:.3g}s")
    if decision.answer is not None:
        parts.append(_answer(decision.answer.step))
    parts += (
        text for fired in decision.fired if (text := _changes(fired.step, with_fault=fired is not decision.answer))
    )
    if decision.delay_after:
        parts.append(f"waits {decision.delay_after:.3g}s before the answer")
    return f"{', '.join(parts)}  [{', '.join(decision.names)}]"


def _answer(step: Step) -> str:
    if step.error is not None:
        text = step.error
    elif step.response is not None:
        text = f"status {step.response.status}"
    elif step.credentials is not None:
        text = f"credentials {step.credentials}"
    else:
        text = _short(step.fault)
    if step.retry_after is not None:
        text += f" with Retry-After {step.retry_after}"
    if step.after_commit:
        text += " after the operation succeeded"
    if step.commit_after is not None:
        text += f"; the operation happens {step.commit_after} later"
    return text


def _changes(step: Step, *, with_fault: bool) -> str:
    """Return what a step does beside answering; *with_fault*: also its fault, if that is not the answer itself."""
    parts = []
    if step.fault is not None and with_fault:
        parts.append(_short(step.fault))
    if step.body is not None:
        parts.append(f"body damaged ({_short(step.body)})")
    parts += (f"{name} {_short(getattr(step, name))}" for name in step.world_effects)
    return ", ".join(parts)


def _short(value: object) -> str:
    """Return a document in a line, without what is as by default."""
    if not is_dataclass(value):
        return str(value)
    if isinstance(value, Distribution) and value.fixed is not None:
        return str(value.fixed)
    keys = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
    defaults = {each.name: each.default for each in fields(value)}
    return ", ".join(
        f"{name} {_short(inner)}" for name, inner in keys.items() if inner != defaults[name] and inner not in ({}, ())
    )


def _grouped(outcomes: Iterator[str], calls: int) -> Iterator[tuple[int, int, str]]:
    """Yield runs of equal outcomes: the first call, the last, and the outcome."""
    first, previous = 1, next(outcomes)
    for number in range(2, calls + 1):
        outcome = next(outcomes)
        if outcome != previous:
            yield first, number - 1, previous
            first, previous = number, outcome
    yield first, calls, previous
