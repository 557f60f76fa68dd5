"""API v3, chapter "Tag Management": telling the tags. API v1 changes the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import List, Object, Text
from mockrds.api.v3.instances import path_node

if TYPE_CHECKING:
    from mockrds.api.call import Call


@operation(
    "v3.list_instance_tags",
    answer=Object(
        {"tags": List(Object({"key": Text(), "value": Text(any), "tag_type": Text(one_of=("user", "system"))}))}
    ),
    leads_to={
        "v3.delete_instance_tags": {
            "body": {
                "action": "delete",
                "tags": [{"key": "$response.body#/tags/0/key", "value": "$response.body#/tags/0/value"}],
            }
        }
    },
)
def list_instance_tags(call: Call) -> Answer:
    """List the tags of an instance (API reference, v3, "Querying Tags of a DB Instance")."""
    tags = call.world.list_instance_tags(path_node(call))
    return Answer({"tags": [{"key": key, "value": value, "tag_type": "user"} for key, value in tags.items()]})


@operation("v3.list_project_tags", answer=Object({"tags": List(Object({"key": Text(), "values": List(Text(any))}))}))
def list_project_tags(call: Call) -> Answer:
    """List the tags of all instances, each key and value once (API reference, v3, "Querying Project Tags")."""
    return Answer({"tags": [{"key": key, "values": values} for key, values in call.world.list_project_tags().items()]})
