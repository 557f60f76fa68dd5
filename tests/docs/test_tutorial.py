"""The backup service of ``examples/``, its tests, and the tutorial that goes through them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "tutorial.md").read_text()
QUOTES = re.findall(r"(?:<!-- from: (\S+) -->\n)?```python\n(.*?)```", PAGE, re.DOTALL)
INSTALL, GOOD, CARELESS, CHAOS, RUN = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
MISTAKES = {
    name: set(re.findall(r"`([a-z-]+)`", found))
    for name, found in re.findall(r"^\| `([a-z-]+)`: .* \| (.*) \|$", PAGE, re.M)
}
"""What is found of each mistake, notes left out; the page says it."""
[NOTES] = re.findall(r"nothing to say but two notes: (.*?)\n\n", PAGE, re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example, far from this repository."""
    return Path(shutil.copytree(ROOT / "examples" / "backup_service", tmp_path / "backup_service"))


def run(project: Path, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the page, with more options for pytest."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    more = " ".join(("-p", "no:schemathesis", "-p", "no:cacheprovider", "--tb=no", *options))
    return subprocess.run(
        ["sh", "-c", command],
        cwd=project,
        env=os.environ | {"PATH": path, "PYTEST_ADDOPTS": more},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def findings(report: Path) -> dict[str, set[str]]:
    """Give the kinds of errors and warnings in a report, by the mistake that stands in the name of the test."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for record in json.loads(report.read_text())["records"]:
        mistake = re.search(rf"\[({'|'.join(MISTAKES)})", record["test"])
        found[mistake[1] if mistake else "none"] |= {
            finding["kind"] for finding in record["verdict"]["findings"] if finding["severity"] != "note"
        }
    return dict(found)


@pytest.mark.parametrize(("file", "code"), QUOTES)
def test_the_code_of_the_page_stands_in_the_example(file: str, code: str) -> None:
    assert code in (ROOT / file).read_text()


def test_the_good_service_passes_and_two_notes_are_all_that_is_found(project: Path) -> None:
    done = run(project, GOOD, "--mockrds-report=report.json")

    assert done.returncode == 0, done.stdout + done.stderr
    assert findings(project / "report.json") == {"none": set()}
    records = json.loads((project / "report.json").read_text())["records"]
    notes = [finding["kind"] for record in records for finding in record["verdict"]["findings"]]
    assert sorted(notes) == sorted(re.findall(r"`([a-z-]+)`", NOTES))
    assert len(notes) == 2


def test_each_mistake_is_found_for_what_it_is(project: Path) -> None:
    done = run(project, CARELESS, "--mockrds-report=report.json", "--deselect=tests/test_command_line.py")

    assert done.returncode == 1, done.stdout + done.stderr
    assert findings(project / "report.json") == MISTAKES
    assert len(MISTAKES) == 5
    page = (project / "report.html").read_text()
    assert all(f"[{mistake}" in page for mistake in MISTAKES)


def test_the_good_service_survives_or_fails_cleanly(project: Path) -> None:
    done = run(project, CHAOS)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"1 answer-lost +1 survived", done.stdout)


def test_the_program_survives_a_lost_response(project: Path) -> None:
    done = run(project, RUN)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"nightly-\w+-\w+ COMPLETED\n", done.stdout)
    assert "lost-response" in (project / "report.html").read_text()


def test_what_is_to_be_installed_is_what_the_tests_of_the_example_need() -> None:
    needed = re.search(r'^test = \["(.*)"\]$', (ROOT / "examples/backup_service/pyproject.toml").read_text(), re.M)

    assert needed is not None
    assert [re.split("[>=]", name)[0] for name in needed[1].split('", "')] == ["mockrds", *INSTALL.split()[3:]]
