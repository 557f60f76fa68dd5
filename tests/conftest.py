"""A server for the whole run, a project for each test, and a client that speaks to it over a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from support.api import FROZEN, REFUSALS, Api

from mockrds.server import MockRDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from support.api import Connect

    from mockrds.domain.clock import ClockSetting
    from mockrds.server import Project


@pytest.fixture(scope="session")
def frozen() -> ClockSetting:
    """A clock that stands still in the night of a backup window."""
    return FROZEN


@pytest.fixture(scope="session")
def server(frozen: ClockSetting) -> Iterator[MockRDS]:
    with MockRDS(clock=frozen) as mock:
        yield mock


@pytest.fixture(scope="session")
def strict(frozen: ClockSetting) -> Iterator[MockRDS]:
    """A server that takes only the tokens it issued."""
    with MockRDS(clock=frozen, auth="strict") as mock:
        yield mock


@pytest.fixture
def connect(server: MockRDS, frozen: ClockSetting) -> Iterator[Connect]:
    with requests.Session() as session:

        def connect(scenario: Mapping[str, Any] | None = None, *, to: MockRDS | None = None) -> Api:
            clock = None if scenario and "clock" in scenario else frozen
            return Api((to or server).project(scenario=scenario, clock=clock), session)

        yield connect


@pytest.fixture
def api(connect: Connect) -> Api:
    return connect()


@pytest.fixture
def project(api: Api) -> Project:
    return api.project


@pytest.fixture(scope="session")
def refusal() -> Callable[..., tuple[int, dict[str, str]]]:
    """Return the whole answer that a code stands for, in the envelope of API v1 or of the gateway."""

    def refusal(code: str, detail: str = "") -> tuple[int, dict[str, str]]:
        status, message = REFUSALS[code]
        if code.startswith("APIGW."):
            return status, {"error_msg": message + detail, "error_code": code}
        return status, {"errCode": code, "externalMessage": message}

    return refusal


@pytest.fixture(scope="session")
def shape() -> Callable[[Any], Any]:
    """Reduce JSON to its keys, in order, and its types."""

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return [(key, shape(inner)) for key, inner in value.items()]
        if isinstance(value, list):
            return [shape(inner) for inner in value]
        return type(value).__name__

    return shape


# For the pytest plugin


@pytest.fixture
def shared() -> Iterator[MockRDS]:
    """A server that is there already, for inner runs to share."""
    with MockRDS() as mock:
        yield mock


@pytest.fixture(params=["own", "shared"])
def where(request: pytest.FixtureRequest) -> list[str]:
    """The options of a run on a server of its own, and on one that is shared."""
    return [] if request.param == "own" else [f"--mockrds-url={request.getfixturevalue('shared').url}"]
