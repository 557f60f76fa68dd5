"""One project's cloud, in memory: its instances, its backups, and every operation on them.

Nothing here knows HTTP. Public methods are safe to call from any thread, cost O(1) or O(answer), and
raise ``RDSError`` where the service would refuse.
"""

from __future__ import annotations

import heapq
import threading
from itertools import count
from math import inf
from typing import TYPE_CHECKING

from mockrds.domain import errors
from mockrds.domain.engines import DEFAULT_FLAVORS, PORTS, REPLICATION_MODES, Datastore, Engine, Flavor
from mockrds.domain.errors import Problem, RDSError
from mockrds.domain.models import FOREVER, Activity, Backup, BackupPolicy, Instance, Node
from mockrds.domain.values import RDSValues, job_id, uuid4

if TYPE_CHECKING:
    from random import Random

    from mockrds.domain.clock import Clock
    from mockrds.domain.template import Course, InstanceSpec, LifeCycle, Outcome, WorldTemplate

TAG_LIMIT = 20
_BUSY: dict[str, Problem] = {
    "BUILD": errors.INSTANCE_CREATING,
    "RESTORING": errors.INSTANCE_RESTORING,
    "DELETING": errors.INSTANCE_DELETING,
}


class World:
    """A project's instances and backups.

    Args:
        template: What the world starts with.
        life_cycle: How long things take and how they end.
        clock: The time that life cycles read.
        random: The source of ids and durations.
        region: Where everything is.
    """

    def __init__(
        self, template: WorldTemplate, life_cycle: LifeCycle, clock: Clock, random: Random, region: str = "eu-de"
    ) -> None:
        self.life_cycle = life_cycle
        self.quotas = template.quotas
        self.clock = clock
        self.region = region
        self._random = random
        self._values = RDSValues(random)
        self._lock = threading.RLock()
        self._instances: dict[str, Instance] = {}
        self._nodes: dict[str, Instance] = {}
        self._backups: dict[str, Backup] = {}
        self._names: dict[str, Backup] = {}
        self._leaving: list[tuple[float, int, Backup | Instance]] = []  # a heap, by when they are gone
        self._order = count()
        self._network = tuple(self._values.rds_resource_id() for _ in range(3))
        for spec in template.instances:
            self._found(spec)

    # What a test may look at and change

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All instances, in the order they were made."""
        with self._lock:
            self._now()
            return tuple(self._instances.values())

    @property
    def backups(self) -> tuple[Backup, ...]:
        """All manual backups, oldest first."""
        with self._lock:
            self._now()
            return tuple(self._backups.values())

    def finish(self, resource_id: str, outcome: Outcome | None = None) -> None:
        """Bring what is under way to its end at once: a backup, its deletion, or what an instance is doing.

        Args:
            resource_id: A backup, or an instance (by its id or that of one of its nodes).
            outcome: How a BUILDING backup ends; absent: as its life cycle says.

        Raises:
            KeyError: There is no such backup or instance.
        """
        with self._lock:
            now = self._now()
            backup = self._backups.get(resource_id)
            if backup is None:
                instance = self._nodes.get(resource_id) or self._instances[resource_id]
                if instance.activity is not None:
                    instance.activity.ends = now
                    self._settle(instance, now)
            elif backup.deletion is not None:
                self._forget(backup)
            elif now < backup.ends:
                backup.ends = now
                backup.outcome = outcome or backup.outcome

    def set_status(self, instance_id: str, status: str, *, seconds: float = FOREVER) -> None:
        """Put an instance into *status*, for *seconds* of the world's clock.

        Args:
            instance_id: The instance, by its id or that of one of its nodes.
            status: ACTIVE, BUILD, RESTORING, REBOOTING, DELETING or FAILED.
            seconds: How long; absent: until told otherwise.

        Raises:
            KeyError: There is no such instance.
        """
        with self._lock:
            now = self._now()
            instance = self._nodes.get(instance_id) or self._instances[instance_id]
            instance.activity = None
            if status != "ACTIVE":
                instance.activity = Activity(status=status, ends=now + seconds)
            if status == "DELETING":
                self._leave(instance, now + seconds)

    # Backups

    def create_manual_backup(
        self, node_id: str, name: str, description: str = "", *, quota: int | None = None
    ) -> Backup:
        """Start a manual backup of the instance whose primary node is *node_id*.

        Args:
            node_id: The primary node.
            name: A name that keeps the rules of names.
            description: A description that keeps the rules of descriptions.
            quota: The limit for this call; absent: the world's own.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE, INSTANCE_CREATING, INSTANCE_RESTORING,
                INSTANCE_DELETING, INSTANCE_BUSY, BACKUP_RUNNING, BACKUP_NAME_TAKEN or BACKUP_QUOTA.
        """
        with self._lock:
            now = self._now()
            instance = self._primary(node_id)
            self._check_free(instance, now)
            if name in self._names:
                raise RDSError(errors.BACKUP_NAME_TAKEN)
            limit = self.quotas.manual_backups if quota is None else quota
            if limit is not None and len(self._backups) >= limit:
                raise RDSError(errors.BACKUP_QUOTA, f"the quota in force is {limit} manual backups")
            course = self.life_cycle.backup
            ends, looks = self._end(course, now)
            backup = Backup(
                id=uuid4(self._random),
                name=name,
                description=description,
                instance=instance,
                node_id=instance.node_id,
                created=now,
                ends=ends,
                outcome=course.outcome,
                job_id=job_id(self._random),
                looks=looks,
            )
            self._backups[backup.id] = backup
            self._names[name] = backup
            instance.backups[backup.id] = backup
            instance.running = backup
            return backup

    def list_manual_backups(self) -> tuple[list[Backup], float]:
        """List all manual backups, newest first, and tell the time they were looked at."""
        with self._lock:
            now = self._now()
            return list(reversed(self._backups.values())), now

    def look(self, backups: list[Backup], now: float) -> None:
        """Note that a client saw *backups* at *now*; counts with progression ``manual`` only."""
        if self.life_cycle.backup.looks is None and self.life_cycle.delete.looks is None:
            return
        with self._lock:
            for backup in backups:
                backup.look(now)
                if backup.gone_at(now):
                    self._forget(backup)

    def delete_manual_backup(self, backup_id: str) -> Backup:
        """Start the deletion of a manual backup: it is DELETING for a while, then gone.

        Raises:
            RDSError: BACKUP_NOT_FOUND, or BACKUP_DELETING when it is being deleted or restored, or
                BACKUP_RUNNING when it is still BUILDING.
        """
        with self._lock:
            now = self._now()
            backup = self._backup(backup_id)
            if backup.deletion is not None:
                raise RDSError(errors.BACKUP_DELETING)
            if backup.restoring_at(now):
                raise RDSError(errors.BACKUP_DELETING, "the backup is being restored")
            if now < backup.ends:
                raise RDSError(errors.BACKUP_RUNNING, "the backup is still BUILDING")
            ends, looks = self._end(self.life_cycle.delete, now)
            backup.deletion = Activity(status="DELETING", ends=ends, looks=looks)
            self._leave(backup, ends)
            return backup

    # Policy, restore

    def get_backup_policy(self, node_id: str) -> BackupPolicy:
        """Tell the automated backup policy.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or WRONG_INSTANCE_TYPE for a standby or a replica.
        """
        with self._lock:
            self._now()
            return self._primary(node_id).policy

    def set_backup_policy(self, node_id: str, policy: BackupPolicy) -> None:
        """Set the automated backup policy.

        Raises:
            RDSError: As ``get_backup_policy``, or what the instance is busy with.
        """
        with self._lock:
            now = self._now()
            instance = self._primary(node_id)
            self._check_idle(instance, now)
            instance.policy = policy

    def restore_to_original(self, node_id: str, *, backup_id: str | None, restore_time: float | None) -> str:
        """Roll an instance back to a backup, or to a time after one. Gives the job id.

        Args:
            node_id: The primary node of the instance.
            backup_id: The backup; it wins over *restore_time*.
            restore_time: The point in time, in seconds since 1970.

        Raises:
            RDSError: As ``create_manual_backup`` for the instance; ENGINE_NOT_SUPPORTED for SQL Server;
                BACKUP_NOT_FOUND, BACKUP_DELETING, BACKUP_NOT_USABLE or NO_BACKUP_FOR_TIME.
        """
        with self._lock:
            now = self._now()
            instance = self._primary(node_id)
            if instance.datastore.type == "SQLServer":
                raise RDSError(errors.ENGINE_NOT_SUPPORTED)
            self._check_free(instance, now)
            backup = self._restorable(instance, backup_id, restore_time, now)
            if backup.instance is not instance:
                raise RDSError(errors.BACKUP_NOT_FOUND, "the backup was made from another instance")
            self._begin(instance, "RESTORING", self.life_cycle.restore, now, backup)
            for replica in instance.replicas:
                replica.activity = instance.activity
            return job_id(self._random)

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
            )

    # Instances

    def list_instances(self) -> tuple[list[Instance], float]:
        """List all instances, in the order they were made, and tell the time they were looked at."""
        with self._lock:
            now = self._now()
            return list(self._instances.values()), now

    def get_instance(self, node_id: str) -> tuple[Instance, float]:
        """Find an instance by the id of its primary node, and tell the time it was looked at.

        Raises:
            RDSError: INSTANCE_NOT_FOUND.
        """
        with self._lock:
            now = self._now()
            return self._instance(node_id), now

    def look_at_instances(self, instances: list[Instance], now: float) -> None:
        """Note that a client saw *instances* at *now*; counts with progression ``manual`` only."""
        with self._lock:
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
    ) -> Instance:
        """Build a new instance, single or (with *replication_mode*) a primary/standby pair.

        *network* holds the ids of the VPC, the subnet and the security group; *backup* is what the
        instance is built from, if anything.

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
            self._begin(instance, "BUILD", self.life_cycle.create_instance, now, backup)
            return instance

    def create_read_replica(self, *, name: str, flavor: Flavor, node_id: str) -> Instance:
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
            self._begin(replica, "BUILD", self.life_cycle.create_instance, now)
            return replica

    def delete_instance(self, node_id: str) -> str:
        """Delete an instance; its replicas go with it, its manual backups stay. Gives the job id.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE for a standby, or what the instance is
                busy with. A running backup delays the deletion and does not refuse it.
        """
        with self._lock:
            now = self._now()
            instance = self._instance(node_id)
            if instance.node_id != node_id:
                raise RDSError(errors.WRONG_INSTANCE_TYPE, "a standby can't be deleted by itself")
            self._check_idle(instance, now)
            start = instance.running.ends if instance.running and instance.backing_up_at(now) else now
            for leaving in (*instance.replicas, instance):
                self._begin(leaving, "DELETING", self.life_cycle.delete_instance, max(start, now))
                assert leaving.activity is not None  # noqa: S101
                self._leave(leaving, leaving.activity.ends)
            return job_id(self._random)

    def restart_instance(self, node_id: str) -> str:
        """Reboot an instance. Gives the job id.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE for a standby, or what it is busy with.
        """
        with self._lock:
            now = self._now()
            instance = self._instance(node_id)
            if instance.node_id != node_id:
                raise RDSError(errors.WRONG_INSTANCE_TYPE, "a standby can't be rebooted by itself")
            self._check_free(instance, now)
            self._begin(instance, "REBOOTING", self.life_cycle.restart, now)
            return uuid4(self._random)

    def job_ids(self, count: int) -> list[str]:
        """Draw the ids of *count* jobs; the second job of a pair begins otherwise, as in the reference."""
        with self._lock:
            ids = [job_id(self._random) for _ in range(count)]
            return [jid if i == 0 else f"ae3081{jid[6:]}" for i, jid in enumerate(ids)]

    # Tags

    def list_tags(self, node_id: str) -> dict[str, str]:
        """Tell the tags of an instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or WRONG_INSTANCE_TYPE for a standby.
        """
        with self._lock:
            self._now()
            return dict(self._tagged(node_id).tags)

    def add_tag(self, node_id: str, key: str, value: str) -> None:
        """Add a tag to an instance; a tag with the same key is overwritten.

        Raises:
            RDSError: As ``list_tags``, or TAG_QUOTA.
        """
        with self._lock:
            self._now()
            tags = self._tagged(node_id).tags
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
            self._tagged(node_id).tags.pop(key, None)

    # Time: what has ended leaves

    def _now(self) -> float:
        now = self.clock.now()
        while self._leaving and self._leaving[0][0] <= now:
            thing = heapq.heappop(self._leaving)[2]
            if thing.gone_at(now):  # its deletion may have been called off by set_status
                self._forget(thing)
        return now

    def _end(self, course: Course, now: float) -> tuple[float, int | None]:
        if course.progression == "immediate":
            return now, None
        if course.progression == "manual":
            return (now if course.looks == 0 else inf), course.looks
        return now + course.seconds.sample(self._random), None

    def _begin(self, instance: Instance, status: str, course: Course, now: float, backup: Backup | None = None) -> None:
        ends, looks = self._end(course, now)
        instance.activity = Activity(status=status, ends=ends, looks=looks)
        if backup is not None:
            under_way = [restore for restore in backup.restores or () if restore.running(now)]
            backup.restores = [*under_way, instance.activity]

    def _settle(self, instance: Instance, now: float) -> None:
        if instance.activity is not None and not instance.activity.running(now):
            if instance.gone_at(now):
                self._forget(instance)
            instance.activity = None

    def _leave(self, thing: Backup | Instance, when: float) -> None:
        if when != inf:
            heapq.heappush(self._leaving, (when, next(self._order), thing))

    def _forget(self, thing: Backup | Instance) -> None:
        if isinstance(thing, Instance):
            if self._instances.pop(thing.id, None):
                for node in thing.nodes:
                    del self._nodes[node.id]
                if thing.primary is not None:
                    thing.primary.replicas.remove(thing)
        elif self._backups.pop(thing.id, None):
            del self._names[thing.name]
            del thing.instance.backups[thing.id]
            if thing.instance.running is thing:
                thing.instance.running = None

    # Finding and refusing

    def _instance(self, node_id: str) -> Instance:
        instance = self._nodes.get(node_id)
        if instance is None:
            hint = ""
            if node_id in self._instances:
                hint = (
                    f"{node_id} is the id of a DB instance; API v1 takes the id of its primary node, "
                    f"{self._instances[node_id].node_id}"
                )
            raise RDSError(errors.INSTANCE_NOT_FOUND, hint)
        return instance

    def _primary(self, node_id: str) -> Instance:
        instance = self._instance(node_id)
        if instance.node_id != node_id:
            raise RDSError(errors.WRONG_INSTANCE_TYPE, f"this is a standby; the primary node is {instance.node_id}")
        if instance.primary is not None:
            hint = f"this is a read replica; its primary node is {instance.primary.node_id}"
            raise RDSError(errors.WRONG_INSTANCE_TYPE, hint)
        return instance

    def _tagged(self, node_id: str) -> Instance:
        instance = self._instance(node_id)
        if instance.node_id != node_id:
            raise RDSError(errors.WRONG_INSTANCE_TYPE, "a standby has no tags of its own")
        return instance

    def _check_idle(self, instance: Instance, now: float) -> None:
        status = instance.status_at(now)
        if status != "ACTIVE":
            raise RDSError(_BUSY.get(status, errors.INSTANCE_BUSY), f"the instance is {status}")

    def _check_free(self, instance: Instance, now: float) -> None:
        if instance.activity is not None:
            self._check_idle(instance, now)
        if instance.backing_up_at(now):
            raise RDSError(errors.BACKUP_RUNNING)

    def _check_instance_quota(self) -> None:
        limit = self.quotas.instances
        if limit is not None and len(self._instances) >= limit:
            raise RDSError(errors.INSTANCE_QUOTA, f"the quota in force is {limit} instances")

    def _backup(self, backup_id: str) -> Backup:
        backup = self._backups.get(backup_id)
        if backup is None:
            raise RDSError(errors.BACKUP_NOT_FOUND)
        return backup

    def _restorable(
        self, source: Instance | None, backup_id: str | None, restore_time: float | None, now: float
    ) -> Backup:
        if backup_id is not None:
            backup = self._backup(backup_id)
            status = backup.status_at(now)
            if status == "DELETING":
                raise RDSError(errors.BACKUP_DELETING)
            if status != "COMPLETED":
                raise RDSError(errors.BACKUP_NOT_USABLE, f"the backup is {status}")
            return backup
        assert source is not None  # noqa: S101
        assert restore_time is not None  # noqa: S101
        if restore_time <= now:
            for backup in source.backups.values():
                if backup.ends <= restore_time and backup.status_at(now) == "COMPLETED":
                    return backup
        raise RDSError(errors.NO_BACKUP_FOR_TIME)

    # Making instances

    def _found(self, spec: InstanceSpec) -> None:
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
                network=self._network,
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
