"""What requests and answers look like: said once, for reading them and for the OpenAPI documents.

A schema reads a value, refuses it with the documented error where it is wrong, and describes it as JSON Schema.
"""

from __future__ import annotations

from threading import local
from typing import TYPE_CHECKING, Any, Final

from mockrds.domain.errors import INVALID_PARAMETER, LETTER_CASE, RDSError, Refusal
from mockrds.domain.validators import pattern, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

JsonSchema = dict[str, Any]
"""A JSON Schema, as the documents have it."""


class _UnknownKeys(local):
    def __init__(self) -> None:
        self.names: list[str] = []


UNKNOWN_KEYS: Final = _UnknownKeys()
"""The keys that no schema knows of the body that this thread reads; to be cleared before it is read.

They are kept here, and not handed from schema to schema, so that a body without such keys costs nothing.
"""


class Schema:
    """What a value looks like.

    Args:
        missing: The error when a value that is needed is not there; absent: INVALID_PARAMETER.
        default: The value when it may be left out and is.
        nullable: Whether answers may have null in its place. In requests null means that it is left out.
    """

    __slots__ = ("default", "missing", "nullable")

    def __init__(self, *, missing: Refusal = INVALID_PARAMETER, default: Any = None, nullable: bool = False) -> None:
        self.missing = missing
        self.default = default
        self.nullable = nullable

    def read(self, value: Any, key: str) -> Any:
        """Return *value*, which is not None, in the form that operations work with.

        Args:
            value: What stands in the request.
            key: Its key, for hints.

        Raises:
            RDSError: It is wrong.
        """
        raise NotImplementedError

    def parse(self, text: str, key: str) -> Any:
        """Return what the text of a query parameter means.

        Raises:
            RDSError: It is wrong.
        """
        return self.read(text, key)

    def json_schema(self) -> JsonSchema:
        """Return the JSON Schema."""
        schema = self._json_schema()
        if self.default not in (None, ""):  # the empty text stands for nothing
            schema["default"] = self.default
        if self.nullable:
            types = schema["type"]
            schema["type"] = [*types, "null"] if isinstance(types, list) else [types, "null"]
            if "enum" in schema:
                schema["enum"] = [*schema["enum"], None]
        return schema

    def _json_schema(self) -> JsonSchema:
        """Return the JSON Schema, but for what all schemas have: ``default`` and ``nullable``."""
        raise NotImplementedError

    def instance_pointers(self) -> Iterator[str]:
        """Return the JSON Pointers of the texts that name the instance which a request is about."""
        return iter(())


class Text(Schema):
    """A string.

    Args:
        rule: Returns whether a text is right; absent: any that is not empty; ``any``: all.
        error: The error when it is wrong.
        one_of: The values that it may have, instead of a rule.
        case_insensitive: Whether the letter case of *one_of* makes no difference.
        names_instance: Whether it is the id of the instance that the request is about, of a node or of a backup of it.
    """

    __slots__ = ("_case_insensitive", "_names_instance", "_one_of", "_rule", "error")

    def __init__(
        self,
        rule: Callable[..., object] = bool,
        error: Refusal = INVALID_PARAMETER,
        *,
        one_of: tuple[str, ...] = (),
        case_insensitive: bool = False,
        names_instance: bool = False,
        missing: Refusal | None = None,
        default: str | None = None,
        nullable: bool = False,
    ) -> None:
        super().__init__(missing=missing or error, default=default, nullable=nullable)
        self._rule = rule
        self._one_of = one_of
        self._case_insensitive = {value.lower(): value for value in one_of} if case_insensitive else None
        self._names_instance = names_instance
        self.error = error

    def read(self, value: Any, key: str) -> str:  # noqa: D102
        if not isinstance(value, str):
            raise RDSError(INVALID_PARAMETER, f"{key!r} must be a string")
        if self._one_of:
            known = self._case_insensitive.get(value.lower()) if self._case_insensitive is not None else value
            if known not in self._one_of:
                raise RDSError(self.error, f"{key!r} must be {' or '.join(self._one_of)}")
            return known
        if self._rule is not any and not self._rule(value):
            raise RDSError(self.error, f"{key!r} must be {words(self._rule)}")
        return value

    def _json_schema(self) -> JsonSchema:
        if self._one_of and self._case_insensitive is None:
            return {"type": "string", "enum": list(self._one_of)}
        if self._case_insensitive:
            return {"type": "string", "examples": list(self._one_of)}
        return {"type": "string"} | pattern(self._rule)

    def instance_pointers(self) -> Iterator[str]:  # noqa: D102
        if self._names_instance:
            yield ""


