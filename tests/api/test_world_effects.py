"""What only a cloud can get wrong, over the wire: consistency, life cycles, credentials, limits, outages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.api import Api, Connect

    Refusal = Callable[..., tuple[int, dict[str, str]]]

CREATE = "create_manual_backup"
LIST = "list_manual_backups"
EXPIRED = 401
THROTTLED = 429


def names(api: Api) -> list[tuple[str, str]]:
    """What a client reads in the list: names and statuses."""
    return [(backup["name"], backup["status"]) for backup in api.get("/backups").body["backups"]]


# Consistency


def test_a_backup_is_made_but_not_listed_yet(connect: Connect) -> None:
    api = connect({"faults": [{"operation": CREATE, "visible_after": "2 looks"}]})
    created = api.create()

    assert (created.status, created.body["backup"]["status"]) == (200, "BUILDING")
    assert [names(api) for _ in range(3)] == [[], [], [("nightly", "BUILDING")]]
    assert api.delete(f"/backups/{created.body['backup']['id']}").answer[1]["errCode"] == "RDS.3004"


def test_a_list_shows_what_was_true_some_time_ago(connect: Connect) -> None:
    api = connect({"faults": [{"operation": LIST, "calls": [2], "stale": "5s"}]})
    api.completed()
    api.project.clock.advance("3s")

    assert [names(api) for _ in range(3)] == [[("nightly", s)] for s in ("COMPLETED", "BUILDING", "COMPLETED")]


def test_only_the_backups_of_one_instance_are_slow(connect: Connect) -> None:
    api = connect({
        "faults": [{"operation": CREATE, "match": {"instance": "postgresql-ha"}, "lifecycle": {"seconds": "6h"}}]
    })  # fmt: skip
    api.create(name="quick")
    api.create(name="slow-one", instance=api.node("pair"))
    api.project.clock.advance("1h")

    assert names(api) == [("slow-one", "BUILDING"), ("quick", "COMPLETED")]


def test_a_backup_fails_for_a_reason_that_the_service_tells_nobody(connect: Connect) -> None:
    course = {"seconds": "40m", "outcome": "FAILED", "reason": "disk full"}
    api = connect({"faults": [{"operation": CREATE, "lifecycle": course}]})
    api.create()
    api.project.clock.advance("40m")
    reply = api.get("/backups")

    assert (reply.body["backups"][0]["status"], "disk" in reply.text) == ("FAILED", False)
    assert api.project.backups[0].reason == "disk full"


def test_a_rule_may_ask_for_the_state_of_the_project(connect: Connect) -> None:
    match = {"state": {"manual_backups": {"min": 1}}, "instance": {"regex": "^mysql"}}
    api = connect({"faults": [{"operation": CREATE, "match": match, "error": "RDS.0011"}]})

    assert [api.create(name=f"backup{n}", instance=api.node("pair")).status for n in range(1)] == [200]
    assert [api.create(name="other").status, api.create(name="third", instance=api.node("sqlserver")).status] == [
        409,
        200,
    ]
    assert [armed.calls for armed in api.project.faults.armed] == [1]


# Later


@pytest.mark.parametrize("how", [{"error": "RDS.0005"}, {"response": {"status": 504}}])
def test_a_call_fails_and_its_backup_appears_later(connect: Connect, how: dict[str, Any]) -> None:
    api = connect({"faults": [{"operation": CREATE, "calls": [1], "commit_after": "30s"} | how]})
    assert api.create().status >= 500
    assert names(api) == []

    api.project.clock.advance("31s")

    (backup,) = api.project.backups
    assert names(api) == [("nightly", "BUILDING")]
    assert api.project.journal.entries(CREATE)[0].backup_ids == (backup.id,)
    assert backup.created == api.project.clock.now() - 1


def test_what_would_be_refused_does_not_happen_later_either(connect: Connect) -> None:
    api = connect({"faults": [{"operation": CREATE, "commit_after": "30s", "error": "RDS.0005"}]})
    assert [api.create(name="x").status, api.create(name="good").status] == [500, 500]
    api.project.clock.advance("1m")

    assert [backup.name for backup in api.project.backups] == ["good"]
    assert "RDS.5044" in api.project.journal.entries(CREATE)[0].hint


# Credentials


def test_a_token_expires_and_stays_expired_until_there_is_another(connect: Connect, refusal: Refusal) -> None:
    api = connect({"faults": [{"operation": LIST, "calls": [2], "credentials": "expired"}]})
    expired = refusal("APIGW.0307")

    assert [api.get("/backups").status for _ in range(2)] == [200, EXPIRED]
    again = api.create()
    assert again.answer == expired
    assert again.hint == "a fault let the token expire; get another"
    api.token = "another"
    assert api.create().status == 200


def test_a_new_token_that_reads_the_same_is_good_again(connect: Connect) -> None:
    api = connect({"faults": [{"operation": LIST, "calls": [1], "credentials": "expired"}]})
    assert api.get("/backups").status == EXPIRED
    scope = {"project": {"id": api.project.id}}
    user = {"name": "u", "password": "p", "domain": {"name": "d"}}
    auth = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}

    issued = [
        api.call("POST", f"{api.project.auth_url}/auth/tokens", json=auth).headers["X-Subject-Token"] for _ in "ab"
    ]

    assert issued[0] == issued[1]
    api.token = issued[0]
    assert api.get("/backups").status == 200


def test_credentials_may_be_for_another_project_or_signed_by_a_wrong_clock(connect: Connect, refusal: Refusal) -> None:
    rules = [
        {"calls": [n], "operation": CREATE, "credentials": how} for n, how in ((1, "wrong_scope"), (2, "clock_skew"))
    ]
    api = connect({"faults": rules})

    assert [api.create().answer for _ in "ab"] == [
        refusal("RDS.0010"),
        refusal("APIGW.0301", ": verify aksk signature fail"),
    ]
    assert (api.create().status, len(api.project.backups)) == (200, 1)


# Limits


def test_a_rate_limit_is_the_gateways_and_says_when_to_come_again(connect: Connect, refusal: Refusal) -> None:
    limit = {"operation": CREATE, "algorithm": "token_bucket", "limit": 10, "window": "60s", "burst": 2}
    api = connect({"rate_limits": [limit]})
    replies = [api.create(name="x") for _ in range(3)]

    assert [reply.status for reply in replies] == [400, 400, THROTTLED]
    assert replies[2].answer == refusal("APIGW.0308", ": policy user over ratelimit,limit:10,time:1 minute")
    assert (replies[2].headers["Retry-After"], replies[2].headers["X-Mockrds-Fault"]) == ("6", "rate limit")
    assert api.get("/backups").status == 200
    api.project.clock.advance("5.9s")
    assert api.create().headers["Retry-After"] == "1"
    api.project.clock.advance("0.1s")
    assert api.create().status == 200


def test_a_rate_limit_on_a_clock_that_runs_fast_is_told_in_real_seconds(connect: Connect) -> None:
    limit = {"limit": 1, "window": "1h"}
    api = connect({"rate_limits": [limit], "clock": {"mode": "scaled", "by": 60}})
    api.get("/backups")

    assert 50 <= int(api.get("/backups").headers["Retry-After"]) <= 60


@pytest.mark.parametrize(("retry_after", "sent"), [(True, "60"), (False, None), ("7s", "7")])
def test_a_rate_limit_may_keep_to_itself_when_to_come_again(
    connect: Connect, retry_after: Any, sent: str | None
) -> None:
    api = connect({"rate_limits": [{"limit": 1, "retry_after": retry_after}]})
    api.get("/backups")

    assert api.get("/backups").headers.get("Retry-After") == sent


def test_a_rate_limit_and_a_quota_are_two_errors(connect: Connect) -> None:
    api = connect({"rate_limits": [{"limit": 2}], "world": {"quotas": {"manual_backups": 0}}})

    assert [api.create().answer[1].get("errCode", "APIGW.0308") for _ in range(3)] == [
        "RDS.3003",
        "RDS.3003",
        "APIGW.0308",
    ]


def test_requests_with_bad_credentials_do_not_count(connect: Connect) -> None:
    api = connect({"rate_limits": [{"limit": 1}]})
    token, api.token = api.token, None
    assert [api.get("/backups").status for _ in range(3)] == [EXPIRED] * 3
    api.token = token

    assert [api.get("/backups").status for _ in range(2)] == [200, THROTTLED]


def test_a_project_has_rate_limits_of_its_own(connect: Connect) -> None:
    one, other = (connect({"rate_limits": [{"limit": 1}]}) for _ in "ab")

    assert [api.get("/backups").status for api in (one, other, one)] == [200, 200, THROTTLED]
    one.project.reset()
    assert one.get("/backups").status == 200


# Outage


def test_an_outage_refuses_everything_for_a_while(connect: Connect, refusal: Refusal) -> None:
    api = connect({"outage": {"between": ["10m", "20m"], "error": "APIGW.0101"}})
    other = connect()
    assert api.create().status == 200
    api.project.clock.advance("10m")
    refused = api.get("/backups")

    assert (refused.answer, refused.headers["X-Mockrds-Fault"]) == (refusal("APIGW.0101"), "outage")
    assert other.get("/backups").status == 200
    api.project.clock.advance("10m")
    assert names(api) == [("nightly", "COMPLETED")]


def test_a_server_that_is_about_to_go_closes_its_connections(connect: Connect) -> None:
    api = connect({"outage": {"between": ["10m", "20m"], "drain": "1m"}})
    before = api.get("/backups")
    api.project.clock.advance("9m")
    draining = api.get("/backups")

    assert ("Connection" in before.headers, draining.status, draining.headers["Connection"]) == (False, 200, "close")


@pytest.mark.parametrize(
    ("code", "status", "body"),
    [
        ("RDS.0011", 409, {"error_code": "DBS.201202"}),
        ("RDS.0005", 500, {"error_code": "DBS.200005", "error_msg": "Server failure."}),
        ("DBS.201205", 409, {"error_code": "DBS.201205"}),
        ("RDS.0013", 500, {"error_code": "RDS.0013"}),  # v3 has no such code
    ],
)
def test_an_error_has_the_code_of_the_family_that_is_called(
    api: Api, code: str, status: int, body: dict[str, str]
) -> None:
    api.project.faults.add(operation="create_manual_backup", error=code)
    instance = api.project.instances[0]

    v3 = api.call(
        "POST", f"{api.project.url}/v3/{api.project.id}/backups", json={"name": "nightly", "instance_id": instance.id}
    )

    assert v3.status == status
    assert body.items() <= v3.body.items()
    if code == "DBS.201205":
        assert api.create().body["errCode"] == "RDS.3004"
