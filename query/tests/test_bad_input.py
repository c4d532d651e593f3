"""What must not be believed, does not fit or makes no sense: said clearly, or passed over; everybody else goes on."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

import grpc
import orjson
import pytest

from query.events import EVENTS
from query.messages import MESSAGES
from query.model import Lifetimes
from query.organization import Organizations
from query.tests.conftest import Log, Served, eventually
from query.tests.machines import NOON, Machine, Reporter, Socket, World
from query.tests.reading import Reader
from query.tests.test_service import MACHINE, events, reason
from query.tests.test_views import edges, nodes
from query.topologies import topologies
from query.view import View
from scope.query.v1.messages_pb2 import (
    GetNodeRequest,
    GetTopologyRequest,
    ListTopologiesRequest,
    RenderNodeRequest,
    RenderTopologyRequest,
    StreamTopologyRequest,
)
from scope.report.v1.report_pb2 import Report
from scope.report.v1.template_pb2 import DataType, MetricFormat
from scope.report.v1.topology_pb2 import Topology

YEAR_2100 = 4_102_444_800_000
#: The largest moment that a report may carry.
LAST = 2**53 - 1


async def refused(served: Served, rpc: str, request: Any) -> tuple[str, str, str]:
    """The code, the reason and the message that a call ends with."""
    call = getattr(served.stub, rpc)(request, metadata=served.metadata(rpc))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await (anext(aiter(call)) if hasattr(call, "__aiter__") else call)
    return caught.value.code().name, reason(caught.value), caught.value.details() or ""


@pytest.mark.parametrize("topology", ["", "x" * 65])
@pytest.mark.parametrize("rpc", ["GetTopology", "RenderTopology", "StreamTopology", "WatchTopology"])
async def test_a_topology_that_cannot_be(log: Log, served: Served, rpc: str, topology: str) -> None:
    requests = {"GetTopology": GetTopologyRequest, "RenderTopology": RenderTopologyRequest}
    make: Any = requests.get(rpc, StreamTopologyRequest)  # the field has the same number everywhere
    code, why, message = await refused(served, rpc, make(topology=topology))
    assert (code, why) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert message.startswith("topology")


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "a\x7fb", "x" * 10_000])
@pytest.mark.parametrize(("rpc", "make"), [("GetNode", GetNodeRequest), ("RenderNode", RenderNodeRequest)])
async def test_an_id_that_no_node_can_have(
    log: Log, served: Served, rpc: str, make: Callable[..., Any], name: str
) -> None:
    code, why, message = await refused(served, rpc, make(topology="hosts", node_id=name))
    assert (code, why) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert message.startswith("node_id")


@pytest.mark.parametrize("name", ["nobody", "<host>", "%00", "../..", "\u202e;<host>", "in-theinternet"])
async def test_an_id_that_no_node_has(log: Log, served: Served, name: str) -> None:
    await log.create("o")
    code, why, message = await refused(served, "GetNode", GetNodeRequest(topology="hosts", node_id=name))
    assert (code, why) == ("NOT_FOUND", "NOT_FOUND")
    assert ascii(name)[1:-1] in message.encode("ascii", "backslashreplace").decode().replace("\\\\", "\\")


async def test_text_that_is_no_text(log: Log, served: Served) -> None:
    async with grpc.aio.insecure_channel(served.address) as channel:
        call: Any = channel.unary_unary("/scope.query.v1.QueryService/GetNode")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(b"\x0a\x05hosts\x12\x02\xff\xfe", metadata=served.metadata("GetNode"))
    assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (GetTopologyRequest(topology="hosts", page_size=-1), "page_size"),
        (GetTopologyRequest(topology="hosts", page_size=5001), "page_size"),
        (GetTopologyRequest(topology="hosts", page_size=-(2**31)), "page_size"),
        (GetTopologyRequest(topology="hosts", page_token="x" * 4097), "page_token"),
    ],
)
async def test_a_page_that_cannot_be(log: Log, served: Served, request_: GetTopologyRequest, field: str) -> None:
    code, why, message = await refused(served, "GetTopology", request_)
    assert (code, why) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert message.startswith(field)


@pytest.mark.parametrize("token", ["nonsense", "\x00", "\U0010ffff", "x" * 4096, "a;<host>"])
async def test_a_page_token_is_a_place_whatever_it_says(log: Log, served: Served, token: str) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", Machine("a"), Machine("z")))
    request = GetTopologyRequest(topology="hosts", page_size=5000, page_token=token)
    page = await served.stub.GetTopology(request, metadata=served.metadata("GetTopology"))
    assert set(page.nodes) == {name for name in ("a;<host>", "z;<host>") if name > token}
    assert not page.next_page_token


@pytest.mark.parametrize("cursor", ["nonsense", "-", "-1", "0-0", "a" * 7000, "1e9-1e9", "x-" + "9" * 7000])
async def test_a_place_in_a_stream_that_is_none(log: Log, served: Served, cursor: str) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", MACHINE))
    metadata = (*served.metadata("StreamTopology"), ("last-event-id", cursor))
    stream = events(served.stub.StreamTopology(StreamTopologyRequest(topology="hosts"), metadata=metadata))
    name, _, data = await anext(stream)
    assert (name, len(data["add"])) == ("reset", 2)


async def test_a_report_that_was_changed_after_it_was_sealed(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    report = Reporter("p", Machine("real")).full()
    forged = Reporter("p", Machine("forged")).full()
    stream = (await log.client()).jetstream()
    await log.append("o", "p", report)
    stored = await stream.get_last_msg("reports-o", "reports.o.p.full")
    assert stored.headers is not None
    headers = {**stored.headers, "Nats-Msg-Id": "other"}
    await stream.publish("reports.o.p.full", forged.SerializeToString(), headers=headers)
    await stream.publish("reports.o.q.full", report.SerializeToString(), headers={**headers, "Nats-Msg-Id": "third"})
    await stream.publish("reports.o.r.full", b"", headers={"Nats-Msg-Id": "fourth"})
    await log.full("o", Reporter("s", Machine("other")))
    organization = await organizations.get("o")
    # What was forged took the real one's place in the log; it is not believed all the same.
    assert organization.model.probes.keys() == {"s"}


async def shown(served: Served, topology: str = "hosts") -> set[str]:
    """The nodes of a topology; none where it cannot be shown at the moment."""
    try:
        page = await served.stub.GetTopology(
            GetTopologyRequest(topology=topology, unconnected="show"), metadata=served.metadata("GetTopology")
        )
    except grpc.aio.AioRpcError:
        return set()
    return set(page.nodes)


async def test_reports_that_break_off(log: Log, served: Served) -> None:
    await log.create("o")
    whole = Reporter("cut", Machine("cut", {1: "one"})).full()
    data = whole.SerializeToString()
    await log.full("o", Reporter("first", Machine("first")))
    await shown(served)
    for number, end in enumerate(range(1, len(data), len(data) // 50)):
        whole.number = number + 1
        await log.append("o", f"cut{number}", whole, body=data[:end])
    await log.full("o", Reporter("last", Machine("last")))

    async def both() -> bool:
        return {"first;<host>", "last;<host>"} <= await shown(served)

    await eventually(both)


def _no_such_key(report: Report) -> None:
    report.nodes[0].text_keys[0] = 999


def _no_such_metric(report: Report) -> None:
    report.metrics[0].metric = 999


def _no_such_host(report: Report) -> None:
    report.nodes[1].host = 999


def _fewer_values(report: Report) -> None:
    del report.metrics[0].values[1:]


def _no_such_address(report: Report) -> None:
    report.connections.remote_addresses[0] = 999


@pytest.mark.parametrize(
    "spoil",
    [_no_such_key, _no_such_metric, _no_such_host, _fewer_values, _no_such_address],
)
async def test_a_sealed_report_that_collection_would_refuse_hides_no_others(
    log: Log, served: Served, spoil: Callable[[Report], None]
) -> None:
    await log.create("o")
    bad = Reporter("bad", Machine("bad", {1: "one"}, MACHINE.sockets, attributes={"kernel_version": "6"})).full()
    spoil(bad)
    await log.full("o", Reporter("good", Machine("good", {1: "one"})))
    await log.append("o", "bad", bad)
    await eventually(lambda: _is_there(served, "good;1"))
    await log.full("o", Reporter("later", Machine("later", {1: "one"})))
    await eventually(lambda: _is_there(served, "later;1"))
    call = served.stub.ListTopologies(ListTopologiesRequest(), metadata=served.metadata("ListTopologies"))
    listed = [1 + len(topology.sub_topologies) async for topology in call]
    assert sum(listed) == len(topologies())


async def _is_there(served: Served, process: str) -> bool:
    metadata = served.metadata("StreamTopology")
    stream = events(
        served.stub.StreamTopology(StreamTopologyRequest(topology="processes", unconnected="show"), metadata=metadata)
    )
    try:
        _, _, data = await asyncio.wait_for(anext(stream), 60)
    except grpc.aio.AioRpcError:
        return False
    finally:
        await stream.aclose()
    return process in {node["id"] for node in data["add"]} & await shown(served, "processes")


def test_a_delta_without_its_full_changes_nothing_until_the_full_is_there() -> None:
    world = World()
    machine = Machine("a", {1: "one"})
    reporter = Reporter("p", machine)
    view = world.view("processes", unconnected="show")
    full = reporter.full()
    machine.processes = {2: "two"}
    delta = reporter.delta()
    assert not world.report("p", delta)
    world.settle()
    assert nodes(view) == {}
    assert world.report("p", full)
    assert world.report("p", delta)
    world.settle()
    assert set(nodes(view)) == {"a;2"}
    other = reporter.delta()
    other.base += 1
    other.number += 1
    assert not world.report("p", other)


def test_an_epoch_that_goes_back_changes_nothing() -> None:
    world = World()
    world.full(Reporter("p", Machine("new"), epoch=2**53 - 1))
    view = world.view("hosts")
    old = Reporter("p", Machine("old"), epoch=1)
    assert not world.report("p", old.full())
    assert not world.report("p", old.delta())
    world.settle()
    assert set(nodes(view)) == {"new;<host>"}
    assert world.model.probes["p"].contradicted == world.now


@pytest.mark.parametrize("clock", [1000, YEAR_2100, LAST - 1000])
def test_a_clock_that_is_off_by_years_dates_its_own_samples_and_nothing_else(clock: int) -> None:
    world = World()
    wrong, right = Reporter("wrong", Machine("wrong", {1: "one"})), Reporter("right", Machine("right", {1: "one"}))
    both = Reporter("both", Machine("right", load=6.0))
    world.report("wrong", wrong.full(clock))
    world.full(right)
    view = world.view("hosts")
    reader = Reader(view)
    reader.read()
    for second in range(3, 31, 3):
        world.now += 3
        world.report("right", right.delta(NOON + second * 1000))
        world.report("wrong", wrong.delta(clock + second * 10))
        world.settle()
        reader.read()
    world.report("both", both.full(clock))
    world.settle()
    reader.read()
    assert set(nodes(view)) == {"wrong;<host>", "right;<host>"}
    assert not any(node["quiet"] for node in nodes(view).values())
    told = {(node, time) for node, metric, time, _ in reader.samples if metric == "cpu"}
    assert {("right;<host>", NOON + 30_000), ("wrong;<host>", clock + 300)} <= told
    details = view.details("wrong;<host>")
    assert details is not None
    assert len(details.metrics[0].samples) >= 10
    # One host, measured by two probes whose clocks are years apart: none of the samples is lost for the other's.
    details = view.details("right;<host>")
    assert details is not None
    dates = [sample.date.ToMilliseconds() for sample in details.metrics[0].samples]
    assert dates == sorted(dates)
    assert {NOON + second * 1000 for second in range(3, 31, 3)} <= set(dates)
    assert len(dates) == len(details.metrics[0].samples) == 12


def test_a_node_without_a_topology_is_not_shown() -> None:
    world = World()
    full = Reporter("p", Machine("a", {1: "one", 2: "two"}, MACHINE.sockets)).full()
    lost = next(node for node in full.nodes if node.id == "1")
    lost.topology = Topology.TOPOLOGY_UNSPECIFIED
    world.report("p", full)
    assert set(nodes(world.view("processes", unconnected="show"))) == {"a;2"}
    assert set(nodes(world.view("hosts"))) == {"a;<host>", "out-theinternet"}


def test_handles_that_lead_nowhere_are_passed_over() -> None:
    world = World()
    reporter = Reporter("p", Machine("a", {1: "one"}, MACHINE.sockets))
    world.report("p", reporter.full())
    delta = reporter.delta(NOON + 3000)
    delta.nodes.add().CopyFrom(next(node for node in world.model.probes["p"].state.nodes().values() if node.id == "1"))
    delta.nodes[-1].parents.append(999)
    delta.connections.CopyFrom(world.model.probes["p"].state.connections())
    delta.connections.owners[0] = 999
    delta.metrics[0].nodes[0] = 999
    delta.removed.append(998)
    world.report("p", delta)
    for topology in ("processes", "hosts"):
        view = world.view(topology, unconnected="show")
        assert ("a;1" if topology == "processes" else "a;<host>") in nodes(view)
        world.settle(16)
        assert edges(view) == set()
        whole(view)


def test_numbers_that_are_not_finite_are_no_numbers() -> None:
    world = World()
    reporter = Reporter("p", Machine("a", {1: "one"}, attributes={"uptime": 1.0}))
    full = reporter.full()
    for column, value in zip(full.metrics, (math.inf, -math.inf), strict=False):
        column.values[:] = [value] * len(column.values)
        column.maxima[:] = [math.nan] * len(column.maxima)
        column.max = math.inf
    for node in full.nodes:
        node.numbers[:] = [math.nan] * len(node.numbers)
    world.report("p", full)
    for topology in ("processes", "hosts"):
        whole(world.view(topology, unconnected="show"))


def test_kinds_of_values_that_are_newer_than_this_service_are_plain() -> None:
    world = World()
    full = Reporter("p", Machine("a", {1: "one"}, attributes={"kernel_version": "6"})).full()
    for kind in full.templates.topologies:
        for row in kind.rows:
            row.data_type = 99  # type: ignore[assignment]
        for metric in kind.metrics:
            metric.format = 99  # type: ignore[assignment]
        for table in kind.tables:
            table.type = 99  # type: ignore[assignment]
            table.columns[0].data_type = 99  # type: ignore[assignment]
    assert 99 not in (*DataType.values(), *MetricFormat.values())
    world.report("p", full)
    shown = nodes(world.view("hosts"))["a;<host>"]
    assert {row["dataType"] for row in shown["metadata"]} == {""}
    assert {metric["format"] for metric in shown["metrics"]} == {""}
    whole(world.view("processes", unconnected="show"))


def whole(view: View) -> None:
    """Reads all there is of a view, in every way."""
    missed = view.since("")
    assert missed is not None
    orjson.loads(view.answer())
    view.part(EVENTS, missed, 0)
    assert view.part(MESSAGES, missed, 0)[0].SerializeToString()
    for node in nodes(view):
        assert view.details(node)


def test_what_is_called_as_pseudo_nodes_are_is_something_else() -> None:
    world = World(Lifetimes(edges=0))
    outside = (Socket(1, ("10.0.0.1", 1), ("8.8.8.8", 80)), Socket(1, ("10.0.0.1", 80), ("8.8.4.4", 9), incoming=True))
    alike = ("in-theinternet", "out-theinternet", "pseudo:uncontained:a", "service-x.amazonaws.com")
    names = dict(enumerate(("real", *alike), 1))
    reporter = Reporter("p", Machine("a", names))
    for sockets in ((), outside, (), outside):
        reporter.machines[0].sockets = sockets
        world.full(reporter)
        view = world.view("processes-by-name", unconnected="show")
        whole(view)
        pseudo = {"in-theinternet", "out-theinternet"} if sockets else set()
        assert nodes(view).keys() == {"real", *(f"={name}" for name in alike)} | pseudo
        assert {name for name, node in nodes(view).items() if node["pseudo"]} == pseudo
