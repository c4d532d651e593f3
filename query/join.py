"""The join of connections: rows that probes reported, each one end of a connection, become edges between their owners.

A connection is known by its canonical key: the address and port of the end that opened it, and those of the end that
listens. A row fills one side of it with its owner, and an edge follows from the two owners. When a side changes only
that connection is looked at again, so the work is proportional to the rows that changed, not to those that exist.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from scope_sdk.report.ids import INTERNET_IN, INTERNET_OUT

#: Client address, client port, server address, server port; addresses with their scope where they have one.
Key = tuple[str, int, str, int]
#: One end of a connection: its key, whether it is the listening end, and its owner. Plain, for there are many.
Row = tuple[Key, bool, str]
#: The owner of the client end and the owner of the server end, or an internet's id.
Edge = tuple[str, str]
#: Which edges came (True) and went (False).
EdgeChanges = dict[Edge, bool]


class Connection(NamedTuple):
    """A connection with both ends known, one of them perhaps the internet, and how many it stands for."""

    key: Key
    edge: Edge
    times: int


class _Ends:
    """What is known of one connection: by probe and owner how many rows of it each reported, on either side."""

    __slots__ = ("clients", "edge", "servers")

    def __init__(self) -> None:
        self.clients: dict[tuple[str, str], int] = {}
        self.servers: dict[tuple[str, str], int] = {}
        self.edge: Edge | None = None

    def side(self, *, incoming: bool) -> dict[tuple[str, str], int]:
        return self.servers if incoming else self.clients


class Join:
    """The connections of an organization.

    Args:
        outside: says whether an address is one of the internet.
    """

    def __init__(self, outside: Callable[[str], bool]) -> None:
        self._outside = outside
        self._rows: dict[str, Mapping[Row, int]] = {}
        self._ends: dict[Key, _Ends] = {}
        self._half: set[Key] = set()
        self._dirty: set[Key] = set()
        self._of_owner: dict[str, set[Key]] = {}
        self._edges: dict[Edge, int] = {}

    def put(self, probe: str, rows: Mapping[Row, int]) -> None:
        """Replaces the rows of a probe; each row says how many connections it stands for."""
        old = self._rows.pop(probe, {})
        if rows:
            self._rows[probe] = rows
        for row in old:
            if row not in rows:
                key, incoming, owner = row
                self._ends[key].side(incoming=incoming).pop((probe, owner))
                self._dirty.add(key)
        for row, count in rows.items():
            if old.get(row) != count:
                key, incoming, owner = row
                ends = self._ends.get(key)
                if ends is None:
                    ends = self._ends[key] = _Ends()
                ends.side(incoming=incoming)[probe, owner] = count
                self._dirty.add(key)

    def doubt_internet(self) -> None:
        """Looks again at every connection with one known end: what counts as the internet has changed."""
        self._dirty |= self._half

    def settle(self) -> EdgeChanges:
        """Brings the edges up to date; says which came and which went since the last time."""
        before: dict[Edge, bool] = {}
        for key in self._dirty:
            self._settle(key, before)
        self._dirty.clear()
        now = self._edges
        return {edge: edge in now for edge, existed in before.items() if (edge in now) != existed}

    def edges(self) -> Iterator[Edge]:
        """Every edge."""
        return iter(self._edges)

    def connections(self, owner: str) -> Iterator[Connection]:
        """The connections of an owner that make an edge."""
        for key in self._of_owner.get(owner, ()):
            ends = self._ends[key]
            if ends.edge is not None:
                yield Connection(key, ends.edge, max(_count(ends.clients), _count(ends.servers)))

    def _settle(self, key: Key, before: dict[Edge, bool]) -> None:
        ends = self._ends[key]
        edge = self._edge(key, ends)
        if edge != ends.edge:
            if ends.edge is not None:
                before.setdefault(ends.edge, True)
                self._release(key, ends.edge)
            if edge is not None:
                before.setdefault(edge, edge in self._edges)
                self._hold(key, edge)
            ends.edge = edge
        if bool(ends.clients) != bool(ends.servers):
            self._half.add(key)
            return
        self._half.discard(key)
        if not ends.clients:
            del self._ends[key]

    def _edge(self, key: Key, ends: _Ends) -> Edge | None:
        client, server = _owner(ends.clients), _owner(ends.servers)
        if client is None and server is not None and self._outside(key[0]):
            return INTERNET_IN, server
        if server is None and client is not None and self._outside(key[2]):
            return client, INTERNET_OUT
        return (client, server) if client is not None and server is not None else None

    def _hold(self, key: Key, edge: Edge) -> None:
        self._edges[edge] = self._edges.get(edge, 0) + 1
        for owner in edge:
            self._of_owner.setdefault(owner, set()).add(key)

    def _release(self, key: Key, edge: Edge) -> None:
        self._edges[edge] -= 1
        if not self._edges[edge]:
            del self._edges[edge]
        for owner in set(edge):
            keys = self._of_owner[owner]
            keys.discard(key)
            if not keys:
                del self._of_owner[owner]


def _owner(side: Mapping[tuple[str, str], int]) -> str | None:
    """Who holds this end: where several claim it a process before a host, then the first by id."""
    if len(side) < 2:
        return next((owner for _, owner in side), None)
    return min((owner for _, owner in side), key=lambda owner: (owner.endswith(">"), owner))


def _count(side: Mapping[tuple[str, str], int]) -> int:
    return max(side.values(), default=0)
