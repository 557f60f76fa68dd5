"""Reading scenario files: every mistake at once, with its place; what fits together; and no other exception, ever."""

import contextlib
import dataclasses
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings, strategies as st

from mockrds.domain.clock import ClockSetting
from mockrds.domain.world_template import BackupTransition, LifeCycle
from mockrds.durations import Distribution, Duration, LogNormal, fixed
from mockrds.faults.responses import Response
from mockrds.faults.rules import Rule
from mockrds.scenario import Scenario
from mockrds.scenario_files.loader import ScenarioError, library, load, read_rule

TOP = "(expected one of: name, description, extends, seed, clock, world, lifecycle, rate_limits, outage, faults)"
FAULT = (
    "(expected one of: name, operation, match, between, calls, first, after, every, times, probability,"
    " quota, lifecycle, visible_after, stale, phase, commit_after, error, response, credentials, retry_after,"
    " latency, fault, body, sequence, repeat)"
)
NOTHING = (
    "the rule does nothing: give 'error', 'response', 'latency', 'fault', 'body', 'credentials',"
    " 'quota', 'lifecycle', 'visible_after', 'stale' or 'sequence'"
)
NOT_A_MAPPING = "bad.yaml:1:1: a scenario is a mapping with keys such as 'world', 'lifecycle' and 'faults'"
WHEN = 'a date and time such as "2026-01-31T22:00:00Z"'
UNITS = "is no duration: write 120ms, 3s, 5m, 6h, 2d or a number of seconds"
KNOWN = f"(there are: {', '.join(['default', *library()])})"
DEEP = "nested too deeply: more than 50 levels"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems(*sources: Any) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load(*sources)
    return list(caught.value.problems)


