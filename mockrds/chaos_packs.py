"""Packs of faults: what a client ought to come through, each as one small scenario.

Each fault hits the first call of its kind, so that a client that tries again survives; a token expires at the second.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mockrds.report.documented import ERRORS
from mockrds.verdict.backup_history import DELETES, LISTS
from mockrds.verdict.operations import CREATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_EVERY: Final = (CREATE, *LISTS, *DELETES)

PAGE: Final = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_SUFFIXES: Final = (".yaml", ".yml", ".json")
DEFAULT: Final = "default"
"""The name of the pack that is meant if none is named."""
BASELINE: Final = "baseline"
"""What the run of a test without a fault is called, so no fault."""
_LIBRARY: Final = "library"
_TESTS_OWN: Final = ("name", "description", "extends", "seed", "clock")
"""What of a scenario is not laid over a test's: names, and what the test's own clock and seed decide."""


class ChaosError(ValueError):
    """There is no such pack."""


class ChaosFault(NamedTuple):
    """One thing to go wrong."""

    name: str
    """What it is called: words with dashes between them."""
    scenario: Mapping[str, Any]
    """What goes wrong, as a scenario document."""

    @property
    def faults(self) -> list[Mapping[str, Any]]:
        """Its faults, as ``faults.add(**fault)`` takes them."""
        return list(self.scenario.get("faults", ()))

    @property
    def only_faults(self) -> bool:
        """Tell whether faults are all that it has, so that without one that fires all is as ever."""
        return self.scenario.keys() == {"faults"}


def _case(name: str, operation: str | Iterable[str], **effect: Any) -> ChaosFault:
    operations = operation if isinstance(operation, str) else list(operation)
    return ChaosFault(name, {"faults": [{"name": name, "operation": operations, "calls": [1]} | effect]})


_LOST: Final[dict[str, Any]] = {"phase": "after_commit"}
_502: Final = {"status": 502, "headers": {"Server": "nginx"}, "body": PAGE}
_503: Final = {"status": 503, "json": {"message": "Service Unavailable"}}
_FAULTS: Final = {
    "reset": "CONNECTION_RESET_BY_PEER",
    "empty-answer": "EMPTY_RESPONSE",
    "malformed-chunk": "MALFORMED_RESPONSE_CHUNK",
    "random-data": "RANDOM_DATA_THEN_CLOSE",
    "hang": "timeout",
    "cut-head": {"limit_data": 40},
    "cut-body": {"limit_data": 500},
    "cut-body-reset": {"limit_data": 500, "reset_peer": 0},
}
_SWALLOWING: Final = ("reset", "empty-answer", "malformed-chunk", "random-data", "hang")
_KINDS: Final = {"create": CREATE, "list": LISTS, "delete": DELETES}

_DEFAULT: Final = (
    _case("answer-lost", CREATE, **_LOST, fault="CONNECTION_RESET_BY_PEER"),
    _case("answer-hangs", CREATE, **_LOST, fault="timeout"),
    _case("answer-truncated", CREATE, body={"truncate": 0.5}),
    _case("gateway-502", CREATE, **_LOST, response=_502),
    _case("reset", CREATE, fault="CONNECTION_RESET_BY_PEER"),
    _case("busy-409", CREATE, error="RDS.0011"),
    _case("quota-reached", CREATE, quota=0),
    _case("throttled-429", CREATE, error="APIGW.0308", retry_after="1s"),
    _case("unavailable-503", CREATE, response=_503, retry_after="1s"),
    _case("not-listed-yet", CREATE, visible_after="2 looks"),
    _case("backup-fails", CREATE, lifecycle={"outcome": "FAILED"}),
    _case("token-expired", _EVERY, calls=[2], credentials="expired"),
    ChaosFault(
        "closed-keep-alive",
        {
            "faults": [
                {
                    "name": "closed-keep-alive",
                    "match": {"connection": "reused"},
                    "first": 1,
                    "fault": "EMPTY_RESPONSE",
                }
            ]
        },
    ),
    _case("list-empty-answer", LISTS, fault="EMPTY_RESPONSE"),
    _case("list-malformed-chunk", LISTS, fault="MALFORMED_RESPONSE_CHUNK"),
    _case("list-random-data", LISTS, fault="RANDOM_DATA_THEN_CLOSE"),
    _case("list-wrong-content-type", LISTS, body={"content_type": "text/html"}),
    _case("list-fails", LISTS, error="RDS.0005"),
    _case("list-slow", LISTS, latency="1s"),
    _case("list-hangs", LISTS, fault="timeout"),
    _case("unknown-status", LISTS, body={"set": {"/backups/*/status": "ARCHIVED"}}),
    _case("delete-lost", DELETES, **_LOST, fault="CONNECTION_RESET_BY_PEER"),
    _case("delete-unavailable", DELETES, response=_503, retry_after="1s"),
)

_TRANSPORT: Final = tuple(
    _case(f"{kind}-{name}{'-lost' if phase else ''}", operation, **phase, fault=fault)
    for kind, operation in _KINDS.items()
    for name, fault in _FAULTS.items()
    for phase in (({}, _LOST) if kind != "list" and name in _SWALLOWING else ({},))
)

_ERRORS: Final = tuple(
    _case(f"{kind}-{code}", operation, error=code)
    for kind, operation in _KINDS.items()
    for code in ERRORS[f"v1.{kind}_manual_backup{'s' if kind == 'list' else ''}"]
)

_LATENCY: Final = tuple(
    _case(f"{kind}-{name}", operation, **effect)
    for kind, operation in _KINDS.items()
    for name, effect in (
        ("slow", {"latency": "1s"}),
        ("very-slow", {"latency": "10s"}),
        ("slow-answer", _LOST | {"latency": "1s"}),
        ("slices", {"fault": {"slicer": {"average_size": 50, "delay": "20ms"}}}),
        ("hang", {"fault": "timeout"}),
        *(() if kind == "list" else (("hang-lost", _LOST | {"fault": "timeout"}),)),
    )
)

_CONSISTENCY: Final = (
    _case("not-listed-yet", CREATE, visible_after="2 looks"),
    _case("not-listed-for-seconds", CREATE, visible_after="2s"),
    ChaosFault(
        "stale-lists", {"faults": [{"name": "stale-lists", "operation": list(LISTS), "every": 2, "stale": "2s"}]}
    ),
    _case("empty-list", LISTS, response={"status": 200, "json": {"backups": [], "total_count": 0}}),
    _case("zombie", CREATE, commit_after="2s", response={"status": 504, "json": {"message": "Gateway Timeout"}}),
    _case("unknown-status", LISTS, body={"set": {"/backups/*/status": "ARCHIVED"}}),
    _case("status-missing", LISTS, body={"remove": ["/backups/*/status"]}),
    _case("id-missing", CREATE, body={"remove": ["/backup/id"]}),
    _case("new-fields", (CREATE, *LISTS), body={"set": {"/backup/progress": 0, "/backups/*/progress": 0}}),
    _case("answer-truncated", CREATE, body={"truncate": 0.5}),
    _case("list-truncated", LISTS, body={"truncate": 0.5}),
    _case("backup-fails", CREATE, lifecycle={"outcome": "FAILED"}),
)

_CREDENTIALS: Final = tuple(
    _case(f"{kind}-{word.replace('_', '-')}", operation, credentials=word)
    for kind, operation in _KINDS.items()
    for word in ("expired", "clock_skew", "wrong_scope")
)

PACKS: Final[Mapping[str, tuple[ChaosFault, ...]]] = {
    DEFAULT: _DEFAULT,
    "transport": _TRANSPORT,
    "errors": _ERRORS,
    "latency": _LATENCY,
    "consistency": _CONSISTENCY,
    "credentials": _CREDENTIALS,
}
"""The packs that come with mockrds, by name."""


def find(*packs: str) -> list[ChaosFault]:
    """Give the cases of packs, each once; those of one name that differ are numbered.

    Args:
        packs: The name of a pack or of one of its faults; ``library``, for each scenario of the library; the name of
            one of these; a scenario file, for each of its faults; or a folder, for each scenario file in it.

    Raises:
        ChaosError: There is no such pack; the message names what may have been meant.
        ScenarioError: A scenario is wrong.
    """
    found: dict[str, ChaosFault] = {}
    for pack in packs:
        for case in _cases(pack):
            name, n = case.name, 1
            while name == BASELINE or (name in found and found[name].scenario != case.scenario):
                n += 1
                name = f"{case.name}-{n}"
            found[name] = case._replace(name=name)
    return list(found.values())


def _cases(pack: str) -> Iterable[ChaosFault]:
    from mockrds.scenario_files.loader import library
    from mockrds.suggestions import suggest

    if pack in PACKS:
        return PACKS[pack]
    single = next((case for cases in PACKS.values() for case in cases if case.name == pack), None)
    if single is not None:
        return (single,)
    scenarios = library()
    if pack == _LIBRARY:
        return [_whole(path) for path in scenarios.values()]
    if pack in scenarios:
        return (_whole(scenarios[pack]),)
    path = Path(pack)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES and file.stem != "schema")
        if not files:
            raise ChaosError(
                f"there is no scenario file in the folder {pack}; if it has tests, put the option after it, or write "
                f"--mockrds-chaos={DEFAULT}"
            )
        return [_whole(file) for file in files]
    if path.is_file():
        if path.suffix not in _SUFFIXES:
            raise ChaosError(f"{pack} is no scenario file")
        return list(_each(path))
    known = (*PACKS, _LIBRARY, *(case.name for cases in PACKS.values() for case in cases), *scenarios)
    raise ChaosError(
        f"no pack {pack!r}{suggest(pack, known)} (there are: {', '.join((*PACKS, _LIBRARY))}, each of their faults, "
        "each scenario of the library, and scenario files and folders of them)"
    )


def _document(path: Path) -> dict[str, Any]:
    from mockrds.scenario_files.loader import load

    document = load(path).document
    return {key: value for key, value in document.items() if key not in _TESTS_OWN}


def _whole(path: Path) -> ChaosFault:
    return ChaosFault(_slug(path.stem), _document(path))


def _each(path: Path) -> Iterator[ChaosFault]:
    """Give each fault of a file as a case, with all else that the file says; the file as a whole if it has none."""
    document = _document(path)
    faults = document.get("faults", ())
    if not faults:
        yield ChaosFault(_slug(path.stem), document)
    for number, fault in enumerate(faults, 1):
        yield ChaosFault(_slug(fault.get("name") or f"{path.stem}-{number}"), document | {"faults": [fault]})


def _slug(name: str) -> str:
    return re.sub(r"[^\w.+]+", "-", name).strip("-") or "fault"
