"""``mockrds env``: settings with which clients find a server, ready to be pasted."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mockrds.cli.errors import Parser, UsageError
from mockrds.cli.server_arguments import add_server_arguments, asking, find_project
from mockrds.domain.identity import DEFAULT_DOMAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


NO_PROXY: Final = ("no_proxy", "NO_PROXY")
"""The variables that tell clients which hosts they reach without a proxy; some know only the one, some the other."""
_ELSEWHERE: Final = (
    "OS_CLOUD", "OS_CLIENT_CONFIG_FILE", "OS_AUTH_TYPE", "OS_TOKEN", "OS_AUTH_TOKEN", "OS_ENDPOINT", "OS_AGENCY_NAME",
    "OS_DELEGATED_PROJECT", "OS_ACCESS_KEY", "OS_SECRET_KEY", "OS_SECURITY_TOKEN", "OS_USER_ID", "OS_USER_DOMAIN_ID",
    "OS_DOMAIN_ID", "OS_DOMAIN_NAME", "OS_PROJECT_ID", "OS_PROJECT_DOMAIN_ID", "OS_PROJECT_DOMAIN_NAME",
    "OS_TENANT_ID", "OS_TENANT_NAME", "OS_RDS_ENDPOINT_OVERRIDE", "OS_RDSV3_ENDPOINT_OVERRIDE", "OS_CACERT",
    "MOCKRDS_CA",
)  # fmt: skip
"""Variables that lead clients to another cloud, or to another project of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What clients must know."""

    url: str
    project_id: str
    project_name: str
    ca: str | None
    """The certificate to trust; None without TLS, or when the system trusts it."""
    access_key: str = "AK"
    secret_key: str = "SK"  # noqa: S105  (any will do)
    token: str
    """What ``X-Auth-Token`` takes."""
    control_token: str | None
    """What the control API demands; None where only this machine can reach it."""
    instance_id: str | None
    """A DB instance, which API v3 backs up; None where there is none."""
    node_id: str | None
    """Its primary node, which API v1 backs up."""

    @property
    def host(self) -> str:
        """The host of the server, as lists of hosts without a proxy want it."""
        return urlsplit(self.url).hostname or ""

    @property
    def region(self) -> str:
        """The region, with which the names of projects begin."""
        return self.project_name.partition("_")[0]


def run(arguments: Sequence[str]) -> int:
    """Print the settings of a kind of client."""
    parser = Parser(prog="mockrds env", description="Print settings with which clients find a running server.")
    add_server_arguments(parser)
    parser.add_argument("--format", choices=FORMATS, default="shell", help="for which client (default %(default)s)")
    parser.add_argument("--project", metavar="NAME", help="name or id of the project (default: the server's first)")
    parser.add_argument(
        "--access-key", metavar="AK:SK", default="AK:SK", help="what requests are signed with (default %(default)s)"
    )
    options = parser.parse_args(arguments)
    access_key, _, secret_key = options.access_key.partition(":")
    if not access_key or not secret_key:
        raise UsageError("argument --access-key: give the access key and the secret key as AK:SK")
    with asking(options) as server:
        project_id, name = find_project(server, options.project)
        state = server.ask("GET", f"projects/{project_id}/state")
    first: dict[str, str] = next(iter(state["instances"]), {})
    settings = Settings(
        url=server.url,
        project_id=project_id,
        project_name=name,
        ca=os.path.realpath(options.ca) if options.ca and server.url.startswith("https:") else None,
        access_key=access_key,
        secret_key=secret_key,
        token=state["token"],
        control_token=options.token,
        instance_id=first.get("id"),
        node_id=first.get("node_id"),
    )
    print("\n".join(line for line in FORMATS[options.format](settings) if line is not None))
    return 0


def variables(at: Settings) -> dict[str, str]:
    """Give the environment variables with which clients find a server: of the openstack command, and our own."""
    given = {
        "OS_AUTH_URL": f"{at.url}/v3",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": "user",
        "OS_PASSWORD": "password",
        "OS_USER_DOMAIN_NAME": DEFAULT_DOMAIN,
        "OS_PROJECT_NAME": at.project_name,
        "OS_REGION_NAME": at.region,
        "OS_CACERT": at.ca,
        "MOCKRDS_URL": at.url,
        "MOCKRDS_CA": at.ca,
        "MOCKRDS_PROJECT_ID": at.project_id,
        "MOCKRDS_TOKEN": at.token,
        "MOCKRDS_CONTROL_TOKEN": at.control_token,
        "MOCKRDS_INSTANCE_ID": at.instance_id,
        "MOCKRDS_NODE_ID": at.node_id,
    }
    return {name: value for name, value in given.items() if value}


def past_proxies(hosts: str, host: str) -> str:
    """Add *host* to the *hosts* that clients reach without a proxy."""
    return hosts if host in hosts.split(",") else f"{hosts},{host}".lstrip(",")


# The formats. A line that is None is left out.


def _clouds_yaml(at: Settings) -> list[str | None]:
    cloud = [
        "    auth:",
        f"      auth_url: {_quoted(at.url + '/v3')}",
        "      username: user",
        "      password: password",
        f"      user_domain_name: {DEFAULT_DOMAIN}",
        f"      project_name: {_quoted(at.project_name)}",
        f"    region_name: {_quoted(at.region)}",
        f"    cacert: {_quoted(at.ca)}" if at.ca else None,
    ]
    return [
        "clouds:",
        "  mockrds:  # API v3",
        *cloud,
        "  mockrds-v1:  # API v1; the openstack command wants OS_RDS_API_VERSION=1 besides",
        *cloud,
        '    rdsv3_api_version: "1"',
        f"    rdsv3_endpoint_override: {_quoted(at.url + '/rds/v1/%(project_id)s')}",
    ]


def _shell(at: Settings) -> list[str | None]:
    given = variables(at)
    direct = (f'export {name}="${{{name}:+${name},}}"{shlex.quote(at.host)}' for name in NO_PROXY)
    return [
        f"unset {' '.join(name for name in _ELSEWHERE if name not in given)}",
        *(f"export {name}={shlex.quote(value)}" for name, value in given.items()),
        *direct,
    ]


def _env_file(at: Settings) -> list[str | None]:
    return [f"{name}={value}" for name, value in variables(at).items()]


def _terraform(at: Settings) -> list[str | None]:
    return [
        'provider "opentelekomcloud" {',
        f"  auth_url    = {_quoted(at.url + '/v3')}",
        '  user_name   = "user"',
        '  password    = "password"',
        f"  domain_name = {_quoted(DEFAULT_DOMAIN)}",
        f"  tenant_name = {_hcl(at.project_name)}",
        f"  region      = {_hcl(at.region)}",
        f"  cacert_file = {_quoted(at.ca)}" if at.ca else None,
        "}",
    ]


def _hcl(text: str) -> str:
    """Write a string as HCL reads it, which takes two more things for its own."""
    return _quoted(text).replace("${", "$${").replace("%{", "%%{")


def _huaweicloud_python(at: Settings) -> list[str | None]:
    return [
        "from huaweicloudsdkcore.auth.credentials import BasicCredentials",
        "from huaweicloudsdkcore.http.http_config import HttpConfig" if at.ca else None,
        "from huaweicloudsdkrds.v3 import RdsClient",
        "",
        f"credentials = BasicCredentials({_quoted(at.access_key)}, {_quoted(at.secret_key)}, {_quoted(at.project_id)})",
        "client = (",
        "    RdsClient.new_builder()",
        f"    .with_http_config(HttpConfig(ssl_ca_cert={_quoted(at.ca)}))" if at.ca else None,
        "    .with_credentials(credentials)",
        f"    .with_endpoint({_quoted(at.url)})",
        "    .build()",
        ")",
    ]


def _go(at: Settings) -> list[str | None]:
    return [
        f"// SSL_CERT_FILE={at.ca}  in the environment lets it trust the certificate" if at.ca else None,
        "package main",
        "",
        "import (",
        '\tgolangsdk "github.com/opentelekomcloud/gophertelekomcloud"',
        '\t"github.com/opentelekomcloud/gophertelekomcloud/openstack"',
        ")",
        "",
        "func newRDSClient() (*golangsdk.ServiceClient, error) {",
        "\tprovider, err := openstack.AuthenticatedClient(golangsdk.AuthOptions{",
        f"\t\tIdentityEndpoint: {_quoted(at.url + '/v3')},",
        '\t\tUsername:         "user",',
        '\t\tPassword:         "password",',
        f"\t\tDomainName:       {_quoted(DEFAULT_DOMAIN)},",
        f"\t\tProjectStateName:       {_quoted(at.project_name)},",
        "\t\tAllowReauth:      true,",
        "\t})",
        "\tif err != nil {",
        "\t\treturn nil, err",
        "\t}",
        f"\treturn openstack.NewRDSV3(provider, golangsdk.EndpointOpts{{Region: {_quoted(at.region)}}})",
        "}",
    ]


def _node(at: Settings) -> list[str | None]:
    return [
        "// npm install @huaweicloud/huaweicloud-sdk-core uuid@8",
        f"// NODE_EXTRA_CA_CERTS={at.ca}  in the environment lets it trust the certificate" if at.ca else None,
        'const { BasicCredentials } = require("@huaweicloud/huaweicloud-sdk-core/auth/BasicCredentials");',
        'const { ClientBuilder } = require("@huaweicloud/huaweicloud-sdk-core/ClientBuilder");',
        "",
        "const credential = new BasicCredentials()",
        f"  .withAk({_quoted(at.access_key)})",
        f"  .withSk({_quoted(at.secret_key)})",
        f"  .withProjectId({_quoted(at.project_id)});",
        "const client = new ClientBuilder((hcClient) => hcClient) // or (hcClient) => new RdsClient(hcClient)",
        f"  .withEndpoint({_quoted(at.url)})",
        "  .withCredential(credential)",
        "  .build();",
    ]


def _java(at: Settings) -> list[str | None]:
    return [
        "// keytool -importcert -noprompt -alias mockrds -storepass changeit -keystore mockrds.jks"
        f" -file {shlex.quote(at.ca)}\n// java -Djavax.net.ssl.trustStore=mockrds.jks ..."
        if at.ca
        else None,
        "import com.huaweicloud.sdk.core.auth.BasicCredentials;",
        "import com.huaweicloud.sdk.rds.v3.RdsClient;",
        "",
        "class Rds {",
        "    static RdsClient client() {",
        "        BasicCredentials credentials = new BasicCredentials()",
        f"            .withAk({_quoted(at.access_key)})",
        f"            .withSk({_quoted(at.secret_key)})",
        f"            .withProjectId({_quoted(at.project_id)});",
        "        return RdsClient.newBuilder()",
        "            .withCredential(credentials)",
        f"            .withEndpoint({_quoted(at.url)})",
        "            .build();",
        "    }",
        "}",
    ]


def _quoted(text: str | None) -> str:
    """Write a string as YAML, HCL, Python, Go, JavaScript and Java all read it."""
    return json.dumps(text, ensure_ascii=False)


FORMATS: Final[dict[str, Callable[[Settings], list[str | None]]]] = {
    "clouds-yaml": _clouds_yaml,
    "shell": _shell,
    "env-file": _env_file,
    "terraform": _terraform,
    "huaweicloud-python": _huaweicloud_python,
    "go": _go,
    "node": _node,
    "java": _java,
}
