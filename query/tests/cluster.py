"""A made-up cluster for property tests: what its probes say of hosts, containers, pods, services and connections."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from query.tests.machines import HOST_TEMPLATES, NOON, PROCESS_TEMPLATES
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.builder import Builder
from scope_sdk.report.ids import container_id, host_id, node_id, process_id
from scope_sdk.report.nodes import NodeFacts

#: An address and a port.
End = tuple[str, int]


class Socket(NamedTuple):
    """One end of a connection and who holds it."""

    owner: str
    client: End
    server: End
    incoming: bool
    times: int = 1


class Translation(NamedTuple):
    """What is addressed to one end is delivered to the other."""

    original: End
    delivered: End


class Named(NamedTuple):
    """The names of an address."""

    address: str
    forward: Collection[str]
    reverse: Collection[str]


Word = NodeFacts | Socket | Translation | Named
#: All that a probe says, each thing under a name of its own.
Words = Mapping[str, Word]


def pod_id(uid: str) -> str:
    return node_id(Topology.TOPOLOGY_POD, uid)


def namespace_id(uid: str) -> str:
    return node_id(Topology.TOPOLOGY_NAMESPACE, uid)


def image_id(image: str) -> str:
    return node_id(Topology.TOPOLOGY_CONTAINER_IMAGE, image)


def service_id(uid: str) -> str:
    return node_id(Topology.TOPOLOGY_SERVICE, uid)


DEPLOYMENT = node_id(Topology.TOPOLOGY_DEPLOYMENT, "d1")
JOB = node_id(Topology.TOPOLOGY_JOB, "j1")
CRON_JOB = node_id(Topology.TOPOLOGY_CRON_JOB, "t1")
REPLICA_SET = node_id(Topology.TOPOLOGY_REPLICA_SET, "r1")


def host(name: str, networks: Collection[str], addresses: Collection[str]) -> NodeFacts:
    attributes = {"local_networks": list(networks)}
    return NodeFacts(Topology.TOPOLOGY_HOST, host_id(name), name, attributes=attributes, addresses=addresses)


def process(host: str, pid: int, name: str, container: str) -> NodeFacts:
    parents = [host_id(host), *([container_id(container)] if container else [])]
    attributes = {"name": name, "pid": pid, "cmdline": f"{name} --password=secret"}
    facts = NodeFacts(Topology.TOPOLOGY_PROCESS, process_id(host, pid), name, parents, attributes)
    return replace(facts, metrics={"cpu": [(NOON, pid / 100)]})


def container(
    host: str,
    own: str,
    *,
    image: str = "",
    pod: str = "",
    state: str = "running",
    hostname: str = "",
    labels: Mapping[str, str] | None = None,
    address: str = "",
) -> NodeFacts:
    return NodeFacts(
        Topology.TOPOLOGY_CONTAINER,
        container_id(own),
        f"name-{own}",
        [host_id(host), *([image_id(image)] if image else []), *([pod_id(pod)] if pod else [])],
        {
            "docker_container_id": own,
            "docker_container_name": f"name-{own}",
            **({"docker_container_hostname": hostname} if hostname else {}),
            **({"docker_container_state": state} if state else {}),
        },
        tables=_table("docker_label_", labels),
        addresses=[address] if address else [],
    )


def image(own: str, name: str, labels: Mapping[str, str] | None = None) -> NodeFacts:
    attributes = {"docker_image_id": own, "docker_image_name": name} if name else {"docker_image_id": own}
    tables = _table("docker_image_label_", labels)
    return NodeFacts(Topology.TOPOLOGY_CONTAINER_IMAGE, image_id(own), name, attributes=attributes, tables=tables)


def _table(name: str, labels: Mapping[str, str] | None) -> dict[str, dict[str, tuple[str, str]]]:
    return {name: {key: (key, value) for key, value in labels.items()}} if labels else {}


def pod(
    uid: str,
    host: str,
    *,
    namespace: str = "shop",
    state: str = "Running",
    above: Collection[str] = (),
    addresses: Collection[str] = (),
) -> NodeFacts:
    attributes = {"kubernetes_name": f"pod-{uid}", "kubernetes_namespace": namespace, "kubernetes_state": state}
    parents = [*above, *([host_id(host)] if host else [])]
    return NodeFacts(Topology.TOPOLOGY_POD, pod_id(uid), f"pod-{uid}", parents, attributes, addresses=addresses)


def kubernetes(id_: str, kind: Topology.ValueType, namespace: str, addresses: Collection[str] = ()) -> NodeFacts:
    """A namespace, a service or a controller of pods."""
    own = id_.partition(";")[0]
    attributes = {"kubernetes_name": f"name-{own}", "kubernetes_namespace": namespace}
    parents = {JOB: [CRON_JOB], REPLICA_SET: [DEPLOYMENT]}.get(id_, [])
    return NodeFacts(kind, id_, f"name-{own}", parents, attributes, addresses=addresses)


LAN = ("10.0.0.0/24", "172.17.0.0/16")

#: What each probe says at first: one on each of two hosts, one that knows the cluster, another one on the first host.
START: Mapping[str, Words] = {
    "p": {
        "host": host("a", LAN, ["10.0.0.1"]),
        "process 1": process("a", 1, "nginx", "c1"),
        "process 2": process("a", 2, "sshd", ""),
        "image 1": image("i1", "registry:5000/shop/web:1"),
        "image 2": image("i2", "shop/db"),
        "container 1": container("a", "c1", image="i1", pod="u1", hostname="web", address="a;172.17.0.2"),
        "container 2": container("a", "c2", image="i2", state="exited", hostname="db"),
        "pod 1": pod("u1", "a", above=[REPLICA_SET]),
        "replica set": kubernetes(REPLICA_SET, Topology.TOPOLOGY_REPLICA_SET, "shop"),
        "socket 1": Socket(process_id("a", 1), ("10.0.0.2", 5000), ("a;172.17.0.2", 80), True),
        "socket 2": Socket(process_id("a", 2), ("10.0.0.1", 5000), ("8.8.8.8", 53), False),
        "socket 3": Socket(process_id("a", 1), ("10.0.0.2", 55000), ("a;172.17.0.2", 80), True),
        "translation 1": Translation(("10.0.0.1", 8080), ("a;172.17.0.2", 80)),
        "names 1": Named("52.0.0.1", ["bucket.s3.amazonaws.com"], []),
    },
    "q": {
        "host": host("b", LAN, ["10.0.0.2"]),
        "process 1": process("b", 1, "curl", ""),
        "process 2": process("b", 2, "nginx", "c3"),
        "image 1": image("i1", "registry:5000/shop/web:1"),
        "container 3": container("b", "c3", image="i1", pod="u2", hostname="web", address="b;172.17.0.2"),
        "pod 2": pod("u2", "b"),
        "socket 1": Socket(process_id("b", 1), ("10.0.0.2", 5000), ("10.0.0.1", 8080), False, 2),
        "socket 2": Socket(process_id("b", 2), ("10.1.0.2", 5000), ("10.96.0.1", 80), False),
        "socket 3": Socket(process_id("b", 2), ("b;172.17.0.2", 5000), ("10.0.0.1", 8080), False),
        "socket 4": Socket(process_id("b", 1), ("10.0.0.2", 5000), ("52.0.0.1", 443), False),
        "translation 1": Translation(("10.0.0.2", 55000), ("b;172.17.0.2", 5000)),
    },
    "k": {
        "service 1": kubernetes(service_id("s1"), Topology.TOPOLOGY_SERVICE, "shop", ["10.96.0.1"]),
        "namespace 1": kubernetes(namespace_id("n1"), Topology.TOPOLOGY_NAMESPACE, ""),
        "deployment": kubernetes(DEPLOYMENT, Topology.TOPOLOGY_DEPLOYMENT, "shop"),
        "replica set": kubernetes(REPLICA_SET, Topology.TOPOLOGY_REPLICA_SET, "shop"),
        "pod 1": pod("u1", "", above=[service_id("s1"), DEPLOYMENT], addresses=["10.1.0.1"]),
        "pod 2": pod("u2", "", above=[service_id("s1")], addresses=["10.1.0.2"]),
    },
    "r": {"host": host("a", [], []), "process 1": process("a", 1, "nginx", "")},
}


def builder(words: Words) -> Builder:
    """A report of all this; nodes that are not part of it are nobody's parents and hold no connections."""
    made = Builder().template(HOST_TEMPLATES).template(PROCESS_TEMPLATES)
    nodes = {word.id: word for word in words.values() if isinstance(word, NodeFacts)}
    nodes = {id_: node for id_, node in nodes.items() if Builder.host_of(node) in ("", *nodes)}
    for node in nodes.values():
        made.add(replace(node, parents=[parent for parent in node.parents if parent in nodes]))
    for word in words.values():
        match word:
            case Socket() if word.owner in nodes:
                local, remote = (word.server, word.client) if word.incoming else (word.client, word.server)
                made.connect(word.owner, local, remote, incoming=word.incoming, times=word.times)
            case Translation():
                made.translate(*word)
            case Named():
                made.name(*word)
    return made
