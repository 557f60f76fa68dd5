"""POST /rds/v1/{project_id}/backups: in which order it looks at a request."""

from __future__ import annotations

import json
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from support.api import Connect, Reply

    from mockrds.server import MockRDS

ORDER = {
    "route": ("APIGW.0101", ""),
    "token": ("APIGW.0301", ": x-auth-token not found"),
    "body size": ("APIGW.0201", ""),
    "body present": ("RDS.0006", ""),
    "JSON": ("RDS.0042", ""),
    "letter case": ("RDS.0017", ""),
    "name": ("RDS.5044", ""),
    "instance": ("RDS.0001", ""),
    "description": ("RDS.0001", ""),
    "project": ("RDS.0010", ""),
    "instance exists": ("RDS.0002", ""),
    "type": ("RDS.0056", ""),
    "busy": ("RDS.0011", ""),
    "backup running": ("RDS.3004", ""),
    "name taken": ("RDS.0031", ""),
    "quota": ("RDS.3003", ""),
}


def break_rules(broken: Collection[str], connect: Connect, strict: MockRDS) -> Reply:
    """Send a request that breaks these rules, and no other where one does not entail another."""
    quota = 1 if "quota" in broken else 2
    api = connect({"world": {"quotas": {"manual_backups": quota}}}, to=strict)
    api.create(name="taken")
    if "backup running" not in broken:
        api.project.clock.advance("1h")
    if "busy" in broken:
        for instance in api.project.instances:
            api.project.set_status(instance.id, "REBOOTING")
    if "project" in broken:
        api.token = strict.project().token
    if "token" in broken:
        api.token = None

    faults = {
        "name taken": {"name": "taken"},
        "type": {"instance": api.node("replica")},
        "instance exists": {"instance": api.node("unknown")},
        "description": {"description": "<b>"},
        "instance": {"instance": "mysql-single"},
        "name": {"name": "1"},
        "letter case": {"Name": "nightly"},
    }
    fields = {"name": "nightly", "instance": api.node(), "description": ""}
    for rule, fault in faults.items():
        if rule in broken:
            fields |= fault
    body = json.dumps({"backup": fields})
    if "JSON" in broken:
        body = body[:-1]
    if "body present" in broken:
        body = ""
    if "body size" in broken:
        body += " " * (12 * 1024 * 1024 + 1)
    return api.post("/backup" if "route" in broken else "/backups", data=body)


@pytest.mark.parametrize(
    ("first", "second"),
    [pytest.param(*pair, id=" before ".join(pair)) for pair in combinations_with_replacement(ORDER, 2)],
)
def test_of_two_broken_rules_the_one_that_is_checked_first_is_answered(
    connect: Connect, strict: MockRDS, refusal: Callable[..., tuple[int, dict[str, str]]], first: str, second: str
) -> None:
    assert break_rules({first, second}, connect, strict).answer == refusal(*ORDER[first])


def test_a_request_that_breaks_no_rule_is_not_refused(connect: Connect, strict: MockRDS) -> None:
    assert break_rules((), connect, strict).status == 200
