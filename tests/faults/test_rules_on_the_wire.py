"""What a client feels of a fault, over real sockets, and what each scenario of the library does to it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import requests
from support.engine_request import EngineRequest

from mockrds.faults.engine import FaultEngine
from mockrds.scenario_files.loader import load
from mockrds.server import MockRDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.api import Connect

    from mockrds.domain.clock import ClockSetting
    from mockrds.project import Project

BAD_GATEWAY = "<html>\n<body>502 Bad Gateway</body>\n</html>\n"


def raw(
    project: Project, method: str = "GET", path: str = "/backups", body: Any = None
) -> tuple[int, dict[str, str], bytes]:
    """Send a request of few headers; give status, headers and body as they came."""
    connection = http.client.HTTPConnection(project.url.removeprefix("http://"), timeout=60)
    try:
        content = None if body is None else json.dumps(body)
        path = path if path.startswith("/v3/") else f"/rds/v1/{project.id}{path}"
        connection.request(method, path, content, {"X-Auth-Token": "any", "Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def waiting(server: MockRDS, project: Project) -> int:
    return len(server.simulator.projects[project.id].in_flight)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)


@contextmanager
def in_background(call: Callable[[], Any]) -> Iterator[list[Any]]:
    """Make *call* in a thread; the list gets what it gave or raised, by the end of the block."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(call())
        except (OSError, http.client.HTTPException) as error:
            outcome.append(type(error))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield outcome
    finally:
        thread.join(10)


# error:


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("RDS.0005", 500, "Server failure."),
        ("RDS.9999", 500, "Failed to process the request."),
        ("RDS.0011", 409, "Another operation is being performed on the DB instance or the DB instance is faulty."),
        ("RDS.3003", 413, "The number of manual backup creations has reached the upper limit."),
        ("RDS.0015", 403, "Resource not found or permission denied."),
    ],
)
def test_an_error_is_answered_as_documented_and_nothing_happens(
    connect: Connect, code: str, status: int, message: str
) -> None:
    api = connect({"faults": [{"name": "on purpose", "operation": "create_manual_backup", "error": code}]})

    reply = api.create()

    assert reply.answer == (status, {"errCode": code, "externalMessage": message})
    assert (reply.headers["X-Mockrds-Fault"], reply.headers["Content-Type"]) == ("on purpose", "application/json")
    assert api.project.backups == ()
    (entry,) = api.project.journal
    assert (entry.fault, entry.error, entry.status) == ("on purpose", code, status)
    assert entry.request_id == reply.headers["X-Request-Id"]


def test_an_error_of_the_gateway_has_the_envelope_of_the_gateway(connect: Connect) -> None:
    api = connect({"faults": [{"error": "APIGW.0308"}]})
    reply = api.get("/backups")

    assert (reply.status, reply.body) == (429, {
        "error_msg": "The throttling threshold has been reached",
        "error_code": "APIGW.0308",
        "request_id": reply.headers["X-Request-Id"],
    })  # fmt: skip


def test_a_fault_is_asked_before_the_credentials_are(connect: Connect) -> None:
    api = connect({"faults": [{"error": "RDS.0005", "first": 1}]})
    api.token = None

    assert [api.get("/backups").status for _ in range(2)] == [500, 401]


def test_a_call_without_a_fault_has_no_such_header(connect: Connect) -> None:
    api = connect({"faults": [{"error": "RDS.0005", "calls": [2]}]})
    replies = [api.get("/backups") for _ in range(3)]

    assert [(reply.status, reply.headers.get("X-Mockrds-Fault")) for reply in replies] == [
        (200, None),
        (500, "fault 1"),
        (200, None),
    ]


def test_the_header_names_all_rules_that_fired_in_plain_ascii(connect: Connect) -> None:
    api = connect({"faults": [{"name": "träge\n", "latency": 0}, {"name": "bad", "error": "RDS.0005"}]})

    assert api.get("/backups").headers["X-Mockrds-Fault"] == "tr?ge?, bad"


