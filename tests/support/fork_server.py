"""Processes that have imported already: one process imports modules, and a copy of it (a fork) runs each command.

A command has a process, a folder, an environment and an output of its own, as if Python had started it; only the time
in which it imports is saved, which is most of its time.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import random
import subprocess
import sys
import threading
import traceback
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


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
        code = self._fork(True, entry_point, arguments, folder, variables, os.devnull)
        output, errors = ((folder / name).read_text() for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess([entry_point, *arguments], code, output, errors)

    @contextmanager
    def converse(
        self, entry_point: str, *arguments: str, folder: Path, variables: Mapping[str, str]
    ) -> Iterator[Callable[[str], str]]:
        """Run an entry point meanwhile; yield a function that sends it a line and returns the line that it answers."""
        stdin, stdout = folder / "stdin", folder / "stdout"
        for path in (stdin, stdout):
            path.unlink(missing_ok=True)
            os.mkfifo(path)
        self._fork(False, entry_point, arguments, folder, variables, str(stdin))
        try:
            with stdin.open("w") as requests, stdout.open() as answers:

                def ask(line: str) -> str:
                    requests.write(line + "\n")
                    requests.flush()
                    answer = answers.readline()
                    assert answer, (folder / "stderr").read_text()
                    return answer

                yield ask
                requests.close()
                assert answers.read() == ""  # it has ended
        except BaseException:
            self.close()
            raise

    def _fork(
        self,
        waits: bool,  # noqa: FBT001
        entry_point: str,
        arguments: tuple[str, ...],
        folder: Path,
        variables: Mapping[str, str],
        stdin: str,
    ) -> int:
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        files = stdin, *(str(folder / name) for name in ("stdout", "stderr"))
        try:
            process.stdin.write(json.dumps([waits, entry_point, arguments, str(folder), dict(variables), files]) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())
        except BaseException:  # a timeout, for instance
            self.close()
            raise

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
    gc.collect()
    gc.freeze()  # or each child would look through all that is imported, again and again
    for line in sys.stdin:
        waits, *command = json.loads(line)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # those that nobody waited for
                pass
        child = os.fork()
        if not child:
            _run(*command)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if waits else 0
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()


def _run(
    entry_point: str, arguments: list[str], folder: str, variables: dict[str, str], files: tuple[str, str, str]
) -> NoReturn:
    writes = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, (path, flags) in enumerate(zip(files, (os.O_RDONLY, writes, writes), strict=True)):
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
    code: object = 1
    try:
        code = getattr(import_module(module), function)()
    except SystemExit as error:
        code = error.code
    except BaseException:  # noqa: BLE001  (as Python itself does)
        traceback.print_exc()
    if not isinstance(code, int | None):
        sys.stderr.write(f"{code}\n")
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # all that Python does at its end, but for one thing:
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)  # it does not take apart all that is imported, which takes longer than many a command


if __name__ == "__main__":
    main()
