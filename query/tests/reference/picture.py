"""What readers of a topology see."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from query.tests.reference.ends import Connection
from query.tests.reference.options import DEFAULTS, passes
from query.tests.reference.said import Said
from query.tests.reference.topologies import TOPOLOGIES, is_outside, place, shown

#: One node opens connections to the other.
Edge = tuple[str, str]


@dataclass(frozen=True)
class Picture:
    """A topology as its readers see it.

    Attributes:
        nodes: the ids of the nodes.
        adjacency: for each of them those that it opens connections to.
        members: for each that is no pseudo node what it stands for.
        filtered: how many nodes there are that were left out.
    """

    nodes: frozenset[str]
    adjacency: Mapping[str, frozenset[str]]
    members: Mapping[str, frozenset[str]]
    filtered: int

    @property
    def stats(self) -> tuple[int, int, int, int]:
        """How many nodes, nodes without the pseudo ones, edges, and nodes left out."""
        edges = sum(len(others) for others in self.adjacency.values())
        return len(self.nodes), len(self.members), edges, self.filtered


def edges(said: Said, topology: str, connections: Iterable[Connection]) -> dict[Edge, list[Connection]]:
    """The edges of a topology that these connections make, each with those that it stands for."""
    found: dict[Edge, list[Connection]] = {}
    for connection in connections:
        for edge in placed(said, topology, connection):
            found.setdefault(edge, []).append(connection)
    return found


def placed(said: Said, topology: str, connection: Connection) -> list[Edge]:
    """The edges that a connection is part of; none between what nobody reports."""
    return [
        (client, server)
        for client in place(said, topology, connection.client)
        for server in place(said, topology, connection.server)
        if not (is_outside(client) and is_outside(server))
    ]


def picture(said: Said, topology: str, edges: Collection[Edge], chosen: Mapping[str, str]) -> Picture:
    """A topology with the edges that are shown at the moment, as who has chosen these options sees it."""
    options = {name: chosen.get(name) or DEFAULTS[name] for name in TOPOLOGIES[topology].options}
    everything = shown(said, topology)
    members = {
        node: frozenset(of)
        for node, of in everything.items()
        if any(passes(said, one, options) for one in of)
        and (options.get("unconnected") != "hide" or _is_connected(node, edges))
    }
    beside = {
        end for edge in edges for end, other in (edge, edge[::-1]) if _is_pseudo(end, options) and other in members
    }
    nodes = members.keys() | beside
    adjacency = {node: frozenset(to for of, to in edges if of == node and to in nodes) for node in nodes}
    return Picture(frozenset(nodes), adjacency, members, len(everything) - len(members))


def _is_pseudo(node: str, options: Mapping[str, str]) -> bool:
    """Whether it is a pseudo node that is not left out."""
    return is_outside(node) or (node.startswith("pseudo:") and options.get("pseudo") != "hide")


def _is_connected(node: str, edges: Collection[Edge]) -> bool:
    """Whether there is an edge between it and another node."""
    return any(node in edge and edge != (node, node) for edge in edges)


class Fading:
    """The edges of a topology that are shown over time: one that ended is for a while longer.

    An edge of which all connections turned out to be between others goes at once.

    Args:
        topology: its id.
        kept: for how long, in seconds.
    """

    def __init__(self, topology: str, kept: float) -> None:
        self._topology = topology
        self._kept = kept
        self._seen: dict[Edge, list[Connection]] = {}
        self._until: dict[Edge, float] = {}

    def shown(self, said: Said, connections: Iterable[Connection], now: float) -> set[Edge]:
        """The edges that are shown at a moment; to be asked at every moment at which anything changed."""
        seen = edges(said, self._topology, connections)
        ended = {edge for edge, of in self._seen.items() if any(_ended(said, connection) for connection in of)}
        self._until |= dict.fromkeys(ended, now + self._kept)
        self._until = {edge: until for edge, until in self._until.items() if edge not in seen and until > now}
        self._seen = seen
        return seen.keys() | self._until.keys()


def _ended(said: Said, connection: Connection) -> bool:
    """Whether nobody who held one of its ends does so any more."""
    there = {(row.key, row.incoming) for row in said.rows}
    sides = [
        {(row.key, row.incoming) for row in connection.rows if row.incoming == incoming} for incoming in (False, True)
    ]
    return any(side and side.isdisjoint(there) for side in sides)
