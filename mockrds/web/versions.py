"""Version queries of the database service (API reference, "Obtaining an API Version")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.domain.errors import GatewayError
from mockrds.web.call import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.web.call import Call


def _version(version: str, updated: str, rel: str | None = None) -> dict[str, Any]:
    links = [{"href": "", "rel": rel}] if rel else []
    return {"id": version, "links": links, "status": "CURRENT", "updated": updated}


_V1: Final = _version("v1", "2017-02-07T17:34:02Z")
_V3: Final = _version("v3", "2019-01-15T12:00:00Z")
_TROVE_UPDATED: Final = "2017-03-23T17:34:02Z"


def list_rds_versions(call: Call) -> Answer:  # noqa: ARG001
    """List the API versions ("Querying API Versions")."""
    return Answer({"versions": [_V1, _version("v1.0", _TROVE_UPDATED, "v1.0"), _V3]})


def get_rds_version(call: Call) -> Answer:
    """Tell about one API version ("Querying a Specified API Version")."""
    known = {"v1": _V1, "v1.0": _version("v1.0", _TROVE_UPDATED, "v1.0"), "v3": _V3}
    version = known.get(call.parameters["versionId"])
    if version is None:
        raise GatewayError("APIGW.0101", hint="the versions are v1, v1.0 and v3")
    return Answer({"version": version, "versions": version})


def get_trove_version(call: Call) -> Answer:  # noqa: ARG001
    """Tell about the OpenStack-compatible version ("... Compatible with OpenStack")."""
    version = _version("v1.0", _TROVE_UPDATED, "self")
    return Answer({"version": version, "versions": version})


HANDLERS: Final[dict[str, Callable[[Call], Answer]]] = {
    "version.list_rds_versions": list_rds_versions,
    "version.get_rds_version": get_rds_version,
    "version.get_trove_version": get_trove_version,
}
PUBLIC: Final = frozenset(HANDLERS)
"""What needs no credentials."""
