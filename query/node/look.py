"""What a node of a topology is: something that probes report, all things of one name, or neither."""

from collections.abc import Callable
from typing import NamedTuple

from query import images
from query.model import Model
from query.node.facts import facts_of, images_of
from query.node.family import belonging
from query.node.names import Name, group_named, named, pseudo_named
from query.selection import Selection
from query.topologies.definition import Definition
from query.topologies.mapping import key_of
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.merge import Facts

_IMAGE = Topology.TOPOLOGY_CONTAINER_IMAGE


class Look(NamedTuple):
    """A node of a topology.

    Attributes:
        name: what it is called.
        facts: what is said of it; None of pseudo nodes, and where it stands for things that have only a name in common.
        count: how many things of a kind belong to it.
    """

    name: Name
    facts: Facts | None = None
    count: Callable[[Topology.ValueType], int] = lambda _: 0


def look(model: Model, selection: Selection, node: str) -> Look:
    """A node of a topology."""
    if node in selection.pseudo:
        return Look(pseudo_named(node))
    if stands_for_a_name(selection.definition):
        return _look_at_name(model, selection, node)
    facts = facts_of(model, node)
    assert facts is not None, node
    return look_at(model, facts)


def look_at(model: Model, node: Facts) -> Look:
    """Something that probes report."""
    return Look(named(model, node), node, lambda kind: len(belonging(model, node.id, kind)))


def stands_for_a_name(topology: Definition) -> bool:
    """Whether the nodes of a topology stand each for all things of one name."""
    return topology.kinds in ((), (_IMAGE,))


def _look_at_name(model: Model, selection: Selection, node: str) -> Look:
    bases = selection.bases(node)
    (kind,) = selection.definition.base.kinds
    name = group_named(images.group_name(key_of(node)), kind, len(bases))
    facts = images_of(model, node, bases) if selection.definition.kinds else None
    return Look(name, facts, lambda counted: len(bases) if counted == kind else 0)
