"""The journal by itself."""

from typing import Any

import pytest

from mockrds.domain.clock import Clock
from mockrds.domain.operations import OPERATIONS
from mockrds.journal import KEPT_BODY, LIMIT, Journal

HEADERS = ((b"Host", b"here"), (b"X-Auth-Token", b"secret"), (b"AUTHORIZATION", b"secret"))


def called(journal: Journal, *operations: str, body: bytes = b"") -> None:
    for operation in operations:
        journal.open(operation, "POST", "/path", HEADERS, body, 0.0)


def test_it_is_bounded_and_still_counts_everything() -> None:
    journal = Journal(OPERATIONS)
    called(journal, *["v1.list_instances"] * (LIMIT + 5), body=b"x" * (KEPT_BODY + 1))

    assert (len(journal), journal.total, journal.count("list_instances")) == (LIMIT, LIMIT + 5, LIMIT + 5)
    assert [entry.number for entry in journal][:2] == [6, 7]
    assert len(journal.entries()[0].body) == KEPT_BODY


def test_operations_are_named_with_or_without_their_family() -> None:
    journal = Journal(OPERATIONS)
    called(journal, "v1.create_manual_backup", "v3.create_manual_backup", "v1.list_instances")

    assert journal.count("create_manual_backup") == 2
    assert [entry.number for entry in journal.entries("v3.create_manual_backup")] == [2]
    journal.assert_called("create_manual_backup", times=2)
    journal.assert_called("v1.list_instances")
    journal.assert_called("v1.delete_instance", times=0)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (None, "delete_instance was called 0 times, expected at least once; the journal has: v1.list_instances x 1"),
        (2, "delete_instance was called 0 times, expected 2 times; the journal has: v1.list_instances x 1"),
    ],
)
def test_a_failed_assertion_tells_what_was_called_instead(times: int | None, message: str) -> None:
    journal = Journal(OPERATIONS)
    called(journal, "v1.list_instances")

    with pytest.raises(AssertionError) as raised:
        journal.assert_called("delete_instance", times=times)

    assert str(raised.value) == message


@pytest.mark.parametrize("word", ["times", "at_least", "at_most"])
def test_no_number_of_calls_is_below_zero(word: str) -> None:
    bounds: dict[str, Any] = {word: -1}

    with pytest.raises(ValueError, match=f"^{word}: must be at least 0, not -1$"):
        Journal(OPERATIONS).assert_called("delete_instance", **bounds)


def test_an_operation_that_does_not_exist_is_a_mistake() -> None:
    journal = Journal(OPERATIONS)

    for ask in (journal.count, journal.entries, journal.assert_called):
        with pytest.raises(ValueError, match="unknown operation 'create_manual_bakup', did you mean 'create_manual_"):
            ask("create_manual_bakup")


def test_secrets_are_never_given_out() -> None:
    journal = Journal(OPERATIONS)
    called(journal, "iam.create_token", body=b'{"password": "secret"}')

    (entry,) = journal
    assert entry.headers == {"host": "here", "x-auth-token": "***", "authorization": "***"}
    assert "secret" not in str(entry.as_json())


def test_an_entry_reads_as_a_line() -> None:
    journal = Journal(OPERATIONS)
    called(journal, "v1.list_instances", "v1.list_instances", "v1.list_instances")
    first, second, third = journal
    first.status = 200
    second.error, second.fault = "RDS.0011", "busy"

    assert list(map(repr, (first, second, third))) == [
        "<1. v1.list_instances -> 200>",
        "<2. v1.list_instances -> RDS.0011 [busy]>",
        "<3. v1.list_instances -> under way>",
    ]


def test_clear_forgets_everything() -> None:
    journal = Journal(OPERATIONS)
    called(journal, "v1.list_instances")

    journal.clear()

    assert (len(journal), journal.total, journal.count("list_instances")) == (0, 0, 0)


def test_times_are_the_clients_own() -> None:
    """What the clock was advanced by counts as if the client had slept."""
    clock = Clock()
    journal = Journal(OPERATIONS, clock)
    called(journal, "v1.list_instances", "v1.list_instances")
    first, second = journal
    first.close("aborted")
    clock.advance("1h")
    called(journal, "v1.list_instances")
    last = journal.entries()[-1]
    first.close("FIN")
    last.record_sent(100, "FIN")

    assert first.done is not None
    assert last.done is not None
    assert second.done is None
    assert (first.ended, last.ended, last.sent, last.advanced) == ("FIN", "FIN", 100, 3600)
    assert 3600 <= last.began - first.done < 3601
    assert last.began <= last.done < last.began + 1
