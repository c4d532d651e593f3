"""How things are placed on the nodes of a topology."""

from query.model import Model
from query.topologies.definition import Place
from scope.report.v1.topology_pb2 import Topology


def owner_of(kind: Topology.ValueType) -> Place:
    """What is of that kind stands for itself; nothing else is placed."""

    def place(model: Model, node: str) -> str | None:
        return node if model.kind(node) == kind else None

    return place


def parent_of(kind: Topology.ValueType) -> Place:
    """What is of that kind stands for itself, anything else belongs to its parent of that kind."""

    def place(model: Model, node: str) -> str | None:
        if model.kind(node) == kind:
            return node
        return min((parent for parent in model.parents(node) if model.kind(parent) == kind), default=None)

    return place
