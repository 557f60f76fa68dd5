"""The examples for pipelines and other languages: what can be run here is run."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support.served_process import serving

from mockrds.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from support.served_process import Served

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
CONTAINER = EXAMPLES / "container"
CI = (ROOT / "docs" / "ci.md").read_text()
INSTALLATION = re.compile(r"^python -m pip install ")

MAKEFILE = """
test:
\tcurl -sS "$$MOCKRDS_URL/rds/v1/$$MOCKRDS_PROJECT_ID/backups" -H "X-Auth-Token: $$MOCKRDS_TOKEN" \\
\t  -H "Content-Type: application/json" -d '{"backup": {"name": "nightly", "instance": "'"$$MOCKRDS_NODE_ID"'"}}'
"""
"""The tests of somebody who uses the examples: a backup is asked for."""

TERRAFORM = """#!/bin/sh -e
echo "terraform $@" >> calls
[ "$1" = apply ] || exit 0
for last; do :; done
grep -q "auth_url    = \\"$MOCKRDS_URL/v3\\"" provider.tf
curl -sS --fail "$MOCKRDS_URL/v3/$MOCKRDS_PROJECT_ID/backups" -H "X-Auth-Token: $MOCKRDS_TOKEN" \\
  -H "Content-Type: application/json" -d '{"name": "nightly", "instance_id": "'"${last#instance_id=}"'"}'
"""
"""Asks for the backup as the provider does, which can't be had here."""


needs_tools = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "jq", "make"))), reason="bash, curl, jq or make is not installed"
)


