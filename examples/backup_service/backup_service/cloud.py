"""The cloud, one call at a time: sign in, ask once, and judge what comes back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping

BUSY = frozenset({"RDS.0011", "RDS.0029", "RDS.1002", "RDS.3004", "RDS.3016"})
"""Refused only because the instance, or the backup, has something else to do."""
PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses that say nothing about the next time."""


class CloudError(Exception):
    """What was asked for is not done; or, if it is *passing*, it may even be done, and another try may help."""

    def __init__(
        self, message: str, *, passing: bool = False, status: int = 0, code: str = "", retry_after: float = 0.0
    ) -> None:
        super().__init__(message)
        self.passing, self.status, self.code, self.retry_after = passing, status, code, retry_after


@dataclass(frozen=True)
class Account:
    """Who asks, and where to sign in."""

    auth_url: str
    project: str
    user: str
    password: str
    domain: str


class Backup(NamedTuple):
    """What the service needs to know of a backup."""

    id: str
    name: str
    status: str


class Cloud:
    """API v1 of one project.

    Args:
        account: Who asks.
        timeout: How many seconds an answer may take, all of it and not only the next bytes.
    """

    def __init__(self, account: Account, *, timeout: float = 30.0) -> None:
        self._account = account
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout))
        self._token = self._endpoint = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._http.close()

    async def backups(self) -> list[Backup]:
        """List the manual backups."""
        content = await self._ask("GET", "/backups")
        try:
            return [Backup(str(row["id"]), str(row["name"]), str(row["status"])) for row in content["backups"]]
        except (KeyError, TypeError) as error:
            raise CloudError(f"GET /backups: not a list of backups: {error!r}", passing=True) from error

    async def create_backup(self, name: str, node_id: str) -> None:
        """Begin a backup; whether it exists, and how it ends, is in the list only."""
        await self._ask("POST", "/backups", {"backup": {"name": name, "instance": node_id}})

    async def delete_backup(self, backup_id: str) -> None:
        """Begin to delete a backup."""
        await self._ask("DELETE", f"/backups/{backup_id}")

    async def _ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask; when the token is refused, once more with another one."""
        if not self._token:
            await self._sign_in()
        try:
            return (await self._send(method, self._endpoint + path, body))[0]
        except CloudError as error:
            if error.status != 401:
                raise
        await self._sign_in()
        return (await self._send(method, self._endpoint + path, body))[0]

    async def _sign_in(self) -> None:
        account = self._account
        user = {"name": account.user, "password": account.password, "domain": {"name": account.domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        auth = {"identity": identity, "scope": {"project": {"name": account.project}}}
        content, headers = await self._send("POST", f"{account.auth_url}/auth/tokens", {"auth": auth})
        try:
            services = {service["type"]: service for service in content["token"]["catalog"]}
            self._endpoint = services["rdsv1"]["endpoints"][0]["url"]
            self._token = headers["X-Subject-Token"]
        except (KeyError, IndexError, TypeError) as error:
            raise CloudError(f"POST /auth/tokens: not a token: {error!r}", passing=True) from error

    async def _send(self, method: str, url: str, body: object) -> tuple[Any, Mapping[str, str]]:
        what = f"{method} {url}"
        try:
            async with self._http.request(method, url, json=body, headers={"X-Auth-Token": self._token}) as response:
                text = await response.read()
        except (aiohttp.ClientError, OSError) as error:  # a timeout is an OSError
            raise CloudError(f"{what}: {error!r}", passing=True) from error
        try:
            content = json.loads(text)
        except ValueError:  # the page of a proxy, or half an answer
            content = None
        if response.ok and isinstance(content, dict):
            return content, response.headers
        details = content if isinstance(content, dict) else {}
        code = str(details.get("errCode") or details.get("error_code") or "")
        message = details.get("externalMessage") or details.get("error_msg") or response.reason
        request_id, seconds = response.headers.get("X-Request-Id"), response.headers.get("Retry-After", "")
        raise CloudError(
            f"{what}: {response.status} {code} {message} (request id {request_id})",
            passing=response.ok or response.status in PASSING or code in BUSY,
            status=response.status,
            code=code,
            retry_after=float(seconds) if seconds.isdecimal() else 0.0,
        )
