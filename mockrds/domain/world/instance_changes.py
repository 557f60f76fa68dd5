"""Changes of instances that take a while, of which a job is recorded; and how instances are changed at all."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from mockrds.domain import errors
from mockrds.domain.engines import FLAVORS, OPEN_PORTS, REPLICATION_MODES, Datastore, Engine, Flavor, Mode
from mockrds.domain.errors import RDSError
from mockrds.domain.models import FOREVER, Activity, Host, Instance, Job, Node
from mockrds.domain.random_values import uuid4
from mockrds.domain.world.automated_backups import AutomatedBackups
from mockrds.domain.world.state import DAY
from mockrds.domain.world_template import NO_EFFECT, WorldEffect

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.domain.models import InstanceKind

_MODES: Final[dict[InstanceKind, Mode]] = {"Single": "single", "Ha": "ha", "Replica": "replica"}
_STOPPED_FOR: Final = 7 * DAY
_ENCRYPTING: Final = ("2017_EE", "2019_SE", "2019_EE", "2022_SE", "2022_EE")
_AGAIN: Final = 1800  # what finds the instance busy in its maintenance window is tried again


class InstanceChanges(AutomatedBackups):
    """What can be changed of an instance. Each method takes the id of its primary node."""

    def change_instance_flavor(self, node_id: str, flavor: Flavor, effect: WorldEffect = NO_EFFECT) -> Job:
        """Change the class of an instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND; FLAVOR_NOT_FOUND for a class of another engine; SAME_FLAVOR for the
                class that it has, or one for another kind of instances; or what the instance is busy with.
        """
        with self.moment:
            instance = self.find_changeable(node_id)
            if flavor.engine != instance.datastore.type:
                raise RDSError(errors.FLAVOR_NOT_FOUND)
            if flavor == instance.flavor:
                raise RDSError(errors.SAME_FLAVOR, "the instance is of this class")
            if flavor.mode != _MODES[instance.kind]:
                raise RDSError(errors.SAME_FLAVOR, f"this class is for another kind of instances than {instance.kind}")
            return self.change(
                instance, "MODIFYING", "Resize{}Flavor", partial(setattr, instance, "flavor", flavor), effect
            )

    def list_resize_flavors(self, node_id: str) -> list[Flavor]:
        """List the classes that ``change_instance_flavor`` takes.

        Raises:
            RDSError: INSTANCE_NOT_FOUND.
        """
        with self.moment:
            instance = self.find_instance(node_id)
            kind = instance.datastore.type, _MODES[instance.kind]
            return [
                flavor
                for flavor in FLAVORS.values()
                if (flavor.engine, flavor.mode) == kind and flavor != instance.flavor
            ]

    def resize_instance_volume(self, node_id: str, size: int, effect: WorldEffect = NO_EFFECT) -> Job:
        """Enlarge the disk of an instance to *size* GB.

        Raises:
            RDSError: INSTANCE_NOT_FOUND; VOLUME_STEP; VOLUME_NOT_LARGER; VOLUME_ABOVE_PRIMARY for a read replica
                that would be larger than its primary; or what the instance is busy with.
        """
        with self.moment:
            instance = self.find_changeable(node_id)
            if size % 10:
                raise RDSError(errors.VOLUME_STEP)
            if size <= instance.volume_gb:
                raise RDSError(errors.VOLUME_NOT_LARGER, f"the instance has {instance.volume_gb} GB")
            if instance.primary is not None and size > instance.primary.volume_gb:
                raise RDSError(errors.VOLUME_ABOVE_PRIMARY, f"the primary has {instance.primary.volume_gb} GB")
            volume = {
                "type": instance.volume_type,
                "original_size": str(instance.volume_gb),
                "target_size": str(size),
            }
            return self.change(
                instance,
                "MODIFYING",
                "Enlarge{}Volume",
                partial(setattr, instance, "volume_gb", size),
                effect,
                volume=volume,
                resource_ids=[f"{instance.id}.volume"],
            )

    def change_storage_type(
        self, node_id: str, engine: Engine, mode: Mode, volume_type: str, effect: WorldEffect = NO_EFFECT
    ) -> Job:
        """Change the kind of disk of an instance.

        Args:
            node_id: The primary node.
            engine: The engine that the new kind is for.
            mode: The kind of instances that it is for.
            volume_type: The new kind.
            effect: What is different about this call: ``lifecycle``.

        Raises:
            RDSError: INSTANCE_NOT_FOUND; VOLUME_TYPE for one that is for other instances, or that it has; or
                what the instance is busy with.
        """
        with self.moment:
            instance = self.find_changeable(node_id)
            if (engine, mode) != (instance.datastore.type, _MODES[instance.kind]):
                hint = f"this storage is for other instances than {instance.datastore.type} {instance.kind}"
                raise RDSError(errors.VOLUME_TYPE, hint)
            if volume_type == instance.volume_type:
                raise RDSError(errors.VOLUME_TYPE, f"the instance has {volume_type}")
            on_end = partial(setattr, instance, "volume_type", volume_type)
            return self.change(instance, "MODIFYING", "Change{}Volume", on_end, effect)

    def single_to_ha(self, node_id: str, availability_zone: str, effect: WorldEffect = NO_EFFECT) -> Job:
        """Add a standby to a single instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND; WRONG_INSTANCE_TYPE for one that has a standby, or is a read replica;
                or what the instance is busy with.
        """
        with self.moment:
            instance = self.find_changeable(node_id)
            if instance.kind != "Single":
                raise RDSError(errors.WRONG_INSTANCE_TYPE, f"the instance is {instance.kind}")
            engine = instance.datastore.type
            standby = Node(
                id=self._values.rds_node_id(engine),
                name=f"{instance.name}_node1",
                role="slave",
                availability_zone=availability_zone,
            )

            def join() -> None:
                instance.nodes = (*instance.nodes, standby)
                self._nodes[standby.id] = instance
                instance.replication_mode = REPLICATION_MODES[engine][0]
                instance.failover_strategy = "reliability"
                instance.flavor = instance.flavor.of_mode("ha")

            about = self.describe_creation(instance, "Ha")
            return self.change(instance, "MODIFYING INSTANCE TYPE", "SingleToHa{}Instance", join, effect, **about)

    def switchover(self, node_id: str, effect: WorldEffect = NO_EFFECT) -> tuple[Job, Node]:
        """Let the primary and the standby of a pair change roles. Gives the job, and the node that becomes the primary.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE for what is no pair, or what it is busy with.
        """
        with self.moment:
            instance, standby = self._pair(node_id)

            def switch() -> None:
                master, slave = instance.nodes
                instance.nodes = replace(slave, role="master"), replace(master, role="slave")

            strategy = instance.failover_strategy
            job = self.change(instance, "SWITCHOVER", "Switchover{}Instance", switch, effect, switch_strategy=strategy)
            return job, standby

    def set_replication_mode(self, node_id: str, mode: str, effect: WorldEffect = NO_EFFECT) -> Job:
        """Change how the standby of a pair follows its primary.

        Raises:
            RDSError: As ``switchover``; ENGINE_NOT_SUPPORTED for SQL Server; or REPLICATION_MODE.
        """
        with self.moment:
            instance, _ = self._pair(node_id)
            engine = instance.datastore.type
            _check_engine(engine, "MySQL", "PostgreSQL")
            if mode not in REPLICATION_MODES[engine]:
                raise RDSError(errors.REPLICATION_MODE, f"{engine} takes {' or '.join(REPLICATION_MODES[engine])}")
            on_end = partial(setattr, instance, "replication_mode", mode)
            return self.change(instance, "MODIFYING", "Change{}ReplicationMode", on_end, effect)

    def migrate_standby(
        self, node_id: str, standby_id: str, availability_zone: str, effect: WorldEffect = NO_EFFECT
    ) -> Job:
        """Move the standby of a pair to another zone.

        Raises:
            RDSError: As ``switchover``; ENGINE_NOT_SUPPORTED for SQL Server; or INVALID_PARAMETER when
                *standby_id* is not the standby, or is in that zone.
        """
        with self.moment:
            instance, standby = self._pair(node_id)
            _check_engine(instance.datastore.type, "MySQL", "PostgreSQL")
            if standby.id != standby_id:
                raise RDSError(errors.INVALID_PARAMETER, f"the standby is {standby.id}")
            if standby.availability_zone == availability_zone:
                raise RDSError(errors.INVALID_PARAMETER, f"the standby is in {availability_zone}")
            moved = instance.nodes[0], replace(standby, availability_zone=availability_zone)
            on_end = partial(setattr, instance, "nodes", moved)
            return self.change(instance, "MIGRATING", "Migrate{}Standby", on_end, effect)

    def upgrade_minor_version(self, node_id: str, *, delayed: bool, effect: WorldEffect = NO_EFFECT) -> Job:
        """Upgrade an instance to the newest release of its major version.

        Args:
            node_id: The primary node.
            delayed: Whether that waits for the maintenance window.
            effect: What is different about this call: ``lifecycle``.

        Raises:
            RDSError: INSTANCE_NOT_FOUND; ENGINE_NOT_SUPPORTED for SQL Server; INVALID_PARAMETER for PostgreSQL
                that is to wait; INVALID_OPERATION when it is the newest; or what it is busy with.
        """
        with self.moment:
            instance = self.find_changeable(node_id)
            engine = instance.datastore.type
            _check_engine(engine, "MySQL", "PostgreSQL")
            if delayed and engine == "PostgreSQL":
                raise RDSError(errors.INVALID_PARAMETER, "PostgreSQL is upgraded at once")
            newest = Datastore.find(engine, instance.datastore.major)
            if newest == instance.datastore:
                raise RDSError(errors.INVALID_OPERATION, f"{newest} is the newest release")
            begin = partial(
                self.change,
                instance,
                "MODIFYING",
                "Upgrade{}MinorVersion",
                partial(setattr, instance, "datastore", newest),
                effect,
            )
            return self.change_in_window(instance, "Upgrade{}MinorVersion", begin) if delayed else begin()

    def enable_tde(self, node_id: str, effect: WorldEffect = NO_EFFECT) -> Job:
        """Let SQL Server encrypt its files.

        Raises:
            RDSError: INSTANCE_NOT_FOUND; ENGINE_NOT_SUPPORTED for an engine or an edition that can't;
                INVALID_OPERATION when it does; or what the instance is busy with.
        """
        with self.moment:
            instance = self.find_changeable(node_id)
            if instance.datastore.version not in _ENCRYPTING:
                raise RDSError(errors.ENGINE_NOT_SUPPORTED, f"TDE is for {', '.join(_ENCRYPTING)}")
            if instance.encrypted:
                raise RDSError(errors.INVALID_OPERATION, "TDE is enabled")

            def encrypt() -> None:
                instance.encrypted = True

            return self.change(instance, "MODIFYING", "Enable{}TDE", encrypt, effect)

    def add_msdtc_hosts(self, node_id: str, hosts: list[tuple[str, str]], effect: WorldEffect = NO_EFFECT) -> Job:
        """Add machines that SQL Server shares transactions with, given by name and address.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, ENGINE_NOT_SUPPORTED, or what the instance is busy with.
        """
        with self.moment:
            instance = self.find_changeable(node_id)
            _check_engine(instance.datastore.type, "SQLServer")
            added = [Host(id=uuid4(self._random), name=name, address=address) for name, address in hosts]
            return self.change(instance, "MODIFYING", "Add{}MsdtcHosts", partial(instance.hosts.extend, added), effect)

    def create_private_domain(self, node_id: str, effect: WorldEffect = NO_EFFECT) -> Job:
        """Apply for a private domain name of an instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, INVALID_OPERATION when it has one, or what it is busy with.
        """
        with self.moment:
            instance = self.find_changeable(node_id)
            if instance.dns_name:
                raise RDSError(errors.INVALID_OPERATION, f"its name is {instance.dns_name}")
            return self._name(instance, instance.id, "Create{}Dns", effect)

    def modify_private_domain(self, node_id: str, prefix: str, effect: WorldEffect = NO_EFFECT) -> Job:
        """Change the private domain name of an instance.

        Raises:
            RDSError: INSTANCE_NOT_FOUND; INVALID_OPERATION when it has none, or another instance has that; or
                what it is busy with.
        """
        with self.moment:
            instance = self.find_changeable(node_id)
            if not instance.dns_name:
                raise RDSError(errors.INVALID_OPERATION, "the instance has no domain name yet")
            if any(other.dns_name == self._domain_name(prefix) for other in self._instances.values()):
                raise RDSError(errors.INVALID_OPERATION, "an instance has this name")
            return self._name(instance, prefix, "Modify{}Dns", effect)

    def _name(self, instance: Instance, prefix: str, job: str, effect: WorldEffect) -> Job:
        on_end = partial(setattr, instance, "dns_name", self._domain_name(prefix))
        return self.change(instance, "MODIFYING", job, on_end, effect)

    def _domain_name(self, prefix: str) -> str:
        return f"{prefix.lower()}.internal.{self.region}.otc.t-systems.com"

    # Stopping and starting

    def stop_instance(self, node_id: str, effect: WorldEffect = NO_EFFECT) -> Job:
        """Stop an instance and its read replicas; the maintenance window after seven days starts them again.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE for a read replica, or what they are busy with.
        """
        with self.moment as now:
            instance = self.find_primary(node_id)
            together = (instance, *instance.replicas)
            for each in together:
                self.check_free(each, now)

            def stop() -> None:
                now = self.now()
                start = window_after(instance, now + _STOPPED_FOR)
                stopped = Activity(status="SHUTDOWN", began=now, ends=start)
                for each in together:
                    if each.activity is activity:
                        each.activity = stopped

            job = self.change(instance, "SHUTDOWN", "Stop{}Instance", stop, effect)
            activity = instance.activity
            for replica in instance.replicas:
                replica.activity = activity
            return job

    def start_instance(self, node_id: str, effect: WorldEffect = NO_EFFECT) -> Job:
        """Start an instance that is stopped, and its read replicas.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, INSTANCE_STATUS when it is not stopped, or INSTANCE_BUSY when it is
                being stopped.
        """
        with self.moment as now:
            instance = self.find_instance(node_id)
            status = instance.status_at(now)
            if status != "SHUTDOWN":
                raise RDSError(errors.INSTANCE_STATUS, f"the instance is {status}, not SHUTDOWN")
            if instance.activity is not None and instance.activity.on_end is not None:
                raise RDSError(errors.INSTANCE_BUSY, "the instance is being stopped")
            job = self.change(instance, "REBOOTING", "Start{}Instance", _nothing, effect)
            for replica in instance.replicas:
                if replica.status_at(now) == "SHUTDOWN":
                    replica.activity = instance.activity
            return job

    # Tools

    def find_changeable(self, node_id: str) -> Instance:
        """Find an instance or a read replica that is doing nothing, by its primary node.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE for a standby, or what it is busy with.
        """
        now = self.now()
        instance = self.find_unless_standby(node_id, "a standby can't be changed by itself")
        self.check_free(instance, now)
        return instance

    def _pair(self, node_id: str, *, free: bool = True) -> tuple[Instance, Node]:
        now = self.now()
        instance = self.find_instance(node_id)
        if instance.standby is None:
            raise RDSError(errors.WRONG_INSTANCE_TYPE, "this is for primary/standby pairs")
        if free:
            self.check_free(instance, now)
        return instance, instance.standby

    def change(
        self,
        instance: Instance,
        status: str,
        job: str,
        on_end: Callable[[], object],
        effect: WorldEffect,
        /,
        **entities: object,
    ) -> Job:
        """Show *instance* in *status* for a while, then call *on_end*; record the *job*."""

        def land() -> None:
            if instance.id in self._instances:
                on_end()
                instance.updated = self.now()

        transition = effect.lifecycle or self.life_cycle.change
        activity = self.begin(instance, status, transition, self.now(), on_end=land)
        return self.add_job(job, instance, activity, **entities)

    def change_in_window(self, instance: Instance, name: str, begin: Callable[[], Job]) -> Job:
        """Let a change *begin* in the maintenance window; its job runs from now on."""
        job = self.add_job(name, instance, Activity(status="", ends=FOREVER))

        def try_it() -> None:
            now = self.now()
            assert isinstance(job.activity, Activity)  # noqa: S101
            if instance.id not in self._instances:
                job.activity.ends, job.activity.failed = now, True
                return
            if instance.status_at(now) != "ACTIVE" or instance.backing_up_at(now):
                self.schedule(now + _AGAIN, try_it)
                return
            begun = begin()
            del self._jobs[begun.id]
            job.activity = begun.activity

        self.schedule(window_after(instance, self.now()), try_it)
        return job

    def update(self, node_id: str, *, idle: bool = True, **values: object) -> Instance:
        """Change attributes at once."""
        with self.moment as now:
            instance = self.find_instance(node_id)
            if idle:
                self.check_idle(instance, now)
            for name, value in values.items():
                setattr(instance, name, value)
            instance.updated = now
            return instance

    def check_free_address(self, address: str) -> None:
        """Refuse what is no free private address; the empty one is none at all."""
        if address:
            check_address(address)
            if any(instance.host == address for instance in self._instances.values()):
                raise RDSError(errors.INVALID_PARAMETER, "an instance has this address")

    @staticmethod
    def describe_creation(instance: Instance, kind: InstanceKind | None = None) -> dict[str, object]:
        """Return what the job of making *instance* tells of it."""
        about: dict[str, object] = {
            "endpoint": f"{instance.host}:{instance.port}",
            "type": kind or instance.kind,
            "datastore": {"type": instance.datastore.type.lower(), "version": instance.datastore.major},
        }
        if instance.primary is not None:
            about["replica_of"] = instance.primary.id
        return {"instance": about, "resource_ids": [f"{instance.id}.vm", f"{instance.id}.volume"]}


def check_port(engine: Engine, port: int) -> None:
    """Refuse a port that is not open to *engine*.

    Raises:
        RDSError: INVALID_PARAMETER.
    """
    if not any(port in ports for ports in OPEN_PORTS[engine]):
        raise RDSError(errors.INVALID_PARAMETER, f"port {port} is not open to {engine}")


def check_address(text: str) -> None:
    """Refuse what is no IPv4 address.

    Raises:
        RDSError: INVALID_PARAMETER.
    """
    try:
        IPv4Address(text)
    except ValueError:
        raise RDSError(errors.INVALID_PARAMETER, f"{text!r} is no IP address") from None


def _check_engine(engine: Engine, *engines: Engine) -> None:
    if engine not in engines:
        raise RDSError(errors.ENGINE_NOT_SUPPORTED, f"this is for {' and '.join(engines)} only")


def window_after(instance: Instance, moment: float) -> float:
    """Return when the first maintenance window after *moment* begins."""
    day = moment // DAY * DAY
    hours, minutes = instance.maintenance_window[:5].split(":")
    window = day + int(hours) * 3600 + int(minutes) * 60
    return window if window > moment else window + DAY


def _nothing() -> None:
    """Change nothing."""