def environment(**variables: str) -> dict[str, str]:
    """An environment where ``mockrds`` is installed, and that knows no other server."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {name: os.environ[name] for name in ("HOME", "GOCACHE", "GOPATH", "JAVA_HOME") if name in os.environ}
    return kept | {"PATH": path} | variables


def bash(script: str, folder: Path, **variables: str) -> str:
    """Run lines as pipelines do: the first that fails ends them. Gives what they printed."""
    printed = folder / "printed"
    with printed.open("w") as file:  # not a pipe, which a server in the background would hold open
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        done = subprocess.run(
            command, cwd=folder, env=environment(**variables), stdout=file, stderr=file, timeout=100, check=False
        )
    assert done.returncode == 0, printed.read_text()
    return printed.read_text()


def operations(report: Path) -> list[str]:
    return [entry["operation"] for record in json.loads(report.read_text())["records"] for entry in record["entries"]]


# The languages


def _needs(tool: str, version: str, least: int) -> pytest.MarkDecorator:
    found = shutil.which(tool)
    if found is not None:
        said = subprocess.run([tool, version], capture_output=True, text=True, check=False)
        number = re.search(r"(\d+)\.(\d+)", said.stdout)
        if number is not None and int(number[2 if number[1] == "1" else 1]) >= least:
            return pytest.mark.skipif(False, reason="")
    return pytest.mark.skipif(True, reason=f"{tool} {least} or later is not installed")


@pytest.mark.parametrize(
    ("folder", "command", "projects", "printed"),
    [
        pytest.param("go", "go test -count=1 -v ./...", 3, "ok  \t", marks=_needs("go", "version", 19)),
        pytest.param("java", "java Backups.java", 2, "ok\n", marks=_needs("java", "--version", 17)),
        pytest.param("node", "node --test", 3, "pass 3", marks=_needs("node", "--version", 20)),
    ],
)
def test_an_example_passes(tmp_path: Path, folder: str, command: str, projects: int, printed: str) -> None:
    shutil.copytree(EXAMPLES / folder, tmp_path / folder)

    said = bash(f"cd {folder} && mockrds run --report ../report.json -- {command}", tmp_path)

    assert printed in said
    records = json.loads((tmp_path / "report.json").read_text())["records"]
    assert len(records) == projects
    assert all(fault["completed"] for record in records for fault in record["faults"])
    readme = (EXAMPLES / "README.md").read_text()
    assert f"`mockrds run -- {command.replace(' -count=1 -v', '')}`" in readme


def test_the_terraform_example_steers_the_server(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "terraform", tmp_path, dirs_exist_ok=True)
    (tmp_path / "terraform").write_text(TERRAFORM)
    (tmp_path / "terraform").chmod(0o755)

    said = bash('PATH="$PWD:$PATH" mockrds run --report all.json -- sh apply.sh', tmp_path)

    assert '"verified":true' in said
    assert [line.split()[1] for line in (tmp_path / "calls").read_text().splitlines()] == ["init", "apply", "plan"]
    assert operations(tmp_path / "all.json") == ["v3.create_manual_backup"]
    assert json.loads((tmp_path / "summary.json").read_text())["backups"] == {"COMPLETED": 1}


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_the_terraform_example_is_in_its_form() -> None:
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", EXAMPLES / "terraform"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")


# The container


def instructions() -> list[tuple[str, str]]:
    """The lines of the Containerfile, put together: the word, and what follows it."""
    text = re.sub(r"^#.*\n", "", (CONTAINER / "Containerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def last(word: str) -> str:
    return [rest for name, rest in instructions() if name == word][-1]


def test_the_image_is_built_with_care() -> None:
    bases = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    runs = [rest for word, rest in instructions() if word == "RUN"]
    order = [word for word, _ in instructions()]

    assert bases
    assert all(re.fullmatch(r"[\w./-]+:\d[\w.-]*", base) for base in bases), "a base without a version"
    assert all("--no-cache-dir" in run for run in runs if "pip install" in run)
    assert all("apt" not in run for run in runs)
    assert last("USER").partition(":")[0].isdecimal()
    assert int(last("USER").partition(":")[0]) > 0
    assert order.index("USER") > max(i for i, word in enumerate(order) if word in ("FROM", "RUN", "COPY"))
    assert not {"ADD", "MAINTAINER", "SHELL"} & set(order)
    assert json.loads(last("VOLUME")) == [last("WORKDIR")]


def test_the_image_has_what_the_package_is_built_of_and_nothing_else() -> None:
    copied = {
        name for word, rest in instructions() if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]
    }
    ignored = [line for line in (CONTAINER / "Containerfile.dockerignore").read_text().splitlines() if line[0] != "#"]
    project = (ROOT / "pyproject.toml").read_text()
    built_of = set(re.findall(r'^(?:readme|packages|path) = \[?"([^"/]+)', project, re.MULTILINE))
    built_of |= set(re.findall(r'^"(\w+)" = "mockrds/', project, re.MULTILINE))

    assert copied == built_of | {"pyproject.toml"}
    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    assert any(fnmatch.fnmatch("mockrds/cli/__pycache__", line) for line in ignored[1:])


def test_the_image_s_commands_serve_and_tell_when_they_do(tmp_path: Path) -> None:
    entrypoint = json.loads(last("ENTRYPOINT"))
    check = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert entrypoint[0] == check[0] == "mockrds"
    assert entrypoint[1] == "serve"

    with serving_with_token(tmp_path, *entrypoint[2:], "--scenario", str(CONTAINER / "scenarios/busy.yaml")) as served:
        bash(shlex.join(check), tmp_path, MOCKRDS_URL=served.url)

    with pytest.raises(AssertionError, match="is not ready"):
        bash(shlex.join(check), tmp_path, MOCKRDS_URL=served.url)


def serving_with_token(folder: Path, *options: str) -> AbstractContextManager[Served]:
    """A server that other machines can reach."""
    return serving(folder, *(options or ("--host", "0.0.0.0")), variables={"MOCKRDS_CONTROL_TOKEN": "secret"})


def test_the_compose_file_has_the_tests_wait_for_the_server() -> None:
    services: dict[str, Any] = yaml.safe_load((CONTAINER / "compose.yaml").read_text())["services"]
    server, tests = services["mockrds"], services["tests"]
    context = (CONTAINER / server["build"]["context"]).resolve()
    volume, target, mode = server["volumes"][0].split(":")

    assert context == ROOT
    assert (context / server["build"]["dockerfile"]) == CONTAINER / "Containerfile"
    assert (target, mode) == (last("WORKDIR"), "ro")
    assert main(["lint", str(CONTAINER / volume / server["command"][1])]) == 0
    assert server["ports"][0].endswith(f":{last('EXPOSE')}")
    assert tests["depends_on"] == {"mockrds": {"condition": "service_healthy"}}
    assert tests["environment"]["MOCKRDS_URL"] == f"http://mockrds:{last('EXPOSE')}"
    assert tests["environment"]["MOCKRDS_CONTROL_TOKEN"] == server["environment"]["MOCKRDS_CONTROL_TOKEN"]
    for service in services.values():
        assert set(service) <= {
            "build", "image", "command", "environment", "volumes", "ports", "depends_on", "read_only", "cap_drop",
            "security_opt",
        }  # fmt: skip


# The pipelines


def steps(job: dict[str, Any]) -> list[str]:
    """The shell lines of a job of GitHub Actions, but for the installation."""
    lines = [step["run"] for step in job["steps"] if "run" in step]
    return [line for line in lines if not INSTALLATION.match(line)]


def run_on_github(job: dict[str, Any], folder: Path, **given: str) -> str:
    """Run a job's steps one by one, as the runner does; gives the variables that they set."""
    (folder / "Makefile").write_text(MAKEFILE)
    (folder / "temp").mkdir()
    (folder / "env").touch()
    for step in steps(job):
        variables = dict(line.split("=", 1) for line in (folder / "env").read_text().splitlines())
        bash(
            step,
            folder,
            **job.get("env", {}) | given | variables,
            GITHUB_ENV=str(folder / "env"),
            GITHUB_STEP_SUMMARY=str(folder / "summary"),
            RUNNER_TEMP=str(folder / "temp"),
        )
    return (folder / "env").read_text()


