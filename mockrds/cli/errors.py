"""Mistakes of the user, which all commands report in one line."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn


class UsageError(Exception):
    """Something that the user can mend; its message is all that is printed."""


class Parser(argparse.ArgumentParser):
    """Reports what is wrong with the arguments in one line."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            UsageError: Always.
        """
        raise UsageError(f"{message} (see {self.prog} --help)")


def reason(error: OSError) -> str:
    """Return why the system refused something, as the end of a sentence."""
    text = (error.strerror or "it is refused").split(":")[-1].strip()
    text = re.sub(r"^\[errno \d+\] ", "", text)  # asyncio puts it there, from Python 3.12 on
    return text[:1].lower() + text[1:]
