"""What a project was asked and what it answered: bounded, opened on arrival, completed in place."""

from __future__ import annotations

import difflib
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

LIMIT: Final = 1000
BODY_LIMIT: Final = 4096
_SECRET_HEADERS: Final = frozenset({"x-auth-token", "x-subject-token", "authorization", "x-security-token", "cookie"})
REDACTED: Final = "***"


class Entry:
    """One request and its answer.

    The answer's part is empty until it is sent. Bodies are cut after 4 KiB; secrets are never given out.
    """

    finished: float | None = None
    """When its answer was ready; None while it is under way."""
    status: int | None = None
    """The HTTP status of the answer."""
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

    def __init__(
        self,
        number: int,
        operation: str,
        method: str,
        path: str,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
        arrived: float,
    ) -> None:
        self.number = number
        """Counts the project's requests from 1."""
        self.operation = operation
        """The operation of the API reference, such as ``v1.create_manual_backup``."""
        self.method = method
        self.path = path
        """Path and query."""
        self._headers = headers
        self.body = body[:BODY_LIMIT]
        self.arrived = arrived
        """When it arrived, in seconds since 1970 on the project's clock."""

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers, names in lower case, secrets redacted."""
        named = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self._headers)
        return {name: REDACTED if name in _SECRET_HEADERS else value for name, value in named}

    def as_json(self) -> dict[str, Any]:
        """Give the entry as the control API shows it."""
        hidden = self.operation.startswith("iam.")  # those bodies carry passwords
        return {
            "number": self.number,
            "operation": self.operation,
            "method": self.method,
            "path": self.path,
            "headers": self.headers,
            "body": REDACTED if hidden and self.body else self.body.decode("utf-8", "replace"),
            "arrived": self.arrived,
            "finished": self.finished,
            "status": self.status,
            "request_id": self.request_id,
            "response": self.response.decode("utf-8", "replace"),
            "error": self.error,
            "hint": self.hint,
            "fault": self.fault,
            "backup_ids": list(self.backup_ids),
        }

    def __repr__(self) -> str:
        outcome = self.error or self.status or "under way"
        fault = f" [{self.fault}]" if self.fault else ""
        return f"<{self.number}. {self.operation} -> {outcome}{fault}>"


class Journal:
    """The requests of one project, newest last; keeps the last thousand and counts them all.

    Args:
        operations: The ids of all operations there are; asking for another one is a mistake.
    """

    def __init__(self, operations: Collection[str]) -> None:
        self._operations = operations
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
        entry = Entry(self.total, operation, method, path, headers, body, arrived)
        self._entries.append(entry)
        return entry

    def entries(self, operation: str | None = None) -> tuple[Entry, ...]:
        """Give the kept entries, oldest first.

        Args:
            operation: Only those of this operation, named with or without its family.

        Raises:
            ValueError: There is no such operation.
        """
        if operation is not None:
            self._check(operation)
        return tuple(entry for entry in tuple(self._entries) if operation is None or _names(operation, entry.operation))

    def count(self, operation: str) -> int:
        """Count all calls of *operation*, named with or without its family.

        Raises:
            ValueError: There is no such operation.
        """
        self._check(operation)
        return sum(n for name, n in tuple(self._counts.items()) if _names(operation, name))

    def assert_called(self, operation: str, *, times: int | None = None) -> None:
        """Assert that *operation* was called, exactly *times* times if given.

        Raises:
            AssertionError: It was not; the message lists what was called instead.
            ValueError: There is no such operation.
        """
        n = self.count(operation)
        if n == 0 if times is None else n != times:
            wanted = "at least once" if times is None else f"{times} times"
            seen = ", ".join(f"{name} x {n}" for name, n in sorted(self._counts.items())) or "nothing"
            raise AssertionError(f"{operation} was called {n} times, expected {wanted}; the journal has: {seen}")

    def _check(self, operation: str) -> None:
        if operation in self._operations or any(_names(operation, known) for known in self._operations):
            return
        names = {*self._operations, *(known.rpartition(".")[2] for known in self._operations)}
        close = difflib.get_close_matches(operation, names, n=1)
        raise ValueError(f"unknown operation {operation!r}" + (f", did you mean {close[0]!r}?" if close else ""))

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._counts.clear()
        self.total = 0

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self._entries)


def _names(wanted: str, operation: str) -> bool:
    return operation == wanted or operation.rpartition(".")[2] == wanted
