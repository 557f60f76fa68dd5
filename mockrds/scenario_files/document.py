"""A scenario file as plain data that knows line and column of each of its parts, and the mistakes in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

_MOST_MISTAKES: Final = 50
"""How many mistakes are listed; who makes more mends these first."""
_LONGEST_VALUE: Final = 60
"""How many characters of a value a message has."""

KeyPath = tuple[str | int, ...]
"""The keys and indexes that lead to a part of a document."""
Place = tuple[int, int]
"""Line and column, both from 1."""


class ScenarioError(ValueError):
    """A scenario can't be used; ``problems`` has a line for every mistake."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Mistake(NamedTuple):
    """One thing that is wrong."""

    path: KeyPath
    text: str | Callable[[], str]
    """What is wrong and what to do; a function that returns it where that takes long."""
    place: Place | None = None
    """Line and column, if not those of *path*."""


@dataclass(frozen=True)
class Document:
    """A scenario, or a part of one, as it was read."""

    origin: str
    """What messages call it; of a file its path."""
    data: Any
    folder: Path = Path()
    """The folder that relative paths in it start from."""
    places: dict[KeyPath, Place] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with it already as a piece of data, whatever it is to mean."""
    broken: frozenset[KeyPath] = frozenset()
    """The paths of mistakes whose values *data* does not have."""

    def place(self, path: KeyPath) -> str:
        """Return ``file:line:column`` of *path*, or else of what holds it."""
        return at(self.origin, self.position(path))

    def position(self, path: KeyPath) -> Place | None:
        """Return line and column of *path*, or else of what holds it; None if neither is known."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path)

    def lacks(self, path: KeyPath) -> bool:
        """Return whether *data* does not have the value at *path*, because it or what holds it is a mistake."""
        return any(path[:n] in self.broken for n in range(len(path) + 1))

    def render(self, mistakes: Iterable[Mistake]) -> list[str]:
        """Return a line for each of *mistakes*, in the order in which they stand in the document."""
        placed = [(mistake.place or self.position(mistake.path) or (0, 0), mistake) for mistake in mistakes]
        lines = []
        for place, mistake in sorted(placed, key=lambda pair: pair[0])[:_MOST_MISTAKES]:
            path = dotted(mistake.path)
            text = mistake.text if isinstance(mistake.text, str) else mistake.text()
            lines.append(f"{at(self.origin, place)}: {path}{': ' if path else ''}{text}")
        if len(placed) > _MOST_MISTAKES:
            lines.append(f"{self.origin}: and {len(placed) - _MOST_MISTAKES} more mistakes")
        return lines


# Words for messages


def dotted(path: KeyPath) -> str:
    """Return *path* as text: ``faults[0].latency``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def describe(value: object) -> str:
    """Return *value* in the words of a message: short text as it is, a list or a mapping as what it is."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if not isinstance(value, str | int | float):
        return f"an object of class {type(value).__name__}"
    text = repr(value[:_LONGEST_VALUE] if isinstance(value, str) else value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def at(origin: str, place: Place | None) -> str:
    """Return *place* as text: ``file:line:column``."""
    return f"{origin}:{place[0]}:{place[1]}" if place and place[0] else origin
