"""Finds scenarios, reads them, and lays them over each other; reports every mistake in them at once."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from mockrds.faults.matching import Match
from mockrds.faults.rules import Rule
from mockrds.scenario import Scenario
from mockrds.scenario_files.document import Document, ScenarioError, describe
from mockrds.scenario_files.validation import build, check, conflicts
from mockrds.scenario_files.yaml_reader import from_file, from_mapping
from mockrds.suggestions import suggest

if TYPE_CHECKING:
    from mockrds.domain.world_template import WorldTemplate

__all__ = [
    "ScenarioError",
    "Source",
    "as_scenario",
    "files",
    "library",
    "load",
    "names",
    "read_match",
    "read_rule",
    "read_world",
]

_DEFAULT: Final = "default"
_LEVELS: Final = {"world": 2, "lifecycle": 2}
_MAX_CHAIN: Final = 20

Source = str | Path | Mapping[str, Any]


def library() -> dict[str, Path]:
    """Return the files of the scenarios that come with mockrds, by name."""
    package = Path(__file__).parent.parent
    folder = package / "scenarios"  # in an installed package
    if not folder.is_dir():
        folder = package.parent / "scenarios"  # in a source checkout
    return {path.stem: path for path in sorted(folder.glob("*.yaml"), key=lambda path: path.stem)}


def names() -> tuple[str, ...]:
    """Return the names that a scenario can be given by: ``default``, and those of the library."""
    return (_DEFAULT, *library())


def files(*sources: Source) -> list[Path]:
    """Return the files that scenarios are read from, with those that they extend.

    Missing ones are among them: once they are there, they will be read.
    """
    collector = _Collector()
    for source in sources:
        with suppress(ScenarioError):
            collector.add(source)
    return list(dict.fromkeys(collector.files))


def load(*sources: Source) -> Scenario:
    """Return scenarios as one: later ones laid over earlier ones, each over those that it extends.

    - ``world`` and ``lifecycle`` go together key by key, and so does what stands right inside them: of
      ``lifecycle.backup`` one scenario may give *seconds* and another *outcome*. The later one wins.
    - ``faults`` add up: those of the earlier scenario come first, so they are considered first.
    - Names of several sources are joined by ``+``. Of every other key the later one wins as a whole.
    - A file that is extended or named twice counts once, where it came first.
    - The scenario ``default`` is empty. What no scenario says is as in the default world.

    Args:
        sources: Names of the library, paths of files, or documents as mappings.

    Raises:
        ScenarioError: With every mistake in all of them.
    """
    __tracebackhide__ = True
    collector = _Collector()
    for source in sources:
        try:
            collector.add(source)
        except ScenarioError as error:
            collector.problems += error.problems
    if collector.problems:
        raise ScenarioError(*collector.problems)
    documents = collector.documents.values()
    merged: dict[str, Any] = {}
    places: list[str] = []
    for document in documents:
        for key, value in document.data.items():
            if key == "faults":
                merged[key] = [*merged.get(key, ()), *value]
                places += [document.place((key, i)) for i in range(len(value))]
            else:
                merged[key] = _lay(value, merged.get(key), _LEVELS.get(key, 0))
    try:
        scenario = build(Scenario, merged)
    except ValidationError as error:
        names = " and ".join(document.origin for document in documents)
        raise ScenarioError(*conflicts(error, Document(f"{names} do not go together", merged))) from None
    if len(sources) > 1:
        scenario = replace(scenario, name=" + ".join(document.data.get("name", "") for document in documents))
    rules = tuple(rule.located(place) for rule, place in zip(scenario.faults, places, strict=True))
    merged.pop("extends", None)
    return replace(scenario, faults=rules).with_document(merged | {"name": scenario.name})


def as_scenario(scenario: Scenario | Source | list[Source]) -> Scenario:
    """Return a scenario as it is, or as its source or sources say.

    Raises:
        ScenarioError: With every mistake in all of them.
    """
    __tracebackhide__ = True
    if isinstance(scenario, Scenario):
        return scenario
    return load(*scenario) if isinstance(scenario, list) else load(scenario)


def read_rule(document: Mapping[str, Any], source: str = "") -> Rule:
    """Return a rule of what stands under ``faults`` in a scenario file.

    Args:
        document: One of these faults.
        source: Where it stands, for messages.

    Raises:
        ScenarioError: With every mistake in it.
    """
    __tracebackhide__ = True
    if not isinstance(document, Mapping):
        raise ScenarioError(f"{source or 'fault'}: a fault is a mapping, not {describe(document)}")
    read = from_mapping(document, source or "fault")
    check(Rule, read)
    return build(Rule, read.data).located(source)


def read_match(document: Any, source: str = "match") -> Match:
    """Return a matcher of what a fault has under ``match``, for the journal: without what is about the project.

    Args:
        document: The matcher.
        source: Where it stands, for messages.

    Raises:
        ScenarioError: With every mistake in it.
    """
    __tracebackhide__ = True
    if not isinstance(document, Mapping):
        raise ScenarioError(f"{source}: a matcher is a mapping, not {describe(document)}")
    read = from_mapping(document, source)
    check(Match, read)
    return build(Match, read.data)


def read_world(document: Any, source: str = "scenario") -> WorldTemplate:
    """Return the world of what a scenario has under ``world``.

    Args:
        document: The world.
        source: Where it stands, for messages.

    Raises:
        ScenarioError: With every mistake in it.
    """
    read = from_mapping({"world": document}, source)
    check(Scenario, read)
    return build(Scenario, read.data).world


def _lay(over: Any, under: Any, levels: int) -> Any:
    if levels and isinstance(over, dict) and isinstance(under, dict):
        return under | {key: _lay(value, under.get(key), levels - 1) for key, value in over.items()}
    return over


class _Collector:
    """Reads scenarios and what they extend."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        """The documents by their identity, those that are extended before those that extend them."""
        self.problems: list[str] = []
        self.files: list[Path] = []
        """All files where scenarios were looked for."""

    def add(self, source: Source, folder: Path = Path(), chain: Mapping[str, str] = MappingProxyType({})) -> None:
        """Read *source*, and first what it extends.

        Args:
            source: A name, a path or a mapping.
            folder: What a relative path starts from.
            chain: The scenarios that lead here, as each extends the next: their identities and names.

        Raises:
            ScenarioError: There is nothing to read.
        """
        if source == _DEFAULT:
            return
        if isinstance(source, Mapping):
            identity = f"mapping {len(self.documents)}"
            document = from_mapping(source, "scenario")
        else:
            if isinstance(source, str | Path):
                self.files.append(folder / source)
            path = _find(source, folder)
            self.files.append(path)
            identity = os.path.realpath(path)
            if identity in chain:
                raise ScenarioError(f"a scenario can't extend itself: {' -> '.join([*chain.values(), str(path)])}")
            if len(chain) >= _MAX_CHAIN:
                raise ScenarioError(f"more than {_MAX_CHAIN} scenarios extend each other in a row")
            if identity in self.documents:
                return
            document = from_file(path)
        try:
            check(Scenario, document)
        except ScenarioError as error:
            self.problems += error.problems
        bases = document.data.get("extends")
        for i, base in enumerate(bases if isinstance(bases, list) else ()):
            if isinstance(base, str):
                try:
                    self.add(base, document.folder, {**chain, identity: document.origin})
                except ScenarioError as error:
                    place = document.place(("extends", i))
                    self.problems += (f"{place}: extends[{i}]: {problem}" for problem in error.problems)
        self.documents[identity] = document


def _find(source: object, folder: Path) -> Path:
    if not isinstance(source, str | Path):
        raise ScenarioError(f"a scenario is a name, a path or a mapping, not {describe(source)}")
    if source == "":
        raise ScenarioError("'' is no scenario: give a name of the library, or a file")
    path, name = folder / source, str(source)
    known = library()
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return path
        problem = "is a directory" if stat.S_ISDIR(mode) else "is no regular file"
    except (FileNotFoundError, NotADirectoryError, ValueError):
        names = (_DEFAULT, *known)
        problem = "no such file"
        if path.name == name and not path.suffix:  # it may have been meant as a name
            problem += f", and no scenario of that name{suggest(name, names)} (there are: {', '.join(names)})"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    if name in known:
        return known[name]
    raise ScenarioError(f"{path if name.isprintable() else describe(name)}: {problem}")
