"""Libraries that try again, each recognised for what it is, on the wire: a hundred seeds each, where a seed decides."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import tenacity
from support.retriers import (
    AIOHTTP_RETRIERS,
    POOL,
    RETRIERS,
    TRIES,
    WITHOUT_CHANCE,
    RefusedError,
    ask,
    asleep,
    by_aiohttp_retry,
    patch,
    sleep,
    use,
    wish,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockrds.project import Project
    from mockrds.server import MockRDS

    Projects = Callable[..., Iterator[tuple[Project, random.Random]]]

SEEDS = 100
ALIKE = 5
"""Seeds of those whose waits no seed decides: all that differs is how busy the machine is."""
needs_sdks = pytest.mark.skipif(
    find_spec("huaweicloudsdkrds") is None or find_spec("keystoneauth1") is None,
    reason="the clients of the cloud are not installed: python3 dev.py test installs them",
)


@pytest.fixture(autouse=True, scope="module")
def _no_socket_is_left() -> Iterator[None]:
    yield
    POOL.clear()


@pytest.fixture
def projects(server: MockRDS) -> Iterator[Projects]:
    """A project for each of some seeds, where no backup can be made for now, and the client's chance."""
    made: list[Project] = []

    def projects(seeds: int = SEEDS) -> Iterator[tuple[Project, random.Random]]:
        for seed in range(seeds):
            project = server.project(seed=seed)
            made.append(project)
            project.faults.add(operation="create_manual_backup", response={"status": 503}, times=TRIES - 1)
            use(project)
            random.seed(seed)
            yield project, random.Random(seed)

    yield projects
    for project in made:
        project.forget()


def kind(project: Project) -> str:
    verdict = project.verdict
    assert [len(op.attempts) for op in verdict.operations] == [TRIES], verdict.operations
    verdict.assert_same_body()
    verdict.assert_did_not_give_up()
    verdict.assert_no_retry_of_permanent_errors()
    return verdict.backoff.kind


