"""The API that is compatible with OpenStack Trove (``/v1.0``), for MySQL and PostgreSQL; over the same world.

Its instances are nodes, as those of API v1: their ids are node ids, and the DB instance is their "cluster".
"""

from mockrds.api.trove import configurations, instances  # noqa: F401  (their functions register themselves)
