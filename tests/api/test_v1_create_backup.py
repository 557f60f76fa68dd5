"""POST /rds/v1/{project_id}/backups: what it answers and what it refuses."""

from __future__ import annotations

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import bare

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.api import Api, Connect

    from mockrds.project import Project

    Refusal = Callable[..., tuple[int, dict[str, str]]]

EXAMPLE = """{
    "backup": {
        "created": "2016-09-12T01:17:05",
        "dataStore": {
            "type": "MySQL",
            "version": "5.6.30",
            "version_id": "e8a8b8cc-63f8-4fb5-8d4a-24c502317a61"
        },
        "description": "123",
        "id": "2f4ddb93-b901-4b08-93d8-1d2e472f30fe",
        "instance_id": "0bc7300c-dc63-45d4-aa3b-d85bf577baac",
        "locationRef": null,
        "name": "test01",
        "parent_id": null,
        "size": null,
        "status": "BUILDING",
        "updated": null,
        "backuptype": "1"
    },
    "extendparam": {
        "jobs": [
            "ff80808157127d9301571bf8160c001d"
        ]
    }
}"""
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
JOB = re.compile(r"ff8080[0-9a-f]{26}")


def nothing_was_made(project: Project) -> bool:
    return project.backups == () and project.errors == []


# Success


def test_the_answer_is_the_documented_example_but_for_ids_and_a_version_that_is_no_longer_offered(
    connect: Connect, shape: Callable[[Any], Any]
) -> None:
    api = connect({"clock": {"mode": "frozen", "at": "2016-09-12T01:17:05Z"}})
    reply = api.create(name="test01", description="123")
    backup, jobs = reply.body["backup"], reply.body["extendparam"]["jobs"]
    expected = json.loads(EXAMPLE)
    assert shape(reply.body) == shape(expected)
    expected["backup"] |= {"id": backup["id"], "instance_id": api.node()}
    expected["backup"]["dataStore"]["version"] = "5.7.31"
    expected["extendparam"]["jobs"] = jobs
    assert reply.answer == (200, expected)
    assert UUID.fullmatch(backup["id"])
    assert JOB.fullmatch(jobs[0])


def test_the_documented_request_may_carry_fields_that_the_service_does_not_know(api: Api) -> None:
    document = {
        "backup": {"name": "backup", "instance": api.node(), "description": "My Backup", "color": "red"},
        "x": 1,
    }
    assert api.post("/backups", json=document).status == 200


def test_the_reference_of_the_benchmarks_answers_the_same_fields(api: Api, shape: Callable[[Any], Any]) -> None:
    assert shape(bare.ANSWER) == shape(api.create().body)


def test_the_answer_is_json_and_names_its_request_in_a_header_and_in_the_journal(api: Api) -> None:
    reply = api.create()
    assert reply.headers["Content-Type"] == "application/json"
    assert re.fullmatch("[0-9a-f]{32}", reply.headers["X-Request-Id"])
    (entry,) = api.project.journal
    assert (entry.operation, entry.status, entry.request_id, entry.error, entry.backup_ids) == (
        "v1.create_manual_backup",
        200,
        reply.headers["X-Request-Id"],
        None,
        (reply.body["backup"]["id"],),
    )


@pytest.mark.parametrize("role", ["primary", "pair", "sqlserver"])
def test_every_engine_is_backed_up_through_its_primary_node(api: Api, role: str) -> None:
    reply = api.create(instance=api.node(role))
    backup = reply.body["backup"]
    assert (reply.status, backup["instance_id"]) == (200, api.node(role))
    assert backup["dataStore"] == api.instance(role).datastore.as_json()


