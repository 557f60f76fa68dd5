"""A request to the control API, as the functions that answer it see it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

import orjson

from mockrds.control.errors import ControlError
from mockrds.domain.errors import RDSError

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.project_state import ProjectState
    from mockrds.simulator import Simulator

T = TypeVar("T")


class ControlRequest:
    """One request to the control API.

    Args:
        call: The request.
        parameters: The variable parts of its path, by name.
    """

    def __init__(self, call: Call, parameters: dict[str, str]) -> None:
        self._call = call
        self.parameters = parameters

    @property
    def simulator(self) -> Simulator:
        """The cloud that the request is about."""
        return self._call.simulator

    @cached_property
    def project(self) -> ProjectState:
        """The project that the request is about: by its name if it is there, or by its id, made if it is new.

        Raises:
            ControlError: There can't be such a project.
        """
        wanted = self.parameters["project"]
        project = self.known_project
        if project is not None:
            return project
        if self.simulator.strict_projects:
            raise ControlError(404, f"project {wanted!r} was not declared")
        try:
            return self.simulator.project(wanted)
        except RDSError as error:
            raise ControlError(404, error.hint) from None

    @property
    def known_project(self) -> ProjectState | None:
        """The project that the request is about; None if it is not there."""
        return self.simulator.find(self.parameters["project"])

    @property
    def document(self) -> dict[str, Any]:
        """The body as it was sent, for what has a reader of its own.

        Raises:
            RDSError: It is no JSON object.
        """
        return self._call.document

    def body(self, kind: type[T]) -> T:
        """Return the body. The first call imports pydantic.

        Raises:
            ControlError: It is no *kind*.
            RDSError: It is no JSON object.
        """
        document = self._call.document
        from mockrds.control.validation import check

        return check(kind, document)

    def query(self, kind: type[T]) -> T:
        """Return the query parameters. The first call with any imports pydantic.

        Raises:
            ControlError: They are no *kind*.
        """
        if not self._call.has_query:
            return kind()
        from mockrds.control.validation import check

        types = get_type_hints(kind)
        values = {
            name: text if types.get(name) in (str, str | None) else _value(text)
            for name, text in self._call.query.items()
        }
        return check(kind, values, "parameter", repr)


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text  # which is not what is expected, whatever that is
