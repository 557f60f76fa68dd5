"""The backup service with the five classic mistakes. Each works until the day it matters.

``python -m pytest -p careless`` runs the tests of the service once with each of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from backup_service.retry import Retry
from backup_service.service import BackupService

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest
    from backup_service.cloud import Backup, CloudError
    from backup_service.service import Night


class NewNames(BackupService):
    """Takes a lost answer for "nothing happened", and tries again under a new name, "so that names don't clash"."""

    async def begin(self, night: Night) -> None:
        name, number = night.name, 0

        async def attempt() -> None:
            nonlocal number
            number += 1
            night.name = f"{name}-{number}"
            await self.cloud.create_backup(night.name, night.node_id)

        await self.retry(attempt)


class Hammers(Retry):
    """Tries again at once, fifty times and whatever Retry-After says, because "it is only a hiccup"."""

    def pause(self, number: int, error: CloudError) -> float:
        return 0.0 if number < 50 else math.inf


class RetriesAnything(Retry):
    """Tries again what will be refused again, because "you never know"."""

    def may_help(self, error: CloudError) -> bool:
        return True


class GivesUp(Retry):
    """Dies of the first hiccup, because "the next night will do"."""

    def may_help(self, error: CloudError) -> bool:
        return False


class NeverLooks(BackupService):
    """Takes an accepted backup for a good one."""

    async def wait(self, nights: Sequence[Night]) -> Sequence[Backup]:
        for night in nights:
            night.status = "COMPLETED"
        return await self.retry(self.cloud.backups)


MISTAKES: dict[str, tuple[type[Retry], type[BackupService]]] = {
    "new-names": (Retry, NewNames),
    "hammers": (Hammers, BackupService),
    "retries-anything": (RetriesAnything, BackupService),
    "gives-up": (GivesUp, BackupService),
    "never-looks": (Retry, NeverLooks),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Put the mistakes in the place of the service."""
    if "service_class" in metafunc.fixturenames:
        metafunc.parametrize(("retry_class", "service_class"), MISTAKES.values(), ids=MISTAKES)
