"""How the body tells which operation is meant, where several of API v3 share a method and a path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_ACTIONS: Final = {
    "restart": "v3.restart_instance",
    "resize_flavor": "v3.change_instance_flavor",
    "enlarge_volume": "v3.resize_instance_volume",
    "single_to_ha": "v3.single_to_ha",
    "change_volume": "v3.change_storage_type",
}


def _of_instances(content: dict[str, Any]) -> str:
    return "v3.restore_to_new_instance" if content.get("restore_point") is not None else "v3.create_instance"


def _of_action(content: dict[str, Any]) -> str:
    return next((operation for key, operation in _ACTIONS.items() if key in content), "v3.restart_instance")


def _of_tags(content: dict[str, Any]) -> str:
    return "v3.delete_instance_tags" if content.get("action") == "delete" else "v3.add_instance_tags"


SHARED: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "POST /v3/{project_id}/instances": _of_instances,
    "POST /v3/{project_id}/instances/{instance_id}/action": _of_action,
    "POST /v3/{project_id}/instances/{instance_id}/tags/action": _of_tags,
}
