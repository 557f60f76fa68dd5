"""The calls of a project as lines of text, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LAST: Final = 50
_ENDS: Final = {
    "RST": "connection reset",
    "FIN": "connection closed",
    "aborted": "the client left",
}
_INDENT: Final = " " * 15
_SHORT: Final = 0.0005  # what is shorter is not worth a word


def timeline(entries: Sequence[Mapping[str, Any]], *, last: int = LAST) -> str:
    """Write a line for each call: when it came, what was asked and what became of it.

    The time counts from the first entry, in seconds as the client's clock would have seen them. ``after`` is how long
    the client waited since its last attempt at the same thing ended.

    Args:
        entries: Entries of a journal as JSON (``Entry.as_json()``), oldest first.
        last: How many lines at most; the newest are shown.
    """
    if not entries:
        return "(no calls)"
    start = entries[0]["began"]
    shown = entries[max(0, len(entries) - last) :]
    width = max(len(_asked(entry)) for entry in shown)
    waits = _waits(entries)
    lines = []
    if len(shown) < len(entries):
        lines.append(f"(the last {len(shown)} of {len(entries)} calls that are kept)")
    for entry in shown:
        told = [entry["number"], entry["began"] - start, _asked(entry), ", ".join(_told(entry, waits))]
        lines.append("{:>4} {:>8.3f}s  {:<{width}}  -> {}".format(*told, width=width))
        if entry["hint"]:
            lines.append(f"{_INDENT} hint: {entry['hint']}")
    return "\n".join(lines)


def outcome(entry: Mapping[str, Any]) -> str:
    """Tell what became of a call: ``409 RDS.0011``, ``200, then the connection was reset``."""
    end = _ENDS.get(entry["ended"], entry["ended"])
    if entry["status"] is None:
        return (f"{end} without an answer" if entry["ended"] != "aborted" else end) if end else "under way"
    status = f"{entry['status']} {entry['error'] or ''}".rstrip()
    if entry["ended"] in ("RST", "aborted"):
        return f"{status}, then {end}"
    return f"{status}, damaged" if entry["damaged"] else status


def _told(entry: Mapping[str, Any], waits: Mapping[int, float]) -> list[str]:
    told = [outcome(entry)]
    took = 0.0 if entry["done"] is None else entry["done"] - entry["began"]
    if took >= _SHORT:
        told.append(f"took {took:.3f}s")
    wait = waits.get(entry["number"])
    if wait is not None:
        told.append(f"after {wait:.3f}s")
    if entry["retry_after"] is not None:
        told.append(f"Retry-After: {entry['retry_after']:g}")
    if entry["fault"]:
        told.append(f"fault: {entry['fault']}")
    if entry["connection"]:
        told.append("same connection" if entry["reused"] else "new connection")
    return told


def _waits(entries: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    """Give by number the time between each call and the end of the last one that asked for the same thing."""
    ended: dict[tuple[str, str], float] = {}
    waits = {}
    for entry in entries:
        thing = (entry["operation"], entry["path"].partition("?")[0])
        if thing in ended:
            waits[entry["number"]] = max(0.0, entry["began"] - ended[thing])
        ended[thing] = entry["began"] if entry["done"] is None else entry["done"]
    return waits


def _asked(entry: Mapping[str, Any]) -> str:
    operation: str = entry["operation"]
    return operation if operation != "unknown" else f"{entry['method']} {entry['path']}"
