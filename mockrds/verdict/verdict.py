"""Assertions about a client; each says what was expected, and shows the calls that were made instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from mockrds.domain.operations import OPERATIONS
from mockrds.journal import known
from mockrds.verdict import findings as judge
from mockrds.verdict.backoff import classify, seconds
from mockrds.verdict.behaviour import ClientBehaviour
from mockrds.verdict.kinds import SEVERITIES, BackoffKind, calls
from mockrds.verdict.operations import abridged, named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockrds.project_state import ProjectState
    from mockrds.verdict.kinds import Severity
    from mockrds.verdict.operations import LogicalOperation


_SHOWN: Final = 20
"""How many operations a message shows with their calls."""


class Verdict(ClientBehaviour):
    """What the journal tells of a client, and what can be asserted of it."""

    @classmethod
    def of(cls, project: ProjectState) -> Verdict:
        """Return what the journal of a project tells of its client up to now."""
        world = project.world
        return cls(project.journal.entries(), world.backups, project.clock.now(), world.instances)

    def assert_no_duplicate_backups(self) -> None:
        """Assert that no retry made a second backup.

        Raises:
            AssertionError: One did; the message lists its attempts and the backups.
        """
        __tracebackhide__ = True
        _none("expected one backup for each that was wanted", (op for op in self.operations if len(op.backup_ids) > 1))

    def assert_no_orphans(self) -> None:
        """Assert that each backup that the client made was seen at its end, or deleted.

        Raises:
            AssertionError: One was not; the message lists them.
        """
        __tracebackhide__ = True
        left = [fate for fate in self.fates.values() if fate.orphaned]
        if left:
            lines = (
                f"  {fate.id} {fate.name}, made by call #{fate.made_by}"
                + ("" if fate.shown_by else f": {judge.unheard(self, fate)}")
                for fate in left
            )
            raise AssertionError(
                "\n".join(["expected each backup to be seen at its end, or deleted; left over:", *lines])
            )

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
        if operation is not None:
            known(operation, {*OPERATIONS, *(entry.operation for entry in self.entries)})
        operations = self.operations if operation is None else tuple(named(self.operations, operation))
        retried = [op for op in operations if op.waits]
        backoff = self.backoff if operation is None else classify(*(row for op in operations for row in op.rows))
        wanted = kinds or ("constant", "linear", "exponential", "jittered")
        wrong = []
        if backoff.kind not in wanted:
            wrong.append(f"expected {' or '.join(wanted)} backoff")
        if min_factor is not None and (backoff.factor or 1.0) < min_factor * 0.97:
            wrong.append(f"expected waits that grow at least by a factor of {min_factor:g}")
        if max_wait is not None and backoff.longest is not None and backoff.longest > max_wait * 1.03 + 0.05:
            wrong.append(f"expected no wait longer than {seconds(max_wait)}")
        if wrong:
            raise AssertionError(_told(f"{'; '.join(wrong)}, but it is {backoff}", retried))

    def assert_retry_after_honoured(self) -> None:
        """Assert that the client waited as long as each ``Retry-After`` asked for.

        Raises:
            AssertionError: It did not.
        """
        __tracebackhide__ = True
        early = {op: None for op, before, attempt in self.retries if judge.early(before, attempt)}
        _none("expected no retry before the time that Retry-After asked for", early)

    def assert_no_retry_of_permanent_errors(self) -> None:
        """Assert that the client did not repeat what would be refused again.

        Raises:
            AssertionError: It did; the message tells why there was no use.
        """
        __tracebackhide__ = True
        futile = {op: why for op, before, attempt in self.retries if (why := judge.futile(self, before, attempt))}
        why = " ".join(sorted(set(futile.values())))
        _none(f"expected no retry of what is refused for good. {why}", futile)

    def assert_did_not_give_up(self, min_attempts: int = judge.TRIES) -> None:
        """Assert that the client tried at least *min_attempts* times what might pass.

        Raises:
            AssertionError: It gave up before.
        """
        __tracebackhide__ = True
        given_up = (op for op in self.operations if judge.gave_up_early(op, min_attempts))
        _none(f"expected at least {min_attempts} attempts before giving up", given_up)

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
            for line in abridged([f"  #{a.entry.number}: {a.entry.shown_body}" for a in op.attempts], op.numbers)
        ]
        _none("expected the same body in each attempt", changed, bodies)

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
                wrong.append(f"expected at least {seconds(min_interval)} between two looks")
            if max_interval is not None and (polling.longest or 0.0) > max_interval * 1.03 + 0.05:
                wrong.append(f"expected at most {seconds(max_interval)} between two looks")
            if max_count is not None and polling.count > max_count:
                wrong.append(f"expected at most {max_count} looks")
            if wrong:
                intervals = f"{seconds(polling.shortest)} to {seconds(polling.longest)} apart"
                raise AssertionError(
                    f"{'; '.join(wrong)}; {polling.operation} {polling.target} was asked "
                    f"{polling.count} times, {intervals} ({calls(polling.numbers)})"
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
                    f"({calls(polling.numbers)})"
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
        found = [finding for finding in self.findings if finding.severity in bad]
        if found:
            numbers = {number for finding in found for number in finding.entries}
            about = (op for op in self.operations if numbers & set(op.numbers) and len(op.attempts) > 1)
            raise AssertionError(
                _told(
                    "\n".join(
                        [
                            f"expected no finding of severity {severity} or above:",
                            *(f"  {finding}" for finding in found),
                        ]
                    ),
                    about,
                )
            )


def _none(expected: str, operations: Iterable[LogicalOperation], more: Iterable[str] = ()) -> None:
    __tracebackhide__ = True
    found = tuple(operations)
    if found:
        raise AssertionError("\n".join([_told(expected, found), *more]))


def _told(expected: str, operations: Iterable[LogicalOperation]) -> str:
    shown = list(map(str, operations))
    more = [f"... and {len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    return "\n".join([expected, *shown[:_SHOWN], *more])
