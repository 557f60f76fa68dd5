"""When to try again."""

from __future__ import annotations

import asyncio
import time
from random import Random
from typing import TYPE_CHECKING, TypeVar

from backup_service.cloud import CloudError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class Retry:
    """Tries again what may help, later and later.

    Args:
        sleep: How to wait, in seconds.
        now: What time it is, in seconds since 1970.
        random: Spreads the tries, so that clients that failed together don't come back together.
    """

    first, factor, longest = 1.0, 2.0, 60.0
    """How many seconds to wait at first, how many times longer each time, and at most."""
    patience = 15 * 60.0
    """After how many seconds to give up."""

    def __init__(
        self,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
        random: Random | None = None,
    ) -> None:
        self.sleep, self.now = sleep, now
        self.random = random or Random()

    async def __call__(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Return what *attempt* returns in the end.

        Raises:
            CloudError: It was refused, or the patience is at its end.
        """
        deadline, number = self.now() + self.patience, 1
        while True:
            try:
                return await attempt()
            except CloudError as error:
                pause = self.pause(number, error)
                if not self.may_help(error):
                    raise
                if self.now() + pause > deadline:
                    raise CloudError(f"gave up after {number} attempts: {error}") from error
            await self.sleep(pause)
            number += 1

    def may_help(self, error: CloudError) -> bool:
        """Return whether another try may help."""
        return error.passing

    def pause(self, number: int, error: CloudError) -> float:
        """Return how many seconds to wait after attempt *number*."""
        pause = min(self.first * self.factor ** (number - 1), self.longest) * self.random.uniform(0.5, 1.0)
        return max(pause, error.retry_after)
