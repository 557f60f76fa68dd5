"""Reads YAML files and Python mappings into plain data, and keeps line and column of each part.

No file can make this hang, crash or run code: what is too large, too deep, circular or no plain data is a
mistake like any other.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

from mockrds.durations import WrittenAsText
from mockrds.scenario_files.document import Document, KeyPath, Mistake, Place, ScenarioError, at, describe

_MAX_BYTES: Final = 1 << 20
_MAX_VALUES: Final = 100_000
_MAX_DEPTH: Final = 50
_MAX_DIGITS: Final = 64
_TOO_DEEP: Final = f"nested too deeply: more than {_MAX_DEPTH} levels"
_LIBYAML_TOO_DEEP: Final = "exceeded maximum nesting depth"
_UNREADABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_TAB: Final = re.compile(r" *\t")
_NODES: Final[dict[type, str]] = {yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list"}
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTRUCTOR: Final = yaml.constructor.SafeConstructor()
_TAG: Final = "tag:yaml.org,2002:"
_MERGE: Final = f"{_TAG}merge"
_NUMBERS: Final = (f"{_TAG}int", f"{_TAG}float")
_TEXTS: Final = (f"{_TAG}str", f"{_TAG}timestamp", f"{_TAG}value", _MERGE)  # a date stays what it is in JSON: text
_TAGS: Final = (*_NUMBERS, *_TEXTS, *(f"{_TAG}{name}" for name in ("bool", "null", "map", "seq")))
_BROKEN: Final = True
"""Stands for a value that is refused; what is wrong with it besides is not reported."""


def from_mapping(data: Mapping[Any, Any], origin: str) -> Document:
    """Return a Python mapping as a document."""
    reader = _Reader(origin)
    return reader.document(data, Path())


def from_file(path: Path) -> Document:
    """Return a YAML file as a document.

    Raises:
        ScenarioError: It can't be read, or is no YAML.
    """
    origin = str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ScenarioError(f"{origin}: cannot be read: {error.strerror}") from None
    if len(raw) > _MAX_BYTES:
        raise ScenarioError(f"{origin}: too large for a scenario: more than {_MAX_BYTES} bytes")
    root = _compose(_decode(raw, origin), origin)
    if not isinstance(root, yaml.MappingNode):
        raise ScenarioError(
            f"{origin}:1:1: a scenario is a mapping with keys such as 'world', 'lifecycle' and 'faults'"
        )
    reader = _Reader(origin)
    document = reader.document(root, path.parent)
    if not isinstance(document.data, dict):
        raise ScenarioError(*document.render(document.mistakes))
    document.data.setdefault("name", path.stem)
    document.data.setdefault("description", "")
    return document


def _decode(raw: bytes, origin: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _position(raw[: error.start].decode("utf-8", "replace"))
        raise ScenarioError(f"{at(origin, place)}: not UTF-8 text: byte 0x{raw[error.start]:02x}") from None
    found = _UNREADABLE.search(text)
    if found is not None:
        place = _position(text[: found.start()])
        raise ScenarioError(f"{at(origin, place)}: not valid YAML: character U+{ord(found[0]):04X} is not allowed")
    return text


def _compose(text: str, origin: str) -> yaml.Node | None:
    try:
        depth = 0
        for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > _MAX_DEPTH:  # composing a file of brackets only would overflow the stack of the process
                raise ScenarioError(f"{at(origin, _start(event))}: {_TOO_DEEP}")
            if count > 2 * _MAX_VALUES:
                raise _too_large(origin)
        return yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else None
        if error.problem == _LIBYAML_TOO_DEEP:  # it reads ahead, so it can meet its own limit before we meet ours
            raise ScenarioError(f"{at(origin, place)}: {_TOO_DEEP}") from None
        what = ", ".join(part for part in (error.context, error.problem) if part)
        if mark and any(_TAB.match(line) for line in _BREAK.split(text)[mark.line : mark.line + 1]):
            what += ": indent with spaces, not with tabs"
        raise ScenarioError(f"{at(origin, place)}: not valid YAML: {what}") from None
    except yaml.YAMLError as error:
        raise ScenarioError(f"{origin}: not valid YAML: {' '.join(str(error).split())}") from None


class _Reader:
    """Makes plain data of YAML nodes and of Python objects, and collects the mistakes in them."""

    def __init__(self, origin: str) -> None:
        self.places: dict[KeyPath, Place] = {}
        self.mistakes: list[Mistake] = []
        self.broken: set[KeyPath] = set()
        self._origin = origin
        self._values = 0
        self._open: set[int] = set()  # the ids of what is being read: a value among them contains itself

    def document(self, root: object, folder: Path) -> Document:
        """Return *root*, a mapping, as a document."""
        data = self.read(root, ())
        return Document(self._origin, data, folder, self.places, tuple(self.mistakes), frozenset(self.broken))

    def read(self, value: object, path: KeyPath) -> Any:
        """Return *value*, which stands at *path*, as plain data."""
        self._count()
        if isinstance(value, yaml.Node):
            self.places.setdefault(path, _start(value))
            if value.tag not in _TAGS:
                tag = value.tag.replace(_TAG, "!!") or "!"
                return self._broken(path, f"the tag {tag} is not allowed: a scenario is plain data")
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            keys = [each.name for each in dataclasses.fields(value) if each.init]
            value = {key: getattr(value, key) for key in keys if getattr(value, key) is not None}
        elif isinstance(value, WrittenAsText):
            value = str(value)
        if not isinstance(value, yaml.CollectionNode | Mapping | list | tuple):
            return self._scalar(value, path)
        if id(value) in self._open:
            return self._broken(path, "the value contains itself")
        if len(path) >= _MAX_DEPTH:
            return self._broken(path, _TOO_DEEP)
        self._open.add(id(value))
        try:
            if isinstance(value, yaml.MappingNode | Mapping):
                return self._mapping(value, path)
            items: Any = value.value if isinstance(value, yaml.SequenceNode) else value
            return [self.read(item, (*path, i)) for i, item in enumerate(items)]
        finally:
            self._open.discard(id(value))

    def _mapping(self, mapping: yaml.MappingNode | Mapping[Any, Any], path: KeyPath) -> dict[str, Any]:
        if isinstance(mapping, Mapping):
            named = ((self._key(key, path), value) for key, value in mapping.items())
            return {name: self.read(value, (*path, name)) for name, value in named if name is not None}
        data: dict[str, Any] = {}
        merged: list[tuple[yaml.Node, yaml.Node]] = []
        for key, value in mapping.value:
            if key.tag == _MERGE:
                merged += self._merged(value, path, 0)
                continue
            name = self._key(key, path)
            if name is None:
                continue
            inner = (*path, name)
            if name in data:
                first = self.places[inner][0]
                self.mistakes.append(Mistake(inner, f"the key stands here twice, first in line {first}", _start(key)))
                continue
            self.places[inner] = _start(key)
            data[name] = self.read(value, inner)
        for key, value in merged:
            name = self._key(key, path)
            if name is not None and name not in data:
                self.places[*path, name] = _start(key)
                data[name] = self.read(value, (*path, name))
        return data

    def _merged(self, node: yaml.Node, path: KeyPath, depth: int) -> list[tuple[yaml.Node, yaml.Node]]:
        """Return the keys and values that the merge key ``<<`` brings in, those that win first."""
        pairs: list[tuple[yaml.Node, yaml.Node]] = []
        for base in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(base, yaml.MappingNode) or depth > _MAX_DEPTH or id(base) in self._open:
                text = "expected a mapping, or a list of them, that does not contain itself"
                self.mistakes.append(Mistake((*path, "<<"), text, _start(node)))
                continue
            inherited = []
            for key, value in base.value:
                self._count()
                if key.tag == _MERGE:
                    inherited += self._merged(value, path, depth + 1)
                else:
                    pairs.append((key, value))
            pairs += inherited
        return pairs

    def _key(self, key: object, path: KeyPath) -> str | None:
        name = key.value if isinstance(key, yaml.ScalarNode) else key
        if isinstance(key, yaml.ScalarNode) and key.tag not in _TEXTS:
            problem: str | None = f"a key must be text: write {name!r} in quotes"
        elif isinstance(name, str):
            problem = _unfit(name)
        else:
            problem = f"a key must be text, not {_NODES.get(type(key)) or describe(key)}"
        if problem is None:
            return str(name)
        self.mistakes.append(Mistake(path, problem, _start(key) if isinstance(key, yaml.Node) else None))
        return None

    def _scalar(self, value: object, path: KeyPath) -> Any:
        # "version: 8.0" is a number to YAML; here it is the name of a release
        named = path[:1] == ("world",) and path[-2:] == ("datastore", "version")
        if isinstance(value, yaml.ScalarNode):
            if value.tag in _TEXTS or (named and value.tag in _NUMBERS):
                return value.value
            text = value.value
            if len(text) > _MAX_DIGITS:
                return self._broken(path, f"the number is too long: more than {_MAX_DIGITS} characters")
            try:
                value = _CONSTRUCTOR.construct_object(value)
            except (ValueError, KeyError, IndexError):  # !!int "many"
                return self._broken(path, f"{describe(text)} does not fit its tag")
        elif isinstance(value, date):
            value = value.isoformat()
        elif named and type(value) in (int, float):
            value = str(value)
        problem = _unfit(value)
        return value if problem is None else self._broken(path, problem)

    def _broken(self, path: KeyPath, message: str) -> bool:
        self.mistakes.append(Mistake(path, message))
        self.broken.add(path)
        return _BROKEN

    def _count(self) -> None:
        self._values += 1
        if self._values > _MAX_VALUES:  # aliases can make a small file huge
            raise _too_large(self._origin)


def _unfit(value: object) -> str | None:
    """Return why *value* is no JSON; None if it is. Scenarios are sent as JSON, too."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"{describe(value)} has half a surrogate pair, which no text may have"
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return f"expected a finite number, not {value}"
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return "the number is too large: it must fit 64 bits"
    if value is None or isinstance(value, int | float):
        return None
    return f"{describe(value)} is no plain data"


def _too_large(origin: str) -> ScenarioError:
    return ScenarioError(f"{origin}: too large for a scenario: more than {_MAX_VALUES} values")


def _position(before: str) -> Place:
    """Return line and column of what follows *before*."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _start(part: Any) -> Place:
    """Return line and column of the beginning of a node or an event."""
    return part.start_mark.line + 1, part.start_mark.column + 1
