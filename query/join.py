"""The join of connections: rows that probes reported, each one end of a connection, become edges between their owners.

A connection is known by its canonical key: the address and port of the end that opened it, and those of the end that
listens. A row fills one side of it with its owner, and an edge follows from the two owners. When a side changes only
that connection is looked at again, so the work is proportional to the rows that changed, not to those that exist.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import NamedTuple

from scope_sdk.report.ids import INTERNET_IN, INTERNET_OUT

#: Client address, client port, server address, server port; addresses with their scope where they have one.
Key = tuple[str, int, str, int]
#: One end of a connection: its key, whether it is the listening end, and its owner. Plain, for there are many.
Row = tuple[Key, bool, str]
#: The owner of the client end and the owner of the server end, or an internet's id.
Edge = tuple[str, str]


class EdgeChange(Enum):
    """What became of an edge."""

    CAME = "came"
    #: Its connections ended.
    ENDED = "ended"
    #: Its connections are there, and turned out to be between others.
    REVISED = "revised"


#: The edges that came and went.
EdgeChanges = dict[Edge, EdgeChange]


class Connection(NamedTuple):
    """A connection between two owners, either of which may be a pseudo node, and how many it stands for.

    Attributes:
        seen: what it is for those who were asked about; an address may be one that is translated on the way.
        key: what it is once translated.
        edge: its owners.
        times: how many connections it stands for.
    """

    seen: Key
    key: Key
    edge: Edge
    times: int


class _Ends:
    """What is known of one connection: who claims which end, and how many connections each says that it stands for."""

    __slots__ = ("claims", "edge")

    def __init__(self) -> None:
        # By probe, whether it is the listening end, and owner: one dictionary, for there are many connections.
        self.claims: dict[tuple[str, bool, str], int] = {}
        self.edge: Edge | None = None

    def owner(self, *, incoming: bool) -> str | None:
        """Who holds an end: where several claim it a process before a host, then the first by id."""
        owners = [owner for _, end, owner in self.claims if end == incoming]
        return min(owners, key=lambda owner: (owner.endswith(">"), owner), default=None)


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
        self._edges: dict[Edge, int] = {}

    def put(self, probe: str, rows: Mapping[Row, int]) -> None:
        """Replaces the rows of a probe; each row says how many connections it stands for."""
        old = self._rows.pop(probe, {})
        if rows:
            self._rows[probe] = rows
        for row in old:
            if row not in rows:
                key, incoming, owner = row
                del self._ends[key].claims[probe, incoming, owner]
                self._dirty.add(key)
        for row, count in rows.items():
            if old.get(row) != count:
                key, incoming, owner = row
                ends = self._ends.get(key)
                if ends is None:
                    ends = self._ends[key] = _Ends()
                ends.claims[probe, incoming, owner] = count
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
        return {
            edge: EdgeChange.CAME if edge in now else EdgeChange.ENDED
            for edge, existed in before.items()
            if (edge in now) != existed
        }

    def edges(self) -> Iterator[Edge]:
        """Every edge."""
        return iter(self._edges)

    def connections(self, owners: AbstractSet[str], probes: Iterable[str]) -> Iterator[Connection]:
        """The connections that make an edge of any of these owners, which these probes report; perhaps some others."""
        keys = {key for probe in probes for key, _, owner in self._rows.get(probe, ()) if owner in owners}
        if not owners.isdisjoint((INTERNET_IN, INTERNET_OUT)):
            keys |= self._half
        for key in keys:
            ends = self._ends[key]
            if ends.edge is not None:
                yield Connection(key, key, ends.edge, max(ends.claims.values()))

    def _settle(self, key: Key, before: dict[Edge, bool]) -> None:
        ends = self._ends[key]
        edge = self._edge(key, ends)
        if edge != ends.edge:
            if ends.edge is not None:
                before.setdefault(ends.edge, True)
                self._release(ends.edge)
            if edge is not None:
                before.setdefault(edge, edge in self._edges)
                self._edges[edge] = self._edges.get(edge, 0) + 1
            ends.edge = edge
        if len({incoming for _, incoming, _ in ends.claims}) == 1:
            self._half.add(key)
            return
        self._half.discard(key)
        if not ends.claims:
            del self._ends[key]

    def _edge(self, key: Key, ends: _Ends) -> Edge | None:
        client, server = ends.owner(incoming=False), ends.owner(incoming=True)
        if client is None and server is not None and self._outside(key[0]):
            return INTERNET_IN, server
        if server is None and client is not None and self._outside(key[2]):
            return client, INTERNET_OUT
        return (client, server) if client is not None and server is not None else None

    def _release(self, edge: Edge) -> None:
        self._edges[edge] -= 1
        if not self._edges[edge]:
            del self._edges[edge]
