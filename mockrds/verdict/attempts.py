"""Attempts: single calls, each with what the client got, and how long it had waited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from mockrds.journal import Entry
from mockrds.verdict.backoff import format_seconds
from mockrds.verdict.kinds import CREATE, Outcome, operation_name
from mockrds.verdict.retry_advice import advice

FIRST_REFUSAL: Final = 400
"""The lowest HTTP status that refuses a request."""
_STALE: Final = 0.1
"""Within how many seconds an HTTP stack repeats what it sent over a connection that had died."""
_SAFE: Final = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")


class _HttpStack(NamedTuple):
    """An HTTP stack that repeats by itself what it sent over a connection that died without a byte of answer."""

    agent: str
    """A part of its User-Agent."""
    name: str
    methods: tuple[str, ...] = _SAFE
    fresh: bool = False
    """Whether it does so on a fresh connection, too: once a call."""


_HTTP_STACKS: Final = (
    _HttpStack("aiohttp/", "aiohttp", fresh=True),
    _HttpStack("Go-http-client", "Go's net/http", ("GET", "HEAD", "OPTIONS")),
    _HttpStack("okhttp/", "OkHttp", (*_SAFE, "POST")),
    _HttpStack("Java/", "Java's HttpURLConnection", (*_SAFE, "POST"), fresh=True),
    _HttpStack("python-requests/", "urllib3"),
    _HttpStack("python-urllib3/", "urllib3"),
)
_OTHER_STACK: Final = _HttpStack("", "the HTTP stack")


@dataclass(frozen=True, repr=False)
class Attempt:
    """One call of a logical operation."""

    entry: Entry
    """What the journal says of it."""
    outcome: Outcome
    """What the client got: ``ok``, ``refused`` (a status of 400 or more), ``damaged`` (an answer that a fault damaged
    or cut), ``lost`` (no answer), or ``open`` (it is still under way)."""
    wait: float | None = None
    """Seconds on the client's time since the attempt before was over; None for the first."""
    silent: bool = False
    """Whether the HTTP stack repeated it by itself, over a new connection, because the old one had died."""
    new_token: bool = False
    """Whether it came after a 401, as one comes back with a new token."""
    came_back: bool = False
    """Whether it came after so long a pause that the client had probably left it, and now came back for it."""
    other_api: bool = False
    """Whether it came by the other API than the attempt before."""
    name: str = ""
    """The name that it asks for, if it asks for one."""

    @property
    def retryable(self) -> bool:
        """Whether the same request may have more luck later."""
        if self.outcome == "refused":
            return advice(self.entry.status or 0, self.entry.error).kind == "again"
        return self.outcome in ("lost", "damaged")

    @property
    def is_backoff(self) -> bool:
        """Whether its wait shows how the client backs off.

        It does not if the HTTP stack repeated it, a new token came, or it starts over.
        """
        return self.wait is not None and not (self.silent or self.new_token or self.starts_over)

    @property
    def starts_over(self) -> bool:
        """Whether it is more than a repetition: much later, or by the other API."""
        return self.came_back or self.other_api

    @property
    def http_stack(self) -> str:
        """The name of the HTTP stack that sent it, by its User-Agent."""
        return _http_stack(self.entry).name

    def as_json(self) -> dict[str, Any]:
        """Return the attempt as the control API shows it."""
        return {
            "number": self.entry.number,
            "outcome": self.outcome,
            "wait": None if self.wait is None else round(self.wait, 6),
            "silent": self.silent,
            "retryable": self.retryable,
        }

    def __str__(self) -> str:
        wait = "" if self.wait is None else f" after {format_seconds(self.wait)}{self._circumstance}"
        fault = f" [{self.entry.fault}]" if self.entry.fault else ""
        return f"#{self.entry.number}{wait} -> {self._result}{fault}"

    def __repr__(self) -> str:
        return f"<Attempt {self}>"

    @property
    def _circumstance(self) -> str:
        if self.other_api:
            return f" (by {self.entry.operation})"
        if self.silent:
            return " (repeated by the HTTP stack)"
        if self.new_token:
            return " (with a new token)"
        return " (came back for it)" if self.came_back else ""

    @property
    def _result(self) -> str:
        entry = self.entry
        if self.outcome == "open":
            text = "still under way"
        elif self.outcome == "lost":
            text = "the client hung up" if entry.ended == "aborted" else "no answer"
        else:
            text = str(entry.status or entry.ended)
        if self.outcome == "refused" and entry.error:
            text += f" {entry.error}"
        if self.outcome == "damaged":
            text += ", damaged"
        if entry.retry_after is not None:
            text += f" (Retry-After {entry.retry_after:g})"
        if operation_name(entry) == CREATE and entry.backup_ids:
            text += f", made backup {', '.join(entry.backup_ids)}"
        return text


def outcome(entry: Entry) -> Outcome:
    """Return what the client got."""
    if entry.done is None:
        return "open"
    if entry.status is None or (entry.ended == "aborted" and not entry.sent):
        return "lost"
    if entry.status >= FIRST_REFUSAL:
        return "refused"
    return "damaged" if entry.damaged else "ok"


def keeps_connection(entry: Entry) -> bool:
    """Return whether an answer left its connection open, or closed it only because the client wants it so."""
    return not entry.ended or (entry.ended == "FIN" and entry.headers.get("connection", "").lower() == "close")


def is_readable(entry: Entry) -> bool:
    """Return whether a client could make something of an answer: it is good, or damaged but whole JSON."""
    result = outcome(entry)
    if result != "damaged" or not keeps_connection(entry):
        return result == "ok"
    try:
        orjson.loads(entry.response)
    except orjson.JSONDecodeError:
        return False
    return True


def pause(before: Entry, entry: Entry) -> float:
    """Return the seconds that a client let pass between the end of one call and the next one.

    Where it advanced the project's clock instead of sleeping, that is what it meant; the rest is the machine's time.
    """
    advanced = entry.advanced - before.advanced
    return advanced if advanced > 0 else max(0.0, since_end(before, entry))


def since_end(before: Entry, entry: Entry) -> float:
    """Return the seconds from the end of one call to the beginning of *entry*; from its beginning if it has no end."""
    return entry.began - (before.began if before.done is None else before.done)


def is_silent_repeat(before: Attempt, entry: Entry, wait: float) -> bool:
    """Return whether an HTTP stack repeated the attempt *before* by itself, because its connection had died."""
    last = before.entry
    same = (last.method, last.path, last.body) == (entry.method, entry.path, entry.body)
    died = not last.sent and last.ended in ("FIN", "RST") and last.status is None
    if not (same and died and wait <= _STALE) or before.silent:
        return False
    stack = _http_stack(entry)
    return entry.method in stack.methods and (last.reused or stack.fresh)


def _http_stack(entry: Entry) -> _HttpStack:
    agent = entry.headers.get("user-agent", "")
    return next((stack for stack in _HTTP_STACKS if stack.agent in agent), _OTHER_STACK)
