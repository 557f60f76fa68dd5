"""The signer of the huaweicloud SDKs, unmodified: what it signs passes, and with another secret does not."""

from __future__ import annotations

import json
import subprocess
import sys
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mockrds import MockRDS

pytestmark = pytest.mark.skipif(
    find_spec("huaweicloudsdkcore") is None,
    reason="huaweicloudsdkcore is not installed: python3 dev.py test installs it",
)

HEADERS = {"Content-Type": "application/json", "User-Agent": "huaweicloud-usdk-python/3.0"}
BACKUP_ID = "00000000-0000-4000-8000-000000000000"
CREATE = json.dumps({"backup": {"name": "nightly", "instance": "NODE", "description": "größe 大"}}, ensure_ascii=False)

REQUESTS: dict[str, list[Any]] = {  # method, path, query, headers, body, and what comes back
    "no query": ["GET", "/backups", [], {}, "", 200],
    "escapes": ["GET", "/backups", [["name", "a b+c/d?e=f&g%h~i*j"], ["ü", "größe 大"], ["empty", ""]], {}, "", 200],
    "out of order": ["GET", "/backups", [["b", "2"], ["B", "1"], ["{", "4"], ["a-b", "3"], ["a", "0"]], {}, "", 200],
    "types": ["GET", "/backups", [["limit", 10], ["detail", True], ["ids", ["b", "a", "a"]]], {}, "", 200],
    "unicode in a header": ["GET", "/backups", [], {"X-Note": "größe 大"}, "", 200],
    "header not signed": ["GET", "/backups", [], {"X_Note": "1"}, "", 200],
    "POST": ["POST", "/backups", [], {}, CREATE, 200],
    "POST with a query": ["POST", "/backups", [["a", "1"]], {}, CREATE.replace("nightly", "weekly"), 409],
    "POST without body": ["POST", "/backups", [["a", "1 2"]], {}, "", 400],
    "body not signed": ["POST", "/backups", [], {"Content-Type": "text/plain"}, CREATE, 409],
    "no body, not signed": ["GET", "/backups", [], {"Content-Type": "text/plain"}, "", 200],
    "PUT": ["PUT", "/instances/NODE/backups/policy", [], {}, '{"policy":{"keepday":1,"starttime":"01:00"}}', 200],
    "DELETE": ["DELETE", f"/backups/{BACKUP_ID}", [], {}, "", 400],
    "escapes in the path": ["DELETE", "/backups/a%20b%2Bc~%C3%BC", [], {}, "", 400],
    "a slash at the end": ["GET", "/backups/", [], {}, "", 200],
}


def send(mock: MockRDS, method: str, target: str, headers: dict[str, str], body: str) -> int:
    """Send a request just as it was signed."""
    connection = HTTPConnection(mock.host, mock.port, timeout=30)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body.encode())))
        connection.endheaders(body.encode() or None)
        return connection.getresponse().status
    finally:
        connection.close()


def test_what_it_signs_passes_and_with_another_secret_does_not(tmp_path: Path) -> None:
    with MockRDS(auth="strict", access_keys={"AK": "SK"}) as mock:
        project = mock.project("eu-de_interop")
        cases: dict[str, list[Any]] = json.loads(json.dumps(REQUESTS).replace("NODE", project.instances[0].node_id))
        requests = [
            [method, f"{mock.host}:{mock.port}", f"/rds/v1/{project.id}{path}", query, HEADERS | headers, body]
            for method, path, query, headers, body, _ in cases.values()
        ]
        signing = subprocess.run(
            [sys.executable, Path(__file__).parent.parent / "support" / "signer_process.py"],
            input=json.dumps(requests),
            env={"HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert signing.returncode == 0, signing.stderr
        signed = [
            (method, target, headers, body)
            for (method, *_, body, _), (target, headers) in zip(cases.values(), json.loads(signing.stdout), strict=True)
        ]

        accepted = [send(mock, *request) for request in signed]
        mock.simulator.access_keys["AK"] = "another"
        refused = [send(mock, *request) for request in signed]

        assert dict(zip(cases, accepted, strict=True)) == {case: row[-1] for case, row in cases.items()}
        assert refused == [401] * len(cases)
        assert project.errors == []
