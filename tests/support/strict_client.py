"""Raw HTTP exchanges, as Go and Java clients make them: nothing is added, nothing is coerced."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockrds.project import Project


class Answer:
    """What came back, to the byte."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.raw = body
        self.content: Any = json.loads(body) if body else None


class StrictClient:
    """Speaks to a project with one connection a request, as gophertelekomcloud does."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.instances = {instance.name: instance for instance in project.instances}
        self.names = {
            "P": project.id,
            "mysql": self.instances["mysql-single"].id,
            "pg": self.instances["postgresql-ha"].id,
            "sqlserver": self.instances["sqlserver-single"].id,
            "node": self.instances["mysql-single"].node_id,
        }

    @classmethod
    def checked(cls, project: Project) -> Iterator[Self]:
        """Yield one, and check in the end that the mock itself made no mistakes."""
        yield cls(project)
        assert project.errors == []

    def filled(self, text: str) -> str:
        """Put ids in the place of ``<name>``."""
        for name, value in self.names.items():
            text = text.replace(f"<{name}>", value)
        return text

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request with no more headers than Go's, unless some are given (``_`` stands for ``-``)."""
        host = self.project.url.removeprefix("http://")
        sent = {"Host": host, "Accept": "application/json", "Connection": "close", "X-Auth-Token": self.project.token}
        payload = None
        if body is not None:
            payload = self.filled(json.dumps(body)).encode()
            sent["Content-Type"] = "application/json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection(host, timeout=30)
        try:
            connection.putrequest(method, self.filled(path), skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            if payload is not None:
                connection.putheader("Content-Length", str(len(payload)))
            connection.endheaders(payload)
            response = connection.getresponse()
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        finally:
            connection.close()

    def backup(self, name: str = "nightly", of: str = "mysql") -> str:
        """Make a backup, let it complete, and remember its id as ``<backup>``."""
        made = self.ask("POST", "/v3/<P>/backups", {"instance_id": f"<{of}>", "name": name})
        self.names["backup"] = made.content["backup"]["id"]
        self.project.clock.advance("3s")
        return self.names["backup"]


class Nullable:
    """A type that may be null: Go and Java clients read that as nothing."""

    def __init__(self, of: Any) -> None:
        self.of = of


class Maybe(Nullable):
    """A type that may be left out."""


def misfits(value: Any, wanted: Any, at: str = "") -> list[str]:
    """List what in *value* is not of the type that strict clients want: 1.0 is no int, True is none either."""
    if isinstance(wanted, Nullable):
        return [] if value is None else misfits(value, wanted.of, at)
    if isinstance(wanted, dict):
        if type(value) is not dict:
            return [f"{at or '/'} is {value!r}, no object"]
        missing = [
            f"{at}/{key} is missing" for key, of in wanted.items() if key not in value and not isinstance(of, Maybe)
        ]
        found = [line for key, of in wanted.items() if key in value for line in misfits(value[key], of, f"{at}/{key}")]
        return missing + found
    if isinstance(wanted, list):
        if type(value) is not list:
            return [f"{at} is {value!r}, no list"]
        return [line for i, element in enumerate(value) for line in misfits(element, wanted[0], f"{at}/{i}")]
    return [] if type(value) is wanted else [f"{at} is {value!r}, no {wanted.__name__}"]
