"""The edges of one view: owners' edges, placed on the view's nodes and counted."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from query.join import Edge, EdgeChange, EdgeChanges


class Edges:
    """Which nodes of a view talk to which.

    Args:
        place: says which node of the view an owner belongs to, None for none.
        kept: how long an edge is shown after it was last seen, in seconds.
    """

    def __init__(self, place: Callable[[str], str | None], kept: float) -> None:
        self._place = place
        self._kept = kept
        self._edges: set[Edge] = set()
        #: How many edges each owner has; one with itself counts twice.
        self._counts: Counter[str] = Counter()
        self._placed: dict[str, str | None] = {}
        self._members: dict[str, set[str]] = defaultdict(set)
        self._held: dict[Edge, int] = {}
        self._fading: dict[Edge, float] = {}
        self._touched: set[str] = set()
        #: By node, the nodes that it opens connections to.
        self.out: dict[str, set[str]] = {}
        #: By node, the nodes that open connections to it.
        self.into: dict[str, set[str]] = {}

    def apply(self, changes: EdgeChanges, now: float) -> None:
        """Takes in owners' edges that came and went."""
        for edge, change in changes.items():
            if change is EdgeChange.CAME:
                self._add(edge)
            else:
                self._remove(edge, now if change is EdgeChange.REVISED else now + self._kept)

    def replace(self, owners: Iterable[str], now: float) -> None:
        """Moves the edges of owners that may belong to another node now."""
        known = (owner for owner in owners if owner in self._placed)
        moved = {owner for owner in known if self._place(owner) not in (None, self._placed[owner])}
        # All edges are looked through, for that is rare: a set of its edges for each owner would take much memory.
        edges = [edge for edge in self._edges if not moved.isdisjoint(edge)] if moved else []
        for edge in edges:
            self._remove(edge, now + self._kept)
        for edge in edges:
            self._add(edge)

    def expire(self, now: float) -> None:
        """Forgets the edges that were last seen too long ago."""
        for edge in [edge for edge, until in self._fading.items() if until <= now]:
            del self._fading[edge]
            self._unlink(edge)

    def take_touched(self) -> set[str]:
        """The nodes whose `out` changed since the last call."""
        touched, self._touched = self._touched, set()
        return touched

    def members(self, node: str) -> frozenset[str]:
        """The owners with edges that are placed on the node."""
        return frozenset(self._members.get(node, ()))

    def placed(self, owner: str) -> str | None:
        """Where an owner with edges is placed."""
        return self._placed.get(owner)

    def _add(self, edge: Edge) -> None:
        self._edges.add(edge)
        for owner in edge:
            self._counts[owner] += 1
            if owner not in self._placed:
                self._settle_owner(owner)
        target = self._target(edge)
        if target is None:
            return
        held = self._held.get(target, 0)
        self._held[target] = held + 1
        if not held and self._fading.pop(target, None) is None:
            self._link(target)

    def _settle_owner(self, owner: str) -> None:
        node = self._placed[owner] = self._place(owner)
        if node is not None:
            self._members[node].add(owner)

    def _remove(self, edge: Edge, until: float) -> None:
        target = self._target(edge)
        self._edges.remove(edge)
        for owner in edge:
            self._counts[owner] -= 1
            if not self._counts[owner]:
                self._forget_owner(owner)
        if target is None:
            return
        self._held[target] -= 1
        if not self._held[target]:
            del self._held[target]
            self._fading[target] = until

    def _forget_owner(self, owner: str) -> None:
        del self._counts[owner]
        node = self._placed.pop(owner)
        if node is not None:
            self._members[node].discard(owner)
            if not self._members[node]:
                del self._members[node]

    def _target(self, edge: Edge) -> Edge | None:
        client, server = self._placed[edge[0]], self._placed[edge[1]]
        return (client, server) if client is not None and server is not None else None

    def _link(self, target: Edge) -> None:
        client, server = target
        self.out.setdefault(client, set()).add(server)
        self.into.setdefault(server, set()).add(client)
        self._touched.add(client)

    def _unlink(self, target: Edge) -> None:
        client, server = target
        for ends, node, other in ((self.out, client, server), (self.into, server, client)):
            ends[node].discard(other)
            if not ends[node]:
                del ends[node]
        self._touched.add(client)
