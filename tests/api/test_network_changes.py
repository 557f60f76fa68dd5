"""Networks that clients make before they make an instance in them, and take away after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.api import Api, Connect, Reply

    from mockrds import MockRDS

NOWHERE = "00000000-0000-4000-8000-000000000000"
KINDS = ["network", "subnet", "router", "security_group"]


def ask(api: Api, method: str, path: str, **body: Any) -> Reply:
    """Ask the network service; *body* is what is in the object of the request."""
    version = f"v1/{api.project.id}" if path.startswith(("vpcs", "subnets", "security-groups")) else "v2.0"
    return api.call(method, f"{api.project.url}/{version}/{path.removeprefix('neutron/')}", json=body or None)


def make(api: Api, kind: str, **fields: Any) -> dict[str, Any]:
    reply = ask(api, "POST", where(kind), **{kind: fields})
    assert reply.status == 201, reply.body
    return dict(reply.body[kind])


def where(kind: str) -> str:
    return f"neutron/{kind.replace('_', '-')}s"


def topology(api: Api) -> dict[str, dict[str, Any]]:
    """Make what instances need, as the functional tests of the clients do."""
    router = make(api, "router", name="test-router", admin_state_up=True)
    network = make(api, "network", name="test-net", admin_state_up=True)
    subnet = make(api, "subnet", name="test-subnet", network_id=network["id"], ip_version=4, cidr="192.168.0.0/24")
    group = make(api, "security_group", name="test-sg", description="test-sg")
    attached = ask(api, "PUT", f"neutron/routers/{router['id']}/add_router_interface", subnet_id=subnet["id"])
    assert (attached.status, attached.body["id"], attached.body["subnet_id"]) == (200, router["id"], subnet["id"])
    return {"router": router, "network": network, "subnet": subnet, "security_group": group}


def delete(api: Api, kind: str, thing: dict[str, Any]) -> int:
    return ask(api, "DELETE", f"{where(kind)}/{thing['id']}").status


def test_what_was_made_is_listed_and_found_by_name(api: Api) -> None:
    made = topology(api)

    for kind, thing in made.items():
        listed = ask(api, "GET", f"{where(kind)}?name={thing['name']}").body[f"{kind}s"]
        shown = ask(api, "GET", f"{where(kind)}/{thing['id']}")
        assert listed == [shown.body[kind]]
        assert (listed[0]["id"], listed[0]["tenant_id"]) == (thing["id"], api.project.id)
    assert ask(api, "GET", f"{where('network')}/{made['network']['id']}").body["network"]["subnets"] == [
        made["subnet"]["id"]
    ]


def test_the_api_of_the_cloud_tells_the_same_networks(api: Api) -> None:
    made = topology(api)

    vpc = ask(api, "GET", f"vpcs/{made['router']['id']}").body["vpc"]
    subnet = ask(api, "GET", f"subnets/{made['network']['id']}").body["subnet"]
    group = ask(api, "GET", f"security-groups/{made['security_group']['id']}").body["security_group"]

    assert (vpc["name"], subnet["name"], group["name"]) == ("test-router", "test-net", "test-sg")
    assert (subnet["vpc_id"], subnet["neutron_subnet_id"]) == (vpc["id"], made["subnet"]["id"])
    assert (subnet["cidr"], subnet["gateway_ip"]) == ("192.168.0.0/24", "192.168.0.1")


def test_every_network_has_its_subnets(api: Api) -> None:
    topology(api)

    networks = ask(api, "GET", where("network")).body["networks"]
    subnets = ask(api, "GET", where("subnet")).body["subnets"]

    assert sorted(row["id"] for row in subnets) == sorted(id for row in networks for id in row["subnets"])  # noqa: A001
    assert {row["network_id"] for row in subnets} == {row["id"] for row in networks if row["subnets"]}


def test_a_router_has_a_port_in_each_of_its_subnets(api: Api) -> None:
    made = topology(api)
    ports = f"neutron/ports?device_id={made['router']['id']}"
    [port] = ask(api, "GET", ports).body["ports"]
    interface = f"neutron/routers/{made['router']['id']}"

    again = ask(api, "PUT", f"{interface}/add_router_interface", subnet_id=made["subnet"]["id"])
    removed = ask(api, "PUT", f"{interface}/remove_router_interface", port_id=port["id"])
    gone = ask(api, "PUT", f"{interface}/remove_router_interface", subnet_id=made["subnet"]["id"])

    assert port["device_owner"] == "network:router_interface"
    assert port["fixed_ips"] == [{"subnet_id": made["subnet"]["id"], "ip_address": "192.168.0.1"}]
    assert (again.status, removed.status, gone.status) == (400, 200, 404)
    assert (removed.body["port_id"], removed.body["subnet_id"]) == (port["id"], made["subnet"]["id"])
    assert ask(api, "GET", ports).body["ports"] == []


def test_what_is_in_use_stays(api: Api) -> None:
    made = topology(api)
    interface = f"neutron/routers/{made['router']['id']}/remove_router_interface"

    in_use = [delete(api, kind, made[kind]) for kind in ("router", "subnet", "network")]
    ask(api, "PUT", interface, subnet_id=made["subnet"]["id"])
    free = [delete(api, kind, made[kind]) for kind in ("subnet", "network", "router", "security_group")]
    gone = [delete(api, kind, made[kind]) for kind in KINDS]

    assert (in_use, free, gone) == ([409] * 3, [204] * 4, [404] * 4)


def test_an_instance_uses_its_networks(api: Api) -> None:
    made = topology(api)
    body = {
        "name": "in-my-network",
        "datastore": {"type": "MySQL", "version": "8.0"},
        "flavor_ref": "rds.mysql.c2.medium",
        "volume": {"type": "ULTRAHIGH", "size": 100},
        "region": "eu-de",
        "availability_zone": "eu-de-01",
        "vpc_id": made["router"]["id"],
        "subnet_id": made["network"]["id"],
        "security_group_id": made["security_group"]["id"],
        "password": "Test@12345678",
    }
    instance = api.call("POST", f"{api.project.url}/v3/{api.project.id}/instances", json=body)
    ask(api, "PUT", f"neutron/routers/{made['router']['id']}/remove_router_interface", subnet_id=made["subnet"]["id"])

    in_use = [delete(api, kind, made[kind]) for kind in KINDS]
    path = f"{api.project.url}/v3/{api.project.id}/instances"
    api.project.clock.advance("1h")
    api.call("DELETE", f"{path}/{instance.body['instance']['id']}")
    api.project.clock.advance("1h")
    free = [delete(api, kind, made[kind]) for kind in ("subnet", "network", "router", "security_group")]

    assert instance.status == 202
    assert (in_use, free) == ([409] * 4, [204] * 4)


def test_networks_of_instances_and_the_default_ones_stay(api: Api) -> None:
    for kind in KINDS:
        for thing in ask(api, "GET", where(kind)).body[f"{kind}s"]:
            assert delete(api, kind, thing) == 409


def test_a_router_is_renamed_and_gets_a_way_out(api: Api) -> None:
    [outside] = ask(api, "GET", f"{where('network')}?name=admin_external_net").body["networks"]
    router = make(api, "router", name="test-router")
    path = f"{where('router')}/{router['id']}"
    gateway = {"network_id": outside["id"], "enable_snat": True}

    changed = ask(api, "PUT", path, router={"name": "renamed", "external_gateway_info": gateway})
    closed = ask(api, "PUT", path, router={"external_gateway_info": None})

    assert router["external_gateway_info"] is None
    assert (changed.status, changed.body["router"]["name"]) == (200, "renamed")
    assert changed.body["router"]["external_gateway_info"]["network_id"] == outside["id"]
    assert closed.body["router"]["external_gateway_info"] is None


@pytest.mark.parametrize(
    ("kind", "fields", "status"),
    [
        ("subnet", {"network_id": NOWHERE, "cidr": "10.0.0.0/24"}, 404),
        ("subnet", {"cidr": "10.0.0.0/24"}, 400),
        ("subnet", {"network_id": "<network>"}, 400),
        ("subnet", {"network_id": "<network>", "cidr": "10.0.0.0/99"}, 400),
        ("subnet", {"network_id": "<network>", "cidr": 7}, 400),
        ("network", {"name": 7}, 400),
        ("router", {"name": "x", "external_gateway_info": {"network_id": NOWHERE}}, 404),
        ("router", {"name": "x", "external_gateway_info": 7}, 400),
    ],
)
def test_what_is_wrong_is_refused(api: Api, kind: str, fields: dict[str, Any], status: int) -> None:
    network = make(api, "network", name="test-net")
    fields = {key: network["id"] if value == "<network>" else value for key, value in fields.items()}
    before = len(ask(api, "GET", where(kind)).body[f"{kind}s"])

    assert ask(api, "POST", where(kind), **{kind: fields}).status == status
    assert len(ask(api, "GET", where(kind)).body[f"{kind}s"]) == before


def test_interfaces_need_a_subnet_and_a_router(api: Api) -> None:
    router = make(api, "router", name="test-router")
    path = f"neutron/routers/{router['id']}/add_router_interface"

    statuses = [
        ask(api, "PUT", path, subnet_id=NOWHERE).status,
        ask(api, "PUT", path, other=1).status,
        ask(api, "PUT", f"neutron/routers/{NOWHERE}/add_router_interface", subnet_id=NOWHERE).status,
    ]

    assert statuses == [404, 400, 404]


def test_each_project_has_its_own(connect: Connect, strict: MockRDS) -> None:
    one, other = connect(to=strict), connect(to=strict)
    made = topology(one)

    assert [ask(other, "GET", f"{where(kind)}/{thing['id']}").status for kind, thing in made.items()] == [404] * 4
    one.project.reset()
    assert [ask(one, "GET", f"{where(kind)}/{thing['id']}").status for kind, thing in made.items()] == [404] * 4


def state(api: Api, method: str = "GET", **request: Any) -> dict[str, Any]:
    reply = api.call(method, f"{api.project.url}/__mockrds/projects/{api.project.id}/state", **request)
    assert reply.status == 200, reply.text
    return dict(reply.body)


def test_the_state_shows_what_there_is(api: Api) -> None:
    made = topology(api)
    ip = api.call(
        "POST",
        f"{api.project.url}/v1/{api.project.id}/publicips",
        json={"publicip": {"type": "5_bgp"}, "bandwidth": {"name": "b", "size": 8, "share_type": "PER"}},
    ).body["publicip"]
    port = ask(api, "GET", "neutron/ports").body["ports"][0]
    ask(api, "PUT", f"neutron/floatingips/{ip['id']}", floatingip={"port_id": port["id"]})

    shown = state(api)

    for key in ("routers", "networks", "subnets", "security_groups"):
        listed = ask(api, "GET", f"neutron/{key.replace('_', '-')}").body[key]
        assert [(row["id"], row["name"]) for row in shown[key]] == [(row["id"], row["name"]) for row in listed]
    [subnet] = [row for row in shown["subnets"] if row["id"] == made["subnet"]["id"]]
    assert (subnet["network_id"], subnet["router_id"]) == (made["network"]["id"], made["router"]["id"])
    assert [row["name"] for row in shown["networks"] if row["external"]] == ["admin_external_net"]
    assert [row["description"] for row in shown["security_groups"] if row["name"] == "test-sg"] == ["test-sg"]
    assert shown["public_ips"] == [
        {
            "id": ip["id"],
            "address": ip["public_ip_address"],
            "type": "5_bgp",
            "created": "2026-01-31T22:00:00.000000Z",
            "bandwidth_id": ip["bandwidth_id"],
            "bandwidth_name": "b",
            "bandwidth_size": 8,
            "bandwidth_share_type": "PER",
            "port_id": port["id"],
        }
    ]


@pytest.mark.parametrize("anew", ["reset", "state"])
def test_what_was_made_is_gone_when_the_world_begins_anew(api: Api, anew: str) -> None:
    keys = ("routers", "networks", "subnets", "security_groups", "public_ips")
    before = {key: len(rows) for key, rows in state(api).items() if key in keys}
    topology(api)
    api.call(
        "POST",
        f"{api.project.url}/v1/{api.project.id}/publicips",
        json={"publicip": {"type": "5_bgp"}, "bandwidth": {"name": "b", "size": 8, "share_type": "PER"}},
    )
    between = state(api)

    if anew == "reset":
        api.project.reset()
    else:
        state(api, "PUT", json={"instances": [{"name": "only"}]})

    after = state(api)
    assert {key: len(between[key]) for key in keys} == {key: before[key] + 1 for key in keys}
    assert {row["name"] for key in keys for row in after[key]}.isdisjoint({"test-router", "test-net", "test-subnet"})
    assert after["public_ips"] == []
    assert "test-sg" not in [row["name"] for row in after["security_groups"]]


def test_the_same_project_begins_with_the_same_networks(api: Api) -> None:
    before = state(api)
    made = make(api, "network", name="test-net")

    api.project.reset()

    assert [row["id"] for row in state(api)["networks"]] == [row["id"] for row in before["networks"]]
    assert make(api, "network", name="test-net")["id"] == made["id"]
