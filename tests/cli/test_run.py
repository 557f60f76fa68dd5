"""``mockrds run`` as a process, with real commands under it, and ``mockrds report``."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import requests
from support.served_process import serving

from mockrds import MockRDS
from mockrds.cli import main
from mockrds.cli.child_process import run_portably

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BACKUP = """
curl -sS "$MOCKRDS_URL/rds/v1/$MOCKRDS_PROJECT_ID/backups" -H "X-Auth-Token: $MOCKRDS_TOKEN" \
  -H "Content-Type: application/json" -d '{"backup": {"name": "nightly", "instance": "'"$MOCKRDS_NODE_ID"'"}}'
"""
ARM = """
curl -sS "$MOCKRDS_URL/__mockrds/projects/$MOCKRDS_PROJECT_ID/faults" -d '{"operation": "create_manual_backup", RULE}'
"""


def run(
    *arguments: str, cwd: Path | None = None, text: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command under a server, in an environment that knows no other."""
    command = [sys.executable, "-W", "error", "-m", "mockrds", "run", *arguments]
    given = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | variables
    return subprocess.run(
        command, cwd=cwd, env=given, input=text, capture_output=True, text=True, timeout=60, check=False
    )


def sh(*options: str, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(*options, "--", "sh", "-ec", script, cwd=None, text=None, **variables)


def test_the_command_finds_the_server_in_its_environment() -> None:
    done = sh(script=BACKUP)

    assert json.loads(done.stdout)["backup"]["status"] == "BUILDING"
    assert (done.returncode, done.stderr) == (0, "")


def test_its_environment_is_what_env_prints_and_leads_nowhere_else() -> None:
    others = {"OS_CLOUD": "production", "OS_TOKEN": "secret", "MOCKRDS_CA": "/elsewhere", "OS_USERNAME": "me", "X": "y"}
    command = f'env | sort | grep -E "^(OS|MOCKRDS)_|^X="; echo ---; {sys.executable} -m mockrds env --format env-file'

    done = sh(script=command, **others)

    seen, _, printed = done.stdout.partition("---\n")
    variables = dict(line.split("=", 1) for line in seen.splitlines())
    told = dict(line.split("=", 1) for line in printed.splitlines())
    assert variables.pop("X") == "y"
    assert variables.keys() == told.keys()
    assert {name for name in told if told[name] != variables[name]} <= {"MOCKRDS_TOKEN"}  # each is a fresh one
    assert {"MOCKRDS_URL", "MOCKRDS_PROJECT_ID", "MOCKRDS_TOKEN", "OS_AUTH_URL"} <= told.keys()
    assert variables["OS_USERNAME"] == "user"


@pytest.mark.parametrize(
    "name", ["OS_RDSV3_ENDPOINT_OVERRIDE", "OS_CLIENT_CONFIG_FILE", "HW_ACCESS_KEY", "HUAWEICLOUD_SDK_AK"]
)
def test_what_leads_to_a_real_cloud_is_taken_out_and_the_shell_is_told(name: str) -> None:
    script = f'echo "${{{name}-}}"; eval "$({sys.executable} -m mockrds env)"; env | grep -c "^OS_CLOUD=" || true'

    done = sh(script=script, **{name: "production", "OS_CLOUD": "production"})

    assert (done.stdout, done.stderr) == ("\n0\n", "")


@pytest.mark.parametrize("given", ["", "example.org"])
def test_no_proxy_stands_between_the_command_and_the_server(given: str) -> None:
    script = 'curl -sS "$MOCKRDS_URL/__mockrds/live"; echo "$no_proxy"'
    none = {"no_proxy": given} if given else {}

    done = sh(script=script, http_proxy="http://127.0.0.1:1", **none)

    assert done.stdout == '{"status":"ok"}' + f"{given},127.0.0.1\n".lstrip(",")


def test_input_output_and_exit_code_are_the_command_s() -> None:
    done = run("--", "sh", "-c", "cat; echo wrong >&2; exit 3", text="hello")

    assert (done.returncode, done.stdout, done.stderr) == (3, "hello", "wrong\n")


@pytest.mark.parametrize("option", ["--help", "--port", "--"])
def test_what_follows_the_dashes_is_the_command_s(option: str) -> None:
    done = run("--", "echo", option, "1")

    assert (done.returncode, done.stdout) == (0, f"{option} 1\n")


def test_a_command_that_a_signal_ended() -> None:
    assert sh(script="kill -KILL $$").returncode == 128 + signal.SIGKILL


def test_signals_are_ours_no_more_but_the_command_has_what_a_shell_gives_it() -> None:
    script = "import signal; print(signal.pthread_sigmask(0, []), signal.getsignal(signal.SIGXFSZ).name)"
    usual = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert run("--", sys.executable, "-c", script).stdout == usual.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only SIGTERM is passed on")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_passed_on_and_the_report_is_written_all_the_same(tmp_path: Path, number: signal.Signals) -> None:
    report = tmp_path / "report.json"
    trap = f'trap "echo told; exit 7" {number.name.removeprefix("SIG")}'
    script = f"{trap}; {BACKUP} echo; echo ready; while :; do sleep 0.1; done"
    command = [sys.executable, "-m", "mockrds", "run", "--report", str(report), "--", "sh", "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while process.stdout.readline() != "ready\n":
            assert process.poll() is None

        process.send_signal(number)

        assert process.stdout.read() == "told\n"
    assert process.returncode == 7
    assert [row["name"] for row in json.loads(report.read_text())["records"][0]["backups"]] == ["nightly"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells who sent a signal")
def test_ctrl_c_reaches_the_command_once() -> None:
    script = """
import os, signal
told = []
def interrupted(*_): told.append(1); os.write(1, b"interrupted.")
def ended(*_): os.write(1, b"%d in all." % len(told)); os._exit(0)
signal.signal(signal.SIGINT, interrupted)
signal.signal(signal.SIGTERM, ended)
os.write(1, b"ready.")
while True: signal.pause()
"""
    pid, terminal = pty.fork()
    if pid == 0:  # a process with a terminal of its own
        os.execv(sys.executable, [sys.executable, "-m", "mockrds", "run", "--", sys.executable, "-c", script])
    with os.fdopen(terminal, "r+b", buffering=0) as person:

        def read() -> bytes:
            said = b""
            while not said.endswith(b"."):
                said += person.read(1)
            return said

        read()
        for _ in range(20):  # two at the same moment would be one
            person.write(b"\x03")
            assert read().endswith(b"interrupted.")
        os.kill(pid, signal.SIGTERM)
        assert read() == b"20 in all."
        _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0


def test_a_command_of_ours_that_is_interrupted_has_not_done_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("mockrds.cli.commands.lint.run", run)
    monkeypatch.setattr("mockrds.cli.commands.serve.run", run)

    assert [main(["lint"]), main(["serve"]), main([])] == [128 + signal.SIGINT, 0, 0]


def test_a_command_ends_also_where_nobody_wants_to_know_of_ended_children() -> None:
    script = """
import signal, sys
from mockrds.cli import main
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
sys.exit(main(["run", "--", "sh", "-c", "sleep 0.1; exit 4"]))
"""
    done = subprocess.run([sys.executable, "-c", script], timeout=20, check=False)

    assert done.returncode == 4


def test_where_signals_tell_nothing_commands_run_all_the_same() -> None:
    codes = [run_portably(["sh", "-c", script], dict(os.environ)) for script in ("exit 4", "kill -TERM $$")]

    assert codes == [4, 128 + signal.SIGTERM]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pytest"], "give the command to run after --, as in: mockrds run -- make test (see mockrds run --help)"),
        (["--seed", "7", "--"], "give the command to run after --"),
        (["--nothing", "--", "true"], "unrecognized arguments: --nothing"),
        (["--report", "report.pdf", "--", "true"], "argument --report: report.pdf: the name of a report ends with"),
        (["--scenario", "quota-exeeded", "--", "true"], "quota-exeeded: no such file, and no scenario"),
        (["--host", "192.0.2.1", "--", "true"], "cannot listen on 192.0.2.1:0: "),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *arguments]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mockrds: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("no-such-command", 127, "cannot run 'no-such-command': there is no such command"),
        ("/", 126, "cannot run '/': permission denied"),
    ],
)
def test_a_command_that_cannot_be_run(command: str, code: int, message: str) -> None:
    done = run("--", command)

    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"mockrds: {message}\n")


