"""Writes coverage.md: for every operation of the API reference how far it is served.

python3 -m docs.coverage > docs/coverage.md
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Final

from mockrds.api.families import SERVED
from mockrds.domain.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockrds.domain.operations import Operation

MODELLED, SIMPLE, NOT_SERVED, AS_ANOTHER = "modelled", "simple", "not served (501)", "as another"
LEVELS: Final = (MODELLED, SIMPLE, NOT_SERVED, AS_ANOTHER)
INTRODUCTION: Final = f"""
# Coverage

Written from the code by `python3 -m docs.coverage`; a test says when it is out of date.

Every operation of the API reference is known by its id, method and path. How far each is served:

- **{MODELLED}**: it reads or changes the state of the project by the documented rules, and other operations show what
  it changed;
- **{SIMPLE}**: what clients send is checked, kept and shown again, but has no further effect;
- **{NOT_SERVED}**: its answer is 501 with an empty body and `X-Mockrds-Reason`, never one that only looks good;
- **{AS_ANOTHER}**: its path is that of an operation that is served, and nothing in the request tells them apart.

What requests and answers look like is in [openapi](openapi), one OpenAPI document an API family, which a server
has too, under `/__mockrds/openapi/`.
"""


def main() -> None:
    """Write the page."""
    sys.stdout.writelines(f"{line}\n" for line in page())


def page() -> Iterator[str]:
    """Return the lines of the page."""
    yield from INTRODUCTION.strip().splitlines()
    yield ""
    yield f"| family | {' | '.join(LEVELS)} | all |"
    yield f"|{'---|' * (len(LEVELS) + 2)}"
    families = dict.fromkeys(operation.family for operation in OPERATIONS.values())
    for family in (*families, None):
        counts = Counter(level_of(each) for each in OPERATIONS.values() if family in (each.family, None))
        numbers = (str(counts[level]) for level in LEVELS)
        yield f"| {family or 'all'} | {' | '.join(numbers)} | {counts.total()} |"
    for family in families:
        yield ""
        yield f"## {family}"
        yield ""
        yield "| operation | served | what it does |"
        yield "|---|---|---|"
        for operation in OPERATIONS.values():
            if operation.family == family:
                yield _row(operation)


def level_of(operation: Operation) -> str:
    """Return how far *operation* is served."""
    if operation.id in SERVED:
        return SIMPLE if SERVED[operation.id].simple else MODELLED
    return NOT_SERVED if _another(operation) is None else AS_ANOTHER


def _row(operation: Operation) -> str:
    served = SERVED.get(operation.id)
    another = _another(operation)
    level = level_of(operation) if another is None else f"as `{another}`"
    return f"| `{operation.id}` | {level} | {served.summary if served is not None else ''} |"


def _another(operation: Operation) -> str | None:
    """Return the operation that answers in the place of one that is not served; None if none does."""
    route = operation.method, operation.path
    served = [each.id for each in OPERATIONS.values() if (each.method, each.path) == route and each.id in SERVED]
    told_apart = any(SERVED[each].when is not None for each in served)
    return None if operation.id in served or told_apart or not served else served[0]


if __name__ == "__main__":
    main()
