"""Serves a project for each set of faults that never fire: ``python -m benchmarks.armed --port PORT``.

The projects are in the order of ``SETS``; the first has its engine taken out.
"""

import argparse
import asyncio
import gc
from typing import Any

from benchmarks.servers import SCENARIO
from mockrds import MockRDS
from mockrds.project import Project

RULES = 100
ELSEWHERE = ("v1.list_manual_backups", "v1.delete_manual_backup", "v1.restore_to_original")
SETS: dict[str, list[dict[str, Any]]] = {
    "without the engine": [],
    "no rules": [],
    "about other operations": [{"operation": ELSEWHERE[i % len(ELSEWHERE)]} for i in range(RULES)],
    "other values of a header": [{"match": {"headers": {"X-Test": f"other-{i}"}}} for i in range(RULES)],
    "a header that is not there": [{"match": {"headers": {"X-Test": {"absent": False}}}} for _ in range(RULES)],
    "other names in the body": [{"match": {"body": {"/backup/name": f"other-{i}"}}} for i in range(RULES)],
    "regular expressions for the name": [
        {"match": {"body": {"/backup/name": {"regex": f"^other-{i}-[0-9]+$"}}}} for i in range(RULES)
    ],
    "other instances": [{"match": {"instance": f"other-{i}"}} for i in range(RULES)],
}
"""What is armed: by what a request lacks. Those that name no operation are about the creation of backups."""


def projects(mock: MockRDS) -> list[Project]:
    """Make a project for each set, the n-th with the id n."""
    made = []
    for number, rules in enumerate(SETS.values(), 1):
        project = mock.project(f"set-{number}", id=f"{number:032x}")
        for rule in rules:
            project.faults.add(error="RDS.0005", **{"operation": "v1.create_manual_backup"} | rule)
        made.append(project)
    mock.simulator.projects[made[0].id].faults.decide = lambda _: None  # type: ignore[method-assign, assignment]
    return made


async def serve(port: int) -> None:
    mock = MockRDS(SCENARIO, port=port)
    projects(mock)
    gc.freeze()  # as the command line does
    gc.set_threshold(50_000, 20, 100)
    async with mock:
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    asyncio.run(serve(parser.parse_args().port))
