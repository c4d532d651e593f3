"""What nodes are called."""

import ipaddress
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from query import images, pseudo
from query.model import Model
from query.node.family import belonging
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids
from scope_sdk.report.merge import Facts

_IMAGE = Topology.TOPOLOGY_CONTAINER_IMAGE
_POD = Topology.TOPOLOGY_POD
_REPLICA_SET = Topology.TOPOLOGY_REPLICA_SET
_HOST_TAG = ids.ending(ids.HOST)
_CONTAINER_TAG = ids.ending(ids.CONTAINER)
_SHORT_ID = 12

#: Tables that may hold the name that whoever starts a container gave it, and the row that does; the first found wins.
#: Of all variables this one is a name, which everybody may see.
_GIVEN_NAMES = (
    ("docker_label_", "com.amazonaws.ecs.container-name"),
    ("docker_label_", "io.kubernetes.container.name"),
    ("docker_env_", "MARATHON_APP_ID"),
)


class Name(NamedTuple):
    """What a node is called, and what it looks like.

    Attributes:
        label: what it is called.
        minor: what to add in small print.
        rank: nodes of one rank are coloured alike.
        shape: its shape.
        stack: whether it stands for several things.
    """

    label: str
    minor: str = ""
    rank: str = ""
    shape: str = "circle"
    stack: bool = False


class Kind(NamedTuple):
    """What nodes of one kind look like and are counted as."""

    shape: str
    one: str
    many: str


KINDS: Mapping[Topology.ValueType, Kind] = {
    ids.HOST: Kind("circle", "host", "hosts"),
    ids.PROCESS: Kind("square", "process", "processes"),
    ids.CONTAINER: Kind("hexagon", "container", "containers"),
    _IMAGE: Kind("hexagon", "image", "images"),
    _POD: Kind("heptagon", "pod", "pods"),
    Topology.TOPOLOGY_SERVICE: Kind("heptagon", "service", "services"),
    Topology.TOPOLOGY_DEPLOYMENT: Kind("heptagon", "deployment", "deployments"),
    _REPLICA_SET: Kind("triangle", "replica set", "replica sets"),
    Topology.TOPOLOGY_DAEMON_SET: Kind("pentagon", "daemonset", "daemonsets"),
    Topology.TOPOLOGY_STATEFUL_SET: Kind("octagon", "stateful set", "stateful sets"),
    Topology.TOPOLOGY_CRON_JOB: Kind("triangle", "cron job", "cron jobs"),
    Topology.TOPOLOGY_JOB: Kind("dottedtriangle", "job", "jobs"),
}

_SHAPES = {kind: looks.shape for kind, looks in KINDS.items()}

#: What controllers are called in front of how many pods they have.
_CONTROLLERS = {
    Topology.TOPOLOGY_DEPLOYMENT: "Deployment",
    _REPLICA_SET: "ReplicaSet",
    Topology.TOPOLOGY_DAEMON_SET: "DaemonSet",
    Topology.TOPOLOGY_STATEFUL_SET: "StatefulSet",
    Topology.TOPOLOGY_CRON_JOB: "CronJob",
    Topology.TOPOLOGY_JOB: "Job",
}


def label(node: Facts) -> str:
    """What a node is called wherever it is mentioned."""
    if node.topology == ids.PROCESS:
        return node.texts.get("name") or node.label or _own(node)
    if node.topology == ids.CONTAINER:
        return _container_label(node)
    if node.topology == ids.HOST:
        return host_name(node.label or _own(node))[0]
    if node.topology == _IMAGE:
        return images.short(node.texts.get(images.NAME) or node.label) or _own(node)[:_SHORT_ID]
    return node.texts.get("kubernetes_name") or node.label or _own(node)


def named(model: Model, node: Facts) -> Name:
    """What something that probes report is called, and looks like."""
    return _NAMINGS.get(node.topology, _named_in_namespace)(model, node, _SHAPES.get(node.topology, "triangle"))


def group_named(group: str, kind: Topology.ValueType, count: int) -> Name:
    """What a node is called that stands for so many things of one kind that have the name in common."""
    return Name(group, counted(count, kind), group, KINDS[kind].shape, stack=True)