def test_projects_do_not_share_their_faults(connect: Connect) -> None:
    faulty, other = connect({"faults": [{"error": "RDS.0005"}]}), connect()
    armed = other.project.faults.add(operation="list_instances", error="RDS.0011", times=1)

    assert [api.get(path).status for path in ("/backups", "/instances") for api in (faulty, other)] == [
        500,
        200,
        500,
        409,
    ]
    assert (armed.calls, armed.fired, faulty.project.faults.armed[0].fired) == (1, 1, 2)


# response:


@pytest.mark.parametrize(
    ("response", "status", "headers", "body"),
    [
        ({}, 200, {"Content-Length": "0"}, b""),
        ({"status": 504}, 504, {"Content-Length": "0"}, b""),
        ({"status": 204}, 204, {}, b""),
        ({"status": 502, "body": BAD_GATEWAY, "headers": {"Server": "nginx"}}, 502,
         {"Content-Type": "text/html", "Content-Length": "44", "Server": "nginx"}, BAD_GATEWAY.encode()),
        ({"status": 500, "body": "no <html>, é"}, 500, {"Content-Type": "text/plain", "Content-Length": "13"},
         "no <html>, é".encode()),
        ({"status": 429, "headers": {"Retry-After": "7"}, "json": {"a": [1, None, "é"]}}, 429,
         {"Retry-After": "7", "Content-Type": "application/json", "Content-Length": "19"},
         '{"a":[1,null,"é"]}'.encode()),
        ({"json": False}, 200, {"Content-Type": "application/json", "Content-Length": "5"}, b"false"),
        ({"json": {}, "headers": {"content-type": "text/plain; charset=utf-8"}}, 200,
         {"content-type": "text/plain; charset=utf-8", "Content-Length": "2"}, b"{}"),
        ({"body": "", "headers": {"Content-Type": "application/json"}}, 200,
         {"Content-Type": "application/json", "Content-Length": "0"}, b""),
        ({"status": 599, "body": "null"}, 599, {"Content-Type": "text/plain", "Content-Length": "4"}, b"null"),
    ],
)  # fmt: skip
def test_a_raw_response_is_sent_to_the_letter(
    connect: Connect, response: dict[str, Any], status: int, headers: dict[str, str], body: bytes
) -> None:
    project = connect({"faults": [{"name": "raw", "response": response}]}).project

    found_status, found_headers, found_body = raw(project)

    for name in {"Date", "Server", "X-Request-Id", "X-Openstack-Request-Id"} - headers.keys():
        del found_headers[name]
    assert (found_status, found_headers, found_body) == (status, {"X-Mockrds-Fault": "raw"} | headers, body)
    (entry,) = project.journal
    assert (entry.status, entry.response, entry.fault) == (status, body, "raw")


def test_a_raw_response_leaves_the_connection_usable(connect: Connect) -> None:
    api = connect({"faults": [{"response": {"status": 502, "body": BAD_GATEWAY}, "first": 2}]})

    with requests.Session() as api.session:
        statuses = [api.session.get(api.project.v1_url + "/backups", headers={"X-Auth-Token": "t"}).status_code
                    for _ in range(3)]  # fmt: skip

    assert statuses == [502, 502, 200]


def test_a_raw_response_means_that_nothing_happened(connect: Connect) -> None:
    api = connect({"faults": [{"response": {"status": 200, "json": {"backup": {}}}}]})

    assert api.create().answer == (200, {"backup": {}})
    assert api.project.backups == ()


# latency:


@pytest.mark.parametrize(
    "latency",
    [
        0.1,
        "100ms",
        {"fixed": 0.1},
        {"uniform": {"lower": "100ms", "upper": "110ms"}},
        {"normal": {"mean": 0.1, "stddev": 0}},
        {"lognormal": {"median": "100ms", "p99": "100ms"}},
    ],
)
def test_latency_delays_the_answer_and_not_the_clock(connect: Connect, latency: object) -> None:
    api = connect({"faults": [{"operation": "create_manual_backup", "latency": latency}]})
    now = api.project.clock.now()
    started = time.monotonic()

    reply = api.create()

    assert 0.1 <= time.monotonic() - started < 5
    assert (reply.status, reply.headers["X-Mockrds-Fault"]) == (200, "fault 1")
    assert [backup.created for backup in api.project.backups] == [now]


