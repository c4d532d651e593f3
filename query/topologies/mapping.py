"""How things are placed on the nodes of a topology."""

from query.model import Model
from query.topologies.definition import Place
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.ids import host_id
from scope_sdk.report.merge import Facts


def parents(node: Facts) -> frozenset[str]:
    """What a node belongs to: what it says, and the host that a process's id names."""
    if node.topology == Topology.TOPOLOGY_PROCESS:
        return node.parents | {host_id(node.id.partition(";")[0])}
    return node.parents


def owner_of(kind: Topology.ValueType) -> Place:
    """What is of that kind stands for itself; nothing else is placed."""

    def place(model: Model, node: str) -> str | None:
        return node if model.kind(node) == kind else None

    return place


def parent_of(kind: Topology.ValueType) -> Place:
    """What is of that kind stands for itself, anything else belongs to its parent of that kind."""

    def place(model: Model, node: str) -> str | None:
        facts = model.facts(node)
        if facts is None or facts.topology == kind:
            return node if facts is not None else None
        return min((parent for parent in parents(facts) if model.kind(parent) == kind), default=None)

    return place
