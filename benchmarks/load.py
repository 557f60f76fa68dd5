"""Load: creates backups over sixteen connections, with wrk where it is installed."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time
from typing import NamedTuple

from benchmarks.servers import FOLDER

CONNECTIONS = 16
WRK = shutil.which("wrk")
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


class Load(NamedTuple):
    """What a load found."""

    requests: int
    per_second: float
    p99: float
    """In milliseconds."""


def create_backups(port: int, path: str, node_id: str, prefix: str, seconds: float) -> Load:
    """Create backups on *node_id* for some *seconds*, with names that begin with *prefix*.

    Raises:
        RuntimeError: An answer was no success.
    """
    if WRK is None:
        return asyncio.run(_python(port, path, node_id, prefix, seconds))
    command = [
        WRK,
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds:.0f}s",
        "--latency",
        "-s",
        str(FOLDER / "create_backup.lua"),
    ]
    command += [f"http://127.0.0.1:{port}", "--", path, node_id, prefix]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in report or "Socket errors" in report:
        raise RuntimeError(report)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", report)
    requests, per_second = re.search(r"(\d+) requests in", report), re.search(r"Requests/sec:\s+([\d.]+)", report)
    if p99 is None or requests is None or per_second is None:
        raise RuntimeError(report)
    return Load(int(requests[1]), float(per_second[1]), float(p99[1]) * _UNITS[p99[2]])


async def _python(port: int, path: str, node_id: str, prefix: str, seconds: float) -> Load:
    """Do as wrk does, in Python, which takes a larger share of a small machine."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        while (start := time.perf_counter()) < end:
            count += 1
            name = f"{prefix}-{number}-{count}"
            body = f'{{"backup": {{"name": "{name}", "instance": "{node_id}", "description": "My Backup"}}}}'
            writer.write(
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"X-Auth-Token: any\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = re.search(rb"content-length: (\d+)", head)
            answer = await reader.readexactly(int(length[1]) if length else 0)
            if not head.startswith(b"http/1.1 200 "):
                raise RuntimeError(answer.decode())
            latencies.append(time.perf_counter() - start)
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*map(client, range(CONNECTIONS)))
    elapsed = time.perf_counter() - start
    return Load(len(latencies), len(latencies) / elapsed, sorted(latencies)[len(latencies) * 99 // 100] * 1000)
