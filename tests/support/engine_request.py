"""A request as the engine sees it, without a server."""

from typing import Any

from multidict import CIMultiDict

from mockrds.api.families import SERVED
from mockrds.faults.matching import resolve


class EngineRequest:
    """A call of *operation*; what is not given is empty."""

    def __init__(
        self, operation: str, *, now: float = 0.0, body: Any = None, reused: bool = False, **rest: Any
    ) -> None:
        self.operation = operation
        self.now = now
        self.reused = reused
        self.method: str = rest.get("method", "GET")
        self.path: str = rest.get("path", "/")
        self.headers: CIMultiDict[str] = CIMultiDict(rest.get("headers", {}))
        self.query: dict[str, str] = rest.get("query", {})
        self.instance: Any = rest.get("instance", ((), None))
        self.state: dict[str, int] = rest.get("state", {})
        self.heeds = SERVED[operation].heeds if operation in SERVED else frozenset()
        self._body = body

    def at(self, pointer: str) -> Any:
        return resolve(self._body, pointer)
