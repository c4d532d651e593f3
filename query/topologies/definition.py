"""What a topology is: which nodes it shows, what they are called, and where everything else belongs in it."""

from collections.abc import Callable
from dataclasses import dataclass

from query.model import Model
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.merge import Facts

#: Says which node of a topology something belongs to, by their ids; None for none.
Place = Callable[[Model, str], str | None]


@dataclass(frozen=True, slots=True)
class Name:
    """What a node is called."""

    label: str
    minor: str = ""
    #: Nodes of one rank are coloured alike.
    rank: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One topology.

    Attributes:
        id: as in paths.
        name: what to call it.
        rank: topologies are shown in ascending order of this.
        hide_if_empty: whether not to offer it while it is empty.
        kind: the kind of node it shows.
        shape: the shape of its nodes.
        named: what a node of it is called.
        place: which node of it something belongs to.
    """

    id: str
    name: str
    rank: int
    hide_if_empty: bool = False
    kind: Topology.ValueType
    shape: str
    named: Callable[[Facts], Name]
    place: Place
