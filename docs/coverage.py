"""The tables of coverage.md: how far each operation of the API reference is served."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from docs.tables import table
from mockrds.api.families import SERVED
from mockrds.domain.operations import OPERATIONS

if TYPE_CHECKING:
    from mockrds.domain.operations import Operation

MODELLED, SIMPLE, NOT_SERVED, AS_ANOTHER = "modelled", "simple", "not served (501)", "as another"
LEVELS: Final = (MODELLED, SIMPLE, NOT_SERVED, AS_ANOTHER)


def counts() -> str:
    """Return how many operations of each family are served, and how far."""
    families = dict.fromkeys(operation.family for operation in OPERATIONS.values())
    rows = []
    for family in (*families, None):
        numbers = Counter(level_of(each) for each in OPERATIONS.values() if family in (each.family, None))
        rows.append((family or "all", *(str(numbers[level]) for level in LEVELS), str(numbers.total())))
    return table("family", *LEVELS, "all", rows=rows)


def operations() -> str:
    """Return every operation of the API reference by family, and how far it is served."""
    families = dict.fromkeys(operation.family for operation in OPERATIONS.values())
    sections = []
    for family in families:
        rows = [_row(operation) for operation in OPERATIONS.values() if operation.family == family]
        sections.append(f"## {family}\n\n{table('operation', 'served', 'what it does', rows=rows)}\n")
    return "\n".join(sections)


def level_of(operation: Operation) -> str:
    """Return how far *operation* is served."""
    if operation.id in SERVED:
        return SIMPLE if SERVED[operation.id].simple else MODELLED
    return NOT_SERVED if _another(operation) is None else AS_ANOTHER


def _row(operation: Operation) -> tuple[str, str, str]:
    served = SERVED.get(operation.id)
    another = _another(operation)
    level = level_of(operation) if another is None else f"as `{another}`"
    return f"`{operation.id}`", level, served.summary if served is not None else ""


def _another(operation: Operation) -> str | None:
    """Return the operation that answers in the place of one that is not served; None if none does."""
    route = operation.method, operation.path
    served = [each.id for each in OPERATIONS.values() if (each.method, each.path) == route and each.id in SERVED]
    told_apart = any(SERVED[each].when is not None for each in served)
    return None if operation.id in served or told_apart or not served else served[0]
