"""Everything that the control API can be asked, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mockrds.control import clock, faults, journal, project as world, report, server
from mockrds.control.schemas import COUNT, TEXT, about, ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mockrds.api.call import Answer
    from mockrds.control.request import ControlRequest
    from mockrds.control.schemas import Schema

TOKEN_HEADER: Final = "X-Mockrds-Token"  # noqa: S105  (a name, no secret)


class Route(NamedTuple):
    """One thing that can be asked."""

    method: str
    path: str
    """Below ``/__mockrds/``; variable parts are in braces."""
    handler: Callable[[ControlRequest], Answer]
    answer: str
    """The name of the schema of the answer."""
    summary: str
    body: str | None = None
    """The name of the schema of the body; None if none is read."""
    query: Mapping[str, Schema] = {}
    """The query parameters, by name."""
    status: tuple[int, ...] = (200,)
    """The statuses of good answers."""
    conflicts: bool = False
    """Whether it may be refused with 409, because of what there is already."""
    open: bool = False
    """Whether it is answered without the control token."""
    also: tuple[str, ...] = ()
    """The content types that a good answer may have beside JSON."""


_FILTERS: Final[dict[str, Schema]] = {
    "operation": about(TEXT, "Only those of this operation, with or without its family."),
    "status": about(COUNT, "Only those that were answered with this HTTP status."),
    "since": about(COUNT, "Only those after the entry with this number."),
    "match": about(ref("Match"), "Only those that a fault with this match, given as JSON, would be about."),
    "limit": about(COUNT, "At most so many, the newest."),
}

_ARMED_AT: Final[dict[str, Schema]] = {
    "source": about(TEXT, 'Where it is armed, such as FILE:LINE, for whoever asks later; absent: "the control API".'),
}

_PROJECT: Final = "projects/{project}"

ROUTES: Final = (
    Route("GET", "live", server.get_live, "Status", "Whether the process is alive", open=True),
    Route("GET", "ready", server.get_ready, "Status", "Whether it serves", open=True),
    Route("GET", "version", server.get_version, "Version", "Which mockrds this is", open=True),
    Route("GET", "openapi.json", server.get_openapi, "Document", "This document", open=True),
    Route("GET", "openapi/{family}.json", server.get_document, "Document",
          "The OpenAPI document of an API family", open=True),
    Route("GET", "projects", server.get_projects, "Projects", "All projects"),
    Route("POST", "projects", server.post_project, "Project",
          "Make a project (201), or find it (200)", "NewProject", status=(200, 201), conflicts=True),
    Route("GET", "report.{format}", report.get_report_of_all, "Records",
          "How the clients of all projects that were asked anything behaved", also=report.TYPES),
    Route("GET", _PROJECT, world.get_project, "Project", "The project, without what is in it"),
    Route("DELETE", _PROJECT, server.delete_project, "Forgotten", "Remove a project", conflicts=True),
    Route("GET", f"{_PROJECT}/state", world.get_state, "State", "What there is"),
    Route("PUT", f"{_PROJECT}/state", world.put_state, "State",
          "Begin the world anew with these things; clock, journal and faults stay", "WorldTemplate"),
    Route("GET", f"{_PROJECT}/scenario", world.get_scenario, "InForce", "The scenario in force"),
    Route("PUT", f"{_PROJECT}/scenario", world.put_scenario, "InForce",
          "Begin anew with this scenario; seed and clock as at first, unless it has them", "Scenario"),
    Route("DELETE", f"{_PROJECT}/scenario", world.delete_scenario, "InForce",
          "Begin anew with the server's scenario, seed and clock"),
    Route("POST", f"{_PROJECT}/finish", world.post_finish, "Nothing",
          "End what a backup or an instance is doing", "Finish"),
    Route("POST", f"{_PROJECT}/set-status", world.post_set_status, "Nothing",
          "Put an instance into a status", "SetStatus"),
    Route("POST", f"{_PROJECT}/reset", world.post_reset, "Nothing",
          "Begin anew: the scenario's world, clock and faults, an empty journal"),
    Route("GET", f"{_PROJECT}/clock", clock.get_clock, "Clock", "The clock that life cycles read"),
    Route("PUT", f"{_PROJECT}/clock", clock.put_clock, "Clock", "Start the clock anew", "NewClock"),
    Route("POST", f"{_PROJECT}/clock/advance", clock.post_advance, "Clock", "Move the clock forward", "Advance"),
    Route("GET", f"{_PROJECT}/faults", faults.get_faults, "Faults", "The faults in force, in order"),
    Route("POST", f"{_PROJECT}/faults", faults.post_fault, "ArmedRule",
          "Arm a fault, after those in force", "Rule", query=_ARMED_AT, status=(201,)),
    Route("DELETE", f"{_PROJECT}/faults", faults.delete_faults, "Nothing", "Disarm all faults"),
    Route("GET", f"{_PROJECT}/faults/{{fault}}", faults.get_fault, "ArmedRule", "One fault in force"),
    Route("DELETE", f"{_PROJECT}/faults/{{fault}}", faults.delete_fault, "Nothing", "Disarm one fault"),
    Route("GET", f"{_PROJECT}/journal", journal.get_journal, "Journal",
          "What was asked and answered: the last thousand requests", query=_FILTERS),
    Route("DELETE", f"{_PROJECT}/journal", journal.delete_journal, "Nothing", "Forget all requests"),
    Route("POST", f"{_PROJECT}/journal/verify", journal.post_verify, "Verdict",
          "Ask whether operations were called so often, or in this order", "Question"),
    Route("GET", f"{_PROJECT}/report", journal.get_report, "Report", "What happened, in numbers"),
    Route("GET", f"{_PROJECT}/report.{{format}}", report.get_report_of_project, "Records",
          "How the client of the project behaved", also=report.TYPES),
)  # fmt: skip
