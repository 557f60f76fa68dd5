"""What API v3 and Trove share about parameters and their templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.schema import Dictionary, JsonSchema, Object, Schema, Text
from mockrds.domain import errors
from mockrds.domain.engines import ENGINES, Datastore
from mockrds.domain.errors import RDSError
from mockrds.domain.validators import is_description

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockrds.domain.world.parameter_templates import Configuration

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Value(Schema):
    """The value of a parameter: a string, or a number that is read as one."""

    __slots__ = ()

    def read(self, value: Any, key: str) -> str:  # noqa: D102
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise RDSError(errors.INVALID_PARAMETER, f"{key!r} must be a string")
        return str(value)

    def _json_schema(self) -> JsonSchema:
        return {"type": ["string", "number"]}


NAME: Final = Text(_NAME.fullmatch, errors.BACKUP_NAME)
DESCRIPTION: Final = Text(is_description)
VALUES: Final = Dictionary(Value())
DATASTORE: Final = Object(
    {
        "type": Text(one_of=ENGINES, case_insensitive=True, error=errors.ENGINE),
        "version": Text(error=errors.ENGINE_VERSION),
    }
)


def template_datastore(fields: Mapping[str, str]) -> Datastore:
    """Return the version that a template is for.

    Raises:
        RDSError: ENGINE_VERSION.
    """
    try:
        return Datastore.find(fields["type"], fields["version"])
    except ValueError as error:
        raise RDSError(errors.ENGINE_VERSION, str(error)) from None


def not_parameters(configuration: Configuration, values: Mapping[str, str]) -> str:
    """Return a hint which of *values* are ignored, as this engine has no such parameters to set; empty if none."""
    known = configuration.parameters
    ignored = [name for name in values if name not in known or known[name].readonly]
    return f"ignored, as no parameters that can be set: {', '.join(ignored)}" if ignored else ""