def github() -> dict[str, Any]:
    workflow = yaml.safe_load((EXAMPLES / "ci" / "github-actions.yml").read_text())
    assert workflow[True] == ["push", "pull_request"]  # YAML 1.1 reads "on" so
    jobs: dict[str, Any] = workflow["jobs"]
    return jobs


def gitlab() -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load((EXAMPLES / "ci" / "gitlab-ci.yml").read_text())
    assert all(job["stage"] in jobs["stages"] for name, job in jobs.items() if name != "stages")
    return jobs


def run_on_gitlab(job: dict[str, Any], folder: Path, **given: str) -> str:
    """Run a job's lines in one shell, and those that come after it in another."""
    (folder / "Makefile").write_text(MAKEFILE)
    lines = [line for line in (*job.get("before_script", ()), *job["script"]) if not INSTALLATION.match(line)]
    variables = job.get("variables", {}) | given
    printed = bash("\n".join(lines), folder, **variables)
    bash("\n".join(job.get("after_script", ())), folder, **variables)
    return printed


def artifacts(folder: Path, paths: str | list[str]) -> dict[str, str]:
    """What is kept of a job, each file with the beginning of its text."""
    named = [folder / path for path in ([paths] if isinstance(paths, str) else paths)]
    files = [file for path in named for file in (path.iterdir() if path.is_dir() else [path])]
    return {file.name: file.read_text()[:9] for file in files}


PAGE, JUNIT = "<!doctype", "<?xml ver"


@needs_tools
@pytest.mark.parametrize("name", ["command", "process"])
def test_a_job_of_github_runs(tmp_path: Path, name: str) -> None:
    job = github()[name]

    run_on_github(job, tmp_path)

    kept = artifacts(tmp_path, job["steps"][-1]["with"]["path"])
    assert kept == {"index.html": PAGE} | ({"junit.xml": JUNIT} if name == "command" else {})
    if name == "process":
        assert "calls 1" in (tmp_path / "summary").read_text()


