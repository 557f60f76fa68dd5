"""API v3, chapter "Tag Management": changing the tags of instances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import List, Object, Text
from mockrds.api.v3.instances import path_node
from mockrds.domain import errors
from mockrds.domain.errors import RDSError

if TYPE_CHECKING:
    from mockrds.api.call import Call

_KEY: Final = Text(re.compile(r"[\u4e00-\u9fffA-Za-z0-9_@-]{1,36}").fullmatch)
_VALUE: Final = Text(re.compile(r"[\u4e00-\u9fffA-Za-z0-9_@-]{0,43}").fullmatch)
# keys and values that were given when the rules were others
_OLD_KEY: Final = Text(re.compile(r"[\s\S]{1,127}").fullmatch)
_OLD_VALUE: Final = Text(re.compile(r"[\s\S]{0,255}").fullmatch)


@operation(
    "v3.add_instance_tags",
    body=Object(
        {
            "action": Text(one_of=("create",)),
            "tags": List(Object({"key": _KEY, "value": _VALUE}), longest=20),
        }
    ),
    leads_to={"v3.list_instance_tags": {}, "v3.list_project_tags": {}},
)
def add_instance_tags(call: Call, fields: dict[str, Any]) -> Answer:
    """Add tags, all or none (API reference, v3, "Adding Tags in Batches")."""
    tags = {tag["key"]: tag["value"] for tag in fields["tags"]}
    if len(tags) < len(fields["tags"]):
        raise RDSError(errors.TAG_KEY_TAKEN)
    call.world.add_instance_tags(path_node(call), tags)
    return Answer()


@operation(
    "v3.delete_instance_tags",
    body=Object(
        {
            "action": Text(one_of=("delete",)),
            "tags": List(Object({"key": _OLD_KEY, "value?": _OLD_VALUE})),
        }
    ),
    when=lambda body: body.get("action") == "delete",
)
def delete_instance_tags(call: Call, fields: dict[str, Any]) -> Answer:
    """Remove tags, by key, or by key and value (API reference, v3, "Deleting Tags in Batches")."""
    call.world.delete_instance_tags(path_node(call), {tag["key"]: tag["value"] or None for tag in fields["tags"]})
    return Answer()
