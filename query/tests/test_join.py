"""The join of connections, against one that is made from scratch every time."""

from collections.abc import Mapping

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from query.join import Row, columns
from query.model import Lifetimes
from query.probe import Probe
from query.pseudo import is_pseudo
from query.tests.machines import Machine, Reporter, Socket, World
from query.tests.test_owners import Told, from_scratch, remains
from query.tests.test_views import edges, nodes
from query.view import View
from scope.report.v1.report_pb2 import Report
from scope_sdk.report import ids
from scope_sdk.report.builder import Builder
from scope_sdk.report.encode import Encoder
from scope_sdk.report.ids import INTERNET_OUT
from scope_sdk.report.nodes import NodeFacts

INSIDE = ["10.0.0.1", "10.0.0.2", "fd00::1"]
OUTSIDE = ["8.8.8.8", "2001:db8::1"]
NETWORKS = [["10.0.0.0/8", "fd00::/8"], ["10.0.0.0/8"], []]
KEPT = Lifetimes(quiet=10, gone=20, edges=5, samples=60)

#: A sequence that fails is short anyway; making it shorter would take minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


def rows(probe: Probe) -> Mapping[Row, int]:
    """What a probe says of connections, as the join takes it."""
    return columns.rows(probe.state.connections(), probe.ids)


def host_of(owner: str) -> str:
    return owner if is_pseudo(owner) else owner.partition(";")[0] + ";<host>"


sockets = st.lists(
    st.builds(
        Socket,
        pid=st.sampled_from([0, 1, 2]),
        local=st.tuples(st.sampled_from([*INSIDE, "127.0.0.1", "::1"]), st.sampled_from([80, 5000])),
        remote=st.tuples(st.sampled_from([*INSIDE, *OUTSIDE, "127.0.0.1", "::1"]), st.sampled_from([80, 5000])),
        incoming=st.booleans(),
        times=st.integers(1, 3),
    ),
    max_size=6,
)
machines = st.builds(
    Machine,
    name=st.sampled_from(["a", "b"]),
    processes=st.just({1: "one", 2: "two"}),
    sockets=sockets,
    networks=st.sampled_from(NETWORKS),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("full"), st.sampled_from(["p", "q", "r"]), machines),
        st.tuples(st.just("delta"), st.sampled_from(["p", "q", "r"]), machines),
        st.tuples(st.just("restart"), st.sampled_from(["p", "q", "r"]), machines),
        st.tuples(st.just("lost"), st.sampled_from(["p", "q", "r"]), machines),
        st.tuples(st.just("wait"), st.just(""), st.sampled_from([1.0, 6.0, 21.0])),
    ),
    max_size=12,
)


class Simulation:
    """Probes that come, change and go, and what they say at present, kept in the plainest way."""

    def __init__(self) -> None:
        self.world = World(KEPT)
        self.views: dict[str, View] = {
            name: self.world.view(name, unconnected="show") for name in ("hosts", "processes")
        }
        self._reporters: dict[str, Reporter] = {}
        self._heard: dict[str, float] = {}
        self._epoch = 1

    def do(self, what: str, probe: str, argument: Machine | float) -> None:
        if isinstance(argument, float):
            self.world.settle(argument)
            return
        known = self._reporters.get(probe)
        if known is None or what == "restart":
            self._epoch += 1
            known = self._reporters[probe] = Reporter(probe, argument, epoch=self._epoch)
            self._deliver(known, known.full())
            return
        known.machines = [argument]
        if what == "lost":
            known.delta()
        else:
            self._deliver(known, known.full() if what == "full" else known.delta())

    def _deliver(self, reporter: Reporter, report: Report) -> None:
        self.world.report(reporter.probe, report)  # of no use where its base is gone
        self._heard[reporter.probe] = self.world.now

    def told(self) -> Told:
        """What the probes that are not gone say now of connections and networks."""
        told = Told()
        for name, probe in self.world.model.probes.items():
            assert self.world.now - self._heard[name] <= KEPT.gone
            told.rows[name] = rows(probe)
        for host in ("a;<host>", "b;<host>"):
            facts = self.world.model.facts(host)
            told.networks[host] = facts.sets.get("local_networks", frozenset()) if facts else frozenset()
        return told

    def let_edges_fade(self) -> None:
        """Waits until no view shows an edge that has gone; probes may be gone meanwhile, and their edges with them."""
        before: set[str] | None = None
        while before != self.world.model.probes.keys():
            before = set(self.world.model.probes)
            self.world.settle(KEPT.edges)


