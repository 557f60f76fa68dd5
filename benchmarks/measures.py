"""What is measured. Each measure gives a Markdown table; whatever is compared runs in turns, round after round."""

from __future__ import annotations

import gc
import time
from contextlib import ExitStack
from random import Random
from statistics import median
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.armed import RULES, SETS
from benchmarks.bare import PATH
from benchmarks.hostile import PATIENCE, attack
from benchmarks.in_tests import rows
from benchmarks.load import create_backups
from benchmarks.servers import BARE, CHECKOUTS, FOLDER, MOCKRDS, SCENARIO, Client, Server
from benchmarks.waiting import allowed, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

DELAY = 6.0  # as in slow.yaml
SPREAD = 5.0  # seconds in which all clients send, so that all wait at once
PROJECT = PATH.removesuffix("/backups")


class Effort(NamedTuple):
    """How much is measured."""

    rounds: int
    """Rounds of load."""
    seconds: int
    """Seconds of load in a round."""
    starts: int
    """Rounds of starts and of everything short."""
    sizes: tuple[int, ...]
    """Numbers of backups in a project, the smallest first."""
    waiting: tuple[int, ...]
    """Numbers of clients that wait at once."""
    attacks: tuple[int, ...]
    """Numbers of hostile clients, of which the first fill what is bounded, such as the journal."""


FULL = Effort(
    rounds=7,
    seconds=3,
    starts=15,
    sizes=(10, 10_000, 1_000_000),
    waiting=(1_000, 10_000),
    attacks=(10_000, *5 * (20_000,)),
)
QUICK = Effort(rounds=1, seconds=1, starts=3, sizes=(10, 1_000, 10_000), waiting=(100,), attacks=(1_000, 1_000))


def throughput(effort: Effort) -> str:
    """Create backups with everything on: state, validation, journal, fault check."""
    immediate = ("--scenario", str(SCENARIO))
    servers = {
        "bare aiohttp, `json_response` of a dict": (BARE, FOLDER.parent),
        "bare aiohttp, prebuilt bytes": ((*BARE, "--raw"), FOLDER.parent),
        "mockrds, request log on": (("mockrds", *immediate), FOLDER.parent),
    } | {f"{name} `--quiet`": ((*MOCKRDS, *immediate), checkout) for name, checkout in CHECKOUTS.items()}
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in servers}
    for _ in range(effort.rounds):
        for name, (command, checkout) in servers.items():
            found[name].append(_load(command, effort.seconds, checkout))
    reference = next(iter(found.values()))
    rows = []
    for name, figures in found.items():
        pairs = list(zip(figures, reference, strict=True))
        speed, cpu, p99 = (median(figure[i] for figure in figures) for i in range(3))
        faster = median(own[0] / other[0] for own, other in pairs)
        dearer = median(own[1] / other[1] for own, other in pairs) if reference[0][1] else 0.0
        rows.append((name, f"{faster:.2f}", f"{speed:,.0f}", f"{dearer:.2f}", f"{cpu * 1e6:.0f} µs", f"{p99:.1f} ms"))
    head = ("create a backup", "req/s, ratio", "req/s", "CPU per request, ratio", "CPU per request", "p99")
    return _table(head, rows)


def routes(effort: Effort) -> str:
    """Create backups on a server that knows all operations, and on one that knows next to none."""
    servers = {
        "one route": ("benchmarks.one_route",),
        "all routes": (*MOCKRDS, "--scenario", str(SCENARIO)),
    }
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in servers}
    for _ in range(effort.rounds):
        for name, command in servers.items():
            found[name].append(_load(command, effort.seconds))
    rows = []
    for name, figures in found.items():
        pairs = list(zip(figures, found["one route"], strict=True))
        speed, cpu = (median(figure[i] for figure in figures) for i in range(2))
        faster = median(own[0] / other[0] for own, other in pairs)
        dearer = median(own[1] / other[1] for own, other in pairs) if figures[0][1] else 0.0
        rows.append((name, f"{faster:.2f}", f"{speed:,.0f}", f"{dearer:.2f}", f"{cpu * 1e6:.0f} µs"))
    return _table(("routes", "req/s, ratio", "req/s", "CPU per request, ratio", "CPU per request"), rows)


