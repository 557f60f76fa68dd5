"""Which calls a rule is about, what several rules make of a call, and that chance is the seed's."""

from typing import Any

import pytest
from support.engine_request import EngineRequest

from mockrds.durations import Distribution, Duration, LogNormal, Moment, fixed
from mockrds.faults.decision import Decision
from mockrds.faults.engine import FaultEngine
from mockrds.faults.matching import ProjectMatch
from mockrds.faults.responses import Damage, Response
from mockrds.faults.rules import Outage, Rule

CREATE = "v1.create_manual_backup"
LIST = "v1.list_manual_backups"


def arm(*rules: Rule, seed: int = 0) -> FaultEngine:
    engine = FaultEngine(seed)
    for rule in rules:
        engine.add(rule)
    return engine


def decide(engine: FaultEngine, operation: str = LIST) -> Decision | None:
    """Make a call; a decision that nothing becomes of it counts as none."""
    decision = engine.decide(EngineRequest(operation))
    return decision if decision is not None and decision.fired else None


def fired(engine: FaultEngine, calls: int, operation: str = LIST) -> list[int]:
    """Make so many calls, and give the numbers of those that something happened to."""
    return [call for call in range(1, calls + 1) if decide(engine, operation) is not None]


def error(engine: FaultEngine, operation: str = LIST) -> str | None:
    """Make a call, and give the error it is answered with."""
    decision = decide(engine, operation)
    return decision.answer.step.error if decision is not None and decision.answer is not None else None


def names(engine: FaultEngine) -> list[str]:
    """Make a call, and give the names of the rules that fired."""
    decision = decide(engine)
    return decision.names if decision is not None else []


def told(decision: Decision | None) -> Any:
    """Give the whole decision as plain values."""
    if decision is None:
        return None
    step = decision.answer.step if decision.answer is not None else Rule(latency=fixed(0))
    return step.error, step.response, decision.delay, decision.first_value("quota"), decision.names


def failing(**rule: Any) -> Rule:
    return Rule(**({"error": "RDS.0005"} | rule))


# Which calls


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ({"calls": (2, 5)}, [2, 5]),
        ({"calls": (10, 1, 1)}, [1, 10]),
        ({"calls": (11,)}, []),
        ({"first": 3}, [1, 2, 3]),
        ({"after": 7}, [8, 9, 10]),
        ({"after": 2, "first": 4}, [3, 4]),
        ({"every": 3}, [3, 6, 9]),
        ({"every": 1}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ({"after": 1, "every": 4}, [5, 9]),
        ({"times": 2}, [1, 2]),
        ({"every": 4, "times": 1}, [4]),
        ({"calls": (2, 4, 6), "after": 2, "times": 1}, [4]),
        ({"first": 8, "every": 3}, [3, 6]),
        ({"probability": 0}, []),
        ({"probability": 1}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ],
)
def test_a_rule_is_about_the_calls_it_names(selection: dict[str, Any], expected: list[int]) -> None:
    engine = arm(failing(**selection))

    assert fired(engine, 10) == expected
    assert (engine.armed[0].calls, engine.armed[0].fired) == (10, len(expected))


@pytest.mark.parametrize(
    ("named", "covered"),
    [
        ("*", [CREATE, "v3.create_manual_backup", LIST, "iam.create_token", "unknown"]),
        ("create_manual_backup", [CREATE, "v3.create_manual_backup"]),
        ("v1.create_manual_backup", [CREATE]),
        (("list_manual_backups", "v3.create_manual_backup"), ["v3.create_manual_backup", LIST]),
        ("manual_backup", []),
    ],
)
def test_a_rule_is_about_the_operations_it_names(named: str | tuple[str, ...], covered: list[str]) -> None:
    operations = [CREATE, "v3.create_manual_backup", LIST, "iam.create_token", "unknown"]
    engine = arm(failing(operation=named))

    assert [operation for operation in operations if decide(engine, operation)] == covered


def test_calls_are_counted_among_those_the_rule_is_about() -> None:
    engine = arm(failing(operation="list_manual_backups", calls=(2,)), failing(operation="*", calls=(4,)))

    calls = [decide(engine, operation) for operation in (CREATE, LIST, CREATE, LIST, LIST, CREATE)]

    assert [decision and decision.names for decision in calls] == [
        None,
        None,
        None,
        ["fault 1", "fault 2"][:1],
        None,
        None,
    ]
    assert [(armed.calls, armed.fired) for armed in engine.armed] == [(3, 1), (6, 0)]


