"""An example of a client with the usual mistakes. Each of them works until the day it matters.

- It tries again after any error, under a new name "so that names don't clash", without a look at what there is.
- It has three tries in four seconds, whatever Retry-After says.
- It looks at no status: neither that of HTTP nor, but for the text COMPLETED anywhere, that of its backup.
- It waits without an end, and its time limit is one for each read, not for the answer.
- It takes a list without its backup for the proof that there is none, and a deletion for done once it is accepted.
- It makes room by deleting the oldest backup, whoever made it.
- It gets a token once, and hides why it failed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable


class CarelessClient:
    """A client of one project.

    Args:
        url: Where API v1 of the project begins.
        auth_url: Where to authenticate.
        project: The name of the project.
        sleep: How to wait.
        timeout: How long one read may take, in seconds.
        poll: How long to wait between two looks.
    """

    def __init__(
        self,
        url: str,
        auth_url: str,
        project: str,
        *,
        sleep: Callable[[float], object] = time.sleep,
        timeout: float = 30,
        poll: float = 15,
    ) -> None:
        self._url, self._sleep, self._timeout, self._poll = url, sleep, timeout, poll
        self.session = requests.Session()
        user = {"name": "user", "password": "secret", "domain": {"name": "domain"}}
        identity = {"methods": ["password"], "password": {"user": user}}
        auth = {"auth": {"identity": identity, "scope": {"project": {"name": project}}}}
        answer = self.session.post(f"{auth_url}/auth/tokens", json=auth, timeout=timeout)
        self.session.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]

    def back_up(self, node_id: str, name: str) -> str:
        """Make a backup; return its id."""
        backup_id = self._create(node_id, name)
        if backup_id not in self._list().text:
            backup_id = self._create(node_id, f"{name}-again")
        while "COMPLETED" not in self._list().text:
            self._sleep(self._poll)
        return backup_id

    def remove(self, backup_id: str) -> None:
        """Remove a backup."""
        try:
            answer = self._call("DELETE", f"/backups/{backup_id}")
        except requests.RequestException:
            answer = self._call("DELETE", f"/backups/{backup_id}")
        answer.raise_for_status()

    def _create(self, node_id: str, name: str) -> str:
        for attempt in range(3):
            try:
                body = {"backup": {"name": f"{name}-{attempt}", "instance": node_id}}
                answer = self._call("POST", "/backups", json=body)
                if answer.status_code == 413:
                    self._make_room()
                return str(answer.json()["backup"]["id"])
            except Exception:  # noqa: BLE001  (the mistake)
                self._sleep(2)
        raise RuntimeError("could not create the backup")

    def _make_room(self) -> None:
        done = [backup for backup in self._list().json()["backups"] if backup["status"] == "COMPLETED"]
        self.remove(done[-1]["id"])

    def _list(self) -> requests.Response:
        return self._call("GET", "/backups")

    def _call(self, method: str, path: str, **request: Any) -> requests.Response:
        return self.session.request(method, self._url + path, timeout=self._timeout, **request)
