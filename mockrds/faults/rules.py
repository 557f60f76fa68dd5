"""What a rule is: plain data, as scenario files write it under ``faults``; and a rule in force."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, get_args

from annotated_types import Ge, Le

from mockrds.domain.world_template import WORLD_EFFECTS, WorldEffect
from mockrds.durations import Duration, Durations, Moment
from mockrds.faults.matching import ProjectMatch, names_operation
from mockrds.faults.responses import Damage, Response
from mockrds.faults.toxics import NAMES, SHORT, Fault, swallows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_DOCUMENT = {"extra": "forbid"}
_LAST_STATUS: Final = 599

_EFFECTS: Final = ("error", "response", "latency", "fault", "body", "credentials")
"""The keys that do something to any operation; world effects do something to the operations that heed them."""

Phase = Literal["before_commit", "after_commit"]
Credentials = Literal["expired", "wrong_scope", "clock_skew"]


@dataclass(frozen=True, kw_only=True)
class Step(WorldEffect):
    """What becomes of a call."""

    __pydantic_config__ = _DOCUMENT

    phase: Phase | None = None
    """``before_commit``, which is meant when absent: nothing was done; ``after_commit``: the operation succeeded."""
    commit_after: Duration | None = None
    """The call fails now, and the operation happens so much later on the world's clock."""
    error: str | None = None
    """Answer with this documented error, such as RDS.3003: status, message and envelope follow by themselves."""
    response: Response | None = None
    """Answer with this raw response."""
    credentials: Credentials | None = None
    """``expired``: the token is from now on, until the client gets another; ``wrong_scope``: they are for another
    project; ``clock_skew``: the client's clock is wrong."""
    retry_after: Duration | None = None
    """Send Retry-After with the error or response, in whole seconds."""
    latency: Durations | None = None
    """Wait so long before anything happens, or with phase ``after_commit`` before the answer leaves."""
    fault: Fault | None = None
    """What goes wrong with the connection: a fault by its name, or toxics with their attributes."""
    body: Damage | None = None
    """Damage to the service's own answer, if it is a good one."""

    def __post_init__(self) -> None:
        answers = self.error is not None or self.response is not None
        swallows_answer = self.fault is not None and swallows(self.fault)
        if self.error is not None and self.response is not None:
            raise ValueError("give only one of 'error' and 'response'")
        if not self.affects_every_operation and not self.world_effects:
            keys = ", ".join(f"'{key}'" for key in (*_EFFECTS, *WORLD_EFFECTS))
            raise ValueError(f"the rule does nothing: give {keys} or 'sequence'")
        if self.retry_after is not None and not answers:
            raise ValueError("'retry_after' belongs to 'error' or 'response'")
        if answers and swallows_answer:
            raise ValueError("'fault' lets no answer through: leave out 'error' or 'response', or give 'limit_data'")
        if self.body is not None and self.replaces_answer:
            raise ValueError("'body' damages the service's own answer: leave out what answers instead of it")
        if self.commit_after is not None and (not self.replaces_answer or self.phase is not None):
            raise ValueError(
                "'commit_after' belongs to a call that fails: give 'error', 'response' or 'fault', no 'phase'"
            )
        if self.phase is not None and not self.replaces_answer and self.latency is None:
            raise ValueError("'phase' belongs to 'error', 'response', 'latency' or a 'fault' that replaces the answer")
        if self.credentials is not None and (answers or swallows_answer or self.phase is not None):
            raise ValueError("'credentials' decides the answer: leave out what decides it besides")
        if self.world_effects and self.replaces_answer and not self.after_commit and self.commit_after is None:
            raise ValueError(
                f"'{self.world_effects[0]}' needs the operation to happen: leave out what answers instead of it"
            )

    @cached_property
    def world_effects(self) -> list[str]:
        """The keys that make the world depart from what it would do."""
        return [name for name in WORLD_EFFECTS if getattr(self, name) is not None]

    @cached_property
    def affects_every_operation(self) -> bool:
        """Whether it does something to any operation; a world effect does something to some."""
        return any(getattr(self, key) is not None for key in _EFFECTS)

    @cached_property
    def replaces_answer(self) -> bool:
        """Whether it decides the answer, so that the operation's own does not reach the client."""
        decisive = (self.error, self.response, self.credentials)
        return any(key is not None for key in decisive) or (self.fault is not None and swallows(self.fault))

    @property
    def after_commit(self) -> bool:
        """Whether its answer or latency comes when the operation has succeeded."""
        return self.phase == "after_commit"

    @cached_property
    def requires_success(self) -> bool:
        """Whether it does nothing unless the operation succeeds."""
        return any((self.after_commit, self.body, self.lifecycle, self.visible_after))

    @cached_property
    def requires_operation(self) -> bool:
        """Whether it does nothing unless the operation happens."""
        return self.requires_success or bool(self.world_effects)

    @cached_property
    def exclusive_keys(self) -> list[str]:
        """The keys of which the first rule that has one wins, if the step has no others."""
        return [] if self.affects_every_operation else self.world_effects


