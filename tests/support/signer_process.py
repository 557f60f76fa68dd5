"""Signs requests with huaweicloudsdkcore, in a process of its own.

Reads a list of requests as JSON: method, host, path, query, headers and body. Writes the list of their targets and
headers, signed with access key AK and secret key SK.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer


def main() -> None:
    """Sign."""
    signed = []
    for request in json.load(sys.stdin):
        method, host, path, query, headers, body = request
        sdk_request: Any = SdkRequest(
            method=method,
            schema="http",
            host=host,
            resource_path=path,
            query_params=[(name, value) for name, value in query],
            header_params=headers,
            body=body,
        )
        Signer(BasicCredentials("AK", "SK", "project")).sign(sdk_request)
        signed.append([sdk_request.uri, sdk_request.header_params])
    json.dump(signed, sys.stdout)


if __name__ == "__main__":
    main()
