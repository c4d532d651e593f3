"""What a topology is: what it is made of, where everything else belongs in it, and what its readers may choose."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from query.model import Model
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids
from scope_sdk.report.merge import Facts

#: Says which base node, or pseudo node, something reported belongs to, by their ids; None for none.
Place = Callable[[Model, str], str | None]
#: Says which nodes of a topology a base node, or a pseudo node, is part of, by their ids.
Group = Callable[[Model, str], tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Base:
    """What several topologies are made of: nodes that probes report, and the edges between them.

    Attributes:
        id: what tells it from others.
        kinds: the kinds of its nodes.
        place: which of them something belongs to.
        through: kinds of what has a say in where its children are placed: when it changes, they are placed anew.
        related: kinds of what its children are chosen and grouped by: when it changes, they are looked at anew.
        ended: whether a node that is reported is not there any more; None: none is.
    """

    id: str
    kinds: AbstractSet[Topology.ValueType]
    place: Place
    through: AbstractSet[Topology.ValueType] = frozenset()
    related: AbstractSet[Topology.ValueType] = frozenset()
    ended: Callable[[Facts], bool] | None = None

    @cached_property
    def endings(self) -> tuple[str, ...]:
        """One of these the ids of all its nodes end with."""
        return tuple(map(ids.ending, self.kinds))

    @cached_property
    def relatives(self) -> tuple[str, ...]:
        """One of these the ids end with of all that has a say in what becomes of its children."""
        return tuple(map(ids.ending, self.through | self.related))

    def has_ended(self, node: Facts) -> bool:
        """Whether one of its nodes is not there any more."""
        return self.ended is not None and self.ended(node)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One topology.

    Attributes:
        id: as in paths.
        name: what to call it.
        rank: topologies are shown in ascending order of this.
        parent: the id of the topology that it shows in another way; empty for none.
        hide_if_empty: whether not to offer it while it is empty.
        base: what it is made of.
        group: which of its nodes each of those is part of; None: each is one itself.
        kinds: what it is the place to look at.
        options: ids of what its readers may choose (`query.options`).
    """

    id: str
    name: str
    rank: int
    parent: str = ""
    hide_if_empty: bool = False
    base: Base
    group: Group | None = None
    kinds: tuple[Topology.ValueType, ...] = ()
    options: tuple[str, ...] = ()
