"""What becomes of a night when the cloud is as clouds are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from backup_service.service import BackupService, Night

    from mockrds.project import Project

pytestmark = pytest.mark.mockrds(clock="frozen@2026-01-31T22:00:00Z")


async def night_of(service: BackupService, mockrds: Project) -> Night:
    """Let the service back up the first instance."""
    [night] = await service.run([mockrds.instances[0].node_id])
    return night


# All is well


async def test_each_instance_gets_a_backup(mockrds: Project, service: BackupService) -> None:
    orders, ledger = mockrds.instances[:2]

    nights = await service.run([orders.node_id, ledger.node_id])

    assert [(night.status, night.problem) for night in nights] == [("COMPLETED", ""), ("COMPLETED", "")]
    assert [backup.name for backup in mockrds.backups] == [
        f"nightly-{orders.node_id}-20260131T220000",
        f"nightly-{ledger.node_id}-20260131T220000",
    ]
    mockrds.verdict.assert_clean()


async def test_the_last_two_are_kept(mockrds: Project, service: BackupService) -> None:
    nights = []
    for _ in range(4):
        nights.append(await night_of(service, mockrds))
        mockrds.clock.advance("24h")

    assert [night.removed for night in nights] == [[], [], [nights[0].name], [nights[1].name]]
    assert [backup.name for backup in mockrds.backups] == [nights[2].name, nights[3].name]
    mockrds.verdict.assert_clean()


@pytest.mark.mockrds(scenario={"world": {"backups": [{"name": "before-upgrade", "instance": "mysql-single"}]}})
async def test_what_somebody_else_made_stays(mockrds: Project, service: BackupService) -> None:
    for _ in range(3):
        await night_of(service, mockrds)
        mockrds.clock.advance("24h")

    assert mockrds.backups[0].name == "before-upgrade"


# The answer is lost, the backup is not


@pytest.mark.parametrize(
    "damage",
    [
        {"fault": "CONNECTION_RESET_BY_PEER"},
        {"response": {"status": 502, "body": "<h1>Bad Gateway</h1>"}},
        {"body": {"truncate": 0.5}},
    ],
    ids=["reset", "bad-gateway", "cut-off"],
)
async def test_a_lost_answer_makes_no_second_backup(
    mockrds: Project, service: BackupService, damage: dict[str, object]
) -> None:
    phase = {} if "body" in damage else {"phase": "after_commit"}
    mockrds.faults.add(operation="create_manual_backup", calls=[1], **phase, **damage)

    night = await night_of(service, mockrds)

    assert night.status == "COMPLETED"
    mockrds.verdict.assert_no_duplicate_backups()
    mockrds.verdict.assert_no_orphans()


async def test_an_answer_that_never_comes_is_not_waited_for(mockrds: Project, service: BackupService) -> None:
    mockrds.faults.add(operation="create_manual_backup", calls=[1], phase="after_commit", fault="timeout")

    night = await night_of(service, mockrds)

    assert night.status == "COMPLETED"
    mockrds.verdict.assert_no_duplicate_backups()


# Refused for a while


async def test_a_busy_instance_is_asked_later_and_later(mockrds: Project, service: BackupService) -> None:
    mockrds.faults.add(operation="create_manual_backup", error="RDS.0011", times=5)

    night = await night_of(service, mockrds)

    assert night.status == "COMPLETED"
    mockrds.verdict.assert_backoff("jittered", max_wait=60, operation="create_manual_backup")


async def test_a_service_that_asks_for_time_gets_it(mockrds: Project, service: BackupService) -> None:
    busy = {"status": 503, "headers": {"Retry-After": "30"}, "json": {"message": "busy"}}
    mockrds.faults.add(operation="create_manual_backup", response=busy, times=2)

    night = await night_of(service, mockrds)

    assert night.status == "COMPLETED"
    mockrds.verdict.assert_retry_after_honoured()


@pytest.mark.mockrds(
    scenario={"rate_limits": [{"operation": "*", "algorithm": "fixed_window", "limit": 4, "window": "60s"}]}
)
async def test_a_rate_limit_is_kept(mockrds: Project, service: BackupService) -> None:
    nights = await service.run([instance.node_id for instance in mockrds.instances[:3]])

    assert [night.status for night in nights] == ["COMPLETED"] * 3
    assert mockrds.verdict.errors_met["APIGW.0308"] > 0
    mockrds.verdict.assert_retry_after_honoured()


@pytest.mark.mockrds(scenario="outage-window")
async def test_an_outage_is_sat_out(mockrds: Project, service: BackupService) -> None:
    night = await night_of(service, mockrds)

    assert night.status == "COMPLETED"
    mockrds.verdict.assert_did_not_give_up()


async def test_a_service_that_stays_away_is_given_up(mockrds: Project, service: BackupService) -> None:
    mockrds.faults.add(operation="create_manual_backup", error="RDS.9999")

    night = await night_of(service, mockrds)

    assert night.problem.startswith("gave up after ")
    assert "RDS.9999" in night.problem
    mockrds.verdict.assert_did_not_give_up(min_attempts=10)


# Refused for good


@pytest.mark.mockrds(scenario="wrong-scope")
async def test_what_is_forbidden_is_asked_once(mockrds: Project, service: BackupService) -> None:
    night = await night_of(service, mockrds)

    assert "403 RDS.0010" in night.problem
    mockrds.verdict.assert_no_retry_of_permanent_errors()


@pytest.mark.mockrds(scenario="quota-exceeded")
async def test_no_retry_helps_when_the_quota_is_reached(mockrds: Project, service: BackupService) -> None:
    nights = await service.run([mockrds.instances[0].node_id])
    for _ in range(2):
        mockrds.clock.advance("24h")
        nights += await service.run([mockrds.instances[0].node_id])

    assert [night.status for night in nights] == ["COMPLETED", "COMPLETED", "not listed"]
    assert "413 RDS.3003" in nights[2].problem
    mockrds.verdict.assert_no_retry_of_permanent_errors()


async def test_an_expired_token_is_renewed(mockrds: Project, service: BackupService) -> None:
    mockrds.faults.add(operation="list_manual_backups", calls=[1], credentials="expired")

    night = await night_of(service, mockrds)

    assert night.status == "COMPLETED"
    assert mockrds.verdict.errors_met["APIGW.0307"] == 1
    mockrds.verdict.assert_clean()


# How backups end


@pytest.mark.mockrds(scenario="backup-fails")
async def test_a_backup_that_failed_is_told(mockrds: Project, service: BackupService) -> None:
    night = await night_of(service, mockrds)

    assert (night.status, night.problem) == ("FAILED", "it is no good")
    mockrds.verdict.assert_no_polls_after_end()


@pytest.mark.mockrds(scenario="stuck-building")
async def test_a_backup_that_never_ends_is_told(mockrds: Project, service: BackupService) -> None:
    night = await night_of(service, mockrds)

    assert (night.status, night.problem) == ("BUILDING", "it is not done in time")
    mockrds.verdict.assert_polling(min_interval=1, max_interval=60, max_count=200)


@pytest.mark.mockrds(scenario="slow-instance")
async def test_one_that_fails_does_not_keep_the_others_from_theirs(mockrds: Project, service: BackupService) -> None:
    nights = await service.run(["0" * 32 + "no01", *(instance.node_id for instance in mockrds.instances[:2])])

    assert [night.status for night in nights] == ["not listed", "COMPLETED", "COMPLETED"]
    assert "404 RDS.0002" in nights[0].problem
    mockrds.verdict.assert_clean("error")
