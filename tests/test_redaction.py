"""Secrets are told nowhere: not in the journal, the reports, the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import given, strategies as st
from support.served_process import serving

from mockrds.redaction import is_secret, redact

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "S3cret_1!"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"name": "a", "password": "S3cret_1!"}', '{"name": "a", "password": "***"}'),
        ('{"db_user_pwd":"S3cret_\\"1!","x":1}', '{"db_user_pwd":"***","x":1}'),
        ('{"dbRtPd" : "S3cret_1!"', '{"dbRtPd" : "***"'),
        ('{"adminPass": "S3cret_1!', '{"adminPass": "***"'),
        ('{"secret_key": 12345, "tokens": ["a"]}', '{"secret_key": "***", "tokens": ["a"]}'),
        ('{"password": {"user": {"password": "S3cret_1!"}}}', '{"password": {"user": {"password": "***"}}}'),
        ('{"password": null, "password_expires_at": ""}', '{"password": null, "password_expires_at": ""}'),
        ("user=me&password=S3cret_1!&x=1", "user=me&password=***&x=1"),
        ("/v3/x?X-Auth-Token=S3cret_1!;limit=1", "/v3/x?X-Auth-Token=***;limit=1"),
        ("/v3/x?name=password", "/v3/x?name=password"),
        ("", ""),
    ],
)
def test_what_is_redacted(text: str, shown: str) -> None:
    assert redact(text) == shown


@given(st.dictionaries(st.sampled_from(["name", "password", "dbRtPd", "limit"]), st.text() | st.integers() | st.none()))
def test_json_stays_json_and_what_is_no_secret_stays_as_it_was(document: dict[str, object]) -> None:
    shown = json.loads(redact(json.dumps(document)))

    assert shown.keys() == document.keys()
    assert {key: value for key, value in shown.items() if key in ("name", "limit")} == {
        key: value for key, value in document.items() if key in ("name", "limit")
    }
    assert {shown[key] for key in ("password", "dbRtPd") if document.get(key) is not None} <= {"***"}


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        ("x-auth-token", True),
        ("authorization", True),
        ("proxy-authorization", True),
        ("x-api-key", True),
        ("set-cookie", True),
        ("x-sdk-date", False),
        ("idempotency-key", False),
        ("content-type", False),
    ],
)
def test_which_headers_are_secret(header: str, *, secret: bool) -> None:
    assert is_secret(header) is secret


@pytest.mark.slow
def test_no_secret_is_told_by_a_running_server(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    with serving(tmp_path, "--report", str(report)) as served:
        project = f"{served.url}/v3/{served.ready['project_id']}"
        headers = {"X-Auth-Token": SECRET, "Proxy-Authorization": SECRET, "X-Api-Key": SECRET}
        state = requests.get(f"{served.url}/__mockrds/projects/eu-de/state", timeout=10).json()
        instance = state["instances"][0]["id"]
        url = f"{project}/instances/{instance}/password"
        answers = [
            requests.post(url, json={"db_user_pwd": SECRET}, headers=headers, timeout=10).status_code,
            requests.post(url, data='{"db_user_pwd": "' + SECRET, headers=headers, timeout=10).status_code,
            requests.get(f"{project}/backups?password={SECRET}", headers=headers, timeout=10).status_code,
        ]
        told = [
            requests.get(f"{served.url}/__mockrds/{what}", timeout=10).text
            for what in ("projects/eu-de/journal", "report.json", "report.txt", "report.xml")
        ]
        served.process.terminate()
        out, err = served.process.communicate(timeout=10)

    assert answers[0] == 200
    assert [text for text in (*told, report.read_text(), out, err) if SECRET in text] == []
    assert "db_user_pwd" in told[0]
