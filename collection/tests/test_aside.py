"""A large report takes long, and keeps nobody waiting but those of its own organization."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from collection.aside import LARGE, Aside
from collection.tests.conftest import PATIENCE, Served
from collection.tests.test_publish import report
from scope.collection.v1.messages_pb2 import PublishRequest
from scope.report.v1.report_pb2 import Node
from scope.report.v1.topology_pb2 import Topology


class Work:
    """Goes on until it is told to end."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.end = threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.end.wait(PATIENCE)

    async def under_way(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, PATIENCE)


def begin(aside: Aside, organization: str, work: Callable[[], None]) -> "asyncio.Task[None]":
    return asyncio.create_task(aside.run(organization, LARGE + 1, work))


async def test_an_organization_has_one_worked_on_at_a_time_and_keeps_no_other_from_it() -> None:
    aside, first, second, other = Aside(), Work(), Work(), Work()
    tasks = [begin(aside, "one", first), begin(aside, "one", second)]
    await first.under_way()
    tasks.append(begin(aside, "two", other))
    await other.under_way()
    assert not second.begun.is_set()
    first.end.set()
    await second.under_way()
    second.end.set()
    other.end.set()
    await asyncio.gather(*tasks)


async def test_whose_caller_is_gone_keeps_its_turn_until_it_is_done() -> None:
    aside, first, second, other = Aside(), Work(), Work(), Work()
    gone = begin(aside, "one", first)
    await first.under_way()
    gone.cancel()
    following = begin(aside, "one", second)
    aside_of_it = begin(aside, "two", other)
    await other.under_way()
    assert not second.begun.is_set()
    first.end.set()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await second.under_way()
    second.end.set()
    other.end.set()
    await asyncio.gather(following, aside_of_it)


async def test_other_streams_go_on_beside_a_large_report(served: Served, over: threading.Event) -> None:
    hosts = [Node(handle=handle, topology=Topology.TOPOLOGY_HOST, id=str(handle)) for handle in range(2, 10_000)]
    large = served.stub.Publish(metadata=served.metadata("Publish", "large"))
    await large.write(PublishRequest(report=report(nodes=hosts)))
    acknowledged = asyncio.ensure_future(large.read())
    small = served.stub.Publish(metadata=served.metadata("Publish", "small"))
    for number in range(1, 10):
        await small.write(PublishRequest(report=report(number)))
        assert (await small.read()).acknowledged.number == number
    assert not acknowledged.done()
    over.set()
    assert (await acknowledged).acknowledged.number == 1
    await small.done_writing()
    await large.done_writing()