@needs_tools
def test_a_job_of_github_uses_a_service(tmp_path: Path) -> None:
    job = github()["service"]
    with serving_with_token(tmp_path) as served:
        assert job["services"]["mockrds"]["env"]["MOCKRDS_CONTROL_TOKEN"] == "secret"
        assert job["services"]["mockrds"]["ports"] == [f"{last('EXPOSE')}:{last('EXPOSE')}"]

        variables = run_on_github(job, tmp_path, MOCKRDS_URL=served.url)

    assert f"MOCKRDS_PROJECT_ID={served.ready['project_id']}\n" in variables
    assert artifacts(tmp_path, job["steps"][-1]["with"]["path"]) == {"mockrds-report.html": PAGE}


@needs_tools
@pytest.mark.parametrize("name", ["command", "process"])
def test_a_job_of_gitlab_runs(tmp_path: Path, name: str) -> None:
    job = gitlab()[name]

    printed = run_on_gitlab(job, tmp_path)

    assert '"status":"BUILDING"' in printed
    kept = artifacts(tmp_path, job["artifacts"]["paths"])
    assert kept == {"index.html": PAGE} | ({"junit.xml": JUNIT} if name == "command" else {})
    assert not (tmp_path / "mockrds.json").exists()


@needs_tools
def test_a_job_of_gitlab_uses_a_service(tmp_path: Path) -> None:
    job = gitlab()["service"]
    [service] = job["services"]
    with serving_with_token(tmp_path, "--host", "0.0.0.0", *service["command"]) as served:
        printed = run_on_gitlab(job, tmp_path, MOCKRDS_URL=served.url)

    assert "RDS.0011" in printed
    assert artifacts(tmp_path, job["artifacts"]["paths"]) == {"mockrds-report.html": PAGE}


@pytest.mark.parametrize("jobs", [github, gitlab])
def test_jobs_without_a_service_install_once(jobs: Callable[[], dict[str, Any]]) -> None:
    installing = {
        name: sum(
            bool(INSTALLATION.match(line))
            for line in (*job.get("before_script", ()), *(step.get("run", "") for step in job.get("steps", ())))
        )
        for name, job in jobs().items()
        if name != "stages"
    }

    assert installing == {"command": 1, "process": 1, "service": 0}


# The page in the docs


def blocks(kind: str) -> list[str]:
    found = re.findall(rf"<!-- test: {kind} -->\n```sh\n(.*?)```", CI, re.DOTALL)
    assert found
    return found


def test_every_block_of_the_page_is_run() -> None:
    assert CI.count("```sh") == len(blocks("shell")) + len(blocks("control"))


@needs_tools
@pytest.mark.parametrize("script", blocks("shell"))
def test_the_ways_to_run_it(tmp_path: Path, script: str) -> None:
    (tmp_path / "Makefile").write_text(MAKEFILE)

    printed = bash(script, tmp_path)

    assert '"status":"BUILDING"' in printed
    assert any(PAGE in page.read_text() for page in tmp_path.glob("*.html"))


@needs_tools
def test_the_steps_by_curl(tmp_path: Path) -> None:
    (tmp_path / "steps.sh").write_text(blocks("control")[0])

    printed = bash("mockrds run -- sh -e steps.sh", tmp_path)

    assert "no answer" in printed
    assert '"status":"COMPLETED"' in printed
    assert printed.count('"verified":true') == 2
    assert (tmp_path / "report.html").read_text().startswith(PAGE)


def test_the_page_tells_all_variables(tmp_path: Path) -> None:
    printed = bash("mockrds run --ready-file ready.json -- env", tmp_path)

    given = set(re.findall(r"^((?:MOCKRDS|OS)_\w+)=", printed, re.MULTILINE)) | {"MOCKRDS_CA", "OS_CACERT"}
    told = set(re.findall(r"`((?:MOCKRDS|OS)_\w+)`", "".join(re.findall(r"^\| `.*$", CI, re.MULTILINE))))
    assert told == given | {"MOCKRDS_CONTROL_TOKEN"}
