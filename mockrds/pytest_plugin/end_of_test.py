"""Checks when a test has ended: faults that never fired, and requests that hang."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mockrds.domain.clock import iso
from mockrds.scenario_files.serialization import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockrds.faults.rules import ArmedRule
    from mockrds.project import Project
    from mockrds.pytest_plugin.settings import Unused

_NEAREST: Final = 3
_GRACE: Final = 0.5
"""For so many seconds, requests whose clients have left may still count as waiting."""
_NAP: Final = 0.005


def unused_faults(project: Project, which: Unused) -> list[ArmedRule]:
    """Return the faults that should have fired, or gone through their sequence, and did not."""
    if which == "off":
        return []
    return [
        fault
        for fault in project.faults.unused()
        if which == "all" or not (fault.from_scenario or fault.by_chance)
    ]  # fmt: skip


def describe_unused(project: Project, fault: ArmedRule, root: Path, source: str) -> str:
    """Return what a fault that did not do all it was armed for is, where it stands and which calls came near.

    Args:
        project: The project.
        fault: The fault.
        root: The folder that the path of its file is shown relative to.
        source: Where it stands.
    """
    rule = plain(fault.rule)
    rule.pop("name", None)
    head = f"{relative(source, root)}: {fault.name} {json.dumps(rule, default=str)}"
    return "\n    ".join((head, *_reasons(project, fault)))


def hanging(project: Project, *, wait: bool = True) -> list[str]:
    """Return a line for each request that still waits for its answer, once those whose clients have left are gone.

    Args:
        project: The project.
        wait: Whether to wait until those are gone; on the loop of the caller they can't go meanwhile.
    """
    deadline = time.monotonic() + _GRACE
    while (count := project.in_flight) and wait and time.monotonic() < deadline:
        time.sleep(_NAP)
    if not count:
        return []
    lines = [
        f"call {entry.number}, {entry.operation}, still waits for its answer since {iso(entry.arrived)}"
        + (f" (fault: {entry.fault})" if entry.fault else "")
        for entry in project.journal.entries()
        if entry.done is None
    ]
    return lines or [f"{count} request{'s'[: count > 1]} still wait{'s'[: count == 1]}"]


def _reasons(project: Project, fault: ArmedRule) -> Iterator[str]:
    """Yield why a fault did not do all it was armed for."""
    names = plain(fault.rule.operation)
    operation = " or ".join(names) if isinstance(names, list) else names
    entries = project.journal.entries()
    if fault.fired or fault.consumed:
        yield f"it {fault.shortfall}"
        return
    misses = [
        f"call {entry.number}, {entry.operation}: {row['why']}"
        for entry in entries
        for row in entry.as_json()["decision"]
        if (row["id"], row["name"], row["source"]) == (fault.id, fault.name, fault.source)
    ]
    if not misses:
        counts = ", ".join(f"{name} x {n}" for name, n in sorted(Counter(e.operation for e in entries).items()))
        call = "no call" if operation == "*" else f"no call of {operation}"
        yield f"{call} came while it was armed; the journal has: {counts or 'nothing'}"
        return
    calls = "1 call" if len(misses) == 1 else f"{len(misses)} calls"
    matched = f"{fault.calls} matched it, and it changed none" if fault.calls else "none matched it"
    yield f"of {calls} of {operation}, {matched}"
    yield from misses[:_NEAREST]
    if len(misses) > _NEAREST:
        yield f"... and {len(misses) - _NEAREST} more"


def relative(place: str | Path, root: Path) -> str:
    """Return a file, or ``FILE:LINE``, relative to *root*, where it is below it."""
    path = Path(place)
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(place)
