"""API v3: what can be had (versions, instance classes, kinds of disks), and how full a disk is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Dictionary, Integer, List, Object, Text
from mockrds.api.v3.instances import check_engine, path_node
from mockrds.domain import errors
from mockrds.domain.engines import ENGINES, FLAVORS, VERSIONS, Datastore, Engine, Flavor, stable_id
from mockrds.domain.errors import RDSError

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.domain.world import World

MODES: Final = ("single", "ha", "replica")
_GROUP: Final = Text(one_of=("normal", "general", "dedicated"))
_ZONES: Final = Dictionary(Text(one_of=("normal", "unsupported", "sellout")))
_DOCUMENTED_IDS: Final = {
    "8.0": "87620726-6802-46c0-9028-a8785e1f1921",
    "5.7": "87620726-6802-46c0-9028-a8785e1f1922",
}
"""The ids of major versions that the reference prints; the second is that of 5.7.17 in API v1."""


@operation(
    "v3.list_datastore_versions",
    answer=Object({"dataStores": List(Object({"id": Text(), "name": Text()}))}),
)
def list_datastore_versions(call: Call) -> Answer:
    """List the versions of an engine (API reference, v3, "Querying Version Information About a DB Engine")."""
    engine = _engine(call)
    versions = [
        {"id": _DOCUMENTED_IDS.get(major) or stable_id(f"{engine} {major}"), "name": major}
        for major in VERSIONS[engine]
    ]
    return Answer({"dataStores": versions})


@operation(
    "v3.list_flavors",
    query=Object({"version_name?": Text(any), "spec_code?": Text(any)}),
    answer=Object(
        {
            "flavors": List(
                Object(
                    {
                        "vcpus": Text(),
                        "ram": Integer(),
                        "id": Text(),
                        "spec_code": Text(),
                        "version_name": List(Text()),
                        "instance_mode": Text(one_of=MODES),
                        "az_status": _ZONES,
                        "az_desc": Dictionary(Text()),
                        "group_type": _GROUP,
                    }
                )
            )
        }
    ),
)
def list_flavors(call: Call, query: dict[str, Any]) -> Answer:
    """List the instance classes of an engine (API reference, v3, "Querying Database Specifications")."""
    flavors = _flavors(_engine(call), query["version_name"])
    zones = _zones(call.world)
    rows = [
        {
            "vcpus": str(flavor.vcpus),
            "ram": flavor.ram // 1024,
            "id": flavor.id,
            "spec_code": flavor.spec_code,
            "version_name": flavor.versions,
            "instance_mode": flavor.mode,
            "az_status": dict.fromkeys(zones, "normal"),
            "az_desc": {zone: zone for zone in zones},
            "group_type": _group(flavor),
        }
        for flavor in flavors
        if not query["spec_code"] or flavor.spec_code == query["spec_code"]
    ]
    return Answer({"flavors": rows})


@operation(
    "v3.list_storage_types",
    query=Object(
        {
            "version_name": Text(error=errors.ENGINE_VERSION),
            "ha_mode?": Text(one_of=("", *MODES), error=errors.HA_MODE),
        }
    ),
    answer=Object(
        {
            "storage_type": List(
                Object(
                    {
                        "name": Text(one_of=("CLOUDSSD", "ESSD")),
                        "az_status": _ZONES,
                        "support_compute_group_type": List(_GROUP),
                    }
                )
            )
        }
    ),
)
def list_storage_types(call: Call, query: dict[str, Any]) -> Answer:
    """List the kinds of disks of a version (API reference, v3, "Querying the Storage Type of a Database")."""
    engine, mode = _engine(call), query["ha_mode"]
    flavors = [flavor for flavor in _flavors(engine, query["version_name"]) if not mode or flavor.mode == mode]
    groups = {_group(flavor): True for flavor in flavors}
    kinds = {"CLOUDSSD": list(groups)}
    kinds["ESSD"] = [group for group in groups if engine == "MySQL" or group != "dedicated"]
    zones = dict.fromkeys(_zones(call.world), "normal")
    rows = [
        {"name": name, "az_status": zones, "support_compute_group_type": supported}
        for name, supported in kinds.items()
        if supported
    ]
    return Answer({"storage_type": rows})


@operation("v3.get_storage_usage", answer=Object({"node_id": Text(), "used": Text()}), simple=True)
def get_storage_usage(call: Call) -> Answer:
    """Return how full the disk is (API reference, v3, "Querying Storage Usage of a DB Instance")."""
    instance, _ = call.world.get_instance(path_node(call))
    check_engine(instance, "MySQL", "SQLServer")
    return Answer({"node_id": instance.node_id, "used": f"{instance.used_gb:.2f}"})


def _engine(call: Call) -> Engine:
    _ = call.world
    name = call.parameters["database_name"].lower()
    for engine in ENGINES:
        if engine.lower() == name:
            return engine
    raise RDSError(errors.ENGINE, f"expected one of {', '.join(ENGINES)}")


def _flavors(engine: Engine, version: str | None) -> list[Flavor]:
    """Return the classes for *version*, a major or a full one; for all if it is none."""
    flavors = [flavor for flavor in FLAVORS.values() if flavor.engine == engine]
    if not version:
        return flavors
    try:
        datastore = Datastore.find(engine, version)
    except ValueError as error:
        raise RDSError(errors.ENGINE_VERSION, str(error)) from None
    return [flavor for flavor in flavors if datastore.retirement or datastore.major in flavor.versions]


def _group(flavor: Flavor) -> str:
    return "dedicated" if flavor.dedicated else "general"


def _zones(world: World) -> list[str]:
    return [f"{world.region}-0{number}" for number in (1, 2, 3)]
