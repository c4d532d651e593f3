"""What a node belongs to, what belongs to it, and its connections one by one."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from query.tests.reference.ends import Connection
from query.tests.reference.names import label
from query.tests.reference.said import Said
from query.tests.reference.topologies import (
    CONTAINER,
    CONTROLLERS,
    HOST,
    IMAGE,
    POD,
    SERVICE,
    image_of,
    is_outside,
    is_over,
    nodes_of,
)

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
    """What something that probes report belongs to, as far as any topology shows it."""
    found: list[Parent] = []
    for kind, topology in _SHOWN.items():
        above = [parent for parent in said.parents(node, kind) if not is_over(said, parent)]
        if kind == IMAGE:
            image = image_of(said, node) if above else ""
            found += [Parent(f"{image};<container_image>", image, topology)] if image else []
        else:
            named = [Parent(parent, label(said.nodes[parent]), topology) for parent in above]
            found += sorted(named, key=lambda parent: (parent.label, parent.id))
    return found


class Peer(NamedTuple):
    """Another end of connections: its node, its address where that is all that is known, and the port that listens."""

    node: str
    remote: str
    port: int


def peers(
    said: Said, topology: str, node: str, connections: Iterable[Connection]
) -> tuple[Counter[Peer], Counter[Peer]]:
    """Who opens connections to a node and to whom it opens connections, and how many."""
    inbound: Counter[Peer] = Counter()
    outbound: Counter[Peer] = Counter()
    for connection in connections:
        own = [row.key for row in connection.rows if node in nodes_of(said, topology, row.owner)]
        client, server = min(own, default=connection.ends)
        for opener in nodes_of(said, topology, connection.client):
            for listener in nodes_of(said, topology, connection.server):
                if listener == node:
                    inbound[Peer(opener, client[0] if is_outside(opener) else "", server[1])] += connection.times
                if opener == node:
                    outbound[Peer(listener, server[0] if is_outside(listener) else "", server[1])] += connection.times
    return inbound, outbound
