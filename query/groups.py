"""Which base nodes the nodes of a topology stand for, and the edges that follow from theirs."""

from collections.abc import Collection, Mapping
from typing import Protocol

from query.graph import Graph
from query.join import Edge
from query.join.bags import Bags

#: How many edges follow at most from those of base nodes that are part of several nodes; beyond it they have none. Pods
#: are in a few services: it is for reports that mean harm, of which one edge may be 65,536 others.
MOST_EDGES = 200_000


class Members(Protocol):
    """What the nodes of a topology are made of: base nodes that are not left out, and pseudo nodes."""

    #: By node, the nodes that it opens connections to; some of them may not be there.
    out: Bags[str, str]
    #: By node, the nodes that open connections to it.
    into: Bags[str, str]

    def follow(self, edges: Mapping[Edge, bool]) -> None:
        """Takes in edges of the graph that came (True) and went (False); to be called before any node moves."""

    def move(self, base: str, nodes: tuple[str, ...]) -> None:
        """Makes a base node part of these nodes and of no other."""

    def of(self, base: str) -> tuple[str, ...]:
        """The nodes that a base node is part of."""

    def within(self, node: str) -> Collection[str]:
        """The base nodes that are part of a node; none where there is no such node."""

    def take_touched(self) -> set[str]:
        """The nodes of which members or edges changed since the last call."""

    @property
    def cut(self) -> bool:
        """Whether there are edges from which none follow, for they would be too many."""


class Singles:
    """Every base node is a node itself.

    Args:
        graph: the base nodes and their edges.
    """

    def __init__(self, graph: Graph) -> None:
        self.out = graph.out
        self.into = graph.into
        self._graph = graph
        self._there: set[str] = set()
        self._touched: set[str] = set()

    def follow(self, edges: Mapping[Edge, bool]) -> None:
        """See Members."""
        for edge in edges:
            self._touched.update(edge)

    def move(self, base: str, nodes: tuple[str, ...]) -> None:
        """See Members."""
        if bool(nodes) != (base in self._there):
            self._there ^= {base}
            self._touched |= self._graph.neighbours(base)
            self._touched.add(base)

    def of(self, base: str) -> tuple[str, ...]:
        """See Members."""
        return (base,) if base in self._there else ()

    def within(self, node: str) -> Collection[str]:
        """See Members."""
        return (node,) if node in self._there else ()

    def take_touched(self) -> set[str]:
        """See Members."""
        touched, self._touched = self._touched, set()
        return touched

    @property
    def cut(self) -> bool:
        """See Members."""
        return False


class Groups:
    """A base node may be part of none, one or several nodes, and they of several base nodes.

    Args:
        graph: the base nodes and their edges.
    """

    def __init__(self, graph: Graph) -> None:
        self.out: Bags[str, str] = Bags()
        self.into: Bags[str, str] = Bags()
        self._graph = graph
        self._within: Bags[str, str] = Bags()
        self._of: dict[str, tuple[str, ...]] = {}
        self._counts: dict[Edge, int] = {}
        # How many edges follow from those that are several, and the base nodes' edges that are left out for that.
        self._several = 0
        self._left_out: set[Edge] = set()
        self._touched: set[str] = set()

    def follow(self, edges: Mapping[Edge, bool]) -> None:
        """See Members."""
        for (client, server), came in edges.items():
            self._count(client, server, 1 if came else -1)

    def move(self, base: str, nodes: tuple[str, ...]) -> None:
        """See Members."""
        before = self.of(base)
        if nodes == before:
            return
        self._count_all(base, -1)
        for node in before:
            self._within.remove(node, base)
        self._of.pop(base, None)
        if nodes:
            self._of[base] = nodes
        for node in nodes:
            self._within.add(node, base)
        self._count_all(base, 1)
        self._touched.update(before, nodes)

    def of(self, base: str) -> tuple[str, ...]:
        """See Members."""
        return self._of.get(base, ())

    def within(self, node: str) -> Collection[str]:
        """See Members."""
        return self._within.of(node)

    def take_touched(self) -> set[str]:
        """See Members."""
        touched, self._touched = self._touched, set()
        return touched

    @property
    def cut(self) -> bool:
        """See Members."""
        return bool(self._left_out)

    def _count_all(self, base: str, by: int) -> None:
        if self.of(base):
            for client, server in self._graph.edges(base):
                self._count(client, server, by)

    def _count(self, client: str, server: str, by: int) -> None:
        """Counts a base node's edge for the nodes that its ends are part of."""
        if not self._takes((client, server), len(self.of(client)) * len(self.of(server)) * by):
            return
        for edge in ((one, other) for one in self.of(client) for other in self.of(server)):
            count = self._counts[edge] = self._counts.get(edge, 0) + by
            if not count:
                del self._counts[edge]
            if count == max(by, 0):  # it is the first, or was the last
                self._link(edge, came=by > 0)

    def _takes(self, edge: Edge, by: int) -> bool:
        """Whether so many edges more, or less, may follow from an edge, or did."""
        if abs(by) <= 1:
            return True
        if edge in self._left_out:
            self._left_out.remove(edge)
            return False
        if self._several + by > MOST_EDGES:
            self._left_out.add(edge)
            return False
        self._several += by
        return True

    def _link(self, edge: Edge, *, came: bool) -> None:
        client, server = edge
        if came:
            self.out.add(client, server)
            self.into.add(server, client)
        else:
            self.out.remove(client, server)
            self.into.remove(server, client)
        self._touched.update(edge)
