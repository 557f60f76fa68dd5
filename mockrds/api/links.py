"""What leads from one operation to another: the links of the OpenAPI documents.

They name what a life cycle needs: a thing that is made can be listed, told and deleted by the id that the answer
has. Tools that make sequences of calls from a document follow them.
"""

from __future__ import annotations

from typing import Any, Final

_V1_BACKUPS: Final = "$response.body#/backups/0/id"
_V1_INSTANCE: Final = {"instanceId": "$response.body#/instance/id"}
_V1_FIRST: Final = {"instanceId": "$response.body#/instances/0/id"}
_INSTANCE: Final = {"instance_id": "$response.body#/instance/id"}
_FIRST: Final = {"instance_id": "$response.body#/instances/0/id"}
_BACKUP: Final = {"backup_id": "$response.body#/backup/id"}
_CONFIGURATION: Final = {"config_id": "$response.body#/configuration/id"}
_TROVE_INSTANCE: Final = {"instanceId": "$response.body#/instance/id"}
_TROVE_CONFIGURATION: Final = {"id": "$response.body#/configuration/id"}
_KEY: Final = "$request.body#/tag/key"
_FIRST_TAG: Final = {"key": "$response.body#/tags/0/key", "value": "$response.body#/tags/0/value"}

LINKS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "v1.create_manual_backup": {
        "v1.list_manual_backups": {},
        "v1.delete_manual_backup": {"backupId": "$response.body#/backup/id"},
    },
    "v1.list_manual_backups": {
        "v1.delete_manual_backup": {"backupId": _V1_BACKUPS},
        "v1.restore_to_original": {
            "instanceId": "$response.body#/backups/0/instance_id",
            "body": {"restore": {"backupRef": _V1_BACKUPS}},
        },
    },
    "v1.list_instances": {
        "v1.create_manual_backup": {"body": {"backup": {"name": "linked", "instance": _V1_FIRST["instanceId"]}}},
        "v1.get_instance": _V1_FIRST,
        "v1.get_backup_policy": _V1_FIRST,
        "v1.set_backup_policy": _V1_FIRST,
        "v1.add_instance_tag": _V1_FIRST,
        "v1.delete_instance": _V1_FIRST,
    },
    "v1.create_instance": {
        "v1.list_instances": {},
        "v1.get_instance": _V1_INSTANCE,
        "v1.delete_instance": _V1_INSTANCE,
    },
    "v1.set_backup_policy": {"v1.get_backup_policy": {}},
    "v1.add_instance_tag": {"v1.list_instance_tags": {}, "v1.delete_instance_tag": {"body": {"key": _KEY}}},
    "v1.list_instance_tags": {"v1.delete_instance_tag": {"body": {"key": _FIRST_TAG["key"]}}},
    "v3.create_manual_backup": {
        "v3.list_backups": _BACKUP,
        "v3.get_backup_download_links": _BACKUP,
        "v3.delete_manual_backup": _BACKUP,
    },
    "v3.list_backups": {"v3.delete_manual_backup": {"backup_id": _V1_BACKUPS}},
    "v3.list_instances": {
        "v3.create_manual_backup": {"body": {"name": "linked", **_FIRST}},
        "v3.list_backups": _FIRST,
        "v3.get_backup_policy": _FIRST,
        "v3.set_backup_policy": _FIRST,
        "v3.add_instance_tags": _FIRST,
        "v3.restart_instance": {**_FIRST, "body": {"restart": {}}},
        "v3.delete_instance": _FIRST,
    },
    "v3.create_instance": {
        "v3.list_instances": {"id": _INSTANCE["instance_id"]},
        "v3.get_job": {"id": "$response.body#/job_id"},
        "v3.delete_instance": _INSTANCE,
    },
    "v3.set_backup_policy": {"v3.get_backup_policy": {}},
    "v3.add_instance_tags": {"v3.list_instance_tags": {}, "v3.list_project_tags": {}},
    "v3.list_instance_tags": {"v3.delete_instance_tags": {"body": {"action": "delete", "tags": [_FIRST_TAG]}}},
    "v3.create_configuration": {
        "v3.list_configurations": {},
        "v3.get_configuration": _CONFIGURATION,
        "v3.update_configuration": _CONFIGURATION,
        "v3.copy_configuration": _CONFIGURATION,
        "v3.delete_configuration": _CONFIGURATION,
    },
    "v3.copy_configuration": {"v3.delete_configuration": {"config_id": "$response.body#/id"}},
    "trove.create_instance": {
        "trove.list_instances": {},
        "trove.get_instance": _TROVE_INSTANCE,
        "trove.delete_instance": _TROVE_INSTANCE,
    },
    "trove.create_configuration": {
        "trove.list_configurations": {},
        "trove.get_configuration": _TROVE_CONFIGURATION,
        "trove.patch_configuration": _TROVE_CONFIGURATION,
        "trove.delete_configuration": _TROVE_CONFIGURATION,
    },
    "iam.create_token": {
        "iam.get_token": {"X-Subject-Token": "$response.header.X-Subject-Token"},
        "iam.verify_token": {"X-Subject-Token": "$response.header.X-Subject-Token"},
    },
}
"""For each operation those that it leads to, with the parameters (and ``body``) that they take from it.

Parts of the path that both have are the same in both, and need no word here.
"""

JOB: Final = ("v3.get_job", {"id": "$response.body#/job_id"})
"""Where every answer that names a task leads."""