@pytest.mark.parametrize(
    ("rule", "calls", "said"),
    [
        ('"error": "RDS.0011", "first": 1', 1, ""),
        ('"error": "RDS.0011", "first": 1', 0, "fault 1 (the control API) never fired: no call matched it"),
        (
            '"error": "RDS.0011", "name": "busy", "after": 5',
            1,
            "fault 'busy' (the control API) never fired, though 1 call matched it",
        ),
        ('"sequence": [503, 503, 503]', 2, "fault 1 (the control API) took 2 of the 3 steps of its sequence"),
        ('"error": "RDS.0011", "probability": 0', 1, ""),
    ],
)
def test_armed_faults_that_never_fired_are_a_failure(rule: str, calls: int, said: str) -> None:
    done = sh(script=f"({ARM.replace('RULE', rule)}{BACKUP * calls}) > /dev/null")

    assert done.stderr == (f"mockrds: {said}, in project eu-de\n" if said else "")
    assert done.returncode == (125 if said else 0)


def test_faults_that_never_fired_may_be_allowed(tmp_path: Path) -> None:
    scenario = tmp_path / "busy.yaml"
    scenario.write_text("faults:\n  - {name: busy, operation: create_manual_backup, error: RDS.0011}\n")

    strict, lenient = (run("--scenario", str(scenario), *option, "--", "true") for option in ([], ["--allow-unused"]))

    assert (strict.returncode, lenient.returncode) == (125, 0)
    assert strict.stderr == lenient.stderr
    assert strict.stderr == f"mockrds: fault 'busy' ({scenario}:2:5) never fired: no call matched it\n"


