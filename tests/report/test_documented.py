"""Every error that the table has for an operation is one that the world answers it with, and the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockrds.report.coverage import Coverage, met
from mockrds.report.documented import GATEWAY

if TYPE_CHECKING:
    from support.api import Api, Connect

ANY = {*GATEWAY, "RDS.0005", "RDS.0010", "DBS.200005", "DBS.200010"}
"""What any operation may be answered with: about credentials, projects of others, and failures of the server."""
BUSY = ("BUILD", "RESTORING", "DELETING", "SHUTDOWN", "REBOOTING")
WORLD = {
    "instances": [
        {"name": "mysql-single", "volume_gb": 100},
        {"name": "small", "volume_gb": 40},
        {"name": "pair", "datastore": {"type": "PostgreSQL", "version": "16"}, "ha": {"replication_mode": "async"}},
        {
            "name": "sqlserver",
            "datastore": {"type": "SQLServer", "version": "2019_EE"},
            "ha": {"replication_mode": "sync"},
        },
        {"name": "replica", "replica_of": "mysql-single"},
    ],
    "quotas": {"instances": 5},
}
PARTS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
"""Of a UUID: from which digit to which."""
NOTHING = "-".join("0" * (b - a) for a, b in PARTS)
NOBODY = {"v1": "0" * 32 + "no01", "v3": "0" * 32 + "in01"}
POLICY = {
    "v1": {"keepday": 3, "starttime": "01:00"},
    "v3": {"keep_days": 3, "start_time": "01:00-02:00", "period": "1"},
}
V1_NEW = {"name": "restored", "flavorRef": "bf07a6d4-844a-4023-a776-fc5c5fb71fb4", "volume": {"size": 100}}
V3_NEW = {
    "name": "restored", "flavor_ref": "rds.mysql.c2.large", "volume": {"type": "ULTRAHIGH", "size": 100},
    "availability_zone": "eu-de-01", "password": "Abcdef-1234", "vpc_id": "1" * 8 + "-1111" * 3 + "-" + "1" * 12,
    "subnet_id": "1" * 8 + "-1111" * 3 + "-" + "1" * 12, "security_group_id": "1",
}  # fmt: skip


class Careless:
    """Asks for everything that is refused."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.project = api.project
        self.of = {instance.name: instance for instance in self.project.instances}
        self.session = api.session
        self.session.headers["X-Auth-Token"] = self.project.token

    def ask(self, method: str, url: str, body: Any = None) -> Any:
        given: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
        reply = self.session.request(method, url, timeout=30, **given)
        return reply.json() if reply.content else {}

    def everything(self, method: str, url: str, key: str, good: dict[str, Any], changes: list[dict[str, Any]]) -> None:
        """Send bodies that are none, then the good one with each of *changes*."""
        bodies: tuple[Any, ...] = (b"", b"{", {key.title(): {}}, {})
        for body in bodies:
            self.ask(method, url, body)
        for change in changes:
            merged = good | change
            self.ask(method, url, {key: merged} if key else merged)

    def while_busy(self, method: str, url: str, body: Any) -> None:
        instance = self.of["mysql-single"]
        for status in BUSY:
            self.project.set_status(instance.id, status)
            self.ask(method, url, body)
        self.project.set_status(instance.id, "ACTIVE")

    def v1(self) -> None:
        url, instance = self.project.v1_url, self.of["mysql-single"]
        backup = {"name": "nightly", "instance": instance.node_id}
        standby = self.of["pair"].nodes[1].id
        wrong = [{"instance": NOBODY["v1"]}, {"instance": standby}, {"name": "1"}, {"description": "<"}]
        self.everything("POST", f"{url}/backups", "backup", backup, wrong)
        self.while_busy("POST", f"{url}/backups", {"backup": backup})
        key = self.ask("POST", f"{url}/backups", {"backup": backup})["backup"]["id"]
        self.ask("POST", f"{url}/backups", {"backup": backup | {"name": "another"}})
        restore = f"{url}/instances/{instance.node_id}/action"
        self.ask("POST", restore, {"restore": {"backupRef": key}})
        self.ask("POST", f"{url}/instances", {"instance": V1_NEW | {"restorePoint": {"backupRef": key}}})
        self.ask("DELETE", f"{url}/backups/{key}")
        self.project.clock.advance("1h")
        self.ask("POST", f"{url}/backups", {"backup": backup})
        self.project.faults.add(operation="create_manual_backup", quota=0, times=1)
        self.ask("POST", f"{url}/backups", {"backup": backup | {"name": "another"}})
        self.ask("GET", f"{url}/backups")

        for node in (NOBODY["v1"], standby):
            self.ask("GET", f"{url}/instances/{node}/backups/policy")
            self.ask("PUT", f"{url}/instances/{node}/backups/policy", {"policy": POLICY["v1"]})
            self.ask("POST", f"{url}/instances/{node}/action", {"restore": {"backupRef": key}})
        policy = f"{url}/instances/{instance.node_id}/backups/policy"
        self.everything("PUT", policy, "policy", POLICY["v1"], [{"keepday": 999}, {"starttime": "x"}, {"keepday": "x"}])
        self.while_busy("PUT", policy, {"policy": POLICY["v1"]})

        points: list[dict[str, Any]] = [{"backupRef": "x"}, {"restoreTime": 1}, {}]
        self.everything("POST", restore, "restore", {}, [*points, {"BackupRef": "x"}])
        self.while_busy("POST", restore, {"restore": {"backupRef": key}})
        self.ask("POST", f"{url}/instances/{self.of['sqlserver'].node_id}/action", {"restore": {"backupRef": key}})

        at: dict[str, Any] = {"restoreTime": 1, "sourceInstanceId": instance.node_id}
        new = V1_NEW | {"restorePoint": {"backupRef": key}}
        changes: list[dict[str, Any]] = [
            {"name": "1"}, {"flavorRef": "x"}, {"flavorRef": NOTHING}, {"volume": {"size": 1}},
            {"volume": {"size": 105}}, {"volume": {"size": 50}}, {"ha": {"enable": True, "replicationMode": "x"}},
            {"restorePoint": {}}, {"restorePoint": {"backupRef": "x"}}, {"restorePoint": at}, {"Volume": {}},
            {"restorePoint": at | {"sourceInstanceId": "x"}},
            {"restorePoint": {"backupRef": self.backup("sqlserver")}}, {},
        ]  # fmt: skip
        for change in changes:
            self.ask("POST", f"{url}/instances", {"instance": new | change})
        automated = self.automated()
        self.ask("DELETE", f"{url}/backups/{'-'.join(automated[a:b] for a, b in PARTS)}")
        self.ask("GET", f"{url}/instances")
        self.ask("GET", f"{url}/instances/{NOBODY['v1']}")
        self.leave("v1", key, new, restore, {"restore": {"backupRef": key}})

    def backup(self, name: str) -> str:
        """Make a backup of an instance, and let it complete."""
        body = {"backup": {"name": f"of-{name}", "instance": self.of[name].node_id}}
        made = self.ask("POST", f"{self.project.v1_url}/backups", body)
        self.project.clock.advance("1h")
        return str(made["backup"]["id"])

    def automated(self) -> str:
        """Give the id of an automated backup, in the form of API v3."""
        self.project.clock.advance("3d")
        listed = f"{self.project.v3_url}/backups?instance_id={self.of['mysql-single'].id}&backup_type=auto"
        return str(self.ask("GET", listed)["backups"][0]["id"])

    def v3(self) -> None:
        url, instance = self.project.v3_url, self.of["mysql-single"]
        replica, pair, sqlserver = (self.of[name].id for name in ("replica", "pair", "sqlserver"))
        backups = f"{url}/backups"
        backup = {"instance_id": instance.id, "name": "nightly"}
        wrong: list[dict[str, Any]] = [
            {"instance_id": "x"}, {"instance_id": NOBODY["v3"]}, {"instance_id": replica}, {"name": "1"},
            {"description": "<"}, {"Name": "x"},
        ]  # fmt: skip
        self.everything("POST", backups, "", backup, wrong)
        self.while_busy("POST", backups, backup)
        key = self.ask("POST", backups, backup)["backup"]["id"]
        self.ask("POST", backups, backup | {"name": "another"})
        source = {"instance_id": instance.id, "type": "backup", "backup_id": key}
        restore = {"source": source, "target": {"instance_id": instance.id}}
        recoveries = [f"{base}/instances/recovery" for base in (url, url.replace("/v3/", "/v3.1/"))]
        for recovery in recoveries:
            self.ask("POST", recovery, restore)
        self.ask("POST", f"{url}/instances", V3_NEW | {"restore_point": source})
        self.ask("GET", f"{url}/backup-files?backup_id={key}")
        self.ask("DELETE", f"{backups}/{key}")
        self.project.clock.advance("1h")
        self.ask("POST", backups, backup)
        self.project.faults.add(operation="create_manual_backup", quota=0, times=1)
        self.ask("POST", backups, backup | {"name": "another"})
        self.ask("GET", backups)
        self.everything("POST", f"{backups}/batch-delete", "", {}, [{"backup_ids": []}, {"Backup_ids": []}])
        self.ask("GET", f"{url}/backup-files?backup_id=x")

        for wrong_id in ("x", NOBODY["v3"], replica):
            self.ask("GET", f"{url}/instances/{wrong_id}/backups/policy")
            self.ask("GET", f"{url}/instances/{wrong_id}/restore-time")
            self.ask("PUT", f"{url}/instances/{wrong_id}/backups/policy", {"backup_policy": POLICY["v3"]})
        self.ask("GET", f"{url}/instances/{instance.id}/restore-time?date=x")
        policy = f"{url}/instances/{instance.id}/backups/policy"
        changes: list[dict[str, Any]] = [{"keep_days": 999}, {"start_time": "x"}, {"period": "9"}, {"Period": "1"}]
        self.everything("PUT", policy, "backup_policy", POLICY["v3"], changes)
        self.while_busy("PUT", policy, {"backup_policy": POLICY["v3"]})

        early: dict[str, Any] = {"type": "timestamp", "restore_time": 1}
        same = {"source": source | {"instance_id": pair}, "target": {"instance_id": pair}}
        parts: list[dict[str, Any]] = [{"instance_id": "x"}, {"backup_id": "x"}, early]
        for recovery in recoveries:
            targets = ("x", NOBODY["v3"], replica, pair, self.of["small"].id)
            wrong = [{"source": source | part} for part in parts]
            wrong += [{"target": {"instance_id": target}} for target in targets]
            self.everything("POST", recovery, "", restore, [*wrong, same, {"Source": {}}])
            self.while_busy("POST", recovery, restore)
        renamed = source | {"instance_id": sqlserver, "database_name": {"one": "two", "three": "two"}}
        self.ask("POST", recoveries[1], {"source": renamed, "target": {"instance_id": sqlserver}})

        new = V3_NEW | {"restore_point": source}
        of_sqlserver = {"instance_id": sqlserver, "backup_id": self.backup("sqlserver")}
        more: tuple[dict[str, Any], ...] = (
            {"name": "1"}, {"Name": "x"}, {"flavor_ref": None}, {"flavor_ref": "x"},
            {"flavor_ref": "rds.mysql.c2.large.ha"}, {"volume": {"type": "x", "size": 100}},
            *({"volume": {"type": "ULTRAHIGH", "size": size}} for size in (1, 50, 105)),
            {"availability_zone": "a,b"}, {"password": "x"}, {"vpc_id": "x"}, {"subnet_id": "x"},
            {"ha": {"mode": "x", "replication_mode": "async"}}, {"ha": {"mode": "Ha", "replication_mode": "x"}},
            {"backup_strategy": {"start_time": "x"}},
            {"backup_strategy": {"start_time": "01:00-02:00", "keep_days": 999}},
            *({"restore_point": source | bad} for bad in (*parts, early | {"instance_id": NOBODY["v3"]}, of_sqlserver)),
            {"restore_point": 1}, {},
        )  # fmt: skip
        for change in more:
            self.ask("POST", f"{url}/instances", new | change)
        for path in ("jobs", f"jobs?id={'0' * 32}", "instances?limit=x", "instances?datastore_type=x"):
            self.ask("GET", f"{url}/{path}")
        self.ask("DELETE", f"{backups}/{self.automated()}")
        self.leave("v3", key, new, recoveries[0], restore)
        self.ask("POST", recoveries[1], restore)

    def leave(self, family: str, key: str, new: Any, restore: str, body: Any) -> None:
        """Delete a backup, and use it while it goes."""
        url = self.project.v1_url if family == "v1" else self.project.v3_url
        for each in (key, key, "x", NOTHING):
            self.ask("DELETE", f"{url}/backups/{each}")
        self.ask("POST", restore, body)
        self.ask("POST", f"{url}/instances", {"instance": new} if family == "v1" else new)


def missing(api: Api, family: str) -> dict[str, Any]:
    rows = [row for row in Coverage(met(api.project.journal.entries())).rows if row.operation.startswith(family)]
    return {
        row.operation: (set(row.missing_errors) - ANY, row.others)
        for row in rows
        if set(row.missing_errors) - ANY or row.others
    }


def test_v1(connect: Connect) -> None:
    api = connect({"world": WORLD})
    Careless(api).v1()

    assert missing(api, "v1") == {}


def test_v3(connect: Connect) -> None:
    api = connect({"world": WORLD})
    Careless(api).v3()

    assert missing(api, "v3") == {}