def test_latency_delays_an_error_too(connect: Connect) -> None:
    api = connect({"faults": [{"latency": 0.05}, {"latency": 0.05, "error": "RDS.0005"}]})
    started = time.monotonic()

    assert api.get("/backups").status == 500
    assert time.monotonic() - started >= 0.1


def test_a_call_that_waits_holds_up_no_other(server: MockRDS, connect: Connect) -> None:
    api = connect({"faults": [{"operation": "create_manual_backup", "latency": 0.25}]})

    with in_background(lambda: raw(api.project, "POST", body={})[0]) as outcome:
        until(lambda: waiting(server, api.project) == 1)
        assert api.get("/backups").status == 200
        assert outcome == []
    assert outcome == [400]


def test_a_client_that_gives_up_leaves_no_backup_behind(server: MockRDS, connect: Connect) -> None:
    api = connect({"faults": [{"operation": "create_manual_backup", "latency": "1h", "first": 1}]})
    body = {"backup": {"name": "nightly", "instance": api.node()}}

    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{api.project.v1_url}/backups", json=body, headers={"X-Auth-Token": "t"}, timeout=0.05)
    until(lambda: waiting(server, api.project) == 0)

    (entry,) = api.project.journal
    assert (api.project.backups, api.project.errors) == ((), [])
    assert (entry.fault, entry.status, entry.finished) == ("fault 1", None, None)
    assert api.create().status == 200


def test_a_reset_drops_the_waiting_requests_of_its_project_only(server: MockRDS, connect: Connect) -> None:
    one = connect({"faults": [{"operation": "list_manual_backups", "latency": "1h"}]}).project
    other = connect({"faults": [{"operation": "list_manual_backups", "latency": 0.25}]}).project

    with in_background(lambda: raw(other)[0]) as kept, in_background(lambda: raw(one)) as dropped:
        until(lambda: (waiting(server, one), waiting(server, other)) == (1, 1))
        one.reset()
        until(lambda: waiting(server, one) == 0)
        assert waiting(server, other) == 1

    assert (kept, dropped) == ([200], [http.client.RemoteDisconnected])
    assert (one.errors, len(one.journal), one.faults.armed[0].calls) == ([], 0, 0)


def test_a_server_that_stops_does_not_wait_for_its_faults() -> None:
    with MockRDS(scenario={"faults": [{"latency": "1h"}]}) as mock:
        project = mock.project()
        request = in_background(lambda: raw(project))
        outcome = request.__enter__()
        until(lambda: waiting(mock, project) == 1)
    request.__exit__(None, None, None)

    assert outcome == [http.client.RemoteDisconnected]


# quota:


def test_a_quota_is_in_force_for_the_given_calls_only(connect: Connect, refusal: Any) -> None:
    api = connect({"faults": [{"name": "full", "quota": 1, "calls": [1, 3]}]})
    replies = []
    for n in range(4):
        replies.append(api.create(name=f"backup{n}"))
        api.project.clock.advance("1m")

    assert [reply.status for reply in replies] == [200, 200, 413, 200]
    assert replies[2].answer == refusal("RDS.3003")
    assert [reply.headers.get("X-Mockrds-Fault") for reply in replies] == ["full", None, "full", None]
    assert [backup.name for backup in api.project.backups] == ["backup0", "backup1", "backup3"]


def test_a_quota_goes_before_that_of_the_world(connect: Connect) -> None:
    api = connect({"world": {"quotas": {"manual_backups": 0}}, "faults": [{"quota": 1, "first": 1}]})

    assert [api.create(name=name).status for name in ("first", "second")] == [200, 409]
    api.project.clock.advance("1m")
    assert api.create(name="third").status == 413


