"""API v3, chapter "Instance Diagnosis". No database runs, so no instance has any of the troubles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Integer, List, Object, Text
from mockrds.api.v3.formats import page

if TYPE_CHECKING:
    from mockrds.api.call import Call

_ENGINE: Final = Text(one_of=("mysql", "postgresql", "sqlserver"))
_ITEMS: Final = (
    "high_pressure", "lock_wait", "insufficient_capacity", "slow_sql_frequency", "disk_performance_cap",
    "mem_overrun", "age_exceed", "connections_exceed",
)  # fmt: skip
_ITEM: Final = Text(one_of=_ITEMS)


@operation(
    "v3.get_diagnosis_counts",
    query=Object({"engine": _ENGINE}),
    answer=Object({"diagnosis": List(Object({"name": _ITEM, "count": Integer()}))}),
    simple=True,
)
def get_diagnosis_counts(call: Call, query: dict[str, Any]) -> Answer:  # noqa: ARG001
    """Count instances in trouble (API reference, v3, "Obtaining the Number of Instances After Diagnosis")."""
    _ = call.world
    return Answer({"diagnosis": [{"name": item, "count": 0} for item in _ITEMS]})


@operation(
    "v3.get_diagnosis_info",
    query=Object({"engine": _ENGINE, "diagnosis": _ITEM, **page(10, 100)}),
    answer=Object({"diagnosis": _ITEM, "total_count": Integer(), "instances": List(Object({"id": Text()}))}),
    simple=True,
)
def get_diagnosis_info(call: Call, query: dict[str, Any]) -> Answer:
    """List instances in one trouble (API reference, v3, "Obtaining the Result of a Specific Diagnosis Item")."""
    _ = call.world
    return Answer({"diagnosis": query["diagnosis"], "total_count": 0, "instances": []})