def test_calls_that_another_rule_answered_are_counted_too() -> None:
    engine = arm(failing(first=2), Rule(error="RDS.0011", calls=(2, 3)))

    assert [error(engine) for _ in range(4)] == [
        "RDS.0005",
        "RDS.0005",
        "RDS.0011",
        None,
    ]


def test_times_counts_only_what_the_rule_did() -> None:
    engine = arm(failing(calls=(1,)), Rule(error="RDS.0011", times=2))

    assert [error(engine) for _ in range(4)] == [
        "RDS.0005",
        "RDS.0011",
        "RDS.0011",
        None,
    ]


# What becomes of a call


def test_nothing_becomes_of_a_call_without_rules() -> None:
    assert FaultEngine(0).decide(EngineRequest(CREATE)) is None


RESPONSE = Response(status=502)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([failing()], ("RDS.0005", None, 0, None, ["fault 1"])),
        ([failing(name="bad")], ("RDS.0005", None, 0, None, ["bad"])),
        ([Rule(response=RESPONSE)], (None, RESPONSE, 0, None, ["fault 1"])),
        ([Rule(latency=fixed(2))], (None, None, 2, None, ["fault 1"])),
        ([Rule(quota=0)], (None, None, 0, 0, ["fault 1"])),
        # the first that answers decides the answer
        ([failing(), Rule(error="RDS.0011")], ("RDS.0005", None, 0, None, ["fault 1"])),
        ([failing(), Rule(response=RESPONSE)], ("RDS.0005", None, 0, None, ["fault 1"])),
        ([Rule(response=RESPONSE), failing()], (None, RESPONSE, 0, None, ["fault 1"])),
        # a rule whose answer comes too late does nothing at all
        ([failing(), Rule(error="RDS.0011", latency=fixed(9))], ("RDS.0005", None, 0, None, ["fault 1"])),
        # latencies add up, before and after the answer
        ([Rule(latency=fixed(1)), failing(latency=fixed(2)), Rule(latency=fixed(4))],
         ("RDS.0005", None, 7, None, ["fault 1", "fault 2", "fault 3"])),
        # the first quota counts
        ([Rule(quota=3), Rule(quota=1)], (None, None, 0, 3, ["fault 1"])),
        # where nothing happens, nothing departs from its usual course
        ([Rule(quota=0), Rule(latency=fixed(1)), failing()], ("RDS.0005", None, 1, None, ["fault 2", "fault 3"])),
    ],
)  # fmt: skip
def test_several_rules_go_together_in_their_order(rules: list[Any], expected: Any) -> None:
    assert told(decide(arm(*rules), CREATE)) == expected


def test_a_quota_is_about_creating_a_backup_and_nothing_else() -> None:
    engine = arm(Rule(quota=0))

    assert [told(decide(engine, operation)) for operation in (LIST, CREATE, LIST, "v1.create_instance")] == [
        None,
        (None, None, 0, 0, ["fault 1"]),
        None,
        None,
    ]
    assert (engine.armed[0].calls, engine.armed[0].fired) == (1, 1)


def test_a_rule_with_a_quota_and_something_else_is_about_every_operation() -> None:
    assert told(decide(arm(Rule(quota=0, latency=fixed(1))))) == (None, None, 1, 0, ["fault 1"])


# Sequences

SEQUENCE: Any = (Rule(error="RDS.0005"), "ok", Rule(error="RDS.0011"))


def test_a_sequence_takes_one_step_for_each_call_and_then_all_is_well() -> None:
    engine = arm(Rule(sequence=SEQUENCE))
    (armed,) = engine.armed

    assert [(error(engine), armed.consumed, armed.fired, armed.completed) for _ in range(5)] == [
        ("RDS.0005", 1, 1, False),
        (None, 2, 1, False),
        ("RDS.0011", 3, 2, True),
        (None, 3, 2, True),
        (None, 3, 2, True),
    ]


def test_a_sequence_that_is_not_used_up_counts_as_unused() -> None:
    engine = arm(Rule(sequence=SEQUENCE))
    error(engine)

    assert engine.unused() == engine.armed


def test_a_sequence_may_begin_anew() -> None:
    engine = arm(Rule(sequence=SEQUENCE, repeat=True))

    assert [error(engine) for _ in range(7)] == ["RDS.0005", None, "RDS.0011"] * 2 + ["RDS.0005"]


def test_a_sequence_is_about_the_calls_of_its_rule_only() -> None:
    engine = arm(Rule(operation=LIST, after=1, every=2, sequence=SEQUENCE))

    assert [error(engine, operation) for operation in (CREATE, LIST, LIST, LIST, CREATE, *[LIST] * 4)] == [
        None, None, None, "RDS.0005", None, None, None, None, "RDS.0011",
    ]  # fmt: skip


