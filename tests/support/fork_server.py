"""Processes that have imported already: one process imports modules, and a copy of it (a fork) runs each command.

A command has a process, a folder, an environment and an output of its own, as if Python had started it; only the time
in which it imports is saved, which is most of its time.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping


class ForkServer:
    """Runs entry points of Python as commands.

    Args:
        modules: What to import beforehand; what is not installed is left out.
    """

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._process: subprocess.Popen[str] | None = None

    def run(
        self, entry_point: str, *arguments: str, folder: Path, variables: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run an entry point (``module:function``) in *folder*, with *variables* as its whole environment."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        outputs = folder / "stdout", folder / "stderr"
        try:
            command = [entry_point, list(arguments), str(folder), dict(variables), *map(str, outputs)]
            process.stdin.write(json.dumps(command) + "\n")
            process.stdin.flush()
            code = int(process.stdout.readline())
        except BaseException:  # a timeout, for instance
            self.close()
            raise
        output, errors = (path.read_text() for path in outputs)
        return subprocess.CompletedProcess([entry_point, *arguments], code, output, errors)

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, str(Path(__file__)), *self._modules]
        pipe = subprocess.PIPE
        # What imports read from the environment must be the same for everybody.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        environment["HOME"] = os.devnull
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, text=True, start_new_session=True)

    def close(self) -> None:
        """End it, and what it runs."""
        process, self._process = self._process, None
        if process is not None:
            with process, suppress(ProcessLookupError):
                os.killpg(process.pid, 9)


def main() -> None:
    """Import what the arguments name, and run a command for each line of JSON."""
    sys.path[0] = str(Path(__file__).parent.parent)
    for module in sys.argv[1:]:
        with suppress(ImportError):
            import_module(module)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _run(*json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run(
    entry_point: str, arguments: list[str], folder: str, variables: dict[str, str], output: str, errors: str
) -> NoReturn:
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        file = os.open(path, flags)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.path[:1] = [folder, *filter(None, variables.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = [entry_point, *arguments]
    random.seed()
    module, _, function = entry_point.partition(":")
    sys.exit(getattr(import_module(module), function)())


if __name__ == "__main__":
    main()