class Integer(Schema):
    """A whole number.

    Args:
        allowed: The numbers that it may be; absent: any.
        error: The error when it is another.
        step: The number that it must be a multiple of.
        uneven: The error when it is none.
        strings: Whether a string of digits will do.
    """

    __slots__ = ("_allowed", "_step", "_strings", "error", "uneven")

    def __init__(
        self,
        allowed: range | None = None,
        error: Refusal = INVALID_PARAMETER,
        *,
        step: int = 1,
        uneven: Refusal = INVALID_PARAMETER,
        strings: bool = False,
        missing: Refusal | None = None,
        default: int | None = None,
        nullable: bool = False,
    ) -> None:
        super().__init__(missing=missing or error, default=default, nullable=nullable)
        self._allowed = allowed
        self._step = step
        self._strings = strings
        self.error = error
        self.uneven = uneven

    def read(self, value: Any, key: str) -> int:  # noqa: D102
        if self._strings and isinstance(value, str):
            return self.parse(value, key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise RDSError(INVALID_PARAMETER, f"{key!r} must be an integer")
        self._check_range(value, key)
        if value % self._step:
            raise RDSError(self.uneven, f"{key!r} must be a multiple of {self._step}")
        return value

    def parse(self, text: str, key: str) -> int:  # noqa: D102
        try:
            value = int(text)
        except ValueError:
            raise RDSError(INVALID_PARAMETER, f"{key!r} must be a whole number") from None
        self._check_range(value, key)
        return value

    def _check_range(self, value: int, key: str) -> None:
        allowed = self._allowed
        if allowed is not None and value not in allowed:
            raise RDSError(self.error, f"{key!r} must be {allowed.start} to {allowed.stop - 1}")

    def _json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": ["integer", "string"] if self._strings else "integer"}
        if self._strings:
            schema["pattern"] = "^[0-9]+$"
        if self._allowed is not None:
            schema |= {"minimum": self._allowed.start, "maximum": self._allowed.stop - 1}
        return schema if self._step == 1 else schema | {"multipleOf": self._step}


class Number(Schema):
    """A number, in answers only."""

    __slots__ = ()

    def _json_schema(self) -> JsonSchema:
        return {"type": "number"}


class Boolean(Schema):
    """True or false."""

    __slots__ = ()

    def read(self, value: Any, key: str) -> bool:  # noqa: D102
        if not isinstance(value, bool):
            raise RDSError(INVALID_PARAMETER, f"{key!r} must be true or false")
        return value

    def _json_schema(self) -> JsonSchema:
        return {"type": "boolean"}


class List(Schema):
    """A list.

    Args:
        of: The schema of its elements.
        longest: How many elements there may be; absent: any number.
        shortest: How many there must be.
    """

    __slots__ = ("_longest", "_of", "_shortest")

    def __init__(
        self,
        of: Schema,
        *,
        longest: int | None = None,
        shortest: int = 0,
        missing: Refusal = INVALID_PARAMETER,
        nullable: bool = False,
    ) -> None:
        super().__init__(missing=missing, nullable=nullable)
        self._of = of
        self._longest = longest
        self._shortest = shortest

    def read(self, value: Any, key: str) -> list[Any]:  # noqa: D102
        if not isinstance(value, list):
            raise RDSError(INVALID_PARAMETER, f"{key!r} must be a list")
        if self._longest is not None and len(value) > self._longest:
            raise RDSError(INVALID_PARAMETER, f"{key!r} has more than {self._longest} elements")
        if len(value) < self._shortest:
            raise RDSError(INVALID_PARAMETER, f"{key!r} has less than {self._shortest} elements")
        if None in value:
            raise RDSError(INVALID_PARAMETER, f"{key!r} has null in it")
        return [self._of.read(element, f"{key}[{i}]") for i, element in enumerate(value)]

    def _json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "array", "items": self._of.json_schema()}
        if self._shortest:
            schema["minItems"] = self._shortest
        return schema if self._longest is None else schema | {"maxItems": self._longest}


