"""Names that clients make up: which of them differ only by what is made up anew for each attempt."""

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
_WORD: Final = re.compile(r"[^\W_]+$")
_SWITCH: Final = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")
_LONGEST: Final = 256
"""How many characters of a name are looked at; no API takes longer ones."""
_RANDOM: Final = 3
"""How often a word goes from letters to digits or back before it looks like chance."""


def stem(name: str) -> str:
    """Give what names have in common that a client makes up for one thing: ``nightly`` of ``nightly-2``.

    Cut off at the end: counters, times, UUIDs, hexadecimal digits, words that look like chance, and what separates
    them. Nothing is left of a name that is all chance.
    """
    text = name.casefold()[:_LONGEST]
    while text:
        place = _tail(text)
        if place == len(text):
            break
        text = text[:place]
    return text


def _tail(text: str) -> int:
    """Tell where the last part begins that may be cut off; the length of *text* if there is none."""
    word = _WORD.search(text)
    if word is not None and len(_SWITCH.findall(word[0])) >= _RANDOM:
        return word.start()
    return next((place for place in range(len(text)) if _TAIL.fullmatch(text, place)), len(text))
