"""Who owns the ends of connections, in whatever order it is told, against what follows from all of it at once.

It tries 1,500 sequences of what is told.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.join import Connection, Edge, EdgeChange, Join, Key, Row
from query.join.names import Name
from query.join.translations import End, Translation
from query.tests.sequences import sequences
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


ADDRESSES = ["10.0.0.1", "8.8.8.8", "a;172.17.0.2", "fd00::1", "b;172.17.0.2", "a;127.0.0.1", "2001:db8::1"]
OWNERS = ["a;1", "a;2", "b;1", "a;<host>", "b;<host>"]
PROBES = st.sampled_from(["p", "q", "r"])
#: Some more than others, for connections to have to do with each other.
ADDRESS = st.one_of(st.sampled_from(ADDRESSES[:3]), st.sampled_from(ADDRESSES))
END = st.tuples(ADDRESS, st.sampled_from([80, 5000]))
KEYS = st.builds(
    lambda client, server, ports: (client, ports[0], server, ports[1]),
    ADDRESS,
    ADDRESS,
    st.sampled_from([(5000, 80), (80, 80)]),
)
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


@sequences(1500)
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


CLIENT, SERVER = ("10.0.0.1", 5000), ("10.0.0.2", 80)
INSIDE = ("b;172.17.0.2", 8080)


def row(client: End, server: End, owner: str, *, incoming: bool = False) -> dict[Row, int]:
    return {(client + server, incoming, owner): 1}


def test_both_sides_of_a_published_port_are_one_connection() -> None:
    telling = Telling()
    telling.tell("rows", "p", row(CLIENT, SERVER, "a;1"))
    telling.tell("rows", "q", row(CLIENT, INSIDE, "b;1", incoming=True))
    telling.tell("translations", "q", frozenset({(SERVER, INSIDE)}))
    telling.settle()
    assert telling.edges == {("a;1", "b;1")}
    (there,) = telling.join.connections({"a;1"}, ["p"])
    (here,) = telling.join.connections({"b;1"}, ["q"])
    assert there == Connection(CLIENT + SERVER, CLIENT + INSIDE, ("a;1", "b;1"), 1)
    assert here == Connection(CLIENT + INSIDE, CLIENT + INSIDE, ("a;1", "b;1"), 1)


def test_both_sides_of_two_translations_are_one_connection() -> None:
    outside, inside = ("10.0.0.1", 60000), ("a;172.17.0.9", 5000)
    telling = Telling()
    telling.tell("rows", "p", row(inside, SERVER, "a;1"))
    telling.tell("rows", "q", row(outside, INSIDE, "b;1", incoming=True))
    telling.tell("translations", "p", frozenset({(outside, inside)}))
    telling.tell("translations", "q", frozenset({(SERVER, INSIDE)}))
    telling.settle()
    assert telling.edges == {("a;1", "b;1")}
    assert {connection.key for connection in telling.join.connections({"a;1", "b;1"}, "pq")} == {inside + INSIDE}


def test_what_is_said_of_a_translation_in_two_ways_is_not_used_until_one_is_left() -> None:
    telling = Telling()
    telling.tell("claims", "c;<container>", (CONTAINER, frozenset({INSIDE[0]})))
    telling.tell("claims", "b;<host>", (HOST, frozenset({SERVER[0]})))
    telling.tell("rows", "p", row(CLIENT, SERVER, "a;1"))
    telling.tell("translations", "p", frozenset({(SERVER, INSIDE)}))
    telling.tell("translations", "q", frozenset({(SERVER, ("b;172.17.0.3", 8080))}))
    telling.settle()
    assert telling.edges == {("a;1", "b;<host>")}
    telling.tell("translations", "q", frozenset())
    assert telling.join.settle() == {
        ("a;1", "b;<host>"): EdgeChange.REVISED,
        ("a;1", "c;<container>"): EdgeChange.CAME,
    }


def test_an_address_that_two_of_a_kind_claim_is_of_another_kind_or_of_nobody() -> None:
    telling = Telling()
    telling.tell("rows", "p", row(CLIENT, SERVER, "a;1"))
    for node in ("c;<container>", "d;<container>"):
        telling.tell("claims", node, (CONTAINER, frozenset({SERVER[0]})))
    telling.settle()
    assert telling.edges == {("a;1", "pseudo:network:10.0.0.0/24")}
    telling.tell("claims", "e;<pod>", (POD, frozenset({SERVER[0]})))
    telling.settle()
    assert telling.edges == {("a;1", "e;<pod>")}
    telling.tell("claims", "d;<container>", (CONTAINER, frozenset()))
    telling.settle()
    assert telling.edges == {("a;1", "c;<container>")}


def test_a_known_service_is_one_only_in_the_internet() -> None:
    telling = Telling()
    telling.tell("rows", "p", {**row(CLIENT, ("8.8.8.8", 443), "a;1"), **row(CLIENT, SERVER, "a;1")})
    name = frozenset({(True, "s3.amazonaws.com")})
    telling.tell("names", "p", {"8.8.8.8": name, SERVER[0]: name})
    telling.settle()
    assert telling.edges == {("a;1", "service-s3.amazonaws.com"), ("a;1", "pseudo:network:10.0.0.0/24")}


@pytest.mark.parametrize("gone", ["p", "q"])
def test_an_edge_whose_connection_ends_has_ended_whoever_says_so_first(gone: str) -> None:
    telling = Telling()
    telling.tell("rows", "p", row(CLIENT, SERVER, "a;1"))
    telling.tell("rows", "q", row(CLIENT, SERVER, "b;1", incoming=True))
    telling.settle()
    telling.tell("rows", gone, {})
    assert telling.join.settle()["a;1", "b;1"] is EdgeChange.ENDED


def test_an_edge_whose_connection_ends_has_ended_although_what_is_left_of_it_is_translated() -> None:
    telling = Telling()
    telling.tell("translations", "q", frozenset({(SERVER, INSIDE)}))
    telling.tell("rows", "p", row(CLIENT, SERVER, "a;1"))
    telling.tell("rows", "q", row(CLIENT, SERVER, "b;1", incoming=True))
    telling.settle()
    telling.tell("rows", "q", {})
    assert telling.join.settle() == {
        ("a;1", "b;1"): EdgeChange.ENDED,
        ("a;1", "pseudo:network:b;172.17.0.0/24"): EdgeChange.CAME,
    }
    telling.tell("translations", "q", frozenset())
    assert telling.join.settle()["a;1", "pseudo:network:b;172.17.0.0/24"] is EdgeChange.REVISED


def test_an_edge_has_ended_only_when_nobody_is_left_who_held_its_end() -> None:
    telling = Telling()
    telling.tell("translations", "q", frozenset({(SERVER, INSIDE)}))
    telling.tell("rows", "p", row(CLIENT, SERVER, "a;1"))
    telling.tell("rows", "q", {**row(CLIENT, INSIDE, "a;1"), **row(CLIENT, INSIDE, "b;1", incoming=True)})
    telling.settle()
    assert telling.edges == {("a;1", "b;1")}
    telling.tell("rows", "q", row(CLIENT, INSIDE, "b;2", incoming=True))
    assert telling.join.settle() == {("a;1", "b;1"): EdgeChange.REVISED, ("a;1", "b;2"): EdgeChange.CAME}
    telling.tell("rows", "p", {})
    telling.tell("translations", "q", frozenset())
    assert telling.join.settle()["a;1", "b;2"] is EdgeChange.ENDED


def test_an_edge_is_revised_when_its_connection_is_known_better() -> None:
    telling = Telling()
    telling.tell("claims", "b;<host>", (HOST, frozenset({SERVER[0]})))
    telling.tell("rows", "p", row(CLIENT, SERVER, "a;<host>"))
    telling.settle()
    telling.tell("rows", "p", row(CLIENT, SERVER, "a;1"))
    telling.tell("rows", "q", row(CLIENT, SERVER, "b;1", incoming=True))
    assert telling.join.settle() == {("a;<host>", "b;<host>"): EdgeChange.REVISED, ("a;1", "b;1"): EdgeChange.CAME}


def test_an_edge_of_which_one_connection_ended_fades_although_another_was_revised() -> None:
    telling = Telling()
    held = row(("10.0.0.1", 6000), SERVER, "b;1", incoming=True)
    both = {**row(("10.0.0.1", 6000), SERVER, "a;1"), **row(CLIENT, SERVER, "a;1")}
    telling.tell("rows", "p", both)
    telling.tell("rows", "q", held)
    telling.settle()
    assert telling.edges == {("a;1", "b;1")}
    telling.tell("rows", "p", row(CLIENT, SERVER, "a;1"))
    telling.tell("rows", "q", {})
    assert telling.join.settle()["a;1", "b;1"] is EdgeChange.ENDED


def test_a_server_with_many_half_connections_looks_only_at_those_that_changed() -> None:
    telling = Telling()
    many = {((f"8.8.{port >> 8}.1", port, *SERVER), True, "b;1"): 1 for port in range(1000)}
    telling.join.put("q", many)
    telling.join.settle()
    telling.join.put("q", {**many, **row(("9.9.9.9", 5), SERVER, "b;1", incoming=True)})
    telling.join.claim("c;<container>", CONTAINER, ["8.8.0.1"])
    again = {key for address in telling.join._doubted for key in telling.join._open.of(address)}
    assert len(again | telling.join._dirty | telling.join._changed.keys()) == 257
