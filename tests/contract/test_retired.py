"""Versions and classes that the reference no longer has, but that tests of Go, Ansible and Terraform clients use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.strict_client import StrictClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.api import Connect

    from mockrds import MockRDS

RETIRED = [("PostgreSQL", "11"), ("PostgreSQL", "10"), ("PostgreSQL", "9.5"), ("MySQL", "5.6")]
FLAVORS = {"PostgreSQL": "rds.pg.c2.medium", "MySQL": "rds.mysql.c2.medium"}


@pytest.fixture
def wire(connect: Connect, strict: MockRDS) -> Iterator[StrictClient]:
    yield from StrictClient.checked(connect(to=strict).project)


def make(wire: StrictClient, engine: str, version: str) -> dict[str, Any]:
    """Make an instance, ``<made>`` from then on, as gophertelekomcloud's acceptance tests do."""
    pair = wire.instances["postgresql-ha"]
    body = {
        "name": "rds-test-abcdefgh",
        "datastore": {"type": engine, "version": version},
        "port": "8635",
        "password": "acc-test-password1!",
        "flavor_ref": FLAVORS[engine],
        "volume": {"type": "COMMON", "size": 100},
        "region": "eu-de",
        "availability_zone": "eu-de-01",
        "vpc_id": pair.vpc_id,
        "subnet_id": pair.subnet_id,
        "security_group_id": pair.security_group_id,
        "unchangeable_param": {"lower_case_table_names": "0"},
    }
    answer = wire.ask("POST", "/v3/<P>/instances", body)
    assert answer.status == 202, answer.content
    assert (f"{engine} {version} is not offered" in answer.headers.get("x-mockrds-hint", "")) == (version != "16")
    wire.names["made"] = answer.content["instance"]["id"]
    wire.project.clock.advance("10s")
    return dict(answer.content["instance"])


@pytest.mark.parametrize(("engine", "version"), RETIRED)
def test_an_instance_of_a_retired_version_is_made_and_backed_up(wire: StrictClient, engine: str, version: str) -> None:
    make(wire, engine, version)
    wire.backup(of="made")

    [listed] = wire.ask("GET", "/v3/<P>/instances?id=<made>").content["instances"]
    [backup] = wire.ask("GET", "/v3/<P>/backups?instance_id=<made>&backup_id=<backup>").content["backups"]

    for thing, status in ((listed, "ACTIVE"), (backup, "COMPLETED")):
        assert (thing["status"], thing["datastore"]["type"], thing["datastore"]["version"]) == (status, engine, version)


@pytest.mark.parametrize(("engine", "version"), RETIRED)
def test_a_retired_version_is_not_offered(wire: StrictClient, engine: str, version: str) -> None:
    assert version not in [row["name"] for row in wire.ask("GET", f"/v3/<P>/datastores/{engine}").content["dataStores"]]
    groups = wire.ask("GET", "/v3/<P>/configurations").content["configurations"]
    assert version not in [group["datastore_version_name"] for group in groups]
    v1 = wire.ask("GET", f"/rds/v1/<P>/datastores/{engine}/versions").content["dataStores"]
    assert [row for row in v1 if row["name"].startswith(f"{version}.")] == []
    if engine == "PostgreSQL":
        make(wire, engine, version)
        targets = wire.ask("GET", "/v3/<P>/instances/<made>/major-version/available-version")
        assert (targets.status, targets.content) == (200, {"available_versions": []})


@pytest.mark.parametrize(
    ("code", "vcpus", "ram"),
    [("rds.mysql.s1.medium", "1", 4), ("rds.mysql.s1.large.ha", "2", 8), ("rds.mysql.m1.large", "2", 16)],
)
def test_old_classes_are_listed(wire: StrictClient, code: str, vcpus: str, ram: int) -> None:
    flavors = wire.ask("GET", "/v3/<P>/flavors/mysql?version_name=8.0").content["flavors"]

    assert [(each["vcpus"], each["ram"]) for each in flavors if each["spec_code"] == code] == [(vcpus, ram)]


