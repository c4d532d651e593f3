"""Who owns the ends of connections, in whatever order it is told, against what follows from all of it at once."""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from query.join import Connection, Edge, EdgeChange, Join, Key, Row
from query.names import Name
from query.translations import End, Translation
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.ids import INTERNET_IN, INTERNET_OUT

HOST, CONTAINER, POD = Topology.TOPOLOGY_HOST, Topology.TOPOLOGY_CONTAINER, Topology.TOPOLOGY_POD
RANKS = [CONTAINER, POD, Topology.TOPOLOGY_SERVICE, HOST]
PRIVATE = "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16 fc00::/7 fe80::/10"


@dataclass
class Told:
    """All that a join was told, as it stands."""

    rows: dict[str, Mapping[Row, int]] = field(default_factory=dict)
    translations: dict[str, frozenset[Translation]] = field(default_factory=dict)
    names: dict[str, Mapping[str, frozenset[Name]]] = field(default_factory=dict)
    claims: dict[str, tuple[Any, frozenset[str]]] = field(default_factory=dict)
    networks: dict[str, frozenset[str]] = field(default_factory=dict)


def from_scratch(told: Told) -> dict[Key, tuple[Edge, int]]:
    """The connections with both owners known, and how many each stands for, written to be obvious."""
    rows = [(row, times) for rows in told.rows.values() for row, times in rows.items()]
    united: dict[Key, list[tuple[Row, int]]] = defaultdict(list)
    for row, times in rows:
        united[delivered(told, row[0], {incoming for (key, incoming, _), _ in rows if key == row[0]})].append(
            (row, times)
        )
    found = {}
    for key, same in united.items():
        client = first(owner for (_, incoming, owner), _ in same if not incoming) or owner_at(
            told, key[:2], INTERNET_IN
        )
        server = first(owner for (_, incoming, owner), _ in same if incoming) or owner_at(told, key[2:], INTERNET_OUT)
        if client and server:
            found[key] = (client, server), max(times for _, times in same)
    return found


def delivered(told: Told, key: Key, sides: set[bool]) -> Key:
    """What a connection of which these sides have rows is once the other one is translated."""
    client = key[:2] if False in sides else translated(told, key[:2])
    server = key[2:] if True in sides else translated(told, key[2:])
    return client + server


def translated(told: Told, end: End) -> End:
    stated = {there for pairs in told.translations.values() for here, there in pairs if here == end}
    return stated.pop() if len(stated) == 1 else end


def first(owners: Iterable[str]) -> str | None:
    return min(owners, key=lambda owner: (owner.endswith(">"), owner), default=None)


def owner_at(told: Told, end: End, internet: str) -> str | None:
    holders = [
        owner
        for rows in told.rows.values()
        for key, incoming, owner in rows
        if (key[2:] if incoming else key[:2]) == end
    ]
    return first(holders) or claimed(told, end[0]) or beyond(told, end[0], internet)


def claimed(told: Told, address: str) -> str | None:
    for rank in RANKS:
        nodes = [node for node, (kind, addresses) in told.claims.items() if kind == rank and address in addresses]
        if len(nodes) == 1:
            return nodes[0]
    return None


def beyond(told: Told, text: str, internet: str) -> str | None:
    scope, _, plain = text.rpartition(";")
    address = ipaddress.ip_address(plain)
    if address.is_loopback or address.is_unspecified:
        return None
    hosts = [f"{scope};<host>"] if scope else told.networks
    networks = {ipaddress.ip_network(network) for host in hosts for network in told.networks.get(host, ())}
    within = [network for network in networks if address in network]
    if not within and not scope and not any(address in ipaddress.ip_network(network) for network in PRIVATE.split()):
        names = sorted(name for told_names in told.names.values() for name in told_names.get(text, ()))
        return next((f"service-{name}" for _, name in names if name.startswith("s3.")), internet)
    usual = ipaddress.ip_network(f"{plain}/{24 if address.version == 4 else 64}", strict=False)
    smallest = max(within, key=lambda network: network.prefixlen, default=usual)
    return f"pseudo:network:{scope};{smallest}" if scope else f"pseudo:network:{smallest}"


