"""The web page: one file that asks for nothing, escapes everything, and draws what is opened."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from support.sample_records import EVIL, records

from mockrds.report import write

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=3000",
)  # fmt: skip


class Elements(HTMLParser):
    """Collects the elements of a page, with the text of styles and scripts."""

    RAW: ClassVar = ("style", "script")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[str] = []
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag in self.RAW:
            self.raw.append("")
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in self.RAW:
            self.raw[-1] += data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    row, idle = records()
    hostile: dict[str, Any] = {**idle, "test": f"tests/{EVIL}.py::test{EVIL}", "message": EVIL, "outcome": "failed"}
    write([idle, row, hostile], file)
    return file


def test_it_asks_for_nothing(page: Path) -> None:
    elements = Elements(page.read_text())

    loading = [
        (tag, name, value)
        for tag, attributes in elements.found
        for name, value in attributes.items()
        if name in ("src", "srcset", "href", "action", "data", "poster", "background", "style")
    ]
    assert loading == []
    style, data, script = elements.raw
    assert re.findall(r"@import|url\((?!#)", style) == []
    assert (
        re.findall(r"https?://(?!www\.w3\.org/2000/svg)|\bfetch\b|XMLHttp|import\(|innerHTML|insertAdjacent", script)
        == []
    )
    assert "<" not in data


def test_nothing_but_its_own_script_may_run(page: Path) -> None:
    elements = Elements(page.read_text())

    [policy] = [attributes["content"] for tag, attributes in elements.found if "http-equiv" in attributes]
    digest = base64.b64encode(hashlib.sha256(elements.raw[-1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert [tag for tag, _ in elements.found].count("script") == 2


def test_what_was_sent_is_no_part_of_it(page: Path) -> None:
    elements = Elements(page.read_text())

    assert "img" not in {tag for tag, _ in elements.found}
    assert not {name for _, attributes in elements.found for name in attributes if name.startswith("on")}


def dom(page: Path, profile: Path, fragment: str = "") -> str:
    assert BROWSER is not None
    command = [BROWSER, *QUIET, f"--user-data-dir={profile}", "--dump-dom", f"{page.as_uri()}{fragment}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed here")
def test_a_browser_draws_the_picture_of_what_is_opened(page: Path, tmp_path: Path) -> None:
    shown = dom(page, tmp_path, "#t2c1")  # call 1 of the second test

    html = re.search("<html[^>]*>", shown)
    assert html is not None
    assert 'data-drawn="1"' in html[0]  # that test and no other
    assert "data-error" not in html[0]
    assert shown.count('<svg class="timeline"') == 1
    bars = re.findall(r'<a href="#t2c(\d)" aria-label="Call \1: v1\.\w+, (no answer|refused|answered)', shown)
    assert [what for _, what in sorted(bars)] == ["no answer", "refused", "answered", "answered", "answered", "refused"]
    texts = re.findall(r"<text[^>]*>([^<]+)", shown)
    assert {"lost", "slow down", "RST", "APIGW.0308", "2 s, asked: 5 s", "nightly-0 · duplicate", "+10 h"} <= set(texts)
    assert '"name": "nightly-0",' in shown  # the body of the call, set out
    assert shown.count('<details class="test') == 3
    assert "<img" not in shown
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in shown


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed here")
def test_what_took_less_than_a_millisecond_took_its_time(tmp_path: Path) -> None:
    row, _ = records()
    first, *_ = row["entries"] = [dict(entry) for entry in row["entries"]]
    first["done"] = first["began"] + 0.00034
    write([row], tmp_path / "report.html")

    assert "took 0.3 ms" in dom(tmp_path / "report.html", tmp_path / "profile")


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed here")
def test_a_page_without_records_draws_nothing_and_fails_nowhere(tmp_path: Path) -> None:
    write([], tmp_path / "report.html")

    shown = dom(tmp_path / "report.html", tmp_path / "profile")

    assert "No client has sent a request." in shown
    assert "data-error" not in shown.partition("<body")[0]


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed here")
def test_without_tests_projects_are_called_by_their_names(tmp_path: Path) -> None:
    row, idle = records()
    write([{**each, "test": ""} for each in (row, idle)], tmp_path / "report.html")

    shown = dom(tmp_path / "report.html", tmp_path / "profile")

    assert f'<span class="name" title="{row["project"]["name"]}"><span>{row["project"]["name"]}</span></span>' in shown
    assert "<span>Project</span>" in shown
