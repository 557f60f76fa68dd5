"""The messages of verdicts: findings, assertions, and what is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.journal_entries import call, lost, rows, wish
from test_bad_clients import CREATE, Client, client

from mockrds.client import RemoteServer
from mockrds.verdict import Verdict
from mockrds.verdict.kinds import describe_calls

if TYPE_CHECKING:
    from mockrds.project import Project
    from mockrds.server import MockRDS

__all__ = ["client"]
LIST = "v1.list_manual_backups"


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([], ""),
        ([7], "call 7"),
        ([4, 5], "calls 4, 5"),
        ([4, 5, 6], "calls 4 to 6"),
        ([1, *range(4, 62), 70], "calls 1, 4 to 61, 70"),
        ([3, 1, 2], "calls 1 to 3"),
        (range(1, 200, 2), "calls 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, ... 199"),
    ],
)
def test_calls_are_told_in_ranges(numbers: Any, told: str) -> None:
    assert describe_calls(numbers) == told


def test_an_assertion_shows_the_beginning_and_the_end_of_many_attempts() -> None:
    verdict = Verdict([call(n, n / 10, body=wish(f"nightly-{n}"), status=503) for n in range(1, 81)])

    with pytest.raises(AssertionError) as raised:
        verdict.assert_same_body()

    lines = str(raised.value).splitlines()
    assert len(lines) < 40
    assert sum("calls 9 to 76" in line for line in lines) == 2
    with pytest.raises(AssertionError, match=r"\(calls 1 to 30\)"):
        Verdict([call(1, 0, operation=LIST, response=rows(("a", "BUILDING")))] + [
            call(n, n, operation=LIST, response=rows(("a", "BUILDING"))) for n in range(2, 31)
        ]).assert_polling(max_count=5)  # fmt: skip


def test_an_orphan_says_why_it_is_bad() -> None:
    def told(*entries: Any) -> tuple[str, str]:
        [finding] = [found for found in Verdict(entries).findings if found.kind == "orphaned-backup"]
        return finding.severity, finding.message

    assert told(lost(1, 0, backup_ids=("a",))) == (
        "error",
        "backup a (nightly) was made, but the answer to call 1 was lost: the client never heard of it, and can "
        "neither wait for it nor delete it",
    )
    damaged = call(1, 0, backup_ids=("a",), damaged=True, response=b"{")
    assert "the answer to call 1 was damaged: the client never heard of it" in told(damaged)[1]
    refused = call(1, 0, backup_ids=("a",), status=500)
    assert "the answer to call 1 was a refusal, 500: the client never heard of it" in told(refused)[1]
    waiting = call(1, 0, took=None, backup_ids=("a",))
    assert "call 1 has no answer yet: the client has not heard of it" in told(waiting)[1]
    known = call(1, 0, backup_ids=("a",), response=b'{"backup": {"id": "a", "status": "BUILDING"}}')
    assert told(known) == (
        "warning",
        "backup a (nightly) was never seen at its end and never deleted, though the client was told its id",
    )


def test_an_unknown_operation_is_a_mistake_of_the_test(client: Client, server: MockRDS) -> None:
    client.project.faults.add(operation=CREATE, response={"status": 503}, times=3)
    for wait in (1, 2, 4, 0):
        client.create()
        client.sleep(wait)

    for project in (client.project, RemoteServer(server.url).project(id=client.project.id)):
        with pytest.raises(ValueError, match=r"operation 'create_manual_backups', did you mean 'create_manual_backup'"):
            project.verdict.assert_backoff("exponential", operation="create_manual_backups")
        project.verdict.assert_backoff("exponential", operation="v1.create_manual_backup")


def test_what_is_printed_is_short() -> None:
    entries = [
        call(1, 0, backup_ids=("a",), response=b'{"backup": {"id": "a"}}'),
        *(call(n, n * 10, operation=LIST, response=rows(("a", "BUILDING"))) for n in range(2, 400)),
        *(call(n, n * 10, body=wish("other"), status=503) for n in range(400, 800)),
    ]
    verdict = Verdict(entries)

    [polling] = verdict.polling
    assert repr(polling) == "<v1.list_manual_backups /backups: 398 times, every 10 s (median)>"
    public = [verdict, verdict.backoff, verdict.connections, *verdict.operations, *verdict.findings]
    public += [*verdict.operations[-1].attempts, *verdict.backup_histories.values()]
    for thing in public:
        assert len(repr(thing)) < 250, repr(thing)[:300]
        assert len(str(thing)) < 2000, str(thing)[:300]


# Connections


def together(count: int, apart: float = 0.003) -> list[Any]:
    return [
        call(n, n * apart, took=0.001, operation=LIST, reused=False, connection=("127.0.0.1", n))
        for n in range(1, count + 1)
    ]


def test_connections_opened_at_once_had_no_other_to_take() -> None:
    assert Verdict(together(8)).connections.chances == 0
    assert [found.kind for found in Verdict(together(8)).findings] == []


def test_connections_opened_one_after_the_other_had() -> None:
    verdict = Verdict(together(8, apart=1.0))

    assert verdict.connections.chances == 7
    assert [found.kind for found in verdict.findings] == ["connection-per-request"]


def test_a_connection_that_is_busy_is_none_to_take() -> None:
    slow = call(1, 0, took=10, operation=LIST, reused=False, connection=("127.0.0.1", 1))
    others = [call(n, n, operation=LIST, took=20, reused=False, connection=("127.0.0.1", n)) for n in range(2, 9)]

    assert Verdict([slow, *others[:-1]]).connections.chances == 0
    busy_again = call(2, 11, took=9, operation=LIST, reused=True, connection=("127.0.0.1", 1))
    another = call(3, 12, operation=LIST, reused=False, connection=("127.0.0.1", 3))
    assert Verdict([slow, busy_again, another]).connections.chances == 1


async def test_eight_requests_gathered_are_held_against_nobody(project: Project) -> None:
    import asyncio

    import aiohttp

    headers = {"X-Auth-Token": "token"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def look() -> None:
            async with session.get(f"{project.v1_url}/backups") as answer:
                await answer.read()

        await asyncio.gather(*(look() for _ in range(8)))

    assert [found.kind for found in project.verdict.findings] == []


# In pytest

ASSERTIONS = (
    'mockrds.verdict.assert_backoff("exponential")',
    "mockrds.verdict.assert_connections_reused(min_share=2)",
    "mockrds.verdict.assert_backoff(operation='create_manual_backups')",
    "mockrds.journal.assert_called('create_manual_backup')",
    "mockrds.journal.assert_order('create_manual_backup')",
    "mockrds.journal.assert_called('create_manual_backups')",
)


def test_pytest_shows_the_lines_of_the_tests(pytester: pytest.Pytester) -> None:
    tests = [f"def test_{n}(mockrds):\n    {assertion}\n" for n, assertion in enumerate(ASSERTIONS)]
    pytester.makepyfile("\n".join(tests))
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")

    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider")

    result.assert_outcomes(failed=len(ASSERTIONS))
    result.stdout.fnmatch_lines([f">   *{assertion.replace('[', '[[]')}" for assertion in ASSERTIONS])
    text = result.stdout.str()
    assert "raise AssertionError" not in text
    assert "raise ValueError" not in text
