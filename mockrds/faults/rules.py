"""What a fault is: plain data, as scenario files write it."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

from annotated_types import Ge, Le

from mockrds.distribution import Durations  # noqa: TC001  (pydantic reads the annotation)

if TYPE_CHECKING:
    from collections.abc import Iterable

_DOCUMENT = {"extra": "forbid"}
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BODILESS: Final = (204, 304)
_QUOTA: Final = "create_manual_backup"  # the only operation that asks for the quota of manual backups


@dataclass(frozen=True, kw_only=True)
class Response:
    """A raw answer, sent instead of the real one."""

    __pydantic_config__ = _DOCUMENT

    status: Annotated[int, Ge(200), Le(599)] = 200
    """The HTTP status, 200 to 599."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers to send; Content-Type follows from the body unless it stands here."""
    json: Any = None
    """A body to send as JSON."""
    body: str | None = None
    """A body to send as it stands, as text/html if it begins with ``<``, else as text/plain."""

    def __post_init__(self) -> None:
        if self.json is not None and self.body is not None:
            raise ValueError("give only one of 'json' and 'body'")
        if self.status in _BODILESS and (self.json is not None or self.body):
            raise ValueError(f"an answer with status {self.status} has no body: leave out 'json' and 'body'")
        for name, value in self.headers.items():
            if _HEADER.fullmatch(name) is None:
                raise ValueError(f"{name!r} is no header name")
            if _CONTROL.search(value) is not None:
                raise ValueError(f"the value of header {name!r} must not have line breaks or control characters")
            if name.lower() == "transfer-encoding":
                raise ValueError("'headers' must not have Transfer-Encoding: the server frames the answer")
            if name.lower() == "content-length" and not (value.isascii() and value.isdigit()):
                raise ValueError(f"the value of header {name!r} must be a number")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A fault: which calls it applies to, and what becomes of them."""

    __pydantic_config__ = _DOCUMENT

    name: str = ""
    """What the journal calls it; absent: its place in the list."""
    operation: str | tuple[str, ...] = "*"
    """An operation such as v1.create_manual_backup, without its family for every API version, a list, or "*"."""

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

    error: str | None = None
    """Answer with this documented error, such as RDS.3003: status, message and envelope follow by themselves."""
    response: Response | None = None
    """Answer with this raw response."""
    latency: Durations | None = None
    """Wait so long before anything happens; alone, the call then goes on as usual."""
    quota: Annotated[int, Ge(0)] | None = None
    """Judge these calls as if the quota of manual backups were this number."""

    source: str = field(default="", init=False, compare=False, repr=False)
    """Where the rule stands, as file:line:column; the loader's word, not a key of the file."""

    def __post_init__(self) -> None:
        if self.error is not None and self.response is not None:
            raise ValueError("give only one of 'error' and 'response'")
        if all(effect is None for effect in (self.error, self.response, self.latency, self.quota)):
            raise ValueError("the rule does nothing: give 'error', 'response', 'latency' or 'quota'")
        if self.calls == ():
            raise ValueError("'calls' must not be empty")
        if not self.operation:
            raise ValueError("'operation' must name an operation")
        if not any(self.wants(call) for call in self.calls or (self.after + self.every,)):
            raise ValueError("'calls', 'first', 'after' and 'every' leave no call: the rule would never fire")
        if self.quota is not None and not any(name == "*" or _bare(name) == _QUOTA for name in self.operations):
            raise ValueError(f"'quota' is about {_QUOTA}, which 'operation' does not name")

    def located(self, source: str) -> Rule:
        """Give a copy that knows where it stands."""
        rule = copy(self)
        object.__setattr__(rule, "source", source)
        return rule

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
        bare = _bare(operation)
        if bare != _QUOTA and self.error is None and self.response is None and self.latency is None:
            return False  # it has nothing but a quota, which changes no other operation
        return any(name in ("*", operation, bare) for name in self.operations)

    def wants(self, call: int) -> bool:
        """Tell whether the rule is about the *call*-th of its calls, chance and *times* aside."""
        if self.calls is not None and call not in self.calls:
            return False
        if self.first is not None and call > self.first:
            return False
        return call > self.after and (call - self.after) % self.every == 0


def _bare(operation: str) -> str:
    """Leave out the family: ``create_manual_backup`` of ``v1.create_manual_backup``."""
    return operation.rpartition(".")[2]
