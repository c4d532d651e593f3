"""Two ends find each other wherever they are attached, and pass on what the other says."""

import asyncio

import pytest

from pipe.tests.conftest import PATIENCE, Bus, Replica


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
