"""Reports on how clients behaved, for people and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockrds.report import CONTENT_TYPES
from mockrds.web.call import Answer
from mockrds.web.control.asked import ControlError

if TYPE_CHECKING:
    from mockrds.simulator import Tenant
    from mockrds.web.control.asked import Asked

TYPES: Final = tuple(kind for name, kind in CONTENT_TYPES.items() if name != "json")
"""The content types that a report may have beside JSON."""


def get_report_of_all(asked: Asked) -> Answer:
    """Tell how the clients of all projects behaved that were asked anything."""
    tenants = tuple(asked.simulator.tenants.values())
    return _report(asked, *(tenant for tenant in tenants if tenant.journal.total))


def get_report_of_project(asked: Asked) -> Answer:
    """Tell how the client of one project behaved."""
    return _report(asked, asked.tenant)


def _report(asked: Asked, *tenants: Tenant) -> Answer:
    kind = asked.parameters["format"]
    if kind not in CONTENT_TYPES:
        raise ControlError(404, f"there is no report.{kind}, but report.{', report.'.join(CONTENT_TYPES)}")

    from mockrds.report import render
    from mockrds.report.record import record

    answer = Answer(headers={"Content-Type": CONTENT_TYPES[kind]})
    answer.body = render([record(tenant) for tenant in tenants], kind).encode("utf-8", "backslashreplace")
    return answer
