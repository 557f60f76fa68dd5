"""What is asked about the requests of a project."""

from __future__ import annotations

import traceback
from collections import Counter
from typing import TYPE_CHECKING, Any

from mockrds.api.call import Answer
from mockrds.control.faults import armed_json
from mockrds.control.request import ControlError

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest
    from mockrds.faults.matching import Match


def get_journal(request: ControlRequest) -> Answer:
    """Give the requests that fit the filters."""
    query, journal = request.query, request.project.journal
    try:
        entries = journal.entries(query.get("operation"), match=_match(query))
    except ValueError as error:
        raise ControlError(400, f"operation: {error}") from None
    status, since = query.get("status"), query.get("since", 0)
    fitting = [entry for entry in entries if entry.number > since and status in (None, entry.status)]
    newest = fitting[max(0, len(fitting) - query.get("limit", len(fitting))) :]
    return Answer({"total": journal.total, "count": len(fitting), "entries": [entry.as_json() for entry in newest]})


def delete_journal(request: ControlRequest) -> Answer:
    """Forget all requests."""
    request.project.journal.clear()
    return Answer({})


def post_verify(request: ControlRequest) -> Answer:
    """Tell whether operations were called so often, or in this order."""
    body, journal = dict(request.body), request.project.journal
    if ("operation" in body) == ("order" in body):
        raise ControlError(400, "operation: give this or 'order', and only one of them")
    if "order" in body and len(body) > 1:
        others = ", ".join(repr(key) for key in body if key != "order")
        raise ControlError(400, f"order: it stands alone: leave out {others}")
    match = _match(body)
    count, near, message = 0, [], ""
    try:
        if "order" in body:
            count = journal.reached(*body["order"])
            journal.assert_order(*body["order"])
        else:
            count = journal.count(body["operation"], match=match)
            if match is not None:
                near = journal.near_misses(body["operation"], match)
            journal.assert_called(**body | {"match": match})
    except AssertionError as error:
        message = str(error)
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    return Answer({
        "verified": not message,
        "count": count,
        "message": message,
        "near_misses": [{"number": entry.number, "mismatches": whys} for entry, whys in near],
    })  # fmt: skip


def get_report(request: ControlRequest) -> Answer:
    """Tell in numbers what happened."""
    project = request.project
    now = project.clock.now()
    calls: dict[str, dict[str, Any]] = {}
    for entry in project.journal:
        if entry.operation not in calls:
            calls[entry.operation] = {"total": project.journal.count(entry.operation), "outcomes": Counter()}
        calls[entry.operation]["outcomes"][str(entry.status or entry.ended or "under way")] += 1
    faults = project.faults
    return Answer({
        "replay": project.replay,
        "total": project.journal.total,
        "calls": calls,
        "errors": Counter(entry.error for entry in project.journal if entry.error is not None),
        "faults": {
            "fired": [armed_json(armed) for armed in faults.armed if armed.fired],
            "unused": [armed_json(armed) for armed in faults.unused()],
        },
        "backups": Counter(backup.status_at(now) for backup in project.world.backups),
        "in_flight": len(project.in_flight),
        "internal_errors": ["".join(traceback.format_exception(error)) for error in tuple(project.errors)],
        "verdict": project.verdict.as_json(),
    })  # fmt: skip


def _match(given: dict[str, Any]) -> Match | None:
    if "match" not in given:
        return None
    from mockrds.scenario_files.loader import ScenarioError, read_match

    try:
        return read_match(given["match"])
    except ScenarioError as error:
        raise ControlError(400, str(error)) from None
