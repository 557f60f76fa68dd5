"""Runs a command as a shell would: it has the terminal, it gets the signals, and its exit code is returned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    RunCommand = Callable[[Sequence[str], Mapping[str, str]], int]

SIGNALLED: Final = 128
"""What is added to the number of the signal that ended a command: the sum is its exit code."""


@contextmanager
def command_runner() -> Iterator[RunCommand]:
    """Yield a function that runs a command in an environment and returns its exit code.

    Signals that come in the block are for the command. Threads must be started in the block, too, so that none of
    them takes a signal.

    The function raises ``OSError`` when the command can't be run.
    """
    if sys.platform != "linux":  # elsewhere nothing says who sent a signal
        yield run_portably
        return
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # inherited; then no signal says that a child has ended
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    forwarded = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
    awaited = {*forwarded, signal.SIGCHLD}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)

    def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
        ignored = (signal.SIGPIPE, signal.SIGXFSZ)  # by Python itself; commands don't expect that
        pid = os.posix_spawnp(command[0], list(command), environment, setsigmask=mask, setsigdef=ignored)
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return _exit_code(os.waitstatus_to_exitcode(status))
            received = signal.sigwaitinfo(awaited)
            # The terminal signals the command already (then si_code is above 0): forwarding would signal it twice.
            if received.si_signo in forwarded and received.si_code <= 0:
                os.kill(pid, received.si_signo)

    try:
        yield run
    finally:
        while signal.sigtimedwait(forwarded, 0) is not None:
            pass  # it came too late: the command has ended
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def run_portably(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command and return its exit code; SIGTERM is forwarded, and Ctrl-C the terminal sends to both.

    Raises:
        OSError: It can't be run.
    """
    process = subprocess.Popen(command, env=environment)  # noqa: S603  (it is what the user asks for)
    handlers = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.terminate()),
    }
    try:
        return _exit_code(process.wait())
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _exit_code(code: int) -> int:
    """Return the exit code that a shell gives a process; *code* is negative for one that a signal has ended."""
    return code if code >= 0 else SIGNALLED - code
