"""A node's connections, one by one: who the other end is, on which port, how many."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from query import pseudo
from query.join import Connection
from query.model import Model
from query.node.look import look
from query.node.names import Name
from query.selection import Selection
from scope.query.v1.node_pb2 import Column, ConnectionGroup, ConnectionRow, MetadataRow

#: How many rows each direction has.
MOST = 1_000


class _Peer(NamedTuple):
    """Another end: its node, its address where that stands for many, and the port that is listened on."""

    node: str
    remote: str
    port: int


def connections(model: Model, selection: Selection, node: str) -> list[ConnectionGroup]:
    """The inbound and the outbound connections of a node, in descending order of count."""
    inbound: Counter[_Peer] = Counter()
    outbound: Counter[_Peer] = Counter()
    owners = selection.members(node)
    probes = {probe.id for owner in owners for probe in model.reporters(owner)}
    for connection in model.connections.connections(owners, probes):
        clients, servers = map(selection.placed, connection.edge)
        if node in servers:
            inbound.update({_peer(client, connection, address=0): connection.times for client in clients})
        if node in clients:
            outbound.update({_peer(server, connection, address=2): connection.times for server in servers})
    return [
        _group(model, selection, "incoming-connections", "Inbound", inbound),
        _group(model, selection, "outgoing-connections", "Outbound", outbound),
    ]


def _peer(node: str, connection: Connection, address: int) -> _Peer:
    remote = str(connection.seen[address]) if pseudo.is_outside(node) else ""
    return _Peer(node, remote, connection.seen[3])


def _group(model: Model, selection: Selection, name: str, label: str, counts: Counter[_Peer]) -> ConnectionGroup:
    columns = [
        Column(id="port", label="Port", data_type="number"),
        Column(id="count", label="Count", data_type="number", default_sort=True),
    ]
    if any(peer.remote for peer in counts):
        columns.insert(0, Column(id="remote", label="Remote"))
    shown = sorted(counts, key=lambda peer: (-counts[peer], peer))[:MOST]
    return ConnectionGroup(
        id=name,
        topology_id=selection.definition.id,
        label=label,
        columns=columns,
        connections=_rows(model, selection, shown, counts),
        more=len(counts) - len(shown),
    )


def _rows(model: Model, selection: Selection, peers: list[_Peer], counts: Counter[_Peer]) -> Iterator[ConnectionRow]:
    names = {node: look(model, selection, node).name for node in {peer.node for peer in peers}}
    return (_row(model, peer, names[peer.node], counts[peer]) for peer in peers)


def _row(model: Model, peer: _Peer, name: Name, count: int) -> ConnectionRow:
    facts = {"remote": _remote(model, peer.remote), "port": str(peer.port), "count": str(count)}
    return ConnectionRow(
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


def _remote(model: Model, address: str) -> str:
    """An address without its scope, and in front of it the first of its names if it has any."""
    alone = address.rpartition(";")[2]
    names = model.connections.names.of(address) if address else []
    return f"{names[0]} ({alone})" if names else alone
