"""Runs a command as a shell would: it has the terminal, it gets the signals, and its exit code is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Call = Callable[[Sequence[str], Mapping[str, str]], int]

SIGNALLED: Final = 128
"""What is added to the number of the signal that ended a command, to tell it by the exit code."""


@contextmanager
def commands() -> Iterator[Call]:
    """Give a function that runs a command in an environment, and gives its exit code.

    Signals that come in the block are for the command. Threads must be started in the block, too, so that none of
    them takes a signal.

    The function raises ``OSError`` when the command can't be run.
    """
    if sys.platform != "linux":  # elsewhere nobody tells who sent a signal
        yield call_simply
        return
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # inherited: then nobody tells that a child has ended
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    passed_on = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
    awaited = {*passed_on, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)

    def call(command: Sequence[str], environment: Mapping[str, str]) -> int:
        ignored = (signal.SIGPIPE, signal.SIGXFSZ)  # by Python itself, and commands don't expect that
        pid = os.posix_spawnp(command[0], list(command), environment, setsigmask=before, setsigdef=ignored)
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else SIGNALLED - code
            told = signal.sigwaitinfo(awaited)
            # What a person does at the terminal, the kernel tells the command itself: twice would mean more than once.
            if told.si_signo in passed_on and told.si_code <= 0:
                os.kill(pid, told.si_signo)

    try:
        yield call
    finally:
        while signal.sigtimedwait(passed_on, 0) is not None:
            pass  # it came too late: the command has ended
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def call_simply(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command; Ctrl-C is left to the terminal, which tells the command, too, and SIGTERM is passed on.

    Raises:
        OSError: It can't be run.
    """
    process = subprocess.Popen(command, env=environment)  # noqa: S603  (it is what the user asks for)
    handlers = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.terminate()),
    }
    try:
        code = process.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return code if code >= 0 else SIGNALLED - code