def test_a_quota_says_nothing_about_other_calls(connect: Connect) -> None:
    api = connect({"faults": [{"quota": 0}]})

    assert [api.get(path).headers.get("X-Mockrds-Fault") for path in ("/backups", "/instances")] == [None, None]
    assert [armed.fired for armed in api.project.faults.unused()] == [0]


# The library


def test_abnormal_response_fails_in_its_sequence_and_then_works(connect: Connect, refusal: Any) -> None:
    api = connect({"extends": ["abnormal-response"]})
    creates = [raw(api.project, "POST", body={"backup": {"name": "nightly", "instance": api.node()}}) for _ in range(5)]
    lists = [api.get("/backups") for _ in range(4)]
    api.project.clock.advance("1m")
    deletes = [raw(api.project, "DELETE", f"/backups/{api.project.backups[0].id}") for _ in range(2)]

    assert [(status, headers.get("X-Mockrds-Fault")) for status, headers, _ in creates] == [
        (502, "gateway page"),
        (503, "service down"),
        (500, "server failure"),
        (409, "instance busy"),
        (200, None),
    ]
    assert [creates[0][1][name] for name in ("Server", "Content-Type")] == ["nginx", "text/html"]
    assert creates[0][2].startswith(b"<html>\n<head><title>502 Bad Gateway</title></head>\n")
    assert (creates[1][1]["Retry-After"], json.loads(creates[1][2])) == ("1", {"message": "Service Unavailable"})
    assert [json.loads(body)["errCode"] for _, _, body in creates[2:4]] == ["RDS.0005", "RDS.0011"]
    assert [reply.status for reply in lists] == [200, 500, 500, 200]
    assert lists[1].answer == (500, {"errCode": "RDS.9999", "externalMessage": "Failed to process the request."})
    assert [backup["name"] for backup in lists[0].body["backups"]] == ["nightly"]  # made once, by the fifth call
    assert [(status, body) for status, _, body in deletes] == [(504, b""), (200, b"{}")]
    assert api.project.faults.unused() == ()


def test_slow_backups_take_minutes_on_the_clock_of_the_project(connect: Connect) -> None:
    api = connect({"extends": ["slow-backups"]})
    api.project.faults.clear()

    def status() -> list[str]:
        return [backup["status"] for backup in api.get("/backups").body["backups"]]

    backup_id = api.create().body["backup"]["id"]
    assert (status(), api.create(name="second").body["errCode"]) == (["BUILDING"], "RDS.3004")
    api.project.clock.advance("30s")
    assert status() == ["BUILDING"]
    api.project.clock.advance("1h")
    assert status() == ["COMPLETED"]
    api.delete(f"/backups/{backup_id}")
    api.project.clock.advance("59s")
    assert status() == ["DELETING"]
    api.project.clock.advance("1s")
    assert status() == []


def test_slow_backups_are_as_slow_as_they_say() -> None:
    scenario = load("slow-backups")
    drawn = sorted(scenario.lifecycle.backup.seconds.sample(Random(n)) for n in range(2000))
    engine = FaultEngine(0)
    engine.clear(scenario.faults)
    delays: dict[str, list[float]] = {}
    for operation in ("v1.create_manual_backup", "v1.list_manual_backups"):
        decisions = [engine.decide(EngineRequest(operation)) for _ in range(2000)]
        delays[operation] = sorted(decision.delay for decision in decisions if decision is not None)

    assert drawn[1000] / 60 == pytest.approx(7, rel=0.1)
    assert drawn[-1] <= 3600
    assert drawn[1980] / 60 == pytest.approx(30, rel=0.2)
    for found in delays.values():
        assert found[1000] == pytest.approx(0.25, rel=0.1)
        assert found[-1] <= 15
        assert found[1980] == pytest.approx(4, rel=0.3)
    assert engine.decide(EngineRequest("v1.delete_manual_backup")) is None