OK: Final = "ok"
"""The step of a sequence at which nothing happens."""


class ShortStep:
    """Lets a sequence say ``ok``, a status, an error code or the name of a fault where it means a step."""

    def __get_pydantic_core_schema__(self, source: object, handler: Callable[[object], Any]) -> Any:
        from pydantic_core import core_schema

        def expand(value: object) -> object:
            if isinstance(value, int) and not isinstance(value, bool):
                return {"response": {"status": value}}
            if isinstance(value, str) and value != OK:
                return {"fault": value} if value in NAMES or value in SHORT else {"error": value}
            return value

        return core_schema.no_info_before_validator_function(
            expand,
            core_schema.tagged_union_schema(
                {"ok": core_schema.literal_schema([OK]), "step": handler(get_args(source)[0])},
                discriminator=lambda value: "ok" if value == OK else "step",
            ),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Callable[[object], Any]) -> dict[str, Any]:
        status = {"type": "integer", "minimum": 200, "maximum": _LAST_STATUS}
        full = handler(schema["schema"]["choices"]["step"])
        return {"anyOf": [{"enum": [OK, *SHORT, *NAMES]}, status, {"type": "string"}, full]}


def backwards(start: Moment, end: Moment) -> bool:
    """Return whether *end* is known not to come after *start*."""
    if start.at is not None and end.at is not None:
        return start.at >= end.at
    return start.since_start is not None and end.since_start is not None and start.since_start >= end.since_start


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which calls a rule applies to."""

    __pydantic_config__ = _DOCUMENT

    name: str = ""
    """What the journal calls it; absent: its place in the list."""
    operation: str | tuple[str, ...] = "*"
    """An operation such as v1.create_manual_backup, without its family for every API version, v1.* or "*"."""
    match: ProjectMatch | None = None
    """What else must be true of a request; the calls are counted among those for which it is."""
    between: tuple[Moment, Moment] | None = None
    """Only between two moments of the world's clock: times, or durations since the world began."""

    calls: tuple[Annotated[int, Ge(1)], ...] | None = None
    """Only these calls, counted from 1 among those the rule applies to."""
    first: Annotated[int, Ge(1)] | None = None
    """Only the first so many calls."""
    after: Annotated[int, Ge(0)] = 0
    """Not the first so many calls."""
    every: Annotated[int, Ge(1)] = 1
    """Only each so-many-th call of those that remain."""
    times: Annotated[int, Ge(1)] | None = None
    """At most so many times in all."""
    probability: Annotated[float, Ge(0), Le(1)] = 1.0
    """Each time with this chance, between 0 and 1; drawn from the seed and the number of the call."""

    def __post_init__(self) -> None:
        if self.calls == ():
            raise ValueError("'calls' must not be empty")
        if not self.operation:
            raise ValueError("'operation' must name an operation")
        if not any(self.wants(call) for call in self.calls or (self.after + self.every,)):
            raise ValueError("'calls', 'first', 'after' and 'every' leave no call: the rule would never fire")
        if self.between is not None and backwards(*self.between):
            raise ValueError("'between' must not end before it begins")

    @property
    def by_chance(self) -> bool:
        """Whether it fires by chance, so that it may never fire."""
        return self.probability < 1

    def wants(self, call: int) -> bool:
        """Return whether the rule is about the *call*-th of its calls, chance and *times* aside."""
        if self.calls is not None and call not in self.calls:
            return False
        if self.first is not None and call > self.first:
            return False
        return call > self.after and (call - self.after) % self.every == 0


