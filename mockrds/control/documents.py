"""The OpenAPI documents of the API families."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockrds.api.call import Answer
from mockrds.api.openapi import TITLES, document
from mockrds.control.request import ControlError

if TYPE_CHECKING:
    from mockrds.control.request import ControlRequest


def get_document(request: ControlRequest) -> Answer:
    """Describe an API family."""
    family = request.parameters["family"]
    if family not in TITLES:
        raise ControlError(404, f"no such document {family!r}; there are {', '.join(TITLES)}")
    return Answer(document(family))