def _load(command: Sequence[str], seconds: int, checkout: Path = FOLDER.parent) -> tuple[float, float, float]:
    bare = command[0] == BARE[0]
    with Server(*command, ready="/" if bare else "/__mockrds/ready", checkout=checkout) as server:
        node_id = "node" if bare else _node_id(server)
        create_backups(server.port, PATH, node_id, "warm", 1)
        before = server.cpu
        load = create_backups(server.port, PATH, node_id, "load", seconds)
        return load.per_second, (server.cpu - before) / load.requests, load.p99


def faults(effort: Effort) -> str:
    """Create backups while faults are armed that never fire: one server, a project for each set of them."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in SETS}
    with Server("benchmarks.armed") as server:
        paths = {name: f"/rds/v1/{number:032x}" for number, name in enumerate(SETS, 1)}
        nodes = {name: _node_id(server, path) for name, path in paths.items()}
        for turn in range(1 + effort.rounds * 3):
            for name, path in paths.items():
                before = server.cpu
                load = create_backups(server.port, f"{path}/backups", nodes[name], f"load-{turn}", 1)
                if turn:  # the first one warms up
                    found[name].append((load.per_second, (server.cpu - before) / load.requests))
    reference = found["no rules"]
    rows = []
    for name, figures in found.items():
        pairs = list(zip(figures, reference, strict=True))
        faster = median(own[0] / other[0] for own, other in pairs)
        dearer = median(own[1] / other[1] for own, other in pairs) if reference[0][1] else 0.0
        speed, cpu = (median(figure[i] for figure in figures) for i in range(2))
        rows.append((name, f"{faster:.2f}", f"{speed:,.0f}", f"{dearer:.2f}", f"{cpu * 1e6:.1f} µs"))
    head = (f"{RULES} rules that do not match", "req/s, ratio", "req/s", "CPU per request, ratio", "CPU per request")
    return _table(head, rows)


def waiting(effort: Effort) -> str:
    """Let many clients wait for a delayed answer at once, beside ``asyncio.sleep`` on bare aiohttp."""
    servers = {
        "bare aiohttp, `asyncio.sleep`": ((*BARE, "--latency", str(DELAY)), "/"),
        "mockrds, a fault with `latency`": ((*MOCKRDS, "--scenario", str(FOLDER / "slow.yaml")), "/__mockrds/ready"),
    }
    rows = []
    for wanted in effort.waiting:
        clients = allowed(wanted)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
        for turn in range((effort.rounds + 1) // 2):
            for name in sorted(servers, reverse=turn % 2 == 1):
                command, ready = servers[name]
                with Server(*command, ready=ready) as server:
                    late = [waited - DELAY for waited in wait(server.port, clients, SPREAD)]
                found[name].append((late[len(late) // 2], late[len(late) * 99 // 100]))
        reference = next(iter(found.values()))
        for name, figures in found.items():
            cells = []
            for i in range(2):
                more = median(own[i] - other[i] for own, other in zip(figures, reference, strict=True))
                cells += [f"{median(figure[i] for figure in figures) * 1000:.1f} ms", f"{more * 1000:+.1f} ms"]
            rows.append((f"{clients:,} clients: {name}", *cells))
    head = (f"later than the {DELAY:g} s asked for", "median", "beside bare", "p99", "beside bare")
    return _table(head, rows)


def hostile(effort: Effort) -> str:
    """Send random bytes and half requests, and see what that leaves behind."""
    rows = []
    random = Random(1)
    with TemporaryFile() as log, Server(*MOCKRDS, "--scenario", str(SCENARIO), log=log) as server:
        sockets = server.files
        for tries in effort.attacks:
            ended = attack(server.port, tries, random)
            hanging = ended["hangs"]
            with Client(server.port) as client:
                client.call("GET", "/__mockrds/ready")
            deadline = time.monotonic() + PATIENCE
            while server.files > sockets and time.monotonic() < deadline:
                time.sleep(0.01)
            log.seek(0)
            words = len(log.read().splitlines())
            left = server.files - sockets
            rows.append((f"{tries:,} more", f"{server.megabytes:.1f} MB", str(left), str(hanging), str(words)))
    return _table(("hostile clients", "resident", "connections left", "unanswered", "lines logged"), rows)


def start(effort: Effort) -> str:
    """From spawning the process to its first answer."""
    servers: dict[str, tuple[Sequence[str], str, Path]] = {"bare aiohttp": (BARE, "/", FOLDER.parent)}
    for name, checkout in CHECKOUTS.items():
        servers[name] = (MOCKRDS, "/__mockrds/ready", checkout)
        servers[f"{name} `--scenario FILE`"] = ((*MOCKRDS, "--scenario", str(SCENARIO)), "/__mockrds/ready", checkout)
    found: dict[str, list[float]] = {name: [] for name in servers}
    for turn in range(1 + effort.starts):
        for name, (command, ready, checkout) in servers.items():
            with Server(*command, ready=ready, checkout=checkout) as server:
                if turn:  # the first one compiles
                    found[name].append(server.first_answer)
    reference = next(iter(found.values()))
    rows = []
    for name, figures in found.items():
        ratio = median(own / other for own, other in zip(figures, reference, strict=True))
        rows.append((name, f"{ratio:.2f}", f"{median(figures) * 1000:.0f} ms"))
    return _table(("first answer after spawn", "ratio", "time"), rows)


def memory(effort: Effort) -> str:
    """Resident memory of the server's process."""
    some = 20_000
    rows = []
    with Server(*BARE, ready="/") as server:
        rows.append(("bare aiohttp, at start", server.megabytes))
    for name, checkout in CHECKOUTS.items():
        with Server(*MOCKRDS, checkout=checkout) as server:
            rows.append((f"{name}, at start", server.megabytes))
    with Server(*MOCKRDS, "--scenario", str(SCENARIO)) as server, Client(server.port) as client:
        rows.append(("mockrds `--scenario FILE`, at start", server.megabytes))
        node_id = _node_id(server)
        for i in range(some):
            client.call("POST", PATH, _backup(node_id, f"memory-{i}"))
        rows.append((f"mockrds, after {some:,} backups over HTTP, the journal full", server.megabytes))
    most = effort.sizes[-1]
    with _filled(most) as server:
        rows.append((f"mockrds, {most:,} backups made in the process", server.megabytes))
    return _table(("memory", "resident"), [(name, f"{megabytes:.0f} MB") for name, megabytes in rows])


