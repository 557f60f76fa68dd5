"""The rules that names, descriptions, tags and times must keep, in every API family."""

from __future__ import annotations

import re
from typing import Final

# Fields that share their rule with nothing else are checked where they are read.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{3,63}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_MACHINE_ID: Final = re.compile(r"[0-9a-f]{32}(no|in)\d\d")
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
_FORBIDDEN_IN_DESCRIPTION: Final = re.compile(r"[!<>='&\"\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_FORBIDDEN_IN_TAG: Final = re.compile(r"[\x00-\x1f*<>\\=]")
_DESCRIPTION_LENGTH: Final = 256
_PASSWORD: Final = re.compile(r"[A-Za-z0-9~!@#%^*\-_=+?]{8,32}")

KEEP_DAYS: Final = range(733)


def words(rule: object) -> str:
    """Say what a rule asks for, as far as this module knows it."""
    return _WORDS.get(rule, "as the API reference says")


def is_name(text: str) -> bool:
    """Tell whether *text* may name a backup or an instance: 4 to 64 of ``A-Za-z0-9_-``, a letter first."""
    return _NAME.fullmatch(text) is not None


def is_description(text: str) -> bool:
    """Tell whether *text* may describe a backup: 256 characters, no line break, none of ``!<>='&"``."""
    return len(text) <= _DESCRIPTION_LENGTH and _FORBIDDEN_IN_DESCRIPTION.search(text) is None


def is_uuid(text: str) -> bool:
    """Tell whether *text* has the form of a UUID."""
    return _UUID.fullmatch(text) is not None


def is_machine_id(text: str) -> bool:
    """Tell whether *text* has the form of the id of a node (old, a UUID, or new) or of a DB instance."""
    return _MACHINE_ID.fullmatch(text) is not None or is_uuid(text)


def is_time_of_day(text: str) -> bool:
    """Tell whether *text* is a time of day, ``hh:mm:ss`` or ``hh:mm``."""
    return _TIME.fullmatch(text) is not None


def is_tag(text: str, *, shortest: int, longest: int) -> bool:
    r"""Tell whether *text* may be a tag's key or value: no control characters, none of ``*<>\=``."""
    return shortest <= len(text) <= longest and _FORBIDDEN_IN_TAG.search(text) is None


def is_password(text: str) -> bool:
    """Tell whether *text* may be a root password: 8 to 32 characters of three of the four kinds."""
    kinds = (r"[A-Z]", r"[a-z]", r"[0-9]", r"[~!@#%^*\-_=+?]")
    return _PASSWORD.fullmatch(text) is not None and sum(bool(re.search(kind, text)) for kind in kinds) >= 3


_WORDS: Final[dict[object, str]] = {
    bool: "given, and not be empty",
    is_name: "4 to 64 letters, digits, - and _, with a letter first",
    is_description: "at most 256 characters, with no line break and none of !<>='&\"",
    is_uuid: "a UUID",
    is_machine_id: "a node id: 32 hexadecimal digits and no01, no03 or no04",
    is_time_of_day: "a time of day, hh:mm:ss or hh:mm",
    is_password: "8 to 32 characters of three kinds: capitals, small letters, digits, ~!@#%^*-_=+?",
}
