"""A watcher who stops reading costs no memory, and is told what it missed in few messages."""

import os
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest

from query.render import to_json
from query.tests.conftest import Log, Served
from query.tests.machines import NOON, Machine, Reporter
from query.tests.test_service import events
from scope.query.v1.messages_pb2 import StreamTopologyRequest, WatchTopologyRequest
from scope.query.v1.service_pb2_grpc import QueryServiceStub

_PAGE = os.sysconf("SC_PAGE_SIZE")
STEPS = 60
#: After so many steps the process has the memory that it needs.
WARM = 15
HOSTS = 100
#: What each host says anew in every step, in bytes.
CHATTER = 4_000
#: How much the process may grow by, in bytes: half of what a reader who keeps up is told meanwhile.
KEPT = (STEPS - WARM) * HOSTS * CHATTER / 2
#: A reader who stops holds the sender up soon.
WINDOW = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65_536))


class Map:
    """What a watcher was told."""

    def __init__(self) -> None:
        self.nodes: dict[str, Any] = {}
        self.told = 0

    def take(self, add: Iterable[Any], remove: Iterable[str], *, reset: bool) -> None:
        self.told += 1
        if reset:
            self.nodes = {}
        for name in remove:
            self.nodes.pop(name, None)
        for node in add:
            self.nodes[node["id"]] = {**node, "metrics": []}

    def says(self) -> set[str]:
        """The step that hosts speak of."""
        return {row["value"].split()[0] for node in self.nodes.values() for row in node["metadata"][:1]}


async def printed(stub: Any, served: Served) -> AsyncIterator[Map]:
    """What server-sent events tell, after each of them."""
    call = stub.StreamTopology(StreamTopologyRequest(topology="hosts"), metadata=served.metadata("StreamTopology"))
    found = Map()
    async for name, _, data in events(call):
        found.take(data["add"] + data["update"], data["remove"], reset=name == "reset")
        yield found


async def typed(stub: Any, served: Served) -> AsyncIterator[Map]:
    """What messages tell, after each of them."""
    call = stub.WatchTopology(WatchTopologyRequest(topology="hosts"), metadata=served.metadata("WatchTopology"))
    found = Map()
    async for message in call:
        name = message.WhichOneof("event")
        if name in ("reset", "update"):
            change = getattr(message, name)
            nodes = [orjson.loads(to_json(node)) for node in (*change.add, *change.update)]
            found.take(nodes, change.remove, reset=name == "reset")
            yield found


def resident() -> int:
    """How much memory this process has, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


async def until(reader: AsyncIterator[Map], step: int) -> Map:
    """Reads until all hosts speak of a step."""
    async for found in reader:
        if found.says() == {str(step)} and len(found.nodes) == HOSTS:
            return found
    raise AssertionError(f"ended before step {step}")


@pytest.mark.parametrize("face", [printed, typed])
async def test_a_watcher_who_stops_reading(
    log: Log, served: Served, face: Callable[[Any, Served], AsyncIterator[Map]]
) -> None:
    await log.create("o")
    machines = [Machine(f"h{number}") for number in range(HOSTS)]
    reporter = Reporter("p", *machines)

    def speak(step: int) -> None:
        for number, machine in enumerate(machines):
            machine.attributes = {"kernel_version": f"{step} {number} " + "x" * CHATTER}

    speak(0)
    await log.full("o", reporter)
    async with grpc.aio.insecure_channel(served.address, WINDOW) as channel:
        slow, quick = face(QueryServiceStub(channel), served), face(served.stub, served)
        await until(slow, 0)
        await until(quick, 0)
        before = 0
        for step in range(1, STEPS + 1):
            before = resident() if step == WARM else before
            speak(step)
            await log.append("o", "p", reporter.delta(NOON + step))
            last = await until(quick, step)
        grown = resident() - before
        caught_up = await until(slow, STEPS)
    assert last.told >= STEPS
    assert caught_up.told < STEPS / 5
    assert caught_up.nodes == last.nodes
    assert grown < KEPT, grown
