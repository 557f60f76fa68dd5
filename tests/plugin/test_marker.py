"""How projects begin: markers over options over settings."""

from __future__ import annotations

import textwrap

import pytest
from support.inner_pytest import outcomes, run

SETTINGS = """
    import urllib.error, urllib.request
    import pytest

    pytestmark = pytest.mark.mockrds(
        scenario="lost-delete-response", seed=1, auth="strict", clock="frozen@2026-01-31T22:00:00Z"
    )

    def rules(project):
        return [fault.rule.operation for fault in project.faults.armed]

    def names(project):
        return [instance.name for instance in project.instances]

    def status(project, token):
        request = urllib.request.Request(f"{project.v1_url}/instances", headers={"X-Auth-Token": token})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def test_of_the_module(mockrds):
        assert (mockrds.seed, mockrds.auth, rules(mockrds)) == (1, "strict", ["delete_manual_backup"])
        assert str(mockrds.clock.setting.at) == "2026-01-31 22:00:00+00:00"
        assert (status(mockrds, "any"), status(mockrds, mockrds.token)) == (401, 200)

    @pytest.mark.mockrds(scenario=["busy.yaml", {"world": {"instances": [{"name": "orders"}]}}], seed=2)
    class TestClass:
        def test_of_the_class(self, mockrds):
            assert (mockrds.seed, mockrds.auth, names(mockrds)) == (2, "strict", ["orders"])
            assert rules(mockrds) == ["delete_manual_backup", "create_manual_backup"]

        @pytest.mark.mockrds(seed=3, auth="off", clock="frozen@2030-01-01T00:00:00Z")
        @pytest.mark.mockrds(seed=4, scenario="beside/beside.yaml")
        def test_of_the_test(self, mockrds):
            assert (mockrds.seed, mockrds.auth) == (4, "off")  # the lowest is the nearest
            assert rules(mockrds) == ["delete_manual_backup", "create_manual_backup", "list_backups"]
            assert str(mockrds.clock.setting.at) == "2030-01-01 00:00:00+00:00"
            assert status(mockrds, "any") == 200

        @pytest.mark.parametrize("seed", [5, pytest.param(6, marks=pytest.mark.mockrds(seed=6, auth=None))])
        def test_of_a_parameter(self, mockrds, seed):
            assert (mockrds.seed, mockrds.auth) == (2 if seed == 5 else 6, "strict")

        def test_of_the_factory(self, mockrds_factory, tmp_path):
            (tmp_path / "mine.yaml").write_text("extends: [instance-busy]")
            usual, other = mockrds_factory(), mockrds_factory(scenario=tmp_path / "mine.yaml", auth="any")
            again = mockrds_factory(scenario=[], seed=0, clock={"mode": "scaled", "by": 60})
            assert (usual.seed, usual.auth, names(usual)) == (2, "strict", ["orders"])
            assert (other.seed, other.auth, rules(other)) == (2, "any", ["create_manual_backup"])
            assert (again.seed, again.auth, rules(again)) == (0, "strict", [])
            assert again.clock.setting.by == 60
            assert len({usual.id, other.id, again.id}) == 3
            with pytest.raises(ValueError, match="test_of_the_factory: scenario: no-such: no such file"):
                mockrds_factory(scenario="no-such")
"""
BESIDE = """
    import pytest

    @pytest.mark.mockrds(scenario="beside.yaml")
    def test_a_file_beside_the_test(mockrds):
        assert [fault.rule.operation for fault in mockrds.faults.armed] == ["list_backups"]
"""


def test_markers_are_laid_over_each_other(pytester: pytest.Pytester, where: list[str]) -> None:
    pytester.makefile(".yaml", busy="extends: [deeper/instance.yaml]")
    pytester.mkdir("deeper").joinpath("instance.yaml").write_text("extends: [instance-busy]")
    beside = pytester.mkdir("beside")
    beside.joinpath("beside.yaml").write_text("faults: [{operation: list_backups, error: RDS.0005}]")
    beside.joinpath("test_beside.py").write_text(textwrap.dedent(BESIDE))

    result = run(pytester, SETTINGS, "-rA", *where)

    assert set(outcomes(result).values()) == {"passed"}
    result.assert_outcomes(passed=7)