def cost(effort: Effort) -> str:
    """One call, with ever more backups in the project: on the world itself, and over HTTP on one connection."""
    in_process = [_in_process(size, effort.starts) for size in effort.sizes]
    http = _over_http(effort.sizes, effort.starts)
    rows = []
    for label, figures in (("in process", in_process), ("HTTP", http)):
        for name in figures[0]:
            times = [figure[name] for figure in figures]
            rows.append((f"{name}, {label}", *(f"{t * 1e6:.1f} µs" for t in times), f"{times[-1] / times[0]:.2f}"))
    return _table(("cost of a call", *(f"{size:,} backups" for size in effort.sizes), "last / first"), rows)


CALLS = 200  # in a row, between two looks at the clock


def _in_process(size: int, rounds: int) -> dict[str, float]:
    from mockrds import MockRDS

    world = MockRDS(SCENARIO).simulator.default.world
    node_id = world.instances[0].node_id
    for i in range(size):
        world.create_manual_backup(node_id, f"filled-{i}", "My Backup")
    gc.collect()
    gc.freeze()
    found: dict[str, list[float]] = {"create": [], "delete": [], "get the policy": []}
    for turn in range(rounds * 10):
        names = [f"cost-{turn}-{i}" for i in range(CALLS)]
        began = time.perf_counter()
        ids = [world.create_manual_backup(node_id, name, "My Backup").id for name in names]
        found["create"].append(time.perf_counter() - began)
        began = time.perf_counter()
        for backup_id in ids:
            world.delete_manual_backup(backup_id)
        found["delete"].append(time.perf_counter() - began)
        began = time.perf_counter()
        for _ in names:
            world.get_backup_policy(node_id)
        found["get the policy"].append(time.perf_counter() - began)
    return {name: median(times) / CALLS for name, times in found.items()}


