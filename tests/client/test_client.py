"""The client of the control API: a project of a server elsewhere is used like one that is here."""

from __future__ import annotations

import http.server
import inspect
import subprocess
import sys
import threading
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mockrds import MockRDS, Project, ScenarioError
from mockrds.client import RemoteServer
from mockrds.client.reading import read
from mockrds.control import records
from mockrds.domain.clock import Clock, ClockSetting
from mockrds.faults.matching import Match, Pattern
from mockrds.faults.rules import ArmedRule
from mockrds.journal import Journal
from mockrds.project import Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mockrds.domain.models import Backup, Instance


def create(project: Project, name: str = "nightly") -> requests.Response:
    return requests.post(
        f"{project.v1_url}/backups",
        json={"backup": {"name": name, "instance": project.instances[0].node_id}},
        headers={"X-Auth-Token": project.token},
        timeout=10,
    )


@pytest.fixture
def remote(server: MockRDS) -> RemoteServer:
    return RemoteServer(server.url)


@pytest.fixture
def here(project: Project) -> Project:
    return project


@pytest.fixture
def there(remote: RemoteServer, here: Project) -> Project:
    """The project *here*, as others see it."""
    return remote.project(id=here.id)


@pytest.fixture(params=["here", "there"])
def either(request: pytest.FixtureRequest, here: Project, there: Project) -> Project:
    return here if request.param == "here" else there


# The same names, the same arguments, the same errors


def _public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("face", "part"),
    [
        (Project, lambda project: project),
        (Clock, lambda project: project.clock),
        (Faults, lambda project: project.faults),
        (ArmedRule, lambda project: project.faults.add(operation="list_instances", error="RDS.0011")),
        (Journal, lambda project: project.journal),
    ],
    ids=["project", "clock", "faults", "fault", "journal"],
)
def test_what_is_here_is_there(here: Project, there: Project, face: type[Any], part: Callable[[Project], Any]) -> None:
    one, other = part(here), part(there)

    assert isinstance(one, face)
    assert isinstance(other, face)
    assert _public(one) - {"open"} <= _public(other)  # only a server opens entries of a journal
    for name in _public(one) & _public(other):
        if inspect.ismethod(getattr(one, name)):
            ours, theirs = (inspect.signature(getattr(thing, name)).parameters.values() for thing in (one, other))
            told = [[(each.name, each.kind, each.default) for each in parameters] for parameters in (ours, theirs)]
            assert told[0] == told[1], name


@pytest.mark.parametrize("kind", ["here", "there"])
def test_a_project_may_look_at_credentials_in_its_own_way(kind: str, server: MockRDS, remote: RemoteServer) -> None:
    def status(project: Project, token: str) -> int:
        url = f"{project.v1_url}/instances"
        return requests.get(url, headers={"X-Auth-Token": token} if token else {}, timeout=10).status_code

    maker: MockRDS | RemoteServer = server if kind == "here" else remote
    usual, strict, off = maker.project(), maker.project(auth="strict"), maker.project(auth="off")

    assert [project.auth for project in (usual, strict, off)] == ["any", "strict", "off"]
    assert [status(project, "any") for project in (usual, strict, off)] == [200, 401, 200]
    assert [status(project, "") for project in (usual, strict, off)] == [401, 401, 200]
    assert [status(project, strict.token) for project in (usual, strict)] == [200, 200]
    assert status(strict, usual.token) == 403
    life = {"X-Auth-Token": strict.token, "X-Subject-Token": strict.token}
    verify = f"{strict.url}/v3/auth/tokens"
    assert requests.get(verify, headers=life, timeout=10).status_code == 200
    strict.clock.advance("48h")
    assert requests.get(verify, headers=life, timeout=10).status_code == 404  # it has expired, and that counts here
    with MockRDS(replay=strict.replay) as again:
        assert (again.simulator.auth, again.simulator.default.auth) == ("strict", "strict")
    with pytest.raises(ValueError, match="exists already"):
        maker.project(strict.name, auth="any")
    with pytest.raises(ValueError, match=r"lax.*any, strict"):
        maker.project(auth="lax")  # type: ignore[arg-type]
    for project in (usual, strict, off):
        project.forget()


def test_a_fault_knows_the_line_that_armed_it(either: Project) -> None:
    armed = either.faults.add(operation="create_manual_backup", error="RDS.0011")
    line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]

    assert armed.rule.source == armed.source == f"{__file__}:{line}"
    assert (armed.from_scenario, armed.by_chance) == (False, False)