def problems_of(text: str | bytes) -> list[str]:
    Path("bad.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return problems("bad.yaml")


# What stands in a file

BAD = {
    "an unknown key at the top": (
        "nmae: x",
        [f"bad.yaml:1:1: nmae: unknown key, did you mean 'name'? {TOP}"],
    ),
    "an unknown key in a fault": (
        "faults:\n  - opration: '*'\n    error: RDS.0005\n",
        [f"bad.yaml:2:5: faults[0].opration: unknown key, did you mean 'operation'? {FAULT}"],
    ),
    "an unknown key in an instance": (
        "world:\n  instances:\n    - {name: orders}\n    - {name: ledger, flavour: big}\n",
        [
            "bad.yaml:4:22: world.instances[1].flavour: unknown key"
            " (expected one of: name, datastore, ha, replica_of, volume_gb, status)"
        ],
    ),
    "an unknown key far inside": (
        "lifecycle: {backup: {seconds: {lognormal: {median: 1s, p90: 2s, sigma: 1}}}}",
        [
            "bad.yaml:1:56: lifecycle.backup.seconds.lognormal.p90: unknown key, did you mean 'p99'?"
            " (expected one of: median, sigma, p99, max)"
        ],
    ),
    "a list where a mapping belongs": ("world: []", ["bad.yaml:1:1: world: expected a mapping, not a list"]),
    "a mapping where a list belongs": ("faults: {}", ["bad.yaml:1:1: faults: expected a list, not a mapping"]),
    "a key with nothing behind it": ("faults:", ["bad.yaml:1:1: faults: expected a list, not null"]),
    "text where a mapping belongs": ("faults: [x]", ["bad.yaml:1:10: faults[0]: expected a mapping, not 'x'"]),
    "text where a number belongs": ("seed: '7'", ["bad.yaml:1:1: seed: expected a whole number, not '7'"]),
    "a fraction where a whole number belongs": ("seed: 1.5", ["bad.yaml:1:1: seed: expected a whole number, not 1.5"]),
    "a number where text belongs": ("name: 7", ["bad.yaml:1:1: name: expected text, not 7: write it in quotes"]),
    "a word that YAML takes for a boolean": (
        "name: on",
        ["bad.yaml:1:1: name: expected text, not true: write it in quotes"],
    ),
    "a number as a header": (
        "faults: [{response: {headers: {Retry-After: 1}}}]",
        ["bad.yaml:1:32: faults[0].response.headers.Retry-After: expected text, not 1: write it in quotes"],
    ),
    "text where a list belongs": ("extends: default", ["bad.yaml:1:1: extends: expected a list, not 'default'"]),
    "an operation that is neither": (
        "faults: [{operation: 5, error: RDS.0005}]",
        ["bad.yaml:1:11: faults[0].operation: expected text or a list, not 5: write it in quotes"],
    ),
    "an operation that is a number, in a list": (
        "faults: [{operation: ['*', 5], error: RDS.0005}]",
        ["bad.yaml:1:28: faults[0].operation[1]: expected text, not 5: write it in quotes"],
    ),
    "booleans where numbers belong": (
        "seed: true\nclock: {mode: scaled, by: yes}\nfaults: [{error: RDS.0005, first: on, probability: true}]",
        [
            "bad.yaml:1:1: seed: expected a whole number, not true",
            "bad.yaml:2:23: clock.by: expected a number, not true",
            "bad.yaml:3:28: faults[0].first: expected a whole number, not true",
            "bad.yaml:3:39: faults[0].probability: expected a number, not true",
        ],
    ),
    "a boolean as a duration": (
        "faults: [{latency: true}]",
        [f"bad.yaml:1:11: faults[0].latency: True {UNITS}"],
    ),
    "a key that is missing": (
        "world:\n  instances:\n    - {volume_gb: 50}\nfaults: [{latency: {uniform: {lower: 1s}}}]",
        [
            "bad.yaml:3:7: world.instances[0].name: this key is missing",
            "bad.yaml:4:21: faults[0].latency.uniform.upper: this key is missing",
        ],
    ),
    "an unknown operation": (
        "faults: [{operation: create_manual_bakup, error: RDS.0005}]",
        [
            "bad.yaml:1:11: faults[0].operation: unknown operation 'create_manual_bakup',"
            " did you mean 'create_manual_backup'?"
        ],
    ),
    "an unknown operation of a family, in a list": (
        "faults:\n- operation: [list_manual_backups, v1.delete_manual_backups]\n  error: RDS.0005",
        [
            "bad.yaml:2:36: faults[0].operation[1]: unknown operation 'v1.delete_manual_backups',"
            " did you mean 'v1.delete_manual_backup'?"
        ],
    ),
    "an operation like no other": (
        "faults: [{operation: qqq, error: RDS.0005}]",
        ["bad.yaml:1:11: faults[0].operation: unknown operation 'qqq'"],
    ),
    "no operation at all": (
        "faults: [{operation: [], error: RDS.0005}, {operation: '', error: RDS.0005}]",
        [
            "bad.yaml:1:11: faults[0].operation: must name an operation",
            "bad.yaml:1:45: faults[1].operation: must name an operation",
            "bad.yaml:1:45: faults[1].operation: unknown operation ''",
        ],
    ),
    "a status as an error code": (
        "faults: [{error: 503}, {error: '404'}, {error: 99}]",
        [
            "bad.yaml:1:11: faults[0].error: expected an error code, not 503: "
            "for a status write response: {status: 503} instead of error",
            "bad.yaml:1:25: faults[1].error: unknown error code '404': "
            "for a status write response: {status: 404} instead of error",
            "bad.yaml:1:41: faults[2].error: expected text, not 99: write it in quotes",
        ],
    ),
    "an unknown fault": (
        "faults: [{fault: nonesuch}]",
        [
            "bad.yaml:1:11: faults[0].fault: expected 'EMPTY_RESPONSE', 'CONNECTION_RESET_BY_PEER', "
            "'MALFORMED_RESPONSE_CHUNK', 'RANDOM_DATA_THEN_CLOSE', 'timeout', 'reset_peer', 'reset', "
            "or a mapping such as {limit_data: 100}, not 'nonesuch'"
        ],
    ),
    "an unknown error code": (
        "faults: [{error: RDS.33003}]",
        ["bad.yaml:1:11: faults[0].error: unknown error code 'RDS.33003', did you mean 'RDS.3003'?"],
    ),
    "an unknown engine": (
        "world: {instances: [{name: orders, datastore: {type: MySql}}]}",
        [
            "bad.yaml:1:48: world.instances[0].datastore.type: expected 'MySQL', 'PostgreSQL' or 'SQLServer',"
            " not 'MySql', did you mean 'MySQL'?"
        ],
    ),
    "an unknown version": (
        "world: {instances: [{name: orders, datastore: {type: MySQL, version: 8.1}}]}",
        [
            "bad.yaml:1:36: world.instances[0].datastore: unknown version '8.1' of MySQL:"
            " expected one of 8.0, 5.7"
        ],
    ),
    "bad durations": (
        "lifecycle: {delete: {seconds: 3 minutes}, token: 1w, restore: {seconds: -3}}\nfaults: [{latency: 5 s s}]",
        [
            f"bad.yaml:1:22: lifecycle.delete.seconds: '3 minutes' {UNITS}",
            f"bad.yaml:1:43: lifecycle.token: '1w' {UNITS}",
            "bad.yaml:1:64: lifecycle.restore.seconds: -3 is no duration: it must be between 0 and 36500d",
            f"bad.yaml:2:11: faults[0].latency: '5 s s' {UNITS}",
        ],
    ),
    "a duration that is a list": (
        "lifecycle: {delete: {seconds: [3]}}",
        ["bad.yaml:1:22: lifecycle.delete.seconds: expected a duration such as 3s or a mapping, not a list"],
    ),
    "words that are not among those that may stand there": (
        "clock: {mode: frozn}\nlifecycle: {backup: {outcome: FALIED, progression: 5}}",
        [
            "bad.yaml:1:9: clock.mode: expected 'real', 'frozen' or 'scaled', not 'frozn', did you mean 'frozen'?",
            "bad.yaml:2:22: lifecycle.backup.outcome: expected 'COMPLETED' or 'FAILED', not 'FALIED',"
            " did you mean 'FAILED'?",
            "bad.yaml:2:39: lifecycle.backup.progression: expected 'immediate', 'time' or 'manual', not 5",
        ],
    ),
    "two answers at once": (
        "faults:\n- error: RDS.0005\n  response: {status: 500}",
        ["bad.yaml:2:3: faults[0]: give only one of 'error' and 'response'"],
    ),
    "a rule without effect": (
        "faults: [{operation: '*', times: 2}]",
        [f"bad.yaml:1:10: faults[0]: {NOTHING}"],
    ),
    "a rule that can never fire": (
        "faults: [{error: RDS.0005, after: 5, first: 5}, {error: RDS.0005, calls: [1], every: 2}]",
        [
            "bad.yaml:1:10: faults[0]: 'calls', 'first', 'after' and 'every' leave no call:"
            " the rule would never fire",
            "bad.yaml:1:49: faults[1]: 'calls', 'first', 'after' and 'every' leave no call:"
            " the rule would never fire",
        ],
    ),
    "a quota for what has none": (
        "faults: [{operation: list_manual_backups, quota: 0}]",
        ["bad.yaml:1:43: faults[0].quota: is about create_manual_backup, which 'operation' does not name"],
    ),
    "a quota for several that have none": (
        "faults: [{operation: [v1.list_instances, v3.list_backups], quota: 0}]",
        ["bad.yaml:1:60: faults[0].quota: is about create_manual_backup, which 'operation' does not name"],
    ),
    "negative numbers": (
        "world: {quotas: {manual_backups: -1}, instances: [{name: a, volume_gb: -1}]}\n"
        "clock: {mode: scaled, by: -1}\n"
        "faults: [{error: RDS.0005, first: -1}, {error: RDS.0005, calls: [-1]}, {error: RDS.0005, probability: -0.1}]\n"
        "lifecycle: {backup: {progression: manual, looks: -1}, delete: {seconds: {lognormal: {median: 1, sigma: -1}}}}",
        [
            "bad.yaml:1:18: world.quotas.manual_backups: must not be negative",
            "bad.yaml:1:61: world.instances[0].volume_gb: must be at least 1",
            "bad.yaml:2:23: clock.by: must be above zero, and finite",
            "bad.yaml:3:28: faults[0].first: must be at least 1",
            "bad.yaml:3:66: faults[1].calls[0]: must be at least 1",
            "bad.yaml:3:90: faults[2].probability: must be at least 0",
            "bad.yaml:4:43: lifecycle.backup.looks: is a count and belongs to progression 'manual'",
            "bad.yaml:4:97: lifecycle.delete.seconds.lognormal.sigma: must be between 0 and 10",
        ],
    ),
    "a distribution of two shapes, and of none": (
        "faults: [{latency: {fixed: 1, normal: {mean: 1, stddev: 1}}}, {latency: {}}]",
        [
            "bad.yaml:1:11: faults[0].latency: give exactly one of 'fixed', 'uniform', 'normal' and 'lognormal'",
            "bad.yaml:1:64: faults[1].latency: give exactly one of 'fixed', 'uniform', 'normal' and 'lognormal'",
        ],
    ),
    "keys that stand there twice": (
        "seed: 1\nseed: 2\nworld: {quotas: {instances: 1, instances: 2}}",
        [
            "bad.yaml:2:1: seed: the key stands here twice, first in line 1",
            "bad.yaml:3:32: world.quotas.instances: the key stands here twice, first in line 3",
        ],
    ),
    "keys that are no text": (
        "1: x\nyes: x\n[a]: x\n? {b: c}\n: x\nfaults: [{error: RDS.0005, ~: x}]",
        [
            "bad.yaml:1:1: a key must be text: write '1' in quotes",
            "bad.yaml:2:1: a key must be text: write 'yes' in quotes",
            "bad.yaml:3:1: a key must be text, not a list",
            "bad.yaml:4:3: a key must be text, not a mapping",
            "bad.yaml:6:28: faults[0]: a key must be text: write '~' in quotes",
        ],
    ),
    "numbers that are none": (
        "seed: .nan\nclock: {mode: scaled, by: .inf}\nfaults: [{latency: .inf}, {error: RDS.0005, probability: -.inf}]",
        [
            "bad.yaml:1:1: seed: expected a finite number, not nan",
            "bad.yaml:2:23: clock.by: expected a finite number, not inf",
            "bad.yaml:3:11: faults[0].latency: expected a finite number, not inf",
            "bad.yaml:3:45: faults[1].probability: expected a finite number, not -inf",
        ],
    ),
    "numbers that are too large": (
        f"seed: {2**64}\nfaults: [{{response: {{json: {{n: {'9' * 5000}}}}}}}]",
        [
            "bad.yaml:1:1: seed: the number is too large: it must fit 64 bits",
            "bad.yaml:2:29: faults[0].response.json.n: the number is too long: more than 64 characters",
        ],
    ),
    "times that there are not": (
        "clock: {mode: frozen, at: 2026-13-01}",
        [f"bad.yaml:1:23: clock.at: expected {WHEN}, not '2026-13-01': month value is outside expected range of 1-12"],
    ),
    "a time that is a number": ("clock: {at: 5}", [f"bad.yaml:1:9: clock.at: expected {WHEN}, not 5"]),
    "a speed without a scaled clock": (
        "clock: {by: 60}",
        ["bad.yaml:1:9: clock.by: belongs to mode 'scaled'"],
    ),
    "instances with the same name": (
        "world:\n  instances:\n  - name: a\n  - name: b\n  - name: a\n",
        ["bad.yaml:5:5: world.instances[2].name: instances[0] is named 'a', too: names must be unique"],
    ),
    "replicas of nothing": (
        "world:\n  instances:\n"
        "  - {name: late, replica_of: orders}\n"
        "  - {name: orders}\n"
        "  - {name: wrong, replica_of: order}\n"
        "  - {name: good, replica_of: orders}\n"
        "  - {name: second, replica_of: good}\n",
        [
            "bad.yaml:3:18: world.instances[0].replica_of: no primary instance named 'orders' stands before this one",
            "bad.yaml:5:19: world.instances[2].replica_of: no primary instance named 'order' stands before this one,"
            " did you mean 'orders'?",
            "bad.yaml:7:20: world.instances[4].replica_of: no primary instance named 'good' stands before this one",
        ],
    ),
    "raw responses that can't be sent": (
        "faults:\n"
        "- response: {status: 99}\n"
        "- response: {json: {}, body: x}\n"
        "- response: {status: 204, body: x}\n"
        "- response: {headers: {'a b': x}}\n"
        '- response: {headers: {A: "x\\r\\nSet-Cookie: y"}}\n'
        "- response: {headers: {Transfer-Encoding: chunked}}\n"
        "- response: {headers: {content-length: many}}\n",
        [
            "bad.yaml:2:14: faults[0].response.status: must be at least 200",
            "bad.yaml:3:3: faults[1].response: give only one of 'json' and 'body'",
            "bad.yaml:4:3: faults[2].response: an answer with status 204 has no body: leave out 'json' and 'body'",
            "bad.yaml:5:3: faults[3].response: 'a b' is no header name",
            "bad.yaml:6:3: faults[4].response: the value of header 'A' must not have line breaks"
            " or control characters",
            "bad.yaml:7:14: faults[5].response.headers: must not have Transfer-Encoding: the server frames the answer",
            "bad.yaml:8:3: faults[6].response: the value of header 'content-length' must be a number",
        ],
    ),
    "mistakes all over the file, in the order of its lines": (
        "faults:\n- {error: nonesuch}\nseed: x\nworld: {instances: [{}]}\nname: [a]\n",
        [
            "bad.yaml:2:4: faults[0].error: unknown error code 'nonesuch'",
            "bad.yaml:3:1: seed: expected a whole number, not 'x'",
            "bad.yaml:4:21: world.instances[0].name: this key is missing",
            "bad.yaml:5:1: name: expected text, not a list",
        ],
    ),
    "a list at the top": ("- name: x", [NOT_A_MAPPING]),
    "a word at the top": ("hello", [NOT_A_MAPPING]),
    "an empty file": ("", [NOT_A_MAPPING]),
    "a file of comments": ("# nothing\n", [NOT_A_MAPPING]),
    "a bracket left open": (
        "faults: [{error: RDS.0005}\nseed: 1\n",
        ["bad.yaml:2:1: not valid YAML: while parsing a flow sequence, did not find expected ',' or ']'"],
    ),
    "a colon too many": (
        "name: a: b",
        ["bad.yaml:1:8: not valid YAML: mapping values are not allowed in this context"],
    ),
    "a tab": (
        "faults:\n\t- error: RDS.0005\n",
        [
            "bad.yaml:2:1: not valid YAML: while scanning for the next token,"
            " found character that cannot start any token: indent with spaces, not with tabs"
        ],
    ),
    "two documents": (
        "name: a\n---\nname: b\n",
        ["bad.yaml:2:1: not valid YAML: expected a single document in the stream, but found another document"],
    ),
    "an alias of nothing": ("world: *x", ["bad.yaml:1:8: not valid YAML: found undefined alias"]),
    "an error past line breaks that only YAML counts": (
        "a: 1\x85b: 'x",
        ["bad.yaml:2:6: not valid YAML: while scanning a quoted scalar, found unexpected end of stream"],
    ),
    "bytes that are not UTF-8": (
        b"name: x\ndescription: caf\xe9\n",
        ["bad.yaml:2:17: not UTF-8 text: byte 0xe9"],
    ),
    "UTF-16": ("name: x".encode("utf-16"), ["bad.yaml:1:1: not UTF-8 text: byte 0xff"]),
    "a binary file": (b"\x7fELF\x02\x01\x01\x00", ["bad.yaml:1:1: not valid YAML: character U+007F is not allowed"]),
    "half a surrogate pair": (
        'name: "\\ud800"',
        ["bad.yaml:1:10: not valid YAML: while parsing a quoted scalar, found invalid Unicode character escape code"],
    ),
    "tags that make objects": (
        "name: !!python/object/apply:os.system [exit 1]\nseed: !!python/name:os.system\nfaults: !mine []\n",
        [
            "bad.yaml:1:1: name: the tag !!python/object/apply:os.system is not allowed: a scenario is plain data",
            "bad.yaml:2:1: seed: the tag !!python/name:os.system is not allowed: a scenario is plain data",
            "bad.yaml:3:1: faults: the tag !mine is not allowed: a scenario is plain data",
        ],
    ),
    "tags that do not fit": (
        "seed: !!int many\nclock: {by: !!float ''}\ndescription: !!bool maybe",
        [
            "bad.yaml:1:1: seed: 'many' does not fit its tag",
            "bad.yaml:2:9: clock.by: '' does not fit its tag",
            "bad.yaml:3:1: description: 'maybe' does not fit its tag",
        ],
    ),
    "a list that contains itself": (
        "extends: &a [*a]",
        ["bad.yaml:1:10: extends[0]: the value contains itself"],
    ),
    "a mapping that contains itself": (
        "world: &a\n  quotas: *a\n",
        ["bad.yaml:2:3: world.quotas: the value contains itself"],
    ),
    "a mapping that is merged with itself": (
        "world: &a {<<: *a}",
        ["bad.yaml:1:8: world.<<: expected a mapping, or a list of them, that does not contain itself"],
    ),
    "a merge of what is no mapping": (
        "world:\n  <<: 5\n",
        ["bad.yaml:2:7: world.<<: expected a mapping, or a list of them, that does not contain itself"],
    ),
    "a hundred brackets": ("faults: " + "[" * 100 + "]" * 100, [f"bad.yaml:1:58: {DEEP}"]),
    "a hundred dashes": ("faults:\n" + "- " * 100 + "x", [f"bad.yaml:2:99: {DEEP}"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [pytest.param(*case, id=name) for name, case in BAD.items()])
def test_every_mistake_is_reported_with_its_place(text: str | bytes, expected: list[str]) -> None:
    assert problems_of(text) == expected


@pytest.mark.parametrize("text", ["faults: " + "[" * 10_000 + "]" * 10_000, "[" * 500_000, "{a: " * 200_000])
def test_brackets_enough_to_overflow_the_stack_of_the_process_are_refused(text: str) -> None:
    (problem,) = problems_of(text)

    assert problem.startswith("bad.yaml:1:")  # the column is libyaml's, which gives up where its release thinks fit
    assert problem.endswith(f": {DEEP}")


def test_values_nested_too_deeply_by_aliases_are_refused() -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 60))

    assert next(problem for problem in problems_of(text) if "deep" in problem) == (
        "bad.yaml:1:5: a49" + "[0]" * 49 + f": {DEEP}"
    )


def test_of_many_mistakes_the_first_fifty_are_reported() -> None:
    found = problems_of("faults:\n" + "- {error: RDS.0005, frist: 1}\n" * 2000)

    assert len(found) == 51
    assert found[0] == f"bad.yaml:2:21: faults[0].frist: unknown key, did you mean 'first'? {FAULT}"
    assert found[-1] == "bad.yaml: and 1950 more mistakes"


TOO_LARGE = "bad.yaml: too large for a scenario: more than 100000 values"


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1},' * 9}]\n" for i in range(1, 40)),
        "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [{f'*a{i - 1},' * 9}]}}\n" for i in range(1, 40)),
        "m: {<<: &s [{<<: *s}, {<<: *s}]}\n",
        "calls: [" + "1," * 300_000 + "]",
    ],
    ids=["aliases of aliases", "merges of merges", "merges of themselves", "a long list"],
)
def test_a_file_that_means_more_than_it_holds_is_refused_at_once(text: str) -> None:
    started = time.process_time()

    assert problems_of(text) == [TOO_LARGE]
    assert time.process_time() - started < 5


