"""Does what faults say: makes the raw answers that no operation would give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from mockrds.faults.rules import Response


def raw_response(response: Response) -> web.Response:
    """Make the answer that a rule's ``response:`` describes, to the letter."""
    headers = dict(response.headers)
    if response.json is not None:
        body, content_type = orjson.dumps(response.json), "application/json"
    elif response.body is not None:
        body = response.body.encode()
        content_type = "text/html" if response.body.lstrip().startswith("<") else "text/plain"
    else:
        body, content_type = b"", ""
    if content_type and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = content_type
    return web.Response(status=response.status, headers=headers, body=body)
