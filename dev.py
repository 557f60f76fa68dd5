"""Sets up a virtual environment in .venv and runs something in it. Needs nothing but Python 3.11 or later.

python3 dev.py serve [OPTION ...]   serve (the options of mockrds)
python3 dev.py quick [OPTION ...]   run the tests without other processes and real clients (the options of pytest)
python3 dev.py test [OPTION ...]    run all tests, on all cores (the options of pytest)
python3 dev.py format               put the code into its form, and mend what ruff can mend
python3 dev.py lint                 run the linters and the type checker
python3 dev.py docs                 write what the docs have from the code

Where the system's Python refuses to install packages, or comes without ensurepip (Debian), this works
all the same: everything goes into .venv.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@dataclass(frozen=True)
class Target:
    """What to run, one after the other, and what that needs: groups of dependencies from pyproject.toml."""

    commands: list[list[str]]
    groups: tuple[str, ...] = ()
    notice: str = ""
    """What to say beforehand."""


TARGETS = {
    "serve": Target([["mockrds"]]),
    "quick": Target([["pytest", "-n", "auto", "-m", "not slow"]], ("test", "docs")),
    "test": Target(
        [["pytest", "-n", "auto"]],
        ("test", "interop", "docs"),
        "all tests: about four minutes on two cores (python3 dev.py quick takes less than one)",
    ),
    "format": Target([["ruff", "format", "."], ["ruff", "check", "--fix", "."]], ("lint",)),
    "lint": Target(
        [
            ["ruff", "format", "--check", "."],
            ["ruff", "check", "."],
            ["mypy", "--config-file", "examples/backup_service/pyproject.toml", "examples/backup_service"],
            ["mypy"],
        ],
        ("test", "docs", "lint"),
    ),
    "docs": Target([["docs"]], ("test", "docs")),
}


def main() -> int:
    """Set up what the target needs, and run it; return the exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036  (it is what tells users of older versions)
        return fail("mockrds needs Python 3.11 or later, and this is " + sys.version.split()[0])
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0
    name, *options = sys.argv[1:]
    if name not in TARGETS:
        return fail(f"there is no {name!r}\n\n{__doc__}")
    target = TARGETS[name]
    extra = "[tls]" if "--tls" in options else ""
    if not (make_environment() and install(f".{extra}", target.groups)):
        return 2
    os.chdir(ROOT)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # tests start hundreds of processes: twice as fast with bytecode
    if target.notice:
        print(target.notice, flush=True)
    *first, last = [[str(PYTHON), "-m", *command] for command in target.commands]
    for command in first:
        code = subprocess.call(command)  # noqa: S603
        if code:
            return code
    if os.name != "nt":
        os.execv(PYTHON, last + options)  # noqa: S606  (becomes the command, so that signals reach it)
    return subprocess.call(last + options)  # noqa: S603


def make_environment() -> bool:
    """Make .venv, unless it is there and works; return whether there is one now."""
    if PYTHON.exists() and subprocess.call([PYTHON, "-c", ""]) == 0:  # noqa: S603
        return True
    if not any(map(importlib.util.find_spec, ("ensurepip", "pip"))):
        fail("this Python has neither ensurepip nor pip: install one (Debian: apt install python3-venv)")
        return False
    print("making .venv", file=sys.stderr)
    venv.create(VENV, clear=True, with_pip=importlib.util.find_spec("ensurepip") is not None)
    return True


def install(project: str, groups: tuple[str, ...]) -> bool:
    """Install the project and *groups* of dependencies, unless that was done before; return whether they are there."""
    pyproject = (ROOT / "pyproject.toml").read_bytes()
    wanted = hashlib.sha256(pyproject).hexdigest()
    label = " ".join((project, *groups))
    stamp = VENV / f"installed-{hashlib.sha256(label.encode()).hexdigest()[:8]}"
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    print(f"installing {label}", file=sys.stderr)
    has_pip = subprocess.call([PYTHON, "-c", "import pip"], stderr=subprocess.DEVNULL) == 0  # noqa: S603
    pip = [str(PYTHON), "-m", "pip"] if has_pip else [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", "-e", project]
    if subprocess.call([*command, *requirements(pyproject.decode(), groups)], cwd=ROOT):  # noqa: S603
        fail("the installation failed; what pip said stands above")
        return False
    stamp.write_text(wanted)
    return True


def requirements(pyproject: str, groups: tuple[str, ...]) -> list[str]:
    """Return what *groups* consist of. pip does that itself (``--group``) from 25.1 on; Python 3.11 comes with 23."""
    import tomllib  # which versions too old for us don't have

    table: dict[str, list[Any]] = tomllib.loads(pyproject)["dependency-groups"]
    return [requirement for group in groups for requirement in table[group]]


def fail(message: str) -> int:
    """Print what is wrong; return the exit code for that."""
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
