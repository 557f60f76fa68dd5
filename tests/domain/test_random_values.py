"""Ids, names and addresses: what they look like, and that the same seed draws them again, through Faker too."""

from __future__ import annotations

import json
import re
from random import Random
from typing import TYPE_CHECKING

import pytest
from faker import Faker

from mockrds.domain.engines import ENGINES, FLAVORS, Datastore
from mockrds.domain.random_values import RDSValues
from mockrds.domain.validators import is_machine_id, is_name, is_uuid
from mockrds.faker import RDSProvider

if TYPE_CHECKING:
    from mockrds.domain.engines import Engine

UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
FORMATS = {
    "rds_project_id": r"[0-9a-f]{32}",
    "rds_request_id": r"[0-9a-f]{32}",
    "rds_instance_id": r"[0-9a-f]{32}in01",
    "rds_node_id": r"[0-9a-f]{32}no01",
    "rds_backup_id": UUID4,
    "rds_resource_id": UUID4,
    "rds_job_id": r"ff8080[0-9a-f]{26}",
    "rds_engine": r"MySQL|PostgreSQL|SQLServer",
    "rds_instance_name": r"[a-z]+-[0-9a-f]{4}",
    "rds_backup_name": r"[a-z-]+-[0-9a-f]{8}",
    "rds_private_ip": r"192\.168\.(\d|\d\d|1\d\d|2[0-4]\d|25[0-5])\.([2-9]|\d\d|1\d\d|2[0-4]\d|25[0-4])",
    "rds_timestamp": r"20(1[6-9]|2[0-5])-\d\d-\d\dT\d\d:\d\d:\d\d",
}
SEED = "0/375d8d8fad1f43039e23d3b6c0f60a19/world"  # what the world of a project is seeded with


def provided() -> Faker:
    fake = Faker()
    fake.add_provider(RDSProvider)
    return fake


def drawn(source: RDSValues | Faker) -> bytes:
    """Draw everything there is, several times, as the bytes that would be sent."""
    names = (*FORMATS, "datastore_version", "rds_datastore", "rds_backup_size")
    return json.dumps([{name: getattr(source, name)() for name in names} for _ in range(20)]).encode()


@pytest.mark.parametrize(("method", "pattern"), FORMATS.items(), ids=FORMATS)
def test_a_value_has_its_form_and_is_another_one_each_time(method: str, pattern: str) -> None:
    values = RDSValues(Random(1))
    texts = [getattr(values, method)() for _ in range(200)]
    assert [text for text in texts if not re.fullmatch(pattern, text)] == []
    assert len(set(texts)) == (3 if method == "rds_engine" else 200)


@pytest.mark.parametrize(("engine", "suffix"), [("MySQL", "01"), ("PostgreSQL", "03"), ("SQLServer", "04")])
def test_the_ids_of_an_instance_and_its_nodes_tell_the_engine(engine: Engine, suffix: str) -> None:
    values = RDSValues(Random(1))
    assert re.fullmatch(f"[0-9a-f]{{32}}in{suffix}", values.rds_instance_id(engine))
    assert re.fullmatch(f"[0-9a-f]{{32}}no{suffix}", values.rds_node_id(engine))


@pytest.mark.parametrize("method", ["rds_instance_id", "rds_node_id", "datastore_version", "rds_datastore"])
def test_an_unknown_engine_is_refused_with_those_that_there_are(method: str) -> None:
    told = "unknown engine 'Postgres', did you mean 'PostgreSQL'? (expected one of: MySQL, PostgreSQL, SQLServer)"

    with pytest.raises(ValueError, match=re.escape(told)):
        getattr(RDSValues(Random(1)), method)("Postgres")


def test_what_is_drawn_keeps_the_rules_of_the_api() -> None:
    values = RDSValues(Random(1))
    for _ in range(200):
        assert is_name(values.rds_backup_name())
        assert is_name(values.rds_instance_name())
        assert is_uuid(values.rds_backup_id())
        assert is_machine_id(values.rds_node_id())
        assert is_machine_id(values.rds_instance_id())
        assert values.rds_backup_size() > 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_datastore_is_a_version_of_its_engine(engine: Engine) -> None:
    values, stores = RDSValues(Random(1)), [store.as_json() for store in Datastore.all(engine)]
    assert {values.datastore_version(engine) for _ in range(300)} == {store["version"] for store in stores}
    assert values.rds_datastore(engine) in stores


def test_version_ids_and_class_ids_are_unique() -> None:
    version_ids = [store.version_id for engine in ENGINES for store in Datastore.all(engine)]
    ids = [*version_ids, *FLAVORS]
    assert len(set(ids)) == len(ids)
    assert all(is_uuid(i) for i in ids)


@pytest.mark.parametrize(
    ("engine", "version", "full", "major"),
    [
        ("MySQL", "5.7", "5.7.36", "5.7"),
        ("MySQL", "5.7.31", "5.7.31", "5.7"),
        ("PostgreSQL", "16", "16.8", "16"),
        ("SQLServer", "2022_SE", "2022_SE", "2022_SE"),
    ],
)
def test_a_major_version_stands_for_its_newest_release(engine: Engine, version: str, full: str, major: str) -> None:
    store = Datastore.find(engine, version)
    assert (store.version, store.major) == (full, major)


@pytest.mark.parametrize(
    ("engine", "version"), [("MariaDB", "10.5"), ("MySQL", "16"), ("MySQL", "5.7.3"), ("MySQL", "")]
)
def test_an_unknown_version_is_refused_with_those_that_there_are(engine: str, version: str) -> None:
    with pytest.raises(ValueError, match="expected one of"):
        Datastore.find(engine, version)


def test_the_same_seed_draws_the_same_bytes_and_another_seed_others() -> None:
    assert drawn(RDSValues(Random(7))) == drawn(RDSValues(Random(7))) != drawn(RDSValues(Random(8)))


# Faker


def test_faker_seeded_as_a_world_draws_what_the_world_draws() -> None:
    fake = provided()
    fake.seed_instance(SEED)
    assert drawn(fake) == drawn(RDSValues(Random(SEED)))


def test_faker_can_be_seeded_again_and_before_it_has_the_provider() -> None:
    fake = provided()
    fake.seed_instance(7)
    first = drawn(fake)
    fake.seed_instance(7)
    early = Faker()
    early.seed_instance(7)
    early.add_provider(RDSProvider)
    assert first == drawn(fake) == drawn(early) == drawn(RDSValues(Random(7)))


def test_fakers_share_a_seed_that_is_set_for_all_of_them() -> None:
    fakes = [provided(), provided()]
    Faker.seed(7)
    first = drawn(fakes[0])
    Faker.seed(7)
    assert first == drawn(fakes[1]) == drawn(RDSValues(Random(7)))