def test_a_file_of_more_than_a_megabyte_is_refused() -> None:
    expected = ["bad.yaml: too large for a scenario: more than 1048576 bytes"]

    assert problems_of(b"#" * (1 << 20) + b"\n") == expected


# Where a scenario is looked for


def test_a_name_that_is_not_there_is_answered_with_what_is() -> None:
    assert problems("slow-backup", "nonesuch", "", "a\0b", "x" * 5000) == [
        f"slow-backup: no such file, and no scenario of that name, did you mean 'slow-backups'? {KNOWN}",
        f"nonesuch: no such file, and no scenario of that name {KNOWN}",
        "'' is no scenario: give a name of the library, or a file",
        f"'a\\x00b': no such file, and no scenario of that name {KNOWN}",
        f"{'x' * 5000}: cannot be read: File name too long",
    ]


def test_a_directory_is_no_scenario() -> None:
    Path("folder").mkdir()

    assert problems("folder", "/dev/zero") == ["folder: is a directory", "/dev/zero: is no regular file"]


def test_a_file_that_may_not_be_read_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    Path("secret.yaml").touch()
    monkeypatch.setattr(Path, "open", refuse)

    assert problems("secret.yaml") == ["secret.yaml: cannot be read: Permission denied"]


@pytest.mark.parametrize(
    ("source", "shown"), [(5, "5"), (None, "null"), ([], "a list"), (b"x", "an object of class bytes")]
)
def test_what_is_no_source_is_refused(source: Any, shown: str) -> None:
    assert problems(source) == [f"a scenario is a name, a path or a mapping, not {shown}"]


