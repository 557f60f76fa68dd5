"""Coverage of the error catalogue: which documented errors and endings of each operation a client has met.

What counts is what the client was really answered. It is kept as plain JSON, so that it can be summed over
projects, workers and runs: ``{operation: {"errors": {code: times}, "endings": {ending: times}}}``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from mockrds.files import write_atomically
from mockrds.report.documented import ANSWERED, ENDINGS, ERRORS
from mockrds.verdict.attempts import outcome
from mockrds.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mockrds.journal import Entry

    Met = dict[str, dict[str, dict[str, int]]]

_LOST: Final = {"RST": "reset", "FIN": "closed", "aborted": "timed out"}
_PAIRS: Final = re.compile(r'"(job_id|id|status)":"([^"]+)"')
_ENDED: Final = frozenset({"COMPLETED", "FAILED", "Completed", "Failed"})
_STARTS: Final = frozenset(
    name for name, endings in ENDINGS.items() if "list" not in name and "get" not in name and _ENDED & {*endings}
)
_FILE: Final = "mockrds-coverage"


def met(entries: Iterable[Entry]) -> Met:
    """Return what the client of one project met, from its journal."""
    counts: dict[str, tuple[Counter[str], Counter[str]]] = {}
    started: dict[str, str] = {}  # by the id of what was started: the operation that did
    for entry in entries:
        if entry.operation not in ERRORS:
            continue
        errors, endings = counts.setdefault(entry.operation, (Counter(), Counter()))
        if entry.operation in _STARTS:
            ids = (*entry.backup_ids, *(key for key, _ in _statuses(entry.response)))
            started |= dict.fromkeys(map(_key, ids), entry.operation)
        result = outcome(entry)
        if result == "lost":
            endings[_LOST.get(entry.ended, "closed")] += 1
        elif result == "damaged":
            endings["damaged"] += 1
        elif result == "refused":
            errors[entry.error or f"HTTP {entry.status}"] += 1
        elif result == "ok":
            endings[ANSWERED] += 1
            for key, status in _statuses(entry.response):
                if status in ENDINGS[entry.operation] and entry.operation not in _STARTS:
                    endings[status] += 1
                origin = started.get(_key(key))
                if origin is not None and status in _ENDED:
                    del started[_key(key)]
                    counts[origin][1][status] += 1
    return {name: {"errors": dict(errors), "endings": dict(endings)} for name, (errors, endings) in counts.items()}


def _statuses(response: bytes) -> Iterator[tuple[str, str]]:
    """Yield the id and the status of each thing in an answer, which may be cut off; the status of a job is empty."""
    key = ""
    for name, value in _PAIRS.findall(response.decode("utf-8", "replace")):
        if name == "status":
            yield key, value
        elif name == "job_id":
            yield value, ""
        else:
            key = value


def _key(resource_id: str) -> str:
    """Return what the ids that the API families have for the same thing have in common."""
    return resource_id.replace("-", "")[:32]


def add(*parts: Met) -> Met:
    """Return the sum of what was met."""
    summed: dict[str, dict[str, Counter[str]]] = {}
    for part in parts:
        for name, kinds in part.items():
            sums = summed.setdefault(name, {"errors": Counter(), "endings": Counter()})
            for kind, total in sums.items():
                total.update({word: int(n) for word, n in kinds[kind].items()})
    return {name: {kind: dict(counts) for kind, counts in kinds.items()} for name, kinds in summed.items()}


class Row(NamedTuple):
    """How far one operation was met."""

    operation: str
    errors: tuple[str, ...]
    """The documented errors that were met."""
    missing_errors: tuple[str, ...]
    endings: tuple[str, ...]
    """The endings that were met."""
    missing_endings: tuple[str, ...]
    others: tuple[str, ...]
    """The errors that were met, but are not documented for the operation."""


class Coverage:
    """What was met, beside all there is.

    The percentage is over the operations that were called: a suite need not call what its client does not use.

    Args:
        met: What was met.
    """

    def __init__(self, met: Met) -> None:
        self.rows: tuple[Row, ...] = tuple(
            _row(name, met[name]["errors"], met[name]["endings"]) for name in ERRORS if name in met
        )
        """The operations that were called, in the order of the API reference."""
        self.uncalled: tuple[str, ...] = tuple(name for name in ERRORS if name not in met)
        """The operations of the backup surface that were not."""

    @property
    def percent(self) -> float:
        """How much of all documented errors and endings was met; 0 when nothing was called."""
        seen = sum(len(row.errors) + len(row.endings) for row in self.rows)
        missing = sum(len(row.missing_errors) + len(row.missing_endings) for row in self.rows)
        return 100 * seen / (seen + missing) if seen else 0.0

    def lines(self, *, missing: bool = False) -> Iterator[str]:
        """Yield the lines of the table for a terminal.

        Args:
            missing: Also list what was not met.
        """
        width = max((len(row.operation) for row in self.rows), default=0)
        yield f"{'operation':<{width}}  {'errors':>7}  {'endings':>7}"
        for row in self.rows:
            errors = f"{len(row.errors)}/{len(row.errors) + len(row.missing_errors)}"
            endings = f"{len(row.endings)}/{len(row.endings) + len(row.missing_endings)}"
            yield f"{row.operation:<{width}}  {errors:>7}  {endings:>7}"
            if missing:
                if row.missing_errors:
                    yield f"    errors not met: {', '.join(row.missing_errors)}"
                if row.missing_endings:
                    yield f"    endings not met: {', '.join(row.missing_endings)}"
                if row.others:
                    yield f"    met besides: {', '.join(row.others)}"
        if self.uncalled:
            yield f"not called: {', '.join(self.uncalled) if missing else f'{len(self.uncalled)} other operations'}"
        yield f"{self.percent:.1f} % of the documented errors and endings of the operations that were called"


def _row(operation: str, errors: Iterable[str], endings: Iterable[str]) -> Row:
    errors, endings = set(errors), set(endings)
    known = ERRORS[operation]
    return Row(
        operation,
        tuple(code for code in known if code in errors),
        tuple(code for code in known if code not in errors),
        tuple(ending for ending in ENDINGS[operation] if ending in endings),
        tuple(ending for ending in ENDINGS[operation] if ending not in endings),
        tuple(sorted(errors.difference(known))),
    )


def load(path: Path) -> tuple[Met, int]:
    """Return what was met in earlier runs, and how many there were; nothing and 0 where there is no file.

    Raises:
        ValueError: The file is none of coverage, or can't be read.
    """
    wrong = f"{path} is no coverage of mockrds: remove it, or name another file"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, 0
    except (OSError, ValueError) as error:
        raise ValueError(f"{wrong} ({error})") from None
    try:
        return add(document["operations"]), int(document[_FILE]["runs"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError(wrong) from None


def save(path: Path, met: Met, runs: int) -> None:
    """Write what was met in so many runs, in one step. Folders are made.

    Raises:
        OSError: It can't be written.
    """
    document = {_FILE: {"version": __version__, "runs": runs}, "operations": met}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(document, indent=1, sort_keys=True) + "\n")
