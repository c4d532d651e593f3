"""Who holds the two ends of every connection: found from scratch, as it is meant rather than as it is fast."""

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from query.tests.reference.said import End, Row, Said
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.ids import INTERNET_IN, INTERNET_OUT, host_id

#: Who is meant by an address that several claim: the first of these, the most particular.
_CLAIMING = (
    Topology.TOPOLOGY_CONTAINER,
    Topology.TOPOLOGY_POD,
    Topology.TOPOLOGY_SERVICE,
    Topology.TOPOLOGY_HOST,
)
_PRIVATE = [
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
        *("fc00::/7", "fe80::/10"),
    )
]
_KNOWN_SERVICE = re.compile(
    r"(?!ec2.*\.amazonaws\.com$)"
    r".+\.(amazonaws\.com|googleapis\.com|core\.windows\.net|servicebus\.windows\.net|azure-api\.net"
    r"|onmicrosoft\.com|cloudapp\.azure\.com|database\.windows\.net|documents\.azure\.com)"
)

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Connection(NamedTuple):
    """A connection whose two ends are known: nodes, or ids of what no probe reports.

    Attributes:
        client: who opened it.
        server: who listens.
        ends: where both are, as those who hold them see them.
        times: how many connections it stands for.
        rows: the rows that say so.
    """

    client: str
    server: str
    ends: tuple[End, End]
    times: int
    rows: Sequence[Row]


def connections(said: Said) -> list[Connection]:
    """Every connection that has two ends which are somebody's."""
    found = (_connection(said, key, rows) for key, rows in _united(said).items())
    return [connection for connection in found if connection is not None]


def _united(said: Said) -> dict[tuple[End, End], list[Row]]:
    """The rows by connection, where one end is nobody's as it is delivered: so both sides of a translation meet."""
    reported: dict[tuple[End, End], list[Row]] = defaultdict(list)
    for row in said.rows:
        reported[row.key].append(row)
    united: dict[tuple[End, End], list[Row]] = defaultdict(list)
    for (client, server), rows in reported.items():
        sides = {row.incoming for row in rows}
        whose = _delivered(said, client) if sides == {True} else client
        at = _delivered(said, server) if sides == {False} else server
        united[whose, at] += rows
    return united


def _delivered(said: Said, end: End) -> End:
    """Where what is addressed to an end is delivered; there, where that is not certain."""
    translated = said.translations.get(end, frozenset())
    return next(iter(translated)) if len(translated) == 1 else end


def _connection(said: Said, key: tuple[End, End], rows: list[Row]) -> Connection | None:
    client = _first(row.owner for row in rows if not row.incoming) or _found(said, key[0], INTERNET_IN)
    server = _first(row.owner for row in rows if row.incoming) or _found(said, key[1], INTERNET_OUT)
    if client is None or server is None:
        return None
    return Connection(client, server, key, max(row.times for row in rows), rows)


def _first(owners: Iterable[str]) -> str | None:
    """Of several who say that they hold an end a process before anything larger, then the first by id."""
    return min(owners, key=lambda owner: (owner.endswith(">"), owner), default=None)


def _found(said: Said, end: End, internet: str) -> str | None:
    """Who is at an end that nobody reports for this connection; None where it cannot be said."""
    address, _ = end
    holder = _first(row.owner for row in said.rows if row.local == end)
    if holder is not None:
        return holder
    claiming = _claiming(said, address)
    if claiming is not None:
        return claiming
    scope, _, plain = address.rpartition(";")
    parsed = ipaddress.ip_address(plain)
    if parsed.is_loopback or parsed.is_unspecified:
        return None
    network = _local_network(said, scope, parsed)
    private = any(parsed in network for network in _PRIVATE)
    if not scope and network is None and not private:
        return _known_service(said, address) or internet
    if network is None:
        network = ipaddress.ip_network(f"{plain}/{24 if parsed.version == 4 else 64}", strict=False)
    return f"pseudo:network:{scope};{network}" if scope else f"pseudo:network:{network}"


def _claiming(said: Said, address: str) -> str | None:
    """Who claims an address: the only one of its kind to do so, of the most particular kind of which there is one."""
    claims = [[node for node in said.of_kind(kind) if address in said.nodes[node].addresses] for kind in _CLAIMING]
    return next((nodes[0] for nodes in claims if len(nodes) == 1), None)


def _local_network(said: Said, scope: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> _Network | None:
    """The smallest network that holds an address and a host is part of; with a scope that host alone."""
    hosts = said.of_kind(Topology.TOPOLOGY_HOST)
    meant = [host for host in hosts if not scope or host == host_id(scope)]
    named = {network for host in meant for network in said.nodes[host].sets.get("local_networks", ())}
    holding = [network for network in map(ipaddress.ip_network, named) if address in network]
    return max(holding, key=lambda network: network.prefixlen, default=None)


def _known_service(said: Said, address: str) -> str | None:
    """The service that one of the address's names is of; names that resolve to it come before those it resolves to."""
    forward, reverse = said.names.get(address, (frozenset(), frozenset()))
    names = [*sorted(forward), *sorted(reverse)]
    return next((f"service-{name}" for name in names if _KNOWN_SERVICE.fullmatch(name)), None)
