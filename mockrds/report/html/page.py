"""The report as one web page: it needs nothing but a browser, and asks for nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mockrds.report.json_report import as_json
from mockrds.report.text import text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HERE: Final = Path(__file__).parent


def page(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the page. The report is in it as data; a script, which alone may run there, draws what is opened."""
    style, script = ((_HERE / f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    data = json.dumps(as_json(records), separators=(",", ":"))
    parts = {
        "hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "style": style,
        "text": html.escape(text(records)),
        "data": data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
        "script": script,
    }
    template = (_HERE / "page.html").read_text(encoding="utf-8")
    pieces = template.split("%%")  # text, name, text, name, ..., text: what is put in is not looked at again
    return "".join(parts[piece] if place % 2 else piece for place, piece in enumerate(pieces))
