"""Writing files so that nobody ever finds half of one."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Put *text* into a file, in the place of what it has.

    Raises:
        OSError: It can't be written; what was there stays.
    """
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        with draft.open("x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
