"""What of a topology readers who chose the same options see: which nodes and edges, before anything is printed."""

from collections.abc import Iterator
from itertools import chain, islice

from query.graph import Graph, GraphChange
from query.groups import Groups, Members, Singles
from query.options import Filter
from query.pseudo import is_pseudo, is_rest
from query.topologies.definition import Definition
from scope.query.v1.messages_pb2 import TopologyStats

#: Of how many nodes a part of everything is.
_AT_ONCE = 250


class Selection:
    """The nodes of a topology that are not left out. It is empty until it was given all of the graph.

    A base node is left out or not by itself; what remains makes the nodes of the topology, and its edges theirs. A
    pseudo node shows while it has an edge to another node that is not left out, and there is any base node at all.

    Args:
        graph: what the topology is made of.
        definition: the topology.
        chosen: what is not left out.
    """

    def __init__(self, graph: Graph, definition: Definition, chosen: Filter) -> None:
        self.definition = definition
        self.graph = graph
        #: The nodes, pseudo nodes too.
        self.nodes: set[str] = set()
        #: Those of them that are pseudo nodes.
        self.pseudo: set[str] = set()
        self._chosen = chosen
        self._members: Members = Groups(graph) if definition.group else Singles(graph)
        # What is left out, and what it would be part of, where that is not the same.
        self._left_out: dict[str, tuple[str, ...]] = {}
        self._filtered: int | None = 0
        self._out_degrees: dict[str, int] = {}
        self._edge_count = 0
        self._is_empty = True

    def apply(self, change: GraphChange) -> set[str]:
        """Takes in what changed in the graph; answers the nodes that may be seen otherwise now."""
        self._members.follow(change.edges)
        doubtful = change.nodes | {node for node in change.touched if self._chosen.by_edges or is_pseudo(node)}
        for node in doubtful:
            self._choose(node)
        touched = self._members.take_touched().union(*map(self._members.of, change.nodes))
        self._settle(touched)
        self._settle_pseudo(touched)
        for node in touched:
            self._count_edges(node)
        self._filtered = None
        return touched

    @property
    def cut(self) -> bool:
        """Whether edges are left out, for there would be too many."""
        return self._members.cut

    def everything(self, at_once: int = _AT_ONCE) -> Iterator[set[str]]:
        """All nodes, so many at once at most."""
        nodes = iter(list(self.nodes))
        while part := set(islice(nodes, at_once)):
            yield part

    def adjacency(self, node: str) -> set[str]:
        """The nodes that a node opens connections to."""
        return self.nodes.intersection(self._members.out.of(node))

    def bases(self, node: str) -> frozenset[str]:
        """The base nodes, or the pseudo node, that a node stands for."""
        return frozenset(self._members.within(node))

    def members(self, node: str) -> frozenset[str]:
        """What belongs to a node: the base nodes that it stands for, and the owners of its connections."""
        bases = self._members.within(node)
        return frozenset(bases).union(*map(self.graph.owners, bases))

    def placed(self, owner: str) -> tuple[str, ...]:
        """The nodes that an owner of connections belongs to."""
        base = self.graph.placed(owner)
        return () if base is None else self.shown_as(base)

    def shown_as(self, base: str) -> tuple[str, ...]:
        """The nodes that a base node, or a pseudo node, is part of."""
        return tuple(node for node in self._members.of(base) if node in self.nodes)

    def stats(self) -> TopologyStats:
        """How much it is."""
        if self._filtered is None:
            self._filtered = self._count_filtered()
        return TopologyStats(
            node_count=len(self.nodes),
            nonpseudo_node_count=len(self.nodes) - len(self.pseudo),
            edge_count=self._edge_count,
            filtered_nodes=self._filtered,
        )

    def _choose(self, base: str) -> None:
        """Brings up to date whether a base node, or a pseudo node, is left out, and what it is part of."""
        is_there = base in self.graph.nodes
        nodes = self._nodes_of(base) if is_there or base in self.graph.pseudo else ()
        passes = not is_there or all(keep(self.graph, base) for keep in self._chosen.keeps)
        self._members.move(base, nodes if passes else ())
        self._left_out.pop(base, None)
        if not passes and self.definition.group:
            self._left_out[base] = nodes

    def _nodes_of(self, base: str) -> tuple[str, ...]:
        group = self.definition.group
        nodes = group(self.graph.model, base) if group else (base,)
        if self._chosen.rests or not any(map(is_rest, nodes)):
            return nodes
        return tuple(node for node in nodes if not is_rest(node))

    def _count_filtered(self) -> int:
        """How many nodes of the topology are left out."""
        if not self.definition.group:
            return len(self.graph.nodes) - len(self.nodes) + len(self.pseudo)
        left_out = set(chain.from_iterable(self._left_out.values())) - self.nodes
        return sum(not is_rest(node) for node in left_out)

    def _settle(self, touched: set[str]) -> None:
        """Brings up to date which nodes there are but for pseudo nodes."""
        for node in touched:
            if not self._is_pseudo(node) and bool(self._members.within(node)) != (node in self.nodes):
                self.nodes ^= {node}

    def _settle_pseudo(self, touched: set[str]) -> None:
        """Brings up to date which pseudo nodes show; looks at all when the first base node comes or the last goes."""
        if self._is_empty == bool(self.graph.nodes):
            self._is_empty = not self._is_empty
            touched.update(chain.from_iterable(map(self._members.of, self.graph.pseudo)))
        for node in filter(self._is_pseudo, touched):
            if (not self._is_empty and self._is_connected(node)) != (node in self.pseudo):
                self.pseudo ^= {node}
                self.nodes ^= {node}

    def _is_pseudo(self, node: str) -> bool:
        """Whether a node is a pseudo node: not one that has a name like theirs."""
        return node in self.graph.pseudo or node in self.pseudo or is_rest(node)

    def _is_connected(self, pseudo: str) -> bool:
        """Whether a pseudo node is not left out and has an edge to another node that is not."""
        members = self._members
        neighbours = chain(members.out.of(pseudo), members.into.of(pseudo))
        return bool(members.within(pseudo)) and any(
            node != pseudo and bool(members.within(node)) for node in neighbours
        )

    def _count_edges(self, node: str) -> None:
        degree = len(self.adjacency(node)) if node in self.nodes else 0
        self._edge_count += degree - self._out_degrees.pop(node, 0)
        if degree:
            self._out_degrees[node] = degree
