"""API v3, chapter "Parameter Configuration"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.parameters import DATASTORE, DESCRIPTION, NAME, VALUES, not_parameters, template_datastore
from mockrds.api.schema import Boolean, Integer, List, Object, Schema, Text
from mockrds.api.v3.formats import node_id, page, page_of, stamp
from mockrds.domain import errors
from mockrds.domain.errors import RDSError
from mockrds.domain.parameters import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockrds.api.call import Call
    from mockrds.domain.parameters import Parameter
    from mockrds.domain.world.parameter_templates import Configuration

_TEMPLATE: Final[dict[str, Schema]] = {
    "id": Text(),
    "name": Text(),
    "description": Text(any),
    "datastore_version_name": Text(),
    "datastore_name": Text(),
}
_TIMES: Final[dict[str, Schema]] = {"created": Text(), "updated": Text()}
_PARAMETERS: Final = List(
    Object(
        {
            "name": Text(),
            "value": Text(any),
            "restart_required": Boolean(),
            "readonly": Boolean(),
            "value_range": Text(any),
            "type": Text(one_of=("integer", "string", "boolean", "list", "float")),
            "description": Text(),
        }
    )
)
_NEW: Final = {"config_id": "$response.body#/configuration/id"}
"""What leads from the answer of a create to the template."""


@operation(
    "v3.list_configurations",
    answer=Object({"configurations": List(Object(_TEMPLATE | _TIMES | {"user_defined": Boolean()}))}),
    simple=True,
)
def list_configurations(call: Call) -> Answer:
    """List parameter templates (API reference, v3, "Obtaining a Parameter Template List")."""
    templates = call.world.list_configurations()
    return Answer({"configurations": [_render(one) | {"user_defined": one.user_defined} for one in templates]})


@operation(
    "v3.create_configuration",
    body=Object({"name": NAME, "description?": DESCRIPTION, "values?": VALUES, "datastore": DATASTORE}),
    answer=Object({"configuration": Object(_TEMPLATE | _TIMES)}),
    simple=True,
    leads_to={
        "v3.list_configurations": {},
        "v3.get_configuration": _NEW,
        "v3.update_configuration": _NEW,
        "v3.copy_configuration": _NEW,
        "v3.delete_configuration": _NEW,
    },
)
def create_configuration(call: Call, fields: dict[str, Any]) -> Answer:
    """Make a parameter template (API reference, v3, "Creating a Parameter Template")."""
    datastore = template_datastore(fields["datastore"])
    values = fields["values"] or {}
    configuration = call.world.create_configuration(fields["name"], fields["description"] or "", datastore, values)
    return Answer({"configuration": _render(configuration)}).hinting(not_parameters(configuration, values))


@operation(
    "v3.get_configuration",
    answer=Object(_TEMPLATE | _TIMES | {"configuration_parameters": _PARAMETERS}),
    simple=True,
)
def get_configuration(call: Call) -> Answer:
    """Return a parameter template (API reference, v3, "Obtaining Parameters in a Specified Parameter Template")."""
    configuration = call.world.get_configuration(call.parameters["config_id"])
    parameters = _parameters(configuration.parameters, configuration.values)
    return Answer(_render(configuration) | {"configuration_parameters": parameters})


@operation(
    "v3.update_configuration",
    body=Object({"name?": NAME, "description?": DESCRIPTION, "values?": VALUES}),
    simple=True,
)
def update_configuration(call: Call, fields: dict[str, Any]) -> Answer:
    """Change a parameter template (API reference, v3, "Modifying a Parameter Template")."""
    if all(value is None for value in fields.values()):
        raise RDSError(errors.INVALID_PARAMETER, "there is nothing to change")
    world, values = call.world, fields["values"] or {}
    world.update_configuration(call.parameters["config_id"], fields["name"], fields["description"], values)
    return Answer().hinting(not_parameters(world.get_configuration(call.parameters["config_id"]), values))


@operation("v3.delete_configuration", simple=True)
def delete_configuration(call: Call) -> Answer:
    """Delete a parameter template (API reference, v3, "Deleting a Parameter Template")."""
    call.world.delete_configuration(call.parameters["config_id"])
    return Answer()


@operation(
    "v3.copy_configuration",
    body=Object({"name": NAME, "description?": DESCRIPTION}),
    answer=Object(_TEMPLATE | {"create_time": Text(), "update_time": Text()}),
    simple=True,
    leads_to={"v3.delete_configuration": {"config_id": "$response.body#/id"}},
)
def copy_configuration(call: Call, fields: dict[str, Any]) -> Answer:
    """Make a copy of a parameter template (API reference, v3, "Replicating a Parameter Template")."""
    configuration = call.world.copy_configuration(
        call.parameters["config_id"], fields["name"], fields["description"] or ""
    )
    rendered = _render(configuration)
    rendered |= {"create_time": rendered.pop("created"), "update_time": rendered.pop("updated")}
    return Answer(rendered)


@operation(
    "v3.apply_configuration",
    body=Object({"instance_ids": List(Text(missing=errors.INSTANCE_NOT_FOUND))}),
    answer=Object(
        {
            "configuration_id": Text(),
            "configuration_name": Text(),
            "apply_results": List(
                Object(
                    {
                        "instance_id": Text(),
                        "instance_name": Text(),
                        "restart_required": Boolean(),
                        "success": Boolean(),
                    }
                )
            ),
            "success": Boolean(),
            "job_id": Text(),
        }
    ),
    simple=True,
)
def apply_configuration(call: Call, fields: dict[str, Any]) -> Answer:
    """Apply the parameters of a template to instances (API reference, v3, "Applying a Parameter Template")."""
    configuration, applications, job = call.world.apply_configuration(
        call.parameters["config_id"], fields["instance_ids"]
    )
    results = [
        {
            "instance_id": one.instance.id,
            "instance_name": one.instance.name,
            "restart_required": one.restart,
            "success": one.refusal is None,
        }
        for one in applications
    ]
    return Answer(
        {
            "configuration_id": configuration.id,
            "configuration_name": configuration.name,
            "apply_results": results,
            "success": all(one.refusal is None for one in applications),
            "job_id": job.id,
        }
    )


@operation(
    "v3.list_configuration_apply_histories",
    query=Object(page(10, 100)),
    answer=Object(
        {
            "histories": List(
                Object(
                    {
                        "instance_id": Text(),
                        "instance_name": Text(),
                        "apply_result": Text(one_of=("SUCCESS", "FAILED")),
                        "apply_time": Text(),
                        "error_code": Text(any),
                    }
                )
            ),
            "total_count": Integer(),
        }
    ),
    simple=True,
)
def list_configuration_apply_histories(call: Call, query: dict[str, Any]) -> Answer:
    """List where a template was applied (API reference, v3, "Querying Application Records of a Parameter Template")."""
    applications = call.world.get_configuration(call.parameters["config_id"]).applications
    histories = [
        {
            "instance_id": one.instance.id,
            "instance_name": one.instance.name,
            "apply_result": "SUCCESS" if one.refusal is None else "FAILED",
            "apply_time": stamp(one.moment),
            "error_code": "" if one.refusal is None else one.refusal.v3,
        }
        for one in page_of(applications[::-1], query)
    ]
    return Answer({"histories": histories, "total_count": len(applications)})


@operation(
    "v3.get_instance_configuration",
    answer=Object(
        {"datastore_version_name": Text(), "datastore_name": Text(), **_TIMES, "configuration_parameters": _PARAMETERS}
    ),
    simple=True,
)
def get_instance_configuration(call: Call) -> Answer:
    """Return parameters (API reference, v3, "Obtaining the Parameter Template of a Specified DB Instance")."""
    instance, values, updated = call.world.get_instance_configuration(node_id(call, call.parameters["instance_id"]))
    return Answer(
        {
            "datastore_version_name": instance.datastore.major,
            "datastore_name": instance.datastore.type.lower(),
            "created": stamp(instance.created),
            "updated": stamp(updated),
            "configuration_parameters": _parameters(PARAMETERS[instance.datastore.type], values),
        }
    )


@operation(
    "v3.set_instance_configuration",
    body=Object({"values": VALUES}),
    answer=Object({"restart_required": Boolean(), "job_id": Text(), "ignored_params": List(Text(any))}),
    simple=True,
)
def set_instance_configuration(call: Call, fields: dict[str, Any]) -> Answer:
    """Set parameters (API reference, v3, "Modifying Parameters of a Specified DB Instance")."""
    if not fields["values"]:
        raise RDSError(errors.INVALID_PARAMETER, "there is nothing to change")
    node = node_id(call, call.parameters["instance_id"])
    restart, ignored, job = call.world.set_instance_configuration(node, fields["values"])
    return Answer({"restart_required": restart, "job_id": job.id, "ignored_params": ignored})


def _render(configuration: Configuration) -> dict[str, Any]:
    return {
        "id": configuration.id,
        "name": configuration.name,
        "description": configuration.description,
        "datastore_version_name": configuration.datastore.major,
        "datastore_name": configuration.datastore.type.lower(),
        "created": stamp(configuration.created),
        "updated": stamp(configuration.updated),
    }


def _parameters(known: Mapping[str, Parameter], values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "name": parameter.name,
            "value": values.get(parameter.name, parameter.default),
            "restart_required": parameter.restart,
            "readonly": parameter.readonly,
            "value_range": parameter.values,
            "type": parameter.kind,
            "description": parameter.description,
        }
        for parameter in known.values()
    ]
