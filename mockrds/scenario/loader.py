"""Finds scenarios, reads them, and lays them over each other; reports every mistake in them at once."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from mockrds.faults.rules import Rule
from mockrds.scenario.document import Document, ScenarioError, from_file, from_mapping, shown
from mockrds.scenario.mistakes import build, check, conflicts, guess
from mockrds.scenario.schema import Scenario

__all__ = ["ScenarioError", "Source", "library", "load", "read_rule"]

_DEFAULT: Final = "default"
_LEVELS: Final = {"world": 2, "lifecycle": 2}
_MAX_CHAIN: Final = 20

Source = str | Path | Mapping[str, Any]


def library() -> dict[str, Path]:
    """List the scenarios that come with mockrds, by name."""
    package = Path(__file__).parent.parent
    folder = package / "scenarios"  # in an installed package
    if not folder.is_dir():
        folder = package.parent / "scenarios"  # in a source checkout
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load(*sources: Source) -> Scenario:
    """Read scenarios and lay the later ones over the earlier, each over those that it extends.

    - ``world`` and ``lifecycle`` go together key by key, and so does what stands right inside them: of
      ``lifecycle.backup`` one scenario may give *seconds* and another *outcome*. The later one wins.
    - ``faults`` add up: those of the earlier scenario come first, so they are asked first.
    - Of every other key the later one wins as a whole.
    - A file that is extended or named twice counts once, where it came first.
    - The scenario ``default`` says nothing. What nobody says is as in the default world.

    Args:
        sources: Names of the library, paths of files, or documents as mappings.

    Raises:
        ScenarioError: With every mistake in all of them.
    """
    documents: dict[str, Document] = {}
    problems: list[str] = []
    for source in sources:
        _collect(source, documents, problems)
    if problems:
        raise ScenarioError(*problems)
    merged: dict[str, Any] = {}
    places: list[str] = []
    for document in documents.values():
        for key, value in document.data.items():
            if key == "faults":
                merged[key] = [*merged.get(key, ()), *value]
                places += [document.place((key, i)) for i in range(len(value))]
            else:
                merged[key] = _lay(value, merged.get(key), _LEVELS.get(key, 0))
    try:
        scenario = build(Scenario, merged)
    except ValidationError as error:
        names = " and ".join(document.origin for document in documents.values())
        raise ScenarioError(*(f"{names} do not go together: {text}" for text in conflicts(error, merged))) from None
    rules = tuple(rule.located(place) for rule, place in zip(scenario.faults, places, strict=True))
    return replace(scenario, faults=rules)


def read_rule(document: Mapping[str, Any], source: str = "") -> Rule:
    """Read one fault, in the same words as in a scenario file.

    Args:
        document: The fault.
        source: Where it stands, for messages.

    Raises:
        ScenarioError: With every mistake in it.
    """
    if not isinstance(document, Mapping):
        raise ScenarioError(f"{source or 'fault'}: a fault is a mapping, not {shown(document)}")
    read = from_mapping(document, source or "fault")
    check(Rule, read)
    return build(Rule, read.data).located(source)


def _lay(over: Any, under: Any, levels: int) -> Any:
    if levels and isinstance(over, dict) and isinstance(under, dict):
        return under | {key: _lay(value, under.get(key), levels - 1) for key, value in over.items()}
    return over


def _collect(
    source: Source, documents: dict[str, Document], problems: list[str], chain: tuple[str, ...] = (), folder: Path = Path()
) -> None:
    """Read *source* and what it extends, and put them into *documents*, the extended ones first.

    Args:
        source: A name, a path or a mapping.
        documents: What was read so far, by what tells it from others.
        problems: What was found wrong so far.
        chain: Those that extend each other and lead here.
        folder: What a relative path starts from.
    """
    if source == _DEFAULT:
        return
    try:
        if isinstance(source, Mapping):
            identity = f"mapping {len(documents)}"
            document = from_mapping(source, "scenario")
        else:
            path = _find(source, folder)
            identity = os.path.realpath(path)
            if identity in chain:
                raise ScenarioError("a scenario can't extend itself: " + " -> ".join([*chain, identity]))
            if identity in documents:
                return
            document = from_file(path)
    except ScenarioError as error:
        problems.extend(error.problems)
        return
    ...
