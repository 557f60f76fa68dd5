"""Parameters of the database engines: their types, ranges and defaults.

A modest choice of those that the engines have in all their versions. The API reference has no table of
them, so ranges, defaults and which need a reboot are chosen, after the engines: the service may differ.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from mockrds.domain.engines import Engine

Kind = Literal["integer", "float", "boolean", "list", "string"]


class Parameter(NamedTuple):
    """One parameter of an engine."""

    name: str
    default: str
    kind: Kind
    values: str
    """What it may be: ``1-65535``, ``ON|OFF``, for a list what may be in it; empty: anything."""
    restart: bool
    """Whether a change takes effect with a reboot only."""
    readonly: bool
    """Whether it can't be changed by its name alone."""
    description: str

    @property
    def bounds(self) -> tuple[str, str] | None:
        """The least and the greatest value of a number."""
        if self.kind not in ("integer", "float"):
            return None
        least, _, greatest = self.values.lstrip("-").partition("-")
        return ("-" + least if self.values.startswith("-") else least), greatest

    def allows(self, value: str) -> bool:
        """Return whether it may be *value*."""
        if self.bounds is not None:
            least, greatest = map(float, self.bounds)
            try:
                number = int(value) if self.kind == "integer" else float(value)
            except ValueError:
                return False
            return math.isfinite(number) and least <= number <= greatest
        if self.kind == "list":
            return set(value.split(",")) <= set(self.values.split(","))
        if self.kind == "boolean":
            return value.lower() in self.values.lower().split("|")
        return value in self.values.split("|") if self.values else bool(value)


LIBRARIES: Final = "shared_preload_libraries"
KEPT_LIBRARIES: Final = ("passwordcheck.so", "pg_stat_statements", "pg_sql_history", "pgaudit")
"""What PostgreSQL always loads (user manual, "Installing and Uninstalling a Plugin on the RDS Console")."""
_LIBRARIES: Final = (
    *KEPT_LIBRARIES, "auto_explain", "pg_cron", "pg_stat_kcache", "pg_wait_sampling", "pglogical", "timescaledb",
)  # fmt: skip

_OF_CLASS: Final = (
    "shared_buffers", "max_connections", "max_prepared_transactions", "effective_cache_size",
    "maintenance_work_mem", "max_wal_size", "work_mem",
)  # fmt: skip
OF_CLASS: Final = frozenset(_OF_CLASS)
"""What follows the class of a PostgreSQL instance and is in no template ("Creating a Parameter Template")."""

