"""``mockrds selftest`` proves every fault, and notices one that does not do what its name says."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields

import pytest

from mockrds.cli import main
from mockrds.faults.rules import Step
from mockrds.faults.toxics import NAMES, Toxics
from mockrds.web.fault_injection import ClientConnection


@pytest.mark.slow
def test_every_fault_does_what_its_name_says_on_this_machine() -> None:
    command = [sys.executable, "-W", "error", "-m", "mockrds", "selftest", "--tls"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    proven = re.findall(r"^(.+?) {2,}.* ok$", done.stdout, re.MULTILINE)
    assert done.stdout.endswith(f"\n{len(proven)} of {len(proven)} do as they should\n")
    words = set(re.findall(r"\w+", " ".join(proven)))
    keys = {field.name for kind in (Toxics, Step) for field in fields(kind)}
    assert {*NAMES, *keys, "rate_limits", "outage", "drain"} - words == set(), "each has a row in PROOFS"
    assert len(proven) == 2 * len(set(proven))  # each plain and over TLS


def test_a_fault_that_does_something_else_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def close(self: ClientConnection) -> None:
        self.close()

    monkeypatch.setattr(ClientConnection, "reset", close)

    assert main(["selftest"]) == 1

    told = capsys.readouterr().out
    assert re.search(r"^fault: reset_peer +nothing, RST +nothing, FIN; \d+ ms +FAILED$", told, re.MULTILINE)
    failed = re.findall(r"^FAILED: (.*) \(http\)$", told, re.MULTILINE)
    assert {"fault: CONNECTION_RESET_BY_PEER", "fault: reset_peer", "outage: {between: [0s, 1h]}"} <= set(failed)
    assert all("reset" in fault.lower() or "outage" in fault for fault in failed)


def test_a_server_that_breaks_down_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def fail(self: ClientConnection) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(ClientConnection, "wait_for_client", fail)

    assert main(["selftest"]) == 1
    assert "FAILED: fault: timeout (http)" in capfd.readouterr().out


def test_without_the_library_for_certificates_tls_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)

    assert main(["selftest", "--tls"]) == 2
    assert capsys.readouterr() == (
        "",
        "mockrds: a throw-away certificate needs trustme: pip install trustme\n",
    )
