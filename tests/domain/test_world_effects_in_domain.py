"""Calls that depart from the usual course: what is hidden, late, stale, stuck, failed or done later."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from mockrds.domain.clock import Clock, ClockSetting
from mockrds.domain.errors import RDSError
from mockrds.domain.identity import Identity
from mockrds.domain.world import World
from mockrds.domain.world_template import (
    BackupSpec,
    BackupTransition,
    InstanceSpec,
    LifeCycle,
    Quotas,
    Visibility,
    WorldEffect,
    WorldTemplate,
)
from mockrds.durations import Duration, fixed


@pytest.fixture
def world() -> World:
    """A world with two instances, whose clock stands still."""
    return begin()


def begin(life_cycle: LifeCycle | None = None, **template: Any) -> World:
    clock = Clock(ClockSetting(mode="frozen", at=datetime(2026, 1, 31, 22, tzinfo=UTC)))
    instances = (InstanceSpec(name="orders"), InstanceSpec(name="ledger"))
    return World(
        WorldTemplate(instances=instances, **template),
        life_cycle or LifeCycle(),
        clock,
        Random(0),
        Identity(0).stable_id,
    )


def create(world: World, name: str = "nightly", **effect: Any) -> str:
    return world.create_manual_backup(world.instances[0].node_id, name, effect=WorldEffect(**effect)).id


def listed(world: World, **effect: Any) -> list[tuple[str, str]]:
    """List the backups as a client does: names and statuses, newest first."""
    backups, now = world.list_manual_backups(WorldEffect(**effect))
    shown: list[tuple[str, str]] = [(backup.name, backup.status_at(now)) for backup in backups]
    world.look_at_backups(backups, now)
    return shown


def code(call: Any, *args: Any) -> str | None:
    try:
        call(*args)
    except RDSError as error:
        return error.refusal.v1
    return None


# visible_after


def test_a_new_backup_is_not_seen_for_a_number_of_looks(world: World) -> None:
    create(world, visible_after=Visibility("3 looks"))

    assert [listed(world) for _ in range(4)] == [[], [], [], [("nightly", "BUILDING")]]


def test_a_new_backup_is_not_seen_for_a_time(world: World) -> None:
    backup_id = create(world, visible_after=Visibility("5s"))
    world.clock.advance("4.9s")
    assert (listed(world), code(world.delete_manual_backup, backup_id)) == ([], "RDS.3026")

    world.clock.advance("0.1s")

    assert listed(world) == [("nightly", "COMPLETED")]
    assert code(world.delete_manual_backup, backup_id) is None


def test_a_backup_that_nobody_sees_is_there(world: World) -> None:
    create(world, visible_after=Visibility("1h"))
    ledger = world.instances[1].node_id

    assert code(create, world, "other") == "RDS.3004"
    assert code(world.create_manual_backup, ledger, "nightly") == "RDS.0031"
    assert [backup.name for backup in world.backups] == ["nightly"]


def test_looks_at_one_hidden_backup_do_not_wake_what_is_seen_already(world: World) -> None:
    create(world, visible_after=Visibility("1 look"), lifecycle=BackupTransition(progression="manual", looks=2))

    assert [listed(world) for _ in range(4)] == [
        [], [("nightly", "BUILDING")], [("nightly", "BUILDING")], [("nightly", "COMPLETED")],
    ]  # fmt: skip


def test_a_new_instance_is_not_seen_for_a_number_of_looks(world: World) -> None:
    orders = world.instances[0]
    replica = world.create_read_replica(
        name="replica",
        flavor=orders.flavor,
        node_id=orders.node_id,
        effect=WorldEffect(visible_after=Visibility("2 looks")),
    )

    def look() -> bool:
        instances, _, now = world.list_instances()
        world.look_at_instances(instances, now)
        return replica in instances

    assert code(world.get_instance, replica.node_id) == "RDS.0002"
    assert [look() for _ in range(2)] == [False, True]
    assert code(world.get_instance, replica.node_id) is None


# stale


def test_a_stale_read_shows_the_world_as_it_was(world: World) -> None:
    backup_id = create(world)
    world.clock.advance("10s")
    world.delete_manual_backup(backup_id)
    world.clock.advance("1s")

    assert [listed(world, stale=Duration(ago)) for ago in (0, 1, 1.5, 8.5, 11, 11.5)] == [
        [("nightly", "DELETING")],
        [("nightly", "DELETING")],
        [("nightly", "COMPLETED")],
        [("nightly", "BUILDING")],
        [("nightly", "BUILDING")],
        [],
    ]


def test_a_stale_read_of_an_instance_shows_what_it_was_doing(world: World) -> None:
    orders = world.instances[0]
    world.clock.advance("1h")
    world.restart_instance(orders.node_id)
    world.clock.advance("5s")

    def status(ago: float) -> str:
        instance, now = world.get_instance(orders.node_id, WorldEffect(stale=Duration(ago)))
        world.look_at_instances([instance], world.clock.now())
        return instance.status_at(now)

    assert [status(ago) for ago in (0, 3, 4, 5, 6, 4)] == [
        "ACTIVE", "ACTIVE", "REBOOTING", "REBOOTING", "ACTIVE", "REBOOTING",
    ]  # fmt: skip
    assert code(world.get_instance, orders.node_id, WorldEffect(stale=Duration("2h"))) == "RDS.0002"


# lifecycle


def test_one_backup_may_take_longer_and_fail_for_a_reason(world: World) -> None:
    create(world, lifecycle=BackupTransition(seconds=fixed(2400), outcome="FAILED", reason="disk full"))
    world.clock.advance("39m")
    assert listed(world) == [("nightly", "BUILDING")]

    world.clock.advance("1m")

    assert listed(world) == [("nightly", "FAILED")]
    assert world.backups[0].reason == "disk full"
    create(world, "next")
    world.clock.advance("3s")
    assert listed(world) == [("next", "COMPLETED"), ("nightly", "FAILED")]


def test_a_backup_and_its_deletion_may_be_stuck_until_told(world: World) -> None:
    stuck = BackupTransition(progression="manual")
    backup_id = create(world, lifecycle=stuck)
    world.clock.advance("365d")
    assert (listed(world), code(world.delete_manual_backup, backup_id)) == ([("nightly", "BUILDING")], "RDS.3004")

    world.finish(backup_id)
    world.delete_manual_backup(backup_id, WorldEffect(lifecycle=stuck))
    world.clock.advance("365d")
    assert listed(world) == [("nightly", "DELETING")]

    world.finish(backup_id)
    assert listed(world) == []


# Later


def test_what_is_deferred_happens_at_its_moment(world: World) -> None:
    done: list[str] = []
    world.defer(30, lambda: done.append(create(world)))
    world.clock.advance("29s")
    assert listed(world) == []

    world.clock.advance("11s")

    assert listed(world) == [("nightly", "COMPLETED")]
    assert world.backups[0].created == world.clock.now() - 10
    assert done == [world.backups[0].id]


def test_what_is_deferred_happens_in_the_order_of_time(world: World) -> None:
    world.defer(30, lambda: create(world, "second"))
    world.defer(20, lambda: create(world, "first"))
    world.clock.advance("1h")

    assert listed(world) == [("second", "COMPLETED"), ("first", "COMPLETED")]


def test_what_was_deferred_sees_what_left_before(world: World) -> None:
    backup_id = create(world)
    world.clock.advance("3s")
    world.delete_manual_backup(backup_id)
    world.defer(2.5, lambda: create(world))
    world.clock.advance("1h")

    assert [backup.id == backup_id for backup in world.backups] == [False]


# What a world begins with


def test_a_world_may_begin_with_backups() -> None:
    world = begin(
        backups=(
            BackupSpec(name="fresh", instance="orders", age=Duration("10m")),
            BackupSpec(name="broken", instance="orders", status="FAILED", age=Duration("2d")),
            BackupSpec(name="running", instance="ledger", status="BUILDING"),
        ),
        quotas=Quotas(manual_backups=3),
    )

    assert listed(world) == [("fresh", "COMPLETED"), ("running", "BUILDING"), ("broken", "FAILED")]
    assert code(create, world, "more") == "RDS.3003"
    assert code(world.create_manual_backup, world.instances[1].node_id, "more") == "RDS.3004"
    assert world.totals() == {"manual_backups": 3, "building": 1, "instances": 2}
    world.finish(world.backups[1].id)
    assert listed(world)[1] == ("running", "COMPLETED")


@pytest.mark.parametrize(
    ("backups", "message"),
    [
        ([{"name": "a", "instance": "orders"}], "'name' 'a' breaks the rule of backup names"),
        ([{"name": "same", "instance": "orders"}] * 2, "two backups are named 'same'"),
        ([{"name": "good", "instance": "ordres"}], "names no primary instance"),
        ([{"name": "good", "instance": "orders", "description": "<"}], "'description' breaks the rule"),
        ([{"name": f"good{n}", "instance": "orders", "status": "BUILDING"} for n in (1, 2)], "there can be only one"),
    ],
)
def test_backups_that_can_not_be_are_refused(backups: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        begin(backups=tuple(BackupSpec(**spec) for spec in backups))


# What rules ask a world


def test_a_world_tells_what_an_id_is_about(world: World) -> None:
    backup_id = create(world)
    orders = world.instances[0]
    about = (("orders", orders.id, orders.node_id), "ACTIVE")

    assert [world.about([name]) for name in (orders.id, orders.node_id, backup_id)] == [about] * 3
    assert world.about(["x", orders.id]) == about
    assert world.about(["x"]) == ((), None)


def test_a_world_goes_on_under_other_life_cycles_and_quotas(world: World) -> None:
    create(world)
    world.adopt(Quotas(manual_backups=1), LifeCycle(backup=BackupTransition(progression="manual", looks=1)))
    world.clock.advance("3s")

    assert listed(world) == [("nightly", "COMPLETED")]
    assert code(create, world, "more") == "RDS.3003"
    world.adopt(Quotas(), LifeCycle(backup=BackupTransition(progression="manual", looks=1)))
    create(world, "more")
    assert [listed(world)[0] for _ in range(2)] == [("more", "BUILDING"), ("more", "COMPLETED")]


@pytest.mark.parametrize(
    ("text", "looks", "seconds"), [("3 looks", 3, 0), ("1 look", 1, 0), ("2s", None, 2), (5, None, 5)]
)
def test_a_visibility_is_a_number_of_looks_or_a_duration(text: Any, looks: int | None, seconds: float) -> None:
    visibility = Visibility(text)

    assert (visibility.looks, visibility.seconds) == (looks, seconds)
    assert Visibility(str(visibility)) == visibility


def test_a_visibility_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'soon' is no visibility: write '3 looks', or a duration such as 2s"):
        Visibility("soon")
