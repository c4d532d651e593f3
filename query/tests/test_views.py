"""What the hosts and processes views show of what probes report."""

import asyncio
import gzip

import orjson
import pytest
from google.protobuf import json_format

from query.model import Lifetimes, conflict, probes_by_id
from query.tests.machines import NOON, Machine, Reporter, Socket, World
from query.tests.reading import nodes, told
from query.view import View
from scope.query.v1.messages_pb2 import GetTopologyResponse
from scope_sdk.report.ids import INTERNET_IN, INTERNET_OUT

WEB = Machine(
    "web.example.org",
    {10: "/usr/bin/nginx", 11: "sh"},
    [
        Socket(10, ("192.168.0.1", 80), ("8.8.8.8", 4000), incoming=True),
        Socket(10, ("192.168.0.1", 80), ("8.8.8.8", 4001), incoming=True),
        Socket(10, ("192.168.0.1", 5000), ("192.168.0.2", 5432)),
        Socket(11, ("192.168.0.1", 5001), ("9.9.9.9", 443)),
    ],
    attributes={"kernel_version": "6.1", "uptime": 77.0},
)
DB = Machine("db", {20: "postgres"}, [Socket(20, ("192.168.0.2", 5432), ("192.168.0.1", 5000), incoming=True)])


def edges(view: View) -> set[tuple[str, str]]:
    return {(node, other) for node, shown in nodes(view).items() for other in shown["adjacency"]}


@pytest.fixture
def world() -> World:
    world = World()
    world.full(Reporter("p1", WEB), Reporter("p2", DB))
    return world


def test_hosts(world: World) -> None:
    shown = nodes(world.view("hosts"))
    assert set(shown) == {"web.example.org;<host>", "db;<host>", INTERNET_IN, INTERNET_OUT}
    web = shown["web.example.org;<host>"]
    assert (web["label"], web["labelMinor"], web["rank"]) == ("web", "example.org", "example.org")
    assert (web["shape"], web["pseudo"], web["quiet"]) == ("circle", False, False)
    assert [(row["id"], row["label"], row["value"], row["dataType"]) for row in web["metadata"]] == [
        ("kernel_version", "Kernel version", "6.1", ""),
        ("uptime", "Uptime", "77", "duration"),
        ("local_networks", "Local networks", "192.168.0.0/16", ""),
    ]
    cpu, load = web["metrics"]
    assert (cpu["id"], cpu["format"], cpu["value"], cpu["max"], cpu["samples"]) == ("cpu", "percent", 12.35, 100.0, [])
    assert (load["id"], load["group"], load["value"], load["max"]) == ("load1", "load", 1.5, 1.5)
    assert shown[INTERNET_IN]["label"] == "The Internet"
    assert shown[INTERNET_IN]["labelMinor"] == "Inbound connections"
    assert shown[INTERNET_OUT]["shape"] == "cloud"
    assert shown[INTERNET_OUT]["pseudo"] is True


def test_processes(world: World) -> None:
    shown = nodes(world.view("processes", unconnected="show"))
    nginx = shown["web.example.org;10"]
    assert (nginx["label"], nginx["labelMinor"]) == ("/usr/bin/nginx", "web.example.org (10)")
    assert nginx["rank"] == "/usr/bin/nginx"
    assert nginx["shape"] == "square"
    assert nginx["parents"] == [{"id": "web.example.org;<host>", "label": "web", "topologyId": "hosts"}]
    assert [row["id"] for row in nginx["metadata"]] == ["pid", "cmdline"]
    assert nginx["metadata"][0]["value"] == "10"
    assert nginx["metrics"][0]["value"] == 0.1
    assert nginx["tables"][0]["rows"] == [{"id": "HOME", "entries": {"label": "HOME", "value": "/root"}}]