# Bodies


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(None, "RDS.0006", id="absent"),
        pytest.param(b"", "RDS.0006", id="empty"),
        pytest.param(b" \r\n", "RDS.0006", id="blank"),
        pytest.param(b"null", "RDS.0006", id="null"),
        pytest.param(b"{", "RDS.0042", id="cut-off"),
        pytest.param(b"name=nightly", "RDS.0042", id="form"),
        pytest.param(b"{'backup': {}}", "RDS.0042", id="single-quotes"),
        pytest.param(b'{"backup": {},}', "RDS.0042", id="trailing-comma"),
        pytest.param(b'{"backup": NaN}', "RDS.0042", id="NaN"),
        pytest.param(b'{"backup": "\xff"}', "RDS.0042", id="not-UTF-8"),
        pytest.param('{"backup": "ü"}'.encode("latin-1"), "RDS.0042", id="Latin-1"),
        pytest.param('{"backup": {}}'.encode("utf-16"), "RDS.0042", id="UTF-16"),
        pytest.param(rb'{"backup": "\ud800"}', "RDS.0042", id="half-a-surrogate-pair"),
        pytest.param(b"[]", "RDS.0001", id="list"),
        pytest.param(b'[{"backup": {}}]', "RDS.0001", id="list-of-objects"),
        pytest.param(b'"backup"', "RDS.0001", id="string"),
        pytest.param(b"17", "RDS.0001", id="number"),
        pytest.param(b"true", "RDS.0001", id="boolean"),
        pytest.param(b"{}", "RDS.0001", id="backup-missing"),
        pytest.param(b'{"backup": null}', "RDS.0001", id="backup-null"),
        pytest.param(b'{"backup": "nightly"}', "RDS.0001", id="backup-string"),
        pytest.param(b'{"backup": 4}', "RDS.0001", id="backup-number"),
        pytest.param(b'{"backup": false}', "RDS.0001", id="backup-boolean"),
        pytest.param(b'{"backup": [{}]}', "RDS.0001", id="backup-list"),
        pytest.param(b'{"backup": {}}', "RDS.5044", id="backup-empty"),
        pytest.param(b'{"Backup": {}}', "RDS.0017", id="Backup"),
        pytest.param(b'{"BACKUP": null}', "RDS.0017", id="BACKUP-null"),
        pytest.param(b'{"backup": {}, "bACKUP": {}}', "RDS.0017", id="backup-and-bACKUP"),
    ],
)
def test_a_body_that_is_no_request_is_refused(api: Api, refusal: Refusal, body: bytes | None, code: str) -> None:
    assert api.post("/backups", data=body).answer == refusal(code)
    assert nothing_was_made(api.project)


@pytest.mark.parametrize("key", ["Name", "NAME", "Instance", "instancE", "Description", "DESCRIPTION"])
def test_a_key_in_the_wrong_letter_case_is_refused_beside_the_right_one_too(
    api: Api, refusal: Refusal, key: str
) -> None:
    fields: dict[str, Any] = {key: "whatever"}
    beside = api.create(**fields)
    instead = api.create(**fields, **{key.lower(): ...})
    assert [beside.answer, instead.answer] == [refusal("RDS.0017")] * 2
    assert beside.hint == f"{key!r} is spelt {key.lower()!r}"
    assert nothing_was_made(api.project)


# Fields


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("abcd", id="4"),
        pytest.param("a" + "1" * 63, id="64"),
        pytest.param("Z-_9", id="every-kind"),
        pytest.param("a---", id="hyphens"),
        pytest.param("NIGHTLY", id="capitals"),
    ],
)
def test_a_name_of_4_to_64_letters_digits_hyphens_and_underscores_is_taken_as_it_is(api: Api, name: str) -> None:
    reply = api.create(name=name)
    assert (reply.status, reply.body["backup"]["name"]) == (200, name)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param(..., "RDS.5044", id="missing"),
        pytest.param(None, "RDS.5044", id="null"),
        pytest.param("", "RDS.5044", id="empty"),
        pytest.param("abc", "RDS.5044", id="3"),
        pytest.param("a" + "1" * 64, "RDS.5044", id="65"),
        pytest.param("1abc", "RDS.5044", id="digit-first"),
        pytest.param("-abc", "RDS.5044", id="hyphen-first"),
        pytest.param("_abc", "RDS.5044", id="underscore-first"),
        pytest.param(" abcd", "RDS.5044", id="blank-first"),
        pytest.param("ab cd", "RDS.5044", id="blank"),
        pytest.param("abcd ", "RDS.5044", id="blank-last"),
        pytest.param("abcd\n", "RDS.5044", id="line-feed-last"),
        pytest.param("ab.cd", "RDS.5044", id="dot"),
        pytest.param("ab/cd", "RDS.5044", id="slash"),
        pytest.param("ab\0cd", "RDS.5044", id="NUL"),
        pytest.param("abcü", "RDS.5044", id="umlaut"),
        pytest.param("éabc", "RDS.5044", id="accent-first"),
        pytest.param("abc١", "RDS.5044", id="arabic-digit"),  # noqa: RUF001
        pytest.param("ａｂｃｄ", "RDS.5044", id="fullwidth"),  # noqa: RUF001
        pytest.param(1234, "RDS.0001", id="number"),
        pytest.param(True, "RDS.0001", id="boolean"),
        pytest.param(["nightly"], "RDS.0001", id="list"),
        pytest.param({"name": "nightly"}, "RDS.0001", id="object"),
    ],
)
def test_any_other_name_is_refused(api: Api, refusal: Refusal, name: object, code: str) -> None:
    assert api.create(name=name).answer == refusal(code)
    assert nothing_was_made(api.project)


