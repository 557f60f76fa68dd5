"""API v3 and v1: parameters, logs, security, extensions, SQL throttling, diagnosis, targets of upgrades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from mockrds.api.families import SERVED
from mockrds.domain.engines import ENGINES, VERSIONS
from mockrds.domain.parameters import PARAMETERS

if TYPE_CHECKING:
    from support.api import Api, Connect, Reply

DATES = "start_date=2026-01-01T00:00:00%2B0000&end_date=2026-01-02T00:00:00%2B0000"
TIMES = "start_time=2026-01-01T00:00:00%2B0000&end_time=2026-01-02T00:00:00%2B0000"
KEPT = "passwordcheck.so,pg_stat_statements,pg_sql_history,pgaudit"
MYSQL = {"type": "mysql", "version": "5.7"}
PAIR = {"type": "PostgreSQL", "version": "16"}


def v3(api: Api, method: str, path: str, json: Any = None) -> Reply:
    return api.call(method, f"{api.project.url}/v3/{api.project.id}{path}", json=json)


def on(api: Api, method: str, path: str, json: Any = None, *, role: str = "primary") -> Reply:
    return v3(api, method, f"/instances/{api.instance(role).id}{path}", json)


def good(reply: Reply, operation: str) -> Any:
    """Check status and body of a good answer against what the operation says of itself."""
    served = SERVED[operation]
    assert reply.status == served.status, reply.text
    if served.answer is None:
        assert reply.text == ""
    else:
        schema = served.answer.json_schema()
        Draft202012Validator(schema | {"additionalProperties": False}).validate(reply.body)
    return reply.body


def refused(reply: Reply, code: str) -> bool:
    assert reply.status >= 400, reply.text
    assert set(reply.body) == {"error_code", "error_msg"}
    return bool(reply.body["error_code"] == code)


def template(api: Api, values: dict[str, Any], datastore: dict[str, str] = MYSQL, name: str = "mine") -> str:
    body = {"name": name, "description": "for a test", "values": values, "datastore": datastore}
    created = good(v3(api, "POST", "/configurations", body), "v3.create_configuration")
    return str(created["configuration"]["id"])


def parameters(api: Api, role: str = "primary") -> dict[str, str]:
    body = good(on(api, "GET", "/configurations", role=role), "v3.get_instance_configuration")
    return {one["name"]: one["value"] for one in body["configuration_parameters"]}


# Parameters


def test_every_default_is_allowed_and_every_range_can_be_left() -> None:
    for known in PARAMETERS.values():
        assert len(known) >= 20
        for parameter in known.values():
            assert parameter.allows(parameter.default), parameter
            assert not parameter.values or not parameter.allows("no such value"), parameter
            assert parameter.kind in ("integer", "float", "boolean", "list", "string")


@pytest.mark.parametrize(
    ("engine", "name", "value", "allowed"),
    [
        ("MySQL", "max_connections", "10", True),
        ("MySQL", "max_connections", "9", False),
        ("MySQL", "max_connections", "100001", False),
        ("MySQL", "max_connections", "10.5", False),
        ("MySQL", "long_query_time", "0.5", True),
        ("MySQL", "long_query_time", "nan", False),
        ("MySQL", "autocommit", "off", True),
        ("MySQL", "autocommit", "1", False),
        ("PostgreSQL", "log_min_duration_statement", "-1", True),
        ("PostgreSQL", "log_min_duration_statement", "-2", False),
        ("PostgreSQL", "random_page_cost", "1.1", True),
    ],
)
def test_ranges_of_parameters(engine: Any, name: str, value: str, allowed: Any) -> None:
    assert PARAMETERS[engine][name].allows(value) is allowed


def test_there_is_a_default_template_for_every_version(api: Api) -> None:
    listed = good(v3(api, "GET", "/configurations"), "v3.list_configurations")["configurations"]
    names = {(one["name"], one["datastore_name"], one["datastore_version_name"]) for one in listed}
    assert names == {
        (f"Default-{engine}-{major}", engine.lower(), major) for engine in ENGINES for major in VERSIONS[engine]
    }
    assert not any(one["user_defined"] for one in listed)
    default = listed[0]["id"]
    assert refused(v3(api, "DELETE", f"/configurations/{default}"), "DBS.212003")
    assert refused(v3(api, "PUT", f"/configurations/{default}", {"name": "other"}), "DBS.212003")


def test_a_template_is_kept_changed_copied_and_deleted(api: Api) -> None:
    one = template(api, {"max_connections": "10", "no_such": "1"})
    path = f"/configurations/{one}"
    got = good(v3(api, "GET", path), "v3.get_configuration")
    assert one.endswith("pr01")
    assert (got["name"], got["description"], got["datastore_name"]) == ("mine", "for a test", "mysql")
    values = {parameter["name"]: parameter["value"] for parameter in got["configuration_parameters"]}
    assert values["max_connections"] == "10"
    assert values["autocommit"] == "ON"
    assert "no_such" not in values

    api.project.clock.advance("1h")
    good(v3(api, "PUT", path, {"name": "new", "values": {"autocommit": "OFF"}}), "v3.update_configuration")
    changed = v3(api, "GET", path).body
    values = {parameter["name"]: parameter["value"] for parameter in changed["configuration_parameters"]}
    assert (changed["name"], changed["description"]) == ("new", "for a test")
    assert (values["max_connections"], values["autocommit"]) == ("10", "OFF")
    assert changed["created"] == got["created"] < changed["updated"]

    copied = good(v3(api, "POST", f"{path}/copy", {"name": "copy"}), "v3.copy_configuration")
    assert (
        v3(api, "GET", f"/configurations/{copied['id']}").body["configuration_parameters"]
        == (changed["configuration_parameters"])
    )
    good(v3(api, "DELETE", path), "v3.delete_configuration")
    assert refused(v3(api, "GET", path), "DBS.212001")
    listed = v3(api, "GET", "/configurations").body["configurations"]
    assert [one["name"] for one in listed if one["user_defined"]] == ["copy"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "with blanks in it"}, "DBS.280277"),
        ({"name": "x" * 65}, "DBS.280277"),
        ({"name": "default-mysql-5.7"}, "DBS.201201"),
        ({"description": "a < b"}, "DBS.280001"),
        ({"values": {"max_connections": "1"}}, "DBS.280271"),
        ({"values": {"max_connections": True}}, "DBS.280001"),
        ({"datastore": {"type": "oracle", "version": "19"}}, "DBS.200042"),
        ({"datastore": {"type": "MySQL", "version": "4.0"}}, "DBS.200041"),
    ],
)
def test_templates_that_are_refused(api: Api, change: dict[str, Any], code: str) -> None:
    assert refused(v3(api, "POST", "/configurations", {"name": "mine", "datastore": MYSQL} | change), code)
    assert not [one for one in v3(api, "GET", "/configurations").body["configurations"] if one["user_defined"]]


def test_an_unknown_parameter_of_a_template_is_ignored_with_a_hint(api: Api) -> None:
    body = {"name": "mine", "values": {"autocommit": "OFF"}, "datastore": PAIR}
    reply = v3(api, "POST", "/configurations", body)
    assert reply.status == 200
    assert "autocommit" in reply.hint


def test_there_is_a_quota_of_templates(api: Api) -> None:
    for number in range(100):
        template(api, {}, name=f"template.{number}")
    assert refused(v3(api, "POST", "/configurations", {"name": "more", "datastore": MYSQL}), "DBS.212002")


def test_a_template_is_applied_and_the_application_noted(api: Api) -> None:
    one = template(api, {"max_connections": "77", "back_log": "5"})
    ids = [api.instance().id, api.instance("pair").id]
    assert parameters(api)["max_connections"] == "800"
    applied = good(v3(api, "PUT", f"/configurations/{one}/apply", {"instance_ids": ids}), "v3.apply_configuration")
    results = {
        result["instance_id"]: (result["success"], result["restart_required"]) for result in applied["apply_results"]
    }
    assert results == {ids[0]: (True, True), ids[1]: (False, False)}
    assert applied["success"] is False
    assert parameters(api)["max_connections"] == "77"
    path = f"/configurations/{one}/apply-histories"
    histories = good(v3(api, "GET", path), "v3.list_configuration_apply_histories")
    assert histories["total_count"] == 2
    assert {(row["instance_id"], row["apply_result"], row["error_code"]) for row in histories["histories"]} == {
        (ids[0], "SUCCESS", ""),
        (ids[1], "FAILED", "DBS.200040"),
    }
    assert v3(api, "GET", f"{path}?offset=1").body["histories"] == histories["histories"][1:]
    assert refused(v3(api, "PUT", f"/configurations/{one}/apply", {"instance_ids": ["0" * 32 + "in01"]}), "DBS.200002")
    assert refused(v3(api, "PUT", f"/configurations/{one}/apply", {"instance_ids": []}), "DBS.280001")


def test_a_busy_instance_does_not_take_a_template(api: Api) -> None:
    one = template(api, {"max_connections": "77"})
    api.project.set_status(api.instance().id, "REBOOTING")
    applied = v3(api, "PUT", f"/configurations/{one}/apply", {"instance_ids": [api.instance().id]}).body
    assert [result["success"] for result in applied["apply_results"]] == [False]
    assert parameters(api)["max_connections"] == "800"


def test_what_follows_the_class_of_postgresql_is_in_no_template(api: Api) -> None:
    one = template(api, {"max_connections": "10", "statement_timeout": "5"}, PAIR)
    names = {row["name"] for row in v3(api, "GET", f"/configurations/{one}").body["configuration_parameters"]}
    assert "statement_timeout" in names
    assert "max_connections" not in names
    assert "max_connections" in parameters(api, "pair")


def test_parameters_of_an_instance_are_set_and_reset(api: Api) -> None:
    body = {"values": {"max_connections": "37", "no_such": "1", "lower_case_table_names": "0"}}
    answer = good(on(api, "PUT", "/configurations", body), "v3.set_instance_configuration")
    assert answer["restart_required"] is False
    assert answer["ignored_params"] == ["no_such", "lower_case_table_names"]
    assert parameters(api)["max_connections"] == "37"
    assert parameters(api)["lower_case_table_names"] == "1"
    assert on(api, "PUT", "/configurations", {"values": {"back_log": 7}}).body["restart_required"] is True
    assert refused(on(api, "PUT", "/configurations", {"values": {"back_log": "0"}}), "DBS.280271")
    assert refused(on(api, "PUT", "/configurations", {"values": {}}), "DBS.280001")

    reset = api.put(f"/instances/{api.node()}/parameters/default", json={})
    assert good(reset, "v1.reset_instance_parameters") == {"shouldRestart": "1", "setParameteResult": "0"}
    assert parameters(api)["max_connections"] == "800"
    assert parameters(api, "replica") == parameters(api)


def test_api_v1_sets_parameters_too(api: Api) -> None:
    path = f"/instances/{api.node()}/parameters"
    answer = good(
        api.put(path, json={"values": {"connect_timeout": 17, "sync_binlog": 1}}), "v1.set_instance_parameters"
    )
    assert answer == {"shouldRestart": "0", "setParameteResult": "0"}
    assert parameters(api)["connect_timeout"] == "17"
    assert api.put(path, json={"values": {"no_such": 1}}).body["errCode"] == "RDS.5037"
    assert api.put(path, json={"values": {"connect_timeout": 1}}).body["errCode"] == "RDS.5038"
    standby = api.put(f"/instances/{api.node('standby')}/parameters", json={"values": {"statement_timeout": 1}})
    assert standby.body["errCode"] == "RDS.0056"


def test_api_v1_defines_parameters(api: Api) -> None:
    path = f"/datastores/versions/{api.instance().datastore.version_id}/parameters"
    rows = good(api.get(path), "v1.list_datastore_parameters")["configuration-parameters"]
    by_name = {row["name"]: row for row in rows}
    assert (by_name["connect_timeout"]["min"], by_name["connect_timeout"]["max"]) == ("2", "31536000")
    assert "min" not in by_name["autocommit"]
    assert good(api.get(f"{path}/autocommit"), "v1.get_datastore_parameter") == by_name["autocommit"]
    assert api.get(f"{path}/no_such").body["errCode"] == "RDS.5037"
    assert api.get("/datastores/versions/none/parameters").body["errCode"] == "RDS.5036"


# Logs


@pytest.mark.parametrize(
    ("path", "operation", "role"),
    [
        (f"/errorlog?{DATES}&limit=10&level=ERROR", "v3.list_error_logs", "sqlserver"),
        (f"/slowlog?{DATES}&type=INSERT", "v3.list_slow_logs", "pair"),
        (f"/slowlog/statistics?cur_page=2&per_page=5&type=ALL&{DATES}", "v3.get_slow_log_statistics", "primary"),
        ("/slowlog-files", "v3.list_slow_log_files", "sqlserver"),
        (f"/auditlog?{TIMES}&offset=0&limit=50", "v3.list_audit_logs", "primary"),
    ],
)
def test_there_are_no_logs(api: Api, path: str, operation: str, role: str) -> None:
    body = good(on(api, "GET", path, role=role), operation)
    rows = next(value for value in body.values() if isinstance(value, list))
    assert rows == []
    if "statistics" in path:
        assert (body["pageNumber"], body["pageRecord"], body["totalRecord"]) == (2, 5, 0)


@pytest.mark.parametrize(
    ("path", "role", "code"),
    [
        ("/errorlog", "primary", "DBS.280001"),
        (
            "/errorlog?start_date=2026-01-02T00:00:00%2B0000&end_date=2026-01-01T00:00:00%2B0000",
            "primary",
            "DBS.280001",
        ),
        (f"/errorlog?{DATES}&limit=101", "primary", "DBS.280001"),
        (f"/errorlog?{DATES}&level=LOUD", "primary", "DBS.280001"),
        (f"/slowlog?{DATES}", "sqlserver", "DBS.200040"),
        ("/slowlog-files", "primary", "DBS.200040"),
        (f"/auditlog?{TIMES}&offset=0", "primary", "DBS.280001"),
        (f"/auditlog?{TIMES}&offset=0&limit=1", "pair", "DBS.200040"),
        (f"/auditlog?{TIMES.replace('2026-01-02', '2026-02-02')}&offset=0&limit=1", "primary", "DBS.280001"),
    ],
)
def test_log_queries_that_are_refused(api: Api, path: str, role: str, code: str) -> None:
    assert refused(on(api, "GET", path, role=role), code)


def test_logs_of_an_unknown_instance_are_refused(api: Api) -> None:
    assert refused(v3(api, "GET", f"/instances/{'0' * 32}in01/errorlog?{DATES}"), "DBS.200002")


def test_slow_log_statistics_of_v31(api: Api) -> None:
    url = f"{api.project.url}/v3.1/{api.project.id}/instances/{api.instance().id}/slow-logs/statistics"
    times = {"start_time": "2026-01-01T00:00:00+0000", "end_time": "2026-01-02T00:00:00+0000"}
    body = good(api.call("POST", url, json=times | {"limit": 10}), "v3.1.get_slow_log_statistics")
    assert body == {"slow_log_list": [], "total_count": 0}
    assert refused(api.call("POST", url, json=times | {"order": "up"}), "DBS.280001")
    assert refused(api.call("POST", url, json=times | {"database": "a<b"}), "DBS.280001")


def test_the_sql_audit_policy_is_kept(api: Api) -> None:
    path = "/auditlog-policy"
    assert good(on(api, "GET", path), "v3.get_audit_policy") == {"keep_days": 0}
    good(on(api, "PUT", path, {"keep_days": 5}), "v3.set_audit_policy")
    assert on(api, "GET", path).body == {"keep_days": 5}
    assert refused(on(api, "PUT", path, {"keep_days": 733}), "DBS.280001")
    assert refused(on(api, "PUT", path, {"keep_days": 5}, role="pair"), "DBS.200040")


def test_original_logs_are_shown_or_not(api: Api) -> None:
    good(on(api, "PUT", "/slowlog-sensitization/on"), "v3.set_slow_log_sensitization")
    assert refused(on(api, "PUT", "/slowlog-sensitization/maybe"), "DBS.280001")


def test_logs_of_api_v1(api: Api) -> None:
    node = api.node()
    query = "startDate=2016-08-29+06%3A35&endDate=2016-09-05+06%3A35&curPage=1&perPage=10"
    body = good(api.get(f"/instances/{node}/errorlog?{query}"), "v1.list_error_logs")
    assert body == {"errorLogList": [], "totalRecord": 0}
    assert good(api.get(f"/instances/{node}/slowlog?sftype=&top=10"), "v1.list_slow_logs")["slowLogList"] == []
    assert api.get(f"/instances/{node}/errorlog").body["errCode"] == "RDS.0001"
    assert api.get(f"/instances/{api.node('pair')}/slowlog").body["errCode"] == "RDS.5005"


@pytest.mark.parametrize("path", ["/errorlog-download", "/slowlog-download", "/auditlog-links"])
def test_links_to_logs_are_not_modelled(api: Api, path: str) -> None:
    assert on(api, "POST", path, {}).status == 501


# Security


def test_the_port_is_changed_in_a_while(api: Api) -> None:
    assert good(on(api, "PUT", "/port", {"port": 8836}), "v3.change_port")["workflowId"]
    assert api.instance().port == 3306
    assert refused(on(api, "PUT", "/port", {"port": 8837}), "DBS.201202")
    api.project.clock.advance("3s")
    assert api.get(f"/instances/{api.node()}").body["instance"]["dbPort"] == 8836


@pytest.mark.parametrize(
    ("role", "port"),
    [("primary", 12017), ("primary", 33071), ("pair", 9501), ("sqlserver", 5355), ("primary", "3306")],
)
def test_ports_that_are_refused(api: Api, role: str, port: Any) -> None:
    assert refused(on(api, "PUT", "/port", {"port": port}, role=role), "DBS.280001")


def test_the_port_is_not_changed_while_a_backup_runs(api: Api) -> None:
    assert api.create().status == 200
    assert refused(on(api, "PUT", "/port", {"port": 8836}), "DBS.201205")


def test_address_and_security_group_are_changed_at_once(api: Api) -> None:
    good(on(api, "PUT", "/ip", {"new_ip": "192.168.77.7"}), "v3.change_floating_ip")
    group = "2a1f7fc8-3307-42a7-aa6f-42c8b9b8f8c5"
    good(on(api, "PUT", "/security-group", {"security_group_id": group}), "v3.change_security_group")
    instance = api.get(f"/instances/{api.node()}").body["instance"]
    assert (instance["hostname"], instance["securityGroup"]["id"]) == ("192.168.77.7", group)
    assert refused(on(api, "PUT", "/ip", {"new_ip": "192.168.77.7"}, role="pair"), "DBS.280001")
    assert refused(on(api, "PUT", "/ip", {"new_ip": "192.168.77"}), "DBS.280001")
    assert refused(on(api, "PUT", "/security-group", {}), "DBS.200050")


def test_ssl_is_switched_for_mysql_only(api: Api) -> None:
    assert api.instance().ssl is False
    assert good(on(api, "PUT", "/ssl", {"ssl_option": True}), "v3.set_ssl") == {}
    assert api.instance().ssl is True
    assert refused(on(api, "PUT", "/ssl", {"ssl_option": False}, role="pair"), "DBS.200040")
    assert refused(on(api, "PUT", "/ssl", {"ssl_option": "true"}), "DBS.280001")


def test_certificate_and_password(api: Api) -> None:
    [certificate] = good(on(api, "GET", "/ssl-cert/download-link"), "v3.get_ssl_cert_link")["cert_info_list"]
    assert certificate["category"] == "international"
    assert good(on(api, "POST", "/password", {"db_user_pwd": "Test@12345"}), "v3.reset_root_password") == {}
    good(on(api, "POST", "/password", {"db_user_pwd": "Test$(12)"}), "v3.reset_root_password")
    for bad in ("Short1!", "onlyletters", "Test 12345"):
        assert refused(on(api, "POST", "/password", {"db_user_pwd": bad}), "DBS.200052")
    api.project.set_status(api.instance().id, "BUILD")
    assert refused(on(api, "POST", "/password", {"db_user_pwd": "Test@12345"}), "DBS.200011")


# Extensions and SQL throttling


def extensions(api: Api, database: str = "db1") -> dict[str, dict[str, Any]]:
    body = good(on(api, "GET", f"/extensions?database_name={database}", role="pair"), "v3.list_extensions")
    assert body["total_count"] == len(body["extensions"])
    return {row["name"]: row for row in body["extensions"]}


def extension(api: Api, method: str, name: str, role: str = "pair") -> Reply:
    return on(api, method, "/extensions", {"database_name": "db1", "extension_name": name}, role=role)


def test_extensions_are_installed_in_one_database(api: Api) -> None:
    assert not any(row["created"] for row in extensions(api).values())
    assert good(extension(api, "POST", "pg_stat_statements"), "v3.create_extension") == {}
    row = extensions(api)["pg_stat_statements"]
    assert (row["created"], row["version"], row["version_update"]) == (True, "1.10", "1.10")
    assert not extensions(api, "db2")["pg_stat_statements"]["created"]
    assert refused(extension(api, "POST", "pg_stat_statements"), "DBS.201201")
    good(extension(api, "PUT", "pg_stat_statements"), "v3.update_extension")
    good(extension(api, "DELETE", "pg_stat_statements"), "v3.delete_extension")
    assert not extensions(api)["pg_stat_statements"]["created"]
    assert refused(extension(api, "DELETE", "pg_stat_statements"), "DBS.212013")
    assert refused(extension(api, "PUT", "pg_stat_statements"), "DBS.212013")
    assert refused(extension(api, "POST", "no_such"), "DBS.212013")
    assert refused(extension(api, "POST", "hstore", role="primary"), "DBS.200040")


def test_extensions_are_listed_in_pages(api: Api) -> None:
    everything = list(extensions(api))
    body = on(api, "GET", "/extensions?database_name=db1&offset=2&limit=3", role="pair").body
    assert [row["name"] for row in body["extensions"]] == everything[2:5]
    assert body["total_count"] == len(everything)
    assert refused(on(api, "GET", "/extensions", role="pair"), "DBS.280001")


def test_an_extension_may_need_a_library(api: Api) -> None:
    path = "/parameter/shared_preload_libraries"
    assert good(on(api, "GET", path, role="pair"), "v3.get_instance_parameter")["value"] == KEPT
    assert refused(extension(api, "POST", "pg_wait_sampling"), "DBS.200402")
    assert extensions(api)["pg_wait_sampling"]["enable_install"] is False
    body = {"value": f"{KEPT},pg_wait_sampling"}
    answer = good(on(api, "PUT", path, body, role="pair"), "v3.set_instance_parameter")
    assert answer["restart_required"] is True
    assert on(api, "GET", path, role="pair").body["value"] == body["value"]
    good(extension(api, "POST", "pg_wait_sampling"), "v3.create_extension")
    assert refused(on(api, "PUT", path, {"value": "pg_wait_sampling"}, role="pair"), "DBS.280271")
    assert refused(on(api, "PUT", path, {"value": f"{KEPT},no_such"}, role="pair"), "DBS.280271")
    assert refused(on(api, "GET", "/parameter/work_mem", role="pair"), "DBS.280270")
    assert refused(on(api, "GET", path), "DBS.200040")


def limit(api: Api, method: str, path: str = "", **fields: Any) -> Reply:
    return on(api, method, f"/sql-limit{path}", {"db_name": "db1"} | fields, role="pair")


def limits(api: Api) -> list[dict[str, Any]]:
    body = good(on(api, "GET", "/sql-limit?db_name=db1", role="pair"), "v3.list_sql_limits")
    assert body["count"] == len(body["sql_limit_objects"])
    return list(body["sql_limit_objects"])


def test_sql_is_throttled_by_rules_that_are_kept(api: Api) -> None:
    rule: dict[str, Any] = {"query_id": 1, "max_concurrency": 10, "max_waiting": 5}
    assert refused(limit(api, "POST", **rule), "DBS.200402")
    extension(api, "POST", "rds_pg_sql_ccl")
    assert good(limit(api, "POST", **rule), "v3.create_sql_limit") == {"resp": "successful"}
    assert refused(limit(api, "POST", **rule), "DBS.201201")
    [one] = limits(api)
    assert one == {
        "id": "1",
        "query_id": "1",
        "query_string": "",
        "max_concurrency": 10,
        "is_effective": False,
        "max_waiting": 5,
        "search_path": "public",
    }
    assert refused(limit(api, "PUT", "/switch", id="1", action="open"), "DBS.200402")
    on(api, "PUT", "/configurations", {"values": {"rds_pg_sql_ccl.enable_ccl": "ON"}}, role="pair")
    good(limit(api, "PUT", "/switch", id="1", action="open"), "v3.switch_sql_limit")
    assert limits(api)[0]["is_effective"] is True
    good(limit(api, "PUT", "/update", id="1", max_concurrency=3, max_waiting=4), "v3.update_sql_limit")
    assert (limits(api)[0]["max_concurrency"], limits(api)[0]["max_waiting"]) == (3, 4)
    assert limits(api)[0]["is_effective"] is True
    limit(api, "PUT", "/switch", id="1", action="close")
    assert limits(api)[0]["is_effective"] is False
    limit(api, "PUT", "/switch", id="1", action="open")
    good(limit(api, "PUT", "/switch", action="disable_all"), "v3.switch_sql_limit")
    assert limits(api)[0]["is_effective"] is False
    good(limit(api, "DELETE", id="1"), "v3.delete_sql_limit")
    assert limits(api) == []
    assert refused(limit(api, "DELETE", id="1"), "DBS.212013")


@pytest.mark.parametrize(
    "change",
    [{"query_id": None}, {"query_string": "select 1"}, {"max_concurrency": 50001}, {"max_concurrency": -2}],
)
def test_rules_that_are_refused(api: Api, change: dict[str, Any]) -> None:
    extension(api, "POST", "rds_pg_sql_ccl")
    rule = {"query_id": 1, "max_concurrency": 10, "max_waiting": 5} | change
    assert refused(limit(api, "POST", **rule), "DBS.280001")
    assert limits(api) == []


# Proxies


def proxies(api: Api) -> list[dict[str, Any]]:
    body = good(on(api, "GET", "/proxy-list"), "v3.list_proxies")
    return list(body["proxy_query_info_list"])


def open_proxy(api: Api, role: str = "primary", **change: Any) -> Reply:
    weights = [{"instance_id": api.instance("replica").id, "weight": 1}]
    body = {"flavor_ref": "rds.proxy.xlarge.2", "node_num": 2, "nodes_read_weight": weights} | change
    return on(api, "POST", "/proxy/open", body, role=role)


def test_a_proxy_is_opened_routed_and_closed(api: Api) -> None:
    assert proxies(api) == []
    proxy_id = good(open_proxy(api, proxy_name="proxy-test"), "v3.enable_proxy")["proxy_id"]
    [one] = proxies(api)
    proxy = one["proxy"]
    assert (proxy["pool_id"], proxy["name"], proxy["node_num"], proxy["cpu"]) == (proxy_id, "proxy-test", 2, "4")
    assert (proxy["proxy_mode"], proxy["route_mode"]) == ("readwrite", 0)
    assert [(row["id"], row["weight"]) for row in one["readonly_instances"]] == [(api.instance("replica").id, 1)]

    weights = [{"instance_id": api.instance("replica").id, "weight": 7}]
    body = {"master_weight": 3, "readonly_instances": weights, "route_mode": 2}
    routed = good(on(api, "POST", f"/proxy/{proxy_id}/route-mode", body), "v3.set_proxy_route_mode")
    assert routed == {"result": "success"}
    [one] = proxies(api)
    assert one["proxy"]["route_mode"] == 2
    assert (one["master_instance"]["weight"], one["readonly_instances"][0]["weight"]) == (3, 7)

    good(on(api, "DELETE", f"/proxy/{proxy_id}"), "v3.disable_proxy")
    assert proxies(api) == []
    assert refused(on(api, "DELETE", f"/proxy/{proxy_id}"), "DBS.212013")
    assert refused(on(api, "POST", f"/proxy/{proxy_id}/route-mode", body), "DBS.212013")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"role": "pair"}, "DBS.200040"),
        ({"role": "replica"}, "DBS.201014"),
        ({"node_num": 1}, "DBS.280001"),
        ({"flavor_ref": "rds.proxy.huge"}, "DBS.280001"),
        ({"proxy_name": "1st"}, "DBS.280277"),
        ({"route_mode": 3}, "DBS.280001"),
        ({"proxy_mode": "readonly", "nodes_read_weight": []}, "DBS.280001"),
        ({"nodes_read_weight": [{"instance_id": "nobody", "weight": 1}]}, "DBS.280001"),
    ],
)
def test_proxies_that_are_refused(api: Api, change: dict[str, Any], code: str) -> None:
    assert refused(open_proxy(api, **change), code)
    assert proxies(api) == []


def test_there_are_four_proxies_at_most(api: Api) -> None:
    for _ in range(4):
        assert open_proxy(api).status == 202
    assert refused(open_proxy(api), "DBS.200402")


def test_proxies_have_classes(api: Api) -> None:
    [group] = good(on(api, "GET", "/proxy/flavors"), "v3.list_proxy_flavors")["compute_flavor_groups"]
    assert [flavor["code"] for flavor in group["compute_flavors"]] == ["rds.proxy.large.2", "rds.proxy.xlarge.2"]


# Diagnosis and upgrades


def test_no_instance_is_in_trouble(api: Api) -> None:
    counts = good(v3(api, "GET", "/instances/diagnosis?engine=mysql"), "v3.get_diagnosis_counts")["diagnosis"]
    assert len(counts) == 8
    assert {row["count"] for row in counts} == {0}
    path = "/instances/diagnosis/info?engine=mysql&diagnosis=lock_wait"
    body = good(v3(api, "GET", path), "v3.get_diagnosis_info")
    assert body == {"diagnosis": "lock_wait", "total_count": 0, "instances": []}
    assert refused(v3(api, "GET", "/instances/diagnosis?engine=oracle"), "DBS.280001")


@pytest.mark.parametrize(("major", "newer"), [("12", []), ("13", ["14", "15", "16", "17"]), ("15", [])])
def test_newer_major_versions_are_listed_for_13_and_14(connect: Connect, major: str, newer: list[str]) -> None:
    api = connect({"world": {"instances": [{"name": "old", "datastore": {"type": "PostgreSQL", "version": major}}]}})
    path = f"/instances/{api.project.instances[0].id}/major-version"

    body = good(v3(api, "GET", f"{path}/available-version"), "v3.list_major_version_targets")

    versions = [version for name in newer for version in VERSIONS["PostgreSQL"][name]]
    assert sorted(body["available_versions"]) == sorted(versions)
    assert v3(api, "POST", f"{path}/upgrade", {"target_version": "17.4"}).status == 501


def test_newer_major_versions_are_listed_of_postgresql_that_is_well(api: Api) -> None:
    path = "/major-version/available-version"
    assert refused(on(api, "GET", path), "DBS.200040")
    on(api, "PUT", "/port", {"port": 5433}, role="pair")
    assert refused(on(api, "GET", path, role="pair"), "DBS.200086")
