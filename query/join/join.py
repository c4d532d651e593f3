"""The join of connections: rows that probes reported, each one end of a connection, become edges between their owners.

A connection is known by its canonical key: the address and port of the end that opened it, and those of the end that
listens. A row fills one side of it with its owner. Where one side has no row its end is translated, if it can be, and
all connections that are the same then are one. A side that no row of them fills belongs to the first of these:

1. who holds the address and port in any other connection;
2. the node that claims the address (`query.join.claims`);
3. nobody, where the address means the machine itself;
4. for an address of the internet the service that it is known as (`query.join.names`), or else the internet;
5. the network that the address is in (`query.join.networks`).

Whenever something changes only those connections are looked at again that it concerns, so the work is proportional to
what changed, not to what there is.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from itertools import chain
from typing import NamedTuple

from query.join.bags import Bags, Ends, less, more, values
from query.join.claims import Claims
from query.join.names import Names
from query.join.networks import Elsewhere, Networks
from query.join.translations import Translation, Translations
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.ids import INTERNET_IN, INTERNET_OUT

#: Client address, client port, server address, server port; addresses with their scope where they have one.
Key = tuple[str, int, str, int]
#: One end of a connection: its key, whether it is the listening end, and its owner. Plain, for there are many.
Row = tuple[Key, bool, str]
#: The owner of the client end and the owner of the server end: ids of nodes, one of them perhaps a pseudo node's.
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
    """A connection between two owners, either of which may be a pseudo node.

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


# Ends of a connection, and both of them.
_CLIENT, _SERVER, _BOTH = 1, 2, 3
#: Which end is open, by which are held: the other one where it is one.
_OPEN = (0, _SERVER, _CLIENT, 0)
_NO_ROWS: Mapping[Row, int] = {}


class _Ends:
    """What is known of one connection.

    Attributes:
        key: of it.
        client: the owners of its rows as the end that opened it.
        server: the owners of its rows as the end that listens.
        edge: its owners, as they were settled.
        open: which of its ends nobody holds, of all connections that are this one once translated.
        watched: the ends by which it is found.
    """

    __slots__ = ("client", "edge", "key", "open", "server", "watched")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.client: str | dict[str, int] | None = None
        self.server: str | dict[str, int] | None = None
        self.edge: Edge | None = None
        self.open = 0
        self.watched = 0


