"""What all commands share: mistakes of the user are told in one line."""

from __future__ import annotations

import argparse
import re
from typing import Final, NoReturn

DEFAULT_PORT: Final = 8080


class UsageError(Exception):
    """Something the user can mend; the message is all that is printed."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            UsageError: Always.
        """
        raise UsageError(f"{message} (see {self.prog} --help)")


def reason(error: OSError) -> str:
    """Write why the system refused something, as the end of a sentence."""
    text = (error.strerror or "it is refused").split(":")[-1].strip()
    text = re.sub(r"^\[errno \d+\] ", "", text)  # asyncio puts it there, from Python 3.12 on
    return text[:1].lower() + text[1:]