class Dictionary(Schema):
    """An object with any keys.

    Args:
        of: The schema of its values.
    """

    __slots__ = ("_of",)

    def __init__(self, of: Schema, *, nullable: bool = False) -> None:
        super().__init__(nullable=nullable)
        self._of = of

    def read(self, value: Any, key: str) -> dict[str, Any]:  # noqa: D102
        if not isinstance(value, dict):
            raise RDSError(INVALID_PARAMETER, f"{key!r} must be an object")
        return {name: self._of.read(inner, f"{key}.{name}") for name, inner in value.items()}

    def _json_schema(self) -> JsonSchema:
        return {"type": "object", "additionalProperties": self._of.json_schema()}


class Object(Schema):
    """An object with known keys. Unknown ones are ignored, known ones in another letter case refused.

    Args:
        fields: The schema of each field. A key that ends with ``?`` may be left out.
        also_allowed: Further keys that the API reference has in this place, though they mean nothing here.
        missing: The error when the object itself is not there.
    """

    __slots__ = ("_fields", "_knows_all", "_spellings", "known_keys")

    def __init__(
        self,
        fields: Mapping[str, Schema],
        *,
        also_allowed: Iterable[str] = (),
        missing: Refusal = INVALID_PARAMETER,
        nullable: bool = False,
    ) -> None:
        super().__init__(missing=missing, nullable=nullable)
        named = {key.removesuffix("?"): (key.endswith("?"), schema) for key, schema in fields.items()}
        self._fields: Final = tuple((key, optional, schema, schema.read) for key, (optional, schema) in named.items())
        keys = frozenset((*named, *also_allowed))
        self.known_keys: Final = keys
        """All keys that the API reference has in this place."""
        self._knows_all: Final = keys.issuperset
        self._spellings: Final = {key.lower(): key for key in keys}

    def read(self, value: Any, key: str = "") -> dict[str, Any]:
        """Return all known fields, those that are left out with their defaults."""
        if not isinstance(value, dict):
            raise RDSError(INVALID_PARAMETER, f"{key!r} must be an object")
        if not self._knows_all(value):
            self._check_keys(value)
        fields = {}
        for name, optional, schema, read in self._fields:
            inner = value.get(name)
            if inner is not None:
                fields[name] = read(inner, name)
            elif optional:
                fields[name] = schema.default
            else:
                raise RDSError(schema.missing, f"{name!r} is missing")
        return fields

    def parse_all(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """Return what query parameters mean, those that are left out with their defaults; unknown ones are ignored.

        Raises:
            RDSError: One of them is wrong or missing.
        """
        parameters = {}
        for name, optional, schema, _ in self._fields:
            text = texts.get(name)
            if text is not None:
                parameters[name] = schema.parse(text, name)
            elif optional:
                parameters[name] = schema.default
            else:
                raise RDSError(schema.missing, f"{name!r} is missing")
        return parameters

    def _check_keys(self, value: dict[str, Any]) -> None:
        for name in value:
            spelt = self._spellings.get(name.lower())
            if spelt is None:
                UNKNOWN_KEYS.names.append(name)
            elif name != spelt:
                raise RDSError(LETTER_CASE, f"{name!r} is spelt {spelt!r}")

    def schemas(self) -> Iterator[tuple[str, bool, JsonSchema]]:
        """Return each key, whether it must be there, and the JSON Schema of its field."""
        for name, optional, schema, _ in self._fields:
            yield name, not optional, schema.json_schema()

    def _json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "object", "properties": {name: inner for name, _, inner in self.schemas()}}
        required = [name for name, needed, _ in self.schemas() if needed]
        return schema | ({"required": required} if required else {})

    def instance_pointers(self) -> Iterator[str]:  # noqa: D102
        for name, _, schema, _ in self._fields:
            yield from (f"/{name}{pointer}" for pointer in schema.instance_pointers())


class Either(Schema):
    """One of two objects: *one* if there is a value under *key*, else the *other*.

    What is read of the other has the key, too, with None.
    """

    __slots__ = ("_key", "_one", "_other")

    def __init__(self, key: str, one: Object, other: Object) -> None:
        super().__init__()
        self._key = key
        self._one = one
        self._other = other

    def read(self, value: Any, key: str) -> dict[str, Any]:  # noqa: D102
        if isinstance(value, dict) and value.get(self._key) is not None:
            return self._one.read(value, key)
        return self._other.read(value, key) | {self._key: None}

    def _json_schema(self) -> JsonSchema:
        return {"anyOf": [self._one.json_schema(), self._other.json_schema()]}

    def instance_pointers(self) -> Iterator[str]:  # noqa: D102
        yield from self._one.instance_pointers()
        yield from self._other.instance_pointers()