@dataclass(frozen=True, kw_only=True)
class Rule(Step, Selection):
    """A fault: which calls it applies to, and what becomes of them."""

    __pydantic_config__ = _DOCUMENT

    sequence: tuple[Annotated[Step | Literal["ok"], ShortStep()], ...] | None = None
    """One step for each call, in order; then all is well again. A step is ``ok``, a status, an error code, the name
    of a fault, or a mapping of what a fault may do."""
    repeat: bool = False
    """Start the sequence again when it is used up."""

    source: str = field(default="", init=False, compare=False, repr=False)
    """Where the rule stands, as file:line:column; the loader's word, not a key of the file."""

    def __post_init__(self) -> None:
        if self.sequence is None:
            Step.__post_init__(self)
            if self.repeat:
                raise ValueError("'repeat' belongs to 'sequence'")
        else:
            if any(getattr(self, each.name) is not None for each in fields(Step)):
                raise ValueError("'sequence' says what happens: leave out what says it besides")
            if all(step == OK for step in self.sequence):
                raise ValueError("'sequence' must have a step at which something happens")
            if self.times is not None:
                raise ValueError("'times' does not go with 'sequence', which is as long as it is")
        Selection.__post_init__(self)

    def covers(self, operation: str, heeds: Collection[str]) -> bool:
        """Return whether the rule can make a difference to *operation*.

        Args:
            operation: An id, with its family.
            heeds: The world effects that the operation heeds, by their keys.
        """
        return names_operation(self.operation, operation) and (
            self.sequence is not None
            or self.affects_every_operation
            or any(effect in heeds for effect in self.world_effects)
        )

    def located(self, source: str) -> Self:
        """Return a copy that knows where it stands."""
        rule = copy(self)
        object.__setattr__(rule, "source", source)
        return rule


class ArmedRule(ABC):
    """A rule in force, with what it has seen and done."""

    __slots__ = ()

    id: int
    """Counts the rules of a project from 1."""
    name: str
    """What the journal and ``X-Mockrds-Fault`` call it."""
    from_scenario: bool
    """Whether it came with the project's scenario, and was not armed since."""

    @property
    @abstractmethod
    def rule(self) -> Rule:
        """What was armed."""

    @property
    @abstractmethod
    def calls(self) -> int:
        """How many calls it was about."""

    @property
    @abstractmethod
    def fired(self) -> int:
        """How many of them it changed."""

    @property
    @abstractmethod
    def consumed(self) -> int:
        """How many steps of its sequence were taken, those included at which nothing happens."""

    @property
    def completed(self) -> bool:
        """Whether it did all that it was armed for: it fired, and its sequence is used up."""
        return self.fired > 0 and (self.rule.sequence is None or self.consumed >= len(self.rule.sequence))

    @property
    def shortfall(self) -> str:
        """What a rule that is not completed has failed to do, as the end of a sentence."""
        if self.rule.sequence is not None and self.consumed:
            return f"took {self.consumed} of the {len(self.rule.sequence)} steps of its sequence"
        if self.calls == 0:
            return "never fired: no call matched it"
        return f"never fired, though {self.calls} call{'' if self.calls == 1 else 's'} matched it"

    @property
    def source(self) -> str:
        """Where it stands, or was armed: ``FILE:LINE``."""
        return self.rule.source

    @property
    def by_chance(self) -> bool:
        """Whether it fires by chance, so that it may never fire."""
        return self.rule.by_chance

    def __repr__(self) -> str:
        return f"<{self.name}: fired {self.fired} of {self.calls}>"


class CountedRule(ArmedRule):
    """A rule in force in this process, where the engine counts its calls."""

    __slots__ = ("calls", "consumed", "fired", "from_scenario", "id", "name", "rule")

    rule: Rule
    calls: int
    fired: int
    consumed: int

    def __init__(self, rule: Rule, number: int, *, from_scenario: bool = False) -> None:
        self.rule = rule
        self.id = number
        self.name = rule.name or f"fault {number}"
        self.from_scenario = from_scenario
        self.calls = self.fired = self.consumed = 0


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A time in which every request of the project is refused."""

    __pydantic_config__ = _DOCUMENT

    between: tuple[Moment, Moment]
    """From when to when: two times, or durations since the world began."""
    drain: Duration | None = None
    """So long before it begins, every answer closes its connection, as of a server that shuts down gracefully."""
    error: str | None = None
    """Refuse with this documented error; absent: the connection is reset."""
    response: Response | None = None
    """Refuse with this raw response; absent: the connection is reset."""

    def __post_init__(self) -> None:
        if self.error is not None and self.response is not None:
            raise ValueError("give only one of 'error' and 'response'")
        if backwards(*self.between):
            raise ValueError("'between' must not end before it begins")

    @property
    def rule(self) -> Rule:
        """What becomes of calls during the outage."""
        fault: Any = None if self.error or self.response else "CONNECTION_RESET_BY_PEER"
        return Rule(name="outage", error=self.error, response=self.response, fault=fault)
