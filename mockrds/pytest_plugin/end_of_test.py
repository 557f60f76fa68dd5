"""What is looked at when a test has ended: faults that never fired, and requests that hang."""

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

    from mockrds.client import RemoteProject
    from mockrds.client.faults import RemoteFault
    from mockrds.faults.rules import ArmedRule
    from mockrds.pytest_plugin.options import Unused
    from mockrds.server import Project

    AnyProject = Project | RemoteProject
    AnyFault = ArmedRule | RemoteFault

_NEAREST: Final = 3
_PATIENCE: Final = 0.5
"""For so many seconds, requests whose clients have left may look as if they waited."""
_NAP: Final = 0.005


def unused(project: AnyProject, which: Unused) -> list[AnyFault]:
    """Give the faults that should have fired, or gone through their sequence, and did not."""
    if which == "off":
        return []
    return [
        fault
        for fault in project.faults.unused()
        if which == "all" or not (fault.from_scenario or fault.by_chance)
    ]  # fmt: skip


def told(project: AnyProject, fault: AnyFault, root: Path, source: str) -> str:
    """Tell of a fault that did not do all it was armed for: where it stands, what it is and what came close.

    Args:
        project: The project.
        fault: The fault.
        root: What its file is told relative to.
        source: Where it stands.
    """
    rule = plain(fault.rule)
    rule.pop("name", None)
    head = f"{relative(source, root)}: {fault.name} {json.dumps(rule, default=str)}"
    return "\n    ".join((head, *_why(project, fault)))


def waiting(project: AnyProject, *, patient: bool = True) -> list[str]:
    """Tell which requests still wait for their answer, once those whose clients have left are gone.

    Args:
        project: The project.
        patient: Whether those get the time to go; for a server on the loop of the caller there is none.
    """
    deadline = time.monotonic() + _PATIENCE
    while (count := project.in_flight) and patient and time.monotonic() < deadline:
        time.sleep(_NAP)
    if not count:
        return []
    hanging = [entry for entry in project.journal.entries() if entry.done is None]
    found = [
        f"call {entry.number}, {entry.operation}, still waits for its answer since {iso(entry.arrived)}"
        + (f" (fault: {entry.fault})" if entry.fault else "")
        for entry in hanging
    ]
    return found or [f"{count} request{'s'[: count > 1]} still wait{'s'[: count == 1]}"]


def _why(project: AnyProject, fault: AnyFault) -> Iterator[str]:
    names = plain(fault.rule.operation)
    operation = " or ".join(names) if isinstance(names, list) else names
    entries = project.journal.entries()
    if fault.fired or fault.consumed:
        yield f"{fault.consumed} of the {len(fault.rule.sequence or ())} steps of its sequence were taken"
        return
    near = [
        f"call {entry.number}, {entry.operation}: {row['why']}"
        for entry in entries
        for row in entry.as_json()["decision"]
        if (row["id"], row["name"], row["source"]) == (fault.id, fault.name, fault.source)
    ]
    if not near:
        seen = ", ".join(f"{name} x {n}" for name, n in sorted(Counter(e.operation for e in entries).items()))
        what = "no call" if operation == "*" else f"no call of {operation}"
        yield f"{what} came while it was armed; the journal has: {seen or 'nothing'}"
        return
    yield f"of {_calls(len(near))} of {operation}, it was about {fault.calls} and changed none"
    yield from near[:_NEAREST]
    if len(near) > _NEAREST:
        yield f"... and {len(near) - _NEAREST} more"


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"


def relative(place: str | Path, root: Path) -> str:
    """Write a file, or ``FILE:LINE``, relative to *root*, where it is below it."""
    path = Path(place)
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(place)
