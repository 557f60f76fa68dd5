"""What each scenario of the library does to a careful client and to a careless one: what its header says.

A test is named like its scenario. The clients read the project's clock, so that hours of waiting take no time.
"""

from __future__ import annotations

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import requests
from support.careful_client import BackupError, CarefulClient
from support.careless_client import CarelessClient

from mockrds.cli import main
from mockrds.durations import Duration
from mockrds.scenario_files.loader import library, load

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from mockrds.domain.clock import ClockSetting
    from mockrds.journal import Entry
    from mockrds.project import Project
    from mockrds.server import MockRDS

ROOT = Path(__file__).parent.parent.parent
CREATE, LIST, DELETE = "create_manual_backup", "list_manual_backups", "delete_manual_backup"
ENOUGH = 300
"""How often a client may wait before it counts as one that waits for ever."""


ERRORS: dict[str, set[str]] = {
    "clock-skew": {"retried-permanent-error"},
    "cut-off-answer": {"duplicate-backups"},
    "degraded-day": {"duplicate-backups"},
    "gateway-html-502": {"duplicate-backups"},
    "hanging-create": {"duplicate-backups"},
    "lost-response": {"duplicate-backups"},
    "rate-limited": {"retry-after-ignored"},
    "retry-storm": {"retry-after-ignored"},
    "schema-drift": {"duplicate-backups", "orphaned-backup"},
    "token-expires-mid-poll": {"retried-permanent-error"},
    "truncated-json": {"duplicate-backups"},
    "wrong-scope": {"retried-permanent-error"},
    "zombie-create": {"duplicate-backups", "orphaned-backup"},
}
"""What the server has against the careless client, by scenario; nothing against the careful one, in any."""


class WaitsForEver(BaseException):
    """The client has no end in sight; not an Exception, so that it can't catch it."""


class Outcome(NamedTuple):
    """What became of a client, and of the project that it had to itself."""

    project: Project
    result: Any
    """What the client gave, or the exception that it died of."""
    waited: float
    """For how many seconds of the project's clock it waited."""

    @property
    def backups(self) -> list[tuple[str, str]]:
        now = self.project.clock.now()
        return [(backup.name, backup.status_at(now)) for backup in self.project.backups]

    def calls(self, operation: str) -> tuple[Entry, ...]:
        return self.project.journal.entries(operation)

    def gaps(self, operation: str) -> list[float]:
        """The seconds between the calls of an operation."""
        times = [entry.arrived for entry in self.calls(operation)]
        return [later - earlier for earlier, later in pairwise(times)]


class Night:
    """A scenario, for clients to go through: each in a project of its own."""

    def __init__(self, server: MockRDS, scenario: str, clock: ClockSetting) -> None:
        self._server, self._scenario, self._clock = server, scenario, clock
        self.haste = 1.0
        """How many times faster than the scenario says things go that take real time."""
        self.projects: list[Project] = []
        self.clients: dict[str, list[Project]] = {}

    def project(self, seed: int | None = None, client: str = "") -> Project:
        scenario = self._scenario if self.haste == 1 else hastened(load(self._scenario).document, self.haste)
        project = self._server.project(scenario=scenario, clock=self._clock, seed=seed)
        self.projects.append(project)
        if client:
            self.clients.setdefault(client, []).append(project)
        return project

    def findings(self, client: str, *severities: str) -> set[str]:
        """The kinds of what the server has against a client."""
        verdicts = [project.verdict for project in self.clients[client]]
        return {found.kind for verdict in verdicts for found in verdict.findings if found.severity in severities}

    def careful(
        self,
        work: Callable[[CarefulClient, Project], Awaitable[object]] | None = None,
        seed: int | None = None,
        **how: float,
    ) -> Outcome:
        """Let the careful client do *work*: one backup, if nothing else is said."""
        project = self.project(seed, "careful")
        clock, began = project.clock, project.clock.now()

        async def sleep(seconds: float) -> None:
            clock.advance(seconds)

        async def run() -> object:
            async with CarefulClient(
                project.v1_url, project.auth_url, project.name, sleep=sleep, now=clock.now, **how
            ) as client:
                return await (work(client, project) if work else client.back_up(node(project), "nightly"))

        try:
            result = asyncio.run(run())
        except BackupError as failure:
            result = failure
        return Outcome(project, result, clock.now() - began)

    def careless(
        self, work: Callable[[CarelessClient, Project], object] | None = None, seed: int | None = None, **how: float
    ) -> Outcome:
        """Let the careless client do *work*: one backup, if nothing else is said."""
        project = self.project(seed, "careless")
        clock, began, sleeps = project.clock, project.clock.now(), 0

        def sleep(seconds: float) -> None:
            nonlocal sleeps
            sleeps += 1
            if sleeps > ENOUGH:
                raise WaitsForEver
            clock.advance(seconds)

        client = CarelessClient(project.v1_url, project.auth_url, project.name, sleep=sleep, **how)
        result: object
        with client.session:
            try:
                result = work(client, project) if work else client.back_up(node(project), "nightly")
            except (Exception, WaitsForEver) as error:  # noqa: BLE001  (whatever it dies of)
                result = error
        return Outcome(project, result, clock.now() - began)


