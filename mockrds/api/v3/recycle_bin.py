"""API v3, chapter "Recycling a DB Instance". An instance in it is restored from its last backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Boolean, Integer, JsonSchema, List, Object, Text
from mockrds.api.v3.formats import backup_id, stamp
from mockrds.domain.world.recycle_bin import DEFAULT_RETENTION, RETENTION

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.domain.world.recycle_bin import Recycled

_MB: Final = 1000  # in a GB


class _Days(Integer):
    """A number of days; a blank one is the usual number."""

    __slots__ = ()

    def parse(self, text: str, key: str) -> int:
        return super().parse(text, key) if text.strip() else DEFAULT_RETENTION

    def _json_schema(self) -> JsonSchema:
        return super()._json_schema() | {"pattern": "^ *[0-9]*$"}


@operation(
    "v3.set_recycle_policy",
    body=Object(
        {
            "recycle_policy": Object(
                {"retention_period_in_days?": _Days(RETENTION, strings=True, default=DEFAULT_RETENTION)}
            )
        }
    ),
    answer=Object({"result": Text(one_of=("success",))}),
)
def set_recycle_policy(call: Call, fields: dict[str, Any]) -> Answer:
    """Set how long deleted instances are kept (API reference, v3, "Modifying Recycling Policy")."""
    call.world.set_recycle_policy(fields["recycle_policy"]["retention_period_in_days"])
    return Answer({"result": "success"})


@operation("v3.get_recycle_policy", answer=Object({"retention_period_in_days": Integer(RETENTION)}))
def get_recycle_policy(call: Call) -> Answer:
    """Return how long deleted instances are kept (API reference, v3, "Querying the Recycling Policy")."""
    return Answer({"retention_period_in_days": call.world.get_recycle_policy()})


@operation(
    "v3.list_recycled_instances",
    query=Object({"offset": Integer(range(2**31)), "limit": Integer(range(1, 51))}),
    answer=Object(
        {
            "total_count": Integer(),
            "instances": List(
                Object(
                    {
                        "id": Text(),
                        "name": Text(),
                        "ha_mode": Text(one_of=("Single", "Ha")),
                        "engine_name": Text(),
                        "engine_version": Text(),
                        "pay_model": Text(one_of=("0",)),
                        "created_at": Text(),
                        "deleted_at": Text(),
                        "volume_type": Text(),
                        "volume_size": Integer(),
                        "data_vip": Text(),
                        "enterprise_project_id": Text(),
                        "retained_until": Text(),
                        "recycle_backup_id": Text(),
                        "recycle_status": Text(one_of=("BUILDING", "COMPLETED")),
                        "recycle_backups": List(
                            Object(
                                {
                                    "backup_id": Text(),
                                    "backup_name": Text(),
                                    "backup_status": Text(one_of=("BUILDING", "COMPLETED", "FAILED")),
                                    "backup_create_at": Text(),
                                    "backup_update_at?": Text(),
                                    "backup_size": Integer(),
                                }
                            )
                        ),
                        "is_serverless": Boolean(),
                    }
                )
            ),
        }
    ),
)
def list_recycled_instances(call: Call, query: dict[str, Any]) -> Answer:
    """List deleted instances, the last first (API reference, v3, "Querying Instances in the Recycle Bin")."""
    page, total, now = call.world.list_recycled_instances(query["offset"], query["limit"])
    return Answer({"total_count": total, "instances": [_render(recycled, now) for recycled in page]})


def _render(recycled: Recycled, now: float) -> dict[str, Any]:
    instance, backup = recycled.instance, recycled.backup
    status = backup.status_at(now)
    last: dict[str, Any] = {
        "backup_id": backup_id(backup),
        "backup_name": backup.name,
        "backup_status": status,
        "backup_create_at": stamp(backup.created),
    }
    if status != "BUILDING":
        last["backup_update_at"] = stamp(backup.ends)
    last["backup_size"] = max(1, round(backup.size_at(now) * _MB)) if status == "COMPLETED" else 0
    return {
        "id": instance.id,
        "name": instance.name,
        "ha_mode": instance.kind,
        "engine_name": instance.datastore.type.lower(),
        "engine_version": instance.datastore.version,
        "pay_model": "0",
        "created_at": stamp(instance.created),
        "deleted_at": stamp(recycled.deleted),
        "volume_type": "SSD" if instance.volume_type == "CLOUDSSD" else instance.volume_type,
        "volume_size": instance.volume_gb,
        "data_vip": instance.host,
        "enterprise_project_id": "0",
        "retained_until": stamp(recycled.until),
        "recycle_backup_id": backup_id(backup),
        # of a backup that failed nothing can be built, and that is what this word says
        "recycle_status": "COMPLETED" if status == "COMPLETED" else "BUILDING",
        "recycle_backups": [last],
        "is_serverless": False,
    }
