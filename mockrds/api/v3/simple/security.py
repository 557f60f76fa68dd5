"""API v3, chapter "Database Security"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Boolean, Integer, List, Object, Text
from mockrds.api.v3.formats import node_id
from mockrds.domain import errors
from mockrds.domain.validators import is_password_of_v3

if TYPE_CHECKING:
    from mockrds.api.call import Call

_WORKFLOW: Final = Object({"workflowId": Text()})


@operation("v3.change_port", body=Object({"port": Integer()}), answer=_WORKFLOW, heeds=("lifecycle",))
def change_port(call: Call, fields: dict[str, Any]) -> Answer:
    """Change the port of an instance (API reference, v3, "Changing a Database Port")."""
    job = call.world.change_port(node_id(call, call.parameters["instance_id"]), fields["port"], call.effect)
    return Answer({"workflowId": job.id})


@operation("v3.change_floating_ip", body=Object({"new_ip": Text()}), answer=_WORKFLOW, simple=True)
def change_floating_ip(call: Call, fields: dict[str, Any]) -> Answer:
    """Change the private address of an instance (API reference, v3, "Changing a Floating IP Address")."""
    job = call.world.change_floating_ip(node_id(call, call.parameters["instance_id"]), fields["new_ip"])
    return Answer({"workflowId": job.id})


@operation(
    "v3.change_security_group",
    body=Object({"security_group_id": Text(error=errors.SECURITY_GROUP)}),
    answer=_WORKFLOW,
)
def change_security_group(call: Call, fields: dict[str, Any]) -> Answer:
    """Put an instance into another security group (API reference, v3, "Changing a Security Group")."""
    job = call.world.change_security_group(node_id(call, call.parameters["instance_id"]), fields["security_group_id"])
    return Answer({"workflowId": job.id})


@operation("v3.set_ssl", body=Object({"ssl_option": Boolean()}), answer=Object({}))
def set_ssl(call: Call, fields: dict[str, Any]) -> Answer:
    """Switch the encryption of connections on or off (API reference, v3, "Configuring SSL")."""
    call.world.set_ssl(node_id(call, call.parameters["instance_id"]), on=fields["ssl_option"])
    return Answer({})


@operation(
    "v3.get_ssl_cert_link",
    answer=Object(
        {
            "cert_info_list": List(
                Object({"category": Text(one_of=("international", "national")), "download_link": Text()})
            )
        }
    ),
    simple=True,
)
def get_ssl_cert_link(call: Call) -> Answer:
    """Return where the certificate is (API reference, v3, "Obtaining the SSL Certificate Download Address").

    Nothing is there: connections are not modelled.
    """
    world = call.world
    node_id(call, call.parameters["instance_id"])
    link = f"https://obs.{world.region}.otc.t-systems.com/rds/Certificate_Download.zip"
    return Answer({"cert_info_list": [{"category": "international", "download_link": link}]})


@operation(
    "v3.reset_root_password",
    body=Object({"db_user_pwd": Text(is_password_of_v3, errors.PASSWORD)}),
    answer=Object({}),
    simple=True,
)
def reset_root_password(call: Call, fields: dict[str, Any]) -> Answer:  # noqa: ARG001
    """Set the password of root, which is kept nowhere (API reference, v3, "Resetting the Password for User root")."""
    call.world.reset_root_password(node_id(call, call.parameters["instance_id"]))
    return Answer({})