def test_a_file_goes_before_a_scenario_of_the_library_and_a_directory_does_not() -> None:
    Path("backup-fails").write_text("description: mine\n")
    Path("slow-backups").mkdir()

    assert load("backup-fails").description == "mine"
    assert load("slow-backups").name == "slow-backups"


# What may stand in a file


def test_nothing_at_all_is_the_default() -> None:
    assert load() == load("default") == load({}) == Scenario()


def test_a_file_is_called_after_itself_unless_it_says_otherwise() -> None:
    Path("a.yaml").write_text("seed: 1\n")
    Path("b.yaml").write_text("name: other\n")

    assert (load("a.yaml").name, load(Path("b.yaml")).name, load({"seed": 1}).name) == ("a", "other", "default")


def test_the_whole_vocabulary_is_read() -> None:
    Path("whole.yaml").write_text("""
name: whole
description: Everything that may stand in a file.
extends: [default]
seed: 7
clock: {mode: frozen, at: "2026-01-31T22:00:00Z"}
world:
  instances:
    - {name: orders, datastore: {type: MySQL, version: 8.0}}
    - {name: ledger, datastore: {type: PostgreSQL, version: 16}, ha: {replication_mode: sync}, volume_gb: 200}
    - {name: copy, replica_of: orders, status: BUILD}
  quotas: {manual_backups: 2, instances: 9}
lifecycle:
  backup: {progression: time, seconds: {lognormal: {median: 90, sigma: 0.4}}, outcome: FAILED}
  delete: {progression: manual, looks: 2}
  restart: {progression: immediate}
  token: 1h
faults:
  - operation: create_manual_backup
    calls: [1, 3]
    error: RDS.0011
  - name: slow
    operation: [list_manual_backups, v1.get_instance]
    probability: 0.5
    latency: 120ms
  - {first: 3, after: 1, every: 2, times: 1, response: {status: 503, headers: {Retry-After: "1"}, json: {a: [1, null]}}}
  - {operation: v1.create_manual_backup, quota: 0}
""")
    scenario = load("whole.yaml")

    assert scenario.faults == (
        Rule(operation="create_manual_backup", calls=(1, 3), error="RDS.0011"),
        Rule(name="slow", operation=("list_manual_backups", "v1.get_instance"), probability=0.5, latency=fixed(0.12)),
        Rule(first=3, after=1, every=2, times=1,
             response=Response(status=503, headers={"Retry-After": "1"}, json={"a": [1, None]})),
        Rule(operation="v1.create_manual_backup", quota=0),
    )  # fmt: skip
    assert [rule.source for rule in scenario.faults] == [f"whole.yaml:{line}:5" for line in (19, 22, 26, 27)]
    assert scenario.clock == ClockSetting(mode="frozen", at=datetime(2026, 1, 31, 22, 0, tzinfo=UTC))
    assert [(i.name, i.datastore.version) for i in scenario.world.instances[:2]] == [
        ("orders", "8.0"),
        ("ledger", "16"),
    ]
    assert scenario.lifecycle.backup == BackupTransition(
        seconds=Distribution(lognormal=LogNormal(median=Duration(90), sigma=0.4)), outcome="FAILED"
    )
    assert (scenario.seed, scenario.world.quotas.manual_backups) == (7, 2)
    assert scenario.lifecycle.token == Duration("1h")


