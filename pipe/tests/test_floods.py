"""Who sends without end has no more work made of it than who sends once."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import grpc
import structlog

from pipe.tests.conftest import PATIENCE, Bus, Replica
from scope.pipe.v1.messages_pb2 import Data, EndReason
from scope.pipe.v1.messages_pb2 import End as Ended

TIMES = 300


@contextmanager
def silent(bus: Bus) -> Iterator[None]:
    """The bus takes in what is said, and answers nothing while the body runs: whatever is begun stays under way."""
    os.kill(bus.server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(bus.server.pid, signal.SIGCONT)


async def test_an_end_that_is_said_many_times_is_noted_once(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[0].probe(pipe) as probe:
        await user.kinds("joined")
        await probe.kinds("joined")
        before = len(asyncio.all_tasks())
        with silent(bus):
            for _ in range(TIMES):
                await probe.say(end=Ended(reason=EndReason.END_REASON_EXITED, exit_status=7))
                await user.kinds("end")
            assert len(asyncio.all_tasks()) < before + TIMES / 3
        while not (await bus.record(pipe)).pipe.HasField("end"):
            await asyncio.sleep(0.01)
        await user.say(end=Ended(reason=EndReason.END_REASON_CLOSED))
        while not (await bus.record(pipe)).over:
            await asyncio.sleep(0.01)


async def test_more_than_one_has_credit_for_ends_a_pipe_once(bus: Bus, replicas: list[Replica]) -> None:
    pipe, frame = await bus.open(), bytes(60_000)
    with structlog.testing.capture_logs() as logged:
        async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[1].probe(pipe) as probe:
            await user.kinds("joined")
            await probe.kinds("joined")
            with suppress(asyncio.InvalidStateError, grpc.aio.AioRpcError):  # it is over by then
                for number in range(TIMES):
                    await probe.say(data=Data(offset=number * len(frame), content=frame))
            assert (await user.ended()).reason == EndReason.END_REASON_VIOLATED
            while not (await bus.record(pipe)).over:
                await asyncio.sleep(0.01)
    assert [line["reason"] for line in logged if line["event"] == "a pipe ends"] == ["VIOLATED"]
