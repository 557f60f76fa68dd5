"""The identity service (Keystone v3) as far as clients of the database service need it.

It shares the origin with the database service; every URL it gives out is built from the ``Host`` of
the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mockrds.api.authentication import read_token
from mockrds.api.call import Answer
from mockrds.api.operation import operation
from mockrds.api.schema import Boolean, List, Object, Text
from mockrds.domain.clock import END, iso
from mockrds.domain.errors import GatewayError, RDSError
from mockrds.domain.identity import DEFAULT_DOMAIN, InvalidTokenError, Token

if TYPE_CHECKING:
    from mockrds.api.call import Call
    from mockrds.project_state import ProjectState

_ENDPOINTS: Final = (
    ("identity", "iam", "/v3"),
    ("rdsv3", "rdsv3", "/v3/{id}"),
    ("rdsv1", "rdsv1", "/rds/v1/{id}"),
    ("rds", "rds", "/rds/v1/{id}"),
    ("database", "database", "/v1.0/{id}"),
    ("network", "neutron", "/"),
    ("compute", "nova", "/v2.1/{id}"),
)


_SUBJECT: Final = ("X-Subject-Token",)
"""The header with the token that a call is about."""
_NO_LINKS: Final = Object({})
_LINKS: Final = Object({"self": Text(), "previous": Text(nullable=True), "next": Text(nullable=True)})
_NAMED: Final = Object({"id": Text(), "name": Text()})
_DOMAIN_GIVEN: Final = Object({"id?": Text(), "name?": Text()})
_VERSION: Final = Object(
    {
        "id": Text(),
        "status": Text(),
        "updated": Text(),
        "links": List(Object({"rel": Text(), "href": Text()})),
        "media-types": List(Object({"base": Text(), "type": Text()})),
    }
)
_AUTH: Final = Object(
    {
        "auth": Object(
            {
                "identity": Object(
                    {
                        "methods": List(Text(one_of=("password", "token"))),
                        "password?": Object(
                            {
                                "user": Object(
                                    {"name?": Text(), "id?": Text(), "password": Text(), "domain?": _DOMAIN_GIVEN}
                                )
                            }
                        ),
                        "token?": Object({"id": Text()}),
                    }
                ),
                "scope?": Object(
                    {
                        "project?": Object({"id?": Text(), "name?": Text(), "domain?": _DOMAIN_GIVEN}),
                        "domain?": _DOMAIN_GIVEN,
                    }
                ),
            }
        )
    }
)
_CATALOG: Final = List(
    Object(
        {
            "id": Text(),
            "type": Text(),
            "name": Text(),
            "endpoints": List(
                Object({"id": Text(), "interface": Text(), "region": Text(), "region_id": Text(), "url": Text()})
            ),
        }
    )
)
_TOKEN: Final = Object(
    {
        "token": Object(
            {
                "methods": List(Text()),
                "expires_at": Text(),
                "issued_at": Text(),
                "user": Object({"id": Text(), "name": Text(), "domain": _NAMED, "password_expires_at": Text(any)}),
                "roles": List(_NAMED),
                "project?": Object({"id": Text(), "name": Text(), "domain": _NAMED}),
                "domain?": _NAMED,
                "catalog?": _CATALOG,
            }
        )
    }
)
_WITH_CATALOG: Final = Object({"nocatalog?": Text(any)})
_BY_NAME: Final = Object({"name?": Text(any)})
_PROJECTS_BY: Final = Object({"name?": Text(any), "domain_id?": Text(any)})
_PROJECT: Final = Object(
    {
        "id": Text(),
        "name": Text(),
        "domain_id": Text(),
        "parent_id": Text(),
        "description": Text(any),
        "enabled": Boolean(),
        "is_domain": Boolean(),
        "links": _NO_LINKS,
    }
)
_PROJECTS: Final = Object({"projects": List(_PROJECT), "links": _LINKS})
_DOMAINS: Final = Object(
    {
        "domains": List(Object({"id": Text(), "name": Text(), "enabled": Boolean(), "links": _NO_LINKS})),
        "links": _LINKS,
    }
)
_REGIONS: Final = Object(
    {
        "regions": List(
            Object({"id": Text(), "type": Text(), "parent_region_id": Text(nullable=True), "links": _NO_LINKS})
        ),
        "links": _LINKS,
    }
)


class KeystoneError(Exception):
    """A request that the identity service refuses.

    Args:
        status: The HTTP status.
        title: The name of the status.
        message: What is wrong.
    """

    def __init__(self, status: int, title: str, message: str) -> None:
        super().__init__(message)
        self.title = title
        self.content = {"error": {"message": message, "code": status, "title": title}}
        self.status = status


@operation(
    "iam.list_versions", answer=Object({"versions": Object({"values": List(_VERSION)})}), status=300, public=True
)
def list_versions(call: Call) -> Answer:
    """List the versions of the identity service (Keystone, "List versions")."""
    return Answer({"versions": {"values": [_version(call)]}})


@operation("iam.get_version", answer=Object({"version": _VERSION}), public=True)
def get_version(call: Call) -> Answer:
    """Return version 3 of the identity service (Keystone, "Show version details")."""
    return Answer({"version": _version(call)})


@operation(
    "iam.create_token",
    body=_AUTH,
    query=_WITH_CATALOG,
    answer=_TOKEN,
    status=201,
    reads=False,
    public=True,
    answer_headers=_SUBJECT,
    leads_to={
        "iam.get_token": {"X-Subject-Token": "$response.header.X-Subject-Token"},
        "iam.verify_token": {"X-Subject-Token": "$response.header.X-Subject-Token"},
    },
)
def create_token(call: Call, query: dict[str, Any]) -> Answer:
    """Issue a token (IAM API reference, "Obtaining a User Token Through Password Authentication")."""
    auth = _object(_read(call), "auth")
    identity = _object(auth, "identity")
    methods = identity.get("methods")
    if not isinstance(methods, list) or not methods:
        raise KeystoneError(400, "Bad Request", "identity.methods is missing")
    user, domain = DEFAULT_DOMAIN, DEFAULT_DOMAIN
    simulator = call.simulator
    if "password" in methods:
        given = _object(_object(identity, "password"), "user")
        user = str(given.get("name") or given.get("id") or "")
        if not given.get("password") or not user:
            raise unauthorized()
        named = given.get("domain")
        if isinstance(named, dict):
            domain = str(named.get("name") or named.get("id") or domain)
    elif "token" in methods:
        old = _read_token(call, _object(identity, "token").get("id"))
        if old is None:
            raise unauthorized()
        user, domain = old.user, old.domain
    else:
        raise unauthorized()
    scope = auth.get("scope")
    scope = scope if isinstance(scope, dict) else {}
    project = _scoped(call, scope)
    clock = project.clock if project is not None else simulator.clock
    life = (project.scenario if project is not None else simulator.scenario).lifecycle.token
    now = clock.now()
    token = Token(
        user=user,
        domain=domain,
        issued=now,
        expires=min(now + life, END),
        methods=tuple(str(method) for method in methods),
        project_id=project.id if project is not None else None,
        project_name=project.name if project is not None else None,
        domain_scoped=project is None and "domain" in scope,
    )
    headers = {"X-Subject-Token": simulator.issue_token(token)}
    return Answer({"token": _render(call, token, catalog=query["nocatalog"] is None)}, headers=headers)


@operation("iam.get_token", query=_WITH_CATALOG, answer=_TOKEN, headers=_SUBJECT, answer_headers=_SUBJECT)
def get_token(call: Call, query: dict[str, Any]) -> Answer:
    """Return what a token says (Keystone, "Validate and show information for token")."""
    text, token = _subject(call)
    catalog = query["nocatalog"] is None
    return Answer({"token": _render(call, token, catalog=catalog)}, headers={"X-Subject-Token": text})


@operation("iam.verify_token", headers=_SUBJECT, answer_headers=_SUBJECT)
def verify_token(call: Call) -> Answer:
    """Verify a token (IAM API reference, "Verifying a Token")."""
    text, _ = _subject(call)
    return Answer(headers={"X-Subject-Token": text})


@operation("iam.list_catalog", answer=Object({"catalog": _CATALOG, "links": _NO_LINKS}))
def list_catalog(call: Call) -> Answer:
    """List the services (Keystone, "Get service catalog")."""
    token = _read_token(call, call.headers.get("X-Auth-Token"))
    project_id = call.headers.get("X-Project-Id") if token is None else token.project_id
    project = _find_project(call, project_id) if project_id else call.simulator.default
    return Answer({"catalog": _catalog(call, project), "links": {}})


@operation("iam.list_projects", query=_PROJECTS_BY, answer=_PROJECTS)
@operation("iam.list_auth_projects", query=_BY_NAME, answer=_PROJECTS)
def list_projects(call: Call, query: dict[str, Any]) -> Answer:
    """List projects, or find one by name (IAM API reference, "Querying Project Information").

    A name that is not there yet becomes a project; without a name, all projects are listed. Every domain has them all.
    """
    simulator = call.simulator
    name = query["name"]
    if not name:
        projects = list(simulator.projects.values())
    else:
        project = simulator.project_named(name)
        projects = [] if project is None else [project]
    return Answer({"projects": [_project(call, project) for project in projects], "links": _links(call)})


@operation("iam.get_project", answer=Object({"project": _PROJECT}))
def get_project(call: Call) -> Answer:
    """Return a project (Keystone, "Show project details"); an unknown id makes none."""
    project = call.simulator.projects.get(call.parameters["id"])
    if project is None:
        raise KeystoneError(404, "Not Found", f"Could not find project: {call.parameters['id']}.")
    return Answer({"project": _project(call, project)})


@operation("iam.list_domains", query=_BY_NAME, answer=_DOMAINS)
def list_domains(call: Call, query: dict[str, Any]) -> Answer:
    """List domains, or find one by name (IAM API reference, "Querying the List of Domains")."""
    name = query["name"] or DEFAULT_DOMAIN
    domain: dict[str, Any] = {"id": _domain_id(call, name), "name": name, "enabled": True, "links": {}}
    return Answer({"domains": [domain], "links": _links(call)})


@operation("iam.list_regions", answer=_REGIONS)
def list_regions(call: Call) -> Answer:
    """List regions (IAM API reference, "Querying a Region List")."""
    regions = dict.fromkeys(project.world.region for project in call.simulator.projects.values())
    rows: list[dict[str, Any]] = [
        {"id": region, "type": "public", "parent_region_id": None, "links": {}} for region in regions
    ]
    return Answer({"regions": rows, "links": _links(call)})


def unauthorized(message: str = "The request you have made requires authentication.") -> KeystoneError:
    """Make the refusal of credentials that are missing or bad."""
    return KeystoneError(401, "Unauthorized", message)


def base_url(call: Call) -> str:
    """Return the origin that the client used, without a slash at the end."""
    scheme = call.headers.get("X-Forwarded-Proto", call.scheme)
    host = call.headers.get("Host", "")
    return f"{'https' if scheme == 'https' else 'http'}://{host if host.isascii() else ''}"


def _read(call: Call) -> dict[str, Any]:
    try:
        return call.document
    except RDSError as error:
        message = f"Expecting to find valid JSON in request body: {error.hint or 'the body is empty'}"
        raise KeystoneError(400, "Bad Request", message) from None


def _object(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    if not isinstance(value, dict):
        raise KeystoneError(400, "Bad Request", f"Expecting to find {key} in the request body")
    return value


def _read_token(call: Call, text: object) -> Token | None:
    """Read a token; None if it is not one. Any text is one, for the default project, unless the server is ``strict``.

    Whether it may have expired is for the project that it was issued for to say.
    """
    if not text or not isinstance(text, str):
        return None
    simulator = call.simulator
    try:
        token = simulator.identity.read(text)
    except InvalidTokenError:
        if simulator.auth == "strict":
            return None
        return simulator.identity.read(simulator.token(simulator.default))
    project = simulator.projects.get(token.project_id or "")
    if (simulator if project is None else project).auth != "strict":
        return token
    try:
        return read_token(call, text)
    except GatewayError:
        return None


def _subject(call: Call) -> tuple[str, Token]:
    text = call.headers.get("X-Subject-Token")
    token = _read_token(call, text)
    if text is None or token is None:
        raise KeystoneError(404, "Not Found", "Failed to validate token")
    return text, token


def _find_project(call: Call, project_id: str) -> ProjectState:
    try:
        return call.simulator.project(project_id)
    except RDSError:
        raise unauthorized("The project is unknown") from None


def requested_project(call: Call) -> ProjectState | None:
    """Return the project that a request for a token names, whose faults and journal count for it, too.

    None if it names none, or is wrong: the operation says what is wrong with it.
    """
    try:
        scope = _object(_object(call.document, "auth"), "scope")
        return _scoped(call, scope)
    except (RDSError, KeystoneError):
        return None


def _scoped(call: Call, scope: dict[str, Any]) -> ProjectState | None:
    project = scope.get("project")
    if not isinstance(project, dict):
        return None
    if project.get("id"):
        return _find_project(call, str(project["id"]))
    name = project.get("name")
    project = call.simulator.project_named(str(name)) if name else None
    if project is None:
        raise unauthorized("The project is unknown")
    return project


def _render(call: Call, token: Token, *, catalog: bool = True) -> dict[str, Any]:
    domain = {"id": _domain_id(call, token.domain), "name": token.domain}
    rendered: dict[str, Any] = {
        "methods": list(token.methods),
        "expires_at": iso(token.expires),
        "issued_at": iso(token.issued),
        "user": {
            "id": call.simulator.identity.stable_id("user", token.user),
            "name": token.user,
            "domain": domain,
            "password_expires_at": "",
        },
        "roles": [{"id": "0", "name": "te_admin"}],
    }
    if token.project_id is not None:
        rendered["project"] = {"id": token.project_id, "name": token.project_name, "domain": domain}
    elif token.domain_scoped:
        rendered["domain"] = domain
    if catalog:
        rendered["catalog"] = (
            _catalog(call, _find_project(call, token.project_id)) if token.project_id is not None else []
        )
    return rendered


def _catalog(call: Call, project: ProjectState) -> list[dict[str, Any]]:
    base, region, identity = base_url(call), project.world.region, call.simulator.identity
    return [
        {
            "id": identity.stable_id("service", kind),
            "type": kind,
            "name": name,
            "endpoints": [
                {
                    "id": identity.stable_id("endpoint", f"{kind} {region}"),
                    "interface": "public",
                    "region": region,
                    "region_id": region,
                    "url": base + path.format(id=project.id),
                }
            ],
        }
        for kind, name, path in _ENDPOINTS
    ]


def _project(call: Call, project: ProjectState) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "domain_id": call.simulator.domain_id,
        "parent_id": call.simulator.domain_id,
        "description": "",
        "enabled": True,
        "is_domain": False,
        "links": {},
    }


def _domain_id(call: Call, name: str) -> str:
    return call.simulator.identity.stable_id("domain", name)


def _version(call: Call) -> dict[str, Any]:
    return {
        "id": "v3.6",
        "status": "stable",
        "updated": "2016-04-04T00:00:00Z",
        "links": [{"rel": "self", "href": f"{base_url(call)}/v3/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    }


def _links(call: Call) -> dict[str, Any]:
    return {"self": base_url(call) + call.path, "previous": None, "next": None}
