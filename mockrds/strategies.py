"""A hypothesis strategy for faults, which shrinks to the least that breaks a client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

try:
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "mockrds.strategies needs hypothesis: pip install hypothesis", name="hypothesis"
    ) from error

from mockrds.chaos_packs import PAGE
from mockrds.domain.errors import CATALOGUE
from mockrds.domain.operations import short_name
from mockrds.durations import Duration
from mockrds.report.documented import ERRORS
from mockrds.verdict.kinds import CREATE, DELETES, LISTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from mockrds.project import Project


Kind = Literal["latency", "error", "response", "transport", "hang", "body", "consistency", "credentials"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""What can go wrong, the simplest first."""
OPERATIONS: Final = (CREATE, LISTS[0], DELETES[0])
"""The operations whose calls go wrong by default."""


class FaultSchedule:
    """What goes wrong with which calls. ``str()`` gives it as lines to paste into a test.

    Args:
        faults: The faults, each as a scenario file has it.
    """

    __slots__ = ("faults",)

    def __init__(self, *faults: Mapping[str, Any]) -> None:
        self.faults = faults
        """The faults, in the order in which they are armed."""

    def arm(self, project: Project) -> None:
        """Arm the faults in a project.

        Raises:
            ScenarioError: One of them is wrong.
        """
        for fault in self.faults:
            project.faults.add(**fault)

    @property
    def scenario(self) -> dict[str, Any]:
        """The schedule as a scenario, for projects to start with; its faults need not all fire then."""
        return {"name": "fault schedule", "faults": [dict(fault) for fault in self.faults]}

    @property
    def yaml(self) -> str:
        """The faults as a scenario file has them."""
        return "\n".join(["faults:", *(f"  - {json.dumps(fault)}" for fault in self.faults)]) if self.faults else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FaultSchedule) and self.faults == other.faults

    def __hash__(self) -> int:
        return hash(json.dumps(self.faults, sort_keys=True))

    def __str__(self) -> str:
        return "\n".join(f"mockrds.faults.add({_arguments(fault)})" for fault in self.faults) or "# nothing goes wrong"

    def __repr__(self) -> str:
        return f"FaultSchedule({', '.join(f'dict({_arguments(fault)})' for fault in self.faults)})"


def _arguments(fault: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in fault.items())


def fault_schedules(
    operations: Sequence[str] = OPERATIONS,
    *,
    max_faults: int = 3,
    max_call: int = 4,
    kinds: Iterable[Kind] = KINDS,
    longest: float | str = "1s",
) -> SearchStrategy[FaultSchedule]:
    """Generate schedules of faults; what breaks a client is shrunk to the fewest, earliest and simplest faults.

    Args:
        operations: What goes wrong is about these, named with or without their family; the simplest first.
        max_faults: How many faults there may be.
        max_call: The last call of an operation that a fault is about.
        kinds: What may go wrong: words of ``KINDS``.
        longest: How long latencies and hangs may last, in real time: a duration such as ``"1s"``, or seconds. A hang
            then ends by the server closing the connection, so that a client that waits for ever is slow, not stuck.

    Raises:
        ValueError: A kind, an operation or a number is none.
    """
    wanted = _kinds(kinds)
    if max_call < 1 or max_faults < 0:
        raise ValueError("'max_call' must be at least 1, and 'max_faults' must not be negative")
    if isinstance(operations, str) or not operations:
        raise ValueError("'operations' is a list of at least one operation")
    seconds = Duration(longest)
    effects = {
        operation: [found for kind in wanted if (found := list(_effects(operation, kind, seconds)))]
        for operation in operations
    }
    useful = [operation for operation, found in effects.items() if found]
    if not useful:
        raise ValueError(f"nothing of {', '.join(wanted)} can go wrong with {', '.join(operations)}")
    _check(effects)

    @st.composite
    def faults(draw: DrawFn) -> dict[str, Any]:
        operation = draw(st.sampled_from(useful))
        first = draw(st.integers(1, max_call))
        last = draw(st.integers(first, max_call))
        effect = draw(st.one_of([st.sampled_from(kind) for kind in effects[operation]]))
        return {"operation": operation, "calls": list(range(first, last + 1)), **effect}

    def one_each(fault: dict[str, Any]) -> tuple[str, int]:
        return fault["operation"], fault["calls"][0]

    several = st.lists(faults(), max_size=max_faults, unique_by=one_each)
    return several.map(lambda drawn: FaultSchedule(*drawn))


def _kinds(kinds: Iterable[Kind]) -> list[Kind]:
    wanted = set(kinds)
    unknown = sorted(wanted - set(KINDS))
    if unknown or not wanted or isinstance(kinds, str):
        raise ValueError(f"'kinds' is a list of {', '.join(KINDS)}" + (f", not {unknown[0]!r}" if unknown else ""))
    return [kind for kind in KINDS if kind in wanted]  # in the order of simplicity


