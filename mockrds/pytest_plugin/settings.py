"""The settings of a test: the options of the run, and over them its markers."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

import pytest

from mockrds.suggestions import suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mockrds.domain.clock import ClockSetting
    from mockrds.domain.identity import Auth
    from mockrds.scenario import Scenario
    from mockrds.scenario_files.loader import Source

Unused = Literal["armed", "all", "off"]
_DIGITS: Final = re.compile("-?[0-9]{1,19}")
_SWITCHES: Final = {True: "armed", False: "off"}


class SettingError(ValueError):
    """A marker or an option is wrong; the message says which and what to do, a line for each mistake."""

    def of(self, place: str) -> SettingError:
        """Return the same error with the *place* of the mistakes before each line."""
        return SettingError("\n".join(f"{place}: {line}" for line in str(self).splitlines()))


class Settings(NamedTuple):
    """How projects start, and what is checked when their test ends."""

    scenario: tuple[Source, ...] = ()
    """Scenarios, laid over each other; none: that of the server."""
    seed: int | None = None
    """None: as the scenario or the server says."""
    clock: ClockSetting | None = None
    """None: as the scenario or the server says."""
    auth: Auth | None = None
    """None: as the server does."""
    unused: Unused = "armed"
    """Which faults must fire: those that the test armed; ``all``, also those of its scenarios and those that fire by
    chance; ``off``: none."""
    hanging: bool = True
    """Whether there is a warning for requests that still wait at the end."""
    errors: bool = True
    """Whether an error inside the mock fails the test."""
    chaos: bool = True
    """Whether ``--mockrds-chaos`` runs the test under its faults, too."""

    def over(self, values: Mapping[str, Any], folders: Sequence[Path]) -> Settings:
        """Lay *values*, in the words of the marker, over these settings; scenarios are added to theirs.

        Args:
            values: Settings by name; None stands for one that is left out.
            folders: What relative paths of scenarios start from, in the order in which they are tried.

        Raises:
            SettingError: One of them is wrong.
        """
        __tracebackhide__ = True
        if not values:
            return self
        check_keys(values, self._fields)
        read: dict[str, Any] = {}
        for key, value in values.items():
            if value is None:
                continue
            try:
                read[key] = _sources(value, folders) if key == "scenario" else _READERS[key](value)
            except ValueError as error:
                raise SettingError(f"{key}: {error}") from None
        read["scenario"] = (*self.scenario, *read.get("scenario", ()))
        return self._replace(**read)


class Run:
    """The settings of a whole test run.

    Args:
        config: The run.
        id: Tells this run from others; a worker of pytest-xdist has that of its controller.

    Raises:
        SettingError: An option is wrong.
    """

    def __init__(self, config: pytest.Config, id: str | None = None) -> None:  # noqa: A002
        self.id = id or os.urandom(4).hex()
        self._root = config.rootpath
        self._loaded: dict[tuple[str | Path, ...], Scenario] = {}
        self.settings = Settings()
        """What holds where no marker says otherwise."""
        self._places: dict[str, str] = {}
        """Where each setting stands, for messages."""
        for key in Settings._fields:
            if key == "chaos":  # the option of that name says which faults
                continue
            name = f"mockrds_{key}"
            value, place = config.getoption(name, None), f"--mockrds-{key}"
            folder = config.invocation_params.dir
            if value is None:
                place, folder = f"{name} in the settings of pytest", self._root
                try:
                    value = config.getini(name)
                except (TypeError, ValueError, pytest.UsageError) as error:  # no truth value
                    raise SettingError(f"{place}: expected true or false ({error})") from None
            if value in ("", []):
                continue
            self._places[key] = place
            with self._placed(key):
                self.settings = self.settings.over({key: value}, (folder, self._root))

    @contextmanager
    def _placed(self, key: str) -> Iterator[None]:
        """Name the place of a setting in the errors of the block, instead of its key."""
        try:
            yield
        except SettingError as error:
            lines = (line.removeprefix(f"{key}: ") for line in str(error).splitlines())
            raise SettingError("\n".join(lines)).of(self._places[key]) from None

    @property
    def scenario(self) -> Scenario | None:
        """The scenario of the whole run.

        Raises:
            SettingError: It is wrong.
        """
        with self._placed("scenario"):
            return self.load(self.settings.scenario)

    def of_test(self, item: pytest.Item) -> Settings:
        """Return the settings of a test: its markers over those of the run, the nearest last.

        Raises:
            SettingError: A marker is wrong.
        """
        settings = self.settings
        for marker in reversed(list(item.iter_markers("mockrds"))):
            try:
                if marker.args:
                    raise SettingError(f"it takes keywords only: write scenario={marker.args[0]!r}, or another")  # noqa: TRY301
                settings = settings.over(marker.kwargs, self.folders(item))
            except SettingError as error:
                raise error.of(f"{item.nodeid}: @pytest.mark.mockrds") from None
        return settings

    def folders(self, item: pytest.Item) -> tuple[Path, Path]:
        """Return what relative paths in a test's markers start from: pytest's rootdir, then the folder of its file."""
        return self._root, item.path.parent

    def load(self, sources: tuple[Source, ...]) -> Scenario | None:
        """Read scenarios and lay them over each other; those that stand in files are read once in a run.

        Raises:
            SettingError: They are wrong; the message has all mistakes.
        """
        __tracebackhide__ = True
        names = tuple(source for source in sources if not isinstance(source, Mapping))
        cached = len(names) == len(sources)
        if not sources or (cached and names in self._loaded):
            return self._loaded.get(names)
        from mockrds.scenario_files.loader import ScenarioError, load

        try:
            scenario = load(*sources)
        except ScenarioError as error:
            lines = (line.removeprefix("scenario: ") for line in error.problems)  # a document is called that
            raise SettingError("\n".join(lines)).of("scenario") from None
        if cached:
            self._loaded[names] = scenario
        return scenario


def check_keys(keys: Iterable[str], known: Iterable[str]) -> None:
    """Check that all *keys* are *known*.

    Raises:
        SettingError: One is not.
    """
    __tracebackhide__ = True
    known = tuple(known)
    for key in keys:
        if key not in known:
            raise SettingError(f"unknown key {key!r}{suggest(key, known)} (it takes {', '.join(known)})")


def _sources(value: object, folders: Sequence[Path]) -> tuple[Source, ...]:
    found: list[Source] = []
    for source in value if isinstance(value, list | tuple) else (value,):
        if isinstance(source, str | Path):
            there = (path for folder in folders if (path := folder / source).is_file())
            found.append(next(there, source))
            if found[-1] == source and Path(source).suffix and not Path(source).exists():  # no name of the library
                tried = " and ".join(dict.fromkeys(str(folder) for folder in folders))
                raise ValueError(f"{source}: no such file{'' if Path(source).is_absolute() else f' in {tried}'}")
        elif isinstance(source, Mapping):
            found.append(source)
        else:
            raise ValueError(f"expected a name, a path, a document or a list of these, not {source!r}")  # noqa: TRY004
    return tuple(found)


def _number(value: object) -> int:
    if isinstance(value, str) and _DIGITS.fullmatch(value):  # as it stands in the settings of pytest
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"expected a whole number, not {value!r}")


def _clock(value: Any) -> ClockSetting:
    from mockrds.domain.clock import ClockSetting

    try:
        return ClockSetting.of(value)
    except TypeError:
        raise ValueError(f"expected a clock such as 'frozen@2026-01-31T22:00:00Z', not {value!r}") from None


def _auth(value: object) -> str:
    from mockrds.simulator import AUTH_MODES

    return _one_of(AUTH_MODES, value)


def _unused(value: object) -> str:
    return _one_of(get_args(Unused), _SWITCHES[value] if isinstance(value, bool) else value)


def _one_of(words: Sequence[str], value: object) -> str:
    if isinstance(value, str) and value in words:
        return value
    raise ValueError(f"expected one of {', '.join(words)}, not {value!r}")


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"expected True or False, not {value!r}")


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "seed": _number,
    "clock": _clock,
    "auth": _auth,
    "unused": _unused,
    "hanging": _switch,
    "errors": _switch,
    "chaos": _switch,
}
