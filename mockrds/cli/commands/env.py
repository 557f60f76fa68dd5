"""``mockrds env``: settings with which clients find a server, ready to be pasted.

Each file in ``env_formats`` is a format: a template, in which ``$name`` is a value and lines that begin with ``@tls``
are for servers with a certificate to trust.
"""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import asdict
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

from mockrds.cli.client_settings import NO_PROXY, ClientSettings
from mockrds.cli.errors import Parser
from mockrds.cli.server_arguments import add_server_arguments, connection_to, find_project
from mockrds.cli.server_options import access_key
from mockrds.domain.identity import DEFAULT_DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ELSEWHERE: Final = (
    "OS_CLOUD", "OS_CLIENT_CONFIG_FILE", "OS_AUTH_TYPE", "OS_TOKEN", "OS_AUTH_TOKEN", "OS_ENDPOINT", "OS_AGENCY_NAME",
    "OS_DELEGATED_PROJECT", "OS_ACCESS_KEY", "OS_SECRET_KEY", "OS_SECURITY_TOKEN", "OS_USER_ID", "OS_USER_DOMAIN_ID",
    "OS_DOMAIN_ID", "OS_DOMAIN_NAME", "OS_PROJECT_ID", "OS_PROJECT_DOMAIN_ID", "OS_PROJECT_DOMAIN_NAME",
    "OS_TENANT_ID", "OS_TENANT_NAME", "OS_RDS_ENDPOINT_OVERRIDE", "OS_RDSV3_ENDPOINT_OVERRIDE", "OS_CACERT",
    "MOCKRDS_CA",
)  # fmt: skip
"""Variables that lead clients to another cloud, or to another project of it."""
_TEMPLATES: Final = {file.stem: file for file in sorted((Path(__file__).parents[1] / "env_formats").glob("*.txt"))}
_TLS: Final = "@tls"
FORMATS: Final = ("shell", "env-file", *_TEMPLATES)
"""The names of the formats."""


def run(arguments: Sequence[str]) -> int:
    """Print the settings of a kind of client."""
    parser = Parser(prog="mockrds env", description="Print settings with which clients find a running server.")
    add_server_arguments(parser)
    parser.add_argument("--format", choices=FORMATS, default="shell", help="for which client (default %(default)s)")
    parser.add_argument("--project", metavar="NAME", help="name or id of the project (default: the server's first)")
    parser.add_argument(
        "--access-key",
        type=access_key,
        metavar="AK:SK",
        default="AK:SK",
        help="what requests are signed with (default %(default)s)",
    )
    options = parser.parse_args(arguments)
    access, secret = options.access_key
    with connection_to(options) as connection:
        project_id, name = find_project(connection, options.project)
        state = connection.ask("GET", f"projects/{project_id}/state")
    first: dict[str, str] = next(iter(state["instances"]), {})
    settings = ClientSettings(
        url=connection.url,
        project_id=project_id,
        project_name=name,
        ca=os.path.realpath(options.ca) if options.ca and connection.url.startswith("https:") else None,
        access_key=access,
        secret_key=secret,
        token=state["token"],
        control_token=options.token,
        instance_id=first.get("id"),
        node_id=first.get("node_id"),
    )
    print("\n".join(_lines(options.format, settings)))
    return 0


def _lines(format: str, settings: ClientSettings) -> Iterator[str]:  # noqa: A002  (the name of the option)
    match format:
        case "shell":
            yield from _shell(settings)
        case "env-file":
            yield from (f"{name}={value}" for name, value in settings.variables.items())
        case _:
            yield from _filled(format, settings)


def _shell(settings: ClientSettings) -> Iterator[str]:
    variables = settings.variables
    yield f"unset {' '.join(name for name in _ELSEWHERE if name not in variables)}"
    yield from (f"export {name}={shlex.quote(value)}" for name, value in variables.items())
    yield from (f'export {name}="${{{name}:+${name},}}"{shlex.quote(settings.host)}' for name in NO_PROXY)


def _filled(format: str, settings: ClientSettings) -> Iterator[str]:  # noqa: A002
    """Fill in the template of a format."""
    escape = _hcl if format.startswith("terraform") else _escaped
    values = {**asdict(settings), "region": settings.region, "domain": DEFAULT_DOMAIN}
    escaped = {name: escape(value) for name, value in values.items() if value is not None}
    for line in _TEMPLATES[format].read_text(encoding="utf-8").splitlines():
        if settings.ca or not line.startswith(_TLS):
            yield Template(line.removeprefix(_TLS)).substitute(escaped)


def _escaped(text: str) -> str:
    """Return *text* as it stands between double quotes in YAML, Python, Go, JavaScript and Java alike."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _hcl(text: str) -> str:
    """Return *text* as it stands between double quotes in HCL, where two more things have a meaning of their own."""
    return _escaped(text).replace("${", "$${").replace("%{", "%%{")
