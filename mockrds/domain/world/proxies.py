"""Database proxies of MySQL instances: kept and shown again; nothing goes through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mockrds.domain import errors
from mockrds.domain.errors import RDSError, Refusal
from mockrds.domain.random_values import hex32
from mockrds.domain.world.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockrds.domain.models import Backup, Instance, Job

PROXY_LIMIT: Final = 4
PROXY_NODES: Final = range(2, 5)
PROXY_CLASSES: Final = {"rds.proxy.large.2": (2, 4), "rds.proxy.xlarge.2": (4, 8)}
"""Virtual processors and GB of memory by code. The reference prints both codes, and the size of the first."""
WEIGHTS: Final = range(1001)
NO_PROXY: Final = Refusal("RDS.0001", "DBS.212013")


@dataclass(slots=True, kw_only=True, eq=False)
class Proxy:
    """A proxy of an instance."""

    id: str
    name: str
    code: str
    mode: str
    """``readwrite`` or ``readonly``."""
    route_mode: int
    """0: by weight; 1: among the read replicas; 2: among all."""
    weights: dict[str, int]
    """The weights for reads, by the ids of the instances."""
    address: str
    subnet_id: str
    node_ids: tuple[str, ...]


class ProxyOperations(State):
    """What a world can do with proxies."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._proxies: dict[str, dict[str, Proxy]] = {}

    def remove(self, thing: Backup | Instance) -> None:
        """Remove *thing*, and what is kept of it."""
        super().remove(thing)
        self._proxies.pop(thing.id, None)

    def list_proxies(self, node_id: str) -> tuple[Instance, list[Proxy], float]:
        """List the proxies of an instance, and the time they were looked at.

        Raises:
            RDSError: INSTANCE_NOT_FOUND, WRONG_INSTANCE_TYPE, or ENGINE_NOT_SUPPORTED for any but MySQL.
        """
        with self.moment as now:
            instance = self._proxied(node_id)
            return instance, list(self._proxies.get(instance.id, {}).values()), now

    def enable_proxy(
        self,
        node_id: str,
        *,
        name: str,
        code: str,
        nodes: int,
        mode: str,
        route_mode: int,
        weights: Mapping[str, int],
        subnet_id: str,
    ) -> tuple[Proxy, Job]:
        """Make a proxy; an empty *name* is drawn, an empty *subnet_id* is that of the instance.

        Raises:
            RDSError: As ``list_proxies``; what the instance is busy with; INVALID_OPERATION when there are as many
                as there may be; INVALID_PARAMETER for *weights* of other instances than it and its read replicas,
                or of no read replica if the proxy is for reads only.
        """
        with self.moment as now:
            instance = self._proxied(node_id)
            self.check_idle(instance, now)
            proxies = self._proxies.setdefault(instance.id, {})
            if len(proxies) >= PROXY_LIMIT:
                raise RDSError(errors.INVALID_OPERATION, f"there may be {PROXY_LIMIT} proxies")
            self._check_weights(instance, weights)
            if mode == "readonly" and not weights.keys() - {instance.id}:
                raise RDSError(errors.INVALID_PARAMETER, "a proxy for reads needs the weight of a read replica")
            proxy = Proxy(
                id=f"{hex32(self._random)}po01",
                name=name or f"proxy-{self._random.getrandbits(16):04x}",
                code=code,
                mode=mode,
                route_mode=route_mode,
                weights=dict(weights),
                address=self._values.rds_private_ip(),
                subnet_id=subnet_id or instance.subnet_id,
                node_ids=tuple(f"{hex32(self._random)}pn01" for _ in range(nodes)),
            )
            proxies[proxy.id] = proxy
            return proxy, self.add_job("Open{}Proxy", instance, None)

    def disable_proxy(self, node_id: str, proxy_id: str) -> Job:
        """Take a proxy away.

        Raises:
            RDSError: As ``list_proxies``, or NO_PROXY.
        """
        with self.moment:
            instance = self._proxied(node_id)
            self._proxy(instance, proxy_id)
            del self._proxies[instance.id][proxy_id]
            return self.add_job("Close{}Proxy", instance, None)

    def set_proxy_route_mode(
        self, node_id: str, proxy_id: str, route_mode: int, master_weight: int, weights: Mapping[str, int]
    ) -> None:
        """Set where a proxy sends reads.

        Raises:
            RDSError: As ``list_proxies``; NO_PROXY; INVALID_PARAMETER for the weight of what is no read replica.
        """
        with self.moment:
            instance = self._proxied(node_id)
            proxy = self._proxy(instance, proxy_id)
            if instance.id in weights:
                raise RDSError(errors.INVALID_PARAMETER, "the weight of the primary is 'master_weight'")
            self._check_weights(instance, weights)
            proxy.route_mode = route_mode
            proxy.weights = {instance.id: master_weight, **weights}

    def _proxied(self, node_id: str) -> Instance:
        instance = self.find_primary(node_id)
        if instance.datastore.type != "MySQL":
            raise RDSError(errors.ENGINE_NOT_SUPPORTED, "proxies are for MySQL only")
        return instance

    def _proxy(self, instance: Instance, proxy_id: str) -> Proxy:
        proxy = self._proxies.get(instance.id, {}).get(proxy_id)
        if proxy is None:
            raise RDSError(NO_PROXY, "the instance has no such proxy")
        return proxy

    @staticmethod
    def _check_weights(instance: Instance, weights: Mapping[str, int]) -> None:
        strange = weights.keys() - {instance.id, *(replica.id for replica in instance.replicas)}
        if strange:
            raise RDSError(errors.INVALID_PARAMETER, f"no read replica of the instance: {', '.join(sorted(strange))}")