@pytest.mark.parametrize(
    ("description", "kept"),
    [
        pytest.param(..., "", id="missing"),
        pytest.param(None, "", id="null"),
        pytest.param("", "", id="empty"),
        pytest.param(" before the migration ", " before the migration ", id="blanks"),
        pytest.param("a" * 256, "a" * 256, id="256"),
        pytest.param("ü" * 256, "ü" * 256, id="256-of-2-bytes"),
        pytest.param("世" * 256, "世" * 256, id="256-of-3-bytes"),
        pytest.param("😀" * 256, "😀" * 256, id="256-of-4-bytes"),
        pytest.param("#$%()*+,-./:;?@[\\]^_`{|}~\t", "#$%()*+,-./:;?@[\\]^_`{|}~\t", id="other-special-characters"),
    ],
)
def test_a_description_of_up_to_256_characters_is_kept(api: Api, description: object, kept: str) -> None:
    reply = api.create(description=description)
    assert (reply.status, reply.body["backup"]["description"]) == (200, kept)


@pytest.mark.parametrize(
    "description",
    [
        pytest.param("a" * 257, id="257"),
        pytest.param("世" * 257, id="257-of-3-bytes"),
        *(pytest.param(f"before{c}after", id=f"U+{ord(c):04X}") for c in "!<>='&\"\r\n"),
        pytest.param("!", id="first"),
        pytest.param("last=", id="last"),
        pytest.param(123, id="number"),
        pytest.param(False, id="boolean"),
        pytest.param(["123"], id="list"),
        pytest.param({}, id="object"),
    ],
)
def test_any_other_description_is_refused(api: Api, refusal: Refusal, description: object) -> None:
    assert api.create(description=description).answer == refusal("RDS.0001")
    assert nothing_was_made(api.project)


@pytest.mark.parametrize(
    "instance",
    [
        pytest.param(..., id="missing"),
        pytest.param(None, id="null"),
        pytest.param("", id="empty"),
        pytest.param("mysql-single", id="name"),
        pytest.param("0" * 32, id="32-digits"),
        pytest.param("0" * 31 + "no01", id="31-digits-and-suffix"),
        pytest.param("0" * 33 + "no01", id="33-digits-and-suffix"),
        pytest.param("g" * 32 + "no01", id="not-hexadecimal"),
        pytest.param("0" * 32 + "no1", id="short-suffix"),
        pytest.param("0" * 32 + "br01", id="v3-backup-id"),
        pytest.param("0" * 32 + "no01\n", id="line-feed-last"),
        pytest.param("44b277eb-39be-4921-be31-3d61b43651d", id="short-UUID"),
        pytest.param(5, id="number"),
        pytest.param(True, id="boolean"),
        pytest.param(["a"], id="list"),
        pytest.param({"id": "a"}, id="object"),
    ],
)
def test_what_is_no_node_id_is_refused(api: Api, refusal: Refusal, instance: object) -> None:
    assert api.create(instance=instance).answer == refusal("RDS.0001")
    assert nothing_was_made(api.project)


# Instances


@pytest.mark.parametrize(
    ("node", "code"),
    [
        ("unknown", "RDS.0002"),
        ("instance id", "RDS.0002"),
        ("standby", "RDS.0056"),
        ("replica", "RDS.0056"),
    ],
)
def test_only_a_primary_node_is_backed_up(api: Api, refusal: Refusal, node: str, code: str) -> None:
    assert api.create(instance=api.node(node)).answer == refusal(code)
    assert nothing_was_made(api.project)


def test_an_instance_of_another_project_does_not_exist(api: Api, connect: Connect, refusal: Refusal) -> None:
    assert api.create(instance=connect().node()).answer == refusal("RDS.0002")


def test_the_old_form_of_node_ids_is_well_formed(api: Api, refusal: Refusal) -> None:
    assert api.create(instance="44b277eb-39be-4921-be31-3d61b43651d7").answer == refusal("RDS.0002")


