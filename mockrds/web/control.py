"""The control API, ``/__mockrds/``: for tests and people, never subject to faults, never in the journal."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mockrds.domain.clock import iso
from mockrds.domain.errors import RDSError
from mockrds.version import __version__
from mockrds.web.call import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockrds.domain.models import Backup, Instance
    from mockrds.simulator import Simulator, Tenant
    from mockrds.web.call import Call

_Route = TypeVar("_Route")

PREFIX: Final = "/__mockrds"
TOKEN_HEADER: Final = "X-Mockrds-Token"  # noqa: S105  (a name, no secret)
_OPEN: Final = ("live", "ready", "version")


class ControlError(Exception):
    """A control request that can't be served.

    Args:
        status: The HTTP status.
        message: What is wrong and what to do.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def handle(call: Call) -> Answer:
    """Serve a request to the control API."""
    try:
        return _route(call)
    except ControlError as error:
        return Answer({"error": str(error)}, error.status)
    except RDSError as error:
        return Answer({"error": error.hint or "the body must be a JSON object"}, 400)


def _route(call: Call) -> Answer:
    parts = call.path.removeprefix(PREFIX).strip("/").split("/")
    token = call.simulator.control_token
    if token is not None and parts[0] not in _OPEN:
        given = call.headers.get(TOKEN_HEADER, "")
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise ControlError(
                401, f"this server can be reached from other machines: send {TOKEN_HEADER}, which it printed"
            )
    if parts[0] == "projects" and len(parts) > 1:
        resource = "/".join(parts[2:])
        route = _pick(_PROJECT_ROUTES, call.method, resource)
        return route(call, _tenant(call.simulator, parts[1]))
    return _pick(_ROUTES, call.method, "/".join(parts))(call)


def _tenant(simulator: Simulator, wanted: str) -> Tenant:
    """Find a project by its id, or by the name of one that is there."""
    named = next((tenant for tenant in tuple(simulator.tenants.values()) if tenant.name == wanted), None)
    if named is not None:
        return named
    if simulator.strict_projects and wanted not in simulator.tenants:
        raise ControlError(404, f"project {wanted!r} was not declared")
    return simulator.tenant(wanted)


def _pick(routes: dict[tuple[str, str], _Route], method: str, resource: str) -> _Route:
    if method == "HEAD":
        method = "GET"
    route = routes.get((method, resource))
    if route is None:
        methods = [known for known, name in routes if name == resource]
        if methods:
            raise ControlError(405, f"{resource} takes {', '.join(methods)}")
        known = ", ".join(f"{verb} {name}" for verb, name in routes)
        raise ControlError(404, f"no such resource {resource!r}; there are: {known}")
    return route


def _live(call: Call) -> Answer:  # noqa: ARG001
    return Answer({"status": "ok"})


def _version(call: Call) -> Answer:  # noqa: ARG001
    return Answer({"name": "mockrds", "version": __version__})


def _projects(call: Call) -> Answer:
    rows = [{"id": tenant.id, "name": tenant.name} for tenant in tuple(call.simulator.tenants.values())]
    return Answer({"projects": rows})


def _state(call: Call, tenant: Tenant) -> Answer:
    now = tenant.clock.now()
    return Answer({
        "id": tenant.id,
        "name": tenant.name,
        "seed": tenant.seed,
        "scenario": tenant.scenario.name,
        "token": call.simulator.token(tenant),
        "clock": _clock_json(tenant),
        "quotas": {"manual_backups": tenant.world.quotas.manual_backups, "instances": tenant.world.quotas.instances},
        "instances": [_instance_json(instance, now) for instance in tenant.world.instances],
        "backups": [_backup_json(backup, now) for backup in tenant.world.backups],
    })  # fmt: skip


def _instance_json(instance: Instance, now: float) -> dict[str, Any]:
    return {
        "id": instance.id,
        "name": instance.name,
        "status": instance.status_at(now),
        "datastore": {"type": instance.datastore.type, "version": instance.datastore.version},
        "node_id": instance.node_id,
        "standby_node_id": instance.standby.id if instance.standby else None,
        "replica_of": instance.primary.id if instance.primary else None,
    }


def _backup_json(backup: Backup, now: float) -> dict[str, Any]:
    return {
        "id": backup.id,
        "name": backup.name,
        "status": backup.status_at(now),
        "instance_id": backup.instance.id,
        "node_id": backup.node_id,
        "created": iso(backup.created),
    }


def _clock_json(tenant: Tenant) -> dict[str, Any]:
    setting = tenant.clock.setting
    return {"mode": setting.mode, "now": iso(tenant.clock.now()), "by": setting.by}


def _clock(call: Call, tenant: Tenant) -> Answer:  # noqa: ARG001
    return Answer(_clock_json(tenant))


def _set_clock(call: Call, tenant: Tenant) -> Answer:
    try:
        tenant.clock.set(call.document)
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    return Answer(_clock_json(tenant))


def _advance(call: Call, tenant: Tenant) -> Answer:
    if call.document.keys() != {"by"}:
        raise ControlError(400, 'send {"by": "6h"}, or seconds')
    try:
        tenant.clock.advance(call.document["by"])
    except ValueError as error:
        raise ControlError(400, f"by: {error}") from None
    return Answer(_clock_json(tenant))


def _journal(call: Call, tenant: Tenant) -> Answer:
    try:
        entries = tenant.journal.entries(call.query.get("operation"))
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    return Answer({"total": tenant.journal.total, "entries": [entry.as_json() for entry in entries]})


def _faults(call: Call, tenant: Tenant) -> Answer:  # noqa: ARG001
    rows = [
        {"id": armed.id, "name": armed.name, "calls": armed.calls, "fired": armed.fired, "source": armed.rule.source}
        for armed in tenant.faults.armed
    ]
    return Answer({"faults": rows})


def _add_fault(call: Call, tenant: Tenant) -> Answer:
    from mockrds.scenario.loader import ScenarioError, read_rule

    try:
        armed = tenant.faults.add(read_rule(call.document, "control API"))
    except ScenarioError as error:
        raise ControlError(400, str(error)) from None
    return Answer({"id": armed.id, "name": armed.name}, 201)


def _clear_faults(call: Call, tenant: Tenant) -> Answer:  # noqa: ARG001
    tenant.faults.clear()
    return Answer({})


def _reset(call: Call, tenant: Tenant) -> Answer:  # noqa: ARG001
    tenant.reset()
    return Answer({})


_ROUTES: Final[dict[tuple[str, str], Callable[[Call], Answer]]] = {
    ("GET", "live"): _live,
    ("GET", "ready"): _live,  # it is ready as soon as it listens
    ("GET", "version"): _version,
    ("GET", "projects"): _projects,
}
_PROJECT_ROUTES: Final[dict[tuple[str, str], Callable[[Call, Tenant], Answer]]] = {
    ("GET", "state"): _state,
    ("GET", "clock"): _clock,
    ("PUT", "clock"): _set_clock,
    ("POST", "clock/advance"): _advance,
    ("GET", "journal"): _journal,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "reset"): _reset,
}
