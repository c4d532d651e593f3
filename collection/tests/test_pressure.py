"""A log that is slow holds its writers back: what waits is bounded, and nothing is lost or stored twice."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest

from collection import log
from collection.tests.conftest import ORGANIZATION, PATIENCE, Served
from collection.tests.test_publish import FULL, reason, report
from conftest import NatsServer
from scope.collection.v1.messages_pb2 import PublishRequest
from scope.report.v1.report_pb2 import Node
from scope.report.v1.topology_pb2 import Topology

MIB = 1024 * 1024
FREE = {"reports_per_second_per_probe": 100_000, "log_max_bytes": 256 * MIB}


def large(number: int) -> PublishRequest:
    """A report of a megabyte."""
    node = Node(handle=2, topology=Topology.TOPOLOGY_CONTAINER, id="c", text_keys=range(16), texts=["x" * 65_536] * 16)
    return PublishRequest(report=report(number, nodes=[node], strings=[str(key) for key in range(16)]))


@contextmanager
def stopped(server: NatsServer) -> Iterator[None]:
    """The server does nothing, and its connections stay."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def numbers(served: Served, subject: str) -> list[str]:
    return [(message.headers or {})["Scope-Number"] for message in await served.stored(subject)]


@pytest.mark.parametrize("limits", [FREE])
async def test_a_writer_is_held_back_by_a_slow_log_and_goes_on_with_it(
    served: Served, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "TIMEOUT", 60)
    count, written = 100, 0
    call = served.stub.Publish(metadata=served.metadata("Publish"))
    await call.write(large(1))
    await call.read()

    async def write() -> None:
        nonlocal written
        for number in range(2, count + 1):
            await call.write(large(number))
            written += 1

    with stopped(nats_server):
        writing = asyncio.create_task(write())
        async with asyncio.timeout(PATIENCE):
            before = 0
            while not written or before != written:
                before = written
                await asyncio.sleep(0.5)
        assert 0 < written * MIB <= 16 * MIB
    acknowledged = [(await call.read()).acknowledged.number for _ in range(2, count + 1)]
    await writing
    assert acknowledged == list(range(2, count + 1))
    assert await numbers(served, FULL) == [str(number) for number in range(1, count + 1)]


@pytest.mark.parametrize("limits", [FREE])
async def test_what_a_log_does_not_take_stays_with_its_probes(
    served: Served, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "TIMEOUT", 60)
    monkeypatch.setattr(log, "WAITING_BYTES", 4 * MIB)
    probes = [f"probe-{number}" for number in range(50)]
    streams = {probe: served.stub.Publish(metadata=served.metadata("Publish", probe)) for probe in probes}

    async def publish(probe: str, request: PublishRequest) -> str:
        """Answers why the report was not stored; nothing where it was."""
        call = streams[probe]
        try:
            await call.write(request)
            await call.read()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call.read()
            return reason(refused.value)
        return ""

    for probe in probes:
        assert await publish(probe, PublishRequest(report=report(1))) == ""
    with stopped(nats_server):
        publishing = {asyncio.create_task(publish(probe, large(2))): probe for probe in probes}
        refused, _ = await asyncio.wait(publishing, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        assert {task.result() for task in refused} == {"LOG_UNAVAILABLE"}
    await asyncio.wait(publishing, timeout=PATIENCE)
    for probe in (probe for task, probe in publishing.items() if task.result()):
        streams[probe] = served.stub.Publish(metadata=served.metadata("Publish", probe))
        assert await publish(probe, large(2)) == ""
    assert sorted(await numbers(served, f"reports.{ORGANIZATION}.*.full")) == ["1"] * 50 + ["2"] * 50
