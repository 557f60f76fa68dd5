"""One world, two wire formats: after any sequence of operations, API v1 and API v3 tell the same of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from mockrds import MockRDS

if TYPE_CHECKING:
    from collections.abc import Iterator

MOCK = MockRDS(
    scenario={
        "clock": {"mode": "frozen", "at": "2026-01-31T22:00:00Z"},
        "world": {
            "quotas": {"manual_backups": 6},
            "instances": [
                {"name": "orders"},
                {
                    "name": "ledger",
                    "datastore": {"type": "PostgreSQL", "version": "16"},
                    "ha": {"replication_mode": "sync"},
                },
                {"name": "reports", "datastore": {"type": "SQLServer", "version": "2022_SE"}},
            ],
        },
    }
)
FAMILIES = st.sampled_from(["v1", "v3"])
INSTANCES = st.integers(0, 2)
NAMES = st.sampled_from(["nightly", "weekly", "before-release", "monthly"])
SAME = {  # what v1 and v3 answer for the same broken rule
    "RDS.0031": "DBS.201201", "RDS.3004": "DBS.201205", "RDS.3003": "DBS.216028", "RDS.0011": "DBS.201202",
    "RDS.3016": "DBS.201014", "RDS.3026": "DBS.201010", "RDS.1002": "DBS.200011",
}  # fmt: skip


POOL = urllib3.PoolManager(headers={"X-Auth-Token": "any"})


def ask(method: str, url: str, **how: Any) -> urllib3.BaseHTTPResponse:
    return POOL.request(method, url, retries=False, **how)


@pytest.fixture(autouse=True, scope="module")
def _no_socket_is_left() -> Iterator[None]:
    yield
    POOL.clear()


class TwoFamilies(RuleBasedStateMachine):
    backups = Bundle("backups")

    @initialize()
    def begin(self) -> None:
        if MOCK._thread is None:
            MOCK.__enter__()
        self.project = MOCK.project("eu-de_two_families")  # always the same, so that ids are
        self.v1, self.v3 = self.project.v1_url, f"{self.project.url}/v3/{self.project.id}"
        self.instances = self.project.instances
        self.begun: dict[str, dict[str, str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "project"):
            errors = list(self.project.errors)
            self.project.forget()
            assert errors == []

    @rule(target=backups, family=FAMILIES, instance=INSTANCES, name=NAMES)
    def create(self, family: str, instance: int, name: str) -> Any:
        made = self.instances[instance]
        if family == "v1":
            body: dict[str, Any] = {"backup": {"name": name, "instance": made.node_id}}
            answer = ask("POST", f"{self.v1}/backups", json=body)
        else:
            answer = ask("POST", f"{self.v3}/backups", json={"name": name, "instance_id": made.id})
        assert answer.status in (200, 409, 413, 400), answer.data
        if answer.status != 200:
            self.refused_alike(family, answer.json(), made, name)
            return multiple()
        return key(answer.json()["backup"]["id"])

    def refused_alike(self, family: str, body: dict[str, Any], made: Any, name: str) -> None:
        """The other family refuses the same for the same reason."""
        if family == "v1":
            other = ask("POST", f"{self.v3}/backups", json={"name": name, "instance_id": made.id}).json()
            assert SAME[body["errCode"]] == other["error_code"]
        else:
            backup = {"backup": {"name": name, "instance": made.node_id}}
            other = ask("POST", f"{self.v1}/backups", json=backup).json()
            assert SAME[other["errCode"]] == body["error_code"]

    @rule(family=FAMILIES, backup=backups)
    def delete(self, family: str, backup: str) -> None:
        url = f"{self.v1}/backups/{dashed(backup)}" if family == "v1" else f"{self.v3}/backups/{backup}br01"
        answer = ask("DELETE", url)
        assert answer.status in (200, 400, 404, 409), answer.data
        if answer.status == 200:
            again = ask("DELETE", f"{self.v3}/backups/{backup}br01")
            assert (again.status, again.json()["error_code"]) == (400, "DBS.201014")

    @rule(family=FAMILIES, backup=backups, instance=INSTANCES)
    def restore(self, family: str, backup: str, instance: int) -> None:
        made = self.instances[instance]
        if family == "v1":
            body: dict[str, Any] = {"restore": {"backupRef": dashed(backup)}}
            answer = ask("POST", f"{self.v1}/instances/{made.node_id}/action", json=body)
        else:
            source = {"type": "backup", "backup_id": backup, "instance_id": made.id}
            body = {"source": source, "target": {"instance_id": made.id}}
            answer = ask("POST", f"{self.v3}/instances/recovery", json=body)
        assert answer.status < 500, answer.data

    @rule(family=FAMILIES, instance=INSTANCES, days=st.integers(1, 5))
    def keep(self, family: str, instance: int, days: int) -> None:
        made = self.instances[instance]
        if family == "v1":
            policy: dict[str, Any] = {"policy": {"keepday": days, "starttime": "03:00:00"}}
            ask("PUT", f"{self.v1}/instances/{made.node_id}/backups/policy", json=policy)
        else:
            policy = {"backup_policy": {"keep_days": days, "start_time": "03:00-04:00", "period": "1,2,3"}}
            ask("PUT", f"{self.v3}/instances/{made.id}/backups/policy", json=policy)

    @rule(seconds=st.sampled_from([1, 2, 3, 60, 3600, 86400, 604800]))
    def wait(self, seconds: int) -> None:
        self.project.clock.advance(seconds)

    @invariant()
    def lists_agree(self) -> None:
        if not hasattr(self, "project"):
            return
        old = ask("GET", f"{self.v1}/backups").json()["backups"]
        new = []
        for made in self.instances:
            query = {"instance_id": made.id, "backup_type": "manual"}
            listed = ask("GET", f"{self.v3}/backups", fields=query).json()
            assert listed["total_count"] == len(listed["backups"])
            new += listed["backups"]
        nodes = {made.id: made.node_id for made in self.instances}
        assert sorted(told_by_v1(row) for row in old) == sorted(told_by_v3(row, nodes) for row in new)

    @invariant()
    def policies_and_instances_agree(self) -> None:
        if not hasattr(self, "project"):
            return
        listed = {row["id"]: row for row in ask("GET", f"{self.v3}/instances").json()["instances"]}
        for made in self.instances:
            old = ask("GET", f"{self.v1}/instances/{made.node_id}/backups/policy").json()["policy"]
            new = ask("GET", f"{self.v3}/instances/{made.id}/backups/policy").json()["backup_policy"]
            assert (old["keepday"], old["starttime"][:5]) == (new["keep_days"], new["start_time"][:5])
            status = ask("GET", f"{self.v1}/instances/{made.node_id}").json()["instance"]["status"]
            assert listed[made.id]["status"] in (status, "BACKING UP")

    @invariant()
    def automated_backups_are_kept_as_long_as_the_policy_says(self) -> None:
        """Each for the days of the policy; besides these only the last full one, while there is no younger one."""
        if not hasattr(self, "project"):
            return
        for made in self.instances:
            kept_since = written(self.project.clock.now() - made.policy.keep_days * 86400)
            rows = [row for kind in ("auto", "fragment") for row in self.automated(made.id, kind)]
            begun = {row["id"]: row["begin_time"] for row in rows}
            gone = self.begun.get(made.id, {}).keys() - begun.keys()
            assert all(self.begun[made.id][backup_id] <= kept_since for backup_id in gone)
            self.begun[made.id] = begun
            old = [row for row in rows if row["begin_time"] < kept_since]
            if old:
                full = [row["id"] for row in rows if row["type"] == "auto"]
                assert [row["id"] for row in old] == full

    def automated(self, instance_id: str, kind: str) -> list[dict[str, Any]]:
        query = {"instance_id": instance_id, "backup_type": kind}
        body = ask("GET", f"{self.v3}/backups", fields=query).json()
        assert body["total_count"] == len(body["backups"])
        rows: list[dict[str, Any]] = body["backups"]
        return rows


def written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def key(backup_id: str) -> str:
    return backup_id.replace("-", "")[:32]


def dashed(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def told_by_v1(row: dict[str, Any]) -> tuple[Any, ...]:
    size = round(row["size"] * 1_000_000)
    return key(row["id"]), row["name"], row["status"], row["instance_id"], row["created"], row["updated"] or "", size


def told_by_v3(row: dict[str, Any], nodes: dict[str, str]) -> tuple[Any, ...]:
    times = [(row[name] or "").removesuffix("+0000") for name in ("begin_time", "end_time")]
    return key(row["id"]), row["name"], row["status"], nodes[row["instance_id"]], *times, row["size"] or 0


# while Hypothesis makes a failing example smaller, which takes it up to five minutes, a time limit would be
# one more failure, that no steps bring again
TestTwoFamilies = pytest.mark.timeout(0)(TwoFamilies.TestCase)
TestTwoFamilies.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
