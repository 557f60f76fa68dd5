"""API v1: database versions and instance classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Integer, List, Object, Text
from mockrds.domain import errors
from mockrds.domain.engines import ENGINES, FLAVORS, Datastore, Flavor, stable_id
from mockrds.domain.errors import RDSError, Refusal

if TYPE_CHECKING:
    from mockrds.api.call import Call

_VERSION_NOT_FOUND = Refusal("RDS.5036", "DBS.200042")
_VERSION: Final = Object(
    {"id": Text(), "name": Text(), "datastore": Text(), "image": Text(), "packages": Text(), "active": Integer()}
)
_FLAVOR: Final = Object({"id": Text(), "name": Text(), "ram": Integer(), "specCode": Text()})


@operation("v1.list_datastore_versions", answer=Object({"dataStores": List(_VERSION)}))
def list_datastore_versions(call: Call) -> Answer:
    """List the versions of an engine (API reference, v1, "Database Version Queries")."""
    name = call.parameters["datastore_name"]
    _ = call.world
    for engine in ENGINES:
        if engine == name:
            return Answer({"dataStores": [_version(datastore) for datastore in Datastore.all(engine)]})
    raise RDSError(errors.ENGINE, f"expected one of {', '.join(ENGINES)}")


@operation(
    "v1.list_flavors", query=Object({"dbId": Text(), "region": Text()}), answer=Object({"flavors": List(_FLAVOR)})
)
def list_flavors(call: Call, query: dict[str, Any]) -> Answer:
    """List the instance classes of a version (API reference, v1, "Obtaining All DB Instance Specifications")."""
    if query["region"] != call.world.region:
        raise RDSError(errors.REGION, f"the project is in {call.world.region}")
    for engine in ENGINES:
        if any(datastore.version_id == query["dbId"] for datastore in Datastore.all(engine)):
            return Answer({"flavors": [_flavor(flavor) for flavor in FLAVORS.values() if flavor.engine == engine]})
    raise RDSError(_VERSION_NOT_FOUND)


@operation("v1.get_flavor", answer=Object({"flavor": _FLAVOR}))
def get_flavor(call: Call) -> Answer:
    """Return an instance class (API reference, v1, "Obtaining Specified DB Instance Specifications")."""
    _ = call.world
    flavor = FLAVORS.get(call.parameters["flavorId"])
    if flavor is None:
        raise RDSError(errors.FLAVOR_NOT_FOUND)
    return Answer({"flavor": _flavor(flavor)})


def _version(datastore: Datastore) -> dict[str, Any]:
    return {
        "id": datastore.version_id,
        "name": datastore.version,
        "datastore": stable_id(f"datastore {datastore.type}"),
        "image": stable_id(f"image {datastore.type}"),
        "packages": f"{datastore.type}-server-{datastore.version}",
        "active": 1,
    }


def _flavor(flavor: Flavor) -> dict[str, Any]:
    return {"id": flavor.id, "name": flavor.name, "ram": flavor.ram, "specCode": flavor.spec_code}