ADDRESSES = ["10.0.0.1", "10.0.1.2", "8.8.8.8", "a;172.17.0.2", "b;172.17.0.2", "fd00::1", "a;127.0.0.1", "2001:db8::1"]
OWNERS = ["a;1", "a;2", "b;1", "a;<host>", "b;<host>"]
PROBES = st.sampled_from(["p", "q", "r"])
ADDRESS = st.sampled_from(ADDRESSES)
END = st.tuples(ADDRESS, st.sampled_from([80, 5000]))
KEY = st.builds(lambda client, server: client + server, END, END)
#: Connections that have to do with each other, else hardly any would.
KEYS = st.one_of(KEY, st.sampled_from([("10.0.0.1", 5000, "10.0.1.2", 80), ("10.0.0.1", 5000, "8.8.8.8", 80)]))
ROWS = st.dictionaries(st.tuples(KEYS, st.booleans(), st.sampled_from(OWNERS)), st.integers(1, 3), max_size=4)
TRANSLATIONS = st.frozensets(st.tuples(END, END), max_size=3)
NAME = st.tuples(
    st.booleans(), st.sampled_from(["s3.amazonaws.com", "s3.googleapis.com", "ec2-1.amazonaws.com", "example.org"])
)
NAMES = st.dictionaries(ADDRESS, st.frozensets(NAME, min_size=1, max_size=2), max_size=2)
CLAIMS = st.tuples(st.sampled_from([*RANKS, None]), st.frozensets(ADDRESS, max_size=3))
NETWORKS = st.frozensets(
    st.sampled_from(["10.0.0.0/8", "10.0.0.0/24", "8.0.0.0/8", "172.17.0.0/16", "fd00::/8"]), max_size=3
)
STEPS = st.one_of(
    st.tuples(st.just("rows"), PROBES, ROWS),
    st.tuples(st.just("rows"), PROBES, ROWS),
    st.tuples(st.just("translations"), PROBES, TRANSLATIONS),
    st.tuples(st.just("names"), PROBES, NAMES),
    st.tuples(st.just("claims"), st.sampled_from(["c;<container>", "d;<container>", "e;<pod>", "a;<host>"]), CLAIMS),
    st.tuples(st.just("networks"), st.sampled_from(["a;<host>", "b;<host>"]), NETWORKS),
    st.tuples(st.just("settle"), st.just(""), st.none()),
)


class Telling:
    """Tells a join things, and remembers them and its edges as they come and go."""

    def __init__(self) -> None:
        self.told = Told()
        self.join = Join()
        self.edges: set[Edge] = set()

    def tell(self, what: str, who: str, argument: Any) -> None:
        if what == "settle":
            self.settle()
            return
        getattr(self.told, what)[who] = argument
        if what == "rows":
            self.join.put(who, argument)
        elif what == "translations":
            self.join.translate(who, argument)
        elif what == "names":
            self.join.names.put(who, argument)
        elif what == "claims":
            self.join.claim(who, *argument)
        else:
            self.join.networks.put(who, argument)

    def settle(self) -> None:
        changes = self.join.settle()
        came = {edge for edge, change in changes.items() if change is EdgeChange.CAME}
        assert came.isdisjoint(self.edges)
        assert changes.keys() - came <= self.edges
        self.edges = (self.edges - changes.keys()) | came
        assert self.edges == set(self.join.edges()) == {edge for edge, _ in from_scratch(self.told).values()}

    def forget(self) -> None:
        nothing: dict[str, Any] = {"rows": {}, "translations": frozenset(), "names": {}, "networks": ()}
        for what, none in {**nothing, "claims": (None, ())}.items():
            for who in list(getattr(self.told, what)):
                self.tell(what, who, none)


@settings(max_examples=1500, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(STEPS, max_size=14))
def test_owners_follow_from_what_was_told_in_any_order(steps: list[tuple[str, str, Any]]) -> None:
    telling = Telling()
    for step in steps:
        telling.tell(*step)
    telling.settle()
    expected = from_scratch(telling.told)
    for owner in {owner for edge, _ in expected.values() for owner in edge}:
        found = {connection.key: connection for connection in telling.join.connections({owner}, telling.told.rows)}
        own = {key: (edge, times) for key, (edge, times) in expected.items() if owner in edge}
        assert own.items() <= {key: (found.edge, found.times) for key, found in found.items()}.items()
        for connection in found.values():
            assert expected[connection.key] == (connection.edge, connection.times)
            assert connection.seen == seen(telling.told, connection, owner)
    telling.forget()
    assert remains(telling.join) == set()


def seen(told: Told, connection: Connection, owner: str) -> Key:
    """The first of the connections, as they are seen, that the owner has rows of; the connection where it has none."""
    sides = defaultdict(set)
    for rows in told.rows.values():
        for key, incoming, _ in rows:
            sides[key].add(incoming)
    own = [key for rows in told.rows.values() for key, _, holder in rows if holder == owner]
    return min((key for key in own if delivered(told, key, sides[key]) == connection.key), default=connection.key)


def remains(join: Join) -> set[str]:
    """What is left in a join that was told to forget everything."""
    join.settle()
    parts = {**vars(join), **vars(join.names), **vars(join._edges), **vars(join._claims), **vars(join._translations)}
    empty = [name for name, part in parts.items() if isinstance(part, (dict, set)) and part]
    return {
        *empty,
        *(name for name in ("_times", "_originals", "_found") if getattr(join, name)),
        *join._open,
        *join._holders,
    }