def test_edges(world: World) -> None:
    assert edges(world.view("processes", unconnected="show")) == {
        (INTERNET_IN, "web.example.org;10"),
        ("web.example.org;10", "db;20"),
        ("web.example.org;11", INTERNET_OUT),
    }
    assert edges(world.view("hosts")) == {
        (INTERNET_IN, "web.example.org;<host>"),
        ("web.example.org;<host>", "db;<host>"),
        ("web.example.org;<host>", INTERNET_OUT),
    }
    stats = world.view("hosts").stats()
    assert (stats.node_count, stats.nonpseudo_node_count, stats.edge_count) == (4, 2, 3)


def test_sensitive_rows_and_tables_are_hidden_without_the_permission(world: World) -> None:
    hidden = world.view("processes", unconnected="show", sensitive=False)
    world.view("processes", unconnected="show", sensitive=True)
    assert b"secret" not in hidden.answer()
    assert b"HOME" not in hidden.answer()
    details = hidden.details("web.example.org;10")
    assert details is not None
    assert b"secret" not in details.SerializeToString()
    assert not details.tables
    assert b"secret" not in b"".join(told(hidden, ""))


def test_the_typed_answer_and_the_printed_one_are_the_same(world: World) -> None:
    for topology in ("hosts", "processes"):
        view = world.view(topology, unconnected="show")
        typed = GetTopologyResponse(nodes={name: view.page(500, "").nodes[name] for name in view.page(500, "").nodes})
        printed = json_format.MessageToDict(typed, always_print_fields_with_no_presence=True)
        assert orjson.loads(view.answer())["nodes"] == printed["nodes"]


def test_pages_hold_every_node_once(world: World) -> None:
    view = world.view("processes", unconnected="show")
    found: list[str] = []
    token = ""
    while True:
        page = view.page(2, token)
        assert 0 < len(page.nodes) <= 2
        found += page.nodes
        token = page.next_page_token
        if not token:
            break
    assert sorted(found) == sorted(nodes(view))
    assert len(found) == len(set(found))


def test_details_have_samples_and_connections(world: World) -> None:
    details = world.view("processes", unconnected="show").details("web.example.org;10")
    assert details is not None
    assert details.label == "/usr/bin/nginx"
    assert [sample.date.ToMilliseconds() for sample in details.metrics[0].samples] == [NOON]
    inbound, outbound = details.connections
    assert (inbound.id, inbound.label, inbound.topology_id) == ("incoming-connections", "Inbound", "processes")
    assert [column.id for column in inbound.columns] == ["remote", "port", "count"]
    (row,) = inbound.connections
    assert row.node_id == INTERNET_IN
    assert {fact.id: fact.value for fact in row.metadata} == {"remote": "8.8.8.8", "port": "80", "count": "2"}
    (row,) = outbound.connections
    assert (row.node_id, row.label, row.label_minor) == ("db;20", "postgres", "db (20)")
    assert {fact.id: fact.value for fact in row.metadata} == {"port": "5432", "count": "1"}
    assert world.view("processes", unconnected="show").details("nobody") is None
    host = world.view("hosts").details("db;<host>")
    assert host is not None
    assert [len(group.connections) for group in host.connections] == [1, 0]


def test_a_probe_that_is_silent_is_quiet_and_then_gone(world: World) -> None:
    view = world.view("hosts")
    reporter = Reporter("p3", Machine("still"))
    world.full(reporter)
    world.settle()
    world.settle(11)
    assert nodes(view)["still;<host>"]["quiet"] is True
    world.report("p3", reporter.delta())
    world.settle()
    assert nodes(view)["still;<host>"]["quiet"] is False
    world.settle(55)
    assert set(nodes(view)) == {"still;<host>"}
    world.settle(10)
    assert nodes(view) == {}
    assert not world.model.probes


