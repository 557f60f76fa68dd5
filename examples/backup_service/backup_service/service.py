"""The nightly work: back up, wait for the end, remove what is too old, and return what was done."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backup_service.cloud import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from backup_service.cloud import Backup, Cloud
    from backup_service.retry import Retry

TAKEN, GONE = "RDS.0031", "RDS.3026"


@dataclass
class Night:
    """What was done for one instance."""

    node_id: str
    """Its primary node, which is what API v1 backs up."""
    name: str
    """The name of its backup."""
    status: str = "not listed"
    """The status of its backup, as it was last listed."""
    removed: list[str] = field(default_factory=list)
    """The names of the old backups that are gone."""
    problem: str = ""
    """What went wrong; empty if all is well."""

    def __str__(self) -> str:
        removed = f", removed {', '.join(self.removed)}" if self.removed else ""
        problem = f": {self.problem}" if self.problem else ""
        return f"{self.name} {self.status}{removed}{problem}"


@contextmanager
def noting(*nights: Night) -> Iterator[None]:
    """Note what went wrong for some instances, so that the others get their backups all the same."""
    try:
        yield
    except CloudError as error:
        for night in nights:
            night.problem = str(error)


class BackupService:
    """Makes a backup of each instance, and keeps the last few.

    Args:
        cloud: Where they are.
        retry: How to try again, to wait, and to tell the time.
        keep: How many good backups to keep of each instance.
    """

    first_pause, longest_pause = 2.0, 60.0
    """How many seconds to wait between two looks whether a backup has ended, at first and at most."""
    patience = 3 * 3600.0
    """How many seconds a backup may take."""

    def __init__(self, cloud: Cloud, retry: Retry, *, keep: int = 7) -> None:
        self.cloud, self.retry, self.keep = cloud, retry, keep

    async def run(self, node_ids: Sequence[str]) -> list[Night]:
        """Do the work of a night for the instances with these primary nodes."""
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(self.retry.now()))
        nights = [Night(node_id, f"nightly-{node_id}-{stamp}") for node_id in node_ids]
        for night in nights:
            with noting(night):
                await self.begin(night)
        begun = [night for night in nights if not night.problem]
        with noting(*begun):
            listed = await self.wait(begun) if begun else []
            for night in begun:
                if night.status == "COMPLETED":
                    with noting(night):
                        await self.remove_old(night, listed)
        return nights

    async def begin(self, night: Night) -> None:
        """Begin a backup, and only one.

        An answer may be lost though the backup is made. So each try has the same name, and looks in the list before
        it repeats anything.
        """
        tried = False

        async def attempt() -> None:
            nonlocal tried
            if tried and any(backup.name == night.name for backup in await self.cloud.backups()):
                return
            tried = True
            await self.cloud.create_backup(night.name, night.node_id)

        try:
            await self.retry(attempt)
        except CloudError as error:
            if error.code != TAKEN:  # by an earlier try, which the list does not show yet
                raise

    async def wait(self, nights: Sequence[Night]) -> Sequence[Backup]:
        """Wait until each backup has ended, note which is not good, and give the last list."""
        listed: Sequence[Backup] = []

        def ended(backups: Sequence[Backup]) -> bool:
            nonlocal listed
            listed = backups
            statuses = {backup.name: backup.status for backup in backups}
            for night in nights:
                night.status = statuses.get(night.name, night.status)
            return all(night.status in ("COMPLETED", "FAILED") for night in nights)

        await self._look_until(ended)
        for night in nights:
            if night.status != "COMPLETED":
                night.problem = "it is no good" if night.status == "FAILED" else "it is not done in time"
        return listed

    async def remove_old(self, night: Night, listed: Sequence[Backup]) -> None:
        """Remove what the new backup makes superfluous: only this service's own, and only of this instance.

        The names sort by time. Those that FAILED are of no use to anybody.
        """
        own = [backup for backup in listed if backup.name.startswith(f"nightly-{night.node_id}-")]
        own.sort(key=lambda backup: backup.name, reverse=True)
        good = [backup for backup in own if backup.status == "COMPLETED"]
        old = good[self.keep :] + [backup for backup in own if backup.status == "FAILED"]
        for backup in old:
            await self._remove(backup)

        def gone(backups: Sequence[Backup]) -> bool:
            left = {backup.id for backup in backups}
            night.removed = [backup.name for backup in old if backup.id not in left]
            return len(night.removed) == len(old)

        if old and not await self._look_until(gone):
            night.problem = "old backups are not gone in time"

    async def _remove(self, backup: Backup) -> None:
        try:
            await self.retry(lambda: self.cloud.delete_backup(backup.id))
        except CloudError as error:
            if error.code != GONE:  # by an earlier try
                raise

    async def _look_until(self, settled: Callable[[Sequence[Backup]], bool]) -> bool:
        """List the backups, less and less often, until they are *settled*; False if they are not in time."""
        deadline, pause = self.retry.now() + self.patience, self.first_pause
        while self.retry.now() + pause < deadline:
            await self.retry.sleep(pause)
            if settled(await self.retry(self.cloud.backups)):
                return True
            pause = min(pause * 1.5, self.longest_pause)
        return False
