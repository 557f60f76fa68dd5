"""What an operator sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backup_service.__main__ import main
from backup_service.service import BackupService

if TYPE_CHECKING:
    from mockrds.project import Project


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USERNAME", "PASSWORD", "USER_DOMAIN_NAME"):
        monkeypatch.setenv(f"OS_{name}", name.lower())


@pytest.mark.usefixtures("environment")
@pytest.mark.mockrds(scenario={"lifecycle": {"backup": {"progression": "immediate"}}})
def test_it_tells_what_it_did(
    mockrds: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(BackupService, "first_pause", 0.01)
    good, bad = mockrds.instances[0].node_id, "0" * 32 + "no01"

    code = main(["--auth-url", mockrds.auth_url, "--project", mockrds.name, "--timeout", "0.5", good, bad])

    lines = capsys.readouterr().out.splitlines()
    assert code == 1
    assert lines[0].startswith(f"nightly-{good}-")
    assert lines[0].endswith(" COMPLETED")
    assert "404 RDS.0002" in lines[1]


def test_it_wants_credentials(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("OS_USERNAME", raising=False)

    with pytest.raises(SystemExit):
        main(["--auth-url", "http://127.0.0.1:1/v3", "--project", "eu-de", "node"])

    assert "set OS_USERNAME" in capsys.readouterr().err
