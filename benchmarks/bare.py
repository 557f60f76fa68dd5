"""The reference: aiohttp with nothing on top, which answers every backup with the same body.

``python -m benchmarks.bare --port PORT [--raw] [--latency SECONDS]``; with ``--raw`` the body is not even encoded, and
with ``--latency`` lists of backups are answered so much later.
"""

import asyncio
import gc
import json
import sys
from collections.abc import Awaitable, Callable

from aiohttp import web

PATH = "/rds/v1/00000000000000000000000000000001/backups"
ANSWER = {
    "backup": {
        "created": "2016-09-12T01:17:05",
        "dataStore": {"type": "MySQL", "version": "5.7.31", "version_id": "e8a8b8cc-63f8-4fb5-8d4a-24c502317a61"},
        "description": "My Backup",
        "id": "2f4ddb93-b901-4b08-93d8-1d2e472f30fe",
        "instance_id": "5652a6f6a4f34d3b96d4b4b1b8b6b3a8no01",
        "locationRef": None,
        "name": "backup-1",
        "parent_id": None,
        "size": None,
        "status": "BUILDING",
        "updated": None,
        "backuptype": "1",
    },
    "extendparam": {"jobs": ["ff80808157127d9301571bf8160c001d"]},
}
Handler = Callable[[web.Request], Awaitable[web.Response]]
RAW = json.dumps(ANSWER).encode()


async def encoded(_: web.Request) -> web.Response:
    return web.json_response(ANSWER)


async def raw(_: web.Request) -> web.Response:
    return web.Response(body=RAW, content_type="application/json")


def late(seconds: float) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(seconds)
        return web.Response(body=RAW, content_type="application/json")

    return answer


def main(arguments: list[str]) -> None:
    app = web.Application()
    if "--latency" in arguments:
        app.router.add_get(PATH, late(float(arguments[arguments.index("--latency") + 1])))
        gc.freeze()  # as mockrds does
        gc.set_threshold(50_000, 20, 100)
    app.router.add_post(PATH, raw if "--raw" in arguments else encoded)
    app.router.add_get("/", encoded)
    port = int(arguments[arguments.index("--port") + 1])
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(sys.argv[1:])
