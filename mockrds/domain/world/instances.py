"""Instances: create, list, delete, restart, restore to a new one, and their tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockrds.domain import errors
from mockrds.domain.engines import DEFAULT_FLAVORS, PORTS, REPLICATION_MODES, Datastore, Engine, Flavor
from mockrds.domain.errors import RDSError
from mockrds.domain.models import FOREVER, Activity, BackupPolicy, Instance, Node
from mockrds.domain.template import NONE, Deviation
from mockrds.domain.values import job_id, uuid4
from mockrds.domain.world.state import State

if TYPE_CHECKING:
    from mockrds.domain.models import Backup
    from mockrds.domain.template import InstanceSpec

TAG_LIMIT = 20
_NO_TAGS = "a standby has no tags of its own"


class InstanceOperations(State):
    """What a world can do with instances."""

    def list_instances(self, deviation: Deviation = NONE) -> tuple[list[Instance], float]:
        """List all instances, in the order they were made, and tell the time they were looked at.

        Args:
            deviation: How this call departs from the usual: ``stale``.
        """
        with self._lock:
            now = self._now() - (deviation.stale or 0.0)
            return [instance for instance in self._instances.values() if not instance.hidden_at(now)], now

    def get_instance(self, node_id: str, deviation: Deviation = NONE) -> tuple[Instance, float]:
        """Find an instance by the id of its primary node, and tell the time it was looked at.

        Args:
            node_id: The primary node.
            deviation: How this call departs from the usual: ``stale``.

        Raises:
            RDSError: INSTANCE_NOT_FOUND.
        """
        with self._lock:
            now = self._now() - (deviation.stale or 0.0)
            try:
                instance = self._instance(node_id)
            except RDSError:
                self._look_for_hidden(now)
                raise
            if instance.hidden_at(now):
                raise RDSError(errors.INSTANCE_NOT_FOUND)
            return instance, now

    def _look_for_hidden(self, now: float) -> None:
        for instance in self._instances.values():
            if instance.hidden is not None:
                instance.hidden.look(now)

    def look_at_instances(self, instances: list[Instance], now: float) -> None:
        """Note that a client saw *instances* at *now*; counts only what lasts for a number of looks."""
        with self._lock:
            self._look_for_hidden(now)
            # a primary and its replicas share a restore, which was seen once
            under_way = {id(instance.activity): instance.activity for instance in instances}
            for activity in under_way.values():
                if activity is not None:
                    activity.look(now)
            for instance in instances:
                self._settle(instance, now)

    def create_instance(
        self,
        *,
        name: str,
        datastore: Datastore,
        flavor: Flavor,
        volume_type: str,
        volume_gb: int,
        availability_zone: str,
        network: tuple[str, str, str],
        port: int,
        policy: BackupPolicy,
        replication_mode: str | None = None,
        backup: Backup | None = None,
        deviation: Deviation = NONE,
    ) -> Instance:
        """Build a new instance, single or (with *replication_mode*) a primary/standby pair.

        *network* holds the ids of the VPC, the subnet and the security group; *backup* is what the
        instance is built from, if anything; *deviation* may have a ``lifecycle`` and ``visible_after``.

        Raises:
            RDSError: INSTANCE_QUOTA.
        """
        with self._lock:
            now = self._now()
            self._check_instance_quota()
            instance = self._add(
                name=name,
                datastore=datastore,
                roles=("master", "slave") if replication_mode else ("master",),
                zone=availability_zone,
                replication_mode=replication_mode,
                primary=None,
                flavor=flavor,
                volume=(volume_type, volume_gb),
                network=network,
                port=port,
                policy=policy,
                now=now,
            )
            self._begin(instance, "BUILD", deviation.lifecycle or self.life_cycle.create_instance, now, backup)
            instance.hidden = self._hide(deviation.visible_after, now)
            return instance

    def create_read_replica(self, *, name: str, flavor: Flavor, node_id: str, deviation: Deviation = NONE) -> Instance:
        """Build a read replica of the instance whose primary node is *node_id*.

        Raises:
            RDSError: REPLICA_OF, ENGINE_NOT_SUPPORTED, FLAVOR_NOT_FOUND, INSTANCE_QUOTA, or what the
                primary is busy with.
        """
        with self._lock:
            now = self._now()
            primary = self._nodes.get(node_id)
            if primary is None or primary.node_id != node_id or primary.primary is not None:
                raise RDSError(errors.REPLICA_OF)
            if primary.datastore.type == "SQLServer":
                raise RDSError(errors.ENGINE_NOT_SUPPORTED)
            if flavor.engine != primary.datastore.type:
                raise RDSError(errors.FLAVOR_NOT_FOUND)
            self._check_idle(primary, now)
            self._check_instance_quota()
            replica = self._add_replica(primary, name, flavor, now)
            self._begin(replica, "BUILD", deviation.lifecycle or self.life_cycle.create_instance, now)
            replica.hidden = self._hide(deviation.visible_after, now)
            return replica

    def delete_instance(self, node_id: str, deviation: Deviation = NONE) -> str:
        """Delete an instance; its replicas go with it, its manual backups stay. Gives the job id.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE for a standby, or what the instance is
                busy with. A running backup delays the deletion and does not refuse it.
        """
        with self._lock:
            now = self._now()
            instance = self._no_standby(node_id, "a standby can't be deleted by itself")
            self._check_idle(instance, now)
            start = now
            if instance.running is not None and instance.running.ends != FOREVER:
                start = max(now, instance.running.ends)
            for leaving in (*instance.replicas, instance):
                self._begin(leaving, "DELETING", deviation.lifecycle or self.life_cycle.delete_instance, start)
                assert leaving.activity is not None  # noqa: S101
                self._leave(leaving, leaving.activity.ends)
            return job_id(self._random)

    def restart_instance(self, node_id: str, deviation: Deviation = NONE) -> str:
        """Reboot an instance. Gives the job id.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE for a standby, or what it is busy with.
        """
        with self._lock:
            now = self._now()
            instance = self._no_standby(node_id, "a standby can't be rebooted by itself")
            self._check_free(instance, now)
            self._begin(instance, "REBOOTING", deviation.lifecycle or self.life_cycle.restart, now)
            return uuid4(self._random)

    def job_ids(self, count: int) -> list[str]:
        """Draw the ids of *count* jobs; the second job of a pair begins otherwise, as in the reference."""
        with self._lock:
            ids = [job_id(self._random) for _ in range(count)]
            return [jid if i == 0 else f"ae3081{jid[6:]}" for i, jid in enumerate(ids)]

    def restore_to_new_instance(
        self,
        *,
        name: str,
        flavor: Flavor,
        volume_gb: int,
        replication_mode: str | None,
        backup_id: str | None,
        restore_time: float | None,
        source_node_id: str | None,
        deviation: Deviation = NONE,
    ) -> Instance:
        """Build a new instance from a backup or a point in time of another one.

        Raises:
            RDSError: SOURCE_NOT_FOUND, ENGINE_NOT_SUPPORTED, BACKUP_NOT_FOUND, BACKUP_DELETING,
                BACKUP_NOT_USABLE, NO_BACKUP_FOR_TIME, FLAVOR_NOT_FOUND, VOLUME_TOO_SMALL,
                REPLICATION_MODE or INSTANCE_QUOTA.
        """
        with self._lock:
            now = self._now()
            source: Instance | None = None
            if backup_id is None:
                source = self._nodes.get(source_node_id or "")
                if source is None:
                    raise RDSError(errors.SOURCE_NOT_FOUND)
            backup = self._restorable(source, backup_id, restore_time, now)
            source = backup.instance
            if source.datastore.type == "SQLServer":
                raise RDSError(errors.ENGINE_NOT_SUPPORTED)
            if flavor.engine != source.datastore.type:
                raise RDSError(errors.FLAVOR_NOT_FOUND)
            if volume_gb < source.volume_gb:
                raise RDSError(errors.VOLUME_TOO_SMALL, f"the source has {source.volume_gb} GB")
            modes = REPLICATION_MODES[source.datastore.type]
            if replication_mode is not None and replication_mode not in modes:
                raise RDSError(errors.REPLICATION_MODE, f"{source.datastore.type} takes {' or '.join(modes)}")
            return self.create_instance(
                name=name,
                datastore=source.datastore,
                flavor=flavor,
                volume_type=source.volume_type,
                volume_gb=volume_gb,
                availability_zone=source.nodes[0].availability_zone,
                network=(source.vpc_id, source.subnet_id, source.security_group_id),
                port=source.port,
                policy=BackupPolicy(keep_days=source.policy.keep_days, start_time=source.policy.start_time),
                replication_mode=replication_mode,
                backup=backup,
                deviation=deviation,
            )

    # Tags

    def list_tags(self, node_id: str) -> dict[str, str]:
        """Tell the tags of an instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or WRONG_INSTANCE_TYPE for a standby.
        """
        with self._lock:
            self._now()
            return dict(self._no_standby(node_id, _NO_TAGS).tags)

    def add_tag(self, node_id: str, key: str, value: str) -> None:
        """Add a tag to an instance; a tag with the same key is overwritten.

        Raises:
            RDSError: As ``list_tags``, or TAG_QUOTA.
        """
        with self._lock:
            self._now()
            tags = self._no_standby(node_id, _NO_TAGS).tags
            if key not in tags and len(tags) >= TAG_LIMIT:
                raise RDSError(errors.TAG_QUOTA)
            tags[key] = value

    def delete_tag(self, node_id: str, key: str) -> None:
        """Remove a tag from an instance; a key that is not there is no error.

        Raises:
            RDSError: As ``list_tags``.
        """
        with self._lock:
            self._now()
            self._no_standby(node_id, _NO_TAGS).tags.pop(key, None)

    # Making instances

    def _found(self, spec: InstanceSpec, network: tuple[str, str, str]) -> None:
        now = self._now()
        if spec.replica_of is not None:
            primary = next(instance for instance in self._instances.values() if instance.name == spec.replica_of)
            instance = self._add_replica(primary, spec.name, primary.flavor, now)
        else:
            datastore = Datastore.find(spec.datastore.type, spec.datastore.version)
            instance = self._add(
                name=spec.name,
                datastore=datastore,
                roles=("master", "slave") if spec.ha else ("master",),
                zone=f"{self.region}-01",
                replication_mode=spec.ha.replication_mode if spec.ha else None,
                primary=None,
                flavor=DEFAULT_FLAVORS[datastore.type],
                volume=("CLOUDSSD", spec.volume_gb),
                network=network,
                port=PORTS[datastore.type],
                policy=BackupPolicy(keep_days=7, start_time="02:00:00"),
                now=now,
            )
        if spec.status != "ACTIVE":
            instance.activity = Activity(status=spec.status, ends=FOREVER)

    def _add_replica(self, primary: Instance, name: str, flavor: Flavor, now: float) -> Instance:
        replica = self._add(
            name=name,
            datastore=primary.datastore,
            roles=("readreplica",),
            zone=primary.nodes[0].availability_zone,
            replication_mode=None,
            primary=primary,
            flavor=flavor,
            volume=(primary.volume_type, primary.volume_gb),
            network=(primary.vpc_id, primary.subnet_id, primary.security_group_id),
            port=primary.port,
            policy=BackupPolicy(keep_days=0, start_time="02:00:00"),
            now=now,
        )
        primary.replicas.append(replica)
        return replica

    def _add(
        self,
        *,
        name: str,
        datastore: Datastore,
        roles: tuple[str, ...],
        zone: str,
        replication_mode: str | None,
        primary: Instance | None,
        flavor: Flavor,
        volume: tuple[str, int],
        network: tuple[str, ...],
        port: int,
        policy: BackupPolicy,
        now: float,
    ) -> Instance:
        engine: Engine = datastore.type
        instance = Instance(
            id=self._values.rds_instance_id(engine),
            name=name,
            datastore=datastore,
            nodes=tuple(
                Node(id=self._values.rds_node_id(engine), name=f"{name}_node{i}", role=role, availability_zone=zone)  # type: ignore[arg-type]
                for i, role in enumerate(roles)
            ),
            replication_mode=replication_mode,
            primary=primary,
            flavor=flavor,
            volume_type=volume[0],
            volume_gb=volume[1],
            region=self.region,
            vpc_id=network[0],
            subnet_id=network[1],
            security_group_id=network[2],
            port=port,
            host=self._values.rds_private_ip(),
            created=now,
            policy=policy,
        )
        self._instances[instance.id] = instance
        for node in instance.nodes:
            self._nodes[node.id] = instance
        return instance