WRONG = """
    import pytest
    from pathlib import Path

    wrong = [
        pytest.param(marks=pytest.mark.mockrds(**marker)) for marker in [
            {"scenaro": "lost-response"},
            {"scenario": "lost-respons"},
            {"scenario": "folder"},
            {"scenario": Path("broken.yaml")},
            {"scenario": {"fault": []}},
            {"scenario": 7},
            {"seed": "seven"},
            {"seed": True},
            {"clock": "sundial"},
            {"clock": 12},
            {"auth": "lax"},
            {"unused": "some"},
            {"hanging": "no"},
            {"errors": 0},
        ]
    ]

    @pytest.mark.parametrize((), wrong)
    def test_it(mockrds):
        pass

    @pytest.mark.mockrds("lost-response")
    def test_positional(mockrds_factory):
        pass

    @pytest.mark.mockrds(nonsense=1)
    def test_that_uses_none():
        pass
"""


def test_mistakes_in_markers_are_told_without_a_traceback(pytester: pytest.Pytester) -> None:
    pytester.mkdir("folder")
    pytester.makefile(".yaml", broken="faults:\n  - {operation: create_manual_backup, eror: RDS.0011}\n")

    result = run(pytester, WRONG, "--strict-markers", "-pno:randomly", "--show-capture=no")

    result.assert_outcomes(passed=1, errors=15)
    file = "test_mistakes_in_markers_are_told_without_a_traceback.py"
    lines = [line for line in result.outlines if line.startswith(file) and ": " in line]
    told = [line.partition(": @pytest.mark.mockrds: ")[2] or line.partition("]: ")[2] for line in lines]
    clock = "give real, frozen, frozen@2026-01-31T22:00:00Z or scaled@60"
    names = "expected one of any, strict, off, not 'lax'"
    assert told[0].startswith("unknown key 'scenaro', did you mean 'scenario'? (it takes scenario, seed, ")
    assert told[1].startswith("scenario: lost-respons: no such file, and no scenario of that name, did you mean ")
    assert told[2].startswith("scenario: folder: is a directory")
    assert told[3].startswith(f"scenario: {pytester.path}/broken.yaml:2:")
    assert "did you mean 'error'" in told[3]
    assert told[4].startswith("scenario: fault: unknown key, did you mean 'faults'?")
    assert told[5:] == [
        "scenario: expected a name, a path, a document or a list of these, not 7",
        "seed: expected a whole number, not 'seven'",
        "seed: expected a whole number, not True",
        f"clock: 'sundial' is no clock: {clock}",
        "clock: expected a clock such as 'frozen@2026-01-31T22:00:00Z', not 12",
        f"auth: {names}",
        "unused: expected one of armed, all, off, not 'some'",
        "hanging: expected True or False, not 'no'",
        "errors: expected True or False, not 0",
        "it takes keywords only: write scenario='lost-response', or another",
    ]
    assert "Traceback" not in result.stdout.str()
    assert "mockrds/pytest_plugin" not in result.stdout.str()


OPTIONS = """
    import pytest

    def test_of_the_run(mockrds, mockrds_server):
        assert (mockrds.seed, mockrds.auth, len(mockrds.faults.armed)) == (7, "strict", 2)
        assert str(mockrds.clock.setting.at) == "2026-01-31 22:00:00+00:00"

    @pytest.mark.mockrds(scenario="lost-response", seed=8)
    def test_of_the_test(mockrds):
        assert (mockrds.seed, mockrds.auth, len(mockrds.faults.armed)) == (8, "strict", 3)

    def test_unused_off(mockrds):
        mockrds.faults.add(operation="create_manual_backup", error="RDS.0011")
"""


def test_options_and_settings_hold_for_the_whole_run(pytester: pytest.Pytester, where: list[str]) -> None:
    pytester.makefile(".yaml", busy="extends: [instance-busy, lost-delete-response]")
    ini = """
        mockrds_scenario =
            busy.yaml
        mockrds_seed = 1
        mockrds_clock = frozen@2026-01-31T22:00:00Z
        mockrds_auth = strict
        mockrds_unused = off
    """

    run(pytester, OPTIONS, "--mockrds-seed=7", *where, ini=ini).assert_outcomes(passed=3)


def test_the_servers_own_projects_follow_the_options(pytester: pytest.Pytester) -> None:
    code = """
        import threading, urllib.error
        import pytest
        from mockrds.domain.world import World

        def test_it(mockrds_server):
            project = mockrds_server.project()
            assert (project.seed, project.auth, len(project.faults.armed)) == (7, "strict", 2)
            assert mockrds_server.project(seed=5).seed == 5

        def test_checks_that_are_off(mockrds, monkeypatch):
            mockrds.faults.clear()
            monkeypatch.setattr(World, "create_manual_backup", lambda *_, **__: 1 / 0)
            with pytest.raises(urllib.error.HTTPError, match="500"):
                create(mockrds)
            mockrds.faults.add(operation="create_manual_backup", latency="1m")
            threading.Thread(target=lambda: pytest.raises(OSError, create, mockrds), daemon=True).start()
            while not mockrds.in_flight:
                pass
    """
    options = ("--mockrds-seed=7", "--mockrds-auth=strict", "--mockrds-scenario=instance-busy")
    ini = """
        mockrds_errors = false
        mockrds_hanging = false
    """

    result = run(pytester, code, *options, "--mockrds-scenario=lost-delete-response", ini=ini)

    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "two workers"])
