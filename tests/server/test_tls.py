"""TLS, with real clients: throw-away certificates and those of files."""

import asyncio
import gc
import json
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import requests
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from support.served_process import serving

from mockrds import MockRDS
from mockrds.cli import main


@pytest.fixture(scope="module")
def mock() -> Iterator[MockRDS]:
    with MockRDS(tls=True) as mock:
        yield mock


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A certificate, its key, the certificate of who vouches for it, and what is none of these."""
    ca = trustme.CA()
    certificate, other = ca.issue_cert("localhost", "127.0.0.1"), ca.issue_cert("localhost")
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    contents = {
        "ca": ca.cert_pem.bytes(),
        "cert": b"".join(blob.bytes() for blob in certificate.cert_chain_pems),
        "key": certificate.private_key_pem.bytes(),
        "other-key": other.private_key_pem.bytes(),
        "locked-key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")),
        "nonsense": b"nonsense",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: str(tmp_path / name) for name in (*contents, "missing")}


# The object


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_the_certificate_is_good_for_every_name_of_this_machine(host: str) -> None:
    with MockRDS(host=host, tls=True) as mock:
        assert mock.url.startswith("https://")
        assert requests.get(f"{mock.url}/__mockrds/ready", verify=mock.ca, timeout=10).ok
        assert mock.project().v1_url.startswith(f"{mock.url}/rds/v1/")


async def test_aiohttp_and_urllib_are_served(mock: MockRDS) -> None:
    context = ssl.create_default_context(cafile=mock.ca)
    async with aiohttp.ClientSession() as client, client.get(f"{mock.url}/__mockrds/ready", ssl=context) as answer:
        assert await answer.json() == {"status": "ok"}
    with urllib.request.urlopen(f"{mock.url}/__mockrds/ready", context=context, timeout=10) as plain:  # noqa: ASYNC210
        assert json.load(plain) == {"status": "ok"}


def test_who_does_not_know_the_ca_does_not_trust_it(mock: MockRDS) -> None:
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        requests.get(mock.url, timeout=10)


def test_a_client_that_speaks_plain_http_or_nonsense_harms_nobody(mock: MockRDS) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(mock.url.replace("https", "http"), timeout=10)
    with socket.create_connection(("127.0.0.1", mock.port)) as client:
        client.sendall(b"\x16\x03\x01nonsense")
    assert requests.get(f"{mock.url}/__mockrds/ready", verify=mock.ca, timeout=10).ok


def test_http2_is_not_agreed_upon(mock: MockRDS) -> None:
    context = ssl.create_default_context(cafile=mock.ca)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", mock.port)) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as client,
    ):
        assert client.selected_alpn_protocol() in (None, "http/1.1")


def test_a_context_of_ones_own_is_served_with(files: dict[str, str]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["cert"], files["key"])

    with MockRDS(tls=context) as mock:
        assert mock.ca is None
        assert requests.get(f"{mock.url}/__mockrds/ready", verify=files["ca"], timeout=10).ok


def test_the_file_of_the_ca_is_there_as_long_as_the_server_and_holds_no_secret() -> None:
    mock = MockRDS(tls=True)
    assert mock.ca is not None
    file = Path(mock.ca)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in file.read_text()

    for _ in range(2):  # also when it is started again
        with mock:
            assert requests.get(f"{mock.url}/__mockrds/ready", verify=mock.ca, timeout=10).ok
    del mock
    gc.collect()

    assert not file.exists()


def test_it_stops_at_once_also_while_clients_wait_or_are_idle() -> None:
    with MockRDS(scenario={"faults": [{"latency": "1h"}]}, tls=True) as mock:
        project = mock.project()
        context = ssl.create_default_context(cafile=mock.ca)
        clients: list[ssl.SSLSocket] = []
        for path in ("/__mockrds/ready", f"/rds/v1/{project.id}/backups"):
            client = context.wrap_socket(
                socket.create_connection(("127.0.0.1", mock.port), timeout=10), server_hostname="localhost"
            )
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            clients.append(client)
        silent = socket.create_connection(("127.0.0.1", mock.port), timeout=10)  # never begins to speak TLS
        while not project.journal.total:
            pass
        idle, waiting = clients
        assert idle.recv(12) == b"HTTP/1.1 200"
        begun = time.monotonic()

    assert time.monotonic() - begun < 2
    assert _rest(waiting) == b""
    for each in (*clients, silent):
        each.close()


def _rest(client: ssl.SSLSocket) -> bytes:
    try:
        return client.recv(1000)
    except (ConnectionResetError, ssl.SSLEOFError):
        return b""


def test_without_trustme_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)

    with pytest.raises(ModuleNotFoundError, match=r"a throw-away certificate needs trustme: pip install trustme"):
        MockRDS(tls=True)


def test_a_host_that_no_certificate_can_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no certificate can be made for the host name"):
        MockRDS(host="under_score", tls=True)


# The command line


@pytest.mark.slow
def test_the_curl_line_of_the_banner_and_the_healthcheck_work_with_the_ca(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path, "--tls") as served:
        banner = served.banner()
        start = next(i for i, line in enumerate(banner) if "curl" in line)
        ca = served.ready["ca"]
        assert f"trust      {ca}\n" in banner
        assert len(banner) <= 24

        done = subprocess.run(["bash", "-c", "".join(banner[start : start + 3])], capture_output=True, check=True)

        assert json.loads(done.stdout)["backup"]["status"] == "BUILDING"
        assert main(["healthcheck", served.url, "--ca", ca]) == 0
        monkeypatch.setenv("MOCKRDS_CA", ca)
        assert main(["healthcheck", served.url]) == 0
        assert capsys.readouterr() == (f"{served.url} is ready\n" * 2, "")
        served.process.terminate()
        assert served.process.wait(10) == 0
    assert not Path(ca).exists()


@pytest.mark.slow
def test_a_certificate_of_ones_own_is_served_with(tmp_path: Path, files: dict[str, str]) -> None:
    with serving(tmp_path, "--tls-cert", files["cert"], "--tls-key", files["key"]) as served:
        assert requests.get(f"{served.url}/__mockrds/ready", verify=files["ca"], timeout=10).ok
        banner = served.banner()
        start = next(i for i, line in enumerate(banner) if "curl" in line)
        subprocess.run(["bash", "-c", "".join(banner[start : start + 3])], capture_output=True, check=True)


@pytest.mark.slow
def test_a_signal_ends_it_at_once_also_with_clients_connected(tmp_path: Path) -> None:
    with serving(tmp_path, "--tls", "--quiet") as served, requests.Session() as idle:
        idle.get(f"{served.url}/__mockrds/ready", verify=served.ready["ca"], timeout=10)
        with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2]))):  # never begins to speak TLS
            served.process.terminate()

            assert served.process.communicate(timeout=5) == ("", "")
        assert served.process.returncode == 0


async def test_async_with_leaves_no_connection_behind() -> None:
    async with MockRDS(tls=True) as mock, aiohttp.ClientSession() as client:
        context = ssl.create_default_context(cafile=mock.ca)
        async with client.get(f"{mock.url}/__mockrds/ready", ssl=context) as answer:
            assert answer.status == 200
        _, writer = await asyncio.open_connection("127.0.0.1", mock.port)  # never begins to speak TLS
        await asyncio.sleep(0)
    writer.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tls-cert", "{cert}"], "--tls-cert and --tls-key go together: give both"),
        (["--tls-key", "{key}"], "--tls-cert and --tls-key go together: give both"),
        (
            ["--tls", "--tls-cert", "{cert}", "--tls-key", "{key}"],
            "--tls makes a certificate of its own: give it without",
        ),
        (["--tls-cert", "{missing}", "--tls-key", "{key}"], "cannot read {missing}: no such file or directory"),
        (["--tls-cert", "{cert}", "--tls-key", "{missing}"], "cannot read {missing}: no such file or directory"),
        (["--tls-cert", "{nonsense}", "--tls-key", "{key}"], "{nonsense} is no certificate in PEM"),
        (["--tls-cert", "{key}", "--tls-key", "{key}"], "{key} is no certificate in PEM"),
        (["--tls-cert", "{cert}", "--tls-key", "{nonsense}"], "{nonsense} is no private key in PEM"),
        (
            ["--tls-cert", "{cert}", "--tls-key", "{locked-key}"],
            "{locked-key} is no private key in PEM, without a password",
        ),
        (
            ["--tls-cert", "{cert}", "--tls-key", "{other-key}"],
            "the key {other-key} does not belong to the certificate {cert}",
        ),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said_in_one_line(
    options: list[str], message: str, files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--port", "0", *(option.format_map(files) for option in options)]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mockrds: {message.format_map(files)}")
    assert err.count("\n") == 1


def test_without_trustme_the_command_line_says_it_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)

    assert main(["--port", "0", "--tls"]) == 2
    assert capsys.readouterr().err == ("mockrds: a throw-away certificate needs trustme: pip install trustme\n")


def test_the_healthcheck_says_why_it_does_not_trust(
    mock: MockRDS, files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    def says(url: str, *options: str) -> tuple[int, str]:
        return main(["healthcheck", url, *options]), capsys.readouterr().err

    distrust = f"mockrds: {mock.url} has a certificate that is not trusted: "
    remedy = "; give the one to trust with --ca FILE, or in MOCKRDS_CA\n"
    code, text = says(mock.url)
    assert (code, text.startswith(distrust), text.endswith(remedy)) == (1, True, True)
    code, text = says(mock.url, "--ca", files["ca"])
    assert (code, text.startswith(distrust), text.endswith(remedy)) == (1, True, False)
    plain = mock.url.replace("https", "http")
    assert says(plain)[1].endswith("closed connection without response; if it serves TLS, write https://\n")
    assert says(mock.url, "--ca", files["missing"]) == (
        2,
        f"mockrds: cannot read the certificate {files['missing']}: no such file or directory\n",
    )
    assert says(mock.url, "--ca", files["nonsense"]) == (2, f"mockrds: {files['nonsense']} is no certificate in PEM\n")
    with MockRDS() as unencrypted:
        code, text = says(unencrypted.url.replace("http", "https"), "--ca", files["ca"])
        assert code == 1
        assert "does not speak TLS" in text
