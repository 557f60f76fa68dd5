"""Logical operations: what a client wanted once, and the attempts that it took."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson

from mockrds.domain.operations import is_named
from mockrds.verdict.backoff import Backoff, classify
from mockrds.verdict.kinds import CREATE, describe_calls, operation_name
from mockrds.verdict.retry_advice import GONE, advice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mockrds.journal import Entry
    from mockrds.verdict.attempts import Attempt

_FIRST: Final = 8
_LAST: Final = 4
_MOST_LINES: Final = 15
"""How many attempts are shown one by one; of more, only the first and the last ones."""


class LogicalOperation:
    """What a client wanted once: one call, and the calls that repeat it because it failed.

    Args:
        attempts: The calls, in order; at least one.
    """

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self.attempts: tuple[Attempt, ...] = tuple(attempts)
        """The calls, in order."""
        self.confirmed = False
        """Whether another answer showed the client that it was done, though its own answer did not."""

    @property
    def first(self) -> Entry:
        """The first call."""
        return self.attempts[0].entry

    @property
    def last(self) -> Attempt:
        """The last call."""
        return self.attempts[-1]

    @property
    def operation(self) -> str:
        """The operation of the API reference, such as ``v1.create_manual_backup``."""
        return self.first.operation

    @cached_property
    def target(self) -> str:
        """What it is about: the name of what is to be created, or what stands in the path after the project."""
        return _target(self.first)

    @property
    def retries(self) -> int:
        """How often the client tried again; what its HTTP stack repeated does not count."""
        return sum(not attempt.silent for attempt in self.attempts) - 1

    @cached_property
    def waits(self) -> tuple[float, ...]:
        """Seconds between its attempts, where the client chose them."""
        return tuple(a.wait for a in self.attempts if a.is_backoff and a.wait is not None)

    @cached_property
    def wait_series(self) -> tuple[tuple[float | None, ...], ...]:
        """The waits to judge its backoff by, each in its place; None where the server's Retry-After decided.

        An attempt that starts over begins a new series.
        """
        series: list[list[float | None]] = [[]]
        for before, attempt in pairwise(self.attempts):
            if attempt.starts_over:
                series.append([])
            if attempt.is_backoff:
                series[-1].append(None if _obeys_retry_after(before, attempt) else attempt.wait)
        return tuple(tuple(waits) for waits in series if waits)

    @property
    def backoff(self) -> Backoff:
        """How the client waits between its attempts."""
        return classify(*self.wait_series)

    @property
    def succeeded(self) -> bool:
        """Whether the client knows that it worked: by an answer, by one that says it is done already, or by looking."""
        if self.last.outcome == "ok" or self.confirmed:
            return True
        return self.first.method == "DELETE" and len(self.attempts) > 1 and self.last.entry.error in GONE

    @property
    def gave_up(self) -> bool:
        """Whether the client left it at a failure that might have passed."""
        last = self.last.entry
        accepted = self.last.outcome == "damaged" and last.status is not None and last.ended != "aborted"
        return self.last.retryable and not self.succeeded and not accepted

    @cached_property
    def body_changed(self) -> bool:
        """Whether a later attempt asked for something else, where the one before it was not at fault."""
        return any(
            before.entry.body != attempt.entry.body
            and not (before.outcome == "refused" and _asks_for_another_body(before.entry))
            and not (attempt.other_api and before.name == attempt.name)
            for before, attempt in pairwise(self.attempts)
        )

    @property
    def names_clause(self) -> str:
        """The names that it was asked for by, as the rest of a sentence; empty if there is only one."""
        names = [repr(name) for name in dict.fromkeys(attempt.name for attempt in self.attempts)]
        if len(names) < 2:
            return ""
        if len(names) > 3:
            return f", as {names[0]}, then {names[1]}, ... then {names[-1]}"
        return f", as {', then '.join(names)}"

    @cached_property
    def backup_ids(self) -> tuple[str, ...]:
        """The backups that it made, lost answers included."""
        if operation_name(self.first) != CREATE:
            return ()
        return tuple(dict.fromkeys(id for attempt in self.attempts for id in attempt.entry.backup_ids))  # noqa: A001

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its entries."""
        return tuple(attempt.entry.number for attempt in self.attempts)

    def as_json(self) -> dict[str, Any]:
        """Return the operation as the control API shows it."""
        return {
            "operation": self.operation,
            "target": self.target,
            "attempts": [attempt.as_json() for attempt in self.attempts],
            "succeeded": self.succeeded,
            "gave_up": self.gave_up,
            "body_changed": self.body_changed,
            "backup_ids": list(self.backup_ids),
            "backoff": self.backoff.as_json(),
        }

    def __str__(self) -> str:
        count = len(self.attempts)
        lines = [f"{self.operation} {self.target}: {count} attempt{'s' if count > 1 else ''}"]
        return "\n".join([*lines, *abridge([f"  {attempt}" for attempt in self.attempts], self.numbers)])

    def __repr__(self) -> str:
        runs = [(outcome, len(list(run))) for outcome, run in groupby(attempt.outcome for attempt in self.attempts)]
        words = [outcome if count == 1 else f"{outcome} x {count}" for outcome, count in runs]
        if len(words) > _FIRST:
            words = [*words[:_LAST], "...", *words[-_LAST:]]
        return f"<{self.operation} {self.target}: {', '.join(words)}>"


def filter_by_name(operations: Iterable[LogicalOperation], operation: str) -> list[LogicalOperation]:
    """Return those of one operation of the API, named with or without its family."""
    return [op for op in operations if any(is_named(operation, a.entry.operation) for a in op.attempts)]


def abridge(lines: Sequence[str], numbers: Sequence[int]) -> list[str]:
    """Return *lines*, each about the call with the number in its place, without the middle if there are many."""
    if len(lines) <= _MOST_LINES:
        return list(lines)
    return [*lines[:_FIRST], f"  ... {describe_calls(numbers[_FIRST:-_LAST])} ...", *lines[-_LAST:]]


def body_values(entry: Entry) -> dict[str, Any]:
    """Return the values of a JSON body by their keys, however deep; nothing if it is no JSON object."""
    try:
        content = orjson.loads(entry.body)
    except orjson.JSONDecodeError:
        return {}
    values: dict[str, Any] = {}
    rest: list[tuple[str, Any]] = [("", content)] if isinstance(content, dict) else []
    while rest:
        key, value = rest.pop()
        if isinstance(value, dict):
            rest.extend((str(name), item) for name, item in value.items())
        elif isinstance(value, list):
            rest.extend((f"{key}.{place}", item) for place, item in enumerate(value))
        else:
            values[key] = value
    return values


def _target(entry: Entry) -> str:
    name = body_values(entry).get("name") if entry.method == "POST" else None
    if isinstance(name, str) and name:
        return name
    url = urlsplit(entry.redacted_path)
    parts = url.path.split("/")
    project = next((i for i, part in enumerate(parts) if len(part) == 32 and part.isalnum()), 0)
    path = "/" + "/".join(parts[project + 1 :])
    return f"{path}?{url.query}" if url.query and entry.method == "GET" else path


def _obeys_retry_after(before: Attempt, attempt: Attempt) -> bool:
    demand, wait = before.entry.retry_after, attempt.wait
    return demand is not None and wait is not None and abs(wait - demand) <= 0.05 + 0.02 * demand


def _asks_for_another_body(refusal: Entry) -> bool:
    return advice(refusal.status or 0, refusal.error).kind == "other"