def _over_http(sizes: Sequence[int], rounds: int) -> list[dict[str, float]]:
    names = ("create", "delete", "get the policy", "v3 create", "v3 list of ten", "v3 list by id", "v3 delete")
    found: list[dict[str, list[float]]] = [{name: [] for name in names} for _ in sizes]
    with ExitStack() as stack:
        servers = [stack.enter_context(_filled(size)) for size in sizes]
        clients = [stack.enter_context(Client(server.port)) for server in servers]
        nodes = [_node_id(server) for server in servers]
        for turn in range(rounds):
            for client, node_id, times in zip(clients, nodes, found, strict=True):
                ids: list[str] = []
                for i in range(CALLS):
                    backup = _backup(node_id, f"cost-{turn}-{i}")
                    began = time.perf_counter()
                    answer = client.call("POST", PATH, backup)
                    times["create"].append(time.perf_counter() - began)
                    ids.append(answer["backup"]["id"])
                for backup_id in ids:
                    began = time.perf_counter()
                    client.call("DELETE", f"{PATH}/{backup_id}")
                    times["delete"].append(time.perf_counter() - began)
                for _ in range(CALLS):
                    began = time.perf_counter()
                    client.call("GET", f"{PROJECT}/instances/{node_id}/backups/policy")
                    times["get the policy"].append(time.perf_counter() - began)
                _v3(client, times, turn)
    return [{name: median(values) for name, values in times.items()} for times in found]


def _v3(client: Client, times: dict[str, list[float]], turn: int) -> None:
    """Make, list and delete backups through API v3."""
    v3 = PROJECT.replace("/rds/v1/", "/v3/")
    instance_id = client.call("GET", f"{v3}/instances")["instances"][0]["id"]

    def timed(name: str, method: str, path: str, content: object = None) -> Any:
        began = time.perf_counter()
        answer = client.call(method, f"{v3}{path}", content)
        times[name].append(time.perf_counter() - began)
        return answer

    for i in range(CALLS):
        body = {"name": f"v3-{turn}-{i}", "instance_id": instance_id}
        backup_id = timed("v3 create", "POST", "/backups", body)["backup"]["id"]
        timed("v3 list of ten", "GET", f"/backups?instance_id={instance_id}&limit=10")
        timed("v3 list by id", "GET", f"/backups?instance_id={instance_id}&backup_id={backup_id}")
        timed("v3 delete", "DELETE", f"/backups/{backup_id}")


def in_tests(effort: Effort) -> str:
    """What a test run pays."""
    found = rows(effort.starts, tests=effort.sizes[1] // 10, projects=effort.sizes[1])
    return _table(("in tests", "cost"), list(found.items()))


def _filled(size: int) -> Server:
    return Server("benchmarks.filled", "--backups", str(size))


def _node_id(server: Server, project: str = PROJECT) -> str:
    with Client(server.port) as client:
        instances = client.call("GET", f"{project}/instances")["instances"]
    return str(instances[0]["id"])


def _backup(node_id: str, name: str) -> dict[str, dict[str, str]]:
    return {"backup": {"name": name, "instance": node_id, "description": "My Backup"}}


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


MEASURES: dict[str, Callable[[Effort], str]] = {
    "throughput": throughput,
    "faults": faults,
    "waiting": waiting,
    "hostile": hostile,
    "start": start,
    "memory": memory,
    "cost": cost,
    "routes": routes,
    "in-tests": in_tests,
}
