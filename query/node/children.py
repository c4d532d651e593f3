"""What belongs to a node, by kind."""

from collections import Counter
from collections.abc import Collection, Iterable
from heapq import nsmallest

from query import images
from query.model import Model
from query.node.facts import facts_of
from query.node.family import Kinds, below
from query.node.look import stands_for_a_name
from query.node.measured import measured
from query.node.metrics import metrics
from query.node.names import group_named
from query.node.summary import listed, outline
from query.pseudo import is_rest
from query.selection import Selection
from query.topologies import topology_showing
from scope.query.v1.node_pb2 import Column, NodeGroup, NodeSummary
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids

#: How many nodes of one kind are listed.
MOST = 500

_IMAGE = Topology.TOPOLOGY_CONTAINER_IMAGE
_POD = Topology.TOPOLOGY_POD


def _numbers(**labels: str) -> list[Column]:
    return [Column(id=key, label=text, data_type="number") for key, text in labels.items()]


_POD_COLUMNS = [
    Column(id="kubernetes_state", label="State"),
    *_numbers(container="# Containers"),
    Column(id="kubernetes_ip", label="IP", data_type="ip"),
]
_CONTAINER_COLUMNS = _numbers(docker_cpu_total_usage="CPU", docker_memory_usage="Memory")
_PROCESS_COLUMNS = _numbers(pid="PID", process_cpu_usage_percent="CPU", process_memory_usage_bytes="Memory")


def children(model: Model, selection: Selection, node: str, *, sensitive: bool) -> list[NodeGroup]:
    """What belongs to a node and to what belongs to it: groups that are not empty, each sorted by label."""
    found = _found(model, selection, node)
    groups = [
        _group(model, _POD, "Pods", _POD_COLUMNS, found, sensitive=sensitive),
        _group(model, ids.CONTAINER, "Containers", _CONTAINER_COLUMNS, found, sensitive=sensitive),
        _group(model, ids.PROCESS, "Processes", _PROCESS_COLUMNS, found, sensitive=sensitive),
    ]
    if ids.HOST in selection.definition.kinds:
        groups.append(_images(model, found.get(ids.CONTAINER, ())))
    return [group for group in groups if group.nodes]


def _found(model: Model, selection: Selection, node: str) -> Kinds:
    """All that belongs to a node, by kind."""
    if node in selection.pseudo:
        return _left_over(model, selection, node)
    if not stands_for_a_name(selection.definition):
        return below(model, [node])
    (kind,) = selection.definition.base.kinds
    bases = selection.bases(node)
    return {**below(model, bases), kind: bases}


def _left_over(model: Model, selection: Selection, node: str) -> Kinds:
    """What is left of a host: of all that belongs to it what is part of that node."""
    if not is_rest(node):
        return {}
    found = below(model, [ids.host_id(node.split(":", 2)[2])])
    return {
        kind: {child for child in nodes if _is_part(model, selection, child, node)} for kind, nodes in found.items()
    }


def _is_part(model: Model, selection: Selection, child: str, node: str) -> bool:
    base, group = selection.definition.base.place(model, child), selection.definition.group
    return base == node or (base is not None and group is not None and node in group(model, base))


def _group(
    model: Model, kind: Topology.ValueType, label: str, columns: list[Column], found: Kinds, *, sensitive: bool
) -> NodeGroup:
    """The nodes of one kind; where there are too many those whose reported labels come first."""
    nodes = _present(model, kind, found.get(kind, ()))
    nearest = nodes if len(nodes) <= MOST else nsmallest(MOST, nodes, key=lambda node: (model.label(node), node))
    summaries = [_listed(model, node, sensitive=sensitive) for node in nearest]
    return _filled(kind, label, columns, summaries, len(nodes) - len(nearest))


def _filled(
    kind: Topology.ValueType, label: str, columns: list[Column], nodes: Iterable[NodeSummary], more: int = 0
) -> NodeGroup:
    topology = topology_showing(kind)
    return NodeGroup(
        id=ids.topology_name(kind),
        label=label,
        topology_id=topology.id if topology else "",
        columns=columns,
        nodes=sorted(nodes, key=lambda node: (node.label, node.id)),
        more=more,
    )


def _present(model: Model, kind: Topology.ValueType, nodes: Collection[str]) -> Collection[str]:
    """Those that are not over although they are reported."""
    topology = topology_showing(kind)
    if topology is None or topology.base.ended is None:
        return nodes
    return [node for node in nodes if (facts := model.facts(node)) and not topology.base.has_ended(facts)]


def _listed(model: Model, node: str, *, sensitive: bool) -> NodeSummary:
    facts = facts_of(model, node)
    assert facts is not None, node
    summary = listed(model, facts, sensitive=sensitive)
    templates = model.declarations.of(facts.topology).metrics
    summary.metrics.extend(metrics(model, measured(model, node), templates, samples=False))
    return summary


def _images(model: Model, containers: Iterable[str]) -> NodeGroup:
    """The images that containers are made from, those of one name as one."""
    counts = Counter(image for container in containers if (image := images.image_group(model, container)))
    names = {image: group_named(images.group_name(image), ids.CONTAINER, counts[image]) for image in counts}
    return _filled(_IMAGE, "Container images", [], [outline(image, name) for image, name in names.items()])
