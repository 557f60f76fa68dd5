"""Reads the fields of request bodies: their letter case, their types, their presence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.domain.errors import INVALID_PARAMETER, LETTER_CASE, Problem, RDSError
from mockrds.domain.rules import words

if TYPE_CHECKING:
    from collections.abc import Callable

Object = dict[str, Any]


class Keys:
    """The keys that an object may have. Unknown keys are ignored, known ones in the wrong case refused.

    Args:
        names: The keys, as the reference spells them.
    """

    __slots__ = ("_names", "_spellings")

    def __init__(self, *names: str) -> None:
        self._names = frozenset(names)
        self._spellings = {name.lower(): name for name in names}

    def check(self, document: Object) -> None:
        """Refuse a key that is known but for its letter case.

        Raises:
            RDSError: LETTER_CASE.
        """
        if self._names.issuperset(document):
            return
        for key in document:
            if key not in self._names and key.lower() in self._spellings:
                raise RDSError(LETTER_CASE, f"{key!r} is spelt {self._spellings[key.lower()]!r}")


def inner(document: Object, key: str, keys: Keys, missing: Problem = INVALID_PARAMETER) -> Object:
    """Read a required object, and check the letter case of its keys.

    Raises:
        RDSError: LETTER_CASE, INVALID_PARAMETER or *missing*.
    """
    value = document.get(key)
    if value is None:
        raise RDSError(missing, f"{key!r} is missing")
    if not isinstance(value, dict):
        raise RDSError(INVALID_PARAMETER, f"{key!r} must be an object")
    keys.check(value)
    return value


def text(document: Object, key: str, broken: Problem, rule: Callable[[str], bool] = bool) -> str:
    """Read a required string.

    Args:
        document: The object that has it.
        key: Its key.
        broken: The error when it is not there, or breaks its rule.
        rule: The rule; absent: it must not be empty.

    Raises:
        RDSError: INVALID_PARAMETER for a wrong type, or *broken*.
    """
    value = document.get(key)
    if isinstance(value, str):
        if rule(value):
            return value
        raise RDSError(broken, f"{key!r} must be {words(rule)}")
    if value is None:
        raise RDSError(broken, f"{key!r} is missing")
    raise RDSError(INVALID_PARAMETER, f"{key!r} must be a string")


def number(document: Object, key: str, broken: Problem) -> int:
    """Read a required integer.

    Raises:
        RDSError: INVALID_PARAMETER for a wrong type, or *broken* when it is missing.
    """
    value = document.get(key)
    if value is None:
        raise RDSError(broken, f"{key!r} is missing")
    if isinstance(value, bool) or not isinstance(value, int):
        raise RDSError(INVALID_PARAMETER, f"{key!r} must be an integer")
    return value