@pytest.mark.parametrize("at", ["2026-01-31T22:00:00Z", "2026-01-31 22:00:00", "'2026-01-31T23:00:00+01:00'"])
def test_a_time_may_stand_without_quotes(at: str) -> None:
    Path("a.yaml").write_text(f"clock: {{mode: frozen, at: {at}}}\n")
    setting = load("a.yaml").clock

    assert setting.at is not None
    assert setting.at.replace(tzinfo=setting.at.tzinfo or UTC) == datetime(2026, 1, 31, 22, 0, tzinfo=UTC)


def test_anchors_and_merge_keys_work() -> None:
    Path("a.yaml").write_text("""
world:
  instances:
    - &base {name: a, volume_gb: 50, datastore: &new {type: PostgreSQL, version: 17}}
    - {<<: *base, name: b}
    - <<: [{volume_gb: 70}, *base]
      name: c
    - {<<: {<<: *base, volume_gb: 60}, name: d}
""")
    instances = load("a.yaml").world.instances

    assert [(i.name, i.volume_gb, i.datastore.version) for i in instances] == [
        ("a", 50, "17"),
        ("b", 50, "17"),
        ("c", 70, "17"),
        ("d", 60, "17"),
    ]


def test_a_mistake_that_was_merged_is_shown_where_it_was_written() -> None:
    text = "world:\n  instances:\n    - &base {name: a, volume: 50}\n    - {<<: *base, name: b}\n"
    keys = (
        "unknown key, did you mean 'volume_gb'? (expected one of: name, datastore, ha, replica_of, volume_gb, status)"
    )

    assert problems_of(text) == [
        f"bad.yaml:3:23: world.instances[0].volume: {keys}",
        f"bad.yaml:3:23: world.instances[1].volume: {keys}",
    ]