# name; default; kind; values; "r" needs a reboot, "o" is read-only; description
_MYSQL: Final = """
auto_increment_increment;1;integer;1-65535;;How far apart the numbers of an AUTO_INCREMENT column are.
auto_increment_offset;1;integer;1-65535;;The first number of an AUTO_INCREMENT column.
autocommit;ON;boolean;ON|OFF;;Whether every statement is a transaction of its own.
back_log;2000;integer;1-65535;r;How many connections may wait to be accepted.
binlog_cache_size;32768;integer;4096-16777216;;Bytes of memory for the changes of one transaction.
character_set_server;utf8mb4;string;utf8|latin1|gbk|utf8mb4;r;The character set of new databases.
connect_timeout;10;integer;2-31536000;;Seconds to wait for the first packet of a client.
event_scheduler;OFF;boolean;ON|OFF;;Whether scheduled events are run.
explicit_defaults_for_timestamp;ON;boolean;ON|OFF;;Whether TIMESTAMP columns have no defaults of their own.
group_concat_max_len;1024;integer;4-4294967295;;The longest result of GROUP_CONCAT() in bytes.
innodb_flush_log_at_trx_commit;1;integer;0-2;;How often the redo log is written and flushed.
innodb_lock_wait_timeout;50;integer;1-1073741824;;Seconds to wait for the lock of a row.
innodb_strict_mode;ON;boolean;ON|OFF;;Whether doubtful table options are errors.
interactive_timeout;28800;integer;1-31536000;;Seconds until an idle interactive connection is closed.
local_infile;OFF;boolean;ON|OFF;;Whether LOAD DATA LOCAL is allowed.
log_bin_trust_function_creators;OFF;boolean;ON|OFF;;Whether authors of functions are trusted with the binary log.
long_query_time;1;float;0.03-3600;;Seconds from which on a query is a slow one.
lower_case_table_names;1;integer;0-1;ro;Whether the letter case of table names makes no difference.
max_allowed_packet;33554432;integer;1024-1073741824;;The largest packet in bytes.
max_connections;800;integer;10-100000;;How many clients may be connected at once.
max_user_connections;0;integer;0-4294967295;;How many connections one account may have; 0 for any number.
net_read_timeout;30;integer;1-31536000;;Seconds to wait for more data of a client.
net_write_timeout;60;integer;1-31536000;;Seconds to wait for a client to take data.
performance_schema;OFF;boolean;ON|OFF;r;Whether the performance schema is kept.
sort_buffer_size;262144;integer;32768-18446744073709551615;;Bytes of memory for one sort.
sync_binlog;1;integer;0-4294967295;;After how many commits the binary log is flushed.
table_open_cache;2000;integer;1-524288;;How many tables are kept open.
wait_timeout;28800;integer;1-31536000;;Seconds until an idle connection is closed.
"""
_POSTGRESQL: Final = f"""
autovacuum;on;boolean;on|off;;Whether tables are vacuumed by themselves.
autovacuum_naptime;60;integer;1-2147483;;Seconds between two runs of autovacuum.
bytea_output;escape;string;escape|hex;;How binary values are written.
checkpoint_timeout;900;integer;30-86400;;Seconds between two checkpoints.
cron.use_background_workers;off;boolean;on|off;r;Whether jobs of pg_cron run in workers.
deadlock_timeout;1000;integer;1-2147483647;;Milliseconds until a lock is looked at for a deadlock.
default_transaction_deferrable;off;boolean;on|off;;Whether new transactions may wait for a safe moment.
effective_cache_size;262144;integer;1-2147483647;;What the planner takes the cache for, in 8 kB.
idle_in_transaction_session_timeout;0;integer;0-2147483647;;Milliseconds until an idle transaction is ended.
log_connections;off;boolean;on|off;;Whether connections are logged.
log_lock_waits;off;boolean;on|off;;Whether long waits for locks are logged.
log_min_duration_statement;1000;integer;-1-2147483647;;Milliseconds from which on a query is a slow one.
log_statement;none;string;none|ddl|mod|all;;Which statements are logged.
maintenance_work_mem;65536;integer;1024-2147483647;;Memory for maintenance in kB.
max_connections;500;integer;10-262143;r;How many clients may be connected at once.
max_locks_per_transaction;64;integer;10-2147483647;r;How many locks a transaction has room for.
max_prepared_transactions;500;integer;0-262143;r;How many transactions may be prepared at once.
max_wal_size;1024;integer;2-2147483647;;How large the log grows between checkpoints, in MB.
max_worker_processes;8;integer;0-262143;r;How many background processes there may be.
random_page_cost;4;float;0-1.79769e+308;;What the planner takes a page out of order for.
rds_pg_sql_ccl.enable_ccl;off;boolean;on|off;;Whether rules of SQL throttling are kept.
shared_buffers;131072;integer;16-1073741823;r;The memory that all share, in 8 kB.
{LIBRARIES};{",".join(KEPT_LIBRARIES)};list;{",".join(_LIBRARIES)};ro;What is loaded when the server starts.
statement_timeout;0;integer;0-2147483647;;Milliseconds until a statement is ended; 0 for never.
synchronous_commit;on;string;on|off|local|remote_write|remote_apply;;What a commit waits for.
track_activity_query_size;1024;integer;100-1048576;r;How much is kept of a running query, in bytes.
wal_level;logical;string;replica|logical;ro;How much is written to the log.
work_mem;4096;integer;64-2147483647;;Memory of one sort or hash in kB.
"""
_SQLSERVER: Final = """
Ad Hoc Distributed Queries;0;integer;0-1;;Whether OPENROWSET and OPENDATASOURCE are allowed.
blocked process threshold (s);0;integer;0-86400;;Seconds from which on a blocked process is reported.
clr enabled;0;integer;0-1;;Whether assemblies of users may run.
contained database authentication;0;integer;0-1;;Whether contained databases may have users of their own.
cost threshold for parallelism;5;integer;0-32767;;From which cost on a query is run in parallel.
cross db ownership chaining;0;integer;0-1;;Whether ownership holds across databases.
cursor threshold;-1;integer;-1-2147483647;;From how many rows on a keyset is made in the background.
default trace enabled;1;integer;0-1;;Whether the default trace is written.
fill factor (%);0;integer;0-100;r;How full the pages of an index are made.
max degree of parallelism;0;integer;0-32767;;How many processors one query may use; 0 for all.
max server memory (MB);2147483647;integer;128-2147483647;;How much memory the server may use.
max worker threads;0;integer;0-65535;r;How many threads there are; 0 to let the server choose.
nested triggers;1;integer;0-1;;Whether triggers may set off triggers.
network packet size (B);4096;integer;512-32767;;The size of packets.
optimize for ad hoc workloads;0;integer;0-1;;Whether plans are kept from their second use on only.
priority boost;0;integer;0-1;ro;Whether the server runs at a higher priority.
query governor cost limit;0;integer;0-2147483647;;The cost from which on queries are refused; 0 for none.
recovery interval (min);0;integer;0-32767;;Minutes that a recovery may take; 0 to let the server choose.
remote access;1;integer;0-1;r;Whether procedures may be called from other servers.
remote login timeout (s);10;integer;0-2147483647;;Seconds to wait for a login at another server.
remote query timeout (s);600;integer;0-2147483647;;Seconds to wait for the query of another server.
scan for startup procs;0;integer;0-1;r;Whether procedures are run when the server starts.
user connections;0;integer;0-32767;r;How many clients may be connected at once; 0 for any number.
xp_cmdshell;0;integer;0-1;;Whether commands of the system can be run.
"""


def _parameters(table: str) -> dict[str, Parameter]:
    rows = (line.split(";", 5) for line in table.strip().splitlines())
    return {
        name: Parameter(name, default, kind, values, "r" in flags, "o" in flags, description)  # type: ignore[arg-type]
        for name, default, kind, values, flags, description in rows
    }


PARAMETERS: Final[dict[Engine, dict[str, Parameter]]] = {
    "MySQL": _parameters(_MYSQL),
    "PostgreSQL": _parameters(_POSTGRESQL),
    "SQLServer": _parameters(_SQLSERVER),
}
