"""Version queries of the database service (API reference, "Obtaining an API Version")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import List, Object, Text
from mockrds.domain.errors import GatewayError

if TYPE_CHECKING:
    from mockrds.api.call import Call


def _version(version: str, updated: str, rel: str | None = None) -> dict[str, Any]:
    links = [{"href": "", "rel": rel}] if rel else []
    return {"id": version, "links": links, "status": "CURRENT", "updated": updated}


_V1: Final = _version("v1", "2017-02-07T17:34:02Z")
_V3: Final = _version("v3", "2019-01-15T12:00:00Z")
_TROVE_UPDATED: Final = "2017-03-23T17:34:02Z"
_VERSION: Final = Object(
    {
        "id": Text(),
        "links": List(Object({"href": Text(any), "rel": Text()})),
        "status": Text(one_of=("CURRENT",)),
        "updated": Text(),
    }
)
_ONE: Final = Object({"version": _VERSION, "versions": _VERSION})


@operation("version.list_rds_versions", answer=Object({"versions": List(_VERSION)}), public=True)
def list_rds_versions(call: Call) -> Answer:  # noqa: ARG001
    """List the API versions ("Querying API Versions")."""
    return Answer({"versions": [_V1, _version("v1.0", _TROVE_UPDATED, "v1.0"), _V3]})


@operation("version.get_rds_version", answer=_ONE, public=True)
def get_rds_version(call: Call) -> Answer:
    """Return one API version ("Querying a Specified API Version")."""
    known = {"v1": _V1, "v1.0": _version("v1.0", _TROVE_UPDATED, "v1.0"), "v3": _V3}
    version = known.get(call.parameters["versionId"])
    if version is None:
        raise GatewayError("APIGW.0101", hint="the versions are v1, v1.0 and v3")
    return Answer({"version": version, "versions": version})


@operation("version.get_trove_version", answer=_ONE, public=True)
def get_trove_version(call: Call) -> Answer:  # noqa: ARG001
    """Return the OpenStack-compatible version ("... Compatible with OpenStack")."""
    version = _version("v1.0", _TROVE_UPDATED, "self")
    return Answer({"version": version, "versions": version})
