"""The tags of instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockrds.domain import errors
from mockrds.domain.errors import RDSError
from mockrds.domain.world.instances import InstanceOperations

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG_LIMIT: Final = 20
_NO_TAGS: Final = "a standby has no tags of its own"


class TagOperations(InstanceOperations):
    """What a world can do with tags. Each method takes the id of a primary node."""

    def list_instance_tags(self, node_id: str) -> dict[str, str]:
        """Return the tags of an instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or WRONG_INSTANCE_TYPE for a standby.
        """
        with self.moment:
            return dict(self.find_unless_standby(node_id, _NO_TAGS).tags)

    def list_project_tags(self) -> dict[str, list[str]]:
        """List the tags of all instances: by their keys, each value once."""
        values: dict[str, dict[str, None]] = {}
        for instance in self.list_instances()[0]:
            for key, value in instance.tags.copy().items():
                values.setdefault(key, {})[value] = None
        return {key: list(unique) for key, unique in values.items()}

    def add_instance_tags(self, node_id: str, added: Mapping[str, str]) -> None:
        """Add tags to an instance, all or none; tags with the same keys are overwritten.

        Raises:
            RDSError: As ``list_instance_tags``, or TAG_QUOTA.
        """
        with self.moment:
            tags = self.find_unless_standby(node_id, _NO_TAGS).tags
            if len(tags.keys() | added.keys()) > TAG_LIMIT:
                raise RDSError(errors.TAG_QUOTA)
            tags.update(added)

    def delete_instance_tags(self, node_id: str, removed: Mapping[str, str | None]) -> None:
        """Remove tags from an instance; what is not there is no error.

        Args:
            node_id: The primary node.
            removed: The keys; a tag whose value is another one than that given stays.

        Raises:
            RDSError: As ``list_instance_tags``.
        """
        with self.moment:
            tags = self.find_unless_standby(node_id, _NO_TAGS).tags
            for key, value in removed.items():
                if value in (None, tags.get(key)):
                    tags.pop(key, None)
