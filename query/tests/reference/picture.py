"""What readers of a topology see."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from query.tests.reference.ends import Connection
from query.tests.reference.options import DEFAULTS, passes
from query.tests.reference.said import Said
from query.tests.reference.topologies import TOPOLOGIES, is_outside, is_rest, place, there

#: One opens connections to the other.
Edge = tuple[str, str]


@dataclass(frozen=True)
class Picture:
    """A topology as its readers see it.

    Attributes:
        members: its nodes, and what each stands for that is reported; pseudo nodes stand for nothing of that.
        adjacency: for each node those that it opens connections to.
        parts: of what the base is made of, pseudo nodes too, the nodes that each is part of.
        filtered: how many nodes there are that were left out.
    """

    members: Mapping[str, frozenset[str]]
    adjacency: Mapping[str, frozenset[str]]
    parts: Mapping[str, Collection[str]]
    filtered: int

    @property
    def stats(self) -> tuple[int, int, int, int]:
        """How many nodes, nodes without the pseudo ones, edges, and nodes left out."""
        edges = sum(map(len, self.adjacency.values()))
        return len(self.members), sum(map(bool, self.members.values())), edges, self.filtered


def picture(said: Said, topology: str, edges: Collection[Edge], chosen: Mapping[str, str]) -> Picture:
    """A topology as who has chosen these options sees it, with the edges of its base that are shown at the moment.

    Options leave out what is reported; what remains makes the nodes, and its edges theirs. A pseudo node shows while it
    has an edge to another node.
    """
    definition = TOPOLOGIES[topology]
    options = {name: chosen.get(name) or DEFAULTS[name] for name in definition.options}
    everything = there(said, definition.base)
    kept = [one for one in everything if passes(said, one, options) and _is_connected(one, edges, everything, options)]
    members = _members(said, topology, kept)
    beside = {end for edge in edges for end in edge if is_outside(end) or is_rest(end)} if everything else set()
    nodes = {one: _nodes(said, topology, one, options) for one in [*kept, *beside]}
    found = {(one, other) for a, b in edges if a in nodes and b in nodes for one in nodes[a] for other in nodes[b]}
    pseudo = {end for edge in found for end in edge if end not in members and edge[0] != edge[1]}
    shown = members | dict.fromkeys(pseudo, frozenset[str]())
    adjacency = {node: frozenset(to for of, to in found if of == node and to in shown) for node in shown}
    parts = {base: [node for node in of if node in shown] for base, of in nodes.items()}
    filtered = _members(said, topology, everything).keys() - members.keys()
    return Picture(shown, adjacency, parts, len(filtered))


def _members(said: Said, topology: str, bases: Iterable[str]) -> dict[str, frozenset[str]]:
    """The nodes, but for pseudo nodes, that these are part of, each with them."""
    found: dict[str, frozenset[str]] = {}
    for base in bases:
        for node in TOPOLOGIES[topology].group(said, base):
            if not is_rest(node):
                found[node] = found.get(node, frozenset()) | {base}
    return found


def _nodes(said: Said, topology: str, base: str, options: Mapping[str, str]) -> list[str]:
    """What something is part of that is not left out."""
    nodes = TOPOLOGIES[topology].group(said, base)
    return [node for node in nodes if options.get("pseudo") != "hide" or not is_rest(node)]


def _is_connected(one: str, edges: Iterable[Edge], everything: Collection[str], options: Mapping[str, str]) -> bool:
    """Whether there is an edge between it and something else that is there, if that matters."""
    others = {end for edge in edges if one in edge for end in edge} - {one}
    return options.get("unconnected") != "hide" or any(is_outside(end) or end in everything for end in others)


def edges(said: Said, base: str, connections: Iterable[Connection]) -> dict[Edge, list[Connection]]:
    """The edges of a base that these connections make, each with those that it stands for."""
    found: dict[Edge, list[Connection]] = {}
    for connection in connections:
        client, server = place(said, base, connection.client), place(said, base, connection.server)
        if client is not None and server is not None:
            found.setdefault((client, server), []).append(connection)
    return found


class Fading:
    """The edges of a base that are shown over time: one that ended is for a while longer.

    An edge of which all connections turned out to be between others goes at once.

    Args:
        base: its id.
        kept: for how long, in seconds.
    """

    def __init__(self, base: str, kept: float) -> None:
        self._base = base
        self._kept = kept
        self._seen: dict[Edge, list[Connection]] = {}
        self._until: dict[Edge, float] = {}

    @property
    def fades(self) -> bool:
        """Whether any edge is shown that has ended."""
        return bool(self._until)

    def shown(self, said: Said, connections: Collection[Connection], now: float) -> set[Edge]:
        """The edges that are shown at a moment; to be asked at every moment at which anything changed."""
        seen = edges(said, self._base, connections)
        between = {(connection.client, connection.server) for connection in connections}
        ended = {
            edge
            for edge, of in self._seen.items()
            # Where others connect the same owners, and these have moved, the edge has moved with them.
            if any((one.client, one.server) not in between and _ended(said, one) for one in of)
        }
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