def hastened(document: Any, by: float) -> Any:
    """Divide what takes real time: latencies, and the pauses between slices. The rest is the scenario's own."""
    if isinstance(document, list):
        return [hastened(item, by) for item in document]
    if not isinstance(document, dict):
        return document
    return {
        key: divided(value, by) if key in ("latency", "delay") else hastened(value, by)
        for key, value in document.items()
    }


def divided(durations: Any, by: float) -> Any:
    """Divide a duration, or all those of a distribution."""
    if not isinstance(durations, dict):
        return Duration(durations) / by
    return {key: value if key == "sigma" else divided(value, by) for key, value in durations.items()}


def node(project: Project, place: int = 0) -> str:
    return project.instances[place].node_id


@pytest.fixture
def night(server: MockRDS, frozen: ClockSetting, request: pytest.FixtureRequest) -> Iterator[Night]:
    """The scenario that the test is named like; both clients must meet it, and every fault of it must fire for both."""
    scenario = request.function.__name__.removeprefix("test_").replace("_", "-")
    night = Night(server, scenario, frozen)
    yield night
    assert night.clients.keys() == {"careful", "careless"}
    assert night.findings("careful", "error", "warning") == set()
    assert night.findings("careless", "error") == ERRORS.get(scenario, set())
    for project in night.projects:
        assert project.errors == []
        assert project.faults.unused() == ()


async def carefully_removed(client: CarefulClient, project: Project) -> None:
    await client.remove(await client.back_up(node(project), "nightly"))


def carelessly_removed(client: CarelessClient, project: Project) -> None:
    client.remove(client.back_up(node(project), "nightly"))


def create(project: Project, place: int = 0) -> requests.Response:
    """Ask for a backup as neither client does: once, and without an eye for the answer."""
    body = {"backup": {"name": "nightly", "instance": node(project, place)}}
    return requests.post(f"{project.v1_url}/backups", json=body, headers={"X-Auth-Token": project.token}, timeout=10)


def one_good(outcome: Outcome) -> bool:
    """Return whether there is one backup, which is good, and the client knows its id."""
    return outcome.backups == [("nightly", "COMPLETED")] and outcome.result == outcome.project.backups[0].id


def duplicated(outcome: Outcome) -> bool:
    """Return whether there are two backups where one was wanted, and the client knows of one."""
    return len(outcome.backups) == 2 and outcome.result == outcome.project.backups[1].id


# The answer is lost, and the backup is not


