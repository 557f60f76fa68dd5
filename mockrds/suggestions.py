"""What may have been meant by a word that is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST: Final = 80
"""How many characters of a word are compared: the time that it takes grows with their square."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return ``, did you mean 'x'?`` for the *known* word that is nearest to *word*; nothing if none is near."""
    import difflib  # only where a word is unknown

    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word[:_LONGEST].lower(), names, n=1)
    return f", did you mean {names[near[0]]!r}?" if near else ""
