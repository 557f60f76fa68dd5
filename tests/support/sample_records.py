"""A client whose behaviour is known, good in part."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import requests

from mockrds.server import MockRDS

if TYPE_CHECKING:
    from mockrds.project import Project

EVIL = "</script><img src=x onerror=alert(1)>\x1b[31m"


def happen(project: Project) -> None:
    """Repeat a create whose answer was lost, so that there are two backups; then poll, and delete one."""
    faults = project.faults
    faults.add(
        operation="create_manual_backup", fault="CONNECTION_RESET_BY_PEER", phase="after_commit", times=1, name="lost"
    )
    faults.add(operation="create_manual_backup", error="APIGW.0308", retry_after="5s", calls=[2], name="slow down")
    faults.add(operation="delete_manual_backup", error="RDS.0005", name=f"never {EVIL}")
    headers = {"X-Auth-Token": project.token, "Content-Type": "application/json"}
    backups = f"{project.v1_url}/backups"
    with requests.Session() as session:

        def ask(method: str, url: str, **request: Any) -> requests.Response:
            return session.request(method, url, headers=headers, timeout=10, **request)

        node = project.instances[0].node_id
        for attempt in range(3):
            with suppress(requests.ConnectionError):
                ask("POST", backups, json={"backup": {"name": f"nightly-{attempt}", "instance": node, "x": EVIL}})
            project.clock.advance(2.0**attempt)
        project.clock.advance("10h")
        ask("GET", backups)
        ask("GET", f"{backups}?{EVIL}")
        ask("POST", backups, data=EVIL.encode())


@cache
def records() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the records of two tests: one in which all that happened, one in which nothing did."""
    with MockRDS(clock="frozen@2026-01-31T22:00:00Z") as mock:
        project = mock.project()
        happen(project)
        name = "tests/test_backup.py::TestNightly::test_lost[mysql]"
        failed = {"test": name, "outcome": "failed", "message": "assert 2 == 1", "duration": 0.25}
        passed = {"test": "tests/test_backup.py::test_nothing", "outcome": "passed", "duration": 0.5}
        return project.recorded() | failed, mock.project().recorded() | passed
