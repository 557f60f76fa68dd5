"""Assertions about a client; each says what was expected, and shows the calls that were made instead."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, get_args

from mockrds.domain.operations import OPERATIONS, check_operation
from mockrds.verdict.backoff import classify, format_seconds
from mockrds.verdict.behaviour import ClientBehaviour
from mockrds.verdict.findings import (
    MIN_ATTEMPTS,
    find_all,
    gave_up_early,
    ignored_retry_after,
    why_futile,
    why_unnoticed,
)
from mockrds.verdict.kinds import SEVERITIES, BackoffKind, describe_calls
from mockrds.verdict.operations import abridge, filter_by_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockrds.project_state import ProjectState
    from mockrds.verdict.findings import Finding
    from mockrds.verdict.kinds import Severity
    from mockrds.verdict.operations import LogicalOperation


_MOST_OPERATIONS: Final = 20
"""How many operations a message shows with their calls."""


class Verdict(ClientBehaviour):
    """What is to be said of a client's behaviour, and what can be asserted of it."""

    @classmethod
    def of(cls, project: ProjectState) -> Verdict:
        """Return the verdict on the client of a project up to now."""
        world = project.world
        return cls(project.journal.entries(), world.backups, project.clock.now(), world.instances)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the client does wrong or might do better, the worst first."""
        return find_all(self)

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as the control API shows it."""
        return {
            "operations": [op.as_json() for op in self.operations],
            "backoff": self.backoff.as_json(),
            "polling": [polling.as_json() for polling in self.polling],
            "backups": [history.as_json() for history in self.backup_histories.values()],
            "duplicates": [list(ids) for ids in self.duplicates],
            "orphans": list(self.orphans),
            "connections": self.connections.as_json(),
            "errors_met": dict(sorted(self.errors_met.items())),
            "findings": [finding.as_json() for finding in self.findings],
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self.operations)} operations, {len(self.findings)} findings>"

    def assert_no_duplicate_backups(self) -> None:
        """Assert that no retry made a second backup.

        Raises:
            AssertionError: One did; the message lists its attempts and the backups.
        """
        __tracebackhide__ = True
        duplicates = (op for op in self.operations if len(op.backup_ids) > 1)
        _assert_none("expected one backup for each that was wanted", duplicates)

    def assert_no_orphans(self) -> None:
        """Assert that each backup that the client made was seen at its end, or deleted.

        Raises:
            AssertionError: One was not; the message lists them.
        """
        __tracebackhide__ = True
        lines = [
            f"  {history.id} {history.name}, made by call #{history.made_by}"
            + ("" if history.shown_by else f": {why_unnoticed(self, history)}")
            for history in self.backup_histories.values()
            if history.orphaned
        ]
        if lines:
            expected = "expected each backup to be seen at its end, or deleted; left over:"
            raise AssertionError("\n".join([expected, *lines]))

    def assert_backoff(
        self,
        *kinds: BackoffKind,
        min_factor: float | None = None,
        max_wait: float | None = None,
        operation: str | None = None,
    ) -> None:
        """Assert how the client waits between its attempts.

        Args:
            kinds: One of these: ``none``, ``constant``, ``linear``, ``exponential``, ``jittered``; without any, all
                but ``none`` will do.
            min_factor: Waits grow at least by this factor.
            max_wait: No wait is longer, in seconds.
            operation: Only for this operation, named with or without its family.

        Raises:
            AssertionError: It waits otherwise, or there were too few retries to tell.
            ValueError: There is no such kind, or no such operation.
        """
        __tracebackhide__ = True
        unknown = [kind for kind in kinds if kind not in get_args(BackoffKind)]
        if unknown:
            raise ValueError(f"unknown kind of backoff {unknown[0]!r}: expected {', '.join(get_args(BackoffKind))}")
        operations, backoff = list(self.operations), self.backoff
        if operation is not None:
            check_operation(operation, {*OPERATIONS, *(entry.operation for entry in self.entries)})
            operations = filter_by_name(self.operations, operation)
            backoff = classify(*(waits for op in operations for waits in op.wait_series))
        accepted = kinds or ("constant", "linear", "exponential", "jittered")
        wrong = []
        if backoff.kind not in accepted:
            wrong.append(f"expected {' or '.join(accepted)} backoff")
        if min_factor is not None and (backoff.factor or 1.0) < min_factor * 0.97:
            wrong.append(f"expected waits that grow at least by a factor of {min_factor:g}")
        if max_wait is not None and backoff.longest is not None and backoff.longest > max_wait * 1.03 + 0.05:
            wrong.append(f"expected no wait longer than {format_seconds(max_wait)}")
        if wrong:
            retried = (op for op in operations if op.waits)
            kind, _, said = str(backoff).partition(": ")  # "none: it does not wait" says it all after the colon
            raise AssertionError(_with_calls(f"{'; '.join(wrong)}, but {said or f'it is {kind}'}", retried))

    def assert_retry_after_honoured(self) -> None:
        """Assert that the client waited as long as each ``Retry-After`` asked for.

        Raises:
            AssertionError: It did not.
        """
        __tracebackhide__ = True
        early = {op: None for op, before, attempt in self.retries if ignored_retry_after(before, attempt)}
        _assert_none("expected no retry before the time that Retry-After asked for", early)

    def assert_no_retry_of_permanent_errors(self) -> None:
        """Assert that the client did not repeat what would be refused again.

        Raises:
            AssertionError: It did; the message says why there was no use.
        """
        __tracebackhide__ = True
        futile = {op: why for op, before, attempt in self.retries if (why := why_futile(self, before, attempt))}
        why = " ".join(sorted(set(futile.values())))
        _assert_none(f"expected no retry of what is refused for good. {why}", futile)

    def assert_did_not_give_up(self, min_attempts: int = MIN_ATTEMPTS) -> None:
        """Assert that the client tried at least *min_attempts* times what might pass.

        Raises:
            AssertionError: It gave up before.
        """
        __tracebackhide__ = True
        given_up = (op for op in self.operations if gave_up_early(op, min_attempts))
        _assert_none(f"expected at least {min_attempts} attempts before giving up", given_up)

    def assert_same_body(self) -> None:
        """Assert that each retry asked for the same as the attempt before.

        Raises:
            AssertionError: One did not.
        """
        __tracebackhide__ = True
        changed = [op for op in self.operations if op.body_changed]
        bodies = [
            line
            for op in changed
            for line in abridge([f"  #{a.entry.number}: {a.entry.redacted_body}" for a in op.attempts], op.numbers)
        ]
        _assert_none("expected the same body in each attempt", changed, bodies)

    def assert_polling(
        self,
        min_interval: float | None = None,
        max_interval: float | None = None,
        max_count: int | None = None,
    ) -> None:
        """Assert how often the client looks whether what it waits for is done.

        Args:
            min_interval: No two looks are closer, in seconds.
            max_interval: No two looks are further apart, in seconds.
            max_count: No wait takes more looks.

        Raises:
            AssertionError: It looks otherwise.
        """
        __tracebackhide__ = True
        for polling in self.polling:
            wrong = []
            if min_interval is not None and (polling.shortest or 0.0) < min_interval * 0.99 - 0.02:
                wrong.append(f"expected at least {format_seconds(min_interval)} between two looks")
            if max_interval is not None and (polling.longest or 0.0) > max_interval * 1.03 + 0.05:
                wrong.append(f"expected at most {format_seconds(max_interval)} between two looks")
            if max_count is not None and polling.count > max_count:
                wrong.append(f"expected at most {max_count} looks")
            if wrong:
                intervals = f"{format_seconds(polling.shortest)} to {format_seconds(polling.longest)} apart"
                raise AssertionError(
                    f"{'; '.join(wrong)}; {polling.operation} {polling.target} was asked "
                    f"{polling.count} times, {intervals} ({describe_calls(polling.numbers)})"
                )

    def assert_no_polls_after_end(self, allow: int = 0) -> None:
        """Assert that the client stopped looking once it was shown the end of all that it waited for.

        Args:
            allow: How many more looks are no offence.

        Raises:
            AssertionError: It went on.
        """
        __tracebackhide__ = True
        for polling in self.polling:
            if polling.after_end > allow:
                raise AssertionError(
                    f"expected no look after the end was shown; {polling.operation} {polling.target} was "
                    f"asked {polling.after_end} times more, {polling.count} times in all "
                    f"({describe_calls(polling.numbers)})"
                )

    def assert_connections_reused(self, min_share: float = 0.5) -> None:
        """Assert that the client uses its connections again.

        Args:
            min_share: At least this share of the requests that might have come over an open connection did, 0 to 1.

        Raises:
            AssertionError: Fewer did.
        """
        __tracebackhide__ = True
        connections = self.connections
        if connections.share < min_share:
            raise AssertionError(
                f"expected {min_share:.0%} of the requests that might to come over a connection that was open; "
                f"{connections.reused} of {connections.chances} did: {connections.requests} requests, "
                f"{connections.opened} connections"
            )

    def assert_clean(self, severity: Severity = "warning") -> None:
        """Assert that there is no finding of this *severity* or a worse one.

        Raises:
            AssertionError: There is; the message lists them all, and the calls.
            ValueError: There is no such severity.
        """
        __tracebackhide__ = True
        if severity not in SEVERITIES:
            raise ValueError(f"unknown severity {severity!r}: expected {', '.join(SEVERITIES)}")
        bad = SEVERITIES[: SEVERITIES.index(severity) + 1]
        findings = [finding for finding in self.findings if finding.severity in bad]
        if findings:
            numbers = {number for finding in findings for number in finding.entries}
            retried = (op for op in self.operations if numbers & set(op.numbers) and len(op.attempts) > 1)
            lines = [f"expected no finding of severity {severity} or above:", *(f"  {each}" for each in findings)]
            raise AssertionError(_with_calls("\n".join(lines), retried))


def _assert_none(expected: str, operations: Iterable[LogicalOperation], more: Iterable[str] = ()) -> None:
    __tracebackhide__ = True
    offenders = tuple(operations)
    if offenders:
        raise AssertionError("\n".join([_with_calls(expected, offenders), *more]))


def _with_calls(expected: str, operations: Iterable[LogicalOperation]) -> str:
    """Return a message that says what was *expected*, and shows the calls of *operations*."""
    texts = list(map(str, operations))
    more = [f"... and {len(texts) - _MOST_OPERATIONS} more"] if len(texts) > _MOST_OPERATIONS else []
    return "\n".join([expected, *texts[:_MOST_OPERATIONS], *more])
