"""What happened in one project, as plain JSON: what all reports are made of."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, Final

from mockrds.domain.clock import iso
from mockrds.report.coverage import met
from mockrds.verdict import Verdict

if TYPE_CHECKING:
    from mockrds.faults.rules import ArmedRule
    from mockrds.journal import Entry
    from mockrds.project_state import ProjectState


NO_TEST: Final[dict[str, Any]] = {"test": "", "outcome": "", "message": "", "duration": None}
"""What a record says of its test where there is none: its id, what became of it (passed, failed, error or skipped), why
it failed, and the seconds that it took."""
_KEPT: Final = 1024
"""How many characters of a body are kept."""
_LEFT_OUT: Final = ("headers", "decision")


def record(project: ProjectState) -> dict[str, Any]:
    """Return what happened in a project, before it is forgotten; whoever knows of its test lays that over it."""
    verdict, setting = Verdict.of(project), project.clock.setting
    return NO_TEST | {
        "project": {"id": project.id, "name": project.name},
        "scenario": project.scenario.name,
        "seed": project.seed,
        "replay": project.replay,
        "clock": {"mode": setting.mode, "by": setting.by, "now": iso(verdict.now)},
        "total": project.journal.total,
        "entries": [_entry(entry) for entry in verdict.entries],
        "backups": [
            {
                "id": backup.id,
                "name": backup.name,
                "status": backup.status_at(verdict.now),
                "type": backup.type,
                "instance_id": backup.instance.id,
            }
            for backup in project.world.backups
        ],
        "faults": [_fault(armed) for armed in project.faults.armed],
        "in_flight": len(project.in_flight),
        "verdict": verdict.as_json(),
        "met": met(verdict.entries),
        "internal_errors": ["".join(traceback.format_exception(error)) for error in tuple(project.errors)],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    row = {key: value for key, value in entry.as_json().items() if key not in _LEFT_OUT}
    return row | {key: _cut(row[key]) for key in ("body", "response")}


def _cut(text: str) -> str:
    return text if len(text) <= _KEPT else f"{text[:_KEPT]}…"


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
