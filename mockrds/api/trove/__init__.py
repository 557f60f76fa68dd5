"""The API that is compatible with OpenStack Trove (``/v1.0``), for MySQL and PostgreSQL; over the same world.

Its instances are nodes, as those of API v1: their ids are node ids, and the DB instance is their "cluster".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.trove import configurations, instances  # noqa: F401  (their functions register themselves)

if TYPE_CHECKING:
    from collections.abc import Callable


def _of_action(content: dict[str, Any]) -> str:
    if "restart" in content:
        return "trove.restart_instance"
    resize = content.get("resize")
    by_flavor = isinstance(resize, dict) and "flavorRef" in resize
    return "trove.change_instance_flavor" if by_flavor else "trove.resize_instance_volume"


SHARED: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "POST /v1.0/{project_id}/instances/{instanceId}/action": _of_action,
}
"""How the body tells which operation is meant, where several share a method and a path."""
