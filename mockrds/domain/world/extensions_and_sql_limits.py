"""What is kept of instances and shown again, and changes nothing else: extensions, SQL throttling, SQL audit.

No database runs here, so there is nothing that these could have an effect on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from mockrds.domain import errors
from mockrds.domain.errors import RDSError, Refusal
from mockrds.domain.extensions import EXTENSIONS, THROTTLING, Extension
from mockrds.domain.parameters import LIBRARIES
from mockrds.domain.world.parameter_templates import ParameterOperations

if TYPE_CHECKING:
    from mockrds.domain.engines import Engine
    from mockrds.domain.models import Backup, Instance

NO_OBJECT: Final = Refusal("RDS.0001", "DBS.212013")
TAKEN: Final = Refusal("RDS.0031", "DBS.201201")


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlLimit:
    """A rule of SQL throttling."""

    id: str
    query_id: int
    query_string: str
    max_concurrency: int
    max_waiting: int
    search_path: str
    effective: bool = False


@dataclass(slots=True, kw_only=True)
class Features:
    """What is kept of one instance."""

    extensions: dict[str, set[str]] = field(default_factory=dict)
    """What is installed in each database."""
    sql_limits: dict[str, dict[str, SqlLimit]] = field(default_factory=dict)
    """The rules of each database, by their ids."""
    sql_limits_made: int = 0
    audit_days: int = 0
    """How long SQL audit logs are kept; zero: there are none."""


class ExtensionAndSqlLimitOperations(ParameterOperations):
    """What a world can do with the features of instances."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._features: dict[str, Features] = {}

    def remove(self, thing: Backup | Instance) -> None:
        """Remove *thing*, and what is kept of it."""
        super().remove(thing)
        self._features.pop(thing.id, None)

    def _featured(self, node_id: str, *engines: Engine, idle: bool = False) -> tuple[Instance, Features]:
        """Find an instance and what is kept of it.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE for a standby or replica, ENGINE_NOT_SUPPORTED for
                any but *engines*, or what it is busy with if it should be *idle*.
        """
        now = self.now()
        instance = self.find_primary(node_id)
        if instance.datastore.type not in engines:
            raise RDSError(errors.ENGINE_NOT_SUPPORTED, f"this is for {' and '.join(engines)} only")
        if idle:
            self.check_idle(instance, now)
        return instance, self._features.setdefault(instance.id, Features())

    # Extensions

    def list_extensions(self, node_id: str, database: str) -> list[tuple[Extension, str, bool, bool]]:
        """List the extensions that a database can have.

        Returns:
            Each with its version, whether it is installed, and whether it can be.
        """
        with self.moment:
            instance, features = self._featured(node_id, "PostgreSQL", idle=True)
            installed = features.extensions.get(database, set())
            major = instance.datastore.major
            return [
                (extension, extension.versions[major], name in installed, self._loaded(node_id, extension))
                for name, extension in EXTENSIONS.items()
                if major in extension.versions
            ]

    def create_extension(self, node_id: str, database: str, name: str) -> None:
        """Install an extension in a database.

        Raises:
            RDSError: NO_OBJECT for an unknown one, TAKEN, or INVALID_OPERATION while its library is not loaded.
        """
        with self.moment:
            instance, features = self._featured(node_id, "PostgreSQL", idle=True)
            extension = EXTENSIONS.get(name)
            if extension is None or instance.datastore.major not in extension.versions:
                raise RDSError(NO_OBJECT, f"{instance.datastore} has no extension {name!r}")
            installed = features.extensions.setdefault(database, set())
            if name in installed:
                raise RDSError(TAKEN)
            if not self._loaded(node_id, extension):
                raise RDSError(errors.INVALID_OPERATION, f"{LIBRARIES!r} must have {extension.library} first")
            installed.add(name)

    def update_extension(self, node_id: str, database: str, name: str) -> None:
        """Bring an extension to its newest version, which it always has.

        Raises:
            RDSError: NO_OBJECT for one that is not installed.
        """
        with self.moment:
            _, features = self._featured(node_id, "PostgreSQL", idle=True)
            if name not in features.extensions.get(database, ()):
                raise RDSError(NO_OBJECT, f"{name!r} is not installed in {database!r}")

    def delete_extension(self, node_id: str, database: str, name: str) -> None:
        """Take an extension out of a database.

        Raises:
            RDSError: NO_OBJECT for one that is not installed.
        """
        with self.moment:
            _, features = self._featured(node_id, "PostgreSQL", idle=True)
            self.update_extension(node_id, database, name)
            features.extensions[database].remove(name)

    def _loaded(self, node_id: str, extension: Extension) -> bool:
        _, values, _ = self.get_instance_configuration(node_id)
        return not extension.library or extension.library in values[LIBRARIES].split(",")

    # SQL throttling

    def list_sql_limits(self, node_id: str, database: str) -> list[SqlLimit]:
        """List the rules of a database, oldest first."""
        with self.moment:
            _, features = self._featured(node_id, "PostgreSQL")
            return list(features.sql_limits.get(database, {}).values())

    def create_sql_limit(
        self,
        node_id: str,
        database: str,
        *,
        query_id: int,
        query_string: str,
        max_concurrency: int,
        max_waiting: int,
        search_path: str,
    ) -> None:
        """Make a rule; it has no effect until it is switched on.

        Raises:
            RDSError: INVALID_OPERATION without the extension, TAKEN for a statement that has a rule.
        """
        with self.moment:
            _, features = self._featured(node_id, "PostgreSQL")
            if THROTTLING not in features.extensions.get(database, ()):
                raise RDSError(
                    errors.INVALID_OPERATION, f"the extension {THROTTLING} must be installed in {database!r} first"
                )
            rules = features.sql_limits.setdefault(database, {})
            if any((rule.query_id, rule.query_string) == (query_id, query_string) for rule in rules.values()):
                raise RDSError(TAKEN)
            features.sql_limits_made += 1
            limit_id = str(features.sql_limits_made)
            rules[limit_id] = SqlLimit(
                id=limit_id,
                query_id=query_id,
                query_string=query_string,
                max_concurrency=max_concurrency,
                max_waiting=max_waiting,
                search_path=search_path,
            )

    def update_sql_limit(self, node_id: str, database: str, limit_id: str, concurrency: int, waiting: int) -> None:
        """Change the limits of a rule.

        Raises:
            RDSError: NO_OBJECT.
        """
        with self.moment:
            rules = self._rules(node_id, database, limit_id)
            rules[limit_id] = replace(rules[limit_id], max_concurrency=concurrency, max_waiting=waiting)

    def switch_sql_limit(self, node_id: str, database: str, limit_id: str, *, on: bool) -> None:
        """Switch a rule on or off.

        Raises:
            RDSError: NO_OBJECT, or INVALID_OPERATION while throttling itself is off.
        """
        with self.moment:
            rules = self._rules(node_id, database, limit_id)
            _, values, _ = self.get_instance_configuration(node_id)
            parameter = f"{THROTTLING}.enable_ccl"
            if on and values[parameter].lower() != "on":
                raise RDSError(errors.INVALID_OPERATION, f"the parameter {parameter!r} must be 'on' first")
            rules[limit_id] = replace(rules[limit_id], effective=on)

    def switch_off_sql_limits(self, node_id: str, database: str) -> None:
        """Switch all rules of a database off."""
        with self.moment:
            _, features = self._featured(node_id, "PostgreSQL")
            rules = features.sql_limits.get(database, {})
            rules.update({limit_id: replace(rule, effective=False) for limit_id, rule in rules.items()})

    def delete_sql_limit(self, node_id: str, database: str, limit_id: str) -> None:
        """Delete a rule.

        Raises:
            RDSError: NO_OBJECT.
        """
        with self.moment:
            del self._rules(node_id, database, limit_id)[limit_id]

    def _rules(self, node_id: str, database: str, limit_id: str) -> dict[str, SqlLimit]:
        _, features = self._featured(node_id, "PostgreSQL")
        rules = features.sql_limits.get(database, {})
        if limit_id not in rules:
            raise RDSError(NO_OBJECT, f"{database!r} has no rule {limit_id!r}")
        return rules

    # SQL audit

    def get_audit_policy(self, node_id: str) -> int:
        """Return for how many days SQL audit logs are kept; zero while there are none."""
        with self.moment:
            return self._featured(node_id, "MySQL")[1].audit_days

    def set_audit_policy(self, node_id: str, days: int) -> None:
        """Set for how many days SQL audit logs are kept; zero switches them off."""
        with self.moment:
            self._featured(node_id, "MySQL")[1].audit_days = days
