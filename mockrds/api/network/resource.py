"""How the network service answers: with rows, filtered and paged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.api.call import Answer
from mockrds.domain.errors import NetworkError, RDSError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mockrds.api.call import Call

    Row = dict[str, Any]


def _fitting(call: Call, rows: Iterable[Row]) -> list[Row]:
    """Choose the rows that the query parameters ask for, from the one after *marker* on."""
    query = call.query
    filters = query.items()
    fitting = [row for row in rows if all(_fits(row[key], value) for key, value in filters if key in row)]
    marker, limit = query.get("marker"), query.get("limit", "")
    if marker:
        ids = [row["id"] for row in fitting]
        fitting = fitting[ids.index(marker) + 1 :] if marker in ids else []
    return fitting[: int(limit)] if limit.isdecimal() else fitting


def _fits(value: object, wanted: str) -> bool:
    """Return whether a field is as *wanted*; lists and numbers are not filtered by, so any of them will do."""
    if isinstance(value, bool):
        return wanted.lower() == str(value).lower()
    return value == wanted if value is None or isinstance(value, str) else True


def one(call: Call, rows: Iterable[Row]) -> Row:
    """Find the row that the path names.

    Raises:
        NetworkError: There is none.
    """
    wanted = call.parameters["id"]
    for row in rows:
        if row["id"] == wanted:
            return row
    raise NetworkError(404, f"{wanted} could not be found")


def list_of(key: str, rows: Callable[[Call], list[Row]]) -> Callable[[Call], Answer]:
    """Make the function that lists the *rows* that were asked for."""
    return lambda call: Answer({key: _fitting(call, rows(call))})


def get_of(key: str, rows: Callable[[Call], list[Row]]) -> Callable[[Call], Answer]:
    """Make the function that answers with the one of the *rows* that the path names."""
    return lambda call: Answer({key: one(call, rows(call))})


def fields_of(call: Call, key: str) -> Row:
    """Return the object called *key* in the body.

    Raises:
        NetworkError: There is none.
    """
    try:
        value = call.document.get(key)
    except RDSError:
        value = None
    if not isinstance(value, dict):
        raise NetworkError(400, f"{key} is missing")
    return value
