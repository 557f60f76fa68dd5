"""The calls of a project as lines of text, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LAST: Final = 50
"""How many calls are shown if nothing else is said."""
_ENDS: Final = {
    "RST": "connection reset",
    "FIN": "connection closed",
    "aborted": "the client left",
}
_INDENT: Final = " " * 15
_SHORT: Final = 0.0005  # what is shorter is not worth a word


def timeline(entries: Sequence[Mapping[str, Any]], *, last: int = LAST) -> str:
    """Return a line for each call: when it came, what was asked and what became of it.

    The time counts from the first entry, in seconds as the client's clock would have seen them. ``after`` is how long
    the client waited since its last attempt at the same thing ended.

    Args:
        entries: Entries of a journal as JSON (``Entry.as_json()``), oldest first.
        last: How many lines at most; the newest are shown.
    """
    if not entries:
        return "(no calls)"
    start = entries[0]["began"]
    newest = entries[max(0, len(entries) - last) :]
    width = max(len(_request(entry)) for entry in newest)
    waits = _waits(entries)
    lines = []
    if len(newest) < len(entries):
        lines.append(f"(the last {len(newest)} of {len(entries)} calls that are kept)")
    for entry in newest:
        when = f"{entry['number']:>4} {entry['began'] - start:>8.3f}s"
        lines.append(f"{when}  {_request(entry):<{width}}  -> {', '.join(_details(entry, waits))}")
        if entry["hint"]:
            lines.append(f"{_INDENT} hint: {entry['hint']}")
    return "\n".join(lines)


def outcome(entry: Mapping[str, Any]) -> str:
    """Return what became of a call: ``409 RDS.0011``, ``200, then the connection was reset``."""
    end = _ENDS.get(entry["ended"], entry["ended"])
    if entry["status"] is None:
        if not end:
            return "under way"
        return end if entry["ended"] == "aborted" else f"{end} without an answer"
    status = f"{entry['status']} {entry['error'] or ''}".rstrip()
    if entry["ended"] in ("RST", "aborted"):
        return f"{status}, then {end}"
    return f"{status}, damaged" if entry["damaged"] else status


def _details(entry: Mapping[str, Any], waits: Mapping[int, float]) -> list[str]:
    details = [outcome(entry)]
    took = 0.0 if entry["done"] is None else entry["done"] - entry["began"]
    if took >= _SHORT:
        details.append(f"took {took:.3f}s")
    wait = waits.get(entry["number"])
    if wait is not None:
        details.append(f"after {wait:.3f}s")
    if entry["retry_after"] is not None:
        details.append(f"Retry-After: {entry['retry_after']:g}")
    if entry["fault"]:
        details.append(f"fault: {entry['fault']}")
    if entry["connection"]:
        details.append("same connection" if entry["reused"] else "new connection")
    return details


def _waits(entries: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    """Return by number the seconds between each call and the end of the last one that asked for the same thing."""
    ended: dict[tuple[str, str], float] = {}
    waits = {}
    for entry in entries:
        request = (entry["operation"], entry["path"].partition("?")[0])
        if request in ended:
            waits[entry["number"]] = max(0.0, entry["began"] - ended[request])
        ended[request] = entry["began"] if entry["done"] is None else entry["done"]
    return waits


def _request(entry: Mapping[str, Any]) -> str:
    operation: str = entry["operation"]
    return operation if operation != "unknown" else f"{entry['method']} {entry['path']}"