# Time


def test_a_rule_is_in_force_between_two_moments_of_the_clock() -> None:
    engine = arm(failing(between=(Moment("10m"), Moment("2026-01-31T22:20:00Z")), first=2))
    start = Moment("2026-01-31T22:00:00Z").at or 0.0
    engine.limit((), None, start)
    found = [
        engine.decide(EngineRequest(LIST, now=start + minutes * 60)) for minutes in (0, 9.9, 10, 19.9, 19.95, 20, 99)
    ]

    assert [bool(decision and decision.fired) for decision in found] == [False, False, True, True, False, False, False]
    assert [decision.missed[0].why for decision in found if decision is not None and decision.missed] == [
        "it is not time yet",
        "it is not time yet",
        "it is not about its call 3",
        "its time is over",
        "its time is over",
    ]


def test_in_an_outage_everything_is_refused_and_before_it_connections_are_closed() -> None:
    engine = arm(Rule(latency=fixed(1)))
    engine.limit((), Outage(between=(Moment(60), Moment(120)), drain=Duration(10), error="APIGW.0101"), 0)
    found = [engine.decide(EngineRequest(LIST, now=now)) for now in (49, 50, 59, 60, 119, 120)]

    assert [(decision.names, decision.closing) for decision in found if decision is not None] == [
        (["fault 1"], False),
        (["fault 1"], True),
        (["fault 1"], True),
        (["outage"], False),
        (["outage"], False),
        (["fault 1"], False),
    ]


# What is taken back


def test_what_needed_the_operation_to_succeed_is_taken_back_when_it_did_not() -> None:
    engine = arm(
        failing(phase="after_commit", times=1),
        Rule(body=Damage(truncate=0.5), latency=fixed(1)),
        Rule(body=Damage(truncate=0.2)),
    )
    decision = decide(engine)
    assert decision is not None
    assert decision.names == ["fault 1", "fault 2"]  # a damage to what another answers is none, a latency is felt

    decision.refused("it was refused")

    assert (decision.names, decision.answer, decision.delay) == (["fault 2"], None, 1)
    assert [armed.fired for armed in engine.armed] == [0, 1, 0]
    assert names(engine) == ["fault 1", "fault 2"]


def test_a_decision_explains_itself() -> None:
    engine = arm(
        failing(name="other", match=ProjectMatch(method="PUT", headers={"X": "1"})),
        failing(name="later", calls=(2,)),
        failing(name="near", match=ProjectMatch(method="PUT")),
        Rule(name="slow", latency=fixed(1)),
    )
    decision = engine.decide(EngineRequest(LIST))
    assert decision is not None

    assert [(row["name"], row["fired"], row.get("why")) for row in decision.explain(EngineRequest(LIST))] == [
        ("slow", True, None),
        ("later", False, "it is not about its call 1"),
        ("near", False, "method is 'GET', not 'PUT'"),
        ("other", False, "method is 'GET', not 'PUT'; header X is absent, not '1'"),
    ]


# Arming and disarming


def test_a_rule_that_is_armed_later_counts_from_then() -> None:
    engine = arm(failing(operation=LIST, first=1))
    assert fired(engine, 3) == [1]

    armed = engine.add(Rule(error="RDS.0011", calls=(2,)))

    assert (armed.id, armed.name, fired(engine, 3)) == (2, "fault 2", [2])


def test_a_rule_is_disarmed_by_its_id_which_no_other_gets() -> None:
    engine = arm(failing(), Rule(error="RDS.0011"))

    engine.remove(1)
    engine.add(failing())

    assert [armed.id for armed in engine.armed] == [2, 3]
    assert told(decide(engine)) == ("RDS.0011", None, 0, None, ["fault 2"])
    with pytest.raises(KeyError):
        engine.remove(1)


def test_clearing_begins_anew() -> None:
    engine = arm(failing(probability=0.5), seed=3)
    before = fired(engine, 20)

    engine.clear([failing(probability=0.5)])
    assert (engine.armed[0].id, fired(engine, 20)) == (1, before)

    engine.clear()
    assert (engine.armed, decide(engine)) == ((), None)


def test_rules_that_never_fired_are_known() -> None:
    engine = arm(failing(name="used"), failing(name="shadowed"), failing(name="elsewhere", operation=CREATE))
    decide(engine)

    assert [armed.name for armed in engine.unused()] == ["shadowed", "elsewhere"]
    assert [repr(armed) for armed in engine.armed] == [
        "<used: fired 1 of 1>",
        "<shadowed: fired 0 of 1>",
        "<elsewhere: fired 0 of 0>",
    ]


