"""huaweicloudsdkrds, unmodified, in a process of its own: API v3 with requests whose signatures are verified."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from support.api import FROZEN
from support.client_process import HUAWEICLOUD, process

from mockrds import MockRDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mockrds.project import Project

    Call = Callable[..., Any]
    Client = Callable[..., AbstractContextManager[Call]]

pytestmark = pytest.mark.skipif(
    find_spec("huaweicloudsdkrds") is None,
    reason="huaweicloudsdkrds is not installed: python3 dev.py test installs it",
)
UNKNOWN_BACKUP = f"{'0' * 32}br01"


@pytest.fixture
def project() -> Iterator[Project]:
    with MockRDS(clock=FROZEN, auth="strict", access_keys={"AK": "SK"}) as mock:
        project = mock.project("eu-de_interop")
        yield project
        assert project.errors == []


@pytest.fixture
def client(project: Project, tmp_path: Path) -> Client:
    """Runs a client, sync or async, with its keys and a number of retries."""

    def client(kind: str = "sync", *, keys: str = "AK SK", retries: int = 0) -> AbstractContextManager[Call]:
        arguments = (project.url, project.id, *keys.split(), str(retries), kind)
        return process(HUAWEICLOUD, "huaweicloud_process", tmp_path, *arguments)

    return client


@pytest.fixture(params=["sync", "async"])
def rds(request: pytest.FixtureRequest, client: Client) -> Iterator[Call]:
    with client(request.param) as call:
        yield call


def refusal(status: int, code: str, message: str) -> dict[str, Any]:
    """What the client raises, without the id of the request."""
    name = "ClientRequestException" if status < 500 else "ServerResponseException"
    return {"raised": name, "status_code": status, "error_code": code, "error_msg": message}


def statuses(project: Project) -> list[int | None]:
    return [entry.status for entry in project.journal]


# Backups


def test_a_backup_is_made_watched_and_deleted(rds: Call, project: Project) -> None:
    instance = project.instances[0]
    wanted = {"instance_id": instance.id, "name": "nightly", "description": "by hand"}

    made = rds("create_manual_backup", body=wanted)["backup"]
    building = rds("list_backups", instance_id=instance.id, backup_id=made["id"])
    project.clock.advance("3s")
    completed = rds("list_backups", instance_id=instance.id)
    links = rds("show_backup_download_link", backup_id=made["id"])
    deleted = rds("delete_manual_backup", backup_id=made["id"])
    deleting = rds("list_backups", instance_id=instance.id)
    project.clock.advance("5s")
    gone = rds("list_backups", instance_id=instance.id, backup_id=made["id"])

    assert made == wanted | {
        "id": made["id"],
        "begin_time": "2026-01-31T22:00:00+0000",
        "status": "BUILDING",
        "type": "manual",
    }
    assert [(each["status"], building["total_count"]) for each in building["backups"]] == [("BUILDING", 1)]
    assert [(each["status"], type(each["size"])) for each in completed["backups"]] == [("COMPLETED", int)]
    assert [type(each["size"]) for each in links["files"]] == [int]
    assert "raised" not in (deleted or {})
    assert [each["status"] for each in deleting["backups"]] == ["DELETING"]
    assert gone == {"backups": [], "total_count": 0}


def test_pages_have_the_total(rds: Call, project: Project) -> None:
    instance = project.instances[0]
    for name in ("early", "middle", "late"):
        rds("create_manual_backup", body={"instance_id": instance.id, "name": name})
        project.clock.advance("3s")

    pages = [rds("list_backups", instance_id=instance.id, limit=2, offset=offset) for offset in (0, 2, 4)]

    names = [[backup["name"] for backup in page["backups"]] for page in pages]
    assert names == [["late", "middle"], ["early"], []]
    assert [page["total_count"] for page in pages] == [3, 3, 3]


def test_backups_are_deleted_in_a_batch(rds: Call, project: Project) -> None:
    instance = next(each for each in project.instances if each.datastore.type == "SQLServer")
    made = rds(
        "create_manual_backup", body={"instance_id": instance.id, "name": "nightly", "databases": [{"name": "a"}]}
    )
    project.clock.advance("3s")
    ids = [made["backup"]["id"], UNKNOWN_BACKUP]

    answer = rds("batch_delete_manual_backup", body={"backup_ids": ids})

    assert made["backup"]["databases"] == [{"name": "a"}]
    codes = [(result["backup_id"], result["error_code"]) for result in answer["delete_results"]]
    assert codes == [(ids[0], "0"), (ids[1], "DBS.201010")]


def test_the_backup_policy_is_told_and_set(rds: Call, project: Project) -> None:
    instance = project.instances[0]
    policy = {"keep_days": 5, "start_time": "03:00-04:00", "period": "1,2,3"}

    rds("set_backup_policy", instance_id=instance.id, body={"backup_policy": policy})

    assert rds("show_backup_policy", instance_id=instance.id) == {"backup_policy": policy}


def test_an_instance_is_restored(rds: Call, project: Project) -> None:
    instance = project.instances[0]
    made = rds("create_manual_backup", body={"instance_id": instance.id, "name": "nightly"})["backup"]
    project.clock.advance("3s")
    source = {"instance_id": instance.id, "type": "backup", "backup_id": made["id"]}

    restored = rds("restore_to_existing_instance", body={"source": source, "target": {"instance_id": instance.id}})
    busy = rds("create_manual_backup", body={"instance_id": instance.id, "name": "weekly"})
    project.clock.advance("1h")
    times = rds("list_restore_times", instance_id=instance.id)["restore_time"]

    assert type(restored["job_id"]) is str
    assert (busy["status_code"], busy["error_code"]) == (409, "DBS.200011")
    assert [(type(each["start_time"]), type(each["end_time"])) for each in times] == [(int, int)]


# Instances, jobs, quotas


def test_instances_are_listed(rds: Call, project: Project) -> None:
    listed = rds("list_instances")
    found = rds("list_instances", name="mysql-single", datastore_type="MySQL", limit=1, offset=0)
    unknown = rds("list_instances", id="no-such")

    assert [row["id"] for row in listed["instances"]] == [instance.id for instance in project.instances]
    assert listed["total_count"] == len(project.instances)
    assert [row["name"] for row in found["instances"]] == ["mysql-single"]
    assert unknown == {"instances": [], "total_count": 0}


def test_a_job_is_followed_to_its_end(rds: Call, project: Project) -> None:
    instance = project.instances[0]
    project.clock.advance("1s")
    backup = rds("create_manual_backup", body={"instance_id": instance.id, "name": "nightly"})["backup"]
    project.clock.advance("3s")
    source = {"instance_id": instance.id, "type": "backup", "backup_id": backup["id"]}
    job_id = rds("restore_to_existing_instance", body={"source": source, "target": {"instance_id": instance.id}})[
        "job_id"
    ]
    project.clock.advance("2s")

    running = rds("list_job_info", id=job_id)
    project.clock.advance("1h")
    completed = rds("list_job_info", id=job_id)
    missing = rds("list_job_info", id="00000000-0000-4000-8000-000000000000")

    assert (running["job"]["status"], running["job"]["instance"]["id"]) == ("Running", instance.id)
    assert completed["job"]["status"] == "Completed"
    assert missing["raised"] == "ClientRequestException"


def test_quotas_count_the_instances(rds: Call, project: Project) -> None:
    [quota] = [each for each in rds("show_quotas")["quotas"]["resources"] if each["type"] == "instance"]

    assert quota["used"] == len(project.instances)
    assert type(quota["quota"]) is int


# What goes wrong


def test_refusals_are_understood(rds: Call, project: Project) -> None:
    instance = project.instances[0]
    rds("create_manual_backup", body={"instance_id": instance.id, "name": "nightly"})
    project.journal.clear()

    raised = [
        rds("create_manual_backup", body={"instance_id": instance.id, "name": "weekly"}),
        rds("create_manual_backup", body={"instance_id": instance.id, "name": "?"}),
        rds("delete_manual_backup", backup_id=UNKNOWN_BACKUP),
    ]

    assert [error.pop("request_id") for error in raised] == [entry.request_id for entry in project.journal]
    assert raised == [
        refusal(409, "DBS.201205", "Backup is in progress, please wait."),
        refusal(400, "DBS.280277", "Invalid object name."),
        refusal(404, "DBS.201010", "The backup information does not exist."),
    ]


def test_another_secret_key_is_refused(client: Client, project: Project) -> None:
    instance_id = project.instances[0].id
    with client(keys="AK another") as rds:
        raised = [
            rds("list_backups", instance_id=instance_id),
            rds("create_manual_backup", body={"instance_id": instance_id, "name": "nightly"}),
        ]

    message = "Incorrect IAM authentication information: verify aksk signature fail"
    assert [error.pop("request_id") for error in raised] == [entry.request_id for entry in project.journal]
    assert raised == [refusal(401, "APIGW.0301", message)] * 2
    assert project.backups == ()


def test_an_access_key_that_the_server_does_not_have_is_refused(client: Client, project: Project) -> None:
    with client(keys="another SK") as rds:
        raised = rds("list_backups", instance_id=project.instances[0].id)

    message = "Incorrect IAM authentication information: Get secretKey failed,ak:another,err:ak not exist"
    assert (raised["status_code"], raised["error_msg"]) == (401, message)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {"Retry-After": "1"}, [429, 200]),
        (429, {}, [429, 200]),
        (503, {"Retry-After": "1"}, [503, 200]),
        (503, {}, [503]),
        (502, {}, [502]),
    ],
    ids=["429 and when", "429", "503 and when", "503", "502"],
)
def test_with_retries_some_lists_are_repeated(
    client: Client, project: Project, status: int, headers: dict[str, str], expected: list[int]
) -> None:
    project.faults.add(operation="v3.list_backups", first=1, response={"status": status, "headers": headers})

    with client(retries=2) as rds:
        answer = rds("list_backups", instance_id=project.instances[0].id)

    assert statuses(project) == expected
    assert answer.get("status_code") == (None if expected[-1] == 200 else status)


def test_the_wait_that_the_server_asks_for_is_kept(client: Client, project: Project) -> None:
    project.clock.set("real")
    project.faults.add(operation="v3.list_backups", first=1, response={"status": 503, "headers": {"Retry-After": "1"}})

    with client(retries=1) as rds:
        rds("list_backups", instance_id=project.instances[0].id)

    refused, repeated = project.journal
    assert repeated.arrived - refused.arrived >= 1.0


@pytest.mark.parametrize("status", [429, 503])
def test_a_backup_is_never_asked_for_again(client: Client, project: Project, status: int) -> None:
    response = {"status": status, "headers": {"Retry-After": "1"}}
    project.faults.add(operation="v3.create_manual_backup", first=1, response=response)

    with client(retries=2) as rds:
        raised = rds("create_manual_backup", body={"instance_id": project.instances[0].id, "name": "nightly"})

    assert raised["status_code"] == status
    assert statuses(project) == [status]


def test_a_rate_limit_says_which(client: Client, project: Project) -> None:
    project.faults.add(operation="v3.create_manual_backup", error="APIGW.0308")

    with client() as rds:
        raised = rds("create_manual_backup", body={"instance_id": project.instances[0].id, "name": "nightly"})

    assert (raised["status_code"], raised["error_code"]) == (429, "APIGW.0308")
