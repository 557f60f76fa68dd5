"""API v1, chapter "Tag Management". Its paths begin with ``/v1``, without ``/rds``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import List, Object, Text

if TYPE_CHECKING:
    from mockrds.api.call import Call


_KEY: Final = Text(re.compile(r"[^\x00-\x1f*<>\\=]{1,36}").fullmatch)
_TAG: Final = Object({"key": _KEY, "value": Text(re.compile(r"[^\x00-\x1f*<>\\=]{0,43}").fullmatch)})


@operation(
    "v1.list_instance_tags",
    answer=Object({"tags": List(_TAG)}),
    leads_to={"v1.delete_instance_tag": {"body": {"key": "$response.body#/tags/0/key"}}},
)
def list_instance_tags(call: Call) -> Answer:
    """List the tags of an instance (API reference, v1, "Querying a Tag")."""
    tags = call.world.list_instance_tags(call.parameters["instanceId"])
    return Answer({"tags": [{"key": key, "value": value} for key, value in tags.items()]})


@operation(
    "v1.add_instance_tag",
    body=Object({"tag": _TAG}),
    answer=Object({}),
    leads_to={"v1.list_instance_tags": {}, "v1.delete_instance_tag": {"body": {"key": "$request.body#/tag/key"}}},
)
def add_instance_tag(call: Call, fields: dict[str, Any]) -> Answer:
    """Add a tag, or overwrite the one with its key (API reference, v1, "Adding a Tag")."""
    tag = fields["tag"]
    call.world.add_instance_tags(call.parameters["instanceId"], {tag["key"]: tag["value"]})
    return Answer({})


@operation("v1.delete_instance_tag", body=Object({"key": _KEY}))
def delete_instance_tag(call: Call, fields: dict[str, Any]) -> Answer:
    """Remove a tag; the answer has no body (API reference, v1, "Deleting a Tag")."""
    call.world.delete_instance_tags(call.parameters["instanceId"], {fields["key"]: None})
    return Answer()
