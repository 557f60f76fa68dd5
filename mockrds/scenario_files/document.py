"""A scenario as plain data that knows where each of its parts stands, and the mistakes found in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

_SHOWN: Final = 50  # mistakes; who makes more mends these first
_LONG: Final = 60

KeyPath = tuple[str | int, ...]
Place = tuple[int, int]


class ScenarioError(ValueError):
    """A scenario can't be used; ``problems`` lists every mistake."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Mistake(NamedTuple):
    """One thing that is wrong."""

    path: KeyPath
    text: str | Callable[[], str]
    """What is wrong and what to do; a function where finding the words takes long."""
    place: Place | None = None
    """Line and column, if not those of *path*."""


@dataclass(frozen=True)
class Document:
    """A scenario, or a part of one, as it was read."""

    origin: str
    """What messages call it: its path, for a file."""
    data: Any
    folder: Path = Path()
    """What relative paths in it start from."""
    places: dict[KeyPath, Place] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with it as a piece of data."""
    broken: frozenset[KeyPath] = frozenset()
    """Where values are missing from *data*, because they are among the mistakes."""

    def place(self, path: KeyPath) -> str:
        """Write where *path* stands, or else what holds it: ``file:line:column``."""
        return at(self.origin, self.position(path))

    def position(self, path: KeyPath) -> Place | None:
        """Tell line and column of *path*, or else of what holds it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path)

    def render(self, mistakes: Iterable[Mistake]) -> list[str]:
        """Write *mistakes* in the order in which they stand in the document."""
        placed = [(mistake.place or self.position(mistake.path) or (0, 0), mistake) for mistake in mistakes]
        lines = []
        for place, mistake in sorted(placed, key=lambda pair: pair[0])[:_SHOWN]:
            path = dotted(mistake.path)
            text = mistake.text if isinstance(mistake.text, str) else mistake.text()
            lines.append(f"{at(self.origin, place)}: {path}{': ' if path else ''}{text}")
        if len(placed) > _SHOWN:
            lines.append(f"{self.origin}: and {len(placed) - _SHOWN} more mistakes")
        return lines


# Words for messages


def dotted(path: KeyPath) -> str:
    """Write a path: ``faults[0].latency``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown(value: object) -> str:
    """Write a value so that its author knows it again."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if not isinstance(value, str | int | float):
        return f"an object of class {type(value).__name__}"
    text = repr(value[:_LONG] if isinstance(value, str) else value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."


def at(origin: str, place: Place | None) -> str:
    """Write a place: ``file:line:column``."""
    return f"{origin}:{place[0]}:{place[1]}" if place and place[0] else origin
