"""An example of a client that gets backups right, whatever the service does to it.

- It looks before it acts, every time: what is in the list counts, not what an answer said or failed to say.
- Each try to make a backup has the same name, so that the service itself refuses to make it twice.
- A whole answer has a time limit, and so has the whole wait; between two looks it waits longer and longer,
  and never less than Retry-After says.
- A refused token is renewed once; what no retry can help is told at once, with status, code and request id.
- An answer is believed once it is JSON of the right shape; what is missing otherwise is nobody's business.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

LONGEST_PAUSE = 60.0
MINE = "nightly"
"""What the names of backups begin with that it may remove."""


class BackupError(Exception):
    """There is no good backup, or it is not gone; the message says why."""


class Backup(NamedTuple):
    """What it needs to know of a backup in the list."""

    id: str
    name: str
    status: str


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int = 0
    content: Any = None
    headers: Any = None
    why: str = ""
    """Why it is no answer at all."""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300 and not self.why

    @property
    def code(self) -> str:
        content = self.content if isinstance(self.content, dict) else {}
        return str(content.get("errCode") or content.get("error_code") or "")

    @property
    def final(self) -> bool:
        """Whether the same request would be refused again."""
        return 400 <= self.status < 500 and self.status not in (408, 409, 429)

    @property
    def retry_after(self) -> float:
        text = self.headers.get("Retry-After", "") if self.headers is not None else ""
        return float(text) if text.isdecimal() else 0.0

    @property
    def backups(self) -> list[Backup] | None:
        """The backups of a list, newest first; None if it is none."""
        rows = self.content.get("backups") if self.good and isinstance(self.content, dict) else None
        if not isinstance(rows, list):
            return None
        found: list[Backup] = []
        for row in rows:
            match row:
                case {"id": str(backup_id), "name": str(name), "status": str(status)}:
                    found.append(Backup(backup_id, name, status))
                case _:
                    return None
        return found

    def __str__(self) -> str:
        request_id = self.headers.get("X-Request-Id", "none") if self.headers is not None else "none"
        return f"{self.status or 'no answer'} {self.code or self.why} (request id {request_id})"


class CarefulClient:
    """A client of one project.

    Args:
        url: Where API v1 of the project begins.
        auth_url: Where to authenticate.
        project: The name of the project.
        sleep: How to wait.
        now: What time it is, in seconds.
        timeout: How long one answer may take, all of it, in seconds.
        poll: How long to wait at first before it looks again.
        patience: How long a backup, or a removal, may take.
    """

    def __init__(
        self,
        url: str,
        auth_url: str,
        project: str,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
        timeout: float = 30,
        poll: float = 10,
        patience: float = 3 * 3600,
    ) -> None:
        self._url, self._auth_url, self._project = url, auth_url, project
        self._sleep, self._now = sleep, now
        self._poll, self._patience = poll, patience
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout))
        self._token = ""
        self._not_before = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._session.close()

    async def back_up(self, node_id: str, name: str) -> str:
        """Make a backup, and return its id once it is COMPLETED.

        Raises:
            BackupError: It FAILED, or was refused, or is not done in time.
        """
        body = {"backup": {"name": name, "instance": node_id}}
        accepted, last = False, ""
        async for _ in self._rounds():
            listed = await self._call("GET", "/backups")
            backups = listed.backups
            if backups is None:
                last = self._reason(listed)
                continue
            backup = next((backup for backup in backups if backup.name == name), None)
            if backup is not None:
                if backup.status == "COMPLETED":
                    return backup.id
                last = f"backup {backup.id} is {backup.status}"
                if backup.status == "FAILED":
                    raise BackupError(last)
            elif not accepted:
                answer = await self._call("POST", "/backups", body)
                accepted = answer.good or answer.code == "RDS.0031"  # there is one of that name: it will be listed
                if answer.code == "RDS.3003":
                    await self._make_room(backups, answer)
                elif not accepted:
                    last = self._reason(answer)
        raise BackupError(f"{name} is not done in time: {last or 'it is not listed'}")

    async def remove(self, backup_id: str) -> None:
        """Remove a backup, and come back once it is gone.

        Raises:
            BackupError: It was refused, or is not gone in time.
        """
        accepted, last = False, ""
        async for _ in self._rounds():
            if not accepted:
                answer = await self._call("DELETE", f"/backups/{backup_id}")
                accepted = answer.good or answer.code in ("RDS.3016", "RDS.3026")  # it is going, or gone
                last = "" if accepted else self._reason(answer)
            listed = await self._call("GET", "/backups")
            if listed.backups is not None:
                backup = next((backup for backup in listed.backups if backup.id == backup_id), None)
                if backup is None:
                    return
                last = f"it is {backup.status}"
        raise BackupError(f"{backup_id} is not gone in time: {last}")

    async def _make_room(self, backups: list[Backup], answer: Answer) -> None:
        """Remove the oldest backup of its own, but never the last good one."""
        own = [backup for backup in backups if backup.name.startswith(MINE) and backup.status == "COMPLETED"]
        if len(own) < 2:
            raise BackupError(f"{answer}, and there is nothing to remove")
        await self.remove(own[-1].id)

    async def _rounds(self) -> AsyncIterator[None]:
        """Go round until patience is at its end."""
        deadline, pause = self._now() + self._patience, self._poll
        while self._now() < deadline:
            yield
            await self._sleep(max(pause, self._not_before - self._now()))
            pause = max(self._poll, min(pause * 1.5, LONGEST_PAUSE))

    @staticmethod
    def _reason(answer: Answer) -> str:
        """Return why to go round again.

        Raises:
            BackupError: It is no use.
        """
        if answer.final:
            raise BackupError(str(answer))
        return str(answer)

    async def _call(self, method: str, path: str, body: object = None) -> Answer:
        answer = Answer(401)
        if self._token:
            answer = await self._ask(method, self._url + path, body)
        if answer.status == 401:
            refused = await self._sign_in()
            answer = refused or await self._ask(method, self._url + path, body)
        return answer

    async def _sign_in(self) -> Answer | None:
        user = {"name": "user", "password": "secret", "domain": {"name": "domain"}}
        identity = {"methods": ["password"], "password": {"user": user}}
        scope = {"project": {"name": self._project}}
        answer = await self._ask(
            "POST", f"{self._auth_url}/auth/tokens", {"auth": {"identity": identity, "scope": scope}}
        )
        if not answer.good:
            return answer
        self._token = answer.headers["X-Subject-Token"]
        return None

    async def _ask(self, method: str, url: str, body: object) -> Answer:
        try:
            async with self._session.request(method, url, json=body, headers={"X-Auth-Token": self._token}) as response:
                text = await response.text(errors="replace")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Answer(why=repr(error))
        try:
            answer = Answer(response.status, json.loads(text), response.headers)
        except ValueError:
            answer = Answer(response.status, None, response.headers, why="the body is not JSON")
        self._not_before = max(self._not_before, self._now() + answer.retry_after)
        return answer
