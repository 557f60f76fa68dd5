"""What is next to the database service: networks as instances are in them, and elastic IPs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockrds.api.network import HANDLERS
from mockrds.api.routing import Routes
from mockrds.domain.operations import NETWORK_OPERATIONS, OPERATIONS

if TYPE_CHECKING:
    from support.api import Api, Connect

    from mockrds import MockRDS

EIP = {"publicip": {"type": "5_bgp"}, "bandwidth": {"name": "b", "size": 8, "share_type": "PER"}}
NOWHERE = "00000000-0000-4000-8000-000000000000"


def ask(api: Api, method: str, path: str, **request: Any) -> Any:
    """Ask the network or the compute service: ``v1`` and ``v2.1`` paths get the project id."""
    version, rest = path.split("/", 1)
    path = path if version == "v2.0" else f"{version}/{api.project.id}/{rest}"
    return api.call(method, f"{api.project.url}/{path}", **request)


def test_no_route_takes_one_of_the_database_service() -> None:
    alone, together = Routes(OPERATIONS.values()), Routes((*OPERATIONS.values(), *NETWORK_OPERATIONS.values()))

    for operation in OPERATIONS.values():
        path = operation.path.replace("{project_id}", "vpcs").replace("{", "").replace("}", "")
        assert together.match(operation.method, path) == alone.match(operation.method, path)
    assert HANDLERS.keys() == NETWORK_OPERATIONS.keys()
    assert NETWORK_OPERATIONS.keys() & OPERATIONS.keys() == set()


@pytest.mark.parametrize(
    ("path", "key", "field"),
    [
        ("v1/vpcs", "vpc", "vpc_id"),
        ("v1/subnets", "subnet", "subnet_id"),
        ("v1/security-groups", "security_group", "security_group_id"),
        ("v2.0/security-groups", "security_group", "security_group_id"),
        ("v2.0/networks", "network", "subnet_id"),
        ("v2.0/routers", "router", "vpc_id"),
    ],
)
def test_networks_are_those_of_the_instances_and_a_default_one(api: Api, path: str, key: str, field: str) -> None:
    used = {getattr(instance, field) for instance in api.project.instances}

    rows = [row for row in ask(api, "GET", path).body[f"{key}s"] if not row.get("router:external")]
    named = ask(api, "GET", path, params={"name": "default"}).body[f"{key}s"]
    shown = [ask(api, "GET", f"{path}/{row['id']}").body for row in rows]
    missing = ask(api, "GET", f"{path}/{NOWHERE}")

    assert rows[0]["name"] == "default"
    assert {row["id"] for row in rows[1:]} == used
    assert named == rows[:1]
    assert shown == [{key: row} for row in rows]
    assert missing.answer == (404, {"code": "404", "message": f"{NOWHERE} could not be found"})


def test_a_subnet_belongs_to_the_vpc_of_its_instance(api: Api) -> None:
    instance = api.instance()

    subnet = ask(api, "GET", f"v1/subnets/{instance.subnet_id}").body["subnet"]
    of_vpc = ask(api, "GET", "v1/subnets", params={"vpc_id": instance.vpc_id}).body["subnets"]

    assert (subnet["vpc_id"], subnet["neutron_network_id"]) == (instance.vpc_id, instance.subnet_id)
    assert subnet["neutron_subnet_id"] != instance.subnet_id
    assert subnet in of_vpc
    assert {row["vpc_id"] for row in of_vpc} == {instance.vpc_id}


def test_elastic_ips_are_of_the_network_outside(api: Api) -> None:
    ask(api, "POST", "v1/publicips", json=EIP)
    networks = ask(api, "GET", "v2.0/networks").body["networks"]

    [ip] = ask(api, "GET", "v2.0/floatingips").body["floatingips"]
    [outside] = ask(api, "GET", "v2.0/networks", params={"name": "admin_external_net"}).body["networks"]
    external = ask(api, "GET", "v2.0/networks", params={"router:external": "True"}).body["networks"]
    internal = ask(api, "GET", "v2.0/networks", params={"router:external": "false"}).body["networks"]

    assert ip["floating_network_id"] == outside["id"]
    assert ask(api, "GET", f"v2.0/networks/{outside['id']}").body == {"network": outside}
    assert external == [outside]
    assert [*internal, outside] == networks


def test_the_compute_service_lists_the_same_security_groups(api: Api) -> None:
    groups = ask(api, "GET", "v1/security-groups").body["security_groups"]

    listed = ask(api, "GET", "v2.1/os-security-groups").body["security_groups"]

    assert listed == [
        {"id": g["id"], "name": g["name"], "description": "", "tenant_id": api.project.id, "rules": []} for g in groups
    ]


def test_each_instance_has_a_port_in_its_subnet(api: Api) -> None:
    subnets = {row["id"]: row["neutron_subnet_id"] for row in ask(api, "GET", "v1/subnets").body["subnets"]}

    ports = ask(api, "GET", "v2.0/ports").body["ports"]

    assert [(p["device_id"], p["network_id"], p["fixed_ips"], p["security_groups"]) for p in ports] == [
        (
            instance.node_id,
            instance.subnet_id,
            [{"ip_address": instance.host, "subnet_id": subnets[instance.subnet_id]}],
            [instance.security_group_id],
        )
        for instance in api.project.instances
    ]
    assert ask(api, "GET", f"v2.0/ports/{ports[1]['id']}").body == {"port": ports[1]}


def test_an_elastic_ip_is_got_bound_and_given_back(api: Api) -> None:
    instance = api.instance()
    port = next(p for p in ask(api, "GET", "v2.0/ports").body["ports"] if p["device_id"] == instance.node_id)

    made = ask(api, "POST", "v1/publicips", json=EIP)
    eip = made.body["publicip"]
    path, floating = f"v1/publicips/{eip['id']}", f"v2.0/floatingips/{eip['id']}"
    down = ask(api, "GET", path).body["publicip"]
    found = ask(api, "GET", "v2.0/floatingips", params={"floating_ip_address": eip["public_ip_address"]}).body
    bound = ask(api, "PUT", floating, json={"floatingip": {"port_id": port["id"]}})
    active = ask(api, "GET", path).body["publicip"]
    of_host = ask(api, "GET", "v2.0/floatingips", params={"fixed_ip_address": instance.host}).body["floatingips"]
    refused = ask(api, "DELETE", path)
    loose = ask(api, "PUT", path, json={"publicip": {"port_id": None}})
    deleted = ask(api, "DELETE", path)
    gone = ask(api, "GET", path)

    assert (made.status, eip["status"], eip["bandwidth_size"], down["status"]) == (200, "PENDING_CREATE", 8, "DOWN")
    assert [row["id"] for row in found["floatingips"]] == [eip["id"]]
    assert (bound.status, bound.body["floatingip"]["fixed_ip_address"]) == (200, instance.host)
    assert (active["status"], active["private_ip_address"]) == ("ACTIVE", instance.host)
    assert of_host == [bound.body["floatingip"]]
    assert (refused.status, loose.body["publicip"]["status"]) == (409, "DOWN")
    assert (deleted.status, deleted.text, gone.status) == (204, "", 404)


def test_it_is_the_one_that_the_database_service_binds(api: Api) -> None:
    instance = api.instance()
    eip = ask(api, "POST", "v1/publicips", json=EIP).body["publicip"]
    path, address = f"{api.project.url}/v3/{api.project.id}/instances/{instance.id}/public-ip", eip["public_ip_address"]

    bound = api.call("PUT", path, json={"public_ip": address, "public_ip_id": eip["id"], "is_bind": True})
    of_host = ask(api, "GET", "v2.0/floatingips", params={"fixed_ip_address": instance.host}).body["floatingips"]
    refused = ask(api, "DELETE", f"v1/publicips/{eip['id']}")
    ask(api, "PUT", f"v1/publicips/{eip['id']}", json={"publicip": {"port_id": ""}})

    assert bound.status == 200
    assert [row["floating_ip_address"] for row in of_host] == [address]
    assert refused.status == 409
    assert [each.public_ip for each in api.project.instances] == [""] * len(api.project.instances)


def test_a_port_has_one_elastic_ip(api: Api) -> None:
    eips = [ask(api, "POST", "v1/publicips", json=EIP).body["publicip"]["id"] for _ in range(2)]
    ports = [port["id"] for port in ask(api, "GET", "v2.0/ports").body["ports"][:2]]
    wishes = [(eips[0], ports[0]), (eips[1], ports[0]), (eips[0], ports[0]), (eips[0], ports[1]), (eips[1], ports[0])]

    statuses = [
        ask(api, "PUT", f"v2.0/floatingips/{eip}", json={"floatingip": {"port_id": port}}).status
        for eip, port in wishes
    ]

    bound = {row["id"]: row["port_id"] for row in ask(api, "GET", "v2.0/floatingips").body["floatingips"]}
    assert statuses == [200, 409, 200, 200, 200]
    assert bound == {eips[0]: ports[1], eips[1]: ports[0]}


def test_no_elastic_ip_is_listed_for_an_instance_without_one(api: Api) -> None:
    ask(api, "POST", "v1/publicips", json=EIP)

    listed = ask(api, "GET", "v2.0/floatingips", params={"fixed_ip_address": api.instance().host})

    assert listed.answer == (200, {"floatingips": []})


def test_pages_begin_after_the_marker_and_end(api: Api) -> None:
    made = [ask(api, "POST", "v1/publicips", json=EIP).body["publicip"]["id"] for _ in range(3)]

    pages = []
    marker: dict[str, str] = {}
    for _ in range(3):
        page = ask(api, "GET", "v1/publicips", params={"limit": 2} | marker).body["publicips"]
        pages.append([row["id"] for row in page])
        marker = {"marker": page[-1]["id"]} if page else marker

    assert len(set(made)) == 3
    assert pages == [made[:2], made[2:], []]


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"publicip": {}}, EIP | {"publicip": {}}, EIP | {"bandwidth": {"size": "5"}}],
    ids=["none", "list", "empty", "no bandwidth", "no type", "text"],
)
def test_a_wrong_body_is_refused(api: Api, body: Any) -> None:
    assert ask(api, "POST", "v1/publicips", json=body).status == 400
    assert ask(api, "GET", "v1/publicips").body == {"publicips": []}


def test_an_unknown_port_is_refused(api: Api) -> None:
    eip = ask(api, "POST", "v1/publicips", json=EIP).body["publicip"]["id"]

    assert ask(api, "PUT", f"v2.0/floatingips/{eip}", json={"floatingip": {"port_id": NOWHERE}}).status == 404
    assert ask(api, "PUT", f"v2.0/floatingips/{NOWHERE}", json={"floatingip": {"port_id": None}}).status == 404


def test_a_reset_takes_the_elastic_ips_back(api: Api) -> None:
    ask(api, "POST", "v1/publicips", json=EIP)

    api.project.reset()

    assert ask(api, "GET", "v1/publicips").body == {"publicips": []}


def test_without_a_project_in_the_path_it_is_that_of_the_credentials(connect: Connect, strict: MockRDS) -> None:
    one, other = connect(to=strict), connect(to=strict)
    ask(one, "POST", "v1/publicips", json=EIP)

    assert len(ask(one, "GET", "v2.0/floatingips").body["floatingips"]) == 1
    assert ask(other, "GET", "v2.0/floatingips").body["floatingips"] == []


def test_it_is_that_of_the_header_of_signed_requests(api: Api) -> None:
    ask(api, "POST", "v1/publicips", json=EIP)
    headers = {"X-Auth-Token": None, "X-Sdk-Date": "20260131T220000Z", "X-Project-Id": api.project.id}
    headers["Authorization"] = f"SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature={'0' * 64}"

    assert len(ask(api, "GET", "v2.0/floatingips", headers=headers).body["floatingips"]) == 1


def test_credentials_are_looked_at(connect: Connect, strict: MockRDS) -> None:
    api, other = connect(to=strict), connect(to=strict)
    api.token = other.token

    foreign = ask(api, "GET", "v1/vpcs")
    api.token = None
    nobody = [ask(api, "GET", path).body["error_code"] for path in ("v1/vpcs", "v2.0/ports")]

    assert (foreign.status, foreign.body["error_code"]) == (403, "APIGW.0302")
    assert nobody == ["APIGW.0301", "APIGW.0301"]
