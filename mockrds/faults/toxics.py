"""What goes wrong with the connection: WireMock's faults by name, Toxiproxy's toxics with their attributes.

A new toxic is a class here, a key of ``Toxics`` and a line in ``TOXICS``. How bytes are really sent is not known
here: a toxic works on a ``Connection``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, Protocol, get_args

from annotated_types import Ge, Gt

from mockrds.durations import Duration, Durations, fixed

if TYPE_CHECKING:
    from random import Random

_DOCUMENT = {"extra": "forbid"}
_TICK: Final = 0.05
"""Seconds between two pieces of an answer whose bandwidth is limited."""

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


class Connection(Protocol):
    """A connection to a client, as toxics see it."""

    @property
    def random(self) -> Random:
        """What chance is drawn from."""
        ...

    async def write(self, data: bytes) -> None:
        """Send *data*; nothing happens when it is empty."""
        ...

    async def wait(self, seconds: float) -> None:
        """Let *seconds* pass."""
        ...

    async def wait_for_client(self) -> None:
        """Wait until the client goes, which ends the request."""
        ...

    async def reset(self) -> None:
        """End the connection with a TCP RST, after what was sent has arrived."""
        ...

    def close(self) -> None:
        """End the connection in good order; nothing happens when it has ended."""
        ...


Send = Callable[[bytes], Awaitable[None]]
"""Hands bytes on: to the next toxic, or to the connection."""


class Toxic(ABC):
    """Something that happens to the bytes of an answer. Several toxics work one after the other."""

    ends: ClassVar[bool] = False
    """Whether the connection does not outlive the answer."""
    swallows: ClassVar[bool] = False
    """Whether it lets nothing of the answer through, unless ``limit_data`` says how much."""
    loses: ClassVar[bool] = False
    """Whether the client may lose bytes that were sent."""

    @abstractmethod
    async def apply(self, data: bytes, connection: Connection, send: Send) -> None:
        """Do to an answer what the toxic does.

        Args:
            data: The bytes.
            connection: Where they go in the end.
            send: Hands bytes on.
        """


@dataclass(frozen=True)
class LimitData(Toxic):
    """Only so many bytes are sent; then the connection is closed."""

    ends = True
    size: int

    async def apply(self, data: bytes, connection: Connection, send: Send) -> None:
        """Send the first bytes and close the connection."""
        await send(data[: self.size])
        connection.close()


@dataclass(frozen=True)
class SlowClose(Toxic):
    """The connection is closed after the answer, but only so much later."""

    ends = True
    delay: float

    async def apply(self, data: bytes, connection: Connection, send: Send) -> None:
        """Send the bytes and close the connection later."""
        await send(data)
        await connection.wait(self.delay)
        connection.close()


@dataclass(frozen=True)
class Timeout(Toxic):
    """Silence, for so long or until the client gives up."""

    ends = True
    swallows = True
    timeout: float

    async def apply(self, data: bytes, connection: Connection, send: Send) -> None:
        """Send what another toxic left of the bytes, and then say nothing more."""
        await send(data)
        if self.timeout:
            await connection.wait(self.timeout)
        else:
            await connection.wait_for_client()
        connection.close()


@dataclass(frozen=True)
class ResetPeer(Toxic):
    """The connection is reset (TCP RST), after so long."""

    ends = True
    swallows = True
    loses = True
    timeout: float

    async def apply(self, data: bytes, connection: Connection, send: Send) -> None:
        """Send what another toxic left of the bytes, and reset the connection later."""
        await send(data)
        await connection.wait(self.timeout)
        await connection.reset()


@dataclass(frozen=True, kw_only=True)
class Slicer(Toxic):
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

    async def apply(self, data: bytes, connection: Connection, send: Send) -> None:
        """Send the bytes slice by slice."""
        smallest, largest = self.average_size - self.size_variation, self.average_size + self.size_variation
        while data:
            size = connection.random.randint(smallest, largest)
            await send(data[:size])
            data = data[size:]
            pause = self.delay.sample(connection.random)
            if data:
                await connection.wait(pause)


@dataclass(frozen=True)
class Bandwidth(Toxic):
    """The bytes leave at so many KB (1000 bytes) a second."""

    rate: float

    async def apply(self, data: bytes, connection: Connection, send: Send) -> None:
        """Send the bytes when they have had their time."""
        await connection.wait(len(data) / (self.rate * 1000))
        await send(data)


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
        if not self.in_order:
            *keys, last = (field.name for field in fields(self))
            raise ValueError(f"give a toxic: {', '.join(keys)} or {last}")
        if sum(end is not None for end in (self.slow_close, self.timeout, self.reset_peer)) > 1:
            raise ValueError("give only one of 'slow_close', 'timeout' and 'reset_peer': a connection ends once")
        if self.swallows and (self.slicer is not None or self.bandwidth is not None):
            raise ValueError("'timeout' and 'reset_peer' let nothing through to slow down: give 'limit_data' besides")

    @cached_property
    def in_order(self) -> tuple[Toxic, ...]:
        """The toxics, in the order in which the answer goes through them."""
        toxics = {key: toxic(value) for key, toxic in TOXICS.items() if (value := getattr(self, key)) is not None}
        if any(toxic.swallows for toxic in toxics.values()):
            toxics.setdefault("limit_data", LimitData(0))
        if self.bandwidth is not None:
            toxics.setdefault("slicer", Slicer(average_size=max(1, int(self.bandwidth * 1000 * _TICK))))
        return tuple(toxics[key] for key in TOXICS if key in toxics)

    @property
    def limit(self) -> int | None:
        """How many bytes of the answer are sent at most; None for all."""
        return next((toxic.size for toxic in self.in_order if isinstance(toxic, LimitData)), None)

    @property
    def swallows(self) -> bool:
        """Whether nothing of the answer gets through."""
        return self.limit == 0

    @property
    def ends(self) -> bool:
        """Whether the connection does not outlive the answer."""
        return any(toxic.ends for toxic in self.in_order)

    def damages(self, size: int) -> bool:
        """Return whether an answer of *size* bytes may not arrive whole."""
        return (self.limit is not None and self.limit < size) or any(toxic.loses for toxic in self.in_order)

    async def apply(self, data: bytes, connection: Connection) -> None:
        """Send *data*, all bytes of an answer, over *connection* as the toxics have it."""
        send: Send = connection.write
        for toxic in reversed(self.in_order):
            send = partial(toxic.apply, connection=connection, send=send)
        await send(data)


TOXICS: Final[dict[str, Callable[[Any], Toxic]]] = {
    "limit_data": LimitData,
    "slow_close": SlowClose,
    "timeout": Timeout,
    "reset_peer": ResetPeer,
    "slicer": lambda slicer: slicer,
    "bandwidth": Bandwidth,
}
"""How the toxics are made of the values of their keys, in the order in which an answer goes through them."""

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
    """Return *value*, a short word as the word that it stands for."""
    return SHORT.get(value, value) if isinstance(value, str) else value


Fault = Annotated[Name | Toxics, _ByName()]
"""A fault by name, or toxics with their attributes."""


def swallows(fault: Name | Toxics) -> bool:
    """Return whether *fault* lets nothing of the answer through."""
    return not isinstance(fault, Toxics) or fault.swallows