def test_a_mapping_from_python_may_have_tuples_times_and_our_own_objects() -> None:
    rule = Rule(operation="list_instances", latency=fixed(1), response=Response(json=[1]))
    at = datetime(2026, 1, 31, 22, 0, tzinfo=UTC)
    scenario = load(
        {"faults": (rule,), "clock": {"mode": "frozen", "at": at}, "lifecycle": LifeCycle(token=Duration(9))}
    )

    assert scenario == Scenario(
        faults=(rule,), clock=ClockSetting(mode="frozen", at=at), lifecycle=LifeCycle(token=Duration(9))
    )
    assert scenario.faults[0].source == "scenario"


def test_a_mapping_from_python_is_judged_like_a_file() -> None:
    loop: dict[str, Any] = {}
    loop["extends"] = [loop]
    found = problems(
        {"seed": float("nan"), "name": object(), 5: "x", "clock": {"at": date(2026, 1, 31)}, "world": {"\ud800": 1}},
        loop,
    )

    assert found == [
        "scenario: seed: expected a finite number, not nan",
        "scenario: name: an object of class object is no plain data",
        "scenario: a key must be text, not 5",
        "scenario: world: '\\ud800' has half a surrogate pair, which no text may have",
        f"scenario: clock.at: expected {WHEN}, not '2026-01-31':"
        " invalid datetime separator, expected `T`, `t`, `_` or space",
        "scenario: extends[0]: the value contains itself",
    ]


# Scenarios over scenarios


def test_a_base_is_found_by_name_and_by_a_path_from_the_file() -> None:
    Path("sub").mkdir()
    Path("base.yaml").write_text("seed: 1\nfaults: [{error: RDS.0005}]\n")
    Path("sub/near.yaml").write_text("extends: [../base.yaml, backup-fails]\nfaults: [{error: RDS.0011}]\n")
    Path("far.yaml").write_text("extends: [sub/near.yaml]\nseed: 3\n")
    scenario = load("far.yaml")

    assert (scenario.name, scenario.description, scenario.seed) == ("far", "", 3)
    assert scenario.lifecycle.backup == BackupTransition(seconds=fixed(20), outcome="FAILED")
    assert [(rule.error, rule.source) for rule in scenario.faults] == [
        ("RDS.0005", "sub/../base.yaml:2:10"),
        ("RDS.0011", "sub/near.yaml:2:10"),
    ]


def test_a_mapping_may_extend_too() -> None:
    assert load({"extends": ["quota-exceeded"], "seed": 4}).world.quotas.manual_backups == 2