@pytest.mark.parametrize("name", RETRIERS)
def test_a_library_is_known_by_its_waits(
    name: str,
    projects: Projects,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patch(monkeypatch, "urllib3.util.retry", "backoff._sync")
    expected, retrier = RETRIERS[name]
    wrong = []
    for seed, (project, chance) in enumerate(projects(ALIKE if name in WITHOUT_CHANCE else SEEDS)):
        retrier(project, chance)
        if kind(project) != expected:
            wrong.append((seed, project.verdict.backoff))

    assert wrong == []


@pytest.mark.parametrize(("expected", "options"), AIOHTTP_RETRIERS.values(), ids=AIOHTTP_RETRIERS)
async def test_aiohttp_retry_is_known_by_its_waits(
    expected: str,
    options: Any,
    projects: Projects,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aiohttp_retry.client.asyncio", SimpleNamespace(sleep=asleep))
    wrong = []
    async with aiohttp.ClientSession() as session:
        for seed, (project, chance) in enumerate(projects()):
            await by_aiohttp_retry(session, project, options(chance))
            if kind(project) != expected:
                wrong.append((seed, project.verdict.backoff))

    assert wrong == []


@needs_sdks
@pytest.mark.parametrize(
    ("expected", "strategy"),
    [
        ("none", "NoBackoffStrategy"),
        ("exponential", "ExponentialBackoffStrategy"),
        ("jittered", "EqualJitterBackoffStrategy"),
        ("jittered", "RandomJitterBackoffStrategy"),
    ],
)
def test_huaweicloudsdk_is_known_by_its_waits(
    expected: str, strategy: str, projects: Projects, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkcore.retry import backoff_strategy
    from huaweicloudsdkrds import v3

    patch(monkeypatch, "huaweicloudsdkcore.invoker.invoker")
    wrong = []
    for seed, (project, _) in enumerate(projects(SEEDS if "Jitter" in strategy else ALIKE)):
        builder = v3.RdsClient.new_builder().with_credentials(BasicCredentials("AK", "SK", project.id))
        client = builder.with_endpoint(project.url).build()
        body = v3.CreateManualBackupRequestBody(instance_id=project.instances[0].id, name="nightly")
        invoker = client.create_manual_backup_invoker(v3.CreateManualBackupRequest(body=body))
        how = getattr(backoff_strategy, strategy)()
        # Its waits begin with 20 milliseconds, which can't be seen: later ones tell.
        invoker.with_retry(lambda _, error: error is not None, TRIES - 1, _Later(how)).invoke()
        client._http_client.close()
        if kind(project) != expected:
            wrong.append((seed, project.verdict.backoff))

    assert wrong == []


class _Later:
    """A strategy of the SDK, a few retries on."""

    def __init__(self, strategy: Any) -> None:
        self._strategy = strategy

    def calculate_retry_delay_millis(self, retries: int) -> int:
        delay: int = self._strategy.calculate_retry_delay_millis(retries + 5)
        return delay


@needs_sdks
@pytest.mark.parametrize(
    ("expected", "how"),
    [
        ("exponential", {"status_code_retries": TRIES - 1, "retriable_status_codes": [503]}),
        (
            "constant",
            {"status_code_retries": TRIES - 1, "retriable_status_codes": [503], "status_code_retry_delay": 2.5},
        ),
    ],
    ids=["as it comes", "with a delay"],
)
def test_keystoneauth_is_known_by_its_waits(
    expected: str,
    how: dict[str, Any],
    projects: Projects,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from keystoneauth1.session import Session

    patch(monkeypatch, "keystoneauth1.session")
    session = Session()
    wrong = []
    for seed, (project, _) in enumerate(projects(ALIKE)):
        headers = {"X-Auth-Token": project.token}
        url = f"{project.v1_url}/backups"
        session.post(url, json=wish(project), headers=headers, authenticated=False, **how)
        if kind(project) != expected:
            wrong.append((seed, project.verdict.backoff))
    session.session.close()

    assert wrong == []


@needs_sdks
def test_keystoneauth_tries_to_connect_again_with_backoff(projects: Projects, monkeypatch: pytest.MonkeyPatch) -> None:
    from keystoneauth1.session import Session

    patch(monkeypatch, "keystoneauth1.session")
    project, _ = next(projects())
    project.faults.clear()
    project.faults.add(operation="create_manual_backup", fault="CONNECTION_RESET_BY_PEER", times=TRIES - 1)
    session = Session()
    headers = {"X-Auth-Token": project.token}
    session.post(
        f"{project.v1_url}/backups", json=wish(project), headers=headers, authenticated=False, connect_retries=TRIES
    )
    session.session.close()

    assert kind(project) == "exponential"


@needs_sdks
def test_the_retries_of_huaweicloudsdk_honour_retry_after_and_do_not_wait_else(
    projects: Projects, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkcore.http.http_config import HttpConfig
    from huaweicloudsdkrds import v3

    patch(monkeypatch, "urllib3.util.retry")
    project, _ = next(projects())
    project.faults.add(operation="list_backups", error="APIGW.0308", retry_after="7s", times=2)
    project.faults.add(operation="list_instances", error="APIGW.0308", times=4)
    builder = v3.RdsClient.new_builder().with_credentials(BasicCredentials("AK", "SK", project.id))
    client = builder.with_endpoint(project.url).with_http_config(HttpConfig(retry_times=5)).build()
    client.list_backups(v3.ListBackupsRequest(instance_id=project.instances[0].id))
    client.list_instances(v3.ListInstancesRequest())
    client._http_client.close()

    backups, instances = project.verdict.operations
    assert (list(backups.waits), backups.backoff.kind) == ([7, 7], "unseen")
    assert (instances.retries, instances.backoff.kind) == (4, "none")
    project.verdict.assert_retry_after_honoured()


def test_waits_in_real_time_are_known_too(server: MockRDS) -> None:
    waits: dict[str, Any] = {
        "none": tenacity.wait_none(),
        "constant": tenacity.wait_fixed(0.3),
        "linear": tenacity.wait_incrementing(0.1, 0.2),
        "exponential": tenacity.wait_exponential(0.2, min=0),
        "jittered": tenacity.wait_chain(*(tenacity.wait_fixed(wait) for wait in (0.3, 0.1, 0.6, 0.2))),
    }

    def kind_of(name: str) -> str:
        project = server.project()
        project.faults.add(operation="create_manual_backup", response={"status": 503}, times=4)
        retrying = tenacity.Retrying(stop=tenacity.stop_after_attempt(5), wait=waits[name], reraise=True)
        retrying(ask, project)
        return project.verdict.backoff.kind

    left = list(waits)
    for _ in range(3):  # the machine may be busy
        with ThreadPoolExecutor(len(waits)) as pool:
            left = [name for name, kind in zip(left, pool.map(kind_of, left), strict=True) if kind != name]
        if not left:
            break

    assert left == []


def test_alike_waits_in_the_same_place_of_several_operations_are_no_chance(server: MockRDS) -> None:
    """Two waits alone might be anything that grows; four operations with the same two are not jittered."""
    project = server.project()
    use(project)
    for name in ("one", "two", "three", "four"):
        project.faults.clear()
        project.faults.add(operation="create_manual_backup", response={"status": 503}, times=2)
        for wait in (1.0, 2.0, None):
            try:
                ask(project)
            except RefusedError:
                sleep(wait or 0)
        project.clock.advance("1h")
        del name

    backoff = project.verdict.backoff
    assert (backoff.kind, len(backoff.waits)) == ("exponential", 8)