def _check(effects: Mapping[str, list[list[dict[str, Any]]]]) -> None:
    """Check that the faults can be armed, with one of each operation.

    Raises:
        ScenarioError: There is no such operation.
    """
    from mockrds.scenario_files.loader import read_rule

    for operation, found in effects.items():
        for kind in found[:1]:
            read_rule({"operation": operation, **kind[0]}, "fault_schedules")


_LOST: Final = {"phase": "after_commit"}
_SERVER_FAILURE: Final = 500
_ANY: Final = ("RDS.0005", "APIGW.0308")
"""What any operation may be refused with: a failure of the server, too many requests."""


def _effects(operation: str, kind: Kind, longest: float) -> Iterable[dict[str, Any]]:
    """Yield what of a kind may go wrong with a call of *operation*, the simplest first."""
    bare = short_name(operation)
    changes = not bare.startswith(("list_", "get_"))
    for effect in _of_kind(kind, operation, longest):
        yield effect
        if changes and _may_be_lost(effect):
            yield _LOST | effect
    if changes and kind == "response":
        yield {"commit_after": "2s", "response": {"status": 504}}


def _may_be_lost(effect: Mapping[str, Any]) -> bool:
    """Return whether it can also happen after the operation has succeeded: no refusal, no damage to the answer."""
    match effect:
        case {"error": code}:
            return CATALOGUE[code].status >= _SERVER_FAILURE
        case {"fault": str() | {"timeout": _}} | {"latency": _} | {"response": _}:
            return "retry_after" not in effect
        case _:
            return False


def _of_kind(kind: Kind, operation: str, longest: float) -> Iterable[dict[str, Any]]:
    bare = short_name(operation)
    match kind:
        case "latency":
            yield from ({"latency": _span(share * longest)} for share in (0.01, 0.1, 1))
            yield {"fault": {"slicer": {"average_size": 100, "delay": _span(longest / 10)}}}
        case "error":
            codes = next((ERRORS[name] for name in (operation, f"v1.{bare}", f"v3.{bare}") if name in ERRORS), _ANY)
            yield from ({"error": code} for code in sorted(codes, key=lambda code: (code != _ANY[0], code)))
            yield {"error": _ANY[1], "retry_after": "1s"}
        case "response":
            yield from ({"response": {"status": status}} for status in (500, 502, 503, 504))
            yield {"response": {"status": 503}, "retry_after": "1s"}
            yield {"response": {"status": 502, "body": PAGE}}
        case "transport":
            yield from (
                {"fault": fault}
                for fault in (
                    "CONNECTION_RESET_BY_PEER", "EMPTY_RESPONSE", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE",
                    {"limit_data": 40}, {"limit_data": 500}, {"limit_data": 500, "reset_peer": 0},
                )
            )  # fmt: skip
        case "hang":
            yield {"fault": {"timeout": _span(longest)}}
        case "body":
            yield from _damages(bare)
        case "consistency":
            yield from _inconsistencies(bare)
        case "credentials":
            yield from ({"credentials": word} for word in ("expired", "wrong_scope", "clock_skew"))


def _span(seconds: float) -> str:
    """Return a duration in whole milliseconds, as a scenario file has it."""
    return str(Duration(max(0.001, round(seconds, 3))))


def _damages(bare: str) -> Iterable[dict[str, Any]]:
    yield {"body": {"truncate": 0.5}}
    yield {"body": {"content_type": "text/html"}}
    yield {"body": {"content_length": 99999}}
    if bare == CREATE:
        yield from ({"body": {"remove": [place]}} for place in ("/backup/id", "/backup/status"))
        yield {"body": {"set": {"/backup/status": "ARCHIVED"}}}
        yield {"body": {"set": {"/backup/progress": 0}}}
    elif bare in LISTS:
        yield from ({"body": {"remove": [place]}} for place in ("/backups/*/id", "/backups/*/status"))
        yield {"body": {"set": {"/backups/*/status": "ARCHIVED"}}}
        yield {"body": {"set": {"/backups/*/size": None}}}
        yield {"body": {"set": {"/backups/*/progress": 0}}}


def _inconsistencies(bare: str) -> Iterable[dict[str, Any]]:
    if bare == CREATE:
        yield from ({"visible_after": span} for span in ("1 look", "3 looks", "2s"))
        yield {"lifecycle": {"outcome": "FAILED"}}
        yield {"lifecycle": {"seconds": "1h"}}
        yield {"lifecycle": {"progression": "manual"}}
        yield {"quota": 0}
    elif bare in LISTS:
        yield from ({"stale": span} for span in ("2s", "1m"))
        yield {"response": {"status": 200, "json": {"backups": [], "total_count": 0}}}
