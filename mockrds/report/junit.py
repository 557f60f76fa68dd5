"""The report as JUnit XML, as GitLab, Jenkins and others read it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from mockrds.report.text import calls, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NO_XML: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(records: Sequence[Mapping[str, Any]]) -> str:
    """Give one test case a record: it fails where a finding is an error; other findings are in its output.

    What the test itself asserts is left to the report of the test runner.
    """
    cases = [_case(record) for record in records]
    failures = sum(case.find("failure") is not None for case in cases)
    seconds = f"{sum(record['duration'] or 0 for record in records):.3f}"
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "time": seconds}
    suites = ET.Element("testsuites", {"name": "mockrds"} | counts)
    suite = ET.SubElement(suites, "testsuite", {"name": "mockrds"} | counts | {"skipped": "0"})
    suite.extend(cases)
    ET.indent(suites, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _case(record: Mapping[str, Any]) -> ET.Element:
    path, *names = record["test"].split("::")
    project = record["project"]
    name = names.pop() if names else path or project["name"] or project["id"]
    classes = ".".join([path.removesuffix(".py").replace("/", ".").replace("\\", "."), *names]) if path else ""
    duration = f"{record['duration'] or 0:.3f}"
    case = ET.Element("testcase", {"classname": _clean(classes or "mockrds"), "name": _clean(name), "time": duration})
    findings = record["verdict"]["findings"]
    bad = [finding for finding in findings if finding["severity"] == "error"]
    if bad:
        message = bad[0]["message"].partition("\n")[0] + (f" (and {len(bad) - 1} more)" if len(bad) > 1 else "")
        failure = ET.SubElement(case, "failure", {"message": _clean(message), "type": bad[0]["kind"]})
        failure.text = "\n".join(map(_line, bad))
    told = [_line(finding) for finding in findings if finding["severity"] != "error"]
    told += [f"the test itself: {record['outcome']} {record['message']}".rstrip()] if record["outcome"] else []
    told.append(f"MOCKRDS_REPLAY={record['replay']}")
    ET.SubElement(case, "system-out").text = "\n".join(map(_clean, told))
    return case


def _line(finding: Mapping[str, Any]) -> str:
    return _clean(f"{finding['severity']}: {finding['kind']}: {finding['message']}{calls(finding)}")


def _clean(text: str) -> str:
    """Give *text* without what XML can't hold and what would steer a terminal."""
    return _NO_XML.sub("?", printable(text))
