"""Breaks off what takes too long."""

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
_AGAIN: Final = 1.0  # seconds until what took no notice of being broken off is broken off again


class TimeLimit:
    """Raises an exception in the main thread when its time is over, where the system has signals.

    The handler stays installed until ``close()``: a signal that comes late finds nothing to break off,
    instead of ending the process.

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
        self._watch: threading.Thread | None = None
        self._why = ""
        self._former = signal.signal(_SIGNAL, self._break_off) if _SIGNAL is not None and self.breaks_off else None

    @property
    def runs(self) -> bool:
        """Whether the time runs."""
        return self._done is not None

    def start(self, expired: Callable[[], str]) -> None:
        """Let the time run, anew if it does already.

        Args:
            expired: Called when it is over, in another thread; gives what to raise.
        """
        self.stop()
        self._done = threading.Event()
        self._watch = threading.Thread(
            target=self._wait, args=(self._done, expired), name="mockrds patience", daemon=True
        )
        self._watch.start()

    def stop(self) -> None:
        """Let the time run no longer."""
        done, self._done = self._done, None
        if done is not None and self._watch is not None:
            done.set()
            self._watch.join()

    @contextmanager
    def limit(self, expired: Callable[[], str]) -> Iterator[None]:
        """Break off what is done within, if it takes too long."""
        self.start(expired)
        try:
            yield
        finally:
            self.stop()

    @contextmanager
    def unlimited(self, expired: Callable[[], str]) -> Iterator[None]:
        """Let what is done within take its time; after it, the time begins anew if it ran before."""
        ran = self.runs
        self.stop()
        try:
            yield
        finally:
            if ran:
                self.start(expired)

    def _wait(self, done: threading.Event, expired: Callable[[], str]) -> None:
        wait = self.seconds
        while not done.wait(wait):
            wait = _AGAIN
            self._why = expired()
            if _SIGNAL is not None and self.breaks_off and not done.is_set():
                signal.pthread_kill(self._main, _SIGNAL)

    def _break_off(self, _number: int, _frame: FrameType | None) -> None:
        if self._done is not None:
            _abandon_tasks()
            pytest.fail(self._why)

    @staticmethod
    def tidy() -> None:
        """Let go of what was broken off, so that complaints of things left open meet no other test."""
        for name in ("last_type", "last_value", "last_traceback", "last_exc"):  # pytest keeps them for debuggers
            vars(sys).pop(name, None)
        gc.collect()

    def close(self) -> None:
        """Give the signal back."""
        if _SIGNAL is not None and self.breaks_off:
            signal.signal(_SIGNAL, self._former)


def _abandon_tasks() -> None:
    """See to it that nobody complains that nobody fetched what the tasks of the loop end with."""
    asyncio = sys.modules.get("asyncio")
    try:
        tasks = asyncio.all_tasks() if asyncio is not None else ()
    except RuntimeError:  # no loop is running
        return
    for task in tasks:
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
