"""Two ends find each other wherever they are attached, and pass on what the other says."""

import asyncio

import grpc
import pytest

from pipe.tests.conftest import PATIENCE, Bus, Replica, served
from pipe.tests.line import Line
from scope.pipe.v1.messages_pb2 import EndReason, Rewind

_REPLACED = EndReason.END_REASON_REPLACED


@pytest.mark.parametrize("other", [0, 1])
async def test_two_ends_are_joined_once_and_hear_each_other(bus: Bus, replicas: list[Replica], other: int) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[other].probe(pipe) as probe:
        await user.kinds("joined")
        await probe.kinds("joined")
        await user.send(b"ls\n")
        [heard] = await probe.kinds("data")
        assert (heard.data.offset, heard.data.content) == (0, b"ls\n")
        await probe.acknowledge(3)
        await probe.send(b"file\n")
        ack, data = await user.kinds("ack", "data")
        assert (ack.ack.received, data.data.content) == (3, b"file\n")


@pytest.mark.parametrize(("first", "second", "other"), [(0, 0, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1)])
async def test_an_end_that_is_attached_anew_takes_the_place_of_the_older_one(
    bus: Bus, replicas: list[Replica], first: int, second: int, other: int
) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[other].probe(pipe) as probe, replicas[first].user(pipe) as older:
        await probe.kinds("joined")
        await older.kinds("joined")
        async with replicas[second].user(pipe) as newer:
            assert (await older.ended()).reason == _REPLACED
            assert await older.code() == grpc.StatusCode.OK
            await newer.kinds("joined")
            await probe.kinds("joined")
            await probe.send(b"still here")
            [heard] = await newer.kinds("data")
            assert heard.data.content == b"still here"


async def test_of_many_that_attach_at_once_one_stays_and_is_joined(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].probe(pipe) as probe:
        users = [replicas[number % 2].user(pipe) for number in range(8)]
        await asyncio.gather(*(user.__aenter__() for user in users))
        ends = [asyncio.create_task(user.ended()) for user in users]
        pending = set(ends)
        while len(pending) > 1:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            assert {(await end).reason for end in done} == {_REPLACED}
        pending.pop().cancel()
        survivor = users[next(number for number, end in enumerate(ends) if not end.done())]
        await survivor.say(rewind=Rewind(received=7))
        while (heard := await probe.hear()).WhichOneof("event") != "rewind":
            assert heard.HasField("joined")
        assert heard.rewind.received == 7
        for user in users:
            await user.__aexit__()


async def test_an_end_that_leaves_one_replica_is_found_at_the_other(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].probe(pipe) as probe:
        for replica in (replicas[0], replicas[1], replicas[0]):
            async with replica.user(pipe) as user:
                await user.kinds("joined")
                await probe.kinds("joined")
                await probe.send(b"hello")
                [heard] = await user.kinds("data")
                assert heard.data.content == b"hello"


async def test_what_nobody_hears_is_dropped_and_the_path_made_when_somebody_does(
    bus: Bus, replicas: list[Replica]
) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].probe(pipe) as probe:
        await probe.send(b"to nobody")
        async with replicas[1].user(pipe) as user:
            await probe.kinds("joined")
            await user.kinds("joined")
            await probe.send(b"to nobody")
            [heard] = await user.kinds("data")
            assert heard.data.offset == 0


async def test_while_the_bus_is_away_what_is_spliced_goes_on_and_nobody_attaches(
    bus: Bus, replicas: list[Replica]
) -> None:
    pipe, other = await bus.open(), await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[0].probe(pipe) as probe:
        await user.kinds("joined")
        await probe.kinds("joined")
        bus.server.stop()
        await user.send(b"still")
        [heard] = await probe.kinds("data")
        assert heard.data.content == b"still"
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await replicas[0].user(other).hear()
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
        bus.server.start()
        await user.send(b"again", 5)
        [heard] = await probe.kinds("data")
        assert heard.data.content == b"again"


async def test_ways_over_the_bus_are_made_anew_when_it_is_back(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[1].probe(pipe) as probe:
        await user.kinds("joined")
        await probe.kinds("joined")
        bus.server.stop()
        await user.send(b"lost")
        bus.server.start()
        await user.kinds("joined")
        await probe.kinds("joined")
        await user.send(b"lost")
        while not (heard := await probe.hear()).HasField("data"):
            assert heard.HasField("joined")
        assert heard.data.content == b"lost"


async def test_what_was_attached_while_a_replica_was_cut_off_is_not_replaced_when_that_is_back(
    bus: Bus, replicas: list[Replica]
) -> None:
    pipe = await bus.open()
    async with (
        asyncio.timeout(PATIENCE),
        Line(int(bus.server.url.rpartition(":")[2])).laid() as line,
        served(bus, nats_url=f"nats://127.0.0.1:{line.port}") as apart,
        apart.user(pipe) as older,
    ):
        line.cut()
        async with replicas[0].probe(pipe) as probe, replicas[1].user(pipe) as newer:
            await newer.kinds("joined")
            line.mend()
            assert (await older.ended()).reason == _REPLACED
            await probe.send(b"you are the one")
            while not (heard := await newer.hear()).HasField("data"):
                assert heard.HasField("joined")
            assert heard.data.content == b"you are the one"
