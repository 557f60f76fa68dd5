"""The ``openstack`` command with the plugin of python-otcextensions: what it has for API v3."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from support.api import FROZEN
from support.client_process import OPENSTACK

from mockrds import MockRDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mockrds.project import Project

    Command = Callable[..., tuple[int, Any]]

pytestmark = pytest.mark.skipif(
    find_spec("openstackclient") is None or find_spec("otcextensions") is None,
    reason="python-openstackclient or otcextensions is not installed: python3 dev.py test installs it",
)
AT_ONCE = {"progression": "immediate"}


@pytest.fixture
def project() -> Iterator[Project]:
    with MockRDS(clock=FROZEN, auth="strict") as mock:
        project = mock.project("eu-de_interop")
        yield project
        assert project.errors == []


@pytest.fixture
def openstack(project: Project, tmp_path: Path) -> Command:
    """Run a command with nothing but the environment to say where to go; return its exit code and its output."""
    environment = {
        "HOME": str(tmp_path),
        "OS_AUTH_URL": f"{project.url}/v3",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": "user",
        "OS_PASSWORD": "secret",
        "OS_USER_DOMAIN_NAME": "OTC00000000001000000001",
        "OS_PROJECT_NAME": "eu-de_interop",
        "OS_REGION_NAME": "eu-de",
    }

    def openstack(*words: str) -> tuple[int, Any]:
        done = OPENSTACK.run("openstackclient.shell:main", *words, folder=tmp_path, variables=environment)
        if done.returncode:
            return done.returncode, done.stderr.strip()
        return 0, json.loads(done.stdout) if "json" in words else done.stdout

    return openstack


# Backups


def test_a_backup_is_made_listed_and_deleted(openstack: Command, project: Project) -> None:
    instance = project.instances[0]

    made = openstack("rds", "backup", "create", "nightly", "mysql-single", "--description", "by hand", "-f", "json")
    project.clock.advance("3s")
    listed = openstack("rds", "backup", "list", instance.id, "-f", "json")
    deleted = openstack("rds", "backup", "delete", made[1]["id"])
    refused = openstack("rds", "backup", "delete", made[1]["id"])

    assert (made[0], made[1]["name"], made[1]["status"], made[1]["instance_id"]) == (
        0,
        "nightly",
        "BUILDING",
        instance.id,
    )
    assert type(listed[1][0].pop("Size (KB)")) is int
    assert listed[1] == [
        {
            "ID": made[1]["id"],
            "Name": "nightly",
            "Type": "manual",
            "Instance Id": instance.id,
            "Begin time": "2026-01-31T22:00:00+0000",
            "End time": "2026-01-31T22:00:03+0000",
        }
    ]
    assert deleted == (0, "")
    assert refused[0] == 1
    assert "DBS.201014" in refused[1]


def test_a_backup_is_waited_for_and_its_links_are_given(openstack: Command, project: Project) -> None:
    project.faults.add(operation="v3.create_manual_backup", lifecycle=AT_ONCE)

    made = openstack(
        "rds", "backup", "create", "nightly", "mysql-single", "--wait", "--wait-interval", "1", "-f", "json"
    )
    links = openstack("rds", "backup", "download", "links", made[1]["id"], "-f", "json")

    assert (made[0], made[1]["status"]) == (0, "COMPLETED")
    assert [row["Expires at"] for row in links[1]] == ["2026-01-31T22:05:00+0000"]


def test_one_page_is_listed(openstack: Command, project: Project) -> None:
    project.faults.add(operation="v3.create_manual_backup", lifecycle=AT_ONCE)
    for name in ("early", "late"):
        openstack("rds", "backup", "create", name, "mysql-single", "-f", "json")
        project.clock.advance("1s")

    pages = [
        openstack("rds", "backup", "list", "mysql-single", "--limit", "1", *more, "-f", "json")[1]
        for more in ([], ["--offset", "1"])
    ]

    assert [[row["Name"] for row in page] for page in pages] == [["late"], ["early"]]


@pytest.mark.parametrize("way", ["backup", "restore-time"])
def test_an_instance_is_restored(openstack: Command, project: Project, way: str) -> None:
    instance = project.instances[0]
    project.faults.add(operation="v3.create_manual_backup", lifecycle=AT_ONCE)
    openstack("rds", "backup", "create", "nightly", instance.id, "-f", "json")
    project.clock.advance("1h")
    [times] = openstack("rds", "instance", "restore", "time", "show", instance.id, "-f", "json")[1]
    what = {"backup": "nightly", "restore-time": str(times["End time"])}[way]

    exit_code, printed = openstack("rds", "instance", "restore", instance.id, f"--{way}", what)

    assert (exit_code, printed) == (1, "'str' object has no attribute 'job_id'")  # its own mistake: all went well
    posts = [entry for entry in project.journal if entry.method == "POST" and entry.operation != "iam.create_token"]
    assert [entry.status for entry in posts] == [200, 200]
    assert instance.status_at(project.clock.now()) == "RESTORING"


def test_the_backup_policy_is_shown_and_set(openstack: Command, project: Project) -> None:
    policy = ("rds", "instance", "backup", "policy")
    set_ = openstack(
        *policy, "set", "mysql-single", "--keep-days", "5", "--start-time", "03:00-04:00", "--period", "1,2"
    )
    shown = openstack(*policy, "show", "mysql-single", "-f", "json")
    off = openstack(*policy, "set", "mysql-single", "--keep-days", "0")

    assert (set_, off) == ((0, ""), (0, ""))
    assert shown == (0, {"keep_days": 5, "start_time": "03:00-04:00", "period": "1,2"})
    assert project.instances[0].policy.keep_days == 0


# Instances


def test_instances_are_listed_and_shown(openstack: Command, project: Project) -> None:
    listed = openstack("rds", "instance", "list", "-f", "json")
    shown = openstack("rds", "instance", "show", "mysql-single", "-f", "json")

    assert [(row["ID"], row["Name"], row["Status"], row["Region"]) for row in listed[1]] == [
        (instance.id, instance.name, "ACTIVE", "eu-de") for instance in project.instances
    ]
    assert (shown[0], shown[1]["id"], shown[1]["name"]) == (0, project.instances[0].id, "mysql-single")


def test_an_instance_is_made_and_deleted(openstack: Command, project: Project) -> None:
    source = project.instances[0]
    project.clock.set("real")  # the command makes no instance without waiting for it, at least ten seconds
    project.faults.add(operation="v3.create_instance", lifecycle=AT_ONCE)
    made = openstack(
        *("rds", "instance", "create", "another", source.flavor.spec_code, "--volume-type", "ULTRAHIGH"),
        *("--size", "100", "--availability-zone", source.nodes[0].availability_zone, "--region", "eu-de"),
        *("--datastore-type", "mysql", "--datastore-version", "5.7", "--password", "Test@12345678"),
        *("--router-id", "default", "--network-id", "default", "--security-group-id", "default"),
        *("--wait", "--wait-interval", "1", "-f", "json"),
    )
    deleted = openstack("rds", "instance", "delete", "another")
    project.clock.advance("1h")

    assert (made[0], made[1]["name"], made[1]["status"]) == (0, "another", "ACTIVE")
    assert deleted == (0, "")
    assert "another" not in [instance.name for instance in project.instances]


def test_engines_and_flavors_are_listed(openstack: Command) -> None:
    types = openstack("rds", "datastore", "type", "list", "-f", "json")
    versions = openstack("rds", "datastore", "version", "list", "mysql", "-f", "json")
    flavors = openstack("rds", "flavor", "list", "mysql", "5.7", "-f", "json")

    assert types[0] == 0
    assert "5.7" in [row["Name"] for row in versions[1]]
    assert flavors[1]


def test_an_unknown_instance_is_refused(openstack: Command) -> None:
    exit_code, printed = openstack("rds", "backup", "create", "nightly", "no-such")

    assert (exit_code, printed) == (1, "No Instance found for no-such")
