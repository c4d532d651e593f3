"""How things are placed on the nodes of a topology, and which of these are one node."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from query.model import Model
from query.pseudo import is_outside, is_pseudo
from query.topologies.definition import Group, Place
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids

_HOST = ids.ending(ids.HOST)

#: What ids begin with that would else be those of pseudo nodes.
_LIKE_PSEUDO = "="


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


def by_parents(places: Mapping[Topology.ValueType, Place]) -> Place:
    """It belongs where its parent of the first of these kinds belongs that belongs anywhere; of several the first."""
    # What an id ends with is cheaper to look at than the node.
    ways = [(ids.ending(kind), place) for kind, place in places.items()]

    def place_by_parents(model: Model, node: str) -> str | None:
        parents = model.parents(node)
        for ending, place in ways:
            parent = min([parent for parent in parents if parent.endswith(ending)], default=None)
            found = None if parent is None else place(model, parent)
            if found is not None:
                return found
        return None

    return place_by_parents


def rest(prefix: str) -> Place:
    """It is a host, and what belongs to it belongs to what is left of it: the pseudo node whose id begins so."""
    return lambda _, host: prefix + host.removesuffix(_HOST)


def rest_of_host(prefix: str) -> Place:
    """It belongs to what is left of its host, or is what is left of one."""
    of_parent = by_parents({ids.HOST: rest(prefix)})
    return lambda model, node: node if node.startswith(prefix) else of_parent(model, node)


def only(kind: Topology.ValueType) -> Group:
    """Of what is reported only what is of that kind is shown."""
    return lambda model, node: (node,) if model.kind(node) in (kind, None) else ()


def parents_of(*kinds: Topology.ValueType, otherwise: Place = nowhere) -> Group:
    """What is of these kinds stands for itself, anything else is part of each of its parents of these kinds."""

    def group(model: Model, node: str) -> tuple[str, ...]:
        if model.kind(node) in kinds or is_outside(node):
            return (node,)
        parents = sorted(parent for parent in model.parents(node) if model.kind(parent) in kinds)
        other = None if parents else otherwise(model, node)
        return tuple(parents) if other is None else (other,)

    return group


def group_by(key: Callable[[Model, str], str | None]) -> Group:
    """What is reported is one node with all that have the same key; without a key it is not shown.

    The key is the node's id, with a `=` in front where that would be a pseudo node's, or begins so already.
    """

    def group(model: Model, node: str) -> tuple[str, ...]:
        if is_pseudo(node):
            return (node,)
        name = key(model, node)
        if name and (is_pseudo(name) or name.startswith(_LIKE_PSEUDO)):
            name = _LIKE_PSEUDO + name
        return _alone(name) if name else ()

    return group


@lru_cache(maxsize=10_000)
def _alone(name: str) -> tuple[str]:
    """A group alone; most are those of many nodes, which share one object."""
    return (name,)


def key_of(node: str) -> str:
    """The key that a node of `group_by` has as its id."""
    return node.removeprefix(_LIKE_PSEUDO)
