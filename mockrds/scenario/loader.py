"""Reads scenario files and reports every mistake in them as ``file:line:column: path: what to do``."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import TypeAdapter, ValidationError

from mockrds.domain.errors import CATALOGUE
from mockrds.domain.operations import OPERATIONS
from mockrds.faults.rules import Rule
from mockrds.scenario.schema import Scenario

_MAX_BYTES: Final = 1 << 20
_MAX_NODES: Final = 100_000
_MERGED: Final = ("world", "lifecycle")  # later scenarios are laid over earlier ones key by key in these

OpenPath = tuple[str | int, ...]
Source = str | Path | Mapping[str, Any]


class ScenarioError(ValueError):
    """A scenario can't be used; ``problems`` lists every mistake."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class _Document:
    """A scenario as read, with the place of each of its parts."""

    origin: str
    data: dict[str, Any]
    places: dict[OpenPath, tuple[int, int]]

    def place(self, path: OpenPath) -> str:
        """Write where *path* stands, or what holds it: ``file:line:column``."""
        while path and path not in self.places:
            path = path[:-1]
        line_and_column = self.places.get(path)
        return f"{self.origin}:{line_and_column[0]}:{line_and_column[1]}" if line_and_column else self.origin


def library() -> dict[str, Path]:
    """List the scenarios that come with mockrds, by name."""
    package = Path(__file__).parent.parent
    folder = package / "scenarios"  # in an installed package
    if not folder.is_dir():
        folder = package.parent / "scenarios"  # in a source checkout
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load(*sources: Source) -> Scenario:
    """Read scenarios and lay the later ones over the earlier.

    Args:
        sources: Names of the library, paths of files, or documents as mappings.

    Raises:
        ScenarioError: With every mistake in all of them.
    """
    problems: list[str] = []
    documents: list[_Document] = []
    for source in sources:
        _collect(source, documents, problems, ())
    if problems:
        raise ScenarioError(problems)
    merged: dict[str, Any] = {}
    places: list[str] = []
    for document in documents:
        for key, value in document.data.items():
            if key in _MERGED and isinstance(merged.get(key), dict):
                merged[key] = merged[key] | value
            elif key == "faults":
                merged[key] = [*merged.get(key, ()), *value]
                places += [document.place(("faults", i)) for i in range(len(value))]
            else:
                merged[key] = value
    try:
        scenario = _adapter(Scenario).validate_python(merged)
    except ValidationError as error:  # each was right by itself, so two of them do not go together
        names = " and ".join(dict.fromkeys(document.origin for document in documents))
        raise ScenarioError([f"{names} do not go together: {_text(e)[1]}" for e in error.errors()]) from None
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
    data = dict(document)
    whole = _Document(source or "fault", {"faults": [data]}, {})
    problems = _check(whole)
    if problems:
        raise ScenarioError([problem.replace("faults[0].", "").replace("faults[0]", "fault") for problem in problems])
    rule: Rule = _adapter(Rule).validate_python(data)
    return rule.located(source)


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


# Finding and reading files


def _collect(source: Source, documents: list[_Document], problems: list[str], under: tuple[str, ...]) -> None:
    try:
        document = _Document("scenario", dict(source), {}) if isinstance(source, Mapping) else _read(str(source), under)
    except ScenarioError as error:
        problems.extend(error.problems)
        return
    found = _check(document)
    problems.extend(found)
    if found:
        return
    if document.origin in under:
        problems.append(f"{document.place(('extends',))}: extends: the scenario extends itself")
        return
    bases = document.data.get("extends", ())
    for i, base in enumerate(bases):
        if base == "default":
            continue  # what is not said is as in the default world
        near = Path(under[-1] if under else document.origin).parent
        try:
            _collect(_near(base, near), documents, problems, (*under, document.origin))
        except ScenarioError as error:
            problems.extend(f"{document.place(('extends', i))}: extends[{i}]: {p}" for p in error.problems)
    if not any(document.data is other.data for other in documents):
        documents.append(document)


def _near(base: str, folder: Path) -> str:
    beside = folder / base
    return str(beside) if beside.is_file() else base


