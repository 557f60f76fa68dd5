"""API v1 (``/rds/v1``): one function an operation. Wire forms only; the rules are the world's."""

from mockrds.api.v1 import backups, catalog, instances, simple, tags  # noqa: F401  (their functions register themselves)