def test_fresh_projects_of_a_server_elsewhere_have_names_as_asked(server: MockRDS) -> None:
    remote = RemoteServer(server.url, prefix="eu-de_mine-")
    fresh = [remote.project() for _ in range(2)]
    assert [project.name for project in fresh] == ["eu-de_mine-1", "eu-de_mine-2"]
    named = remote.project("eu-de_named")

    fresh[0].forget()
    remote.forget_projects()

    assert [server.simulator.find(project.name) is None for project in (*fresh, named)] == [True, True, False]
    named.forget()


def test_servers_make_projects_alike() -> None:
    ours, theirs = inspect.signature(MockRDS.project), inspect.signature(RemoteServer.project)

    assert list(ours.parameters) == list(theirs.parameters)


def test_a_test_runs_the_same(either: Project) -> None:
    armed = either.faults.add(operation="create_manual_backup", error="RDS.0011", times=1)
    idle = either.faults.add(operation="list_instances", match=Match(query={"limit": Pattern(min=3)}), latency="1s")
    before = either.clock.now()

    assert [create(either, name).status_code for name in ("first", "first", "next1")] == [409, 200, 409]

    assert (armed.id, armed.name, armed.rule.error, armed.calls, armed.fired) == (1, "fault 1", "RDS.0011", 3, 1)
    assert (armed.completed, armed.consumed, idle.completed) == (True, 0, False)
    assert repr(armed) == "<fault 1: fired 1 of 3>"
    assert ([one.id for one in either.faults.armed], [one.id for one in either.faults.unused()]) == ([1, 2], [2])
    either.faults.clear()
    assert either.faults.armed == ()
    assert armed.fired == 1
    assert either.faults.add(operation="list_instances", error="RDS.0011").id == armed.id
    assert armed.fired == 1

    journal = either.journal
    assert (len(journal), journal.total, len(list(journal))) == (3, 3, 3)
    assert [entry.status for entry in journal] == [409, 200, 409]
    match = {"body": {"/backup/name": {"regex": "^fi"}}}
    assert [entry.number for entry in journal.entries("create_manual_backup", match=match)] == [1, 2]
    assert (journal.count("v1.create_manual_backup"), journal.count("create_manual_backup", match=match)) == (3, 2)
    journal.assert_called("create_manual_backup", times=3)
    journal.assert_order("create_manual_backup", "create_manual_backup")
    assert journal.reached("create_manual_backup", "list_instances") == 1
    ((miss, whys),) = journal.near_misses("create_manual_backup", match)
    assert (miss.number, whys) == (3, ["body /backup/name is 'next1', not regex '^fi'"])

    backup = either.backups[0]
    assert backup.status_at(either.clock.now()) == "BUILDING"
    either.finish(backup.id, "FAILED")
    assert either.backups[0].status_at(either.clock.now()) == "FAILED"
    either.set_status(either.instances[1].id, "REBOOTING", seconds=60)
    assert either.instances[1].status_at(either.clock.now()) == "REBOOTING"
    either.clock.advance("30s", seconds=20, minutes=1)
    assert (either.clock.now() - before, either.instances[1].status_at(either.clock.now())) == (110, "ACTIVE")
    either.set_status(either.instances[1].id, "REBOOTING")
    either.clock.advance(days=999)
    assert either.instances[1].status_at(either.clock.now()) == "REBOOTING"

    either.clock.set("frozen@2030-01-01T00:00:00Z")
    assert (either.clock.now(), either.clock.setting.mode) == (1893456000, "frozen")
    either.clock.set(ClockSetting(mode="scaled"))
    assert either.clock.setting == ClockSetting(mode="scaled")
    either.clock.set({"mode": "scaled", "by": 60})
    assert (either.clock.setting.by, either.clock.setting.at) == (60, None)
    journal.clear()
    assert len(journal) == 0
    either.reset()
    assert (either.backups, either.clock.now(), either.errors) == ((), before, [])


