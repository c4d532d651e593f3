"""What one end writes the other reads, byte for byte, whatever happens between them."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import grpc
import pytest

from pipe.outbox import MOST_BYTES
from pipe.tests import streaming
from pipe.tests.conftest import PROBE, PROBES, USER, Bus, Replica
from pipe.tests.line import Line
from pipe.tests.streaming import Channels, Way
from scope_sdk.pipes import Ended, Pipe

_PATIENCE = 90.0
NUMBERS = "".join(f"{number}\n" for number in range(1, 100_001)).encode()
LINES = "".join(f"line {number}\n" for number in range(1, 50_001)).encode()


@asynccontextmanager
async def both(
    bus: Bus, pipe: str, users: Channels, probes: Channels, seed: int = 0
) -> AsyncIterator[tuple[Pipe, Pipe, list[Way]]]:
    """Both ends of a pipe, and their ways, by these channels."""
    chance = random.Random(seed)
    named = ("x-scope-pipe-id", pipe)
    user = Way(users, lambda: (*bus.metadata("Attach", **USER), named), chance)
    probe = Way(probes, lambda: (*bus.metadata("Attach", **PROBES), named, ("x-scope-probe-id", PROBE)), chance)
    async with streaming.end(user) as user_end, streaming.end(probe) as probe_end:
        yield user_end, probe_end, [user, probe]


class Cuts:
    """Breaks one of the lines each time that so many bytes, or so many more, have arrived."""

    def __init__(self, lines: list[Line], chance: random.Random) -> None:
        self._lines = lines
        self._chance = chance
        self._left = 0

    def heard(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            self._chance.choice(self._lines).snap()
            self._left = self._chance.randrange(10_000)


@pytest.mark.parametrize("seed", range(3))
async def test_both_directions_arrive_whole_whatever_is_cut(bus: Bus, replicas: list[Replica], seed: int) -> None:
    pipe = await bus.open()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(asyncio.timeout(_PATIENCE))
        lines = [await stack.enter_async_context(Line(replica.port).laid()) for replica in replicas * 2]
        channels = [
            await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{line.port}", streaming.OPTIONS))
            for line in lines
        ]
        user, probe, ways = await stack.enter_async_context(both(bus, pipe, channels[:2], channels[2:], seed))
        cuts = Cuts(lines, random.Random(seed))
        down, up, *_ = await asyncio.gather(
            streaming.receive(user, cuts.heard),
            streaming.receive(probe, cuts.heard),
            streaming.send(probe, NUMBERS, 1000),
            streaming.send(user, LINES, 777),
        )
        assert down == NUMBERS
        assert up == LINES
        ending = asyncio.create_task(probe.end(Ended(exit_status=3)))
        assert (await user.wait_ended()).exit_status == 3
        await ending
        assert sum(way.attached for way in ways) > 4


@pytest.mark.parametrize("other", [0, 1])
async def test_ten_megabytes_arrive_whole(bus: Bus, replicas: list[Replica], other: int) -> None:
    pipe = await bus.open()
    data = random.Random(1).randbytes(10 * 1024 * 1024)
    ways = [replicas[0].channel], [replicas[other].channel]
    async with asyncio.timeout(_PATIENCE), both(bus, pipe, *ways) as (user, probe, _):
        received, _none = await asyncio.gather(streaming.receive(probe), streaming.send(user, data, 1024 * 1024))
    assert received == data


@pytest.mark.parametrize("other", [0, 1])
async def test_a_reader_that_stands_still_stops_the_writer_and_fills_nothing(
    bus: Bus, replicas: list[Replica], other: int
) -> None:
    pipe = await bus.open()
    written = 0
    ways = [replicas[0].channel], [replicas[other].channel]
    async with asyncio.timeout(_PATIENCE), both(bus, pipe, *ways) as (user, probe, _):

        async def yes() -> None:
            nonlocal written
            while True:
                await probe.write(b"y\n" * 4096)
                written += 8192

        writing = asyncio.create_task(yes())
        assert await user.read()
        before = -1
        while written != before:
            before = written
            await asyncio.sleep(0.3)
        assert written <= MOST_BYTES
        for _more in range(1000):
            if written > before:
                break
            await user.read()
        assert written > before or await user.read()
        writing.cancel()
