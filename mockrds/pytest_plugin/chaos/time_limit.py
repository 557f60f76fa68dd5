"""A time limit for tests, which breaks off what takes too long."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_SIGNAL: Final = getattr(signal, "SIGVTALRM", None) if hasattr(signal, "pthread_kill") else None
"""One that hardly anybody uses; SIGALRM is pytest-timeout's."""
_REPEAT: Final = 1.0  # seconds until a test that goes on all the same is broken off again


class TimeLimit:
    """Raises an exception in the main thread when the time is over, where the system has signals.

    The handler stays installed until ``close()``, so that a signal that comes late does not end the process.

    Args:
        seconds: How long a piece of work may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        """How long a piece of work may take."""
        self.breaks_off = _SIGNAL is not None and threading.current_thread() is threading.main_thread()
        """Whether it can break off anything."""
        self._main = threading.get_ident()
        self._done: threading.Event | None = None
        self._timer: threading.Thread | None = None
        self._message = ""
        self._former = signal.signal(_SIGNAL, self._break_off) if _SIGNAL is not None and self.breaks_off else None

    @property
    def running(self) -> bool:
        """Whether the time runs."""
        return self._done is not None

    def start(self, expired: Callable[[], str]) -> None:
        """Start the time, again if it runs already.

        Args:
            expired: Called when it is over, in another thread; returns the message of the exception.
        """
        self.stop()
        self._done = threading.Event()
        self._timer = threading.Thread(
            target=self._wait, args=(self._done, expired), name="mockrds time limit", daemon=True
        )
        self._timer.start()

    def stop(self) -> None:
        """Stop the time."""
        done, self._done = self._done, None
        if done is not None and self._timer is not None:
            done.set()
            self._timer.join()

    @contextmanager
    def limit(self, expired: Callable[[], str]) -> Iterator[None]:
        """Break off the block if it takes too long."""
        self.start(expired)
        try:
            yield
        finally:
            self.stop()

    @contextmanager
    def unlimited(self, expired: Callable[[], str]) -> Iterator[None]:
        """Stop the time for the block; after it, start it again if it ran before."""
        ran = self.running
        self.stop()
        try:
            yield
        finally:
            if ran:
                self.start(expired)

    def _wait(self, done: threading.Event, expired: Callable[[], str]) -> None:
        wait = self.seconds
        while not done.wait(wait):
            wait = _REPEAT
            self._message = expired()
            if _SIGNAL is not None and self.breaks_off and not done.is_set():
                signal.pthread_kill(self._main, _SIGNAL)

    def _break_off(self, _number: int, _frame: FrameType | None) -> None:
        if self._done is not None:
            _abandon_tasks()
            pytest.fail(self._message)

    @staticmethod
    def tidy() -> None:
        """Free what a broken off test has left open, so that warnings of it don't meet another test."""
        for name in ("last_type", "last_value", "last_traceback", "last_exc"):  # pytest keeps them for debuggers
            vars(sys).pop(name, None)
        gc.collect()

    def close(self) -> None:
        """Restore the former handler of the signal."""
        if _SIGNAL is not None and self.breaks_off:
            signal.signal(_SIGNAL, self._former)


def _abandon_tasks() -> None:
    """Take the exceptions of the tasks of the loop, so that asyncio does not log that nobody did."""
    asyncio = sys.modules.get("asyncio")
    try:
        tasks = asyncio.all_tasks() if asyncio is not None else ()
    except RuntimeError:  # no loop is running
        return
    for task in tasks:
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