@pytest.mark.parametrize(("engine", "version"), RETIRED)
def test_classes_and_disks_of_a_retired_version_are_found(wire: StrictClient, engine: str, version: str) -> None:
    flavors = wire.ask("GET", f"/v3/<P>/flavors/{engine}?version_name={version}").content["flavors"]
    disks = wire.ask("GET", f"/v3/<P>/storage-type/{engine}?version_name={version}").content["storage_type"]

    assert FLAVORS[engine] in [each["spec_code"] for each in flavors]
    assert [each["name"] for each in disks] == ["CLOUDSSD", "ESSD"]


def test_a_template_of_a_retired_version_is_applied(wire: StrictClient) -> None:
    group = {"name": "rds-config-abc", "description": "some config description", "values": {"autocommit": "OFF"}}
    datastore = {"type": "PostgreSQL", "version": "11"}
    template = wire.ask("POST", "/v3/<P>/configurations", group | {"datastore": datastore}).content["configuration"]
    make(wire, "PostgreSQL", "11")

    applied = wire.ask("PUT", f"/v3/<P>/configurations/{template['id']}/apply", {"instance_ids": ["<made>"]})
    shown = wire.ask("GET", "/v3/<P>/instances/<made>/configurations").content
    values = {"values": {"max_connections": "37", "autocommit": "OFF"}}
    changed = wire.ask("PUT", "/v3/<P>/instances/<made>/configurations", values)

    assert (applied.status, applied.content["success"]) == (200, True)
    assert [row["success"] for row in applied.content["apply_results"]] == [True]
    assert shown["datastore_name"] == template["datastore_name"] == "postgresql"
    assert shown["datastore_version_name"] == template["datastore_version_name"] == "11"
    assert shown["configuration_parameters"]
    assert (changed.status, changed.content["restart_required"]) == (200, True)


def test_a_backup_of_a_retired_version_is_restored_to_a_new_instance(wire: StrictClient) -> None:
    make(wire, "PostgreSQL", "11")
    wire.backup(of="made")
    point = {"instance_id": "<made>", "type": "backup", "backup_id": "<backup>"}
    pair = wire.instances["postgresql-ha"]
    where = {"vpc_id": pair.vpc_id, "subnet_id": pair.subnet_id, "security_group_id": pair.security_group_id}

    answer = wire.ask(
        "POST",
        "/v3/<P>/instances",
        {
            "name": "rds-test-abcdefgh",
            "availability_zone": "eu-de-01",
            "flavor_ref": "rds.pg.c2.large",
            "volume": {"type": "COMMON", "size": 200},
            "password": "acc-test-password1!",
            "restore_point": point,
            "unchangeable_param": {"lower_case_table_names": "0"},
        }
        | where,
    )

    assert (answer.status, answer.content["instance"]["datastore"]) == (202, {"type": "PostgreSQL", "version": "11"})


@pytest.mark.parametrize(("version", "answer"), [("11", (200, None)), ("16", (400, "DBS.201207"))])
def test_postgresql_is_restored_in_place_if_its_version_is_retired(
    wire: StrictClient, version: str, answer: tuple[int, str | None]
) -> None:
    made = make(wire, "PostgreSQL", version)
    wire.backup(of="made")
    source = {"backup_id": "<backup>", "instance_id": "<made>", "type": "backup"}

    restored = wire.ask("POST", "/v3/<P>/instances/recovery", {"source": source, "target": {"instance_id": "<made>"}})

    assert made["datastore"] == {"type": "PostgreSQL", "version": version}
    assert (restored.status, restored.content.get("error_code")) == answer


def test_a_version_that_never_was_is_refused(wire: StrictClient) -> None:
    with pytest.raises(AssertionError, match=r"DBS\.200041"):
        make(wire, "PostgreSQL", "8")
