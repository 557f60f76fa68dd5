"""What the control API is sent: bodies, and the queries of those that filter."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge

from mockrds.control.fields import Count, Matching, Omittable, Ref, record
from mockrds.domain.clock import Mode
from mockrds.domain.identity import PROJECT_ID, PROJECT_NAME, Auth
from mockrds.domain.models import InstanceStatus
from mockrds.domain.world_template import Outcome

_ScenarioSource = Annotated[dict[str, Any], Ref("Scenario")] | str


class Body:
    """What is sent; a key that it does not know is a mistake."""

    __pydantic_config__ = {"extra": "forbid"}


@record
class NewClock(Body):
    """How a clock is to run."""

    mode: Omittable[Mode] = None
    at: str | None = None
    """A time such as 2026-01-31T22:00:00Z; absent: now."""
    by: Omittable[float] = None
    """The speed of a scaled clock."""


@record
class NewProject(Body):
    """A project to make, or to find."""

    name: Omittable[Annotated[str, Matching(PROJECT_NAME)]] = None
    """What clients authenticate with; absent: made up."""
    id: Omittable[Annotated[str, Matching(PROJECT_ID)]] = None
    """Absent: follows from the name."""
    scenario: Omittable[_ScenarioSource | list[_ScenarioSource]] = None
    """A document, a name of the library, or a list of these, where later ones are laid over earlier ones; absent: the
    server's."""
    seed: Omittable[int] = None
    """Absent: the scenario's, or the server's."""
    clock: Omittable[NewClock | str] = None
    """An object as ``PUT`` of the clock takes it, or text such as ``scaled@60``; absent: the scenario's, or the
    server's."""
    auth: Omittable[Auth] = None
    """How it looks at credentials; absent: as the server does."""


@record
class Finish(Body):
    """What to bring to its end."""

    id: str
    """The id of a backup, an instance or a node."""
    outcome: Outcome | None = None
    """How a BUILDING backup ends."""


@record
class SetStatus(Body):
    """A status to put an instance into."""

    id: str
    """The id of an instance or a node."""
    status: InstanceStatus
    seconds: Annotated[float, Ge(0)] | None = None
    """How long; absent: until a test says otherwise."""


@record
class Advance(Body):
    """How far to move a clock."""

    by: str | int | float
    """A duration such as "6h", or seconds."""


@record
class Question(Body):
    """What to verify in a journal."""

    operation: Omittable[str] = None
    """An operation, with or without its family."""
    match: Omittable[Annotated[dict[str, Any], Ref("Match")]] = None
    """Count only the calls that fit it."""
    times: Omittable[Count] = None
    """Exactly so often."""
    at_least: Omittable[Count] = None
    at_most: Omittable[Count] = None
    order: Omittable[list[str]] = None
    """Instead of all others: these operations were called in this order."""


@record
class JournalFilter(Body):
    """Which requests of a journal to show."""

    operation: Omittable[str] = None
    """Only those of this operation, with or without its family."""
    status: Omittable[Count] = None
    """Only those that were answered with this HTTP status."""
    since: Count = 0
    """Only those after the entry with this number."""
    match: Omittable[Annotated[dict[str, Any], Ref("Match")]] = None
    """Only those that a fault with this match, given as JSON, would be about."""
    limit: Omittable[Count] = None
    """At most so many, the newest."""


@record
class ArmedAt(Body):
    """Where a fault is armed."""

    source: str = "the control API"
    """Where it is armed, such as FILE:LINE, for whoever asks later."""