def test_mistakes_are_told_the_same(either: Project) -> None:
    with pytest.raises(ScenarioError, match=r"eror: unknown key, did you mean 'error'\?") as mistakes:
        either.faults.add(eror="RDS.0011", operation="create_backup")
    assert [problem.partition(":")[0] for problem in mistakes.value.problems] == ["fault", "fault"]
    with pytest.raises(KeyError, match="nothing of this project has the id 'x'"):
        either.finish("x")
    with pytest.raises(KeyError, match="nothing of this project has the id 'x'"):
        either.set_status("x", "ACTIVE")
    with pytest.raises(ValueError, match="Bogus"):
        either.set_status(either.instances[0].id, "Bogus")
    with pytest.raises(ValueError, match="'later' is no duration"):
        either.clock.advance("later")
    with pytest.raises(ValueError, match="'slow' is no clock: give real, frozen"):
        either.clock.set("slow")
    either.clock.set("frozen@9999-12-31T00:00:00Z")
    with pytest.raises(ValueError, match="time ends with the year 9999"):
        either.clock.advance(days=2)
    with pytest.raises(ValueError, match="unknown operation 'list_instanes', did you mean 'list_instances'"):
        either.journal.entries("list_instanes")
    with pytest.raises(ValueError, match="'times' is exact: leave out 'at_least' and 'at_most'"):
        either.journal.assert_called("list_instances", times=1, at_least=1)
    with pytest.raises(AssertionError, match="list_instances was called 0 times, expected at least once; the journal"):
        either.journal.assert_called("list_instances")
    with pytest.raises(AssertionError, match="after nothing there was no list_instances; the journal has: nothing"):
        either.journal.assert_order("list_instances")


