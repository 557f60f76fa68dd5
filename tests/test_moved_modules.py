"""A module that has moved says where it is now."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import mockrds

MOVED = mockrds._MOVED


@pytest.mark.parametrize(("old", "new"), MOVED.items(), ids=MOVED)
def test_an_import_of_a_former_name_says_the_new_one(old: str, new: str) -> None:
    with pytest.raises(ImportError, match=rf"^{old} has moved: import {new}$"):
        import_module(old)

    assert import_module(new).__name__ == new


@pytest.mark.slow
def test_from_imports_say_it_too() -> None:
    code = "from mockrds.chaos import PACKS"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr.endswith("ImportError: mockrds.chaos has moved: import mockrds.chaos_packs\n")


def test_other_modules_that_are_missing_are_missing_as_ever() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'mockrds\.nothing'"):
        import_module("mockrds.nothing")