def test_a_base_that_is_missing_or_wrong_is_reported_with_everything_else() -> None:
    Path("wrong.yaml").write_text("seed: x\n")

    assert problems_of("extends:\n  - wrong.yaml\n  - slow-backup\n  - 5\nname: 7\n") == [
        "bad.yaml:4:5: extends[2]: expected text, not 5: write it in quotes",
        "bad.yaml:5:1: name: expected text, not 7: write it in quotes",
        "wrong.yaml:1:1: seed: expected a whole number, not 'x'",
        "bad.yaml:3:5: extends[1]: slow-backup: no such file, and no scenario of that name,"
        f" did you mean 'slow-backups'? {KNOWN}",
    ]


def test_a_scenario_that_extends_itself_is_refused() -> None:
    Path("a.yaml").write_text("extends: [b.yaml]\n")
    Path("b.yaml").write_text("extends: [default, ./a.yaml]\n")
    Path("c.yaml").write_text("extends: [c.yaml]\n")

    assert problems("a.yaml", "c.yaml") == [
        "b.yaml:1:20: extends[1]: a scenario can't extend itself: a.yaml -> b.yaml -> a.yaml",
        "c.yaml:1:11: extends[0]: a scenario can't extend itself: c.yaml -> c.yaml",
    ]


def test_a_chain_without_end_in_sight_is_refused() -> None:
    for i in range(2000):
        Path(f"f{i}.yaml").write_text(f"extends: [f{i + 1}.yaml]\n")

    assert problems("f0.yaml") == [
        "f19.yaml:1:11: extends[0]: more than 20 scenarios extend each other in a row"
    ]  # fmt: skip


def test_a_base_that_two_scenarios_share_counts_once() -> None:
    Path("base.yaml").write_text("faults: [{name: shared, error: RDS.0005}]\n")
    Path("a.yaml").write_text("extends: [base.yaml]\nfaults: [{name: a, error: RDS.0005}]\n")
    Path("b.yaml").write_text("extends: [base.yaml]\nfaults: [{name: b, error: RDS.0005}]\n")

    assert [rule.name for rule in load("a.yaml", "b.yaml").faults] == ["shared", "a", "b"]


def test_the_mistakes_of_a_shared_base_are_reported_once() -> None:
    Path("base.yaml").write_text("seed: x\n")

    assert problems({"extends": ["base.yaml"]}, {"extends": ["base.yaml"]}) == [
        "base.yaml:1:1: seed: expected a whole number, not 'x'"
    ]


def test_later_scenarios_lie_over_earlier_ones() -> None:
    first = {
        "name": "first",
        "seed": 1,
        "clock": {"mode": "scaled", "by": 60},
        "world": {"instances": [{"name": "a"}], "quotas": {"manual_backups": 2, "instances": 5}},
        "lifecycle": {"backup": {"seconds": "90s"}, "restart": {"seconds": 1}},
        "faults": [{"name": "one", "error": "RDS.0005"}],
    }
    second = {
        "name": "second",
        "clock": {"mode": "frozen"},
        "world": {"quotas": {"manual_backups": 0}},
        "lifecycle": {"backup": {"outcome": "FAILED"}, "token": 9},
        "faults": [{"name": "two", "error": "RDS.0011"}],
    }
    expected = {
        "name": "first + second",
        "seed": 1,
        "clock": {"mode": "frozen"},
        "world": {"instances": [{"name": "a"}], "quotas": {"manual_backups": 0, "instances": 5}},
        "lifecycle": {"backup": {"seconds": "90s", "outcome": "FAILED"}, "restart": {"seconds": 1}, "token": 9},
        "faults": [{"name": "one", "error": "RDS.0005"}, {"name": "two", "error": "RDS.0011"}],
    }

    assert load(first, second) == load(expected)


def test_one_distribution_replaces_another_as_a_whole() -> None:
    short = {"lifecycle": {"delete": {"seconds": {"uniform": {"lower": 1, "upper": 2}}}}}
    long = {"lifecycle": {"delete": {"seconds": {"fixed": "1h"}}}}

    assert load(short, long).lifecycle.delete.seconds == fixed(3600)
    assert load(long, short).lifecycle.delete.seconds == load(short).lifecycle.delete.seconds


def test_scenarios_that_are_right_only_by_themselves_do_not_go_together() -> None:
    Path("a.yaml").write_text("lifecycle: {backup: {progression: manual, looks: 2}}\n")

    assert problems("a.yaml", {"lifecycle": {"backup": {"progression": "time"}}}) == [
        "a.yaml and scenario do not go together: lifecycle.backup.looks: is a count and belongs to progression 'manual'"
    ]


# A fault by itself


