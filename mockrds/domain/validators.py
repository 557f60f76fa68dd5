"""The rules that names, descriptions, tags and times must keep, in every API family."""

from __future__ import annotations

import re
from typing import Any, Final

# Fields that share their rule with nothing else are checked where they are read.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{3,63}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_MACHINE_ID: Final = re.compile(r"[0-9a-f]{32}(no|in)\d\d")
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
_DESCRIPTION: Final = re.compile(r"[^!<>='&\"\r\n\v\f\x1c-\x1e\x85\u2028\u2029]{0,256}")
_PASSWORD: Final = re.compile(r"[A-Za-z0-9~!@#%^*\-_=+?]{8,32}")
_PASSWORD_OF_V3: Final = re.compile(r"[A-Za-z0-9~!@#$%^*\-_=+?,()&]{8,32}")
_KINDS: Final = (re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]"), re.compile("[^A-Za-z0-9]"))

_WINDOW: Final = re.compile(r"([01]\d|2[0-3]):(00|15|30|45)-([01]\d|2[0-3]):(00|15|30|45)")
_PERIOD: Final = re.compile(r"[1-7](,[1-7])*")
_BACKUP_ID: Final = re.compile(r"[0-9a-f]{32}br\d\d")
_DATE: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_ZONE: Final = r"(Z|[+ -]([01]\d|2[0-3]):?[0-5]\d)"  # a plus in a URL may be a space
_MOMENT: Final = re.compile(rf"{_DATE.pattern}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d{_ZONE}")

KEEP_DAYS: Final = range(733)


def words(rule: object) -> str:
    """Return what a rule demands, in words, as far as this module knows it."""
    return _WORDS.get(rule, "as the API reference says")


def is_name(text: str) -> bool:
    """Return whether *text* may name a backup or an instance: 4 to 64 of ``A-Za-z0-9_-``, a letter first."""
    return _NAME.fullmatch(text) is not None


def is_description(text: str) -> bool:
    """Return whether *text* may describe a backup: 256 characters, no line break, none of ``!<>='&"``."""
    return _DESCRIPTION.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """Return whether *text* has the form of a UUID."""
    return _UUID.fullmatch(text) is not None


def is_machine_id(text: str) -> bool:
    """Return whether *text* has the form of the id of a node (old, a UUID, or new) or of a DB instance."""
    return _MACHINE_ID.fullmatch(text) is not None or is_uuid(text)


def is_time_of_day(text: str) -> bool:
    """Return whether *text* is a time of day, ``hh:mm:ss`` or ``hh:mm``."""
    return _TIME.fullmatch(text) is not None


def is_password(text: str) -> bool:
    """Return whether *text* may be a root password: 8 to 32 characters of three of the four kinds."""
    return _PASSWORD.fullmatch(text) is not None and _is_mixed(text)


def is_password_of_v3(text: str) -> bool:
    """Return whether *text* may be a root password in API v3, which allows ``$,()&`` besides."""
    return _PASSWORD_OF_V3.fullmatch(text) is not None and _is_mixed(text)


def _is_mixed(text: str) -> bool:
    return sum(kind.search(text) is not None for kind in _KINDS) >= 3


def is_window(text: str) -> bool:
    """Return whether *text* is an hour that begins at a quarter, such as ``08:15-09:15`` or ``23:00-00:00``."""
    match = _WINDOW.fullmatch(text)
    return match is not None and match[2] == match[4] and (int(match[1]) + 1) % 24 == int(match[3])


def is_period(text: str) -> bool:
    """Return whether *text* lists days of the week, 1 for Monday: ``1,2,7``."""
    return _PERIOD.fullmatch(text) is not None


def is_backup_id(text: str) -> bool:
    """Return whether *text* has the form of a backup id of API v3: 32 hexadecimal digits and ``br01``, or a UUID."""
    return _BACKUP_ID.fullmatch(text) is not None or is_uuid(text)


def is_date(text: str) -> bool:
    """Return whether *text* has the form of a day: ``2018-08-06``."""
    return _DATE.fullmatch(text) is not None


def is_moment(text: str) -> bool:
    """Return whether *text* has the form of a time with its zone: ``2018-08-06T10:41:14+0800``."""
    return _MOMENT.fullmatch(text) is not None


def is_pattern(text: str) -> bool:
    """Return whether *text* can be looked for: empty, a whole word, or ``*`` and a part of one."""
    return not text or text.strip("*") != ""


def pattern(rule: object) -> dict[str, Any]:
    """Return what a JSON schema says of texts that keep *rule*: one of this module, or ``fullmatch`` of a pattern."""
    if rule is bool:
        return {"minLength": 1}
    found = getattr(rule, "__self__", None)
    if not isinstance(found, re.Pattern):
        found = _PATTERNS.get(rule)
    return {"pattern": f"^{found.pattern}$"} if found is not None else {}


_WORDS: Final[dict[object, str]] = {
    bool: "given, and not be empty",
    is_name: "4 to 64 letters, digits, - and _, with a letter first",
    is_description: "at most 256 characters, with no line break and none of !<>='&\"",
    is_uuid: "a UUID",
    is_machine_id: "a node id: 32 hexadecimal digits and no01, no03 or no04",
    is_time_of_day: "a time of day, hh:mm:ss or hh:mm",
    is_window: "an hour in UTC that begins at a quarter, such as 08:15-09:15",
    is_period: "days of the week with commas between, 1 for Monday: 1,2,7",
    is_date: "a day such as 2018-08-06",
    is_moment: "a time such as 2018-08-06T10:41:14+0800",
    is_pattern: "a whole word, or * and a part of one",
    is_backup_id: "a backup id: 32 hexadecimal digits and br01, br03 or br04",
    is_password: "8 to 32 characters of three kinds: capitals, small letters, digits, ~!@#%^*-_=+?",
}

_PATTERNS: Final[dict[object, re.Pattern[str]]] = {
    is_name: _NAME,
    is_description: _DESCRIPTION,
    is_password: _PASSWORD,  # that it is mixed is more than a pattern can say
    is_password_of_v3: _PASSWORD_OF_V3,
    is_uuid: _UUID,
    is_machine_id: re.compile(f"({_MACHINE_ID.pattern}|{_UUID.pattern})"),
    is_backup_id: re.compile(f"({_BACKUP_ID.pattern}|{_UUID.pattern})"),
    is_time_of_day: _TIME,
    is_window: _WINDOW,
    is_period: _PERIOD,
    is_date: _DATE,
    is_moment: _MOMENT,
}
