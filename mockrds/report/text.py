"""The report for a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from mockrds.verdict.kinds import SEVERITIES, describe_calls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MOST_TESTS: Final = 50
"""How many tests with findings are shown one by one."""


def text(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the report: the findings of each test that has some, then the totals."""
    return "\n".join(lines(records))


def lines(records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of the report."""
    if not records:
        yield "no client has sent a request"
        return
    with_findings = [record for record in records if record["verdict"]["findings"]]
    for record in sorted(with_findings, key=worst_rank)[:_MOST_TESTS]:
        yield title(record)
        for finding in sorted(record["verdict"]["findings"], key=lambda finding: _rank(finding["severity"])):
            first, *more = printable(finding["message"]).splitlines() or [""]
            yield f"  {finding['severity']:<7}  {finding['kind']}: {first}{calls_of(finding)}"
            yield from (f"           {line}" for line in more)
    if len(with_findings) > _MOST_TESTS:
        yield f"... and {len(with_findings) - _MOST_TESTS} more with findings"
    if with_findings:
        yield ""
    yield from _totals(records, len(with_findings))


def calls_of(finding: Mapping[str, Any]) -> str:
    """Return the calls that a finding is about, in brackets; empty if it is about none."""
    calls = describe_calls(finding["entries"])
    return f" ({calls})" if calls else ""


def title(record: Mapping[str, Any]) -> str:
    """Return the name of a record: its test, or its project where there is none, and the outcome."""
    name = record["test"] or f"project {record['project']['name'] or record['project']['id']}"
    outcome = record.get("chaos", {}).get("cell") or record["outcome"]
    return printable(name + (f" ({outcome})" if outcome else ""))


def worst_rank(record: Mapping[str, Any]) -> int:
    """Return the rank of the worst finding of a record: 0 is the worst, 3 stands for none."""
    return min((_rank(finding["severity"]) for finding in record["verdict"]["findings"]), default=len(SEVERITIES))


def printable(text: str) -> str:
    """Return *text* without what would steer a terminal, or what XML can't hold; line breaks stay."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def _rank(name: str) -> int:
    return SEVERITIES.index(name) if name in SEVERITIES else len(SEVERITIES)


def _is_unused(fault: Mapping[str, Any]) -> bool:
    """Return whether a fault that a test armed never fired; those by chance or of a scenario need not."""
    return not (fault["fired"] or fault["by_chance"] or fault["from_scenario"])


def _totals(records: Sequence[Mapping[str, Any]], with_findings: int) -> Iterator[str]:
    verdicts = [record["verdict"] for record in records]
    attempts = [attempt for verdict in verdicts for logical in verdict["operations"] for attempt in logical["attempts"]]
    retries = sum(len(logical["attempts"]) - 1 for verdict in verdicts for logical in verdict["operations"])
    silent = sum(attempt["silent"] for attempt in attempts)
    kinds = Counter(verdict["backoff"]["kind"] for verdict in verdicts)
    backoffs = ", ".join(f"{name} {n}" for name, n in kinds.most_common() if name != "unseen")
    opened, reused = (sum(verdict["connections"][key] for verdict in verdicts) for key in ("opened", "reused"))
    duplicates = sum(len(group) - 1 for verdict in verdicts for group in verdict["duplicates"])
    orphans = sum(len(verdict["orphans"]) for verdict in verdicts)
    faults = [fault for record in records for fault in record["faults"]]
    unused = Counter(f"{fault['name']} ({fault['source']})" for fault in faults if _is_unused(fault))
    kind = "tests" if any(record["test"] for record in records) else "projects"
    yield f"{with_findings} of {len(records)} {kind} with findings"
    yield (
        f"calls {sum(record['total'] for record in records)}, retries {retries}"
        f"{f' ({silent} by the HTTP stack itself)' if silent else ''}, backoff: {backoffs or 'none seen'}"
    )
    yield f"duplicate backups {duplicates}, orphans {orphans}, connections opened {opened}, reused {reused}"
    if faults:
        yield f"faults fired {sum(fault['fired'] > 0 for fault in faults)} of {len(faults)}"
    for fault, n in sorted(unused.items()):
        yield f"  never fired: {printable(fault)}{f' ({n} times)' if n > 1 else ''}"
