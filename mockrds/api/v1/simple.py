"""API v1, chapters "Parameter Configuration" and "Log Information Queries"; the logs are empty, as nothing runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.parameters import VALUES
from mockrds.api.schema import Boolean, Integer, List, Object, Schema, Text
from mockrds.domain import errors
from mockrds.domain.engines import ENGINES, Datastore
from mockrds.domain.errors import RDSError, Refusal
from mockrds.domain.parameters import PARAMETERS
from mockrds.domain.world.parameter_templates import NO_PARAMETER

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.domain.parameters import Parameter

_VERSION_NOT_FOUND: Final = Refusal("RDS.5036", "DBS.200042")
_LIMITS: Final[dict[str, Schema]] = {"min?": Text(), "max?": Text()}
_PARAMETER: Final[dict[str, Schema]] = {
    "name": Text(),
    **_LIMITS,
    "type": Text(),
    "value_range": Text(any),
    "description": Text(),
    "restart_required": Boolean(),
    "datastore_version_id": Text(),
}
_RESULT: Final = Object({"shouldRestart": Text(one_of=("0", "1")), "setParameteResult": Text(one_of=("0", "1"))})


@operation(
    "v1.list_datastore_parameters",
    answer=Object({"configuration-parameters": List(Object(_PARAMETER))}),
    simple=True,
)
def list_datastore_parameters(call: Call) -> Answer:
    """List the parameters of a version (API reference, v1, "Obtaining a Parameter List")."""
    datastore = version_in_path(call)
    changeable = (one for one in PARAMETERS[datastore.type].values() if not one.readonly)
    return Answer({"configuration-parameters": [_render(one, datastore) for one in changeable]})


@operation("v1.get_datastore_parameter", answer=Object(_PARAMETER), simple=True)
def get_datastore_parameter(call: Call) -> Answer:
    """Return a parameter (API reference, v1, "Obtaining Information About Configuration Parameters")."""
    datastore = version_in_path(call)
    return Answer(_render(parameter_in_path(call, datastore), datastore))


@operation("v1.set_instance_parameters", body=Object({"values": VALUES}), answer=_RESULT, simple=True)
def set_instance_parameters(call: Call, fields: dict[str, Any]) -> Answer:
    """Set parameters of an instance (API reference, v1, "Setting Configuration Parameters")."""
    if not fields["values"]:
        raise RDSError(errors.INVALID_PARAMETER, "there is nothing to change")
    restart, _, _ = call.world.set_instance_configuration(call.parameters["nodeId"], fields["values"], strict=True)
    return Answer({"shouldRestart": str(int(restart)), "setParameteResult": "0"})


@operation("v1.reset_instance_parameters", answer=_RESULT, simple=True)
def reset_instance_parameters(call: Call) -> Answer:
    """Put parameters back (API reference, v1, "Resetting Parameters to Their Default Values")."""
    restart = call.world.reset_instance_parameters(call.parameters["nodeId"])
    return Answer({"shouldRestart": str(int(restart)), "setParameteResult": "0"})


@operation(
    "v1.list_error_logs",
    query=Object(
        {
            "startDate": Text(),
            "endDate": Text(),
            "curPage?": Integer(range(1, 2**31)),
            "perPage?": Integer(range(1, 101)),
        }
    ),
    answer=Object({"errorLogList": List(Object({"datetime": Text(), "content": Text()})), "totalRecord": Integer()}),
    simple=True,
    heeds=("stale",),
)
def list_error_logs(call: Call, query: dict[str, Any]) -> Answer:
    """List error logs, of which there are none (API reference, v1, "Querying Database Error Logs")."""
    if _minute(query["startDate"], "startDate") > _minute(query["endDate"], "endDate"):
        raise RDSError(errors.INVALID_PARAMETER, "'endDate' must not be earlier than 'startDate'")
    call.world.get_instance(call.parameters["instanceId"], call.effect)
    return Answer({"errorLogList": [], "totalRecord": 0})


@operation(
    "v1.list_slow_logs",
    query=Object(
        {
            "sftype?": Text(one_of=("", "INSERT", "UPDATE", "SELECT", "DELETE", "CREATE")),
            "top?": Integer(range(1, 51), default=10),
        }
    ),
    answer=Object(
        {
            "slowLogList": List(
                Object(
                    {
                        "count": Text(),
                        "time": Text(),
                        "lockTime": Text(),
                        "rowsSent": Text(),
                        "rowsExamined": Text(),
                        "database": Text(any),
                        "users": Text(),
                        "querySample": Text(),
                    }
                )
            ),
            "totalRecord": Integer(),
        }
    ),
    simple=True,
    heeds=("stale",),
)
def list_slow_logs(call: Call, query: dict[str, Any]) -> Answer:  # noqa: ARG001
    """List slow queries, of which there are none (API reference, v1, "Querying Database Slow Logs")."""
    instance, _ = call.world.get_instance(call.parameters["instanceId"], call.effect)
    if instance.datastore.type != "MySQL":
        raise RDSError(errors.ENGINE_NOT_SUPPORTED, "this is for MySQL only")
    return Answer({"slowLogList": [], "totalRecord": 0})


def version_in_path(call: Call) -> Datastore:
    """Return the version whose id is in the path.

    Raises:
        RDSError: The version does not exist.
    """
    _ = call.world
    version_id = call.parameters["datastore_version_id"]
    versions = (datastore for engine in ENGINES for datastore in Datastore.all(engine))
    found = next((datastore for datastore in versions if datastore.version_id == version_id), None)
    if found is None:
        raise RDSError(_VERSION_NOT_FOUND)
    return found


def parameter_in_path(call: Call, datastore: Datastore) -> Parameter:
    """Return the parameter whose name is in the path.

    Raises:
        RDSError: NO_PARAMETER.
    """
    parameter = PARAMETERS[datastore.type].get(call.parameters["parameter_name"])
    if parameter is None or parameter.readonly:
        raise RDSError(NO_PARAMETER)
    return parameter


def limits(parameter: Parameter) -> dict[str, str]:
    """Return the least and the greatest value, of a number only."""
    return dict(zip(("min", "max"), parameter.bounds or (), strict=False))


def _render(parameter: Parameter, datastore: Datastore) -> dict[str, Any]:
    return {
        "name": parameter.name,
        **limits(parameter),
        "type": parameter.kind,
        "value_range": parameter.values,
        "description": parameter.description,
        "restart_required": parameter.restart,
        "datastore_version_id": datastore.version_id,
    }


def _minute(text: str, key: str) -> datetime:
    try:
        return datetime.strptime(text.replace(" ", "+"), "%Y-%m-%d+%H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise RDSError(errors.INVALID_PARAMETER, f"{key!r} must be a time such as 2016-08-29+06:35") from None
