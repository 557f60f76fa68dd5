"""Faults as scenarios write them: the general vocabulary, and what only a cloud with backups can get wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Final, Literal

from mockrds.domain.models import InstanceStatus
from mockrds.domain.world_template import WorldEffect
from mockrds.faults.matching import Condition, Match, Pattern
from mockrds.faults.rules import Rule, ShortStep, Step

_DOCUMENT = {"extra": "forbid"}

_LISTS: Final = frozenset({"list_manual_backups", "list_backups", "list_instances", "get_instance"})
_MAKES: Final = frozenset({"create_manual_backup", "create_instance", "restore_to_new_instance"})
_CHANGES: Final = frozenset({
    "delete_manual_backup", "batch_delete_manual_backups", "restore_to_original", "restore_to_existing_instance",
    "delete_instance", "restart_instance", "start_instance", "stop_instance", "change_instance_flavor",
    "resize_instance_volume", "change_storage_type", "single_to_ha", "switchover", "set_replication_mode",
    "migrate_standby", "upgrade_minor_version", "change_port",
})  # fmt: skip
_ABOUT: Final[dict[str, frozenset[str]]] = {
    "quota": frozenset({"create_manual_backup"}),
    "lifecycle": _MAKES | _CHANGES,
    "visible_after": _MAKES,
    "stale": _LISTS,
}
"""The operations that what a fault says can make a difference to."""
_DEVIATIONS: Final = tuple(f.name for f in fields(WorldEffect))

Credentials = Literal["expired", "wrong_scope", "clock_skew"]


@dataclass(frozen=True, kw_only=True)
class Effect(Step, WorldEffect):
    """What becomes of a call."""

    __pydantic_config__ = _DOCUMENT

    credentials: Credentials | None = None
    """``expired``: the token is from now on, until the client gets another; ``wrong_scope``: they are for another
    project; ``clock_skew``: the client's clock is wrong."""

    @classmethod
    def _choices(cls) -> str:
        deviations = "', '".join(_DEVIATIONS)
        return f"'error', 'response', 'latency', 'fault', 'body', 'credentials', '{deviations}' or 'sequence'"

    def _check_effects(self) -> None:
        super()._check_effects()
        if self.credentials is not None and (super().replaces_answer or self.phase is not None):
            raise ValueError("'credentials' decides the answer: leave out what decides it besides")
        if self.replaces_answer and not self.after_commit and self.commit_after is None and self.deviations:
            raise ValueError(
                f"'{self.deviations[0]}' needs the operation to happen: leave out what answers instead of it"
            )

    @property
    def anywhere(self) -> bool:
        """Tell whether it does something to any operation."""
        return super().effects or self.credentials is not None

    @property
    def effects(self) -> bool:
        """Tell whether it does anything."""
        return self.anywhere or bool(self.deviations)

    @property
    def replaces_answer(self) -> bool:
        """Tell whether it decides the answer, so that the operation's own does not reach the client."""
        return super().replaces_answer or self.credentials is not None

    @property
    def requires_success(self) -> bool:
        """Tell whether it does nothing unless the operation succeeds."""
        return super().requires_success or self.lifecycle is not None or self.visible_after is not None

    @property
    def requires_operation(self) -> bool:
        """Tell whether it does nothing unless the operation happens."""
        return super().requires_operation or bool(self.deviations)

    @property
    def exclusive_keys(self) -> tuple[str, ...]:
        """The keys that are all that it does, if those are keys of which only the first rule's word counts."""
        return () if self.anywhere else tuple(self.deviations)

    @property
    def deviations(self) -> list[str]:
        """The keys that make the world depart from what it would do."""
        return [name for name in _DEVIATIONS if getattr(self, name) is not None]


@dataclass(frozen=True, kw_only=True)
class StateMatch:
    """What must be true of the project. All conditions must be met."""

    __pydantic_config__ = _DOCUMENT

    manual_backups: int | Pattern | None = None
    """How many manual backups there are."""
    building: int | Pattern | None = None
    """How many of them are BUILDING."""
    instances: int | Pattern | None = None
    """How many DB instances there are."""

    def __post_init__(self) -> None:
        if self.manual_backups is None and self.building is None and self.instances is None:
            raise ValueError("it asks for nothing: give 'manual_backups', 'building' or 'instances'")


@dataclass(frozen=True, kw_only=True)
class WorldMatch(Match):
    """What else must be true of a request and of the project. All conditions must be met."""

    __pydantic_config__ = _DOCUMENT

    instance: str | Pattern | None = None
    """The instance that the request is about, by its name, its id or the id of a node."""
    instance_status: InstanceStatus | None = None
    """What that instance is doing."""
    state: StateMatch | None = None
    """What must be true of the project."""

    def _asks(self) -> bool:
        return super()._asks() or any(
            condition is not None for condition in (self.instance, self.instance_status, self.state)
        )

    def matches(self, request: Any) -> bool:
        """Tell whether *request* meets all conditions."""
        return super().matches(request) and not self._world_mismatches(request)

    def mismatches(self, request: Any) -> list[str]:
        """List the conditions that *request* does not meet."""
        found = super().mismatches(request)
        if hasattr(request, "instance"):
            return [*found, *self._world_mismatches(request)]
        # The journal keeps the requests, and not the world that they met.
        return found or ["the instance or the state of the project was another"]

    def _world_mismatches(self, request: Any) -> list[str]:
        found: list[str] = []
        if self.instance is not None or self.instance_status is not None:
            names, status = request.instance
            if self.instance is not None and not any(_fits(self.instance, name) for name in names):
                found.append(f"the instance is {names[0] if names else 'none'}, not {self.instance}")
            if self.instance_status is not None and status != self.instance_status:
                found.append(f"the instance is {status}, not {self.instance_status}")
        for name, there in request.state.items() if self.state is not None else ():
            wanted = getattr(self.state, name)
            if wanted is not None and not _fits(wanted, there):
                found.append(f"state {name} is {there}, not {wanted}")
        return found


def _fits(condition: Condition, value: Any) -> bool:
    return condition.fits(value) if isinstance(condition, Pattern) else bool(condition == value)


@dataclass(frozen=True, kw_only=True)
class Fault(Effect, Rule):
    """A fault: which calls it applies to, and what becomes of them."""

    __pydantic_config__ = _DOCUMENT

    match: WorldMatch | None = None
    """What else must be true of a request; the calls are counted among those for which it is."""
    sequence: tuple[Annotated[Effect | Literal["ok"], ShortStep()], ...] | None = None
    """One step for each call, in order; then all is well again. A step is ``ok``, a status, an error code, the name
    of a fault, or a mapping of what a fault may do."""
    source: str = field(default="", init=False, compare=False, repr=False)
    """Where the fault stands, as file:line:column; the loader's word, not a key of the file."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in self.deviations:
            about = _ABOUT[key]
            if not any(name in ("*",) or name.endswith(".*") or _bare(name) in about for name in self.operations):
                raise ValueError(f"'{key}' is about {_listed(about)}, which 'operation' does not name")

    def covers(self, operation: str) -> bool:
        """Tell whether the fault can make a difference to *operation*, an id with its family."""
        if not super().covers(operation):
            return False
        return (
            self.sequence is not None
            or self.anywhere
            or any(_bare(operation) in _ABOUT[key] for key in self.deviations)
        )


def _bare(operation: str) -> str:
    """Leave out the family: ``create_manual_backup`` of ``v1.create_manual_backup``."""
    return operation.rpartition(".")[2]


def _listed(operations: frozenset[str]) -> str:
    return " or ".join(sorted(operations))
