"""API v3 and v3.1, chapter "Log Information Queries". No database runs, so there are no logs: the lists are empty."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Boolean, Integer, List, Object, Schema, Text
from mockrds.api.v3.formats import moment, node_id, page
from mockrds.domain import errors
from mockrds.domain.errors import RDSError
from mockrds.domain.validators import KEEP_DAYS

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.domain.engines import Engine
    from mockrds.domain.models import Instance

_LEVELS: Final = ("ALL", "INFO", "LOG", "WARNING", "ERROR", "FATAL", "PANIC", "NOTE")
_STATEMENTS: Final = ("INSERT", "UPDATE", "SELECT", "DELETE", "CREATE")
_DATES: Final[dict[str, Schema]] = {"start_date": Text(), "end_date": Text()}
_TIMES: Final[dict[str, Schema]] = {"start_time": Text(), "end_time": Text()}
_PAGES: Final[dict[str, Schema]] = {
    "offset?": Integer(range(1, 2**31), default=1),
    "limit?": Integer(range(1, 101), default=10),
}
_DAYS: Final = 30 * 86400
_ZONELESS: Final = re.compile(r"[\d-]{10}T[\d:]{8}")
_SLOW: Final[dict[str, Schema]] = {
    "count": Text(),
    "time": Text(),
    "lock_time?": Text(),
    "rows_sent?": Text(),
    "rows_examined?": Text(),
    "database": Text(any),
    "users": Text(),
    "query_sample": Text(),
    "type": Text(),
    "client_ip": Text(),
}


@operation(
    "v3.list_error_logs",
    query=Object(_DATES | _PAGES | {"level?": Text(one_of=_LEVELS, default="ALL")}),
    answer=Object(
        {
            "error_log_list": List(Object({"time": Text(), "level": Text(), "content": Text()})),
            "total_record": Integer(),
        }
    ),
    simple=True,
    heeds=("stale",),
)
def list_error_logs(call: Call, query: dict[str, Any]) -> Answer:
    """List error logs, of which there are none (API reference, v3, "Querying Database Error Logs")."""
    _between(query["start_date"], query["end_date"])
    _instance(call)
    return Answer({"error_log_list": [], "total_record": 0})


@operation(
    "v3.list_slow_logs",
    query=Object(_DATES | _PAGES | {"type?": Text(one_of=("", *_STATEMENTS))}),
    answer=Object({"slow_log_list": List(Object(_SLOW | {"start_time": Text()})), "total_record": Integer()}),
    simple=True,
    heeds=("stale",),
)
def list_slow_logs(call: Call, query: dict[str, Any]) -> Answer:
    """List slow queries, of which there are none (API reference, v3, "Querying Database Slow Logs")."""
    _between(query["start_date"], query["end_date"])
    _instance(call, "MySQL", "PostgreSQL")
    return Answer({"slow_log_list": [], "total_record": 0})


@operation(
    "v3.get_slow_log_statistics",
    query=Object(
        {
            "cur_page": Integer(range(1, 2**31)),
            "per_page": Integer(range(101)),
            "type": Text(one_of=("", *_STATEMENTS, "ALL")),
            **_DATES,
        }
    ),
    answer=Object(
        {
            "pageNumber": Integer(),
            "pageRecord": Integer(),
            "slowLogList": List(
                Object(
                    {
                        "count": Text(),
                        "time": Text(),
                        "lockTime": Text(),
                        "rowsSent": Integer(),
                        "rowsExamined": Integer(),
                        "database": Text(any),
                        "users": Text(),
                        "querySample": Text(),
                        "type": Text(),
                        "clientIP": Text(),
                    }
                )
            ),
            "totalRecord": Integer(),
            "startTime": Integer(nullable=True),
            "endTime": Integer(nullable=True),
        }
    ),
    simple=True,
    heeds=("stale",),
)
def get_slow_log_statistics(call: Call, query: dict[str, Any]) -> Answer:
    """Return figures of slow queries: none (API reference, v3, "Obtaining Slow Query Log Statistics")."""
    _between(query["start_date"], query["end_date"])
    _instance(call, "MySQL")
    paged = {"pageNumber": query["cur_page"], "pageRecord": query["per_page"], "slowLogList": [], "totalRecord": 0}
    return Answer(paged | {"startTime": None, "endTime": None})


@operation(
    "v3.1.get_slow_log_statistics",
    body=Object(
        {
            **_TIMES,
            "offset?": Integer(range(2**31)),
            "limit?": Integer(range(1, 101)),
            "type?": Text(one_of=("", *_STATEMENTS, "ALL")),
            "database?": Text(re.compile(r"[^<>&]*").fullmatch),
            "sort?": Text(any),
            "order?": Text(one_of=("desc", "asc")),
        }
    ),
    answer=Object(
        {
            "slow_log_list": List(Object(_SLOW | {"rows_sent?": Integer(), "rows_examined?": Integer()})),
            "total_count": Integer(),
        }
    ),
    simple=True,
    heeds=("stale",),
)
def get_slow_log_statistics_v31(call: Call, fields: dict[str, Any]) -> Answer:
    """Return figures of slow queries: none (API reference, v3.1, "Querying Slow Query Log Statistics")."""
    _between(fields["start_time"], fields["end_time"])
    _instance(call, "MySQL", "PostgreSQL")
    return Answer({"slow_log_list": [], "total_count": 0})


@operation(
    "v3.list_slow_log_files",
    query=Object(page(10, 100)),
    answer=Object({"list": List(Object({"file_name": Text(), "file_size": Text()})), "total_count": Integer()}),
    simple=True,
    heeds=("stale",),
)
def list_slow_log_files(call: Call, query: dict[str, Any]) -> Answer:  # noqa: ARG001
    """List slow log files, of which there are none (API reference, v3, "Querying Slow Query Log Files")."""
    _instance(call, "SQLServer")
    return Answer({"list": [], "total_count": 0})


@operation("v3.set_slow_log_sensitization", simple=True, heeds=("stale",))
def set_slow_log_sensitization(call: Call) -> Answer:
    """Show or hide what slow queries looked for (API reference, v3, "Showing Original Logs")."""
    if call.parameters["status"] not in ("on", "off"):
        raise RDSError(errors.INVALID_PARAMETER, "the path ends in 'on' or 'off'")
    _instance(call, "MySQL", "PostgreSQL")
    return Answer()


@operation(
    "v3.list_audit_logs",
    query=Object({**_TIMES, "offset": Integer(range(2**31)), "limit": Integer(range(1, 51))}),
    answer=Object(
        {
            "auditlogs": List(
                Object(
                    {"id": Text(), "name": Text(), "size": Integer(), "begin_time": Text(), "end_time": Text()},
                )
            ),
            "total_record": Integer(),
        }
    ),
    simple=True,
    heeds=("stale",),
)
def list_audit_logs(call: Call, query: dict[str, Any]) -> Answer:
    """List SQL audit logs, of which there are none (API reference, v3, "Obtaining an Audit Log List")."""
    begin, end = _between(query["start_time"], query["end_time"])
    if end - begin > _DAYS:
        raise RDSError(errors.INVALID_PARAMETER, "'start_time' and 'end_time' are more than 30 days apart")
    _instance(call, "MySQL")
    return Answer({"auditlogs": [], "total_record": 0})


@operation("v3.get_audit_policy", answer=Object({"keep_days": Integer()}), simple=True)
def get_audit_policy(call: Call) -> Answer:
    """Return how long SQL audit logs are kept (API reference, v3, "Querying the Policy for SQL Audit Logs")."""
    return Answer({"keep_days": call.world.get_audit_policy(node_id(call, call.parameters["instance_id"]))})


@operation(
    "v3.set_audit_policy",
    body=Object({"keep_days": Integer(KEEP_DAYS), "reserve_auditlogs?": Boolean()}),
    simple=True,
)
def set_audit_policy(call: Call, fields: dict[str, Any]) -> Answer:
    """Set how long SQL audit logs are kept (API reference, v3, "Setting SQL Audit")."""
    call.world.set_audit_policy(node_id(call, call.parameters["instance_id"]), fields["keep_days"])
    return Answer()


def _between(begin: str, end: str) -> tuple[float, float]:
    # Go clients leave out the zone; then it is UTC.
    start, stop = (f"{text}+0000" if _ZONELESS.fullmatch(text) else text for text in (begin, end))
    between = moment(start, "the start"), moment(stop, "the end")
    if between[0] >= between[1]:
        raise RDSError(errors.INVALID_PARAMETER, "the end must be later than the start")
    return between


def _instance(call: Call, *engines: Engine) -> Instance:
    instance, _ = call.world.get_instance(node_id(call, call.parameters["instance_id"]), call.effect)
    if engines and instance.datastore.type not in engines:
        raise RDSError(errors.ENGINE_NOT_SUPPORTED, f"this is for {' and '.join(engines)} only")
    return instance
