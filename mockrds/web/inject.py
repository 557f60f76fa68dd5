"""Does what faults say: makes the raw answers that no operation would give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from aiohttp import web
from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockrds.faults.rules import Response


def raw_response(response: Response, defaults: Mapping[str, str]) -> web.Response:
    """Make the answer that a rule's ``response:`` describes, to the letter.

    Args:
        response: What the rule says.
        defaults: Headers to send besides, unless the rule has them.
    """
    headers = CIMultiDict(defaults)
    headers.update(response.headers)
    if response.json is not None:
        body, content_type = orjson.dumps(response.json), "application/json"
    elif response.body is not None:
        body = response.body.encode()
        content_type = "text/html" if response.body.lstrip().startswith("<") else "text/plain"
    else:
        body, content_type = b"", ""
    if content_type:
        headers.setdefault("Content-Type", content_type)
    return web.Response(status=response.status, headers=headers, body=body)
