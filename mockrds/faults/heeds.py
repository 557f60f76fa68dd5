"""Which operations a world effect can make a difference to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATING: Final = frozenset({"create_manual_backup", "create_instance", "restore_to_new_instance"})
_CHANGING: Final = frozenset({
    "delete_manual_backup", "batch_delete_manual_backups", "restore_to_original", "restore_to_existing_instance",
    "delete_instance", "restart_instance", "start_instance", "stop_instance", "change_instance_flavor",
    "resize_instance_volume", "change_storage_type", "single_to_ha", "switchover", "set_replication_mode",
    "migrate_standby", "upgrade_minor_version", "change_port",
})  # fmt: skip
_HEEDED_BY: Final[dict[str, frozenset[str]]] = {
    "quota": frozenset({"create_manual_backup"}),
    "lifecycle": _CREATING | _CHANGING,
    "visible_after": _CREATING,
    "stale": frozenset({"list_manual_backups", "list_backups", "list_instances", "get_instance"}),
}
"""The operations, without their families, that heed each key."""


def heeds(operation: str) -> frozenset[str]:
    """Return the keys of the world effects that *operation*, an id with its family, heeds."""
    bare = operation.rpartition(".")[2]
    return frozenset(key for key, operations in _HEEDED_BY.items() if bare in operations)


def check_heeded(keys: Iterable[str], named: str | Iterable[str]) -> None:
    """Check that some operation which a rule names heeds each of its world effects.

    Args:
        keys: The keys of the world effects.
        named: The rule's ``operation``.

    Raises:
        ValueError: None of them does.
    """
    for key in keys:
        operations = sorted(_HEEDED_BY[key])
        names = (named,) if isinstance(named, str) else named
        if not any(name == "*" or name.endswith(".*") or name.rpartition(".")[2] in operations for name in names):
            raise ValueError(f"'{key}' is about {' or '.join(operations)}, which 'operation' does not name")
