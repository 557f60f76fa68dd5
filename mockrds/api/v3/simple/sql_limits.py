"""API v3, chapter "SQL Throttling (RDS for PostgreSQL)"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Boolean, Integer, List, Object, Schema, Text
from mockrds.api.v3.formats import node_id, page, page_of
from mockrds.domain import errors
from mockrds.domain.errors import RDSError

if TYPE_CHECKING:
    from mockrds.api.call import Call

_DATABASE: Final[dict[str, Schema]] = {"db_name": Text()}
_RULE: Final[dict[str, Schema]] = _DATABASE | {"id": Text()}
_LIMITS: Final[dict[str, Schema]] = {
    "max_concurrency": Integer(range(-1, 50001)),
    "max_waiting": Integer(range(2**31)),
}
_DONE: Final = Object({"resp": Text(one_of=("successful",))})


@operation(
    "v3.list_sql_limits",
    query=Object(_DATABASE | page(10, 100)),
    answer=Object(
        {
            "count": Integer(),
            "sql_limit_objects": List(
                Object(
                    {
                        "id": Text(),
                        "query_id": Text(),
                        "query_string": Text(any),
                        "max_concurrency": Integer(),
                        "is_effective": Boolean(),
                        "max_waiting": Integer(),
                        "search_path": Text(),
                    }
                )
            ),
        }
    ),
    simple=True,
)
def list_sql_limits(call: Call, query: dict[str, Any]) -> Answer:
    """List the rules of a database (API reference, v3, "Querying SQL Throttling Rule")."""
    rules = call.world.list_sql_limits(_node(call), query["db_name"])
    rendered = [
        {
            "id": rule.id,
            "query_id": str(rule.query_id),
            "query_string": rule.query_string,
            "max_concurrency": rule.max_concurrency,
            "is_effective": rule.effective,
            "max_waiting": rule.max_waiting,
            "search_path": rule.search_path,
        }
        for rule in page_of(rules, query)
    ]
    return Answer({"count": len(rules), "sql_limit_objects": rendered})


@operation(
    "v3.create_sql_limit",
    body=Object(
        {
            **_DATABASE,
            "query_id?": Integer(range(-(2**63), 2**63)),
            "query_string?": Text(),
            **_LIMITS,
            "search_path?": Text(default="public"),
        }
    ),
    answer=_DONE,
    simple=True,
)
def create_sql_limit(call: Call, fields: dict[str, Any]) -> Answer:
    """Make a rule (API reference, v3, "Adding a SQL Throttling Rule for a Database")."""
    if (fields["query_id"] is None) == (fields["query_string"] is None):
        raise RDSError(errors.INVALID_PARAMETER, "give either 'query_id' or 'query_string'")
    call.world.create_sql_limit(
        _node(call),
        fields["db_name"],
        query_id=fields["query_id"] or 0,
        query_string=fields["query_string"] or "",
        max_concurrency=fields["max_concurrency"],
        max_waiting=fields["max_waiting"],
        search_path=fields["search_path"],
    )
    return Answer({"resp": "successful"})


@operation("v3.update_sql_limit", body=Object(_RULE | _LIMITS), answer=_DONE, simple=True)
def update_sql_limit(call: Call, fields: dict[str, Any]) -> Answer:
    """Change the limits of a rule (API reference, v3, "Modifying a SQL Throttling Rule")."""
    call.world.update_sql_limit(
        _node(call), fields["db_name"], fields["id"], fields["max_concurrency"], fields["max_waiting"]
    )
    return Answer({"resp": "successful"})


@operation(
    "v3.switch_sql_limit",
    body=Object(_DATABASE | {"id?": Text(any), "action": Text(one_of=("open", "close", "disable_all"))}),
    answer=_DONE,
    simple=True,
)
def switch_sql_limit(call: Call, fields: dict[str, Any]) -> Answer:
    """Switch a rule on or off (API reference, v3, "Enabling or Disabling a SQL Throttling Rule ...")."""
    if fields["action"] == "disable_all":
        call.world.switch_off_sql_limits(_node(call), fields["db_name"])
    elif not fields["id"]:
        raise RDSError(errors.INVALID_PARAMETER, "'id' is missing")
    else:
        call.world.switch_sql_limit(_node(call), fields["db_name"], fields["id"], on=fields["action"] == "open")
    return Answer({"resp": "successful"})


@operation("v3.delete_sql_limit", body=Object(_RULE), answer=_DONE, simple=True)
def delete_sql_limit(call: Call, fields: dict[str, Any]) -> Answer:
    """Delete a rule (API reference, v3, "Deleting a SQL Throttling Rule")."""
    call.world.delete_sql_limit(_node(call), fields["db_name"], fields["id"])
    return Answer({"resp": "successful"})


def _node(call: Call) -> str:
    return node_id(call, call.parameters["instance_id"])
