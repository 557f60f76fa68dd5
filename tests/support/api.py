"""A client of one project that holds every answer against the OpenAPI documents, and what the references document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from mockrds.domain.clock import ClockSetting
from support.openapi_check import mistakes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from mockrds.domain.models import Instance
    from mockrds.project import Project
    from mockrds.server import MockRDS

FROZEN = ClockSetting(mode="frozen", at=datetime(2026, 1, 31, 22, 0, tzinfo=UTC))
"""A clock that stands still in the night of a backup window."""
ROLES = {
    "primary": "mysql-single",
    "pair": "postgresql-ha",
    "sqlserver": "sqlserver-single",
    "replica": "mysql-replica",
}
REFUSALS = {
    "RDS.0001": (400, "Parameter error."),
    "RDS.0002": (404, "The DB instance does not exist."),
    "RDS.0006": (400, "The request is null. Enter a request parameter."),
    "RDS.0010": (403, "The DB instance ID or user ID may be null, or the operation is not authorized."),
    "RDS.0011": (409, "Another operation is being performed on the DB instance or the DB instance is faulty."),
    "RDS.0017": (400, "Invalid parameter letter case."),
    "RDS.0029": (409, "The object is being created. Please wait."),
    "RDS.0031": (409, "The object already exists."),
    "RDS.0042": (400, "Invalid request."),
    "RDS.0056": (409, "Operation not allowed by the DB instance type or status."),
    "RDS.0062": (400, "The number of tags added for the DB instance has reached the quota."),
    "RDS.1002": (409, "RDS DB instance is being restored."),
    "RDS.1100": (409, "The RDS DB instance is being deleted."),
    "RDS.1112": (413, "The number of DB instances has reached the quota."),
    "RDS.3003": (413, "The number of manual backup creations has reached the upper limit."),
    "RDS.3004": (409, "Backup is in progress, please wait."),
    "RDS.3011": (400, "Invalid retention days."),
    "RDS.3013": (400, "Invalid backup start time."),
    "RDS.3016": (400, "The backup file is being deleted. Try again later."),
    "RDS.3026": (400, "The backup file does not exist."),
    "RDS.3029": (400, "No backup files are available for restoration to this time point."),
    "RDS.3030": (400, "The storage space of the new DB instance cannot be less than that of the original DB instance."),
    "RDS.5001": (400, "Invalid DB instance name."),
    "RDS.5002": (400, "Invalid DB engine."),
    "RDS.5003": (400, "Invalid database version."),
    "RDS.5004": (400, "The datastore field is empty."),
    "RDS.5005": (400, "The DB engine or version is not supported."),
    "RDS.5006": (400, "Invalid flavor value."),
    "RDS.5007": (404, "The flavor value does not exist."),
    "RDS.5008": (400, "Invalid storage type."),
    "RDS.5009": (400, "Storage space is out of range."),
    "RDS.5010": (400, "Invalid region value."),
    "RDS.5011": (400, "Invalid AZ."),
    "RDS.5013": (400, "Invalid database root password."),
    "RDS.5014": (400, "Invalid VPC ID."),
    "RDS.5015": (400, "Invalid network ID."),
    "RDS.5016": (400, "Invalid security group ID."),
    "RDS.5017": (400, "Invalid automated backup retention days."),
    "RDS.5020": (400, "Invalid automated backup start time."),
    "RDS.5029": (400, "Invalid synchronize model."),
    "RDS.5032": (400, "Invalid replica_of value."),
    "RDS.5033": (400, "Storage space must be a multiple of 10."),
    "RDS.5036": (400, "The datastore does not exist or has no permissions."),
    "RDS.5042": (404, "The original DB instance does not exist."),
    "RDS.5044": (400, "Invalid object name."),
    "APIGW.0101": (404, "The API does not exist or has not been published in the environment"),
    "APIGW.0201": (413, "Request entity too large"),
    "APIGW.0301": (401, "Incorrect IAM authentication information"),
    "APIGW.0307": (401, "The token must be updated"),
    "APIGW.0308": (429, "The throttling threshold has been reached"),
}
"""What the references document: status and message by code."""


class Reply:
    """What came back."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.text
        self.body: Any = response.json() if response.content else None

    @property
    def answer(self) -> tuple[int, Any]:
        """Status and body; a gateway's request id, once it is the header's, is taken out."""
        body = self.body
        if isinstance(body, dict) and body.get("request_id") == self.headers["X-Request-Id"]:
            body = {key: value for key, value in body.items() if key != "request_id"}
        return self.status, body

    @property
    def hint(self) -> str:
        return self.headers.get("X-Mockrds-Hint", "")


class Api:
    """A client of one project."""

    def __init__(self, project: Project, session: requests.Session) -> None:
        self.project = project
        self.session = session
        self.token: str | None = project.token

    def call(self, method: str, url: str, **request: Any) -> Reply:
        headers = {"X-Auth-Token": self.token} | request.pop("headers", {})
        reply = Reply(self.session.request(method, url, headers=headers, timeout=60, **request))
        assert mistakes(method, url, reply, request.get("json")) == []
        return reply

    def get(self, path: str, **request: Any) -> Reply:
        return self.call("GET", self.project.v1_url + path, **request)

    def post(self, path: str, **request: Any) -> Reply:
        return self.call("POST", self.project.v1_url + path, **request)

    def put(self, path: str, **request: Any) -> Reply:
        return self.call("PUT", self.project.v1_url + path, **request)

    def delete(self, path: str, **request: Any) -> Reply:
        return self.call("DELETE", self.project.v1_url + path, **request)

    def instance(self, role: str = "primary") -> Instance:
        """The instance of the default world that plays *role*."""
        return next(instance for instance in self.project.instances if instance.name == ROLES[role])

    def node(self, role: str = "primary") -> str:
        """The node id that plays *role*: one of an instance, or "standby", "unknown" and "instance id"."""
        if role == "standby":
            standby = self.instance("pair").standby
            assert standby is not None
            return standby.id
        if role == "instance id":
            return self.instance().id
        return "0" * 32 + "no01" if role == "unknown" else self.instance(role).node_id

    def create(self, **fields: Any) -> Reply:
        """Create a backup; a field that is ``...`` is left out."""
        fields = {"name": "nightly", "description": ""} | fields
        fields.setdefault("instance", self.project.instances[0].node_id)
        return self.post("/backups", json={"backup": {k: v for k, v in fields.items() if v is not ...}})

    def completed(self, name: str = "nightly", **fields: Any) -> str:
        """Make a backup, let it complete, and return its id."""
        reply = self.create(name=name, **fields)
        assert reply.status == 200, reply.text
        self.project.clock.advance("3s")
        return str(reply.body["backup"]["id"])


class Connect(Protocol):
    """Make a project and a client of it."""

    def __call__(self, scenario: Mapping[str, Any] | None = None, *, to: MockRDS | None = None) -> Api: ...
