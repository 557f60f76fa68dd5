"""The operations of the API reference, by the ids that scenarios, journal and code all use.

One row an operation: id, HTTP method, path. The part before the dot names the API family. Several
operations share a path; the body of a request then says which one it means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mockrds.suggestions import suggest

if TYPE_CHECKING:
    from collections.abc import Collection


class Operation(NamedTuple):
    """One operation of the API reference."""

    id: str
    """Family and name, such as ``v1.create_manual_backup``."""
    method: str
    path: str

    @property
    def family(self) -> str:
        """The API family: v1, v3, v3.1, trove, version or iam."""
        return self.id.rpartition(".")[0]


_TABLE: Final = """
v1.create_manual_backup POST /rds/v1/{project_id}/backups
v1.delete_manual_backup DELETE /rds/v1/{project_id}/backups/{backupId}
v1.get_backup_policy GET /rds/v1/{project_id}/instances/{instanceId}/backups/policy
v1.restore_to_new_instance POST /rds/v1/{project_id}/instances
v1.restore_to_original POST /rds/v1/{project_id}/instances/{instanceId}/action
v1.list_manual_backups GET /rds/v1/{project_id}/backups
v1.set_backup_policy PUT /rds/v1/{project_id}/instances/{instanceId}/backups/policy
v1.list_datastore_versions GET /rds/v1/{project_id}/datastores/{datastore_name}/versions
v1.bind_unbind_eip POST /rds/v1/{project_id}/instances/{instanceId}/action
v1.change_instance_flavor POST /rds/v1/{project_id}/instances/{instanceId}/action
v1.resize_instance_volume POST /rds/v1/{project_id}/instances/{instanceId}/action
v1.create_instance POST /rds/v1/{project_id}/instances
v1.delete_instance DELETE /rds/v1/{project_id}/instances/{instanceId}
v1.list_instances GET /rds/v1/{project_id}/instances
v1.list_flavors GET /rds/v1/{project_id}/flavors
v1.get_instance GET /rds/v1/{project_id}/instances/{instanceId}
v1.get_flavor GET /rds/v1/{project_id}/flavors/{flavorId}
v1.restart_instance POST /rds/v1/{project_id}/instances/{instanceId}/action
v1.list_error_logs GET /rds/v1/{project_id}/instances/{instanceId}/errorlog
v1.list_slow_logs GET /rds/v1/{project_id}/instances/{instanceId}/slowlog
v1.list_datastore_parameters GET /rds/v1/{project_id}/datastores/versions/{datastore_version_id}/parameters
v1.get_datastore_parameter GET /rds/v1/{project_id}/datastores/versions/{datastore_version_id}/parameters/{parameter_name}
v1.reset_instance_parameters PUT /rds/v1/{project_id}/instances/{nodeId}/parameters/default
v1.set_instance_parameters PUT /rds/v1/{project_id}/instances/{nodeId}/parameters
v1.add_instance_tag POST /v1/{project_id}/rds/{instanceId}/tags
v1.delete_instance_tag DELETE /v1/{project_id}/rds/{instanceId}/tags
v1.list_instance_tags GET /v1/{project_id}/rds/{instanceId}/tags
v3.create_manual_backup POST /v3/{project_id}/backups
v3.delete_manual_backup DELETE /v3/{project_id}/backups/{backup_id}
v3.batch_delete_manual_backups POST /v3/{project_id}/backups/batch-delete
v3.get_backup_policy GET /v3/{project_id}/instances/{instance_id}/backups/policy
v3.list_backups GET /v3/{project_id}/backups
v3.get_backup_download_links GET /v3/{project_id}/backup-files
v3.get_restore_time_ranges GET /v3/{project_id}/instances/{instance_id}/restore-time
v3.restore_to_new_instance POST /v3/{project_id}/instances
v3.restore_to_existing_instance POST /v3/{project_id}/instances/recovery
v3.set_backup_policy PUT /v3/{project_id}/instances/{instance_id}/backups/policy
v3.set_proxy_route_mode POST /v3/{project_id}/instances/{instance_id}/proxy/{proxy_id}/route-mode
v3.disable_proxy DELETE /v3/{project_id}/instances/{instance_id}/proxy/{proxy_id}
v3.enable_proxy POST /v3/{project_id}/instances/{instance_id}/proxy/open
v3.list_proxies GET /v3/{project_id}/instances/{instance_id}/proxy-list
v3.list_proxy_flavors GET /v3/{project_id}/instances/{instance_id}/proxy/flavors
v3.change_port PUT /v3/{project_id}/instances/{instance_id}/port
v3.change_floating_ip PUT /v3/{project_id}/instances/{instance_id}/ip
v3.change_security_group PUT /v3/{project_id}/instances/{instance_id}/security-group
v3.set_ssl PUT /v3/{project_id}/instances/{instance_id}/ssl
v3.get_ssl_cert_link GET /v3/{project_id}/instances/{instance_id}/ssl-cert/download-link
v3.reset_root_password POST /v3/{project_id}/instances/{instance_id}/password
v3.add_msdtc_hosts POST /v3/{project_id}/instances/{instance_id}/msdtc/host
v3.create_private_domain POST /v3/{project_id}/instances/{instance_id}/create-dns
v3.bind_unbind_eip PUT /v3/{project_id}/instances/{instance_id}/public-ip
v3.rename_instance PUT /v3/{project_id}/instances/{instance_id}/name
v3.single_to_ha POST /v3/{project_id}/instances/{instance_id}/action
v3.change_instance_flavor POST /v3/{project_id}/instances/{instance_id}/action
v3.set_replication_mode PUT /v3/{project_id}/instances/{instance_id}/failover/mode
v3.set_instance_alias PUT /v3/{project_id}/instances/{instance_id}/alias
v3.set_failover_strategy PUT /v3/{project_id}/instances/{instance_id}/failover/strategy
v3.change_storage_type POST /v3/{project_id}/instances/{instance_id}/action
v3.set_disk_autoscaling PUT /v3/{project_id}/instances/{instance_id}/disk-auto-expansion
v3.set_maintenance_window PUT /v3/{project_id}/instances/{instance_id}/ops-window
v3.create_instance POST /v3/{project_id}/instances
v3.delete_instance DELETE /v3/{project_id}/instances/{instance_id}
v3.enable_tde PUT /v3/{project_id}/instances/{instance_id}/tde
v3.switchover PUT /v3/{project_id}/instances/{instance_id}/failover
v3.migrate_standby POST /v3/{project_id}/instances/{instance_id}/migrateslave
v3.modify_private_domain PUT /v3/{project_id}/instances/{instance_id}/modify-dns
v3.get_replication_status GET /v3/{project_id}/instances/{instance_id}/replication/status
v3.get_disk_autoscaling GET /v3/{project_id}/instances/{instance_id}/disk-auto-expansion
v3.list_resize_flavors GET /v3/{project_id}/instances/{instance_id}/flavors-resize
v3.list_instances GET /v3/{project_id}/instances
v3.list_msdtc_hosts GET /v3/{project_id}/instances/{instance_id}/msdtc/hosts
v3.get_tde_status GET /v3/{project_id}/instances/{instance_id}/tde-status
v3.list_collations GET /v3/{project_id}/collations
v3.get_private_domain GET /v3/{project_id}/instances/{instance_id}/dns
v3.restart_instance POST /v3/{project_id}/instances/{instance_id}/action
v3.resize_instance_volume POST /v3/{project_id}/instances/{instance_id}/action
v3.start_instance POST /v3/{project_id}/instances/{instance_id}/action/startup
v3.stop_instance POST /v3/{project_id}/instances/{instance_id}/action/shutdown
v3.upgrade_minor_version POST /v3/{project_id}/instances/{instance_id}/db-upgrade
v3.create_extension POST /v3/{project_id}/instances/{instance_id}/extensions
v3.delete_extension DELETE /v3/{project_id}/instances/{instance_id}/extensions
v3.set_instance_parameter PUT /v3/{project_id}/instances/{instance_id}/parameter/{name}
v3.get_instance_parameter GET /v3/{project_id}/instances/{instance_id}/parameter/{name}
v3.list_extensions GET /v3/{project_id}/instances/{instance_id}/extensions
v3.update_extension PUT /v3/{project_id}/instances/{instance_id}/extensions
v3.get_diagnosis_counts GET /v3/{project_id}/instances/diagnosis
v3.get_diagnosis_info GET /v3/{project_id}/instances/diagnosis/info
v3.list_audit_logs GET /v3/{project_id}/instances/{instance_id}/auditlog
v3.get_error_log_links POST /v3/{project_id}/instances/{instance_id}/errorlog-download
v3.get_slow_log_links POST /v3/{project_id}/instances/{instance_id}/slowlog-download
v3.get_slow_log_statistics GET /v3/{project_id}/instances/{instance_id}/slowlog/statistics
v3.get_audit_log_links POST /v3/{project_id}/instances/{instance_id}/auditlog-links
v3.list_error_logs GET /v3/{project_id}/instances/{instance_id}/errorlog
v3.list_slow_logs GET /v3/{project_id}/instances/{instance_id}/slowlog
v3.list_slow_log_files GET /v3/{project_id}/instances/{instance_id}/slowlog-files
v3.get_audit_policy GET /v3/{project_id}/instances/{instance_id}/auditlog-policy
v3.set_audit_policy PUT /v3/{project_id}/instances/{instance_id}/auditlog-policy
v3.set_slow_log_sensitization PUT /v3/{project_id}/instances/{instance_id}/slowlog-sensitization/{status}
v3.get_job GET /v3/{project_id}/jobs
v3.list_sqlserver_task_details GET /v3/{project_id}/instances/{instance_id}/tasklist/detail
v3.list_instant_tasks GET /v3/{project_id}/tasklist
v3.list_scheduled_tasks GET /v3/{project_id}/schedule-tasks
v3.apply_configuration PUT /v3/{project_id}/configurations/{config_id}/apply
v3.create_configuration POST /v3/{project_id}/configurations
v3.delete_configuration DELETE /v3/{project_id}/configurations/{config_id}
v3.update_configuration PUT /v3/{project_id}/configurations/{config_id}
v3.set_instance_configuration PUT /v3/{project_id}/instances/{instance_id}/configurations
v3.list_configurations GET /v3/{project_id}/configurations
v3.get_configuration GET /v3/{project_id}/configurations/{config_id}
v3.get_instance_configuration GET /v3/{project_id}/instances/{instance_id}/configurations
v3.list_configuration_apply_histories GET /v3/{project_id}/configurations/{config_id}/apply-histories
v3.copy_configuration POST /v3/{project_id}/configurations/{config_id}/copy
v3.list_flavors GET /v3/{project_id}/flavors/{database_name}
v3.get_storage_usage GET /v3/{project_id}/instances/{instance_id}/storage-used-space
v3.list_storage_types GET /v3/{project_id}/storage-type/{database_name}
v3.list_datastore_versions GET /v3/{project_id}/datastores/{database_name}
v3.list_quotas GET /v3/{project_id}/quotas
v3.set_recycle_policy PUT /v3/{project_id}/instances/recycle-policy
v3.list_recycled_instances GET /v3/{project_id}/recycle-instances
v3.get_recycle_policy GET /v3/{project_id}/instances/recycle-policy
v3.create_sql_limit POST /v3/{project_id}/instances/{instance_id}/sql-limit
v3.delete_sql_limit DELETE /v3/{project_id}/instances/{instance_id}/sql-limit
v3.switch_sql_limit PUT /v3/{project_id}/instances/{instance_id}/sql-limit/switch
v3.update_sql_limit PUT /v3/{project_id}/instances/{instance_id}/sql-limit/update
v3.list_sql_limits GET /v3/{project_id}/instances/{instance_id}/sql-limit
v3.add_instance_tags POST /v3/{project_id}/instances/{instance_id}/tags/action
v3.delete_instance_tags POST /v3/{project_id}/instances/{instance_id}/tags/action
v3.list_project_tags GET /v3/{project_id}/tags
v3.list_instance_tags GET /v3/{project_id}/instances/{instance_id}/tags
v3.start_major_version_inspection POST /v3/{project_id}/instances/{instance_id}/major-version/inspection
v3.get_major_version_status GET /v3/{project_id}/instances/{instance_id}/major-version/status
v3.list_major_version_inspections GET /v3/{project_id}/instances/{instance_id}/major-version/inspection-histories
v3.list_major_version_upgrades GET /v3/{project_id}/instances/{instance_id}/major-version/upgrade-histories
v3.list_major_version_targets GET /v3/{project_id}/instances/{instance_id}/major-version/available-version
v3.upgrade_major_version POST /v3/{project_id}/instances/{instance_id}/major-version/upgrade
v3.1.get_slow_log_statistics POST /v3.1/{project_id}/instances/{instance_id}/slow-logs/statistics
v3.1.restore_to_existing_instance POST /v3.1/{project_id}/instances/recovery
trove.change_instance_flavor POST /v1.0/{project_id}/instances/{instanceId}/action
trove.resize_instance_volume POST /v1.0/{project_id}/instances/{instanceId}/action
trove.create_instance POST /v1.0/{project_id}/instances
trove.delete_instance DELETE /v1.0/{project_id}/instances/{instanceId}
trove.list_instances GET /v1.0/{project_id}/instances
trove.list_flavors GET /v1.0/{project_id}/flavors
trove.get_instance GET /v1.0/{project_id}/instances/{instanceId}
trove.get_flavor GET /v1.0/{project_id}/flavors/{flavorId}
trove.restart_instance POST /v1.0/{project_id}/instances/{instanceId}/action
trove.patch_configuration PATCH /v1.0/{project_id}/configurations/{id}
trove.create_configuration POST /v1.0/{project_id}/configurations
trove.delete_configuration DELETE /v1.0/{project_id}/configurations/{id}
trove.replace_configuration PUT /v1.0/{project_id}/configurations/{id}
trove.list_datastore_parameters GET /v1.0/{project_id}/datastores/versions/{datastore_version_id}/parameters
trove.get_configuration GET /v1.0/{project_id}/configurations/{id}
trove.list_configurations GET /v1.0/{project_id}/configurations
trove.get_instance_default_configuration GET /v1.0/{project_id}/instances/{instanceId}/configuration
trove.get_datastore_parameter GET /v1.0/{project_id}/datastores/versions/{datastore_version_id}/parameters/{parameter_name}
trove.list_configuration_instances GET /v1.0/{project_id}/configurations/{id}/instances
version.get_rds_version GET /rds/{versionId}
version.get_trove_version GET /v1.0
version.list_trove_versions GET /
version.list_rds_versions GET /rds/
iam.list_versions GET /
iam.get_version GET /v3
iam.create_token POST /v3/auth/tokens
iam.get_token GET /v3/auth/tokens
iam.verify_token HEAD /v3/auth/tokens
iam.list_catalog GET /v3/auth/catalog
iam.list_domains GET /v3/auth/domains
iam.list_auth_projects GET /v3/auth/projects
iam.list_projects GET /v3/projects
iam.get_project GET /v3/projects/{id}
iam.list_regions GET /v3/regions
"""

_NETWORK_TABLE: Final = """
compute.list_security_groups GET /v2.1/{project_id}/os-security-groups
network.list_vpcs GET /v1/{project_id}/vpcs
network.get_vpc GET /v1/{project_id}/vpcs/{id}
network.list_subnets GET /v1/{project_id}/subnets
network.get_subnet GET /v1/{project_id}/subnets/{id}
network.list_security_groups GET /v1/{project_id}/security-groups
network.get_security_group GET /v1/{project_id}/security-groups/{id}
network.create_public_ip POST /v1/{project_id}/publicips
network.list_public_ips GET /v1/{project_id}/publicips
network.get_public_ip GET /v1/{project_id}/publicips/{id}
network.update_public_ip PUT /v1/{project_id}/publicips/{id}
network.delete_public_ip DELETE /v1/{project_id}/publicips/{id}
neutron.create_network POST /v2.0/networks
neutron.list_networks GET /v2.0/networks
neutron.get_network GET /v2.0/networks/{id}
neutron.delete_network DELETE /v2.0/networks/{id}
neutron.create_subnet POST /v2.0/subnets
neutron.list_subnets GET /v2.0/subnets
neutron.get_subnet GET /v2.0/subnets/{id}
neutron.delete_subnet DELETE /v2.0/subnets/{id}
neutron.create_router POST /v2.0/routers
neutron.list_routers GET /v2.0/routers
neutron.get_router GET /v2.0/routers/{id}
neutron.update_router PUT /v2.0/routers/{id}
neutron.delete_router DELETE /v2.0/routers/{id}
neutron.add_router_interface PUT /v2.0/routers/{id}/add_router_interface
neutron.remove_router_interface PUT /v2.0/routers/{id}/remove_router_interface
neutron.create_security_group POST /v2.0/security-groups
neutron.list_security_groups GET /v2.0/security-groups
neutron.get_security_group GET /v2.0/security-groups/{id}
neutron.delete_security_group DELETE /v2.0/security-groups/{id}
neutron.list_ports GET /v2.0/ports
neutron.get_port GET /v2.0/ports/{id}
neutron.list_floating_ips GET /v2.0/floatingips
neutron.get_floating_ip GET /v2.0/floatingips/{id}
neutron.update_floating_ip PUT /v2.0/floatingips/{id}
"""


def _operations(table: str) -> dict[str, Operation]:
    return {operation.id: operation for operation in (Operation(*row.split()) for row in table.strip().splitlines())}


OPERATIONS: Final = _operations(_TABLE)
NETWORK_OPERATIONS: Final = _operations(_NETWORK_TABLE)
"""The operations of the services next to it that clients of the database service need, by id."""


def short_name(operation: str) -> str:
    """Return the id of an operation without its family: ``create_manual_backup``."""
    return operation.rpartition(".")[2]


def is_named(name: str, operation: str) -> bool:
    """Return whether *name* means *operation*: with its family, or without."""
    return operation == name or short_name(operation) == name


def check_operation(name: str, operations: Collection[str]) -> None:
    """Raise an error unless *name* means one of *operations*.

    Raises:
        ValueError: It does not; the message says what may have been meant.
    """
    __tracebackhide__ = True
    names = {*operations, *map(short_name, operations)}
    if name not in names:
        raise ValueError(f"unknown operation {name!r}{suggest(name, names)}")
