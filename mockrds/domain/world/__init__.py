"""One project's cloud, in memory: its instances, its backups, its networks, and every operation on them.

Nothing here knows HTTP. Public methods are safe to call from any thread, cost O(1) or O(answer), and
raise ``RDSError`` where the service would refuse, or ``NetworkError`` where the network service would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockrds.domain.world.extensions_and_sql_limits import ExtensionAndSqlLimitOperations
from mockrds.domain.world.instance_settings import InstanceSettings
from mockrds.domain.world.jobs import JobOperations
from mockrds.domain.world.networks import NetworkOperations
from mockrds.domain.world.proxies import ProxyOperations
from mockrds.domain.world.recycle_bin import RecycleBinOperations
from mockrds.domain.world.security import SecurityOperations
from mockrds.domain.world.tags import TagOperations

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from mockrds.domain.clock import Clock
    from mockrds.domain.world_template import LifeCycle, WorldTemplate


class World(
    JobOperations,
    RecycleBinOperations,
    TagOperations,
    SecurityOperations,
    ExtensionAndSqlLimitOperations,
    ProxyOperations,
    NetworkOperations,
    InstanceSettings,
):
    """A project's instances, backups and networks.

    Args:
        template: What the world starts with.
        life_cycle: How long things take and how they end.
        clock: The time that life cycles read.
        random: The source of ids and durations.
        stable_id: Makes the 32 hexadecimal digits that a kind of thing of a name always has.
        region: Where everything is.
    """

    def __init__(
        self,
        template: WorldTemplate,
        life_cycle: LifeCycle,
        clock: Clock,
        random: Random,
        stable_id: Callable[[str, str], str],
        region: str = "eu-de",
    ) -> None:
        super().__init__(template.quotas, life_cycle, clock, random, stable_id, region)
        network = (self._values.rds_resource_id(), self._values.rds_resource_id(), self._values.rds_resource_id())
        for spec in template.instances:
            self.add_from_template(spec, network)
        for backup in sorted(template.backups, key=lambda backup: -backup.age):
            self.add_backup_from_template(backup)
