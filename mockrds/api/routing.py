"""Finds the operations that a method and a path can mean, in the time of a few dictionary look-ups.

aiohttp tries dynamic routes one after the other; with the 170 of this API that costs three quarters of
the throughput. So the application has one catch-all route, and this tree behind it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockrds.domain.operations import Operation


_REMEMBERED: Final = 1024
"""How many requests' matches are kept: clients ask for the same few paths again and again."""


class RouteMatch(NamedTuple):
    """What a request can mean."""

    operations: tuple[str, ...]
    """The operations that share the method and the path; empty when only the path is known."""
    parameters: dict[str, str]
    """The variable parts of the path, by their names in the reference."""
    methods: tuple[str, ...]
    """The methods that the path knows."""


class _Node:
    __slots__ = ("methods", "names", "parameter", "segments")

    def __init__(self) -> None:
        self.segments: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.methods: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self.names: tuple[str, ...] = ()


class Routes:
    """A tree of path segments. A fixed segment is preferred to a variable one.

    Args:
        operations: Everything that can be asked for.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            node = self._root
            names = []
            for segment in operation.path.rstrip("/").split("/")[1:]:
                if segment.startswith("{"):
                    names.append(segment[1:-1])
                    node.parameter = node.parameter or _Node()
                    node = node.parameter
                else:
                    node = node.segments.setdefault(segment, _Node())
            known, _ = node.methods.get(operation.method, ((), ()))
            node.methods[operation.method] = ((*known, operation.id), tuple(names))
            node.names = tuple(names)
        self.match = lru_cache(_REMEMBERED)(self._match)
        """Find what a method (in capitals) on a decoded path can mean; None for an unknown path.

        One slash at the end of the path makes no difference.
        """

    def _match(self, method: str, path: str) -> RouteMatch | None:
        if path.endswith("/"):
            path = path[:-1]
        segments = path.split("/")
        del segments[0]
        values: list[str] = []
        node = _find(self._root, segments, 0, values)
        if node is None:
            return None
        operations, names = node.methods.get(method, ((), node.names))
        return RouteMatch(operations, dict(zip(names, values, strict=False)), tuple(node.methods))


def _find(node: _Node, segments: list[str], i: int, values: list[str]) -> _Node | None:
    if i == len(segments):
        return node if node.methods else None
    fixed = node.segments.get(segments[i])
    if fixed is not None:
        found = _find(fixed, segments, i + 1, values)
        if found is not None:
            return found
    if node.parameter is not None and segments[i]:
        values.append(segments[i])
        found = _find(node.parameter, segments, i + 1, values)
        if found is not None:
            return found
        values.pop()
    return None