async def test_when_much_changes_at_once_it_is_printed_in_turn_with_other_work(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("query.view._COMPARED", 1)
    monkeypatch.setattr("query.view._AT_ONCE", 1)
    view = world.view("processes", unconnected="show")
    before = {name for name, node in nodes(view).items() if not node["pseudo"]}
    world.settle(11)
    printing, turns = asyncio.create_task(view.prepare()), 0
    while not printing.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns >= len(before) == 3
    assert {name for name, node in nodes(view).items() if node["quiet"]} == before


def test_nobody_is_gone_while_the_log_is_away(world: World) -> None:
    change = world.model.take_change(world.now + 1000, patient=True)
    assert world.model.probes.keys() == {"p1", "p2"}
    assert world.model.quiet("db;<host>")
    assert "db;<host>" in change.nodes
    world.model.take_change(world.now + 1000)
    assert not world.model.probes


def test_an_edge_shows_for_15_seconds_after_it_was_last_seen() -> None:
    world = World()
    machine = Machine("a", {1: "one", 2: "two"}, [Socket(1, ("10.0.0.1", 5), ("8.8.8.8", 53))], networks=["10.0.0.0/8"])
    reporter = Reporter("p", machine)
    world.full(reporter)
    view = world.view("processes", unconnected="show")
    assert edges(view) == {("a;1", INTERNET_OUT)}
    machine.sockets = []
    world.report("p", reporter.delta())
    world.settle()
    world.settle(14)
    assert edges(view) == {("a;1", INTERNET_OUT)}
    world.report("p", reporter.delta())
    world.settle(2)
    assert edges(view) == set()
    assert set(nodes(view)) == {"a;1", "a;2"}


def test_what_a_host_lost_leaves_and_hosts_keep_its_edges_for_a_while() -> None:
    world = World()
    machine = Machine("a", {1: "one"}, [Socket(1, ("10.0.0.1", 5), ("8.8.8.8", 53))], networks=["10.0.0.0/8"])
    reporter = Reporter("p", machine)
    world.full(reporter)
    processes, hosts = world.view("processes", unconnected="show"), world.view("hosts")
    machine.processes, machine.sockets = {}, []
    world.report("p", reporter.delta())
    world.settle()
    assert nodes(processes) == {}
    assert edges(hosts) == {("a;<host>", INTERNET_OUT)}


def test_an_earlier_start_is_a_conflict_and_not_shown() -> None:
    world = World()
    world.full(Reporter("p", Machine("new"), epoch=5))
    assert not world.report("p", Reporter("p", Machine("old"), epoch=4).full(), dropped=3)
    assert set(nodes(world.view("hosts"))) == {"new;<host>"}
    (probe,) = probes_by_id(world.model)
    assert conflict(probe, world.now, quiet=10)
    assert not conflict(probe, world.now + 11, quiet=10)
    assert (probe.hostname(), probe.version, probe.dropped) == ("new", "1.0", 0)
    assert world.report("p", Reporter("p", Machine("newer"), epoch=6).full(), dropped=3)
    assert set(nodes(world.view("hosts"))) == {"newer;<host>"}
    assert probe.dropped == 3


def test_two_probes_add_to_one_node() -> None:
    world = World()
    world.full(Reporter("p1", Machine("a", attributes={"kernel_version": "6"})))
    world.full(Reporter("p2", Machine("a", {1: "one"}, attributes={"uptime": 5.0}, networks=["10.0.0.0/8"])))
    view = world.view("hosts")
    (shown,) = nodes(view).values()
    assert {row["id"]: row["value"] for row in shown["metadata"]} == {
        "kernel_version": "6",
        "uptime": "5",
        "local_networks": "10.0.0.0/8, 192.168.0.0/16",
    }
    second = Reporter("p1", Machine("b"), epoch=2)
    world.full(second)
    (b, a) = (nodes(world.view("hosts"))[f"{name};<host>"] for name in "ba")
    assert {row["id"] for row in a["metadata"]} == {"uptime", "local_networks"}
    assert b["label"] == "b"


def test_a_host_that_is_renamed_is_renamed_as_a_parent() -> None:
    world = World()
    machine = Machine("a", {1: "one"})
    reporter = Reporter("p", machine)
    world.full(reporter)
    view = world.view("processes", unconnected="show")
    assert nodes(view)["a;1"]["parents"][0]["label"] == "a"
    full = reporter.full()
    next(node for node in full.nodes if node.id == "a").label = "other.name"
    world.report("p", full)
    world.settle()
    assert nodes(view)["a;1"]["parents"][0]["label"] == "other"


def test_samples_of_a_minute_are_kept_of_what_is_read() -> None:
    world = World()
    reporter = Reporter("p", Machine("a"))
    world.full(reporter)
    assert nodes(world.view("hosts"))
    for second in range(3, 91, 3):
        world.now += 3
        world.report("p", reporter.delta(NOON + second * 1000))
        world.settle()
    details = world.view("hosts").details("a;<host>")
    assert details is not None
    cpu, load = details.metrics
    assert [sample.date.ToMilliseconds() for sample in cpu.samples] == [
        NOON + second * 1000 for second in range(30, 91, 3)
    ]
    assert len(load.samples) == 42


@pytest.mark.parametrize(
    ("name", "label", "minor"),
    [("web.example.org", "web", "example.org"), ("db", "db", ""), ("10.0.0.7", "10.0.0.7", "")],
)
def test_the_label_of_a_host_is_the_first_part_of_its_name(name: str, label: str, minor: str) -> None:
    world = World()
    world.full(Reporter("p", Machine(name)))
    (shown,) = nodes(world.view("hosts")).values()
    assert (shown["label"], shown["labelMinor"]) == (label, minor)


async def test_what_nobody_reads_is_not_printed(world: World) -> None:
    view = world.view("processes", unconnected="show")
    view.stats()
    assert set(view._unread) == {"web.example.org;10", "web.example.org;11", "db;20", INTERNET_IN, INTERNET_OUT}
    await view.prepare()
    assert not view._unread


async def test_what_leaves_before_anybody_read_it_is_not_printed() -> None:
    world, reporter = World(), Reporter("p", Machine("a", {1: "one", 2: "two"}))
    world.full(reporter)
    view = world.view("processes", unconnected="show")
    reporter.machines = [Machine("a", {1: "one"})]
    world.report("p", reporter.delta())
    world.settle()
    await view.prepare()
    assert set(nodes(view)) == {"a;1"}


@pytest.mark.parametrize("processes", [0, 1, 9, 300])
async def test_what_is_measured_is_at_most_the_answer_and_all_of_what_may_be_answered(processes: int) -> None:
    world = World()
    world.full(Reporter("p", Machine("a", dict.fromkeys(range(1, processes + 1), "name"))))
    view = world.view("processes", unconnected="show")
    size = await view.measure(10**9)
    assert not view._unread
    assert size <= len(view.answer())
    assert await view.measure(len(view.answer())) <= len(view.answer())


async def test_an_answer_that_is_far_too_large_is_not_printed_to_refuse_it() -> None:
    world = World()
    world.full(Reporter("p", Machine("a", dict.fromkeys(range(1, 5001), "name"))))
    view = world.view("processes", unconnected="show")
    await view.measure(10**9)
    whole = len(view.answer())
    again = World()
    again.full(Reporter("p", Machine("a", dict.fromkeys(range(1, 5001), "name"))))
    view = again.view("processes", unconnected="show")
    for _ in range(3):
        assert whole / 2 < await view.measure(whole // 2) < whole
        assert len(view._unread) > 4700


async def test_a_few_large_nodes_do_not_make_an_answer_too_large() -> None:
    world = World()
    machines = [Machine(f"h{number}") for number in range(1000)]
    for machine in machines[:40]:
        machine.attributes = {"kernel_version": "x" * 60_000}
    world.full(*(Reporter(machine.name, machine) for machine in machines))
    view = world.view("hosts")
    assert await view.measure(4_000_000) <= len(view.answer()) <= 4_000_000


async def test_the_compressed_answer_is_the_answer_made_once(world: World) -> None:
    view = world.view("processes", unconnected="show")
    answer = view.answer()
    first, second = await asyncio.gather(view.compressed(), view.compressed())
    assert first is second
    assert gzip.decompress(first) == answer
    world.full(Reporter("p3", Machine("more", {1: "one"})))
    world.settle()
    assert gzip.decompress(await view.compressed()) == answer
    assert view.answer() != answer
    assert gzip.decompress(await view.compressed()) == view.answer()


def test_other_declarations_show_everything_in_another_way(world: World) -> None:
    view = world.view("hosts")
    assert nodes(view)["db;<host>"]["metadata"][0]["label"] == "Local networks"
    reporter = Reporter("p3", Machine("other"))
    full = reporter.full()
    for kind in full.templates.topologies:
        for row in kind.rows:
            row.label, row.priority = row.label.upper(), row.priority + 1
        for metric in kind.metrics:
            metric.label, metric.priority = metric.label.upper(), metric.priority + 1
    world.report("p3", full)
    world.settle()
    assert nodes(view)["db;<host>"]["metadata"][0]["label"] == "LOCAL NETWORKS"
    assert nodes(view)["db;<host>"]["metrics"][0]["label"] == "CPU"


def test_the_newest_values_are_shown(world: World) -> None:
    view = world.view("hosts")
    assert nodes(view)["db;<host>"]["metrics"][1]["value"] == 1.5
    second = Reporter("p2", Machine("db", load=6.0), epoch=2)
    world.full(second)
    world.settle()
    assert nodes(view)["db;<host>"]["metrics"][1]["value"] == 7.0
    second.machines[0].load = 8.0
    world.report("p2", second.delta(NOON + 3000))
    world.settle()
    assert nodes(view)["db;<host>"]["metrics"][1]["value"] == 9.0


def test_the_newest_values_are_of_those_who_are_still_there() -> None:
    world = World(Lifetimes(gone=5))
    first, second = Reporter("p1", Machine("a", load=1.0)), Reporter("p2", Machine("a", load=6.0))
    world.full(first)
    world.settle(1)
    world.full(second)
    view = world.view("hosts")
    assert nodes(view)["a;<host>"]["metrics"][1]["value"] == 7.0
    for seconds in (2.5, 3):  # one is heard of as often as the other was, which is gone then
        world.now += seconds
        world.report("p1", first.delta(NOON + 6000))
    world.settle()
    assert world.model.probes.keys() == {"p1"}
    assert nodes(view)["a;<host>"]["metrics"][1]["value"] == 2.0


def test_a_string_table_in_another_order_means_what_it_says() -> None:
    world = World()
    reporter = Reporter("p", Machine("a", attributes={"kernel_version": "6", "os": "6"}))
    world.report("p", reporter.full())
    view = world.view("hosts")
    assert "kernel_version" in {row["id"] for row in nodes(view)["a;<host>"]["metadata"]}
    full = reporter.full()
    at, other = (list(full.strings).index(name) for name in ("kernel_version", "os"))
    full.strings[at], full.strings[other] = "uptime", "kernel_version"
    world.report("p", full)
    world.settle()
    shown = {row["id"]: row["value"] for row in nodes(view)["a;<host>"]["metadata"]}
    assert shown == {"kernel_version": "6", "uptime": "6", "local_networks": "192.168.0.0/16"}


def test_measurements_are_no_events_where_nobody_follows() -> None:
    world = World(Lifetimes(quiet=100, gone=200))
    reporter = Reporter("p", Machine("a"))
    world.full(reporter)
    view = world.view("hosts")
    steps = []
    for followed in (False, True, False):
        if followed:
            view.since("")
        before = view._journal.step
        world.report("p", reporter.delta())
        world.settle()
        steps.append(view._journal.step - before)
        assert nodes(view)["a;<host>"]["metrics"]
        world.settle(16)
    assert steps == [0, 1, 0]
