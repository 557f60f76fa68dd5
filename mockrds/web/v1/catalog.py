"""API v1: database versions and instance classes."""

from __future__ import annotations

from typing import Any

from mockrds.domain import errors
from mockrds.domain.engines import ENGINES, FLAVORS, Datastore, Flavor, stable_id
from mockrds.domain.errors import Problem, RDSError
from mockrds.web.call import Answer, Call

_VERSION_NOT_FOUND = Problem("RDS.5036", "DBS.200042")


def list_datastore_versions(call: Call) -> Answer:
    """List the versions of an engine (API reference, v1, "Database Version Queries")."""
    name = call.parameters["datastore_name"]
    _ = call.world
    for engine in ENGINES:
        if engine == name:
            return Answer({"dataStores": [_version(datastore) for datastore in Datastore.all(engine)]})
    raise RDSError(errors.ENGINE, f"expected one of {', '.join(ENGINES)}")


def list_flavors(call: Call) -> Answer:
    """List instance classes (API reference, v1, "Obtaining All DB Instance Specifications")."""
    version_id, region = call.query.get("dbId"), call.query.get("region")
    if not version_id or not region:
        raise RDSError(errors.INVALID_PARAMETER, "the query needs 'dbId' (a version id) and 'region'")
    if region != call.world.region:
        raise RDSError(errors.REGION, f"the project is in {call.world.region}")
    for engine in ENGINES:
        if any(datastore.version_id == version_id for datastore in Datastore.all(engine)):
            return Answer({"flavors": [_flavor(flavor) for flavor in FLAVORS.values() if flavor.engine == engine]})
    raise RDSError(_VERSION_NOT_FOUND)


def get_flavor(call: Call) -> Answer:
    """Tell about an instance class (API reference, v1, "Obtaining Specified DB Instance Specifications")."""
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
