"""Rules are found by one of their conditions: no rule that matches is missed, and none is asked twice."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.engine_request import EngineRequest

from mockrds.faults.engine import FaultEngine
from mockrds.faults.index import Index
from mockrds.faults.matching import Pattern, ProjectMatch
from mockrds.faults.rules import Rule
from mockrds.scenario_files.loader import read_rule

LIST = "v1.list_manual_backups"
NAMES = st.sampled_from(["a", "B", "b", "x-test", "X-Test"])
TEXTS = st.sampled_from(["", "a", "ab", "b", "1", "true", "GET", "/"])
SCALARS = TEXTS | st.sampled_from([0, 1, 1.0, 1.5, True, False, None])
POINTERS = st.sampled_from(["", "/a", "/b", "/a/b", "/a/0", "/B"])
BODIES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "B"]), inner)
)
REGEXES = st.sampled_from(
    ["a", "^b$", "a|b", "", "(a)", r"(a)\1", r"(?P<x>a)b?(?P=x)?", "(?P<x>b)", r"(b)?(?(1)|a)", "(?i)B", "(?i:A)b?",
     "(?#x)a", "(?=a)", "1 #", "[|]", "[(?i]", r"\|?b"]
)  # fmt: skip
PATTERNS = st.builds(
    Pattern,
    regex=REGEXES,
    absent=st.sampled_from([None, False, True]),
    min=st.sampled_from([None, 0.0]),
) | st.sampled_from([Pattern(absent=True), Pattern(absent=False), Pattern(min=1), Pattern(max=1)])
CONDITIONS = SCALARS | PATTERNS
MATCHES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "method": CONDITIONS,
        "path": CONDITIONS,
        "headers": st.dictionaries(NAMES, CONDITIONS, max_size=2),
        "query": st.dictionaries(NAMES, CONDITIONS, max_size=2),
        "body": st.dictionaries(POINTERS, CONDITIONS, max_size=2),
        "connection": st.sampled_from(["new", "reused"]),
        "instance": TEXTS | PATTERNS,
    },
)


def match(asked: dict[str, Any]) -> ProjectMatch | None:
    try:
        return ProjectMatch(**asked)
    except ValueError:  # it asks for nothing
        return None


RULES = st.builds(
    lambda asked, times, probability: Rule(
        error="RDS.0005", match=match(asked), times=times, probability=probability
    ),
    MATCHES,
    st.none() | st.just(1),
    st.sampled_from([0.5, 1.0]),
)  # fmt: skip
CALLS = st.builds(
    lambda reused, body, rest: EngineRequest(LIST, reused=reused, body=body, **rest),
    st.booleans(),
    BODIES,
    st.fixed_dictionaries(
        {
            "method": st.sampled_from(["GET", "POST"]),
            "path": st.sampled_from(["/", "/ab"]),
            "headers": st.lists(st.tuples(NAMES, TEXTS), max_size=3),  # a header may come twice
            "query": st.dictionaries(NAMES, TEXTS, max_size=2),
            "instance": st.tuples(st.lists(TEXTS, max_size=3).map(tuple), st.none()),
        }
    ),
)


def armed(rules: Sequence[Rule]) -> FaultEngine:
    engine = FaultEngine(7)
    for rule in rules:
        engine.add(rule)
    return engine


@given(rules=st.lists(RULES, max_size=12), call=CALLS)
def test_the_candidates_are_in_order_and_all_that_match_are_among_them(rules: list[Rule], call: EngineRequest) -> None:
    considered = armed(rules).armed

    candidates = [each.id for each in Index(considered).candidates(call)]

    assert candidates == sorted(set(candidates))
    matching = {each.id for each in considered if each.rule.match is None or each.rule.match.matches(call)}
    assert matching <= set(candidates)


@given(rules=st.lists(RULES, max_size=12), calls=st.lists(CALLS, min_size=1, max_size=6))
def test_the_index_changes_no_decision(rules: list[Rule], calls: list[EngineRequest]) -> None:
    def decided(*, indexed: bool) -> list[Any]:
        engine = armed(rules)
        with pytest.MonkeyPatch.context() as patch:
            if not indexed:
                patch.setattr(Index, "candidates", lambda index, call: index.considered)
            decisions = [engine.decide(call) for call in calls]
        told = [d and (d.names, [(m.armed.id, m.call, m.why) for m in d.missed]) for d in decisions]
        return [*told, *((each.calls, each.fired) for each in engine.armed)]

    assert decided(indexed=True) == decided(indexed=False)


@pytest.mark.parametrize(
    "asked",
    [
        {"body": {"/a": "no"}},
        {"body": {"/a": 5}},
        {"body": {"/a": {"regex": "^no"}}},
        {"headers": {"X-Test": "no"}},
        {"headers": {"X-Else": {"regex": "no"}}},
        {"query": {"q": "no"}},
        {"method": "POST"},
        {"path": {"regex": "^/no"}, "body": {"/a": {"absent": False}}},
        {"body": {"/b": {"absent": False}}},
        {"headers": {"X-Else": {"absent": False}}},
        {"query": {"q": {"min": 1}}},
        {"instance": "no"},
        {"instance": {"regex": "^(no)$"}},
    ],
)
def test_a_rule_that_asks_for_something_else_is_no_candidate(asked: dict[str, Any]) -> None:
    call = EngineRequest(
        LIST, headers={"X-Test": "yes"}, query={"q": "yes"}, body={"a": "yes"}, instance=(("yes", "ja"), None)
    )
    rule = read_rule({"error": "RDS.0005", "match": asked})

    assert [*Index(armed([rule]).armed).candidates(call)] == []


def test_a_regular_expression_that_is_nested_as_deeply_as_can_be_does_not_fail_later() -> None:
    def deepest(depth: int) -> Rule:
        regex = "(?:" * depth + "a" + ")?" * depth
        try:
            return Rule(error="RDS.0005", match=ProjectMatch(body={"/a": Pattern(regex=regex)}))
        except ValueError:
            return deepest(depth - 1)

    def from_below(frames: int) -> None:
        if frames:
            from_below(frames - 1)
        else:
            assert engine.decide(EngineRequest(LIST, body={"a": "a"}))

    engine = armed([deepest(400)])
    from_below(20)
