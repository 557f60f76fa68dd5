"""The JSON schemas of what the control API is sent and what it answers, by name.

Scenarios, faults and worlds have schemas of their own, which ``openapi.py`` adds.
"""

from __future__ import annotations

import typing
from typing import Any, Final

from mockrds.domain.clock import Mode
from mockrds.domain.models import BackupStatus, BackupType, InstanceStatus
from mockrds.domain.world_template import Outcome
from mockrds.project_state import Auth
from mockrds.simulator import PROJECT_ID, PROJECT_NAME
from mockrds.verdict.kinds import BackoffKind, FindingKind, Outcome as Got, Severity

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
NUMBER: Final[Schema] = {"type": "number"}


def about(schema: Schema, description: str) -> Schema:
    """Give *schema* with a description."""
    return {**schema, "description": description}


def ref(name: str) -> Schema:
    """Refer to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _by_name(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _or_null(schema: Schema) -> Schema:
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]} | (
        {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    )


def _one_of(literal: object) -> Schema:
    return {"type": "string", "enum": list(typing.get_args(literal))}


def _answer(**properties: Schema) -> Schema:
    return _request(*properties, **properties)


def _request(*required: str, **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": list(required)} if required else {})


_TIME: Final = about(TEXT, "Such as 2026-01-31T22:00:00.000000Z.")
_SECONDS: Final = about(NUMBER, "Seconds since 1970.")
_RESOURCE: Final = about(TEXT, "The id of a backup, an instance or a node.")
_PROJECT: Final[dict[str, Schema]] = {
    "id": TEXT,
    "name": TEXT,
    "seed": {"type": "integer"},
    "auth": about(_one_of(Auth), "How the project looks at credentials."),
    "scenario": about(TEXT, "The name of the scenario in force."),
    "replay": about(TEXT, "The token with which a server begins as this project began."),
    "token": about(TEXT, "A fresh one, for X-Auth-Token."),
}
_NUMBER_OR_NULL: Final = _or_null(NUMBER)
_OPERATION: Final = about(TEXT, "An operation, with or without its family.")

SCHEMAS: Final[dict[str, Schema]] = {
    "Error": _answer(error=about(TEXT, "What is wrong and what to do.")),
    "Nothing": _answer(),
    "Status": _answer(status={"const": "ok"}),
    "Version": _answer(name=TEXT, version=TEXT),
    "Document": about({"type": "object"}, "An OpenAPI document."),
    # Projects
    "Project": _answer(**_PROJECT),
    "Projects": _answer(projects=_list(_answer(id=TEXT, name=TEXT))),
    "NewProject": _request(
        name=about({**TEXT, "pattern": PROJECT_NAME.pattern}, "What clients authenticate with; absent: made up."),
        id=about({**TEXT, "pattern": PROJECT_ID.pattern}, "Absent: follows from the name."),
        scenario=about(
            {"anyOf": [ref("Scenario"), TEXT]}, "A document, or a name of the library; absent: the server's."
        ),
        seed=about({"type": "integer"}, "Absent: the scenario's, or the server's."),
        clock=about(ref("NewClock"), "Absent: the scenario's, or the server's."),
        auth=about(_one_of(Auth), "How it looks at credentials; absent: as the server does."),
    ),
    "Forgotten": _answer(id=TEXT, name=TEXT, replay=_PROJECT["replay"]),
    "State": _answer(
        **_PROJECT,
        clock=ref("Clock"),
        quotas=_answer(manual_backups=_or_null(COUNT), instances=_or_null(COUNT)),
        instances=_list(ref("Instance")),
        backups=_list(ref("Backup")),
        gone=about(_list(ref("Instance")), "The instances that are gone, but of which backups or replicas are left."),
        routers=about(
            _list(_answer(id=TEXT, name=TEXT, gateway=about(_or_null({"type": "object"}), "The way out."))), "The VPCs."
        ),
        networks=about(
            _list(_answer(id=TEXT, name=TEXT, external={"type": "boolean"})),
            "What instances and the cloud call subnets, and the network outside.",
        ),
        subnets=about(
            _list(
                _answer(
                    id=TEXT,
                    name=TEXT,
                    network_id=TEXT,
                    cidr=TEXT,
                    gateway_ip=_or_null(TEXT),
                    dns=_list(TEXT),
                    router_id=about(TEXT, "Where it is attached; empty: nowhere."),
                    port_id=about(TEXT, "The port of that router, if a client attached it."),
                )
            ),
            "The addresses in the networks.",
        ),
        security_groups=_list(_answer(id=TEXT, name=TEXT, description=TEXT)),
        public_ips=about(
            _list(
                _answer(
                    id=TEXT,
                    address=TEXT,
                    type=TEXT,
                    created=_TIME,
                    bandwidth_id=TEXT,
                    bandwidth_name=TEXT,
                    bandwidth_size={"type": "integer"},
                    bandwidth_share_type=TEXT,
                    port_id=about(_or_null(TEXT), "The port that it is bound to."),
                )
            ),
            "The elastic IPs.",
        ),
    ),
    "Instance": _answer(
        id=TEXT,
        name=TEXT,
        status=_one_of(InstanceStatus),
        datastore=_answer(type=TEXT, version=TEXT),
        node_id=about(TEXT, "The primary node, which API v1 calls the instance."),
        standby_node_id=_or_null(TEXT),
        replica_of=about(_or_null(TEXT), "The id of the DB instance that a read replica follows."),
        nodes=_list(_answer(id=TEXT, name=TEXT, role=TEXT, availability_zone=TEXT)),
        replication_mode=_or_null(TEXT),
        flavor_id=TEXT,
        volume_type=TEXT,
        volume_gb=COUNT,
        region=TEXT,
        vpc_id=TEXT,
        subnet_id=TEXT,
        security_group_id=TEXT,
        port=COUNT,
        host=TEXT,
        created=_TIME,
        updated=about(_or_null(TEXT), "When it was changed last; null: not since it was made."),
        policy=_answer(keep_days=COUNT, start_time=TEXT, period=_list(COUNT)),
        tags=_by_name(TEXT),
        jobs=about(_list(TEXT), "The jobs that made it."),
        alias=TEXT,
        ssl={"type": "boolean"},
        maintenance_window=TEXT,
        failover_strategy=TEXT,
        public_ip=TEXT,
        dns_name=TEXT,
        encrypted={"type": "boolean"},
        settings=_answer(time_zone=TEXT, collation=TEXT, disk_encryption_id=TEXT, configuration_id=TEXT),
        autoscaling=_answer(enabled={"type": "boolean"}, limit_gb=_or_null(COUNT), threshold=_or_null(COUNT)),
        hosts=_list(_answer(id=TEXT, name=TEXT, address=TEXT)),
        activity=_or_null(ref("Activity")),
        hidden=about(_or_null(ref("Activity")), "The time at first in which clients do not see it."),
    ),
    "Backup": _answer(
        id=TEXT,
        name=TEXT,
        description=TEXT,
        type=_one_of(BackupType),
        databases=_list(TEXT),
        status=_one_of(BackupStatus),
        instance_id=TEXT,
        node_id=TEXT,
        created=_TIME,
        ends=about(_or_null(NUMBER), "When it is no longer BUILDING; null: when told, or after looks."),
        outcome=_one_of(Outcome),
        reason=TEXT,
        job_id=TEXT,
        looks=_or_null(COUNT),
        deletion=_or_null(ref("Activity")),
        hidden=about(_or_null(ref("Activity")), "The time at first in which clients do not see it."),
    ),
    "Activity": _answer(
        status=about(TEXT, "What is shown meanwhile."),
        began=_or_null(_SECONDS),
        ends=about(_or_null(NUMBER), "Seconds since 1970; null: when told, or after looks."),
        looks=about(_or_null({"type": "integer"}), "How often a client still sees it unfinished."),
        failed={"type": "boolean"},
    ),
    "InForce": _answer(
        name=TEXT, description=TEXT, document=about(ref("Scenario"), "All that was said, as one document.")
    ),
    "Finish": _request("id", id=_RESOURCE, outcome=about(_or_null(_one_of(Outcome)), "How a BUILDING backup ends.")),
    "SetStatus": _request(
        "id",
        "status",
        id=about(TEXT, "The id of an instance or a node."),
        status=_one_of(InstanceStatus),
        seconds=about(_or_null({"type": "number", "minimum": 0}), "How long; absent: until told otherwise."),
    ),
    # Clock
    "Clock": _answer(
        mode=_one_of(Mode),
        at=about(_or_null(TEXT), "Where it started; null: at the time of then."),
        by=about(NUMBER, "The speed of a scaled clock."),
        now=_TIME,
        seconds=about(NUMBER, "The same as now, in seconds since 1970."),
        advanced=about(NUMBER, "By how many seconds it was advanced so far, in all."),
    ),
    "NewClock": _request(
        mode=_one_of(Mode),
        at=about(_or_null(TEXT), "A time such as 2026-01-31T22:00:00Z; absent: now."),
        by=about(NUMBER, "The speed of a scaled clock."),
    ),
    "Advance": _request("by", by=about({"type": ["string", "number"]}, 'A duration such as "6h", or seconds.')),
    # Faults
    "ArmedRule": _answer(
        id=COUNT,
        name=TEXT,
        source=about(TEXT, "Where it stands, or was armed."),
        from_scenario=about({"type": "boolean"}, "Whether it came with the scenario, and was not armed since."),
        by_chance=about({"type": "boolean"}, "Whether it fires by chance, so that it may never fire."),
        operation=about({"type": ["string", "array"], "items": TEXT}, "The operations that it is about."),
        calls=about(COUNT, "How many calls it was about."),
        fired=about(COUNT, "How many of them it changed."),
        consumed=about(COUNT, "How many steps of its sequence were taken."),
        completed=about({"type": "boolean"}, "Whether it did all that it was armed for."),
        steps=about(_list(_answer(step={}, done={"type": "boolean"})), "Its sequence; empty without one."),
        rule=about(ref("Rule"), "The fault as a scenario would write it."),
    ),
    "Faults": _answer(faults=_list(ref("ArmedRule"))),
    # Journal
    "Entry": _answer(
        number=COUNT,
        operation=TEXT,
        method=TEXT,
        path=TEXT,
        headers=_by_name(TEXT),
        body=TEXT,
        arrived=_SECONDS,
        finished=_or_null(_SECONDS),
        status=_or_null(COUNT),
        request_id=TEXT,
        response=TEXT,
        error=_or_null(TEXT),
        hint=TEXT,
        fault=_or_null(TEXT),
        backup_ids=_list(TEXT),
        decision=_list({"type": "object"}),
        connection=_or_null(_list({})),
        reused={"type": "boolean"},
        sent=COUNT,
        first_byte=_or_null(NUMBER),
        last_byte=_or_null(NUMBER),
        ended=TEXT,
        began=about(NUMBER, "Seconds of the client's time: real time and what the clock was advanced by."),
        advanced=about(NUMBER, "By how many seconds the clock had been advanced when it arrived."),
        done=about(_or_null(NUMBER), "When the answer was out, on the same time; null while it is under way."),
        retry_after=about(_or_null(NUMBER), "The seconds that Retry-After request for."),
        damaged=about({"type": "boolean"}, "Whether a fault damaged the answer, or cut it short."),
    ),
    "Journal": _answer(
        total=about(COUNT, "How many requests there were."),
        count=about(COUNT, "How many of those that are kept fit the filters."),
        entries=_list(ref("Entry")),
    ),
    "Question": _request(
        operation=_OPERATION,
        match=about(ref("Match"), "Count only the calls that fit it."),
        times=about(COUNT, "Exactly so often."),
        at_least=COUNT,
        at_most=COUNT,
        order=about(_list(_OPERATION), "Instead of all others: these were called in this order."),
    ),
    "Verdict": _answer(
        verified={"type": "boolean"},
        count=about(COUNT, "How many calls there were, or how many of the order were made."),
        message=about(TEXT, "What is not as asked; empty if all is."),
        near_misses=about(
            _list(_answer(number=COUNT, mismatches=_list(TEXT))), "The calls that do not fit the match, nearest first."
        ),
    ),
    "Records": _answer(
        mockrds=about(TEXT, "The version of mockrds."),
        records=about(_list({"type": "object"}), "What happened, one record a project."),
    ),
    "Backoff": _answer(
        kind=_one_of(BackoffKind),
        base=about(_NUMBER_OR_NULL, "The first wait in seconds; of jittered waits the shortest."),
        step=about(_NUMBER_OR_NULL, "How many seconds linear waits grow by."),
        factor=about(_NUMBER_OR_NULL, "What exponential waits are multiplied by each time."),
        cap=about(_NUMBER_OR_NULL, "Where they stop growing, in seconds."),
        longest=_NUMBER_OR_NULL,
        waits=_list(NUMBER),
    ),
    "ClientVerdict": _answer(
        operations=about(
            _list(
                _answer(
                    operation=TEXT,
                    target=TEXT,
                    attempts=_list(
                        _answer(
                            number=COUNT,
                            outcome=_one_of(Got),
                            wait=about(_NUMBER_OR_NULL, "Seconds since the attempt before was over."),
                            silent=about({"type": "boolean"}, "Whether the HTTP stack repeated it by itself."),
                            retryable={"type": "boolean"},
                        )
                    ),
                    succeeded={"type": "boolean"},
                    gave_up={"type": "boolean"},
                    body_changed={"type": "boolean"},
                    backup_ids=_list(TEXT),
                    backoff=ref("Backoff"),
                )
            ),
            "What the client wanted, each with the calls that it took.",
        ),
        backoff=about(ref("Backoff"), "All operations together."),
        polling=_list(
            _answer(
                operation=TEXT,
                target=TEXT,
                count=COUNT,
                shortest=_NUMBER_OR_NULL,
                median=_NUMBER_OR_NULL,
                longest=_NUMBER_OR_NULL,
                after_end=about(COUNT, "How many came after the end had been shown."),
                backoff=ref("Backoff"),
            )
        ),
        backups=about(
            _list(_answer(id=TEXT, name=TEXT, made_by=COUNT, seen_end_by=_or_null(COUNT), deleted_by=_or_null(COUNT))),
            "The backups that the client made, with numbers of calls.",
        ),
        duplicates=_list(_list(TEXT)),
        orphans=_list(TEXT),
        connections=_answer(opened=COUNT, requests=COUNT, reused=COUNT),
        errors_met=_by_name(COUNT),
        findings=_list(
            _answer(kind=_one_of(FindingKind), severity=_one_of(Severity), message=TEXT, entries=_list(COUNT))
        ),
    ),
    "Report": _answer(
        replay=_PROJECT["replay"],
        total=COUNT,
        calls=about(
            _by_name(_answer(total=COUNT, outcomes=_by_name(COUNT))),
            "By operation: how often it was called, and by status what came of the calls that are kept.",
        ),
        errors=about(_by_name(COUNT), "By error code: how many of the kept answers had it."),
        faults=_answer(fired=_list(ref("ArmedRule")), unused=_list(ref("ArmedRule"))),
        backups=about(_by_name(COUNT), "By status: how many there are."),
        in_flight=about(COUNT, "How many requests wait for their answer."),
        internal_errors=about(_list(TEXT), "Errors inside the mock itself, as tracebacks."),
        verdict=about(ref("ClientVerdict"), "What the calls that are kept tell of the client."),
    ),
}
