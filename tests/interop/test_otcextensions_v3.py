"""python-otcextensions, unmodified, in a process of its own: API v3, which it finds by way of the catalog."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
from support.api import FROZEN
from support.client_process import OPENSTACK, process

from mockrds import MockRDS
from mockrds.domain.clock import ClockSetting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mockrds.project import Project

    Call = Callable[..., Any]

pytestmark = pytest.mark.skipif(
    find_spec("otcextensions") is None, reason="otcextensions is not installed: python3 dev.py test installs it"
)

CLOUDS = """
clouds:
  mock:
    auth:
      auth_url: {url}/v3
      username: user
      password: secret
      user_domain_name: OTC00000000001000000001
      project_name: eu-de_interop
    region_name: eu-de
"""
UNKNOWN = f"{'0' * 32}in01"
UNKNOWN_BACKUP = f"{'0' * 32}br01"
STEP = {"progression": "manual", "looks": 2}


def refusal(name: str, status: int, code: str) -> dict[str, Any]:
    """What the client raises: of API v3's envelope it keeps the code."""
    return {"raised": name, "status": status, "details": code}


def asked(project: Project) -> list[str]:
    """What the client asked, in order, tokens apart: method and what stands after the project's part of the path."""
    return [
        f"{entry.method} {entry.path.partition(project.id)[2]}" for entry in project.journal if project.id in entry.path
    ]


@pytest.fixture
def project() -> Iterator[Project]:
    with MockRDS(clock=FROZEN, auth="strict") as mock:
        project = mock.project("eu-de_interop")
        yield project
        assert project.errors == []


@pytest.fixture
def rds(project: Project, tmp_path: Path) -> Iterator[Call]:
    """Calls a method of the client's proxy of the database service."""
    (tmp_path / "clouds.yaml").write_text(CLOUDS.format(url=project.url))
    with process(
        OPENSTACK,
        "otcextensions_process",
        tmp_path,
        OS_CLOUD="mock",
        OS_CLIENT_CONFIG_FILE=str(tmp_path / "clouds.yaml"),
    ) as call:
        yield call


# Backups


def test_a_backup_is_made_watched_and_deleted(rds: Call, project: Project) -> None:
    instance = project.instances[0]

    made = rds("create_backup", instance.id, name="nightly", description="by hand")
    building = rds("backups", instance.id)
    project.clock.advance("3s")
    completed = rds("backups", instance.id)
    deleted = rds("delete_backup", made["id"])
    deleting = rds("find_backup", made["id"], instance.id)
    project.clock.advance("5s")
    gone = rds("find_backup", made["id"], instance.id)

    begun = {
        "id": made["id"],
        "name": "nightly",
        "instance_id": instance.id,
        "begin_time": "2026-01-31T22:00:00+0000",
        "type": "manual",
    }
    datastore = {"type": "MySQL", "version": "5.7"}
    assert made == begun | {"status": "BUILDING", "description": "by hand"}
    assert building == [begun | {"status": "BUILDING", "datastore": datastore}]
    assert type(completed[0].pop("size")) is int
    ended = begun | {"datastore": datastore, "end_time": "2026-01-31T22:00:03+0000"}
    assert completed == [ended | {"status": "COMPLETED"}]
    assert "raised" not in (deleted or {})
    assert deleting["status"] == "DELETING"
    assert gone is None


@pytest.mark.parametrize(("outcome", "raised"), [("COMPLETED", None), ("FAILED", "ResourceFailure")])
def test_a_backup_is_waited_for(project: Project, tmp_path: Path, outcome: str, raised: str | None) -> None:
    instance = project.instances[0]
    project.faults.add(operation="v3.create_manual_backup", lifecycle=STEP | {"outcome": outcome})
    (tmp_path / "clouds.yaml").write_text(CLOUDS.format(url=project.url))

    with process(
        OPENSTACK,
        "otcextensions_process",
        tmp_path,
        OS_CLOUD="mock",
        OS_CLIENT_CONFIG_FILE=str(tmp_path / "clouds.yaml"),
    ) as rds:
        made = rds("create_backup", instance.id, name="nightly")
        waited = rds("wait_for_backup", {"made": made["id"]}, interval=0.01, wait=20)

    assert waited.get("raised") == raised
    assert raised or (waited["status"], waited["id"]) == ("COMPLETED", made["id"])
    polls = [path for path in asked(project) if path.startswith("GET")]
    assert polls == [f"GET /backups?instance_id={instance.id}&backup_id={made['id']}"] * 3


def test_pages_are_asked_for_until_one_is_empty(rds: Call, project: Project) -> None:
    instance = project.instances[0]
    names = [f"backup-{number}" for number in range(5)]
    for name in names:
        rds("create_backup", instance.id, name=name)
        project.clock.advance("3s")
    project.journal.clear()

    listed = rds("backups", instance.id, limit=2)

    assert [backup["name"] for backup in listed] == names[::-1]
    queries = [dict(parse_qsl(path.partition("?")[2])) for path in asked(project)]
    first = {"instance_id": instance.id, "limit": "2"}
    assert queries == [first, *(first | {"offset": offset} for offset in ("2", "4", "5"))]


