"""Makes calls with huaweicloudsdkrds, in a process of its own.

The arguments are the endpoint, the project id, access key and secret key, how often to retry, and ``sync`` or
``async``. Reads ``[method, [], fields of its request]`` a line as JSON, makes the request with the client's own
models, and writes a line with what came back or was raised.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import SdkException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkrds import v3


def model(kind: str, value: Any) -> Any:
    """Make what the client calls *kind* of plain JSON."""
    if value is None:
        return None
    listed = re.fullmatch(r"list\[(\w+)\]", kind)
    if listed is not None:
        return [model(listed[1], element) for element in value]
    made = getattr(v3, kind, None)
    if made is None or not isinstance(value, dict):
        return value
    return made(**{name: model(made.openapi_types[name], inner) for name, inner in value.items()})


def main() -> None:
    """Serve calls until the input ends."""
    endpoint, project_id, access_key, secret_key, retries, kind = sys.argv[1:]
    client_class: Any = v3.RdsAsyncClient if kind == "async" else v3.RdsClient
    client = (
        client_class.new_builder()
        .with_http_config(HttpConfig(retry_times=int(retries)))
        .with_credentials(BasicCredentials(access_key, secret_key, project_id))
        .with_endpoint(endpoint)
        .build()
    )
    for line in sys.stdin:
        method, _, fields = json.loads(line)
        request = model("".join(word.capitalize() for word in method.split("_")) + "Request", fields)
        result: Any
        try:
            if kind == "async":
                response = getattr(client, f"{method}_async")(request).result()
            else:
                response = getattr(client, method)(request)
            result = response.to_json_object()
        except SdkException as error:
            names = ("status_code", "error_code", "error_msg", "request_id")
            result = {"raised": type(error).__name__} | {name: getattr(error, name, None) for name in names}
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
