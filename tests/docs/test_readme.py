"""Every example of the README is run."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from support.inner_pytest import run_pytest

from mockrds import MockRDS
from mockrds.cli import main

README = (Path(__file__).parent.parent.parent / "README.md").read_text()


def _examples(kind: str) -> list[str]:
    found = re.findall(rf"<!-- test: {kind} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found
    return found


def test_every_example_in_a_programming_language_is_tested() -> None:
    blocks = re.findall(r"(?:<!-- test: (\w+) -->\n)?```(python|yaml|sh)\n(.*?)```", README, re.DOTALL)

    untested = [text for mark, _, text in blocks if not mark]

    # Left over: the two commands, which the continuous integration runs.
    assert [text.split()[0] for text in untested] == ["python3", "python3"]


def test_the_pytest_example_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_examples("pytest")[0])
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")

    result = run_pytest(pytester, "-W", "error", "-p", "no:randomly")

    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("code", _examples("python"))
def test_the_python_examples_run(code: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True)


def test_the_scenario_example_loads_and_does_what_it_says(tmp_path: Path) -> None:
    file = tmp_path / "busy-morning.yaml"
    file.write_text(_examples("scenario")[0])

    with MockRDS(scenario=file) as mock:
        project = mock.project()
        headers = {"X-Auth-Token": project.token}
        backups = f"{project.v1_url}/backups"
        wanted = {"backup": {"name": "nightly-1", "instance": project.instances[0].node_id}}
        with pytest.raises(requests.ConnectionError):
            requests.post(backups, json=wanted, headers=headers, timeout=5)

        [backup] = project.backups
        assert requests.delete(f"{backups}/{backup.id}", headers=headers, timeout=5).status_code == 503
        with pytest.raises(requests.ConnectionError):
            requests.delete(f"{backups}/{backup.id}", headers=headers, timeout=5)

    assert [instance.name for instance in project.instances] == ["orders", "ledger", "orders-replica"]
    assert [(armed.name, armed.fired) for armed in project.faults.armed[-3:]] == [
        ("answer lost once", 1),
        (project.faults.armed[-2].name, 0),
        (project.faults.armed[-1].name, 2),
    ]


def test_the_shell_example_starts_a_server(tmp_path: Path) -> None:
    script = _examples("shell")[0].replace("python -m", f"{sys.executable} -m") + "\nkill %1; wait %1; echo $?"

    done = subprocess.run(["bash", "-mc", script], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)

    ready, exit_code = done.stdout.splitlines()
    assert json.loads(ready).keys() == {"url", "pid", "version", "project_id"}
    assert exit_code == "0"
    assert list(tmp_path.iterdir()) == []


def test_the_options_in_the_table_are_those_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help", "--version"}
    shown = set(re.findall(r"--[a-z-]+", "".join(re.findall(r"^\| `--.*\|$", README, re.MULTILINE))))
    assert shown == known
