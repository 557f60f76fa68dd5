"""Reads the header ``Retry-After``."""

from __future__ import annotations

from contextlib import suppress
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds from *now* that ``Retry-After`` asks to wait, be it seconds or a date; None without one."""
    for name, value in headers.items():
        if name.lower() == "retry-after":
            with suppress(ValueError):
                if value.strip().isdecimal():
                    seconds = float(value)
                    return seconds if isfinite(seconds) else None
                return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    return None