class Join:
    """The connections of an organization."""

    def __init__(self) -> None:
        #: The names of addresses.
        self.names = Names()
        #: Where addresses are.
        self.networks = Networks()
        self._claims = Claims()
        self._translations = Translations()
        self._rows: dict[str, dict[Row, int]] = {}
        self._ends: dict[Key, _Ends] = {}
        self._edges = _Edges()
        #: How many connections a connection stands for, where rows say more than one.
        self._times: Bags[Key, int] = Bags()
        #: Who holds which address and port.
        self._holders: Ends[str] = Ends()
        #: Connections by those of their ends that nobody holds.
        self._open: Ends[Key] = Ends()
        #: What connections are once translated, where that is another, and the other way round.
        self._translated: dict[Key, Key] = {}
        self._originals: Bags[Key, Key] = Bags()
        #: Connections by the owner that was found for their open end.
        self._found: Bags[str, Key] = Bags()
        #: Connections to look at again: where rows changed with the ends that were held before, others, and addresses
        #: whose open connections they are.
        self._changed: dict[Key, int] = {}
        self._dirty: set[Key] = set()
        self._doubted: set[str] = set()
        #: Ends that connections are open at, and who held each when they were settled.
        self._held: dict[tuple[str, int], str | None] = {}
        #: Who holds each end that was asked for since: many connections may be open at one that many hold.
        self._holder: dict[tuple[str, int], str | None] = {}

    def put(self, probe: str, rows: Mapping[Row, int]) -> None:
        """Replaces the rows of a probe; each row says how many connections it stands for."""
        known = self._rows.setdefault(probe, {})
        before, now = _several(known), _several(rows)
        # A set of a dictionary's keys knows their hashes, and to take the other's keys from it needs no others.
        gone, came = set(known).difference(rows), set(rows).difference(known)
        for row in gone:
            self._hold(row, by=-1)
            del known[row]
        for row in came:
            # Both ends of a connection have one key, and a row is the same for as long as it is reported.
            known[self._hold(row, by=1), row[1], row[2]] = rows[row]
        for (key, _, _), times in before - now:
            self._times.remove(key, times)
        for row, times in now - before:
            self._times.add(row[0], times)
        if before != now:
            known.update(rows)
        if not known:
            del self._rows[probe]

    def translate(self, probe: str, translations: AbstractSet[Translation]) -> None:
        """Replaces what a probe says of translations."""
        for end in self._translations.put(probe, translations):
            self._dirty.update(self._open.at(*end))

    def forget(self, probe: str) -> None:
        """Takes back all that a probe says."""
        self.put(probe, _NO_ROWS)
        self.translate(probe, frozenset())
        self.names.put(probe, {})

    def claim(self, node: str, kind: Topology.ValueType | None, addresses: Iterable[str]) -> None:
        """Replaces the addresses of a node, of some kind."""
        self._doubted |= self._claims.put(node, kind, addresses)

    def settle(self) -> EdgeChanges:
        """Brings the edges up to date; says which came and which went since the last time."""
        self._doubted.update(self.names.settle(), self.networks.settle(self._open))
        for address in self._doubted:
            self._dirty.update(self._open.of(address))
        self._doubted.clear()
        self._doubt_held()
        ended = self._ended()
        concerned: set[Key] = set()
        for key in self._dirty | self._changed.keys():
            self._translate(key, concerned)
        self._dirty.clear()
        self._changed.clear()
        for key in concerned:
            self._settle(key, ended=key in ended)
        self._holder.clear()
        return self._edges.take_changes()

    def edges(self) -> Iterator[Edge]:
        """Every edge."""
        return iter(self._edges.counts)

    def connections(self, owners: AbstractSet[str], probes: Iterable[str]) -> Iterator[Connection]:
        """The connections that make an edge of any of these owners, of whose rows these probes report all.

        Among them may be others of the same owners.
        """
        seen: dict[Key, Key] = {}
        for probe in probes:
            for own, _, owner in self._rows.get(probe, _NO_ROWS):
                if owner in owners:
                    key = self._translated.get(own, own)
                    seen[key] = min(seen.get(key, own), own)
        for owner in owners:
            for key in self._found.of(owner):
                seen.setdefault(key, key)
        for key, own in seen.items():
            edge = self._ends[key].edge
            if edge is not None:
                times = max(chain.from_iterable(map(self._times.of, self._same(key))), default=1)
                yield Connection(own, key, edge, times)

    def _hold(self, row: Row, *, by: int) -> Key:
        """Takes in a row that came or went; answers its key, the one object of all rows that have it."""
        key, incoming, owner = row
        ends = self._ends.get(key)
        if ends is None:
            ends = self._ends[key] = _Ends(key)
        self._changed.setdefault(key, _held(ends.client, ends.server))
        held = ends.server if incoming else ends.client
        held = more(held, owner) if by > 0 or held is None else less(held, owner)
        if incoming:
            ends.server = held
        else:
            ends.client = held
        address, port = key[2:] if incoming else key[:2]
        if self._open.at(address, port) and (address, port) not in self._held:
            self._held[address, port] = _first(self._holders.at(address, port))
        (self._holders.add if by > 0 else self._holders.remove)(address, port, owner)
        return ends.key

    def _doubt_held(self) -> None:
        """Looks again at the connections that are open at an end which others hold now."""
        for (address, port), holder in self._held.items():
            if _first(self._holders.at(address, port)) != holder:
                self._dirty.update(self._open.at(address, port))
        self._held.clear()

    def _ended(self) -> set[Key]:
        """The connections, once translated, of which an end is not held any more by those who held it."""
        lost: dict[Key, int] = {}
        for key, before in self._changed.items():
            gone = before & ~self._holding(key)
            if gone:
                united = self._translated.get(key, key)
                lost[united] = lost.get(united, 0) | gone
        return {key for key, ends in lost.items() if ends & ~self._kept(key)}

    def _kept(self, key: Key) -> int:
        """Which ends of a connection, once translated, were held before and are held still."""
        kept = 0
        for own in self._same(key):
            kept |= self._holding(own) & self._changed.get(own, _BOTH)
        return kept

    def _holding(self, key: Key) -> int:
        ends = self._ends[key]
        return _held(ends.client, ends.server)

    def _translate(self, key: Key, concerned: set[Key]) -> None:
        """Brings up to date what a connection is once translated, and notes which connections that concerns."""
        before, now = self._translated.get(key, key), self._delivered(key, _OPEN[self._holding(key)])
        concerned.add(key)
        if now != key:
            concerned.add(now)
        if before == now:
            return
        concerned.add(before)
        if before != key:
            self._originals.remove(before, key)
            del self._translated[key]
        if now != key:
            self._originals.add(now, key)
            self._translated[key] = now
            self._ends.setdefault(now, _Ends(now))

    def _delivered(self, key: Key, opened: int) -> Key:
        """What a connection is once the end that nobody holds is translated."""
        if opened == _CLIENT:
            return self._translations.of(key[:2]) + key[2:]
        if opened == _SERVER:
            return key[:2] + self._translations.of(key[2:])
        return key

    def _same(self, key: Key) -> list[Key]:
        """The connections, as they are seen, that are this one once translated."""
        return [*self._originals.of(key), *(() if key in self._translated else (key,))]

    def _settle(self, key: Key, *, ended: bool) -> None:
        """Brings the edge of a connection up to date; `ended` says what became of it where it was another one."""
        ends = self._ends[key]
        client, server = self._owners(key, ends)
        opened = _OPEN[_held(client, server)]
        edge = self._edge(key, client, server)
        if edge != ends.edge:
            if ends.edge is not None:
                self._edges.remove(ends.edge, ended=ended)
            if edge is not None:
                self._edges.add(edge)
        if opened or ends.open:
            self._find_again(key, ends, edge, opened)
        ends.edge, ends.open = edge, opened
        watched = opened | _OPEN[_held(ends.client, ends.server)]
        if watched != ends.watched:
            self._watch(key, ends, watched)
        if ends.client is None and ends.server is None and key not in self._originals:
            del self._ends[key]

    def _owners(self, key: Key, ends: _Ends) -> tuple[str | None, str | None]:
        """Who holds the two ends, of all connections that are this one once translated."""
        if not self._translated or not (key in self._translated or key in self._originals):
            return _best(ends.client), _best(ends.server)
        same = [self._ends[own] for own in self._same(key)]
        clients = {owner for own in same for owner in values(own.client)}
        servers = {owner for own in same for owner in values(own.server)}
        return _first(clients), _first(servers)

    def _edge(self, key: Key, client: str | None, server: str | None) -> Edge | None:
        if client is None and server is not None:
            client = self._owner_at(key[0], key[1], INTERNET_IN)
        elif server is None and client is not None:
            server = self._owner_at(key[2], key[3], INTERNET_OUT)
        return (client, server) if client is not None and server is not None else None

    def _owner_at(self, address: str, port: int, internet: str) -> str | None:
        """Who is at an end that nobody holds in this connection; None where that is not known."""
        end = address, port
        if end not in self._holder:
            self._holder[end] = _first(self._holders.at(address, port))
        owner = self._holder[end] or self._claims.of(address)
        if owner is not None:
            return owner
        where = self.networks.of(address)
        if where is Elsewhere.INTERNET:
            return self.names.service(address) or internet
        return where if isinstance(where, str) else None

    def _find_again(self, key: Key, ends: _Ends, edge: Edge | None, opened: int) -> None:
        """Brings up to date under which owner a connection is that was found for its open end."""
        before = ends.edge[ends.open - 1] if ends.edge is not None and ends.open else None
        now = edge[opened - 1] if edge is not None and opened else None
        if before == now:
            return
        if before is not None:
            self._found.remove(before, key)
        if now is not None:
            self._found.add(now, key)

    def _watch(self, key: Key, ends: _Ends, watched: int) -> None:
        """Brings up to date by which of its ends a connection is found."""
        changed, ends.watched = watched ^ ends.watched, watched
        for end, address, port in ((_CLIENT, key[0], key[1]), (_SERVER, key[2], key[3])):
            if changed & end:
                (self._open.add if watched & end else self._open.remove)(address, port, key)


