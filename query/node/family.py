"""What belongs to a node: what names it as a parent, and what belongs to that."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from query.model import Model
from query.predicates import runs
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids

#: Between a controller and its pods.
_BETWEEN = frozenset({Topology.TOPOLOGY_REPLICA_SET, Topology.TOPOLOGY_JOB})

Kinds = Mapping[Topology.ValueType, AbstractSet[str]]
"""Ids of nodes by their kind."""


def belonging(model: Model, node: str, kind: Topology.ValueType) -> set[str]:
    """What of one kind belongs to a node, by way of its replica sets and jobs too, which have none below them."""
    found: set[str] = set()
    for child in model.children(node):
        child_kind = model.kind(child)
        if child_kind == kind:
            found.add(child)
        elif child_kind in _BETWEEN:
            found.update(below for below in model.children(child) if model.kind(below) == kind)
    return found - {node}


def below(model: Model, nodes: Iterable[str]) -> Kinds:
    """All that belongs to any of these nodes, and to what belongs to them, without themselves."""
    found: dict[Topology.ValueType, set[str]] = defaultdict(set)
    waiting = list(nodes)
    seen = set(waiting)
    while waiting:
        for child in model.children(waiting.pop()) - seen:
            seen.add(child)
            waiting.append(child)
            kind = model.kind(child)
            if kind is not None:
                found[kind].add(child)
    return found


def running(model: Model, node: str) -> set[str]:
    """The containers of a pod that run, or of which it is not known."""
    containers = belonging(model, node, ids.CONTAINER)
    return {container for container in containers if (facts := model.facts(container)) and runs(facts)}
