"""What happened in one project, as plain JSON: what all reports are made of."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, Final, Protocol

from mockrds.domain.clock import iso
from mockrds.report.coverage import met

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mockrds.domain.clock import Clock
    from mockrds.domain.models import Backup
    from mockrds.faults.rules import ArmedRule
    from mockrds.journal import Entry, Journal
    from mockrds.verdict import Verdict

    class _Scenario(Protocol):
        @property
        def name(self) -> str: ...

    class _World(Protocol):
        @property
        def backups(self) -> tuple[Backup, ...]: ...

    class _Faults(Protocol):
        @property
        def armed(self) -> tuple[ArmedRule, ...]: ...


NO_TEST: Final[dict[str, Any]] = {"test": "", "outcome": "", "message": "", "duration": None}
"""What a record says of its test where there is none: its id, what became of it (passed, failed, error or skipped), why
it failed, and the seconds that it took."""
_SHOWN: Final = 1024
"""How many characters of a body are kept."""
_LEFT_OUT: Final = ("headers", "decision")


class Recordable(Protocol):
    """A project, here or on a server elsewhere."""

    def recorded(self) -> dict[str, Any]:
        """Tell what happened in it."""
        ...


class Kept(Protocol):
    """A project as the server keeps it."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def scenario(self) -> _Scenario: ...  # noqa: D102
    @property
    def seed(self) -> int: ...  # noqa: D102
    @property
    def replay(self) -> str: ...  # noqa: D102
    @property
    def clock(self) -> Clock: ...  # noqa: D102
    @property
    def journal(self) -> Journal: ...  # noqa: D102
    @property
    def world(self) -> _World: ...  # noqa: D102
    @property
    def faults(self) -> _Faults: ...  # noqa: D102
    @property
    def verdict(self) -> Verdict: ...  # noqa: D102
    @property
    def in_flight(self) -> Collection[object]: ...  # noqa: D102
    @property
    def errors(self) -> Sequence[BaseException]: ...  # noqa: D102


def record(project: Recordable) -> dict[str, Any]:
    """Tell what happened in a project, before it is forgotten; whoever knows of its test lays that over it."""
    return NO_TEST | project.recorded()


def recorded(kept: Kept) -> dict[str, Any]:
    """Tell what happened in a project of this process, with the verdict on its client."""
    verdict, setting = kept.verdict, kept.clock.setting
    return {
        "project": {"id": kept.id, "name": kept.name},
        "scenario": kept.scenario.name,
        "seed": kept.seed,
        "replay": kept.replay,
        "clock": {"mode": setting.mode, "by": setting.by, "now": iso(verdict.now)},
        "total": kept.journal.total,
        "entries": [_shown(entry) for entry in verdict.entries],
        "backups": [
            {
                "id": backup.id,
                "name": backup.name,
                "status": backup.status_at(verdict.now),
                "type": backup.type,
                "instance_id": backup.instance.id,
            }
            for backup in kept.world.backups
        ],
        "faults": [_fault(armed) for armed in kept.faults.armed],
        "in_flight": len(kept.in_flight),
        "verdict": verdict.as_json(),
        "met": met(verdict.entries),
        "internal_errors": ["".join(traceback.format_exception(error)) for error in tuple(kept.errors)],
    }


def _shown(entry: Entry) -> dict[str, Any]:
    row = {key: value for key, value in entry.as_json().items() if key not in _LEFT_OUT}
    return row | {key: _cut(row[key]) for key in ("body", "response")}


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _fault(armed: ArmedRule) -> dict[str, Any]:
    return {
        "name": armed.name,
        "source": armed.source,
        "calls": armed.calls,
        "fired": armed.fired,
        "completed": armed.completed,
        "by_chance": armed.by_chance,
        "from_scenario": armed.from_scenario,
    }
