"""Extensions of PostgreSQL: a choice of those in the user manual, "Supported Plugins", with their versions there.

Which need a library is chosen, after the extensions themselves.
"""

from __future__ import annotations

from typing import Final, NamedTuple

MAJORS: Final = ("12", "13", "14", "15", "16", "17")
THROTTLING: Final = "rds_pg_sql_ccl"

# name; version for each major, one for all, - for none; the library it needs; description
_TABLE: Final = """
amcheck;1.2 1.2 1.3 1.3 1.3 1.4;;Checks relations for damage.
autoinc;1.0;;Functions that number a field.
bloom;1.0;;Bloom filters as indexes.
btree_gin;1.3;;Common types in GIN indexes.
btree_gist;1.5 1.5 1.6 1.7 1.7 1.7;;Common types in GiST indexes.
citext;1.6;;Text without regard to letter case.
cube;1.4 1.4 1.5 1.5 1.5 1.5;;Cubes of many dimensions.
dblink;1.2;;Connections to other databases.
dict_int;1.0;;A text search dictionary for whole numbers.
earthdistance;1.1 1.1 1.1 1.1 1.2 1.2;;Distances on the earth.
fuzzystrmatch;1.1 1.1 1.1 1.1 1.2 1.2;;How alike strings are.
hstore;1.6 1.7 1.8 1.8 1.8 1.8;;Sets of keys and values.
intagg;1.1;;Aggregates of whole numbers.
intarray;1.2 1.3 1.5 1.5 1.5 1.5;;Arrays of whole numbers.
isn;1.2;;Numbers of products, such as ISBN.
lo;1.1;;Upkeep of large objects.
ltree;1.1 1.2 1.2 1.2 1.2 1.3;;Trees of labels.
moddatetime;1.0;;Functions that note when a row was changed.
pg_buffercache;1.3 1.3 1.3 1.3 1.4 1.5;;What is in the shared buffers.
pg_cron;1.6 1.6 1.6 - - -;pg_cron;Jobs at set times.
pg_freespacemap;1.2;;The free space map.
pg_partman;- - 5.0.1 5.0.1 5.0.1 5.2.2;;Upkeep of partitions.
pg_prewarm;1.2;;Loads relations into the cache.
pg_repack;1.5.0 1.5.2 1.5.2 1.5.2 1.5.2 1.5.2;;Takes bloat out of tables.
pg_stat_kcache;2.2.3 2.3.0 2.3.0 2.3.0 2.3.0 2.3.0;pg_stat_kcache;What statements cost the system.
pg_stat_statements;1.7 1.8 1.9 1.10 1.10 1.11;pg_stat_statements;What statements cost.
pg_trgm;1.4 1.5 1.6 1.6 1.6 1.6;;How alike texts are, by trigrams.
pg_visibility;1.2;;The visibility map.
pg_wait_sampling;1.1;pg_wait_sampling;What is waited for.
pgcrypto;1.3;;Cryptographic functions.
pglogical;2.4.4 2.4.5 2.4.5 2.4.5 2.4.5 2.4.5;pglogical;Logical replication.
pgrowlocks;1.2;;Which rows are locked.
pgstattuple;1.5;;Statistics of rows.
postgres_fdw;1.0 1.0 1.1 1.1 1.1 1.1;;Tables of other PostgreSQL servers.
rds_pg_sql_ccl;1.0;;SQL throttling.
seg;1.3 1.3 1.4 1.4 1.4 1.4;;Intervals of floating-point numbers.
sslinfo;1.2;;About the certificates of clients.
tablefunc;1.0;;Functions that give tables, such as crosstab.
tcn;1.0;;Tells listeners of changes.
tsm_system_rows;1.0;;Samples of a number of rows.
tsm_system_time;1.0;;Samples of as much as a time allows.
unaccent;1.1;;Takes accents out of texts.
uuid-ossp;1.1;;Makes UUIDs.
xml2;1.1;;XPath and XSLT.
"""


class Extension(NamedTuple):
    """One extension."""

    name: str
    versions: dict[str, str]
    """Its version by the major of PostgreSQL; a major that does not have it is missing."""
    library: str
    """The library that must be loaded first; empty for none."""
    description: str


def _extension(line: str) -> Extension:
    name, versions, library, description = line.split(";")
    each = versions.split()
    by_major = zip(MAJORS, each if len(each) > 1 else each * len(MAJORS), strict=True)
    return Extension(name, {major: version for major, version in by_major if version != "-"}, library, description)


EXTENSIONS: Final = {extension.name: extension for extension in map(_extension, _TABLE.strip().splitlines())}
