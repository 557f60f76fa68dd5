"""The report as JSON: which versions it says it has."""

from __future__ import annotations

import json

from mockrds.report import render
from mockrds.version import __version__


def test_it_begins_with_the_versions_of_mockrds_and_of_the_format() -> None:
    text = render([], "json")

    assert json.loads(text) == {"mockrds": __version__, "version": 1, "records": []}
    assert list(json.loads(text)) == ["mockrds", "version", "records"]
