"""Why the control API refuses a request."""

from __future__ import annotations


class ControlError(Exception):
    """A control request that can't be served.

    Args:
        status: The HTTP status.
        message: What is wrong and what to do.
        headers: More headers.
    """

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
