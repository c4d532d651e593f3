"""What nodes are called."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from query.node.names import KINDS, Name, group_named, label, named, pseudo_named
from query.tests.machines import World
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids
from scope_sdk.report.builder import Builder
from scope_sdk.report.encode import Encoder
from scope_sdk.report.merge import Facts
from scope_sdk.report.nodes import NodeFacts

IMAGE = Topology.TOPOLOGY_CONTAINER_IMAGE
LONG = "0123456789abcdef" * 4
CONTAINER = ids.container_id(LONG)


def node(kind: str, own: str, *parents: str, name: str = "", **attributes: str) -> NodeFacts:
    topology = ids.topology_of(kind)
    return NodeFacts(topology, own if kind == "process" else ids.node_id(topology, own), name, parents, attributes)


def container(*parents: str, tables: Mapping[str, Mapping[str, str]] | None = None, **attributes: str) -> NodeFacts:
    rows = {table: {key: (key, value) for key, value in of.items()} for table, of in (tables or {}).items()}
    return NodeFacts(ids.CONTAINER, CONTAINER, "", parents, attributes, tables=rows)


def called(*nodes: NodeFacts) -> Name:
    """What the last of these nodes is called."""
    builder = Builder()
    for one in nodes:
        builder.add(one)
    world = World()
    assert world.report("p", Encoder(1).full(builder))
    facts = world.model.facts(nodes[-1].id)
    assert facts is not None
    return named(world.model, facts)


HOST = node("host", "h")
BOX = "h;<host>"
FULL_IMAGE = node("container_image", LONG, docker_image_name="registry.example.org:5000/shop/web", docker_image_tag="2")


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node("host", "web.example.org")], Name("web", "example.org", "example.org", "circle")),
        ([node("host", "h", name="db.example.org")], Name("db", "example.org", "example.org", "circle")),
        ([node("host", "10.0.0.1")], Name("10.0.0.1", "", "", "circle")),
        ([HOST, node("process", "h;7", BOX, name="sh")], Name("sh", "h (7)", "sh", "square")),
        (
            [HOST, NodeFacts(ids.PROCESS, "h;7", "sh", [BOX], {"name": "/bin/sh"})],
            Name("/bin/sh", "h (7)", "/bin/sh", "square"),
        ),
        ([HOST, node("process", "h;7", BOX)], Name("7", "h", "h", "square")),
        (
            [HOST, container(docker_container_name="shop"), node("process", "h;7", BOX, CONTAINER, name="sh")],
            Name("sh", "h (shop:7)", "sh", "square"),
        ),
        ([container()], Name(LONG[:12], "", LONG[:12], "hexagon")),
        ([HOST, container(BOX, docker_container_hostname="web-1")], Name("web-1", "h", "h", "hexagon")),
        (
            [HOST, FULL_IMAGE, container(BOX, FULL_IMAGE.id, docker_container_name="web")],
            Name("web", "h", "shop/web", "hexagon"),
        ),
        ([container(docker_image_name="nginx:1", docker_container_name="w")], Name("w", "", "nginx", "hexagon")),
        ([FULL_IMAGE], Name("shop/web", "0 containers", "shop/web", "hexagon", stack=True)),
        ([node("container_image", LONG)], Name(LONG[:12], "0 containers", LONG[:12], "hexagon", stack=True)),
        (
            [node("pod", "u", kubernetes_name="web-1", kubernetes_namespace="shop")],
            Name("web-1", "0 containers", "shop/web-1", "heptagon"),
        ),
        ([node("service", "u", name="web")], Name("web", "0 pods", "web", "heptagon", stack=True)),
        (
            [node("deployment", "u", name="web")],
            Name("web", "Deployment of 0 pods", "web", "heptagon", stack=True),
        ),
        ([node("daemon_set", "u")], Name("u", "DaemonSet of 0 pods", "u", "pentagon", stack=True)),
        ([node("stateful_set", "u")], Name("u", "StatefulSet of 0 pods", "u", "octagon", stack=True)),
        ([node("cron_job", "u")], Name("u", "CronJob of 0 pods", "u", "triangle", stack=True)),
        ([node("job", "u")], Name("u", "Job of 0 pods", "u", "dottedtriangle", stack=True)),
        ([node("namespace", "shop")], Name("shop", "", "shop", "triangle")),
    ],
)
def test_names(nodes: Collection[NodeFacts], expected: Name) -> None:
    assert called(*nodes) == expected


GIVEN: dict[str, Any] = {
    "com.amazonaws.ecs.container-name": "of-ecs",
    "io.kubernetes.container.name": "of-kubernetes",
}


def test_a_container_is_called_by_the_first_of_its_names() -> None:
    tables = {"docker_label_": dict(GIVEN), "docker_env_": {"MARATHON_APP_ID": "of-marathon", "OTHER": "secret"}}
    texts = {"docker_container_name": "name", "docker_container_hostname": "hostname"}
    found = []
    for forgotten in (tables["docker_label_"], tables["docker_label_"], tables["docker_env_"], texts, texts, {"": ""}):
        found.append(called(container(tables=tables, **texts)).label)
        del forgotten[next(iter(forgotten))]
    assert found == ["of-ecs", "of-kubernetes", "of-marathon", "name", "hostname", LONG[:12]]


@pytest.mark.parametrize(("count", "minor"), [(0, "0 pods"), (1, "1 pod"), (2, "2 pods")])
def test_pods_are_counted_by_way_of_what_is_between(count: int, minor: str) -> None:
    deployment, replicas = node("deployment", "d"), node("replica_set", "r", "d;<deployment>")
    pods = [node("pod", str(at), "r;<replica_set>") for at in range(count)]
    assert called(replicas, *pods, deployment).minor == f"Deployment of {minor}"


def test_owners_that_own_each_other_are_counted_once() -> None:
    one, other = node("job", "a", "b;<job>"), node("job", "b", "a;<job>")
    assert called(one, node("pod", "p", "a;<job>", "b;<job>"), other).minor == "Job of 1 pod"


@pytest.mark.parametrize(
    ("id_", "expected"),
    [
        (ids.INTERNET_IN, Name("The Internet", "Inbound connections", "in-theinternet", "cloud")),
        (ids.INTERNET_OUT, Name("The Internet", "Outbound connections", "out-theinternet", "cloud")),
        (
            "service-s3.amazonaws.com",
            Name("s3.amazonaws.com", "", "service-s3.amazonaws.com", "cloud"),
        ),
        ("pseudo:uncontained:h", Name("Uncontained", "h", "uncontained:h", "square", stack=True)),
        ("pseudo:unmanaged:h", Name("Unmanaged", "h", "unmanaged:h", "square", stack=True)),
        (
            "pseudo:network:10.1.0.0/24",
            Name("10.1.0.0/24", "Local network", "network:10.1.0.0/24", "circle", stack=True),
        ),
        (
            "pseudo:network:h;fd00:1::/64",
            Name("fd00:1::/64", "h", "network:h;fd00:1::/64", "circle", stack=True),
        ),
    ],
)
def test_names_of_pseudo_nodes(id_: str, expected: Name) -> None:
    assert pseudo_named(id_) == expected


def test_nodes_of_one_name() -> None:
    assert group_named("sh", ids.PROCESS, 2) == Name("sh", "2 processes", "sh", "square", stack=True)
    assert group_named("web", ids.CONTAINER, 1) == Name("web", "1 container", "web", "hexagon", stack=True)


def test_whatever_is_shown_has_a_shape() -> None:
    assert {kind.shape for kind in KINDS.values()} >= {"circle", "square", "pentagon", "hexagon", "heptagon", "octagon"}
    assert label(Facts(id="#peer", topology=Topology.TOPOLOGY_OVERLAY)) == "#peer"
