"""What goes wrong with the connection: WireMock's faults by name, Toxiproxy's toxics with their attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args

from annotated_types import Ge, Gt

from mockrds.durations import Duration, Durations, fixed

if TYPE_CHECKING:
    from collections.abc import Callable

_DOCUMENT = {"extra": "forbid"}

Name = Literal[
    "EMPTY_RESPONSE",
    "CONNECTION_RESET_BY_PEER",
    "MALFORMED_RESPONSE_CHUNK",
    "RANDOM_DATA_THEN_CLOSE",
    "timeout",
    "reset_peer",
]
NAMES: Final[tuple[str, ...]] = get_args(Name)
"""The faults that can be given by their name alone; they let nothing of the answer through."""


@dataclass(frozen=True, kw_only=True)
class Slicer:
    """The answer leaves in small slices."""

    __pydantic_config__ = _DOCUMENT

    average_size: Annotated[int, Ge(1)]
    """The size of a slice, in bytes."""
    size_variation: Annotated[int, Ge(0)] = 0
    """By how many bytes a slice may be smaller or larger; below *average_size*."""
    delay: Durations = fixed(0)
    """How long to wait between two slices."""

    def __post_init__(self) -> None:
        if self.size_variation >= self.average_size:
            raise ValueError("'size_variation' must be below 'average_size'")


@dataclass(frozen=True, kw_only=True)
class Toxics:
    """What happens to the bytes of the answer, head included. Several toxics work together."""

    __pydantic_config__ = _DOCUMENT

    limit_data: Annotated[int, Ge(0)] | None = None
    """Only so many bytes of the answer are sent; then the connection is closed, or what the others say."""
    slicer: Slicer | None = None
    """The bytes leave in small slices."""
    bandwidth: Annotated[float, Gt(0)] | None = None
    """The bytes leave at so many KB (1000 bytes) a second."""
    slow_close: Duration | None = None
    """The connection is closed after the answer, but only so much later."""
    timeout: Duration | None = None
    """Silence, for so long, and then the connection is closed; 0: until the client gives up."""
    reset_peer: Duration | None = None
    """The connection is reset (TCP RST), after so long."""

    def __post_init__(self) -> None:
        if all(
            toxic is None
            for toxic in (self.limit_data, self.slicer, self.bandwidth, self.slow_close, self.timeout, self.reset_peer)
        ):
            raise ValueError("give a toxic: limit_data, slicer, bandwidth, slow_close, timeout or reset_peer")
        if sum(end is not None for end in (self.slow_close, self.timeout, self.reset_peer)) > 1:
            raise ValueError("give only one of 'slow_close', 'timeout' and 'reset_peer': a connection ends once")
        if self.swallows and (self.slicer is not None or self.bandwidth is not None):
            raise ValueError("'timeout' and 'reset_peer' let nothing through to slow down: give 'limit_data' besides")

    @property
    def swallows(self) -> bool:
        """Tell whether nothing of the answer gets through, so that it makes no odds what the answer is."""
        return self.limit_data == 0 or (
            self.limit_data is None and (self.timeout is not None or self.reset_peer is not None)
        )


SHORT: Final = {"reset": "CONNECTION_RESET_BY_PEER"}
"""Short words for faults."""


class _ByName:
    """Lets a scenario file write ``timeout`` where it means ``{timeout: 0}``, and short words."""

    def __get_pydantic_core_schema__(self, source: object, handler: Callable[[object], Any]) -> Any:
        from pydantic_core import core_schema

        name = core_schema.literal_schema(list(NAMES))
        choices: dict[Any, Any] = {"name": name, "toxics": handler(Toxics)}
        union = core_schema.tagged_union_schema(
            choices, discriminator=lambda value: "toxics" if isinstance(value, dict | Toxics) else "name"
        )
        return core_schema.no_info_before_validator_function(_in_full, union)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Callable[[object], Any]) -> dict[str, Any]:
        return {"anyOf": [{"enum": [*NAMES, *SHORT]}, handler(schema["schema"]["choices"]["toxics"])]}


def _in_full(value: object) -> object:
    """Write out a short word."""
    return SHORT.get(value, value) if isinstance(value, str) else value


Fault = Annotated[Name | Toxics, _ByName()]
"""A fault by name, or toxics with their attributes."""


def swallows(fault: Name | Toxics) -> bool:
    """Tell whether *fault* lets nothing of the answer through."""
    return not isinstance(fault, Toxics) or fault.swallows
