"""What records and bodies are made with: the decorator, and annotations for pydantic, which is not imported here."""

from __future__ import annotations

from dataclasses import dataclass
from re import Pattern
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, dataclass_transform

from annotated_types import Ge

if TYPE_CHECKING:
    from collections.abc import Callable


T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Make *cls* a dataclass without what records have no use for, which takes a third of the time at import."""
    return dataclass(kw_only=True, eq=False, repr=False)(cls)


@dataclass(frozen=True)
class Ref:
    """A schema that is written elsewhere, such as that of a scenario; what reads those checks what is sent."""

    name: str

    def __get_pydantic_json_schema__(self, *_: object) -> dict[str, Any]:
        return {"x-ref": self.name}  # pydantic refuses a $ref that is not its own: openapi.py puts it in


@dataclass(frozen=True)
class Matching:
    """Text that fits a pattern."""

    pattern: Pattern[str]

    def __get_pydantic_core_schema__(self, source: object, handler: Callable[[object], Any]) -> Any:
        return handler(source) | {"pattern": self.pattern.pattern}


class _Omittable:
    """Takes null away again from what may be None here."""

    def __get_pydantic_core_schema__(self, source: object, handler: Callable[[object], Any]) -> Any:
        return handler(source)["schema"]


Omittable = Annotated[T | None, _Omittable()]
"""A key that may be left out, but not be null; it is None then."""
Count = Annotated[int, Ge(0)]
"""A whole number from zero on."""
