"""The API compatible with Trove, chapter "Parameter Configuration"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.parameters import DATASTORE, DESCRIPTION, NAME, VALUES, not_parameters, template_datastore
from mockrds.api.schema import Boolean, Dictionary, Integer, List, Object, Schema, Text
from mockrds.api.trove.instances import SUPPORTED, check_supported, stamp, supported
from mockrds.api.v1.simple import limits, parameter_in_path, version_in_path
from mockrds.domain.parameters import PARAMETERS
from mockrds.domain.world.parameter_templates import TEMPLATE_LIMIT

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.domain.engines import Datastore
    from mockrds.domain.parameters import Parameter
    from mockrds.domain.world.parameter_templates import Configuration

_SUCCESS: Final = Object({"errCode": Text(one_of=("RDS.0041",)), "externalMessage": Text()})
_TEMPLATE: Final[dict[str, Schema]] = {
    "id": Text(),
    "name": Text(),
    "datastore_version_id": Text(),
    "datastore_version_name": Text(),
    "datastore_name": Text(),
    "description": Text(any),
    "instance_count": Integer(),
    "created": Text(),
    "updated": Text(),
}
_KEPT: Final = Dictionary(Text(any))
_DEFINITIONS: Final = Object(
    {
        "configuration-parameters": List(
            Object(
                {
                    "name": Text(),
                    "min?": Text(),
                    "max?": Text(),
                    "type": Text(),
                    "restart_required": Boolean(),
                    "datastore_version_id": Text(),
                }
            )
        )
    }
)


@operation(
    "trove.list_configurations",
    answer=Object(
        {
            "configurations": List(Object(_TEMPLATE | {"allowed_updated": Integer(range(2))})),
            "links": List(Object({"href": Text(any), "rel": Text()})),
            "maxgrouplimit": Integer(),
        }
    ),
    simple=True,
)
def list_configurations(call: Call) -> Answer:
    """List parameter templates (API reference, Trove, "Obtaining a Parameter Template List")."""
    templates = [one for one in call.world.list_configurations() if one.datastore.type in SUPPORTED]
    return Answer(
        {
            "configurations": [_render(call, one) | {"allowed_updated": int(one.user_defined)} for one in templates],
            "links": [{"href": "", "rel": "next"}],
            "maxgrouplimit": TEMPLATE_LIMIT,
        }
    )


@operation(
    "trove.create_configuration",
    body=Object(
        {"configuration": Object({"name": NAME, "description?": DESCRIPTION, "values": VALUES, "datastore": DATASTORE})}
    ),
    answer=Object({"configuration": Object(_TEMPLATE | {"values": _KEPT})}),
    simple=True,
    leads_to={
        "trove.list_configurations": {},
        "trove.get_configuration": {"id": "$response.body#/configuration/id"},
        "trove.patch_configuration": {"id": "$response.body#/configuration/id"},
        "trove.delete_configuration": {"id": "$response.body#/configuration/id"},
    },
)
def create_configuration(call: Call, fields: dict[str, Any]) -> Answer:
    """Make a parameter template (API reference, Trove, "Creating a Parameter Template")."""
    fields = fields["configuration"]
    datastore = template_datastore(fields["datastore"])
    check_supported(datastore)
    configuration = call.world.create_configuration(
        fields["name"], fields["description"] or "", datastore, fields["values"]
    )
    answer = Answer({"configuration": _render(call, configuration) | {"values": configuration.values}})
    return answer.hinting(not_parameters(configuration, fields["values"]))


@operation(
    "trove.get_configuration",
    answer=Object(
        {
            "configuration": Object(
                {
                    **_TEMPLATE,
                    "values": _KEPT,
                    "parameters": List(
                        Object(
                            {
                                "name": Text(),
                                "value": Text(any),
                                "needRestart": Text(one_of=("0", "1")),
                                "readonly": Text(one_of=("0", "1")),
                                "valueRange": Text(any),
                                "datatype": Text(),
                                "description": Text(),
                            }
                        )
                    ),
                }
            )
        }
    ),
    simple=True,
)
def get_configuration(call: Call) -> Answer:
    """Return a parameter template (API reference, Trove, "Obtaining a Parameter Template")."""
    configuration = _template_in_path(call)
    parameters = [
        {
            "name": parameter.name,
            "value": configuration.values.get(parameter.name, parameter.default),
            "needRestart": str(int(parameter.restart)),
            "readonly": str(int(parameter.readonly)),
            "valueRange": parameter.values,
            "datatype": parameter.kind,
            "description": parameter.description,
        }
        for parameter in configuration.parameters.values()
    ]
    rendered = _render(call, configuration) | {"values": configuration.values, "parameters": parameters}
    return Answer({"configuration": rendered})


@operation(
    "trove.patch_configuration",
    body=Object({"configuration": Object({"values?": VALUES})}),
    answer=_SUCCESS,
    simple=True,
)
def patch_configuration(call: Call, fields: dict[str, Any]) -> Answer:
    """Add parameters to a template (API reference, Trove, "Adding Custom Parameters")."""
    return _update(call, {"name": None, "description": None} | fields["configuration"], "Operation successful.")


@operation(
    "trove.replace_configuration",
    body=Object({"configuration": Object({"name?": NAME, "description?": DESCRIPTION, "values?": VALUES})}),
    answer=_SUCCESS,
    simple=True,
)
def replace_configuration(call: Call, fields: dict[str, Any]) -> Answer:
    """Change a template (API reference, Trove, "Modifying Parameters in a Parameter Template")."""
    return _update(call, fields["configuration"], "Operation accepted success.")


@operation("trove.delete_configuration", answer=_SUCCESS, simple=True)
def delete_configuration(call: Call) -> Answer:
    """Delete a parameter template (API reference, Trove, "Deleting a Parameter Template")."""
    call.world.delete_configuration(_template_in_path(call).id, unused=True)
    return Answer({"errCode": "RDS.0041", "externalMessage": "Operation successful."})


@operation(
    "trove.list_configuration_instances",
    answer=Object({"instances": List(Object({"id": Text(), "name": Text()}))}),
    simple=True,
)
def list_configuration_instances(call: Call) -> Answer:
    """List its users (API reference, Trove, "Obtaining the DB Instances to Which a Parameter Template Applies")."""
    instances = call.world.list_configuration_instances(_template_in_path(call))
    return Answer({"instances": [{"id": one.node_id, "name": one.nodes[0].name} for one in instances]})


@operation(
    "trove.get_instance_default_configuration",
    answer=Object({"instance": Object({"configuration": _KEPT})}),
    simple=True,
    heeds=("stale",),
)
def get_instance_default_configuration(call: Call) -> Answer:
    """Return what parameters are by default (API reference, Trove, "Obtaining Default Parameters of a DB Instance")."""
    instance, _ = supported(call)
    defaults = {one.name: one.default for one in PARAMETERS[instance.datastore.type].values()}
    return Answer({"instance": {"configuration": defaults}})


@operation("trove.list_datastore_parameters", answer=_DEFINITIONS, simple=True)
def list_datastore_parameters(call: Call) -> Answer:
    """List the parameters of a version (API reference, Trove, "Obtaining a Parameter List")."""
    datastore = version_in_path(call)
    check_supported(datastore)
    changeable = (one for one in PARAMETERS[datastore.type].values() if not one.readonly)
    return Answer({"configuration-parameters": [_definition(one, datastore) for one in changeable]})


@operation("trove.get_datastore_parameter", answer=_DEFINITIONS, simple=True)
def get_datastore_parameter(call: Call) -> Answer:
    """Return a parameter (API reference, Trove, "Obtaining Information About Configuration Parameters")."""
    datastore = version_in_path(call)
    check_supported(datastore)
    return Answer({"configuration-parameters": [_definition(parameter_in_path(call, datastore), datastore)]})


def _template_in_path(call: Call) -> Configuration:
    configuration = call.world.get_configuration(call.parameters["id"])
    check_supported(configuration.datastore)
    return configuration


def _update(call: Call, fields: dict[str, Any], message: str) -> Answer:
    configuration, values = _template_in_path(call), fields["values"] or {}
    name, description = fields["name"], fields["description"]
    call.world.update_configuration(configuration.id, name, description, values, spread=True)
    answer = Answer({"errCode": "RDS.0041", "externalMessage": message})
    return answer.hinting(not_parameters(configuration, values))


def _render(call: Call, configuration: Configuration) -> dict[str, Any]:
    return {
        "id": configuration.id,
        "name": configuration.name,
        "datastore_version_id": configuration.datastore.version_id,
        "datastore_version_name": configuration.datastore.major,
        "datastore_name": configuration.datastore.type.lower(),
        "description": configuration.description,
        "instance_count": len(call.world.list_configuration_instances(configuration)),
        "created": stamp(configuration.created),
        "updated": stamp(configuration.updated),
    }


def _definition(parameter: Parameter, datastore: Datastore) -> dict[str, Any]:
    return {
        "name": parameter.name,
        **limits(parameter),
        "type": parameter.kind,
        "restart_required": parameter.restart,
        "datastore_version_id": datastore.version_id,
    }
