"""A Faker provider of everything that the database service calls by an id, a name or a version.

    from faker import Faker
    from mockrds.faker import RDSProvider

    fake = Faker()
    fake.add_provider(RDSProvider)
    Faker.seed(7)
    fake.rds_backup()

It is the class that the server draws from, and what it provides is written by the code that answers requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

from faker.providers import BaseProvider

from mockrds.api.v1.backups import backup_json, new_backup_json
from mockrds.domain.engines import DEFAULT_FLAVORS, PORTS, Datastore
from mockrds.domain.models import FOREVER, Activity, Backup, BackupPolicy, BackupStatus, Instance, Node
from mockrds.domain.random_values import YEARS, RDSValues
from mockrds.suggestions import suggest

if TYPE_CHECKING:
    from random import Random

    from faker import Generator

__all__ = ["RDSProvider"]

_STATUSES: Final[tuple[BackupStatus, ...]] = get_args(BackupStatus)


class RDSProvider(RDSValues, BaseProvider):
    """Provides the ids, names and versions of the database service to Faker.

    Args:
        generator: Faker's generator; its seed decides what is drawn.
    """

    def __init__(self, generator: Generator) -> None:
        BaseProvider.__init__(self, generator)

    @property
    def random(self) -> Random:  # type: ignore[override]
        """The source of chance; Faker replaces it when it is seeded."""
        source: Random = self.generator.random
        return source

    def rds_backup(self, *, status: BackupStatus = "BUILDING", **overrides: object) -> dict[str, Any]:
        """Draw a manual backup as API v1 shows it: BUILDING as the answer to its creation, else as in the list.

        Args:
            status: Its status; a backup that has ended has a time when it did, a complete one a size.
            overrides: Keys to set to a value of your own.

        Raises:
            ValueError: There is no such status.
        """
        if status not in _STATUSES:
            raise ValueError(
                f"unknown status {status!r}{suggest(str(status), _STATUSES)} (expected one of: {', '.join(_STATUSES)})"
            )
        instance, created = self._instance(), float(self.random.randrange(YEARS.start, YEARS.stop))
        backup = Backup(
            id=self.rds_backup_id(),
            name=self.rds_backup_name(),
            description="",
            instance=instance,
            node_id=instance.node_id,
            created=created,
            ends=created + self.random.randrange(30, 3600),
            outcome="FAILED" if status == "FAILED" else "COMPLETED",
            job_id=self.rds_job_id(),
        )
        if status == "BUILDING":
            return new_backup_json(backup) | overrides
        if status == "DELETING":
            backup.deletion = Activity(status=status, began=backup.ends, ends=FOREVER)
        return backup_json(backup, backup.ends) | overrides

    def _instance(self) -> Instance:
        engine = self.rds_engine()
        name = self.rds_instance_name()
        node = Node(id=self.rds_node_id(engine), name=f"{name}_node0", role="master", availability_zone="eu-de-01")
        return Instance(
            id=self.rds_instance_id(engine),
            name=name,
            datastore=self.random.choice(Datastore.all(engine)),
            nodes=(node,),
            replication_mode=None,
            primary=None,
            flavor=DEFAULT_FLAVORS[engine],
            volume_type="CLOUDSSD",
            volume_gb=100,
            region="eu-de",
            vpc_id=self.rds_resource_id(),
            subnet_id=self.rds_resource_id(),
            security_group_id=self.rds_resource_id(),
            port=PORTS[engine],
            host=self.rds_private_ip(),
            created=float(YEARS.start),
            policy=BackupPolicy(keep_days=7, start_time="02:00:00"),
        )