def _read(source: str, under: tuple[str, ...]) -> _Document:
    path = Path(source)
    if source == "default":
        return _Document("default", {}, {})
    if not path.is_file():
        known = library()
        if source not in known:
            guess = _guess(source, known)
            names = ", ".join(known)
            raise ScenarioError([f"{source}: no such file, and no scenario of that name{guess} (there are: {names})"])
        path = known[source]
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ScenarioError([f"{path}: cannot be read: {error.strerror}"]) from None
    if len(raw) > _MAX_BYTES:
        raise ScenarioError([f"{path}: too large for a scenario: {len(raw)} bytes, at most {_MAX_BYTES}"])
    try:
        node = yaml.compose(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise ScenarioError([f"{where}: not valid YAML: {error.problem or error.context}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioError([f"{path}: not valid YAML: {' '.join(str(error).split())}"]) from None
    places: dict[OpenPath, tuple[int, int]] = {}
    problems: list[str] = []
    if node is not None:
        _walk(node, (), places, problems, str(path))
    if not problems and (node is None or not isinstance(node, yaml.MappingNode)):
        problems.append(f"{path}:1:1: a scenario is a mapping of keys such as 'world', 'lifecycle' and 'faults'")
    if not problems:
        try:
            data = yaml.constructor.SafeConstructor().construct_document(node)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problems.append(f"{path}:{mark.line + 1}:{mark.column + 1}: {error.problem}")
        except ValueError as error:  # a date such as 2026-13-01
            problems.append(f"{path}: {error}")
    if problems:
        raise ScenarioError(problems)
    return _Document(str(path), data, places)


def _walk(
    node: yaml.Node, path: OpenPath, places: dict[OpenPath, tuple[int, int]], problems: list[str], origin: str
) -> None:
    if len(places) >= _MAX_NODES:  # aliases can make a small file huge
        if not problems:
            problems.append(f"{origin}: too large for a scenario: more than {_MAX_NODES} values")
        return
    places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            where = (key.start_mark.line + 1, key.start_mark.column + 1)
            if inner in places and path in places and key.value != "<<":
                problems.append(f"{origin}:{where[0]}:{where[1]}: {_dotted(inner)}: the key stands here twice")
            places[inner] = where
            _walk(value, inner, places, problems, origin)
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            _walk(value, (*path, i), places, problems, origin)


# Finding mistakes


def _check(document: _Document) -> list[str]:
    found: dict[OpenPath, list[str]] = {}
    try:
        _adapter(Scenario).validate_python(document.data)
    except ValidationError as error:
        for mistake in error.errors():
            path, message = _text(mistake, document.data)
            found.setdefault(path, []).append(message)
    for path, message in _vocabulary(document.data):
        found.setdefault(path, []).append(message)

    def order(path: OpenPath) -> tuple[tuple[int, int], str]:
        held = path
        while held and held not in document.places:
            held = held[:-1]
        return document.places.get(held, (0, 0)), _dotted(path)

    return [
        f"{document.place(path)}: {_dotted(path) or 'scenario'}: {', or '.join(dict.fromkeys(found[path]))}"
        for path in sorted(found, key=order)
    ]


def _vocabulary(data: Mapping[str, Any]) -> list[tuple[OpenPath, str]]:
    """Check the words that the faults package does not know: operations and error codes."""
    operations = {*OPERATIONS, *(name.rpartition(".")[2] for name in OPERATIONS), "*"}
    found: list[tuple[OpenPath, str]] = []
    faults = data.get("faults")
    for i, fault in enumerate(faults if isinstance(faults, list | tuple) else ()):
        if not isinstance(fault, Mapping):
            continue
        named = fault.get("operation", "*")
        listed = isinstance(named, list | tuple)
        for j, name in enumerate(named if listed else (named,)):
            if isinstance(name, str) and name not in operations:
                path: OpenPath = ("faults", i, "operation", j) if listed else ("faults", i, "operation")
                found.append((path, f"unknown operation {name!r}{_guess(name, operations)}"))
        code = fault.get("error")
        if isinstance(code, str) and code not in CATALOGUE:
            found.append((("faults", i, "error"), f"unknown error code {code!r}{_guess(code, CATALOGUE)}"))
    return found


def _text(mistake: Any, data: object = None) -> tuple[OpenPath, str]:
    """Say in our words what pydantic found, and where."""
    path = _path(mistake["loc"], data)
    kind = mistake["type"]
    if kind in ("unexpected_keyword_argument", "extra_forbidden"):
        known = _keys_at(path[:-1])
        listed = ", ".join(known)
        return path, f"unknown key {path[-1]!r}{_guess(str(path[-1]), known)} (expected one of: {listed})"
    if kind in ("missing", "missing_argument"):
        return path, "this key is missing"
    if kind in ("dataclass_type", "dict_type"):
        return path, f"expected a mapping, not {_shown(mistake['input'])}"
    if kind in ("literal_error", "enum"):
        expected = mistake["ctx"]["expected"]
        options = [option.strip("'") for option in expected.replace(" or ", ", ").split(", ")]
        given = mistake["input"]
        return path, f"expected {expected}, not {_shown(given)}{_guess(str(given), options)}"
    message = mistake["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if kind == "value_error":
        return path, message
    return path, f"expected {message}, not {_shown(mistake['input'])}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _path(location: tuple[str | int, ...], data: object) -> OpenPath:
    """Keep of pydantic's location what stands in the document; the rest are names of union members."""
    path: OpenPath = ()
    for i, part in enumerate(location):
        if (isinstance(data, Mapping) and part in data) or (
            isinstance(data, list | tuple) and isinstance(part, int) and part < len(data)
        ):
            data = data[part]
        elif i < len(location) - 1 or not isinstance(data, Mapping) or not str(part).isidentifier():
            continue
        path = (*path, part)
    return path


def _keys_at(path: OpenPath) -> list[str]:
    """List the keys that may stand in the mapping at *path*."""
    kinds = [Scenario]
    for part in path:
        inner = []
        for kind in kinds:
            hint = typing.get_type_hints(kind).get(str(part)) if isinstance(part, str) else kind
            inner += _dataclasses(hint)
        kinds = inner
    return [field.name for kind in kinds for field in fields(kind) if field.init]


def _dataclasses(hint: Any) -> list[Any]:
    if is_dataclass(hint):
        return [hint]
    return [kind for argument in typing.get_args(hint) for kind in _dataclasses(argument)]


def _dotted(path: OpenPath) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _guess(word: str, known: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean {close[0]!r}?" if close else ""