@settings(max_examples=150, deadline=None, phases=PHASES)
@given(steps)
def test_edges_are_those_of_a_join_from_scratch(sequence: list[tuple[str, str, Machine | float]]) -> None:
    simulation = Simulation()
    for step in sequence:
        simulation.do(*step)
        simulation.world.settle()
    simulation.world.settle()
    owners = {edge for edge, _ in from_scratch(simulation.told()).values()}
    assert set(simulation.world.model.connections.edges()) == owners
    fresh = {name: simulation.world.view_anew(name, unconnected="show") for name in simulation.views}
    assert edges(fresh["hosts"]) == {(host_of(client), host_of(server)) for client, server in owners}
    assert edges(fresh["processes"]) == {edge for edge in owners if not any(owner.endswith("<host>") for owner in edge)}


@settings(max_examples=150, deadline=None, phases=PHASES)
@given(steps)
def test_a_view_kept_up_to_date_is_one_made_anew(sequence: list[tuple[str, str, Machine | float]]) -> None:
    simulation = Simulation()
    for step in sequence:
        simulation.do(*step)
        simulation.world.settle()
        for view in simulation.views.values():
            nodes(view)
    simulation.let_edges_fade()
    for name, view in simulation.views.items():
        fresh = simulation.world.view_anew(name, unconnected="show")
        assert nodes(view) == nodes(fresh)
        assert view.stats() == fresh.stats()


def test_nothing_is_left_of_connections_that_went() -> None:
    world = World()
    machine = Machine("a", {1: "one"}, [Socket(1, ("10.0.0.1", 80), ("10.0.0.2", 5000), incoming=True)])
    world.full(Reporter("p", machine))
    world.settle()
    join = world.model.connections
    world.settle(61)
    world.settle()
    assert remains(join) == set()


def test_only_rows_that_changed_are_looked_at() -> None:
    world = World()
    held = [Socket(1, ("10.0.0.1", port), ("8.8.8.8", 53)) for port in range(5000, 5100)]
    machine = Machine("a", {1: "one"}, held)
    reporter = Reporter("p", machine)
    world.full(reporter)
    world.settle()
    machine.sockets = [*held[1:], Socket(1, ("10.0.0.1", 6000), ("8.8.8.8", 53))]
    world.report("p", reporter.delta())
    assert {key[1] for key in world.model.connections._changed} == {5000, 6000}


def two_hosts(local: str, remote: str) -> tuple[Machine, Machine]:
    client = Machine("a", {1: "client"}, [Socket(1, (local, 5000), (remote, 80))])
    server = Machine("b", {2: "server"}, [Socket(2, (remote, 80), (local, 5000), incoming=True)])
    return client, server


def test_ipv6_between_two_hosts() -> None:
    world = World()
    client, server = two_hosts("fd00:0:0::1", "fd00::2")
    world.full(Reporter("p", client), Reporter("q", server))
    assert edges(world.view("processes", unconnected="show")) == {("a;1", "b;2")}


def test_ipv4_mapped_addresses_are_ipv4() -> None:
    world = World()
    client, server = two_hosts("10.0.0.1", "10.0.0.2")
    server.sockets = [Socket(2, ("::ffff:10.0.0.2", 80), ("::ffff:10.0.0.1", 5000), incoming=True)]
    world.full(Reporter("p", client), Reporter("q", server))
    assert edges(world.view("processes", unconnected="show")) == {("a;1", "b;2")}


def test_loopback_joins_on_one_host_only() -> None:
    for address in ("127.0.0.1", "::1"):
        world = World()
        both = [Socket(1, (address, 5000), (address, 80)), Socket(2, (address, 80), (address, 5000), incoming=True)]
        one = Machine("one", {1: "client", 2: "server"}, both)
        client, server = two_hosts(address, address)
        world.full(Reporter("p", one), Reporter("q", client), Reporter("r", server))
        assert edges(world.view("processes", unconnected="show")) == {("one;1", "one;2")}
        assert edges(world.view("hosts")) == {("one;<host>", "one;<host>")}


