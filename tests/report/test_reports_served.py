"""Reports from a server that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import requests

from mockrds.server import MockRDS

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def mock() -> Iterator[MockRDS]:
    with MockRDS(clock="frozen") as mock:
        for name in ("asked", "asked-too", "idle"):
            project = mock.project(name)
            if name != "idle":
                requests.get(f"{project.v1_url}/backups", headers={"X-Auth-Token": project.token}, timeout=10)
        yield mock


def get(mock: MockRDS, resource: str) -> requests.Response:
    return requests.get(f"{mock.url}/__mockrds/{resource}", timeout=10)


def test_all_projects_that_were_asked_anything(mock: MockRDS) -> None:
    reply = get(mock, "report.json")

    assert reply.headers["Content-Type"] == "application/json"
    assert [each["project"]["name"] for each in reply.json()["records"]] == ["asked", "asked-too"]


def test_one_project_by_its_name(mock: MockRDS) -> None:
    found = get(mock, "projects/asked/report.json").json()["records"]

    assert found == [mock.project("asked").recorded()]
    assert get(mock, "projects/idle/report.json").json()["records"][0]["entries"] == []


def test_each_kind_is_served_as_what_it_is(mock: MockRDS) -> None:
    page, xml, text = (get(mock, f"report.{kind}") for kind in ("html", "xml", "txt"))

    assert (page.headers["Content-Type"], page.text[:15]) == ("text/html; charset=utf-8", "<!doctype html>")
    assert xml.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert [case.get("name") for case in ET.fromstring(xml.content).iter("testcase")] == ["asked", "asked-too"]
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "0 of 2 projects with findings\ncalls 2, retries 0" in text.text


def test_another_kind_is_refused(mock: MockRDS) -> None:
    reply = get(mock, "report.pdf")

    assert reply.status_code == 404
    assert reply.json() == {"error": "there is no report.pdf, but report.json, report.html, report.xml, report.txt"}
