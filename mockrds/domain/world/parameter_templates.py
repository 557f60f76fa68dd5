"""Parameters of instances, and the templates that hold them (the API's "configurations").

Values are kept and shown again; they change nothing else, as no database runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from mockrds.domain import errors
from mockrds.domain.engines import ENGINES, SUFFIXES, VERSIONS, Datastore, Engine, stable_id
from mockrds.domain.errors import RDSError, Refusal
from mockrds.domain.models import Instance
from mockrds.domain.parameters import KEPT_LIBRARIES, LIBRARIES, OF_CLASS, PARAMETERS, Parameter
from mockrds.domain.random_values import hex32
from mockrds.domain.world.state import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mockrds.domain.models import Backup, Job

TEMPLATE_LIMIT: Final = 100
"""How many templates there may be (user manual, "Creating a Parameter Template")."""
NOT_FOUND: Final = Refusal("RDS.0025", "DBS.212001")
NAME_TAKEN: Final = Refusal("RDS.0031", "DBS.201201")
QUOTA: Final = Refusal("RDS.0001", "DBS.212002")
IS_DEFAULT: Final = Refusal("RDS.5045", "DBS.212003")
IN_USE: Final = Refusal("RDS.5045", "DBS.212032")
NO_PARAMETER: Final = Refusal("RDS.5037", "DBS.280270")
OUT_OF_RANGE: Final = Refusal("RDS.5038", "DBS.280271")


@dataclass(slots=True, kw_only=True, eq=False)
class Configuration:
    """A parameter template."""

    id: str
    name: str
    description: str
    datastore: Datastore
    """The version that it is for, by its major."""
    created: float
    updated: float
    user_defined: bool
    values: dict[str, str] = field(default_factory=dict)
    """What differs from the defaults."""
    applications: list[Application] = field(default_factory=list)
    """Where it was applied, newest last."""

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters that a template of this engine has."""
        known = PARAMETERS[self.datastore.type]
        if self.datastore.type != "PostgreSQL":
            return known
        return {name: parameter for name, parameter in known.items() if name not in OF_CLASS}

    def fits(self, instance: Instance) -> bool:
        """Return whether it is for the engine and the major version of *instance*."""
        wanted, own = self.datastore, instance.datastore
        return (wanted.type, wanted.major) == (own.type, own.major)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One time that a template was applied to an instance."""

    instance: Instance
    moment: float
    restart: bool
    """Whether the instance must be rebooted."""
    refusal: Refusal | None
    """Why it failed."""


@dataclass(slots=True, kw_only=True)
class Tuning:
    """The parameters of one instance."""

    values: dict[str, str] = field(default_factory=dict)
    """What differs from the defaults."""
    updated: float | None = None
    """When they were changed; None for never."""
    configuration: Configuration | None = None
    """The template that was applied last."""


class ParameterOperations(State):
    """What a world can do with parameters."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._tunings: dict[str, Tuning] = {}
        self._founded = self.clock.now()

    @cached_property
    def _configurations(self) -> dict[str, Configuration]:
        """The templates by their ids; made on first use, as few worlds are."""
        defaults = (_default(engine, major, self._founded) for engine in ENGINES for major in VERSIONS[engine])
        return {configuration.id: configuration for configuration in defaults}

    def remove(self, thing: Backup | Instance) -> None:
        """Remove *thing*, and what is kept of it."""
        super().remove(thing)
        self._tunings.pop(thing.id, None)

    # Templates

    def list_configurations(self) -> list[Configuration]:
        """List all templates: the defaults first, then the others as they were made."""
        with self.moment:
            return list(self._configurations.values())

    def get_configuration(self, configuration_id: str) -> Configuration:
        """Find a template.

        Raises:
            RDSError: NOT_FOUND.
        """
        configuration = self._configurations.get(configuration_id)
        if configuration is None:
            raise RDSError(NOT_FOUND)
        return configuration

    def create_configuration(
        self, name: str, description: str, datastore: Datastore, values: Mapping[str, str]
    ) -> Configuration:
        """Make a template; what *values* has beyond the parameters that can be set is ignored.

        Raises:
            RDSError: NAME_TAKEN, QUOTA or OUT_OF_RANGE.
        """
        with self.moment as now:
            self._check_name(name)
            if sum(one.user_defined for one in self._configurations.values()) >= TEMPLATE_LIMIT:
                raise RDSError(QUOTA, f"the quota is {TEMPLATE_LIMIT} templates")
            configuration = Configuration(
                id=f"{hex32(self._random)}pr{SUFFIXES[datastore.type]}",
                name=name,
                description=description,
                datastore=datastore,
                created=now,
                updated=now,
                user_defined=True,
            )
            configuration.values = _accepted(configuration.parameters, values)[0]
            self._configurations[configuration.id] = configuration
            return configuration

    def copy_configuration(self, configuration_id: str, name: str, description: str) -> Configuration:
        """Make a template with the values of another.

        Raises:
            RDSError: As ``create_configuration``, or NOT_FOUND.
        """
        with self.moment:
            source = self.get_configuration(configuration_id)
            return self.create_configuration(name, description, source.datastore, source.values)

    def update_configuration(
        self,
        configuration_id: str,
        name: str | None,
        description: str | None,
        values: Mapping[str, str],
        *,
        spread: bool = False,
    ) -> None:
        """Change what is given of a template.

        Args:
            configuration_id: The template.
            name: Its new name.
            description: Its new description.
            values: Its new values; those of other parameters stay.
            spread: Give the new values to the instances that use it, too.

        Raises:
            RDSError: NOT_FOUND, IS_DEFAULT, NAME_TAKEN or OUT_OF_RANGE.
        """
        with self.moment as now:
            configuration = self._custom(configuration_id)
            if name is not None and name != configuration.name:
                self._check_name(name, configuration)
            accepted, _ = _accepted(configuration.parameters, values)
            configuration.values |= accepted
            for instance in self.list_configuration_instances(configuration) if spread else ():
                self._set(instance, self._tuning(instance).values | accepted, now)
            configuration.name = configuration.name if name is None else name
            configuration.description = configuration.description if description is None else description
            configuration.updated = now

    def delete_configuration(self, configuration_id: str, *, unused: bool = False) -> None:
        """Delete a template; what it was applied to keeps its values.

        Args:
            configuration_id: The template.
            unused: Refuse it while an instance uses it.

        Raises:
            RDSError: NOT_FOUND, IS_DEFAULT, or IN_USE.
        """
        with self.moment:
            configuration = self._custom(configuration_id)
            if unused and self.list_configuration_instances(configuration):
                raise RDSError(IN_USE)
            del self._configurations[configuration_id]

    def apply_configuration(
        self, configuration_id: str, instance_ids: Iterable[str]
    ) -> tuple[Configuration, list[Application], Job]:
        """Apply the parameters of a template to instances; one that can't take them does not stop the others.

        Raises:
            RDSError: NOT_FOUND; INSTANCE_NOT_FOUND for any of *instance_ids*; INVALID_PARAMETER for none.
        """
        with self.moment as now:
            configuration = self.get_configuration(configuration_id)
            instances = [self._nodes[self.node_of(instance_id)] for instance_id in dict.fromkeys(instance_ids)]
            if not instances:
                raise RDSError(errors.INVALID_PARAMETER, "there is no instance to apply it to")
            applications = [self._apply(configuration, instance, now) for instance in instances]
            configuration.applications += applications
            return configuration, applications, self.add_job("Apply{}Configuration", instances[0], None)

    def list_configuration_instances(self, configuration: Configuration) -> list[Instance]:
        """List the instances to which a template was applied last, or that still have the default one."""
        with self.moment:
            instances = self._instances.values()
            return [instance for instance in instances if self.configuration_of(instance) is configuration]

    def configuration_of(self, instance: Instance) -> Configuration:
        """Return which template was applied to an instance last; the default one if none was, or it is gone."""
        applied = self._tuning(instance).configuration
        if applied is not None and applied.id in self._configurations:
            return applied
        engine, major = instance.datastore.type, instance.datastore.major
        key = _default_id(engine, major)
        if key not in self._configurations:  # only versions that are offered have one from the start
            self._configurations[key] = _default(engine, major, instance.created)
        return self._configurations[key]

    def _apply(self, configuration: Configuration, instance: Instance, now: float) -> Application:
        try:
            self._check_fits(configuration, instance, now)
        except RDSError as error:
            return Application(instance=instance, moment=now, restart=False, refusal=error.refusal)
        tuning = self._tuning(instance)
        kept = {name: value for name, value in tuning.values.items() if name not in configuration.parameters}
        restart = self._set(instance, kept | configuration.values, now)
        tuning.configuration = configuration
        return Application(instance=instance, moment=now, restart=restart, refusal=None)

    def _check_fits(self, configuration: Configuration, instance: Instance, now: float) -> None:
        self.check_idle(instance, now)
        if not configuration.fits(instance):
            raise RDSError(errors.ENGINE_NOT_SUPPORTED)

    # Parameters of an instance

    def get_instance_configuration(self, node_id: str) -> tuple[Instance, dict[str, str], float]:
        """Return the parameters of an instance, by name, and when they were changed last.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, or WRONG_INSTANCE_TYPE for a standby.
        """
        with self.moment:
            instance = self.find_unless_standby(node_id, "a standby has the parameters of its primary")
            tuning = self._tuning(instance)
            defaults = {name: parameter.default for name, parameter in PARAMETERS[instance.datastore.type].items()}
            return instance, defaults | tuning.values, tuning.updated or instance.created

    def set_instance_configuration(
        self, node_id: str, values: Mapping[str, str], *, strict: bool = False
    ) -> tuple[bool, list[str], Job]:
        """Set parameters of an instance.

        Args:
            node_id: The primary node, or the only one of a read replica.
            values: The new values, by name.
            strict: Refuse a parameter that can't be set, instead of ignoring it.

        Returns:
            Whether the instance must be rebooted, the names that were ignored, and the job.

        Raises:
            RDSError: As ``get_instance_configuration``; what the instance is busy with; OUT_OF_RANGE; NO_PARAMETER.
        """
        with self.moment as now:
            instance, _, _ = self.get_instance_configuration(node_id)
            self.check_idle(instance, now)
            accepted, ignored = _accepted(PARAMETERS[instance.datastore.type], values)
            if strict and ignored:
                raise RDSError(NO_PARAMETER, f"not to be set: {', '.join(ignored)}")
            restart = self._set(instance, self._tuning(instance).values | accepted, now)
            return restart, ignored, self.add_job("Modify{}Parameters", instance, None)

    def reset_instance_parameters(self, node_id: str) -> bool:
        """Put the parameters of an instance back to their defaults; returns whether it must be rebooted.

        Raises:
            RDSError: As ``get_instance_configuration``, or what the instance is busy with.
        """
        with self.moment as now:
            instance, _, _ = self.get_instance_configuration(node_id)
            self.check_idle(instance, now)
            return self._set(instance, {}, now)

    def set_instance_parameter(self, node_id: str, libraries: str) -> tuple[bool, Job]:
        """Set what PostgreSQL loads when it starts; returns whether it must be rebooted, and the job.

        Raises:
            RDSError: As ``get_instance_configuration``; WRONG_INSTANCE_TYPE for a read replica; ENGINE_NOT_SUPPORTED;
                OUT_OF_RANGE, also when one is missing that must stay.
        """
        with self.moment as now:
            instance = self.find_primary(node_id)
            if instance.datastore.type != "PostgreSQL":
                raise RDSError(errors.ENGINE_NOT_SUPPORTED, "this is for PostgreSQL only")
            self.check_idle(instance, now)
            parameter = PARAMETERS["PostgreSQL"][LIBRARIES]
            if not (parameter.allows(libraries) and set(KEPT_LIBRARIES) <= set(libraries.split(","))):
                hint = f"with {', '.join(KEPT_LIBRARIES)} always; known are {parameter.values}"
                raise RDSError(OUT_OF_RANGE, hint)
            restart = False
            for one in (instance, *instance.replicas):
                restart |= self._set(one, self._tuning(one).values | {LIBRARIES: libraries}, now)
            return restart, self.add_job("Modify{}Parameters", instance, None)

    def _tuning(self, instance: Instance) -> Tuning:
        tuning = self._tunings.get(instance.id)
        if tuning is None:
            tuning = self._tunings[instance.id] = Tuning()
            made_with = self._configurations.get(instance.settings.configuration_id)
            if made_with is not None and made_with.fits(instance):
                tuning.configuration, tuning.values = made_with, dict(made_with.values)
        return tuning

    def _set(self, instance: Instance, values: dict[str, str], now: float) -> bool:
        """Let *values* be what differs from the defaults; returns whether the change needs a reboot."""
        known = PARAMETERS[instance.datastore.type]
        values = {name: value for name, value in values.items() if value != known[name].default}
        tuning = self._tuning(instance)
        before, tuning.values, tuning.updated = tuning.values, values, now
        return any(known[name].restart for name, _ in before.items() ^ values.items())

    def _custom(self, configuration_id: str) -> Configuration:
        configuration = self.get_configuration(configuration_id)
        if not configuration.user_defined:
            raise RDSError(IS_DEFAULT, "a default template stays as it is")
        for instance in self._instances.values():
            self._tuning(instance)  # those made with it took its values as they were
        return configuration

    def _check_name(self, name: str, but: Configuration | None = None) -> None:
        if any(one.name.lower() == name.lower() for one in self._configurations.values() if one is not but):
            raise RDSError(NAME_TAKEN)


@cache  # every world has them all
def _default_id(engine: Engine, major: str) -> str:
    return f"{stable_id(f'configuration {engine} {major}').replace('-', '')}pr{SUFFIXES[engine]}"


def _default(engine: Engine, major: str, now: float) -> Configuration:
    return Configuration(
        id=_default_id(engine, major),
        name=f"Default-{engine}-{major}",
        description=f"Default parameter group for {engine} {major}",
        datastore=Datastore.find(engine, major),
        created=now,
        updated=now,
        user_defined=False,
    )


def _accepted(known: Mapping[str, Parameter], values: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Part *values* into those that can be set and the names of those that can't.

    Raises:
        RDSError: OUT_OF_RANGE.
    """
    accepted, ignored = {}, []
    for name, value in values.items():
        parameter = known.get(name)
        if parameter is None or parameter.readonly:
            ignored.append(name)
        elif parameter.allows(value):
            accepted[name] = value
        else:
            raise RDSError(OUT_OF_RANGE, f"{name!r} must be {parameter.values or 'given'} ({parameter.kind})")
    return accepted, ignored
