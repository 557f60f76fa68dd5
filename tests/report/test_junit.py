"""JUnit XML, as continuous integration reads it."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from support.sample_records import records

from mockrds.report import render


@pytest.fixture
def row() -> dict[str, Any]:
    return records()[0]


@pytest.fixture
def idle() -> dict[str, Any]:
    return records()[1]


# What Jenkins' junit-10.xsd and GitLab's reader know of these elements, and what must be there.
ATTRIBUTES = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, set()),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname", "id", "package"},
        {"name", "tests", "failures", "errors"},
    ),
    "testcase": ({"name", "time", "classname", "group"}, {"name"}),
    "failure": ({"type", "message"}, set()),
    "system-out": (set[str](), set[str]()),
}
CHILDREN = {"testsuites": {"testsuite"}, "testsuite": {"testcase"}, "testcase": {"failure", "system-out"}}


def parsed(*records: dict[str, Any]) -> ET.Element:
    return ET.fromstring(render(records, "xml").encode())


def test_a_finding_that_is_an_error_fails_its_case(row: dict[str, Any], idle: dict[str, Any]) -> None:
    suites = parsed(row, idle)

    bad, good = suites.iter("testcase")
    assert bad.attrib == {"classname": "tests.test_backup.TestNightly", "name": "test_lost[mysql]", "time": "0.250"}
    assert good.attrib == {"classname": "tests.test_backup", "name": "test_nothing", "time": "0.500"}
    failure = bad.find("failure")
    assert failure is not None
    assert failure.get("type") == "duplicate-backups"
    assert "(calls 1 to 3)" in (failure.text or "")
    assert good.find("failure") is None
    assert {key: suites.get(key) for key in ("tests", "failures", "errors", "time")} == {
        "tests": "2", "failures": "1", "errors": "0", "time": "0.750",
    }  # fmt: skip


def test_colons_in_a_parameter_are_no_names(idle: dict[str, Any]) -> None:
    [case] = parsed(idle | {"test": "tests/test_backup.py::TestHosts::test_host[http://[::1]:80]"}).iter("testcase")

    assert (case.get("classname"), case.get("name")) == ("tests.test_backup.TestHosts", "test_host[http://[::1]:80]")


def test_other_findings_and_the_replay_token_are_output(row: dict[str, Any]) -> None:
    told = parsed(row).findtext(".//system-out") or ""

    warnings = [finding for finding in row["verdict"]["findings"] if finding["severity"] == "warning"]
    assert warnings
    assert all(finding["kind"] in told for finding in warnings)
    assert f"MOCKRDS_REPLAY={row['replay']}" in told
    assert "the test itself: failed assert 2 == 1" in told


def test_it_has_only_what_its_readers_know(row: dict[str, Any], idle: dict[str, Any]) -> None:
    for element in parsed(row, idle).iter():
        known, needed = ATTRIBUTES[element.tag]
        assert needed <= {*element.keys()} <= known
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())


def test_a_project_without_a_test_is_named_by_itself(row: dict[str, Any]) -> None:
    [case] = parsed({**row, "test": "", "outcome": ""}).iter("testcase")

    assert (case.get("classname"), case.get("name")) == ("mockrds", row["project"]["name"])


def test_what_xml_cannot_hold_is_left_out(row: dict[str, Any]) -> None:
    message = "\x00\x1b[31m\ud800\ufffe ]]> <b> & 'quoted' \U0001f600"

    told = parsed({**row, "message": message, "test": "tests/x.py::test_a[\x07]"}).findtext(".//system-out") or ""

    assert "failed ??[31m??" in told
    assert "]]> <b> & 'quoted' \U0001f600" in told
