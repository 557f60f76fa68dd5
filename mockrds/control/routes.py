"""Everything that the control API can be asked, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockrds.api.call import Answer
from mockrds.control import bodies, clock, faults, journal, project, records, report, server
from mockrds.control.fields import Ref
from mockrds.control.route import Route

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest

_PROJECT: Final = "projects/{project}"
_DOCUMENT: Final = Ref("Document")


def get_openapi(request: ControlRequest) -> Answer:  # noqa: ARG001
    """Describe the control API."""
    from mockrds.control.openapi import document

    return Answer(document(ROUTES))


ROUTES: Final = (
    Route("GET", "live", server.get_live, records.Status, "Whether the process is alive", open=True),
    Route("GET", "ready", server.get_ready, records.Status, "Whether it serves", open=True),
    Route("GET", "version", server.get_version, records.Version, "Which mockrds this is", open=True),
    Route("GET", "openapi.json", get_openapi, _DOCUMENT, "This document", open=True),
    Route("GET", "openapi/{family}.json", server.get_document, _DOCUMENT,
          "The OpenAPI document of an API family", open=True),
    Route("GET", "projects", server.get_projects, records.Projects, "All projects"),
    Route("POST", "projects", server.post_project, records.Project,
          "Make a project (201), or find it (200)", bodies.NewProject, status=(200, 201), conflicts=True),
    Route("GET", "report.{format}", report.get_report_of_all, records.Records,
          "How the clients of all projects that were asked anything behaved", also=report.TYPES),
    Route("GET", _PROJECT, project.get_project, records.Project, "The project, without what is in it"),
    Route("DELETE", _PROJECT, project.delete_project, records.Forgotten, "Remove a project", conflicts=True),
    Route("GET", f"{_PROJECT}/state", project.get_state, records.State, "What there is"),
    Route("PUT", f"{_PROJECT}/state", project.put_state, records.State,
          "Replace the world by one with these things; clock, journal and faults stay", Ref("WorldTemplate")),
    Route("GET", f"{_PROJECT}/scenario", project.get_scenario, records.InForce, "The scenario in force"),
    Route("PUT", f"{_PROJECT}/scenario", project.put_scenario, records.InForce,
          "Start again with this scenario, and the first seed and clock unless it has its own", Ref("Scenario")),
    Route("DELETE", f"{_PROJECT}/scenario", project.delete_scenario, records.InForce,
          "Start again with the server's scenario, seed and clock"),
    Route("POST", f"{_PROJECT}/finish", project.post_finish, records.Nothing,
          "Bring to its end what a backup or an instance is doing", bodies.Finish),
    Route("POST", f"{_PROJECT}/set-status", project.post_set_status, records.Nothing,
          "Put an instance into a status", bodies.SetStatus),
    Route("POST", f"{_PROJECT}/reset", project.post_reset, records.Nothing,
          "Start again: the scenario's world, clock and faults, an empty journal"),
    Route("GET", f"{_PROJECT}/clock", clock.get_clock, records.Clock, "The clock that life cycles read"),
    Route("PUT", f"{_PROJECT}/clock", clock.put_clock, records.Clock, "Set the clock", bodies.NewClock),
    Route("POST", f"{_PROJECT}/clock/advance", clock.post_advance, records.Clock,
          "Move the clock forward", bodies.Advance),
    Route("GET", f"{_PROJECT}/faults", faults.get_faults, records.Faults, "The faults in force, in order"),
    Route("POST", f"{_PROJECT}/faults", faults.post_fault, records.ArmedRule,
          "Arm a fault, after those in force", Ref("Rule"), bodies.ArmedAt, status=(201,)),
    Route("DELETE", f"{_PROJECT}/faults", faults.delete_faults, records.Nothing, "Disarm all faults"),
    Route("GET", f"{_PROJECT}/faults/{{fault}}", faults.get_fault, records.ArmedRule, "One fault in force"),
    Route("DELETE", f"{_PROJECT}/faults/{{fault}}", faults.delete_fault, records.Nothing, "Disarm one fault"),
    Route("GET", f"{_PROJECT}/journal", journal.get_journal, records.Journal,
          "What was asked and answered: the last thousand requests", query=bodies.JournalFilter),
    Route("DELETE", f"{_PROJECT}/journal", journal.delete_journal, records.Nothing, "Forget all requests"),
    Route("POST", f"{_PROJECT}/journal/verify", journal.post_verify, records.Verification,
          "Check that operations were called so often, or in this order", bodies.Question),
    Route("GET", f"{_PROJECT}/summary", report.get_summary, records.Summary, "What happened, in numbers"),
    Route("GET", f"{_PROJECT}/report.{{format}}", report.get_report_of_project, records.Records,
          "How the client of the project behaved", also=report.TYPES),
)  # fmt: skip
