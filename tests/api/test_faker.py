"""Backups that Faker makes look like those that the server answers."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from faker import Faker

from mockrds.domain.engines import Datastore
from mockrds.faker import RDSProvider

if TYPE_CHECKING:
    from support.api import Api

    from mockrds.domain.models import BackupStatus


def provided(seed: int = 7) -> Faker:
    fake = Faker()
    fake.add_provider(RDSProvider)
    fake.seed_instance(seed)
    return fake


def form(backup: dict[str, Any]) -> list[tuple[str, object]]:
    """Return the keys of *backup* in their order, each with the type of its value."""
    return [(key, form(value) if isinstance(value, dict) else type(value)) for key, value in backup.items()]


def answered(api: Api, status: BackupStatus) -> dict[str, Any]:
    """Return a backup of *status* as the server answers it."""
    new: dict[str, Any] = api.create().body["backup"]
    if status == "BUILDING":
        return new
    api.project.finish(new["id"], "FAILED" if status == "FAILED" else None)
    if status == "DELETING":
        api.delete(f"/backups/{new['id']}")
    [listed] = api.get("/backups").body["backups"]
    return dict(listed)


@pytest.mark.parametrize("status", ["BUILDING", "COMPLETED", "FAILED", "DELETING"])
def test_a_backup_is_as_the_server_answers_it(api: Api, status: BackupStatus) -> None:
    real = answered(api, status)

    fake = provided().rds_backup(status=status)

    assert (real["status"], fake["status"]) == (status, status)
    assert form(fake) == form(real)
    constant = {"backuptype", "description", "locationRef", "parent_id", "status"}
    assert {key: fake[key] for key in constant} == {key: real[key] for key in constant}


def test_a_status_that_no_backup_has_is_refused() -> None:
    wrong: Any = "COMPLETE"

    with pytest.raises(ValueError, match=r"unknown status 'COMPLETE', did you mean 'COMPLETED'\?") as raised:
        provided().rds_backup(status=wrong)
    assert str(raised.value).endswith("(expected one of: BUILDING, COMPLETED, FAILED, DELETING)")


def test_a_complete_backup_has_a_size_and_a_failed_one_none() -> None:
    fake = provided()

    assert all(fake.rds_backup(status="COMPLETED")["size"] > 0 for _ in range(50))
    assert fake.rds_backup(status="FAILED")["size"] == 0
    assert fake.rds_backup(status="DELETING")["size"] > 0


def test_its_datastore_is_one_that_there_is() -> None:
    datastore = provided().rds_backup()["dataStore"]

    assert Datastore.find(datastore["type"], datastore["version"]).as_json() == datastore


def test_keys_can_be_given() -> None:
    backup = provided().rds_backup(name="mine", color="red")

    assert (backup["name"], list(backup)[-1], backup["color"]) == ("mine", "color", "red")


def test_the_same_seed_brings_the_same_backups() -> None:
    one, same, other = (
        [fake.rds_backup(status=status) for status in ("BUILDING", "COMPLETED")]
        for fake in (provided(), provided(), provided(8))
    )

    assert one == same != other


@pytest.mark.slow
def test_the_server_needs_no_faker() -> None:
    code = "import sys, mockrds.server, mockrds.web.app; sys.exit('faker' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
