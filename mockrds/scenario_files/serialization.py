"""Turns parts of scenarios back into the plain data that they can be read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from typing import Any

from mockrds.durations import WrittenAsText


def plain(value: Any) -> Any:
    """Return *value*, such as a rule, as plain data that JSON knows, without the keys that have their defaults."""
    if is_dataclass(value) and not isinstance(value, type):
        given = ((field, getattr(value, field.name)) for field in fields(value) if field.init)
        return {field.name: plain(inner) for field, inner in given if inner != _default(field)}
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, WrittenAsText):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return float(value) if isinstance(value, float) else value  # a duration is a number of seconds


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()
