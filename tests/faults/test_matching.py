"""The language of matchers: which requests a condition is about, and what it says when it is not met."""

from typing import Any

import pytest
from support.engine_request import EngineRequest

from mockrds.faults.matching import ABSENT, Match, Pattern, ProjectMatch, StateMatch, resolve

BODY = {"backup": {"name": "nightly-1", "size": 12, "full": True, "tags": ["a", "b"], "none": None, "a/b": {"~": 1}}}


def incoming(**rest: Any) -> EngineRequest:
    return EngineRequest(
        "v1.create_manual_backup",
        method="POST",
        path="/rds/v1/p/backups",
        headers={"X-Language": "en-us", "X-Number": "7"},
        query={"limit": "10"},
        body=BODY,
        instance=(("orders", "id-1", "node-1"), "ACTIVE"),
        state={"manual_backups": 3, "building": 1, "instances": 4},
        **rest,
    )


@pytest.mark.parametrize(
    ("match", "why"),
    [
        (Match(method="POST"), []),
        (Match(method="GET"), ["method is 'POST', not 'GET'"]),
        (Match(path=Pattern(regex="/backups$")), []),
        (Match(path="/backups"), ["path is '/rds/v1/p/backups', not '/backups'"]),
        (Match(headers={"x-language": "en-us"}), []),
        (Match(headers={"x-number": 7}), []),
        (Match(headers={"X-Number": Pattern(min=7, max=7)}), []),
        (Match(headers={"X-Number": Pattern(min=8)}), ["header X-Number is '7', not min 8"]),
        (Match(headers={"X-Language": Pattern(max=1)}), ["header X-Language is 'en-us', not max 1"]),
        (Match(headers={"X-Other": Pattern(absent=True)}), []),
        (Match(headers={"X-Other": Pattern(absent=False)}), ["header X-Other is absent, not absent False"]),
        (Match(query={"limit": 10}), []),
        (Match(query={"limit": 11}), ["query limit is '10', not '11'"]),
        (Match(query={"offset": "0"}), ["query offset is absent, not '0'"]),
        (Match(body={"/backup/name": "nightly-1"}), []),
        (Match(body={"/backup/name": Pattern(regex="^nightly-")}), []),
        (Match(body={"/backup/name": Pattern(regex="^weekly-")}),
         ["body /backup/name is 'nightly-1', not regex '^weekly-'"]),
        (Match(body={"/backup/size": 12}), []),
        (Match(body={"/backup/size": Pattern(regex="1")}), ["body /backup/size is 12, not regex '1'"]),
        (Match(body={"/backup/full": True}), []),
        (Match(body={"/backup/full": 1}), ["body /backup/full is True, not 1"]),
        (Match(body={"/backup/size": Pattern(max=11.5)}), ["body /backup/size is 12, not max 11.5"]),
        (Match(body={"/backup/full": Pattern(min=0)}), ["body /backup/full is True, not min 0"]),
        (Match(body={"/backup/tags/1": "b"}), []),
        (Match(body={"/backup/tags/2": Pattern(absent=True)}), []),
        (Match(body={"/backup/none": None}), []),
        (Match(body={"/backup/nothing": None}), ["body /backup/nothing is absent, not None"]),
        (Match(body={"/backup/a~1b/~0": 1}), []),
        (Match(connection="new"), []),
        (Match(connection="reused"), ["the connection is new"]),
        (Match(method="GET", query={"limit": 1}), ["method is 'POST', not 'GET'", "query limit is '10', not '1'"]),
        (ProjectMatch(instance="orders"), []),
        (ProjectMatch(instance="node-1", method="POST"), []),
        (ProjectMatch(instance=Pattern(regex="^ord")), []),
        (ProjectMatch(instance="ledger"), ["the instance is orders, not ledger"]),
        (ProjectMatch(instance_status="ACTIVE"), []),
        (ProjectMatch(instance_status="BUILD"), ["the instance is ACTIVE, not BUILD"]),
        (ProjectMatch(state=StateMatch(manual_backups=3, building=Pattern(min=1))), []),
        (ProjectMatch(state=StateMatch(instances=Pattern(max=3))), ["state instances is 4, not max 3"]),
        (ProjectMatch(method="GET", instance="ledger"),
         ["method is 'POST', not 'GET'", "the instance is orders, not ledger"]),
    ],
)  # fmt: skip
def test_a_request_meets_a_condition_or_is_told_why_not(match: Match, why: list[str]) -> None:
    assert match.mismatches(incoming()) == why
    assert match.matches(incoming()) == (why == [])


def test_a_connection_that_carried_a_request_before_is_reused() -> None:
    assert Match(connection="reused").matches(incoming(reused=True))


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("", BODY),
        ("/backup/tags", ["a", "b"]),
        ("/backup/tags/0", "a"),
        ("/backup/tags/-", ABSENT),
        ("/backup/tags/a", ABSENT),
        ("/backup/name/x", ABSENT),
        ("/nothing/at/all", ABSENT),
    ],
)
def test_a_pointer_finds_what_it_points_at(pointer: str, found: object) -> None:
    assert resolve(BODY, pointer) == found


def test_a_matcher_is_read_as_a_scenario_file_writes_it() -> None:
    assert Match.of({"body": {"/backup/name": {"regex": "x"}}}) == Match(body={"/backup/name": Pattern(regex="x")})
    with pytest.raises(ValueError, match="asks for nothing"):
        Match.of({})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Pattern, "give 'regex', 'absent', 'min' or 'max'"),
        (lambda: Pattern(regex="("), "'regex' '\\(' is no regular expression"),
        (lambda: Pattern(min=2, max=1), "'min' must not be above 'max'"),
        (Match, "it asks for nothing"),
        (lambda: Match(body={"name": 1}), "'name' is no JSON Pointer"),
        (StateMatch, "it asks for nothing"),
    ],
)
def test_a_matcher_that_makes_no_sense_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()
