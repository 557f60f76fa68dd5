"""The command line: ``mockrds`` serves, ``mockrds COMMAND`` does something else.

A command is a row in ``COMMANDS`` and a module of that name in ``mockrds.cli.commands``, with a function
``run(arguments) -> exit code``. It is imported when it is called, so that none waits for what another one needs.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mockrds.cli.errors import UsageError, reason

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: Final = {
    "serve": "serve, as without a command",
    "run": "start a server, run a command that uses it, and exit with a code that says how both did",
    "healthcheck": "exit with 0 when a server is ready, else with 1",
    "env": "print settings for clients of a running server",
    "report": "print what is found of a running server's clients, and totals of all calls",
    "explain": "show what scenarios will do to calls",
    "lint": "report all mistakes in scenario files",
    "schema": "print the JSON schema of scenario files, for editors",
    "selftest": "prove every fault on this machine",
}
"""What each command does, by its name: the line in ``mockrds --help``."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments; absent: those of the process.

    Returns:
        The exit code: 0 when all is well (a server was stopped), 1 when a command found
        something wrong, 2 when the arguments are wrong or the server can't serve; ``run`` has more.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _make_writable()
    command = arguments.pop(0) if arguments and not arguments[0].startswith("-") else "serve"
    try:
        if command not in COMMANDS:
            raise UsageError(f"there is no command {command!r}; there are: {', '.join(COMMANDS)}")  # noqa: TRY301
        code: int = import_module(f"mockrds.cli.commands.{command}").run(arguments)
        sys.stdout.flush()
    except UsageError as error:
        print(f"mockrds: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0 if command == "serve" else 128 + signal.SIGINT
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # else the reader of our output has gone, as ``head`` does
            print(f"mockrds: cannot write the output: {reason(error)}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered must not fail
        return 1
    return code


def _make_writable() -> None:
    """Let standard output take every text, and be there: what it can't encode is escaped, as on standard error."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed before we began; a file or a socket must not get its number
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
