"""What a fault is: plain data, as scenario files write it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, get_args

from annotated_types import Ge, Le

from mockrds.durations import Duration, Durations, Moment
from mockrds.faults.matching import Match
from mockrds.faults.responses import Damage, Response
from mockrds.faults.transport import NAMES, SHORT, Fault, swallows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_DOCUMENT = {"extra": "forbid"}
_LAST_STATUS: Final = 599

Phase = Literal["before_commit", "after_commit"]


@dataclass(frozen=True, kw_only=True)
class Step:
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
    retry_after: Duration | None = None
    """Send Retry-After with the error or response, in whole seconds."""
    latency: Durations | None = None
    """Wait so long before anything happens, or with phase ``after_commit`` before the answer leaves."""
    fault: Fault | None = None
    """What goes wrong with the connection: a fault by its name, or toxics with their attributes."""
    body: Damage | None = None
    """Damage to the service's own answer, if it is a good one."""

    def __post_init__(self) -> None:
        self._check_effects()

    def _check_effects(self) -> None:
        if self.error is not None and self.response is not None:
            raise ValueError("give only one of 'error' and 'response'")
        if not self.effects:
            raise ValueError(f"the rule does nothing: give {self._choices()}")
        given = self.error is not None or self.response is not None
        if self.retry_after is not None and not given:
            raise ValueError("'retry_after' belongs to 'error' or 'response'")
        if given and self.fault is not None and swallows(self.fault):
            raise ValueError("'fault' lets no answer through: leave out 'error' or 'response', or give 'limit_data'")
        if self.body is not None and self.replaces_answer:
            raise ValueError("'body' damages the service's own answer: leave out what answers instead of it")
        if self.commit_after is not None and (not self.replaces_answer or self.phase is not None):
            raise ValueError(
                "'commit_after' belongs to a call that fails: give 'error', 'response' or 'fault', no 'phase'"
            )
        if self.phase is not None and not self.replaces_answer and self.latency is None:
            raise ValueError("'phase' belongs to 'error', 'response', 'latency' or a 'fault' that replaces the answer")

    @classmethod
    def _choices(cls) -> str:
        return "'error', 'response', 'latency', 'fault' or 'body'"

    @property
    def effects(self) -> bool:
        """Tell whether it does anything."""
        return not (
            self.error is None
            and self.response is None
            and self.latency is None
            and self.fault is None
            and self.body is None
        )

    @property
    def replaces_answer(self) -> bool:
        """Tell whether it decides the answer, so that the operation's own does not reach the client."""
        return self.error is not None or self.response is not None or (self.fault is not None and swallows(self.fault))

    @property
    def requires_success(self) -> bool:
        """Tell whether it does nothing unless the operation succeeds."""
        return self.after_commit or self.body is not None

    @property
    def requires_operation(self) -> bool:
        """Tell whether it does nothing unless the operation happens."""
        return self.requires_success

    @property
    def exclusive_keys(self) -> tuple[str, ...]:
        """The keys that are all that it does, if those are keys of which only the first rule's word counts."""
        return ()

    @property
    def after_commit(self) -> bool:
        """Tell whether it needs the operation to have succeeded."""
        return self.phase == "after_commit"


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
    """Tell whether *end* is known not to come after *start*."""
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
    match: Match | None = None
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

    def _check_selection(self) -> None:
        if self.calls == ():
            raise ValueError("'calls' must not be empty")
        if not self.operation:
            raise ValueError("'operation' must name an operation")
        if not any(self.wants(call) for call in self.calls or (self.after + self.every,)):
            raise ValueError("'calls', 'first', 'after' and 'every' leave no call: the rule would never fire")
        if self.between is not None and backwards(*self.between):
            raise ValueError("'between' must not end before it begins")

    @property
    def operations(self) -> Iterable[str]:
        """The operations as the rule names them."""
        return (self.operation,) if isinstance(self.operation, str) else self.operation

    @property
    def by_chance(self) -> bool:
        """Tell whether it fires by chance, so that it may never fire."""
        return self.probability < 1

    def covers(self, operation: str) -> bool:
        """Tell whether the rule is about *operation*, an id with its family."""
        family, _, bare = operation.rpartition(".")
        return any(name in ("*", operation, bare, f"{family}.*") for name in self.operations)

    def wants(self, call: int) -> bool:
        """Tell whether the rule is about the *call*-th of its calls, chance and *times* aside."""
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
    """One step for each call, in order; then all is well again. A step is ``ok``, a status, an error code, a fault
    or a mapping of what a rule may do."""
    repeat: bool = False
    """Begin the sequence anew when it is used up."""

    source: str = field(default="", init=False, compare=False, repr=False)
    """Where the rule stands, as file:line:column; the loader's word, not a key of the file."""

    def __post_init__(self) -> None:
        if self.sequence is None:
            self._check_effects()
            if self.repeat:
                raise ValueError("'repeat' belongs to 'sequence'")
        else:
            if self.effects or self.phase is not None or self.commit_after is not None or self.retry_after is not None:
                raise ValueError("'sequence' says what happens: leave out what says it besides")
            if all(step == OK for step in self.sequence):
                raise ValueError("'sequence' must have a step at which something happens")
            if self.times is not None:
                raise ValueError("'times' does not go with 'sequence', which is as long as it is")
        self._check_selection()

    def located(self, source: str) -> Self:
        """Give a copy that knows where it stands."""
        rule = copy(self)
        object.__setattr__(rule, "source", source)
        return rule


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
