"""The answers that rules give instead of the service's own, and the damage they do to its good ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

from annotated_types import Ge, Le, Lt
from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DOCUMENT = {"extra": "forbid"}
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SPELLING: Final = {"content-length": "Content-Length", "connection": "Connection", "server": "Server"}
"""How the server spells the headers that it looks for."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
BODILESS: Final = (204, 304)
"""The statuses of answers that have no body."""


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
        if self.status in BODILESS and (self.json is not None or self.body):
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

    def render(self, defaults: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body, to the letter.

        Args:
            defaults: Headers to send besides, unless the response has them.
        """
        headers = CIMultiDict(defaults)
        headers.update(self.headers)
        body, content_type = b"", ""
        if self.json is not None:
            import orjson  # only where something is rendered: reading scenario files does without

            body, content_type = orjson.dumps(self.json), "application/json"
        elif self.body is not None:
            body = self.body.encode()
            content_type = "text/html" if self.body.lstrip().startswith("<") else "text/plain"
        if content_type:
            headers.setdefault("Content-Type", content_type)
        return self.status, {_SPELLING.get(name.lower(), name): value for name, value in headers.items()}, body


@dataclass(frozen=True, kw_only=True)
class Damage:
    """What is done to a good answer of the service. Places in the body are JSON Pointers; ``*`` is every element."""

    __pydantic_config__ = _DOCUMENT

    set: dict[str, Any] = field(default_factory=dict)
    """Values by place: null, another type, a value nobody knows, a field that is new."""
    remove: tuple[str, ...] = ()
    """Places of fields to leave out."""
    rename: dict[str, str] = field(default_factory=dict)
    """New names of fields by their places: ``{/backup/id: backup_id}``."""
    truncate: Annotated[float, Ge(0), Lt(1)] | None = None
    """The share of the body that is sent, from its beginning, well framed: broken JSON in an intact answer."""
    content_type: str | None = None
    """Another Content-Type."""
    content_length: Annotated[int, Ge(0)] | None = None
    """Another Content-Length, true or not; the connection is closed after the answer."""

    def __post_init__(self) -> None:
        given = (self.set, self.remove, self.rename, self.content_type)
        if not any(given) and self.truncate is None and self.content_length is None:
            raise ValueError("it damages nothing: give 'set', 'remove', 'rename', 'truncate' or a 'content_...' key")
        for key, places in (("set", self.set), ("remove", self.remove), ("rename", self.rename)):
            for place in places:
                if not place.startswith("/"):
                    raise ValueError(f"'{key}' {place!r} is no JSON Pointer: write it like /backup/id")
        if self.content_type is not None and _CONTROL.search(self.content_type):
            raise ValueError("'content_type' must not have line breaks or control characters")

    def apply(self, content: Any) -> Any:
        """Return *content*, which is changed, with its fields removed, renamed and set."""
        for place in self.remove:
            for parent, key in _places(content, place):
                del parent[key]
        for place, name in self.rename.items():
            for parent, key in _places(content, place):
                if isinstance(parent, dict):
                    parent[name] = parent.pop(key)
        for place, value in self.set.items():
            for parent, key in _places(content, place, new=True):
                parent[key] = value
        return content


def damage(damages: Sequence[Damage], headers: dict[str, str], body: bytes) -> bytes:
    """Return the body of a good answer with all *damages* done to it; those to *headers* are done in place."""
    for each in damages:
        if body and (each.set or each.remove or each.rename):
            import orjson

            body = orjson.dumps(each.apply(orjson.loads(body)))
    for each in damages:
        if each.truncate is not None:
            body = body[: int(len(body) * each.truncate)]
        if each.content_type is not None:
            headers["Content-Type"] = each.content_type
        if each.content_length is not None:
            headers["Content-Length"] = str(each.content_length)
    return body


def _places(content: Any, pointer: str, *, new: bool = False) -> list[tuple[Any, Any]]:
    """Return what holds *pointer*, and by which key; *new* keys of mappings count, too."""
    *path, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    holders = [content]
    for part in path:
        holders = [holder[key] for holder in holders for key in _keys(holder, part)]
    if new:
        return [
            (holder, key)
            for holder in holders
            for key in ((last,) if isinstance(holder, dict) and last != "*" else _keys(holder, last))
        ]
    return [(holder, key) for holder in holders for key in reversed(_keys(holder, last))]


def _keys(holder: Any, part: str) -> list[Any]:
    if isinstance(holder, dict):
        return list(holder) if part == "*" else [part] if part in holder else []
    if isinstance(holder, list):
        if part == "*":
            return list(range(len(holder)))
        if part.isdecimal() and int(part) < len(holder):
            return [int(part)]
    return []
