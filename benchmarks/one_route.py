"""Serves with next to no routes: ``python -m benchmarks.one_route --port PORT``."""

import argparse
import asyncio
import gc

from benchmarks.servers import SCENARIO
from mockrds import MockRDS
from mockrds.api import dispatch
from mockrds.api.routing import Routes
from mockrds.domain.operations import OPERATIONS

KEPT = ("v1.create_manual_backup", "v1.list_instances")  # the other tells the node's id


async def serve(port: int) -> None:
    dispatch._ROUTES = Routes(OPERATIONS[name] for name in KEPT)  # type: ignore[misc]
    gc.freeze()  # as the command line does
    gc.set_threshold(50_000, 20, 100)
    async with MockRDS(SCENARIO, port=port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    asyncio.run(serve(parser.parse_args().port))
