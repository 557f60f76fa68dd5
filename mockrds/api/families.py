"""All API families whose operations say what they are with ``@operation``: importing this fills ``SERVED``."""

from mockrds.api import iam, trove, v1, v3, versions  # noqa: F401  (their functions register themselves)
from mockrds.api.operation import SERVED

__all__ = ["SERVED"]
