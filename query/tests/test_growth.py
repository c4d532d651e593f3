"""Whoever reports twice as much makes twice as much work, whatever it is: one organization must not stall the others.

Work is counted in steps of the interpreter, which are the same on every machine.
"""

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from query.groups import MOST_EDGES, Groups
from query.tests.machines import World
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.builder import Builder
from scope_sdk.report.encode import Encoder
from scope_sdk.report.ids import container_id, host_id, node_id, process_id
from scope_sdk.report.nodes import NodeFacts

_HOST = host_id("h")
_ADDRESS = "10.9.9.9"


def _host(builder: Builder, *networks: str) -> None:
    attributes = {"local_networks": list(networks)}
    builder.add(NodeFacts(Topology.TOPOLOGY_HOST, _HOST, "h", attributes=attributes))


def claims(builder: Builder, count: int) -> None:
    """So many containers claim one address, and so many connections lead there."""
    _host(builder)
    for number in range(count):
        builder.add(NodeFacts(Topology.TOPOLOGY_CONTAINER, container_id(str(number)), addresses=[_ADDRESS]))
        builder.connect(_HOST, ("10.0.0.1", number), (_ADDRESS, 80))


def holders(builder: Builder, count: int) -> None:
    """So many processes hold one end, to which as many others connect of whose connections they say nothing."""
    _host(builder)
    for number in range(count):
        process = process_id("h", number + 1)
        builder.add(NodeFacts(Topology.TOPOLOGY_PROCESS, process, parents=[_HOST]))
        builder.connect(process, (_ADDRESS, 80), ("10.8.8.8", number), incoming=True)
        builder.connect(_HOST, ("10.0.0.1", number), (_ADDRESS, 80))


def networks(builder: Builder, count: int) -> None:
    """A host is in so many networks, and has as many connections that mean something there only."""
    _host(builder, *(f"172.{number >> 8}.{number & 255}.0/24" for number in range(count)))
    for number in range(count):
        builder.connect(_HOST, ("10.0.0.1", 1), (f"h;10.7.{number >> 8}.{number & 255}", 80))


def _steps(act: Callable[[], object]) -> int:
    """How many steps something takes."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


def _work(report: Callable[[Builder, int], None], count: int) -> int:
    """The steps that it takes to join what is reported, and to take it back."""
    builder, world, encoder = Builder(), World(), Encoder(1)
    report(builder, count)
    world.report("p", encoder.full(builder))
    steps = _steps(world.settle)
    world.report("p", encoder.full(Builder()))
    return steps + _steps(world.settle)


@pytest.mark.parametrize("report", [claims, holders, networks])
def test_twice_as_much_is_twice_the_work(report: Callable[[Builder, int], None]) -> None:
    assert _work(report, 1_000) < 2.5 * _work(report, 500)


def test_what_comes_and_goes_leaves_no_work_behind() -> None:
    """Sets that were large are slow to look through, which is no step of the interpreter: time is compared."""
    builder, world, encoder = Builder(), World(), Encoder(1)
    _host(builder)
    for number in range(20_000):
        builder.add(NodeFacts(Topology.TOPOLOGY_PROCESS, process_id("h", number + 1), parents=[_HOST]))
    world.report("p", encoder.full(builder))
    start = time.process_time()
    world.view("processes", unconnected="show")
    made = time.process_time()
    world.report("p", encoder.full(Builder()))
    world.settle()
    assert time.process_time() - made < 4 * (made - start)


def test_pods_in_very_many_services() -> None:
    """Each connection between two of them would be 1,600 edges between services: what exceeds a bound is left out."""
    builder, world = Builder(), World()
    _host(builder)
    services = [node_id(Topology.TOPOLOGY_SERVICE, str(number)) for number in range(40)]
    for service in services:
        builder.add(NodeFacts(Topology.TOPOLOGY_SERVICE, service))
    for number in range(15):
        pod, process = node_id(Topology.TOPOLOGY_POD, str(number)), process_id("h", number + 1)
        builder.add(NodeFacts(Topology.TOPOLOGY_POD, pod, parents=services))
        builder.add(NodeFacts(Topology.TOPOLOGY_PROCESS, process, parents=[_HOST, pod]))
        for other in range(15):
            builder.connect(process, (f"10.0.0.{number}", other), (f"10.0.0.{other}", 80))
            builder.connect(process, (f"10.0.0.{number}", 80), (f"10.0.0.{other}", number), incoming=True)
    encoder = Encoder(1)
    world.report("p", encoder.full(builder))
    view = world.view("services")
    assert view.stats().edge_count == 1_600
    members = view._selection._members
    assert isinstance(members, Groups)
    assert members._several <= MOST_EDGES
    assert members._left_out
    world.report("p", encoder.full(Builder()))
    world.settle(100)
    assert (members._several, members._left_out, members._counts) == (0, set(), {})