@pytest.mark.parametrize(
    ("options", "ini", "told"),
    [
        (["--mockrds-clock=sundial"], "", "--mockrds-clock: 'sundial' is no clock: give real, *"),
        (["--mockrds-scenario=lost"], "", "--mockrds-scenario: lost: no such file, and no scenario of that name*"),
        (["--mockrds-scenario=no.yaml"], "", "--mockrds-scenario: no.yaml: no such file in /*"),
        (["--mockrds-auth=lax"], "", "--mockrds-auth: expected one of any, strict, off, not 'lax'"),
        (["--mockrds-unused=x"], "", "--mockrds-unused: expected one of armed, all, off, not 'x'"),
        (["--mockrds-url=http://127.0.0.1:9"], "", "--mockrds-url: no mockrds answers at http://127.0.0.1:9: *"),
        ([], "mockrds_hanging = maybe", "mockrds_hanging in the settings of pytest: expected true or false (*'maybe'*"),
        (["-omockrds_errors=2"], "", "mockrds_errors in the settings of pytest: expected true or false (*'2'*"),
        ([], "mockrds_seed = seven", "mockrds_seed in the settings of pytest: expected a whole number, not 'seven'"),
    ],
)
def test_a_mistake_in_an_option_ends_the_run_with_the_first_test_that_needs_it(
    pytester: pytest.Pytester, workers: list[str], options: list[str], ini: str, told: str
) -> None:
    code = "def test_without(): pass\ndef test_it(mockrds): pass\ndef test_another(mockrds_factory): pass"

    result = run(pytester, code, "-pno:randomly", *options, *workers, ini=ini)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {told}"])
    assert result.stderr.str().count("ERROR") == 1
    assert "Traceback" not in (text := result.stdout.str() + result.stderr.str())
    assert "INTERNALERROR" not in text
    assert "error" not in result.parseoutcomes()


def test_a_mistake_in_an_option_does_not_matter_where_it_is_not_needed(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_without(): pass", "--mockrds-clock=sundial", "--mockrds-scenario=lost")

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--mockrds-coverage-fail-under=abc"], "*--mockrds-coverage-fail-under: invalid float value: 'abc'"),
        (["--mockrds-chaos-patience=abc"], "*--mockrds-chaos-patience: invalid float value: 'abc'"),
        (
            ["--mockrds-chaos", "-omockrds_chaos_patience=abc"],
            "ERROR: mockrds_chaos_patience in the settings of pytest: give a number of seconds above 0, not 'abc'",
        ),
    ],
)
def test_a_mistake_that_is_known_at_once(pytester: pytest.Pytester, options: list[str], told: str) -> None:
    result = run(pytester, "def test_without(): pass", *options)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([told])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_each_mistake_in_a_document_is_told_with_its_test(pytester: pytest.Pytester) -> None:
    code = """
        import pytest

        @pytest.mark.mockrds(scenario={"faults": [{"operation": "list_backup", "eror": "RDS.0011"}]})
        def test_it(mockrds):
            pass

        @pytest.mark.mockrds(scenario="nofile.yaml")
        def test_no_file(mockrds):
            pass
    """
    (folder := pytester.mkdir("folder")).joinpath("test_deep.py").write_text(textwrap.dedent(code))

    result = run(pytester, "", "-pno:randomly")

    result.assert_outcomes(errors=2)
    here = "folder/test_deep.py::test_it: scenario: faults[[]0[]]"
    result.stdout.fnmatch_lines([f"{here}.eror: *", f"{here}.operation: *"])
    tried = f"no such file in {pytester.path} and {folder}"
    result.stdout.fnmatch_lines([f"*test_no_file: @pytest.mark.mockrds: scenario: nofile.yaml: {tried}"])


def test_an_option_that_took_the_path_of_a_test_for_its_value_is_told(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(): pass", "--mockrds-report", ".")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([
        "ERROR: --mockrds-report took '.' for its value: put it after the paths of tests, or write --mockrds-report=*"
    ])  # fmt: skip
