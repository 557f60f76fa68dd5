"""How instances are reached: port, address, security group, encryption of connections, password."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mockrds.domain import errors
from mockrds.domain.errors import RDSError
from mockrds.domain.world.instance_changes import InstanceChanges, check_port
from mockrds.domain.world_template import NO_EFFECT, WorldEffect

if TYPE_CHECKING:
    from mockrds.domain.models import Job


class SecurityOperations(InstanceChanges):
    """What can be changed of the way to an instance. Each method takes the id of its primary node."""

    def change_port(self, node_id: str, port: int, effect: WorldEffect = NO_EFFECT) -> Job:
        """Change the port of an instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, INVALID_PARAMETER, or what the instance is busy with.
        """
        with self.moment:
            check_port(self.find_instance(node_id).datastore.type, port)
            instance = self.find_changeable(node_id)
            on_end = partial(setattr, instance, "port", port)
            return self.change(instance, "MODIFYING DATABASE PORT", "Modify{}Port", on_end, effect)

    def change_floating_ip(self, node_id: str, address: str) -> Job:
        """Change the private address of an instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, INVALID_PARAMETER, also for an address in use, or what it is busy with.
        """
        with self.moment:
            self.find_instance(node_id)
            self.check_free_address(address)
            return self.add_job("Modify{}Ip", self.update(node_id, host=address), None)

    def change_security_group(self, node_id: str, group_id: str) -> Job:
        """Put an instance into another security group.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or what the instance is busy with.
        """
        with self.moment:
            return self.add_job("Modify{}SecurityGroup", self.update(node_id, security_group_id=group_id), None)

    def set_ssl(self, node_id: str, *, on: bool) -> None:
        """Switch the encryption of connections on or off.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, ENGINE_NOT_SUPPORTED for any but MySQL, or what the instance is busy with.
        """
        with self.moment:
            if self.find_instance(node_id).datastore.type != "MySQL":
                raise RDSError(errors.ENGINE_NOT_SUPPORTED, "this is for MySQL only")
            self.update(node_id, ssl=on)

    def reset_root_password(self, node_id: str) -> None:
        """Set the password of the instance's user, which is kept nowhere.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or what the instance is busy with.
        """
        self.update(node_id)
