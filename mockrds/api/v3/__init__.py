"""API v3 and v3.1 (``/v3``, ``/v3.1``): one function an operation. Wire forms only; the rules are the world's."""

from mockrds.api.v3 import (  # noqa: F401  (their functions register themselves)
    backups,
    catalog,
    instance_actions,
    instance_features,
    instance_list,
    instance_tags,
    instances,
    jobs,
    quotas,
    recycle_bin,
    simple,
    tags,
)
