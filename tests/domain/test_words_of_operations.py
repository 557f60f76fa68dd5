"""The world's methods have the words that the API reference has for its operations."""

from __future__ import annotations

import dis
import inspect
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Final

import pytest

from mockrds.api import network, trove, v1, v3  # noqa: F401  (their functions register themselves)
from mockrds.api.operation import SERVED
from mockrds.domain.operations import OPERATIONS
from mockrds.domain.world import World
from mockrds.domain.world.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

FAMILIES: Final = ("v1", "v3", "v3.1", "trove")
METHODS: Final = frozenset(name for name, _ in inspect.getmembers(World, inspect.isfunction) if name[0] != "_")
TOOLS: Final = frozenset(dir(State)) | {
    "back_up", "expire_backups", "increment", "increments", "find_backup", "find_increment", "find_restorable",
    "plan_backups", "schedule_first_backup",
    "change", "change_in_window", "check_free_address", "describe_creation", "find_changeable", "update",
}  # fmt: skip
"""What operations are made of."""

NOTHING_KEPT = "nothing is kept for it: it reads what never changes"
PART_OF_INSTANCE = "it shows a part of the instance"
AS_V3 = "the world has the word of API v3"

OTHERWISE: Final[dict[str, tuple[frozenset[str], str]]] = {
    operation: (frozenset(methods.split()), reason)
    for reason, operations in {
        NOTHING_KEPT: {
            "trove.list_flavors": "",
            "trove.get_flavor": "",
            "trove.get_instance_default_configuration": "get_instance",
            "trove.list_datastore_parameters": "",
            "trove.get_datastore_parameter": "",
            "v1.list_datastore_versions": "",
            "v1.list_flavors": "",
            "v1.get_flavor": "",
            "v1.list_datastore_parameters": "",
            "v1.get_datastore_parameter": "",
            "v1.list_error_logs": "get_instance",
            "v1.list_slow_logs": "get_instance",
            "v3.list_datastore_versions": "",
            "v3.list_flavors": "",
            "v3.list_storage_types": "",
            "v3.list_collations": "",
            "v3.get_diagnosis_counts": "",
            "v3.get_diagnosis_info": "",
            "v3.list_error_logs": "get_instance",
            "v3.list_slow_logs": "get_instance",
            "v3.list_slow_log_files": "get_instance",
            "v3.list_audit_logs": "get_instance",
            "v3.get_slow_log_statistics": "get_instance",
            "v3.1.get_slow_log_statistics": "get_instance",
            "v3.set_slow_log_sensitization": "get_instance",
            "v3.list_major_version_targets": "get_instance",
            "v3.get_ssl_cert_link": "",
            "v3.list_proxy_flavors": "list_proxies",
            "v3.list_quotas": "",
        },
        PART_OF_INSTANCE: {
            "v3.get_storage_usage": "get_instance",
            "v3.get_replication_status": "get_instance",
            "v3.get_disk_autoscaling": "get_instance",
            "v3.get_private_domain": "get_instance",
            "v3.get_tde_status": "get_instance",
            "v3.list_msdtc_hosts": "get_instance",
        },
        AS_V3: {
            "v1.set_instance_parameters": "set_instance_configuration",
            "v1.add_instance_tag": "add_instance_tags",
            "v1.delete_instance_tag": "delete_instance_tags",
            "trove.patch_configuration": "update_configuration",
            "trove.replace_configuration": "update_configuration",
        },
        "a body says which of two operations is meant": {
            "v1.bind_unbind_eip": "bind_eip unbind_eip",
            "v3.bind_unbind_eip": "bind_eip unbind_eip",
        },
        "it is one backup after the other": {"v3.batch_delete_manual_backups": "delete_manual_backup"},
        "a template knows where it was applied": {"v3.list_configuration_apply_histories": "get_configuration"},
        "the parameter is one of the instance's": {"v3.get_instance_parameter": "get_instance_configuration"},
    }.items()
    for operation, methods in operations.items()
}
"""The operations for which the world has no method of their name: what they call instead, and why."""

NO_OPERATIONS: Final = {
    "bind_eip": "half of bind_unbind_eip",
    "unbind_eip": "half of bind_unbind_eip",
    "create_read_replica": "create_instance with an instance to follow",
    "named_id": "ids that follow from names",
    "switch_off_sql_limits": "switch_sql_limit for all at once",
    "configuration_of": "details of an instance name its template",
    "add_backup_from_template": "how a world begins",
    "add_from_template": "how a world begins",
    "look_at_backups": "what a client saw",
    "look_at_instances": "what a client saw",
    "look_at_jobs": "what a client saw",
}
"""The world's methods that no operation is called like."""


def word(operation: str) -> str:
    return operation.rpartition(".")[2]


def instructions(code: CodeType) -> Iterator[dis.Instruction]:
    yield from dis.get_instructions(code)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from instructions(constant)


def methods_called(function: FunctionType, seen: set[FunctionType]) -> set[str]:
    """Return the methods of the world that *function* calls, itself or by functions of the API that it calls."""
    seen.add(function)
    called = set()
    for instruction in instructions(function.__code__):
        if instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and instruction.argval in METHODS - TOOLS:
            called.add(instruction.argval)
        helper = function.__globals__.get(instruction.argval) if instruction.opname == "LOAD_GLOBAL" else None
        if isinstance(helper, FunctionType) and helper.__module__.startswith("mockrds.api.") and helper not in seen:
            called |= methods_called(helper, seen)
    return called


@pytest.mark.parametrize("operation", [operation for operation in SERVED if operation.rpartition(".")[0] in FAMILIES])
def test_an_operation_calls_the_method_of_its_name(operation: str) -> None:
    function = inspect.unwrap(SERVED[operation].handle)
    assert isinstance(function, FunctionType)

    called = methods_called(function, set())

    if operation in OTHERWISE:
        assert word(operation) not in called, f"{operation} is no exception any more"
        assert called >= OTHERWISE[operation][0]
    else:
        assert word(operation) in called


def test_the_worlds_methods_are_operations() -> None:
    words = {word(operation) for operation in (*OPERATIONS, *network.OPERATIONS)}

    assert METHODS - TOOLS - words == NO_OPERATIONS.keys()


def test_exceptions_are_served() -> None:
    assert OTHERWISE.keys() <= SERVED.keys()
