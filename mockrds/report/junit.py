"""The report as JUnit XML, as GitLab, Jenkins and others read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from mockrds.report.text import calls_of, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def junit(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the report: one test case a record, which fails if a finding is an error; other findings are output.

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
    path, _, rest = record["test"].partition("::")
    names, bracket, parameters = rest.partition("[")
    *classes, name = names.split("::")
    name = name + bracket + parameters or path or record["project"]["name"] or record["project"]["id"]
    module = path.removesuffix(".py").replace("/", ".").replace("\\", ".") or "mockrds"
    named = {"classname": printable(".".join([module, *classes])), "name": printable(name)}
    case = ET.Element("testcase", named | {"time": f"{record['duration'] or 0:.3f}"})
    findings = record["verdict"]["findings"]
    bad = [finding for finding in findings if finding["severity"] == "error"]
    if bad:
        message = bad[0]["message"].partition("\n")[0] + (f" (and {len(bad) - 1} more)" if len(bad) > 1 else "")
        failure = ET.SubElement(case, "failure", {"message": printable(message), "type": bad[0]["kind"]})
        failure.text = printable("\n".join(map(_line, bad)))
    output = [_line(finding) for finding in findings if finding["severity"] != "error"]
    output += [f"the test itself: {record['outcome']} {record['message']}".rstrip()] if record["outcome"] else []
    output.append(f"MOCKRDS_REPLAY={record['replay']}")
    ET.SubElement(case, "system-out").text = printable("\n".join(output))
    return case


def _line(finding: Mapping[str, Any]) -> str:
    return f"{finding['severity']}: {finding['kind']}: {finding['message']}{calls_of(finding)}"