def counted(count: int, kind: Topology.ValueType) -> str:
    """`1 container`, `2 containers`."""
    return f"{count} {KINDS[kind].one if count == 1 else KINDS[kind].many}"


@lru_cache(maxsize=10_000)
def host_name(name: str) -> tuple[str, str]:
    """The first part of a DNS name and the rest; an address stays whole."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        first, _, rest = name.partition(".")
        return first, rest
    return name, ""


def pseudo_named(node: str) -> Name:
    """What a pseudo node is called."""
    rank = node.removeprefix("pseudo:")
    if node in pseudo.INTERNETS:
        direction = "Inbound" if node == ids.INTERNET_IN else "Outbound"
        return Name("The Internet", f"{direction} connections", rank, "cloud")
    if node.startswith(pseudo.SERVICE):
        return Name(node.removeprefix(pseudo.SERVICE), "", rank, "cloud")
    what, _, where = rank.partition(":")
    if node.startswith(pseudo.NETWORK):
        scope, _, subnet = where.rpartition(";")
        return Name(subnet, scope or "Local network", rank, "circle", stack=True)
    return Name(what.capitalize(), where, rank, "square", stack=True)


def _own(node: Facts) -> str:
    return ids.parts(node.topology, node.id)[1]


def _container_label(node: Facts) -> str:
    for table, key in _GIVEN_NAMES:
        cells = node.tables.get(table, {}).get(key, ())
        if len(cells) > 1 and cells[1]:
            return cells[1]
    texts = node.texts
    return texts.get("docker_container_name") or node.label or texts.get("docker_container_hostname") or _short(node)


def _short(node: Facts) -> str:
    return _own(node)[:_SHORT_ID]


def _named_host(_: Model, node: Facts, shape: str) -> Name:
    first, rest = host_name(node.label or _own(node))
    return Name(first, rest, rest, shape)


def _named_process(model: Model, node: Facts, shape: str) -> Name:
    """What it calls itself, and in small print where it runs."""
    host, _, pid = node.id.partition(";")
    name = node.texts.get("name") or node.label
    if not name:
        return Name(pid, host, host, shape)
    container = _first(node, _CONTAINER_TAG)
    facts = model.facts(container) if container else None
    where = f"{label(facts)}:{pid}" if facts else pid
    return Name(name, f"{host} ({where})", name, shape)


def _named_container(model: Model, node: Facts, shape: str) -> Name:
    host = _first(node, _HOST_TAG).removesuffix(_HOST_TAG)
    name = label(node)
    return Name(name, host, images.image_name(model, node) or host or name, shape)


def _named_image(model: Model, node: Facts, shape: str) -> Name:
    name = label(node)
    return Name(name, _counted_below(model, node, ids.CONTAINER), name, shape, stack=True)


def _named_pod(model: Model, node: Facts, shape: str) -> Name:
    return _named_in_namespace(model, node, shape)._replace(minor=_counted_below(model, node, ids.CONTAINER))


def _named_pod_group(model: Model, node: Facts, shape: str) -> Name:
    """Services, and controllers with what they are."""
    what = _CONTROLLERS.get(node.topology)
    count = _counted_below(model, node, _POD)
    name = _named_in_namespace(model, node, shape)
    return name._replace(minor=f"{what} of {count}" if what else count, stack=True)


def _named_in_namespace(_: Model, node: Facts, shape: str) -> Name:
    name = label(node)
    namespace = node.texts.get("kubernetes_namespace")
    return Name(name, "", f"{namespace}/{name}" if namespace else name, shape)


def _counted_below(model: Model, node: Facts, kind: Topology.ValueType) -> str:
    return counted(len(belonging(model, node.id, kind)), kind)


def _first(node: Facts, tag: str) -> str:
    """The first of its parents whose id ends so; empty for none."""
    return min((parent for parent in node.parents if parent.endswith(tag)), default="")


_NAMINGS: Mapping[Topology.ValueType, Callable[[Model, Facts, str], Name]] = {
    ids.HOST: _named_host,
    ids.PROCESS: _named_process,
    ids.CONTAINER: _named_container,
    _IMAGE: _named_image,
    _POD: _named_pod,
    Topology.TOPOLOGY_SERVICE: _named_pod_group,
    **dict.fromkeys(_CONTROLLERS, _named_pod_group),
}
