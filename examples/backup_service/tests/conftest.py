"""The service under test, in the cloud that each test has to itself."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from backup_service.cloud import Account, Cloud
from backup_service.retry import Retry
from backup_service.service import BackupService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mockrds.project import Project


# Two fixtures, so that careless.py can put its mistakes in their place.


@pytest.fixture
def retry_class() -> type[Retry]:
    return Retry


@pytest.fixture
def service_class() -> type[BackupService]:
    return BackupService


@pytest.fixture
async def service(
    mockrds: Project, retry_class: type[Retry], service_class: type[BackupService]
) -> AsyncIterator[BackupService]:
    """Waits on the clock of the project, so that a night takes no time; answers take real time."""

    async def sleep(seconds: float) -> None:
        mockrds.clock.advance(seconds)

    account = Account(mockrds.auth_url, mockrds.name, "backup", "secret", "domain")
    async with Cloud(account, timeout=0.5) as cloud:
        yield service_class(cloud, retry_class(sleep, mockrds.clock.now, Random(7)), keep=2)
