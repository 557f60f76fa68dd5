"""The command line: in process where it refuses, as a process where it serves."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from support.served_process import serving

from mockrds import __version__
from mockrds.cli import main


def test_the_ready_file_tells_where_it_serves(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        state = requests.get(f"{served.url}/__mockrds/projects/{served.ready['project_id']}/state", timeout=10).json()

        assert served.ready == {
            "url": served.url,
            "pid": served.process.pid,
            "version": __version__,
            "project_id": state["id"],
        }


def test_the_banner_fits_a_screen_and_its_curl_line_makes_a_backup(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        banner = served.banner()
        start = next(i for i, line in enumerate(banner) if "curl" in line)

        done = subprocess.run(["bash", "-c", "".join(banner[start : start + 3])], capture_output=True, check=True)

        assert json.loads(done.stdout)["backup"]["status"] == "BUILDING"
        assert len(banner) <= 24
        state = requests.get(f"{served.url}/__mockrds/projects/{served.ready['project_id']}/state", timeout=10).json()
        for instance in state["instances"]:
            assert any(instance["node_id"] in line and instance["name"] in line for line in banner)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_at_once_also_with_a_request_hanging(tmp_path: Path, number: signal.Signals) -> None:
    slow = tmp_path / "slow.yaml"
    slow.write_text("faults: [{latency: 1h}]")
    with serving(tmp_path, "--scenario", str(slow), "--quiet") as served:
        host, port = served.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            path = f"/rds/v1/{served.ready['project_id']}/backups"
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Auth-Token: any\r\n\r\n".encode())
            while not requests.get(f"{served.url}/__mockrds/projects/{served.ready['project_id']}/journal").json()[
                "total"
            ]:
                pass

            served.process.send_signal(number)
            out, err = served.process.communicate(timeout=5)

            assert (served.process.returncode, out, err) == (0, "", "")
            assert client.recv(100) == b""
    assert list(tmp_path.iterdir()) == [slow]


def test_requests_are_logged_a_line_each(tmp_path: Path) -> None:
    with serving(tmp_path, "--log-format", "json") as served:
        path = f"/rds/v1/{served.ready['project_id']}/backups"
        requests.get(served.url + path, headers={"X-Auth-Token": "any"}, timeout=10)
        requests.get(f"{served.url}/nothing", timeout=10)
        served.process.terminate()
        lines = [json.loads(line) for line in served.process.communicate()[1].splitlines()]

    assert [(line["path"], line["status"], line["operation"], line["error"]) for line in lines] == [
        (path, 200, "v1.list_manual_backups", None),
        ("/nothing", 404, "unknown", "APIGW.0101"),
    ]


def test_text_log_names_errors_faults_and_hints(tmp_path: Path) -> None:
    scenario = tmp_path / "busy.yaml"
    scenario.write_text("faults: [{name: first one busy, operation: list_instances, first: 1, error: RDS.0011}]")
    with serving(tmp_path, "--scenario", str(scenario)) as served:
        base = f"{served.url}/rds/v1/{served.ready['project_id']}"
        requests.get(f"{base}/instances", headers={"X-Auth-Token": "any"}, timeout=10)
        requests.get(f"{base}/instances", timeout=10)
        served.process.terminate()
        lines = [line.split(" ", 3)[3] for line in served.process.communicate()[1].splitlines()]

    assert lines == [
        "409 v1.list_instances RDS.0011 [fault: first one busy]",
        "401 v1.list_instances APIGW.0301 (send X-Auth-Token, or sign the request)",
    ]


def test_a_log_that_nobody_reads_does_not_stop_the_server(tmp_path: Path) -> None:
    with serving(tmp_path) as served, requests.Session() as client:  # its log goes to a pipe that we do not read
        url = f"{served.url}/{'x' * 2000}"
        for _ in range(200):  # more than a pipe holds
            assert client.get(url, timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--port", "99999"], "argument --port: '99999' is no port: give a number from 0 to 65535"),
        (["--port", "x"], "argument --port: 'x' is no port: give a number from 0 to 65535"),
        (["--clock", "slow"], "argument --clock: 'slow' is no clock: give real, frozen, frozen@"),
        (["--clock", "scaled@0"], "argument --clock: 'scaled@0' is no clock"),
        (["--seed", "x"], "argument --seed: 'x' is no seed: give a whole number"),
        (["--auth", "no"], "argument --auth: invalid choice: 'no'"),
        (["--access-key", "AK"], "argument --access-key: give the access key and the secret key as AK:SK"),
        (["--nothing"], "unrecognized arguments: --nothing"),
        (["lnt", "x.yaml"], "'lnt' belongs to no option: mockrds serve takes nothing else"),
        (["lint", "x.yaml"], "the command 'lint' stands too late: give it first, as in mockrds lint ..."),
        (
            ["--scenario", "lost-response", "lost-delete-response"],
            "'lost-delete-response' belongs to no option; "
            "for another scenario, repeat --scenario: --scenario lost-delete-response",
        ),
        (["--scenario", ""], "'' is no scenario: give a name of the library, or a file"),
        (["--clock", "scaled"], "argument --clock: 'scaled' is no clock: give real, frozen, frozen@"),
        (["--scenario", "quota-exeeded"], "quota-exeeded: no such file, and no scenario of that name"),
        (["--host", "192.0.2.1"], "cannot listen on 192.0.2.1:0: cannot assign requested address; give an address"),
        (["--host", "nowhere.invalid"], "cannot listen on nowhere.invalid:0: the host name is unknown"),
        (["--ready-file", "/nowhere/ready"], "cannot write the ready file /nowhere/ready: no such file or directory"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--port", "0", *options]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mockrds: {message}")
    assert err.count("\n") == 1


def test_a_word_that_is_no_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lnt", "x.yaml"]) == 2

    assert capsys.readouterr().err.startswith("mockrds: there is no command 'lnt'; there are: serve, run, ")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--seed", "0"], "says what --seed would: leave it out, or unset MOCKRDS_REPLAY"),
        (
            ["--scenario", "lost-response", "--clock", "real"],
            "says what --scenario and --clock would: leave them out, or unset MOCKRDS_REPLAY",
        ),
    ],
)
def test_options_that_a_replay_token_decides_are_named(
    options: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOCKRDS_REPLAY", "1.abc")

    assert main(["--port", "0", *options]) == 2

    assert capsys.readouterr().err == f"mockrds: MOCKRDS_REPLAY is set, and {told}\n"


def test_a_port_in_use_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "mockrds", "--port", port], capture_output=True, text=True, timeout=30, check=False
        )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"mockrds: cannot listen on 127.0.0.1:{port}: address already in use; "
        "choose another with --port, or --port 0 for any free one\n"
    )


def test_every_mistake_of_a_scenario_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("sed: 7\nfaults:\n  - operation: create_backup\n")

    assert main(["--port", "0", "--scenario", str(file)]) == 2

    places = [line.split(": ")[:2] for line in capsys.readouterr().err.removeprefix("mockrds: ").splitlines()]
    assert places == [
        [f"{file}:1:1", "sed"],
        [f"{file}:3:5", "faults[0]"],
        [f"{file}:3:5", "faults[0].operation"],
    ]


def test_an_open_address_is_warned_about_and_its_control_api_is_locked(tmp_path: Path) -> None:
    with serving(tmp_path, "--host", "0.0.0.0") as served:
        assert served.process.stderr is not None
        warning = served.process.stderr.readline()
        token = warning.split("X-Mockrds-Token: ")[1].strip()

        assert warning.startswith("mockrds: warning: listening on 0.0.0.0, so other machines can reach this server")
        assert requests.get(f"{served.url}/__mockrds/ready", timeout=10).status_code == 200
        assert requests.get(f"{served.url}/__mockrds/projects", timeout=10).status_code == 401
        with_token = requests.get(f"{served.url}/__mockrds/projects", headers={"X-Mockrds-Token": token}, timeout=10)
        assert with_token.status_code == 200


def test_healthcheck_tells_by_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], closed_port: int
) -> None:
    with serving(tmp_path) as served:
        assert main(["healthcheck", served.url]) == 0
        assert capsys.readouterr() == (f"{served.url} is ready\n", "")

    closed = f"http://127.0.0.1:{closed_port}"
    assert main(["healthcheck", closed]) == 1
    assert capsys.readouterr().err == f"mockrds: {closed} is not ready: [Errno 111] Connection refused\n"
    assert main(["healthcheck", "nonsense"]) == 2
    assert capsys.readouterr().err.startswith("mockrds: 'nonsense' is no URL of a server")


def test_healthcheck_is_not_fooled_by_another_server(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        check = subprocess.Popen(
            [sys.executable, "-m", "mockrds", "healthcheck", url], stderr=subprocess.PIPE, text=True
        )
        connection, _ = listener.accept()
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        assert check.communicate(timeout=10)[1] == f"mockrds: {url} answers, but is no mockrds\n"
        connection.close()
    assert check.returncode == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
def test_a_reader_that_goes_makes_no_traceback() -> None:
    command = f"{sys.executable} -m mockrds schema | head -c 1; echo ${{PIPESTATUS[0]}}"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.removeprefix("{").strip() in ("0", "1")  # 0 when all fitted into the pipe
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_output_that_cannot_be_written_is_told() -> None:
    command = f"{sys.executable} -m mockrds schema > /dev/full"

    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (1, "mockrds: cannot write the output: no space left on device\n")
