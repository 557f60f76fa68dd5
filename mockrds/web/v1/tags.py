"""API v1, chapter "Tag Management". Its paths begin with ``/v1``, without ``/rds``."""

from __future__ import annotations

from typing import Final

from mockrds.domain import errors
from mockrds.domain.rules import is_tag
from mockrds.web.call import Answer, Call
from mockrds.web.fields import Keys, inner, text

_BODY: Final = Keys("tag")
_TAG: Final = Keys("key", "value")
_KEY: Final = Keys("key")


def list_instance_tags(call: Call) -> Answer:
    """List the tags of an instance (API reference, v1, "Querying a Tag")."""
    tags = call.world.list_tags(call.parameters["instanceId"])
    return Answer({"tags": [{"key": key, "value": value} for key, value in tags.items()]})


def add_instance_tag(call: Call) -> Answer:
    """Add a tag, or overwrite the one with its key (API reference, v1, "Adding a Tag")."""
    document = call.document
    _BODY.check(document)
    tag = inner(document, "tag", _TAG)
    key = text(tag, "key", errors.INVALID_PARAMETER, _is_key)
    value = text(tag, "value", errors.INVALID_PARAMETER, _is_value)
    call.world.add_tag(call.parameters["instanceId"], key, value)
    return Answer({})


def delete_instance_tag(call: Call) -> Answer:
    """Remove a tag; the answer has no body (API reference, v1, "Deleting a Tag")."""
    document = call.document
    _KEY.check(document)
    key = text(document, "key", errors.INVALID_PARAMETER, _is_key)
    call.world.delete_tag(call.parameters["instanceId"], key)
    return Answer()


def _is_key(value: str) -> bool:
    return is_tag(value, shortest=1, longest=36)


def _is_value(value: str) -> bool:
    return is_tag(value, shortest=0, longest=43)