def test_backups_are_chosen_by_type_and_time(rds: Call, project: Project) -> None:
    instance = project.instances[0]
    rds("create_backup", instance.id, name="early")
    project.clock.advance("1h")
    rds("create_backup", instance.id, name="late")
    window = {"begin_time": "2026-01-31T22:30:00+0000", "end_time": "2026-01-31T23:30:00+0000"}

    chosen = [rds("backups", instance.id, **query) for query in (window, {"type": "manual"}, {"type": "fragment"})]

    assert [[backup["name"] for backup in backups] for backups in chosen] == [["late"], ["late", "early"], []]


def test_a_backup_is_found_by_id_and_by_name(rds: Call, project: Project) -> None:
    instance, other = project.instances[:2]
    made = rds("create_backup", instance.id, name="nightly")
    project.clock.advance("3s")
    rds("create_backup", instance.id, name="weekly")

    found = [rds("find_backup", wanted, instance.id) for wanted in (made["id"], "nightly", "no-such")]
    elsewhere = rds("find_backup", "nightly", other.id)
    refused = rds("find_backup", "no-such", instance.id, ignore_missing=False)

    assert [backup and backup["id"] for backup in found] == [made["id"], made["id"], None]
    assert elsewhere is None
    assert refused["raised"] == "NotFoundException"


def test_the_links_of_a_backup_are_given(rds: Call, project: Project) -> None:
    made = rds("create_backup", project.instances[0].id, name="nightly")
    project.clock.advance("3s")

    [link] = rds("backup_download_links", made["id"])

    assert link["name"].startswith(made["id"])
    assert (type(link["size"]), link["expires_at"]) == (int, "2026-01-31T22:05:03+0000")
    assert link["download_link"].startswith("https://")


def test_an_instance_is_restored(rds: Call, project: Project) -> None:
    instance = project.instances[0]
    made = rds("create_backup", instance.id, name="nightly")
    project.clock.advance("3s")

    job = rds("restore_instance", instance.id, {"made": made["id"]})
    restoring = instance.status_at(project.clock.now())
    project.clock.advance("1h")
    [times] = rds("get_instance_restore_time", instance.id)
    again = rds("restore_instance", instance.id, restore_time=times["end_time"])

    assert isinstance(job, str)
    assert isinstance(again, str)
    assert job != again
    assert restoring == "RESTORING"
    assert instance.status_at(project.clock.now()) == "RESTORING"


def test_the_backup_policy_is_told_and_set(rds: Call, project: Project) -> None:
    instance = project.instances[0]

    before = rds("get_instance_backup_policy", instance.id)
    rds("set_instance_backup_policy", instance.id, keep_days=5, start_time="03:00-04:00", period="1,2,3")
    after = rds("get_instance_backup_policy", instance.id)
    rds("set_instance_backup_policy", instance.id, keep_days=0)
    off = rds("get_instance_backup_policy", instance.id)

    assert before == {"keep_days": 7, "start_time": "02:00-03:00", "period": "1,2,3,4,5,6,7"}
    assert after == {"keep_days": 5, "start_time": "03:00-04:00", "period": "1,2,3"}
    assert off == {"keep_days": 0}


# Instances and jobs


def test_instances_are_listed_and_found_by_id_and_by_name(rds: Call, project: Project) -> None:
    instance = project.instances[1]

    listed = rds("instances")
    found = [rds("find_instance", wanted) for wanted in (instance.id, instance.name, "no-such")]
    got = rds("get_instance", instance.id)
    missing = rds("get_instance", UNKNOWN)

    assert [(row["id"], row["name"], row["status"]) for row in listed] == [
        (each.id, each.name, "ACTIVE") for each in project.instances
    ]
    assert (listed[1]["datastore"]["type"], listed[1]["volume"]["size"]) == ("PostgreSQL", instance.volume_gb)
    assert type(listed[1]["port"]) is int
    assert [row and row["id"] for row in found] == [instance.id, instance.id, None]
    assert got["name"] == instance.name
    assert missing["raised"] == "NotFoundException"


