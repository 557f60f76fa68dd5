"""Requests about a project's journal: entries by filter, and whether expected calls were made."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mockrds.api.call import Answer
from mockrds.control import records
from mockrds.control.bodies import JournalFilter, Question
from mockrds.control.errors import ControlError

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest
    from mockrds.faults.matching import Match


def get_journal(request: ControlRequest) -> Answer:
    """Return the requests that fit the filters."""
    query, journal = request.query(JournalFilter), request.project.journal
    try:
        entries = journal.entries(query.operation, match=_match(query.match))
    except ValueError as error:
        raise ControlError(400, f"operation: {error}") from None
    fitting = [entry for entry in entries if entry.number > query.since and query.status in (None, entry.status)]
    newest = fitting if query.limit is None else fitting[max(0, len(fitting) - query.limit) :]
    rows = [records.Entry.of(entry) for entry in newest]
    return Answer(records.Journal(total=journal.total, count=len(fitting), entries=rows))


def delete_journal(request: ControlRequest) -> Answer:
    """Forget all requests."""
    request.project.journal.clear()
    return Answer(records.Nothing())


def post_verify(request: ControlRequest) -> Answer:
    """Check that operations were called so often, or in this order."""
    question, journal = request.body(Question), request.project.journal
    order, operation = question.order, question.operation
    if (operation is None) == (order is None):
        raise ControlError(400, "operation: give this or 'order', and only one of them")
    others = {key: value for key, value in asdict(question).items() if key not in ("operation", "order")}
    if order is not None and (extra := [repr(key) for key, value in others.items() if value is not None]):
        raise ControlError(400, f"order: it stands alone: leave out {', '.join(extra)}")
    match = _match(question.match)
    count, near, message = 0, [], ""
    try:
        if operation is None:
            count = journal.reached(*order or ())
            journal.assert_order(*order or ())
        else:
            count = journal.count(operation, match=match)
            if match is not None:
                near = journal.near_misses(operation, match)
            journal.assert_called(operation, **others | {"match": match})
    except AssertionError as error:
        message = str(error)
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    misses = [records.NearMiss(number=entry.number, mismatches=whys) for entry, whys in near]
    return Answer(records.Verification(verified=not message, count=count, message=message, near_misses=misses))


def _match(document: dict[str, Any] | None) -> Match | None:
    if document is None:
        return None
    from mockrds.scenario_files.loader import ScenarioError, read_match

    try:
        return read_match(document)
    except ScenarioError as error:
        raise ControlError(400, str(error)) from None