def test_lost_response(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert one_good(careful)
    assert len(careful.calls(CREATE)) == 1
    assert duplicated(careless)


def test_hanging_create(night: Night) -> None:
    careful, careless = night.careful(timeout=0.3), night.careless(timeout=0.3)

    assert one_good(careful)
    assert len(careful.calls(CREATE)) == 1
    assert duplicated(careless)


def test_zombie_create(night: Night) -> None:
    careful, careless = night.careful(), night.careless()
    for outcome in (careful, careless):
        outcome.project.clock.advance("1m")

    assert one_good(careful)
    assert len(careful.calls(CREATE)) == 2
    assert careless.backups == [("nightly-1", "COMPLETED"), ("nightly-0", "COMPLETED")]
    assert careless.result == careless.project.backups[0].id


def test_gateway_html_502(night: Night) -> None:
    careful, careless = night.careful(poll=1), night.careless()

    assert one_good(careful)
    assert len(careful.calls(CREATE)) == 1
    assert duplicated(careless)


def test_truncated_json(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert one_good(careful)
    assert len(careful.calls(CREATE)) == 1
    assert duplicated(careless)


def test_cut_off_answer(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert one_good(careful)
    assert duplicated(careless)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        create(night.project())  # the head arrives, and not all of the body


def test_lost_delete_response(night: Night) -> None:
    careful, careless = night.careful(carefully_removed), night.careless(carelessly_removed)

    assert (careful.result, careful.backups) == (None, [])
    assert isinstance(careless.result, requests.HTTPError)
    assert careless.result.response.json()["errCode"] == "RDS.3016"
    careless.project.clock.advance("2s")
    assert careless.backups == []  # though it reported a failure


# The connection


def test_slow_loris_answer(night: Night) -> None:
    night.haste = 5
    careful = night.careful(timeout=0.3)

    assert one_good(careful)
    assert [entry.ended for entry in careful.calls(LIST)][:2] == ["aborted", ""]
    with ThreadPoolExecutor() as pool:
        careless = pool.submit(night.careless, timeout=0.3)
        try:
            dripping = until(lambda: len(night.projects) == 2 and night.projects[1].journal.entries(LIST))[0]
            until(lambda: dripping.sent >= 48)  # which takes longer than the timeout
            assert not careless.done()
        finally:
            night.projects[1].forget()


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 10
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
    return found


def test_stale_keep_alive(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert one_good(careful)
    assert isinstance(careless.result, requests.ConnectionError)
    assert len(careless.backups) == 1  # which nobody knows


def test_flaky_sequence(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert one_good(careful)
    assert isinstance(careless.result, requests.ConnectionError)
    assert len(careless.backups) == 2
    forget_unused(night, careless)


def test_outage_window(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert one_good(careful)
    assert careful.waited > 360
    assert isinstance(careless.result, requests.ConnectionError)
    careless.project.clock.advance("1h")
    assert [status for _, status in careless.backups] == ["COMPLETED"]  # which nobody knows
    for outcome in (careful, careless):
        ended = [entry.ended for entry in outcome.calls(LIST)]
        assert "RST" in ended
        assert ended.index("FIN") < ended.index("RST")  # the drain comes first


# Refused for a while


def test_abnormal_response(night: Night) -> None:
    async def carefully(client: CarefulClient, project: Project) -> str:
        kept = await client.back_up(node(project), "nightly")
        await client.remove(await client.back_up(node(project), "nightly-2"))
        return kept

    careful = night.careful(carefully)
    careless = night.careless()

    assert one_good(careful)
    assert [entry.status for entry in careful.calls(CREATE)] == [502, 503, 500, 409, 200, 200]
    assert str(careless.result) == "could not create the backup"
    assert careless.backups == []
    forget_unused(night, careless)


def forget_unused(night: Night, outcome: Outcome) -> None:
    """Do not ask that every fault fired for a client that gave up before."""
    night.projects.remove(outcome.project)
    assert outcome.project.errors == []


def test_retry_storm(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert one_good(careful)
    assert [entry.status for entry in careful.calls(CREATE)] == [429, 503, 503, 429, 429, 200]
    assert all(gap >= asked for gap, asked in zip(careful.gaps(CREATE), (20, 90, 90, 20, 20), strict=True))
    assert str(careless.result) == "could not create the backup"
    assert careless.gaps(CREATE) == [2, 2]
    forget_unused(night, careless)


def test_rate_limited(night: Night) -> None:
    careful, careless = night.careful(), night.careless(poll=1)

    assert one_good(careful)
    assert [entry.error for entry in careful.calls(LIST)].count("APIGW.0308") <= 2
    refused = [entry.error == "APIGW.0308" for entry in careless.calls(LIST)]
    assert sum(refused) > 0.8 * len(refused)


def test_instance_busy(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert one_good(careful)
    assert [entry.error for entry in careful.calls(CREATE)] == ["RDS.0011"] * 4 + [None]
    assert str(careless.result) == "could not create the backup"
    assert careless.backups == []
    forget_unused(night, careless)


def test_quota_exceeded(night: Night) -> None:
    async def carefully(client: CarefulClient, project: Project) -> None:
        for n in range(3):
            await client.back_up(node(project), f"nightly-{n}")

    def carelessly(client: CarelessClient, project: Project) -> None:
        for n in range(3):
            client.back_up(node(project), f"nightly-{n}")
            project.clock.advance("1h")

    careful, careless = night.careful(carefully), night.careless(carelessly)

    assert careful.backups == [("nightly-1", "COMPLETED"), ("nightly-2", "COMPLETED")]
    assert str(careless.result) == "could not create the backup"
    careless.project.clock.advance("1m")
    assert careless.backups == []


def test_quota_freed_by_delete(night: Night) -> None:
    async def carefully(client: CarefulClient, project: Project) -> str:
        return await client.back_up(node(project), "nightly-3")

    careful = night.careful(carefully)
    careless = night.careless(lambda client, project: client.back_up(node(project), "nightly-3"))

    assert [name for name, _ in careful.backups] == ["before-upgrade", "nightly-2", "nightly-3"]
    assert [name for name, _ in careless.backups if name == "before-upgrade"] == []


# Credentials


def test_token_expires_mid_poll(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert one_good(careful)
    assert [entry.status for entry in careful.calls(LIST)].count(401) == 1
    assert isinstance(careless.result, WaitsForEver)
    assert {entry.status for entry in careless.calls(LIST)[1:]} == {401}


def test_clock_skew(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert isinstance(careful.result, BackupError)
    assert str(careful.result).startswith("401 APIGW.0301 (request id ")
    assert len(careful.project.journal) == 2  # a token, and it was fresh
    assert str(careless.result) == "could not create the backup"
    assert len(careless.project.journal) == 4


def test_wrong_scope(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert isinstance(careful.result, BackupError)
    assert re.fullmatch(r"403 RDS\.\d{4} \(request id \w+\)", str(careful.result))
    assert len(careful.project.journal) == 2  # a token, and a call
    assert str(careless.result) == "could not create the backup"
    assert len(careless.project.journal) == 4


# How backups end


def test_slow_backups(night: Night) -> None:
    careless = night.careless(timeout=0.05)
    night.haste = 10
    careful = night.careful(poll=300)

    assert one_good(careful)
    assert careful.waited > 60
    assert str(careless.result) == "could not create the backup"
    assert [entry.status for entry in careless.calls(CREATE)] == [None, None, None]
    forget_unused(night, careless)


def test_backup_fails(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert str(careful.result) == f"backup {careful.project.backups[0].id} is FAILED"
    assert isinstance(careless.result, WaitsForEver)


def test_backup_fails_late(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert str(careful.result) == f"backup {careful.project.backups[1].id} is FAILED"
    assert careful.project.backups[1].reason == "the disk is full"
    assert 2400 <= careful.waited < 2500
    assert (careless.result, careless.waited) == (careless.project.backups[1].id, 0)  # "success"
    careless.project.clock.advance("40m")
    assert [status for _, status in careless.backups] == ["COMPLETED", "FAILED"]


def test_slow_instance(night: Night) -> None:
    async def carefully(client: CarefulClient, project: Project) -> None:
        for n, name in enumerate(("nightly-orders", "nightly-ledger")):
            await client.back_up(node(project, n), name)

    def carelessly(client: CarelessClient, project: Project) -> None:
        for n, name in enumerate(("nightly-orders", "nightly-ledger")):
            client.back_up(node(project, n), name)

    careful, careless = night.careful(carefully), night.careless(carelessly)

    assert careful.backups == [("nightly-orders", "COMPLETED"), ("nightly-ledger", "COMPLETED")]
    assert careful.waited > 2 * 3600
    assert careless.result is None  # "success"
    assert [status for _, status in careless.backups] == ["COMPLETED", "BUILDING"]


def test_stuck_building(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    (backup,) = careful.project.backups
    assert str(careful.result) == f"nightly is not done in time: backup {backup.id} is BUILDING"
    assert isinstance(careless.result, WaitsForEver)


def test_stuck_delete(night: Night) -> None:
    careful, careless = night.careful(carefully_removed), night.careless(carelessly_removed)

    assert str(careful.result) == f"{careful.project.backups[0].id} is not gone in time: it is DELETING"
    assert len(careful.calls(DELETE)) == 1
    assert careless.result is None  # "success"
    careless.project.clock.advance("10h")
    assert [status for _, status in careless.backups] == ["DELETING"]


# What answers say


def test_eventual_consistency(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert one_good(careful)
    assert len(careful.calls(CREATE)) == 1
    assert duplicated(careless)


def test_schema_drift(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert one_good(careful)
    assert len(careful.calls(CREATE)) == 1
    assert str(careless.result) == "could not create the backup"
    assert len(careless.backups) == 2
    forget_unused(night, careless)


def test_unknown_status(night: Night) -> None:
    careful, careless = night.careful(), night.careless()

    assert str(careful.result).endswith(" is COMPLETED_WITH_ERRORS")
    assert careless.result == careless.project.backups[0].id  # "success"


def test_wrong_content_type(night: Night) -> None:
    careful, careless = night.careful(carefully_removed), night.careless(carelessly_removed)

    assert (careful.result, careful.backups) == (None, [])
    assert careless.result is None  # "success"
    careless.project.clock.advance("1h")
    assert [status for _, status in careless.backups] == ["COMPLETED"]


def test_degraded_day(night: Night) -> None:
    async def carefully(client: CarefulClient, project: Project) -> None:
        for n in range(4):
            await client.back_up(node(project), f"nightly-{n}")
            project.clock.advance("1h")

    def carelessly(client: CarelessClient, project: Project) -> None:
        for n in range(4):
            client.back_up(node(project), f"nightly-{n}")
            project.clock.advance("1h")

    night.haste = 10
    seed = 402  # the eighth request is the one in a hundred, for both the third create
    careful, careless = night.careful(carefully, seed=seed), night.careless(carelessly, seed=seed)

    assert careful.backups == [(f"nightly-{n}", "COMPLETED") for n in range(4)]
    assert len(careless.backups) == 5
    for outcome in (careful, careless):
        outcome.project.clock.advance("24h")
        answer = requests.get(f"{outcome.project.v1_url}/backups", headers={"X-Auth-Token": "t"}, timeout=10)
        assert "X-Mockrds-Fault" not in answer.headers


# The library as a whole

PAGE = (ROOT / "docs" / "scenarios.md").read_text()


def row(name: str) -> str:
    """Write the line of the page about a scenario, from its header: Simulates, A good client, A bad one."""
    first, *lines = library()[name].read_text().splitlines()
    header = "\n".join(line.removeprefix("#").strip() for line in lines[: lines.index("")]).strip()
    told = dict(paragraph.replace("\n", " ").split(": ", 1) for paragraph in header.split("\n\n"))

    assert first == "# yaml-language-server: $schema=./schema.json"
    assert list(told) == ["Simulates", "A good client", "A bad one"]
    return (
        f"| [`{name}`](../scenarios/{name}.yaml) | {load(name).description} |"
        f" {told['A good client']} | {told['A bad one']} |"
    )


def test_every_scenario_has_a_test() -> None:
    assert [name for name in library() if f"test_{name.replace('-', '_')}" not in globals()] == []


@pytest.mark.parametrize("name", library())
def test_the_page_says_what_the_header_does(name: str) -> None:
    assert [line for line in PAGE.splitlines() if f"[`{name}`]" in line] == [row(name)]


def test_the_page_lists_nothing_else() -> None:
    assert sorted(re.findall(r"^\| \[`([a-z0-9-]+)`\]", PAGE, re.MULTILINE)) == sorted(library())


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The scenario of the page that is written by hand."""
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "bad-night.yaml"
    file.write_text(text)
    return file


def test_the_example_does_what_the_page_says(server: MockRDS, frozen: ClockSetting, example: Path) -> None:
    project = server.project(scenario=example, clock=frozen)

    with pytest.raises(requests.ConnectionError):
        create(project, place=1)
    listed = [requests.get(f"{project.v1_url}/backups", headers={"X-Auth-Token": "t"}, timeout=10) for _ in range(3)]

    (backup,) = project.backups
    assert (backup.instance.name, backup.ends - backup.created) == ("ledger", 7200)
    assert [answer.status_code for answer in listed] == [200, 500, 200]
    assert project.faults.unused() == ()


def test_the_commands_of_the_page_take_the_example(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = re.findall(r"\*\*`mockrds (\w+) bad-night\.yaml`\*\*", PAGE)

    assert commands == ["lint", "explain"]
    assert [main([command, str(example)]) for command in commands] == [0, 0]
    out = capsys.readouterr().out
    assert f"{example}: ok" in out
    assert "RDS.9999  [list fails]" in out


def test_the_library_passes_the_linter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", *library()]) == 0

    assert capsys.readouterr().out == "".join(f"{name}: ok\n" for name in library())
