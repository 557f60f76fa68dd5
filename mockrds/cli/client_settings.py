"""What clients must know to reach a server, and the environment variables that say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from mockrds.domain.identity import DEFAULT_DOMAIN

NO_PROXY: Final = ("no_proxy", "NO_PROXY")
"""The variables that tell clients which hosts they reach without a proxy; some clients read only one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """What clients must know."""

    url: str
    project_id: str
    project_name: str
    ca: str | None
    """The certificate to trust; None without TLS, or when the system trusts it."""
    access_key: str = "AK"
    secret_key: str = "SK"  # noqa: S105  (any will do)
    token: str
    """The value of ``X-Auth-Token``."""
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

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables: those of the openstack command, and our own."""
        values = {
            "OS_AUTH_URL": f"{self.url}/v3",
            "OS_IDENTITY_API_VERSION": "3",
            "OS_USERNAME": "user",
            "OS_PASSWORD": "password",
            "OS_USER_DOMAIN_NAME": DEFAULT_DOMAIN,
            "OS_PROJECT_NAME": self.project_name,
            "OS_REGION_NAME": self.region,
            "OS_CACERT": self.ca,
            "MOCKRDS_URL": self.url,
            "MOCKRDS_CA": self.ca,
            "MOCKRDS_PROJECT_ID": self.project_id,
            "MOCKRDS_TOKEN": self.token,
            "MOCKRDS_CONTROL_TOKEN": self.control_token,
            "MOCKRDS_INSTANCE_ID": self.instance_id,
            "MOCKRDS_NODE_ID": self.node_id,
        }
        return {name: value for name, value in values.items() if value}
