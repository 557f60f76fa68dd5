"""Changes of instances that are done at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockrds.domain import errors
from mockrds.domain.errors import RDSError
from mockrds.domain.world.instance_changes import InstanceChanges, check_address

if TYPE_CHECKING:
    from mockrds.domain.models import Autoscaling, Job


class InstanceSettings(InstanceChanges):
    """What can be set of an instance. Each method takes the id of its primary node."""

    def rename_instance(self, node_id: str, name: str) -> None:
        """Change the name of an instance; others may have it too.

        Raises:
            RDSError: INSTANCE_NOT_FOUND.
        """
        self.update(node_id, idle=False, name=name)

    def set_instance_alias(self, node_id: str, alias: str) -> None:
        """Describe an instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND.
        """
        self.update(node_id, idle=False, alias=alias)

    def set_maintenance_window(self, node_id: str, window: str) -> None:
        """Set when the service may work on an instance, such as ``02:00-06:00``.

        Raises:
            RDSError: INSTANCE_NOT_FOUND.
        """
        self.update(node_id, idle=False, maintenance_window=window)

    def set_failover_strategy(self, node_id: str, strategy: str) -> None:
        """Set what matters more when a primary fails: ``reliability`` or ``availability``.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE for what is no pair, or what it is busy with.
        """
        with self.moment:
            self._pair(node_id, free=False)
            self.update(node_id, failover_strategy=strategy)

    def bind_eip(self, node_id: str, address: str) -> Job:
        """Bind an elastic IP address to an instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, INVALID_PARAMETER for what is no address, INVALID_OPERATION when it has
                one or another instance has this, or what the instance is busy with.
        """
        with self.moment:
            check_address(address)
            if self.find_instance(node_id).public_ip:
                raise RDSError(errors.INVALID_OPERATION, "the instance has an address")
            if any(other.public_ip == address for other in self._instances.values()):
                raise RDSError(errors.INVALID_OPERATION, "another instance has this address")
            instance = self.update(node_id, public_ip=address)
            return self.add_job("{}BindEIP", instance, None, public_ip=address)

    def unbind_eip(self, node_id: str) -> Job:
        """Take the elastic IP address from an instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, INVALID_OPERATION when it has none, or what the instance is busy with.
        """
        with self.moment:
            address = self.find_instance(node_id).public_ip
            if not address:
                raise RDSError(errors.INVALID_OPERATION, "the instance has no address")
            return self.add_job("{}UnbindEIP", self.update(node_id, public_ip=""), None, public_ip=address)

    def set_disk_autoscaling(self, node_id: str, autoscaling: Autoscaling) -> None:
        """Set whether the disk of an instance is to grow by itself. It is never full here, so it never does.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, INVALID_PARAMETER for a limit below its size, or what it is busy with.
        """
        with self.moment:
            size = self.find_instance(node_id).volume_gb
            if autoscaling.limit_gb is not None and autoscaling.limit_gb < size:
                raise RDSError(errors.INVALID_PARAMETER, f"the instance has {size} GB")
            self.update(node_id, autoscaling=autoscaling)