def test_a_process_that_talks_to_itself() -> None:
    world = World()
    both = [
        Socket(1, ("127.0.0.1", 5000), ("127.0.0.1", 80)),
        Socket(1, ("127.0.0.1", 80), ("127.0.0.1", 5000), incoming=True),
    ]
    world.full(Reporter("p", Machine("a", {1: "one"}, both)))
    assert edges(world.view("processes", unconnected="show")) == {("a;1", "a;1")}


def test_a_local_peer_without_a_probe_is_not_the_internet() -> None:
    world = World()
    machine = Machine("a", {1: "one"}, [Socket(1, ("10.0.0.1", 5), ("10.9.9.9", 80))], networks=["10.0.0.0/8"])
    reporter = Reporter("p", machine)
    world.full(reporter)
    view = world.view("processes", unconnected="show")
    assert edges(view) == {("a;1", "pseudo:network:10.0.0.0/8")}
    machine.networks = ["192.168.0.0/16"]
    world.report("p", reporter.delta())
    world.settle()
    assert edges(view) == {("a;1", "pseudo:network:10.9.9.0/24")}


def shop() -> Builder:
    """A container behind a published port, as a probe reports it."""
    builder = Builder()
    builder.add(NodeFacts(ids.HOST, "b;<host>", attributes={"local_networks": ["10.0.0.0/8", "172.17.0.0/16"]}))
    builder.add(NodeFacts(ids.CONTAINER, "c;<container>", parents=["b;<host>"], addresses=["b;172.17.0.2"]))
    builder.translate(("10.0.0.2", 8080), ("b;172.17.0.2", 80))
    builder.connect("b;<host>", ("10.0.0.2", 5000), ("8.8.8.8", 443))
    builder.name("8.8.8.8", reverse=["storage.googleapis.com"])
    return builder


def test_claims_translations_and_names_of_reports_count_until_their_probe_is_gone() -> None:
    world = World()
    client = Reporter("p", Machine("a", {1: "one"}, [Socket(1, ("10.0.0.1", 5000), ("10.0.0.2", 8080))]))
    world.full(client)
    world.report("q", Encoder(1).full(shop()))
    world.settle()
    join = world.model.connections
    assert set(join.edges()) == {("a;1", "c;<container>"), ("b;<host>", "service-storage.googleapis.com")}
    assert ("a;<host>", "b;<host>") in edges(world.view("hosts"))
    assert join.names.of("8.8.8.8") == ["storage.googleapis.com"]
    world.settle(50)
    world.full(client)
    world.settle(11)
    assert set(join.edges()) == {("a;1", "pseudo:network:10.0.0.0/24")}
    assert join.names.of("8.8.8.8") == []


def test_a_row_without_a_process_belongs_to_the_host() -> None:
    world = World()
    world.full(Reporter("p", Machine("a", {1: "one"}, [Socket(0, ("10.0.0.1", 5), ("8.8.8.8", 80))])))
    assert edges(world.view("hosts")) == {("a;<host>", INTERNET_OUT)}
    assert edges(world.view("processes", unconnected="show")) == set()


def test_rows_whose_owner_is_gone_are_passed_over() -> None:
    world = World()
    machine = Machine("a", {1: "one", 2: "two"}, [Socket(1, ("10.0.0.1", 5), ("8.8.8.8", 80))])
    reporter = Reporter("p", machine)
    full = reporter.full()
    world.report("p", full)
    handle = next(node.handle for node in full.nodes if node.id == "1")
    assert rows(world.model.probes["p"]) == {(("10.0.0.1", 5, "8.8.8.8", 80), False, "a;1"): 1}
    view = world.view("hosts")
    assert edges(view) == {("a;<host>", INTERNET_OUT)}
    delta = Report(epoch=full.epoch, number=full.number + 1, base=full.number, removed=[handle])
    assert world.report("p", delta)
    assert rows(world.model.probes["p"]) == {}
    world.settle()
    world.settle(16)
    assert edges(view) == set()
