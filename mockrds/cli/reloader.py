"""``--reload``: loads the scenario again when its files change."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from mockrds.scenario_files.loader import ScenarioError, files, load

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mockrds.scenario import Scenario
    from mockrds.server import MockRDS

_INTERVAL: Final = 0.5

Stamp = tuple[int, ...] | None
"""What changes with a file: when it was written, its size and inode; None if it can't be read."""


class Reloader:
    """Loads scenarios again when their files have changed.

    Make it before the scenarios are loaded for the first time, so that it misses no edit.

    Args:
        sources: What was given with ``--scenario``.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = sources
        self._loaded = _stamps(files(*sources))
        """The files, as they were when they were last loaded."""
        self._seen = self._loaded
        """The files, as they were at the last look."""

    async def follow(self, mock: MockRDS) -> None:
        """Put each new scenario in force, until cancelled. One with mistakes changes nothing."""
        while True:
            await asyncio.sleep(_INTERVAL)
            changed = await asyncio.to_thread(self._look)
            if not changed:
                continue
            try:
                scenario = await asyncio.to_thread(self._load)
            except ScenarioError as error:
                _say(f"not reloaded, because of mistakes:\n{error}")
            else:
                mock.simulator.reload(scenario)
                _say(f"reloaded {', '.join(map(str, changed))}")

    def _look(self) -> list[Path]:
        """Return the files that have changed since they were loaded, but not since the last look.

        Editors write a file in steps, or remove it and put another in its place: a change that is seen once may
        be half of an edit, one that is seen twice is all of it.
        """
        previous, self._seen = self._seen, _stamps(self._loaded)
        if self._seen != previous:
            return []
        return [file for file, stamp in self._seen.items() if stamp != self._loaded[file]]

    def _load(self) -> Scenario:
        used = _stamps(files(*self._sources))
        known = self._seen
        # Stamps from before the files are read, so that what is written meanwhile is another change.
        self._loaded = self._seen = used | {file: known[file] for file in used.keys() & known.keys()}
        try:
            return load(*self._sources)
        except ScenarioError:
            self._loaded = self._seen = known | self._loaded  # a broken file does not say what it extends
            raise


def _stamps(paths: Iterable[Path]) -> dict[Path, Stamp]:
    return {path: _stamp(path) for path in paths}


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _say(text: str) -> None:
    print(f"mockrds: {text}", file=sys.stderr, flush=True)
