"""Sets up a virtual environment in .venv and runs something in it. Needs nothing but Python 3.11 or later.

python3 dev.py serve [OPTION ...]   serve (the options of ``mockrds``)
python3 dev.py test [OPTION ...]    run the tests, on all cores (the options of ``pytest``)
python3 dev.py lint                 run the linters and the type checker

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
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
TARGETS: dict[str, tuple[str, list[list[str]]]] = {
    "serve": (".", [["mockrds"]]),
    "test": (".[test,interop]", [["pytest", "-n", "auto"]]),
    "lint": (
        ".[test,lint]",
        [
            ["ruff", "format", "--check", "."],
            ["ruff", "check", "."],
            ["mypy", "--config-file", "examples/backup_service/pyproject.toml", "examples/backup_service"],
            ["mypy"],
        ],
    ),
}


def main() -> int:
    """Set up what the target needs, and run it."""
    if sys.version_info < (3, 11):  # noqa: UP036  (it is what tells users of older versions)
        return fail("mockrds needs Python 3.11 or later, and this is " + sys.version.split()[0])
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        return fail(f"say what to do: one of {', '.join(TARGETS)}\n\n{__doc__}")
    requirement, commands = TARGETS[sys.argv[1]]
    if "--tls" in sys.argv:
        requirement = ".[tls]"
    if not (make_environment() and install(requirement)):
        return 2
    os.chdir(ROOT)
    for module, *options in commands:
        command = [str(PYTHON), "-m", module, *options, *sys.argv[2:]]
        if [module, *options] == commands[-1] and os.name != "nt":
            os.execv(PYTHON, command)  # noqa: S606  (becomes the command, so that signals reach it)
        code = subprocess.call(command)  # noqa: S603
        if code:
            return code
    return 0


def make_environment() -> bool:
    """Make .venv, unless it is there and works."""
    if PYTHON.exists() and subprocess.call([PYTHON, "-c", ""]) == 0:  # noqa: S603
        return True
    if not any(map(importlib.util.find_spec, ("ensurepip", "pip"))):
        fail("this Python has neither ensurepip nor pip: install one (Debian: apt install python3-venv)")
        return False
    print("making .venv", file=sys.stderr)
    venv.create(VENV, clear=True, with_pip=importlib.util.find_spec("ensurepip") is not None)
    return True


def install(requirement: str) -> bool:
    """Install the project and what *requirement* asks for, unless that was done before."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / f"installed-{hashlib.sha256(requirement.encode()).hexdigest()[:8]}"
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    print(f"installing {requirement}", file=sys.stderr)
    has_pip = subprocess.call([PYTHON, "-c", "import pip"], stderr=subprocess.DEVNULL) == 0  # noqa: S603
    pip = [PYTHON, "-m", "pip"] if has_pip else [sys.executable, "-m", "pip", "--python", PYTHON]
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", "-e", requirement]
    if subprocess.call(command, cwd=ROOT):  # noqa: S603
        fail("the installation failed; what pip said stands above")
        return False
    stamp.write_text(wanted)
    return True


def fail(message: str) -> int:
    """Say what is wrong."""
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
