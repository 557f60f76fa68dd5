"""The ``openstack`` command with the plugin of python-otcextensions: what it has for API v1."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from support.client_process import OPENSTACK

from mockrds import MockRDS
from mockrds.domain.clock import ClockSetting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mockrds.project import Project

    Command = Callable[..., tuple[int, Any]]

pytestmark = pytest.mark.skipif(
    find_spec("openstackclient") is None or find_spec("otcextensions") is None,
    reason="python-openstackclient or otcextensions is not installed: python3 dev.py test installs it",
)

CLOUDS = """
clouds:
  mock:
    auth:
      auth_url: {url}
      username: user
      password: secret
      user_domain_name: OTC00000000001000000001
      project_name: eu-de_interop
    region_name: eu-de
    rdsv3_api_version: "1"
    rdsv3_endpoint_override: {url}/rds/v1/%(project_id)s
"""


@pytest.fixture
def project() -> Iterator[Project]:
    clock = ClockSetting(mode="frozen", at=datetime(2026, 1, 31, 22, 0, tzinfo=UTC))
    with MockRDS(clock=clock, auth="strict") as mock:
        project = mock.project("eu-de_interop")
        yield project
        assert project.errors == []


@pytest.fixture
def openstack(project: Project, tmp_path: Path) -> Command:
    """Run a command; return its exit code and what it printed, as JSON if it is."""
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text(CLOUDS.format(url=project.url))

    environment = {
        "HOME": str(tmp_path),
        "OS_CLIENT_CONFIG_FILE": str(clouds),
        "OS_CLOUD": "mock",
        "OS_RDS_API_VERSION": "1",
    }

    def openstack(*words: str) -> tuple[int, Any]:
        done = OPENSTACK.run("openstackclient.shell:main", *words, folder=tmp_path, variables=environment)
        if done.returncode:
            return done.returncode, done.stderr.strip()
        return 0, json.loads(done.stdout) if "json" in words else done.stdout

    return openstack


def test_a_backup_is_made_restored_and_deleted_by_hand(openstack: Command, project: Project) -> None:
    instance = project.instances[0]

    made = openstack("rds", "backup", "create", instance.node_id, "--name", "nightly", "-f", "json")
    [backup] = project.backups
    project.clock.advance("3s")
    restored = openstack("rds", "instance", "restore", instance.node_id, "--backup", backup.id)
    restoring = instance.status_at(project.clock.now())
    project.clock.advance("5s")
    deleted = openstack("rds", "backup", "delete", backup.id)
    refused = openstack("rds", "backup", "delete", backup.id)

    assert made == (
        0,
        {
            "ID": backup.id,
            "Name": "nightly",
            "instance_id": instance.node_id,
            "datastore_type": "MySQL",
            "datastore_version": instance.datastore.version,
            "size": None,
            "status": "BUILDING",
            "created": "2026-01-31T22:00:00",
            "updated": None,
        },
    )
    assert (restored, restoring, deleted) == ((0, ""), "RESTORING", (0, ""))
    url = f"{project.v1_url}/backups/{backup.id}"
    answer = '{"errCode":"RDS.3016","externalMessage":"The backup file is being deleted. Try again later."}'
    assert refused == (1, f"Unable to delete Backup for {backup.id}: Client Error for url: {url}, {answer}")


def test_instances_are_listed_and_shown(openstack: Command, project: Project) -> None:
    listed = openstack("rds", "instance", "list", "-f", "json")
    shown = openstack("rds", "instance", "show", "mysql-single", "-f", "json")

    assert listed == (
        0,
        [
            {
                "ID": instance.node_id,
                "Name": instance.name,
                "Datastore Type": instance.datastore.type,
                "Datastore Version": instance.datastore.major,
                "Status": "ACTIVE",
                "Flavor ID": instance.flavor.id,
                "Type": instance.nodes[0].role,
                "Size": instance.volume_gb,
                "Region": "eu-de",
            }
            for instance in project.instances
        ],
    )
    instance = project.instances[0]
    assert shown == (
        0,
        {
            "id": instance.node_id,
            "name": instance.name,
            "status": "ACTIVE",
            "type": "master",
            "region": "eu-de",
            "availability_zone": instance.nodes[0].availability_zone,
            "hostname": instance.host,
            "port": 3306,
            "created": "2026-01-31T22:00:00+0000",
            "updated": "2026-01-31T22:00:00+0000",
            "flavor": {"id": instance.flavor.id},
            "volume": {"type": instance.volume_type, "size": instance.volume_gb},
            "datastore": {"type": "MySQL", "version": "5.7"},
            "datastore_info": {"type": "MySQL", "version": "5.7"},
            "vpc": instance.vpc_id,
            "nics": {"subnetId": instance.subnet_id},
            "security_group": {"id": instance.security_group_id},
            "backup_strategy": {"startTime": "02:00:00", "keepDays": 7},
        },
    )


def test_a_token_is_issued_and_the_project_listed(openstack: Command, project: Project) -> None:
    exit_code, issued = openstack("token", "issue", "-f", "json")
    listed = openstack("project", "list", "-f", "json")

    assert exit_code == 0
    assert {key: value for key, value in issued.items() if key not in ("id", "user_id")} == {
        "expires": "2026-02-01T22:00:00+0000",
        "project_id": project.id,
    }
    assert issued["id"].startswith("MIIM")
    assert {"ID": project.id, "Name": "eu-de_interop"} in listed[1]
