"""Whose measurements a node shows."""

from query.model import Model
from query.node.family import belonging, running
from scope.report.v1.topology_pb2 import Topology

_POD = Topology.TOPOLOGY_POD
#: What runs in containers by way of pods.
_OF_PODS = frozenset(
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


def measured(model: Model, node: str) -> str:
    """The node whose measurements it shows: of what runs in one container only that container, else the node itself."""
    kind = model.kind(node)
    if kind in _OF_PODS:
        pods = belonging(model, node, _POD)
        return measured(model, pods.pop()) if len(pods) == 1 else node
    if kind == _POD:
        containers = running(model, node)
        return containers.pop() if len(containers) == 1 else node
    return node
