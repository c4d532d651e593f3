"""What nodes are called."""

from collections.abc import Collection
from typing import NamedTuple

from query.tests.reference.said import Said
from query.tests.reference.topologies import (
    CONTAINER,
    CONTROLLERS,
    HOST,
    IMAGE,
    POD,
    PROCESS,
    SERVICE,
    container_of,
    image_of,
    is_group,
    short,
)
from scope.report.v1.topology_pb2 import Topology as Kind
from scope_sdk.report.ids import INTERNET_IN, INTERNET_OUT
from scope_sdk.report.merge import Facts

_SHAPES = {
    HOST: "circle",
    PROCESS: "square",
    CONTAINER: "hexagon",
    IMAGE: "hexagon",
    POD: "heptagon",
    SERVICE: "heptagon",
    Kind.TOPOLOGY_DEPLOYMENT: "heptagon",
    Kind.TOPOLOGY_DAEMON_SET: "pentagon",
    Kind.TOPOLOGY_STATEFUL_SET: "octagon",
    Kind.TOPOLOGY_CRON_JOB: "triangle",
    Kind.TOPOLOGY_JOB: "dottedtriangle",
}
_CONTROLLING = {
    Kind.TOPOLOGY_DEPLOYMENT: "Deployment",
    Kind.TOPOLOGY_DAEMON_SET: "DaemonSet",
    Kind.TOPOLOGY_STATEFUL_SET: "StatefulSet",
    Kind.TOPOLOGY_CRON_JOB: "CronJob",
    Kind.TOPOLOGY_JOB: "Job",
}


class Name(NamedTuple):
    """What a node is called, and how it looks."""

    label: str
    minor: str
    rank: str
    shape: str
    stack: bool


def name(said: Said, topology: str, node: str, members: Collection[str]) -> Name:
    """What a node of a topology is called that stands for these."""
    if not members:
        return _pseudo(node)
    if is_group(topology):
        return _group(said, node, members)
    return reported(said, node)


def reported(said: Said, node: str) -> Name:
    """What something that probes report is called."""
    facts = said.nodes[node]
    stack = facts.topology in (IMAGE, SERVICE, *CONTROLLERS)
    return Name(label(facts), _minor(said, facts), _rank(said, facts), _SHAPES[facts.topology], stack)


def _minor(said: Said, facts: Facts) -> str:
    """Where it is, or how much is in it."""
    if facts.topology == PROCESS:
        host, _, pid = facts.id.partition(";")
        container = container_of(said, facts.id)
        where = f"{label(said.nodes[container])}:{pid}" if container else pid
        return f"{host} ({where})" if _is_named(facts) else host
    if facts.topology == CONTAINER:
        return _host(said, facts)
    if facts.topology == HOST:
        return facts.label.partition(".")[2]
    if facts.topology in (POD, IMAGE):
        return _count(said, facts.id, CONTAINER, "container")
    what = f"{_CONTROLLING[facts.topology]} of " if facts.topology in CONTROLLERS else ""
    return what + _count(said, facts.id, POD, "pod")


def _rank(said: Said, facts: Facts) -> str:
    """What nodes have in common that are coloured alike."""
    if facts.topology == PROCESS and not _is_named(facts):
        return facts.id.partition(";")[0]
    if facts.topology == CONTAINER:
        return image_of(said, facts.id) or _host(said, facts) or label(facts)
    if facts.topology == HOST:
        return facts.label.partition(".")[2]
    namespace = facts.texts.get("kubernetes_namespace")
    return f"{namespace}/{label(facts)}" if namespace else label(facts)


def _is_named(process: Facts) -> bool:
    return bool(process.texts.get("name") or process.label)


def _host(said: Said, container: Facts) -> str:
    return next((host.removesuffix(";<host>") for host in said.parents(container.id, HOST)), "")


def label(facts: Facts) -> str:
    """What something is called wherever it is mentioned."""
    own = facts.id.partition(";")[2 if facts.topology == PROCESS else 0]
    texts = facts.texts
    if facts.topology == PROCESS:
        return texts.get("name") or facts.label or own
    if facts.topology == CONTAINER:
        given = facts.tables.get("docker_label_", {}).get("io.kubernetes.container.name", ("", ""))[1]
        named = given or texts.get("docker_container_name") or facts.label
        return named or texts.get("docker_container_hostname") or own[:12]
    if facts.topology == HOST:
        return (facts.label or own).partition(".")[0]
    if facts.topology == IMAGE:
        return short(texts.get("docker_image_name") or facts.label) or own[:12]
    return texts.get("kubernetes_name") or facts.label or own


def _group(said: Said, node: str, members: Collection[str]) -> Name:
    kind = said.nodes[next(iter(members))].topology
    called = node.removesuffix(";<container_image>")
    words = {PROCESS: ("process", "processes"), CONTAINER: ("container", "containers")}[kind]
    return Name(called, f"{len(members)} {words[len(members) != 1]}", called, _SHAPES[kind], stack=True)


def _pseudo(node: str) -> Name:
    rank = node.removeprefix("pseudo:")
    if node in (INTERNET_IN, INTERNET_OUT):
        direction = "Inbound" if node == INTERNET_IN else "Outbound"
        return Name("The Internet", f"{direction} connections", rank, "cloud", stack=False)
    if node.startswith("service-"):
        return Name(node.removeprefix("service-"), "", rank, "cloud", stack=False)
    what, _, where = rank.partition(":")
    if what == "network":
        scope, _, subnet = where.rpartition(";")
        return Name(subnet, scope or "Local network", rank, "circle", stack=True)
    return Name(what.capitalize(), where, rank, "square", stack=True)


def _count(said: Said, node: str, kind: Kind.ValueType, what: str) -> str:
    """How many of a kind belong to a node, by way of its jobs and replica sets too."""
    between = said.of_kind(Kind.TOPOLOGY_JOB, Kind.TOPOLOGY_REPLICA_SET)
    above = {node, *(one for one in between if node in said.nodes[one].parents)}
    count = sum(not above.isdisjoint(said.nodes[one].parents) for one in said.of_kind(kind))
    return f"{count} {what}{'' if count == 1 else 's'}"
