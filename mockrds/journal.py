"""What a project was asked and what it answered: bounded, opened on arrival, completed in place."""

from __future__ import annotations

import difflib
import time
from collections import Counter, deque
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from multidict import CIMultiDict

from mockrds.domain.clock import Clock
from mockrds.faults.matching import ABSENT, Match, resolve
from mockrds.redaction import REDACTED, is_secret, redact

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from mockrds.faults.matching import Request

_NEAREST: Final = 3
LIMIT: Final = 1000
BODY_LIMIT: Final = 4096
_UNTOUCHED: Final = Clock()


class Decision(Protocol):
    """What rules made of a request."""

    def explain(self, request: Request) -> list[dict[str, Any]]:
        """Tell what each of them did."""
        ...


class Entry:
    """One request and its answer.

    The answer's part is empty until it is sent. Bodies are cut after 4 KiB; secrets are never given out.
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
    """What the rules made of it; None when there were none about its operation."""
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
    """The seconds that the answer's Retry-After asked for."""
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
        clock: Clock = _UNTOUCHED,
    ) -> None:
        self.number = number
        """Counts the project's requests from 1."""
        self.operation = operation
        """The operation of the API reference, such as ``v1.create_manual_backup``."""
        self.method = method
        """The HTTP method."""
        self.path = path
        """Path and query."""
        self._headers = headers
        self.body = body[:BODY_LIMIT]
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
        named = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self._headers)
        return {name: REDACTED if is_secret(name) else value for name, value in named}

    @property
    def shown_path(self) -> str:
        """Path and query, secrets redacted."""
        return redact(self.path) if "?" in self.path else self.path

    @property
    def shown_body(self) -> str:
        """The body of the request, secrets redacted; nothing of a request for a token."""
        hidden = self.body and self.operation.startswith("iam.")  # those bodies are all credentials
        return REDACTED if hidden else redact(self.body.decode("utf-8", "replace"))

    def record_progress(self, size: int) -> None:
        """Note that *size* bytes of the answer have left so far."""
        elapsed = time.monotonic() - self._began
        if size and self.first_byte is None:
            self.first_byte = elapsed
        self.sent, self.last_byte = size, elapsed if size else None

    def record_sent(self, size: int, ended: str = "") -> None:
        """Note that the answer, all of its *size* bytes, has left at once, and what becomes of the connection."""
        now = time.monotonic()
        self.sent, self.ended = size, ended
        self.first_byte = self.last_byte = now - self._began
        self.done = now + self.advanced

    def close(self, ended: str = "") -> None:
        """Note that no more of the answer will leave, and what becomes of the connection."""
        self.ended = ended or self.ended
        if self.done is None:
            self.done = time.monotonic() + self.advanced

    def as_json(self) -> dict[str, Any]:
        """Give the entry as the control API shows it."""
        return {
            "number": self.number,
            "operation": self.operation,
            "method": self.method,
            "path": self.shown_path,
            "headers": self.headers,
            "body": self.shown_body,
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
    """An entry as matchers see it; what is redacted or was cut off they can't see.

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
        """Give what the JSON Pointer finds in the body, or ``ABSENT``."""
        return resolve(self._content, pointer)


class Journal:
    """The requests of one project, newest last; keeps the last thousand and counts them all.

    Args:
        operations: The ids of all operations there are; asking for another one is a mistake.
        clock: The project's clock.
    """

    def __init__(self, operations: Collection[str], clock: Clock = _UNTOUCHED) -> None:
        self._operations = operations
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=LIMIT)
        self._counts: Counter[str] = Counter()
        self.total = 0
        """How many requests there were."""

    def open(
        self,
        operation: str,
        method: str,
        path: str,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
        arrived: float,
    ) -> Entry:
        """Note a request that arrives; its answer is filled in later."""
        self.total += 1
        self._counts[operation] += 1
        entry = Entry(self.total, operation, method, path, headers, body, arrived, self._clock)
        self._entries.append(entry)
        return entry

    def entries(
        self, operation: str | None = None, *, match: Match | Mapping[str, Any] | None = None
    ) -> tuple[Entry, ...]:
        """Give the kept entries, oldest first.

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
            if (operation is None or _names(operation, entry.operation))
            and (matches is None or matches(RecordedRequest(entry)))
        )

    def count(self, operation: str, *, match: Match | Mapping[str, Any] | None = None) -> int:
        """Count all calls of *operation*, named with or without its family; with *match*, those kept that it fits.

        Raises:
            ValueError: There is no such operation, or *match* is wrong.
        """
        __tracebackhide__ = True
        if match is not None:
            return len(self.entries(operation, match=match))
        self._check(operation)
        return sum(n for name, n in tuple(self._counts.items()) if _names(operation, name))

    def near_misses(self, operation: str, match: Match | Mapping[str, Any]) -> list[tuple[Entry, list[str]]]:
        """Give the calls of *operation* that do not fit *match*, each with what does not, the nearest first.

        Raises:
            ValueError: There is no such operation, or *match* is wrong.
        """
        asked = Match.of(match)
        judged = ((entry, asked.mismatches(RecordedRequest(entry))) for entry in self.entries(operation))
        return sorted(((entry, whys) for entry, whys in judged if whys), key=lambda pair: len(pair[1]))

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
            ValueError: There is no such operation, *match* is wrong, or *times* stands beside another number.
        """
        __tracebackhide__ = True
        if times is not None and not (at_least is None and at_most is None):
            raise ValueError("'times' is exact: leave out 'at_least' and 'at_most'")
        n = self.count(operation, match=match)
        if times is None and at_least is None and at_most is None:
            at_least, wanted = 1, "at least once"
        else:
            bounds = (("", times), ("at least ", at_least), ("at most ", at_most))
            given = [(how, bound) for how, bound in bounds if bound is not None]
            wanted = " and ".join(f"{how}{_times(bound)}" for how, bound in given)
        low, high = (at_least or 0, inf if at_most is None else at_most) if times is None else (times, times)
        if not low <= n <= high:
            seen = ", ".join(f"{name} x {n}" for name, n in sorted(self._counts.items())) or "nothing"
            text = f"{operation} was called {_times(n)}, expected {wanted}; the journal has: {seen}"
            if match is not None:
                text = text.replace(" was called", " that fits the match was called", 1)
                near = self.near_misses(operation, match)[:_NEAREST]
                text += "".join(f"\n  near miss: call {entry.number}: {'; '.join(whys)}" for entry, whys in near)
            raise AssertionError(text)

    def assert_order(self, *operations: str) -> None:
        """Assert that calls of *operations* were made in this order, others between them or not.

        Raises:
            AssertionError: They were not; the message tells how far they came.
            ValueError: There is no such operation.
        """
        __tracebackhide__ = True
        place = self.reached(*operations)
        if place < len(operations):
            done = " -> ".join(operations[:place]) or "nothing"
            seen = " -> ".join(entry.operation for entry in self.entries()) or "nothing"
            raise AssertionError(f"after {done} there was no {operations[place]}; the journal has: {seen}")

    def reached(self, *operations: str) -> int:
        """Tell how many of *operations*, from the first on, were called in this order, others between them or not.

        Raises:
            ValueError: There is no such operation.
        """
        __tracebackhide__ = True
        for operation in operations:
            self._check(operation)
        entries = iter(self.entries())
        for place, operation in enumerate(operations):
            if not any(_names(operation, entry.operation) for entry in entries):
                return place
        return len(operations)

    def _check(self, operation: str) -> None:
        __tracebackhide__ = True
        known(operation, self._operations)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._counts.clear()
        self.total = 0

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self._entries)


def known(operation: str, operations: Collection[str]) -> None:
    """See whether *operation*, named with or without its family, is one of *operations*.

    Raises:
        ValueError: It is not; the message tells what may have been meant.
    """
    __tracebackhide__ = True
    if operation in operations or any(_names(operation, one) for one in operations):
        return
    names = {*operations, *(one.rpartition(".")[2] for one in operations)}
    close = difflib.get_close_matches(operation, names, n=1)
    raise ValueError(f"unknown operation {operation!r}" + (f", did you mean {close[0]!r}?" if close else ""))


def _names(wanted: str, operation: str) -> bool:
    return operation == wanted or operation.rpartition(".")[2] == wanted


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
