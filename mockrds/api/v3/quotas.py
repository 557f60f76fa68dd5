"""API v3, chapter "Quota Management"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Integer, List, Object, Text

if TYPE_CHECKING:
    from mockrds.api.call import Call

_ROOM: Final = 100  # the quota of the reference's sample


@operation(
    "v3.list_quotas",
    answer=Object(
        {
            "quotas": Object(
                {"resources": List(Object({"quota": Integer(), "used": Integer(), "type": Text(one_of=("instance",))}))}
            )
        }
    ),
)
def list_quotas(call: Call) -> Answer:
    """Return how many instances there may be, and are (API reference, v3, "Querying Resource Quotas").

    A project without a limit is told one that leaves room, as there is no word for none.
    """
    used = call.world.totals()["instances"]
    limit = call.world.quotas.instances
    quota = max(_ROOM, used + 1) if limit is None else limit
    return Answer({"quotas": {"resources": [{"quota": quota, "used": used, "type": "instance"}]}})