def test_an_instance_is_made_waited_for_and_deleted(rds: Call, project: Project) -> None:
    source = project.instances[0]
    [flavor] = [row for row in rds("flavors", "MySQL", version_name="5.7") if row["name"] == source.flavor.spec_code]

    made = rds(
        "create_instance",
        name="another",
        datastore={"type": "MySQL", "version": "5.7"},
        flavor_ref=flavor["name"],
        volume={"type": "ULTRAHIGH", "size": 100},
        region="eu-de",
        availability_zone=source.nodes[0].availability_zone,
        router_id=source.vpc_id,
        network_id=source.subnet_id,
        security_group_id=source.security_group_id,
        password="Test@12345678",
    )
    project.clock.advance("1h")
    waited = rds("wait_for_job", made["job_id"], interval=0.01, wait=20)
    active = rds("get_instance", made["id"])
    deleted = rds("delete_instance", made["id"], ignore_missing=False)
    project.clock.advance("1h")
    gone = rds("find_instance", made["id"])

    assert waited["status"] == "Completed"
    assert (active["status"], active["name"]) == ("ACTIVE", "another")
    assert "raised" not in (deleted or {})
    assert gone is None


def test_a_backup_is_restored_to_a_new_instance(rds: Call, project: Project) -> None:
    source = project.instances[0]
    backup = rds("create_backup", source.id, name="nightly")
    project.clock.advance("3s")

    made = rds(
        "cloud.create_rds_instance",
        "from-nightly",
        wait=False,
        wait_interval=None,
        datastore_type="MySQL",
        datastore_version="5.7",
        flavor=source.flavor.spec_code,
        volume_type="ULTRAHIGH",
        volume_size=source.volume_gb,
        region="eu-de",
        availability_zone=source.nodes[0].availability_zone,
        network="default",
        router="default",
        security_group="default",
        password="Test@12345678",
        from_instance=source.name,
        backup="nightly",
    )
    project.clock.advance("1h")

    assert rds("wait_for_job", made["job_id"], interval=0.01)["status"] == "Completed"
    new = next(instance for instance in project.instances if instance.name == "from-nightly")
    assert (new.id, new.status_at(project.clock.now())) == (made["id"], "ACTIVE")
    assert backup["instance_id"] == source.id


def test_engines_flavors_and_storage_types_are_listed(rds: Call) -> None:
    versions = [row["name"] for row in rds("datastores", "postgresql")]
    flavors = rds("flavors", "PostgreSQL", version_name=versions[0])
    storage = rds("storage_types", "MySQL", "5.7")

    assert "16" in versions
    assert all(isinstance(row["vcpus"], str) and type(row["ram"]) is int for row in flavors)
    assert "CLOUDSSD" in [row["name"] for row in storage]


# What goes wrong


def test_refusals_become_the_exceptions_of_openstacksdk(rds: Call, project: Project) -> None:
    instance, replica = project.instances[0], project.instances[3]
    made = rds("create_backup", instance.id, name="nightly")

    raised = [
        rds("create_backup", instance.id, name="another"),
        rds("create_backup", instance.id, name="?"),
        rds("create_backup", UNKNOWN, name="another"),
        rds("create_backup", "nonsense", name="another"),
        rds("create_backup", replica.id, name="another"),
        rds("delete_backup", UNKNOWN_BACKUP, ignore_missing=False),
        rds("set_instance_backup_policy", instance.id, keep_days=733),
    ]
    project.clock.advance("3s")
    rds("delete_backup", made["id"])
    twice = rds("delete_backup", made["id"], ignore_missing=False)

    assert raised == [
        refusal("ConflictException", 409, "DBS.201205"),
        refusal("BadRequestException", 400, "DBS.280277"),
        refusal("NotFoundException", 404, "DBS.200002"),
        refusal("BadRequestException", 400, "DBS.280404"),
        refusal("BadRequestException", 400, "DBS.201014"),
        refusal("NotFoundException", 404, "DBS.201010"),
        refusal("BadRequestException", 400, "DBS.280250"),
    ]
    assert twice == refusal("BadRequestException", 400, "DBS.201014")


@pytest.mark.parametrize("retry_after", [{}, {"Retry-After": "1"}])
def test_failures_are_raised_at_once_and_the_client_goes_on(
    rds: Call, project: Project, retry_after: dict[str, str]
) -> None:
    statuses = (429, 500, 502, 503, 504)
    for call, status in enumerate(statuses, 1):
        response = {"status": status, "headers": retry_after}
        project.faults.add(operation="v3.list_backups", calls=[call], response=response)

    answers = [rds("backups", project.instances[0].id) for _ in range(6)]

    assert [answer["status"] for answer in answers[:5]] == list(statuses)
    assert answers[5] == []
    assert project.journal.count("v3.list_backups") == 6


def test_a_token_that_expired_is_renewed_and_the_request_repeated(rds: Call, project: Project) -> None:
    project.clock.set(ClockSetting())  # that of the machine: the client looks at it, and renews old tokens by itself
    instance_id = project.instances[0].id
    before = rds("find_backup", "no-such", instance_id)
    project.clock.advance("25h")

    assert before is None
    rds("backups", instance_id, paginated=False)
    assert [entry.status for entry in project.journal][-3:] == [401, 201, 200]  # the second is for the token
