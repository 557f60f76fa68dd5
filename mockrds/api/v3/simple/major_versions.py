"""API v3, chapter "Upgrading a Major Version (RDS for PostgreSQL)", but for checks and upgrades themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import List, Object, Text
from mockrds.api.v3.formats import node_id
from mockrds.domain import errors
from mockrds.domain.engines import Datastore
from mockrds.domain.errors import RDSError

if TYPE_CHECKING:
    from mockrds.api.call import Call

_FROM: Final = ("13", "14")
"""The majors that can be left."""


@operation(
    "v3.list_major_version_targets", answer=Object({"available_versions": List(Text())}), simple=True, heeds=("stale",)
)
def list_major_version_targets(call: Call) -> Answer:
    """List newer versions (API reference, v3, "Querying the Target Version to Which a DB Instance Can Be Upgraded")."""
    instance, now = call.world.get_instance(node_id(call, call.parameters["instance_id"]), call.effect)
    if instance.datastore.type != "PostgreSQL":
        raise RDSError(errors.ENGINE_NOT_SUPPORTED, "this is for PostgreSQL only")
    if instance.status_at(now) != "ACTIVE":
        raise RDSError(errors.INSTANCE_STATUS, f"the instance is {instance.status_at(now)}")
    major = instance.datastore.major
    if major not in _FROM:
        return Answer({"available_versions": []})
    newer = [one.version for one in Datastore.all("PostgreSQL") if int(one.major) > int(major)]
    return Answer({"available_versions": newer})
