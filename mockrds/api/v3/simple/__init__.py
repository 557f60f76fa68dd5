"""The chapters of API v3 whose state is kept and shown again, and has no effect on anything else."""

from mockrds.api.v3.simple import (  # noqa: F401  (their functions register themselves)
    configurations,
    diagnosis,
    extensions,
    logs,
    major_versions,
    proxies,
    security,
    sql_limits,
)