class _Edges:
    """How many connections each edge has, and how that changed."""

    def __init__(self) -> None:
        self.counts: dict[Edge, int] = {}
        self._existed: dict[Edge, bool] = {}
        self._ended: set[Edge] = set()

    def add(self, edge: Edge) -> None:
        """Takes in that an edge has one more connection."""
        count = self.counts.get(edge, 0)
        self._existed.setdefault(edge, count > 0)
        self.counts[edge] = count + 1

    def remove(self, edge: Edge, *, ended: bool) -> None:
        """Takes in that an edge has one less, and whether that one has ended."""
        self._existed.setdefault(edge, True)
        if ended:
            self._ended.add(edge)
        self.counts[edge] -= 1
        if not self.counts[edge]:
            del self.counts[edge]

    def take_changes(self) -> EdgeChanges:
        """Which edges came and went since the last call."""
        gone = {True: EdgeChange.ENDED, False: EdgeChange.REVISED}
        changes = {
            edge: EdgeChange.CAME if edge in self.counts else gone[edge in self._ended]
            for edge, existed in self._existed.items()
            if (edge in self.counts) != existed
        }
        self._existed.clear()
        self._ended.clear()
        return changes


def _several(rows: Mapping[Row, int]) -> set[tuple[Row, int]]:
    """The rows that stand for more than one connection."""
    return {(row, times) for row, times in rows.items() if times > 1}


def _held(client: object, server: object) -> int:
    """Which ends are not None."""
    return (client is not None and _CLIENT) | (server is not None and _SERVER)


def _best(owners: str | dict[str, int] | None) -> str | None:
    return _first(owners) if isinstance(owners, dict) else owners


def _first(owners: Iterable[str]) -> str | None:
    """Who holds an end that several say they hold: a process before a host, then the first by id."""
    return min(owners, key=lambda owner: (owner.endswith(">"), owner), default=None)
