"""The base nodes of some topologies and the edges between them, before anybody chose what to see of it.

Edges between the owners of connections are placed on the base nodes that they belong to, and counted; one whose last
connection ended fades. All topologies with one base share a graph, whatever their readers choose.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from query.join import Edge, EdgeChange, EdgeChanges
from query.join.bags import Bags
from query.model import Change, Model
from query.pseudo import is_pseudo
from query.topologies.definition import Base
from scope_sdk.report.merge import Facts

#: Of how many nodes a part of everything is.
_AT_ONCE = 250


@dataclass(slots=True)
class GraphChange:
    """What changed in a graph.

    Attributes:
        nodes: base nodes that appeared, left, or of which something is said anew.
        touched: nodes, pseudo nodes too, that gained or lost an edge, or a node at the other end of one.
        edges: those that came (True) and those that went (False).
    """

    nodes: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    edges: dict[Edge, bool] = field(default_factory=dict)


class Graph:
    """A base's nodes and edges. It is empty until it was given all that is in the model, and then what changes.

    Args:
        model: the organization.
        base: what it is made of.
    """

    def __init__(self, model: Model, base: Base) -> None:
        self.base = base
        self.model = model
        #: The base nodes that there are.
        self.nodes: set[str] = set()
        #: The pseudo nodes that have edges.
        self.pseudo: set[str] = set()
        #: By node, the nodes that it opens connections to; some of them may not be there.
        self.out: Bags[str, str] = Bags()
        #: By node, the nodes that open connections to it.
        self.into: Bags[str, str] = Bags()
        self._kept = model.lifetimes.edges
        self._edges: set[Edge] = set()
        # Before the first base node comes nothing is placed: nobody sees an edge then.
        self._waits = True
        # How many edges each owner has; one with itself counts twice.
        self._counts: Counter[str] = Counter()
        self._placed: dict[str, str | None] = {}
        # By node, the owners that are placed on it but for itself.
        self._owners: Bags[str, str] = Bags()
        self._held: dict[Edge, int] = {}
        self._fading: dict[Edge, float] = {}
        self._changed: dict[Edge, bool] = {}
        self._related: dict[str, Facts] = {}

    def apply(self, change: Change, now: float) -> GraphChange:
        """Takes in what changed in the model, and lets go of edges that are too old."""
        toggled = {node for node in change.nodes if self._is_there(node) != (node in self.nodes)}
        if self._waits and toggled:
            self._waits = False
            for edge in self._edges:
                self._place(edge)
        near, moved = self._relatives(change.nodes)
        self._replace(change.edges, change.nodes | moved, now)
        self._expire(now)
        nodes, edges = (change.nodes | near) & self.nodes, self._changed
        self.nodes ^= toggled
        self._changed = {}
        touched = set(chain.from_iterable(edges)) | toggled
        for node in toggled:
            touched |= self.neighbours(node)
        return GraphChange(nodes | toggled, touched, edges)

    def everything(self, at_once: int = _AT_ONCE) -> Iterator[GraphChange]:
        """The whole as changes from nothing, of so many nodes at most."""
        nodes = iter(list(chain(self.nodes, self.pseudo)))
        while part := set(islice(nodes, at_once)):
            yield GraphChange(part & self.nodes, part)

    def neighbours(self, node: str) -> set[str]:
        """What has an edge with a node, perhaps itself."""
        return {*self.out.of(node), *self.into.of(node)}

    def edges(self, node: str) -> Iterator[Edge]:
        """The edges of a node, each once."""
        yield from ((node, other) for other in self.out.of(node))
        yield from ((other, node) for other in self.into.of(node) if other != node)

    def connected(self, node: str) -> bool:
        """Whether there is an edge between a node and another one, or a pseudo node."""
        return any(
            other != node and (other in self.nodes or other in self.pseudo)
            for other in chain(self.out.of(node), self.into.of(node))
        )

    def owners(self, node: str) -> frozenset[str]:
        """The owners with edges that are placed on a node."""
        return frozenset(self._owners.of(node)).union([node] if self._placed.get(node) == node else ())

    def placed(self, owner: str) -> str | None:
        """Where an owner with edges is placed."""
        return self._placed.get(owner)

    def _is_there(self, node: str) -> bool:
        model, base = self.model, self.base
        # What an id ends with is cheaper to look at than the node.
        if not node.endswith(base.endings) or model.kind(node) not in base.kinds:
            return False
        facts = model.facts(node) if base.ended else None  # they are not needed where nothing ends
        return facts is None or not base.has_ended(facts)

    def _relatives(self, nodes: Iterable[str]) -> tuple[set[str], set[str]]:
        """The base nodes that are chosen or grouped by any of these, and the owners that are placed by any of them."""
        model, base = self.model, self.base
        near, moved = set[str](), set[str]()
        for node in nodes:
            if not node.endswith(base.relatives):
                continue
            kind = model.kind(node)
            if kind is None:
                self._related.pop(node, None)
            if kind in base.related and self._differs(node):
                near |= model.children(node)
            if kind in base.through:
                moved |= model.children(node)
        return near, moved

    def _differs(self, related: str) -> bool:
        """Whether something else is said of a node than was; many probes may say the same of an image."""
        before, facts = self._related.get(related), self.model.facts(related)
        if facts is not None:
            self._related[related] = facts
        return facts != before

    def _replace(self, changes: EdgeChanges, perhaps: Iterable[str], now: float) -> None:
        """Takes in owners' edges that came and went, and moves those of owners that belong to another node now.

        Of the edges that go those that fade go last: where several made one, it fades.
        """
        place, model, placed = self.base.place, self.model, self._placed
        moved = {owner for owner in perhaps if owner in placed and place(model, owner) != placed[owner]}
        # All edges are looked through, for that is rare: a set of its edges for each owner would take much memory.
        anew = [edge for edge in self._edges if edge not in changes and not moved.isdisjoint(edge)] if moved else []
        revised = [edge for edge, change in changes.items() if change is EdgeChange.REVISED]
        for edge in chain(revised, anew):
            self._remove(edge, now)
        for edge, change in changes.items():
            if change is EdgeChange.ENDED:
                self._remove(edge, now + self._kept)
        for edge in anew:
            self._add(edge)
        for edge, change in changes.items():
            if change is EdgeChange.CAME:
                self._add(edge)

    def _expire(self, now: float) -> None:
        for edge in [edge for edge, until in self._fading.items() if until <= now]:
            del self._fading[edge]
            self._unlink(edge)

    def _add(self, edge: Edge) -> None:
        self._edges.add(edge)
        if not self._waits:
            self._place(edge)

    def _remove(self, edge: Edge, until: float) -> None:
        self._edges.remove(edge)
        if not self._waits:
            self._displace(edge, until)

    def _place(self, edge: Edge) -> None:
        for owner in edge:
            self._counts[owner] += 1
            if owner not in self._placed:
                node = self._placed[owner] = self.base.place(self.model, owner)
                if node is not None and node != owner:
                    self._owners.add(node, owner)
        target = self._target(edge)
        if target is None:
            return
        held = self._held.get(target, 0)
        self._held[target] = held + 1
        if not held and self._fading.pop(target, None) is None:
            self._link(target)

    def _displace(self, edge: Edge, until: float) -> None:
        target = self._target(edge)
        for owner in edge:
            self._counts[owner] -= 1
            if not self._counts[owner]:
                self._forget(owner)
        if target is None:
            return
        self._held[target] -= 1
        if not self._held[target]:
            del self._held[target]
            self._fading[target] = until

    def _forget(self, owner: str) -> None:
        del self._counts[owner]
        node = self._placed.pop(owner)
        if node is not None and node != owner:
            self._owners.remove(node, owner)

    def _target(self, edge: Edge) -> Edge | None:
        client, server = self._placed[edge[0]], self._placed[edge[1]]
        if client is None or server is None:
            return None
        return edge if edge == (client, server) else (client, server)  # the same object is less memory

    def _link(self, edge: Edge) -> None:
        client, server = edge
        self.out.add(client, server)
        self.into.add(server, client)
        self.pseudo.update(filter(is_pseudo, edge))
        self._note(edge, came=True)

    def _unlink(self, edge: Edge) -> None:
        client, server = edge
        self.out.remove(client, server)
        self.into.remove(server, client)
        self.pseudo.difference_update(node for node in edge if node not in self.out and node not in self.into)
        self._note(edge, came=False)

    def _note(self, edge: Edge, *, came: bool) -> None:
        """Notes a change, which undoes the one before."""
        if self._changed.pop(edge, None) is None:
            self._changed[edge] = came
