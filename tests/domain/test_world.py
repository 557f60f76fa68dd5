"""The world without HTTP: its life cycles, its limits, and what holds after any sequence of operations."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mockrds.domain.clock import Clock, ClockSetting
from mockrds.domain.engines import DEFAULT_FLAVORS
from mockrds.domain.errors import RDSError
from mockrds.domain.identity import Identity
from mockrds.domain.world import World
from mockrds.domain.world_template import (
    DEFAULT_INSTANCES,
    BackupTransition,
    HaSpec,
    InstanceSpec,
    LifeCycle,
    Quotas,
    Transition,
    WorldEffect,
    WorldTemplate,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.domain.models import Backup

UNKNOWN = "0" * 32 + "no01"


def make_world(
    *specs: InstanceSpec, quotas: Quotas | None = None, seed: int = 0, life_cycle: LifeCycle | None = None
) -> World:
    """A world whose clock stands still; without *specs*, it has the default instances."""
    clock = Clock(ClockSetting(mode="frozen", at=datetime(2026, 1, 31, 22, tzinfo=UTC)))
    template = WorldTemplate(instances=specs or DEFAULT_INSTANCES, quotas=quotas or Quotas())
    return World(template, life_cycle or LifeCycle(), clock, Random(seed), Identity(0).stable_id)


def shards(count: int) -> list[InstanceSpec]:
    return [InstanceSpec(name=f"shard-{i}") for i in range(count)]


def refusal(operation: Callable[..., Any], *args: Any, **kwargs: Any) -> str | None:
    """The v1 code that *operation* is refused with, or None when it is not."""
    try:
        operation(*args, **kwargs)
    except RDSError as error:
        return error.refusal.v1
    return None


def statuses(world: World) -> dict[str, str]:
    return {backup.name: backup.status_at(world.clock.now()) for backup in world.backups}


def instance_statuses(world: World) -> dict[str, str]:
    return {instance.name: instance.status_at(world.clock.now()) for instance in world.instances}


def completed(world: World, name: str = "nightly") -> Backup:
    backup = world.create_manual_backup(world.instances[0].node_id, name)
    world.finish(backup.id, "COMPLETED")
    return backup


# Life cycles


@pytest.mark.parametrize("outcome", ["COMPLETED", "FAILED"])
def test_a_backup_takes_its_time_and_ends_as_its_life_cycle_says(outcome: Any) -> None:
    world = make_world(life_cycle=LifeCycle(backup=BackupTransition(outcome=outcome)))
    world.create_manual_backup(world.instances[0].node_id, "nightly")
    world.clock.advance(2.5)
    assert statuses(world) == {"nightly": "BUILDING"}
    world.clock.advance(0.5)
    assert statuses(world) == {"nightly": outcome}


@pytest.mark.parametrize("outcome", ["COMPLETED", "FAILED"])
def test_a_test_can_end_a_backup_one_way_or_the_other_and_only_while_it_is_building(outcome: Any) -> None:
    world = make_world(life_cycle=LifeCycle(backup=BackupTransition(progression="manual")))
    backup = world.create_manual_backup(world.instances[0].node_id, "nightly")
    world.clock.advance("365d")
    assert statuses(world) == {"nightly": "BUILDING"}
    world.finish(backup.id, outcome)
    world.finish(backup.id, "COMPLETED" if outcome == "FAILED" else "FAILED")
    assert (statuses(world), backup.ends) == ({"nightly": outcome}, world.clock.now())


def test_what_is_immediate_is_over_when_it_is_next_looked_at() -> None:
    course = Transition(progression="immediate")
    world = make_world(life_cycle=LifeCycle(backup=BackupTransition(progression="immediate"), delete=course))
    backup = world.create_manual_backup(world.instances[0].node_id, "nightly")
    assert statuses(world) == {"nightly": "COMPLETED"}
    world.delete_manual_backup(backup.id)
    assert statuses(world) == {}


def test_finishing_a_deletion_removes_the_backup_once() -> None:
    world = make_world()
    backup = completed(world)
    world.delete_manual_backup(backup.id)
    world.finish(backup.id)
    assert statuses(world) == {}
    again = completed(world)
    world.clock.advance("1h")
    assert world.backups == (again,)


def test_what_is_not_there_can_not_be_finished_nor_put_into_a_status() -> None:
    world = make_world()
    with pytest.raises(KeyError):
        world.finish(UNKNOWN)
    with pytest.raises(KeyError):
        world.set_status(UNKNOWN, "BUILD")


@pytest.mark.parametrize("status", ["BUILD", "RESTORING", "REBOOTING", "FAILED"])
@pytest.mark.parametrize("name_of", ["id", "node_id"])
def test_an_instance_keeps_a_status_for_as_long_as_it_is_told(status: str, name_of: str) -> None:
    world = make_world()
    world.set_status(getattr(world.instances[0], name_of), status, seconds=10)
    world.set_status(getattr(world.instances[1], name_of), status)
    world.clock.advance("9s")
    assert [*instance_statuses(world).values()][:3] == [status, status, "ACTIVE"]
    world.clock.advance("1s")
    assert [*instance_statuses(world).values()][:3] == ["ACTIVE", status, "ACTIVE"]
    world.finish(world.instances[1].id)
    assert set(instance_statuses(world).values()) == {"ACTIVE"}


def test_an_instance_whose_deletion_is_called_off_or_put_off_stays() -> None:
    world = make_world(*shards(3))
    for instance in world.instances:
        world.set_status(instance.id, "DELETING", seconds=5)
    world.set_status(world.instances[0].id, "ACTIVE")
    world.set_status(world.instances[1].id, "DELETING", seconds=60)
    world.clock.advance("5s")
    assert instance_statuses(world) == {"shard-0": "ACTIVE", "shard-1": "DELETING"}
    world.clock.advance("55s")
    assert instance_statuses(world) == {"shard-0": "ACTIVE"}


def test_a_replica_that_is_being_deleted_is_gone_in_time_although_its_primary_is_restored() -> None:
    world = make_world()
    backup, primary, replica = completed(world), world.instances[0], world.instances[3]
    world.delete_instance(replica.node_id)
    world.restore_to_original(primary.node_id, backup_id=backup.id, restore_time=None)
    assert [*instance_statuses(world).values()] == ["RESTORING", "ACTIVE", "ACTIVE", "DELETING"]
    world.clock.advance("3s")
    assert "mysql-replica" not in instance_statuses(world)


def test_a_size_is_drawn_once_and_lies_between_50_mb_and_20_gb() -> None:
    world = make_world()
    backups, now = [completed(world, f"backup-{i}") for i in range(200)], world.clock.now()
    sizes = [backup.size_at(now) for backup in backups]
    assert sizes == [backup.size_at(now + 86400) for backup in backups]
    assert 0.05 <= min(sizes) < 0.1
    assert 10 < max(sizes) <= 20


# Limits


def test_a_quota_of_the_call_goes_before_that_of_the_world() -> None:
    world = make_world(*shards(4), quotas=Quotas(manual_backups=1))
    nodes = [instance.node_id for instance in world.instances]
    assert refusal(world.create_manual_backup, nodes[0], "backup-0", effect=WorldEffect(quota=0)) == "RDS.3003"
    assert refusal(world.create_manual_backup, nodes[0], "backup-0") is None
    assert refusal(world.create_manual_backup, nodes[1], "backup-1") == "RDS.3003"
    assert refusal(world.create_manual_backup, nodes[1], "backup-1", effect=WorldEffect(quota=2)) is None


@pytest.mark.parametrize("quota", [0, 1, 49])
def test_threads_never_exceed_the_quota(quota: int) -> None:
    world = make_world(*shards(200), quotas=Quotas(manual_backups=quota))

    def create(i: int) -> str | None:
        return refusal(world.create_manual_backup, world.instances[i].node_id, f"backup-{i}")

    with ThreadPoolExecutor(16) as pool:
        outcomes = Counter(pool.map(create, range(200)))
    assert outcomes == Counter({None: quota, "RDS.3003": 200 - quota})
    assert len(world.backups) == quota


def test_threads_that_want_one_name_get_it_once() -> None:
    world = make_world(*shards(50))
    nodes = [instance.node_id for instance in world.instances]
    with ThreadPoolExecutor(16) as pool:
        outcomes = Counter(pool.map(lambda node: refusal(world.create_manual_backup, node, "nightly"), nodes))
    assert outcomes == {None: 1, "RDS.0031": 49}


# Reproducibility


def test_the_same_seed_and_calls_give_the_same_world_and_another_seed_another() -> None:
    def ids(seed: int) -> list[str]:
        world = make_world(seed=seed)
        backups = [completed(world, f"backup-{i}") for i in range(5)]
        instances = [text for instance in world.instances for text in (instance.id, instance.node_id, instance.host)]
        return [*instances, *(text for backup in backups for text in (backup.id, backup.job_id))]

    assert ids(1) == ids(1)
    assert set(ids(1)).isdisjoint(ids(2))


# Any sequence of operations

RANK = {"BUILDING": 0, "COMPLETED": 1, "FAILED": 1, "DELETING": 2, "gone": 3}
STATUS_CODES = {"BUILD": "RDS.0029", "RESTORING": "RDS.1002", "DELETING": "RDS.1100"}
QUOTA = 4
NAMES = ("nightly", "Nightly", "weekly", "monthly", "on-demand", "before-migration")


@dataclass
class Expected:
    """What the machine knows of a backup."""

    name: str
    node_id: str
    ends: float
    gone: float = inf
    seen: str = "BUILDING"


class Operations(RuleBasedStateMachine):
    """Calls a world in any order, with a model of its backups that knows nothing of how it keeps them."""

    @initialize(seed=st.integers(0, 9), outcome=st.sampled_from(["COMPLETED", "FAILED"]))
    def begin(self, seed: int, outcome: Any) -> None:
        others = InstanceSpec(name="pair", ha=HaSpec()), InstanceSpec(name="replica", replica_of="shard-0")
        quotas, life_cycle = (
            Quotas(manual_backups=QUOTA, instances=6),
            LifeCycle(backup=BackupTransition(outcome=outcome)),
        )
        self.world = make_world(*shards(2), *others, quotas=quotas, seed=seed, life_cycle=life_cycle)
        self.outcome = outcome
        self.expected: dict[str, Expected] = {}

    def node(self, data: st.DataObject) -> str:
        nodes = [node.id for instance in self.world.instances for node in instance.nodes]
        return data.draw(st.sampled_from([*nodes, UNKNOWN]), label="node")

    def backup_id(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from([*self.expected]), label="backup")

    def status(self, backup_id: str) -> str:
        """What the backup must be by now."""
        backup, now = self.expected[backup_id], self.world.clock.now()
        if backup.gone < inf:
            return "gone" if backup.gone <= now else "DELETING"
        return "BUILDING" if now < backup.ends else self.outcome

    def present(self) -> dict[str, Expected]:
        return {i: backup for i, backup in self.expected.items() if self.status(i) != "gone"}

    def reason_against(self, node_id: str, name: str) -> str | None:
        """The code that a backup must be refused with, in the order of checks."""
        present = self.present()
        instance = next((i for i in self.world.instances if node_id in [node.id for node in i.nodes]), None)
        if instance is None:
            return "RDS.0002"
        if node_id != instance.node_id or instance.primary is not None:
            return "RDS.0056"
        status = instance.status_at(self.world.clock.now())
        if status != "ACTIVE":
            return STATUS_CODES.get(status, "RDS.0011")
        if any(self.status(i) == "BUILDING" for i, backup in present.items() if backup.node_id == node_id):
            return "RDS.3004"
        if name in [backup.name for backup in present.values()]:
            return "RDS.0031"
        return "RDS.3003" if len(present) >= QUOTA else None

    @rule(data=st.data(), name=st.sampled_from(NAMES))
    def create(self, data: st.DataObject, name: str) -> None:
        node_id = self.node(data)
        reason = self.reason_against(node_id, name)
        assert refusal(self.world.create_manual_backup, node_id, name) == reason
        if reason is None:
            backup = self.world.backups[-1]
            assert backup.id not in self.expected
            self.expected[backup.id] = Expected(name, node_id, ends=self.world.clock.now() + 3)

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        backup_id = self.backup_id(data)
        codes = {"gone": ["RDS.3026"], "DELETING": ["RDS.3016"], "BUILDING": ["RDS.3004"]}
        expected = codes.get(self.status(backup_id), [None, "RDS.3016"])  # the latter while it is being restored
        code = refusal(self.world.delete_manual_backup, backup_id)
        assert code in expected
        if code is None:
            self.expected[backup_id].gone = self.world.clock.now() + 2

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        backup_id, now = self.backup_id(data), self.world.clock.now()
        backup, status = self.expected[backup_id], self.status(backup_id)
        if status == "gone":
            with pytest.raises(KeyError):
                self.world.finish(backup_id)
            return
        self.world.finish(backup_id)
        if status == "DELETING":
            backup.gone = now
        backup.ends = min(backup.ends, now)

    @precondition(lambda self: self.expected)
    @rule(data=st.data(), anew=st.booleans())
    def restore(self, data: st.DataObject, *, anew: bool) -> None:
        backup_id, node_id = self.backup_id(data), self.node(data)
        status = self.status(backup_id)
        if anew:
            code = refusal(
                self.world.restore_to_new_instance,
                name="restored",
                flavor=DEFAULT_FLAVORS["MySQL"],
                volume_gb=100,
                replication_mode=None,
                backup_id=backup_id,
                restore_time=None,
                source_node_id=None,
            )
        else:
            code = refusal(self.world.restore_to_original, node_id, backup_id=backup_id, restore_time=None)
        assert code is not None or status == "COMPLETED"

    @rule(data=st.data())
    def replicate(self, data: st.DataObject) -> None:
        flavor = DEFAULT_FLAVORS["MySQL"]
        refusal(self.world.create_read_replica, name="replica", flavor=flavor, node_id=self.node(data))

    @rule(data=st.data(), what=st.sampled_from(["restart_instance", "delete_instance"]))
    def restart_or_delete_an_instance(self, data: st.DataObject, what: str) -> None:
        refusal(getattr(self.world, what), self.node(data))

    @rule(data=st.data(), status=st.sampled_from(["ACTIVE", "BUILD", "REBOOTING"]), seconds=st.integers(0, 5))
    def set_status(self, data: st.DataObject, status: str, seconds: int) -> None:
        instance = data.draw(st.sampled_from([None, *self.world.instances]))
        if instance is not None:
            self.world.set_status(instance.id, status, seconds=seconds)

    @rule(seconds=st.sampled_from([0, 0.5, 1, 2, 3, 3600]))
    def advance(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @invariant()
    def the_list_is_what_was_created_less_what_was_deleted_and_is_gone(self) -> None:
        listed, now = self.world.list_manual_backups()
        seen = {backup.id: backup.status_at(now) for backup in reversed(listed)}
        assert seen == {i: self.status(i) for i in self.present()}
        assert [*seen] == [*self.present()]
        assert [backup.id for backup in self.world.backups] == [*seen]

    @invariant()
    def names_are_unique_quotas_are_kept_and_an_instance_has_one_running_backup_at_most(self) -> None:
        listed, now = self.world.list_manual_backups()
        assert len({backup.name for backup in listed}) == len(listed) <= QUOTA
        running = [backup.node_id for backup in listed if backup.status_at(now) == "BUILDING"]
        assert len(set(running)) == len(running)

    @invariant()
    def statuses_only_move_forward(self) -> None:
        listed, now = self.world.list_manual_backups()
        present = {backup.id: backup.status_at(now) for backup in listed}
        for i, backup in self.expected.items():
            status = present.get(i, "gone")
            assert RANK[status] > RANK[backup.seen] or status == backup.seen
            backup.seen = status

    @invariant()
    def ids_of_instances_are_unique_and_their_number_is_limited(self) -> None:
        instances = self.world.instances
        nodes = [node.id for instance in instances for node in instance.nodes]
        assert len({*nodes, *(instance.id for instance in instances)}) == len(nodes) + len(instances)
        assert len(instances) <= 6


def test_any_sequence_of_operations_keeps_the_promises_of_the_api() -> None:
    run_state_machine_as_test(Operations, settings=settings(max_examples=150, stateful_step_count=40, deadline=None))