def test_the_answers_of_slow_backups_arrive_late_and_right(connect: Connect) -> None:
    rule = {"name": "slow", "latency": {"lognormal": {"median": "10ms", "p99": "20ms", "max": "30ms"}}}
    api = connect({"extends": ["slow-backups"]})
    api.project.faults.clear()
    for operation in ("create_manual_backup", "list_manual_backups"):
        api.project.faults.add(operation=operation, **rule)

    replies = [api.create(), api.get("/backups")]

    assert [(reply.status, reply.headers["X-Mockrds-Fault"]) for reply in replies] == [(200, "slow")] * 2


def test_quota_exceeded_has_room_again_when_a_deletion_is_over(connect: Connect, refusal: Any) -> None:
    api = connect({"extends": ["quota-exceeded"]})
    first = api.completed("first")
    api.completed("second")

    assert api.create(name="third").answer == refusal("RDS.3003")
    assert api.delete(f"/backups/{first}").status == 200
    api.project.clock.advance("4.9s")
    assert api.create(name="third").answer == refusal("RDS.3003")
    api.project.clock.advance("0.1s")
    assert api.create(name="third").status == 200
    assert [backup.name for backup in api.project.backups] == ["second", "third"]


def test_backup_fails_ends_failed_and_stays_until_it_is_deleted(connect: Connect, refusal: Any) -> None:
    api = connect({"extends": ["backup-fails"]})
    backup_id = api.create().body["backup"]["id"]

    def seen() -> list[tuple[str, float]]:
        return [(backup["status"], backup["size"]) for backup in api.get("/backups").body["backups"]]

    api.project.clock.advance("19.9s")
    assert seen() == [("BUILDING", 0)]
    api.project.clock.advance("0.1s")
    assert seen() == [("FAILED", 0)]
    restored = api.post(f"/instances/{api.node()}/action", json={"restore": {"backupRef": backup_id}})
    assert restored.status == 409
    assert api.create().answer == refusal("RDS.0031")
    assert api.create(name="other").status == 200
    assert api.delete(f"/backups/{backup_id}").status == 200
    api.project.clock.advance("1m")
    assert [backup.name for backup in api.project.backups] == ["other"]


# The seed

CHANCY = {
    "faults": [
        {"operation": "list_manual_backups", "probability": 0.5, "error": "RDS.0005"},
        {"operation": "list_instances", "probability": 0.3, "response": {"status": 502, "body": BAD_GATEWAY}},
        {"probability": 0.5, "latency": {"uniform": {"lower": 0, "upper": "1ms"}}},
    ],
    "lifecycle": {"backup": {"seconds": {"lognormal": {"median": 60, "sigma": 1}}}},
}


def story(clock: ClockSetting, seed: int) -> list[Any]:
    """Everything that a new server answers to the same requests, but for its port."""
    with MockRDS(scenario=CHANCY, seed=seed, clock=clock) as mock:
        project = mock.project("eu-de_story", id="0123456789abcdef" * 2)
        answers = []

        def ask(*request: Any) -> None:
            answers.append(raw(project, *request))

        for n in range(10):
            ask("GET", "/instances")
            ask("POST", "/backups", {"backup": {"name": f"backup{n}", "instance": project.instances[0].node_id}})
            ask("GET", "/backups")
            project.clock.advance("20s")
        ask("DELETE", f"/backups/{project.backups[0].id}")
        user = {"name": "u", "password": "p", "domain": {"name": "d"}}
        scope = {"project": {"name": "eu-de_story"}}
        identity = {"methods": ["password"], "password": {"user": user}}
        ask("POST", "/v3/auth/tokens", {"auth": {"identity": identity, "scope": scope}})
        url = mock.url.encode()
        return [(status, headers, body.replace(url, b"")) for status, headers, body in answers]


def test_the_same_seed_gives_the_same_bytes_to_the_same_requests(frozen: ClockSetting) -> None:
    one, same, other = story(frozen, 5), story(frozen, 5), story(frozen, 6)

    assert one == same
    assert [body for _, _, body in one] != [body for _, _, body in other]
    assert Counter(status for status, _, _ in one).keys() >= {200, 500, 502, 409}
