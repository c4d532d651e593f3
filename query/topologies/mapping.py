"""How things are placed on the nodes of a topology, and which of these are one node."""

from collections.abc import Callable, Mapping

from query.model import Model
from query.pseudo import is_outside, is_pseudo
from query.topologies.definition import Group, Place
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids

_HOST = ids.host_id("")


def nowhere(_: Model, __: str) -> None:
    """It belongs to nothing."""


def owner(_: Model, node: str) -> str:
    """It stands for itself."""
    return node


def by_kind(places: Mapping[Topology.ValueType, Place], otherwise: Place = nowhere) -> Place:
    """Each kind of thing has its own way; pseudo nodes stand for themselves."""

    def place(model: Model, node: str) -> str | None:
        if is_pseudo(node):
            return node
        kind = model.kind(node)
        return None if kind is None else places.get(kind, otherwise)(model, node)

    return place


def parent_of(kind: Topology.ValueType, otherwise: Place = nowhere) -> Place:
    """It belongs to its parent of that kind; of several to the first by id."""
    tag = ids.node_id(kind, "")  # cheaper to look at than the node

    def place(model: Model, node: str) -> str | None:
        parent = min((parent for parent in model.parents(node) if parent.endswith(tag)), default=None)
        return otherwise(model, node) if parent is None else parent

    return place


def through(kind: Topology.ValueType, place: Place, otherwise: Place = nowhere) -> Place:
    """It belongs where its parent of that kind belongs."""
    parent_place = parent_of(kind)

    def place_through(model: Model, node: str) -> str | None:
        parent = parent_place(model, node)
        found = None if parent is None else place(model, parent)
        return otherwise(model, node) if found is None else found

    return place_through


def rest_of_host(prefix: str) -> Place:
    """It belongs to what is left of its host: the pseudo node whose id begins so."""
    on_host = parent_of(ids.HOST)

    def place(model: Model, node: str) -> str | None:
        if node.startswith(prefix):
            return node
        host = on_host(model, node)
        return None if host is None else prefix + host.removesuffix(_HOST)

    return place


def only(kind: Topology.ValueType) -> Group:
    """Of what is reported only what is of that kind is shown."""
    return lambda model, node: (node,) if model.kind(node) in (kind, None) else ()


def parents_of(*kinds: Topology.ValueType, otherwise: Place = nowhere) -> Group:
    """What is of these kinds stands for itself, anything else is part of each of its parents of these kinds."""

    def group(model: Model, node: str) -> tuple[str, ...]:
        if model.kind(node) in kinds or is_outside(node):
            return (node,)
        parents = sorted(parent for parent in model.parents(node) if model.kind(parent) in kinds)
        rest = None if parents else otherwise(model, node)
        return tuple(parents) if rest is None else (rest,)

    return group


def group_by(key: Callable[[Model, str], str | None]) -> Group:
    """What is reported is one node with all that have the same key, which is its id; without a key it is not shown."""

    def group(model: Model, node: str) -> tuple[str, ...]:
        if is_pseudo(node):
            return (node,)
        name = key(model, node)
        return (name,) if name else ()

    return group