# Chance

JITTER = Distribution(lognormal=LogNormal(median=Duration(1), sigma=1))
CHANCY = (
    Rule(operation=LIST, probability=0.5, latency=JITTER),
    Rule(operation="*", latency=JITTER),
    Rule(operation=LIST, probability=0.3, error="RDS.0005"),
)


def outcomes(engine: FaultEngine, calls: int = 100) -> list[Any]:
    return [told(decide(engine)) for _ in range(calls)]


def test_the_same_seed_brings_the_same_outcomes() -> None:
    assert outcomes(arm(*CHANCY, seed=1)) == outcomes(arm(*CHANCY, seed=1)) != outcomes(arm(*CHANCY, seed=2))


def test_outcomes_do_not_depend_on_the_process() -> None:
    assert fired(arm(failing(probability=0.3), seed=7), 20) == [1, 8, 10, 12, 18, 19]


def test_calls_of_other_operations_in_between_change_nothing() -> None:
    rules = (CHANCY[0], CHANCY[2])
    undisturbed, disturbed = arm(*rules), arm(*rules)
    expected = outcomes(undisturbed)
    found = []
    for call in range(100):
        for _ in range(call % 3):
            assert decide(disturbed, CREATE) is None
        found.append(told(decide(disturbed)))

    assert found == expected


def test_a_rule_that_is_added_behind_changes_nothing_for_those_before() -> None:
    rule = Rule(probability=0.5, latency=fixed(1))
    first, both = arm(rule), arm(rule, Rule(latency=JITTER))
    alone = [decide(first) is not None for _ in range(100)]
    followed = ["fault 1" in names(both) for _ in range(100)]

    assert followed == alone


def test_equal_rules_draw_each_for_itself() -> None:
    engine = arm(Rule(probability=0.5, latency=fixed(1)), Rule(probability=0.5, latency=fixed(1)))

    assert {tuple(names(engine)) for _ in range(100)} == {(), ("fault 1",), ("fault 2",), ("fault 1", "fault 2")}


@pytest.mark.parametrize("probability", [0.01, 0.1, 0.5, 0.9])
def test_a_rule_fires_as_often_as_its_probability_says(probability: float) -> None:
    calls = 10_000
    deviation = (probability * (1 - probability) / calls) ** 0.5

    assert len(fired(arm(failing(probability=probability)), calls)) / calls == pytest.approx(
        probability, abs=3 * deviation
    )


# What a rule may be


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            {"error": None},
            "the rule does nothing: give 'error', 'response', 'latency', 'fault', 'body', .* or 'sequence'",
        ),
        ({"response": RESPONSE}, "give only one of 'error' and 'response'"),
        ({"operation": ()}, "'operation' must name an operation"),
        ({"operation": ""}, "'operation' must name an operation"),
        ({"calls": ()}, "'calls' must not be empty"),
        *(
            (rule, "'calls', 'first', 'after' and 'every' leave no call: the rule would never fire")
            for rule in ({"first": 2, "after": 2}, {"first": 2, "every": 3}, {"calls": (1, 3), "every": 2})
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        failing(**rule)


def test_where_a_rule_stands_makes_it_no_other_rule() -> None:
    rule = failing(name="x")

    assert (rule.located("a.yaml:1:1"), rule.located("a.yaml:1:1").source, rule.source) == (rule, "a.yaml:1:1", "")


@pytest.mark.parametrize(
    ("response", "message"),
    [
        ({"json": {}, "body": ""}, "give only one of 'json' and 'body'"),
        ({"status": 304, "json": {}}, "an answer with status 304 has no body: leave out 'json' and 'body'"),
        ({"headers": {"": "x"}}, "'' is no header name"),
        ({"headers": {"A:": "x"}}, "'A:' is no header name"),
        ({"headers": {"Ä": "x"}}, "'Ä' is no header name"),
        ({"headers": {"A": "x\ny"}}, "the value of header 'A' must not have line breaks or control characters"),
        ({"headers": {"A": "\x00"}}, "the value of header 'A' must not have line breaks or control characters"),
        ({"headers": {"transfer-encoding": "chunked"}},
         "'headers' must not have Transfer-Encoding: the server frames the answer"),
        ({"headers": {"Content-Length": "-1"}}, "the value of header 'Content-Length' must be a number"),
    ],
)  # fmt: skip
def test_a_response_that_can_not_be_sent_is_refused(response: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Response(**response)
