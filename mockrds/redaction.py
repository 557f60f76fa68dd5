"""Redaction: passwords, keys and tokens are replaced wherever requests and answers are shown."""

from __future__ import annotations

import re
from typing import Final

REDACTED: Final = "***"
_KEY: Final = (
    r"[\w.-]*(?:pass(?:word|wd)?|pwd|rtpd|secret(?:[_-]?key)?|(?:access|api|auth)[_-]?key|token|signature|credential)"
)
_JSON: Final = re.compile(rf'("{_KEY}"\s*:\s*)(?!null\b)("(?:[^"\\]|\\.)*"?|[^\s,\]}}\["{{][^\s,\]}}]*)', re.IGNORECASE)
_FORM: Final = re.compile(rf'((?:^|[?&;]){_KEY}=)[^&;\s"]+', re.IGNORECASE)
_HEADER: Final = re.compile(rf"(?:set-)?cookie|[\w-]*authorization|{_KEY}", re.IGNORECASE)


def redact(text: str) -> str:
    """Return *text* with the values of secrets replaced: JSON, whole or broken, a form, or a path with its query."""
    return _FORM.sub(rf"\1{REDACTED}", _JSON.sub(rf'\1"{REDACTED}"', text))


def is_secret(header: str) -> bool:
    """Return whether the value of a header is a secret."""
    return _HEADER.fullmatch(header) is not None