def test_a_fault_of_the_scenario_need_fire_in_one_project_only(tmp_path: Path) -> None:
    scenario = tmp_path / "busy.yaml"
    scenario.write_text("faults: [{operation: create_manual_backup, first: 1, error: RDS.0011}]")

    done = sh("--scenario", str(scenario), script=f"MOCKRDS_PROJECT_ID=other; {BACKUP}")

    assert "RDS.0011" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_s_own_failure_comes_first(tmp_path: Path) -> None:
    done = run("--scenario", "lost-response", "--", "sh", "-c", "exit 9")

    assert done.returncode == 9
    assert "never fired" in done.stderr


def test_an_error_inside_the_mock_is_a_failure() -> None:
    broken = f"""
import sys
from mockrds.cli import main
from mockrds.domain.world import World
World.create_manual_backup = None
sys.exit(main(["run", "--", "sh", "-c", {BACKUP!r}]))
"""
    done = subprocess.run([sys.executable, "-c", broken], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 125
    assert "mockrds: an error inside the mock, in project eu-de: TypeError(" in done.stderr


def test_reports_are_written_in_all_forms(tmp_path: Path) -> None:
    names = ["new/report.html", "report.json", "report.xml", "report.txt"]

    done = run(*(f"--report={name}" for name in names), "--", "sh", "-c", BACKUP, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    [record] = json.loads((tmp_path / "report.json").read_text())["records"]
    assert [entry["operation"] for entry in record["entries"]] == ["v1.create_manual_backup"]
    assert [(tmp_path / name).read_text()[:1] for name in names[:3]] == ["<", "{", "<"]
    assert "calls 1," in (tmp_path / "report.txt").read_text()


def test_what_happened_before_a_reset_and_in_projects_that_were_removed_is_not_lost(tmp_path: Path) -> None:
    project = "$MOCKRDS_URL/__mockrds/projects/$MOCKRDS_PROJECT_ID"
    arm = ARM.replace("RULE", '"error": "RDS.0011"')
    other = BACKUP.replace("$MOCKRDS_PROJECT_ID", "team-a").replace('"instance": "\'"$MOCKRDS_NODE_ID"\'"', "")
    steps = [
        BACKUP,
        arm,
        f"curl -sS -X POST {project}/reset",
        other,
        "curl -sS -X DELETE ${MOCKRDS_URL}/__mockrds/projects/team-a",
    ]

    done = sh(f"--report={tmp_path}/report.json", script="\n".join(steps))

    records = json.loads((tmp_path / "report.json").read_text())["records"]
    assert [(record["project"]["name"], record["total"]) for record in records[:-1]] == [
        ("eu-de", 1),
        ("eu-de_team-a", 1),
    ]
    assert [finding["kind"] for finding in records[-1]["verdict"]["findings"]] == ["fault-never-fired"]
    assert done.returncode == 125
    assert done.stderr.startswith(
        "mockrds: fault 1 (the control API) never fired: no call matched it, in project eu-de"
    )


def test_a_report_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    done = run("--report", "reports/report.json", "--", "touch", "reports", cwd=tmp_path)

    assert done.returncode == 125
    assert done.stderr.startswith("mockrds: cannot write the report reports/report.json: ")
    assert done.stderr.count("\n") == 1


def test_reports_tell_what_is_wrong_with_the_run(tmp_path: Path) -> None:
    (tmp_path / "busy.yaml").write_text("faults:\n  - {name: busy, operation: create_manual_backup, error: RDS.0011}\n")
    options = [f"--report={tmp_path}/report.{suffix}" for suffix in ("xml", "txt", "html")]

    codes = [
        run("--scenario=busy.yaml", *options, *allow, "--", "true", cwd=tmp_path).returncode
        for allow in ([], ["--allow-unused"])
    ]
    allowed = (tmp_path / "report.xml").read_text()
    run("--scenario=busy.yaml", *options, "--", "true", cwd=tmp_path)

    assert codes == [125, 0]
    assert 'failures="0"' in allowed
    for suffix, told in (
        ("xml", 'failures="1"'),
        ("txt", "fault-never-fired: fault 'busy'"),
        ("html", "fault-never-fired"),
    ):
        assert told in (tmp_path / f"report.{suffix}").read_text()


@pytest.mark.parametrize("command", [["run"], ["serve"], ["report"]])
def test_a_report_that_can_never_be_written_is_refused_at_the_start(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    option = "--output" if command == ["report"] else "--report"
    (tmp_path / "folder.html").mkdir()

    codes = [main([*command, option, name]) for name in (f"{sys.executable}/report.json", f"{tmp_path}/folder.html")]

    assert codes == [2, 2]
    assert [line.partition(": no file can be written at ")[0] for line in capsys.readouterr().err.splitlines()] == [
        f"mockrds: argument {option}"
    ] * 2


def test_the_ready_file_is_there_while_the_command_runs(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"

    done = run("--tls", "--ready-file", str(ready), "--", "sh", "-c", 'cat "$MOCKRDS_READY_FILE"; cat "$MOCKRDS_CA"')

    told, certificate = done.stdout.split("\n", 1)
    assert json.loads(told)["url"].startswith("https://")
    assert certificate.startswith("-----BEGIN CERTIFICATE-----")
    assert not ready.exists()


def test_serve_leaves_its_report_behind(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with serving(tmp_path, "--quiet", "--report", str(report)) as served:
        url = f"{served.url}/rds/v1/{served.ready['project_id']}/backups"
        requests.get(url, headers={"X-Auth-Token": "any"}, timeout=10)
        served.process.terminate()
        assert served.process.wait(10) == 0

    [record] = json.loads(report.read_text())["records"]
    assert record["project"]["id"] == served.ready["project_id"]


def test_serve_tells_by_its_exit_code_that_its_report_could_not_be_written(tmp_path: Path) -> None:
    with serving(tmp_path, "--quiet", "--report", f"{tmp_path}/reports/report.json") as served:
        (tmp_path / "reports").touch()
        served.process.terminate()
        _, err = served.process.communicate(timeout=10)

    assert served.process.returncode == 1
    assert err.startswith(f"mockrds: cannot write the report {tmp_path}/reports/report.json: ")


@pytest.fixture
def asked() -> Iterator[MockRDS]:
    """A server two of whose projects were asked something."""
    with MockRDS() as mock, requests.Session() as client:
        for name in ("one", "two"):
            project = mock.project(name)
            client.get(f"{project.v1_url}/backups", headers={"X-Auth-Token": project.token}, timeout=10)
        yield mock


def test_report_prints_what_a_running_server_was_asked(asked: MockRDS, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [main(["report", asked.url, *of]) for of in ([], ["--project", "two"])]

    assert codes == [0, 0]
    assert re.findall(r"calls \d+", capsys.readouterr().out) == ["calls 2", "calls 1"]


def test_report_writes_files(asked: MockRDS, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / "report.json", tmp_path / "report.xml"]

    code = main(["report", asked.url, *(f"--output={file}" for file in files)])

    assert (code, capsys.readouterr().out) == (0, "")
    assert [record["project"]["name"] for record in json.loads(files[0].read_text())["records"]] == ["one", "two"]
    assert files[1].read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["http://127.0.0.1:1"], "no mockrds answers at http://127.0.0.1:1: "),
        (["nonsense"], "'nonsense' is no URL of a server"),
        (["--output", "report"], "argument --output: report: the name of a report ends with"),
    ],
)
def test_what_is_wrong_with_report_is_said_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", *arguments]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mockrds: {message}")
    assert err.count("\n") == 1


def test_report_knows_no_project_of_that_name(asked: MockRDS, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", asked.url, "--project", "three"]) == 2

    assert capsys.readouterr().err.startswith("mockrds: there is no project 'three'")