def test_an_error_inside_the_mock_is_told(either: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockrds.domain.world.World.create_manual_backup", lambda *_, **__: 1 / 0)
    create(either)

    (error,) = either.errors

    assert "division by zero" in str(error)


# The same things


def _told(thing: Instance | Backup) -> dict[str, Any]:
    """All about an instance or a backup, but for what has no copy: other things, by their ids."""
    told: dict[str, Any] = {field.name: getattr(thing, field.name) for field in fields(thing)}
    told.pop("restores", None)
    for name in ("instance", "primary", "running"):
        if told.get(name) is not None:
            told[name] = told[name].id
    for name in ("backups", "replicas"):
        if name in told:
            told[name] = [getattr(each, "id", each) for each in told[name]]
    return told


def test_instances_and_backups_are_the_same(here: Project, there: Project) -> None:
    create(here)
    create(here, "refused")
    here.clock.advance("1h")
    create(here, "later")
    headers = {"X-Auth-Token": here.token}
    here.faults.add(operation="delete_manual_backup", lifecycle={"progression": "manual", "looks": 2})
    requests.delete(f"{here.v1_url}/backups/{here.backups[0].id}", headers=headers, timeout=10)
    here.set_status(here.instances[1].id, "REBOOTING")
    now = here.clock.now()

    for ours, theirs in ((here.instances, there.instances), (here.backups, there.backups)):
        assert [_told(each) for each in ours] == [_told(each) for each in theirs]
        assert [each.status_at(now) for each in ours] == [each.status_at(now) for each in theirs]
    assert [backup.size_at(now) for backup in here.backups] == [backup.size_at(now) for backup in there.backups]
    assert [instance.standby for instance in here.instances] == [instance.standby for instance in there.instances]


def test_a_backup_remembers_its_instance(here: Project, there: Project) -> None:
    create(here)
    here.clock.advance("1h")
    primary = here.instances[0]
    here.set_status(primary.id, "DELETING", seconds=1)
    here.clock.advance("1m")

    assert primary.id not in [instance.id for instance in there.instances]
    assert there.backups[0].instance.name == primary.name
    assert [instance.primary.id for instance in there.instances if instance.primary] == [primary.id]


def test_entries_of_the_journal_are_the_same(here: Project, there: Project) -> None:
    here.faults.add(name="busy", operation="create_manual_backup", error="RDS.0011", calls=[1])
    here.faults.add(operation="list_manual_backups", fault="EMPTY_RESPONSE")
    create(here, "n\u00e4chtlich")
    create(here)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{here.v1_url}/backups", timeout=10, headers={"X-Odd": b"\xff"})
    requests.post(f"{here.v1_url}/instances", b"\xff", timeout=10)

    ours, theirs = here.journal.entries(), there.journal.entries()

    assert [entry.as_json() for entry in ours] == [entry.as_json() for entry in theirs]
    assert [repr(entry) for entry in ours] == [repr(entry) for entry in theirs]
    assert [type(entry.body) for entry in theirs] == [bytes] * len(ours)
    assert [entry.backup_ids for entry in ours] == [entry.backup_ids for entry in theirs]


# Projects


def test_projects_there_are_fresh_or_found(server: MockRDS, remote: RemoteServer) -> None:
    one, other = remote.project(), remote.project()
    named = remote.project("eu-de_remote")

    assert one.id != other.id
    assert remote.project("eu-de_remote").id == server.project("eu-de_remote").id == named.id
    assert (named.url, named.auth_url) == (server.url, f"{server.url}/v3")
    assert repr(named) == f"<RemoteProject eu-de_remote {named.id}>"
    assert repr(remote) == f"<RemoteServer {server.url}>"
    named.forget()
    named.forget()
    assert server.simulator.find("eu-de_remote") is None


def test_a_scenario_is_read_where_the_test_runs(remote: RemoteServer, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: [quota-exceeded]\nworld: {instances: [{name: only}]}\n")

    project = remote.project(scenario=path, seed=7, clock="frozen@2026-01-31T22:00:00Z")

    assert [instance.name for instance in project.instances] == ["only"]
    assert (project.seed, project.clock.now()) == (7, 1769896800)
    with pytest.raises(ScenarioError, match="no such file"):
        remote.project(scenario=tmp_path / "missing.yaml")
    with pytest.raises(ScenarioError, match="sed: unknown key, did you mean 'seed'"):
        remote.project(scenario={"sed": 7})
    with pytest.raises(ValueError, match="exists already: forget it first"):
        remote.project(id=project.id, seed=8)


def test_a_replay_token_makes_the_same_project_elsewhere(here: Project) -> None:
    with MockRDS() as mock:
        again = RemoteServer(mock.url).project(replay=here.replay)

        assert (again.id, again.name, again.seed) == (here.id, here.name, here.seed)
        assert create(again).text == create(here).text


def test_what_a_newer_server_says_besides_is_left_out() -> None:
    near_misses = [{"number": 1, "mismatches": ["it is another"], "distance": 7}]
    content = {"verified": False, "count": 1, "message": "no", "near_misses": near_misses, "advice": {"retry": True}}

    verification = read(records.Verification, content)

    near = {"number": 1, "mismatches": ["it is another"]}
    assert asdict(verification) == {"verified": False, "count": 1, "message": "no", "near_misses": [near]}


# The way to the server


def test_a_token_is_sent() -> None:
    with MockRDS() as mock:
        mock.simulator.control_token = "s3cret"

        assert RemoteServer(mock.url, "s3cret").project().token
        for token, told in ((None, "demands the token that it printed"), ("wrong", "X-Mockrds-Token is wrong: send")):
            with pytest.raises(PermissionError, match=told):
                RemoteServer(mock.url, token).project()


def test_a_server_with_tls_is_reached() -> None:
    with MockRDS(tls=True) as mock:
        assert RemoteServer(mock.url, ca=mock.ca).project().instances
        with pytest.raises(
            ConnectionError,
            match=r"has a certificate that is not trusted: .*; say which one to trust, with --ca or in MOCKRDS_CA",
        ):
            RemoteServer(mock.url).project()


@pytest.fixture
def other_server() -> Iterator[str]:
    """A server that is no mockrds."""
    answers = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    answers.RequestHandlerClass.log_message = lambda *_: None  # type: ignore[attr-defined]
    thread = threading.Thread(target=answers.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{answers.server_port}"
    answers.shutdown()
    thread.join()
    answers.server_close()


def test_what_is_no_mockrds_is_told(other_server: str, closed_port: int) -> None:
    with pytest.raises(ConnectionError, match="answers, but is no mockrds"):
        RemoteServer(other_server).project()
    with pytest.raises(ConnectionError, match=f"no mockrds answers at http://127.0.0.1:{closed_port}: .*refused"):
        RemoteServer(f"http://127.0.0.1:{closed_port}/").project()
    for url in ("", "127.0.0.1:8080", "ftp://x", "http://:80", "http://x:y"):
        with pytest.raises(ValueError, match="is no URL of a server: give one such as http://"):
            RemoteServer(url)


def test_an_error_of_the_control_api_is_raised(there: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockrds.domain.clock.Clock.advance", lambda *_: 1 / 0)

    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        there.clock.advance("1s")


@pytest.mark.slow
def test_importing_the_client_imports_little() -> None:
    code = "import sys, mockrds.client; print(*(name for name in sys.modules if '.' not in name))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    heavy = {"aiohttp", "asyncio", "faker", "multidict", "orjson", "pydantic", "yaml"}
    assert set(done.stdout.split()) & heavy == set()
