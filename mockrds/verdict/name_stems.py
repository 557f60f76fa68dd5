"""The stem of a name: what names that a client makes up for each attempt have in common."""

from __future__ import annotations

import re
from typing import Final

_TAIL: Final = re.compile(
    r"""[\W_]+
      | [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}        # a UUID
      | (?:^|(?<=[\W_]))(?:[0-9a-f]{8,}|(?=[a-f]*\d)[0-9a-f]{4,})  # hexadecimal digits
      | \d+(?:t\d+)?z?                                     # a number, a date, a time
      | (?<=[\W_])(?:retry|try|attempt|again)""",
    re.VERBOSE,
)
_LAST_WORD: Final = re.compile(r"[^\W_]+$")
_SWITCH: Final = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")
_LONGEST: Final = 256
"""How many characters of a name are looked at; no API takes longer ones."""
_RANDOM: Final = 3
"""How often a word goes from letters to digits or back before it looks random."""


def name_stem(name: str) -> str:
    """Return what the names that a client makes up for one thing have in common: ``nightly`` of ``nightly-2``.

    Cut off at the end: counters, times, UUIDs, hexadecimal digits, words that look random, and what separates them.
    The stem of a name that is all random is empty.
    """
    stem = name.casefold()[:_LONGEST]
    while stem:
        place = _tail(stem)
        if place == len(stem):
            break
        stem = stem[:place]
    return stem


def _tail(text: str) -> int:
    """Return where the last part begins that may be cut off; the length of *text* if there is none."""
    word = _LAST_WORD.search(text)
    if word is not None and len(_SWITCH.findall(word[0])) >= _RANDOM:
        return word.start()
    return next((place for place in range(len(text)) if _TAIL.fullmatch(text, place)), len(text))