@pytest.mark.parametrize(("given", "named"), [("instance id", "primary"), ("standby", "pair"), ("replica", "primary")])
def test_the_hint_names_the_node_that_was_probably_meant_to_the_client_and_in_the_journal(
    api: Api, given: str, named: str
) -> None:
    reply = api.create(instance=api.node(given))
    (entry,) = api.project.journal
    assert api.node(named) in reply.hint
    assert (entry.hint, entry.error, entry.status) == (reply.hint, reply.body["errCode"], reply.status)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("BUILD", "RDS.0029"),
        ("RESTORING", "RDS.1002"),
        ("DELETING", "RDS.1100"),
        ("REBOOTING", "RDS.0011"),
        ("FAILED", "RDS.0011"),
    ],
)
def test_a_busy_instance_is_not_backed_up_until_it_is_active_again(
    api: Api, refusal: Refusal, status: str, code: str
) -> None:
    api.project.set_status(api.node(), status)
    assert api.create().answer == refusal(code)
    assert nothing_was_made(api.project)
    assert api.create(instance=api.node("pair")).status == 200
    api.project.set_status(api.node(), "ACTIVE")
    assert api.create(name="afterwards").status == 200


def test_an_instance_has_one_running_backup_at_a_time_and_others_do_not_mind(api: Api, refusal: Refusal) -> None:
    assert api.create(name="first").status == 200
    assert api.create(name="second").answer == refusal("RDS.3004")
    assert api.create(name="third", instance=api.node("pair")).status == 200
    api.project.clock.advance("3s")
    assert api.create(name="second").status == 200
    assert [backup.name for backup in api.project.backups] == ["first", "third", "second"]


# Names and quota


def test_a_name_is_taken_whatever_the_instance_until_its_backup_is_gone(api: Api, refusal: Refusal) -> None:
    backup_id = api.completed("nightly")
    assert api.create(name="nightly").answer == refusal("RDS.0031")
    assert api.create(name="nightly", instance=api.node("pair")).answer == refusal("RDS.0031")
    api.delete(f"/backups/{backup_id}")
    assert api.create(name="nightly").answer == refusal("RDS.0031")
    api.project.clock.advance("2s")
    assert api.create(name="nightly").status == 200


def test_names_differ_by_letter_case_and_belong_to_one_project(api: Api, connect: Connect) -> None:
    api.completed("nightly")
    assert api.create(name="Nightly").status == 200
    assert connect().create(name="nightly").status == 200


def test_the_quota_counts_backups_until_they_are_gone(connect: Connect, refusal: Refusal) -> None:
    api = connect({"world": {"quotas": {"manual_backups": 2}}})
    first = api.completed("first")
    api.completed("second")
    assert api.create(name="third").answer == refusal("RDS.3003")
    api.delete(f"/backups/{first}")
    assert api.create(name="third").answer == refusal("RDS.3003")
    api.project.clock.advance("2s")
    assert api.create(name="third").status == 200


def test_fifty_clients_at_once_never_exceed_the_quota(connect: Connect, refusal: Refusal) -> None:
    instances = [{"name": f"shard-{i}"} for i in range(50)]
    api = connect({"world": {"quotas": {"manual_backups": 10}, "instances": instances}})
    nodes = [instance.node_id for instance in api.project.instances]
    assert outcomes(api, nodes, refusal) == {"made": 10, "RDS.3003": 40}
    assert len(api.project.backups) == 10


def test_fifty_clients_at_once_start_one_backup_of_an_instance(api: Api, refusal: Refusal) -> None:
    assert outcomes(api, [api.node()] * 50, refusal) == {"made": 1, "RDS.3004": 49}
    assert len(api.project.backups) == 1


def outcomes(api: Api, nodes: list[str], refusal: Refusal) -> Counter[str]:
    """Back up all *nodes* at once, and count what came of it."""

    def create(i: int) -> str:
        reply = api.create(name=f"backup-{i}", instance=nodes[i])
        if reply.status == 200:
            return "made"
        assert reply.answer == refusal(reply.body["errCode"])
        return str(reply.body["errCode"])

    with ThreadPoolExecutor(len(nodes)) as pool:
        return Counter(pool.map(create, range(len(nodes))))


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"name": "n0"}, "'name' must be 4 to 64 letters, digits, - and _, with a letter first"),
        ({"name": None}, "'name' is missing"),
        ({"name": 7}, "'name' must be a string"),
        ({"description": "<"}, "'description' must be at most 256 characters, with no line break and none of !<>='&\""),
        ({"instance": "x"}, "'instance' must be a node id: 32 hexadecimal digits and no01, no03 or no04"),
    ],
)
def test_the_hint_states_the_rule(api: Api, fields: dict[str, Any], hint: str) -> None:
    reply = api.create(**fields)

    assert reply.headers["X-Mockrds-Hint"] == hint
    assert api.project.journal.entries()[-1].hint == hint
