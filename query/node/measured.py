"""Whose measurements a node shows."""

from query.model import Model
from query.node.family import belonging, running
from query.topologies.definition import Definition
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids

_POD = Topology.TOPOLOGY_POD
#: What runs in containers by way of pods.
_BY_PODS = frozenset(
    {
        Topology.TOPOLOGY_SERVICE,
        Topology.TOPOLOGY_DEPLOYMENT,
        Topology.TOPOLOGY_REPLICA_SET,
        Topology.TOPOLOGY_DAEMON_SET,
        Topology.TOPOLOGY_STATEFUL_SET,
        Topology.TOPOLOGY_CRON_JOB,
        Topology.TOPOLOGY_JOB,
    }
)

#: What shows the measurements of a container.
_OTHERS = _BY_PODS | {_POD}
# Cheaper to look for than kinds.
_OTHERS_TAGS = tuple(map(ids.ending, _OTHERS))
#: At so many nodes above one it is looked for no more: it is asked of every node that is measured.
_MOST = 200


def measured(model: Model, node: str) -> str:
    """The node whose measurements it shows: of what runs in one container only that container, else the node itself."""
    kind = model.kind(node)
    if kind in _BY_PODS:
        pods = belonging(model, node, _POD)
        return measured(model, pods.pop()) if len(pods) == 1 else node
    if kind == _POD:
        containers = running(model, node)
        return containers.pop() if len(containers) == 1 else node
    return node


def measures_others(topology: Definition) -> bool:
    """Whether nodes of a topology may show the measurements of others."""
    return not _OTHERS.isdisjoint(topology.kinds)


def above(model: Model, node: str) -> set[str]:
    """Ids of the nodes that may show the measurements of a node, itself among them; not many more than `_MOST`."""
    found: set[str] = set()
    waiting = [node]
    while waiting and len(found) < _MOST:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(parent for parent in model.parents(one) if parent.endswith(_OTHERS_TAGS))
    return found
