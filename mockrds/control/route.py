"""One row of the table of what the control API can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.api.call import Answer
    from mockrds.control.fields import Ref
    from mockrds.control.request import ControlRequest

TOKEN_HEADER: Final = "X-Mockrds-Token"  # noqa: S105  (a name, no secret)


class Route(NamedTuple):
    """One method of one resource."""

    method: str
    path: str
    """Below ``/__mockrds/``; variable parts are in braces."""
    handler: Callable[[ControlRequest], Answer]
    answer: type[Any] | Ref
    """The class of the answer."""
    summary: str
    body: type[Any] | Ref | None = None
    """The class of the body; None if none is read."""
    query: type[Any] | None = None
    """The class of the query parameters, if there are any."""
    status: tuple[int, ...] = (200,)
    """The statuses of good answers."""
    conflicts: bool = False
    """Whether it may be refused with 409, because of what there is already."""
    open: bool = False
    """Whether it is answered without the control token."""
    also: tuple[str, ...] = ()
    """The content types that a good answer may have beside JSON."""
