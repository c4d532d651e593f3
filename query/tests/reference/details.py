"""What a node belongs to, what belongs to it, and its connections one by one."""

from collections import Counter
from collections.abc import Callable, Collection
from typing import NamedTuple

from query.tests.reference.ends import Connection
from query.tests.reference.names import label
from query.tests.reference.picture import Picture
from query.tests.reference.said import Said
from query.tests.reference.topologies import (
    CONTAINER,
    CONTROLLERS,
    HOST,
    IMAGE,
    POD,
    PROCESS,
    SERVICE,
    TOPOLOGIES,
    image_of,
    is_group,
    is_outside,
    is_over,
    is_rest,
    nodes_of,
    place,
)
from scope.report.v1.topology_pb2 import Topology as Kind

#: Which topology shows what may be a parent, in the order in which parents are told.
_SHOWN = {
    CONTAINER: "containers",
    IMAGE: "containers-by-image",
    POD: "pods",
    **dict.fromkeys(CONTROLLERS, "kube-controllers"),
    SERVICE: "services",
    HOST: "hosts",
}


class Parent(NamedTuple):
    """Something that a node belongs to."""

    id: str
    label: str
    topology: str


def parents(said: Said, node: str) -> list[Parent]:
    """What something that probes report belongs to, and its replica sets do, as far as any topology shows it."""
    found: list[Parent] = []
    belonging = [node, *said.parents(node, Kind.TOPOLOGY_REPLICA_SET)]
    for kind, topology in _SHOWN.items():
        named = {parent for one in belonging for parent in said.parents(one, kind)}
        above = [parent for parent in named if not is_over(said, parent)]
        if kind == IMAGE:
            image = image_of(said, node) if above else ""
            found += [Parent(f"{image};<container_image>", image, topology)] if image else []
        else:
            shown = [Parent(parent, label(said.nodes[parent]), topology) for parent in above]
            found += sorted(shown, key=lambda parent: (parent.label, parent.id))
    return found


def rows(said: Said, node: str, *, sensitive: bool) -> list[tuple[str, str]]:
    """What is said of a process that is declared."""
    facts = said.nodes[node]
    program = [("cmdline", facts.texts["cmdline"])] if sensitive else []
    return [("pid", f"{facts.numbers['pid']:.0f}"), *program]


class Peer(NamedTuple):
    """Another end of connections: its node, its address where that is all that is known, and the port that listens."""

    node: str
    remote: str
    port: int


def peers(
    said: Said, topology: str, picture: Picture, node: str, connections: Collection[Connection]
) -> tuple[Counter[Peer], Counter[Peer]]:
    """Who opens connections to a node and to whom it opens connections, and how many."""
    inbound: Counter[Peer] = Counter()
    outbound: Counter[Peer] = Counter()

    def nodes(owner: str) -> Collection[str]:
        base = place(said, TOPOLOGIES[topology].base, owner)
        return picture.parts.get(base, ()) if base is not None else ()

    holding = {end for one in connections for end in (one.client, one.server)} | picture.members[node]
    for connection in connections:
        own = [row.key for row in connection.rows if row.owner in holding and node in nodes(row.owner)]
        client, server = min(own, default=connection.ends)
        clients, servers = nodes(connection.client), nodes(connection.server)
        for opener in clients if node in servers else ():
            inbound[Peer(opener, client[0] if is_outside(opener) else "", server[1])] += connection.times
        for listener in servers if node in clients else ():
            outbound[Peer(listener, server[0] if is_outside(listener) else "", server[1])] += connection.times
    return inbound, outbound


def children(said: Said, topology: str, picture: Picture, node: str) -> dict[str, list[str]]:
    """What belongs to a node, and to what belongs to it, by the names of kinds; each by label."""
    members = picture.members[node]
    found = _below(said, members) | members if is_group(topology) else _below(said, [node])
    if is_rest(node):
        found = {one for one in said.nodes if node in nodes_of(said, topology, one)}
    images = {image_of(said, one) for one in found if said.kind(one) == CONTAINER and topology == "hosts"} - {""}
    groups = {
        what: sorted((one for one in found if said.kind(one) == kind and not is_over(said, one)), key=_by_label(said))
        for what, kind in (("Pods", POD), ("Containers", CONTAINER), ("Processes", PROCESS))
    }
    groups["Container images"] = [f"{image};<container_image>" for image in sorted(images)]
    return {what: nodes for what, nodes in groups.items() if nodes}


def _below(said: Said, nodes: Collection[str]) -> set[str]:
    """All that belongs to any of these, and to what belongs to them, without themselves."""
    found: set[str] = set()
    while (
        more := {node for node, facts in said.nodes.items() if not facts.parents.isdisjoint(found.union(nodes))} - found
    ):
        found |= more
    return found - set(nodes)


def _by_label(said: Said) -> Callable[[str], tuple[str, str]]:
    return lambda node: (label(said.nodes[node]), node)