def test_a_fault_is_read_in_the_same_words() -> None:
    rule = read_rule({"operation": "list_instances", "latency": "50ms", "times": 2}, "control API")

    assert rule == Rule(operation="list_instances", latency=fixed(0.05), times=2)
    assert rule.source == "control API"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, [f"fault: {NOTHING}"]),
        ({"erorr": "RDS.0005", "first": "2"}, [
            f"fault: erorr: unknown key, did you mean 'error'? {FAULT}",
            "fault: first: expected a whole number, not '2'",
        ]),
        ({"operation": ["lst_instances"], "error": "nonesuch"}, [
            "fault: operation[0]: unknown operation 'lst_instances', did you mean 'list_instances'?",
            "fault: error: unknown error code 'nonesuch'",
        ]),
        ({"response": {"status": 600}}, ["fault: response.status: must be at most 599"]),
        ([], ["fault: a fault is a mapping, not a list"]),
        ({"op": "list_instances", "status": 503}, [
            f"fault: op: unknown key, did you mean 'operation'? {FAULT}",
            f"fault: status: unknown key, did you mean 'response: {{status: 503}}'? {FAULT}",
        ]),
        ({"response": 503}, ["fault: response: expected a mapping, not 503: write {status: 503}"]),
    ],
)  # fmt: skip
def test_every_mistake_of_a_fault_is_reported(document: Any, expected: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_rule(document)

    assert sorted(caught.value.problems) == sorted(expected)


# The library


@pytest.mark.parametrize("name", library())
def test_a_scenario_of_the_library_has_the_name_of_its_file_and_a_sentence_for_what_it_is(name: str) -> None:
    scenario = load(name)

    assert (scenario.name, scenario.description.endswith(".")) == (name, True)


@pytest.mark.parametrize("name", library())
def test_a_scenario_of_the_library_goes_together_with_every_other(name: str) -> None:
    first = load(name)
    for other in library().keys() - {name}:
        second = load(other)
        both = load(name, other)

        assert both.faults == (*first.faults, *second.faults)
        assert holds(both.document, {key: said for key, said in second.document.items() if key not in JOINED})


def test_all_scenarios_of_the_library_go_together_in_any_order() -> None:
    for names in (sorted(library()), sorted(library(), reverse=True)):
        assert load(*names).faults == tuple(fault for name in names for fault in load(name).faults)


JOINED = ("name", "faults")
"""Keys of which each scenario gives a part."""


def holds(document: Any, part: Any) -> bool:
    """Tell whether what *part* says stands in *document*."""
    if isinstance(document, dict) and isinstance(part, dict):
        return all(key in document and holds(document[key], said) for key, said in part.items())
    return bool(document == part)


def test_a_scenario_has_a_json_schema() -> None:
    from pydantic import TypeAdapter

    schema = TypeAdapter(Scenario).json_schema()

    assert list(schema["properties"]) == [field.name for field in dataclasses.fields(Scenario)]
    assert schema["additionalProperties"] is False


# Whatever stands in a file

WORDS = st.sampled_from([
    "world", "instances", "name", "datastore", "type", "version", "replica_of", "quotas", "lifecycle", "backup",
    "seconds", "lognormal", "median", "sigma", "p99", "max", "fixed", "faults", "operation", "calls", "first",
    "error", "response", "headers", "status", "json", "body", "latency", "quota", "clock", "at", "by", "mode",
    "frozen", "scaled", "extends", "default", "MySQL", "8.0", "RDS.0005", "*", "create_manual_backup", "3s",
    "1e400d", "2026-13-01", "progression", "looks", "manual", "<<", "str", "\ud800",
])  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS | st.dates() | st.datetimes()
)
VALUES = st.recursive(
    SCALARS | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | SCALARS, inner, max_size=4),
    max_leaves=20,
)
TIGHT = st.fixed_dictionaries(
    {},
    optional={
        "world": VALUES | st.fixed_dictionaries({"instances": st.lists(st.dictionaries(WORDS, VALUES, max_size=3))}),
        "lifecycle": VALUES,
        "clock": VALUES | st.fixed_dictionaries({}, optional={"mode": WORDS, "at": SCALARS, "by": SCALARS}),
        "extends": VALUES | st.lists(WORDS, max_size=2),
        "seed": SCALARS,
        "faults": VALUES
        | st.lists(
            st.fixed_dictionaries(
                {"error": SCALARS | st.just("RDS.0005")},
                optional={
                    "operation": SCALARS | st.lists(WORDS),
                    "calls": st.lists(st.integers()),
                    "latency": SCALARS | st.dictionaries(WORDS, VALUES, max_size=2),
                    "response": st.fixed_dictionaries({}, optional={"json": VALUES, "status": st.integers()}),
                    "every": st.integers(),
                    "after": st.integers(),
                },
            ),
            max_size=2,
        ),
    },
)
ANY_TIME = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=200)


def judge(source: Any) -> None:
    """Load *source*: a scenario or problems in words, and nothing else."""
    found: Scenario | tuple[str, ...]
    try:
        found = load(source)
    except ScenarioError as error:
        found = error.problems
    assert isinstance(found, Scenario) or (found != () and all(found))


@ANY_TIME
@given(document=st.dictionaries(WORDS | SCALARS, VALUES, max_size=5) | TIGHT)
def test_no_document_from_python_raises_anything_else(document: Any) -> None:
    judge(document)
    with contextlib.suppress(ScenarioError):
        assert isinstance(read_rule(document), Rule)


@ANY_TIME
@given(document=TIGHT | VALUES, flow=st.booleans())
def test_no_document_in_a_file_raises_anything_else(*, document: Any, flow: bool) -> None:
    Path("any.yaml").write_text(yaml.safe_dump(document, default_flow_style=flow), errors="replace")
    judge("any.yaml")


@ANY_TIME
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="replace")))
def test_no_bytes_in_a_file_raise_anything_else(content: bytes) -> None:
    Path("any.yaml").write_bytes(content)
    judge("any.yaml")


@ANY_TIME
@given(
    pieces=st.lists(
        st.sampled_from(
            [*"[]{}:,-?&*!|>%@`'\"#\n\t \\ax1~=.", "<<: ", "&a ", "*a", "!!int ", "? ", "- ", "---", "name: ", "\n  "]
        ),
        max_size=40,
    )
)
def test_no_scraps_of_yaml_raise_anything_else(pieces: list[str]) -> None:
    Path("any.yaml").write_text("".join(pieces))
    judge("any.yaml")


@ANY_TIME
@given(name=st.text(max_size=30))
def test_no_name_raises_anything_else(name: str) -> None:
    judge(name)
