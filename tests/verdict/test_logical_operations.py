"""Which calls are attempts of the same thing, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import orjson
import pytest
from hypothesis import given, settings, strategies as st
from support.journal_entries import BACKUPS, PROJECT, call, lost, rows, wish

from mockrds.verdict import Verdict
from mockrds.verdict.backup_history import statuses, v1_id
from mockrds.verdict.retry_advice import advice

if TYPE_CHECKING:
    from mockrds.journal import Entry

LIST, DELETE = "v1.list_manual_backups", "v1.delete_manual_backup"
V3_ID = "5" * 32 + "br01"
ID = "55555555-5555-5555-5555-555555555555"


def groups(*entries: Entry) -> list[list[int]]:
    return [list(op.numbers) for op in Verdict(entries).operations]


def test_a_call_that_failed_and_is_repeated_is_one_operation() -> None:
    entries = call(1, 0, status=503), lost(2, 1), call(3, 3, backup_ids=("a",), response=rows(("a", "BUILDING")))

    verdict = Verdict(entries)

    [op] = verdict.operations
    assert (op.operation, op.target, op.retries) == ("v1.create_manual_backup", "nightly", 2)
    assert [attempt.outcome for attempt in op.attempts] == ["refused", "lost", "ok"]
    assert [attempt.wait for attempt in op.attempts] == [None, 1, 2]
    assert (op.succeeded, op.gave_up, op.body_changed, op.backup_ids) == (True, False, False, ("a",))
    assert repr(op) == "<v1.create_manual_backup nightly: refused, lost, ok>"


def test_a_wait_begins_when_the_answer_was_out() -> None:
    [op] = Verdict([call(1, 0, took=5, status=503), call(2, 7)]).operations

    assert op.waits == (2,)


def test_the_same_call_after_a_good_answer_is_another_operation() -> None:
    assert groups(call(1, 0, operation=LIST), call(2, 1, operation=LIST)) == [[1], [2]]


def test_a_verdict_is_a_picture_of_the_moment() -> None:
    waiting = call(1, 0, took=None)
    verdict = Verdict([waiting])

    waiting.status, waiting.error, waiting.backup_ids, waiting.done = 409, "RDS.0011", ("a",), 1.0

    [op] = verdict.operations
    assert (op.last.outcome, op.backup_ids, verdict.errors_met) == ("open", (), {})


def test_each_body_is_read_once_however_much_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Mock(side_effect=orjson.loads)
    monkeypatch.setattr("mockrds.verdict.operations.orjson.loads", read)
    entries = [call(n, n, body=wish(f"backup {n}", f"node {n}"), status=409) for n in range(1, 101)]

    assert len(Verdict(entries).operations) == len(entries)
    assert read.call_count == len(entries)


def test_calls_at_the_same_time_are_no_retries() -> None:
    slow = call(1, 0, took=2, status=503)

    assert groups(slow, call(2, 1)) == [[1], [2]]
    assert groups(slow, call(2, 3)) == [[1, 2]]
    assert groups(call(1, 0, took=None), call(2, 1)) == [[1], [2]]


def test_a_client_that_hung_up_may_be_back_before_the_server_knows() -> None:
    assert groups(lost(1, 0, took=2, ended="aborted"), call(2, 1.98)) == [[1, 2]]
    assert groups(lost(1, 0, took=2, ended="aborted"), call(2, 1.5)) == [[1], [2]]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (wish("nightly"), wish("nightly"), True),
        (wish("nightly"), wish("nightly-2"), True),
        (wish("nightly"), wish("weekly"), False),
        (wish("nightly"), wish("nightly", "another node"), False),
        (b'{"instance_id": "a", "name": "n"}', b'{"name": "n", "instance_id": "a"}', True),
        (b'{"backup_ids": ["a"]}', b'{"backup_ids": ["b"]}', False),
        (b"no JSON", b"no JSON", True),
        (b"no JSON", b"none either", False),
        (b'{"name": "a"}', b'{"name": "b"}', False),
        (b"[1]", b"[2]", False),
    ],
)
def test_what_is_asked_for_tells_a_retry_from_another_wish(first: bytes, second: bytes, *, same: bool) -> None:
    assert groups(call(1, 0, body=first, status=503), call(2, 1, body=second)) == ([[1, 2]] if same else [[1], [2]])


def test_a_retry_goes_to_the_operation_that_it_is_most_like() -> None:
    one = call(1, 0, took=2, body=wish("one"), status=503)
    two = call(2, 1, took=2, body=wish("two"), status=503)

    assert groups(one, two, call(3, 4, body=wish("two")), call(4, 5, body=wish("one"))) == [[1, 4], [2, 3]]


def test_who_comes_back_much_later_with_another_name_wants_another_one() -> None:
    renamed = wish("nightly-2")

    assert groups(call(1, 0, status=503), call(2, 899, body=renamed)) == [[1, 2]]
    assert groups(call(1, 0, status=503), call(2, 901, body=renamed)) == [[1], [2]]
    assert groups(call(1, 0, status=503, retry_after=3600.0), call(2, 3601, body=renamed)) == [[1, 2]]
    assert groups(call(1, 0, status=503), call(2, 901)) == [[1, 2]]


def test_other_paths_and_other_questions_are_other_operations() -> None:
    lists = [call(n, n, operation=LIST, path=f"{BACKUPS}?offset={n}", status=503) for n in (1, 2)]
    deletions = [call(n, n, operation=DELETE, path=f"{BACKUPS}/{n}", status=503) for n in (3, 4)]

    assert groups(*lists, *deletions) == [[1], [2], [3], [4]]
    assert [op.target for op in Verdict([*lists, *deletions]).operations] == [
        "/backups?offset=1", "/backups?offset=2", "/backups/3", "/backups/4",
    ]  # fmt: skip


def test_a_new_token_is_no_backoff() -> None:
    sign_in = call(2, 0.1, operation="iam.create_token", path="/v3/auth/tokens", body=b"")
    refused = call(1, 0, status=401, error="APIGW.0301")
    verdict = Verdict([refused, sign_in, call(3, 0.2, status=503), call(4, 2.2)])

    [op] = verdict.operations
    assert [entry.number for entry in verdict.sign_ins] == [2]
    assert [attempt.new_token for attempt in op.attempts] == [False, True, False]
    assert list(op.waits) == pytest.approx([2])
    verdict.assert_no_retry_of_permanent_errors()


def test_a_second_new_token_is_of_no_use() -> None:
    verdict = Verdict([call(n, n, status=401, error="APIGW.0301") for n in (1, 2, 3)])

    with pytest.raises(AssertionError, match="The credentials are not good: get a new token, once"):
        verdict.assert_no_retry_of_permanent_errors()


@pytest.mark.parametrize(
    ("agent", "operation", "reused", "stack"),
    [
        ("Python/3.11 aiohttp/3.14.5", LIST, True, "aiohttp"),
        ("Python/3.11 aiohttp/3.14.5", LIST, False, "aiohttp"),
        ("Python/3.11 aiohttp/3.14.5", "v1.create_manual_backup", True, None),
        ("Go-http-client/1.1", LIST, True, "Go's net/http"),
        ("Go-http-client/1.1", LIST, False, None),
        ("Go-http-client/1.1", DELETE, True, None),
        ("okhttp/4.12", "v1.create_manual_backup", True, "OkHttp"),
        ("Java/17", "v1.create_manual_backup", False, "Java's HttpURLConnection"),
        ("python-requests/2.32", LIST, True, "urllib3"),
        ("python-requests/2.32", LIST, False, None),
        ("curl/8", LIST, True, "the HTTP stack"),
        ("curl/8", "v1.create_manual_backup", True, None),
    ],
)
def test_what_the_stack_repeats_by_itself_is_set_apart(
    agent: str, operation: str, *, reused: bool, stack: str | None
) -> None:
    died = lost(1, 0, operation=operation, agent=agent, reused=reused)
    verdict = Verdict([died, call(2, 0.002, operation=operation, agent=agent)])

    [op] = verdict.operations
    assert op.attempts[1].silent is (stack is not None)
    assert op.retries == (0 if stack else 1)
    assert [found.message.partition(" repeated")[0] for found in verdict.findings if found.kind == "silent-retry"] == (
        [stack] if stack else []
    )


def test_the_stack_repeats_once() -> None:
    agent = "Python/3.11 aiohttp/3.14.5"
    calls = [lost(n, n / 1000, operation=LIST, agent=agent) for n in range(1, 5)]

    [op] = Verdict(calls).operations

    assert [attempt.silent for attempt in op.attempts] == [False, True, False, True]


def test_sleeps_that_advance_the_clock_are_taken_for_what_they_were_meant() -> None:
    """The rest is what a busy machine added."""
    calls = [
        call(number, began, status=503, advanced=advanced)
        for number, began, advanced in ((1, 0, 0), (2, 0.4, 0), (3, 2.9, 2), (4, 6.95, 6))
    ]

    [op] = Verdict(calls).operations

    assert list(op.waits) == [0, 2, 4]
    assert op.backoff.kind == "exponential"


# What came of it


def test_a_lost_answer_that_the_client_sees_made_good_is_a_success() -> None:
    made = lost(1, 0, backup_ids=("a",))
    unseen, seen = Verdict([made]), Verdict([made, call(2, 5, operation=LIST, response=rows(("a", "BUILDING")))])

    assert (unseen.operations[0].succeeded, unseen.operations[0].gave_up) == (False, True)
    assert (seen.operations[0].succeeded, seen.operations[0].gave_up) == (True, False)


def test_a_deletion_that_is_told_it_is_done_has_worked() -> None:
    [op] = Verdict(
        [lost(1, 0, operation=DELETE), call(2, 1, operation=DELETE, status=400, error="RDS.3016")]
    ).operations

    assert (op.succeeded, op.gave_up) == (True, False)


def test_a_wish_that_was_seen_fulfilled_is_no_more_tried_for() -> None:
    made = lost(1, 0, backup_ids=("a",))
    seen = call(2, 5, operation=LIST, response=rows(("a", "COMPLETED")))
    another = call(3, 9, body=wish("nightly-2"), backup_ids=("b",))

    assert groups(made, seen, another) == [[1], [2], [3]]
    assert Verdict([made, seen, another]).duplicates == ()
    assert Verdict([made, another]).duplicates == (("a", "b"),)


def test_a_backup_that_was_made_after_its_answer_counts() -> None:
    entries = [call(1, 0, status=503, backup_ids=("a",)), call(2, 1, backup_ids=("b",))]

    assert Verdict(entries).duplicates == (("a", "b"),)


def test_a_damaged_answer_may_have_been_good_enough() -> None:
    """Its name has another number, and the client has seen the first backup meanwhile: it wants two."""
    damaged = call(1, 0, backup_ids=("a",), damaged=True, response=b'{"backup": {"id": "a", "extra": 1}}')
    seen = call(2, 1, operation=LIST, response=rows(("a", "BUILDING")))
    another = call(3, 2, body=wish("nightly-2"), backup_ids=("b",))

    assert groups(damaged, seen, another) == [[1], [2], [3]]
    assert groups(damaged, another) == [[1, 3]]


def test_a_correction_is_no_change_of_the_body() -> None:
    corrected = Verdict([call(1, 0, status=409, error="RDS.0031"), call(2, 1, body=wish("nightly-2"))])
    renamed = Verdict([call(1, 0, status=503), call(2, 1, body=wish("nightly-2"))])

    corrected.assert_same_body()
    corrected.assert_no_retry_of_permanent_errors()
    with pytest.raises(AssertionError, match="expected the same body in each attempt"):
        renamed.assert_same_body()


def test_a_wait_that_the_server_asked_for_is_not_the_clients_own() -> None:
    calls = [call(1, 0, status=503, retry_after=7.0), call(2, 7, status=503), call(3, 9, status=503), call(4, 13)]

    [op] = Verdict(calls).operations

    assert list(op.waits) == [7, 2, 4]
    assert list(op.wait_series) == [(None, 2, 4)]
    assert op.backoff.kind == "exponential"


# What may be tried again


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, None, "other"), (401, "APIGW.0301", "new-token"), (403, None, "never"), (404, "RDS.0002", "never"),
        (408, None, "again"), (409, "RDS.0011", "again"), (409, "RDS.0031", "other"), (413, "RDS.3003", "room"),
        (400, "DBS.216028", "room"), (413, "APIGW.0201", "other"), (400, "RDS.3016", "again"), (418, None, "never"),
        (429, "APIGW.0308", "again"), (500, "RDS.0005", "again"), (501, None, "never"), (503, None, "again"),
    ],
)  # fmt: skip
def test_there_is_advice_for_each_refusal(status: int, code: str | None, kind: str) -> None:
    assert advice(status, code).kind == kind
    assert advice(status, code).reason.endswith((".", '"'))


def test_a_new_token_makes_nothing_allowed_that_is_forbidden() -> None:
    sign_in = call(2, 1, operation="iam.create_token", path="/v3/auth/tokens", body=b"")

    with pytest.raises(AssertionError, match="It is forbidden, and stays forbidden"):
        Verdict([call(1, 0, status=403), sign_in, call(3, 2)]).assert_no_retry_of_permanent_errors()


def test_a_quota_may_be_tried_again_once_something_was_deleted() -> None:
    full = call(1, 0, status=413, error="RDS.3003")
    deletion = call(2, 1, operation=DELETE)

    Verdict([full, deletion, call(3, 2)]).assert_no_retry_of_permanent_errors()
    with pytest.raises(AssertionError, match="It is a quota: a backup must be deleted first"):
        Verdict([full, call(3, 2)]).assert_no_retry_of_permanent_errors()


def test_what_was_just_made_may_not_be_there_yet() -> None:
    question: dict[str, Any] = {"operation": "v3.get_job", "path": f"/v3/{PROJECT}/jobs?id=j", "status": 404}
    asked = [call(n, n, **question) for n in (2, 3)]

    Verdict([call(1, 0), *asked]).assert_no_retry_of_permanent_errors()
    with pytest.raises(AssertionError, match="There is no such thing"):
        Verdict(asked).assert_no_retry_of_permanent_errors()


# Whatever the calls are

STEPS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "operation": st.sampled_from(["v1.create_manual_backup", LIST, DELETE, "iam.create_token", "v3.get_job"]),
        "gap": st.sampled_from([0.0, 0.01, 1.0, 1000.0]),
        "took": st.sampled_from([None, 0.0, 0.5, 30.0]),
        "name": st.sampled_from(["nightly", "other", ""]),
        "status": st.sampled_from([200, 200, 401, 404, 409, 413, 503, None]),
        "ended": st.sampled_from(["", "FIN", "RST", "aborted"]),
        "damaged": st.booleans(),
        "retry_after": st.sampled_from([None, 0.0, 5.0]),
        "backup": st.sampled_from(["", "a", "b"]),
        "response": st.sampled_from(
            [b"", b"{", b"\xff\0", b'{"backups": [{"id"', rows(("a", "BUILDING")), rows(("b", "FAILED"))]
        ),
    }
)  # fmt: skip


def made(steps: list[dict[str, Any]], by: float = 1.0) -> list[Entry]:
    entries, now = [], 0.0
    for number, step in enumerate(steps, 1):
        now += step["gap"] * by
        took = None if step["took"] is None else step["took"] * by
        body = wish(step["name"]) if "create_manual" in step["operation"] else b""
        given = {name: step[name] for name in ("status", "ended", "damaged", "response")} if took is not None else {}
        asked = step["retry_after"]
        entry = call(number, now, took=took, operation=step["operation"], body=body, **given)
        entry.retry_after = None if asked is None else asked * by
        entry.backup_ids = (step["backup"],) if step["backup"] else ()
        entries.append(entry)
    return entries


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=30))
def test_each_call_belongs_to_one_operation_or_is_a_request_for_a_token(steps: list[dict[str, Any]]) -> None:
    verdict = Verdict(made(steps))

    numbers = [number for op in verdict.operations for number in op.numbers]
    assert sorted([*numbers, *(entry.number for entry in verdict.sign_ins)]) == list(range(1, len(steps) + 1))
    for op in verdict.operations:
        assert list(op.numbers) == sorted(op.numbers)
        assert op.retries + 1 <= len(op.attempts)
        assert not (op.succeeded and op.gave_up)
    polled = [number for polling in verdict.polling for number in polling.numbers]
    assert len(polled) == len(set(polled))
    shown = verdict.as_json()
    assert {number for found in shown["findings"] for number in found["entries"]} <= set(range(1, len(steps) + 1))
    str([*map(str, verdict.operations), *map(str, verdict.findings), verdict])


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=20))
def test_a_journal_that_forgot_its_beginning_can_be_judged(steps: list[dict[str, Any]]) -> None:
    entries = made(steps)

    for begin in (1, len(entries) // 2):
        verdict = Verdict(entries[begin:])
        assert sum(len(op.attempts) for op in verdict.operations) + len(verdict.sign_ins) == len(entries[begin:])
        verdict.as_json()


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=20), st.lists(STEPS, max_size=20))
def test_another_project_s_calls_in_between_change_nothing(
    mine: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    """Calls of one API tell nothing about the same calls of another one."""
    alone = made([step | {"backup": ""} for step in mine])
    strangers = made([step | {"backup": "", "operation": "v3.list_flavors"} for step in others])
    mixed = sorted([*alone, *strangers], key=lambda entry: entry.began)

    def told(verdict: Verdict) -> list[tuple[int, ...]]:
        return [op.numbers for op in verdict.operations if op.operation != "v3.list_flavors"]

    assert told(Verdict(mixed)) == told(Verdict(alone))


# What answers show


def test_ids_of_both_apis_are_one() -> None:
    assert v1_id(V3_ID) == ID
    assert v1_id(ID) == ID
    assert v1_id("something else") == "something else"


@pytest.mark.parametrize(
    ("response", "found"),
    [
        (rows((ID, "BUILDING"), ("b", "FAILED")), {ID: "building", "b": "failed"}),
        (rows((V3_ID, "COMPLETED")), {ID: "completed"}),
        (rows((ID, "BUILDING"), ("b", "FAILED"))[:-3], {ID: "building", "b": "failed"}),
        (rows((ID, "BUILDING"), ("b", "FAILED"))[:-18], {ID: "building"}),
        (b'{"instance": {"status": "ACTIVE", "id": "i"}}', {"i": "active"}),
        (b"<html>", {}),
        (b"null", {}),
        (b'{"id": 7, "status": null}', {}),
    ],
)
def test_statuses_are_read_from_whatever_was_kept(response: bytes, found: dict[str, str]) -> None:
    assert statuses(call(1, 0, operation=LIST, response=response)) == found


def test_a_deletion_whose_answer_was_lost_may_be_seen_in_the_list() -> None:
    deletion = lost(1, 0, operation=DELETE, backup_ids=("a",))
    after = [
        call(2, 5, operation=LIST, response=response)
        for response in (rows(("a", "DELETING")), rows(), rows(("a", "COMPLETED")), b'{"backups": [')
    ]

    assert [Verdict([deletion, listed]).operations[0].gave_up for listed in after] == [False, False, True, True]


def test_a_look_much_later_is_another_matter() -> None:
    created = call(1, 0, backup_ids=("a",))
    looks = [
        call(n, began, operation=LIST, response=rows(("a", status)))
        for n, began, status in ((2, 1, "BUILDING"), (3, 11, "COMPLETED"), (4, 21, "COMPLETED"), (5, 3600, "COMPLETED"))
    ]

    [polling] = Verdict([created, *looks]).polling

    assert (polling.numbers, polling.after_end, polling.longest) == ((2, 3, 4), 1, 10)
