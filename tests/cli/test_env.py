"""``mockrds env``: what it prints is really used, where the client is one of Python."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from mockrds import MockRDS
from mockrds.cli import main
from mockrds.cli.commands.env import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INTEROP = Path(__file__).parent.parent / "support"
needs_openstack = pytest.mark.skipif(
    find_spec("openstackclient") is None or find_spec("otcextensions") is None,
    reason="python-openstackclient or otcextensions is not installed: python3 dev.py test installs it",
)
needs_huaweicloud = pytest.mark.skipif(
    find_spec("huaweicloudsdkrds") is None,
    reason="huaweicloudsdkrds is not installed: python3 dev.py test installs it",
)


@pytest.fixture(params=[False, True], ids=["http", "https"])
def mock(request: pytest.FixtureRequest) -> Iterator[MockRDS]:
    """A server whose first project has a MySQL instance, and that looks at credentials."""
    with MockRDS(auth="strict", access_keys={"AK": "SK"}, tls=request.param) as mock:
        yield mock
        assert mock.simulator.default.errors == []


@pytest.fixture
def env(mock: MockRDS, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Return what the command prints in a format."""

    def env(format: str) -> str:  # noqa: A002
        assert main(["env", mock.url, "--format", format, *(["--ca", mock.ca] if mock.ca else [])]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return env


def run(folder: Path, *command: str | Path, text: str = "", **variables: str) -> str:
    """Run a command without the environment of the tests; return what it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={"HOME": str(folder), "PATH": os.environ["PATH"]} | variables,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_openstack
@pytest.mark.parametrize("cloud", ["mockrds", "mockrds-v1"])
def test_clouds_yaml_leads_openstacksdk_to_both_versions(
    env: Callable[[str], str], mock: MockRDS, tmp_path: Path, cloud: str
) -> None:
    (tmp_path / "clouds.yaml").write_text(env("clouds-yaml"))
    instance = mock.simulator.default.world.instances[0]
    asked: dict[str, Any] = {"mockrds": ["backups", [instance.id], {}], "mockrds-v1": ["backups", [], {}]}

    backups = run(
        tmp_path,
        sys.executable,
        INTEROP / "otcextensions_process.py",
        text=json.dumps(asked[cloud]) + "\n",
        OS_CLOUD=cloud,
    )

    assert json.loads(backups) == []
    operation = {"mockrds": "v3.list_backups", "mockrds-v1": "v1.list_manual_backups"}[cloud]
    answered = [(entry.operation, entry.status) for entry in mock.simulator.default.journal]
    assert answered == [("iam.create_token", 201), (operation, 200)]


@needs_openstack
def test_shell_lets_the_openstack_command_sign_in(env: Callable[[str], str], mock: MockRDS, tmp_path: Path) -> None:
    (tmp_path / "rc").write_text(env("shell"))
    script = f'. ./rc; {sys.executable} -m openstackclient.shell token issue -f json; echo "$MOCKRDS_URL" >&2'

    issued = json.loads(run(tmp_path, "bash", "-c", script))

    assert issued["project_id"] == mock.simulator.default.id


@needs_openstack
def test_shell_lets_the_openstack_command_list_instances(
    env: Callable[[str], str], mock: MockRDS, tmp_path: Path
) -> None:
    (tmp_path / "rc").write_text(env("shell"))
    script = f". ./rc; {sys.executable} -m openstackclient.shell rds instance list -f json"

    listed = json.loads(run(tmp_path, "bash", "-c", script))

    assert {row["ID"] for row in listed} == {instance.id for instance in mock.simulator.default.world.instances}


def test_shell_lets_curl_ask_the_control_api(env: Callable[[str], str], mock: MockRDS, tmp_path: Path) -> None:
    (tmp_path / "rc").write_text(env("shell"))
    script = (
        '. ./rc; curl -sS ${MOCKRDS_CA:+--cacert "$MOCKRDS_CA"} "$MOCKRDS_URL/__mockrds/projects/$MOCKRDS_PROJECT_ID"'
    )

    assert json.loads(run(tmp_path, "bash", "-c", script))["id"] == mock.simulator.default.id


@needs_huaweicloud
def test_huaweicloud_python_is_a_client_whose_signatures_are_good(
    env: Callable[[str], str], mock: MockRDS, tmp_path: Path
) -> None:
    asked = """
from huaweicloudsdkrds.v3 import ListBackupsRequest
print(client.list_backups(ListBackupsRequest(instance_id="INSTANCE")))
""".replace("INSTANCE", mock.simulator.default.world.instances[0].id)

    assert json.loads(run(tmp_path, sys.executable, "-c", env("huaweicloud-python") + asked)) == {
        "backups": [],
        "total_count": 0,
    }


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_says_where_the_server_is_and_what_to_trust(
    env: Callable[[str], str],
    mock: MockRDS,
    format: str,  # noqa: A002
) -> None:
    printed = env(format)
    project = mock.simulator.default

    assert mock.url in printed
    assert project.id in printed or project.name in printed
    assert "None" not in printed
    assert mock.ca is None or mock.ca in printed


def test_go_fills_in_fields_that_the_sdk_has(env: Callable[[str], str]) -> None:
    fields = re.findall(r"^\t\t(\w+): ", env("go"), re.MULTILINE)

    assert fields == ["IdentityEndpoint", "Username", "Password", "DomainName", "TenantName", "AllowReauth"]


def test_the_region_is_the_beginning_of_the_project_s_name(capsys: pytest.CaptureFixture[str]) -> None:
    with MockRDS() as mock:
        project = mock.project("eu-nl_inter op${x}%{if}")
        clouds = [main(["env", mock.url, "--format", "clouds-yaml", "--project", wanted]) for wanted in (project.name,)]
        printed = yaml.safe_load(capsys.readouterr().out)["clouds"]["mockrds"]
        main(["env", mock.url, "--format", "terraform", "--project", project.id])

    assert clouds == [0]
    assert (printed["region_name"], printed["auth"]["project_name"]) == ("eu-nl", "eu-nl_inter op${x}%{if}")
    assert 'tenant_name = "eu-nl_inter op$${x}%%{if}"' in capsys.readouterr().out


def test_the_url_and_the_certificate_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with MockRDS(tls=True) as mock:
        assert mock.ca is not None
        monkeypatch.setenv("MOCKRDS_URL", mock.url)
        monkeypatch.setenv("MOCKRDS_CA", mock.ca)
        assert main(["env"]) == 0

    assert f"export OS_CACERT={mock.ca}" in capsys.readouterr().out.splitlines()


def test_keys_are_those_that_are_given(capsys: pytest.CaptureFixture[str]) -> None:
    with MockRDS() as mock:
        main(["env", mock.url, "--format", "node", "--access-key", "one:other:third"])

    printed = capsys.readouterr().out
    assert '.withAk("one")' in printed
    assert '.withSk("other:third")' in printed


def test_a_locked_control_api_wants_its_token(capsys: pytest.CaptureFixture[str]) -> None:
    with MockRDS() as mock:
        mock.simulator.control_token = "secret"
        codes = [main(["env", mock.url]), main(["env", mock.url, "--token", "secret"])]

    out, err = capsys.readouterr()
    assert codes == [2, 0]
    assert "export OS_AUTH_URL=" in out
    assert err.endswith("; give it with --token, or in MOCKRDS_CONTROL_TOKEN\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["http://127.0.0.1:1"], "no mockrds answers at http://127.0.0.1:1: "),
        (["nonsense"], "'nonsense' is no URL of a server"),
        (
            ["https://127.0.0.1:1", "--ca", "/nowhere"],
            "cannot read the certificate /nowhere: no such file or directory",
        ),
        (["--format", "cobol"], "argument --format: invalid choice: 'cobol'"),
        (["--access-key", "AK"], "argument --access-key: give the access key and the secret key as AK:SK"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["env", *options]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mockrds: {message}")
    assert err.count("\n") == 1


def test_an_unknown_project_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with MockRDS() as mock:
        assert main(["env", mock.url, "--project", "eu-nl"]) == 2

    assert capsys.readouterr().err == f"mockrds: there is no project 'eu-nl' at {mock.url}; there is eu-de\n"
