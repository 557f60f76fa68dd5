"""Instances: create, list, delete, restart, restore to a new one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mockrds.domain import errors
from mockrds.domain.engines import (
    COLLATIONS,
    DEFAULT_FLAVORS,
    PORTS,
    REPLICATION_MODES,
    Datastore,
    Engine,
    Flavor,
)
from mockrds.domain.errors import RDSError
from mockrds.domain.models import FOREVER, Activity, BackupPolicy, Instance, Node, Settings
from mockrds.domain.world.instance_changes import InstanceChanges, check_port
from mockrds.domain.world_template import NO_EFFECT, WorldEffect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mockrds.domain.models import Backup, InstanceKind, Job
    from mockrds.domain.world_template import InstanceSpec


class InstanceOperations(InstanceChanges):
    """What a world can do with instances."""

    def list_instances(
        self,
        *,
        id: str | None = None,  # noqa: A002  (the word of the API)
        name: str | None = None,
        kind: InstanceKind | None = None,
        engine: Engine | None = None,
        vpc_id: str | None = None,
        subnet_id: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        offset: int = 0,
        limit: int | None = None,
        effect: WorldEffect = NO_EFFECT,
    ) -> tuple[list[Instance], int, float]:
        """List the instances that fit, in the order they were made.

        Args:
            id: Their id, or with a ``*`` before it a part of it.
            name: Their name, or with a ``*`` before it a part of it.
            kind: Only those of this kind.
            engine: Only those of this engine.
            vpc_id: Only those in this VPC.
            subnet_id: Only those in this subnet.
            tags: Only those with all these tags; None for a value is any value.
            offset: How many to leave out.
            limit: How many to give at most; absent: all.
            effect: What is different about this call: ``stale``.

        Returns:
            A page of them, how many there are in all, and the time they were looked at.
        """
        with self.moment as now:
            as_of = now - (effect.stale or 0.0)
            among: Iterable[Instance] = self._instances.values()
            if id is not None and not id.startswith("*"):
                among = [self._instances[id]] if id in self._instances else []
            fitting = [
                instance
                for instance in among
                if not instance.hidden_at(as_of)
                and _is_like(id, instance.id)
                and _is_like(name, instance.name)
                and kind in (None, instance.kind)
                and engine in (None, instance.datastore.type)
                and vpc_id in (None, instance.vpc_id)
                and subnet_id in (None, instance.subnet_id)
                and all(value in (None, instance.tags.get(key)) for key, value in (tags or {}).items())
                and (tags or {}).keys() <= instance.tags.keys()
            ]
            return fitting[offset:][:limit], len(fitting), as_of

    def get_instance(self, node_id: str, effect: WorldEffect = NO_EFFECT) -> tuple[Instance, float]:
        """Find an instance by the id of its primary node, and the time it was looked at.

        Args:
            node_id: The primary node.
            effect: What is different about this call: ``stale``.

        Raises:
            RDSError: INSTANCE_NOT_FOUND.
        """
        with self.moment as now:
            as_of = now - (effect.stale or 0.0)
            try:
                instance = self.find_instance(node_id)
            except RDSError:
                self._look_for_hidden(as_of)
                raise
            if instance.hidden_at(as_of):
                raise RDSError(errors.INSTANCE_NOT_FOUND)
            return instance, as_of

    def _look_for_hidden(self, now: float) -> None:
        for instance in self._instances.values():
            if instance.hidden is not None:
                instance.hidden.look(now)

    def look_at_instances(self, instances: list[Instance], now: float) -> None:
        """Note that a client saw *instances* at *now*; counts only what lasts for a number of looks."""
        with self.moment:
            self._look_for_hidden(now)
            # a primary and its replicas share a restore, which was seen once
            under_way = {id(instance.activity): instance.activity for instance in instances}
            for activity in under_way.values():
                if activity is not None:
                    activity.look(now)
            for instance in instances:
                self.settle(instance, now)

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
        host: str = "",
        settings: Settings = Settings(),  # noqa: B008  (it is frozen)
        effect: WorldEffect = NO_EFFECT,
    ) -> Instance:
        """Build a new instance, single or (with *replication_mode*) a primary/standby pair.

        *network* holds the ids of the VPC, the subnet and the security group; a pair may have two zones
        with a comma between; *backup* is what the instance is built from, if anything; *host* is its
        address, drawn if empty; *effect* may have a ``lifecycle`` and ``visible_after``.

        Raises:
            RDSError: FLAVOR_NOT_FOUND, REPLICATION_MODE or INVALID_PARAMETER for what the engine does not
                have, or INSTANCE_QUOTA.
        """
        with self.moment as now:
            _check_engine(datastore.type, flavor, replication_mode, port)
            self.check_free_address(host)
            self.check_instance_quota()
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
                settings=_settings(settings, datastore.type),
                host=host,
                now=now,
            )
            transition = effect.lifecycle or self.life_cycle.create_instance
            activity = self.begin(instance, "BUILD", transition, now, backup)
            self.plan_backups(instance, now)
            self.schedule_first_backup(instance, activity.ends)
            self._job_of_creation("Create{}SingleHAInstance", instance)
            instance.hidden = self.hide(effect.visible_after, now)
            return instance

    def create_read_replica(
        self,
        *,
        name: str,
        flavor: Flavor,
        node_id: str,
        availability_zone: str = "",
        volume_type: str | None = None,
        clusters: bool = False,
        settings: Settings = Settings(),  # noqa: B008  (it is frozen)
        effect: WorldEffect = NO_EFFECT,
    ) -> Instance:
        """Build a read replica of the instance whose primary node is *node_id*.

        Args:
            name: Its name.
            flavor: Its class.
            node_id: The primary node of the instance that it follows.
            availability_zone: Where it is; empty: where the primary is.
            volume_type: The kind of its disk; absent: that of the primary.
            clusters: Whether SQL Server has read replicas too, in its Enterprise Edition.
            settings: Its disk's key.
            effect: What is different about this call: ``lifecycle``, ``visible_after``.

        Raises:
            RDSError: REPLICA_OF, ENGINE_NOT_SUPPORTED, FLAVOR_NOT_FOUND, INSTANCE_QUOTA, or what the
                primary is busy with.
        """
        with self.moment as now:
            primary = self._nodes.get(node_id)
            if primary is None or primary.node_id != node_id or primary.primary is not None:
                raise RDSError(errors.REPLICA_OF)
            if primary.datastore.type == "SQLServer" and not (clusters and primary.datastore.version.endswith("_EE")):
                raise RDSError(errors.ENGINE_NOT_SUPPORTED, "of SQL Server only API v3, and the Enterprise Edition")
            if flavor.engine != primary.datastore.type:
                raise RDSError(errors.FLAVOR_NOT_FOUND)
            self.check_idle(primary, now)
            self.check_instance_quota()
            replica = self._add_replica(primary, name, flavor, now, availability_zone, settings)
            replica.volume_type = volume_type or primary.volume_type
            self.begin(replica, "BUILD", effect.lifecycle or self.life_cycle.create_instance, now)
            self._job_of_creation("Create{}ReplicaInstance", replica)
            replica.hidden = self.hide(effect.visible_after, now)
            return replica

    def delete_instance(self, node_id: str, effect: WorldEffect = NO_EFFECT) -> Job:
        """Delete an instance; its replicas go with it, its manual backups stay.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE for a standby, or what the instance is
                busy with. A running backup delays the deletion and does not refuse it.
        """
        with self.moment as now:
            instance = self.find_unless_standby(node_id, "a standby can't be deleted by itself")
            if instance.status_at(now) != "SHUTDOWN" or instance.activity is None or instance.activity.on_end:
                self.check_idle(instance, now)
            start = now
            if instance.running is not None and instance.running.ends != FOREVER:
                start = max(now, instance.running.ends)
            for leaving in (*instance.replicas, instance):
                self.begin(leaving, "DELETING", effect.lifecycle or self.life_cycle.delete_instance, start)
                assert leaving.activity is not None  # noqa: S101
                self.remove_at(leaving, leaving.activity.ends)
            return self.add_job("Delete{}Instance", instance, instance.activity)

    def restart_instance(self, node_id: str, effect: WorldEffect = NO_EFFECT) -> Job:
        """Reboot an instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE for a standby, or what it is busy with.
        """
        with self.moment as now:
            instance = self.find_unless_standby(node_id, "a standby can't be rebooted by itself")
            self.check_free(instance, now)
            activity = self.begin(instance, "REBOOTING", effect.lifecycle or self.life_cycle.restart, now)
            return self.add_job("Restart{}Instance", instance, activity)

    def _job_of_creation(self, name: str, instance: Instance) -> None:
        """Note the jobs of making an instance, one for each node; the reference lets the second begin otherwise."""
        about = self.describe_creation(instance)
        first = self.add_job(name, instance, instance.activity, **about)
        instance.jobs = (first.id,)
        if instance.standby is not None:
            second = self.add_job(name, instance, instance.activity, **about)
            del self._jobs[second.id]
            second.id = f"ae3081{second.id[6:]}"
            self._jobs[second.id] = second
            instance.jobs = (first.id, second.id)

    def restore_to_new_instance(
        self,
        *,
        name: str,
        flavor: Flavor,
        volume_gb: int,
        replication_mode: str | None,
        backup_id: str | None,
        restore_time: float | None,
        source_node_id: str | None = None,
        source_id: str | None = None,
        sqlserver: bool = False,
        volume_type: str | None = None,
        availability_zone: str | None = None,
        network: tuple[str, str, str] | None = None,
        port: int | None = None,
        usual_port: bool = False,
        policy: BackupPolicy | None = None,
        host: str = "",
        settings: Settings = Settings(),  # noqa: B008  (it is frozen)
        effect: WorldEffect = NO_EFFECT,
    ) -> Instance:
        """Build a new instance from a backup or a point in time of another one.

        Args:
            name: Its name.
            flavor: Its class.
            volume_gb: The size of its disk.
            replication_mode: Makes it a primary/standby pair.
            backup_id: The backup; it wins over *restore_time*.
            restore_time: The point in time, in seconds since 1970.
            source_node_id: The primary node of the instance that was backed up, or
            source_id: the id of that instance, which may be gone if there is a backup.
            sqlserver: Whether SQL Server can be restored so, its Enterprise Edition to pairs only.
            volume_type: Like all that follow as that of the source, when it is absent.
            availability_zone: As for ``create_instance``.
            network: As for ``create_instance``; an empty security group is that of the source.
            port: As for ``create_instance``.
            usual_port: Whether an absent port is not that of the source but the usual one.
            policy: As for ``create_instance``.
            host: As for ``create_instance``.
            settings: As for ``create_instance``; time zone and collation that are empty are those of the source.
            effect: What is different about this call: ``lifecycle``, ``visible_after``.

        Raises:
            RDSError: SOURCE_NOT_FOUND, ENGINE_NOT_SUPPORTED, BACKUP_NOT_FOUND, BACKUP_DELETING,
                BACKUP_NOT_USABLE, NO_BACKUP_FOR_TIME, FLAVOR_NOT_FOUND, VOLUME_TOO_SMALL,
                REPLICATION_MODE, INVALID_PARAMETER for a port of another engine, or INSTANCE_QUOTA.
        """
        with self.moment as now:
            source = self._nodes.get(source_node_id or "") or self._instances.get(source_id or "")
            if source is None and (backup_id is None or (source_id is not None and source_id not in self._former)):
                raise RDSError(errors.SOURCE_NOT_FOUND)
            backup = self.find_restorable(source, backup_id, restore_time, now)
            if source_id not in (None, backup.instance.id):
                raise RDSError(errors.BACKUP_NOT_FOUND, "the backup was made from another instance")
            source = backup.instance
            if source.datastore.type == "SQLServer" and not sqlserver:
                raise RDSError(errors.ENGINE_NOT_SUPPORTED)
            if source.datastore.in_pairs and replication_mode is None:
                raise RDSError(errors.ENGINE_NOT_SUPPORTED, f"{source.datastore} has no single instances")
            if flavor.engine != source.datastore.type:
                raise RDSError(errors.FLAVOR_NOT_FOUND)
            if volume_gb < source.volume_gb:
                raise RDSError(errors.VOLUME_TOO_SMALL, f"the source has {source.volume_gb} GB")
            vpc_id, subnet_id, group_id = network or (source.vpc_id, source.subnet_id, "")
            return self.create_instance(
                name=name,
                datastore=source.datastore,
                flavor=flavor,
                volume_type=volume_type or source.volume_type,
                volume_gb=volume_gb,
                availability_zone=availability_zone or source.nodes[0].availability_zone,
                network=(vpc_id, subnet_id, group_id or source.security_group_id),
                port=port if port is not None else PORTS[source.datastore.type] if usual_port else source.port,
                policy=policy or BackupPolicy(keep_days=source.policy.keep_days, start_time=source.policy.start_time),
                replication_mode=replication_mode,
                backup=backup,
                host=host,
                settings=replace(
                    settings,
                    time_zone=settings.time_zone or source.settings.time_zone,
                    collation=settings.collation or source.settings.collation,
                ),
                effect=effect,
            )

    # Making instances

    def add_from_template(self, spec: InstanceSpec, network: tuple[str, str, str]) -> None:
        """Add an instance that a template describes."""
        now = self.now()
        if spec.replica_of is not None:
            primary = next(instance for instance in self._instances.values() if instance.name == spec.replica_of)
            instance = self._add_replica(primary, spec.name, primary.flavor.of_mode("replica"), now)
        else:
            datastore = Datastore.find(spec.datastore.type, spec.datastore.version)
            instance = self._add(
                name=spec.name,
                datastore=datastore,
                roles=("master", "slave") if spec.ha else ("master",),
                zone=f"{self.region}-01",
                replication_mode=spec.ha.replication_mode if spec.ha else None,
                primary=None,
                flavor=DEFAULT_FLAVORS[datastore.type].of_mode("ha" if spec.ha else "single"),
                volume=("CLOUDSSD", spec.volume_gb),
                network=network,
                port=PORTS[datastore.type],
                policy=BackupPolicy(keep_days=7, start_time="02:00:00"),
                settings=_settings(Settings(), datastore.type),
                now=now,
            )
        if spec.status != "ACTIVE":
            instance.activity = Activity(status=spec.status, ends=FOREVER)
        self.plan_backups(instance, now)

    def _add_replica(
        self,
        primary: Instance,
        name: str,
        flavor: Flavor,
        now: float,
        zone: str = "",
        settings: Settings = Settings(),  # noqa: B008  (it is frozen)
    ) -> Instance:
        replica = self._add(
            name=name,
            datastore=primary.datastore,
            roles=("readreplica",),
            zone=zone or primary.nodes[0].availability_zone,
            replication_mode=None,
            primary=primary,
            flavor=flavor,
            volume=(primary.volume_type, primary.volume_gb),
            network=(primary.vpc_id, primary.subnet_id, primary.security_group_id),
            port=primary.port,
            policy=BackupPolicy(keep_days=0, start_time="02:00:00"),
            settings=replace(primary.settings, disk_encryption_id=settings.disk_encryption_id),
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
        settings: Settings,
        now: float,
        host: str = "",
    ) -> Instance:
        engine: Engine = datastore.type
        zones = zone.split(",")
        instance = Instance(
            id=self._values.rds_instance_id(engine),
            name=name,
            datastore=datastore,
            nodes=tuple(
                Node(
                    id=self._values.rds_node_id(engine),
                    name=f"{name}_node{i}",
                    role=role,  # type: ignore[arg-type]
                    availability_zone=zones[min(i, len(zones) - 1)],
                )
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
            host=host or self._values.rds_private_ip(),
            created=now,
            policy=policy,
            settings=settings,
            ssl=engine == "PostgreSQL",
            failover_strategy="reliability" if len(roles) > 1 else "",
        )
        self._instances[instance.id] = instance
        for node in instance.nodes:
            self._nodes[node.id] = instance
        return instance


def _is_like(pattern: str | None, text: str) -> bool:
    if pattern is None:
        return True
    return pattern[1:] in text if pattern.startswith("*") else pattern == text


def _check_engine(engine: Engine, flavor: Flavor, replication_mode: str | None, port: int) -> None:
    """Refuse what *engine* does not have."""
    if flavor.engine != engine:
        raise RDSError(errors.FLAVOR_NOT_FOUND)
    modes = REPLICATION_MODES[engine]
    if replication_mode is not None and replication_mode not in modes:
        raise RDSError(errors.REPLICATION_MODE, f"{engine} takes {' or '.join(modes)}")
    check_port(engine, port)


def _settings(settings: Settings, engine: Engine) -> Settings:
    """Fill in what an engine has when nothing was said."""
    if engine != "SQLServer":
        if settings.collation:
            raise RDSError(errors.INVALID_PARAMETER, "'collation' is for SQL Server only")
        return settings
    return replace(settings, collation=settings.collation or COLLATIONS[0])
