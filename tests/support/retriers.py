"""Clients that try again in a known way: the libraries that people use, each with numbers that a seed decides.

A retrier asks for one backup of the project that it is given, seven times at most. Its sleeps advance the project's
clock, so that minutes of waiting take no time.
"""

from __future__ import annotations

import time
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp_retry
import backoff
import tenacity
import urllib3

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    import aiohttp
    import pytest

    from mockrds.project import Project

    Post = Callable[[], int]
    Retrier = Callable[[Project, random.Random], None]

POOL = urllib3.PoolManager()
TRIES = 7
TOKEN = {"X-Auth-Token": "token"}
sleeping: list[Project] = []
"""The project whose clock the sleeps of libraries advance, which take no function for that."""


def sleep(seconds: float) -> None:
    sleeping[-1].clock.advance(seconds)


def patch(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """Let what *modules* know as ``time`` advance the clock."""
    for module in modules:
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(sleep=sleep, time=time.time, monotonic=time.monotonic))


def wish(project: Project) -> dict[str, Any]:
    return {"backup": {"name": "nightly", "instance": project.instances[0].node_id}}


class RefusedError(Exception):
    """The backup was not made."""


def ask(project: Project) -> None:
    answer = POOL.request("POST", f"{project.v1_url}/backups", json=wish(project), headers=TOKEN, retries=False)
    if answer.status != 200:
        raise RefusedError


def by_urllib3(**retry: Callable[[random.Random], float]) -> Retrier:
    def run(project: Project, chance: random.Random) -> None:
        given: Any = {name: choose(chance) for name, choose in retry.items()}
        retries = urllib3.Retry(TRIES - 1, status_forcelist=[503], allowed_methods=None, raise_on_status=False, **given)
        POOL.request("POST", f"{project.v1_url}/backups", json=wish(project), headers=TOKEN, retries=retries)

    return run


def by_tenacity(wait: Callable[[random.Random], Any]) -> Retrier:
    def run(project: Project, chance: random.Random) -> None:
        tries = tenacity.stop_after_attempt(TRIES)
        retrying = tenacity.Retrying(stop=tries, wait=wait(chance), sleep=sleep, reraise=True)
        with suppress(RefusedError):
            retrying(ask, project)

    return run


def by_backoff(generator: Callable[..., Any], jitter: Any = None, **given: Callable[[random.Random], float]) -> Retrier:
    def run(project: Project, chance: random.Random) -> None:
        chosen: Any = {name: choose(chance) for name, choose in given.items()}
        decorate = backoff.on_exception(generator, RefusedError, max_tries=TRIES, jitter=jitter, logger=None, **chosen)
        with suppress(RefusedError):
            decorate(ask)(project)

    return run


async def by_aiohttp_retry(session: aiohttp.ClientSession, project: Project, options: Any) -> None:
    client = aiohttp_retry.RetryClient(client_session=session, retry_options=options)
    async with client.post(f"{project.v1_url}/backups", json=wish(project), headers=TOKEN):
        pass


async def asleep(seconds: float) -> None:
    sleep(seconds)


def between(low: float, high: float) -> Callable[[random.Random], float]:
    return lambda chance: round(chance.uniform(low, high), 2)


def one_of(*values: float) -> Callable[[random.Random], float]:
    return lambda chance: chance.choice(values)


RETRIERS: dict[str, tuple[str, Retrier]] = {
    "urllib3 without backoff": ("none", by_urllib3()),
    "urllib3": ("exponential", by_urllib3(backoff_factor=between(0.1, 3))),
    "urllib3, capped": ("exponential", by_urllib3(backoff_factor=between(0.5, 3), backoff_max=one_of(12, 13.5))),
    "urllib3 with jitter": ("jittered", by_urllib3(backoff_factor=between(0.1, 1), backoff_jitter=between(2, 9))),
    "tenacity without wait": ("none", by_tenacity(lambda _: tenacity.wait_none())),
    "tenacity, fixed": ("constant", by_tenacity(lambda c: tenacity.wait_fixed(c.uniform(0.1, 60)))),
    "tenacity, incrementing": (
        "linear",
        by_tenacity(lambda c: tenacity.wait_incrementing(c.uniform(0.2, 5), c.uniform(0.2, 5))),
    ),
    "tenacity, exponential": (
        "exponential",
        by_tenacity(lambda c: tenacity.wait_exponential(c.uniform(0.2, 3), exp_base=c.choice([1.5, 2, 3]), min=0)),
    ),
    "tenacity, exponential, capped": (
        "exponential",
        by_tenacity(lambda c: tenacity.wait_exponential(c.uniform(0.5, 2), max=c.choice([10, 15]), min=0)),
    ),
    "tenacity, random": ("jittered", by_tenacity(lambda c: tenacity.wait_random(1, c.uniform(3, 9)))),
    "tenacity, random exponential": (
        "jittered",
        by_tenacity(lambda c: tenacity.wait_random_exponential(c.uniform(0.5, 2), max=60)),
    ),
    "tenacity, exponential with jitter": (
        "jittered",
        by_tenacity(lambda c: tenacity.wait_exponential_jitter(1, jitter=c.uniform(1, 3))),
    ),
    "backoff, constant": ("constant", by_backoff(backoff.constant, interval=between(0.1, 60))),
    "backoff, expo": ("exponential", by_backoff(backoff.expo, factor=between(0.2, 3), base=one_of(1.5, 2, 3))),
    "backoff, fibo": ("exponential", by_backoff(backoff.fibo)),
    "backoff, expo with full jitter": ("jittered", by_backoff(backoff.expo, backoff.full_jitter)),
    "backoff, constant with random jitter": (
        "jittered",
        by_backoff(backoff.constant, backoff.random_jitter, interval=between(0.1, 5)),
    ),
}
WITHOUT_CHANCE = ("urllib3 without backoff", "tenacity without wait", "backoff, fibo")
"""Those whose waits no seed decides."""

AIOHTTP_RETRIERS: dict[str, tuple[str, Callable[[random.Random], Any]]] = {
    "exponential": (
        "exponential",
        lambda c: aiohttp_retry.ExponentialRetry(TRIES, start_timeout=c.uniform(0.1, 2), factor=c.choice([1.5, 2, 3])),
    ),
    "Fibonacci": (
        "exponential",
        lambda c: aiohttp_retry.FibonacciRetry(TRIES, multiplier=c.uniform(0.2, 2), max_timeout=1000),
    ),
    "list of equals": ("constant", lambda c: aiohttp_retry.ListRetry([c.uniform(0.1, 9)] * TRIES)),
    "random": ("jittered", lambda c: aiohttp_retry.RandomRetry(TRIES, min_timeout=0.1, max_timeout=c.uniform(2, 9))),
    "jitter": ("jittered", lambda c: aiohttp_retry.JitterRetry(TRIES, start_timeout=c.uniform(0.1, 2))),
}


def use(project: Project) -> Callable[[], Awaitable[None]] | None:
    """Let the sleeps advance the clock of *project* from now on."""
    sleeping[:] = [project]
    return None
