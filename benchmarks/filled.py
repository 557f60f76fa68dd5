"""Serves a project that has many backups: ``python -m benchmarks.filled --port PORT --backups N``."""

import argparse
import asyncio
import gc

from benchmarks.servers import SCENARIO
from mockrds import MockRDS


async def serve(port: int, backups: int) -> None:
    mock = MockRDS(SCENARIO, port=port)
    world = mock.simulator.default.world
    node_id = world.instances[0].node_id
    for i in range(backups):
        world.create_manual_backup(node_id, f"filled-{i}", "My Backup")
    gc.freeze()  # as the command line does
    gc.set_threshold(50_000, 20, 100)
    async with mock:
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--backups", type=int)
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.backups))
