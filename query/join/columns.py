"""The columns of a report's connections, as the join takes them."""

from collections.abc import Iterator, Mapping
from itertools import repeat

from query.join.join import Row
from query.join.names import Name, said
from query.join.translations import End, Translation
from scope.report.v1.report_pb2 import Connections


def rows(connections: Connections, ids: Mapping[int, str]) -> Mapping[Row, int]:
    """The ends of connections, and how many connections each stands for; without those whose owner has no id."""
    addresses = connections.addresses[:]
    found: dict[Row, int] = {}
    columns = zip(
        map(ids.get, connections.owners[:]),
        map(addresses.__getitem__, connections.local_addresses[:]),
        connections.local_ports[:],
        map(addresses.__getitem__, connections.remote_addresses[:]),
        connections.remote_ports[:],
        connections.incoming[:],
        connections.counts[:] or repeat(1),
        strict=False,
    )
    for owner, here, here_port, there, there_port, incoming, count in columns:
        if owner is not None:
            key = (there, there_port, here, here_port) if incoming else (here, here_port, there, there_port)
            row = (key, incoming, owner)
            found[row] = found.get(row, 0) + count
    return found


def translations(connections: Connections) -> frozenset[Translation]:
    """What is translated, and to what."""
    columns = connections.translations
    original = _ends(connections, columns.original_addresses[:], columns.original_ports[:])
    translated = _ends(connections, columns.translated_addresses[:], columns.translated_ports[:])
    return frozenset(zip(original, translated, strict=True))


def names(connections: Connections) -> Mapping[str, frozenset[Name]]:
    """The names of addresses."""
    found: dict[str, frozenset[Name]] = {}
    for named in connections.names:
        address = connections.addresses[named.address]
        found[address] = found.get(address, frozenset()) | said(named.forward, named.reverse)
    return found


def _ends(connections: Connections, addresses: list[int], ports: list[int]) -> Iterator[End]:
    return zip(map(connections.addresses.__getitem__, addresses), ports, strict=True)
