"""The wheel that is published: what is in it, what it says of itself, and that it serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from email import message_from_string
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hatchling.builders.wheel import WheelBuilder

from mockrds.version import __version__

if TYPE_CHECKING:
    from email.message import Message

ROOT = Path(__file__).parents[1]
BACKUP = """
import json
import sys
import urllib.request
from pathlib import Path

import mockrds

with mockrds.MockRDS(scenario="instance-busy") as mock:
    project = mock.project()
    project.faults.clear()
    backup = {"name": "nightly", "instance": project.instances[0].node_id}
    request = urllib.request.Request(
        f"{project.v1_url}/backups",
        json.dumps({"backup": backup}).encode(),
        {"X-Auth-Token": project.token, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        created = json.load(answer)
    with urllib.request.urlopen(f"{mock.url}/__mockrds/report.html") as page:
        html = page.read().decode()
print(json.dumps({"from": mockrds.__file__, "status": created["backup"]["status"], "page": "<script" in html}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this repository, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def metadata(wheel: Path) -> Message:
    (folder,) = wheel.glob("*.dist-info")
    return message_from_string((folder / "METADATA").read_text())


def test_it_has_every_file_of_the_package_and_of_the_library_and_no_other(wheel: Path) -> None:
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "mockrds").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    library = {f"mockrds/scenarios/{path.name}" for path in (ROOT / "scenarios").iterdir()}

    files = {path.relative_to(wheel).as_posix() for path in wheel.rglob("*") if path.is_file()}
    assert {name for name in files if ".dist-info/" not in name} == package | library


@pytest.mark.parametrize(
    "name",
    [
        "py.typed",
        "report/html/page.html",
        "report/html/page.css",
        "report/html/page.js",
        "scenarios/schema.json",
        "scenarios/lost-response.yaml",
    ],
)
def test_it_has_the_files_that_are_no_python(wheel: Path, name: str) -> None:
    assert (wheel / "mockrds" / name).is_file()


def test_its_commands_and_its_plugin_are_found(wheel: Path) -> None:
    (folder,) = wheel.glob("*.dist-info")
    points = ConfigParser()
    points.read(folder / "entry_points.txt")

    assert dict(points["console_scripts"]) == {"mockrds": "mockrds.cli:main"}
    assert dict(points["pytest11"]) == {"mockrds": "mockrds.pytest_plugin"}


def test_it_says_what_it_is(wheel: Path) -> None:
    about = metadata(wheel)

    assert (about["Name"], about["Version"]) == ("mockrds", __version__)
    assert about["Requires-Python"] == ">=3.11"
    assert "tls" in about.get_all("Provides-Extra", [])
    needed = [each for each in about.get_all("Requires-Dist", []) if "extra ==" not in each]
    assert sorted(each.partition("<")[0].partition(">")[0] for each in needed) == [
        "aiohttp", "annotated-types", "faker", "orjson", "pydantic", "pyyaml",
    ]  # fmt: skip
    assert about["Description-Content-Type"] == "text/markdown"


@pytest.mark.slow
def test_it_serves(wheel: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOCKRDS_")}
    done = subprocess.run(
        [sys.executable, "-c", BACKUP],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(wheel), "PYTHONDONTWRITEBYTECODE": "1"},  # or there would be more in it
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == {
        "from": str(wheel / "mockrds" / "__init__.py"),
        "status": "BUILDING",
        "page": True,
    }
