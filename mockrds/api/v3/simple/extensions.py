"""API v3, chapter "Extension Management (RDS for PostgreSQL)"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Boolean, Integer, List, Object, Text
from mockrds.api.v3.formats import node_id, page, page_of
from mockrds.domain import errors
from mockrds.domain.errors import RDSError
from mockrds.domain.parameters import LIBRARIES, PARAMETERS
from mockrds.domain.world.parameter_templates import NO_PARAMETER

if TYPE_CHECKING:
    from mockrds.api.call import Call

_EXTENSION: Final = Object({"database_name": Text(), "extension_name": Text()})
_EMPTY: Final = Object({})


@operation(
    "v3.list_extensions",
    query=Object({"database_name": Text(), **page(100, 100)}),
    answer=Object(
        {
            "extensions": List(
                Object(
                    {
                        "name": Text(),
                        "database_name": Text(),
                        "version": Text(),
                        "version_update": Text(),
                        "shared_preload_libraries": Text(any),
                        "created": Boolean(),
                        "enable_install": Boolean(),
                        "description": Text(),
                    }
                )
            ),
            "total_count": Integer(),
        }
    ),
    simple=True,
)
def list_extensions(call: Call, query: dict[str, Any]) -> Answer:
    """List the extensions that a database can have (API reference, v3, "Querying Extensions")."""
    database = query["database_name"]
    rows = call.world.list_extensions(node_id(call, call.parameters["instance_id"]), database)
    extensions = [
        {
            "name": extension.name,
            "database_name": database,
            "version": version,
            "version_update": version,
            "shared_preload_libraries": extension.library,
            "created": created,
            "enable_install": loaded,
            "description": extension.description,
        }
        for extension, version, created, loaded in page_of(rows, query)
    ]
    return Answer({"extensions": extensions, "total_count": len(rows)})


@operation("v3.create_extension", body=_EXTENSION, answer=_EMPTY, simple=True)
def create_extension(call: Call, fields: dict[str, Any]) -> Answer:
    """Install an extension in a database (API reference, v3, "Creating an Extension")."""
    node = node_id(call, call.parameters["instance_id"])
    call.world.create_extension(node, fields["database_name"], fields["extension_name"])
    return Answer({})


@operation("v3.update_extension", body=_EXTENSION, answer=_EMPTY, simple=True)
def update_extension(call: Call, fields: dict[str, Any]) -> Answer:
    """Bring an extension to its newest version (API reference, v3, "Updating an Extension")."""
    node = node_id(call, call.parameters["instance_id"])
    call.world.update_extension(node, fields["database_name"], fields["extension_name"])
    return Answer({})


@operation("v3.delete_extension", body=_EXTENSION, answer=_EMPTY, simple=True)
def delete_extension(call: Call, fields: dict[str, Any]) -> Answer:
    """Take an extension out of a database (API reference, v3, "Deleting an Extension")."""
    node = node_id(call, call.parameters["instance_id"])
    call.world.delete_extension(node, fields["database_name"], fields["extension_name"])
    return Answer({})


@operation(
    "v3.get_instance_parameter",
    answer=Object(
        {
            "name": Text(),
            "value": Text(),
            "restart_required": Boolean(),
            "value_range": Text(),
            "type": Text(),
            "description": Text(),
        }
    ),
    simple=True,
)
def get_instance_parameter(call: Call) -> Answer:
    """Return what is loaded (API reference, v3, "Obtaining the Value of a Specified Parameter for an Instance")."""
    instance, values, _ = call.world.get_instance_configuration(_node_for_libraries(call))
    if instance.datastore.type != "PostgreSQL":
        raise RDSError(errors.ENGINE_NOT_SUPPORTED, "this is for PostgreSQL only")
    parameter = PARAMETERS["PostgreSQL"][LIBRARIES]
    return Answer(
        {
            "name": LIBRARIES,
            "value": values[LIBRARIES],
            "restart_required": parameter.restart,
            "value_range": parameter.values,
            "type": parameter.kind,
            "description": parameter.description,
        }
    )


@operation(
    "v3.set_instance_parameter",
    body=Object({"value": Text()}),
    answer=Object({"job_id": Text(), "restart_required": Boolean()}),
    status=202,
    simple=True,
)
def set_instance_parameter(call: Call, fields: dict[str, Any]) -> Answer:
    """Set what is loaded (API reference, v3, "Modifying the Value of a Specified Parameter for an Instance")."""
    restart, job = call.world.set_instance_parameter(_node_for_libraries(call), fields["value"])
    return Answer({"job_id": job.id, "restart_required": restart})


def _node_for_libraries(call: Call) -> str:
    if call.parameters["name"] != LIBRARIES:
        raise RDSError(NO_PARAMETER, f"only {LIBRARIES} can be asked for")
    return node_id(call, call.parameters["instance_id"])
