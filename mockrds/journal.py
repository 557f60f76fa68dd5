"""The journal: the last thousand requests of a project with their answers, each entry opened on arrival."""

from __future__ import annotations

import time
from collections import Counter, deque
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from multidict import CIMultiDict

from mockrds.domain.clock import Clock
from mockrds.domain.operations import check_operation, is_named
from mockrds.faults.matching import ABSENT, Match, resolve
from mockrds.redaction import REDACTED, is_secret, redact

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from mockrds.faults.matching import Request

LIMIT: Final = 1000
"""How many entries a journal keeps."""
KEPT_BODY: Final = 4096
"""How many bytes it keeps of each body."""
_MOST_NEAR_MISSES: Final = 3
_REAL_TIME: Final = Clock()


class Decision(Protocol):
    """What rules decided about a request."""

    def explain(self, request: Request) -> list[dict[str, Any]]:
        """Return what each rule did, as JSON."""
        ...


class Entry:
    """One request and its answer, which is filled in when it is sent.

    Bodies are cut after 4 KiB; secrets are redacted wherever the entry is shown.
    """

    finished: float | None = None
    """When its answer was ready; None while it is under way."""
    status: int | None = None
    """The HTTP status of the answer; None also when a fault let none through."""
    request_id = ""
    """The ``X-Request-Id`` of the answer."""
    response = b""
    """The body of the answer."""
    error: str | None = None
    """The error code of the answer, if it is one."""
    hint = ""
    """What the author of the client should know."""
    fault: str | None = None
    """The scenario rule that fired."""
    backup_ids: tuple[str, ...] = ()
    """The backups that it made or touched."""
    decision: Decision | None = None
    """What the rules decided; None when there were none about its operation."""
    connection: Sequence[Any] | str | None = None
    """The client's end of the connection: host and port."""
    reused = False
    """Whether that connection carried another request before."""
    sent = 0
    """How many bytes of the answer were sent, its head included."""
    first_byte: float | None = None
    """When the first of them left, in seconds of real time after the request arrived."""
    last_byte: float | None = None
    """When the last of them left, in seconds of real time after the request arrived."""
    ended = ""
    """What became of the connection: empty while it stays open, FIN, RST, or ``aborted`` when the client left first."""
    done: float | None = None
    """When the answer was out, or the connection ended, on the same time as *began*; None while it is under way.

    What the project's clock is advanced by meanwhile counts as after it: the server may notice the end of a call a
    moment later than the client, who has "slept" by then.
    """
    retry_after: float | None = None
    """How many seconds of waiting the answer's Retry-After asked for."""
    damaged = False
    """Whether a fault damaged an answer, cut it short, or put another good one in its place."""

    def __init__(
        self,
        number: int,
        operation: str,
        method: str,
        path: str,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
        arrived: float,
        clock: Clock = _REAL_TIME,
    ) -> None:
        self.number = number
        """Its number among the project's requests, from 1."""
        self.operation = operation
        """The operation of the API reference, such as ``v1.create_manual_backup``."""
        self.method = method
        """The HTTP method."""
        self.path = path
        """Path and query."""
        self._headers = headers
        self.body = body[:KEPT_BODY]
        """The body of the request."""
        self.arrived = arrived
        """When it arrived, in seconds since 1970 on the project's clock."""
        self._began = now = time.monotonic()
        self.advanced = clock.advanced
        """By how many seconds the project's clock had been advanced when it arrived."""
        self.began = now + self.advanced
        """When it arrived, in seconds on the client's time; only differences mean something.

        That is the machine's time and all that the project's clock was advanced by: a test whose client "sleeps" by
        advancing the clock is judged by what its client meant to wait.
        """

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers, names in lower case, secrets redacted."""
        headers = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self._headers)
        return {name: REDACTED if is_secret(name) else value for name, value in headers}

    @property
    def redacted_path(self) -> str:
        """Path and query, secrets redacted."""
        return redact(self.path) if "?" in self.path else self.path

    @property
    def redacted_body(self) -> str:
        """The body of the request, secrets redacted; nothing of a request for a token."""
        if self.body and self.operation.startswith("iam."):  # those bodies are all credentials
            return REDACTED
        return redact(self.body.decode("utf-8", "replace"))

    def record_progress(self, size: int) -> None:
        """Record that *size* bytes of the answer have left so far."""
        elapsed = time.monotonic() - self._began
        if size and self.first_byte is None:
            self.first_byte = elapsed
        self.sent, self.last_byte = size, elapsed if size else None

    def record_sent(self, size: int, ended: str = "") -> None:
        """Record that the answer, all of its *size* bytes, has left at once, and what becomes of the connection."""
        now = time.monotonic()
        self.sent, self.ended = size, ended
        self.first_byte = self.last_byte = now - self._began
        self.done = now + self.advanced

    def close(self, ended: str = "") -> None:
        """Record that no more of the answer will leave, and what becomes of the connection."""
        self.ended = ended or self.ended
        if self.done is None:
            self.done = time.monotonic() + self.advanced

    def as_json(self) -> dict[str, Any]:
        """Return the entry as the control API shows it."""
        return {
            "number": self.number,
            "operation": self.operation,
            "method": self.method,
            "path": self.redacted_path,
            "headers": self.headers,
            "body": self.redacted_body,
            "arrived": self.arrived,
            "finished": self.finished,
            "status": self.status,
            "request_id": self.request_id,
            "response": redact(self.response.decode("utf-8", "replace")),
            "error": self.error,
            "hint": self.hint,
            "fault": self.fault,
            "backup_ids": list(self.backup_ids),
            "decision": self.decision.explain(RecordedRequest(self)) if self.decision is not None else [],
            "connection": list(self.connection[:2]) if self.connection else None,
            "reused": self.reused,
            "sent": self.sent,
            "first_byte": self.first_byte,
            "last_byte": self.last_byte,
            "ended": self.ended,
            "began": self.began,
            "done": self.done,
            "advanced": self.advanced,
            "retry_after": self.retry_after,
            "damaged": self.damaged,
        }

    def __repr__(self) -> str:
        outcome = self.error or self.status or self.ended or "under way"
        fault = f" [{self.fault}]" if self.fault else ""
        return f"<{self.number}. {self.operation} -> {outcome}{fault}>"


class RecordedRequest:
    """The request of an entry, as rules match it; what is redacted or was cut off does not match.

    Args:
        entry: The entry.
    """

    def __init__(self, entry: Entry) -> None:
        target = urlsplit(entry.path)
        self.method = entry.method
        self.path = unquote(target.path)
        self.headers: Mapping[str, str] = CIMultiDict(entry.headers)
        self.query: Mapping[str, str] = dict(parse_qsl(target.query, keep_blank_values=True))
        self.reused = entry.reused
        self.instance = self.state = None  # the journal keeps requests, and not the world that they met
        self._body = entry.body

    @cached_property
    def _content(self) -> Any:
        try:
            return orjson.loads(self._body)
        except orjson.JSONDecodeError:
            return ABSENT

    def at(self, pointer: str) -> Any:
        """Return the value at a JSON Pointer in the body, or ``ABSENT``."""
        return resolve(self._content, pointer)


class Journal:
    """The requests of one project, newest last; keeps the last thousand and counts them all.

    Args:
        operations: The ids of all operations there are: to ask for another one is a mistake.
        clock: The project's clock.
    """

    def __init__(self, operations: Collection[str], clock: Clock = _REAL_TIME) -> None:
        self._operations = operations
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=LIMIT)
        self._counts: Counter[str] = Counter()
        self._total = 0

    @property
    def total(self) -> int:
        """How many requests there were."""
        return self._total

    def open(
        self,
        operation: str,
        method: str,
        path: str,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
        arrived: float,
    ) -> Entry:
        """Add an entry for a request that arrives, and return it; its answer is filled in later."""
        self._total += 1
        self._counts[operation] += 1
        entry = Entry(self._total, operation, method, path, headers, body, arrived, self._clock)
        self._entries.append(entry)
        return entry

    def entries(
        self, operation: str | None = None, *, match: Match | Mapping[str, Any] | None = None
    ) -> tuple[Entry, ...]:
        """Return the entries that are kept, oldest first.

        Args:
            operation: Only those of this operation, named with or without its family.
            match: Only those that a fault with this ``match`` would be about:
                ``{"body": {"/backup/name": {"regex": "^nightly"}}}``.

        Raises:
            ValueError: There is no such operation, or *match* is wrong.
        """
        __tracebackhide__ = True
        if operation is not None:
            self._check(operation)
        matches = None if match is None else Match.of(match).matches
        return tuple(
            entry
            for entry in tuple(self._entries)
            if (operation is None or is_named(operation, entry.operation))
            and (matches is None or matches(RecordedRequest(entry)))
        )

    def count(self, operation: str, *, match: Match | Mapping[str, Any] | None = None) -> int:
        """Return how often *operation* was called; with *match*, how many of the calls that are kept fit it.

        Args:
            operation: The operation, named with or without its family.
            match: What a fault would match.

        Raises:
            ValueError: There is no such operation, or *match* is wrong.
        """
        __tracebackhide__ = True
        if match is not None:
            return len(self.entries(operation, match=match))
        self._check(operation)
        return sum(n for name, n in tuple(self._counts.items()) if is_named(operation, name))

    def near_misses(self, operation: str, match: Match | Mapping[str, Any]) -> list[tuple[Entry, list[str]]]:
        """Return the calls of *operation* that do not fit *match*, each with its mismatches, the nearest first.

        Raises:
            ValueError: There is no such operation, or *match* is wrong.
        """
        mismatches = Match.of(match).mismatches
        pairs = ((entry, mismatches(RecordedRequest(entry))) for entry in self.entries(operation))
        return sorted((pair for pair in pairs if pair[1]), key=lambda pair: len(pair[1]))

    def assert_called(
        self,
        operation: str,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        match: Match | Mapping[str, Any] | None = None,
    ) -> None:
        """Assert that *operation* was called; without a number: at least once.

        Args:
            operation: The operation, named with or without its family.
            times: How often, exactly.
            at_least: How often, or more often.
            at_most: How often, or less often.
            match: Count only the calls that fit it.

        Raises:
            AssertionError: It was not; the message lists what was called instead, and the nearest calls.
            ValueError: There is no such operation, *match* is wrong, a number is below zero, or *times* stands
                beside another.
        """
        __tracebackhide__ = True
        if times is not None and not (at_least is None and at_most is None):
            raise ValueError("'times' is exact: leave out 'at_least' and 'at_most'")
        for word, number in (("times", times), ("at_least", at_least), ("at_most", at_most)):
            if number is not None and number < 0:
                raise ValueError(f"{word}: must be at least 0, not {number}")
        if times is None and at_least is None and at_most is None:
            at_least = 1
        bounds = (("", times), ("at least ", at_least), ("at most ", at_most))
        expected = " and ".join(f"{how}{_times(bound)}" for how, bound in bounds if bound is not None)
        low, high = (at_least or 0, inf if at_most is None else at_most) if times is None else (times, times)
        count = self.count(operation, match=match)
        if not low <= count <= high:
            calls = f"{operation} was called" if match is None else f"{operation} that fits the match was called"
            all_calls = ", ".join(f"{name} x {n}" for name, n in sorted(self._counts.items())) or "nothing"
            lines = [f"{calls} {_times(count)}, expected {expected}; the journal has: {all_calls}"]
            if match is not None:
                for entry, mismatches in self.near_misses(operation, match)[:_MOST_NEAR_MISSES]:
                    lines.append(f"  near miss: call {entry.number}: {'; '.join(mismatches)}")
            raise AssertionError("\n".join(lines))

    def assert_order(self, *operations: str) -> None:
        """Assert that calls of *operations* were made in this order, others between them or not.

        Raises:
            AssertionError: They were not; the message says how far they came.
            ValueError: There is no such operation.
        """
        __tracebackhide__ = True
        place = self.reached(*operations)
        if place < len(operations):
            before = " -> ".join(operations[:place]) or "nothing"
            calls = " -> ".join(entry.operation for entry in self.entries()) or "nothing"
            raise AssertionError(f"after {before} there was no {operations[place]}; the journal has: {calls}")

    def reached(self, *operations: str) -> int:
        """Return how many of *operations*, from the first on, were called in this order, others between them or not.

        Raises:
            ValueError: There is no such operation.
        """
        __tracebackhide__ = True
        for operation in operations:
            self._check(operation)
        entries = iter(self.entries())
        for place, operation in enumerate(operations):
            if not any(is_named(operation, entry.operation) for entry in entries):
                return place
        return len(operations)

    def _check(self, operation: str) -> None:
        __tracebackhide__ = True
        check_operation(operation, self._operations)

    def clear(self) -> None:
        """Forget all entries and counts."""
        self._entries.clear()
        self._counts.clear()
        self._total = 0

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self._entries)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
