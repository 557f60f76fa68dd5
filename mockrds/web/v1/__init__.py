"""API v1 (``/rds/v1``): one function an operation. Wire forms only; the rules are the world's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.web.v1 import backups, catalog, instances, tags

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.web.call import Answer, Call

HANDLERS: Final[dict[str, Callable[[Call], Answer]]] = {
    "v1.create_manual_backup": backups.create_manual_backup,
    "v1.list_manual_backups": backups.list_manual_backups,
    "v1.delete_manual_backup": backups.delete_manual_backup,
    "v1.get_backup_policy": backups.get_backup_policy,
    "v1.set_backup_policy": backups.set_backup_policy,
    "v1.restore_to_original": backups.restore_to_original,
    "v1.restore_to_new_instance": instances.restore_to_new_instance,
    "v1.create_instance": instances.create_instance,
    "v1.list_instances": instances.list_instances,
    "v1.get_instance": instances.get_instance,
    "v1.delete_instance": instances.delete_instance,
    "v1.restart_instance": instances.restart_instance,
    "v1.list_datastore_versions": catalog.list_datastore_versions,
    "v1.list_flavors": catalog.list_flavors,
    "v1.get_flavor": catalog.get_flavor,
    "v1.list_instance_tags": tags.list_instance_tags,
    "v1.add_instance_tag": tags.add_instance_tag,
    "v1.delete_instance_tag": tags.delete_instance_tag,
}


def _of_instances(content: dict[str, Any]) -> str:
    instance = content.get("instance")
    if isinstance(instance, dict) and "restorePoint" in instance:
        return "v1.restore_to_new_instance"
    return "v1.create_instance"


def _of_action(content: dict[str, Any]) -> str:
    if "restart" in content:
        return "v1.restart_instance"
    if "setPublicIp" in content:
        return "v1.bind_unbind_eip"
    resize = content.get("resize")
    if isinstance(resize, dict):
        return "v1.change_instance_flavor" if "flavorRef" in resize else "v1.resize_instance_volume"
    return "v1.restore_to_original"


SHARED: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "POST /rds/v1/{project_id}/instances": _of_instances,
    "POST /rds/v1/{project_id}/instances/{instanceId}/action": _of_action,
}
"""How the body tells which operation is meant, where several share a method and a path."""
