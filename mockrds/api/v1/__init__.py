"""API v1 (``/rds/v1``): one function an operation. Wire forms only; the rules are the world's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.v1 import backups, catalog, instances, simple, tags  # noqa: F401  (their functions register themselves)

if TYPE_CHECKING:
    from collections.abc import Callable


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
