"""A node's connections, one by one: who the other end is, on which port, how many."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from query.join import Connection
from query.model import Model
from query.node.summary import named
from query.pseudo import is_pseudo
from scope.query.v1.node_pb2 import Column, ConnectionGroup, ConnectionRow, MetadataRow


class _Peer(NamedTuple):
    """Another end: its node, its address where it is outside, and the port that is listened on."""

    node: str
    remote: str
    port: int


def connections(
    model: Model,
    topology: str,
    node: str,
    owners: AbstractSet[str],
    placed: Callable[[str], Iterable[str]],
) -> list[ConnectionGroup]:
    """The inbound and the outbound connections of a node.

    Args:
        model: the organization.
        topology: the id of the topology that the node is seen in.
        node: its id.
        owners: what is placed on it.
        placed: where the other ends are placed.
    """
    inbound: Counter[_Peer] = Counter()
    outbound: Counter[_Peer] = Counter()
    probes = {probe.id for owner in owners for probe in model.reporters(owner)}
    for connection in model.connections.connections(owners, probes):
        clients, servers = (placed(owner) for owner in connection.edge)
        if node in servers:
            for client in clients:
                inbound[_peer(client, connection, address=0)] += connection.times
        if node in clients:
            for server in servers:
                outbound[_peer(server, connection, address=2)] += connection.times
    return [
        _group(model, "incoming-connections", topology, "Inbound", inbound),
        _group(model, "outgoing-connections", topology, "Outbound", outbound),
    ]


def _peer(node: str, connection: Connection, address: int) -> _Peer:
    remote = str(connection.key[address]) if is_pseudo(node) else ""
    return _Peer(node, remote, connection.key[3])


def _group(model: Model, name: str, topology: str, label: str, peers: Counter[_Peer]) -> ConnectionGroup:
    columns = [Column(id="port", label="Port", data_type="number")]
    if any(peer.remote for peer in peers):
        columns.insert(0, Column(id="remote", label="Remote"))
    columns.append(Column(id="count", label="Count", data_type="number", default_sort=True))
    rows = [row for peer in sorted(peers) for row in _row(model, peer, peers[peer])]
    return ConnectionGroup(id=name, topology_id=topology, label=label, columns=columns, connections=rows)


def _row(model: Model, peer: _Peer, count: int) -> Iterator[ConnectionRow]:
    name = named(model, peer.node)
    if name is not None:
        facts = {"remote": peer.remote, "port": str(peer.port), "count": str(count)}
        yield ConnectionRow(
            id=f"{peer.node}-{peer.remote}-{peer.port}",
            node_id=peer.node,
            label=name.label,
            label_minor=name.minor,
            metadata=[
                MetadataRow(id=key, value=value, data_type="" if key == "remote" else "number")
                for key, value in facts.items()
                if value
            ],
        )
