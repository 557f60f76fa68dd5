"""Finds the rules that may be about a call without asking each of them, so that those that are not cost little."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mockrds.faults.matching import Condition, Pattern, look

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockrds.faults.matching import Place, Request
    from mockrds.faults.rules import CountedRule, Rule

_INSTANCE: Final = ("instance",)
"""The place of the names of the instance, of which any may fit."""


class Index:
    """The rules about one operation, each by one of its conditions.

    Args:
        considered: The rules, in order.
    """

    __slots__ = ("_always", "_elsewhere", "_headers", "considered")

    def __init__(self, considered: tuple[CountedRule, ...]) -> None:
        self.considered = considered
        self._always: list[int] = []
        self._headers: dict[str, _Branch] = {}  # looked up by what the request has, else each name would cost
        self._elsewhere: dict[Place, _Branch] = {}
        for number, armed in enumerate(considered):
            place, condition = min(_conditions(armed.rule), key=_rank, default=((), None))
            if not place or _rank((place, condition)) == _WORTHLESS:
                self._always.append(number)
            elif place[0] == "header":
                self._headers.setdefault(place[1].lower(), _Branch()).add(condition, number)
            else:
                self._elsewhere.setdefault(place, _Branch()).add(condition, number)

    def candidates(self, call: Request) -> Iterable[CountedRule]:
        """Return the rules that may match *call*, in order."""
        if not self._headers and not self._elsewhere:
            return self.considered
        numbers = [*self._always]
        for place, branch in self._elsewhere.items():
            if place == _INSTANCE:
                names, _ = call.instance or ((), None)
                for name in names:
                    branch.find(name, numbers)
            else:
                branch.find(look(call, place), numbers)
        if self._headers:
            for name in {name.lower() for name in call.headers} & self._headers.keys():
                self._headers[name].find(call.headers[name], numbers)
        return [self.considered[number] for number in sorted(set(numbers))]


class _Branch:
    """The rules that look at one place."""

    __slots__ = ("_any", "_by_pattern", "_by_value", "_regexes", "_texts")

    def __init__(self) -> None:
        self._by_value: dict[Any, list[int]] = {}
        self._by_pattern: dict[Pattern, list[int]] = {}  # alike for many rules, it is asked once
        self._texts: list[int] = []
        self._regexes: list[str] = []
        self._any: re.Pattern[str] | None = None  # all regular expressions in one, which is much faster

    def add(self, condition: Condition, number: int) -> None:
        if not isinstance(condition, Pattern):
            self._by_value.setdefault(condition, []).append(number)
        elif condition.regex is not None and _joins(condition.regex):
            self._texts.append(number)
            self._regexes.append(f"(?:{condition.regex})")
        else:
            self._by_pattern.setdefault(condition, []).append(number)

    def find(self, value: Any, numbers: list[int]) -> None:
        """Add the *numbers* of the rules that may be content with *value*."""
        if not isinstance(value, dict | list):
            numbers += self._by_value.get(value, ())
        for pattern, found in self._by_pattern.items():
            if pattern.fits(value):
                numbers += found
        if self._regexes and isinstance(value, str):
            if self._any is None:
                self._any = re.compile("|".join(self._regexes))
            if self._any.search(value) is not None:
                numbers += self._texts


_OWN: Final = re.compile(r"\(\?[aiLmsuxP(]|\\[1-9]")
"""Flags, names and references, which mean something else in one of several alternatives."""
_LONG: Final = 200  # it may be nested so deeply that it can't be compiled as a part of something else
_WORTHLESS: Final = 3


def _conditions(rule: Rule) -> list[tuple[Place, Condition]]:
    if rule.match is None:
        return []
    conditions = [*rule.match.conditions]
    if rule.match.instance is not None:
        conditions.append((_INSTANCE, rule.match.instance))
    return conditions


def _rank(at: tuple[Place, Condition]) -> int:
    """Return how well a condition sorts out rules: equality best, then what can be one of many alternatives."""
    condition = at[1]
    if not isinstance(condition, Pattern):
        return 0
    if condition.regex is not None and _joins(condition.regex):
        return 1
    return _WORTHLESS if condition.absent else 2


def _joins(regex: str) -> bool:
    """Return whether *regex* means the same as one of several alternatives."""
    return len(regex) <= _LONG and _OWN.search(regex) is None
