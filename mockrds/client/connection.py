"""The HTTP connection to a server's control API."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

_TIMEOUT: Final = 30.0
"""In seconds; a report of very many projects takes some."""
_BAD: Final = 400
_ERRORS: Final = {400: ValueError, 401: PermissionError, 404: KeyError, 409: ValueError}


class Connection:
    """Asks a server's control API; any thread may use it.

    Args:
        url: Where the server is, such as ``http://127.0.0.1:8080``.
        ca: The file of a certificate to trust with https, in PEM; absent: those that the system trusts.
        token: The token that the server printed, if other machines can reach it.
        timeout: How many seconds an answer may take.

    Raises:
        ValueError: The URL is none.
        OSError: The certificate can't be read; ``ssl.SSLError``, if it is none.
    """

    def __init__(self, url: str, *, ca: str | None = None, token: str | None = None, timeout: float = _TIMEOUT) -> None:
        self.url = url.rstrip("/")
        """Where the server is."""
        parts = urlsplit(self.url)
        try:
            self._port = parts.port
        except ValueError:
            parts = parts._replace(scheme="")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no URL of a server: give one such as http://127.0.0.1:8080")
        self._host, self._prefix = parts.hostname, f"{parts.path}/__mockrds/"
        self._tls = ssl.create_default_context(cafile=ca) if parts.scheme == "https" else None
        self._headers = {"Content-Type": "application/json"} | ({"X-Mockrds-Token": token} if token else {})
        self._timeout = timeout

    def ask(self, method: str, resource: str, body: object = None, **query: object) -> dict[str, Any]:
        """Send a request to the control API, and return what it answers.

        Args:
            method: The HTTP method.
            resource: The path below ``/__mockrds/``.
            body: What to send as JSON; None for no body.
            query: The query parameters; those that are None are left out.

        Raises:
            ConnectionError: No server answers, or it is no mockrds; its cause is the error of the network, if any.
            PermissionError: The server demands a token, or another one.
            KeyError: There is no such thing.
            ValueError: What was sent is wrong.
            RuntimeError: The server failed.
        """
        __tracebackhide__ = True
        parameters = urlencode({key: value for key, value in query.items() if value is not None})
        target = f"{self._prefix}{resource}" + (f"?{parameters}" if parameters else "")
        connection = self._open()  # one for each request, so that any thread may ask
        try:
            connection.request(method, target, None if body is None else json.dumps(body), self._headers)
            response = connection.getresponse()
            text = response.read()
        except ssl.SSLCertVerificationError as error:
            remedy = "say which one to trust, with --ca or in MOCKRDS_CA"
            raise ConnectionError(
                f"{self.url} has a certificate that is not trusted: {error.verify_message}; {remedy}"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionError(f"no mockrds answers at {self.url}: {error}") from error
        finally:
            connection.close()
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or (response.status >= _BAD and "error" not in answer):
            raise ConnectionError(f"{self.url} answers, but is no mockrds")
        if response.status >= _BAD:
            raise _ERRORS.get(response.status, RuntimeError)(answer["error"])
        return answer

    def _open(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._tls)
