"""Runs of pytest inside the tests, each in a process of its own."""

from __future__ import annotations

import atexit
import os
import sys
import textwrap
import time

import pytest

from support.fork_server import ForkServer

CONFTEST = """
    import json, urllib.request

    def create(project, name="nightly", timeout=10):
        body = json.dumps({"backup": {"name": name, "instance": project.instances[0].node_id}}).encode()
        request = urllib.request.Request(
            f"{project.v1_url}/backups", body, {"X-Auth-Token": project.token, "Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)["backup"]
"""

_SLOW = ("schemathesis", "hypothesispytest", "faker")  # they take longer to start than all the rest
_SERVER = ForkServer("pytest", "faker.generator", "mockrds.server", "mockrds.report.text", "mockrds.verdict.findings")
atexit.register(_SERVER.close)
_ASYNC = ("aiohttp", "asyncio", "anyio")


def run(
    pytester: pytest.Pytester, code: str, *options: str, conftest: str = "", ini: str = "", fresh: bool = False
) -> pytest.RunResult:
    """Run *code* as a file of tests, warnings as errors; *fresh* in a process that has imported nothing before."""
    pytester.makeconftest(textwrap.dedent(CONFTEST) + textwrap.dedent(conftest))
    pytester.makepyfile("from conftest import create\n" + textwrap.dedent(code))
    without = _SLOW if "async def" in code else (*_SLOW, *_ASYNC)
    options = ("-Werror", *(f"-pno:{name}" for name in without), *options)
    scope = "" if "-pno:asyncio" in options else "asyncio_default_fixture_loop_scope = function\n"
    pytester.makeini(f"[pytest]\n{scope}{textwrap.dedent(ini)}")
    return pytester.runpytest_subprocess(*options) if fresh else run_pytest(pytester, *options)


def run_pytest(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run pytest with *options*, as ``runpytest_subprocess`` does."""
    path = os.pathsep.join(filter(None, (str(pytester.path), os.environ.get("PYTHONPATH"))))
    options = (*options, "-Wignore:Module already imported:pytest.PytestAssertRewriteWarning")
    began = time.perf_counter()
    done = _SERVER.run(
        "pytest:console_main", *options, folder=pytester.path, variables=os.environ | {"PYTHONPATH": path}
    )
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    took = time.perf_counter() - began
    return pytest.RunResult(done.returncode, done.stdout.splitlines(), done.stderr.splitlines(), took)


def outcomes(result: pytest.RunResult) -> dict[str, str]:
    """Return what became of each test, by its name without its parameters' brackets; needs ``-rA``."""
    found: dict[str, str] = {}
    for line in result.outlines:
        word, _, rest = line.partition(" ")
        if word in ("PASSED", "FAILED", "ERROR", "XFAIL", "XPASS", "SKIPPED") and "::" in rest:
            name = rest.split(" - ")[0].rpartition("::")[2].strip()
            found[name] = f"{found[name]} {word.lower()}" if name in found else word.lower()
    return found
