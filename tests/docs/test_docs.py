"""The examples in the docs are scenarios that load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from mockrds.scenario_files.loader import load

DOCS = Path(__file__).parent.parent.parent / "docs"
EXAMPLES = {
    f"{page.name}:{page.read_text()[: block.start()].count(chr(10)) + 1}": block[1]
    for page in sorted(DOCS.glob("*.md"))
    for block in re.finditer(r"^```yaml\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
}


@pytest.mark.parametrize("text", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_an_example_is_a_scenario(tmp_path: Path, text: str) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(text)

    scenario = load(file)

    assert len(scenario.faults) >= len(yaml.safe_load(text).get("faults", ()))


def test_the_page_of_faults_has_examples() -> None:
    assert sum(name.startswith("faults.md") for name in EXAMPLES) >= 10
